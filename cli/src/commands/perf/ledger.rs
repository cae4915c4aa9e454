//! What became of the records of one producer, batch by batch. Pure.
//!
//! All records of a batch have one outcome, so only batches are kept: the lane tells how many
//! records one has and when those started whose latency is measured, the settler tells its outcome.
//! Either may be first: a broker may answer before the lane has come back from its `enqueue`.

use std::collections::HashMap;
use std::time::Instant;

use super::latency::Latencies;
use crate::failure::Failure;

/// The number of a batch, in the order in which they were begun.
pub(super) type BatchNumber = u64;

/// A batch that is not in the sums yet.
#[derive(Debug, Default)]
struct Open {
    /// When the records started whose latency is measured.
    starts: Vec<Instant>,
    /// How many there are; `None` while more may come.
    records: Option<u32>,
    /// When its outcome came, and whether it was written.
    settled: Option<(Instant, bool)>,
}

/// The sums.
#[derive(Debug)]
pub(super) struct Ledger {
    open: HashMap<BatchNumber, Open>,
    /// Acknowledged.
    pub(super) written: u64,
    /// Failed, or without an outcome at the end.
    pub(super) failed: u64,
    /// In words, the first failure.
    pub(super) first_error: Option<String>,
    /// Of acknowledged records.
    pub(super) latencies: Latencies,
    /// When the last acknowledgement came.
    pub(super) last_written: Option<Instant>,
}

impl Ledger {
    /// Nothing sent yet.
    ///
    /// # Errors
    /// When there can be no histogram.
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            open: HashMap::new(),
            written: 0,
            failed: 0,
            first_error: None,
            latencies: Latencies::new()?,
            last_written: None,
        })
    }

    /// A record has opened this batch.
    pub(super) fn begin(&mut self, batch: BatchNumber) {
        self.open.insert(batch, Open::default());
    }

    /// A record of this batch, whose latency is measured, started at this time.
    pub(super) fn started(&mut self, batch: BatchNumber, start: Instant) {
        let Some(open) = self.open.get_mut(&batch) else {
            return;
        };
        match open.settled {
            Some((end, true)) => self.latencies.record(end.saturating_duration_since(start)),
            Some((_, false)) => {}
            None => open.starts.push(start),
        }
    }

    /// No more records come into this batch; it has so many.
    pub(super) fn seal(&mut self, batch: BatchNumber, records: u32) {
        if let Some(open) = self.open.get_mut(&batch) {
            open.records = Some(records);
            self.close_if_complete(batch);
        }
    }

    /// The outcome of a batch: nothing, or the error in words.
    pub(super) fn settle(&mut self, batch: BatchNumber, now: Instant, error: Option<String>) {
        let Some(open) = self.open.get_mut(&batch) else {
            return;
        };
        open.settled = Some((now, error.is_none()));
        let starts = std::mem::take(&mut open.starts);
        match error {
            None => {
                for start in starts {
                    self.latencies.record(now.saturating_duration_since(start));
                }
                self.last_written = self.last_written.max(Some(now));
            }
            Some(error) => self.tell(error),
        }
        self.close_if_complete(batch);
    }

    /// A record that was not taken.
    pub(super) fn refused(&mut self, error: String) {
        self.failed += 1;
        self.tell(error);
    }

    /// Nothing comes any more: batches without an outcome have failed.
    pub(super) fn finish(&mut self) {
        for (_, open) in self.open.drain() {
            self.failed += u64::from(open.records.unwrap_or(0));
        }
    }

    fn tell(&mut self, error: String) {
        self.first_error.get_or_insert(error);
    }

    fn close_if_complete(&mut self, batch: BatchNumber) {
        let open = self.open.get(&batch);
        let Some((records, (_, written))) = open.and_then(|open| open.records.zip(open.settled))
        else {
            return;
        };
        self.open.remove(&batch);
        let records = u64::from(records);
        if written {
            self.written += records;
        } else {
            self.failed += records;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn near(micros: Option<u64>, expected: u64) -> bool {
        micros.is_some_and(|micros| micros.abs_diff(expected) <= expected / 1000)
    }

    #[test]
    fn an_outcome_counts_for_all_records_of_its_batch() {
        let mut ledger = Ledger::new().unwrap();
        let start = Instant::now();
        ledger.begin(0);
        ledger.started(0, start);
        ledger.started(0, start + ms(5));
        ledger.seal(0, 150);
        assert_eq!(ledger.written, 0, "not before the outcome");
        ledger.settle(0, start + ms(10), None);
        assert_eq!((ledger.written, ledger.failed), (150, 0));
        assert_eq!(ledger.latencies.samples(), 2);
        assert!(near(ledger.latencies.quantile(0.5), 5_000));
        assert!(near(ledger.latencies.quantile(1.0), 10_000));
        assert_eq!(ledger.last_written, Some(start + ms(10)));
    }

    #[test]
    fn an_outcome_may_come_before_the_lane_says_what_was_in_the_batch() {
        let mut ledger = Ledger::new().unwrap();
        let start = Instant::now();
        ledger.begin(0);
        ledger.settle(0, start + ms(10), None);
        ledger.started(0, start);
        ledger.seal(0, 1);
        assert_eq!(ledger.written, 1);
        assert!(near(ledger.latencies.quantile(1.0), 10_000));
        assert!(ledger.open.is_empty());
    }

    #[test]
    fn a_failed_batch_fails_all_its_records_and_has_no_latency() {
        let mut ledger = Ledger::new().unwrap();
        let now = Instant::now();
        for batch in 0..2 {
            ledger.begin(batch);
            ledger.started(batch, now);
            ledger.seal(batch, 7);
            ledger.settle(batch, now, Some(format!("reason {batch}")));
            ledger.started(batch, now);
        }
        assert_eq!((ledger.written, ledger.failed), (0, 14));
        assert_eq!(ledger.first_error.as_deref(), Some("reason 0"));
        assert_eq!(ledger.latencies.samples(), 0);
        assert_eq!(ledger.last_written, None);
    }

    #[test]
    fn what_has_no_outcome_at_the_end_has_failed() {
        let mut ledger = Ledger::new().unwrap();
        ledger.begin(0);
        ledger.seal(0, 3);
        ledger.refused("full".to_owned());
        ledger.finish();
        assert_eq!((ledger.written, ledger.failed), (0, 4));
        assert_eq!(ledger.first_error.as_deref(), Some("full"));
    }
}
