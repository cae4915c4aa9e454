//! The offsets a group committed, and every commit there ever was.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use crate::ids::TopicPartition;

/// Commits the history keeps; the oldest go first.
const HISTORY_MAX: usize = 100_000;

/// One partition's committed offset, as the group's coordinator keeps it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CommittedOffset {
    /// The next offset to read.
    pub offset: i64,
    /// The leader epoch of the record before it, -1 if the client did not say.
    pub leader_epoch: i32,
    /// What the client wrote beside it.
    pub metadata: String,
}

/// A commit the coordinator accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CommitSeen {
    /// When, by the runtime's clock (tokio's, so virtual where time is paused).
    pub at: Instant,
    /// Who; empty for a client that is no member.
    pub member_id: String,
    /// Its generation or member epoch; -1 for a client that is no member.
    pub generation: i32,
    /// Of which partition.
    pub partition: TopicPartition,
    /// What.
    pub committed: CommittedOffset,
}

/// The committed offsets of one group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offsets {
    committed: BTreeMap<TopicPartition, CommittedOffset>,
    history: VecDeque<CommitSeen>,
}

impl Offsets {
    pub(crate) fn commit(&mut self, seen: CommitSeen) {
        self.committed
            .insert(seen.partition.clone(), seen.committed.clone());
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(seen);
    }

    pub(crate) fn get(&self, partition: &TopicPartition) -> Option<&CommittedOffset> {
        self.committed.get(partition)
    }

    pub(crate) fn all(&self) -> &BTreeMap<TopicPartition, CommittedOffset> {
        &self.committed
    }

    pub(crate) fn history(&self) -> impl Iterator<Item = &CommitSeen> {
        self.history.iter()
    }

    pub(crate) fn remove(&mut self, partition: &TopicPartition) {
        self.committed.remove(partition);
    }

    /// Forgets the offsets of a topic that was deleted.
    pub(crate) fn remove_topic(&mut self, topic: &str) {
        self.committed
            .retain(|partition, _| &*partition.topic != topic);
    }
}
