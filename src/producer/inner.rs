//! What a producer's handles and its sender task share.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::delivery::{Completion, Delivery};
use super::enqueue::NotTaken;
use super::interceptor::{Interceptors, may_wait};
use super::ledger::Ledger;
use super::limits::{LazyDeadline, about, buffer_full, closed, larger_than, nameless, not_written};
use super::metrics::Meters;
use super::obstacles::Obstacles;
use super::partitions::{Partition, Partitions};
use super::sticky::Stickiness;
use super::topic::{Placed, Topic};
use super::topics::Topics;
use super::turn;
use crate::cluster::{Deadline, Shared, no_such_partition, now};
use crate::config::ProducerConfig;
use crate::env::Env;
use crate::error::{Error, Result};

use crate::machine::metadata::{Interest, TopicMetadata};
use crate::machine::producer::{
    BatchLimits, Choice, Clock, LaneId, Partitioner, Refused, Sender, SenderSettings,
};
use crate::record::{ChunkPool, DEFAULT_CHUNK_SIZE, Record, Reserve};

/// A producer's state, without its handles.
pub(super) struct Inner {
    pub(super) shared: Arc<Shared>,
    pub(super) config: ProducerConfig,
    pub(super) pool: ChunkPool,
    pub(super) wake: Notify,
    pub(super) partitions: Partitions,
    pub(super) ledger: Ledger,
    pub(super) meters: Meters,
    limits: BatchLimits,
    pub(super) stickiness: Stickiness,
    pub(super) topics: Topics,
    /// Chooses partitions in place of `config.partitioner`.
    own: Option<Arc<dyn Partitioner>>,
    pub(super) interceptors: Interceptors,
    sender: Mutex<Sender<Arc<Completion>>>,
    /// Partitions that the sender is to look at.
    told: Mutex<Vec<LaneId>>,
    /// Whether what is buffered is to leave without waiting for `linger.ms`.
    hurry: AtomicBool,
    closed: AtomicBool,
    /// Wakes whoever waits for metadata when the producer is closed.
    closing: Notify,
    pub(super) obstacles: Obstacles,
}

impl Inner {
    pub(super) fn new(
        shared: Arc<Shared>,
        config: ProducerConfig,
        own: Option<Arc<dyn Partitioner>>,
        interceptors: Interceptors,
    ) -> Self {
        let pool = ChunkPool::new(config.buffer_memory, DEFAULT_CHUNK_SIZE);
        let limits = BatchLimits::new(config.batch_size, config.max_request_size)
            .compressed(config.compression);
        let stickiness = Stickiness::new(&config);
        let settings = SenderSettings {
            pool: pool.clone(),
            limits,
            max_request_size: config.max_request_size,
            in_flight_max: config.max_in_flight,
            linger: config.linger,
            delivery_timeout: config.delivery_timeout,
            retries: config.retries,
            retry_backoff: shared.retry_policy(),
            seed: shared.env.seed(),
            compression: config.compression,
            topic_compression: config.topic_compression.clone(),
            idempotent: config.enable_idempotence,
            continue_after_gap: config.continue_after_gap,
            watches_brokers: stickiness.watches_brokers(),
        };
        Self {
            ledger: Ledger::new(config.acks),
            stickiness,
            shared,
            config,
            pool,
            wake: Notify::new(),
            partitions: Partitions::default(),
            meters: Meters::default(),
            limits,
            topics: Topics::default(),
            own,
            interceptors,
            sender: Mutex::new(Sender::new(settings)),
            told: Mutex::default(),
            hurry: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            closing: Notify::new(),
            obstacles: Obstacles::default(),
        }
    }

    /// Why a producer looks topics up.
    pub(super) fn interest(&self) -> Interest {
        Interest {
            create: true,
            idle: self.config.metadata_max_idle,
        }
    }

    /// The sender's decisions, the outermost lock: under it those of single partitions, of the list
    /// of partitions, the obstacles, the metadata, the standing of brokers, the meters and the
    /// ledger may be taken, each for a moment, and whoever holds one of those never takes this.
    pub(super) fn sender(&self) -> MutexGuard<'_, Sender<Arc<Completion>>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody other than the topic's handle must see a record's topic.
    #[inline]
    pub(super) fn shows_records(&self) -> bool {
        self.own.is_some() || self.interceptors.sees_records()
    }

    /// Puts a record into its batch.
    #[inline]
    pub(super) fn append(
        &self,
        topic: &Topic,
        record: &Record<'_>,
        reserve: Option<Reserve>,
    ) -> Result<Delivery, NotTaken> {
        let (choice, (partition, mut filling)) = self.place(topic, record)?;
        let new = || {
            let at = &partition.at;
            let generation = self.ledger.opened();
            let tag = Completion::new(Arc::clone(&at.topic), at.partition, generation);
            (now(), tag)
        };
        let appended = filling
            .batches
            .append(
                &self.pool,
                self.limits,
                (&self.shared.env, record),
                reserve,
                new,
            )
            .map_err(|refused| self.not_taken(refused, partition))?;
        partition.tell_waiting(&filling);
        if choice == Some(Choice::Sticky) {
            topic.count_sticky(&mut filling, appended.size, &self.stickiness);
        }
        if appended.tell {
            // Under the lock: who finds the batch told of, and flushes, must find it noted.
            self.note(partition.lane);
        }
        drop(filling);
        if appended.tell {
            self.wake.notify_one();
            turn::end();
        }
        Ok(Delivery::new(
            appended.tag,
            appended.index,
            appended.timestamp_ms,
        ))
    }

