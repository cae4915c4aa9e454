//! What a consumer's handle and its task share.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::records::{Part, Records};
use crate::cluster::Shared;
use crate::config::ConsumerConfig;
use crate::error::{Error, Result};
use crate::ids::TopicPartition;
use crate::machine::consumer::{FetchLimits, Fetcher, Handed};
use crate::record::{Batch, Cursor, DecodeLimits};

/// A consumer's state, without its handle.
pub(super) struct Inner {
    pub(super) shared: Arc<Shared>,
    pub(super) config: ConsumerConfig,
    /// Wakes the task: something changed that it may act on.
    pub(super) wake: Notify,
    /// Wakes a poll: something may be ready.
    pub(super) ready: Notify,
    fetcher: Mutex<Fetcher<Batch>>,
    /// Errors of partitions that a poll met beside records of others, at most one each; the next
    /// polls return them.
    deferred: Mutex<VecDeque<Error>>,
}

impl Inner {
    pub(super) fn new(shared: Arc<Shared>, config: ConsumerConfig) -> Self {
        let bytes = |n: i32| usize::try_from(n).unwrap_or(0);
        let limits = FetchLimits {
            budget: config.prefetch_memory,
            max_bytes: bytes(config.fetch_max_bytes),
            partition_max_bytes: bytes(config.max_partition_fetch_bytes),
        };
        let fetcher = Fetcher::new(limits, shared.retry_policy(), shared.env.seed());
        Self {
            shared,
            config,
            wake: Notify::new(),
            ready: Notify::new(),
            fetcher: Mutex::new(fetcher),
            deferred: Mutex::default(),
        }
    }

    pub(super) fn fetcher(&self) -> MutexGuard<'_, Fetcher<Batch>> {
        self.fetcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes everything that is ready, at most `max.poll.records`, and once it is decompressed at
    /// most `queued.max.messages.kbytes` and one batch: what a broker sends in a few bytes may be
    /// gigabytes. An error is returned by itself, and keeps no other partition
    /// from being handed out.
    pub(super) fn take_ready(&self) -> Result<Records> {
        // Held to the end: two polls at once would mix up the order of a partition's records.
        let mut deferred = self.deferred();
        if let Some(error) = deferred.pop_front() {
            return Err(error);
        }
        self.fetcher().next_round();
        let mut room = self.config.max_poll_records.unwrap_or(usize::MAX);
        let (mut records, mut bytes) = (Records::default(), 0_usize);
        let mut errors = VecDeque::new();
        while room > 0 && bytes < self.config.prefetch_memory {
            let Some(next) = self.fetcher().hand_out() else {
                break;
            };
            match next.and_then(|handed| self.read(handed, room)) {
                Ok(Some(part)) => {
                    room -= part.span.len();
                    bytes = bytes.saturating_add(part.span.batch().record_bytes().len());
                    records.push(part);
                }
                Ok(None) => {}
                Err(error) => errors.push_back(error),
            }
        }
        self.wake.notify_one();
        let first = if records.is_empty() {
            errors.pop_front()
        } else {
            None
        };
        deferred.extend(errors);
        first.map_or(Ok(records), Err)
    }

    /// Reads a batch: its checksum, its records from the position on, at most `room` of them.
    fn read(&self, handed: Handed<Batch>, room: usize) -> Result<Option<Part>> {
        let topic = Arc::clone(&handed.partition.topic);
        let partition = handed.partition.partition;
        let batch = &handed.batch.batch;
        let checked = if self.config.check_crcs {
            batch.verify_crc()
        } else {
            Ok(())
        };
        let decoded = checked.and_then(|()| batch.decode(DecodeLimits::default()));
        let taken = decoded.and_then(|decoded| {
            let mut cursor = Cursor::default();
            let span = decoded.take(&mut cursor, handed.from, room)?;
            let rest = (!decoded.is_end(cursor)).then_some(span.next_offset());
            Ok((span, rest))
        });
        match taken {
            Ok((span, rest)) => {
                if let Some(position) = rest {
                    self.fetcher().give_back(handed, position);
                }
                let part = Part {
                    topic,
                    partition,
                    span,
                };
                Ok(Some(part).filter(|part| !part.span.is_empty()))
            }
            Err(error) => {
                // The position stays where it is: the user may seek past what cannot be read.
                let (position, at) = (handed.from, handed.partition.clone());
                let mut fetcher = self.fetcher();
                fetcher.give_back(handed, position);
                fetcher.set_aside(&at);
                Err(error.into_error(topic, partition))
            }
        }
    }

    /// Whether a poll would get something.
    pub(super) fn has_ready(&self) -> bool {
        !self.deferred().is_empty() || self.fetcher().has_ready()
    }

    /// A partition was moved: what kept it from going on is of no interest any more.
    pub(super) fn forget_errors(&self, of: &TopicPartition) {
        let same = |error: &Error| {
            error.topic() == Some(&*of.topic) && error.partition() == Some(of.partition)
        };
        self.deferred().retain(|error| !same(error));
    }

    fn deferred(&self) -> MutexGuard<'_, VecDeque<Error>> {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("client", &self.shared)
            .finish_non_exhaustive()
    }
}
