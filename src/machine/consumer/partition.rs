//! One partition of a [`Fetcher`](super::Fetcher): its place, and what it holds.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use super::frames::{Frame, Frames};
use super::logs::LentBatch;
use super::plan::{Answer, Cluster, Fetched, Leader};
use super::positions::{Place, Position};
use super::streams::Split;
use crate::error::Error;
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition, Uuid};
use crate::machine::backoff::Backoff;

/// A batch that waits to be handed out, the position before it, and the log they are of.
#[derive(Debug)]
pub(super) struct Buffered<T> {
    pub(super) from: Place,
    pub(super) log: u64,
    pub(super) batch: Fetched<T>,
    pub(super) frame: Frame,
    /// The part of the frame that it is.
    pub(super) live: usize,
}

/// Why a partition is not fetched from this offset before it is sought. The user is told once.
#[derive(Debug)]
pub(super) struct LeftOut {
    pub(super) offset: i64,
    pub(super) error: Error,
    /// The log is another one than the offset was reached in, so that no fetch finds out again.
    pub(super) has_no_place: bool,
}

#[derive(Debug)]
pub(super) struct Partition<T> {
    /// Where the next fetch starts.
    pub(super) fetch: Position,
    /// The leader epoch for which the fetch position is known to be in the log (KIP-320).
    pub(super) validated: LeaderEpoch,
    /// Since which generation the user wants nothing of it.
    pub(super) paused: Option<u64>,
    /// It is about to change hands.
    pub(super) held: bool,
    /// Names the last question about this partition, or the change that made it obsolete.
    pub(super) generation: u64,
    /// The generation that the user's last seek began.
    pub(super) place: u64,
    pub(super) buffered: VecDeque<Buffered<T>>,
    /// The log that the fetch position is in.
    pub(super) log: u64,
    /// Of what is buffered.
    pub(super) bytes: usize,
    backoff: Backoff,
    pub(super) not_before: Option<Instant>,
    /// What keeps it from going on, until the user is told.
    pub(super) failed: Option<Error>,
    /// The last failure of any kind, until something works.
    pub(super) last_failure: Option<Error>,
    /// Why it is not fetched before it is sought.
    pub(super) left_out: Option<LeftOut>,
    pub(super) high_watermark: Option<i64>,
    /// Up to where it may be read, as of the last answer.
    pub(super) end: Option<i64>,
    /// The generation of the last answer that brought data.
    pub(super) served: u64,
    /// The batch that is handed out record by record.
    pub(super) lent: Option<LentBatch>,
    /// The stream of its own that it has, so that polls leave it alone.
    pub(super) split: Option<Split>,
    /// The topic's id when it was looked at last; zero while none is known.
    pub(super) topic_id: Uuid,
    /// Somebody waits for its position although it is held.
    pub(super) sought: bool,
    /// The end that was told last (`enable.partition.eof`).
    pub(super) told_end: Option<i64>,
    /// The replica that the leader named to read from, and until when (KIP-392).
    pub(super) replica: Option<(BrokerId, Instant)>,
    /// No other replica is to be named up to then.
    pub(super) leader_only: Option<Instant>,
}

impl<T> Partition<T> {
    pub(super) fn new(fetch: Position, generation: u64, backoff: Backoff) -> Self {
        Self {
            fetch,
            validated: LeaderEpoch::NONE,
            paused: None,
            held: false,
            generation,
            place: generation,
            buffered: VecDeque::new(),
            log: 0,
            bytes: 0,
            backoff,
            not_before: None,
            failed: None,
            last_failure: None,
            left_out: None,
            high_watermark: None,
            end: None,
            served: 0,
            lent: None,
            split: None,
            topic_id: Uuid::ZERO,
            sought: false,
            told_end: None,
            replica: None,
            leader_only: None,
        }
    }

    /// Goes on fetching from here, as of this generation, and drops what it holds.
    pub(super) fn rewind(&mut self, to: Position, generation: u64, frames: &mut Frames) {
        if !self.has_no_place() && self.failed.take().is_some() {
            // The user has not heard of it, and it is found again.
            self.left_out = None;
        }
        self.refetch(to, generation, frames);
    }

    /// Drops what it holds, to fetch it again from here, as of this generation.
    pub(super) fn refetch(&mut self, from: Position, generation: u64, frames: &mut Frames) {
        self.fetch = from;
        self.generation = generation;
        self.drop_buffered(frames);
    }

    pub(super) fn drop_buffered(&mut self, frames: &mut Frames) {
        for each in self.buffered.drain(..) {
            frames.release(each.frame, each.live);
        }
        self.bytes = 0;
        self.take_lent();
        self.told_end = None;
    }

    /// Whether it holds what can be fetched again.
    pub(super) fn may_refetch(&self) -> bool {
        !self.buffered.is_empty() && self.is_in_log() && self.failed.is_none()
    }

