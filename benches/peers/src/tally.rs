//! What became of the records, and when: counts, sampled latencies, the time of the last outcome.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::job::{Job, Pace};

/// At full speed the latency of one record in so many is measured.
const SAMPLE: u64 = 100;

/// Shared by the loop that sends and whoever hears of the outcomes.
#[derive(Debug)]
pub struct Tally {
    start: Instant,
    pace: Pace,
    warmup: u64,
    /// How many outcomes there will be.
    records: u64,
    counts: Apart<Counts>,
    first_error: Mutex<Option<String>>,
    /// In microseconds.
    latencies: Mutex<Vec<u32>>,
}

/// What the hearers of outcomes write for each record, on cache lines that nobody else reads: the
/// loop that sends would otherwise pay for them, and differently for each client.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    failed: AtomicU64,
    /// Nanoseconds from the start to the last outcome.
    end: AtomicU64,
}

impl Tally {
    /// Starts the clock.
    #[must_use]
    pub fn start(job: &Job) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            pace: job.pace,
            warmup: job.warmup,
            records: job.records,
            counts: Apart::default(),
            first_error: Mutex::new(None),
            latencies: Mutex::new(Vec::new()),
        })
    }

    /// Sleeps until the `n`th record is due. Returns the time its latency runs from, in nanoseconds
    /// since the start; 0 if it is not measured.
    pub fn due(&self, n: u64) -> u64 {
        let stamp = match self.pace {
            Pace::Full if n.is_multiple_of(SAMPLE) => self.now(),
            Pace::Full => return 0,
            Pace::OneByOne(rate) => {
                self.sleep_until(due(n, rate));
                self.now()
            }
            // From the intended start: a stall counts for all that it held up.
            Pace::Open(rate) => {
                self.sleep_until(due(n, rate));
                due(n, rate)
            }
        };
        if n < self.warmup { 0 } else { stamp.max(1) }
    }

    /// Takes in one outcome.
    pub fn outcome(&self, stamp: u64, outcome: Result<(), String>) {
        if stamp > 0 {
            let micros = self.now().saturating_sub(stamp) / 1_000;
            let mut latencies = self
                .latencies
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
        let counter = match outcome {
            Ok(()) => &self.counts.0.written,
            Err(error) => {
                let first = self.first_error.lock();
                first
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert(error);
                &self.counts.0.failed
            }
        };
        counter.fetch_add(1, Ordering::AcqRel);
        if self.is_complete() {
            self.counts.0.end.fetch_max(self.now(), Ordering::AcqRel);
        }
    }

    /// Takes in the good outcome of many.
    pub fn written(&self, records: u64) {
        self.counts.0.written.fetch_add(records, Ordering::AcqRel);
        if self.is_complete() {
            self.counts.0.end.fetch_max(self.now(), Ordering::AcqRel);
        }
    }

    /// Whether every outcome is known.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let Apart(counts) = &self.counts;
        let written = counts.written.load(Ordering::Acquire);
        written + counts.failed.load(Ordering::Acquire) >= self.records
    }

    /// The report of a producer whose records were all of this size.
    ///
    /// # Errors
    /// When a record failed, or an outcome is missing.
    pub fn report(&self, size: usize) -> Result<Report, String> {
        let written = self.counts.0.written.load(Ordering::Acquire);
        if written < self.records {
            let first = self
                .first_error
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let why = first
                .clone()
                .unwrap_or_else(|| "their outcome never came".to_owned());
            return Err(format!(
                "{} of {} records: {why}",
                self.records - written,
                self.records
            ));
        }
        let mut latencies = self
            .latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        latencies.sort_unstable();
        Ok(Report {
            records: written,
            bytes: written * u64::try_from(size).unwrap_or(0),
            elapsed: Duration::from_nanos(self.counts.0.end.load(Ordering::Acquire)),
            latency_us: latencies.clone(),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn sleep_until(&self, due: u64) {
        let wait = due.saturating_sub(self.now());
        if wait > 0 {
            // A timer of a runtime is a millisecond late, a thread 0.05 ms.
            thread::sleep(Duration::from_nanos(wait));
        }
    }
}

/// When the `n`th record is due, in nanoseconds.
fn due(n: u64, rate: u64) -> u64 {
    let nanos = u128::from(n) * 1_000_000_000 / u128::from(rate.max(1));
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// The figures of a run.
#[derive(Debug)]
pub struct Report {
    /// Acknowledged, or read.
    pub records: u64,
    /// Of their values.
    pub bytes: u64,
    /// From the first send to the last acknowledgement, or from the first record to the last.
    pub elapsed: Duration,
    /// Sorted.
    pub latency_us: Vec<u32>,
}

impl Report {
    /// Writes the line that the caller of the program waits for.
    pub fn print(&self) {
        let quantile = |share: f64| {
            let last = self.latency_us.len().saturating_sub(1);
            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an index of some millions at most"
            )]
            let at = (share * last as f64).round() as usize;
            let value = self.latency_us.get(at);
            value.map_or_else(|| "null".to_owned(), ToString::to_string)
        };
        println!(
            "{{\"records\":{},\"bytes\":{},\"elapsed_s\":{:.6},\
             \"latency_us\":{{\"p50\":{},\"p99\":{}}},\"latency_samples\":{}}}",
            self.records,
            self.bytes,
            self.elapsed.as_secs_f64(),
            quantile(0.5),
            quantile(0.99),
            self.latency_us.len(),
        );
    }
}
