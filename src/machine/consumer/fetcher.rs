//! What to fetch from whom, and what may be handed out. Pure.
//!
//! Each partition has two places: the *fetch position*, where the next request starts, and the
//! *consumed position*, after the last record handed out. What lies between them is the buffer.
//! A broker has one fetch in flight, which lists every partition it leads at its fetch position;
//! the next leaves as soon as the answer is in and the budget has room for another.
//!
//! Invariants:
//! - The bytes held by what is buffered, plus those that answers under way may bring, never exceed
//!   the budget by more than one batch a broker (it sends the first batch whole even if that is
//!   larger than what was asked for) and one that is handed out in part: its rest comes first.
//! - A partition that is stuck holds no memory, so that it cannot keep the others from going on.
//! - A position moves only when records are handed out, or by a seek. A late answer (older
//!   `generation`) for a partition that was sought, paused, dropped or asked for elsewhere
//!   meanwhile changes nothing. Generations are never used twice.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Instant;

use super::frames::{Frame, Frames};
use super::partition::{Buffered, Partition};
use super::plan::{Answer, FetchLimits, FetchPlan, Handed, Planned};
use super::positions::{Position, StartAt};
use crate::error::Error;
use crate::ids::{BrokerId, TopicPartition};
use crate::machine::backoff::{Backoff, BackoffPolicy};

#[derive(Debug, Default)]
struct Broker {
    reserved: usize,
    in_flight: bool,
    not_before: Option<Instant>,
}

