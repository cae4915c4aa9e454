//! Whole clients on the mock cluster, in virtual time.
//!
//! Nothing here touches a socket or a clock: brokers are reached through pipes, time is tokio's and
//! paused, so that a minute of time-outs takes a millisecond, and clock and randomness come from
//! one seed. Most files hold named scenarios; `swarm` runs whole histories of faults from a seed,
//! and judges them by the broker's log. `SIM_SEED=n cargo test --test sim swarm` runs one again,
//! and with `RUSTFLAGS="--cfg tokio_unstable"` exactly as it was.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod asking;
mod committing;
mod compressing;
mod consuming;
mod dropping;
mod epochs;
mod fetching;
mod finding;
mod gaps;
mod giving_up;
mod group_calls;
mod groups;
mod handing_on;
mod limits;
mod losing;
mod members;
mod modern_groups;
mod network;
mod one_by_one;
mod pausing;
mod producing;
mod purging;
mod spreading;
mod support;
mod swarm;
mod too_large;
mod unreachable;
