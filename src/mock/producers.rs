//! What a partition remembers of its idempotent producers (KIP-98), and the verdict on a batch.
//!
//! Intuition: a producer numbers its records per partition; the log takes a batch only if it
//! continues the numbers of the one before. The last five batches are kept with their offsets, so
//! that a batch sent again is recognised and answered as it was the first time.
//!
//! As brokers since 2.5 do it: a producer the partition knows nothing of may start anywhere (its
//! records may have been deleted, so there is nothing to compare with), hence nobody is told
//! UNKNOWN_PRODUCER_ID any more; a duplicate older than the window is OUT_OF_ORDER_SEQUENCE_NUMBER.

use std::collections::{BTreeMap, VecDeque};

use crate::error::ErrorCode;

/// How many batches of one producer are remembered, and so how many may be in flight.
const WINDOW: usize = 5;

/// The part of a batch's header that the checks look at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) first_sequence: i32,
    /// Records in the batch, less one.
    pub(crate) last_delta: i32,
}

impl Stamp {
    /// The sequence of the last record: after 2^31 - 1 comes 0.
    pub(crate) fn last_sequence(self) -> i32 {
        let last = i64::from(self.first_sequence) + i64::from(self.last_delta);
        let wrapped = last % (i64::from(i32::MAX) + 1);
        i32::try_from(wrapped).unwrap_or(0)
    }
}

/// A batch that was appended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Appended {
    pub(crate) first_sequence: i32,
    pub(crate) last_sequence: i32,
    pub(crate) first_offset: i64,
    pub(crate) max_timestamp: i64,
}

#[derive(Clone, Debug)]
struct Entry {
    epoch: i16,
    batches: VecDeque<Appended>,
}

/// What is to become of a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// It continues the sequence: append it, then [`Producers::record`] it.
    Append,
    /// It is in the log already: answer as the first time, append nothing.
    Duplicate(Appended),
    /// It must not be appended.
    Refuse(ErrorCode, String),
}

/// The producers of one partition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Producers {
    by_id: BTreeMap<i64, Entry>,
}

impl Producers {
    /// Judges a batch. Changes nothing.
    pub(crate) fn check(&self, stamp: Stamp) -> Verdict {
        let Some(entry) = self.by_id.get(&stamp.producer_id) else {
            return Verdict::Append;
        };
        if stamp.epoch == entry.epoch {
            let same = |old: &&Appended| {
                old.first_sequence == stamp.first_sequence
                    && old.last_sequence == stamp.last_sequence()
            };
            if let Some(old) = entry.batches.iter().find(same) {
                return Verdict::Duplicate(*old);
            }
        }
        if stamp.epoch < entry.epoch {
            return Verdict::Refuse(
                ErrorCode::INVALID_PRODUCER_EPOCH,
                format!(
                    "epoch {} of producer {} is smaller than the last seen epoch {}",
                    stamp.epoch, stamp.producer_id, entry.epoch
                ),
            );
        }
        let expected = if stamp.epoch > entry.epoch {
            0
        } else {
            entry
                .batches
                .back()
                .map_or(0, |last| next_sequence(last.last_sequence))
        };
        if stamp.first_sequence == expected {
            return Verdict::Append;
        }
        Verdict::Refuse(
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
            format!(
                "producer {} epoch {} sent sequence {}, expected {expected}",
                stamp.producer_id, stamp.epoch, stamp.first_sequence
            ),
        )
    }

    /// Remembers a batch that was appended; a new epoch forgets the batches of the old one.
    pub(crate) fn record(&mut self, stamp: Stamp, first_offset: i64, max_timestamp: i64) {
        let entry = self
            .by_id
            .entry(stamp.producer_id)
            .or_insert_with(|| Entry {
                epoch: stamp.epoch,
                batches: VecDeque::new(),
            });
        if entry.epoch != stamp.epoch {
            entry.batches.clear();
            entry.epoch = stamp.epoch;
        }
        if entry.batches.len() == WINDOW {
            entry.batches.pop_front();
        }
        entry.batches.push_back(Appended {
            first_sequence: stamp.first_sequence,
            last_sequence: stamp.last_sequence(),
            first_offset,
            max_timestamp,
        });
    }

