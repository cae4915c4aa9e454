//! [`Producer`]: the producer for threads.

use std::sync::Arc;
use std::time::Duration;

use super::runtime::Runtime;
use crate::config::ProducerConfig;
use crate::error::{Result, WriteStatus};
use crate::machine::TopicMetadata;
use crate::producer::{DeliveryReport, ProducerMetrics, RecordMetadata, TryEnqueueError};
use crate::record::Record;

/// A [`tidewire::Producer`](crate::Producer) for programs without async. Cheap to clone; all
/// clones, on whatever threads, share one buffer and one sender.
///
/// One that is dropped without [`close`](Self::close) gives up what it has not sent.
#[derive(Clone, Debug)]
pub struct Producer {
    producer: crate::Producer,
    runtime: Runtime,
}

impl Producer {
    pub(super) fn new(producer: crate::Producer, runtime: Runtime) -> Self {
        Self { producer, runtime }
    }

    /// The producer's configuration.
    #[must_use]
    pub fn config(&self) -> &ProducerConfig {
        self.producer.config()
    }

    /// Writes a record and waits for its acknowledgement, at most `max.block.ms` (default: 60 s)
    /// and `delivery.timeout.ms` (default: 2 min). One at a time that is slow: see
    /// [`enqueue`](Self::enqueue).
    ///
    /// # Errors
    ///
    /// With a [`write_status`](crate::Error::write_status): whether the record may be in the log.
    /// `InvalidInput` inside an async context.
    pub fn send(&self, record: Record<'_>) -> Result<RecordMetadata> {
        self.runtime.wait(self.producer.send(record))?
    }

    /// Puts a record into the buffer; its outcome is the delivery's. Waits for room in the buffer,
    /// and for the metadata of a topic that is new, at most `max.block.ms` (default: 60 s).
    ///
    /// # Errors
    ///
    /// As [`tidewire::Producer::enqueue`](crate::Producer::enqueue); `InvalidInput` inside an async
    /// context. The record is not written.
    pub fn enqueue(&self, record: Record<'_>) -> Result<Delivery> {
        let delivery = self.runtime.wait(self.producer.enqueue(record))??;
        Ok(self.delivery(delivery))
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
        let taken = self.runtime.enter(|| self.producer.try_enqueue(record));
        taken.map(|delivery| self.delivery(delivery))
    }

    fn delivery(&self, delivery: crate::Delivery) -> Delivery {
        Delivery {
            delivery,
            runtime: self.runtime.clone(),
        }
    }

    /// The partitions of a topic and their leaders. Waits for the metadata of a topic that is new,
    /// at most `max.block.ms` (default: 60 s).
    ///
    /// # Errors
    ///
    /// As [`tidewire::Producer::partitions_for`](crate::Producer::partitions_for); `InvalidInput`
    /// inside an async context.
    pub fn partitions_for(&self, topic: &str) -> Result<Arc<TopicMetadata>> {
        self.runtime.wait(self.producer.partitions_for(topic))?
    }

    /// A handle on one topic, whose records need not name it. Waits for the topic's metadata, at
    /// most `max.block.ms` (default: 60 s).
    ///
    /// # Errors
    ///
    /// As [`tidewire::Producer::topic`](crate::Producer::topic); `InvalidInput` inside an async
    /// context.
    pub fn topic(&self, name: impl Into<Arc<str>>) -> Result<ProducerTopic> {
        let topic = self.runtime.wait(self.producer.topic(name))??;
        Ok(ProducerTopic {
            topic,
            producer: self.clone(),
        })
    }

    /// Waits until every record enqueued before has its outcome, without waiting for `linger.ms`,
    /// and says what became of all records since the last flush. Ends within
    /// `delivery.timeout.ms` (default: 2 min).
    ///
    /// # Errors
    ///
    /// `InvalidInput` inside an async context; nothing was waited for.
    pub fn flush(&self) -> Result<DeliveryReport> {
        self.runtime.wait(self.producer.flush())
    }

    /// Takes no more records, waits for the outcome of those on their way, at most as long as
    /// given, and says what became of all records since the last flush. What is not settled by then
    /// is given up.
    ///
    /// # Errors
    ///
    /// `InvalidInput` inside an async context; the producer is as it was.
    pub fn close(&self, limit: Duration) -> Result<DeliveryReport> {
        // The limit is a timer of the runtime, which it must find when it is made.
        self.runtime
            .wait(async { self.producer.close(limit).await })
    }

