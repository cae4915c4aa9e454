//! A consumer group, seen from one member: which partitions it has, how they come and go, what it
//! commits. Pure.
//!
//! [`classic`] is a member of the classic protocol, where members assign (eager, or cooperative as
//! in KIP-429; static as in KIP-345), [`consumer`] one of the protocol where the coordinator does
//! (KIP-848), [`membership`] either of them. [`handover`] is what both have in common: the order in
//! which partitions are given up and taken over. [`ledger`] is what was committed, and which step
//! of a handover waits for it.
//!
//! [`assignor`] holds what the leader of a classic group runs.
//!
//! What always holds:
//! - A partition is handed out only between its release and the moment it is held or taken.
//! - *Revoked* and *lost* are different things. What is revoked can still be committed; what is
//!   lost may have a new owner, so nothing is committed for it, ever.
//! - An answer counts only for the membership it was asked in: a late one changes nothing.

pub mod assignor;
pub(crate) mod assignors;
pub(crate) mod classic;
pub(crate) mod commits;
mod common;
pub(crate) mod consumer;
pub(crate) mod handover;
pub(crate) mod ledger;
pub(crate) mod membership;
mod topology;
mod trouble;

pub(crate) use handover::{Act, Event, Handover, Limit, Partitions};
pub(crate) use membership::{Answer, Ask, Call, Membership, Standing, Wanted};
pub(crate) use topology::Topology;

#[cfg(test)]
mod world;
