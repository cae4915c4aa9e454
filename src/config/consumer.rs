//! What a consumer adds to the client's configuration.

use std::time::Duration;

use super::client::ClientConfig;
use super::findings::{Findings, Notice};
use super::load::{self, Draft};
use super::properties::Properties;
use super::set::{SetKeys, setters};
use super::values::{AssignorKind, GroupProtocol, IsolationLevel, OffsetReset};
use crate::error::Result;

/// What a consumer adds to the client's configuration.
///
/// Each field names its Kafka property and its default. A field written directly passes for a
/// default where a rule asks what the user set; the `set_` methods do not.
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
    /// `max.poll.records`: the most that one poll hands out. `None`, the default, is all there is;
    /// of compressed batches 64 kB or one batch, and the next poll has the rest.
    pub max_poll_records: Option<usize>,
    /// `check.crcs`: verify the checksum of each batch. Default true.
    pub check_crcs: bool,
    /// `isolation.level`: default `read_uncommitted`.
    pub isolation_level: IsolationLevel,
    /// `auto.offset.reset`: default `latest`.
    pub auto_offset_reset: OffsetReset,
    /// `allow.auto.create.topics`: reading a topic may create it. Default true.
    pub allow_auto_create_topics: bool,
    /// `client.rack`: where this consumer runs, as brokers' `broker.rack` say it. The leader may
    /// then name a closer replica to read from (KIP-392). No default.
    pub client_rack: Option<String>,
    /// `enable.partition.eof` (librdkafka): polls tell when the end of a partition is reached, in
    /// [`Records::ends`](crate::Records::ends). Default false.
    pub partition_eof: bool,
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
    /// `enable.auto.commit`: commit positions by itself, past records once they are confirmed.
    /// Default true; a consumer without `group.id` has nothing to commit to.
    pub enable_auto_commit: bool,
    /// `auto.commit.interval.ms`: default 5 s.
    pub auto_commit_interval: Duration,
    /// `enable.auto.offset.store` (librdkafka): what was handed out may be committed, once the next
    /// records are asked for. If false, only what was [stored](crate::Consumer::store) is.
    /// Default true.
    pub enable_auto_offset_store: bool,
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
            client_rack: None,
            partition_eof: false,
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
            enable_auto_offset_store: true,
            set: SetKeys::default(),
        }
    }
}

setters! { ConsumerConfig {
    set_fetch_min_bytes: fetch_min_bytes: i32 = "fetch.min.bytes",
    set_fetch_max_bytes: fetch_max_bytes: i32 = "fetch.max.bytes",
    set_max_partition_fetch_bytes: max_partition_fetch_bytes: i32 = "max.partition.fetch.bytes",
    set_fetch_max_wait: fetch_max_wait: Duration = "fetch.max.wait.ms",
    set_prefetch_memory: prefetch_memory: usize = "queued.max.messages.kbytes",
    set_max_poll_records: max_poll_records: Option<usize> = "max.poll.records",
    set_check_crcs: check_crcs: bool = "check.crcs",
    set_isolation_level: isolation_level: IsolationLevel = "isolation.level",
    set_auto_offset_reset: auto_offset_reset: OffsetReset = "auto.offset.reset",
    set_allow_auto_create_topics: allow_auto_create_topics: bool = "allow.auto.create.topics",
    set_client_rack: client_rack: Option<String> = "client.rack",
    set_partition_eof: partition_eof: bool = "enable.partition.eof",
    set_group_id: group_id: Option<String> = "group.id",
    set_group_instance_id: group_instance_id: Option<String> = "group.instance.id",
    set_group_protocol: group_protocol: GroupProtocol = "group.protocol",
    set_group_remote_assignor: group_remote_assignor: Option<String> = "group.remote.assignor",
    set_partition_assignment_strategy: partition_assignment_strategy: Vec<AssignorKind>
        = "partition.assignment.strategy",
    set_session_timeout: session_timeout: Duration = "session.timeout.ms",
    set_heartbeat_interval: heartbeat_interval: Duration = "heartbeat.interval.ms",
    set_max_poll_interval: max_poll_interval: Duration = "max.poll.interval.ms",
    set_enable_auto_commit: enable_auto_commit: bool = "enable.auto.commit",
    set_auto_commit_interval: auto_commit_interval: Duration = "auto.commit.interval.ms",
    set_enable_auto_offset_store: enable_auto_offset_store: bool = "enable.auto.offset.store",
} }

impl ConsumerConfig {
    /// Reads what concerns a consumer; `client` is what the same properties say for the client.
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

    /// How much one partition holds of what was fetched and not handed out, before no more of it is
    /// asked for: one fetch, while the next is under way. More hides no more of the way to the
    /// broker, and less of it stays in the processor's cache. Who sets
    /// `queued.max.messages.kbytes` wants as much as that allows.
    pub(crate) fn ahead(&self) -> usize {
        if self.set.has("queued.max.messages.kbytes") {
            return usize::MAX;
        }
        usize::try_from(self.max_partition_fetch_bytes).unwrap_or(usize::MAX)
    }

    pub(super) fn check(&mut self, client: &ClientConfig, findings: &mut Findings) {
        self.check_group(findings);
        if self.group_id.is_none() {
            if self.set.has("enable.auto.commit") && self.enable_auto_commit {
                let what = self.set.spelled("enable.auto.commit", true);
                findings.problem(format!("{what}: there is no group.id to commit for"));
            }
            self.enable_auto_commit = false;
        }
        // A response is a little larger than the records in it.
        let least = usize::try_from(self.fetch_max_bytes)
            .unwrap_or(0)
            .saturating_add(512);
        if client.receive_message_max < least {
            let what = self.set.spelled("fetch.max.bytes", self.fetch_max_bytes);
            findings.problem(format!(
                "{what}: receive.message.max.bytes={} is too little for such a response; it must \
                 be at least {least}",
                client.receive_message_max
            ));
        }
    }

    /// What goes with which group protocol, as in Java (KIP-848).
    fn check_group(&self, findings: &mut Findings) {
        let set = &self.set;
        match self.group_protocol {
            GroupProtocol::Consumer => {
                let brokers = ["session.timeout.ms", "heartbeat.interval.ms"];
                for key in brokers.into_iter().filter(|key| set.has(key)) {
                    let value = match key {
                        "session.timeout.ms" => self.session_timeout,
                        _ => self.heartbeat_interval,
                    };
                    let what = set.spelled(key, value.as_millis());
                    findings.problem(format!(
                        "{what}: with group.protocol=consumer the broker sets it"
                    ));
                }
                let key = "partition.assignment.strategy";
                if set.has(key) {
                    let names: Vec<String> = self
                        .partition_assignment_strategy
                        .iter()
                        .map(ToString::to_string)
                        .collect();
                    findings.problem(format!(
                        "{}: with group.protocol=consumer the broker assigns; see \
                         group.remote.assignor",
                        set.spelled(key, names.join(","))
                    ));
                }
            }
            GroupProtocol::Classic => {
                if let Some(assignor) = &self.group_remote_assignor {
                    let what = set.spelled("group.remote.assignor", assignor);
                    findings.problem(format!("{what}: it needs group.protocol=consumer"));
                }
                if self.heartbeat_interval >= self.session_timeout {
                    let value = self.heartbeat_interval.as_millis();
                    findings.problem(format!(
                        "{}: it must be less than session.timeout.ms ({})",
                        set.spelled("heartbeat.interval.ms", value),
                        self.session_timeout.as_millis()
                    ));
                }
            }
        }
    }
}
