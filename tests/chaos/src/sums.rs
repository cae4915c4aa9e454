//! What happened so far, for the line that is printed once a second.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tidewire::{Error, RecordMetadata, WriteStatus};

/// Different errors that are counted by themselves.
const ERRORS: usize = 20;

/// Counters that every task adds to.
#[derive(Debug)]
pub(crate) struct Sums {
    start: Instant,
    attempted: AtomicU64,
    acked: AtomicU64,
    not_written: AtomicU64,
    maybe_written: AtomicU64,
    /// Errors that do not say whether the record was written.
    unsaid: AtomicU64,
    hung: AtomicU64,
    /// In microseconds since the start: the last acknowledgement; the longest time without one.
    last_ack: AtomicU64,
    longest_pause: AtomicU64,
    errors: Mutex<BTreeMap<String, u64>>,
}

impl Sums {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            attempted: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            not_written: AtomicU64::new(0),
            maybe_written: AtomicU64::new(0),
            unsaid: AtomicU64::new(0),
            hung: AtomicU64::new(0),
            last_ack: AtomicU64::new(0),
            longest_pause: AtomicU64::new(0),
            errors: Mutex::default(),
        }
    }

    /// A record is about to be given to the producer.
    pub(crate) fn attempted(&self) {
        self.attempted.fetch_add(1, Relaxed);
    }

    /// A record has no outcome within the promised time.
    pub(crate) fn hung(&self) {
        self.hung.fetch_add(1, Relaxed);
    }

    /// A record has its outcome.
    pub(crate) fn settled(&self, outcome: &Result<RecordMetadata, Error>) {
        let Err(error) = outcome else {
            let now = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
            let last = self.last_ack.fetch_max(now, Relaxed);
            if last > 0 {
                self.longest_pause
                    .fetch_max(now.saturating_sub(last), Relaxed);
            }
            self.acked.fetch_add(1, Relaxed);
            return;
        };
        let count = match error.write_status() {
            Some(WriteStatus::NotWritten) => &self.not_written,
            Some(WriteStatus::MaybeWritten) => &self.maybe_written,
            None => &self.unsaid,
        };
        count.fetch_add(1, Relaxed);
        let words = format!("{:?}: {}", error.kind(), error.message());
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if errors.len() < ERRORS || errors.contains_key(&words) {
            *errors.entry(words).or_default() += 1;
        }
    }

    /// One line; the last one says `done`.
    pub(crate) fn to_json(&self, done: bool) -> String {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::json!({
            "done": done,
            "attempted": self.attempted.load(Relaxed),
            "acked": self.acked.load(Relaxed),
            "not_written": self.not_written.load(Relaxed),
            "maybe_written": self.maybe_written.load(Relaxed),
            "unsaid": self.unsaid.load(Relaxed),
            "hung": self.hung.load(Relaxed),
            "longest_pause_ms": self.longest_pause.load(Relaxed) / 1_000,
            "errors": *errors,
        })
        .to_string()
    }
}
