//! Which log the places of a partition are in.
//!
//! The fetch position *jumps* into another log where a topic was made anew, or where it was out of
//! range. What was fetched before comes first, and its places mean nothing in the log there is now:
//! from them nothing can be fetched again, and nothing is to be committed. So each batch knows
//! which log it is of, in the buffer or in the user's hands.
//!
//! A log that was *cut off* is the same up to there. What is buffered of the lost end is dropped;
//! of a batch that a poll is in the middle of, it shows when the rest is given back: what follows
//! now begins before its end.

use super::frames::Frames;
use super::lent::Lent;
use super::partition::Partition;
use super::plan::Handed;
use super::positions::{Place, Position};
use crate::ids::LeaderEpoch;

/// A batch that is handed out record by record.
#[derive(Debug)]
pub(super) struct LentBatch {
    pub(super) lent: Lent,
    from: Place,
    epoch: LeaderEpoch,
    next_offset: i64,
    log: u64,
}

impl LentBatch {
    pub(super) fn new<T>(lent: Lent, handed: &Handed<T>) -> Self {
        Self {
            lent,
            from: handed.from,
            epoch: handed.batch.epoch,
            next_offset: handed.batch.next_offset,
            log: handed.log,
        }
    }

    /// The place in it at this offset, or before it.
    fn place(&self, offset: i64) -> Place {
        let epoch = self.epoch;
        match offset <= self.from.offset {
            true => self.from,
            false => Place { offset, epoch },
        }
    }
}

impl<T> Partition<T> {
    /// Such a batch and the place in it, if there is anything left of it.
    fn lent_place(&self) -> Option<(&LentBatch, Place)> {
        let batch = self.lent.as_ref()?;
        Some((batch, batch.place(batch.lent.reached()?)))
    }

    /// Whether a batch of it is being handed out record by record.
    pub(super) fn is_lent(&self) -> bool {
        self.lent_place().is_some()
    }

    /// Whether the rest of such a batch waits to be given back.
    pub(super) fn is_suspended(&self) -> bool {
        self.lent.as_ref().is_some_and(|it| it.lent.is_held())
    }

    /// Hands out nothing more of such a batch, which is to be given back.
    pub(super) fn suspend(&self) {
        if let Some(batch) = &self.lent {
            batch.lent.hold();
        }
    }

    /// Takes such a batch back: which log it is of, and the place in it.
    pub(super) fn take_lent(&mut self) -> Option<(u64, Place)> {
        let batch = self.lent.take()?;
        let offset = batch.lent.revoke()?;
        Some((batch.log, batch.place(offset)))
    }

    /// The consumed position, that of the next record to hand out, and the log that it is in.
    fn next(&self) -> (u64, Position) {
        if let Some((batch, place)) = self.lent_place() {
            return (batch.log, Position::At(place));
        }
        match self.buffered.front() {
            Some(first) => (first.log, Position::At(first.from)),
            None => (self.log, self.fetch),
        }
    }

    pub(super) fn consumed(&self) -> Position {
        self.next().1
    }

    /// The log that the consumed position is in.
    pub(super) fn consumed_log(&self) -> u64 {
        self.next().0
    }

    /// Whether the consumed position is in the log that there is now.
    pub(super) fn is_in_log(&self) -> bool {
        self.consumed_log() == self.log && !self.has_no_place()
    }

    /// Takes back what is handed out record by record: from where all that was not handed out can
    /// be fetched again. That is the consumed position, or where the log is entered that there is
    /// now.
    pub(super) fn settle(&mut self) -> Position {
        if let Some((_, place)) = self.take_lent().filter(|(log, _)| *log == self.log) {
            return Position::At(place);
        }
        let mut buffered = self.buffered.iter();
        let entry = buffered.find(|each| each.log == self.log);
        entry.map_or(self.fetch, |each| Position::At(each.from))
    }

    /// As [`settle`](Self::settle), with what was handed out from this place on.
    pub(super) fn settle_before(&mut self, log: u64, from: Place) -> Position {
        match self.settle() {
            Position::At(next) if log == self.log && from.offset < next.offset => {
                Position::At(from)
            }
            next => next,
        }
    }

    /// Whether a batch that was handed out is not in the log any more, which was cut off since.
    pub(super) fn was_cut(&self, handed: &Handed<T>) -> bool {
        let Position::At(next) = self.consumed() else {
            return false;
        };
        handed.log == self.log && next.offset < handed.batch.next_offset
    }

    /// Goes on in another log, after what is buffered.
    pub(super) fn jump(&mut self, to: Position) {
        self.log += 1;
        self.left_out = None;
        self.fetch = to;
    }

    /// The log was cut off here: what was read of what is gone is dropped, and a batch that went
    /// beyond is fetched again.
    pub(super) fn cut(&mut self, end: Place, generation: u64, frames: &mut Frames) {
        let log = self.log;
        let is_gone = |of: u64, next_offset: i64| of == log && next_offset > end.offset;
        let mut to = end;
        if let Position::At(fetch) = self.fetch {
            to.offset = to.offset.min(fetch.offset);
        }
        while let Some(last) = self.buffered.pop_back() {
            if !is_gone(last.log, last.batch.next_offset) {
                self.buffered.push_back(last);
                break;
            }
            self.bytes = self.bytes.saturating_sub(last.batch.bytes);
            frames.release(last.frame, last.live);
            to = before(to, last.from);
        }
        let lent = self.lent.as_ref();
        if lent.is_some_and(|it| is_gone(it.log, it.next_offset)) {
            to = self.take_lent().map_or(to, |(_, place)| before(to, place));
        }
        self.fetch = Position::At(to);
        // What is written there now is another batch.
        self.left_out = None;
        self.validated = LeaderEpoch::NONE;
        self.generation = generation;
    }
}

/// The place that comes first.
fn before(one: Place, other: Place) -> Place {
    match other.offset < one.offset {
        true => other,
        false => one,
    }
}
