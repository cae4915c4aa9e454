//! What became of the records of one producer, and how long it took. Pure.
//!
//! The producer tells the outcomes, batch by batch, and that is what is counted: records of one
//! batch may fare differently. For the latencies the lane keeps the deliveries it measures with
//! their batch. All of a batch are known at once, so one is waited for, and its end is the end of
//! all. Either may be first: a broker may answer before the lane has come back from its `enqueue`.

use std::collections::HashMap;
use std::time::Instant;

use futures::FutureExt;
use tidewire::{Delivery, Error, ErrorKind};

use super::latency::Latencies;
use crate::failure::Failure;

/// The number of a batch, in the order in which they were begun.
pub(super) type BatchNumber = u64;

/// A record whose batch is settled.
pub(super) trait Settled {
    /// Whether it was written.
    fn into_written(self) -> bool;
}

impl Settled for Delivery {
    fn into_written(self) -> bool {
        matches!(self.now_or_never(), Some(Ok(_)))
    }
}

/// Whose word it is that records failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    /// A broker answered, so it lives.
    OfBroker,
    /// None did: their time ran out, or the producer was closed.
    OfProducer,
}

impl Verdict {
    /// The code of an earlier attempt, among the sources, does not count: it may be old.
    pub(super) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Broker(_) | ErrorKind::BatchRefused => Self::OfBroker,
            _ => Self::OfProducer,
        }
    }
}

/// A batch whose latencies are not in the sums yet.
#[derive(Debug)]
struct Open<D> {
    /// When its first record started, if its latency is measured.
    first: Option<Instant>,
    /// The other records whose latency is measured, and when they started.
    others: Vec<(Instant, D)>,
    /// When its outcome came.
    end: Option<Instant>,
    /// Whether no more records come.
    sealed: bool,
}

/// The sums.
#[derive(Debug)]
pub(super) struct Ledger<D = Delivery> {
    open: HashMap<BatchNumber, Open<D>>,
    /// How many batches have no outcome yet.
    pub(super) awaited: u64,
    /// Acknowledged.
    pub(super) written: u64,
    /// Failed, those without an outcome when the producer was closed included.
    pub(super) failed: u64,
    /// Of how many records a broker told the outcome.
    pub(super) answered: u64,
    /// How many were taken and given up by the producer itself, without a broker's word.
    pub(super) given_up: u64,
    /// In words, the first failure.
    pub(super) first_error: Option<String>,
    /// Of acknowledged records.
    pub(super) latencies: Latencies,
    /// When the last acknowledgement came.
    pub(super) last_written: Option<Instant>,
}

