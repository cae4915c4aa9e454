//! What leaves the sender: batches for a request, batches to be compressed.

use std::time::Instant;

use super::batch::{BatchId, Facts, Finished, Outcome, Sealed, Share};
use super::lane::{Sealing, Turn};
use super::partition::{PartitionBatches, Waiting};
use super::sender::{LaneId, Sender, Source, index};
use crate::config::Compression;
use crate::error::{Error, Result};
use crate::ids::{BrokerId, TopicPartition};
use crate::protocol::Chunks;
use crate::record::{BatchBuilder, SealedBatch};

/// A batch to put into a produce request.
#[derive(Debug)]
pub(crate) struct Drained {
    pub(crate) lane: LaneId,
    pub(crate) id: BatchId,
    pub(crate) partition: TopicPartition,
    pub(crate) records: Chunks,
}

/// A batch to be compressed; its result goes to [`Sender::handle_sealed`].
#[derive(Debug)]
pub(crate) struct SealJob {
    pub(crate) lane: LaneId,
    pub(crate) id: BatchId,
    pub(crate) compression: Compression,
    pub(crate) builder: BatchBuilder,
}

impl<T: Clone> Sender<T> {
    /// Takes what may leave now for one broker: one batch a partition, at most `max.request.size`.
    /// The connection must be there: from here on these batches may be in the log. What is drained
    /// is one request, whose end is to be told by [`handle_landed`](Self::handle_landed).
    pub(crate) fn drain(
        &mut self,
        now: Instant,
        broker: BrokerId,
        source: &impl Source<T>,
    ) -> Vec<Drained> {
        let line = self.lines.get(&broker);
        if line.is_none_or(|line| line.in_flight >= self.settings.in_flight_max) {
            return Vec::new();
        }
        self.requests += 1;
        let (mut drained, mut size) = (Vec::new(), 0_usize);
        let entries = line.map_or(0, |line| line.ready.len());
        for _ in 0..entries {
            let line = self.lines.get_mut(&broker);
            let Some(id) = line.and_then(|line| line.ready.pop_front()) else {
                break;
            };
            if size > 0 {
                // It may have grown far since it was looked at.
                self.look(now, id, source);
            }
            let request = self.requests;
            let Some(slot) = self.slots.get_mut(index(id)).and_then(Option::as_mut) else {
                continue;
            };
            if slot.queued != Some(broker) {
                continue;
            }
            let next = slot.lane.next_size(&self.settings);
            let no_room = size > 0 && size + next > self.settings.max_request_size;
            if slot.request == request || no_room {
                let line = self.lines.entry(broker).or_default();
                if no_room {
                    line.ready.push_front(id);
                    break;
                }
                line.ready.push_back(id);
                continue;
            }
            slot.queued = None;
            if let Some(batch) = self.take(now, id, broker, source) {
                size += batch.records.len();
                drained.push(batch);
                if let Some(slot) = self.slots.get_mut(index(id)).and_then(Option::as_mut) {
                    slot.request = request;
                    self.standing.move_lane(now, slot.waits_for.take(), None);
                }
            }
            self.refresh(now, id);
        }
        if !drained.is_empty() {
            self.standing.moves(now, broker);
            if let Some(line) = self.lines.get_mut(&broker) {
                line.in_flight += 1;
                line.sent_at = Some(now);
            }
        }
        drained
    }

