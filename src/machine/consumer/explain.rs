//! Why a partition is where it is: one answer for each thing that a fetch may wait for.

use std::fmt;
use std::time::{Duration, Instant};

use super::fetcher::Fetcher;
use super::plan::Cluster;
use super::positions::{Position, StartAt};
use crate::error::Error;
use crate::ids::{BrokerId, TopicPartition};

/// What a partition waits for, from [`Consumer::explain`](crate::Consumer::explain).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PartitionStatus {
    /// Records wait to be taken, by a poll, `recv` or the partition's own stream.
    Ready {
        /// How many bytes of the broker's answers.
        bytes: usize,
    },
    /// It was paused, and not resumed.
    Paused,
    /// It changes hands in the group's rebalance: it goes on when the listener is done, or another
    /// member gets it.
    Rebalancing,
    /// It cannot go on without the user: the next poll returns this error.
    Failed(Error),
    /// It cannot go on without the user, who was told this: seek past it.
    Blocked(Error),
    /// Something failed, and is tried again after a pause.
    BackingOff {
        /// How long it pauses still.
        left: Duration,
        /// What failed last.
        error: Error,
    },
    /// No broker leads it, or the metadata does not say who.
    NoLeader,
    /// The leader is being asked which offset this place is; for
    /// [`Committed`](StartAt::Committed), the group's coordinator.
    LookingUp(StartAt),
    /// The leader is new, and is being asked whether its log has the position (KIP-320).
    Validating {
        /// The leader.
        leader: BrokerId,
    },
    /// Fetches from this broker failed, and pause.
    BrokerBackingOff {
        /// The broker.
        broker: BrokerId,
        /// How long it pauses still.
        left: Duration,
    },
    /// A fetch is under way, and has brought nothing yet.
    Fetching {
        /// The broker that is asked: the leader, or a closer replica (KIP-392).
        broker: BrokerId,
        /// Whether the partition was read to its end, as far as is known.
        at_end: bool,
    },
    /// Nobody takes the records of another partition of the same broker, which is therefore not
    /// asked. Take them, pause that partition, or give this one a stream of its own.
    HeldBack {
        /// The broker.
        broker: BrokerId,
        /// The other partition.
        by: TopicPartition,
    },
    /// The records that wait to be taken, of all partitions, leave too little of
    /// `queued.max.messages.kbytes` for another fetch.
    NoRoom {
        /// How many bytes are held or on their way, whole answers counted.
        bytes: usize,
    },
    /// It is about to be asked for.
    Due {
        /// The broker to be asked.
        broker: BrokerId,
    },
}

impl fmt::Display for PartitionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready { bytes } => write!(f, "{bytes} bytes of records wait to be taken"),
            Self::Paused => write!(f, "paused"),
            Self::Rebalancing => write!(f, "it changes hands: the group is rebalancing"),
            Self::Failed(error) => write!(f, "the next poll returns an error: {error}"),
            Self::Blocked(error) => write!(f, "left out until it is sought: {error}"),
            Self::BackingOff { left, error } => {
                write!(f, "tried again in {} ms: {error}", left.as_millis())
            }
            Self::NoLeader => write!(f, "no leader is known"),
            Self::LookingUp(StartAt::Committed) => {
                write!(f, "the coordinator is asked what the group has committed")
            }
            Self::LookingUp(place) => write!(f, "the offset of {place:?} is being looked up"),
            Self::Validating { leader } => {
                write!(
                    f,
                    "broker {leader} is asked whether its log has the position"
                )
            }
            Self::BrokerBackingOff { broker, left } => {
                let ms = left.as_millis();
                write!(
                    f,
                    "fetches from broker {broker} failed; the next is in {ms} ms"
                )
            }
            Self::Fetching { broker, at_end } => {
                let end = if *at_end { ", at its end" } else { "" };
                write!(f, "a fetch from broker {broker} is under way{end}")
            }
            Self::HeldBack { broker, by } => {
                write!(
                    f,
                    "broker {broker} is not asked: nobody takes the records of {by}"
                )
            }
            Self::NoRoom { bytes } => write!(f, "{bytes} bytes that nobody takes leave no room"),
            Self::Due { broker } => write!(f, "broker {broker} is about to be asked"),
        }
    }
}