    /// Forgets what was written from `end` on.
    pub(crate) fn truncate(&mut self, end: i64) {
        self.by_id.retain(|_, entry| {
            entry.batches.retain(|batch| batch.first_offset < end);
            !entry.batches.is_empty()
        });
    }

    /// Forgets every producer, as `producer.id.expiration.ms` does in time.
    pub(crate) fn forget(&mut self) {
        self.by_id.clear();
    }
}

fn next_sequence(last: i32) -> i32 {
    last.checked_add(1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(epoch: i16, first_sequence: i32, records: i32) -> Stamp {
        Stamp {
            producer_id: 7,
            epoch,
            first_sequence,
            last_delta: records - 1,
        }
    }

    fn append(producers: &mut Producers, stamp: Stamp, offset: i64) {
        assert_eq!(producers.check(stamp), Verdict::Append, "{stamp:?}");
        producers.record(stamp, offset, 100 + offset);
    }

    fn refused(producers: &Producers, stamp: Stamp) -> ErrorCode {
        match producers.check(stamp) {
            Verdict::Refuse(code, _) => code,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn a_gap_and_a_step_back_are_out_of_order() {
        let mut producers = Producers::default();
        append(&mut producers, stamp(0, 0, 3), 0);
        for sequence in [2, 4, 100] {
            let code = refused(&producers, stamp(0, sequence, 1));
            assert_eq!(code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        }
        append(&mut producers, stamp(0, 3, 1), 3);
    }

    #[test]
    fn the_last_five_batches_are_answered_again_and_the_sixth_is_out_of_order() {
        let mut producers = Producers::default();
        for i in 0..6 {
            append(&mut producers, stamp(0, i * 2, 2), i64::from(i) * 2);
        }
        for i in 1..6 {
            let Verdict::Duplicate(old) = producers.check(stamp(0, i * 2, 2)) else {
                panic!("batch {i} is not known again");
            };
            assert_eq!(old.first_offset, i64::from(i) * 2);
        }
        let code = refused(&producers, stamp(0, 0, 2));
        assert_eq!(code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    }

    #[test]
    fn a_batch_cut_differently_is_no_duplicate() {
        let mut producers = Producers::default();
        append(&mut producers, stamp(0, 0, 4), 0);
        for other in [stamp(0, 0, 3), stamp(0, 1, 3), stamp(0, 0, 5)] {
            let code = refused(&producers, other);
            assert_eq!(code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        }
    }

    #[test]
    fn a_new_epoch_starts_at_zero_and_fences_the_old_one() {
        let mut producers = Producers::default();
        append(&mut producers, stamp(0, 0, 3), 0);
        let code = refused(&producers, stamp(1, 3, 1));
        assert_eq!(code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        append(&mut producers, stamp(1, 0, 1), 3);
        for old in [stamp(0, 0, 3), stamp(0, 3, 1)] {
            assert_eq!(refused(&producers, old), ErrorCode::INVALID_PRODUCER_EPOCH);
        }
    }

    #[test]
    fn a_producer_nobody_remembers_may_start_anywhere() {
        let mut producers = Producers::default();
        append(&mut producers, stamp(3, 41, 1), 0);
        append(&mut producers, stamp(3, 42, 1), 1);
        producers.forget();
        append(&mut producers, stamp(3, 99, 1), 2);
    }

    #[test]
    fn sequences_wrap_to_zero_after_the_largest() {
        let mut producers = Producers::default();
        append(&mut producers, stamp(0, i32::MAX - 1, 1), 0);
        append(&mut producers, stamp(0, i32::MAX, 1), 1);
        append(&mut producers, stamp(0, 0, 2), 2);

        let mut producers = Producers::default();
        let across = stamp(0, i32::MAX - 1, 4);
        assert_eq!(across.last_sequence(), 1);
        append(&mut producers, across, 0);
        assert!(matches!(producers.check(across), Verdict::Duplicate(_)));
        append(&mut producers, stamp(0, 2, 1), 4);
    }
}
