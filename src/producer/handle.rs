//! [`Producer`]: the handle.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::delivery::{Delivery, RecordMetadata};
use super::enqueue::{Enqueue, Entry, NotTaken};
use super::inner::Inner;
use super::interceptor::{Interceptors, is_inside, may_wait};
use super::ledger::DeliveryReport;
use super::limits::{LazyDeadline, closed, not_written};
use super::sender;
use super::topic::Topic;
use super::turn;
use crate::cluster::{Client, Deadline, now};
use crate::config::ProducerConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::machine::producer::Partitioner;
use crate::record::Record;

/// Writes records to topics. Cheap to clone; all clones share one buffer and one sender.
///
/// A producer that is dropped without [`close`](Self::close) gives up what it has not sent: the
/// deliveries say so.
#[derive(Clone, Debug)]
pub struct Producer {
    pub(super) inner: Arc<Inner>,
    task: Arc<SenderTask>,
    // Keeps the metadata task alive for as long as the producer is.
    _client: Client,
}

/// The sender task; it ends with the last handle.
#[derive(Debug, Default)]
struct SenderTask(OnceLock<AbortHandle>);

impl Drop for SenderTask {
    fn drop(&mut self) {
        if let Some(task) = self.0.get() {
            task.abort();
        }
    }
}

/// Why [`Producer::try_enqueue`] gave a record back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TryEnqueueReason {
    /// `buffer.memory` is full.
    BufferFull,
    /// The topic's metadata is not known yet; it has been asked for.
    MetadataPending,
    /// It will not be taken whenever it is tried.
    Failed(Error),
}

/// A record that [`Producer::try_enqueue`] did not take.
#[derive(Debug)]
pub struct TryEnqueueError<'a> {
    /// The record, to try again with.
    pub record: Record<'a>,
    /// Why it was not taken.
    pub reason: TryEnqueueReason,
}

impl fmt::Display for TryEnqueueError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            TryEnqueueReason::BufferFull => f.write_str("buffer.memory is full"),
            TryEnqueueReason::MetadataPending => match self.record.topic() {
                "" => f.write_str("the topic's metadata is not known yet"),
                topic => write!(f, "the metadata of topic {topic} is not known yet"),
            },
            TryEnqueueReason::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TryEnqueueError<'_> {}

impl Producer {
    pub(super) fn new(
        client: Client,
        config: ProducerConfig,
        own: Option<Arc<dyn Partitioner>>,
        interceptors: Interceptors,
    ) -> Self {
        let shared = Arc::clone(&client.shared);
        let inner = Arc::new(Inner::new(shared, config, own, interceptors));
        Self {
            inner,
            task: Arc::default(),
            _client: client,
        }
    }

    /// The producer's configuration.
    #[must_use]
    pub fn config(&self) -> &ProducerConfig {
        &self.inner.config
    }

    /// Writes a record and waits for its acknowledgement, at most `max.block.ms` and
    /// `delivery.timeout.ms`.
    ///
    /// # Errors
    ///
    /// With a [`write_status`](Error::write_status): whether the record may be in the log.
    ///
    /// # Cancel safety
    ///
    /// Dropped before the record is in the buffer, nothing is sent; dropped after, it is sent all
    /// the same and only the report is lost.
    pub async fn send(&self, record: Record<'_>) -> Result<RecordMetadata> {
        may_wait("send")?;
        self.enqueue(record).await?.await
    }

