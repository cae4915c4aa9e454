//! Pure state machines: time and facts in, work and the next wake-up out.
//!
//! Nothing here knows tokio, sockets, clocks or locks, so that every order of events can be played
//! by hand in a test and every random choice comes from a seed. The drivers in `net`, `producer`,
//! `consumer` and `cluster` are thin: they read the clock, feed the facts, carry out the work.

pub(crate) mod backoff;
pub(crate) mod consumer;
pub(crate) mod group;
pub(crate) mod handshake;
pub(crate) mod metadata;
pub(crate) mod pipeline;
pub(crate) mod producer;
pub(crate) mod rng;

pub use consumer::{PartitionStatus, StartAt};
pub use group::assignor;
pub use group::commits::OffsetAndMetadata;
pub use metadata::{ClusterMetadata, Node, PartitionMetadata, TopicMetadata};
pub use producer::{Partitioner, Partitions};
