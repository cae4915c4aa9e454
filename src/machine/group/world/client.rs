//! One member of a [`World`](super::World): its fetcher, what it commits, its user, its listener.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{RETRY, SEC, id_of};
use crate::error::ErrorCode;
use crate::ids::{TopicId, TopicPartition};
use crate::machine::group::commits::{Codes, CommitCall, Commits, Offsets};
use crate::machine::group::ledger::Ledger;
use crate::machine::group::{Act, Ask, Call, Event, Membership, Partitions};
use crate::machine::rng::Rng;

/// How long the commits of a revocation are waited for in these worlds.
pub(in crate::machine::group) const COMMIT_LIMIT: Duration = Duration::from_secs(5);

/// Metadata that the coordinator refuses.
pub(super) const TOO_LARGE: &str = "too large";

pub(super) struct Client {
    rng: Rng,
    pub(super) id: usize,
    pub(super) member: Membership,
    /// Positions of what is released; `None` for what is only held.
    pub(super) positions: BTreeMap<TopicPartition, Option<i64>>,
    /// Where each stood before the records that the user is busy with.
    pub(super) busy: BTreeMap<TopicPartition, i64>,
    pub(super) polling: bool,
    pub(super) waiting: Option<(u64, Partitions)>,
    pub(super) ledger: Ledger,
    /// What each call is to commit.
    asked: BTreeMap<u64, Offsets>,
    /// The listener's call that is under way.
    telling: Option<(u64, Event)>,
    /// How far it has said that it is with what it is busy with.
    ahead: BTreeMap<TopicPartition, i64>,
    /// How far the user was with what has gone.
    remembered: Offsets,
    /// What was confirmed last, and whether with metadata.
    kept: BTreeMap<TopicPartition, (i64, bool)>,
    /// What the listener knows that it has.
    known: Partitions,
    /// The calls that were waited for before partitions go, and until when.
    awaited: Option<(u64, Instant)>,
    pub(super) stopped_until: Instant,
    /// Until when it may commit, once it leaves.
    pub(super) leaving: Option<Instant>,
}

/// What a client meets.
pub(super) struct Outside<'a> {
    pub(super) now: Instant,
    pub(super) committed: &'a BTreeMap<TopicPartition, i64>,
    pub(super) handed: &'a BTreeMap<TopicPartition, i64>,
}

