//! A pure-Rust, async Apache Kafka client.

#![forbid(unsafe_code)]

pub mod config;
mod env;
mod error;
mod ids;
pub mod protocol;
pub mod record;

mod cluster;
mod consumer;
mod machine;
#[cfg(feature = "mock")]
pub mod mock;
mod net;
mod producer;

pub use env::{Env, Environment};
pub use error::{Error, ErrorCode, ErrorKind, Result, WriteStatus};
pub use ids::{
    BrokerId, CorrelationId, LeaderEpoch, ProducerEpoch, ProducerId, TopicId, TopicPartition, Uuid,
};
pub use net::{BoxFuture, BoxStream, ByteStream, Connector, TcpConnector};
