//! What a producer adds to the client's configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::client::ClientConfig;
use super::compression::{Codec, Compression, GzipLevel, ZstdLevel};
use super::findings::{Findings, Notice};
use super::load::{self, Draft};
use super::properties::Properties;
use super::set::{SetKeys, setters};
use super::values::{Acks, PartitionerKind};
use crate::error::Result;

/// What a producer adds to the client's configuration.
///
/// Each field names its Kafka property and its default. A field written directly passes for a
/// default where a rule asks what the user set; the `set_` methods do not.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProducerConfig {
    /// `acks`: default `all`.
    pub acks: Acks,
    /// `enable.idempotence`: no duplicates and no reordering inside a partition (KIP-98). Default
    /// true, and false where the user set `acks` or `retries` to what it cannot work with.
    pub enable_idempotence: bool,
    /// `linger.ms`: how long a batch that is not full waits for more records. Default 5 ms.
    pub linger: Duration,
    /// `batch.size`: the size in bytes, before compression, at which a batch is closed. `None`, the
    /// default, is 16 kB, and up to 1 MB while requests are on their way to the broker.
    pub batch_size: Option<usize>,
    /// `buffer.memory`: bytes of memory for records that wait to be sent. Default 32 MiB.
    pub buffer_memory: usize,
    /// `max.block.ms`: how long a send waits for buffer room and metadata. Default 60 s.
    pub max_block: Duration,
    /// `max.request.size`: the largest request, and so the largest record, in bytes. Default 1 MiB.
    pub max_request_size: usize,
    /// `max.in.flight.requests.per.connection`: requests sent to a broker and not yet answered.
    /// Default 5, the most that idempotence allows.
    pub max_in_flight: usize,
    /// `retries`: how often a batch is sent again; `delivery.timeout.ms` limits it too. Default
    /// 2147483647.
    pub retries: u32,
    /// `delivery.timeout.ms`: from a record's place in a batch, counted from the batch's first one,
    /// to its outcome at the latest (KIP-91). Default 2 min, and more where `linger.ms` and
    /// `request.timeout.ms` together are more.
    pub delivery_timeout: Duration,
    /// `compression.type` at the level of `compression.gzip.level`, `compression.zstd.level` or
    /// `compression.level`. Default none.
    pub compression: Compression,
    /// Topics whose batches are compressed in another way than `compression` says. It has no
    /// property; see [`ProducerBuilder::topic_compression`](crate::ProducerBuilder). Default none.
    pub topic_compression: BTreeMap<Arc<str>, Compression>,
    /// `tidewire.continue.after.gap`, a name of our own: whether to write on where records that
    /// were acknowledged are missing from a partition's log. Default false, which reports it.
    pub continue_after_gap: bool,
    /// `partitioner.class`: default Java's built-in one.
    pub partitioner: PartitionerKind,
    /// `partitioner.adaptive.partitioning.enable`: records without a key prefer partitions whose
    /// broker is fast (KIP-794). Default true.
    pub partitioner_adaptive: bool,
    /// `partitioner.availability.timeout.ms`: records without a key avoid partitions whose broker
    /// has taken nothing for so long, beyond `linger.ms`, although something waits for it. Zero,
    /// the default, is off; only with `partitioner.adaptive.partitioning.enable`.
    pub partitioner_availability_timeout: Duration,
    /// `partitioner.ignore.keys`: place records as if they had no key. Only the default partitioner
    /// does. Default false.
    pub partitioner_ignore_keys: bool,
    /// `metadata.max.idle.ms`: when to forget a topic that is no longer written to. Default 5 min.
    pub metadata_max_idle: Duration,
    // Levels, until it is clear for which codec.
    pub(super) gzip_level: GzipLevel,
    pub(super) zstd_level: ZstdLevel,
    pub(super) any_level: Option<i32>,
    /// Whether the program decides about partitions, in place of `partitioner`.
    own_partitioner: bool,
    pub(crate) set: SetKeys,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            enable_idempotence: true,
            linger: Duration::from_millis(5),
            batch_size: None,
            buffer_memory: 32 * 1024 * 1024,
            max_block: Duration::from_secs(60),
            max_request_size: 1024 * 1024,
            max_in_flight: 5,
            retries: 2_147_483_647,
            delivery_timeout: Duration::from_secs(120),
            compression: Compression::None,
            topic_compression: BTreeMap::new(),
            continue_after_gap: false,
            partitioner: PartitionerKind::Default,
            partitioner_adaptive: true,
            partitioner_availability_timeout: Duration::ZERO,
            partitioner_ignore_keys: false,
            metadata_max_idle: Duration::from_secs(300),
            gzip_level: GzipLevel::DEFAULT,
            zstd_level: ZstdLevel::DEFAULT,
            any_level: None,
            own_partitioner: false,
            set: SetKeys::default(),
        }
    }
}