impl Client {
    pub(super) fn new(id: usize, member: Membership, now: Instant, seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            id,
            member,
            positions: BTreeMap::new(),
            busy: BTreeMap::new(),
            polling: false,
            waiting: None,
            ledger: Ledger::new(Commits::new(RETRY, seed)),
            asked: BTreeMap::new(),
            ahead: BTreeMap::new(),
            remembered: Offsets::new(),
            kept: BTreeMap::new(),
            telling: None,
            known: Partitions::new(),
            awaited: None,
            stopped_until: now,
            leaving: None,
        }
    }

    pub(super) fn act(&mut self, act: Act, world: &Outside<'_>) {
        let (id, now) = (self.id, world.now);
        match act {
            Act::Hold {
                step,
                partitions,
                wait,
            } => {
                // Held: what is not handed out yet is not handed out any more.
                let has = |at| self.positions.contains_key(at);
                assert!(partitions.iter().all(has), "{id} holds what it has not");
                if wait && self.busy.keys().any(|at| partitions.contains(at)) {
                    self.waiting = Some((step, partitions));
                } else {
                    self.member.handle_done(step);
                }
            }
            Act::Commit {
                step,
                partitions,
                until,
            } => {
                self.commit_own(&partitions, until);
                self.ledger.settle(step, partitions);
            }
            Act::Tell { step, event } => self.tell(step, event, now),
            Act::Settle { step, partitions } => {
                let until = self.leaving.unwrap_or(now + COMMIT_LIMIT / 4);
                self.awaited = Some((self.ledger.last_ticket(), until));
                self.ledger.settle(step, partitions);
            }
            Act::Take(partitions) => self.take(&partitions, now),
            Act::Give(partitions) => {
                for at in partitions {
                    self.remembered.remove(&at);
                    let before = self.positions.insert(at, None);
                    assert_eq!(before, None, "{id} got what it had");
                }
            }
            Act::Release(partitions) => {
                for at in partitions {
                    let start = world.committed.get(&at).copied().unwrap_or(0);
                    let handed = world.handed.get(&at).copied().unwrap_or(0);
                    assert!(start <= handed, "{id} starts {at} behind what nobody saw");
                    self.ledger.know([(at.clone(), start)].into());
                    self.positions.insert(at, Some(start));
                }
            }
        }
    }

    fn take(&mut self, partitions: &Partitions, now: Instant) {
        let is_lost = self.member.standing().is_none();
        if let Some((up_to, until)) = self.awaited.take().filter(|_| !is_lost) {
            let settled = self.ledger.is_settled(up_to, partitions);
            assert!(settled || now >= until, "{} did not wait", self.id);
        }
        let gone = self.done_with(partitions);
        self.remembered.extend(gone);
        for at in partitions {
            self.positions.remove(at);
            self.busy.remove(at);
            self.kept.remove(at);
            self.ahead.remove(at);
        }
        self.ledger.forget(partitions);
    }

    /// How far the user is done with these.
    fn done_with(&self, partitions: &Partitions) -> Offsets {
        let done = |at: &TopicPartition| {
            let position = self.positions.get(at).copied().flatten();
            let offset = self.busy.get(at).copied().or(position)?;
            Some((at.clone(), offset.into()))
        };
        partitions.iter().filter_map(done).collect()
    }

    fn commit(&mut self, offsets: Offsets, until: Instant) {
        if offsets.is_empty() {
            return;
        }
        let of_member = self.assigned().is_some();
        let ticket = self.ledger.commit(offsets.clone(), until, of_member);
        self.asked.insert(ticket, offsets);
    }

    /// The consumer commits by itself: never back, and nothing of the user's once more.
    fn commit_own(&mut self, partitions: &Partitions, until: Instant) {
        let idle = |at: &TopicPartition| !self.busy.contains_key(at);
        let offsets = self.ledger.news(self.done_with(partitions), idle);
        for (at, offset) in &offsets {
            let kept = self.kept.get(at).copied();
            let over = kept.is_some_and(|kept| kept >= (offset.offset, true));
            assert!(!over, "{at} is committed at {offset:?} over {kept:?}");
        }
        self.commit(offsets, until);
    }

    /// The user commits all that it is done with, with metadata.
    pub(super) fn commit_all(&mut self, now: Instant) {
        let all = self.positions.keys().cloned().collect();
        self.commit_with_metadata(&all, now);
    }

    /// Of what has gone as well: a listener may try.
    fn commit_with_metadata(&mut self, partitions: &Partitions, now: Instant) {
        let gone = self.remembered.clone().into_iter();
        let mut offsets: Offsets = gone.filter(|(at, _)| partitions.contains(at)).collect();
        offsets.extend(self.done_with(partitions));
        for (at, offset) in &mut offsets {
            let ahead = self.ahead.get(at).copied();
            offset.offset = offset.offset.max(ahead.unwrap_or(0));
            let too_large = self.rng.below(10) == 0;
            offset.metadata = if too_large { TOO_LARGE } else { "fine" }.to_owned();
        }
        self.commit(offsets, now + SEC * 20);
    }

    fn assigned(&self) -> Option<&Partitions> {
        self.member.assigned(self.leaving.is_none())
    }

    /// The user commits what it is busy with: it is done with that.
    pub(super) fn commit_busy(&mut self, now: Instant) {
        let busy: Partitions = self.busy.keys().cloned().collect();
        let at_position = |at: &TopicPartition| Some((at.clone(), (*self.positions.get(at)?)?));
        self.ahead.extend(busy.iter().filter_map(at_position));
        self.commit_with_metadata(&busy, now);
    }

    /// The next request to commit.
    pub(super) fn poll_commit(&mut self, now: Instant) -> Option<CommitCall> {
        let standing = self.member.standing();
        let assigned = self.assigned().cloned();
        let may = |at: &TopicPartition| assigned.as_ref().is_none_or(|all| all.contains(at));
        self.ledger.poll(now, standing.as_ref(), may)
    }

    /// Hears what became of a request.
    pub(super) fn hear(&mut self, now: Instant, number: u64, sent: &Offsets, answer: Codes) {
        let codes = answer.iter().flatten();
        for (at, _) in codes.filter(|(_, code)| **code == ErrorCode::NONE) {
            if self.positions.contains_key(at) {
                let kept = (sent[at].offset, !sent[at].metadata.is_empty());
                self.kept.insert(at.clone(), kept);
            }
        }
        if let Some((era, error)) = self.ledger.handle(now, number, answer) {
            self.member.handle_refused_commit(now, era, error);
        }
    }

    /// Calls and steps that have ended. Whether any has.
    pub(super) fn settle(&mut self, committed: &BTreeMap<TopicPartition, i64>) -> bool {
        let mut any = false;
        while let Some(end) = self.ledger.poll_ended() {
            any = true;
            let asked = self.asked.remove(&end.ticket).unwrap();
            assert_eq!(asked.len(), end.confirmed.len() + end.failed.len());
            for at in end.confirmed {
                let (is, least) = (committed.get(&at).copied(), asked[&at].offset);
                assert!(is >= Some(least), "{at} is not committed: {is:?}");
            }
        }
        if let Some(step) = self.ledger.poll_settled() {
            any = true;
            self.member.handle_done(step);
        }
        any
    }

    fn tell(&mut self, step: u64, event: Event, now: Instant) {
        let id = self.id;
        assert!(self.telling.is_none(), "{id} is told two things at a time");
        match &event {
            Event::Assigned(coming) => {
                assert!(coming.is_disjoint(&self.known), "{id} is told twice");
                self.known.extend(coming.iter().cloned());
            }
            Event::Revoked(going) => {
                assert!(going.is_subset(&self.known), "{id} has not heard of it");
                if self.rng.below(2) == 0 {
                    self.commit_with_metadata(going, now);
                }
            }
            Event::Lost(lost) => {
                assert!(lost.is_subset(&self.known), "{id} has not heard of it");
                self.known.retain(|at| !lost.contains(at));
            }
        }
        self.telling = Some((step, event));
    }

    /// The listener returns, or is given up.
    pub(super) fn end_telling(&mut self, now: Instant, overdue: bool) {
        let Some((step, event)) = self.telling.take() else {
            return;
        };
        match (overdue, self.leaving) {
            (true, Some(_)) => return self.member.handle_unheard(step),
            (true, None) => return self.member.handle_overdue(now, step),
            (false, _) => {}
        }
        match event {
            Event::Revoked(gone) => {
                self.commit_with_metadata(&gone, now);
                self.known.retain(|at| !gone.contains(at));
            }
            Event::Lost(lost) => self.commit_with_metadata(&lost, now),
            Event::Assigned(_) => {}
        }
        self.member.handle_done(step);
    }

    /// What must be so in the end.
    pub(super) fn check_out(&self) {
        assert!(self.member.handover().is_empty());
        let known = &self.known;
        assert!(known.is_empty(), "it never heard of the end of {known:?}");
    }

    /// What must be so without trouble.
    pub(super) fn check_settled(&self, state: &str) {
        // Users go on to commit.
        assert!(self.asked.len() < 5, "{:?} {state}", self.asked);
        assert_eq!(self.known, *self.member.handover().owned(), "{state}");
    }

    /// What it says that it has is what its fetcher has.
    pub(super) fn check_said(&self, call: &Call) {
        let Ask::Beat(request) = &call.ask else {
            return;
        };
        for topic in request.topic_partitions.iter().flatten() {
            assert!(!topic.partitions.is_empty());
        }
        let Some(said) = &request.topic_partitions else {
            return;
        };
        let said: BTreeSet<(TopicId, i32)> = said
            .iter()
            .flat_map(|it| it.partitions.iter().map(|p| (TopicId(it.topic_id), *p)))
            .collect();
        let has = self.positions.keys();
        let has: BTreeSet<(TopicId, i32)> =
            has.map(|at| (id_of(&at.topic), at.partition)).collect();
        assert_eq!(said, has);
    }
}
