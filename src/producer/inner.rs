//! What a producer's handles and its sender task share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::delivery::{Completion, Delivery};
use super::request::Prepared;
use super::topic::{Topic, Topics};
use crate::cluster::{Deadline, Shared, no_such_partition, now};
use crate::config::ProducerConfig;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::metadata::{Interest, TopicMetadata};
use crate::machine::producer::{
    Accumulator, AccumulatorSettings, BatchId, Finished, Refused, Sticky,
};
use crate::record::{BatchBuilder, ChunkPool, DEFAULT_CHUNK_SIZE, Record, Reserve};

/// The batch size while none is set: Java's default, and what the sticky partition switches by.
const DEFAULT_BATCH_SIZE: usize = 16 * 1024;

/// Why a record was not taken at once.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// The pool must give so many chunks first.
    NoMemory { chunks: usize },
    /// The topic has no such partition, as far as is known.
    NoPartition(Error),
    /// It will not be taken.
    Failed(Error),
}

/// A limit that starts when it is first asked for: most calls never wait, and need no clock.
pub(super) struct LazyDeadline {
    limit: Duration,
    deadline: Option<Deadline>,
}

impl LazyDeadline {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            deadline: None,
        }
    }

    pub(super) fn get(&mut self) -> Deadline {
        *self
            .deadline
            .get_or_insert_with(|| Deadline::after(self.limit))
    }
}

/// A producer's state, without its handles.
pub(super) struct Inner {
    pub(super) shared: Arc<Shared>,
    pub(super) config: ProducerConfig,
    pub(super) pool: ChunkPool,
    pub(super) wake: Notify,
    topics: Topics,
    /// Wakes whoever waits for metadata when the producer is closed.
    closing: Notify,
    /// Why no producer id could be had so far.
    no_producer_id: Mutex<Option<Error>>,
    state: Mutex<State>,
}

