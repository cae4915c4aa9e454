//! [`ProducerTopic`]: one topic of a producer, found once and not per record.
//!
//! The handle keeps what the producer knows of the topic. A record compares one number, the version
//! of the client's metadata; only when that has changed is the topic looked up again.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use futures::future::BoxFuture;

use super::delivery::{Delivery, RecordMetadata};
use super::enqueue::{Enqueue, Entry, NotTaken};
use super::handle::{Producer, TryEnqueueError, TryEnqueueReason};
use super::interceptor::may_wait;
use super::limits::{LazyDeadline, not_written};
use super::topic::Topic;
use super::turn;
use crate::error::{Error, ErrorKind, Result};
use crate::machine::metadata::TopicMetadata;
use crate::record::Record;

/// One topic of a producer, from [`Producer::topic`]: records that go there need not name it, and
/// cost no look-up.
///
/// It is a handle on its producer, with the same buffer and the same sender. A clone is a handle of
/// its own, and as cheap as one of the producer.
///
/// ```no_run
/// # async fn run(client: tidewire::Client) -> tidewire::Result<()> {
/// use tidewire::Record;
///
/// let orders = client.producer().build()?.topic("orders").await?;
/// for number in 0..1000 {
///     drop(orders.enqueue(Record::new().value(format!("order {number}"))).await?);
/// }
/// orders.producer().flush().await.into_result()?;
/// # Ok(())
/// # }
/// ```
pub struct ProducerTopic {
    producer: Producer,
    name: Arc<str>,
    /// As it was when the handle was made: free to look at.
    first: Arc<Topic>,
    /// As it was when the metadata changed last.
    latest: RwLock<Arc<Topic>>,
}

impl Producer {
    /// A handle on one topic. Waits for the topic's metadata, so that the first record need not, at
    /// most `max.block.ms` (default: 60 s). A topic that does not exist is created if the brokers
    /// do that (`auto.create.topics.enable`).
    ///
    /// # Errors
    ///
    /// `Timeout` or the reason why no broker was reached, `Broker` for a topic that cannot be
    /// written to, `Closed`; `InvalidInput` for an empty name or outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing; the metadata comes all the same.
    pub async fn topic(&self, name: impl Into<Arc<str>>) -> Result<ProducerTopic> {
        let name = name.into();
        self.start()?;
        let mut deadline = LazyDeadline::new(self.inner.config.max_block);
        let topic = self.inner.topic(&name, &mut deadline).await?;
        Ok(ProducerTopic {
            producer: self.clone(),
            name,
            latest: RwLock::new(Arc::clone(&topic)),
            first: topic,
        })
    }

    /// The partitions of a topic and their leaders (Java's `partitionsFor`), as the client knows
    /// them now. Waits for the metadata of a topic that is new to it, at most `max.block.ms`
    /// (default: 60 s); a topic that does not exist is created if the brokers do that.
    ///
    /// # Errors
    ///
    /// As [`topic`](Self::topic).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn partitions_for(&self, name: &str) -> Result<Arc<TopicMetadata>> {
        self.start()?;
        let mut deadline = LazyDeadline::new(self.inner.config.max_block);
        let topic = self.inner.topic(name, &mut deadline).await?;
        Ok(Arc::clone(topic.metadata()))
    }
}

impl ProducerTopic {
    /// The topic's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The producer, to flush or close it.
    #[must_use]
    pub fn producer(&self) -> &Producer {
        &self.producer
    }

    /// The topic's partitions and their leaders, as the client knows them now.
    #[must_use]
    pub fn metadata(&self) -> Arc<TopicMetadata> {
        let now = self.producer.inner.known_topic(&self.name);
        Arc::clone(now.unwrap_or_else(|| self.latest()).metadata())
    }

    /// Writes a record and waits for its acknowledgement, as [`Producer::send`] does.
    ///
    /// # Errors
    ///
    /// With a [`write_status`](Error::write_status): whether the record may be in the log.
    /// `InvalidInput` for a record that names another topic.
    ///
    /// # Cancel safety
    ///
    /// Dropped before the record is in the buffer, nothing is sent; dropped after, it is sent all
    /// the same and only the report is lost.
    pub async fn send(&self, record: Record<'_>) -> Result<RecordMetadata> {
        may_wait("send")?;
        self.enqueue(record).await?.await
    }

