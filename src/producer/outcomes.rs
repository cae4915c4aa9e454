//! What the sender's decisions mean to those who wait for them: outcomes, records given up, topics
//! whose batches must be smaller, partitions that lost records.

use std::sync::Arc;
use std::time::Instant;

use super::delivery::Completion;
use super::inner::Inner;
use super::interceptor::SettledBatch;
use crate::error::Error;
use crate::machine::producer::{Finished, Home, LaneId, Sender, Source};

/// Records that have left the sender with their outcome, and are counted.
type Settling = Finished<Arc<Completion>>;

impl Inner {
    /// The outcomes since the last call, counted: what has left the sender is in the next report,
    /// however long interceptors take to hear of it.
    pub(super) fn take_finished(&self, sender: &mut Sender<Arc<Completion>>) -> Vec<Settling> {
        let finished = sender.take_finished();
        for Finished { share, outcome, .. } in &finished {
            let error = outcome.as_ref().err();
            self.meters.lock().settled(share.records, error);
            self.ledger.count(share.records, error);
        }
        finished
    }

    /// Gives finished records their outcome, and wakes whoever waits for it, outside of all locks.
    pub(super) fn settle(&self, finished: Vec<Settling>) {
        for Finished {
            tag,
            share,
            outcome,
        } in finished
        {
            if !self.interceptors.is_empty() {
                self.interceptors.on_acknowledgement(&SettledBatch {
                    topic: Arc::clone(tag.topic()),
                    partition: tag.partition(),
                    records: share.records,
                    outcome: outcome
                        .as_ref()
                        .map(|written| written.base_offset)
                        .map_err(Error::clone),
                });
            }
            if tag.settle(share, outcome) {
                self.ledger.settled(tag.generation());
            }
        }
    }

    /// Takes no more records and gives up those that are not settled.
    pub(super) fn abort(&self, now: Instant, error: &Error) {
        self.close();
        let finished = {
            let partitions = self.partitions.close();
            let mut sender = self.sender();
            sender.abort(now, partitions, &self.partitions, error);
            self.take_finished(&mut sender)
        };
        self.settle(finished);
    }

    /// Gives up what is buffered, and what is in flight too if that is asked for.
    pub(super) fn purge(&self, now: Instant, in_flight: bool, error: &Error) {
        let finished = {
            let mut sender = self.sender();
            let snapshot = self.shared.snapshot();
            for lane in self.take_told() {
                sender.handle_told(now, lane, &self.partitions, |at| Home::of(&snapshot, at));
            }
            sender.purge(now, in_flight, &self.partitions, error);
            self.take_finished(&mut sender)
        };
        self.settle(finished);
    }

    /// Gives up what waits for a producer id: there will be none.
    pub(super) fn give_up_nameless(&self, now: Instant, error: &Error) {
        let finished = {
            let mut sender = self.sender();
            sender.give_up_nameless(now, &self.partitions, error);
            self.take_finished(&mut sender)
        };
        self.settle(finished);
    }

    /// Keeps the batches of topics to what their broker takes.
    pub(super) fn lower_caps(&self, lowered: &[(LaneId, usize)]) {
        for (lane, cap) in lowered {
            let Some(at) = self.partitions.place(*lane) else {
                continue;
            };
            tracing::warn!(
                topic = &*at.topic,
                bytes = cap,
                "the broker found a batch too large; the topic's batches are kept smaller"
            );
            let Some(topic) = self.topics.latest(&at.topic) else {
                continue;
            };
            topic.lower_cap(*cap);
        }
    }

    /// The user chose to go on over gaps, not to hear nothing of them.
    pub(super) fn tell_of_gaps(&self, lanes: &[LaneId]) {
        for at in lanes.iter().filter_map(|lane| self.partitions.place(*lane)) {
            tracing::error!(
                topic = &*at.topic,
                partition = at.partition,
                "acknowledged records are missing from the log; writing on under a new epoch"
            );
        }
    }
}