    /// Puts a record into the buffer and returns the future of its outcome. Waits for room in the
    /// buffer, and for the metadata of a topic that is new, at most `max.block.ms`.
    ///
    /// # Errors
    ///
    /// `BufferFull`, `Timeout` or the reason why no broker was reached (`Connect`, ..) if that was
    /// not enough; `InvalidInput` for a record that is too large or names no topic, outside a tokio
    /// runtime, and in an interceptor that would have to wait; `Broker` for a topic or partition
    /// that does not exist; `Closed` after [`close`](Self::close). The record is not written.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the record is not sent and its memory is free again.
    pub fn enqueue<'a>(
        &'a self,
        record: Record<'a>,
    ) -> impl Future<Output = Result<Delivery>> + Send + 'a {
        Enqueue::new(self, record)
    }

    /// As `enqueue`, for a record that may have to wait for its turn, for metadata or memory, or
    /// that the program's own code is to see.
    async fn enqueue_waiting(&self, mut record: Record<'_>) -> Result<Delivery> {
        if turn::is_over() {
            turn::step_aside().await;
            if self.inner.is_closed() {
                return Err(closed());
            }
            if let Some(taken) = self.inner.append_known(&record) {
                return taken;
            }
        }
        if self.inner.interceptors.sees_records() {
            record = self.inner.interceptors.on_send(record);
        }
        let mut deadline = LazyDeadline::new(self.inner.config.max_block);
        let topic = self.inner.topic(record.topic(), &mut deadline).await?;
        self.append_waiting(topic, &record, deadline).await
    }

    /// Puts a record into the buffer: waits for memory, or for a partition that may be new, where
    /// it must.
    pub(super) async fn append_waiting(
        &self,
        mut topic: Arc<Topic>,
        record: &Record<'_>,
        mut deadline: LazyDeadline,
    ) -> Result<Delivery> {
        let (mut asked_anew, mut reserve) = (false, None);
        loop {
            let had_to_wait = reserve.is_some();
            let refused = match self.inner.append(&topic, record, reserve.take()) {
                Ok(delivery) => {
                    if had_to_wait && self.inner.pool.waiting() > 0 {
                        // Others wait for the memory that this batch now has.
                        self.inner.hurry();
                    }
                    return Ok(delivery);
                }
                Err(refused) => refused,
            };
            match refused {
                NotTaken::NoPartition(_) if !asked_anew => {
                    asked_anew = true;
                    topic = self.inner.newer_topic(&topic, &mut deadline).await?;
                }
                NotTaken::NoPartition(error) | NotTaken::Failed(error) => return Err(error),
                NotTaken::NoMemory { chunks } => {
                    let reserved = self.inner.reserve(chunks, deadline.get()).await;
                    let about = |error| not_written(error).with_topic(topic.name().clone());
                    reserve = Some(reserved.map_err(about)?);
                    if self.inner.is_closed() {
                        return Err(closed());
                    }
                }
            }
        }
    }

    /// Puts a record into the buffer if that needs no waiting, and gives it back otherwise.
    ///
    /// # Errors
    ///
    /// The record and why it was not taken.
    #[expect(
        clippy::result_large_err,
        reason = "the error gives the record back, and a box would cost an allocation"
    )]
    pub fn try_enqueue<'a>(&self, record: Record<'a>) -> Result<Delivery, TryEnqueueError<'a>> {
        if !self.inner.interceptors.sees_records() {
            return self.try_append(record);
        }
        let shown = self.inner.interceptors.on_send(record.clone());
        let appended = self.try_append(shown);
        appended.map_err(|refused| TryEnqueueError {
            record,
            reason: refused.reason,
        })
    }

    #[expect(clippy::result_large_err, reason = "as above")]
    fn try_append<'a>(&self, record: Record<'a>) -> Result<Delivery, TryEnqueueError<'a>> {
        let refuse = |record, reason| Err(TryEnqueueError { record, reason });
        if let Err(error) = self.start() {
            return refuse(record, TryEnqueueReason::Failed(error));
        }
        let Some(topic) = self.inner.known_topic(record.topic()) else {
            let reason = match self.inner.topic_error(record.topic()) {
                Some(error) => TryEnqueueReason::Failed(error),
                None => TryEnqueueReason::MetadataPending,
            };
            return refuse(record, reason);
        };
        match self.inner.append(&topic, &record, None) {
            Ok(delivery) => Ok(delivery),
            Err(refused) => refuse(record, self.reason(refused)),
        }
    }

    /// Why `try_enqueue` gives a record back that was not taken.
    pub(super) fn reason(&self, refused: NotTaken) -> TryEnqueueReason {
        match refused {
            NotTaken::NoPartition(error) | NotTaken::Failed(error) => {
                TryEnqueueReason::Failed(error)
            }
            NotTaken::NoMemory { .. } => {
                self.inner.hurry();
                TryEnqueueReason::BufferFull
            }
        }
    }

    /// Waits until every record enqueued before has its outcome, without waiting for `linger.ms`,
    /// and says what became of all records since the last flush: nobody need keep three million
    /// deliveries. Ends within `delivery.timeout.ms`.
    ///
    /// Records of other handles on the same producer count too, and each is reported once: of two
    /// flushes at the same time, the one that ends first reports all.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing; the next flush reports.
    pub async fn flush(&self) -> DeliveryReport {
        if let Err(error) = may_wait("flush") {
            return DeliveryReport {
                first_error: Some(error),
                ..DeliveryReport::default()
            };
        }
        let before = self.inner.ledger.turn();
        self.inner.hurry();
        self.inner.ledger.settled_before(before).await;
        self.inner.ledger.take()
    }

    /// Takes no more records, waits for the outcome of those on their way, at most as long as
    /// given, and says what became of all records since the last flush. What is not settled by then
    /// is given up.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the producer is closed for new records and goes on sending the old ones for
    /// as long as a handle lives; call it again for the report.
    pub async fn close(&self, limit: Duration) -> DeliveryReport {
        let limit = if is_inside() { Duration::ZERO } else { limit };
        let deadline = Deadline::after(limit);
        self.inner.close();
        let before = self.inner.ledger.turn();
        self.inner.hurry();
        deadline
            .wait(self.inner.ledger.settled_before(before))
            .await;
        let words = format!(
            "the producer was closed, and {} ms were not enough",
            limit.as_millis()
        );
        self.inner
            .abort(now(), &Error::new(ErrorKind::Closed, words));
        self.task.0.get().inspect(|task| task.abort());
        self.inner.ledger.take()
    }

    /// Gives up records that wait in the buffer: those that were never sent and, if `in_flight`,
    /// also those that were, which may be in the log all the same. Their deliveries say which.
    ///
    /// What is enqueued afterwards is sent as usual.
    pub fn purge(&self, in_flight: bool) {
        let error = Error::new(ErrorKind::Purged, "the record was purged from the buffer");
        self.inner.purge(now(), in_flight, &error);
    }

    /// Starts the sender, the first time.
    #[inline]
    pub(super) fn start(&self) -> Result<()> {
        if self.inner.is_closed() {
            return Err(closed());
        }
        match self.task.0.get() {
            Some(_) => Ok(()),
            None => self.start_sender(),
        }
    }

    #[cold]
    fn start_sender(&self) -> Result<()> {
        let runtime = Handle::try_current().map_err(|source| {
            let words = "a producer works inside a tokio runtime, and there is none here";
            not_written(Error::new(ErrorKind::InvalidInput, words).with_source(source))
        })?;
        let inner = Arc::clone(&self.inner);
        self.task
            .0
            .get_or_init(|| runtime.spawn(sender::drive(inner)).abort_handle());
        Ok(())
    }
}

impl Entry for Producer {
    #[inline]
    fn now(&self, record: &Record<'_>) -> Option<Result<Delivery>> {
        if let Err(error) = self.start() {
            return Some(Err(error));
        }
        // A producer that never waits would never let the sender run on its thread. Before the
        // record is taken, since nothing may be awaited between that and the return.
        if !turn::try_take() {
            return None;
        }
        self.inner.append_known(record)
    }

    fn later<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<Delivery>> {
        Box::pin(self.enqueue_waiting(record))
    }
}
