//! [`RebalanceListener`]: what a program does when partitions come and go.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::consumer::handle::Consumer;
use crate::ids::TopicPartition;
use crate::machine::group::Event;

/// Told when partitions of a group come and go.
///
/// One call at a time, in order. The group's heartbeats go on meanwhile, so a call may wait for
/// other things. It runs on the consumer's own task: work that keeps a thread busy belongs on
/// another one ([`blocking::listener`](crate::blocking::listener) does that). A panic is caught and
/// logged; the rebalance goes on.
///
/// A call may take as long as a rebalance, `max.poll.interval.ms` (default: 5 min). One that takes
/// longer counts as a consumer that is not polled: its future is dropped where it waits, the member
/// leaves the group, all its partitions are [`lost`](Self::lost), and the next poll joins again.
/// One that has not returned when a closing consumer must go on is dropped, too. A
/// [`revoked`](Self::revoked) that was dropped is followed by `lost` for its partitions, while
/// there is time; a consumer that is dropped instead of closed tells nothing more.
///
/// `consumer` is the consumer itself, for everything but [`poll`](Consumer::poll).
///
/// ```
/// use tidewire::{Consumer, RebalanceListener, StartAt, TopicPartition};
///
/// /// Keeps offsets in a database instead of the group.
/// struct FromDatabase;
///
/// # async fn load(_: &TopicPartition) -> i64 { 0 }
/// impl RebalanceListener for FromDatabase {
///     async fn assigned(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
///         for partition in partitions {
///             let offset = load(partition).await;
///             if let Err(error) = consumer.seek(partition, StartAt::Offset(offset)) {
///                 eprintln!("{error}");
///             }
///         }
///     }
/// }
/// ```
pub trait RebalanceListener: Send + Sync + 'static {
    /// These partitions are new; those that were there before stay. Nothing of them is fetched
    /// before this returns, so that it may [`seek`](Consumer::seek). Called at the end of each
    /// rebalance, without any partition where nothing new came.
    fn assigned(
        &self,
        consumer: &Consumer,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = ()> + Send {
        let _ = (consumer, partitions);
        async {}
    }

    /// These partitions are about to go to other members, once this returns. All records of them
    /// that were handed out are done with (the consumer was polled again since, or closed), and
    /// with `enable.auto.commit` committed; offsets can still be committed here.
    fn revoked(
        &self,
        consumer: &Consumer,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = ()> + Send {
        let _ = (consumer, partitions);
        async {}
    }

    /// These partitions are gone, and other members may read them already: the group has given this
    /// one up (`session.timeout.ms`, `max.poll.interval.ms`, or another member took its place), or
    /// they went while it did not come to the end of [`revoked`](Self::revoked).
    /// Nothing can be committed for them. By default as [`revoked`](Self::revoked).
    fn lost(
        &self,
        consumer: &Consumer,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = ()> + Send {
        self.revoked(consumer, partitions)
    }
}

/// A listener behind a pointer.
pub(crate) trait AnyListener: Send + Sync {
    /// Tells it, and survives its panic.
    fn tell<'a>(&'a self, consumer: &'a Consumer, event: &'a Event) -> BoxFuture<'a, ()>;
}

impl<L: RebalanceListener> AnyListener for L {
    fn tell<'a>(&'a self, consumer: &'a Consumer, event: &'a Event) -> BoxFuture<'a, ()> {
        let call = async move {
            let (Event::Assigned(all) | Event::Revoked(all) | Event::Lost(all)) = event;
            let all: Vec<TopicPartition> = all.iter().cloned().collect();
            match event {
                Event::Assigned(_) => self.assigned(consumer, &all).await,
                Event::Revoked(_) => self.revoked(consumer, &all).await,
                Event::Lost(_) => self.lost(consumer, &all).await,
            }
        };
        let caught = AssertUnwindSafe(call).catch_unwind();
        Box::pin(caught.map(|end| {
            if let Err(panic) = end {
                tracing::error!(panic = words(&*panic), "the rebalance listener panicked");
            }
        }))
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
