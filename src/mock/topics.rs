//! Topics of the mock cluster: their names, configuration, replicas and leaders.
//!
//! All replicas of a partition share one log: what a leader took survives it, and the high
//! watermark is the end of the log. A follower may lag, that is, show less of it. A partition whose
//! in-sync replicas are all down has no leader.

use std::collections::BTreeMap;

use super::log::PartitionLog;
use crate::error::ErrorCode;
use crate::ids::Uuid;

/// The longest legal topic name.
const NAME_MAX: usize = 249;

/// What a broker does with configuration values it understands; the others are only kept.
#[derive(Clone, Debug)]
pub(crate) struct TopicConfig {
    /// `max.message.bytes`: the largest batch, in bytes, as it is on the wire.
    pub(crate) max_message_bytes: usize,
    /// `cleanup.policy` contains `compact`: records need a key. Nothing is compacted.
    pub(crate) compacted: bool,
    /// `message.timestamp.type` is `LogAppendTime`.
    pub(crate) log_append_time: bool,
    /// `message.timestamp.before.max.ms`.
    pub(crate) timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub(crate) timestamp_after_max_ms: i64,
    /// `min.insync.replicas`.
    pub(crate) min_insync_replicas: usize,
    /// `retention.bytes`: beyond it the oldest batches go. Unlike Kafka's, it has a default: the
    /// mock lives in its user's memory.
    pub(crate) retention_bytes: usize,
    /// What was set, by key.
    pub(crate) given: BTreeMap<String, String>,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self {
            max_message_bytes: 1_048_588,
            compacted: false,
            log_append_time: false,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            min_insync_replicas: 1,
            retention_bytes: 256 << 20,
            given: BTreeMap::new(),
        }
    }
}

/// Topic configuration keys of Kafka 4.3 that have no effect here and are accepted.
const ACCEPTED: [&str; 22] = [
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.zstd.level",
    "delete.retention.ms",
    "errors.deadletterqueue.topic.name.prefix",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "follower.replication.throttled.replicas",
    "index.interval.bytes",
    "leader.replication.throttled.replicas",
    "local.retention.bytes",
    "local.retention.ms",
    "max.compaction.lag.ms",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "preallocate",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.jitter.ms",
    "segment.ms",
];

impl TopicConfig {
    /// Sets one value by Kafka's key.
    ///
    /// # Errors
    ///
    /// INVALID_CONFIG's words: the key is not known or the value not valid.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let wrong = || format!("Invalid value {value} for configuration {key}");
        match key {
            "max.message.bytes" => self.max_message_bytes = value.parse().map_err(|_| wrong())?,
            "min.insync.replicas" => {
                self.min_insync_replicas = value.parse().map_err(|_| wrong())?;
                if self.min_insync_replicas == 0 {
                    return Err(wrong());
                }
            }
            "cleanup.policy" => {
                let known = |part: &str| matches!(part.trim(), "delete" | "compact");
                if !value.split(',').all(known) {
                    return Err(wrong());
                }
                self.compacted = value.split(',').any(|part| part.trim() == "compact");
            }
            "message.timestamp.type" => match value {
                "CreateTime" => self.log_append_time = false,
                "LogAppendTime" => self.log_append_time = true,
                _ => return Err(wrong()),
            },
            "message.timestamp.before.max.ms" => {
                self.timestamp_before_max_ms = value.parse().map_err(|_| wrong())?;
            }
            "message.timestamp.after.max.ms" => {
                self.timestamp_after_max_ms = value.parse().map_err(|_| wrong())?;
            }
            "retention.bytes" => {
                let bytes: i64 = value.parse().map_err(|_| wrong())?;
                self.retention_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            }
            "compression.type" if value == "producer" => {}
            "compression.type" => return Err("the mock cluster does not recompress".to_owned()),
            "unclean.leader.election.enable" | "remote.storage.enable" if value == "false" => {}
            key if ACCEPTED.contains(&key) => {}
            _ => return Err(format!("Unknown topic config name: {key}")),
        }
        self.given.insert(key.to_owned(), value.to_owned());
        Ok(())
    }
}

/// One partition: who leads it, and its log.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    /// The brokers that hold it; the first is the preferred leader.
    pub(crate) replicas: Vec<i32>,
    /// The in-sync ones among them, in the order of `replicas`.
    pub(crate) isr: Vec<i32>,
    pub(crate) leader: Option<i32>,
    pub(crate) leader_epoch: i32,
    pub(crate) log: PartitionLog,
    /// Where followers that lag end; the others have it all.
    pub(crate) lags: BTreeMap<i32, i64>,
}

impl Partition {
    pub(crate) fn new(replicas: Vec<i32>, is_up: impl Fn(i32) -> bool) -> Self {
        let isr: Vec<i32> = replicas.iter().copied().filter(|id| is_up(*id)).collect();
        Self {
            leader: isr.first().copied(),
            isr,
            replicas,
            leader_epoch: 0,
            log: PartitionLog::new(),
            lags: BTreeMap::new(),
        }
    }

