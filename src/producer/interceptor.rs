//! [`ProducerInterceptor`]: user code that sees every record before it is placed, and every batch
//! once it has its outcome.
//!
//! It runs outside all locks, so it may call the producer. What it must not do is wait for the
//! producer: settled batches are told on the sender's own task, which would then wait for itself.
//! Such calls are refused, and records that are enqueued inside a call are not shown again: both by
//! [`is_inside`], which knows what this thread is doing.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::limits::not_written;
use crate::error::{Error, ErrorKind, Result};
use crate::record::Record;

/// Sees, and may change, what a producer does. Java's `ProducerInterceptor` (KIP-42).
///
/// Several are called in the order in which they were given to
/// [`ProducerBuilder::interceptor`](crate::ProducerBuilder::interceptor), each on what the one
/// before made of the record. None is called with a lock held.
///
/// # What it may do
///
/// It may call the producer, with [`try_enqueue`](crate::Producer::try_enqueue) for example;
/// records that it enqueues itself are not shown to the interceptors. Waiting for the producer
/// inside it cannot work: `send`, `flush`, and an `enqueue` that would have to wait end with
/// `InvalidInput` there, and `close` does not wait. Spawn a task for these. It should be quick: it
/// runs on the tasks that send. A panic is caught, logged and changes nothing else.
///
/// ```
/// use tidewire::{ProducerInterceptor, Record, SettledBatch};
///
/// struct Stamp;
///
/// impl ProducerInterceptor for Stamp {
///     fn on_send<'a>(&self, record: Record<'a>) -> Record<'a> {
///         record.header("origin", "checkout")
///     }
///
///     fn on_acknowledgement(&self, batch: &SettledBatch) {
///         if let Err(error) = &batch.outcome {
///             eprintln!("{} records of {}: {error}", batch.records, batch.topic);
///         }
///     }
/// }
/// ```
pub trait ProducerInterceptor: Send + Sync + 'static {
    /// Sees a record before it gets its partition, on the caller's task, and gives back what is to
    /// be written in its place: the topic may be another one, too. As it is, unless implemented.
    ///
    /// A record that [`try_enqueue`](crate::Producer::try_enqueue) gives back is seen again when it
    /// is tried again, as it was at first.
    fn on_send<'a>(&self, record: Record<'a>) -> Record<'a> {
        record
    }

    /// Sees the outcome of records of one batch, before their deliveries and a waiting `flush` do.
    /// A record that `enqueue` refused is in no batch.
    ///
    /// All records that were ever taken are in exactly one of these; a batch is told in parts when
    /// its records fared differently.
    fn on_acknowledgement(&self, batch: &SettledBatch) {
        let _ = batch;
    }
}

/// Records of one batch, and their outcome.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SettledBatch {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// How many records it is about.
    pub records: u32,
    /// The first record's offset; the others follow it. `None` where the broker does not say: with
    /// `acks=0`, and for a batch that it recognised as written before but has forgotten where. Or
    /// the error, with a [`write_status`](Error::write_status): whether they may be in the log.
    pub outcome: Result<Option<i64>>,
}

/// A closure that only wants the outcomes.
pub(super) struct Observer<F>(pub(super) F);

impl<F: Fn(&SettledBatch) + Send + Sync + 'static> ProducerInterceptor for Observer<F> {
    fn on_acknowledgement(&self, batch: &SettledBatch) {
        (self.0)(batch);
    }
}

/// A producer's interceptors, in order.
#[derive(Clone, Default)]
pub(super) struct Interceptors {
    all: Vec<Arc<dyn ProducerInterceptor>>,
    /// Whether one of them is shown records, and not only outcomes.
    sees_records: bool,
}

impl Interceptors {
    pub(super) fn push(&mut self, interceptor: impl ProducerInterceptor) {
        self.all.push(Arc::new(interceptor));
        self.sees_records = true;
    }

    /// One that is told outcomes, so that records need not pass by it.
    pub(super) fn push_observer(&mut self, observer: impl ProducerInterceptor) {
        self.all.push(Arc::new(observer));
    }

    /// Whether records are to be shown to it.
    #[inline]
    pub(super) fn sees_records(&self) -> bool {
        self.sees_records
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What they make of a record.
    #[cold]
    pub(super) fn on_send<'a>(&self, mut record: Record<'a>) -> Record<'a> {
        if is_inside() {
            return record;
        }
        for interceptor in &self.all {
            let before = record.clone();
            record = guarded("on_send", || interceptor.on_send(record)).unwrap_or(before);
        }
        record
    }

    pub(super) fn on_acknowledgement(&self, batch: &SettledBatch) {
        for interceptor in &self.all {
            guarded("on_acknowledgement", || {
                interceptor.on_acknowledgement(batch);
            });
        }
    }
}

impl fmt::Debug for Interceptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} interceptors", self.all.len())
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a call of an interceptor now.
pub(super) fn is_inside() -> bool {
    INSIDE.get()
}

/// Refuses to wait inside an interceptor.
///
/// # Errors
///
/// `InvalidInput` there.
pub(super) fn may_wait(what: &str) -> Result<()> {
    if !is_inside() {
        return Ok(());
    }
    let words = format!(
        "{what} would wait inside an interceptor, and the producer for the interceptor: use \
         try_enqueue, or spawn a task"
    );
    Err(not_written(Error::new(ErrorKind::InvalidInput, words)))
}

/// Runs user code; `None` if it panicked.
fn guarded<R>(what: &str, call: impl FnOnce() -> R) -> Option<R> {
    let outer = INSIDE.replace(true);
    let done = catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(outer);
    match done {
        Ok(result) => Some(result),
        Err(panic) => {
            let panic = words(&*panic);
            tracing::error!(panic, "an interceptor panicked in {what}");
            None
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no words")
}
