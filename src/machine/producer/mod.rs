//! The producer's decisions: which partition, which batch, what to send when, and what an answer
//! means for the records it is about.

mod accumulator;
mod answers;
mod batch;
mod partitioner;
mod queue;
mod receipt;

pub(crate) use accumulator::{Accumulator, AccumulatorSettings, Drained};
pub(crate) use batch::{Answer, BatchId, Finished, Outcome};
pub use partitioner::{Partitioner, Partitions};
pub(crate) use partitioner::{Sticky, partition_for_key};
pub(crate) use receipt::Refused;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
