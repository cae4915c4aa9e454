//! The producer's sender: which partitions have something to send, to whom, and what to do next.
//! Pure.
//!
//! Intuition: a lane per partition ([`lane`](super::lane)), and three ways to find the lanes that
//! have work without looking at the others: a queue of ready lanes per broker, a heap of lanes that
//! become ready later, a heap of lanes whose oldest batch runs out of time. After anything happens
//! to a lane, [`Sender::refresh`] puts it where it belongs; an entry that has become wrong since is
//! skipped when it comes up. So ten thousand partitions cost what their traffic costs.
//!
//! What takes records is not here but in [`PartitionBatches`], behind locks that the sender's
//! driver shares with the callers of `enqueue` ([`Source`]).
//!
//! Invariant: every batch that was begun leaves exactly once, in one [`Finished`], or in several
//! that make up the whole.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::time::Instant;

use super::answers::Asked;
use super::batch::{Answer, BatchId, Finished};
use super::home::Home;
use super::lane::Lane;
use super::line::Line;
use super::partition::PartitionBatches;
use super::sequence::Identity;
use super::settings::SenderSettings;
use super::standing::Standing;
use super::totals::Totals;
use crate::error::Error;
use crate::ids::{BrokerId, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::backoff::Backoff;

/// A partition's number among those that the producer has written to, in order of the first record.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct LaneId(pub(crate) u32);

/// Where the partitions are that take records.
pub(crate) trait Source<T> {
    /// Which partition it is.
    fn place(&self, lane: LaneId) -> Option<TopicPartition>;

    /// Looks at its batches, under their lock.
    fn batches<R>(
        &self,
        lane: LaneId,
        look: impl FnOnce(&mut PartitionBatches<T>) -> R,
    ) -> Option<R>;
}

/// A lane, and where the sender has noted it.
#[derive(Debug)]
pub(super) struct Slot<T> {
    pub(super) lane: Lane<T>,
    /// In whose queue of ready lanes it is.
    pub(super) queued: Option<BrokerId>,
    /// Whether it is in the queue of lanes with something to compress.
    pub(super) to_seal: bool,
    /// Its entries in the heaps.
    due: Option<Instant>,
    expiry: Option<Instant>,
    /// The broker that it waits for, where that is watched.
    pub(super) waits_for: Option<BrokerId>,
    /// When its oldest batch is worth another look, if nothing happens before.
    pub(super) look_again: Option<Instant>,
    /// The last request it gave a batch to: there is one batch of a partition in each.
    pub(super) request: u64,
}

/// See the module's page.
#[derive(Debug)]
pub(crate) struct Sender<T> {
    pub(super) settings: SenderSettings,
    pub(super) slots: Vec<Option<Slot<T>>>,
    /// The producer's newest identity; partitions may be at later epochs of it, or at older ids.
    pub(super) identity: Option<Identity>,
    pub(super) lines: BTreeMap<BrokerId, Line>,
    /// Ready, with nobody to send to.
    homeless: BTreeSet<LaneId>,
    /// Those of them whose leader has not been asked for since the last metadata.
    lookups: BTreeSet<LaneId>,
    /// Ready but for a producer id: the newest is of no use to them.
    pub(super) nameless: BTreeSet<LaneId>,
    /// Answers in a row that gave an id of no use, and the pause before the next question.
    useless_ids: Backoff,
    ask_again_at: Option<Instant>,
    /// With batches that may wait for `linger.ms`.
    pub(super) lingering: BTreeSet<LaneId>,
    pub(super) to_seal: VecDeque<LaneId>,
    due: BinaryHeap<Reverse<(Instant, LaneId)>>,
    expiries: BinaryHeap<Reverse<(Instant, LaneId)>>,
    pub(super) next_id: u64,
    pub(super) requests: u64,
    pub(super) finished: Vec<Finished<T>>,
    lowered: Vec<(LaneId, usize)>,
    pub(super) standing: Standing,
    over_gaps: Vec<LaneId>,
    pub(super) totals: Totals,
}

impl<T: Clone> Sender<T> {
    pub(crate) fn new(settings: SenderSettings) -> Self {
        Self {
            slots: Vec::new(),
            identity: None,
            useless_ids: Backoff::new(settings.retry_backoff, settings.seed),
            ask_again_at: None,
            settings,
            lines: BTreeMap::new(),
            homeless: BTreeSet::new(),
            lookups: BTreeSet::new(),
            nameless: BTreeSet::new(),
            lingering: BTreeSet::new(),
            to_seal: VecDeque::new(),
            due: BinaryHeap::new(),
            expiries: BinaryHeap::new(),
            next_id: 1,
            requests: 0,
            finished: Vec::new(),
            lowered: Vec::new(),
            standing: Standing::default(),
            over_gaps: Vec::new(),
            totals: Totals::default(),
        }
    }

    /// A partition has a new batch, or one that is worth sending.
    pub(crate) fn handle_told(
        &mut self,
        now: Instant,
        id: LaneId,
        source: &impl Source<T>,
        home: impl FnOnce(&TopicPartition) -> Home,
    ) {
        let at = usize::try_from(id.0).unwrap_or(usize::MAX);
        if self.slots.len() <= at {
            self.slots.resize_with(at.saturating_add(1), || None);
        }
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        if slot.is_none() {
            let Some(place) = source.place(id) else {
                return;
            };
            let mut lane = Lane::new(place, &self.settings);
            lane.home = home(&lane.at);
            *slot = Some(Slot {
                lane,
                queued: None,
                to_seal: false,
                due: None,
                expiry: None,
                waits_for: None,
                look_again: None,
                request: 0,
            });
        }
        self.look(now, id, source);
        self.refresh(now, id);
    }

    /// Metadata may name other leaders for these, or other topics.
    pub(crate) fn handle_homes(
        &mut self,
        now: Instant,
        lanes: impl IntoIterator<Item = LaneId>,
        home: impl Fn(&TopicPartition) -> Home,
    ) {
        for id in lanes {
            let Some(slot) = self.slot(id) else {
                continue;
            };
            let old = slot.lane.home;
            if slot.lane.set_home(home(&slot.lane.at)) {
                slot.queued = None;
                if let Some(line) = old.leader.and_then(|old| self.lines.get_mut(&old)) {
                    line.held.remove(&id);
                }
                self.refresh(now, id);
            }
        }
        // What its topic has not any more is not asked for again and again.
        let slots = &self.slots;
        let gone = |id: &LaneId| {
            let slot = slots.get(index(*id)).and_then(Option::as_ref);
            slot.is_some_and(|slot| slot.lane.home.is_gone)
        };
        let homeless = self.homeless.iter().filter(|id| !gone(id));
        self.lookups = homeless.copied().collect();
    }

    /// The partitions that have something to send now, and nobody to send it to: those that are new
    /// among them, and after new metadata all of them once more.
    pub(crate) fn take_lookups(&mut self) -> Vec<TopicPartition> {
        let wanted = std::mem::take(&mut self.lookups);
        let slots = wanted.iter().filter_map(|id| self.slots.get(index(*id)));
        slots.flatten().map(|slot| slot.lane.at.clone()).collect()
    }

    /// The cluster gave the producer an id.
    pub(crate) fn handle_producer_id(
        &mut self,
        now: Instant,
        id: ProducerId,
        epoch: ProducerEpoch,
    ) {
        self.identity = Some((id, epoch));
        for lane in std::mem::take(&mut self.nameless) {
            self.refresh(now, lane);
        }
        if self.nameless.is_empty() {
            self.useless_ids.succeeded();
        } else {
            // It is one that they have used up.
            self.ask_again_at = Some(self.useless_ids.failed(now));
        }
    }

    /// Whether a partition waits for a producer id, and it is time to ask for one.
    pub(crate) fn needs_producer_id(&self) -> bool {
        self.ask_again_at.is_none() && !self.nameless.is_empty()
    }

    /// Takes in what came back for a batch.
    pub(crate) fn handle_answer(
        &mut self,
        now: Instant,
        lane: LaneId,
        id: BatchId,
        answer: Answer,
    ) {
        let mut asked = Asked {
            next_id: self.next_id,
            ..Asked::default()
        };
        let settings = &self.settings;
        let Some(slot) = self.slots.get_mut(index(lane)).and_then(Option::as_mut) else {
            return;
        };
        slot.lane
            .handle_answer(now, (id, answer), settings, &mut asked, &mut self.finished);
        self.next_id = asked.next_id;
        self.totals.splits += u64::from(asked.lower_cap.is_some());
        self.totals.gaps += u64::from(asked.over_gap);
        self.lowered.extend(asked.lower_cap.map(|cap| (lane, cap)));
        self.over_gaps.extend(asked.over_gap.then_some(lane));
        self.refresh(now, lane);
    }

    /// Lets every batch that exists now leave without waiting for `linger.ms`.
    pub(crate) fn flush(&mut self, now: Instant, source: &impl Source<T>) {
        for id in std::mem::take(&mut self.lingering) {
            source.batches(id, PartitionBatches::hurry);
            self.look(now, id, source);
            self.refresh(now, id);
        }
    }

    /// Does what is due: finds lanes that have become ready, and gives up batches whose
    /// `delivery.timeout.ms` ran out, sent ones too. `obstacle` is what keeps a partition's batches
    /// from being sent, as far as the driver knows.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Instant,
        source: &impl Source<T>,
        obstacle: impl Fn(&TopicPartition) -> Option<Error>,
    ) {
        self.ask_again_at = self.ask_again_at.filter(|at| *at > now);
        while let Some(Reverse((_, id))) = self.due.peek().filter(|top| top.0.0 <= now).copied() {
            let entry = self.due.pop();
            if let Some(slot) = self.slot(id) {
                slot.due = slot.due.filter(|due| Some(Reverse((*due, id))) != entry);
            }
            self.look(now, id, source);
            self.refresh(now, id);
        }
        while let Some(Reverse((_, id))) =
            self.expiries.peek().filter(|top| top.0.0 <= now).copied()
        {
            self.expiries.pop();
            if let Some(slot) = self.slot(id) {
                slot.expiry = None;
            }
            self.expire(now, id, source, &obstacle);
            self.look(now, id, source);
            self.refresh(now, id);
        }
    }

    /// When something becomes ready or expires next; it may come too early, never too late.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let due = self.due.peek().map(|top| top.0.0);
        let expiry = self.expiries.peek().map(|top| top.0.0);
        [due, expiry, self.ask_again_at].into_iter().flatten().min()
    }

    /// The outcomes since the last call.
    pub(crate) fn take_finished(&mut self) -> Vec<Finished<T>> {
        std::mem::take(&mut self.finished)
    }

    /// The partitions whose broker found a batch too large since the last call, and the size, in
    /// bytes before compression, that batches of their topic are to keep to.
    pub(crate) fn take_lowered(&mut self) -> Vec<(LaneId, usize)> {
        std::mem::take(&mut self.lowered)
    }

    /// Since when brokers have stood still, where that has changed since the last call: something
    /// waits for them, and nothing leaves. `None` for one that nothing waits for any more.
    pub(crate) fn take_standing(&mut self) -> Vec<(BrokerId, Option<Instant>)> {
        self.standing.take_changes()
    }

    /// The partitions that lack acknowledged records and are written on all the same, since the
    /// last call.
    pub(crate) fn take_over_gaps(&mut self) -> Vec<LaneId> {
        std::mem::take(&mut self.over_gaps)
    }

    /// How many batches have no outcome, of those that the sender has taken.
    #[cfg(test)]
    pub(super) fn unfinished(&self) -> usize {
        let lanes = self.slots.iter().flatten().map(|slot| &slot.lane);
        let count = |lane: &Lane<T>| {
            lane.stamped.len() + usize::from(!matches!(lane.sealing, super::lane::Sealing::Idle))
        };
        lanes.map(count).sum()
    }

    pub(super) fn slot(&mut self, id: LaneId) -> Option<&mut Slot<T>> {
        self.slots.get_mut(index(id))?.as_mut()
    }

    /// Notes a lane wherever it belongs after something happened to it.
    pub(super) fn refresh(&mut self, now: Instant, id: LaneId) {
        let settings = &self.settings;
        let Some(slot) = self.slots.get_mut(index(id)).and_then(Option::as_mut) else {
            return;
        };
        let lane = &slot.lane;
        if lane.wants_identity(settings, self.identity) {
            // Its own is used up, or it never had one; the newest is of no use to it either.
            self.nameless.insert(id);
        } else {
            self.nameless.remove(&id);
        }
        let ready = lane.ready_at(settings, self.identity);
        let is_ready = ready.is_some_and(|at| at <= now);
        if is_ready && lane.home.leader.is_none() {
            if self.homeless.insert(id) && !lane.home.is_gone {
                self.lookups.insert(id);
            }
        } else if self.homeless.remove(&id) {
            self.lookups.remove(&id);
        }
        if let Some(broker) = lane.home.leader.filter(|_| is_ready) {
            if slot.queued != Some(broker) {
                slot.queued = Some(broker);
                let line = self.lines.entry(broker).or_default();
                line.ready.push_back(id);
            }
        }
        if settings.watches_brokers {
            let waits_for = lane.waits_for(settings, is_ready, slot.waits_for);
            self.standing.move_lane(now, slot.waits_for, waits_for);
            slot.waits_for = waits_for;
        }
        let seal = lane.seal_at(settings);
        if seal.is_some_and(|at| at <= now) && !slot.to_seal {
            slot.to_seal = true;
            self.to_seal.push_back(id);
        }
        let due = [ready, seal, slot.look_again]
            .into_iter()
            .flatten()
            .filter(|at| *at > now)
            .min();
        if let Some(at) = due.filter(|at| slot.due.is_none_or(|known| *at < known)) {
            slot.due = Some(at);
            self.due.push(Reverse((at, id)));
        }
        let expiry = lane.expires_at(settings);
        if let Some(at) = expiry.filter(|at| slot.expiry.is_none_or(|known| *at < known)) {
            slot.expiry = Some(at);
            self.expiries.push(Reverse((at, id)));
        }
    }
}

pub(super) fn index(id: LaneId) -> usize {
    usize::try_from(id.0).unwrap_or(usize::MAX)
}
