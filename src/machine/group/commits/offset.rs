//! What is committed of a partition.

use std::collections::BTreeMap;

use crate::ids::{LeaderEpoch, TopicPartition};

/// An offset to commit, or that was committed: that of the *next* record to read.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OffsetAndMetadata {
    /// The offset of the next record to read.
    pub offset: i64,
    /// The leader epoch of the last record read (KIP-320), by which a reader that goes on from here
    /// notices that the log was cut off; [`LeaderEpoch::NONE`] if it is not known.
    pub leader_epoch: LeaderEpoch,
    /// Anything worth remembering with it; at most `offset.metadata.max.bytes` of the broker.
    pub metadata: String,
}

impl OffsetAndMetadata {
    /// An offset without anything else.
    #[must_use]
    pub fn new(offset: i64) -> Self {
        Self {
            offset,
            leader_epoch: LeaderEpoch::NONE,
            metadata: String::new(),
        }
    }

    /// With the leader epoch of the last record read.
    #[must_use]
    pub fn leader_epoch(mut self, epoch: LeaderEpoch) -> Self {
        self.leader_epoch = epoch;
        self
    }

    /// With something worth remembering.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<String>) -> Self {
        self.metadata = metadata.into();
        self
    }
}

impl From<i64> for OffsetAndMetadata {
    fn from(offset: i64) -> Self {
        Self::new(offset)
    }
}

/// Offsets by partition.
pub(crate) type Offsets = BTreeMap<TopicPartition, OffsetAndMetadata>;
