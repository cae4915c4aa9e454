//! The producer: records in, acknowledgements out.
//!
//! [`Producer::enqueue`] encodes a record into its partition's batch and wakes the sender task when
//! there is something to send; the sender drains ready batches, one request per broker at a time
//! and up to `max.in.flight.requests.per.connection` of them, and settles what comes back. All
//! decisions are made in [`machine::producer`](crate::machine::producer).

mod builder;
mod call;
mod delivery;
mod enqueue;
mod handle;
mod inner;
mod interceptor;
mod ledger;
mod limits;
mod metrics;
mod obstacles;
mod outcomes;
mod partitions;
mod request;
mod sender;
mod sticky;
mod topic;
mod topic_handle;
mod topics;
mod turn;

pub use builder::ProducerBuilder;
pub use delivery::{Delivery, RecordMetadata};
pub use handle::{Producer, TryEnqueueError, TryEnqueueReason};
pub use interceptor::{ProducerInterceptor, SettledBatch};
pub use ledger::DeliveryReport;
pub use metrics::ProducerMetrics;
pub use topic_handle::ProducerTopic;
