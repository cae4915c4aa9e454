//! The producer's decisions: which partition, which batch, what to send when, and what an answer
//! means for the records it is about.

mod answers;
mod batch;
mod drain;
mod giving_up;
mod home;
mod lane;
mod line;
mod partition;
mod partitioner;
mod receipt;
mod sender;
mod sequence;
mod settings;
mod split;
mod standing;
mod totals;

pub(crate) use batch::{Answer, BatchId, Finished, Outcome, Refusal, Share};
pub(crate) use drain::{Drained, SealJob};
pub(crate) use home::Home;
pub(crate) use partition::PartitionBatches;
pub(crate) use partitioner::{Choice, next_sticky};
pub use partitioner::{Partitioner, Partitions};
pub(crate) use receipt::{Clock, Refused};
pub(crate) use sender::{LaneId, Sender, Source};
pub(crate) use settings::{BatchLimits, READY_SIZE, SenderSettings};
pub(crate) use totals::Totals;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
