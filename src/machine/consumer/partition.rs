//! One partition of a [`Fetcher`](super::Fetcher): its place, and what it holds.

use std::collections::VecDeque;
use std::time::Instant;

use super::frames::{Frame, Frames};
use super::plan::Fetched;
use super::positions::Position;
use crate::error::Error;
use crate::machine::backoff::Backoff;

/// A batch that waits to be handed out, and the position before it.
#[derive(Debug)]
pub(super) struct Buffered<T> {
    pub(super) from: i64,
    pub(super) batch: Fetched<T>,
    pub(super) frame: Frame,
}

#[derive(Debug)]
pub(super) struct Partition<T> {
    /// Where the next fetch starts.
    pub(super) fetch: Position,
    pub(super) paused: bool,
    /// Names the last question about this partition, or the change that made it obsolete.
    pub(super) generation: u64,
    /// The generation that the user's last seek began.
    pub(super) place: u64,
    pub(super) buffered: VecDeque<Buffered<T>>,
    backoff: Backoff,
    pub(super) not_before: Option<Instant>,
    /// What keeps it from going on, until the user is told.
    pub(super) failed: Option<Error>,
    /// The last failure of any kind, until something works.
    pub(super) last_failure: Option<Error>,
    pub(super) high_watermark: Option<i64>,
    /// The generation of the last answer that brought data.
    pub(super) served: u64,
}

impl<T> Partition<T> {
    pub(super) fn new(fetch: Position, generation: u64, backoff: Backoff) -> Self {
        Self {
            fetch,
            paused: false,
            generation,
            place: generation,
            buffered: VecDeque::new(),
            backoff,
            not_before: None,
            failed: None,
            last_failure: None,
            high_watermark: None,
            served: 0,
        }
    }

    /// The consumed position: that of the next record to hand out.
    pub(super) fn consumed(&self) -> Position {
        match self.buffered.front() {
            Some(first) => Position::At(first.from),
            None => self.fetch,
        }
    }

    /// Goes on fetching from here, as of this generation, and drops what it holds.
    pub(super) fn rewind(&mut self, to: Position, generation: u64, frames: &mut Frames) {
        self.fetch = to;
        self.generation = generation;
        self.failed = None;
        self.drop_buffered(frames);
    }

    pub(super) fn drop_buffered(&mut self, frames: &mut Frames) {
        for each in self.buffered.drain(..) {
            frames.release(each.frame);
        }
    }

    /// Whether a question about it may be asked now.
    pub(super) fn may_ask(&self, now: Instant) -> bool {
        self.failed.is_none() && self.not_before.is_none_or(|at| at <= now)
    }

    /// Whether it has records for the user.
    pub(super) fn has_records(&self) -> bool {
        !self.paused && !self.buffered.is_empty()
    }

    /// Whether it has nothing for the user but an error.
    pub(super) fn is_stuck(&self) -> bool {
        !self.paused && self.buffered.is_empty() && self.failed.is_some()
    }

    /// Takes in an answer's batches, and the offset that it passed as a whole: markers, aborted
    /// batches and compacted offsets included.
    pub(super) fn extend(
        &mut self,
        batches: Vec<Fetched<T>>,
        passed: i64,
        frame: Frame,
        frames: &mut Frames,
    ) {
        self.succeeded();
        let Position::At(mut offset) = self.fetch else {
            return;
        };
        for batch in batches {
            // An old broker may send batches from before the position; they bring nothing new.
            if batch.next_offset <= offset {
                continue;
            }
            let from = std::mem::replace(&mut offset, batch.next_offset);
            frames.hold(frame);
            self.served = self.generation;
            self.buffered.push_back(Buffered { from, batch, frame });
        }
        self.fetch = Position::At(offset.max(passed));
    }

    pub(super) fn succeeded(&mut self) {
        self.backoff.succeeded();
        self.not_before = None;
        self.last_failure = None;
    }

    pub(super) fn try_later(&mut self, now: Instant, error: Error) {
        self.not_before = Some(self.backoff.failed(now));
        self.last_failure = Some(error);
    }

    /// The user must be told before it is tried again, and then it is not tried at once.
    pub(super) fn fail(&mut self, now: Instant, error: Error) {
        self.try_later(now, error.clone());
        self.failed = Some(error);
    }
}
