//! How a mock cluster is put together.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::cluster::MockCluster;
use super::groups::GroupSettings;
use super::network::memory_address;
use super::shared::Shared;
use super::state::{ClusterState, Listener, Settings};
use super::topics::TopicConfig;
use crate::env::Env;
use crate::error::{Error, ErrorKind};
use crate::protocol::{ApiKey, VersionRange};

/// The most brokers: their addresses in memory have one byte for them.
const BROKERS_MAX: i32 = 250;

/// A release of Apache Kafka to pose as: its newest version of each API.
///
/// The oldest versions stay those this crate speaks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum KafkaRelease {
    /// 2.1, the oldest this crate supports: names only, no flexible versions.
    V2_1,
    /// 2.4: flexible ApiVersions and Metadata.
    V2_4,
    /// 2.8: topic ids in metadata.
    V2_8,
    /// 3.1: fetching by topic id.
    V3_1,
    /// 3.9: the last with ZooKeeper.
    V3_9,
    /// 4.0.
    V4_0,
    /// 4.3, the newest and the default.
    V4_3,
}

impl KafkaRelease {
    /// The newest version of each API in this release; -1 for an API that is not there yet.
    fn newest(self) -> impl Iterator<Item = (ApiKey, i16)> {
        let older = RELEASES.iter().take_while(move |release| **release != self);
        let column = older.count();
        let row = move |(key, versions): &(ApiKey, [i16; 7])| {
            versions.get(column).map(|version| (*key, *version))
        };
        NEWEST.iter().filter_map(row)
    }
}

/// The releases, in the order of the columns of [`NEWEST`].
const RELEASES: [KafkaRelease; 7] = [
    KafkaRelease::V2_1,
    KafkaRelease::V2_4,
    KafkaRelease::V2_8,
    KafkaRelease::V3_1,
    KafkaRelease::V3_9,
    KafkaRelease::V4_0,
    KafkaRelease::V4_3,
];

/// The newest version of each API in each of [`RELEASES`].
const NEWEST: [(ApiKey, [i16; 7]); 23] = [
    (ApiKey::Produce, [7, 8, 9, 9, 11, 12, 13]),
    (ApiKey::Fetch, [10, 11, 12, 13, 17, 17, 18]),
    (ApiKey::ListOffsets, [4, 5, 6, 7, 9, 10, 11]),
    (ApiKey::Metadata, [7, 9, 11, 12, 12, 13, 13]),
    (ApiKey::OffsetCommit, [6, 8, 8, 8, 9, 9, 10]),
    (ApiKey::OffsetFetch, [5, 6, 7, 8, 9, 9, 10]),
    (ApiKey::FindCoordinator, [2, 3, 3, 4, 6, 6, 6]),
    (ApiKey::JoinGroup, [3, 6, 7, 7, 9, 9, 9]),
    (ApiKey::Heartbeat, [2, 4, 4, 4, 4, 4, 4]),
    (ApiKey::LeaveGroup, [2, 4, 4, 4, 5, 5, 5]),
    (ApiKey::SyncGroup, [2, 4, 5, 5, 5, 5, 5]),
    (ApiKey::DescribeGroups, [2, 5, 5, 5, 5, 6, 6]),
    (ApiKey::ListGroups, [2, 3, 4, 4, 5, 5, 5]),
    (ApiKey::ApiVersions, [2, 3, 3, 3, 4, 4, 4]),
    (ApiKey::CreateTopics, [3, 5, 7, 7, 7, 7, 7]),
    (ApiKey::DeleteTopics, [3, 4, 6, 6, 6, 6, 6]),
    (ApiKey::InitProducerId, [1, 2, 4, 4, 5, 5, 5]),
    (ApiKey::OffsetForLeaderEpoch, [2, 3, 4, 4, 4, 4, 4]),
    (ApiKey::DeleteGroups, [1, 2, 2, 2, 2, 2, 2]),
    (ApiKey::OffsetDelete, [-1, 0, 0, 0, 0, 0, 0]),
    (ApiKey::DescribeCluster, [-1, -1, 0, 0, 1, 2, 2]),
    (ApiKey::ConsumerGroupHeartbeat, [-1, -1, -1, -1, 0, 1, 1]),
    (ApiKey::ConsumerGroupDescribe, [-1, -1, -1, -1, 0, 1, 1]),
];