struct State {
    accumulator: Accumulator,
    completions: BTreeMap<BatchId, Arc<Completion>>,
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
            closed: false,
        };
        Self {
            shared,
            config,
            pool,
            wake: Notify::new(),
            topics: Topics::default(),
            closing: Notify::new(),
            no_producer_id: Mutex::new(None),
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
        topic: &Topic,
        record: &Record<'_>,
        reserve: Reserve,
    ) -> Result<Delivery, NotTaken> {
        let partition = self.place(topic, record)?;
        let timestamp_ms = record
            .create_time()
            .map_or_else(|| self.shared.env.timestamp_ms(), |time| time.0);
        let mut state = self.lock();
        if state.closed {
            return Err(NotTaken::Failed(closed()));
        }
        let receipt = state
            .accumulator
            .append(now, partition, timestamp_ms, record, reserve)
            .map_err(|refused| match refused {
                Refused::NoMemory { chunks } if self.never_fits(chunks) => {
                    NotTaken::Failed(about(self.larger_than_memory(), partition))
                }
                Refused::NoMemory { chunks } => NotTaken::NoMemory { chunks },
                Refused::Invalid(error) => NotTaken::Failed(about(error, partition)),
            })?;
        let completion = state
            .completions
            .entry(receipt.batch)
            .or_insert_with(|| Completion::new(partition.topic.clone(), partition.partition));
        completion.add_record();
        let delivery = Delivery::new(Arc::clone(completion), receipt.index, timestamp_ms);
        drop(state);
        if receipt.new_batch || receipt.full {
            self.wake.notify_one();
        }
        Ok(delivery)
    }

    fn never_fits(&self, chunks: usize) -> bool {
        chunks.saturating_mul(self.pool.chunk_size()) > self.pool.capacity()
    }

    fn larger_than_memory(&self) -> Error {
        let words = format!(
            "the record alone takes more than buffer.memory ({} bytes); raise it, or split the \
             record",
            self.pool.capacity()
        );
        Error::new(ErrorKind::InvalidInput, words)
    }

    /// The topic, if its metadata is known.
    pub(super) fn known_topic(&self, name: &str) -> Option<Arc<Topic>> {
        let version = self.shared.metadata_version();
        self.topics.get(name, version).or_else(|| {
            let metadata = self.shared.want_topic(&Arc::from(name), self.interest())?;
            Some(self.update_topic(metadata, version))
        })
    }

    /// Why a topic's metadata will not come, if the cluster has said so for good.
    pub(super) fn topic_error(&self, name: &str) -> Option<Error> {
        let code = self.shared.snapshot().topic_error(name)?;
        let error = || Error::broker(code, "looking up the topic").with_topic(name);
        (!code.is_retriable()).then(|| not_written(error()))
    }

    /// Whether a request may leave now that a connection would take it.
    pub(super) fn handle_leaving(&self, prepared: &Prepared) -> bool {
        self.accumulator(|all| all.handle_leaving(&prepared.batches))
    }

    pub(super) fn set_no_producer_id(&self, why: Option<Error>) {
        *self
            .no_producer_id
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// What keeps a partition's batches from being sent, as far as is known.
    pub(super) fn obstacle(&self, at: &TopicPartition) -> Option<Error> {
        let leaderless = self
            .shared
            .snapshot()
            .leader(&at.topic, at.partition)
            .is_none();
        let no_leader = || Error::broker(ErrorCode::LEADER_NOT_AVAILABLE, "looking for the leader");
        let no_id = || {
            let why = self.no_producer_id.lock();
            why.unwrap_or_else(PoisonError::into_inner).clone()
        };
        let leaderless = || leaderless.then(no_leader);
        self.shared
            .metadata_failure()
            .or_else(no_id)
            .or_else(leaderless)
    }

    /// The topic; waits for its metadata if that is not known.
    pub(super) async fn topic(
        &self,
        name: &str,
        deadline: &mut LazyDeadline,
    ) -> Result<Arc<Topic>> {
        if let Some(known) = self.known_topic(name) {
            return Ok(known);
        }
        let version = self.shared.metadata_version();
        let (name, interest) = (Arc::from(name), self.interest());
        let closing = self.closing.notified();
        if self.is_closed() {
            return Err(closed());
        }
        let metadata = tokio::select! {
            biased;
            () = closing => return Err(closed()),
            found = self.shared.topic(&name, interest, deadline.get()) => found,
        };
        Ok(self.update_topic(metadata.map_err(not_written)?, version))
    }

    /// Waits for a picture of the cluster that is newer than the topic's: the partition that a
    /// record names may have been added since.
    pub(super) async fn newer_topic(
        &self,
        topic: &Topic,
        deadline: &mut LazyDeadline,
    ) -> Result<Arc<Topic>> {
        self.shared.newer_metadata(deadline.get()).await;
        self.topic(topic.name(), deadline).await
    }

    fn update_topic(&self, metadata: Arc<TopicMetadata>, version: u64) -> Arc<Topic> {
        let switch_after = self.config.batch_size.unwrap_or(DEFAULT_BATCH_SIZE);
        let sticky = || Sticky::new(self.shared.env.seed(), switch_after);
        self.topics.update(metadata, version, sticky)
    }

    fn place<'a>(
        &self,
        topic: &'a Topic,
        record: &Record<'_>,
    ) -> Result<&'a TopicPartition, NotTaken> {
        let missing = |partition| {
            NotTaken::NoPartition(not_written(no_such_partition(topic.metadata(), partition)))
        };
        if let Some(wanted) = record.target_partition() {
            return topic.place(wanted).ok_or_else(|| missing(wanted));
        }
        let (key, value, headers) = (record.key_bytes(), record.value_bytes(), record.headers());
        let place = match key.filter(|_| !self.config.partitioner_ignore_keys) {
            Some(key) => topic.keyed(key),
            None => topic.sticky(BatchBuilder::encoded_len_of(key, value, headers)),
        };
        place.ok_or_else(|| missing(0))
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
    pub(super) fn unsettled(&self) -> Vec<Arc<Completion>> {
        self.lock().completions.values().cloned().collect()
    }

    /// Takes no more records, and returns what [`unsettled`](Self::unsettled) does at that moment.
    pub(super) fn close(&self) -> Vec<Arc<Completion>> {
        let mut state = self.lock();
        state.closed = true;
        let unsettled = state.completions.values().cloned().collect();
        drop(state);
        self.closing.notify_waiters();
        unsettled
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
