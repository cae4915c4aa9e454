//! Batches by partition, from the first record to the last word about them. Pure.
//!
//! Intuition: a queue of batches per partition, of which one at a time is on the wire. That is
//! what makes order and sequence numbers simple here: a batch is stamped (producer id, epoch,
//! sequence) when it first leaves, its bytes never change afterwards, and the next one leaves only
//! when its fate is known or given up.
//!
//! Invariants:
//! - A batch that may be in the log keeps its stamp; it is never stamped anew.
//! - A batch given up after it was stamped moves its partition to a new epoch (KIP-360), so that
//!   the sequence of what follows cannot be taken for a repetition or a gap.
//! - Every batch that was appended to leaves exactly once, as [`Finished`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::batch::{Batch, BatchId, Body, Finished, expired};
use super::queue::Queue;
use super::receipt::{Receipt, Refused, refused, too_large};
use crate::config::Compression;
use crate::error::Error;
use crate::ids::{BrokerId, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::backoff::BackoffPolicy;
use crate::protocol::Chunks;
use crate::record::{BatchBuilder, ChunkPool, HEADER_LEN, Record, Reserve};

/// What an accumulator must know of the producer's configuration.
#[derive(Clone, Debug)]
pub(crate) struct AccumulatorSettings {
    pub(crate) batch_size: usize,
    pub(crate) max_request_size: usize,
    pub(crate) linger: Duration,
    pub(crate) delivery_timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) retry_backoff: BackoffPolicy,
    pub(crate) seed: u64,
    pub(crate) compression: Compression,
    pub(crate) idempotent: bool,
}

/// A batch to put into a produce request.
#[derive(Debug)]
pub(crate) struct Drained {
    pub(crate) id: BatchId,
    pub(crate) partition: TopicPartition,
    pub(crate) records: Chunks,
}

/// Batches by partition; see the module's page.
#[derive(Debug)]
pub(crate) struct Accumulator {
    pub(super) settings: AccumulatorSettings,
    pool: ChunkPool,
    pub(super) queues: BTreeMap<TopicPartition, Queue>,
    pub(super) identity: Option<(ProducerId, ProducerEpoch)>,
    next_id: u64,
    /// Batches up to this id leave without waiting for `linger.ms`.
    flush_below: u64,
}

impl Accumulator {
    pub(crate) fn new(settings: AccumulatorSettings, pool: ChunkPool) -> Self {
        Self {
            settings,
            pool,
            queues: BTreeMap::new(),
            identity: None,
            next_id: 0,
            flush_below: 0,
        }
    }

    /// Encodes a record into the open batch of its partition, which takes the reserve first. The
    /// clock is asked only for a new batch.
    pub(crate) fn append(
        &mut self,
        now: impl FnOnce() -> Instant,
        partition: &TopicPartition,
        timestamp_ms: i64,
        record: &Record<'_>,
        reserve: Reserve,
    ) -> Result<Receipt, Refused> {
        let (key, value, headers) = (record.key_bytes(), record.value_bytes(), record.headers());
        let size = BatchBuilder::encoded_len_of(key, value, headers);
        let max = self.settings.max_request_size;
        if HEADER_LEN + size > max {
            return Err(Refused::Invalid(too_large(HEADER_LEN + size, max)));
        }
        let queue = match self.queues.get_mut(partition) {
            Some(queue) => queue,
            None => {
                let queue = Queue::new(self.settings.retry_backoff, self.settings.seed);
                self.queues.entry(partition.clone()).or_insert(queue)
            }
        };
        let limit = self.settings.batch_size;
        if let Some(Batch {
            id,
            records,
            body: Body::Open(open),
            ..
        }) = queue.waiting.back_mut()
        {
            // An upper bound that fits is sure to fit, so that the reserve goes where it is used.
            if open.estimated_size() + size <= limit {
                open.add_reserve(reserve);
                let index = open
                    .append(timestamp_ms, key, value, headers)
                    .map_err(|error| refused(error, 0))?;
                *records += 1;
                let full = open.estimated_size() >= limit;
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                return Ok(Receipt {
                    batch: *id,
                    index,
                    new_batch: false,
                    full,
                });
            }
        }
        let mut open = BatchBuilder::new(&self.pool, limit);
        let reserved = reserve.len();
        open.add_reserve(reserve);
        open.append(timestamp_ms, key, value, headers)
            // The reserve goes with the batch that is not begun, so all is needed anew.
            .map_err(|error| refused(error, reserved))?;
        let full = !queue.waiting.is_empty() || open.estimated_size() >= self.settings.batch_size;
        let id = BatchId(self.next_id);
        self.next_id += 1;
        queue.waiting.push_back(Batch {
            records: 1,
            ..Batch::new(id, now(), open)
        });
        Ok(Receipt {
            batch: id,
            index: 0,
            new_batch: true,
            full,
        })
    }

