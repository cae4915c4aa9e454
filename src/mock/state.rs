//! The cluster as its brokers know it: who is up, which topics there are, who leads what.
//!
//! Pure: no sockets, no clock, no tasks; handlers get the time with each request. All brokers
//! share this state, so metadata is never stale between them.

use std::collections::BTreeMap;

use super::sessions::Sessions;
use super::topics::{Partition, Topic, TopicConfig, check_name, collides};
use crate::error::ErrorCode;
use crate::ids::Uuid;
use crate::protocol::VersionRange;

/// The most partitions one request may create, as in Kafka.
const PARTITIONS_MAX: i32 = 10_000;
/// The most topics the mock holds.
const TOPICS_MAX: usize = 20_000;
/// Fetch sessions per broker, as `max.incremental.fetch.session.cache.slots` has it.
pub(crate) const SESSIONS_MAX: usize = 1_000;

/// Through which door a client came, and so which addresses it is told.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Listener {
    /// The in-memory network.
    Memory,
    /// TCP sockets.
    Tcp,
}

/// Where a broker is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Endpoint {
    pub(crate) id: i32,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) rack: Option<String>,
}

/// One broker.
#[derive(Clone, Debug)]
pub(crate) struct BrokerState {
    pub(crate) up: bool,
    pub(crate) rack: Option<String>,
    pub(crate) addresses: BTreeMap<Listener, (String, u16)>,
    pub(crate) sessions: Sessions,
}

/// What the builder decided.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) default_partitions: i32,
    pub(crate) default_replication: i16,
    pub(crate) auto_create_topics: bool,
    pub(crate) topic_defaults: TopicConfig,
    /// Versions that differ from what this crate speaks; `None` for APIs that are not served.
    pub(crate) versions: BTreeMap<i16, Option<VersionRange>>,
}

/// What a topic is to be like; -1 for the default, as on the wire.
#[derive(Clone, Debug)]
pub(crate) struct NewTopic {
    pub(crate) partitions: i32,
    pub(crate) replication: i16,
    /// The brokers of each partition, if they are chosen by hand.
    pub(crate) assignment: Vec<(i32, Vec<i32>)>,
    pub(crate) configs: Vec<(String, Option<String>)>,
}

impl Default for NewTopic {
    fn default() -> Self {
        Self {
            partitions: -1,
            replication: -1,
            assignment: Vec::new(),
            configs: Vec::new(),
        }
    }
}

/// A code and the words that go with it.
pub(crate) type Refused = (ErrorCode, String);

fn refuse<T>(code: ErrorCode, message: impl Into<String>) -> Result<T, Refused> {
    Err((code, message.into()))
}

/// Everything the cluster knows.
#[derive(Clone, Debug)]
pub(crate) struct ClusterState {
    pub(crate) cluster_id: String,
    pub(crate) settings: Settings,
    pub(crate) brokers: BTreeMap<i32, BrokerState>,
    pub(crate) topics: BTreeMap<String, Topic>,
    names: BTreeMap<Uuid, String>,
    next_producer_id: i64,
    random: u64,
    changed: bool,
}

impl ClusterState {
    /// Brokers 1 to `brokers`, all up. The seed decides topic ids.
    pub(crate) fn new(brokers: i32, settings: Settings, seed: u64) -> Self {
        let broker = |_| BrokerState {
            up: true,
            rack: None,
            addresses: BTreeMap::new(),
            sessions: Sessions::new(SESSIONS_MAX),
        };
        let mut state = Self {
            cluster_id: String::new(),
            settings,
            brokers: (1..=brokers).map(|id| (id, broker(id))).collect(),
            topics: BTreeMap::new(),
            names: BTreeMap::new(),
            next_producer_id: 0,
            random: seed,
            changed: false,
        };
        state.cluster_id = state.uuid().to_string();
        state
    }

    /// SplitMix64: enough for ids that only have to differ.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uuid(&mut self) -> Uuid {
        let bits = (u128::from(self.next_random()) << 64) | u128::from(self.next_random());
        let versioned = (bits & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
        Uuid(versioned.to_be_bytes())
    }

