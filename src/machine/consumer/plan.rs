//! What goes in and out of a [`Fetcher`](super::Fetcher).

use super::frames::Frame;
use crate::ids::{BrokerId, TopicPartition};

/// Limits on what is asked for at once, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchLimits {
    /// Of all partitions together: fetched and not handed out, and under way.
    pub(crate) budget: usize,
    /// Of one answer.
    pub(crate) max_bytes: usize,
    /// Of one partition in one answer.
    pub(crate) partition_max_bytes: usize,
}

/// One batch that was fetched: `T` is what the consumer keeps of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fetched<T> {
    pub(crate) batch: T,
    /// The offset after its last record, gaps by compaction included.
    pub(crate) next_offset: i64,
}

/// What an answer says of one partition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer<T> {
    /// In order.
    pub(crate) batches: Vec<Fetched<T>>,
    /// The offset that it passed as a whole, what the user never sees included.
    pub(crate) passed: i64,
    pub(crate) high_watermark: i64,
    /// The size of the whole answer, of all partitions: each batch keeps all of it in memory.
    pub(crate) frame_bytes: usize,
}

/// One partition of a fetch request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Planned {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) generation: u64,
}

/// One fetch request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FetchPlan {
    pub(crate) broker: BrokerId,
    pub(crate) max_bytes: usize,
    pub(crate) partition_max_bytes: usize,
    /// A broker fills its answer in this order, so the one that waited longest for data is first.
    pub(crate) partitions: Vec<Planned>,
}

/// What a partition hands out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Handed<T> {
    pub(crate) partition: TopicPartition,
    /// Records before it were asked to be skipped: a batch may begin before the position.
    pub(crate) from: i64,
    pub(crate) batch: Fetched<T>,
    pub(super) frame: Frame,
    /// To tell, when a part comes back, whether the user has moved the partition meanwhile.
    pub(super) place: u64,
}
