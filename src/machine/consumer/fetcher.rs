//! What to fetch from whom, and what may be handed out. Pure.
//!
//! Each partition has two places: the *fetch position*, where the next request starts, and the
//! *consumed position*, after the last record handed out. What lies between them is the buffer.
//! A broker has one fetch in flight, which lists every partition it leads at its fetch position;
//! the next leaves as soon as the answer is in and the budget has room for another.
//!
//! Invariants:
//! - The bytes buffered, plus those that answers under way may bring, never exceed the budget by
//!   more than one batch: a broker sends the first batch whole even if it is larger than asked for.
//! - A position moves only when records are handed out, or by a seek. A late answer (older
//!   `generation`) for a partition that was sought, paused or dropped meanwhile changes nothing.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::positions::{Position, StartAt};
use crate::error::Error;
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};
use crate::machine::backoff::{Backoff, BackoffPolicy};

/// Limits on what is asked for at once, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchLimits {
    /// Of all partitions together: fetched and not handed out, and under way.
    pub(crate) budget: usize,
    /// Of one answer.
    pub(crate) max_bytes: usize,
    /// Of one partition in one answer.
    pub(crate) partition_max_bytes: usize,
}

/// One batch that was fetched: `T` is what the consumer keeps of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fetched<T> {
    pub(crate) batch: T,
    /// The offset after its last record, gaps by compaction included.
    pub(crate) next_offset: i64,
    pub(crate) epoch: LeaderEpoch,
    pub(crate) bytes: usize,
}

/// One partition of a fetch request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Planned {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) epoch: LeaderEpoch,
    pub(crate) generation: u64,
}

/// One fetch request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FetchPlan {
    pub(crate) broker: BrokerId,
    pub(crate) max_bytes: usize,
    pub(crate) partition_max_bytes: usize,
    pub(crate) partitions: Vec<Planned>,
}

/// What a partition hands out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Handed<T> {
    pub(crate) partition: TopicPartition,
    /// Records before it were asked to be skipped: a batch may begin before the position.
    pub(crate) from: i64,
    pub(crate) batch: Fetched<T>,
}

