//! What a producer's handles and its sender task share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::delivery::{Completion, Delivery};
use crate::cluster::{Deadline, Shared, now};
use crate::config::ProducerConfig;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::metadata::{Interest, TopicMetadata};
use crate::machine::producer::{
    Accumulator, AccumulatorSettings, BatchId, Finished, Refused, Sticky, partition_for_key,
};
use crate::record::{BatchBuilder, ChunkPool, DEFAULT_CHUNK_SIZE, Record, Reserve};

/// The batch size while none is set: Java's default, and what the sticky partition switches by.
const DEFAULT_BATCH_SIZE: usize = 16 * 1024;

/// Why a record was not taken at once.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// The pool must give so many chunks first.
    NoMemory { chunks: usize },
    /// It will not be taken.
    Failed(Error),
}

/// A producer's state, without its handles.
pub(super) struct Inner {
    pub(super) shared: Arc<Shared>,
    pub(super) config: ProducerConfig,
    pub(super) pool: ChunkPool,
    pub(super) wake: Notify,
    state: Mutex<State>,
}

struct State {
    accumulator: Accumulator,
    completions: BTreeMap<BatchId, Arc<Completion>>,
    sticky: BTreeMap<Arc<str>, Sticky>,
    closed: bool,
}

impl Inner {
    pub(super) fn new(shared: Arc<Shared>, config: ProducerConfig) -> Self {
        let pool = ChunkPool::new(config.buffer_memory, DEFAULT_CHUNK_SIZE);
        let settings = AccumulatorSettings {
            batch_size: config.batch_size.unwrap_or(DEFAULT_BATCH_SIZE),
            max_request_size: config.max_request_size,
            linger: config.linger,
            delivery_timeout: config.delivery_timeout,
            retries: config.retries,
            retry_backoff: shared.retry_policy(),
            seed: shared.env.seed(),
            compression: config.compression,
            idempotent: config.enable_idempotence,
        };
        let state = State {
            accumulator: Accumulator::new(settings, pool.clone()),
            completions: BTreeMap::new(),
            sticky: BTreeMap::new(),
            closed: false,
        };
        Self {
            shared,
            config,
            pool,
            wake: Notify::new(),
            state: Mutex::new(state),
        }
    }