    /// Lets every batch that exists now leave without waiting for `linger.ms`.
    pub(crate) fn flush(&mut self) {
        self.flush_below = self.next_id;
    }

    /// Whether an idempotent producer has no id yet, or used up its epochs, and has work waiting.
    pub(crate) fn needs_producer_id(&self) -> bool {
        self.settings.idempotent && self.identity.is_none() && !self.is_empty()
    }

    /// The cluster gave the producer an id.
    pub(crate) fn handle_producer_id(&mut self, id: ProducerId, epoch: ProducerEpoch) {
        self.identity = Some((id, epoch));
    }

    /// Whether nothing waits and nothing is in flight.
    pub(crate) fn is_empty(&self) -> bool {
        self.queues
            .values()
            .all(|queue| queue.waiting.is_empty() && queue.in_flight.is_none())
    }

    /// The brokers that have something to send now.
    pub(crate) fn ready_brokers(
        &self,
        now: Instant,
        leader: impl Fn(&TopicPartition) -> Option<BrokerId>,
    ) -> BTreeSet<BrokerId> {
        let ready = |(partition, queue): (&TopicPartition, &Queue)| {
            self.ready_at(queue)
                .filter(|at| *at <= now)
                .and_then(|_| leader(partition))
        };
        self.queues.iter().filter_map(ready).collect()
    }

    /// The partitions that have something to send now, and nobody to send it to.
    pub(crate) fn ready_without(
        &self,
        now: Instant,
        leader: impl Fn(&TopicPartition) -> Option<BrokerId>,
    ) -> Vec<TopicPartition> {
        let homeless = |(partition, queue): &(&TopicPartition, &Queue)| {
            self.ready_at(queue).is_some_and(|at| at <= now) && leader(partition).is_none()
        };
        self.queues
            .iter()
            .filter(homeless)
            .map(|(partition, _)| partition.clone())
            .collect()
    }

    /// When the head of a queue may leave; `None` while it may not, whatever the time.
    fn ready_at(&self, queue: &Queue) -> Option<Instant> {
        if queue.in_flight.is_some() || (self.settings.idempotent && self.identity.is_none()) {
            return None;
        }
        let head = queue.waiting.front()?;
        let full = queue.waiting.len() > 1
            || match &head.body {
                Body::Open(open) => open.estimated_size() >= self.settings.batch_size,
                Body::Stamped(_) | Body::Broken => true,
            };
        let lingered = if full || head.id.0 < self.flush_below {
            head.created
        } else {
            head.created + self.settings.linger
        };
        Some(
            queue
                .retry
                .as_ref()
                .map_or(lingered, |(at, _)| lingered.max(*at)),
        )
    }

