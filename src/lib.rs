//! A pure-Rust, async Apache Kafka client.

#![forbid(unsafe_code)]

pub mod config;
mod env;
mod error;
mod ids;
pub mod protocol;
pub mod record;

mod admin;
mod cluster;
mod consumer;
mod machine;
#[cfg(feature = "mock")]
pub mod mock;
mod net;
mod producer;

pub use admin::{Admin, ClusterDescription, NewTopic, TopicDescription, TopicListing};
pub use cluster::{Client, ClientBuilder};
pub use consumer::{Consumer, ConsumerBuilder, ConsumerRecord, Records, RecordsIter};
pub use env::{Env, Environment};
pub use error::{Error, ErrorCode, ErrorKind, Result, WriteStatus};
pub use ids::{
    BrokerId, CorrelationId, LeaderEpoch, ProducerEpoch, ProducerId, TopicId, TopicPartition, Uuid,
};
pub use machine::StartAt;
pub use machine::{ClusterMetadata, Node, PartitionMetadata, TopicMetadata};
pub use net::{BoxFuture, BoxStream, ByteStream, Connector, TcpConnector};
pub use producer::{
    CloseReport, Delivery, Producer, ProducerBuilder, RecordMetadata, TryEnqueueError,
    TryEnqueueReason,
};
pub use record::{Header, Record};