    /// Why a producer looks topics up.
    pub(super) fn interest(&self) -> Interest {
        Interest {
            create: true,
            idle: self.config.metadata_max_idle,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the accumulator, or gives it something to decide.
    pub(super) fn accumulator<T>(&self, look: impl FnOnce(&mut Accumulator) -> T) -> T {
        look(&mut self.lock().accumulator)
    }

    /// Puts a record into its batch.
    pub(super) fn append(
        &self,
        topic: &TopicMetadata,
        record: &Record<'_>,
        reserve: Reserve,
    ) -> Result<Delivery, NotTaken> {
        let timestamp_ms = record
            .create_time()
            .map_or_else(|| self.shared.env.timestamp_ms(), |time| time.0);
        let mut state = self.lock();
        if state.closed {
            return Err(NotTaken::Failed(closed()));
        }
        let partition = self
            .partition(&mut state, topic, record)
            .map_err(NotTaken::Failed)?;
        let partition = TopicPartition::new(Arc::clone(&topic.name), partition);
        let receipt = state
            .accumulator
            .append(now(), &partition, timestamp_ms, record, reserve)
            .map_err(|refused| match refused {
                Refused::NoMemory { chunks } => NotTaken::NoMemory { chunks },
                Refused::Invalid(error) => NotTaken::Failed(about(error, &partition)),
            })?;
        let completion = state
            .completions
            .entry(receipt.batch)
            .or_insert_with(|| Completion::new(partition.topic, partition.partition));
        let delivery = Delivery::new(Arc::clone(completion), receipt.index, timestamp_ms);
        drop(state);
        if receipt.new_batch || receipt.full {
            self.wake.notify_one();
        }
        Ok(delivery)
    }

    fn partition(
        &self,
        state: &mut State,
        topic: &TopicMetadata,
        record: &Record<'_>,
    ) -> Result<i32> {
        let count = topic.partitions.len();
        if let Some(wanted) = record.target_partition() {
            return match topic.partition(wanted) {
                Some(_) => Ok(wanted),
                None => Err(no_such_partition(topic, wanted)),
            };
        }
        let key = record
            .key_bytes()
            .filter(|_| !self.config.partitioner_ignore_keys);
        let chosen = match key {
            Some(key) => partition_for_key(key, count),
            None => self.sticky(state, topic, record),
        };
        chosen.ok_or_else(|| no_such_partition(topic, 0))
    }

    fn sticky(&self, state: &mut State, topic: &TopicMetadata, record: &Record<'_>) -> Option<i32> {
        let led = topic
            .partitions
            .iter()
            .filter(|partition| partition.leader.is_some());
        let mut available: Vec<i32> = led.map(|partition| partition.partition).collect();
        if available.is_empty() {
            available = topic
                .partitions
                .iter()
                .map(|partition| partition.partition)
                .collect();
        }
        let size = BatchBuilder::encoded_len_of(
            record.key_bytes(),
            record.value_bytes(),
            record.headers(),
        );
        let switch_after = self.config.batch_size.unwrap_or(DEFAULT_BATCH_SIZE);
        let sticky = state
            .sticky
            .entry(Arc::clone(&topic.name))
            .or_insert_with(|| Sticky::new(self.shared.env.seed(), switch_after));
        sticky.choose(&available, size)
    }

    /// Gives finished batches their outcome, and wakes whoever waits for it, outside the lock.
    pub(super) fn settle(&self, finished: Vec<Finished>) {
        if finished.is_empty() {
            return;
        }
        let mut state = self.lock();
        let settled: Vec<_> = finished
            .into_iter()
            .filter_map(|each| Some((state.completions.remove(&each.id)?, each.outcome)))
            .collect();
        drop(state);
        for (completion, outcome) in settled {
            completion.settle(outcome);
        }
    }

    /// The completions of all batches that are not settled, to wait for.
    pub(super) fn unsettled(&self) -> Vec<(Arc<Completion>, u32)> {
        let state = self.lock();
        let counts = state.accumulator.unfinished();
        let count = |id: &BatchId| counts.get(id).copied().unwrap_or_default();
        state
            .completions
            .iter()
            .map(|(id, each)| (Arc::clone(each), count(id)))
            .collect()
    }

    /// Takes no more records.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Takes no more records and gives up those that are not settled.
    pub(super) fn abort(&self, now: Instant, error: &Error) {
        let mut state = self.lock();
        state.closed = true;
        let finished = state.accumulator.abort(now, error);
        drop(state);
        self.settle(finished);
    }

    /// Waits until the pool gives the memory; a full buffer ends every `linger.ms`.
    pub(super) async fn reserve(&self, chunks: usize, deadline: Deadline) -> Result<Reserve> {
        self.accumulator(Accumulator::flush);
        self.wake.notify_one();
        let reserved = deadline.wait(self.pool.reserve(chunks)).await;
        reserved
            .flatten()
            .ok_or_else(|| self.buffer_full(deadline.limit()))
    }

    pub(super) fn buffer_full(&self, limit: Duration) -> Error {
        let words = format!(
            "buffer.memory ({} bytes) is full and none became free within {} ms; the brokers are \
             slower than the records come, or not reachable",
            self.pool.capacity(),
            limit.as_millis()
        );
        Error::new(ErrorKind::BufferFull, words)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("client", &self.shared)
            .finish_non_exhaustive()
    }
}

pub(super) fn closed() -> Error {
    not_written(Error::new(ErrorKind::Closed, "the producer is closed"))
}

pub(super) fn not_written(error: Error) -> Error {
    error.with_write_status(crate::error::WriteStatus::NotWritten)
}

fn about(error: Error, partition: &TopicPartition) -> Error {
    not_written(error)
        .with_topic(partition.topic.clone())
        .with_partition(partition.partition)
}

fn no_such_partition(topic: &TopicMetadata, partition: i32) -> Error {
    let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    let words = format!(
        "there is no such partition: the topic has {}",
        topic.partitions.len()
    );
    let error = Error::new(ErrorKind::Broker(code), words);
    about(
        error,
        &TopicPartition::new(Arc::clone(&topic.name), partition),
    )
}