    /// When something becomes ready or expires next. What is ready already waits for a slot or a
    /// leader and not for the time.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let of_queue = |queue: &Queue| {
            let oldest = queue.in_flight.as_ref().or(queue.waiting.front())?;
            let expires = oldest.created + self.settings.delivery_timeout;
            let ready = self.ready_at(queue).filter(|at| *at > now);
            Some(ready.map_or(expires, |at| at.min(expires)))
        };
        self.queues.values().filter_map(of_queue).min()
    }

    /// Takes what may leave now for one broker: one batch a partition, at most `max.request.size`.
    /// The oldest go first, so that no partition starves when not all fit.
    pub(crate) fn drain(
        &mut self,
        now: Instant,
        belongs: impl Fn(&TopicPartition) -> bool,
    ) -> (Vec<Drained>, Vec<Finished>) {
        let age = |(partition, queue): (&TopicPartition, &Queue)| {
            self.ready_at(queue).filter(|at| *at <= now)?;
            let head = queue.waiting.front()?;
            belongs(partition).then(|| (head.id, partition.clone()))
        };
        let mut ready: Vec<(BatchId, TopicPartition)> =
            self.queues.iter().filter_map(age).collect();
        ready.sort_unstable();
        let (mut drained, mut finished, mut size) = (Vec::new(), Vec::new(), 0_usize);
        for (_, partition) in ready {
            let Some(queue) = self.queues.get_mut(&partition) else {
                continue;
            };
            let Some(head) = queue.waiting.front() else {
                continue;
            };
            if size > 0 && size + head.size() > self.settings.max_request_size {
                break;
            }
            size += head.size();
            let Some(mut batch) = queue.waiting.pop_front() else {
                continue;
            };
            match queue.stamp(&mut batch, self.settings.compression, self.identity) {
                Ok(records) => {
                    drained.push(Drained {
                        id: batch.id,
                        partition,
                        records,
                    });
                    queue.in_flight = Some(batch);
                }
                Err(error) => finished.push(batch.fail(now, &partition, error)),
            }
        }
        (drained, finished)
    }

    /// A connection is ready to take these drained batches. From here on they may be in the log;
    /// unless one was given up meanwhile: it was called not written, so that it must not leave, and
    /// the request that holds it neither.
    #[must_use]
    pub(crate) fn handle_leaving(&mut self, batches: &[(TopicPartition, BatchId)]) -> bool {
        for leave in [false, true] {
            for (partition, id) in batches {
                let queue = self.queues.get_mut(partition);
                let in_flight = queue.and_then(|queue| queue.in_flight.as_mut());
                match in_flight.filter(|batch| batch.id == *id) {
                    Some(batch) if leave => batch.leave(),
                    Some(_) => {}
                    None => return false,
                }
            }
        }
        true
    }

    /// How many batches are not finished.
    #[cfg(test)]
    pub(crate) fn unfinished(&self) -> usize {
        let count = |queue: &Queue| queue.waiting.len() + usize::from(queue.in_flight.is_some());
        self.queues.values().map(count).sum()
    }

    /// Gives up every batch whose `delivery.timeout.ms` ran out, sent ones too. `obstacle` is what
    /// keeps a partition's batches from being sent, as far as the driver knows.
    pub(crate) fn expire(
        &mut self,
        now: Instant,
        obstacle: impl Fn(&TopicPartition) -> Option<Error>,
    ) -> Vec<Finished> {
        let limit = self.settings.delivery_timeout;
        let too_old = |batch: &Batch| now.saturating_duration_since(batch.created) >= limit;
        self.give_up(now, too_old, |partition, batch, last| {
            let unsent = || obstacle(partition).filter(|_| batch.attempts == 0);
            expired(batch, last.or_else(unsent))
        })
    }

    /// Gives up everything, as when the producer is closed.
    pub(crate) fn abort(&mut self, now: Instant, error: &Error) -> Vec<Finished> {
        self.give_up(now, |_| true, |_, _, _| error.clone())
    }

    /// Ends the batches at the head of each queue for as long as `lost` says so.
    fn give_up(
        &mut self,
        now: Instant,
        lost: impl Fn(&Batch) -> bool,
        why: impl Fn(&TopicPartition, &Batch, Option<Error>) -> Error,
    ) -> Vec<Finished> {
        let mut finished = Vec::new();
        let mut bump = false;
        for (partition, queue) in &mut self.queues {
            while let Some(batch) = queue.pop_head_if(&lost) {
                bump |= batch.is_stamped() && self.identity == Some(queue.identity);
                let last = queue.retry.take().map(|(_, error)| error);
                let error = why(partition, &batch, last);
                finished.push(batch.fail(now, partition, error));
            }
        }
        if bump {
            self.bump_epoch();
        }
        finished
    }
}