    /// Takes a lane's next batch, if it is still ready.
    fn take(
        &mut self,
        now: Instant,
        id: LaneId,
        broker: BrokerId,
        source: &impl Source<T>,
    ) -> Option<Drained> {
        let (settings, identity) = (&self.settings, self.identity);
        let lane = &mut self.slots.get_mut(index(id))?.as_mut()?.lane;
        lane.ready_at(settings, identity).filter(|at| *at <= now)?;
        let turn = lane.turn(settings);
        let at = match turn {
            Turn::Nothing => return None,
            Turn::Again(at) => at,
            Turn::Anew => {
                lane.stamp_anew(identity);
                0
            }
            Turn::Fresh => {
                let sealed = match std::mem::replace(&mut lane.sealing, Sealing::Idle) {
                    Sealing::Done(sealed) => Ok(sealed),
                    other => {
                        lane.sealing = other;
                        let waiting = source.batches(id, PartitionBatches::take).flatten()?;
                        seal(waiting)
                    }
                };
                let batch = BatchId(self.next_id);
                self.next_id += 1;
                match sealed {
                    Ok(sealed) => lane.stamp(sealed, batch, identity),
                    Err(broken) => {
                        let failed = fail_broken(now, &lane.at, broken);
                        self.finished.push(failed);
                        self.look(now, id, source);
                        return None;
                    }
                }
                lane.stamped.len().checked_sub(1)?
            }
        };
        let (batch, records) = lane.leave(now, at, broker)?;
        if let Some(left) = lane.stamped.get(at) {
            self.totals.count(left, turn == Turn::Fresh);
        }
        let partition = lane.at.clone();
        if turn == Turn::Fresh {
            self.look(now, id, source);
        }
        Some(Drained {
            lane: id,
            id: batch,
            partition,
            records,
        })
    }

    /// Whether a batch may wait to be compressed.
    pub(crate) fn has_to_seal(&self) -> bool {
        !self.to_seal.is_empty()
    }

    /// The next batch to compress, if any.
    pub(crate) fn poll_seal(&mut self, now: Instant, source: &impl Source<T>) -> Option<SealJob> {
        while let Some(id) = self.to_seal.pop_front() {
            let slot = self.slots.get_mut(index(id)).and_then(Option::as_mut)?;
            slot.to_seal = false;
            let due = slot.lane.seal_at(&self.settings);
            if due.is_none_or(|at| at > now) {
                continue;
            }
            let Some(waiting) = source.batches(id, PartitionBatches::take).flatten() else {
                continue;
            };
            let Waiting {
                builder,
                created,
                tag,
                ..
            } = waiting;
            let batch = BatchId(self.next_id);
            self.next_id += 1;
            slot.lane.sealing = Sealing::Busy(batch, tag, created, count(&builder));
            let compression = slot.lane.compression;
            self.look(now, id, source);
            self.refresh(now, id);
            return Some(SealJob {
                lane: id,
                id: batch,
                compression,
                builder,
            });
        }
        None
    }

    /// A batch was compressed.
    pub(crate) fn handle_sealed(
        &mut self,
        now: Instant,
        (id, batch): (LaneId, BatchId),
        sealed: Result<SealedBatch>,
    ) {
        let Some(slot) = self.slots.get_mut(index(id)).and_then(Option::as_mut) else {
            return;
        };
        let lane = &mut slot.lane;
        match std::mem::replace(&mut lane.sealing, Sealing::Idle) {
            Sealing::Busy(expected, tag, created, records) if expected == batch => match sealed {
                Ok(batch) => {
                    lane.sealing = Sealing::Done(Sealed {
                        tag,
                        created,
                        batch,
                    });
                }
                Err(error) => {
                    let broken = (tag, created, records, error);
                    self.finished.push(fail_broken(now, &lane.at, broken));
                }
            },
            // It was given up meanwhile.
            other => lane.sealing = other,
        }
        self.refresh(now, id);
    }
}

pub(super) fn count(builder: &BatchBuilder) -> u32 {
    u32::try_from(builder.count()).unwrap_or(u32::MAX)
}

fn fail_broken<T>(
    now: Instant,
    at: &TopicPartition,
    (tag, created, records, error): (T, Instant, u32, Error),
) -> Finished<T> {
    let outcome: Result<Outcome> = Err(Facts::unsent(now, created).complete(at, error));
    Finished {
        tag,
        share: Share::all(records),
        outcome,
    }
}

/// Seals a batch as it is, here and now; or what is left of it.
fn seal<T>(waiting: Waiting<T>) -> Result<Sealed<T>, (T, Instant, u32, Error)> {
    let Waiting {
        builder,
        created,
        tag,
        ..
    } = waiting;
    let records = count(&builder);
    match builder.seal(Compression::None) {
        Ok(batch) => Ok(Sealed {
            tag,
            created,
            batch,
        }),
        Err(error) => Err((tag, created, records, error)),
    }
}
