//! The producer's decisions: which partition, which batch, what to send when, and what an answer
//! means for the records it is about.

mod accumulator;
mod batch;
mod partitioner;

pub(crate) use accumulator::{Accumulator, AccumulatorSettings, Drained, Refused};
pub(crate) use batch::{Answer, BatchId, Finished, Outcome};
pub(crate) use partitioner::{Sticky, partition_for_key};