    /// Gives up records that wait in the buffer, and those on the wire if `in_flight`, as
    /// [`tidewire::Producer::purge`](crate::Producer::purge) does.
    pub fn purge(&self, in_flight: bool) {
        self.runtime.enter(|| self.producer.purge(in_flight));
    }

    /// The producer in numbers.
    #[must_use]
    pub fn metrics(&self) -> ProducerMetrics {
        self.producer.metrics()
    }

    /// The async producer behind it; it works on a tokio runtime.
    #[must_use]
    pub fn as_async(&self) -> &crate::Producer {
        &self.producer
    }
}

/// One topic of a producer, from [`Producer::topic`].
#[derive(Clone, Debug)]
pub struct ProducerTopic {
    topic: crate::ProducerTopic,
    producer: Producer,
}

impl ProducerTopic {
    /// The topic's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.topic.name()
    }

    /// The topic's partitions and their leaders, as the client knows them now.
    #[must_use]
    pub fn metadata(&self) -> Arc<TopicMetadata> {
        self.topic.metadata()
    }

    /// The producer, to flush or close it.
    #[must_use]
    pub fn producer(&self) -> &Producer {
        &self.producer
    }

    /// As [`Producer::send`].
    ///
    /// # Errors
    ///
    /// As [`Producer::send`]; `InvalidInput` for a record that names another topic.
    pub fn send(&self, record: Record<'_>) -> Result<RecordMetadata> {
        self.producer.runtime.wait(self.topic.send(record))?
    }

    /// As [`Producer::enqueue`].
    ///
    /// # Errors
    ///
    /// As [`Producer::enqueue`]; `InvalidInput` for a record that names another topic.
    pub fn enqueue(&self, record: Record<'_>) -> Result<Delivery> {
        let delivery = self.producer.runtime.wait(self.topic.enqueue(record))??;
        Ok(self.producer.delivery(delivery))
    }

    /// Puts a record into the buffer if that needs no waiting, and gives it back otherwise.
    ///
    /// ```no_run
    /// use tidewire::{Record, TryEnqueueReason};
    ///
    /// # fn run(client: tidewire::blocking::Client) -> tidewire::Result<()> {
    /// let clicks = client.producer()?.topic("clicks")?;
    /// match clicks.try_enqueue(Record::new().value("a click")) {
    ///     Ok(delivery) => drop(delivery),
    ///     Err(refused) if matches!(refused.reason, TryEnqueueReason::BufferFull) => {}
    ///     Err(refused) => eprintln!("{refused}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The record and why it was not taken.
    #[expect(
        clippy::result_large_err,
        reason = "the error gives the record back, and a box would cost an allocation"
    )]
    pub fn try_enqueue<'a>(&self, record: Record<'a>) -> Result<Delivery, TryEnqueueError<'a>> {
        let runtime = &self.producer.runtime;
        let taken = runtime.enter(|| self.topic.try_enqueue(record));
        taken.map(|delivery| self.producer.delivery(delivery))
    }
}

/// The outcome of one record, from [`Producer::enqueue`].
///
/// Dropping it loses nothing but the report: the record is sent all the same.
#[derive(Debug)]
#[must_use = "a delivery tells whether the record was written; drop it on purpose with `drop`"]
pub struct Delivery {
    delivery: crate::Delivery,
    runtime: Runtime,
}

impl Delivery {
    /// Waits for the outcome; it comes within `delivery.timeout.ms` (default: 2 min).
    ///
    /// # Errors
    ///
    /// With a [`write_status`](crate::Error::write_status): whether the record may be in the log.
    /// `InvalidInput` inside an async context, where the outcome is not known: it says that the
    /// record may be in the log.
    pub fn wait(self) -> Result<RecordMetadata> {
        let waited = self.runtime.wait(self.delivery);
        waited.map_err(|error| error.with_write_status(WriteStatus::MaybeWritten))?
    }

    /// The partition the record was put in.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.delivery.partition()
    }

    /// The record's place in its batch, counted from 0: a record at 0 has opened a new batch of its
    /// partition.
    #[must_use]
    pub fn index_in_batch(&self) -> u32 {
        self.delivery.index_in_batch()
    }
}
