//! The outcome of a batch, shared by its records, and the future of one record's outcome.
//!
//! One [`Completion`] per batch, none per record: a [`Delivery`] is a batch and an index. Dropping
//! a delivery is free and does not unsend anything; the list of wakers exists only while somebody
//! waits, is filled under the lock and woken after it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use super::ledger::Generation;
use crate::error::Result;
use crate::machine::producer::{Outcome, Share};

/// What became of one batch.
#[derive(Debug)]
pub(crate) struct Completion {
    topic: Arc<str>,
    partition: i32,
    generation: Generation,
    settled: OnceLock<Settled>,
    waiting: Mutex<Waiting>,
}

/// The outcome of all records of a batch.
#[derive(Debug)]
enum Settled {
    /// All have the same: the usual case.
    Whole(Result<Outcome>),
    /// The batch was split, or some of its records alone were refused: in order.
    Parts(Vec<Part>),
}

#[derive(Debug)]
struct Part {
    first: u32,
    outcome: Result<Outcome>,
}

#[derive(Debug, Default)]
struct Waiting {
    wakers: Vec<Option<Waker>>,
    /// What is known of a batch in parts, until all of it is.
    parts: Vec<Part>,
    /// How many records those have.
    known: u32,
}

impl Waiting {
    fn waker(&mut self, slot: u32) -> Option<&mut Option<Waker>> {
        self.wakers.get_mut(usize::try_from(slot).ok()?)
    }
}

impl Completion {
    pub(super) fn new(topic: Arc<str>, partition: i32, generation: Generation) -> Arc<Self> {
        Arc::new(Self {
            topic,
            partition,
            generation,
            settled: OnceLock::new(),
            waiting: Mutex::default(),
        })
    }

    pub(super) fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    pub(super) fn partition(&self) -> i32 {
        self.partition
    }

    /// Which flush waits for it.
    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the outcome of some of its records, and says whether it has all of them now. Deliveries
    /// resolve when it has.
    pub(super) fn settle(&self, share: Share, outcome: Result<Outcome>) -> bool {
        let settled = if share.records == share.total {
            Settled::Whole(outcome)
        } else {
            let mut waiting = self.lock();
            waiting.parts.push(Part {
                first: share.first,
                outcome,
            });
            waiting.known = waiting.known.saturating_add(share.records);
            if waiting.known < share.total {
                return false;
            }
            let mut parts = std::mem::take(&mut waiting.parts);
            parts.sort_by_key(|part| part.first);
            Settled::Parts(parts)
        };
        if self.settled.set(settled).is_err() {
            return false;
        }
        let wakers = std::mem::take(&mut self.lock().wakers);
        for waker in wakers.into_iter().flatten() {
            waker.wake();
        }
        true
    }

    fn metadata(&self, index: u32, timestamp_ms: i64) -> Option<Result<RecordMetadata>> {
        let (first, outcome) = match self.settled.get()? {
            Settled::Whole(outcome) => (0, outcome),
            Settled::Parts(parts) => {
                let after = parts.partition_point(|part| part.first <= index);
                let part = parts.get(after.checked_sub(1)?)?;
                (part.first, &part.outcome)
            }
        };
        Some(match outcome {
            Err(error) => Err(error.clone()),
            Ok(written) => Ok(RecordMetadata {
                topic: Arc::clone(&self.topic),
                partition: self.partition,
                offset: written
                    .base_offset
                    .map(|base| base.saturating_add(i64::from(index - first))),
                timestamp_ms: written.log_append_ms.unwrap_or(timestamp_ms),
            }),
        })
    }
}

/// Where a record was written.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RecordMetadata {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The record's offset. `None` where the broker does not say: with `acks=0`, and for a resent
    /// batch that the broker recognised as a duplicate but whose offset it no longer remembers.
    pub offset: Option<i64>,
    /// The record's timestamp in milliseconds since 1970: the producer's, or the broker's where
    /// the topic uses `LogAppendTime`.
    pub timestamp_ms: i64,
}

/// The future of one record's outcome, from [`Producer::enqueue`](crate::Producer::enqueue).
///
/// It resolves within `delivery.timeout.ms` of the record's batch.
///
/// # Cancel safety
///
/// Dropping it loses nothing but the report: the record is sent all the same.
#[derive(Debug)]
#[must_use = "a delivery tells whether the record was written; drop it on purpose with `drop`"]
pub struct Delivery {
    completion: Arc<Completion>,
    timestamp_ms: i64,
    index: u32,
    // Small, and with room for what wraps it: a delivery is moved about for each record.
    slot: Option<u32>,
}

impl Delivery {
    #[inline]
    pub(crate) fn new(completion: Arc<Completion>, index: u32, timestamp_ms: i64) -> Self {
        Self {
            completion,
            timestamp_ms,
            index,
            slot: None,
        }
    }

    /// The partition the record was put in.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.completion.partition
    }

    /// The record's place in its batch, counted from 0: a record at 0 has opened a new batch of its
    /// partition. All records of a batch get their outcome at the same time, and it is the same
    /// one, unless the broker found the batch too large or refused single records of it.
    #[must_use]
    pub fn index_in_batch(&self) -> u32 {
        self.index
    }
}