impl<D: Settled> Ledger<D> {
    /// Nothing sent yet.
    ///
    /// # Errors
    /// When there can be no histogram.
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            open: HashMap::new(),
            awaited: 0,
            written: 0,
            failed: 0,
            answered: 0,
            given_up: 0,
            first_error: None,
            latencies: Latencies::new()?,
            last_written: None,
        })
    }

    /// Records were acknowledged.
    pub(super) fn wrote(&mut self, records: u32, now: Instant) {
        self.written += u64::from(records);
        self.answered += u64::from(records);
        self.last_written = self.last_written.max(Some(now));
    }

    /// Records failed.
    pub(super) fn lost(&mut self, records: u32, by: Verdict, why: impl FnOnce() -> String) {
        self.failed += u64::from(records);
        match by {
            Verdict::OfBroker => self.answered += u64::from(records),
            Verdict::OfProducer => self.given_up += u64::from(records),
        }
        self.first_error.get_or_insert_with(why);
    }

    /// The producer did not take a record, which is no outcome of what it has taken.
    pub(super) fn refused(&mut self, why: impl FnOnce() -> String) {
        self.failed += 1;
        self.first_error.get_or_insert_with(why);
    }

    /// A record has opened this batch; it has a start if its latency is measured.
    pub(super) fn begin(&mut self, batch: BatchNumber, first: Option<Instant>) {
        let open = Open {
            first,
            others: Vec::new(),
            end: None,
            sealed: false,
        };
        self.open.insert(batch, open);
        self.awaited += 1;
    }

    /// Another record of this batch, whose latency is measured, started at this time.
    pub(super) fn started(&mut self, batch: BatchNumber, start: Instant, record: D) {
        let Some(open) = self.open.get_mut(&batch) else {
            return;
        };
        match open.end {
            Some(end) => {
                if record.into_written() {
                    self.latencies.record(end.saturating_duration_since(start));
                }
            }
            None => open.others.push((start, record)),
        }
    }

    /// No more records come into this batch.
    pub(super) fn seal(&mut self, batch: BatchNumber) {
        if let Some(open) = self.open.get_mut(&batch) {
            open.sealed = true;
            self.forget_if_done(batch);
        }
    }

    /// The outcomes of a batch are known; `written` is that of its first record.
    pub(super) fn settle(&mut self, batch: BatchNumber, now: Instant, written: bool) {
        let Some(open) = self.open.get_mut(&batch) else {
            return;
        };
        open.end = Some(now);
        self.awaited = self.awaited.saturating_sub(1);
        let first = open.first.take().filter(|_| written);
        let others = std::mem::take(&mut open.others).into_iter();
        let others = others.filter_map(|(start, record)| record.into_written().then_some(start));
        for start in first.into_iter().chain(others) {
            self.latencies.record(now.saturating_duration_since(start));
        }
        self.forget_if_done(batch);
    }

    fn forget_if_done(&mut self, batch: BatchNumber) {
        let open = self.open.get(&batch);
        if open.is_some_and(|open| open.sealed && open.end.is_some()) {
            self.open.remove(&batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    impl Settled for bool {
        fn into_written(self) -> bool {
            self
        }
    }

    fn ledger() -> Ledger<bool> {
        Ledger::new().unwrap()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn near(micros: Option<u64>, expected: u64) -> bool {
        micros.is_some_and(|micros| micros.abs_diff(expected) <= expected / 1000)
    }

    #[test]
    fn all_measured_records_of_a_batch_end_with_it() {
        let mut ledger = ledger();
        let start = Instant::now();
        ledger.begin(0, Some(start));
        ledger.started(0, start + ms(5), true);
        ledger.seal(0);
        assert_eq!(ledger.latencies.samples(), 0, "not before the outcome");
        assert_eq!(ledger.awaited, 1);
        ledger.settle(0, start + ms(10), true);
        assert_eq!(ledger.awaited, 0);
        assert_eq!(ledger.latencies.samples(), 2);
        assert!(near(ledger.latencies.quantile(0.5), 5_000));
        assert!(near(ledger.latencies.quantile(1.0), 10_000));
        assert!(ledger.open.is_empty());
    }

    #[test]
    fn an_outcome_may_come_before_the_lane_says_what_was_in_the_batch() {
        let mut ledger = ledger();
        let start = Instant::now();
        ledger.begin(0, None);
        ledger.settle(0, start + ms(10), true);
        ledger.started(0, start, true);
        ledger.started(0, start, false);
        ledger.seal(0);
        assert_eq!(ledger.latencies.samples(), 1);
        assert!(near(ledger.latencies.quantile(1.0), 10_000));
        assert!(ledger.open.is_empty());
    }

    #[test]
    fn records_of_a_batch_that_was_split_count_each_for_itself() {
        let mut ledger = ledger();
        let start = Instant::now();
        ledger.begin(0, Some(start));
        for written in [true, false, true] {
            ledger.started(0, start, written);
        }
        ledger.seal(0);
        ledger.wrote(3, start + ms(4));
        ledger.lost(1, Verdict::OfBroker, || "too large".to_owned());
        ledger.settle(0, start + ms(10), true);
        assert_eq!((ledger.written, ledger.failed), (3, 1));
        ledger.refused(|| "no room".to_owned());
        assert_eq!((ledger.failed, ledger.answered, ledger.given_up), (2, 4, 0));
        assert_eq!(ledger.latencies.samples(), 3);
        assert_eq!(ledger.last_written, Some(start + ms(4)));
    }

    #[test]
    fn what_failed_has_no_latency_and_the_first_reason_is_kept() {
        let mut ledger = ledger();
        let now = Instant::now();
        for batch in 0..2 {
            ledger.begin(batch, Some(now));
            ledger.started(batch, now, false);
            ledger.lost(7, Verdict::OfProducer, || format!("reason {batch}"));
            ledger.settle(batch, now, false);
            ledger.seal(batch);
        }
        assert_eq!((ledger.written, ledger.failed), (0, 14));
        assert_eq!((ledger.answered, ledger.given_up), (0, 14));
        assert_eq!(ledger.first_error.as_deref(), Some("reason 0"));
        assert_eq!(ledger.latencies.samples(), 0);
        assert_eq!(ledger.last_written, None);
        assert!(ledger.open.is_empty());
    }
}
