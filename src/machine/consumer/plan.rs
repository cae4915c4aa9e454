//! What goes in and out of a [`Fetcher`](super::Fetcher).

use super::frames::Frame;
use super::positions::Place;
use super::session::SessionStep;
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition, Uuid};
use crate::machine::metadata::ClusterMetadata;

/// Limits on what is asked for at once, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchLimits {
    /// Of all partitions together: fetched and not handed out, and under way.
    pub(crate) budget: usize,
    /// Of one answer.
    pub(crate) max_bytes: usize,
    /// Of one partition in one answer.
    pub(crate) partition_max_bytes: usize,
    /// A partition that holds this much, or its share of the budget, is not asked for.
    pub(crate) ahead: usize,
}

/// Who leads a partition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Leader {
    pub(crate) id: BrokerId,
    pub(crate) epoch: LeaderEpoch,
    /// The topic's id; zero where the cluster does not say.
    pub(crate) topic_id: Uuid,
}

/// What the fetcher has to know of the cluster.
pub(crate) trait Cluster {
    /// The leader of a partition, if it is known and there.
    fn leader(&self, at: &TopicPartition) -> Option<Leader>;

    /// Whether there is such a broker.
    fn has(&self, broker: BrokerId) -> bool;
}

impl Cluster for ClusterMetadata {
    fn leader(&self, at: &TopicPartition) -> Option<Leader> {
        let topic = self.topic(&at.topic)?;
        let (id, epoch) = self.leader(&at.topic, at.partition)?;
        let topic_id = topic.id.0;
        Some(Leader {
            id,
            epoch,
            topic_id,
        })
    }

    fn has(&self, broker: BrokerId) -> bool {
        self.nodes.contains_key(&broker)
    }
}

/// One batch that was fetched: `T` is what the consumer keeps of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fetched<T> {
    pub(crate) batch: T,
    /// The offset after its last record, gaps by compaction included.
    pub(crate) next_offset: i64,
    /// Its part of the answer.
    pub(crate) bytes: usize,
    /// That of the leader that appended it.
    pub(crate) epoch: LeaderEpoch,
}

/// What an answer says of one partition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer<T> {
    /// In order.
    pub(crate) batches: Vec<Fetched<T>>,
    /// The place that it passed as a whole, what the user never sees included.
    pub(crate) passed: Place,
    pub(crate) high_watermark: i64,
    /// Up to where a consumer may read: the high watermark, or the last stable offset.
    pub(crate) end: i64,
    /// The size of the whole answer, of all partitions: each batch keeps all of it in memory.
    pub(crate) frame_bytes: usize,
}

/// One partition of a fetch request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Planned {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) leader: Leader,
    pub(crate) generation: u64,
    /// Whether the request names it; if not, the broker knows it from an earlier one.
    pub(crate) listed: bool,
}

/// One fetch request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FetchPlan {
    pub(crate) broker: BrokerId,
    pub(crate) session: SessionStep,
    pub(crate) max_bytes: usize,
    pub(crate) partition_max_bytes: usize,
    /// The answer should come soon: a partition of this broker that is left out may be wanted
    /// again at any moment.
    pub(crate) brief: bool,
    /// The leader itself is wanted, whatever replica is closer (KIP-392).
    pub(crate) leader_only: bool,
    /// A broker fills its answer in this order, so the one that waited longest for data is first.
    pub(crate) partitions: Vec<Planned>,
}

/// What a partition hands out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Handed<T> {
    pub(crate) partition: TopicPartition,
    /// Records before it were asked to be skipped: a batch may begin before the position.
    pub(crate) from: Place,
    pub(crate) batch: Fetched<T>,
    pub(super) frame: Frame,
    pub(super) live: usize,
    /// To tell, when a part comes back, whether the user has moved the partition meanwhile.
    pub(super) place: u64,
    /// The log that it is of.
    pub(super) log: u64,
}
