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
use crate::error::Result;
use crate::record::Record;

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
        if let Step::Given(_) = &self.step {
            if let Step::Given(record) = std::mem::replace(&mut self.step, Step::Done) {
                self.step = Step::Waiting(self.entry.later(record));
            }
        }
        let Step::Waiting(later) = &mut self.step else {
            return Poll::Pending;
        };
        let taken = later.as_mut().poll(cx);
        if taken.is_ready() {
            self.step = Step::Done;
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
