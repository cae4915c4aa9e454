//! What a consumer's handle and its task share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::records::{Part, Records};
use super::unread::Unread;
use crate::cluster::{Shared, now};
use crate::config::ConsumerConfig;
use crate::error::Result;
use crate::machine::consumer::{FetchLimits, Fetcher, Handed};

/// A consumer's state, without its handle.
pub(super) struct Inner {
    pub(super) shared: Arc<Shared>,
    pub(super) config: ConsumerConfig,
    /// Wakes the task: something changed that it may act on.
    pub(super) wake: Notify,
    /// Wakes a poll: something may be ready.
    pub(super) ready: Notify,
    /// Tells the task to take its leave.
    pub(super) closing: Notify,
    fetcher: Mutex<Fetcher<Unread>>,
    /// Whoever takes records holds it.
    polling: Mutex<()>,
}

impl Inner {
    pub(super) fn new(shared: Arc<Shared>, config: ConsumerConfig) -> Self {
        let bytes = |n: i32| usize::try_from(n).unwrap_or(0);
        let limits = FetchLimits {
            budget: config.prefetch_memory,
            max_bytes: bytes(config.fetch_max_bytes),
            partition_max_bytes: bytes(config.max_partition_fetch_bytes),
            ahead: config.ahead(),
        };
        let fetcher = Fetcher::new(limits, shared.retry_policy(), shared.env.seed());
        Self {
            shared,
            config,
            wake: Notify::new(),
            ready: Notify::new(),
            closing: Notify::new(),
            fetcher: Mutex::new(fetcher),
            polling: Mutex::default(),
        }
    }

    pub(super) fn fetcher(&self) -> MutexGuard<'_, Fetcher<Unread>> {
        self.fetcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes everything that is ready, at most `max.poll.records`, and once it is decompressed at
    /// most `queued.max.messages.kbytes` and one batch: what a broker sends in a few bytes may be
    /// gigabytes. An error is returned by itself, and keeps no other partition from being handed
    /// out.
    pub(super) fn take_ready(&self) -> Result<Records> {
        // Held to the end: two polls at once would mix up the order of a partition's records.
        let _alone = self.polling.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = self.take();
        self.wake.notify_one();
        taken
    }

    fn take(&self) -> Result<Records> {
        if let Some(error) = self.fetcher().hand_out_error() {
            return Err(error);
        }
        let mut room = self.config.max_poll_records.unwrap_or(usize::MAX);
        let (mut records, mut bytes) = (Records::default(), 0_usize);
        while room > 0 && bytes < self.config.prefetch_memory {
            let Some(handed) = self.fetcher().hand_out() else {
                break;
            };
            if let Some(part) = self.read(handed, room) {
                room -= part.span.len();
                bytes = bytes.saturating_add(part.span.batch().record_bytes().len());
                records.push(part);
            }
        }
        if records.is_empty() {
            // What could not be read just now, if anything.
            return self.fetcher().hand_out_error().map_or(Ok(records), Err);
        }
        Ok(records)
    }

    /// Reads a batch, at most `room` of its records, and gives back the rest of it; `None` if there
    /// is nothing for the user in it, or nothing that can be read.
    fn read(&self, mut handed: Handed<Unread>, room: usize) -> Option<Part> {
        let taken = handed.batch.batch.open(self.config.check_crcs);
        let taken = taken.and_then(|mut opened| {
            let span = opened
                .batch
                .take(&mut opened.cursor, handed.from.offset, room)?;
            Ok((opened, span))
        });
        match taken {
            Ok((opened, span)) => {
                let part = Part {
                    topic: Arc::clone(&handed.partition.topic),
                    partition: handed.partition.partition,
                    span,
                };
                if !opened.batch.is_end(opened.cursor) {
                    let bytes = opened.own_bytes;
                    handed.batch.batch = Unread::Opened(opened);
                    let position = part.span.next_offset();
                    self.fetcher().give_back(handed, position, bytes);
                }
                Some(part).filter(|part| !part.span.is_empty())
            }
            Err(error) => {
                let at = &handed.partition;
                let error = error.into_error(Arc::clone(&at.topic), at.partition);
                self.fetcher().unreadable(now(), &handed, error);
                None
            }
        }
    }

    /// Whether a poll would get something.
    pub(super) fn has_ready(&self) -> bool {
        self.fetcher().has_ready()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("client", &self.shared)
            .finish_non_exhaustive()
    }
}
