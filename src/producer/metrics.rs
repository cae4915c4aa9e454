//! [`ProducerMetrics`]: a producer in numbers, and where they are counted: once per batch or
//! request, never per record.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::handle::Producer;
use super::inner::Inner;
use crate::cluster::now;
use crate::error::{Error, WriteStatus};
use crate::ids::{ProducerEpoch, ProducerId};
use crate::machine::producer::Totals;

/// A producer in numbers, from [`Producer::metrics`]. Totals count from its making on and never go
/// down; the difference of two snapshots is a rate. In quotes, the name of the Java producer's
/// metric that says the same, where there is one.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProducerMetrics {
    /// Records that were put into a request for the first time. "record-send-total"
    pub records_sent: u64,
    /// Batches of them.
    pub batches_sent: u64,
    /// Their bytes before compression, headers of batches included.
    pub bytes_before_compression: u64,
    /// Their bytes on the wire, that is after compression; what was sent again does not count
    /// again. "byte-total"
    pub bytes_sent: u64,
    /// Records that were acknowledged, or sent with `acks=0`.
    pub records_written: u64,
    /// Records that failed and are not in the log. With `records_unknown`: "record-error-total"
    pub records_not_written: u64,
    /// Records that failed and may be in the log.
    pub records_unknown: u64,
    /// Batches that were acknowledged; of a batch in parts, each part.
    pub batches_written: u64,
    /// Batches that failed; of a batch in parts, each part.
    pub batches_failed: u64,
    /// How often a batch was put into a request again.
    pub batches_retried: u64,
    /// How many records these had. "record-retry-total"
    pub records_retried: u64,
    /// How often a batch was split because a broker found it too large. "batch-split-total"
    pub batches_split: u64,
    /// How often a partition was written on although acknowledged records are missing from its log
    /// ([`continue_after_gap`](crate::ProducerBuilder::continue_after_gap)).
    pub gaps_passed: u64,
    /// Produce requests that were handed to a connection. "request-total"
    pub requests_sent: u64,
    /// Those of them that have no outcome yet. "requests-in-flight"
    pub requests_in_flight: u64,
    /// Requests that were answered, for the mean of their latency.
    pub requests_answered: u64,
    /// From handing a request over to its answer, summed over those that were answered.
    pub request_latency_sum: Duration,
    /// The shortest of these; zero before the first.
    pub request_latency_min: Duration,
    /// The longest of these. "request-latency-max"
    pub request_latency_max: Duration,
    /// Bytes that the buffer may hold, `buffer.memory` in whole chunks. "buffer-total-bytes"
    pub buffer_total_bytes: usize,
    /// Bytes of it that are free. "buffer-available-bytes"
    pub buffer_available_bytes: usize,
    /// Callers that wait for room in the buffer. "waiting-threads"
    pub buffer_waiters: usize,
    /// Records in the buffer that have no outcome yet, those on the wire included.
    pub records_waiting: u64,
    /// Batches of them.
    pub batches_waiting: u64,
    /// The producer's newest id; `None` before the first, and without idempotence (KIP-98).
    pub producer_id: Option<ProducerId>,
    /// The epoch that came with it; single partitions may have moved on to later ones (KIP-360).
    pub producer_epoch: Option<ProducerEpoch>,
}

impl ProducerMetrics {
    /// Bytes on the wire for each byte before compression, 1 where nothing was sent yet.
    /// "compression-rate-avg", over the producer's whole life.
    #[must_use]
    pub fn compression_ratio(&self) -> f64 {
        if self.bytes_before_compression == 0 {
            return 1.0;
        }
        float(self.bytes_sent) / float(self.bytes_before_compression)
    }

    /// The mean latency of a request; `None` before the first answer. "request-latency-avg", over
    /// the producer's whole life.
    #[must_use]
    pub fn request_latency_mean(&self) -> Option<Duration> {
        let answered = u32::try_from(self.requests_answered).unwrap_or(u32::MAX);
        self.request_latency_sum.checked_div(answered)
    }
}

/// Exact below 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio needs no more than 15 digits"
)]
fn float(count: u64) -> f64 {
    count as f64
}

impl Producer {
    /// The producer in numbers. It looks at each partition that was ever written to, so ask for it
    /// once a second rather than once a record.
    #[must_use]
    pub fn metrics(&self) -> ProducerMetrics {
        let inner = &self.inner;
        let mut metrics = inner.meters.lock().clone();
        let (totals, identity, waiting) = {
            let sender = inner.sender();
            let waiting = sender.waiting(inner.partitions.count(), &inner.partitions);
            (sender.totals(), sender.identity(), waiting)
        };
        metrics.take_in(totals);
        (metrics.batches_waiting, metrics.records_waiting) = waiting;
        metrics.producer_id = identity.map(|(id, _)| id);
        metrics.producer_epoch = identity.map(|(_, epoch)| epoch);
        metrics.buffer_total_bytes = inner.pool.capacity();
        let used = inner.pool.used();
        metrics.buffer_available_bytes = metrics.buffer_total_bytes.saturating_sub(used);
        metrics.buffer_waiters = inner.pool.waiting();
        metrics
    }
}

impl ProducerMetrics {
    fn take_in(&mut self, totals: Totals) {
        self.records_sent = totals.records;
        self.batches_sent = totals.batches;
        self.bytes_before_compression = totals.bytes_before;
        self.bytes_sent = totals.bytes_after;
        self.batches_retried = totals.batches_again;
        self.records_retried = totals.records_again;
        self.batches_split = totals.splits;
        self.gaps_passed = totals.gaps;
    }

    /// Counts records that have their outcome.
    pub(super) fn settled(&mut self, records: u32, error: Option<&Error>) {
        let records = u64::from(records);
        let Some(error) = error else {
            self.batches_written += 1;
            self.records_written += records;
            return;
        };
        self.batches_failed += 1;
        match error.write_status() {
            Some(WriteStatus::NotWritten) => self.records_not_written += records,
            _ => self.records_unknown += records,
        }
    }
}

/// What is counted outside the sender's decisions.
#[derive(Debug, Default)]
pub(super) struct Meters(Mutex<ProducerMetrics>);

impl Meters {
    pub(super) fn lock(&self) -> MutexGuard<'_, ProducerMetrics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request on its way: in flight until this is dropped.
pub(super) struct Flight {
    inner: Arc<Inner>,
    since: Instant,
}

impl Flight {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        let mut meters = inner.meters.lock();
        meters.requests_sent += 1;
        meters.requests_in_flight += 1;
        drop(meters);
        let since = now();
        Self { inner, since }
    }

    /// The answer is here.
    pub(super) fn answered(self) {
        let took = now().saturating_duration_since(self.since);
        let mut meters = self.inner.meters.lock();
        let is_first = meters.requests_answered == 0;
        meters.requests_answered += 1;
        meters.request_latency_sum += took;
        meters.request_latency_max = meters.request_latency_max.max(took);
        if is_first || took < meters.request_latency_min {
            meters.request_latency_min = took;
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut meters = self.inner.meters.lock();
        meters.requests_in_flight = meters.requests_in_flight.saturating_sub(1);
    }
}