setters! { ProducerConfig {
    set_acks: acks: Acks = "acks",
    set_enable_idempotence: enable_idempotence: bool = "enable.idempotence",
    set_linger: linger: Duration = "linger.ms",
    set_batch_size: batch_size: Option<usize> = "batch.size",
    set_buffer_memory: buffer_memory: usize = "buffer.memory",
    set_max_block: max_block: Duration = "max.block.ms",
    set_max_request_size: max_request_size: usize = "max.request.size",
    set_max_in_flight: max_in_flight: usize = "max.in.flight.requests.per.connection",
    set_retries: retries: u32 = "retries",
    set_delivery_timeout: delivery_timeout: Duration = "delivery.timeout.ms",
    set_continue_after_gap: continue_after_gap: bool = "tidewire.continue.after.gap",
    set_partitioner: partitioner: PartitionerKind = "partitioner.class",
    set_partitioner_adaptive: partitioner_adaptive: bool
        = "partitioner.adaptive.partitioning.enable",
    set_partitioner_availability_timeout: partitioner_availability_timeout: Duration
        = "partitioner.availability.timeout.ms",
    set_partitioner_ignore_keys: partitioner_ignore_keys: bool = "partitioner.ignore.keys",
    set_metadata_max_idle: metadata_max_idle: Duration = "metadata.max.idle.ms",
} }

/// The most requests in flight with which a broker can still put batches back in order.
const MAX_IN_FLIGHT_IDEMPOTENT: usize = 5;

const GZIP_LEVEL: &str = "compression.gzip.level";
const ZSTD_LEVEL: &str = "compression.zstd.level";
const ANY_LEVEL: &str = "compression.level";

impl ProducerConfig {
    /// Sets `compression.type` and its level, as the user's choice; a level set before is dropped.
    pub fn set_compression(&mut self, value: Compression) -> &mut Self {
        self.compression = value;
        self.any_level = None;
        for level in [GZIP_LEVEL, ZSTD_LEVEL, ANY_LEVEL] {
            self.set.forget(level);
        }
        self.set.mark("compression.type", super::Origin::Code);
        self
    }

    /// Says that the program brings a partitioner of its own.
    pub(crate) fn set_own_partitioner(&mut self) {
        self.own_partitioner = true;
    }

    /// Reads what concerns a producer; `client` is what the same properties say for the client.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::Config`](crate::ErrorKind::Config), with every problem there is: a bad
    /// value, a property that is unknown or not built yet, values that contradict each other.
    pub fn from_properties(
        properties: &Properties,
        client: &ClientConfig,
    ) -> Result<(Self, Vec<Notice>)> {
        Self::draft(properties).finish(client)
    }

    /// Reads properties for a builder, whose setters may still change what they say.
    pub(crate) fn draft(properties: &Properties) -> Draft<Self> {
        load::read(properties)
    }

    pub(super) fn check(&mut self, client: &ClientConfig, findings: &mut Findings) {
        self.check_idempotence(findings);
        self.check_delivery_timeout(client, findings);
        self.settle_availability(findings);
        self.settle_partitioner(findings);
        self.settle_compression(findings);
    }

    fn check_idempotence(&mut self, findings: &mut Findings) {
        let mut conflicts = Vec::new();
        if self.acks != Acks::All {
            conflicts.push(("acks", self.acks.to_string(), "acks=all"));
        }
        if self.retries == 0 {
            conflicts.push(("retries", "0".to_owned(), "retries"));
        }
        let asked = self.set.has("enable.idempotence");
        if !asked && self.enable_idempotence {
            if let Some((key, value, _)) = conflicts.first() {
                self.enable_idempotence = false;
                let what = self.set.spelled(key, value);
                let text = format!("{what}: idempotence is off, so records may be written twice");
                findings.adapted(key, text);
            }
        }
        if !self.enable_idempotence {
            return;
        }
        for (key, value, needs) in conflicts {
            let what = self.set.spelled(key, value);
            findings.problem(format!("{what}: enable.idempotence=true needs {needs}"));
        }
        if self.max_in_flight > MAX_IN_FLIGHT_IDEMPOTENT {
            let key = "max.in.flight.requests.per.connection";
            let what = self.set.spelled(key, self.max_in_flight);
            findings.problem(format!(
                "{what}: idempotence allows at most {MAX_IN_FLIGHT_IDEMPOTENT}; with \
                 enable.idempotence=false retries may duplicate and reorder records"
            ));
        }
    }