impl FromStr for KafkaRelease {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(match text {
            "2.1" => Self::V2_1,
            "2.4" => Self::V2_4,
            "2.8" => Self::V2_8,
            "3.1" => Self::V3_1,
            "3.9" => Self::V3_9,
            "4.0" => Self::V4_0,
            "4.3" => Self::V4_3,
            _ => {
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    format!(
                        "{text} is not a release the mock cluster poses as; these are 2.1, 2.4, \
                         2.8, 3.1, 3.9, 4.0 and 4.3"
                    ),
                ));
            }
        })
    }
}

/// Puts a [`MockCluster`] together.
#[derive(Clone, Debug)]
#[must_use]
pub struct MockClusterBuilder {
    brokers: i32,
    default_partitions: i32,
    replication: Option<i16>,
    auto_create_topics: bool,
    topic_defaults: TopicConfig,
    groups: GroupSettings,
    racks: Vec<String>,
    rack_aware_reads: bool,
    env: Env,
    seed: Option<u64>,
    fetch_sessions: Option<usize>,
    versions: BTreeMap<i16, Option<VersionRange>>,
    topics: Vec<(String, i32)>,
}

impl Default for MockClusterBuilder {
    fn default() -> Self {
        Self {
            brokers: 3,
            default_partitions: 1,
            replication: None,
            auto_create_topics: true,
            topic_defaults: TopicConfig::default(),
            groups: GroupSettings::default(),
            racks: Vec::new(),
            rack_aware_reads: false,
            env: Env::system(),
            seed: None,
            fetch_sessions: None,
            versions: BTreeMap::new(),
            topics: Vec::new(),
        }
    }
}

impl MockClusterBuilder {
    /// How many brokers there are, 1 to 250; they have the ids from 1 on. Default 3.
    pub fn brokers(mut self, count: i32) -> Self {
        self.brokers = count.clamp(1, BROKERS_MAX);
        self
    }

    /// Partitions of a topic that does not say how many (`num.partitions`). Default 1.
    pub fn default_partitions(mut self, count: i32) -> Self {
        self.default_partitions = count.max(1);
        self
    }

    /// Replicas of a topic that does not say how many (`default.replication.factor`). Default 3,
    /// or the number of brokers if that is smaller.
    pub fn default_replication_factor(mut self, replicas: i16) -> Self {
        self.replication = Some(replicas.max(1));
        self
    }

    /// Whether a topic is created by asking for it (`auto.create.topics.enable`). Default true.
    pub fn auto_create_topics(mut self, yes: bool) -> Self {
        self.auto_create_topics = yes;
        self
    }

    /// In-sync replicas that `acks=all` needs (`min.insync.replicas`). Default 1.
    pub fn min_insync_replicas(mut self, replicas: usize) -> Self {
        self.topic_defaults.min_insync_replicas = replicas.max(1);
        self
    }

    /// Bytes of a partition's log before its oldest batches go (`log.retention.bytes`). Default
    /// 256 MiB; Kafka has no limit, but the mock lives in memory.
    pub fn retention_bytes(mut self, bytes: usize) -> Self {
        self.topic_defaults.retention_bytes = bytes;
        self
    }

    /// Racks, given to the brokers round (`broker.rack`). Default none.
    pub fn racks(mut self, racks: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.racks = racks.into_iter().map(Into::into).collect();
        self
    }

    /// Whether leaders send consumers to followers in their rack (`replica.selector.class` is
    /// `RackAwareReplicaSelector`, KIP-392). Default false.
    pub fn rack_aware_reads(mut self, yes: bool) -> Self {
        self.rack_aware_reads = yes;
        self
    }

    /// The wall clock and, unless [`Self::seed`] is given, the seed. Default the system's.
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// The seed of all that is random here: cluster and topic ids.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Fetch sessions a broker keeps (`max.incremental.fetch.session.cache.slots`). Default 1000.
    pub fn max_fetch_sessions(mut self, sessions: usize) -> Self {
        self.fetch_sessions = Some(sessions);
        self
    }

    /// How long the first rebalance of a group waits for more members
    /// (`group.initial.rebalance.delay.ms`). Default zero; Kafka's is 3 s.
    pub fn initial_rebalance_delay(mut self, delay: Duration) -> Self {
        self.groups.initial_rebalance_delay = delay;
        self
    }

