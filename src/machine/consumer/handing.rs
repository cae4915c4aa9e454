//! What a [`Fetcher`] hands out: partitions take turns, and an error holds up nobody else.

use std::ops::Bound;
use std::time::Instant;

use super::fetcher::Fetcher;
use super::frames::Frame;
use super::holding::InHand;
use super::lent::Lent;
use super::logs::LentBatch;
use super::partition::{Buffered, Partition};
use super::plan::Handed;
use super::positions::Place;
use super::streams::StreamId;
use crate::error::Error;
use crate::ids::TopicPartition;

/// After so many decompressed bytes a poll has enough: what it hands out is read from the cache,
/// not from memory that was never touched before.
const OPENED_MAX: usize = 1 << 16;

impl<T> Fetcher<T> {
    /// Whether a poll would get something.
    pub(crate) fn has_ready(&self) -> bool {
        let ready = |state: &Partition<T>| state.has_records() || state.is_stuck();
        self.polled().any(|(_, state)| ready(state))
    }

    /// The partitions that are read by polls.
    fn polled(&self) -> impl Iterator<Item = (&TopicPartition, &Partition<T>)> {
        self.partitions
            .iter()
            .filter(|(_, state)| state.split.is_none())
    }

    /// The next batch to hand out, as long as the budget has room for what the poll decompresses;
    /// its first batch needs none. Taking turns goes on after the partition that was served last.
    pub(crate) fn hand_out(&mut self) -> Option<Handed<T>> {
        if self.opened > 0 && (self.room() == 0 || self.opened >= OPENED_MAX) {
            return None;
        }
        let partition = self.next_in_turn()?;
        self.turn = Bound::Excluded(partition.clone());
        self.told = false;
        self.hand_out_of(partition)
    }

    fn hand_out_of(&mut self, partition: TopicPartition) -> Option<Handed<T>> {
        let state = self.partitions.get_mut(&partition)?;
        if !state.has_records() {
            return None;
        }
        let Buffered {
            from,
            log,
            batch,
            frame,
            live,
        } = state.pop(&mut self.frames)?;
        self.freed = true;
        let busy = self.busy.entry(partition.clone());
        let in_hand = busy.or_insert(InHand::new((log, from), state.stream()));
        in_hand.take_more((log, from));
        Some(Handed {
            partition,
            from,
            batch,
            frame,
            live,
            place: state.place,
            log,
        })
    }

    /// The poll under way has decompressed so much.
    pub(crate) fn opened(&mut self, bytes: usize) {
        self.opened = self.opened.saturating_add(bytes);
        self.opens |= bytes > 0;
    }

    /// The poll ends: what it has decompressed is the user's. Whether there may be more to fetch
    /// since the last one: something was taken, or an error was told.
    pub(crate) fn handed_over(&mut self) -> bool {
        self.freed |= self.opened > 0;
        self.opened = 0;
        std::mem::take(&mut self.freed)
    }

    /// The next batch to hand out record by record, of one stream or of what is polled.
    pub(crate) fn lend(&mut self, of: Option<&StreamId>) -> Option<(Handed<T>, Lent)> {
        let handed = match of {
            Some(stream) if self.is_open(stream) => self.hand_out_of(stream.partition.clone()),
            Some(_) => None,
            None => self.hand_out(),
        }?;
        let lent = Lent::new(handed.from.offset);
        let state = self.partitions.get_mut(&handed.partition)?;
        state.lent = Some(LentBatch::new(lent.clone(), &handed));
        Some((handed, lent))
    }

    /// A batch that was lent cannot go on: what is left of it is the next of its partition, unless
    /// that was moved meanwhile. `bytes` is as in [`give_back`](Self::give_back).
    pub(crate) fn take_back(&mut self, handed: Handed<T>, lent: &Lent, bytes: Option<usize>) {
        let Some(state) = self.partitions.get_mut(&handed.partition) else {
            return;
        };
        if !state.lent.as_ref().is_some_and(|own| own.lent.is(lent)) {
            return;
        }
        if let Some((_, place)) = state.take_lent() {
            self.put_back(handed, place, bytes);
        }
    }

