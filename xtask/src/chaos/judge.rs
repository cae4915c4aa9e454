//! Compares what the producer said of each record with what the log has. Pure.
//!
//! Nine bytes per record: what was said (see `tests/chaos/src/ledger.rs`), how often it was found
//! and whether it was found where it was said to be.

use super::log::{Identity, Logged};

/// Offenders of a kind that are named.
const EXAMPLES: u64 = 4;

const NOT_WRITTEN: i64 = -1;
const MAYBE_WRITTEN: i64 = -2;
const SOMEWHERE: i64 = -3;
const NO_OUTCOME: i64 = -4;

/// In a record's `seen`: it was found at the offset it was said to be at.
const IN_PLACE: u8 = 0x80;
/// How often it was found; this often and more is the same.
const TIMES: u8 = 0x7f;

/// What was said of the records, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What the producer said.
    pub(super) acked: u64,
    /// Of those, acknowledged without an offset.
    pub(super) somewhere: u64,
    pub(super) not_written: u64,
    pub(super) maybe_written: u64,
    /// Maybe written, and in the log.
    pub(super) maybe_found: u64,
    /// No outcome at all, or one that does not say whether the record was written.
    pub(super) silent: u64,
    /// Records in the log.
    pub(super) logged: u64,
    /// Acknowledged and not in the log.
    pub(super) lost: u64,
    /// Appearances beyond the first.
    pub(super) duplicated: u64,
    /// First appearances behind a later record of their producer in their partition.
    pub(super) reordered: u64,
    /// Not written, it said, and in the log.
    pub(super) false_failed: u64,
    /// Acknowledged at an offset where it is not.
    pub(super) misplaced: u64,
    /// In the log and not one of ours: damaged, in another partition, or never sent.
    pub(super) foreign: u64,
    /// Offsets that the reader did not show: then it is no witness.
    pub(super) unread: u64,
    /// The first offenders, in words.
    pub(super) examples: Vec<String>,
}

/// One partition of one producer.
#[derive(Debug, Default)]
struct Lane {
    said: Vec<i64>,
    seen: Vec<u8>,
    /// The latest record that has appeared.
    highest: Option<usize>,
}

/// What was said, and what has been found so far.
#[derive(Debug)]
pub(super) struct Judge {
    topic: String,
    partitions: usize,
    /// Of each producer all partitions.
    lanes: Vec<Lane>,
    /// Of each partition, the offset that comes next.
    next: Vec<i64>,
    verdict: Verdict,
}

impl Judge {
    /// `ledgers`: of each producer all partitions.
    pub(super) fn new(topic: &str, partitions: usize, ledgers: Vec<Vec<i64>>) -> Self {
        let lane = |said: Vec<i64>| Lane {
            seen: vec![0; said.len()],
            said,
            highest: None,
        };
        Self {
            topic: topic.to_owned(),
            partitions,
            lanes: ledgers.into_iter().map(lane).collect(),
            next: vec![0; partitions],
            verdict: Verdict::default(),
        }
    }

    /// A line that the reader printed. What is not a record is its chatter: a record that does not
    /// look like one is missed by its offset.
    pub(super) fn line(&mut self, line: &[u8]) {
        let Some(logged) = Logged::parse(line) else {
            return;
        };
        self.verdict.logged += 1;
        if let Some(next) = self.next.get_mut(logged.partition) {
            self.verdict.unread += logged.offset.abs_diff(*next);
            *next = logged.offset + 1;
        }
        let identity = Identity::of(logged.value, &self.topic);
        let identity = identity.filter(|identity| identity.partition == logged.partition);
        if !identity.is_some_and(|identity| self.found(identity, logged.offset)) {
            let nth = add(&mut self.verdict.foreign);
            let value = String::from_utf8_lossy(logged.value).into_owned();
            let (partition, offset) = (logged.partition, logged.offset);
            self.name(nth, || {
                format!("foreign at {partition}/{offset}: {value:?}")
            });
        }
    }

    /// A record has appeared; false when nobody sent it.
    fn found(&mut self, identity: Identity, offset: i64) -> bool {
        let Identity {
            producer,
            partition,
            sequence,
        } = identity;
        let lane = self.lanes.get_mut(producer * self.partitions + partition);
        let Some(lane) = lane else {
            return false;
        };
        let (Some(said), Some(seen)) = (lane.said.get(sequence), lane.seen.get_mut(sequence))
        else {
            return false;
        };
        let (said, times) = (*said, *seen & TIMES);
        *seen = (*seen & IN_PLACE) | times.saturating_add(1).min(TIMES);
        if said == offset {
            *seen |= IN_PLACE;
        }
        let behind = lane.highest.filter(|highest| *highest > sequence);
        lane.highest = lane.highest.max(Some(sequence));
        let what = |what: String| format!("{} at offset {offset}: {what}", who(identity));
        if times > 0 {
            let nth = add(&mut self.verdict.duplicated);
            self.name(nth, || what(format!("again; {}", in_words(said))));
        } else if let Some(highest) = behind {
            let nth = add(&mut self.verdict.reordered);
            self.name(nth, || what(format!("behind record {highest}")));
        }
        true
    }

    /// All has been read; `ends` are the end offsets of the partitions.
    pub(super) fn finish(mut self, ends: &[i64]) -> Verdict {
        for (end, next) in ends.iter().zip(&self.next) {
            self.verdict.unread += end.abs_diff(*next);
        }
        for (at, lane) in std::mem::take(&mut self.lanes).into_iter().enumerate() {
            for (sequence, (said, seen)) in lane.said.into_iter().zip(lane.seen).enumerate() {
                let identity = Identity {
                    producer: at / self.partitions,
                    partition: at % self.partitions,
                    sequence,
                };
                self.sum_up(identity, said, seen);
            }
        }
        self.verdict
    }

