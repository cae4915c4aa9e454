//! Batches by partition, from the first record to the last word about them. Pure.
//!
//! Intuition: a queue of batches per partition, of which one at a time is on the wire. That is
//! what makes order and sequence numbers simple here: a batch is stamped (producer id, epoch,
//! sequence) when it first leaves, its bytes never change afterwards, and the next one leaves only
//! when its fate is known or given up.
//!
//! Invariants:
//! - A batch that may be in the log keeps its stamp; it is never stamped anew.
//! - A batch given up while it may be in the log moves its partition to a new epoch (KIP-360), so
//!   that the sequence of what follows cannot be taken for a repetition or a gap.
//! - Every batch that was appended to leaves exactly once, as [`Finished`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::batch::{Answer, Batch, BatchId, Body, Finished, Outcome, code_is_ambiguous, expired};
use crate::config::Compression;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::ids::{BrokerId, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::backoff::{Backoff, BackoffPolicy};
use crate::protocol::Chunks;
use crate::record::{AppendError, BatchBuilder, ChunkPool, Record, Reserve, Stamp};

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

/// Where an appended record went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Receipt {
    pub(crate) batch: BatchId,
    /// The record's place in the batch.
    pub(crate) index: u32,
    /// Whether the batch is new, so that its deadline must be watched from now on.
    pub(crate) new_batch: bool,
    /// Whether a batch became full, so that there is something to send at once.
    pub(crate) full: bool,
}

/// Why a record was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The pool has too little memory: reserve so many chunks and come back with them.
    NoMemory { chunks: usize },
    /// It will never be taken.
    Invalid(Error),
}

/// A batch to put into a produce request.
#[derive(Debug)]
pub(crate) struct Drained {
    pub(crate) id: BatchId,
    pub(crate) partition: TopicPartition,
    pub(crate) records: Chunks,
}

#[derive(Debug)]
struct Queue {
    waiting: VecDeque<Batch>,
    in_flight: Option<Batch>,
    /// The last failure of the batch at the head, and when it may be tried again.
    retry: Option<(Instant, Error)>,
    backoff: Backoff,
    identity: (ProducerId, ProducerEpoch),
    next_sequence: i32,
}

/// Batches by partition; see the module's page.
#[derive(Debug)]
pub(crate) struct Accumulator {
    settings: AccumulatorSettings,
    pool: ChunkPool,
    queues: BTreeMap<TopicPartition, Queue>,
    identity: Option<(ProducerId, ProducerEpoch)>,
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