    /// Puts a record into the buffer and returns the future of its outcome, as
    /// [`Producer::enqueue`] does.
    ///
    /// # Errors
    ///
    /// As [`Producer::enqueue`]; `InvalidInput` for a record that names another topic. The record
    /// is not written.
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

    async fn enqueue_waiting(&self, record: Record<'_>) -> Result<Delivery> {
        if self.producer.inner.shows_records() {
            return self.producer.enqueue(record.at(&self.name)).await;
        }
        if turn::is_over() {
            turn::step_aside().await;
        }
        let inner = &self.producer.inner;
        let mut deadline = LazyDeadline::new(inner.config.max_block);
        let topic = inner.topic(&self.name, &mut deadline).await?;
        self.learn(&topic);
        let appended = self.producer.append_waiting(topic, &record, deadline);
        appended.await
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
        let refuse = |record, reason| Err(TryEnqueueError { record, reason });
        if let Err(error) = self.producer.start().and_then(|()| self.check(&record)) {
            return refuse(record, TryEnqueueReason::Failed(error));
        }
        if self.producer.inner.shows_records() {
            return self.producer.try_enqueue(record.at(&self.name));
        }
        let inner = &self.producer.inner;
        let appended = self.append(&record).or_else(|| {
            let topic = inner.known_topic(&self.name)?;
            self.learn(&topic);
            Some(inner.append(&topic, &record, None))
        });
        match appended {
            Some(Ok(delivery)) => Ok(delivery),
            Some(Err(refused)) => refuse(record, self.producer.reason(refused)),
            None => {
                let failed = inner.topic_error(&self.name);
                let reason =
                    failed.map_or(TryEnqueueReason::MetadataPending, TryEnqueueReason::Failed);
                refuse(record, reason)
            }
        }
    }

    /// Appends with what is known of the topic; `None` if the client's metadata has changed since.
    #[inline]
    fn append(&self, record: &Record<'_>) -> Option<Result<Delivery, NotTaken>> {
        let inner = &self.producer.inner;
        let version = inner.shared.metadata_version();
        if self.first.is_as_of(version) {
            return Some(inner.append(&self.first, record, None));
        }
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        let is_current = latest.is_as_of(version);
        is_current.then(|| inner.append(&latest, record, None))
    }

    fn latest(&self) -> Arc<Topic> {
        Arc::clone(&self.latest.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, topic: &Arc<Topic>) {
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(topic);
    }

    /// A record may name the topic all the same, but no other.
    #[inline]
    fn check(&self, record: &Record<'_>) -> Result<()> {
        let named = record.topic();
        if named.is_empty() || *named == *self.name {
            return Ok(());
        }
        let words = format!(
            "the record is for topic {named}, and this handle for {}",
            self.name
        );
        Err(not_written(Error::new(ErrorKind::InvalidInput, words)))
    }
}

impl Entry for ProducerTopic {
    #[inline]
    fn now(&self, record: &Record<'_>) -> Option<Result<Delivery>> {
        if let Err(error) = self.producer.start().and_then(|()| self.check(record)) {
            return Some(Err(error));
        }
        // As for the producer itself: the sender must get its turn.
        if self.producer.inner.shows_records() || !turn::try_take() {
            return None;
        }
        NotTaken::unless_it_waits(self.append(record)?)
    }

    fn later<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<Delivery>> {
        Box::pin(self.enqueue_waiting(record))
    }
}

impl Clone for ProducerTopic {
    fn clone(&self) -> Self {
        let latest = self.latest();
        Self {
            producer: self.producer.clone(),
            name: Arc::clone(&self.name),
            first: Arc::clone(&latest),
            latest: RwLock::new(latest),
        }
    }
}

impl fmt::Debug for ProducerTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerTopic")
            .field("name", &self.name)
            .field("producer", &self.producer)
            .finish_non_exhaustive()
    }
}
