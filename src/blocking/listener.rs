//! [`RebalanceListener`]: one that may block its thread.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::consumer::Consumer;
use super::runtime::Runtime;
use crate::ids::TopicPartition;

/// Told when partitions of a group come and go, on a thread that may wait: the same as
/// [`tidewire::RebalanceListener`](crate::RebalanceListener) for programs without async. It is
/// given to a consumer by [`listener`].
///
/// One call at a time, in order. `consumer` is the consumer itself, for everything but
/// [`poll`](Consumer::poll) and [`close`](Consumer::close). A panic is caught and logged.
///
/// A call that takes longer than a rebalance may, `max.poll.interval.ms` (default: 5 min), counts
/// as a consumer that is not polled: the member leaves the group, and its partitions are lost. The
/// thread cannot be stopped: the next call waits for it.
pub trait RebalanceListener: Send + Sync + 'static {
    /// These partitions are new; those that were there before stay. Nothing of them is fetched
    /// before this returns, so that it may [`seek`](Consumer::seek). Called at the end of each
    /// rebalance, without any partition where nothing new came.
    fn assigned(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        let _ = (consumer, partitions);
    }

    /// These partitions are about to go to other members, once this returns. Offsets can still be
    /// committed here.
    fn revoked(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        let _ = (consumer, partitions);
    }

    /// These partitions are gone, and other members may read them already: nothing can be committed
    /// for them. By default as [`revoked`](Self::revoked).
    fn lost(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        self.revoked(consumer, partitions);
    }
}

/// A listener whose calls run on threads of their own, for
/// [`ConsumerBuilder::rebalance_listener`](crate::ConsumerBuilder::rebalance_listener). An async
/// program may use it, too.
///
/// ```no_run
/// use tidewire::{StartAt, TopicPartition, blocking};
///
/// /// Keeps offsets in a database instead of the group.
/// struct FromDatabase;
///
/// # fn load(_: &TopicPartition) -> i64 { 0 }
/// impl blocking::RebalanceListener for FromDatabase {
///     fn assigned(&self, consumer: &blocking::Consumer, partitions: &[TopicPartition]) {
///         for partition in partitions {
///             let offset = load(partition);
///             if let Err(error) = consumer.seek(partition, StartAt::Offset(offset)) {
///                 eprintln!("{error}");
///             }
///         }
///     }
/// }
///
/// # fn run(client: blocking::Client) -> tidewire::Result<()> {
/// let consumer = client.consumer_with(|builder| {
///     let builder = builder.group("billing").subscribe(["orders"]);
///     builder.rebalance_listener(blocking::listener(FromDatabase))
/// })?;
/// # drop(consumer); Ok(())
/// # }
/// ```
pub fn listener(listener: impl RebalanceListener) -> impl crate::RebalanceListener {
    OnThreads {
        listener: Arc::new(listener),
        turn: Arc::new(Mutex::new(())),
    }
}

struct OnThreads<L> {
    listener: Arc<L>,
    /// Whose turn it is: nothing can end a call whose time is over.
    turn: Arc<Mutex<()>>,
}

type Call<L> = fn(&L, &Consumer, &[TopicPartition]);

impl<L: RebalanceListener> OnThreads<L> {
    async fn tell(&self, call: Call<L>, consumer: &crate::Consumer, partitions: &[TopicPartition]) {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let consumer = Consumer::new(consumer.view(), Runtime::borrowed(Handle::current()));
        let (listener, partitions) = (Arc::clone(&self.listener), partitions.to_vec());
        let told = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            call(&listener, &consumer, &partitions);
        });
        let failed = told.await.err();
        if let Some(panic) = failed.and_then(|error| error.try_into_panic().ok()) {
            // The consumer's task catches and logs it.
            std::panic::resume_unwind(panic);
        }
    }
}

impl<L: RebalanceListener> crate::RebalanceListener for OnThreads<L> {
    async fn assigned(&self, consumer: &crate::Consumer, partitions: &[TopicPartition]) {
        self.tell(L::assigned, consumer, partitions).await;
    }

    async fn revoked(&self, consumer: &crate::Consumer, partitions: &[TopicPartition]) {
        self.tell(L::revoked, consumer, partitions).await;
    }

    async fn lost(&self, consumer: &crate::Consumer, partitions: &[TopicPartition]) {
        self.tell(L::lost, consumer, partitions).await;
    }
}
