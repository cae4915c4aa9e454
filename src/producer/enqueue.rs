//! [`Enqueue`]: the future of a record on its way into the buffer.
//!
//! By hand, since an `async fn` would move the record twice before it looks at it, and small, since
//! the caller moves it as well. Where nothing is to be waited for, its first poll is all there is,
//! and nothing is allocated.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;

use super::delivery::Delivery;
use crate::error::{Error, Result};
use crate::record::Record;

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

impl NotTaken {
    /// What an append comes to; `None` where waiting may change it.
    #[inline]
    pub(super) fn unless_it_waits(appended: Result<Delivery, Self>) -> Option<Result<Delivery>> {
        match appended {
            Ok(delivery) => Some(Ok(delivery)),
            Err(Self::Failed(error)) => Some(Err(error)),
            Err(Self::NoPartition(_) | Self::NoMemory { .. }) => None,
        }
    }
}

/// A handle that takes records.
pub(super) trait Entry {
    /// Takes a record, or refuses it for good, if nothing is to be waited for.
    fn now(&self, record: &Record<'_>) -> Option<Result<Delivery>>;

    /// Takes a record that `now` has left.
    fn later<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<Delivery>>;
}

/// See the module's page.
pub(super) struct Enqueue<'a, E> {
    entry: &'a E,
    step: Step<'a>,
}

enum Step<'a> {
    Given(Record<'a>),
    Waiting(BoxFuture<'a, Result<Delivery>>),
    Done,
}

impl<'a, E: Entry> Enqueue<'a, E> {
    #[inline]
    pub(super) fn new(entry: &'a E, record: Record<'a>) -> Self {
        Self {
            entry,
            step: Step::Given(record),
        }
    }

    #[cold]
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<Delivery>> {
        let mut later = match std::mem::replace(&mut self.step, Step::Done) {
            Step::Given(record) => self.entry.later(record),
            Step::Waiting(later) => later,
            Step::Done => return Poll::Pending,
        };
        let taken = later.as_mut().poll(cx);
        if taken.is_pending() {
            self.step = Step::Waiting(later);
        }
        taken
    }
}

impl<E: Entry> Future for Enqueue<'_, E> {
    type Output = Result<Delivery>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Step::Given(record) = &self.step {
            if let Some(taken) = self.entry.now(record) {
                self.step = Step::Done;
                return Poll::Ready(taken);
            }
        }
        self.wait(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::producer::{Producer, ProducerTopic};

    #[test]
    fn the_future_is_moved_in_few_words() {
        assert!(size_of::<Enqueue<'_, Producer>>() <= 120);
        assert!(size_of::<Enqueue<'_, ProducerTopic>>() <= 120);
    }
}
