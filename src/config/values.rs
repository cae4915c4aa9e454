//! The values of properties that are a choice among names, as types.
//!
//! Names are read without regard to case, in Java's and in librdkafka's spelling; `Display`
//! prints Java's.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, ErrorKind};

/// A type whose values have names. The first name of a value is the one that it prints.
pub(crate) trait Choice: Copy + PartialEq + 'static {
    const NAMES: &'static [(&'static str, Self)];

    fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, value)| *value == self)
            .map_or("", |(name, _)| name)
    }

    fn find(text: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, value)| *value)
    }

    /// What to do instead, for who comes with a name that others take and that is none here.
    fn instead(_text: &str) -> Option<&'static str> {
        None
    }
}

/// What values are allowed, for one who gave another: "it must be all, -1, 0 or 1".
pub(crate) fn refusal<C: Choice>(text: &str) -> String {
    let instead = C::instead(text).map_or_else(String::new, |words| format!("; {words}"));
    format!("it must be {}{instead}", allowed::<C>())
}

/// The names to choose from, as in "all, -1, 0 or 1". Java's class names are left out.
pub(crate) fn allowed<C: Choice>() -> String {
    let short: Vec<&str> = C::NAMES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !name.starts_with("org."))
        .collect();
    one_of(&short)
}

/// "a, b or c".
pub(crate) fn one_of(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

macro_rules! choice {
    ($name:ident: $what:literal { $($text:literal => $value:ident,)+ } $(or $instead:path)?) => {
        impl Choice for $name {
            const NAMES: &'static [(&'static str, Self)] = &[$(($text, Self::$value)),+];
            $(
                fn instead(text: &str) -> Option<&'static str> {
                    $instead(text)
                }
            )?
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::find(text.trim()).ok_or_else(|| {
                    let refusal = refusal::<Self>(text.trim());
                    let message = format!("{text:?} is no {}: {refusal}", $what);
                    Error::new(ErrorKind::Config, message)
                })
            }
        }
    };
}

/// How many replicas must have a batch before the broker confirms it (`acks`).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Acks {
    /// `all` or `-1`: every replica in sync. The default, and what idempotence needs.
    #[default]
    All,
    /// `1`: the leader alone. A leader that dies right after it loses the batch.
    Leader,
    /// `0`: nobody; the broker does not even answer.
    None,
}

choice! { Acks: "number of acks" {
    "all" => All,
    "-1" => All,
    "1" => Leader,
    "0" => None,
} }

impl From<Acks> for i16 {
    fn from(acks: Acks) -> Self {
        match acks {
            Acks::All => -1,
            Acks::Leader => 1,
            Acks::None => 0,
        }
    }
}

/// Which records of transactions a consumer sees (`isolation.level`, KIP-98).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum IsolationLevel {
    /// All records, of open and of aborted transactions too. The default, as in Java.
    #[default]
    ReadUncommitted,
    /// Only records of committed transactions, up to the first one still open.
    ReadCommitted,
}

choice! { IsolationLevel: "isolation level" {
    "read_uncommitted" => ReadUncommitted,
    "read_committed" => ReadCommitted,
} }

impl From<IsolationLevel> for i8 {
    fn from(level: IsolationLevel) -> Self {
        match level {
            IsolationLevel::ReadUncommitted => 0,
            IsolationLevel::ReadCommitted => 1,
        }
    }
}

/// What to do about a name that resolves to several addresses (`client.dns.lookup`, KIP-302).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum ClientDnsLookup {
    /// Try one after the other until one answers. The default.
    #[default]
    UseAllDnsIps,
    /// Replace each bootstrap name by the canonical names of its addresses.
    ResolveCanonicalBootstrapServersOnly,
}

choice! { ClientDnsLookup: "way to look up names" {
    "use_all_dns_ips" => UseAllDnsIps,
    "resolve_canonical_bootstrap_servers_only" => ResolveCanonicalBootstrapServersOnly,
} }

/// What to do when no known broker answers (`metadata.recovery.strategy`, KIP-899).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum MetadataRecoveryStrategy {
    /// Start over from `bootstrap.servers`. The default since 4.0.
    #[default]
    Rebootstrap,
    /// Go on trying the brokers that were known last.
    None,
}

choice! { MetadataRecoveryStrategy: "recovery strategy" {
    "rebootstrap" => Rebootstrap,
    "none" => None,
} }

/// Who decides about partitions in a consumer group (`group.protocol`, KIP-848).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum GroupProtocol {
    /// A member elected leader. The default, as in Java.
    #[default]
    Classic,
    /// The broker.
    Consumer,
}

