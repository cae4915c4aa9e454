//! The outcome of a batch, shared by its records, and the future of one record's outcome.
//!
//! One [`Completion`] per batch, none per record: a [`Delivery`] is a batch and an index. Dropping
//! a delivery is free and does not unsend anything; the list of wakers exists only while somebody
//! waits, is filled under the lock and woken after it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::{Error, Result};
use crate::machine::producer::Outcome;

/// What became of one batch.
#[derive(Debug)]
pub(crate) struct Completion {
    topic: Arc<str>,
    partition: i32,
    /// How many records the batch has.
    records: AtomicU32,
    outcome: OnceLock<Result<Outcome>>,
    waiters: Mutex<Vec<Option<Waker>>>,
}

impl Completion {
    pub(crate) fn new(topic: Arc<str>, partition: i32) -> Arc<Self> {
        Arc::new(Self {
            topic,
            partition,
            records: AtomicU32::new(0),
            outcome: OnceLock::new(),
            waiters: Mutex::default(),
        })
    }

    /// Counts a record of the batch.
    pub(crate) fn add_record(&self) {
        self.records.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn records(&self) -> u32 {
        self.records.load(Ordering::Relaxed)
    }

    /// Sets the outcome, once: a second one is ignored, and the answer says which it was.
    pub(crate) fn settle(&self, outcome: Result<Outcome>) -> bool {
        if self.outcome.set(outcome).is_err() {
            return false;
        }
        let waiters =
            std::mem::take(&mut *self.waiters.lock().unwrap_or_else(PoisonError::into_inner));
        for waker in waiters.into_iter().flatten() {
            waker.wake();
        }
        true
    }

    pub(crate) fn outcome(&self) -> Option<&Result<Outcome>> {
        self.outcome.get()
    }

    /// Waits for the outcome, whatever it is.
    pub(crate) fn settled(self: &Arc<Self>) -> Delivery {
        Delivery {
            completion: Arc::clone(self),
            index: 0,
            timestamp_ms: 0,
            slot: None,
        }
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
    index: u32,
    timestamp_ms: i64,
    slot: Option<usize>,
}

impl Delivery {
    pub(crate) fn new(completion: Arc<Completion>, index: u32, timestamp_ms: i64) -> Self {
        Self {
            completion,
            index,
            timestamp_ms,
            slot: None,
        }
    }

    /// The partition the record was put in.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.completion.partition
    }

    /// The record's place in its batch, counted from 0: a record at 0 has opened a new batch of its
    /// partition. All records of a batch have one outcome, so that a program that sends millions
    /// may keep the delivery at 0, count the others, and drop them.
    #[must_use]
    pub fn index_in_batch(&self) -> u32 {
        self.index
    }

    fn metadata(&self, outcome: &Result<Outcome>) -> Result<RecordMetadata> {
        let written = outcome.as_ref().map_err(Error::clone)?;
        Ok(RecordMetadata {
            topic: Arc::clone(&self.completion.topic),
            partition: self.completion.partition,
            offset: written
                .base_offset
                .map(|base| base.saturating_add(i64::from(self.index))),
            timestamp_ms: written.log_append_ms.unwrap_or(self.timestamp_ms),
        })
    }
}

impl Future for Delivery {
    type Output = Result<RecordMetadata>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let completion = Arc::clone(&self.completion);
        if completion.outcome.get().is_none() {
            let mut waiters = completion
                .waiters
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Settling sets the outcome before it takes the list, so an outcome that is still
            // missing under the lock finds this waker there.
            if completion.outcome.get().is_none() {
                let waker = Some(cx.waker().clone());
                match self.slot.and_then(|slot| waiters.get_mut(slot)) {
                    Some(place) => *place = waker,
                    None => {
                        self.slot = Some(waiters.len());
                        waiters.push(waker);
                    }
                }
                return Poll::Pending;
            }
        }
        match completion.outcome.get() {
            Some(outcome) => Poll::Ready(self.metadata(outcome)),
            None => Poll::Pending,
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            let mut waiters = self
                .completion
                .waiters
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = waiters.get_mut(slot) {
                *place = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, WriteStatus};
    use futures::FutureExt;
    use futures::executor::block_on;

    #[test]
    fn all_records_of_a_batch_share_its_outcome() {
        let completion = Completion::new("t".into(), 2);
        let first = Delivery::new(Arc::clone(&completion), 0, 5);
        let third = Delivery::new(Arc::clone(&completion), 2, 7);
        assert_eq!((first.index_in_batch(), third.index_in_batch()), (0, 2));
        assert!(completion.settle(Ok(Outcome {
            base_offset: Some(40),
            log_append_ms: None
        })));
        assert_eq!(block_on(first).unwrap().offset, Some(40));
        let third = block_on(third).unwrap();
        assert_eq!(
            (third.offset, third.timestamp_ms, third.partition),
            (Some(42), 7, 2)
        );
    }

    #[test]
    fn a_waiting_delivery_is_woken_and_a_dropped_one_leaves_nothing_behind() {
        let completion = Completion::new("t".into(), 0);
        let mut waiting = Delivery::new(Arc::clone(&completion), 0, 0);
        let mut dropped = Delivery::new(Arc::clone(&completion), 1, 0);
        assert!((&mut waiting).now_or_never().is_none());
        assert!((&mut dropped).now_or_never().is_none());
        drop(dropped);
        assert_eq!(
            completion.waiters.lock().unwrap().iter().flatten().count(),
            1
        );
        let thread = std::thread::spawn(move || block_on(waiting));
        completion.settle(Ok(Outcome {
            base_offset: Some(1),
            log_append_ms: Some(9),
        }));
        assert_eq!(thread.join().unwrap().unwrap().timestamp_ms, 9);
    }

    #[test]
    fn only_the_first_outcome_counts() {
        let completion = Completion::new("t".into(), 0);
        let failed =
            Error::new(ErrorKind::Timeout, "late").with_write_status(WriteStatus::MaybeWritten);
        assert!(completion.settle(Err(failed)));
        assert!(!completion.settle(Ok(Outcome {
            base_offset: Some(1),
            log_append_ms: None
        })));
        let error = block_on(Delivery::new(completion, 0, 0)).unwrap_err();
        assert_eq!(error.write_status(), Some(WriteStatus::MaybeWritten));
    }
}
