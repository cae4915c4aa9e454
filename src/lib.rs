//! An async Apache Kafka client in pure Rust: producer, consumer, admin, and a mock cluster that
//! runs inside your tests.
//!
//! ```no_run
//! use std::time::Duration;
//! use tidewire::{Client, Record, StartAt, TopicPartition};
//!
//! # async fn run() -> tidewire::Result<()> {
//! let client = Client::builder().bootstrap_servers("localhost:9092").connect().await?;
//!
//! let producer = client.producer().build()?;
//! producer.send(Record::to("orders").key("k").value("v")).await?;
//!
//! let start = (TopicPartition::new("orders", 0), StartAt::Beginning);
//! let consumer = client.consumer().assign([start]).build().await?;
//! for record in &consumer.poll(Duration::from_millis(500)).await? {
//!     println!("{}: {:?}", record.offset(), record.value());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Everything starts from a [`Client`]; [`Producer`], [`Consumer`] and [`Admin`] are made of it.
//! Every failure is an [`Error`], which says whose fault it is and, of a write, whether the record
//! may be in the log. Names and defaults are those of the Java client, and [`config`] takes its
//! properties.
//!
//! The [`manual`] has the how-tos, the guarantees and the architecture. The layers, each of which
//! uses only those to its left:
//!
//! ```text
//! ids, error, env, config <- protocol <- record <- machine <- net <- cluster
//! cluster <- producer, consumer, admin <- blocking      protocol, record, net::Connector <- mock
//! ```
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `zstd` | yes | the zstd codec, the only part that compiles C |
//! | `mock` | no | the mock cluster, and the broker's side of every message |

#![forbid(unsafe_code)]

pub mod blocking;
pub mod config;
mod env;
mod error;
mod ids;
pub mod manual;
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

pub use admin::{
    Admin, ClusterDescription, GroupDescription, GroupListing, GroupMemberDescription, NewTopic,
    TopicDescription, TopicListing,
};
pub use cluster::{Client, ClientBuilder};
pub use consumer::{
    Consumed, Consumer, ConsumerBuilder, ConsumerInterceptor, ConsumerMetrics, ConsumerRecord,
    DetachedRecord, GroupMetadata, OffsetAndTimestamp, PartitionMetrics, PartitionStream,
    PendingCommit, RebalanceListener, RecordStream, Records, RecordsIter,
};
pub use env::{Env, Environment};
pub use error::{Error, ErrorCode, ErrorKind, Result, WriteStatus};
pub use ids::{
    BrokerId, CorrelationId, LeaderEpoch, ProducerEpoch, ProducerId, TopicId, TopicPartition, Uuid,
};
pub use machine::assignor;
pub use machine::{ClusterMetadata, Node, PartitionMetadata, TopicMetadata};
pub use machine::{OffsetAndMetadata, PartitionStatus, StartAt};
pub use machine::{Partitioner, Partitions};
pub use net::{BoxFuture, BoxStream, ByteStream, Connector, TcpConnector};
pub use producer::{
    Delivery, DeliveryReport, Producer, ProducerBuilder, ProducerInterceptor, ProducerMetrics,
    ProducerTopic, RecordMetadata, SettledBatch, TryEnqueueError, TryEnqueueReason,
};
pub use record::{Header, Record};

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