    fn sum_up(&mut self, identity: Identity, said: i64, seen: u8) {
        let (found, in_place) = (seen & TIMES > 0, seen & IN_PLACE != 0);
        let verdict = &mut self.verdict;
        let wrong = match said {
            NOT_WRITTEN => {
                verdict.not_written += 1;
                found.then_some(&mut verdict.false_failed)
            }
            MAYBE_WRITTEN => {
                verdict.maybe_written += 1;
                verdict.maybe_found += u64::from(found);
                None
            }
            i64::MIN..=NO_OUTCOME => Some(&mut verdict.silent),
            SOMEWHERE => {
                verdict.acked += 1;
                verdict.somewhere += 1;
                (!found).then_some(&mut verdict.lost)
            }
            0.. => {
                verdict.acked += 1;
                match (found, in_place) {
                    (false, _) => Some(&mut verdict.lost),
                    (true, false) => Some(&mut verdict.misplaced),
                    (true, true) => None,
                }
            }
        };
        if let Some(count) = wrong {
            let nth = add(count);
            let place = if found {
                "in the log"
            } else {
                "not in the log"
            };
            self.name(nth, || {
                format!("{}: {}, and {place}", who(identity), in_words(said))
            });
        }
    }

    /// Keeps the first offenders of a kind, of which this is the nth.
    fn name(&mut self, nth: u64, what: impl FnOnce() -> String) {
        if nth <= EXAMPLES {
            self.verdict.examples.push(what());
        }
    }
}

/// One more; how many that makes.
fn add(count: &mut u64) -> u64 {
    *count += 1;
    *count
}

fn who(identity: Identity) -> String {
    let Identity {
        producer,
        partition,
        sequence,
    } = identity;
    format!("producer {producer}, partition {partition}, record {sequence}")
}

fn in_words(said: i64) -> String {
    match said {
        NOT_WRITTEN => "said not to be written".into(),
        MAYBE_WRITTEN => "said to be maybe written".into(),
        SOMEWHERE => "acknowledged without an offset".into(),
        i64::MIN..=NO_OUTCOME => format!("without an honest outcome ({said})"),
        0.. => format!("acknowledged at {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::value;
    use super::*;

    /// One producer, two partitions; what it said of partition 1, and what the log has there.
    fn judge(said: &[i64], log: &[usize]) -> Verdict {
        let mut judge = Judge::new("t", 2, vec![Vec::new(), said.to_vec()]);
        for (offset, sequence) in log.iter().enumerate() {
            let value = value(0, 1, *sequence);
            judge.line(format!("Partition:1\tOffset:{offset}\t{value}").as_bytes());
        }
        judge.finish(&[0, i64::try_from(log.len()).unwrap()])
    }

    #[test]
    fn a_log_that_is_what_was_said_has_no_fault() {
        let verdict = judge(
            &[0, 1, NOT_WRITTEN, MAYBE_WRITTEN, SOMEWHERE, MAYBE_WRITTEN],
            &[0, 1, 4, 5],
        );
        let expected = Verdict {
            acked: 3,
            somewhere: 1,
            not_written: 1,
            maybe_written: 2,
            maybe_found: 1,
            logged: 4,
            ..Verdict::default()
        };
        assert_eq!(verdict, expected);
    }

    #[test]
    fn each_fault_is_seen() {
        let lost = judge(&[0, 1, SOMEWHERE], &[0]);
        assert_eq!((lost.lost, lost.examples.len()), (2, 2));
        assert!(
            lost.examples[0].contains("record 1: acknowledged at 1"),
            "{:?}",
            lost.examples
        );
        let duplicated = judge(&[0, 1], &[0, 1, 0, 1, 1]);
        assert_eq!((duplicated.duplicated, duplicated.reordered), (3, 0));
        assert_eq!(
            duplicated.misplaced, 0,
            "the first is where it was said to be"
        );
        let reordered = judge(&[0, 2, 1, 3], &[0, 2, 1, 3]);
        assert_eq!((reordered.reordered, reordered.duplicated), (1, 0));
        assert_eq!(judge(&[0, NOT_WRITTEN], &[0, 1]).false_failed, 1);
        assert_eq!(judge(&[0, 2, 1], &[0, 1, 2]).misplaced, 2);
        assert_eq!(judge(&[NO_OUTCOME, -5], &[0]).silent, 2);
    }

    #[test]
    fn what_nobody_sent_is_foreign() {
        assert_eq!(judge(&[0], &[0, 1]).foreign, 1, "beyond the ledger");
        let mut judge = Judge::new("t", 2, vec![vec![0], vec![0]]);
        judge.line(format!("Partition:1\tOffset:0\t{}", value(0, 0, 0)).as_bytes());
        judge.line(b"Partition:0\tOffset:0\t0:0:0:0:x");
        let verdict = judge.finish(&[1, 1]);
        assert_eq!((verdict.foreign, verdict.lost), (2, 2));
    }

    #[test]
    fn a_reader_that_skips_is_no_witness() {
        let mut judge = Judge::new("t", 1, vec![vec![0, 1, 2]]);
        judge.line(format!("Partition:0\tOffset:0\t{}", value(0, 0, 0)).as_bytes());
        judge.line(b"some warning");
        judge.line(format!("Partition:0\tOffset:2\t{}", value(0, 0, 2)).as_bytes());
        assert_eq!(judge.finish(&[5]).unread, 3);
    }
}