#[derive(Debug)]
struct Partition<T> {
    fetch: Position,
    consumed: Position,
    paused: bool,
    /// Grows with every seek, pause and reset, so that an answer to an older request is known.
    generation: u64,
    buffered: VecDeque<Fetched<T>>,
    backoff: Backoff,
    not_before: Option<Instant>,
    /// What keeps it from going on, until the user is told.
    failed: Option<Error>,
    high_watermark: Option<i64>,
}

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
    partitions: BTreeMap<TopicPartition, Partition<T>>,
    brokers: BTreeMap<BrokerId, Broker>,
    buffered: usize,
    /// The partition that hands out first next time, so that none starves under a record limit.
    turn: Option<TopicPartition>,
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
        }
    }

    /// Replaces the assignment. A partition that stays keeps its place.
    pub(crate) fn assign(&mut self, wanted: BTreeMap<TopicPartition, StartAt>) {
        let dropped: Vec<TopicPartition> = self
            .partitions
            .keys()
            .filter(|each| !wanted.contains_key(each))
            .cloned()
            .collect();
        for partition in dropped {
            if let Some(gone) = self.partitions.remove(&partition) {
                self.buffered -= gone.buffered.iter().map(|each| each.bytes).sum::<usize>();
            }
        }
        for (partition, start) in wanted {
            let (policy, seed) = (self.policy, self.seed);
            self.partitions
                .entry(partition)
                .or_insert_with(|| Partition {
                    fetch: start.into(),
                    consumed: start.into(),
                    paused: false,
                    generation: 0,
                    buffered: VecDeque::new(),
                    backoff: Backoff::new(policy, seed),
                    not_before: None,
                    failed: None,
                    high_watermark: None,
                });
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
        match self.partitions.get(partition)?.consumed {
            Position::At { offset, .. } => Some(offset),
            Position::Unresolved(_) => None,
        }
    }

    /// The high watermark as of the last answer.
    pub(crate) fn high_watermark(&self, partition: &TopicPartition) -> Option<i64> {
        self.partitions.get(partition)?.high_watermark
    }

    /// Moves a partition. The last seek wins over whatever is buffered or under way.
    pub(crate) fn seek(&mut self, partition: &TopicPartition, to: StartAt) -> bool {
        self.rewind(partition, to.into())
    }

    fn rewind(&mut self, partition: &TopicPartition, to: Position) -> bool {
        let Some(state) = self.partitions.get_mut(partition) else {
            return false;
        };
        self.buffered -= state
            .buffered
            .drain(..)
            .map(|each| each.bytes)
            .sum::<usize>();
        state.generation += 1;
        state.fetch = to;
        state.consumed = to;
        state.failed = None;
        true
    }

    /// Stops or resumes handing out a partition. What was buffered is dropped and fetched again
    /// later, so that a paused partition holds no budget that others need.
    pub(crate) fn pause(&mut self, partition: &TopicPartition, paused: bool) -> bool {
        let Some(state) = self.partitions.get(partition) else {
            return false;
        };
        if paused {
            let consumed = state.consumed;
            self.rewind(partition, consumed);
        }
        if let Some(state) = self.partitions.get_mut(partition) {
            state.paused = paused;
        }
        true
    }

    pub(crate) fn paused(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions
            .iter()
            .filter(|(_, state)| state.paused)
            .map(|(partition, _)| partition)
    }

    /// Partitions whose place must be asked for now: what, and as of which generation.
    pub(crate) fn unresolved(&self, now: Instant) -> Vec<(TopicPartition, StartAt, u64)> {
        let open = |(partition, state): (&TopicPartition, &Partition<T>)| match state.fetch {
            Position::Unresolved(start) if state.may_go(now) => {
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
            let at = Position::At { offset, epoch };
            state.fetch = at;
            state.consumed = at;
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
        let reserved: usize = self.brokers.values().map(|each| each.reserved).sum();
        let free = self.limits.budget.saturating_sub(self.buffered + reserved);
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
        let plan = |(partition, state): (&TopicPartition, &Partition<T>)| match state.fetch {
            Position::At { offset, epoch } if state.may_go(now) => Some(Planned {
                partition: partition.clone(),
                offset,
                epoch,
                generation: state.generation,
            }),
            _ => None,
        };
        let partitions: Vec<Planned> = self
            .partitions
            .iter()
            .filter(|(partition, _)| leads(partition))
            .filter_map(plan)
            .collect();
        if partitions.is_empty() {
            return None;
        }
        let max_bytes = free.min(share).min(self.limits.max_bytes);
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

    /// A fetch ended, well or not: its reserve is free again.
    pub(crate) fn fetch_ended(&mut self, broker: BrokerId, retry_at: Option<Instant>) {
        self.brokers.insert(
            broker,
            Broker {
                reserved: 0,
                in_flight: false,
                not_before: retry_at,
            },
        );
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
        let Some(state) = self.current(&planned.partition, planned.generation) else {
            return;
        };
        state.succeeded();
        state.high_watermark = Some(high_watermark);
        let mut added = 0;
        for fetched in batches {
            // An old broker may send batches from before the position; they bring nothing new.
            let Position::At { offset, .. } = state.fetch else {
                break;
            };
            if fetched.next_offset <= offset {
                continue;
            }
            state.fetch = Position::At {
                offset: fetched.next_offset,
                epoch: fetched.epoch,
            };
            added += fetched.bytes;
            state.buffered.push_back(fetched);
        }
        state.pass(passed);
        self.buffered += added;
    }

    /// A partition could not be fetched or resolved for now. Returns when it is tried again.
    pub(crate) fn try_later(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        generation: u64,
    ) -> Option<Instant> {
        let state = self.current(partition, generation)?;
        let at = state.backoff.failed(now);
        state.not_before = Some(at);
        Some(at)
    }

    /// The offset is not in the log: start over from here.
    pub(crate) fn reset(&mut self, planned: &Planned, to: StartAt) {
        let buffered = match self.current(&planned.partition, planned.generation) {
            Some(state) if state.buffered.is_empty() => false,
            // The user gets what was read before; then the same answer comes again.
            Some(_) => true,
            None => return,
        };
        if !buffered {
            self.rewind(&planned.partition, to.into());
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
        let state = self.partitions.get_mut(&partition)?;
        let Some(batch) = state.buffered.pop_front() else {
            let error = state.failed.take()?;
            return Some(Err(error));
        };
        self.buffered -= batch.bytes;
        let Position::At { offset: from, .. } = state.consumed else {
            return None;
        };
        state.consumed = Position::At {
            offset: batch.next_offset,
            epoch: batch.epoch,
        };
        self.turn = Some(partition.clone());
        Some(Ok(Handed {
            partition,
            from,
            batch,
        }))
    }

    /// Gives back the rest of a batch of which only a part was handed out, or which could not be
    /// read: the records from `position` on are the next of their partition.
    pub(crate) fn give_back(&mut self, handed: Handed<T>, position: i64) {
        let Some(state) = self.partitions.get_mut(&handed.partition) else {
            return;
        };
        self.buffered += handed.batch.bytes;
        state.consumed = Position::At {
            offset: position,
            epoch: handed.batch.epoch,
        };
        state.buffered.push_front(handed.batch);
    }

    fn next_in_turn(&self) -> Option<TopicPartition> {
        let ready = |state: &Partition<T>| {
            !state.paused && (!state.buffered.is_empty() || state.failed.is_some())
        };
        let after = self.partitions.iter().find(|(partition, state)| {
            ready(state) && self.turn.as_ref().is_some_and(|last| *partition > last)
        });
        let first = || self.partitions.iter().find(|(_, state)| ready(state));
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

impl<T> Partition<T> {
    fn may_go(&self, now: Instant) -> bool {
        !self.paused && self.failed.is_none() && self.not_before.is_none_or(|at| at <= now)
    }

    /// Moves the fetch position to `passed`, and with it the end of what was read before: markers,
    /// aborted batches and compacted offsets are passed together with the records in front of them.
    fn pass(&mut self, passed: i64) {
        let Position::At { offset, epoch } = self.fetch else {
            return;
        };
        if passed <= offset {
            return;
        }
        let at = Position::At {
            offset: passed,
            epoch,
        };
        self.fetch = at;
        match self.buffered.back_mut() {
            Some(last) => last.next_offset = passed,
            None => self.consumed = at,
        }
    }

    fn succeeded(&mut self) {
        self.backoff.succeeded();
        self.not_before = None;
    }
}
