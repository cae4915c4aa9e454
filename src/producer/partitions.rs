//! The partitions that a producer has met, each with the batches that take its records behind a
//! lock of its own.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, TryLockError};

use super::delivery::Completion;
use crate::ids::TopicPartition;
use crate::machine::producer::{LaneId, PartitionBatches, Source};

/// What the lock of one partition guards.
#[derive(Debug, Default)]
pub(super) struct Filling {
    pub(super) batches: PartitionBatches<Arc<Completion>>,
    /// Bytes since it became the partition for records without a key.
    pub(super) sticky_bytes: usize,
}

/// One partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) at: TopicPartition,
    pub(super) lane: LaneId,
    /// Bytes that wait to be sent, for who has not got the lock.
    waiting: AtomicUsize,
    filling: Mutex<Filling>,
}

impl Partition {
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, Filling> {
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those without the lock how much waits; whoever changed that calls it before giving the
    /// lock back.
    #[inline]
    pub(super) fn tell_waiting(&self, filling: &Filling) {
        let bytes = filling.batches.bytes();
        self.waiting.store(bytes, Ordering::Relaxed);
    }

    /// Bytes that wait to be sent, or did a moment ago.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The lock, if nobody has it.
    #[inline]
    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, Filling>> {
        match self.filling.try_lock() {
            Ok(filling) => Some(filling),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// All partitions, by lane. None is ever taken out, and none is there twice: a partition's place in
/// the producer's sequence must not be forgotten.
#[derive(Debug, Default)]
pub(super) struct Partitions(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    by_lane: Vec<Arc<Partition>>,
    /// Also those that their topic has not any more: it was made anew with fewer.
    by_topic: HashMap<Arc<str>, BTreeMap<i32, Arc<Partition>>>,
    /// Whether no partition takes records any more, one that is added later neither.
    closed: bool,
}

impl Partitions {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The partition, which is added if it was not there before.
    pub(super) fn get_or_add(&self, at: TopicPartition) -> Arc<Partition> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = all.by_topic.get(&at.topic);
        if let Some(known) = known.and_then(|topic| topic.get(&at.partition)) {
            return Arc::clone(known);
        }
        let lane = LaneId(u32::try_from(all.by_lane.len()).unwrap_or(u32::MAX));
        let partition = Arc::new(Partition {
            at: at.clone(),
            lane,
            waiting: AtomicUsize::new(0),
            filling: Mutex::default(),
        });
        if all.closed {
            partition.lock().batches.close();
        }
        all.by_lane.push(Arc::clone(&partition));
        let of_topic = all.by_topic.entry(Arc::clone(&at.topic)).or_default();
        of_topic.insert(at.partition, Arc::clone(&partition));
        partition
    }

    /// The lanes of all partitions that a topic has, or had.
    pub(super) fn lanes_of(&self, topic: &str) -> Vec<LaneId> {
        let all = self.read();
        let of_topic = all.by_topic.get(topic).into_iter().flatten();
        of_topic.map(|(_, partition)| partition.lane).collect()
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.read().by_lane.len()).unwrap_or(u32::MAX)
    }

    /// Lets partitions that are added from now on take no records, and says how many there are
    /// already.
    pub(super) fn close(&self) -> u32 {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.closed = true;
        u32::try_from(all.by_lane.len()).unwrap_or(u32::MAX)
    }

    fn get(&self, lane: LaneId) -> Option<Arc<Partition>> {
        let lane = usize::try_from(lane.0).ok()?;
        self.read().by_lane.get(lane).map(Arc::clone)
    }
}

impl Source<Arc<Completion>> for Partitions {
    fn place(&self, lane: LaneId) -> Option<TopicPartition> {
        self.get(lane).map(|partition| partition.at.clone())
    }

    fn batches<R>(
        &self,
        lane: LaneId,
        look: impl FnOnce(&mut PartitionBatches<Arc<Completion>>) -> R,
    ) -> Option<R> {
        let partition = self.get(lane)?;
        let mut filling = partition.lock();
        let seen = look(&mut filling.batches);
        partition.tell_waiting(&filling);
        Some(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_has_one_lane_however_often_it_is_met() {
        let all = Partitions::default();
        let first = all.get_or_add(TopicPartition::new("t", 3));
        let other = all.get_or_add(TopicPartition::new("t", 4));
        let again = all.get_or_add(TopicPartition::new("t", 3));
        assert!(Arc::ptr_eq(&first, &again));
        assert_ne!(first.lane, other.lane);
        assert_eq!(all.count(), 2);
        all.get_or_add(TopicPartition::new("u", 3));
        assert_eq!(all.lanes_of("t"), [first.lane, other.lane]);
        assert!(all.lanes_of("v").is_empty());
    }
}
