//! What a sender has sent so far, in numbers.

use super::batch::Stamped;
use super::lane::Sealing;
use super::sender::{LaneId, Sender, Source, index};
use super::sequence::Identity;

/// What a sender has sent so far; it only grows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Totals {
    /// Batches put into a request for the first time, and their records.
    pub(crate) batches: u64,
    pub(crate) records: u64,
    /// Their bytes before and after compression.
    pub(crate) bytes_before: u64,
    pub(crate) bytes_after: u64,
    /// Batches put into a request again, and their records.
    pub(crate) batches_again: u64,
    pub(crate) records_again: u64,
    /// Batches that were split.
    pub(crate) splits: u64,
    /// Gaps that were passed over.
    pub(crate) gaps: u64,
}

impl Totals {
    /// A batch leaves.
    pub(super) fn count<T>(&mut self, batch: &Stamped<T>, is_fresh: bool) {
        let records = u64::from(batch.share.records);
        if is_fresh {
            self.batches += 1;
            self.records += records;
            self.bytes_before += bytes(batch.batch.uncompressed_size());
            self.bytes_after += bytes(batch.batch.size());
        } else {
            self.batches_again += 1;
            self.records_again += records;
        }
    }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl<T: Clone> Sender<T> {
    pub(crate) fn totals(&self) -> Totals {
        self.totals
    }

    /// The producer's newest id and epoch.
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// How many batches and records of so many partitions have no outcome.
    pub(crate) fn waiting(&self, partitions: u32, source: &impl Source<T>) -> (u64, u64) {
        let (mut batches, mut records) = (0, 0);
        let mut add = |more: u64| {
            batches += 1;
            records += more;
        };
        for id in (0..partitions).map(LaneId) {
            source.batches(id, |all| all.counts().for_each(&mut add));
            let Some(slot) = self.slots.get(index(id)).and_then(Option::as_ref) else {
                continue;
            };
            for batch in &slot.lane.stamped {
                add(u64::from(batch.share.records));
            }
            match &slot.lane.sealing {
                Sealing::Idle => {}
                Sealing::Busy(_, _, _, records) => add(u64::from(*records)),
                Sealing::Done(sealed) => add(u64::try_from(sealed.batch.count()).unwrap_or(0)),
            }
        }
        (batches, records)
    }
}
