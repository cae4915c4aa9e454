//! Properties of a consumer.

use super::{INT, Key, Kind, choice, count, field, millis, size};
use crate::config::values::{GroupProtocol, IsolationLevel, OffsetReset};

pub(super) const KEYS: &[Key] = &[
    Key::new(
        "fetch.min.bytes",
        field!(Consumer.fetch_min_bytes),
        size(0, INT),
        "How much the broker collects before it answers a fetch.",
    ),
    Key::new(
        "fetch.max.bytes",
        field!(Consumer.fetch_max_bytes),
        size(0, INT),
        "The most that one fetch returns.",
    ),
    Key::new(
        "max.partition.fetch.bytes",
        field!(Consumer.max_partition_fetch_bytes),
        size(0, INT),
        "The most of one partition that one fetch returns; a larger batch comes alone.",
    )
    .alias(&["fetch.message.max.bytes"]),
    Key::new(
        "fetch.max.wait.ms",
        field!(Consumer.fetch_max_wait),
        millis(0, INT),
        "How long the broker waits for fetch.min.bytes.",
    )
    .alias(&["fetch.wait.max.ms"]),
    Key::new(
        "queued.max.messages.kbytes",
        field!(Consumer.prefetch_memory),
        size(1024, 2_097_151 * 1024),
        "Memory for records that were fetched and not yet handed out, in KiB (librdkafka's name).",
    ),
    Key::new(
        "max.poll.records",
        field!(Consumer.max_poll_records),
        count(1, INT),
        "The most records that one poll hands out.",
    )
    .departs(
        "500",
        "unset hands out everything that is ready; of compressed batches 64 kB or one batch",
    ),
    Key::new(
        "check.crcs",
        field!(Consumer.check_crcs),
        Kind::Flag,
        "Verify the checksum of every batch.",
    ),
    Key::new(
        "isolation.level",
        field!(Consumer.isolation_level),
        choice::<IsolationLevel>(),
        "Which records of transactions to hand out (KIP-98).",
    ),
    Key::new(
        "auto.offset.reset",
        field!(Consumer.auto_offset_reset),
        Kind::Checked {
            allowed: OffsetReset::ALLOWED,
        },
        "Where to start without a valid committed offset.",
    ),
    Key::new(
        "allow.auto.create.topics",
        field!(Consumer.allow_auto_create_topics),
        Kind::Flag,
        "Reading a topic that does not exist may create it, if the broker allows it too.",
    ),
    Key::new(
        "client.rack",
        field!(Consumer.client_rack),
        Kind::Text { min: 0 },
        "Where the consumer runs: the leader may name a replica there to read from (KIP-392).",
    ),
    Key::new(
        "enable.partition.eof",
        field!(Consumer.partition_eof),
        Kind::Flag,
        "Polls tell when the end of a partition is reached (librdkafka's name).",
    ),
    Key::new(
        "group.id",
        field!(Consumer.group_id),
        Kind::Text { min: 1 },
        "The consumer group.",
    ),
    Key::new(
        "group.instance.id",
        field!(Consumer.group_instance_id),
        Kind::Text { min: 1 },
        "The name of a static member, which keeps its partitions over a restart (KIP-345).",
    ),
    Key::new(
        "group.protocol",
        field!(Consumer.group_protocol),
        choice::<GroupProtocol>(),
        "Who decides about partitions: a member (classic) or the broker (consumer, KIP-848).",
    ),
    Key::new(
        "group.remote.assignor",
        field!(Consumer.group_remote_assignor),
        Kind::Text { min: 1 },
        "The broker's assignor, with group.protocol=consumer.",
    ),
    Key::new(
        "partition.assignment.strategy",
        field!(Consumer.partition_assignment_strategy),
        Kind::Checked {
            allowed: "a list of range, roundrobin, sticky or cooperative-sticky",
        },
        "Assignors of the classic group protocol, the preferred one first.",
    ),
    Key::new(
        "session.timeout.ms",
        field!(Consumer.session_timeout),
        millis(1, INT),
        "Without a heartbeat for so long, a member is out of its group.",
    ),
    Key::new(
        "heartbeat.interval.ms",
        field!(Consumer.heartbeat_interval),
        millis(1, INT),
        "The time between two heartbeats; less than session.timeout.ms.",
    ),
    Key::new(
        "max.poll.interval.ms",
        field!(Consumer.max_poll_interval),
        millis(1, INT),
        "Without a poll for so long, a member leaves its group (KIP-62).",
    ),
    Key::new(
        "enable.auto.commit",
        field!(Consumer.enable_auto_commit),
        Kind::Flag,
        "Commit positions by itself, past records once they are confirmed; needs group.id.",
    )
    .alias(&["auto.commit.enable"]),
    Key::new(
        "auto.commit.interval.ms",
        field!(Consumer.auto_commit_interval),
        millis(0, INT),
        "The time between two such commits.",
    ),
    Key::new(
        "enable.auto.offset.store",
        field!(Consumer.enable_auto_offset_store),
        Kind::Flag,
        "What was handed out may be committed; if false, only what the program stored (librdkafka).",
    ),
];