impl<T> Fetcher<T> {
    /// What a partition waits for; `None` if it is not assigned.
    pub(crate) fn explain(
        &self,
        now: Instant,
        at: &TopicPartition,
        cluster: &impl Cluster,
    ) -> Option<PartitionStatus> {
        let state = self.partitions.get(at)?;
        if state.is_paused() {
            return Some(PartitionStatus::Paused);
        }
        if state.held {
            return Some(PartitionStatus::Rebalancing);
        }
        if state.has_records() {
            let bytes = state.bytes;
            return Some(PartitionStatus::Ready { bytes });
        }
        if let Some(error) = &state.failed {
            return Some(PartitionStatus::Failed(error.clone()));
        }
        if let Some(error) = state.blocked() {
            return Some(PartitionStatus::Blocked(error.clone()));
        }
        let wait = state.not_before.filter(|until| now < *until);
        if let Some((until, error)) = wait.zip(state.last_failure.clone()) {
            let left = until - now;
            return Some(PartitionStatus::BackingOff { left, error });
        }
        if state.fetch == Position::Unresolved(StartAt::Committed) {
            return Some(PartitionStatus::LookingUp(StartAt::Committed));
        }
        let Some(leader) = cluster.leader(at) else {
            return Some(PartitionStatus::NoLeader);
        };
        if let Position::Unresolved(place) = state.fetch {
            return Some(PartitionStatus::LookingUp(place));
        }
        match state.source(now, at, cluster) {
            Some((place, broker, _)) => {
                let at_end = state.end.is_some_and(|end| place.offset >= end);
                let polled = state.split.is_none();
                Some(self.explain_broker(now, broker, (at_end, polled), cluster))
            }
            None => Some(PartitionStatus::Validating { leader: leader.id }),
        }
    }

    fn explain_broker(
        &self,
        now: Instant,
        broker: BrokerId,
        (at_end, polled): (bool, bool),
        cluster: &impl Cluster,
    ) -> PartitionStatus {
        let state = self.brokers.get(&broker);
        if state.is_some_and(|state| state.in_flight) {
            return PartitionStatus::Fetching { broker, at_end };
        }
        let wait = state.and_then(|state| state.not_before);
        if let Some(until) = wait.filter(|until| now < *until) {
            let left = until - now;
            return PartitionStatus::BrokerBackingOff { broker, left };
        }
        if let Some(by) = self.held_back(now, broker, polled, cluster) {
            return PartitionStatus::HeldBack { broker, by };
        }
        // Beyond that, what is paused makes room.
        let kept = Some(self.kept()).filter(|kept| *kept <= self.kept_max());
        let brokers = self.sources(now, cluster).len();
        if kept.is_some_and(|kept| self.shares(kept, brokers).is_none()) {
            let bytes = self.buffered() + self.reserved() + self.opened;
            return PartitionStatus::NoRoom { bytes };
        }
        PartitionStatus::Due { broker }
    }

    /// A partition of a broker that is held back, and holds up one that is `polled` or a stream's.
    fn held_back(
        &self,
        now: Instant,
        broker: BrokerId,
        polled: bool,
        cluster: &impl Cluster,
    ) -> Option<TopicPartition> {
        if self.open(now, broker, cluster).is_some() {
            return None;
        }
        let ahead = self.ahead();
        let held = self.partitions.iter().find(|(at, state)| {
            let source = state.source(now, at, cluster);
            let counts = !polled || state.split.is_none();
            state.bytes >= ahead && counts && source.is_some_and(|(_, source, _)| source == broker)
        });
        held.map(|(at, _)| at.clone())
    }
}