    /// The partitions whose end has been reached since this was asked last, each with its end.
    pub(crate) fn reached_ends(&mut self) -> Vec<(TopicPartition, i64)> {
        let reached = |(at, state): (&TopicPartition, &mut Partition<T>)| {
            let end = state.reached_end()?;
            state.told_end = Some(end);
            Some((at.clone(), end))
        };
        let polled = self
            .partitions
            .iter_mut()
            .filter(|(_, state)| state.split.is_none());
        polled.filter_map(reached).collect()
    }

    /// The error of a stream that has nothing else to hand out.
    pub(crate) fn hand_out_error_of(&mut self, stream: &StreamId) -> Option<Error> {
        let state = self.stream_mut(stream)?;
        if state.is_stuck() {
            state.failed.take()
        } else {
            None
        }
    }

    /// The error of a partition that has nothing else to hand out, unless one was told last and
    /// there are records: partitions that fail again and again hold up no other.
    pub(crate) fn hand_out_error(&mut self) -> Option<Error> {
        if self.told && self.next_in_turn().is_some() {
            return None;
        }
        let mut polled = self
            .partitions
            .values_mut()
            .filter(|state| state.split.is_none());
        let stuck = polled.find(|state| state.is_stuck());
        let error = stuck?.failed.take();
        (self.told, self.freed) = (true, true);
        error
    }

    /// Gives back a batch of which only a part was handed out: its records from `position` on are
    /// the next that are handed out at all, unless the user has moved the partition meanwhile.
    /// `bytes` is the memory that it holds by itself, where it is no slice of its answer any more.
    pub(crate) fn give_back(&mut self, handed: Handed<T>, position: i64, bytes: Option<usize>) {
        let from = Place {
            offset: position,
            epoch: handed.batch.epoch,
        };
        self.put_back(handed, from, bytes);
    }

    fn put_back(&mut self, handed: Handed<T>, from: Place, bytes: Option<usize>) {
        let id = self.next_generation();
        self.opens |= bytes.is_some();
        let Some(state) = self.partitions.get_mut(&handed.partition) else {
            return;
        };
        if state.place != handed.place {
            return;
        }
        if state.was_cut(&handed) {
            let to = state.settle_before(handed.log, from);
            return state.rewind(to, id, &mut self.frames);
        }
        let rest = Buffered {
            from,
            log: handed.log,
            frame: bytes.map_or(handed.frame, |bytes| Frame { id, bytes }),
            live: bytes.unwrap_or(handed.live),
            batch: handed.batch,
        };
        state.push_front(rest, &mut self.frames);
        if state.is_paused() {
            self.keep_within_budget();
        }
        self.turn = Bound::Included(handed.partition);
    }

    /// A batch that was handed out cannot be read: the position stays before it, what the partition
    /// holds is dropped and fetched again once the user was told.
    pub(crate) fn unreadable(&mut self, now: Instant, handed: &Handed<T>, error: Error) {
        let generation = self.next_generation();
        let state = self.partitions.get_mut(&handed.partition);
        if let Some(state) = state.filter(|state| state.place == handed.place) {
            let to = state.settle_before(handed.log, handed.from);
            state.rewind(to, generation, &mut self.frames);
            state.fail(now, error);
            self.freed = true;
        }
    }

    fn next_in_turn(&self) -> Option<TopicPartition> {
        let ready = |(_, state): &(&TopicPartition, &Partition<T>)| {
            state.has_records() && state.split.is_none()
        };
        let after = (self.turn.as_ref(), Bound::Unbounded);
        let after = self.partitions.range(after).find(ready);
        let next = after.or_else(|| self.partitions.iter().find(ready));
        next.map(|(partition, _)| partition.clone())
    }
}
