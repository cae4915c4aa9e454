//! The public API as users meet it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod assignor;
mod blocking;
mod blocking_consumer;
mod config;
mod config_names;
mod interceptors;
#[path = "../vectors/partitions/keys.rs"]
mod keys;
mod metrics;
mod partitioner;
mod poll;
mod reading;
mod topic_compression;
mod topic_handle;
