//! Properties of a producer.

use super::{
    Access, INT, Key, Kind, LONG, Role, Unit, choice, count, field, millis, optional, size,
};
use crate::config::values::{Acks, PartitionerKind};

pub(super) const KEYS: &[Key] = &[
    Key::new(
        "acks",
        field!(Producer.acks),
        choice::<Acks>(),
        "How many replicas must have a batch before the broker confirms it.",
    )
    .alias(&["request.required.acks"]),
    Key::new(
        "enable.idempotence",
        field!(Producer.enable_idempotence),
        Kind::Flag,
        "No duplicates and no reordering inside a partition (KIP-98). Needs acks=all, retries and \
         at most 5 requests in flight.",
    ),
    Key::new(
        "linger.ms",
        field!(Producer.linger),
        millis(0, LONG),
        "How long a batch that is not full waits for more records.",
    )
    .alias(&["queue.buffering.max.ms"]),
    Key::new(
        "batch.size",
        field!(Producer.batch_size),
        size(0, INT),
        "The size, before compression, at which a batch is closed.",
    )
    .departs(
        "16384",
        "unset is 16 kB, and up to 1 MB while requests are on their way to the broker",
    ),
    Key::new(
        "buffer.memory",
        field!(Producer.buffer_memory),
        size(0, LONG),
        "Memory for records that wait to be sent.",
    )
    .alias(&["queue.buffering.max.kbytes"]),
    Key::new(
        "max.block.ms",
        field!(Producer.max_block),
        millis(0, LONG),
        "How long a send waits for buffer room and for metadata.",
    ),
    Key::new(
        "max.request.size",
        field!(Producer.max_request_size),
        size(0, INT),
        "The largest request and so the largest record, before compression.",
    )
    .alias(&["message.max.bytes"]),
    Key::new(
        "max.in.flight.requests.per.connection",
        field!(Producer.max_in_flight),
        count(1, INT),
        "Requests sent to one broker and not answered yet; at most 5 with idempotence.",
    )
    .alias(&["max.in.flight"]),
    Key::new(
        "retries",
        field!(Producer.retries),
        count(0, INT),
        "How often a batch is sent again; delivery.timeout.ms limits it as well.",
    )
    .alias(&["message.send.max.retries"]),
    Key::new(
        "delivery.timeout.ms",
        field!(Producer.delivery_timeout),
        millis(0, INT),
        "From a record's place in a batch, counted from the batch's first one, to its outcome at \
         the latest (KIP-91); at least linger.ms and request.timeout.ms together.",
    )
    .alias(&["message.timeout.ms"]),
    Key::new(
        "compression.type",
        field!(Producer.compression),
        Kind::Checked {
            allowed: "none, gzip, snappy, lz4 or zstd",
        },
        "How batches are compressed.",
    )
    .alias(&["compression.codec"]),
    Key::new(
        "compression.gzip.level",
        field!(Producer.gzip_level),
        count(-1, 9),
        "With gzip (KIP-390): -1 for its own choice, or 1 (fast) to 9 (small).",
    ),
    Key::new(
        "compression.lz4.level",
        Access::None,
        count(1, 17),
        "With lz4 (KIP-390): only the fast algorithm, level 9, is there.",
    )
    .of(Role::Producer)
    .not_built(&["9"]),
    Key::new(
        "compression.zstd.level",
        field!(Producer.zstd_level),
        count(-131_072, 22),
        "With zstd (KIP-390): negative levels are faster, large ones smaller.",
    ),
    Key::new(
        "compression.level",
        field!(Producer.any_level),
        optional(Unit::Count, -1, 12),
        "The level of whatever codec is chosen (librdkafka's name); 0 and -1 are its default.",
    ),
    Key::new(
        "tidewire.continue.after.gap",
        field!(Producer.continue_after_gap),
        Kind::Flag,
        "Whether to write on where acknowledged records are missing from the log, as after an \
         unclean leader election, instead of failing the batch that meets the gap (our own name).",
    ),
    Key::new(
        "partitioner.class",
        field!(Producer.partitioner),
        choice::<PartitionerKind>(),
        "How a record without an explicit partition gets one.",
    )
    .alias(&["partitioner"]),
    Key::new(
        "partitioner.adaptive.partitioning.enable",
        field!(Producer.partitioner_adaptive),
        Kind::Flag,
        "Records without a key prefer partitions whose broker is fast (KIP-794).",
    ),
    Key::new(
        "partitioner.availability.timeout.ms",
        field!(Producer.partitioner_availability_timeout),
        millis(0, LONG),
        "Records without a key avoid brokers that something has waited for so long; 0 is off.",
    ),
    Key::new(
        "partitioner.ignore.keys",
        field!(Producer.partitioner_ignore_keys),
        Kind::Flag,
        "Place records as if they had no key; only the default partitioner does.",
    ),
    Key::new(
        "metadata.max.idle.ms",
        field!(Producer.metadata_max_idle),
        millis(5000, LONG),
        "When to forget a topic that is no longer written to.",
    ),
];
