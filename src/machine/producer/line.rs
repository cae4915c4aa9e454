//! The line to one broker: what waits for it, what is on its way, and how much company a batch
//! waits for beside that.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::sender::{LaneId, Sender, Source, index};
use crate::ids::BrokerId;

/// One broker.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The lanes that have something to send to it now; entries may be out of date.
    pub(super) ready: VecDeque<LaneId>,
    /// Requests that wait for its answer.
    pub(super) in_flight: usize,
    /// When it was sent the last one.
    pub(super) sent_at: Option<Instant>,
    /// Lanes whose batch would be worth a request were there fewer on their way.
    pub(super) held: BTreeSet<LaneId>,
}

impl Line {
    /// How many requests are on their way, and one more than none if one left just now: that an
    /// answer comes quickly is no reason to cut what is sent into small pieces.
    fn busy(&self, now: Instant, linger: Duration) -> usize {
        let since = self.sent_at.map(|at| now.saturating_duration_since(at));
        let just_now = since.is_some_and(|since| since < linger / 8);
        self.in_flight.max(usize::from(just_now))
    }
}

impl<T: Clone> Sender<T> {
    /// A request that was drained for this broker has its answer, or never will.
    pub(crate) fn handle_landed(
        &mut self,
        now: Instant,
        broker: BrokerId,
        source: &impl Source<T>,
    ) {
        let Some(line) = self.lines.get_mut(&broker) else {
            return;
        };
        line.in_flight = line.in_flight.saturating_sub(1);
        for id in std::mem::take(&mut line.held) {
            self.look(now, id, source);
            self.refresh(now, id);
        }
    }

    /// Forgets what was ready and is not any more, so that nobody connects to a broker for nothing.
    pub(crate) fn prune_ready(&mut self, now: Instant) {
        for (broker, line) in &mut self.lines {
            while let Some(id) = line.ready.front() {
                let slot = self.slots.get_mut(index(*id)).and_then(Option::as_mut);
                if let Some(slot) = slot.filter(|slot| slot.queued == Some(*broker)) {
                    let ready = slot.lane.ready_at(&self.settings, self.identity);
                    if ready.is_some_and(|at| at <= now) {
                        break;
                    }
                    slot.queued = None;
                }
                line.ready.pop_front();
            }
        }
    }

    /// The brokers that something is to be sent to now, and that have a free slot.
    pub(crate) fn ready_brokers(&self) -> impl Iterator<Item = BrokerId> {
        let max = self.settings.in_flight_max;
        let can = move |line: &Line| !line.ready.is_empty() && line.in_flight < max;
        let lines = self.lines.iter().filter(move |(_, line)| can(line));
        lines.map(|(broker, _)| *broker)
    }

    /// Looks at a partition's oldest batch.
    pub(super) fn look(&mut self, now: Instant, id: LaneId, source: &impl Source<T>) {
        let (limits, linger) = (self.settings.limits, self.settings.linger);
        let Some(slot) = self.slots.get_mut(index(id)).and_then(Option::as_mut) else {
            return;
        };
        let line = slot.lane.home.leader.and_then(|to| self.lines.get_mut(&to));
        let busy = line.as_ref().map_or(0, |line| line.busy(now, linger));
        let ready = limits.ready_beside(busy);
        let head = source
            .batches(id, |all| all.look(limits.ready, ready))
            .flatten();
        slot.look_again = None;
        if let Some(line) = line {
            if head.is_some_and(|head| !head.ready && head.size >= limits.ready) {
                line.held.insert(id);
                // No answer will come that would make it look again.
                let idle = line.in_flight == 0;
                slot.look_again = line.sent_at.filter(|_| idle).map(|at| at + linger / 8);
            } else {
                line.held.remove(&id);
            }
        }
        slot.lane.head = head;
        if head.is_some_and(|head| head.lingers) {
            self.lingering.insert(id);
        } else {
            self.lingering.remove(&id);
        }
    }
}