    /// The bytes of the frames that it holds, beside those that were seen already.
    pub(super) fn frames_beside(&self, seen: &mut BTreeSet<u64>) -> usize {
        let frames = self.buffered.iter().map(|each| each.frame);
        let new = frames.filter(|frame| seen.insert(frame.id));
        new.map(|frame| frame.bytes).sum()
    }

    /// The next batch, and the position before it.
    pub(super) fn pop(&mut self, frames: &mut Frames) -> Option<Buffered<T>> {
        let first = self.buffered.pop_front()?;
        self.bytes = self.bytes.saturating_sub(first.batch.bytes);
        frames.release(first.frame, first.live);
        Some(first)
    }

    /// The rest of a batch is the next.
    pub(super) fn push_front(&mut self, rest: Buffered<T>, frames: &mut Frames) {
        frames.hold(rest.frame, rest.live);
        self.bytes += rest.batch.bytes;
        self.buffered.push_front(rest);
    }

    /// Whether a question about it may be asked now.
    pub(super) fn may_ask(&self, now: Instant) -> bool {
        self.failed.is_none() && self.not_before.is_none_or(|at| at <= now)
    }

    /// Whether the leader has to be asked first whether the position is still in its log.
    pub(super) fn must_validate(&self, leader: &Leader) -> bool {
        let Position::At(place) = self.fetch else {
            return false;
        };
        let known = place.epoch != LeaderEpoch::NONE && leader.epoch != LeaderEpoch::NONE;
        known && self.validated != leader.epoch
    }

    /// Where it may be fetched from now, and who leads it.
    pub(super) fn source(
        &self,
        now: Instant,
        at: &TopicPartition,
        cluster: &impl Cluster,
    ) -> Option<(Place, BrokerId, Leader)> {
        let Position::At(place) = self.fetch else {
            return None;
        };
        let wants_nothing = self.is_paused() || self.held || self.blocked().is_some();
        if wants_nothing || !self.may_ask(now) {
            return None;
        }
        let leader = cluster.leader(at)?;
        if self.must_validate(&leader) {
            return None;
        }
        Some((place, self.broker(now, &leader, cluster), leader))
    }

    /// Whom to read it from: the leader, or the replica that the leader has named.
    pub(super) fn broker(&self, now: Instant, leader: &Leader, cluster: &impl Cluster) -> BrokerId {
        let replica = self
            .replica
            .filter(|(id, until)| now < *until && cluster.has(*id));
        replica.map_or(leader.id, |(id, _)| id)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Why it cannot be fetched from where it is, although the user was told.
    pub(super) fn blocked(&self) -> Option<&Error> {
        let Position::At(place) = self.fetch else {
            return None;
        };
        let left_out = self.left_out.as_ref()?;
        (left_out.offset == place.offset).then_some(&left_out.error)
    }

    /// Whether there is another log than the one that its place is in, until it is sought.
    pub(super) fn has_no_place(&self) -> bool {
        self.left_out.as_ref().is_some_and(|it| it.has_no_place)
    }

    /// Whether it has records for the user.
    pub(super) fn has_records(&self) -> bool {
        self.may_hand_out() && !self.buffered.is_empty()
    }

    /// The rest of a batch that is given back comes before all else.
    fn may_hand_out(&self) -> bool {
        !self.is_paused() && !self.held && !self.is_suspended()
    }

    /// Whether it has nothing for the user but an error.
    pub(super) fn is_stuck(&self) -> bool {
        let holds_nothing = self.buffered.is_empty() && !self.is_lent();
        self.may_hand_out() && holds_nothing && self.failed.is_some()
    }

    /// The end of the partition, if it has been reached and was not told yet.
    pub(super) fn reached_end(&self) -> Option<i64> {
        let Position::At(place) = self.consumed() else {
            return None;
        };
        // Beyond it is a place that was never there.
        let reached = self.end == Some(place.offset);
        let news = self.told_end != Some(place.offset) && !self.is_paused();
        (reached && news && self.buffered.is_empty()).then_some(place.offset)
    }

    /// Takes in an answer's batches, and the place that it passed as a whole: markers, aborted
    /// batches and compacted offsets included.
    pub(super) fn extend(&mut self, answer: Answer<T>, frame: Frame, frames: &mut Frames) {
        self.succeeded();
        self.high_watermark = Some(answer.high_watermark);
        self.end = Some(answer.end);
        let Position::At(mut place) = self.fetch else {
            return;
        };
        for batch in answer.batches {
            // An old broker may send batches from before the position; they bring nothing new.
            if batch.next_offset <= place.offset {
                continue;
            }
            let next = Place {
                offset: batch.next_offset,
                epoch: batch.epoch,
            };
            let from = std::mem::replace(&mut place, next);
            let live = batch.bytes;
            frames.hold(frame, live);
            self.served = self.generation;
            self.bytes += live;
            self.buffered.push_back(Buffered {
                from,
                log: self.log,
                batch,
                frame,
                live,
            });
        }
        if answer.passed.offset > place.offset {
            place = answer.passed;
        }
        self.fetch = Position::At(place);
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