    /// Encodes a record into the open batch of its partition, which takes the reserve first.
    pub(crate) fn append(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        timestamp_ms: i64,
        record: &Record<'_>,
        reserve: Reserve,
    ) -> Result<Receipt, Refused> {
        let (key, value, headers) = (record.key_bytes(), record.value_bytes(), record.headers());
        let size = BatchBuilder::encoded_len_of(key, value, headers);
        if size > self.settings.max_request_size {
            return Err(Refused::Invalid(too_large(
                size,
                self.settings.max_request_size,
            )));
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
                    .map_err(refused)?;
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
        open.add_reserve(reserve);
        open.append(timestamp_ms, key, value, headers)
            .map_err(refused)?;
        let full = !queue.waiting.is_empty() || open.estimated_size() >= self.settings.batch_size;
        let id = BatchId(self.next_id);
        self.next_id += 1;
        queue.waiting.push_back(Batch {
            records: 1,
            ..Batch::new(id, now, open)
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

    /// The batches that are not finished, as of now, and how many records each has.
    pub(crate) fn unfinished(&self) -> BTreeMap<BatchId, u32> {
        let batches = |queue: &'_ Queue| -> Vec<(BatchId, u32)> {
            let all = queue.in_flight.iter().chain(&queue.waiting);
            all.map(|batch| (batch.id, batch.records)).collect()
        };
        self.queues.values().flat_map(batches).collect()
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
    pub(crate) fn drain(
        &mut self,
        now: Instant,
        belongs: impl Fn(&TopicPartition) -> bool,
    ) -> (Vec<Drained>, Vec<Finished>) {
        let ready: Vec<TopicPartition> = self
            .queues
            .iter()
            .filter(|(_, queue)| self.ready_at(queue).is_some_and(|at| at <= now))
            .map(|(partition, _)| partition)
            .filter(|partition| belongs(partition))
            .cloned()
            .collect();
        let (mut drained, mut finished, mut size) = (Vec::new(), Vec::new(), 0_usize);
        for partition in ready {
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
                Err(error) => finished.push(batch.fail(now, partition, error)),
            }
        }
        (drained, finished)
    }

    /// Gives up every batch whose `delivery.timeout.ms` ran out, sent ones too.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Finished> {
        let limit = self.settings.delivery_timeout;
        let too_old = |batch: &Batch| now.saturating_duration_since(batch.created) >= limit;
        let mut finished = Vec::new();
        let mut bump = false;
        for (partition, queue) in &mut self.queues {
            if queue.in_flight.as_ref().is_some_and(too_old) {
                if let Some(mut batch) = queue.in_flight.take() {
                    batch.maybe_written = true;
                    bump = true;
                    let error = expired(queue.retry.take().map(|(_, error)| error));
                    finished.push(batch.fail(now, partition.clone(), error));
                }
            }
            while queue.waiting.front().is_some_and(too_old) {
                let Some(batch) = queue.waiting.pop_front() else {
                    break;
                };
                bump |= batch.is_stamped();
                let error = expired(queue.retry.take().map(|(_, error)| error));
                finished.push(batch.fail(now, partition.clone(), error));
            }
        }
        if bump {
            self.bump_epoch();
        }
        finished
    }

    /// Gives up everything, as when the producer is closed.
    pub(crate) fn abort(&mut self, now: Instant, error: &Error) -> Vec<Finished> {
        let mut finished = Vec::new();
        for (partition, queue) in &mut self.queues {
            if let Some(mut batch) = queue.in_flight.take() {
                batch.maybe_written = true;
                finished.push(batch.fail(now, partition.clone(), error.clone()));
            }
            for batch in queue.waiting.drain(..) {
                finished.push(batch.fail(now, partition.clone(), error.clone()));
            }
        }
        finished
    }

    /// Takes in what came back for a batch. An answer for a batch that was given up is ignored.
    pub(crate) fn handle_answer(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        id: BatchId,
        answer: Answer,
    ) -> Option<Finished> {
        let queue = self.queues.get_mut(partition)?;
        let mut batch = queue.in_flight.take_if(|batch| batch.id == id)?;
        batch.attempts += 1;
        let error = match answer {
            Answer::Written(outcome) => return Some(queue.written(batch, partition, outcome)),
            Answer::Refused {
                code: ErrorCode::DUPLICATE_SEQUENCE_NUMBER,
                ..
            } => {
                // An earlier attempt was written; where is no longer known.
                let outcome = Outcome {
                    base_offset: None,
                    log_append_ms: None,
                };
                return Some(queue.written(batch, partition, outcome));
            }
            Answer::Refused { code, message } => {
                batch.maybe_written |= code_is_ambiguous(code);
                refusal(code, message)
            }
            Answer::Lost { error, maybe_sent } => {
                batch.maybe_written |= maybe_sent;
                error
            }
        };
        if error.is_retriable() && batch.attempts <= self.settings.retries {
            queue.retry = Some((queue.backoff.failed(now), error));
            queue.waiting.push_front(batch);
            return None;
        }
        queue.retry = None;
        queue.backoff.succeeded();
        // Its place in the sequence stays empty, or may not be: what follows starts a new one.
        self.bump_epoch();
        Some(batch.fail(now, partition.clone(), error))
    }

    /// Moves on to the next epoch of the producer id, or asks for a new id after the last.
    fn bump_epoch(&mut self) {
        self.identity = self.identity.and_then(|(id, epoch)| {
            let next = epoch.0.checked_add(1)?;
            Some((id, ProducerEpoch(next)))
        });
    }
}

impl Queue {
    fn new(policy: BackoffPolicy, seed: u64) -> Self {
        Self {
            waiting: VecDeque::new(),
            in_flight: None,
            retry: None,
            backoff: Backoff::new(policy, seed),
            identity: (ProducerId::NONE, ProducerEpoch::NONE),
            next_sequence: 0,
        }
    }

    fn written(&mut self, batch: Batch, partition: &TopicPartition, at: Outcome) -> Finished {
        self.retry = None;
        self.backoff.succeeded();
        batch.finish(partition.clone(), Ok(at))
    }

    /// Seals and stamps a batch that has not left yet, and returns its bytes.
    fn stamp(
        &mut self,
        batch: &mut Batch,
        compression: Compression,
        identity: Option<(ProducerId, ProducerEpoch)>,
    ) -> Result<Chunks, Error> {
        let sealed = match std::mem::replace(&mut batch.body, Body::Broken) {
            Body::Open(open) => {
                let mut sealed = open.seal(compression)?;
                sealed.stamp(self.next_stamp(identity, batch.records));
                sealed
            }
            Body::Stamped(sealed) => sealed,
            Body::Broken => return Err(bug("a batch without records")),
        };
        let records = sealed.to_chunks();
        batch.body = Body::Stamped(sealed);
        Ok(records)
    }

    fn next_stamp(&mut self, identity: Option<(ProducerId, ProducerEpoch)>, records: u32) -> Stamp {
        let Some((producer_id, producer_epoch)) = identity else {
            return Stamp::default();
        };
        if self.identity != (producer_id, producer_epoch) {
            self.identity = (producer_id, producer_epoch);
            self.next_sequence = 0;
        }
        let base_sequence = self.next_sequence;
        self.next_sequence = sequence_after(base_sequence, records);
        Stamp {
            producer_id,
            producer_epoch,
            base_sequence,
            transactional: false,
        }
    }
}

/// The sequence that follows `records` records; after 2^31 - 1 comes 0.
fn sequence_after(sequence: i32, records: u32) -> i32 {
    let sum = i64::from(sequence) + i64::from(records);
    i32::try_from(sum & i64::from(i32::MAX)).unwrap_or(0)
}

fn refusal(code: ErrorCode, message: Option<String>) -> Error {
    match message {
        Some(message) => Error::new(
            ErrorKind::Broker(code),
            format!("the broker refused the batch: {message}"),
        ),
        None => Error::broker(code, "the broker refused the batch"),
    }
}

fn too_large(size: usize, limit: usize) -> Error {
    let words = format!(
        "the record takes up to {size} bytes, more than max.request.size = {limit}; split it, or \
         raise max.request.size here and message.max.bytes or max.message.bytes on the broker"
    );
    Error::new(ErrorKind::InvalidInput, words)
}

fn refused(error: AppendError) -> Refused {
    match error {
        AppendError::NoMemory { chunks } => Refused::NoMemory { chunks },
        error => Refused::Invalid(Error::new(ErrorKind::InvalidInput, error.to_string())),
    }
}

fn bug(what: &str) -> Error {
    Error::new(ErrorKind::Bug, format!("{what}; please report this"))
}
