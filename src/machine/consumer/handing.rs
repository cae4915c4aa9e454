//! What a [`Fetcher`] hands out: partitions take turns, and an error holds up nobody else.

use std::ops::Bound;
use std::time::Instant;

use super::fetcher::Fetcher;
use super::frames::Frame;
use super::partition::{Buffered, Partition};
use super::plan::Handed;
use super::positions::{Place, Position};
use crate::error::Error;
use crate::ids::TopicPartition;

impl<T> Fetcher<T> {
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
        let Buffered { from, batch, frame } = state.pop(&mut self.frames)?;
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
        let from = Place {
            offset: position,
            epoch: handed.batch.epoch,
        };
        let batch = handed.batch;
        state.push_front(Buffered { from, batch, frame }, &mut self.frames);
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
}
