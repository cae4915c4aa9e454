//! The batches of one partition that still take records, or wait to be taken by the sender. Pure.
//!
//! This is all that the caller of `enqueue` and the sender share, and a driver keeps it behind a
//! lock of its own for each partition: two partitions never wait for each other. The sender is told
//! of a partition when it has a new batch and when a batch is worth sending, never per record, and
//! not again before it has looked.

use std::collections::VecDeque;
use std::time::Instant;

use super::receipt::{Appended, Clock, Refused, refused, too_large};
use super::settings::BatchLimits;
use crate::record::{BatchBuilder, ChunkPool, Content, HEADER_LEN, Record, Reserve};

/// A batch that the sender has not taken yet. `T` is what its records share: their outcome.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    pub(super) builder: BatchBuilder,
    pub(super) created: Instant,
    /// When that was by the wall clock, in milliseconds since 1970.
    created_ms: i64,
    pub(super) tag: T,
}

/// What the sender must know of a partition's oldest batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Head {
    pub(super) created: Instant,
    /// Whether it need not wait for `linger.ms`.
    pub(super) ready: bool,
    /// Whether it, or one behind it, is not hurried.
    pub(super) lingers: bool,
    /// Its size in bytes before compression.
    pub(super) size: usize,
}

/// The batches of one partition; see the module's page.
#[derive(Debug)]
pub(crate) struct PartitionBatches<T> {
    /// Oldest first; the last one takes records.
    waiting: VecDeque<Waiting<T>>,
    /// The first so many need not wait for `linger.ms`.
    hurried: usize,
    /// Whether the sender was told of something that it has not looked at yet.
    told: bool,
    closed: bool,
    /// Bytes of records that wait, before compression.
    bytes: usize,
    /// The sender is told when a batch reaches this size.
    tell_at: usize,
    /// No batch grows beyond this: a broker found a larger one too large.
    cap: usize,
}

impl<T> Default for PartitionBatches<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            hurried: 0,
            told: false,
            closed: false,
            bytes: 0,
            tell_at: 0,
            cap: usize::MAX,
        }
    }
}

impl<T: Clone> PartitionBatches<T> {
    /// Encodes a record into the open batch, or into a new one, which takes the reserve first. The
    /// tag is made only for a new batch.
    ///
    /// A record without a time of its own gets the exact time if it begins a batch; one that joins
    /// a batch gets the coarse time, but none before the batch began.
    #[inline]
    pub(crate) fn append(
        &mut self,
        pool: &ChunkPool,
        limits: BatchLimits,
        (clock, record): (&impl Clock, &Record<'_>),
        reserve: Option<Reserve>,
        new: impl FnOnce() -> (Instant, T),
    ) -> Result<Appended<T>, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        let content = Content::of(record.key_bytes(), record.value_bytes(), record.headers());
        let size = content.encoded_len_at_most();
        if HEADER_LEN + size > limits.max {
            return Err(Refused::Invalid(too_large(HEADER_LEN + size, limits.max)));
        }
        let full = limits.full.min(self.cap);
        if let Some(open) = self.waiting.back_mut() {
            let before = open.builder.estimated_size();
            // An upper bound that fits is sure to fit, so that the reserve goes where it is used.
            if before + size <= full {
                if let Some(reserve) = reserve {
                    open.builder.add_reserve(reserve);
                }
                let timestamp_ms = match record.create_time() {
                    Some(time) => time.0,
                    None => clock.coarse_ms().max(open.created_ms),
                };
                let index = open
                    .builder
                    .append_content(timestamp_ms, &content)
                    .map_err(|error| refused(error, 0))?;
                let after = open.builder.estimated_size();
                let became_ready = before < self.tell_at && after >= self.tell_at;
                let tag = open.tag.clone();
                self.bytes += after - before;
                return Ok(Appended {
                    tag,
                    index: u32::try_from(index).unwrap_or(u32::MAX),
                    size: after - before,
                    timestamp_ms,
                    tell: became_ready && !std::mem::replace(&mut self.told, true),
                });
            }
        }
        let now_ms = clock.exact_ms();
        let timestamp_ms = record.create_time().map_or(now_ms, |time| time.0);
        self.append_to_new(
            pool,
            (full, limits),
            (now_ms, timestamp_ms, &content),
            reserve,
            new,
        )
    }

    #[cold]
    fn append_to_new(
        &mut self,
        pool: &ChunkPool,
        (full, limits): (usize, BatchLimits),
        (created_ms, timestamp_ms, content): (i64, i64, &Content<'_>),
        reserve: Option<Reserve>,
        new: impl FnOnce() -> (Instant, T),
    ) -> Result<Appended<T>, Refused> {
        let mut builder = BatchBuilder::new(pool, full);
        if !limits.sums {
            builder = builder.without_sum();
        }
        let reserve = reserve.unwrap_or_default();
        let reserved = reserve.len();
        builder.add_reserve(reserve);
        builder
            .append_content(timestamp_ms, content)
            // The reserve goes with the batch that is not begun, so all is needed anew.
            .map_err(|error| refused(error, reserved))?;
        let size = builder.estimated_size() - HEADER_LEN;
        self.bytes += size;
        self.tell_at = limits.ready;
        let (created, tag) = new();
        self.waiting.push_back(Waiting {
            builder,
            created,
            created_ms,
            tag: tag.clone(),
        });
        Ok(Appended {
            tag,
            index: 0,
            size,
            timestamp_ms,
            tell: !std::mem::replace(&mut self.told, true),
        })
    }

    /// Looks at the oldest batch, which is worth sending from `ready` bytes on; the sender is told
    /// again of what comes after this. Below `base` bytes it is told at those first: the line may
    /// be idle by then.
    pub(super) fn look(&mut self, base: usize, ready: usize) -> Option<Head> {
        self.told = false;
        let full = ready.min(self.cap);
        self.tell_at = full;
        let oldest = self.waiting.front()?;
        let size = oldest.builder.estimated_size();
        if size < base {
            self.tell_at = base.min(full);
        }
        Some(Head {
            created: oldest.created,
            ready: self.waiting.len() > 1 || self.hurried > 0 || size >= full,
            lingers: self.hurried < self.waiting.len(),
            size,
        })
    }

    /// Bytes of records that wait for the sender, before compression.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many records each batch has.
    pub(super) fn counts(&self) -> impl Iterator<Item = u64> {
        let count = |each: &Waiting<T>| u64::try_from(each.builder.count()).unwrap_or(0);
        self.waiting.iter().map(count)
    }

    /// Takes the oldest batch.
    pub(super) fn take(&mut self) -> Option<Waiting<T>> {
        self.hurried = self.hurried.saturating_sub(1);
        let taken = self.waiting.pop_front()?;
        self.bytes -= taken.builder.estimated_size() - HEADER_LEN;
        Some(taken)
    }

    /// Takes the oldest batch if it was begun at `limit` or before.
    pub(super) fn take_older(&mut self, limit: Instant) -> Option<Waiting<T>> {
        let oldest = self.waiting.front()?;
        if oldest.created <= limit {
            return self.take();
        }
        None
    }

    /// Lets what is here now leave without waiting for `linger.ms`.
    pub(super) fn hurry(&mut self) {
        self.hurried = self.waiting.len();
    }

    /// Takes no more records.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// Keeps batches to at most so many bytes from now on.
    pub(crate) fn lower_cap(&mut self, cap: usize) {
        self.cap = self.cap.min(cap);
    }
}