choice! { GroupProtocol: "group protocol" {
    "classic" => Classic,
    "consumer" => Consumer,
} }

/// How a record without an explicit partition gets one (`partitioner.class`).
///
/// Where the key does not decide, the record goes to the sticky partition: one for a while, then
/// another (KIP-480, KIP-794). A program's own choice is a [`Partitioner`](crate::Partitioner).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum PartitionerKind {
    /// Java's built-in one: murmur2 of the key, an empty one too; sticky without a key.
    #[default]
    Default,
    /// One available partition after the other, whatever the key, as Java's
    /// `RoundRobinPartitioner`.
    RoundRobin,
    /// librdkafka's default: CRC-32 of the key; sticky for an empty key or none.
    ConsistentRandom,
    /// CRC-32 of the key; an empty key and none go to partition 0.
    Consistent,
    /// murmur2 of the key; records without a key all go where an empty key goes.
    Murmur2,
    /// murmur2 of the key; sticky without one. The same as [`PartitionerKind::Default`].
    Murmur2Random,
    /// FNV-1a of the key, as in Sarama; records without a key all go where an empty key goes.
    Fnv1a,
    /// FNV-1a of the key, as in Sarama; sticky without one.
    Fnv1aRandom,
    /// A random available partition, whatever the key.
    Random,
}

choice! { PartitionerKind: "partitioner" {
    "default" => Default,
    "org.apache.kafka.clients.producer.internals.DefaultPartitioner" => Default,
    "round_robin" => RoundRobin,
    "org.apache.kafka.clients.producer.RoundRobinPartitioner" => RoundRobin,
    "consistent_random" => ConsistentRandom,
    "consistent" => Consistent,
    "murmur2" => Murmur2,
    "murmur2_random" => Murmur2Random,
    "fnv1a" => Fnv1a,
    "fnv1a_random" => Fnv1aRandom,
    "random" => Random,
} or no_such_class }

/// A class of Java's that went with 4.0, or of the user's.
fn no_such_class(text: &str) -> Option<&'static str> {
    match text {
        "org.apache.kafka.clients.producer.UniformStickyPartitioner" => {
            Some("for what this class did set partitioner.ignore.keys=true (KIP-794)")
        }
        text if text.contains('.') => {
            Some("a partitioner of your own is a Partitioner, set in code")
        }
        _ => None,
    }
}

/// How the classic group protocol spreads partitions (`partition.assignment.strategy`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AssignorKind {
    /// Ranges of each topic's partitions.
    Range,
    /// All partitions dealt out in turn.
    RoundRobin,
    /// Balanced, moving as few partitions as it can.
    Sticky,
    /// As sticky, without stopping the partitions that stay (KIP-429).
    CooperativeSticky,
}

choice! { AssignorKind: "assignor" {
    "range" => Range,
    "org.apache.kafka.clients.consumer.RangeAssignor" => Range,
    "roundrobin" => RoundRobin,
    "org.apache.kafka.clients.consumer.RoundRobinAssignor" => RoundRobin,
    "sticky" => Sticky,
    "org.apache.kafka.clients.consumer.StickyAssignor" => Sticky,
    "cooperative-sticky" => CooperativeSticky,
    "org.apache.kafka.clients.consumer.CooperativeStickyAssignor" => CooperativeSticky,
} }

/// Where to start without a valid committed offset (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum OffsetReset {
    /// At the oldest record there is.
    Earliest,
    /// After the newest record. The default, as in Java.
    #[default]
    Latest,
    /// Nowhere: the consumer returns an error.
    None,
    /// At the first record not older than this (KIP-1106), as in `by_duration:P1DT12H`.
    ByDuration(Duration),
}

impl OffsetReset {
    pub(crate) const ALLOWED: &'static str =
        "earliest, latest, none or by_duration: with an ISO 8601 duration as PT1H";
}

impl FromStr for OffsetReset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let lower = text.trim().to_ascii_lowercase();
        let value = match lower.as_str() {
            "earliest" | "smallest" | "beginning" => Some(Self::Earliest),
            "latest" | "largest" | "end" => Some(Self::Latest),
            "none" | "error" => Some(Self::None),
            other => other
                .strip_prefix("by_duration:")
                .and_then(iso_8601)
                .map(Self::ByDuration),
        };
        value.ok_or_else(|| {
            let message = format!("{text:?} is no offset to start at: it is {}", Self::ALLOWED);
            Error::new(ErrorKind::Config, message)
        })
    }
}

