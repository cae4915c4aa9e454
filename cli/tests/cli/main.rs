//! The built binary from outside, against `tidewire mock`: what scripts and people meet.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad_brokers;
mod bad_input;
mod detour;
mod groups;
mod harness;
mod lost_brokers;
mod perf;
mod round_trip;
mod servers;
mod signals;
mod topics;
mod words;
