//! What the choice of a partition for records without a key goes by (KIP-794): how long it holds,
//! how much waits for each partition, and since when brokers have stood still.
//!
//! Whoever makes the choice reads all that without a lock: it may be out of date, but never by more
//! than the sender's next turn.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::partitions::Partition;
use crate::cluster::now;
use crate::config::ProducerConfig;
use crate::ids::BrokerId;
use crate::machine::producer::READY_SIZE;

/// Since when a broker has stood still, in nanoseconds of the producer's time; 0 while it does not.
#[derive(Debug, Default)]
pub(super) struct Since(AtomicU64);

/// See the module's page.
#[derive(Debug)]
pub(super) struct Stickiness {
    /// After so many bytes another partition is chosen.
    pub(super) switch_after: usize,
    adaptive: bool,
    /// A broker that stands still for longer is kept away from.
    patience: Option<Duration>,
    /// When the producer's time began.
    began: Instant,
    brokers: Mutex<BTreeMap<BrokerId, Arc<Since>>>,
}

impl Stickiness {
    pub(super) fn new(config: &ProducerConfig) -> Self {
        let timeout = config.partitioner_availability_timeout;
        let has_patience = config.partitioner_adaptive && !timeout.is_zero();
        Self {
            switch_after: config.batch_size.unwrap_or(READY_SIZE).max(1),
            adaptive: config.partitioner_adaptive,
            // A partition may wait for its own `linger.ms` meanwhile, and not for the broker.
            patience: has_patience.then(|| timeout.saturating_add(config.linger)),
            began: now(),
            brokers: Mutex::default(),
        }
    }

    /// Whether it matters since when brokers have stood still.
    pub(super) fn watches_brokers(&self) -> bool {
        self.patience.is_some()
    }

    /// Where to read since when a broker has stood still.
    pub(super) fn broker(&self, id: BrokerId) -> Arc<Since> {
        let mut brokers = self.brokers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(brokers.entry(id).or_default())
    }

    /// A broker stands still since then, or not at all.
    pub(super) fn set_standing(&self, id: BrokerId, since: Option<Instant>) {
        let since = since.map_or(0, |since| self.nanos(since).max(1));
        self.broker(id).0.store(since, Ordering::Relaxed);
    }

    /// A broker that stands still since before this is kept away from.
    pub(super) fn limit(&self) -> u64 {
        let limit = |patience| now().checked_sub(patience);
        let limit = self.patience.and_then(limit);
        limit.map_or(0, |limit| self.nanos(limit))
    }

    /// How much waits for a partition, in turns of the sticky choice; `None` where its broker has
    /// stood still since before `limit`.
    pub(super) fn load(
        &self,
        partition: &Partition,
        broker: Option<&Arc<Since>>,
        limit: u64,
    ) -> Option<u32> {
        let since = broker.map_or(0, |since| since.0.load(Ordering::Relaxed));
        if since != 0 && since < limit {
            return None;
        }
        if !self.adaptive {
            return Some(0);
        }
        let turns = partition.waiting_bytes() / self.switch_after;
        Some(u32::try_from(turns).unwrap_or(u32::MAX))
    }

    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.began);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}
