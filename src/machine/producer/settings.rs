//! What the producer's machines must know of its configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Compression;
use crate::machine::backoff::BackoffPolicy;
use crate::record::{ChunkPool, HEADER_LEN};

/// A batch is worth sending at this size, in bytes before compression, if `batch.size` is not set.
pub(crate) const READY_SIZE: usize = 16 * 1024;

/// How large a batch may grow while it finds no free slot, if `batch.size` is not set: what brokers
/// of all versions accept unless told otherwise (`message.max.bytes`).
const GROWN_SIZE: usize = 1_000_000;

/// How large batches become, in bytes before compression, header included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    /// From here on a batch need not wait for `linger.ms`.
    pub(crate) ready: usize,
    /// No second record goes in beyond this.
    pub(crate) full: usize,
    /// A record that makes a batch of its own larger than this is refused (`max.request.size`).
    pub(crate) max: usize,
    /// Whether records are summed as they come. Not where they are to be compressed.
    pub(super) sums: bool,
}

impl BatchLimits {
    /// From which size on a batch need not wait while so many requests are on their way to its
    /// broker. A busy line gets fewer, larger requests: they cost client and broker less, and no
    /// batch waits longer than `linger.ms` for it.
    pub(super) fn ready_beside(&self, in_flight: usize) -> usize {
        if in_flight == 0 {
            return self.ready;
        }
        let factor = 2_usize << in_flight.min(8);
        self.ready.saturating_mul(factor).min(self.full)
    }

    /// `batch.size` is a cap where it is set. Otherwise batches are small and quick while the line
    /// is idle, and grow while it is busy.
    pub(crate) fn new(batch_size: Option<usize>, max_request_size: usize) -> Self {
        let (ready, full) = match batch_size {
            Some(size) => (size, size),
            None => (READY_SIZE, GROWN_SIZE),
        };
        let max = max_request_size.max(HEADER_LEN);
        Self {
            ready: ready.min(max),
            full: full.min(max),
            max,
            sums: true,
        }
    }

    /// For batches of this codec, whatever single topics may have instead.
    pub(crate) fn compressed(self, by: Compression) -> Self {
        Self {
            sums: by == Compression::None,
            ..self
        }
    }
}

/// What a sender must know of the producer's configuration.
#[derive(Clone, Debug)]
pub(crate) struct SenderSettings {
    pub(crate) pool: ChunkPool,
    pub(crate) limits: BatchLimits,
    pub(crate) max_request_size: usize,
    /// Stamped batches of one partition that have no outcome yet.
    pub(crate) in_flight_max: usize,
    pub(crate) linger: Duration,
    pub(crate) delivery_timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) retry_backoff: BackoffPolicy,
    pub(crate) seed: u64,
    pub(crate) compression: Compression,
    /// Where it differs from the others'.
    pub(crate) topic_compression: BTreeMap<Arc<str>, Compression>,
    pub(crate) idempotent: bool,
    /// Whether to go on, under a new epoch, where acknowledged records are missing from the log.
    pub(crate) continue_after_gap: bool,
    /// Whether the driver asks since when brokers have stood still.
    pub(crate) watches_brokers: bool,
}

impl SenderSettings {
    pub(super) fn compression_of(&self, topic: &str) -> Compression {
        let own = self.topic_compression.get(topic).copied();
        own.unwrap_or(self.compression)
    }
}