impl fmt::Display for OffsetReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earliest => f.write_str("earliest"),
            Self::Latest => f.write_str("latest"),
            Self::None => f.write_str("none"),
            Self::ByDuration(duration) if duration.subsec_nanos() == 0 => {
                write!(f, "by_duration:PT{}S", duration.as_secs())
            }
            Self::ByDuration(duration) => {
                let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
                write!(f, "by_duration:PT{seconds}.{nanos:09}S")
            }
        }
    }
}

/// `PnDTnHnMn.nS`, the form Java's `Duration.parse` reads, without its signs. Lower case.
fn iso_8601(text: &str) -> Option<Duration> {
    let (days, time) = match text.strip_prefix('p')?.split_once('t') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (text.strip_prefix('p')?, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let mut seconds = 0_u64;
    if !days.is_empty() {
        seconds = whole(days.strip_suffix('d')?)?.checked_mul(86_400)?;
    }
    let mut rest = time;
    for (unit, factor) in [('h', 3600), ('m', 60)] {
        if let Some((count, tail)) = rest.split_once(unit) {
            seconds = seconds.checked_add(whole(count)?.checked_mul(factor)?)?;
            rest = tail;
        }
    }
    let mut nanos = 0_u32;
    if !rest.is_empty() {
        let (count, fraction) = match rest.strip_suffix('s')?.split_once('.') {
            Some((_, fraction)) if fraction.is_empty() || fraction.len() > 9 => return None,
            Some((count, fraction)) => (count, fraction),
            None => (rest.strip_suffix('s')?, "0"),
        };
        seconds = seconds.checked_add(whole(count)?)?;
        nanos = u32::try_from(whole(&format!("{fraction:0<9}"))?).ok()?;
    }
    Some(Duration::new(seconds, nanos))
}

fn whole(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_both_spellings_and_printed_in_javas() {
        assert_eq!("-1".parse::<Acks>().unwrap(), Acks::All);
        assert_eq!(Acks::All.to_string(), "all");
        assert_eq!(
            " READ_COMMITTED "
                .parse::<IsolationLevel>()
                .unwrap()
                .to_string(),
            "read_committed"
        );
        let sticky = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
        assert_eq!(
            sticky.parse::<AssignorKind>().unwrap(),
            AssignorKind::CooperativeSticky
        );
        let error = "2".parse::<Acks>().unwrap_err().to_string();
        assert_eq!(
            error,
            "\"2\" is no number of acks: it must be all, -1, 1 or 0"
        );
        let error = "x".parse::<AssignorKind>().unwrap_err().to_string();
        assert!(
            error.ends_with("it must be range, roundrobin, sticky or cooperative-sticky"),
            "{error}"
        );
    }

    #[test]
    fn an_offset_reset_is_read_in_both_spellings() {
        for (text, value) in [
            ("smallest", OffsetReset::Earliest),
            ("beginning", OffsetReset::Earliest),
            ("largest", OffsetReset::Latest),
            ("End", OffsetReset::Latest),
            ("error", OffsetReset::None),
        ] {
            assert_eq!(text.parse::<OffsetReset>().unwrap(), value, "{text}");
        }
    }

    #[test]
    fn iso_durations_are_read_as_java_reads_them() {
        for (text, seconds, nanos) in [
            ("PT0S", 0, 0),
            ("P2D", 172_800, 0),
            ("P1DT1H1M1.5S", 90_061, 500_000_000),
            ("pt0.000000001s", 0, 1),
            ("PT90M", 5400, 0),
        ] {
            let value = format!("by_duration:{text}")
                .parse::<OffsetReset>()
                .unwrap();
            let duration = Duration::new(seconds, nanos);
            assert_eq!(value, OffsetReset::ByDuration(duration), "{text}");
            assert_eq!(
                value.to_string().parse::<OffsetReset>().unwrap(),
                value,
                "{value}"
            );
        }
        for bad in [
            "",
            "P",
            "PT",
            "P1",
            "1D",
            "P1DT",
            "PT1S1H",
            "PT-1S",
            "PT+1S",
            "PT1.S",
            "PT.5S",
            "PT1",
            "P1Y",
            "PT0.1234567890S",
            "PT99999999999999999999S",
            "P9999999999999999999D",
            "PT1Sé",
        ] {
            let text = format!("by_duration:{bad}");
            assert!(text.parse::<OffsetReset>().is_err(), "{bad}");
        }
    }
}
