//! What a consumer's handle and its task share.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::group::Group;
use super::interceptor::Interceptors;
use super::metrics::Counters;
use super::receiving::Receiving;
use super::records::{DetachedRecord, Part, Records};
use super::unread::Unread;
use crate::cluster::{Shared, now};
use crate::config::{ConsumerConfig, OffsetReset};
use crate::error::Result;
use crate::machine::consumer::{FetchLimits, Fetcher, Handed, StartAt};
use crate::record::RecordError;

/// A consumer's state, without its handle.
pub(super) struct Inner {
    pub(super) shared: Arc<Shared>,
    pub(super) config: ConsumerConfig,
    /// The group side, with `group.id`.
    pub(super) group: Option<Arc<Group>>,
    /// Wakes the task: something changed that it may act on.
    pub(super) wake: Notify,
    /// Wakes a poll: something may be ready.
    pub(super) ready: Notify,
    /// Tells the task to take its leave.
    pub(super) closing: Notify,
    fetcher: Mutex<Fetcher<Unread>>,
    /// The batch that `recv` is in. Whoever takes records holds it: two at once would mix up the
    /// order of a partition's records.
    receiving: Mutex<Receiving>,
    closed: AtomicBool,
    pub(super) counters: Counters,
    pub(super) interceptors: Interceptors,
}

impl Inner {
    pub(super) fn new(
        shared: Arc<Shared>,
        config: ConsumerConfig,
        interceptors: Interceptors,
    ) -> Self {
        let bytes = |n: i32| usize::try_from(n).unwrap_or(0);
        let limits = FetchLimits {
            budget: config.prefetch_memory,
            max_bytes: bytes(config.fetch_max_bytes),
            partition_max_bytes: bytes(config.max_partition_fetch_bytes),
            ahead: config.ahead(),
        };
        let fetcher = Fetcher::new(limits, shared.retry_policy(), shared.env.seed());
        let group = Group::of(&config, &shared).map(Arc::new);
        Self {
            shared,
            config,
            group,
            wake: Notify::new(),
            ready: Notify::new(),
            closing: Notify::new(),
            fetcher: Mutex::new(fetcher),
            receiving: Mutex::default(),
            closed: AtomicBool::new(false),
            counters: Counters::default(),
            interceptors,
        }
    }

    pub(super) fn fetcher(&self) -> MutexGuard<'_, Fetcher<Unread>> {
        self.fetcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes everything that is ready, at most `max.poll.records`, and what of it has to be
    /// decompressed as far as `queued.max.messages.kbytes` has room for it beside what is buffered,
    /// or one batch: what a broker sends in a few bytes may be gigabytes. An error is returned by
    /// itself, and keeps no other partition from being handed out.
    pub(super) fn take_ready(&self) -> Result<Records> {
        let mut receiving = self.receiving();
        let taken = self.take(&mut receiving);
        let is_room = self.fetcher().handed_over();
        drop(receiving);
        if is_room {
            self.wake.notify_one();
        }
        let mut records = taken?;
        if self.config.partition_eof {
            records.set_ends(self.fetcher().reached_ends());
        }
        self.counters.handed_out(records.len());
        self.interceptors.see_all(&records);
        Ok(records)
    }

    /// Holds off polls.
    pub(super) fn receiving(&self) -> MutexGuard<'_, Receiving> {
        self.receiving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The next record of the partitions that are polled; `None` if none has arrived.
    pub(super) fn receive(&self) -> Result<Option<DetachedRecord>> {
        let next = self.receiving().next(self, None)?;
        Ok(next.inspect(|record| self.hand_over(record)))
    }

    /// A record is about to be returned by itself. Nothing is locked, since an interceptor may do
    /// anything.
    pub(super) fn hand_over(&self, record: &DetachedRecord) {
        self.counters.handed_out(1);
        self.interceptors.see_one(record);
    }

    fn take(&self, receiving: &mut Receiving) -> Result<Records> {
        if let Some(error) = self.fetcher().hand_out_error() {
            return Err(error);
        }
        let mut room = self.config.max_poll_records.unwrap_or(usize::MAX);
        let mut records = Records::default();
        while room > 0 {
            let bytes = receiving.own_bytes();
            let Some(part) = receiving.take(self, room) else {
                break;
            };
            self.fetcher().opened(bytes);
            room -= part.span.len();
            records.push(part);
        }
        while room > 0 {
            let Some(handed) = self.fetcher().hand_out() else {
                break;
            };
            if let Some(part) = self.read(handed, room) {
                room -= part.span.len();
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
                let bytes = opened.own_bytes;
                if !opened.batch.is_end(opened.cursor) {
                    handed.batch.batch = Unread::Opened(opened);
                    let position = part.span.next_offset();
                    self.fetcher().give_back(handed, position, bytes);
                } else if let (Some(bytes), false) = (bytes, part.span.is_empty()) {
                    self.fetcher().opened(bytes);
                }
                Some(part).filter(|part| !part.span.is_empty())
            }
            Err(error) => {
                self.damaged(&handed, error);
                None
            }
        }
    }

    /// A batch cannot be read, from its `from` on.
    pub(super) fn damaged(&self, handed: &Handed<Unread>, error: RecordError) {
        let at = &handed.partition;
        let error = error.into_error(Arc::clone(&at.topic), at.partition);
        self.fetcher().unreadable(now(), handed, error);
    }

    /// The consumer is gone; its streams end.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.closing.notify_one();
        self.ready.notify_waiters();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Where `auto.offset.reset` says to start over; `None` if it says not to.
    pub(super) fn reset_to(&self) -> Option<StartAt> {
        match self.config.auto_offset_reset {
            OffsetReset::Earliest => Some(StartAt::Beginning),
            OffsetReset::Latest => Some(StartAt::End),
            OffsetReset::ByDuration(back) => {
                let back = i64::try_from(back.as_millis()).unwrap_or(i64::MAX);
                let time = self.shared.env.timestamp_ms().saturating_sub(back);
                Some(StartAt::Timestamp(time.max(0)))
            }
            OffsetReset::None => None,
        }
    }

    /// Partitions came, went or moved: the task may ask for more, streams may end, and there may be
    /// something to hand out.
    pub(super) fn partitions_changed(&self) {
        self.wake.notify_one();
        self.ready.notify_waiters();
    }

    /// Something of the assignment changed that the tasks may act on.
    pub(super) fn changed(&self) {
        self.partitions_changed();
        if let Some(group) = &self.group {
            group.wake();
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
