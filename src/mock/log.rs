//! The log of one partition: batches in memory, offsets, leader epochs, producers.
//!
//! Pure. Bytes are kept as they came (the request's buffer is shared, not copied); a read cuts
//! the last batch at the byte limit as brokers do, so clients must cope with half a batch.

use std::collections::VecDeque;

use bytes::Bytes;

use super::batch::{Checked, Refusal, Stored};
use super::producers::{Producers, Verdict};
use crate::error::ErrorCode;

/// Where a batch went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Placed {
    pub(crate) base_offset: i64,
    /// The broker's time if the topic stamps it, the old batch's for a duplicate, else -1.
    pub(crate) log_append_time: i64,
    /// Whether it was in the log already.
    pub(crate) duplicate: bool,
}

/// An answer to "which offset has this timestamp".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    pub(crate) timestamp: i64,
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
}

/// The batches of a partition and what follows from them.
#[derive(Clone, Debug)]
pub(crate) struct PartitionLog {
    batches: VecDeque<Stored>,
    start: i64,
    end: i64,
    bytes: usize,
    /// Each leader epoch that wrote, with the offset it started at; both grow.
    epochs: Vec<(i32, i64)>,
    pub(crate) producers: Producers,
}

impl PartitionLog {
    /// An empty log, whose first leader has epoch 0.
    pub(crate) fn new() -> Self {
        Self {
            batches: VecDeque::new(),
            start: 0,
            end: 0,
            bytes: 0,
            epochs: vec![(0, 0)],
            producers: Producers::default(),
        }
    }

    /// A leader's epoch starts at the end of the log; epochs that wrote nothing leave no trace.
    pub(crate) fn start_epoch(&mut self, epoch: i32) {
        self.epochs.retain(|(_, start)| *start < self.end);
        self.epochs.push((epoch, self.end));
    }

    /// The first offset that can be read.
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// The offset the next record will get. It is the high watermark and the last stable offset
    /// too: replicas share the log, and there are no transactions yet.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// Appends a batch, or finds that it is there.
    ///
    /// # Errors
    ///
    /// The producer checks refuse it.
    pub(crate) fn append(
        &mut self,
        batch: Checked,
        leader_epoch: i32,
        retention_bytes: usize,
    ) -> Result<Placed, Refusal> {
        let stamp = batch.header.stamp();
        match stamp.map_or(Verdict::Append, |stamp| self.producers.check(stamp)) {
            Verdict::Append => {}
            Verdict::Duplicate(old) => {
                return Ok(Placed {
                    base_offset: old.first_offset,
                    log_append_time: old.max_timestamp,
                    duplicate: true,
                });
            }
            Verdict::Refuse(code, message) => return Err(Refusal::new(code, message)),
        }
        if batch.header.is_transactional() {
            let message = "record was not part of an ongoing transaction";
            return Err(Refusal::new(ErrorCode::INVALID_TXN_STATE, message));
        }
        let base_offset = self.end;
        let stored = batch.store(base_offset, leader_epoch);
        if let Some(stamp) = stamp {
            let max_timestamp = stored.header.max_timestamp;
            self.producers.record(stamp, base_offset, max_timestamp);
        }
        let log_append_time = if stored.header.is_log_append_time() {
            stored.header.max_timestamp
        } else {
            -1
        };
        self.end = stored.header.last_offset() + 1;
        self.bytes += stored.size();
        self.batches.push_back(stored);
        self.retain(retention_bytes);
        Ok(Placed {
            base_offset,
            log_append_time,
            duplicate: false,
        })
    }

    /// Lets the oldest batches go; the newest one always stays.
    fn retain(&mut self, bytes: usize) {
        while self.bytes > bytes && self.batches.len() > 1 {
            if let Some(old) = self.batches.pop_front() {
                self.bytes -= old.size();
                self.start = self.start.max(old.header.last_offset() + 1);
            }
        }
        self.trim_epochs();
    }

    /// Of the epochs that ended before the log start only the last is kept, as if it began there.
    fn trim_epochs(&mut self) {
        let begun = self.epochs.partition_point(|(_, at)| *at <= self.start);
        self.epochs.drain(..begun.saturating_sub(1));
        if let Some((_, at)) = self.epochs.first_mut() {
            *at = (*at).max(self.start);
        }
    }

    /// Cuts the log so that it ends at `offset` or, if that is inside a batch, before that batch.
    /// What producers wrote behind it is forgotten; so are epochs that wrote nothing before it.
    pub(crate) fn truncate(&mut self, offset: i64) -> i64 {
        while let Some(last) = self.batches.back() {
            if last.header.last_offset() < offset {
                break;
            }
            self.bytes -= last.size();
            self.end = last.header.base_offset;
            self.batches.pop_back();
        }
        self.start = self.start.min(self.end);
        self.epochs.retain(|(_, start)| *start < self.end);
        self.producers.truncate(self.end);
        self.end
    }

