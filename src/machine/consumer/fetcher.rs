//! What to fetch from whom, and what may be handed out. Pure.
//!
//! Each partition has two places: the *fetch position*, where the next request starts, and the
//! *consumed position*, after the last record handed out. What lies between them is the buffer.
//! A broker has one fetch in flight, which asks for every partition that may be read from it, at
//! its fetch position; the next leaves as soon as the answer is in and the budget has room for
//! another.
//!
//! Invariants:
//! - The bytes held by what is buffered, by what the poll under way has decompressed, and those
//!   that answers under way may bring, never exceed the budget by more than one batch a broker (it
//!   sends the first batch whole even if that is larger than what was asked for) and one that is
//!   handed out in part, or decompressed by a poll: its rest comes first.
//! - A partition that is stuck holds no memory, so that it cannot keep the others from going on;
//!   one that is paused holds what it has, of which [`keep`](Fetcher::keep) leaves no more than the
//!   others can spare.
//! - A position moves only when records are handed out, or by a seek, or back to where a log was
//!   cut off. A late answer (older `generation`) for a partition that was sought, dropped or asked
//!   for elsewhere meanwhile changes nothing. Generations are never used twice.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Instant;

use super::frames::Frames;
use super::holding::InHand;
use super::narrowing::Narrowing;
use super::partition::Partition;
use super::plan::FetchLimits;
use super::positions::{Place, Position, StartAt};
use super::session::Session;
use crate::error::Error;
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};
use crate::machine::backoff::{Backoff, BackoffPolicy};

#[derive(Debug, Default)]
pub(super) struct Broker {
    pub(super) reserved: usize,
    pub(super) in_flight: bool,
    /// Grows with every fetch of any broker: when this one was asked last.
    pub(super) turn: u64,
    pub(super) not_before: Option<Instant>,
    pub(super) session: Session,
    /// For a batch that is too large to be read.
    pub(super) narrowing: Option<Narrowing>,
}

/// Positions, buffer and budget of one consumer; see the module's page.
#[derive(Debug)]
pub(crate) struct Fetcher<T> {
    pub(super) limits: FetchLimits,
    pub(super) policy: BackoffPolicy,
    pub(super) seed: u64,
    pub(super) partitions: BTreeMap<TopicPartition, Partition<T>>,
    pub(super) brokers: BTreeMap<BrokerId, Broker>,
    pub(super) frames: Frames,
    /// Where the search for the next partition to hand out begins, so that none starves under a
    /// record limit.
    pub(super) turn: Bound<TopicPartition>,
    /// The user was told an error last, so that records come first now.
    pub(super) told: bool,
    /// Something was taken since the last poll's end, or an error told.
    pub(super) freed: bool,
    last_generation: u64,
    pub(super) assignments: u64,
    pub(super) redirects: u64,
    /// What the poll under way has decompressed, and not handed out yet.
    pub(super) opened: usize,
    /// Whether anything had to be decompressed so far.
    pub(super) opens: bool,
    /// Whether any partition has a stream of its own.
    pub(super) has_streams: bool,
    /// What is in the user's hands, or was when it went away.
    pub(super) busy: BTreeMap<TopicPartition, InHand>,
}

impl<T> Fetcher<T> {
    pub(crate) fn new(limits: FetchLimits, policy: BackoffPolicy, seed: u64) -> Self {
        let (partitions, brokers) = (BTreeMap::new(), BTreeMap::new());
        Self {
            limits,
            policy,
            seed,
            partitions,
            brokers,
            frames: Frames::default(),
            turn: Bound::Unbounded,
            told: false,
            freed: false,
            last_generation: 0,
            assignments: 0,
            redirects: 0,
            opened: 0,
            opens: false,
            has_streams: false,
            busy: BTreeMap::new(),
        }
    }

    pub(super) fn next_generation(&mut self) -> u64 {
        self.last_generation += 1;
        self.last_generation
    }

    /// The next generation is after this one.
    pub(super) fn skip_generations(&mut self, last: u64) {
        self.last_generation = self.last_generation.max(last);
    }

    /// Replaces the assignment. A partition that stays keeps its place.
    pub(crate) fn assign(&mut self, wanted: BTreeMap<TopicPartition, StartAt>) {
        self.assignments += 1;
        let (frames, busy) = (&mut self.frames, &mut self.busy);
        self.partitions.retain(|partition, state| {
            let stays = wanted.contains_key(partition);
            if !stays {
                busy.remove(partition);
                state.drop_buffered(frames);
            }
            stays
        });
        self.look_for_streams();
        for (partition, start) in wanted {
            if !self.partitions.contains_key(&partition) {
                let backoff = Backoff::new(self.policy, self.seed);
                let generation = self.next_generation();
                let state = Partition::new(start.into(), generation, backoff);
                self.partitions.insert(partition, state);
            }
        }
    }

