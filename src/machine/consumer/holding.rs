//! Partitions of a group in a [`Fetcher`]: they come and go one by one, are held while they change
//! hands, and say how far the user is done with them.
//!
//! What one poll hands out is in the user's hands until the next: the partition is *busy*, and only
//! what was handed out before counts as done. A stream of one partition confirms that one alone;
//! one that is dropped says nothing of its last record, which may have been dropped half done.
//! Nobody waits for that record any more, and it does not count as done until a poll asks for more.

use std::collections::BTreeSet;
use std::time::Instant;

use super::fetcher::Fetcher;
use super::partition::Partition;
use super::positions::{Place, Position, StartAt};
use super::streams::StreamId;
use crate::error::Error;
use crate::ids::TopicPartition;
use crate::machine::backoff::Backoff;

/// Records of one partition in the user's hands.
#[derive(Clone, Copy, Debug)]
pub(super) struct InHand {
    /// Where the partition was before these, and in which log.
    before: (u64, Place),
    /// The stream that handed out the first of them.
    stream: Option<u64>,
    /// That stream was dropped.
    left: bool,
}

impl InHand {
    pub(super) fn new(before: (u64, Place), stream: Option<u64>) -> Self {
        let left = false;
        Self {
            before,
            stream,
            left,
        }
    }

    /// A stream was dropped: it says nothing of what a poll has handed out.
    pub(super) fn leave(&mut self, stream: u64) {
        self.left |= self.stream == Some(stream);
    }

    /// The user takes more, which comes before what it has if the log was cut off meanwhile.
    pub(super) fn take_more(&mut self, (log, from): (u64, Place)) {
        self.left = false;
        if log == self.before.0 && from.offset < self.before.1.offset {
            self.before.1 = from;
        }
    }
}

impl<T> Fetcher<T> {
    /// Adds partitions that start at what the group committed; held until they are released. One
    /// that is there already keeps its place.
    pub(crate) fn give(&mut self, partitions: &BTreeSet<TopicPartition>) {
        self.assignments += 1;
        for at in partitions {
            if self.partitions.contains_key(at) {
                continue;
            }
            let generation = self.next_generation();
            let backoff = Backoff::new(self.policy, self.seed);
            let mut state = Partition::new(StartAt::Committed.into(), generation, backoff);
            state.held = true;
            self.partitions.insert(at.clone(), state);
        }
    }

    /// Drops partitions with all they hold.
    pub(crate) fn take(&mut self, partitions: &BTreeSet<TopicPartition>) {
        self.assignments += 1;
        for at in partitions {
            self.busy.remove(at);
            if let Some(mut state) = self.partitions.remove(at) {
                state.drop_buffered(&mut self.frames);
            }
        }
        self.look_for_streams();
    }

    /// Hands out and fetches nothing of these until they are released; what is buffered is dropped.
    pub(crate) fn hold(&mut self, partitions: &BTreeSet<TopicPartition>) {
        for at in partitions {
            let generation = self.next_generation();
            if let Some(state) = self.partitions.get_mut(at) {
                let place = state.settle();
                state.rewind(place, generation, &mut self.frames);
                state.held = true;
            }
        }
    }

    /// Goes on with what was held.
    pub(crate) fn release(&mut self, partitions: &BTreeSet<TopicPartition>) {
        for at in partitions {
            if let Some(state) = self.partitions.get_mut(at) {
                (state.held, state.sought) = (false, false);
            }
        }
    }

    /// The user asks for more, and so is done with all that polls handed out; or, with a stream,
    /// with what there is of its partition, if that is its own still. What is left of a batch that
    /// is handed out record by record begins to be in its hands with the next record.
    pub(crate) fn confirm(&mut self, of: Option<&StreamId>) {
        let partitions = &self.partitions;
        self.busy.retain(|at, in_hand| {
            let Some(state) = partitions.get(at) else {
                return false;
            };
            let asked = match of {
                Some(of) => of.partition == *at && state.has_stream(of),
                None => state.split.is_none(),
            };
            if asked {
                let goes_on = state.is_lent() && !state.is_suspended();
                if let (true, Position::At(place)) = (goes_on, state.consumed()) {
                    in_hand.before = (state.consumed_log(), place);
                    return true;
                }
            }
            !asked
        });
    }

    /// The user is done with everything.
    pub(crate) fn confirm_all(&mut self) {
        self.busy.clear();
    }

    /// Whether records of one of these are in the user's hands still.
    pub(crate) fn is_busy(&self, partitions: &BTreeSet<TopicPartition>) -> bool {
        let busy = |(at, in_hand): (_, &InHand)| !in_hand.left && partitions.contains(at);
        self.busy.iter().any(busy)
    }

    /// Whether there are records of this partition that do not count as done.
    pub(crate) fn is_busy_with(&self, at: &TopicPartition) -> bool {
        self.busy.contains_key(at)
    }

    /// Whether there is any record that does not count as done.
    pub(crate) fn is_any_busy(&self) -> bool {
        !self.busy.is_empty()
    }

    /// Up to where the user is done with a partition; `None` if that is not known, or in a log
    /// that is no more.
    pub(crate) fn done(&self, at: &TopicPartition) -> Option<Place> {
        let Some(in_hand) = self.busy.get(at) else {
            return self.position(at);
        };
        let (log, before) = in_hand.before;
        let state = self.partitions.get(at)?;
        // The log may have been cut off meanwhile, or the user have gone back.
        let back = self.position(at).filter(|at| at.offset < before.offset);
        (log == state.log).then_some(back.unwrap_or(before))
    }

    /// Somebody waits for a partition's position: a listener too, for as long as which it is held.
    /// Whether that is news to those who ask for it.
    pub(crate) fn seek_out(&mut self, at: &TopicPartition) -> bool {
        let state = self.partitions.get_mut(at).filter(|state| state.held);
        state.is_some_and(|state| !std::mem::replace(&mut state.sought, true))
    }

    /// Partitions that are to start at what their group committed, which must be asked for now.
    pub(crate) fn uncommitted(&self, now: Instant) -> Vec<(TopicPartition, u64)> {
        let open = |(at, state): (&TopicPartition, &Partition<T>)| {
            let asks = state.fetch == Position::Unresolved(StartAt::Committed);
            let now = asks && (!state.held || state.sought) && state.may_ask(now);
            now.then(|| (at.clone(), state.generation))
        };
        self.partitions.iter().filter_map(open).collect()
    }

    /// A partition whose committed offset was asked for starts here, or the user is told why it
    /// cannot start. Whether that was still open.
    pub(crate) fn start(
        &mut self,
        now: Instant,
        at: &TopicPartition,
        generation: u64,
        place: Result<StartAt, Error>,
    ) -> bool {
        let next = self.next_generation();
        let Some(state) = self.current(at, generation) else {
            return false;
        };
        match place {
            Ok(place) => {
                state.fetch = place.into();
                state.generation = next;
                state.succeeded();
            }
            Err(error) => state.fail(now, error),
        }
        true
    }
}
