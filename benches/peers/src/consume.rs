//! The count of a consumer.

use std::time::{Duration, Instant};

use crate::job::Job;
use crate::tally::Report;

/// How far the reading is.
#[derive(Debug)]
pub struct Reading {
    left: u64,
    records: u64,
    bytes: u64,
    first: Option<Instant>,
    elapsed: Duration,
}

impl Reading {
    /// Nothing yet.
    #[must_use]
    pub fn new(job: &Job) -> Self {
        Self {
            left: job.records,
            records: 0,
            bytes: 0,
            first: None,
            elapsed: Duration::ZERO,
        }
    }

    /// Takes in the values of a poll.
    pub fn take<'a>(&mut self, values: impl Iterator<Item = Option<&'a [u8]>>) {
        let first = *self.first.get_or_insert_with(Instant::now);
        let (mut count, mut bytes) = (0, 0);
        for value in values {
            count += 1;
            bytes += value.map_or(0, <[u8]>::len);
        }
        self.records += count;
        self.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(count);
        if self.left == 0 {
            self.elapsed = first.elapsed();
        }
    }

    /// Whether all are there.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.left == 0
    }

    /// The report.
    #[must_use]
    pub fn report(&self) -> Report {
        Report {
            records: self.records,
            bytes: self.bytes,
            elapsed: self.elapsed,
            latency_us: Vec::new(),
        }
    }
}
