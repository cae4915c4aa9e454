//! The shared [`Client`]: its picture of the cluster, its control connections, calls with retries.
//!
//! One task per client asks for metadata, when [`MetadataMachine`](crate::machine::metadata) says
//! so; everybody else reads the snapshot. Producers and consumers have [`Brokers`] of their own, so
//! that no two kinds of traffic share a socket.

mod brokers;
mod call;
mod calls;
mod client;
mod coordinator;
mod metadata;
mod shared;

pub(crate) use crate::net::now;
pub(crate) use brokers::Brokers;
pub(crate) use call::{Deadline, Target};
pub(crate) use calls::Calls;
pub use client::{Client, ClientBuilder};
pub(crate) use coordinator::Committed;
pub(crate) use shared::{LAG_MAX, Shared, no_such_partition};
