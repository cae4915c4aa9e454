//! Groups of whole clients, one suite for two places: the mock cluster and a real broker.
//!
//! A scenario uses the public API alone, and judges by what both places can tell: what was read,
//! what the listener was told, what the group committed, how it is described. So it runs unchanged
//! on the mock, in virtual time, and on Kafka, in real time; and what holds there only because the
//! mock is lenient fails. `scenarios!` makes a test of each scenario, protocol and place:
//! `cargo test --test scenarios on_the_mock` needs no broker, and `support` says which variables
//! `on_kafka` wants. No scenario measures time; limits are for what is stuck.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails may panic"
)]

mod begun;
mod churn;
mod commits;
mod members;
mod place;
mod scene;
mod sharing;
#[path = "../sim/support.rs"]
#[allow(dead_code, reason = "the simulations use the rest")]
mod sim;
#[path = "../broker/support.rs"]
#[allow(dead_code, reason = "the tests of real brokers use the rest")]
mod support;
mod topics;
