//! How a producer is described and made.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::handle::Producer;
use super::interceptor::{Interceptors, Observer, ProducerInterceptor, SettledBatch};
use crate::cluster::Client;
use crate::config::{Acks, Compression, Origin, ProducerConfig, Properties, millis};
use crate::error::Result;
use crate::machine::producer::Partitioner;

/// Describes a [`Producer`]; starts from the client's properties.
///
/// A setter that has a Kafka key is the property of that name, so that a wrong value is reported by
/// [`build`](Self::build) in the same words, whichever way it came. Durations count in whole
/// milliseconds, a part of one as one.
#[derive(Clone, Debug)]
pub struct ProducerBuilder {
    client: Client,
    properties: Properties,
    /// How many of them are the client's.
    inherited: usize,
    compression: Option<Compression>,
    topic_compression: BTreeMap<Arc<str>, Compression>,
    partitioner: Option<Arc<dyn Partitioner>>,
    interceptors: Interceptors,
}

impl Client {
    /// Starts the description of a producer.
    #[must_use]
    pub fn producer(&self) -> ProducerBuilder {
        ProducerBuilder::new(self.clone())
    }
}

impl ProducerBuilder {
    fn new(client: Client) -> Self {
        let properties = client.shared.properties.clone();
        let inherited = properties.len();
        Self {
            client,
            properties,
            inherited,
            compression: None,
            topic_compression: BTreeMap::new(),
            partitioner: None,
            interceptors: Interceptors::default(),
        }
    }

    /// How long a batch waits for company. Kafka key: `linger.ms`; default: 5 ms.
    #[must_use]
    pub fn linger(self, linger: Duration) -> Self {
        self.property("linger.ms", millis(linger))
    }

    /// The largest batch, in bytes before compression. Kafka key: `batch.size`. By default there is
    /// no such cap: a batch is worth sending at 16384 bytes, and while the line is busy it grows up
    /// to 1 MB.
    #[must_use]
    pub fn batch_size(self, bytes: usize) -> Self {
        self.property("batch.size", bytes.to_string())
    }

    /// How batches are compressed. Kafka keys: `compression.type` and `compression.*.level`;
    /// default: not at all.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Chooses partitions by the program's own rule, in place of `partitioner.class`. Those that
    /// are built in have names: `.property("partitioner", "consistent_random")`. Default: Java's.
    #[must_use]
    pub fn partitioner(mut self, partitioner: impl Partitioner + 'static) -> Self {
        self.partitioner = Some(Arc::new(partitioner));
        self
    }