/// Positions, buffer and budget of one consumer; see the module's page.
#[derive(Debug)]
pub(crate) struct Fetcher<T> {
    limits: FetchLimits,
    policy: BackoffPolicy,
    seed: u64,
    pub(super) partitions: BTreeMap<TopicPartition, Partition<T>>,
    brokers: BTreeMap<BrokerId, Broker>,
    frames: Frames,
    /// Where the search for the next partition to hand out begins, so that none starves under a
    /// record limit.
    turn: Bound<TopicPartition>,
    /// The user was told an error last, so that records come first now.
    told: bool,
    last_generation: u64,
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
            last_generation: 0,
        }
    }

    fn next_generation(&mut self) -> u64 {
        self.last_generation += 1;
        self.last_generation
    }

    /// Replaces the assignment. A partition that stays keeps its place.
    pub(crate) fn assign(&mut self, wanted: BTreeMap<TopicPartition, StartAt>) {
        let frames = &mut self.frames;
        self.partitions.retain(|partition, state| {
            let stays = wanted.contains_key(partition);
            if !stays {
                state.drop_buffered(frames);
            }
            stays
        });
        for (partition, start) in wanted {
            if !self.partitions.contains_key(&partition) {
                let backoff = Backoff::new(self.policy, self.seed);
                let generation = self.next_generation();
                let state = Partition::new(start.into(), generation, backoff);
                self.partitions.insert(partition, state);
            }
        }
    }

    /// The assigned partitions.
    pub(crate) fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions.keys()
    }

    pub(crate) fn is_assigned(&self, partition: &TopicPartition) -> bool {
        self.partitions.contains_key(partition)
    }

    /// The consumed position: the offset of the next record handed out, once it is known.
    pub(crate) fn position(&self, partition: &TopicPartition) -> Option<i64> {
        match self.partitions.get(partition)?.consumed() {
            Position::At(offset) => Some(offset),
            Position::Unresolved(_) => None,
        }
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

    /// Moves a partition. The last seek wins over whatever is buffered, handed out in part or
    /// under way.
    pub(crate) fn seek(&mut self, partition: &TopicPartition, to: StartAt) -> bool {
        let generation = self.next_generation();
        let Some(state) = self.partitions.get_mut(partition) else {
            return false;
        };
        state.place = generation;
        state.rewind(to.into(), generation, &mut self.frames);
        state.succeeded();
        true
    }

    /// Stops or resumes handing out a partition. What was buffered is dropped and fetched again
    /// later: a paused partition holds no budget.
    pub(crate) fn pause(&mut self, partition: &TopicPartition, paused: bool) -> bool {
        let generation = self.next_generation();
        let Some(state) = self.partitions.get_mut(partition) else {
            return false;
        };
        if paused {
            state.rewind(state.consumed(), generation, &mut self.frames);
        }
        state.paused = paused;
        true
    }

    pub(crate) fn paused(&self) -> impl Iterator<Item = &TopicPartition> {
        let paused = self.partitions.iter().filter(|(_, state)| state.paused);
        paused.map(|(partition, _)| partition)
    }

    /// Partitions whose place must be asked for now: what, and as of which generation. A paused
    /// one too, since its position may be asked for.
    pub(crate) fn unresolved(&self, now: Instant) -> Vec<(TopicPartition, StartAt, u64)> {
        let open = |(partition, state): (&TopicPartition, &Partition<T>)| match state.fetch {
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
            state.fetch = Position::At(offset);
            state.succeeded();
        }
    }

    fn current(&mut self, at: &TopicPartition, generation: u64) -> Option<&mut Partition<T>> {
        self.partitions
            .get_mut(at)
            .filter(|state| state.generation == generation)
    }

    /// The next fetch for a broker, if it has none in flight, leads something and the budget has
    /// room. Each of `brokers` brokers may reserve its share of the budget and no more, so that
    /// none that long-polls keeps the others from being asked.
    pub(crate) fn poll_fetch(
        &mut self,
        now: Instant,
        broker: BrokerId,
        brokers: usize,
        leads: impl Fn(&TopicPartition) -> bool,
    ) -> Option<FetchPlan> {
        let free = self
            .limits
            .budget
            .saturating_sub(self.buffered() + self.reserved());
        let state = self.brokers.entry(broker).or_default();
        if state.in_flight || state.not_before.is_some_and(|at| now < at) {
            return None;
        }
        // A request for a few leftover bytes would bring one batch a round trip: wait for room.
        let share = self.limits.budget / brokers.max(1);
        let enough = self.limits.partition_max_bytes.min(share / 2).max(1);
        if free < enough {
            return None;
        }
        let partitions = self.plan(now, leads);
        if partitions.is_empty() {
            return None;
        }
        let max_bytes = free.min(share).min(self.limits.max_bytes);
        let state = self.brokers.entry(broker).or_default();
        state.in_flight = true;
        state.reserved = max_bytes;
        let partition_max_bytes = self.limits.partition_max_bytes.min(max_bytes);
        Some(FetchPlan {
            broker,
            max_bytes,
            partition_max_bytes,
            partitions,
        })
    }

    /// The bytes that batches hold which wait to be handed out.
    pub(super) fn buffered(&self) -> usize {
        self.frames.bytes()
    }

    /// The bytes that fetches under way may bring.
    pub(super) fn reserved(&self) -> usize {
        self.brokers.values().map(|each| each.reserved).sum()
    }

    /// Each partition of a plan begins a generation: what its old leader may still answer is void.
    fn plan(&mut self, now: Instant, leads: impl Fn(&TopicPartition) -> bool) -> Vec<Planned> {
        let generation = self.next_generation();
        let plan = |(partition, state): (&TopicPartition, &mut Partition<T>)| match state.fetch {
            Position::At(offset) if !state.paused && state.may_ask(now) => {
                state.generation = generation;
                let partition = partition.clone();
                let planned = Planned {
                    partition,
                    offset,
                    generation,
                };
                Some((state.served, planned))
            }
            _ => None,
        };
        let led = self
            .partitions
            .iter_mut()
            .filter(|(partition, _)| leads(partition));
        let mut planned: Vec<(u64, Planned)> = led.filter_map(plan).collect();
        planned.sort_by_key(|(served, _)| *served);
        planned.into_iter().map(|(_, planned)| planned).collect()
    }

    /// A fetch ended, well or not: its reserve is free again.
    pub(crate) fn fetch_ended(&mut self, broker: BrokerId, retry_at: Option<Instant>) {
        let ended = Broker {
            not_before: retry_at,
            ..Broker::default()
        };
        self.brokers.insert(broker, ended);
    }

    /// An answer for one partition arrived.
    pub(crate) fn fetched(&mut self, planned: &Planned, answer: Answer<T>) {
        let state = self.partitions.get_mut(&planned.partition);
        if let Some(state) = state.filter(|state| state.generation == planned.generation) {
            state.high_watermark = Some(answer.high_watermark);
            // All partitions of a plan have its generation: it names the answer as well.
            let frame = Frame {
                id: planned.generation,
                bytes: answer.frame_bytes,
            };
            state.extend(answer.batches, answer.passed, frame, &mut self.frames);
        }
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

    /// The offset is not in the log: start over from here, after what was read before.
    pub(crate) fn reset(&mut self, planned: &Planned, to: StartAt) {
        let generation = self.next_generation();
        if let Some(state) = self.current(&planned.partition, planned.generation) {
            state.fetch = to.into();
            state.generation = generation;
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

    /// Whether a poll would get something.
    pub(crate) fn has_ready(&self) -> bool {
        let ready = |state: &Partition<T>| state.has_records() || state.is_stuck();
        self.partitions.values().any(ready)
    }

    /// The next batch to hand out. Taking turns goes on after the partition that was served last.
    pub(crate) fn hand_out(&mut self) -> Option<Handed<T>> {
        let partition = self.next_in_turn()?;
        self.turn = Bound::Excluded(partition.clone());
        self.told = false;
        let state = self.partitions.get_mut(&partition)?;
        let Buffered { from, batch, frame } = state.buffered.pop_front()?;
        self.frames.release(frame);
        Some(Handed {
            partition,
            from,
            batch,
            frame,
            place: state.place,
        })
    }

    /// The error of a partition that has nothing else to hand out, unless one was told last and
    /// there are records: partitions that fail again and again hold up no other.
    pub(crate) fn hand_out_error(&mut self) -> Option<Error> {
        if self.told && self.next_in_turn().is_some() {
            return None;
        }
        let stuck = self.partitions.values_mut().find(|state| state.is_stuck());
        let error = stuck?.failed.take();
        self.told = true;
        error
    }

    /// Gives back a batch of which only a part was handed out: its records from `position` on are
    /// the next that are handed out at all, unless the user has moved the partition meanwhile.
    /// `bytes` is the memory that it holds by itself, where it is no slice of its answer any more.
    pub(crate) fn give_back(&mut self, handed: Handed<T>, position: i64, bytes: Option<usize>) {
        let id = self.next_generation();
        let Some(state) = self.partitions.get_mut(&handed.partition) else {
            return;
        };
        if state.place != handed.place {
            return;
        }
        let frame = bytes.map_or(handed.frame, |bytes| Frame { id, bytes });
        self.frames.hold(frame);
        state.buffered.push_front(Buffered {
            from: position,
            batch: handed.batch,
            frame,
        });
        self.turn = Bound::Included(handed.partition);
    }

    /// A batch that was handed out cannot be read: the position stays before it, what the partition
    /// holds is dropped and fetched again once the user was told.
    pub(crate) fn unreadable(&mut self, now: Instant, handed: &Handed<T>, error: Error) {
        let generation = self.next_generation();
        let state = self.partitions.get_mut(&handed.partition);
        if let Some(state) = state.filter(|state| state.place == handed.place) {
            state.rewind(Position::At(handed.from), generation, &mut self.frames);
            state.fail(now, error);
        }
    }

    fn next_in_turn(&self) -> Option<TopicPartition> {
        let ready = |(_, state): &(&TopicPartition, &Partition<T>)| state.has_records();
        let after = (self.turn.as_ref(), Bound::Unbounded);
        let after = self.partitions.range(after).find(ready);
        let next = after.or_else(|| self.partitions.iter().find(ready));
        next.map(|(partition, _)| partition.clone())
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
