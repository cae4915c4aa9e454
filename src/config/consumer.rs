//! What a consumer adds to the client's configuration.

use std::time::Duration;

use super::set::SetKeys;
use super::values::{AssignorKind, GroupProtocol, IsolationLevel, OffsetReset};

/// What a consumer adds to the client's configuration.
///
/// Each field names its Kafka property and its default.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ConsumerConfig {
    /// `fetch.min.bytes`: how much the broker collects before it answers, in bytes. Default 1.
    pub fetch_min_bytes: i32,
    /// `fetch.max.bytes`: the most one fetch returns, in bytes. Default 50 MiB.
    pub fetch_max_bytes: i32,
    /// `max.partition.fetch.bytes`: the most of one partition that one fetch returns, in bytes; a
    /// larger batch comes all the same, alone. Default 1 MiB.
    pub max_partition_fetch_bytes: i32,
    /// `fetch.max.wait.ms`: how long the broker waits for `fetch.min.bytes`. Default 500 ms.
    pub fetch_max_wait: Duration,
    /// `queued.max.messages.kbytes` (librdkafka): bytes of memory for records that were fetched and
    /// not yet handed out. Default 32 MiB.
    pub prefetch_memory: usize,
    /// `max.poll.records`: the most that one poll hands out. `None`, the default, is all there is.
    pub max_poll_records: Option<usize>,
    /// `check.crcs`: verify the checksum of each batch. Default true.
    pub check_crcs: bool,
    /// `isolation.level`: default `read_uncommitted`.
    pub isolation_level: IsolationLevel,
    /// `auto.offset.reset`: default `latest`.
    pub auto_offset_reset: OffsetReset,
    /// `allow.auto.create.topics`: reading a topic may create it. Default true.
    pub allow_auto_create_topics: bool,
    /// `group.id`: the consumer group. No default.
    pub group_id: Option<String>,
    /// `group.instance.id`: the name of a static member (KIP-345). No default.
    pub group_instance_id: Option<String>,
    /// `group.protocol`: default `classic`.
    pub group_protocol: GroupProtocol,
    /// `group.remote.assignor`: the broker's assignor, with `group.protocol=consumer`. No default:
    /// the broker chooses.
    pub group_remote_assignor: Option<String>,
    /// `partition.assignment.strategy`: assignors with `group.protocol=classic`, the preferred one
    /// first. Default range, cooperative-sticky.
    pub partition_assignment_strategy: Vec<AssignorKind>,
    /// `session.timeout.ms`: without a heartbeat for so long, a member is out. Default 45 s.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`: default 3 s.
    pub heartbeat_interval: Duration,
    /// `max.poll.interval.ms`: without a poll for so long, a member leaves (KIP-62). Default 5 min.
    pub max_poll_interval: Duration,
    /// `enable.auto.commit`: commit what was handed out and confirmed, by itself. Default true; a
    /// consumer without `group.id` has nothing to commit to.
    pub enable_auto_commit: bool,
    /// `auto.commit.interval.ms`: default 5 s.
    pub auto_commit_interval: Duration,
    pub(crate) set: SetKeys,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            fetch_min_bytes: 1,
            fetch_max_bytes: 50 * 1024 * 1024,
            max_partition_fetch_bytes: 1024 * 1024,
            fetch_max_wait: Duration::from_millis(500),
            prefetch_memory: 32 * 1024 * 1024,
            max_poll_records: None,
            check_crcs: true,
            isolation_level: IsolationLevel::ReadUncommitted,
            auto_offset_reset: OffsetReset::Latest,
            allow_auto_create_topics: true,
            group_id: None,
            group_instance_id: None,
            group_protocol: GroupProtocol::Classic,
            group_remote_assignor: None,
            partition_assignment_strategy: vec![
                AssignorKind::Range,
                AssignorKind::CooperativeSticky,
            ],
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            max_poll_interval: Duration::from_secs(300),
            enable_auto_commit: true,
            auto_commit_interval: Duration::from_secs(5),
            set: SetKeys::default(),
        }
    }
}
