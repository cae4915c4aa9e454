//! What to fetch from whom, and what may be handed out. Pure.
//!
//! Each partition has two places: the *fetch position*, where the next request starts, and the
//! *consumed position*, after the last record handed out. What lies between them is the buffer.
//! A broker has one fetch in flight, which lists every partition it leads at its fetch position;
//! the next leaves as soon as the answer is in and the budget has room for another.
//!
//! Invariants:
//! - The bytes buffered, plus those that answers under way may bring, never exceed the budget by
//!   more than one batch a broker: it sends the first batch whole even if that is larger than what
//!   was asked for.
//! - A position moves only when records are handed out, or by a seek. A late answer (older
//!   `generation`) for a partition that was sought, paused, dropped or asked for elsewhere
//!   meanwhile changes nothing. Generations are never used twice.

use std::collections::BTreeMap;
use std::time::Instant;

use super::partition::{Buffered, Partition};
use super::plan::{FetchLimits, FetchPlan, Fetched, Handed, Planned};
use super::positions::{Position, StartAt};
use crate::error::Error;
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};
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
    pub(super) buffered: usize,
    /// The partition that hands out first next time, so that none starves under a record limit.
    turn: Option<TopicPartition>,
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
            buffered: 0,
            turn: None,
            last_generation: 0,
        }
    }

    fn next_generation(&mut self) -> u64 {
        self.last_generation += 1;
        self.last_generation
    }

    /// Replaces the assignment. A partition that stays keeps its place.
    pub(crate) fn assign(&mut self, wanted: BTreeMap<TopicPartition, StartAt>) {
        let mut freed = 0;
        self.partitions.retain(|partition, state| {
            let stays = wanted.contains_key(partition);
            if !stays {
                freed += state
                    .buffered
                    .iter()
                    .map(|each| each.batch.bytes)
                    .sum::<usize>();
            }
            stays
        });
        self.buffered -= freed;
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
            Position::At { offset, .. } => Some(offset),
            Position::Unresolved(_) => None,
        }
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
        self.buffered -= state.rewind(to.into(), generation);
        true
    }

    /// Stops or resumes handing out a partition. What was buffered is dropped and fetched again
    /// later, so that a paused partition holds no budget that others need.
    pub(crate) fn pause(&mut self, partition: &TopicPartition, paused: bool) -> bool {
        let generation = self.next_generation();
        let Some(state) = self.partitions.get_mut(partition) else {
            return false;
        };
        if paused {
            self.buffered -= state.rewind(state.consumed(), generation);
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
    pub(crate) fn resolved(
        &mut self,
        partition: &TopicPartition,
        generation: u64,
        offset: i64,
        epoch: LeaderEpoch,
    ) {
        if let Some(state) = self.current(partition, generation) {
            state.fetch = Position::At { offset, epoch };
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
            .saturating_sub(self.buffered + self.reserved());
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

    /// The bytes that fetches under way may bring.
    pub(super) fn reserved(&self) -> usize {
        self.brokers.values().map(|each| each.reserved).sum()
    }

    /// Each partition of a plan begins a generation: what its old leader may still answer is void.
    fn plan(&mut self, now: Instant, leads: impl Fn(&TopicPartition) -> bool) -> Vec<Planned> {
        let generation = self.next_generation();
        let plan = |(partition, state): (&TopicPartition, &mut Partition<T>)| match state.fetch {
            Position::At { offset, epoch } if !state.paused && state.may_ask(now) => {
                state.generation = generation;
                let partition = partition.clone();
                let planned = Planned {
                    partition,
                    offset,
                    epoch,
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

    /// An answer for one partition arrived: its batches in order, and the offset that the answer
    /// as a whole passed, what the user never sees included.
    pub(crate) fn fetched(
        &mut self,
        planned: &Planned,
        batches: impl IntoIterator<Item = Fetched<T>>,
        passed: i64,
        high_watermark: i64,
    ) {
        if let Some(state) = self.current(&planned.partition, planned.generation) {
            state.high_watermark = Some(high_watermark);
            let added = state.extend(batches, passed);
            self.buffered += added;
        }
    }

    /// A partition could not be fetched or resolved for now; it is tried again after a backoff.
    pub(crate) fn try_later(&mut self, now: Instant, partition: &TopicPartition, generation: u64) {
        if let Some(state) = self.current(partition, generation) {
            state.try_later(now);
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
    /// buffered before is handed out.
    pub(crate) fn fail(&mut self, partition: &TopicPartition, generation: u64, error: Error) {
        if let Some(state) = self.current(partition, generation) {
            state.failed = Some(error);
        }
    }

    /// Whether a poll would get something.
    pub(crate) fn has_ready(&self) -> bool {
        self.next_in_turn().is_some()
    }

    /// The next batch to hand out, or the error of a partition that is stuck. Taking turns starts
    /// with the partition after the one that was served last.
    pub(crate) fn hand_out(&mut self) -> Option<Result<Handed<T>, Error>> {
        let partition = self.next_in_turn()?;
        self.turn = Some(partition.clone());
        let state = self.partitions.get_mut(&partition)?;
        let Some(Buffered { from, batch, .. }) = state.buffered.pop_front() else {
            return state.failed.take().map(Err);
        };
        self.buffered -= batch.bytes;
        Some(Ok(Handed {
            partition,
            from,
            batch,
            place: state.place,
        }))
    }

    /// Gives back the rest of a batch of which only a part was handed out, or which could not be
    /// read: the records from `position` on are the next of their partition, unless the user has
    /// moved it meanwhile.
    pub(crate) fn give_back(&mut self, handed: Handed<T>, position: i64) {
        let Some(state) = self.partitions.get_mut(&handed.partition) else {
            return;
        };
        if state.place != handed.place {
            return;
        }
        self.buffered += handed.batch.bytes;
        state.buffered.push_front(Buffered {
            from: position,
            epoch: handed.batch.epoch,
            batch: handed.batch,
        });
    }

    /// Lets the others go on, after what a partition holds could not be read: it has no turn until
    /// the next round.
    pub(crate) fn set_aside(&mut self, partition: &TopicPartition) {
        if let Some(state) = self.partitions.get_mut(partition) {
            state.set_aside = true;
        }
    }

    /// A new round of handing out begins: whoever was set aside is tried again.
    pub(crate) fn next_round(&mut self) {
        for state in self.partitions.values_mut() {
            state.set_aside = false;
        }
    }

    fn next_in_turn(&self) -> Option<TopicPartition> {
        let after = self.partitions.iter().find(|(partition, state)| {
            state.is_ready() && self.turn.as_ref().is_some_and(|last| *partition > last)
        });
        let first = || self.partitions.iter().find(|(_, state)| state.is_ready());
        after.or_else(first).map(|(partition, _)| partition.clone())
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