    /// Changes with every assignment.
    pub(crate) fn assignments(&self) -> u64 {
        self.assignments
    }

    /// The assigned partitions.
    pub(crate) fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions.keys()
    }

    pub(crate) fn is_assigned(&self, partition: &TopicPartition) -> bool {
        self.partitions.contains_key(partition)
    }

    /// The consumed position: the place of the next record handed out, once it is known.
    pub(crate) fn next_place(&self, partition: &TopicPartition) -> Option<Place> {
        match self.partitions.get(partition)?.consumed() {
            Position::At(place) => Some(place),
            Position::Unresolved(_) => None,
        }
    }

    /// The consumed position, unless it is in a log that is no more.
    pub(crate) fn position(&self, partition: &TopicPartition) -> Option<Place> {
        let state = self.partitions.get(partition)?;
        self.next_place(partition).filter(|_| state.is_in_log())
    }

    /// What a partition's last question failed with, and whether it waits for the user.
    pub(crate) fn last_failure(&self, partition: &TopicPartition) -> Option<(&Error, bool)> {
        let state = self.partitions.get(partition)?;
        let error = state.last_failure.as_ref()?;
        Some((error, state.failed.is_some()))
    }

    /// The high watermark as of the last answer.
    pub(crate) fn high_watermark(&self, partition: &TopicPartition) -> Option<i64> {
        self.partitions.get(partition)?.high_watermark
    }

    /// Up to where it may be read, as of the last answer.
    pub(crate) fn end(&self, partition: &TopicPartition) -> Option<i64> {
        self.partitions.get(partition)?.end
    }

    /// How far the consumed position is from the end, as of the last answer.
    pub(crate) fn lag(&self, partition: &TopicPartition) -> Option<i64> {
        let position = self.position(partition)?.offset;
        Some(self.end(partition)?.saturating_sub(position).max(0))
    }

    /// The bytes of a partition that wait to be handed out.
    pub(crate) fn held(&self, partition: &TopicPartition) -> usize {
        self.partitions
            .get(partition)
            .map_or(0, |state| state.bytes)
    }

    /// The bytes that are buffered, and those that fetches under way may bring.
    pub(crate) fn memory(&self) -> (usize, usize) {
        (self.buffered(), self.reserved())
    }

    /// Moves a partition. The last seek wins over whatever is buffered, handed out in part or
    /// under way.
    pub(crate) fn seek(&mut self, partition: &TopicPartition, to: StartAt) -> bool {
        let generation = self.next_generation();
        let Some(state) = self.partitions.get_mut(partition) else {
            return false;
        };
        state.place = generation;
        state.validated = LeaderEpoch::NONE;
        state.left_out = None;
        state.rewind(to.into(), generation, &mut self.frames);
        state.succeeded();
        true
    }

    /// Partitions whose place must be asked for now: what, and as of which generation. A paused
    /// one too, since its position may be asked for.
    pub(crate) fn unresolved(&self, now: Instant) -> Vec<(TopicPartition, StartAt, u64)> {
        let open = |(partition, state): (&TopicPartition, &Partition<T>)| match state.fetch {
            Position::Unresolved(StartAt::Committed) => None,
            Position::Unresolved(start) if state.may_ask(now) => {
                Some((partition.clone(), start, state.generation))
            }
            _ => None,
        };
        self.partitions.iter().filter_map(open).collect()
    }

    /// The broker said which offset a place is.
    pub(crate) fn resolved(&mut self, partition: &TopicPartition, generation: u64, offset: i64) {
        if let Some(state) = self.current(partition, generation) {
            state.fetch = Position::At(Place::at(offset));
            state.succeeded();
        }
    }

    pub(super) fn current(
        &mut self,
        at: &TopicPartition,
        generation: u64,
    ) -> Option<&mut Partition<T>> {
        self.partitions
            .get_mut(at)
            .filter(|state| state.generation == generation)
    }

    /// A partition could not be fetched or resolved for now; it is tried again after a backoff.
    pub(crate) fn try_later(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        generation: u64,
        error: Error,
    ) {
        if let Some(state) = self.current(partition, generation) {
            state.try_later(now, error);
        }
    }

    /// A partition cannot go on without the user. It is told by the next poll, once what was
    /// buffered before is handed out; then the partition is tried again after a backoff.
    pub(crate) fn fail(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        generation: u64,
        error: Error,
    ) {
        if let Some(state) = self.current(partition, generation) {
            state.fail(now, error);
        }
    }

    /// When a partition or a broker in backoff may go on.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let partitions = self
            .partitions
            .values()
            .filter_map(|state| state.not_before);
        let brokers = self.brokers.values().filter_map(|broker| broker.not_before);
        partitions.chain(brokers).filter(|at| *at > now).min()
    }
}