    /// How batches of one topic are compressed, whatever is set for the others; for a topic that
    /// was named before, the last call counts. It has no Kafka key; default: as the others.
    ///
    /// ```no_run
    /// # fn run(client: tidewire::Client) -> tidewire::Result<()> {
    /// use tidewire::config::Compression;
    ///
    /// let producer = client
    ///     .producer()
    ///     .compression(Compression::Lz4)
    ///     .topic_compression("pictures", Compression::None)
    ///     .build()?;
    /// # let _ = producer; Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn topic_compression(
        mut self,
        topic: impl Into<Arc<str>>,
        compression: Compression,
    ) -> Self {
        self.topic_compression.insert(topic.into(), compression);
        self
    }

    /// Whether to write on where a partition's log has a gap. Key of our own:
    /// `tidewire.continue.after.gap`; default: no.
    ///
    /// A gap is a loss on the cluster's side: records that this producer was told are written are
    /// missing from the log, as after an unclean leader election, and the broker shows it by
    /// refusing the next batch as out of sequence. By default that batch fails, so that the program
    /// hears of the loss and can send again what must be there; the partition is written on under
    /// a new epoch (KIP-360) from the batch after it. With `true` the batch itself is written on in
    /// that way, and nothing but a log line tells of the loss. A batch that may already be in the
    /// log fails either way, so that nothing is written twice.
    #[must_use]
    pub fn continue_after_gap(self, go_on: bool) -> Self {
        self.property("tidewire.continue.after.gap", go_on.to_string())
    }

    /// Whose acknowledgement counts. Kafka key: `acks`; default: all in-sync replicas.
    #[must_use]
    pub fn acks(self, acks: Acks) -> Self {
        self.property("acks", acks.to_string())
    }

    /// Whether resent batches are recognised by the broker, so that nothing is written twice.
    /// Kafka key: `enable.idempotence`; default: yes (KIP-679).
    #[must_use]
    pub fn idempotence(self, enable: bool) -> Self {
        self.property("enable.idempotence", enable.to_string())
    }

    /// How long a record may take to its outcome once it is in a batch, counted from the batch's
    /// first record; the wait for room before that has a limit of its own, `max.block.ms`. Kafka
    /// key: `delivery.timeout.ms`; default: 120 s (KIP-91).
    #[must_use]
    pub fn delivery_timeout(self, limit: Duration) -> Self {
        self.property("delivery.timeout.ms", millis(limit))
    }

    /// Memory for records on their way, in bytes. Kafka key: `buffer.memory`; default: 32 MiB.
    #[must_use]
    pub fn buffer_memory(self, bytes: usize) -> Self {
        self.property("buffer.memory", bytes.to_string())
    }

    /// How long `enqueue` may wait for memory and metadata. Kafka key: `max.block.ms`; default:
    /// 60 s.
    #[must_use]
    pub fn max_block(self, limit: Duration) -> Self {
        self.property("max.block.ms", millis(limit))
    }

    /// Adds user code that sees each record before it is placed, and each batch once it has its
    /// outcome; after those added before. Kafka key: `interceptor.classes` (KIP-42), which is
    /// refused as a property, since it names Java classes. Default: none.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl ProducerInterceptor) -> Self {
        self.interceptors.push(interceptor);
        self
    }

    /// Adds a closure that is told every batch's outcome: an
    /// [`interceptor`](Self::interceptor) for programs that want to know what became of their
    /// records and need not keep their deliveries. Default: none.
    ///
    /// ```no_run
    /// # async fn run(client: tidewire::Client) -> tidewire::Result<()> {
    /// use tidewire::{Record, WriteStatus};
    ///
    /// let producer = client
    ///     .producer()
    ///     .on_settled(|batch| match &batch.outcome {
    ///         Ok(first) => println!("{} records from offset {first:?} on", batch.records),
    ///         Err(error) if error.write_status() == Some(WriteStatus::NotWritten) => {
    ///             println!("{} records are not written: {error}", batch.records);
    ///         }
    ///         Err(error) => println!("{} records may be written: {error}", batch.records),
    ///     })
    ///     .build()?;
    /// for number in 0..3_000_000 {
    ///     drop(producer.enqueue(Record::to("numbers").value(number.to_string())).await?);
    /// }
    /// producer.flush().await.into_result()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_settled(mut self, observer: impl Fn(&SettledBatch) + Send + Sync + 'static) -> Self {
        self.interceptors.push_observer(Observer(observer));
        self
    }

    /// Sets one property by its Kafka or librdkafka name. One that is the client's, such as
    /// `request.timeout.ms`, is refused here.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push(key, value, Origin::Code);
        self
    }

    /// Makes the producer. It opens nothing before its first record.
    ///
    /// # Errors
    ///
    /// `Config` with every problem of the configuration at once.
    pub fn build(self) -> Result<Producer> {
        self.properties.refuse_for_client(self.inherited)?;
        let mut draft = ProducerConfig::draft(&self.properties);
        if let Some(compression) = self.compression {
            draft.config.set_compression(compression);
        }
        draft.config.topic_compression = self.topic_compression;
        if self.partitioner.is_some() {
            draft.config.set_own_partitioner();
        }
        let (config, notices) = draft.finish(self.client.config())?;
        self.client.shared.say(&notices);
        Ok(Producer::new(
            self.client,
            config,
            self.partitioner,
            self.interceptors,
        ))
    }
}