    /// Raises the log start, as `DeleteRecords` does; -1 means to the end.
    ///
    /// # Errors
    ///
    /// OFFSET_OUT_OF_RANGE beyond the high watermark.
    pub(crate) fn delete_before(&mut self, offset: i64) -> Result<i64, ErrorCode> {
        let offset = if offset == -1 { self.end } else { offset };
        if offset > self.end || offset < 0 {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        self.start = self.start.max(offset);
        self.trim_epochs();
        while let Some(first) = self.batches.front() {
            if first.header.last_offset() >= self.start {
                break;
            }
            self.bytes -= first.size();
            self.batches.pop_front();
        }
        Ok(self.start)
    }

    /// The index of the first batch that reaches `offset`.
    fn position(&self, offset: i64) -> usize {
        self.batches
            .partition_point(|batch| batch.header.last_offset() < offset)
    }

    /// Bytes from the batch that holds `offset`, at most `max_bytes`, the last batch perhaps cut.
    /// With `at_least_one` the first batch comes whole whatever its size; without, a first batch
    /// that does not fit comes not at all.
    #[cfg(test)]
    pub(crate) fn read(&self, offset: i64, max_bytes: usize, at_least_one: bool) -> Vec<Bytes> {
        self.read_below(self.end, offset, max_bytes, at_least_one)
    }

    /// As `read`, of a log that seems to end at `end`.
    pub(crate) fn read_below(
        &self,
        end: i64,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        let mut room = max_bytes;
        let there = |batch: &&Stored| batch.header.last_offset() < end;
        let from = self.batches.iter().skip(self.position(offset));
        for batch in from.take_while(there) {
            if pieces.is_empty() {
                if batch.size() > room && !at_least_one {
                    break;
                }
                room = room.max(batch.size());
            }
            for piece in [&batch.head, &batch.body] {
                let take = piece.len().min(room);
                if take > 0 {
                    pieces.push(piece.slice(..take));
                }
                room -= take;
            }
            if room == 0 {
                break;
            }
        }
        pieces
    }

    /// The batches from the one that holds `offset` on.
    pub(crate) fn batches_from(&self, offset: i64) -> impl Iterator<Item = &Stored> {
        self.batches.iter().skip(self.position(offset))
    }

    /// The epoch at the log start.
    pub(crate) fn earliest_epoch(&self) -> Option<i32> {
        let next = self
            .epochs
            .partition_point(|(_, start)| *start <= self.start);
        let (epoch, _) = self.epochs.get(next.checked_sub(1)?)?;
        Some(*epoch)
    }

    /// The largest epoch at or below `epoch` and the offset where it ends (KIP-101); `None` for an
    /// epoch that is still to come.
    pub(crate) fn epoch_end(&self, epoch: i32, current: i32) -> Option<(i32, i64)> {
        if epoch > current {
            return None;
        }
        let next = self.epochs.partition_point(|(known, _)| *known <= epoch);
        let end = self.epochs.get(next).map_or(self.end, |(_, start)| *start);
        let known = next.checked_sub(1).and_then(|last| self.epochs.get(last));
        // Before the first epoch that is known, the question itself is the answer.
        Some((known.map_or(epoch, |(known, _)| *known), end))
    }

    /// The first record at or after the log start with a timestamp of at least `timestamp`.
    pub(crate) fn find_time(&self, timestamp: i64) -> Option<Found> {
        self.batches
            .iter()
            .filter(|batch| batch.header.max_timestamp >= timestamp)
            .find_map(|batch| self.find_in(batch, |at| at >= timestamp))
    }

    /// The record with the largest timestamp, the first of them if there are several (KIP-734).
    pub(crate) fn find_max_time(&self) -> Option<Found> {
        let max = self.batches.iter().map(|b| b.header.max_timestamp).max()?;
        let batch = self
            .batches
            .iter()
            .find(|b| b.header.max_timestamp == max)?;
        if batch.header.is_log_append_time() {
            return Some(Found {
                timestamp: max,
                offset: batch.header.last_offset(),
                leader_epoch: batch.header.leader_epoch,
            });
        }
        self.find_in(batch, |at| at == max)
    }

    fn find_in(&self, batch: &Stored, wanted: impl Fn(i64) -> bool) -> Option<Found> {
        let mut found = None;
        batch.for_each_record(|record| {
            let offset = batch.header.base_offset + record.offset_delta;
            let timestamp = batch.timestamp_of(record);
            if offset < self.start || !wanted(timestamp) {
                return true;
            }
            found = Some(Found {
                timestamp,
                offset,
                leader_epoch: batch.header.leader_epoch,
            });
            false
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::tests::Draft;
    use super::super::batch::{Header, check};
    use super::super::topics::TopicConfig;
    use super::*;

    fn append(log: &mut PartitionLog, draft: &Draft, epoch: i32) -> Result<Placed, Refusal> {
        let checked = check(&draft.bytes(), &TopicConfig::default(), 5_000).unwrap();
        log.append(checked, epoch, usize::MAX)
    }

    fn filled() -> PartitionLog {
        let mut log = PartitionLog::new();
        append(&mut log, &Draft::of(&["a", "b"]).at(&[1_000, 3_000]), 0).unwrap();
        append(&mut log, &Draft::of(&["c", "d"]).at(&[2_000, 2_500]), 0).unwrap();
        log.start_epoch(1);
        log.start_epoch(2);
        append(&mut log, &Draft::of(&["e"]).at(&[3_000]), 2).unwrap();
        log
    }

    #[test]
    fn a_duplicate_is_answered_with_its_first_offset_and_not_written_again() {
        let mut log = PartitionLog::new();
        append(&mut log, &Draft::of(&["x"]), 0).unwrap();
        let draft = Draft::of(&["a", "b"]).producer(9, 0, 0);
        let first = append(&mut log, &draft, 0).unwrap();
        let again = append(&mut log, &draft, 1).unwrap();
        assert_eq!((first.base_offset, again.base_offset), (1, 1));
        assert!(again.duplicate && !first.duplicate);
        assert_eq!(log.end(), 3);
    }

    #[test]
    fn a_read_cuts_the_last_batch_at_the_limit_but_gives_the_first_one_whole() {
        let log = filled();
        let size = log.batches[0].size();
        let total = |pieces: Vec<Bytes>| pieces.iter().map(Bytes::len).sum::<usize>();
        assert_eq!(total(log.read(0, size + 7, false)), size + 7);
        assert_eq!(total(log.read(0, 1, true)), size);
        assert_eq!(total(log.read(0, size - 1, false)), 0);
        assert_eq!(total(log.read(log.end(), 1 << 20, true)), 0);
        // An offset inside a batch reads that batch from its start.
        let pieces = log.read(3, 1 << 20, false);
        assert_eq!(Header::parse(&pieces[0]).unwrap().base_offset, 2);
    }

    #[test]
    fn times_are_found_by_record_and_not_by_batch() {
        let log = filled();
        let at = |timestamp| log.find_time(timestamp).map(|f| (f.offset, f.timestamp));
        assert_eq!(at(0), Some((0, 1_000)));
        assert_eq!(at(1_001), Some((1, 3_000)));
        assert_eq!(at(3_000), Some((1, 3_000)));
        assert_eq!(at(3_001), None);
        let max = log.find_max_time().unwrap();
        assert_eq!((max.offset, max.timestamp), (1, 3_000));
    }

    #[test]
    fn deleted_records_are_skipped_by_times_and_refused_past_the_end() {
        let mut log = filled();
        assert_eq!(log.delete_before(1), Ok(1));
        assert_eq!(log.find_time(0).unwrap().offset, 1);
        assert_eq!(
            log.batches.len(),
            3,
            "half of the first batch is still read"
        );
        assert_eq!(log.delete_before(2), Ok(2));
        assert_eq!(log.batches.len(), 2);
        assert_eq!(log.delete_before(6), Err(ErrorCode::OFFSET_OUT_OF_RANGE));
        assert_eq!(log.delete_before(-1), Ok(5));
    }

    #[test]
    fn epochs_end_where_the_next_one_starts() {
        let log = filled();
        assert_eq!(log.epoch_end(0, 2), Some((0, 4)));
        assert_eq!(log.epoch_end(1, 2), Some((0, 4)));
        assert_eq!(log.epoch_end(2, 2), Some((2, 5)));
        assert_eq!(log.epoch_end(3, 2), None);
        assert_eq!(log.earliest_epoch(), Some(0));
        let mut empty = PartitionLog::new();
        empty.start_epoch(1);
        assert_eq!(empty.earliest_epoch(), Some(1));
    }

    #[test]
    fn a_truncated_log_forgets_batches_epochs_and_producers_behind_it() {
        let mut log = filled();
        let first = Draft::of(&["x"]).producer(9, 0, 0);
        let second = Draft::of(&["y"]).producer(9, 0, 1);
        append(&mut log, &first, 2).unwrap();
        append(&mut log, &second, 2).unwrap();
        assert_eq!(log.truncate(6), 6);
        assert!(append(&mut log, &first, 2).unwrap().duplicate);
        assert_eq!(append(&mut log, &second, 2).unwrap().base_offset, 6);
        assert_eq!(log.truncate(3), 2, "the batch of 2 and 3 goes whole");
        assert_eq!(log.epoch_end(1, 2), Some((0, 2)));
        assert_eq!(log.read(2, 1 << 20, true), Vec::<Bytes>::new());
        assert_eq!(append(&mut log, &second, 2).unwrap().base_offset, 2);
    }

    #[test]
    fn retention_drops_the_oldest_and_never_the_newest() {
        let mut log = PartitionLog::new();
        for _ in 0..4 {
            let checked = check(&Draft::of(&["a"]).bytes(), &TopicConfig::default(), 5_000);
            log.append(checked.unwrap(), 0, 150).unwrap();
        }
        assert_eq!((log.start(), log.end()), (2, 4));
        let checked = check(&Draft::of(&["a"]).bytes(), &TopicConfig::default(), 5_000);
        log.append(checked.unwrap(), 0, 1).unwrap();
        assert_eq!((log.start(), log.end()), (4, 5));
    }
}
