//! The mock cluster over raw protocol: what it answers, what it refuses, how it breaks.
//!
//! No client is used, so that these tests judge the mock alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod consumer_groups;
mod epochs;
mod faults;
mod fetch;
mod followers;
mod groups;
mod metadata;
mod network;
mod offsets;
mod produce;
mod same_as_kafka;
mod support;