    /// The shortest and the longest session of a classic group's member
    /// (`group.min.session.timeout.ms`, `group.max.session.timeout.ms`). Default 6 s and 30 min.
    pub fn group_session_timeouts(mut self, shortest: Duration, longest: Duration) -> Self {
        self.groups.session_timeouts = (shortest, longest);
        self
    }

    /// The most members of a group (`group.max.size`, `group.consumer.max.size`). Default no limit.
    pub fn group_max_size(mut self, members: usize) -> Self {
        self.groups.max_size = members;
        self.groups.modern.max_size = members;
        self
    }

    /// The session of members of the new group protocol (`group.consumer.session.timeout.ms`) and
    /// how often they are to send heartbeats (`group.consumer.heartbeat.interval.ms`). Default 45 s
    /// and 5 s. The protocol is there from Kafka 4.0 on; 3.9 has its requests and refuses them with
    /// UNSUPPORTED_VERSION.
    pub fn consumer_group_session(mut self, timeout: Duration, heartbeat: Duration) -> Self {
        self.groups.modern.session = timeout;
        self.groups.modern.heartbeat = heartbeat;
        self
    }

    /// How long a group of the new protocol keeps a target assignment before it computes the next
    /// (`group.consumer.assignment.interval.ms`, KIP-1263). Default zero; Kafka 4.3 has 1 s.
    pub fn consumer_group_assignment_interval(mut self, interval: Duration) -> Self {
        self.groups.modern.assignment_interval = interval;
        self
    }

    /// The most characters of metadata in an offset commit (`offset.metadata.max.bytes`). Default
    /// 4096.
    pub fn offset_metadata_max_size(mut self, characters: usize) -> Self {
        self.groups.metadata_max = characters;
        self
    }

    /// Poses as a release of Kafka.
    pub fn kafka_release(mut self, release: KafkaRelease) -> Self {
        for (api, newest) in release.newest() {
            self = self.api_versions_cap(api, newest);
        }
        self.groups.modern.enabled = release >= KafkaRelease::V4_0;
        self.groups.modern.assignment_epochs = release >= KafkaRelease::V4_3;
        self
    }

    /// Serves an API only up to this version; not at all, if that is below the oldest.
    pub fn api_versions_cap(mut self, api: ApiKey, newest: i16) -> Self {
        let all = api.versions();
        let max = newest.min(all.max);
        let range = VersionRange { max, ..all };
        let range = Some(range).filter(|range| range.min <= range.max);
        self.versions.insert(api.code(), range);
        self
    }

    /// A topic that is there from the start.
    pub fn topic(mut self, name: impl Into<String>, partitions: i32) -> Self {
        self.topics.push((name.into(), partitions));
        self
    }

    /// Starts the cluster. It needs no runtime yet.
    ///
    /// # Errors
    ///
    /// A topic asked for cannot be created.
    pub fn try_build(self) -> Result<MockCluster, Error> {
        let replication = i16::try_from(self.brokers.min(3)).unwrap_or(1);
        let settings = Settings {
            default_partitions: self.default_partitions,
            default_replication: self.replication.unwrap_or(replication),
            auto_create_topics: self.auto_create_topics,
            topic_defaults: self.topic_defaults,
            groups: self.groups,
            rack_aware_reads: self.rack_aware_reads,
            versions: self.versions,
        };
        let seed = self.seed.unwrap_or_else(|| self.env.seed());
        let mut state = ClusterState::new(self.brokers, settings, seed);
        let mut racks = self.racks.iter().cycle();
        for (id, broker) in &mut state.brokers {
            let (host, port, _) = memory_address(*id, 0);
            broker.addresses.insert(Listener::Memory, (host, port));
            broker.rack = racks.next().cloned();
            if let Some(sessions) = self.fetch_sessions {
                broker.sessions.set_max(sessions);
            }
        }
        let cluster = MockCluster::new(Shared::new(state, self.env));
        for (name, partitions) in self.topics {
            cluster.create_topic(&name, partitions)?;
        }
        Ok(cluster)
    }

    /// Starts the cluster. It needs no runtime yet.
    ///
    /// # Panics
    ///
    /// A topic asked for cannot be created; [`Self::try_build`] returns that as an error.
    #[must_use]
    #[expect(clippy::panic, reason = "documented, and meant for tests")]
    pub fn build(self) -> MockCluster {
        match self.try_build() {
            Ok(cluster) => cluster,
            Err(error) => panic!("the mock cluster cannot be built: {error}"),
        }
    }
}
