//! What one member says of itself, event by event, whoever made it. Pure.
//!
//! Ours keep a journal (`tests/chaos/src/journal.rs`), Java's are Kafka's own verifiable consumer,
//! which prints an object per event. A last line that is cut short is none: its writer was killed.

use serde_json::Value;

/// Microseconds since 1970; every process of a run has the same clock.
pub(super) type Micros = u64;

/// Offsets without a gap, the last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) partition: usize,
    pub(super) first: i64,
    pub(super) last: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Assigned(Vec<usize>),
    Revoked(Vec<usize>),
    Lost(Vec<usize>),
    Handed(Vec<Range>),
    /// A commit was confirmed: partitions and the offsets of their next records.
    Committed(Vec<(usize, i64)>),
    /// A commit was not.
    Refused(String),
    /// A poll failed.
    Error(String),
    /// A record is not what was written there.
    Odd(String),
    /// It has left, well or how else.
    Closed(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: Micros,
    /// The generation or member epoch at that time, from those that tell.
    pub(super) generation: Option<i32>,
    pub(super) what: What,
}

/// Of a journal of ours. `None` for a line that is none.
pub(super) fn of_ours(line: &str) -> Option<Event> {
    let mut words = line.splitn(4, ' ');
    let at = words.next()?.parse().ok()?;
    let word = words.next()?;
    let generation = words.next()?.parse().ok()?;
    let rest = words.next().unwrap_or_default();
    let text = rest.to_owned();
    let what = match word {
        "assigned" => What::Assigned(all(rest, |it| it.parse().ok())?),
        "revoked" => What::Revoked(all(rest, |it| it.parse().ok())?),
        "lost" => What::Lost(all(rest, |it| it.parse().ok())?),
        "hand" => What::Handed(all(rest, |it| {
            let (partition, offsets) = it.split_once(':')?;
            let (first, last) = offsets.split_once('-')?;
            Some(Range {
                partition: partition.parse().ok()?,
                first: first.parse().ok()?,
                last: last.parse().ok()?,
            })
        })?),
        "committed" => What::Committed(all(rest, |it| {
            let (partition, offset) = it.split_once(':')?;
            Some((partition.parse().ok()?, offset.parse().ok()?))
        })?),
        "refused" => What::Refused(text),
        "error" => What::Error(text),
        "odd" => What::Odd(text),
        "closed" => What::Closed(text),
        _ => return None,
    };
    Some(Event {
        at,
        generation: Some(generation).filter(|generation| *generation >= 0),
        what,
    })
}

fn all<T>(text: &str, each: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split_whitespace().map(each).collect()
}

/// Of what the verifiable consumer prints. It tells losses as revocations.
pub(super) fn of_javas(line: &str) -> Option<Event> {
    let said: Value = serde_json::from_str(line).ok()?;
    let millis = said.get("timestamp")?.as_u64()?;
    let partitions = |key: &str| said.get(key).and_then(Value::as_array);
    let number = |it: &Value| usize::try_from(it.get("partition")?.as_u64()?).ok();
    let numbers = || {
        let all = partitions("partitions")?.iter();
        all.map(number).collect::<Option<Vec<usize>>>()
    };
    let what = match said.get("name")?.as_str()? {
        "partitions_assigned" => What::Assigned(numbers()?),
        "partitions_revoked" => What::Revoked(numbers()?),
        "records_consumed" => {
            let ranges = partitions("partitions")?.iter().map(|it| {
                Some(Range {
                    partition: number(it)?,
                    first: it.get("minOffset")?.as_i64()?,
                    last: it.get("maxOffset")?.as_i64()?,
                })
            });
            What::Handed(ranges.collect::<Option<_>>()?)
        }
        "offsets_committed" if said.get("success") == Some(&Value::Bool(true)) => {
            let offsets = partitions("offsets")?.iter();
            let each = |it: &Value| Some((number(it)?, it.get("offset")?.as_i64()?));
            What::Committed(offsets.map(each).collect::<Option<_>>()?)
        }
        "offsets_committed" => {
            let error = said.get("error").and_then(Value::as_str);
            What::Refused(error.unwrap_or_default().to_owned())
        }
        "shutdown_complete" => What::Closed("well".into()),
        _ => return None,
    };
    Some(Event {
        at: millis * 1_000,
        generation: None,
        what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(partition: usize, first: i64, last: i64) -> Range {
        Range {
            partition,
            first,
            last,
        }
    }

    #[test]
    fn a_journal_is_understood_line_by_line() {
        let handed = of_ours("17 hand 5 3:10-12 4:7-7").unwrap();
        assert_eq!((handed.at, handed.generation), (17, Some(5)));
        let expected = What::Handed(vec![range(3, 10, 12), range(4, 7, 7)]);
        assert_eq!(handed.what, expected);
        let lost = of_ours("18 lost -1 3 4").unwrap();
        let expected = (None, What::Lost(vec![3, 4]));
        assert_eq!((lost.generation, lost.what), expected);
        let none = of_ours("19 assigned 6").unwrap();
        assert_eq!(none.what, What::Assigned(Vec::new()));
        let committed = of_ours("20 committed 6 3:13").unwrap();
        assert_eq!(committed.what, What::Committed(vec![(3, 13)]));
        let refused = of_ours("20 refused 6 too late, it said").unwrap();
        assert_eq!(refused.what, What::Refused("too late, it said".into()));
        for cut in ["", "17", "17 hand", "17 hand 5 3:10", "17 nothing 5"] {
            assert_eq!(of_ours(cut), None, "{cut:?}");
        }
    }

    #[test]
    fn the_verifiable_consumer_is_understood() {
        let line = r#"{"timestamp":1795647106929,"name":"records_consumed","count":40,
            "partitions":[{"topic":"t","partition":2,"count":40,"minOffset":0,"maxOffset":39}]}"#;
        let handed = of_javas(line).unwrap();
        assert_eq!(handed.at, 1_795_647_106_929_000);
        assert_eq!(handed.what, What::Handed(vec![range(2, 0, 39)]));
        let line = r#"{"timestamp":1,"name":"partitions_revoked",
            "partitions":[{"topic":"t","partition":0},{"topic":"t","partition":3}]}"#;
        let revoked = of_javas(line).unwrap();
        assert_eq!(revoked.what, What::Revoked(vec![0, 3]));
        let line = r#"{"timestamp":1,"name":"offsets_committed","success":true,
            "offsets":[{"topic":"t","partition":0,"offset":7}]}"#;
        let committed = of_javas(line).unwrap();
        assert_eq!(committed.what, What::Committed(vec![(0, 7)]));
        assert_eq!(
            of_javas(r#"{"timestamp":1,"name":"startup_complete"}"#),
            None
        );
        assert_eq!(of_javas("[main] WARN"), None);
    }
}