    /// Where the log ends at a replica.
    pub(crate) fn end_at(&self, broker: i32) -> i64 {
        let end = self.log.end();
        match self.lags.get(&broker) {
            Some(lag) if self.leader != Some(broker) => end.min(*lag),
            _ => end,
        }
    }

    /// The epoch and offset where a reader's log and this one part, if the last epoch it read ended
    /// here before its offset (KIP-595); -1 is no epoch.
    ///
    /// # Errors
    ///
    /// OFFSET_OUT_OF_RANGE: this log cannot tell.
    pub(crate) fn diverged(
        &self,
        (epoch, offset): (i32, i64),
    ) -> Result<Option<(i32, i64)>, ErrorCode> {
        if epoch < 0 {
            return Ok(None);
        }
        let found = self.log.epoch_end(epoch, self.leader_epoch);
        let found = found.filter(|_| offset >= self.log.start());
        let (known, end) = found.ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?;
        Ok((known < epoch || end < offset).then_some((known, end)))
    }

    /// Makes another broker the leader: a new epoch, which starts at the end of the log.
    pub(crate) fn elect(&mut self, leader: Option<i32>) {
        if self.leader != leader {
            self.leader = leader;
            self.lags.clear();
            self.leader_epoch += 1;
            self.log.start_epoch(self.leader_epoch);
        }
    }

    /// A broker went down: it leaves the in-sync set, unless it is the last of it.
    pub(crate) fn handle_down(&mut self, broker: i32) {
        if self.isr.len() > 1 {
            self.isr.retain(|id| *id != broker);
        }
        if self.leader == Some(broker) {
            let next = self.isr.iter().copied().find(|id| *id != broker);
            self.elect(next);
        }
    }

    /// A broker came up: it has all data at once, and leads if nobody does.
    pub(crate) fn handle_up(&mut self, broker: i32) {
        if !self.replicas.contains(&broker) {
            return;
        }
        let stays = |id: &i32| *id == broker || self.isr.contains(id);
        if self.leader.is_some() || self.isr.contains(&broker) {
            self.isr = self.replicas.iter().copied().filter(stays).collect();
        }
        if self.leader.is_none() && self.isr.contains(&broker) {
            self.elect(Some(broker));
        }
    }
}

/// A topic.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) id: Uuid,
    pub(crate) config: TopicConfig,
    pub(crate) partitions: Vec<Partition>,
}

impl Topic {
    pub(crate) fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(index).ok()?)
    }
}

/// Whether a topic may have this name, in Kafka's words.
///
/// # Errors
///
/// INVALID_TOPIC_EXCEPTION and why.
pub(crate) fn check_name(name: &str) -> Result<(), (ErrorCode, String)> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let why = if name.is_empty() {
        "the empty string is not allowed".to_owned()
    } else if name == "." || name == ".." {
        format!("'{name}' is not allowed")
    } else if name.len() > NAME_MAX {
        format!("the length of '{name}' is longer than the max allowed length {NAME_MAX}")
    } else if !name.chars().all(legal) {
        format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' \
             and '-'"
        )
    } else {
        return Ok(());
    };
    Err((
        ErrorCode::INVALID_TOPIC_EXCEPTION,
        format!("Topic name is invalid: {why}"),
    ))
}

/// The configuration key "on the wire" of names that differ only in `.` and `_`: their metrics
/// would collide, so Kafka refuses the second of them.
pub(crate) fn collides(one: &str, other: &str) -> bool {
    one != other && one.replace('.', "_") == other.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_kafkas_rules() {
        let longest = "x".repeat(NAME_MAX);
        for name in ["a", "A.b_c-9", "...", &longest] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let too_long = "x".repeat(NAME_MAX + 1);
        for name in ["", ".", "..", "a b", "a/b", "ä", &too_long] {
            let (code, _) = check_name(name).unwrap_err();
            assert_eq!(code, ErrorCode::INVALID_TOPIC_EXCEPTION, "{name}");
        }
        assert!(collides("a.b", "a_b") && !collides("a.b", "a.b") && !collides("a", "b"));
    }

    #[test]
    fn the_last_in_sync_replica_stays_in_sync_and_leads_again() {
        let mut partition = Partition::new(vec![1, 2, 3], |_| true);
        partition.handle_down(1);
        assert_eq!((partition.leader, partition.leader_epoch), (Some(2), 1));
        assert_eq!(partition.isr, [2, 3]);
        partition.handle_down(3);
        partition.handle_down(2);
        assert_eq!((partition.leader, &partition.isr[..]), (None, &[2][..]));
        partition.handle_up(1);
        assert_eq!(partition.leader, None, "broker 1 missed records");
        partition.handle_up(2);
        assert_eq!(partition.leader, Some(2));
        partition.handle_up(1);
        assert_eq!(partition.isr, [1, 2]);
    }

    #[test]
    fn unknown_keys_and_bad_values_are_refused() {
        let mut config = TopicConfig::default();
        assert!(config.set("retention.ms", "1000").is_ok());
        assert!(config.set("max.message.bytes", "ten").is_err());
        assert!(config.set("min.insync.replicas", "0").is_err());
        assert!(config.set("cleanup.policy", "compact, delete").is_ok() && config.compacted);
        assert!(config.set("no.such.key", "1").is_err());
    }
}
