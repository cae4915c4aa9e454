//! A member of a group of the classic protocol: joins, assigns if it leads, keeps its membership
//! alive, rejoins, leaves. Pure.
//!
//! One request is under way at a time, except for the farewell. What it waits for: the user to be
//! done with records of partitions that must go, the listener, and what other members need to join.
//! Heartbeats go on through the first two.
//!
//! - Whether the group is *cooperative* (KIP-429) follows from the configured assignors alone, not
//!   from the one that a generation happened to choose: all of them must be able to.
//! - Eager: everything is given up before a join. Cooperative: the member keeps what it has,
//!   gives up what the assignment takes from it, and joins again, so that somebody else may get it.
//! - A membership ends with `UNKNOWN_MEMBER_ID`, `ILLEGAL_GENERATION`, `session.timeout.ms` without
//!   an answer, or `max.poll.interval.ms` without a poll or without the end of a listener's call
//!   (KIP-62): its partitions are *lost*.
//! - `era` names the membership; requests carry it, and so do commits (see
//!   [`Standing`](super::Standing)).

mod answers;
mod asks;
mod lead;
mod member;
mod strategies;

pub(crate) use member::{Member, Settings};
pub(crate) use strategies::{Joined, Strategies};

#[cfg(test)]
mod model;
#[cfg(test)]
mod model_coordinator;
#[cfg(test)]
mod tests;
