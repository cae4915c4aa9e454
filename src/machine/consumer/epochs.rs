//! Whether a position is still in its log (KIP-320).
//!
//! An unclean election may cut off what was read. The leader epoch of the last record read tells:
//! before anything is fetched from a new leader, it is asked where that epoch ends in its log. If
//! that is before the position, the records from there on are gone, and others are or will be in
//! their place.

use std::time::Instant;

use super::fetcher::Fetcher;
use super::partition::Partition;
use super::plan::{Cluster, Leader};
use super::positions::{Place, Position};
use crate::ids::{LeaderEpoch, TopicPartition};

/// A position that may not be in the log any more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Doubtful {
    pub(crate) partition: TopicPartition,
    pub(crate) place: Place,
    pub(crate) leader: Leader,
    pub(crate) generation: u64,
}

impl<T> Fetcher<T> {
    /// Positions that the leader has to be asked about before they are fetched from.
    pub(crate) fn doubtful(&self, now: Instant, cluster: &impl Cluster) -> Vec<Doubtful> {
        let doubt = |(at, state): (&TopicPartition, &Partition<T>)| {
            let Position::At(place) = state.fetch else {
                return None;
            };
            // One that is left out for a batch there is asked about: with its end a log loses such
            // a batch, too, and what comes after is to be read.
            if place.epoch == LeaderEpoch::NONE || state.has_no_place() || !state.may_ask(now) {
                return None;
            }
            let leader = cluster.leader(at)?;
            state.must_validate(&leader).then(|| Doubtful {
                partition: at.clone(),
                place,
                leader,
                generation: state.generation,
            })
        };
        self.partitions.iter().filter_map(doubt).collect()
    }

    /// The leader answered where the position's epoch ends in its log; `None` if it cannot tell.
    /// Returns the place where the log was cut off, if it was.
    pub(crate) fn validated(&mut self, asked: &Doubtful, end: Option<Place>) -> Option<Place> {
        let state = self.current(&asked.partition, asked.generation)?;
        if state.fetch != Position::At(asked.place) {
            return None;
        }
        if let Some(end) = end.filter(|end| end.offset < asked.place.offset) {
            return Some(end);
        }
        state.validated = asked.leader.epoch;
        state.succeeded();
        None
    }

    /// Goes back to where the log was cut off; of what is buffered the batches before are kept.
    pub(crate) fn cut(&mut self, partition: &TopicPartition, generation: u64, end: Place) {
        let next = self.next_generation();
        let frames = &mut self.frames;
        let state = self.partitions.get_mut(partition);
        if let Some(state) = state.filter(|state| state.generation == generation) {
            state.cut(end, next, frames);
            state.succeeded();
        }
    }
}
