//! [`ConsumerMetrics`]: what a consumer has done and what it holds, counted and not sampled.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::inner::Inner;
use crate::ids::TopicPartition;

/// A consumer's numbers at one moment, from [`Consumer::metrics`](crate::Consumer::metrics). Those
/// that count never go back.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ConsumerMetrics {
    /// Records that were handed out.
    pub records: u64,
    /// Fetches that were answered.
    pub fetches: u64,
    /// Fetches that failed as a whole: no connection, no answer, or a refusal.
    pub failed_fetches: u64,
    /// Bytes of records that fetches brought, as the broker sent them.
    pub fetched_bytes: u64,
    /// How often the group has said what this member has, be it the same as before or nothing.
    pub assignments: u64,
    /// Requests to commit that the coordinator confirmed, for all that they carried.
    pub commits: u64,
    /// Requests to commit that were refused or lost, as a whole or for some partitions.
    pub failed_commits: u64,
    /// Bytes of memory that records hold which wait to be taken.
    pub buffered_bytes: usize,
    /// Bytes that fetches under way may bring.
    pub reserved_bytes: usize,
    /// The most that both may be (`queued.max.messages.kbytes`), but for one oversized batch.
    pub budget_bytes: usize,
    /// By partition that is assigned now.
    pub partitions: BTreeMap<TopicPartition, PartitionMetrics>,
}

/// One partition's part of [`ConsumerMetrics`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PartitionMetrics {
    /// The offset of the next record handed out, once it is known.
    pub position: Option<i64>,
    /// Up to where it may be read, as of the last answer: the high watermark, or with
    /// `read_committed` the last stable offset.
    pub end: Option<i64>,
    /// How far the position is from that, in offsets.
    pub lag: Option<i64>,
    /// Bytes of the broker's answers that wait to be taken.
    pub buffered_bytes: usize,
    /// Whether it is paused.
    pub is_paused: bool,
}

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    records: AtomicU64,
    fetches: AtomicU64,
    failed_fetches: AtomicU64,
    fetched_bytes: AtomicU64,
    assignments: AtomicU64,
    commits: AtomicU64,
    failed_commits: AtomicU64,
}

impl Counters {
    pub(super) fn handed_out(&self, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.records.fetch_add(records, Relaxed);
    }

    pub(super) fn fetched(&self, bytes: usize) {
        self.fetches.fetch_add(1, Relaxed);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.fetched_bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn assigned(&self) {
        self.assignments.fetch_add(1, Relaxed);
    }

    pub(super) fn committed(&self, whole: bool) {
        let counter = if whole {
            &self.commits
        } else {
            &self.failed_commits
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed_fetches.fetch_add(1, Relaxed);
    }
}

impl Inner {
    pub(super) fn metrics(&self) -> ConsumerMetrics {
        let counters = &self.counters;
        let fetcher = self.fetcher();
        let (buffered_bytes, reserved_bytes) = fetcher.memory();
        let partition = |at: &TopicPartition| PartitionMetrics {
            position: fetcher.position(at).map(|place| place.offset),
            end: fetcher.end(at),
            lag: fetcher.lag(at),
            buffered_bytes: fetcher.held(at),
            is_paused: fetcher.is_paused(at),
        };
        ConsumerMetrics {
            records: counters.records.load(Relaxed),
            fetches: counters.fetches.load(Relaxed),
            failed_fetches: counters.failed_fetches.load(Relaxed),
            fetched_bytes: counters.fetched_bytes.load(Relaxed),
            assignments: counters.assignments.load(Relaxed),
            commits: counters.commits.load(Relaxed),
            failed_commits: counters.failed_commits.load(Relaxed),
            buffered_bytes,
            reserved_bytes,
            budget_bytes: self.config.prefetch_memory,
            partitions: fetcher
                .assignment()
                .map(|at| (at.clone(), partition(at)))
                .collect(),
        }
    }
}