impl Future for Delivery {
    type Output = Result<RecordMetadata>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let known = || this.completion.metadata(this.index, this.timestamp_ms);
        if let Some(known) = known() {
            return Poll::Ready(known);
        }
        let mut waiting = this.completion.lock();
        // Settling sets the outcome before it takes the list, so an outcome that is still missing
        // under the lock finds this waker there.
        if let Some(known) = known() {
            return Poll::Ready(known);
        }
        let waker = Some(cx.waker().clone());
        match this.slot.and_then(|slot| waiting.waker(slot)) {
            Some(place) => *place = waker,
            None => {
                // Each of a batch's records has one place at the most, and an index of 32 bits.
                this.slot = u32::try_from(waiting.wakers.len()).ok();
                waiting.wakers.push(waker);
            }
        }
        Poll::Pending
    }
}

impl Drop for Delivery {
    #[inline]
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            if let Some(place) = self.completion.lock().waker(slot) {
                *place = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind, WriteStatus};
    use futures::FutureExt;
    use futures::executor::block_on;

    fn all(total: u32) -> Share {
        part(0, total, total)
    }

    fn part(first: u32, records: u32, total: u32) -> Share {
        Share {
            first,
            records,
            total,
        }
    }

    #[test]
    fn records_of_a_batch_in_parts_resolve_together_each_with_its_own_outcome() {
        let completion = Completion::new("t".into(), 0, Generation::default());
        let mut third = Delivery::new(Arc::clone(&completion), 2, 0);
        let written = |base| Outcome {
            base_offset: Some(base),
            log_append_ms: None,
        };
        assert!(!completion.settle(part(2, 1, 4), Ok(written(90))));
        assert!((&mut third).now_or_never().is_none());
        let error = Error::new(ErrorKind::Timeout, "late");
        assert!(!completion.settle(part(3, 1, 4), Err(error)));
        assert!(completion.settle(part(0, 2, 4), Ok(written(7))));
        assert_eq!(block_on(third).unwrap().offset, Some(90));
        let second = Delivery::new(Arc::clone(&completion), 1, 0);
        assert_eq!(block_on(second).unwrap().offset, Some(8));
        assert!(block_on(Delivery::new(completion, 3, 0)).is_err());
    }

    #[test]
    fn a_batch_in_very_many_parts_costs_no_more_than_their_number() {
        const PARTS: u32 = 100_000;
        let completion = Completion::new("t".into(), 0, Generation::default());
        let written = Outcome {
            base_offset: Some(7),
            log_append_ms: None,
        };
        let began = std::time::Instant::now();
        for first in 0..PARTS {
            let is_last = completion.settle(part(first, 1, PARTS), Ok(written));
            assert_eq!(is_last, first == PARTS - 1);
        }
        let took = began.elapsed();
        assert!(took < std::time::Duration::from_secs(5), "{took:?}");
    }

    #[test]
    fn all_records_of_a_batch_share_its_outcome() {
        let completion = Completion::new("t".into(), 2, Generation::default());
        let first = Delivery::new(Arc::clone(&completion), 0, 5);
        let third = Delivery::new(Arc::clone(&completion), 2, 7);
        assert_eq!((first.index_in_batch(), third.index_in_batch()), (0, 2));
        assert!(completion.settle(
            all(3),
            Ok(Outcome {
                base_offset: Some(40),
                log_append_ms: None
            })
        ));
        assert_eq!(block_on(first).unwrap().offset, Some(40));
        let third = block_on(third).unwrap();
        assert_eq!(
            (third.offset, third.timestamp_ms, third.partition),
            (Some(42), 7, 2)
        );
    }

    #[test]
    fn a_waiting_delivery_is_woken_and_a_dropped_one_leaves_nothing_behind() {
        let completion = Completion::new("t".into(), 0, Generation::default());
        let mut waiting = Delivery::new(Arc::clone(&completion), 0, 0);
        let mut dropped = Delivery::new(Arc::clone(&completion), 1, 0);
        assert!((&mut waiting).now_or_never().is_none());
        assert!((&mut dropped).now_or_never().is_none());
        drop(dropped);
        assert_eq!(completion.lock().wakers.iter().flatten().count(), 1);
        let thread = std::thread::spawn(move || block_on(waiting));
        completion.settle(
            all(3),
            Ok(Outcome {
                base_offset: Some(1),
                log_append_ms: Some(9),
            }),
        );
        assert_eq!(thread.join().unwrap().unwrap().timestamp_ms, 9);
    }

    #[test]
    fn only_the_first_outcome_counts() {
        let completion = Completion::new("t".into(), 0, Generation::default());
        let failed =
            Error::new(ErrorKind::Timeout, "late").with_write_status(WriteStatus::MaybeWritten);
        assert!(completion.settle(all(3), Err(failed)));
        assert!(!completion.settle(
            all(3),
            Ok(Outcome {
                base_offset: Some(1),
                log_append_ms: None
            })
        ));
        let error = block_on(Delivery::new(completion, 0, 0)).unwrap_err();
        assert_eq!(error.write_status(), Some(WriteStatus::MaybeWritten));
    }
}
