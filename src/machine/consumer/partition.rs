//! One partition of a [`Fetcher`](super::Fetcher): its place, and what it holds.

use std::collections::VecDeque;
use std::time::Instant;

use super::plan::Fetched;
use super::positions::Position;
use crate::error::Error;
use crate::ids::LeaderEpoch;
use crate::machine::backoff::Backoff;

/// A batch that waits to be handed out, and the position before it.
#[derive(Debug)]
pub(super) struct Buffered<T> {
    pub(super) from: i64,
    pub(super) epoch: LeaderEpoch,
    pub(super) batch: Fetched<T>,
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
    /// What it holds could not be read in this round of handing out.
    pub(super) set_aside: bool,
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
            set_aside: false,
            high_watermark: None,
            served: 0,
        }
    }

    /// The consumed position: that of the next record to hand out.
    pub(super) fn consumed(&self) -> Position {
        match self.buffered.front() {
            Some(first) => Position::At {
                offset: first.from,
                epoch: first.epoch,
            },
            None => self.fetch,
        }
    }

    /// Goes on fetching from here, as of this generation, and drops what it holds. Returns how
    /// many bytes that was.
    pub(super) fn rewind(&mut self, to: Position, generation: u64) -> usize {
        self.fetch = to;
        self.generation = generation;
        self.failed = None;
        self.set_aside = false;
        self.buffered.drain(..).map(|each| each.batch.bytes).sum()
    }

    /// Whether a question about it may be asked now.
    pub(super) fn may_ask(&self, now: Instant) -> bool {
        self.failed.is_none() && self.not_before.is_none_or(|at| at <= now)
    }

    /// Whether it has something for the user.
    pub(super) fn is_ready(&self) -> bool {
        let holds = !self.buffered.is_empty() || self.failed.is_some();
        holds && !self.paused && !self.set_aside
    }

    /// Takes in an answer's batches, and the offset that it passed as a whole: markers, aborted
    /// batches and compacted offsets included. Returns how many bytes it brought.
    pub(super) fn extend(
        &mut self,
        batches: impl IntoIterator<Item = Fetched<T>>,
        passed: i64,
    ) -> usize {
        self.succeeded();
        let Position::At {
            mut offset,
            mut epoch,
        } = self.fetch
        else {
            return 0;
        };
        let mut added = 0;
        for batch in batches {
            // An old broker may send batches from before the position; they bring nothing new.
            if batch.next_offset <= offset {
                continue;
            }
            let from = offset;
            added += batch.bytes;
            let before = std::mem::replace(&mut epoch, batch.epoch);
            offset = batch.next_offset;
            self.buffered.push_back(Buffered {
                from,
                epoch: before,
                batch,
            });
        }
        let offset = offset.max(passed);
        self.fetch = Position::At { offset, epoch };
        if added > 0 {
            self.served = self.generation;
        }
        added
    }

    pub(super) fn succeeded(&mut self) {
        self.backoff.succeeded();
        self.not_before = None;
    }

    pub(super) fn try_later(&mut self, now: Instant) {
        self.not_before = Some(self.backoff.failed(now));
    }
}