    /// As [`append`](Self::append), if the topic is known and nothing is to be waited for.
    #[inline]
    pub(super) fn append_known(&self, record: &Record<'_>) -> Option<Result<Delivery>> {
        if self.shows_records() {
            // A program's code must not run under the lock of the topics.
            return None;
        }
        let version = self.shared.metadata_version();
        let append = |topic: &Topic| self.append(topic, record, None);
        NotTaken::unless_it_waits(self.topics.with(record.topic(), version, append)?)
    }

    #[cold]
    fn not_taken(&self, refused: Refused, partition: &Partition) -> NotTaken {
        match refused {
            Refused::NoMemory { chunks } if self.never_fits(chunks) => {
                NotTaken::Failed(about(larger_than(self.pool.capacity()), &partition.at))
            }
            Refused::NoMemory { chunks } => NotTaken::NoMemory { chunks },
            Refused::Invalid(error) => NotTaken::Failed(about(error, &partition.at)),
            Refused::Closed => NotTaken::Failed(closed()),
        }
    }

    /// Notes a partition for the sender: once per batch or twice, never per record.
    fn note(&self, lane: LaneId) {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(lane);
    }

    /// The partitions that the sender has not looked at since it was told of them.
    pub(super) fn take_told(&self) -> Vec<LaneId> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets what is buffered leave without waiting for `linger.ms`.
    pub(super) fn hurry(&self) {
        self.hurry.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Whether the sender is to hurry; it is asked once.
    pub(super) fn take_hurry(&self) -> bool {
        self.hurry.swap(false, Ordering::Acquire)
    }

    fn never_fits(&self, chunks: usize) -> bool {
        chunks.saturating_mul(self.pool.chunk_size()) > self.pool.capacity()
    }

    /// The topic, if its metadata is known.
    pub(super) fn known_topic(&self, name: &str) -> Option<Arc<Topic>> {
        let version = self.shared.metadata_version();
        self.topics.get(name, version).or_else(|| {
            if name.is_empty() {
                return None;
            }
            let metadata = self.shared.want_topic(&Arc::from(name), self.interest())?;
            Some(self.update_topic(metadata, version))
        })
    }

    /// Why a topic's metadata will not come, if the cluster has said so for good.
    pub(super) fn topic_error(&self, name: &str) -> Option<Error> {
        if name.is_empty() {
            return Some(nameless());
        }
        let code = self.shared.snapshot().topic_error(name)?;
        let error = || Error::broker(code, "looking up the topic").with_topic(name);
        (!code.is_retriable()).then(|| not_written(error()))
    }

    /// The topic; waits for its metadata if that is not known.
    pub(super) async fn topic(
        &self,
        name: &str,
        deadline: &mut LazyDeadline,
    ) -> Result<Arc<Topic>> {
        if self.is_closed() {
            return Err(closed());
        }
        if let Some(known) = self.known_topic(name) {
            return Ok(known);
        }
        if name.is_empty() {
            return Err(nameless());
        }
        may_wait("enqueue")?;
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
        let closing = self.closing.notified();
        if self.is_closed() {
            return Err(closed());
        }
        tokio::select! {
            biased;
            () = closing => return Err(closed()),
            () = self.shared.newer_metadata(deadline.get()) => {}
        }
        self.topic(topic.name(), deadline).await
    }

    fn update_topic(&self, metadata: Arc<TopicMetadata>, version: u64) -> Arc<Topic> {
        let seed = || self.shared.env.seed();
        self.topics.update(
            metadata,
            version,
            (&self.partitions, &self.stickiness),
            seed,
        )
    }

    /// The record's partition, under its lock, and how it was chosen unless the record names it.
    #[inline]
    fn place<'a>(
        &self,
        topic: &'a Topic,
        record: &Record<'_>,
    ) -> Result<(Option<Choice>, Placed<'a>), NotTaken> {
        let own = || self.own.as_ref()?.partition(record, &topic.described());
        let wanted = record.target_partition().or_else(own);
        let choice = match wanted {
            Some(_) => None,
            None => Some(self.choose(record)),
        };
        let place = match choice {
            None => topic.place(wanted.unwrap_or_default()),
            Some(Choice::Sticky) => topic.sticky(&self.stickiness),
            Some(Choice::Hash(hash)) => topic.hashed(hash),
            Some(Choice::Random) => topic.random(),
            Some(Choice::RoundRobin) => topic.next_in_turn(),
        };
        place.map(|place| (choice, place)).ok_or_else(|| {
            let error = no_such_partition(topic.metadata(), wanted.unwrap_or(0));
            NotTaken::NoPartition(not_written(error))
        })
    }

    /// How the built-in rules choose for a record that names no partition.
    #[inline]
    fn choose(&self, record: &Record<'_>) -> Choice {
        if self.own.is_some() {
            return Choice::Sticky;
        }
        let key = record.key_bytes();
        let key = key.filter(|_| !self.config.partitioner_ignore_keys);
        self.config.partitioner.choose(key)
    }

    /// Takes no more records.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.closing.notify_waiters();
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Waits until the pool gives the memory; a full buffer ends every `linger.ms`.
    pub(super) async fn reserve(&self, chunks: usize, deadline: Deadline) -> Result<Reserve> {
        may_wait("enqueue")?;
        self.hurry();
        let reserved = deadline.wait(self.pool.reserve(chunks)).await;
        reserved
            .flatten()
            .ok_or_else(|| buffer_full(self.pool.capacity(), deadline.limit()))
    }
}

impl Clock for Env {
    #[inline]
    fn exact_ms(&self) -> i64 {
        self.timestamp_ms()
    }

    #[inline]
    fn coarse_ms(&self) -> i64 {
        self.coarse_timestamp_ms()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("client", &self.shared)
            .finish_non_exhaustive()
    }
}
