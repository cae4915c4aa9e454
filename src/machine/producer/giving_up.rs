//! Batches that end without an answer: out of time, given up by the user or with the producer.

use std::time::Instant;

use super::batch::{Facts, Finished, Share, expired};
use super::drain::count;
use super::lane::{Lane, Sealing};
use super::partition::PartitionBatches;
use super::sender::{LaneId, Sender, Source, index};
use super::settings::SenderSettings;
use crate::error::Error;
use crate::ids::TopicPartition;

impl<T: Clone> Sender<T> {
    /// Gives up the batches of a lane whose time ran out.
    pub(super) fn expire(
        &mut self,
        now: Instant,
        id: LaneId,
        source: &impl Source<T>,
        obstacle: impl Fn(&TopicPartition) -> Option<Error>,
    ) {
        let Some(slot) = self.slots.get_mut(index(id)).and_then(Option::as_mut) else {
            return;
        };
        let lane = &mut slot.lane;
        lane.expire_stamped(now, &self.settings, &obstacle, &mut self.finished);
        let Some(limit) = now.checked_sub(self.settings.delivery_timeout) else {
            return;
        };
        let mut fail = |at: &TopicPartition, tag: T, created: Instant, records: u32| {
            let error = expired(0, None, obstacle(at));
            let error = Facts::unsent(now, created).complete(at, error);
            self.finished.push(Finished {
                tag,
                share: Share::all(records),
                outcome: Err(error),
            });
        };
        match std::mem::replace(&mut lane.sealing, Sealing::Idle) {
            // What its compression still brings is dropped.
            Sealing::Busy(_, tag, created, records) if created <= limit => {
                fail(&lane.at, tag, created, records);
            }
            Sealing::Done(sealed) if sealed.created <= limit => {
                let records = u32::try_from(sealed.batch.count()).unwrap_or(u32::MAX);
                fail(&lane.at, sealed.tag, sealed.created, records);
            }
            other => lane.sealing = other,
        }
        while let Some(late) = source.batches(id, |all| all.take_older(limit)).flatten() {
            fail(&lane.at, late.tag, late.created, count(&late.builder));
        }
    }

    /// Gives up everything of so many partitions, and takes no more records there.
    pub(crate) fn abort(
        &mut self,
        now: Instant,
        partitions: u32,
        source: &impl Source<T>,
        error: &Error,
    ) {
        for id in (0..partitions).map(LaneId) {
            source.batches(id, PartitionBatches::close);
            self.give_up(now, id, source, error);
        }
    }

    /// Gives up all that is buffered and was never sent, or also what was sent (`purge`).
    pub(crate) fn purge(
        &mut self,
        now: Instant,
        in_flight: bool,
        source: &impl Source<T>,
        error: &Error,
    ) {
        let count = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        for id in (0..count).map(LaneId) {
            if in_flight {
                self.give_up(now, id, source, error);
            } else {
                self.give_up_unsent(now, id, source, error);
            }
            self.look(now, id, source);
            self.refresh(now, id);
        }
    }

    /// Gives up all that waits for a producer id, and nothing else.
    pub(crate) fn give_up_nameless(
        &mut self,
        now: Instant,
        source: &impl Source<T>,
        error: &Error,
    ) {
        for id in std::mem::take(&mut self.nameless) {
            self.give_up(now, id, source, error);
            self.look(now, id, source);
            self.refresh(now, id);
        }
    }

    fn give_up(&mut self, now: Instant, id: LaneId, source: &impl Source<T>, error: &Error) {
        if let Some(slot) = self.slots.get_mut(index(id)).and_then(Option::as_mut) {
            while let Some(batch) = slot.lane.stamped.front_mut() {
                batch.maybe_written |= batch.on_wire;
                slot.lane.fail(now, 0, error.clone(), &mut self.finished);
            }
        }
        self.give_up_unsent(now, id, source, error);
    }

    fn give_up_unsent(&mut self, now: Instant, id: LaneId, source: &impl Source<T>, error: &Error) {
        let Some(at) = source.place(id) else {
            return;
        };
        let mut fail = |tag: T, created: Instant, records: u32| {
            let error = Facts::unsent(now, created).complete(&at, error.clone());
            self.finished.push(Finished {
                tag,
                share: Share::all(records),
                outcome: Err(error),
            });
        };
        if let Some(slot) = self.slots.get_mut(index(id)).and_then(Option::as_mut) {
            match std::mem::replace(&mut slot.lane.sealing, Sealing::Idle) {
                Sealing::Idle => {}
                Sealing::Busy(_, tag, created, records) => fail(tag, created, records),
                Sealing::Done(sealed) => {
                    let records = u32::try_from(sealed.batch.count()).unwrap_or(u32::MAX);
                    fail(sealed.tag, sealed.created, records);
                }
            }
        }
        while let Some(waiting) = source.batches(id, PartitionBatches::take).flatten() {
            fail(waiting.tag, waiting.created, count(&waiting.builder));
        }
    }
}

impl<T: Clone> Lane<T> {
    /// Gives up stamped batches whose time has run out, sent ones too.
    pub(super) fn expire_stamped(
        &mut self,
        now: Instant,
        settings: &SenderSettings,
        obstacle: &impl Fn(&TopicPartition) -> Option<Error>,
        finished: &mut Vec<Finished<T>>,
    ) {
        let limit = settings.delivery_timeout;
        while let Some(oldest) = self.stamped.front_mut() {
            if now.saturating_duration_since(oldest.created) < limit {
                return;
            }
            oldest.maybe_written |= oldest.on_wire;
            let obstacle = (!oldest.on_wire).then(|| obstacle(&self.at)).flatten();
            let error = expired(oldest.attempts, self.last_error.take(), obstacle);
            self.fail(now, 0, error, finished);
        }
    }
}
