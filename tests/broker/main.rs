//! Tests that need a real broker. `cargo xtask test` runs them on every version we promise.
//!
//! Each test begins with `support::shared()`, or with `support::exclusive()` when it disturbs the
//! cluster, and ends there when there is no broker to be had. Witnesses are Kafka's own tools.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy sees only `#[test]` functions as tests, not what they share"
)]

mod client;
mod cluster;
mod groups;
mod isolation;
#[path = "../vectors/partitions/keys.rs"]
mod keys;
mod partitioner;
mod support;
#[path = "../mock/support.rs"]
#[allow(dead_code, reason = "half of it is for the mock")]
mod wire;
mod witness;
