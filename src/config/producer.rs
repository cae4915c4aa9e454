//! What a producer adds to the client's configuration.

use std::time::Duration;

use super::set::SetKeys;
use super::values::{Acks, PartitionerKind};

/// What a producer adds to the client's configuration.
///
/// Each field names its Kafka property and its default.
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
    /// default, adapts: 16 kB on an idle line, more on a busy one.
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
    /// `delivery.timeout.ms`: from `send` to the outcome at the latest (KIP-91). Default 2 min, and
    /// more where `linger.ms` and `request.timeout.ms` together are more.
    pub delivery_timeout: Duration,
    /// `partitioner.class`: default Java's built-in one.
    pub partitioner: PartitionerKind,
    /// `partitioner.adaptive.partitioning.enable`: records without a key prefer partitions whose
    /// broker is fast (KIP-794). Default true.
    pub partitioner_adaptive: bool,
    /// `partitioner.availability.timeout.ms`: records without a key avoid partitions whose batches
    /// have waited for so long. Zero, the default, is off.
    pub partitioner_availability_timeout: Duration,
    /// `partitioner.ignore.keys`: place records as if they had no key. Default false.
    pub partitioner_ignore_keys: bool,
    /// `metadata.max.idle.ms`: when to forget a topic that is no longer written to. Default 5 min.
    pub metadata_max_idle: Duration,
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
            partitioner: PartitionerKind::Default,
            partitioner_adaptive: true,
            partitioner_availability_timeout: Duration::ZERO,
            partitioner_ignore_keys: false,
            metadata_max_idle: Duration::from_secs(300),
            set: SetKeys::default(),
        }
    }
}