    fn check_delivery_timeout(&mut self, client: &ClientConfig, findings: &mut Findings) {
        let least = self.linger.saturating_add(client.request_timeout);
        if self.delivery_timeout >= least {
            return;
        }
        let key = "delivery.timeout.ms";
        if self.set.has(key) {
            let what = self.set.spelled(key, self.delivery_timeout.as_millis());
            findings.problem(format!(
                "{what}: it must be at least linger.ms ({}) and request.timeout.ms ({}) together",
                self.linger.as_millis(),
                client.request_timeout.as_millis(),
            ));
        } else {
            self.delivery_timeout = least;
            let text = format!(
                "{key} is raised to {}, which is linger.ms and request.timeout.ms together",
                least.as_millis()
            );
            findings.adapted(key, text);
        }
    }

    /// Takes back what an adaptive choice alone does, where there is none.
    fn settle_availability(&mut self, findings: &mut Findings) {
        use PartitionerKind::{Consistent, Fnv1a, Murmur2, Random, RoundRobin};
        if self.partitioner_availability_timeout.is_zero() {
            return;
        }
        let why = match self.partitioner {
            _ if !self.partitioner_adaptive => {
                "without partitioner.adaptive.partitioning.enable".to_owned()
            }
            _ if self.own_partitioner => return,
            RoundRobin | Random | Consistent | Murmur2 | Fnv1a => {
                format!("with the partitioner {}", self.partitioner)
            }
            _ => return,
        };
        let timeout = std::mem::take(&mut self.partitioner_availability_timeout);
        let key = "partitioner.availability.timeout.ms";
        let what = self.set.spelled(key, timeout.as_millis());
        findings.adapted(key, format!("{what}: it has no effect {why}"));
    }

    /// Takes back what only Java's built-in partitioner does, where another was chosen.
    fn settle_partitioner(&mut self, findings: &mut Findings) {
        let chosen = match self.partitioner {
            _ if self.own_partitioner => "a partitioner of your own".to_owned(),
            PartitionerKind::Default => return,
            named => format!("the partitioner {named}"),
        };
        let key = "partitioner.class";
        if self.own_partitioner && self.set.has(key) {
            let what = self.set.spelled(key, self.partitioner);
            findings.adapted(key, format!("{what}: it has no effect with {chosen}"));
        }
        if self.partitioner_ignore_keys {
            self.partitioner_ignore_keys = false;
            let key = "partitioner.ignore.keys";
            let what = self.set.spelled(key, true);
            findings.adapted(key, format!("{what}: it has no effect with {chosen}"));
        }
    }

    /// Gives the codec its level: Java has a property for each codec, librdkafka one for all.
    fn settle_compression(&mut self, findings: &mut Findings) {
        let level = match self.compression.codec() {
            Codec::Gzip if self.set.has(GZIP_LEVEL) => Some((GZIP_LEVEL, self.gzip_level.get())),
            Codec::Zstd if self.set.has(ZSTD_LEVEL) => Some((ZSTD_LEVEL, self.zstd_level.get())),
            _ => self.any_level.map(|level| (ANY_LEVEL, level)),
        };
        if let Some((key, level)) = level {
            let what = self.set.spelled(key, level);
            match (self.compression.with_level(level), self.compression.codec()) {
                (Ok(compression), _) => self.compression = compression,
                (Err(_), codec @ (Codec::None | Codec::Snappy)) => {
                    findings.adapted(key, format!("{what}: it has no effect on {codec}"));
                }
                (Err(error), _) => findings.problem(format!("{what}: {}", error.message())),
            }
        }
        if let Err(error) = self.compression.check() {
            findings.problem(error.message());
        }
        for (topic, compression) in &self.topic_compression {
            if let Err(error) = compression.check() {
                findings.problem(format!("topic {topic}: {}", error.message()));
            }
        }
    }
}
