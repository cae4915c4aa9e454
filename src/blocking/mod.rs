//! For programs without async: the same client, with calls that wait on the calling thread.
//!
//! [`Client`] runs a small tokio runtime on one background thread, or uses a runtime that is there
//! already. Every call carries the limits of the async call it stands for, so none waits for ever.
//!
//! ```no_run
//! use std::time::Duration;
//! use tidewire::{Record, blocking};
//!
//! # fn run() -> tidewire::Result<()> {
//! let description = tidewire::Client::builder().bootstrap_servers("localhost:9092");
//! let client = blocking::Client::connect(description)?;
//! let producer = client.producer_with(|builder| builder.linger(Duration::from_millis(20)))?;
//! let written = producer.send(Record::to("orders").key("k").value("v"))?;
//! println!("at offset {:?}", written.offset);
//! producer.close(Duration::from_secs(10))?.into_result()?;
//!
//! let consumer = client.consumer_with(|builder| builder.group("billing").subscribe(["orders"]))?;
//! for record in &consumer.poll(Duration::from_millis(500))? {
//!     println!("{}: {:?}", record.offset(), record.value());
//! }
//! consumer.close(Duration::from_secs(10))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Not from async code
//!
//! A call that waits would hold up the thread that other tasks need, so inside an async context it
//! ends with `InvalidInput`; use the async client there. Threads that may block, such as those of
//! `tokio::task::spawn_blocking`, are fine.

mod client;
mod commits;
mod consumer;
mod listener;
mod producer;
mod reader;
mod runtime;

pub use client::Client;
pub use commits::PendingCommit;
pub use consumer::{Consumer, ConsumerIter};
pub use listener::{RebalanceListener, listener};
pub use producer::{Delivery, Producer, ProducerTopic};
pub use reader::{PartitionReader, Received};
