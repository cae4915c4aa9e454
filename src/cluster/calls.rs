//! [`Calls`]: what one task has asked for and not heard of yet.

use std::fmt;
use std::future;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};

/// The calls that a task has under way, each with what it comes back with.
pub(crate) struct Calls<E>(FuturesUnordered<BoxFuture<'static, E>>);

impl<E: 'static> Calls<E> {
    pub(crate) fn new() -> Self {
        let calls = FuturesUnordered::<BoxFuture<'static, E>>::new();
        // The set wakes its own task whenever it has polled all that it holds, to be fair to other
        // tasks. With a call or two under way that is each time, and each time the runtime wakes
        // another thread for it: on an idle member that was a third of all wake-ups. It has never
        // polled all while it holds one that nothing wakes.
        calls.push(Box::pin(future::pending()));
        Self(calls)
    }

    pub(crate) fn push(&self, call: BoxFuture<'static, E>) {
        self.0.push(call);
    }

    /// What comes back next; waits as long as nothing does.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> E {
        match self.0.next().await {
            Some(event) => event,
            None => future::pending().await,
        }
    }
}

impl<E> fmt::Debug for Calls<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under_way = self.0.len().saturating_sub(1);
        write!(f, "Calls({under_way} under way)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_task_that_waits_for_one_call_is_woken_by_its_end_alone() {
        let counted = Arc::new(Counted::default());
        let waker = Waker::from(Arc::clone(&counted));
        let mut context = Context::from_waker(&waker);
        let mut calls = Calls::new();
        let mut poll = |calls: &mut Calls<u8>| Box::pin(calls.next()).as_mut().poll(&mut context);
        assert!(poll(&mut calls).is_pending());
        counted.0.store(0, Ordering::Relaxed);
        let (end, ended) = tokio::sync::oneshot::channel();
        calls.push(Box::pin(async { ended.await.unwrap_or_default() }));
        assert!(poll(&mut calls).is_pending());
        assert_eq!(counted.0.load(Ordering::Relaxed), 0, "nothing has happened");
        end.send(7).unwrap();
        assert_eq!(counted.0.load(Ordering::Relaxed), 1);
        assert!(matches!(poll(&mut calls), std::task::Poll::Ready(7)));
    }
}