    /// Whether something changed that a waiting fetch may care about; asking resets it.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    pub(crate) fn mark_changed(&mut self) {
        self.changed = true;
    }

    /// The brokers that are up, with their addresses for clients of this listener.
    pub(crate) fn endpoints(&self, listener: Listener) -> Vec<Endpoint> {
        let up = self.brokers.keys();
        up.filter_map(|id| self.endpoint(*id, listener)).collect()
    }

    pub(crate) fn endpoint(&self, id: i32, listener: Listener) -> Option<Endpoint> {
        let broker = self.brokers.get(&id).filter(|broker| broker.up)?;
        let (host, port) = broker.addresses.get(&listener)?.clone();
        Some(Endpoint {
            id,
            host,
            port,
            rack: broker.rack.clone(),
        })
    }

    pub(crate) fn is_up(&self, id: i32) -> bool {
        self.brokers.get(&id).is_some_and(|broker| broker.up)
    }

    /// What clients are told is the controller; any broker takes requests to it, as with KRaft.
    pub(crate) fn controller(&self) -> i32 {
        let up = self.brokers.iter().find(|(_, broker)| broker.up);
        up.map_or(-1, |(id, _)| *id)
    }

    pub(crate) fn topic_name(&self, id: Uuid) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    pub(crate) fn partition(&self, topic: &str, partition: i32) -> Option<&Partition> {
        self.topics.get(topic)?.partition(partition)
    }

    /// The partition, if this broker leads it and the client's epoch is its own; -1 is no epoch.
    ///
    /// # Errors
    ///
    /// As a broker says it, in the order in which it looks.
    pub(crate) fn led(
        &self,
        (topic, partition): (&str, i32),
        broker: i32,
        epoch: i32,
        follower_will_do: bool,
    ) -> Result<&Partition, ErrorCode> {
        let found = self
            .partition(topic, partition)
            .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        if !found.replicas.contains(&broker) {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        if epoch != -1 && epoch < found.leader_epoch {
            return Err(ErrorCode::FENCED_LEADER_EPOCH);
        }
        if epoch > found.leader_epoch {
            return Err(ErrorCode::UNKNOWN_LEADER_EPOCH);
        }
        if found.leader != Some(broker) && !follower_will_do {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        Ok(found)
    }

    /// A producer id nobody had before.
    pub(crate) fn new_producer_id(&mut self) -> i64 {
        let id = self.next_producer_id;
        self.next_producer_id += 1;
        id
    }

    /// The broker that coordinates a group or a transactional id: the same for the same key while
    /// the same brokers are up.
    pub(crate) fn coordinator(&self, key: &str) -> Option<i32> {
        let up: Vec<i32> = self
            .brokers
            .keys()
            .copied()
            .filter(|id| self.is_up(*id))
            .collect();
        // FNV-1a, so that keys spread over brokers.
        let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let count = u64::try_from(up.len()).ok().filter(|count| *count > 0)?;
        let index = usize::try_from((hash >> 32) % count).ok()?;
        up.get(index).copied()
    }

    /// Creates a topic, or says why not; `validate_only` stops short of it.
    ///
    /// # Errors
    ///
    /// The codes of CreateTopics.
    pub(crate) fn create_topic(
        &mut self,
        name: &str,
        new: &NewTopic,
        validate_only: bool,
    ) -> Result<Topic, Refused> {
        check_name(name)?;
        if self.topics.contains_key(name) {
            return refuse(
                ErrorCode::TOPIC_ALREADY_EXISTS,
                format!("Topic '{name}' already exists."),
            );
        }
        if let Some(other) = self.topics.keys().find(|other| collides(name, other)) {
            return refuse(
                ErrorCode::INVALID_TOPIC_EXCEPTION,
                format!("Topic '{name}' collides with existing topic: {other}"),
            );
        }
        if self.topics.len() >= TOPICS_MAX {
            return refuse(ErrorCode::POLICY_VIOLATION, "too many topics for the mock");
        }
        let mut config = self.settings.topic_defaults.clone();
        for (key, value) in &new.configs {
            let set = value.as_ref().map(|value| config.set(key, value));
            match set {
                Some(Ok(())) => {}
                Some(Err(why)) => return refuse(ErrorCode::INVALID_CONFIG, why),
                None => {
                    let why = format!("Null value not supported for topic configs: {key}");
                    return refuse(ErrorCode::INVALID_CONFIG, why);
                }
            }
        }
        let replicas = self.place(new)?;
        let topic = Topic {
            id: self.uuid(),
            config,
            partitions: replicas
                .into_iter()
                .map(|replicas| Partition::new(replicas, |id| self.is_up(id)))
                .collect(),
        };
        if !validate_only {
            self.names.insert(topic.id, name.to_owned());
            self.topics.insert(name.to_owned(), topic.clone());
            self.changed = true;
        }
        Ok(topic)
    }

    /// Chooses the brokers of each partition: partition 0 is led by the first broker, 1 by the
    /// second, and so on round, so that tests know beforehand.
    fn place(&self, new: &NewTopic) -> Result<Vec<Vec<i32>>, Refused> {
        if !new.assignment.is_empty() {
            return self.place_by_hand(new);
        }
        let partitions = match new.partitions {
            -1 => self.settings.default_partitions,
            partitions => partitions,
        };
        let replication = match new.replication {
            -1 => self.settings.default_replication,
            replication => replication,
        };
        if partitions < 1 {
            return refuse(
                ErrorCode::INVALID_PARTITIONS,
                "Number of partitions was set to an invalid non-positive value.",
            );
        }
        if partitions > PARTITIONS_MAX {
            return refuse(
                ErrorCode::POLICY_VIOLATION,
                "Excessively large number of partitions per request.",
            );
        }
        let up: Vec<i32> = self
            .brokers
            .keys()
            .copied()
            .filter(|id| self.is_up(*id))
            .collect();
        let Some(replication) = usize::try_from(replication).ok().filter(|rf| *rf > 0) else {
            return refuse(
                ErrorCode::INVALID_REPLICATION_FACTOR,
                "Replication factor must be larger than 0, or -1 to use the default value.",
            );
        };
        if replication > up.len() {
            return refuse(
                ErrorCode::INVALID_REPLICATION_FACTOR,
                format!(
                    "Unable to replicate the partition {replication} time(s): only {} broker(s) \
                     are registered.",
                    up.len()
                ),
            );
        }
        let first = |partition: i32| usize::try_from(partition).unwrap_or(0) % up.len();
        let round = |from| up.iter().copied().cycle().skip(from).take(replication);
        Ok((0..partitions).map(|p| round(first(p)).collect()).collect())
    }

    fn place_by_hand(&self, new: &NewTopic) -> Result<Vec<Vec<i32>>, Refused> {
        if new.replication != -1 || new.partitions != -1 {
            return refuse(
                ErrorCode::INVALID_REQUEST,
                "A manual partition assignment was specified, but numPartitions or \
                 replicationFactor was not set to -1.",
            );
        }
        let wrong = |why: String| refuse(ErrorCode::INVALID_REPLICA_ASSIGNMENT, why);
        let mut sorted = new.assignment.clone();
        sorted.sort_by_key(|(partition, _)| *partition);
        let size = sorted.first().map_or(0, |(_, replicas)| replicas.len());
        let mut placed = Vec::new();
        for (expected, (partition, replicas)) in (0..).zip(sorted) {
            if partition != expected {
                return wrong("partitions should be a consecutive 0-based sequence".to_owned());
            }
            if replicas.is_empty() || replicas.len() != size {
                return wrong(format!(
                    "partition {partition} has {} replicas",
                    replicas.len()
                ));
            }
            for (index, id) in replicas.iter().enumerate() {
                if replicas.iter().skip(index + 1).any(|other| other == id) {
                    return wrong(format!("partition {partition} lists broker {id} twice"));
                }
                if !self.brokers.contains_key(id) {
                    return wrong(format!("partition {partition} lists unknown broker {id}"));
                }
            }
            placed.push(replicas);
        }
        Ok(placed)
    }

    /// Deletes a topic with all it held.
    pub(crate) fn delete_topic(&mut self, name: &str) -> Option<Topic> {
        let topic = self.topics.remove(name)?;
        self.names.remove(&topic.id);
        self.changed = true;
        Some(topic)
    }

    /// A broker went down: its sessions are gone, and others lead.
    pub(crate) fn handle_down(&mut self, id: i32) {
        let Some(broker) = self.brokers.get_mut(&id).filter(|broker| broker.up) else {
            return;
        };
        broker.up = false;
        broker.sessions.clear();
        self.each_partition(|partition| partition.handle_down(id));
    }

    /// A broker came up.
    pub(crate) fn handle_up(&mut self, id: i32) {
        let Some(broker) = self.brokers.get_mut(&id).filter(|broker| !broker.up) else {
            return;
        };
        broker.up = true;
        self.each_partition(|partition| partition.handle_up(id));
    }

    fn each_partition(&mut self, change: impl FnMut(&mut Partition)) {
        let topics = self.topics.values_mut();
        topics
            .flat_map(|topic| &mut topic.partitions)
            .for_each(change);
        self.changed = true;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn cluster(brokers: i32) -> ClusterState {
        let settings = Settings {
            default_partitions: 1,
            default_replication: i16::try_from(brokers.min(3)).unwrap(),
            auto_create_topics: true,
            topic_defaults: TopicConfig::default(),
            versions: BTreeMap::new(),
        };
        let mut state = ClusterState::new(brokers, settings, 42);
        for (id, broker) in &mut state.brokers {
            let address = (format!("mock-{id}"), 9092);
            broker.addresses.insert(Listener::Memory, address);
        }
        state
    }

    fn create(state: &mut ClusterState, name: &str, new: &NewTopic) -> Result<Topic, ErrorCode> {
        state
            .create_topic(name, new, false)
            .map_err(|(code, _)| code)
    }

    #[test]
    fn partition_leaders_go_round() {
        let mut state = cluster(3);
        let new = NewTopic {
            partitions: 4,
            replication: 2,
            ..NewTopic::default()
        };
        let topic = create(&mut state, "t", &new).unwrap();
        let replicas: Vec<_> = topic
            .partitions
            .iter()
            .map(|p| p.replicas.clone())
            .collect();
        assert_eq!(replicas, [[1, 2], [2, 3], [3, 1], [1, 2]]);
        assert_eq!(state.topic_name(topic.id), Some("t"));
    }

    #[test]
    fn what_cannot_be_created_is_refused_each_with_its_code() {
        let mut state = cluster(3);
        create(&mut state, "a.b", &NewTopic::default()).unwrap();
        let with = |partitions, replication| NewTopic {
            partitions,
            replication,
            ..NewTopic::default()
        };
        let by_hand = |assignment: &[(i32, &[i32])]| NewTopic {
            assignment: assignment.iter().map(|(p, r)| (*p, r.to_vec())).collect(),
            ..NewTopic::default()
        };
        let config = NewTopic {
            configs: vec![("nonsense".to_owned(), Some("1".to_owned()))],
            ..NewTopic::default()
        };
        for (name, new, code) in [
            ("a.b", NewTopic::default(), ErrorCode::TOPIC_ALREADY_EXISTS),
            (
                "a_b",
                NewTopic::default(),
                ErrorCode::INVALID_TOPIC_EXCEPTION,
            ),
            (
                "a/b",
                NewTopic::default(),
                ErrorCode::INVALID_TOPIC_EXCEPTION,
            ),
            ("x", with(0, 1), ErrorCode::INVALID_PARTITIONS),
            ("x", with(1, 0), ErrorCode::INVALID_REPLICATION_FACTOR),
            ("x", with(1, 4), ErrorCode::INVALID_REPLICATION_FACTOR),
            ("x", with(10_001, 1), ErrorCode::POLICY_VIOLATION),
            ("x", config, ErrorCode::INVALID_CONFIG),
            (
                "x",
                by_hand(&[(1, &[1])]),
                ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            ),
            (
                "x",
                by_hand(&[(0, &[1, 1])]),
                ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            ),
            (
                "x",
                by_hand(&[(0, &[9])]),
                ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            ),
            (
                "x",
                by_hand(&[(0, &[1]), (1, &[1, 2])]),
                ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            ),
        ] {
            assert_eq!(
                create(&mut state, name, &new).unwrap_err(),
                code,
                "{name} {new:?}"
            );
        }
        assert!(state.create_topic("x", &with(2, 2), true).is_ok());
        assert!(!state.topics.contains_key("x"), "only validated");
    }

    #[test]
    fn leadership_is_checked_in_a_brokers_order() {
        let mut state = cluster(3);
        let new = NewTopic {
            partitions: 1,
            replication: 2,
            ..NewTopic::default()
        };
        create(&mut state, "t", &new).unwrap();
        state.handle_down(1);
        state.handle_up(1);
        let code = |partition, broker, epoch| {
            let led = state.led(("t", partition), broker, epoch, false);
            led.err().unwrap_or(ErrorCode::NONE)
        };
        assert_eq!(code(1, 2, -1), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        assert_eq!(code(0, 3, 9), ErrorCode::NOT_LEADER_OR_FOLLOWER);
        assert_eq!(code(0, 2, 0), ErrorCode::FENCED_LEADER_EPOCH);
        assert_eq!(code(0, 2, 2), ErrorCode::UNKNOWN_LEADER_EPOCH);
        assert_eq!(code(0, 1, 1), ErrorCode::NOT_LEADER_OR_FOLLOWER);
        assert_eq!(code(0, 2, 1), ErrorCode::NONE);
        assert!(
            state.led(("t", 0), 1, 1, true).is_ok(),
            "followers may be read"
        );
    }

    #[test]
    fn a_recreated_topic_has_another_id() {
        let mut state = cluster(1);
        let old = create(&mut state, "t", &NewTopic::default()).unwrap().id;
        state.delete_topic("t").unwrap();
        let new = create(&mut state, "t", &NewTopic::default()).unwrap().id;
        assert_ne!(old, new);
        assert_eq!(state.topic_name(old), None);
    }
}
