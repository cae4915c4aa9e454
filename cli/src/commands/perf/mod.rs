//! `perf`: the load generator. It measures the library and spends as little as it can itself.
//!
//! Values are made beforehand, one delivery is kept per batch and not per record, and latency is
//! sampled where sending goes at full speed. At a rate, each record has its time beforehand and its
//! latency runs from there, so that a stall is counted for all records it held up (no coordinated
//! omission). `pacer`, `ledger`, `payload`, `report` and `usage` are pure; `lane` is one producer,
//! its records and their outcomes.

mod clock;
mod consume;
mod lane;
mod latency;
mod ledger;
mod pacer;
mod payload;
mod produce;
mod report;
mod usage;

use crate::args::{Global, PerfCommand};
use crate::failure::Failure;

/// Runs it.
///
/// # Errors
/// When a record failed or is missing, no broker was found, or a signal came first.
pub(crate) async fn run(global: &Global, command: PerfCommand) -> Result<(), Failure> {
    match command {
        PerfCommand::Produce(args) => produce::run(global, args).await,
        PerfCommand::Consume(args) => consume::run(global, args).await,
        PerfCommand::Roundtrip(_) => Err(Failure::not_built("perf roundtrip")),
    }
}
