//! The cluster as its brokers know it: who is up, which topics there are, who leads what.
//!
//! Pure: no sockets, no clock, no tasks; handlers get the time with each request. All brokers
//! share this state, so metadata is never stale between them.

use std::collections::BTreeMap;

use super::groups::{GroupSettings, Groups};
use super::sessions::Sessions;
use super::topics::{Partition, Topic, TopicConfig};
use crate::error::ErrorCode;
use crate::ids::Uuid;
use crate::protocol::VersionRange;

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
    pub(crate) groups: GroupSettings,
    /// `replica.selector.class` is `RackAwareReplicaSelector`.
    pub(crate) rack_aware_reads: bool,
    /// Versions that differ from what this crate speaks; `None` for APIs that are not served.
    pub(crate) versions: BTreeMap<i16, Option<VersionRange>>,
}

/// Everything the cluster knows.
#[derive(Clone, Debug)]
pub(crate) struct ClusterState {
    pub(crate) cluster_id: String,
    pub(crate) settings: Settings,
    pub(crate) brokers: BTreeMap<i32, BrokerState>,
    pub(crate) topics: BTreeMap<String, Topic>,
    pub(crate) groups: Groups,
    pub(super) names: BTreeMap<Uuid, String>,
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
        let ids: Vec<i32> = (1..=brokers).collect();
        let mut state = Self {
            cluster_id: String::new(),
            groups: Groups::new(settings.groups.clone(), &ids),
            settings,
            brokers: ids.iter().map(|id| (*id, broker(*id))).collect(),
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

    pub(super) fn uuid(&mut self) -> Uuid {
        let bits = (u128::from(self.next_random()) << 64) | u128::from(self.next_random());
        let versioned = (bits & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
        Uuid(versioned.to_be_bytes())
    }

    /// Whether something changed that a waiting request may care about; asking resets it.
    pub(crate) fn take_changed(&mut self) -> bool {
        self.groups.take_changed() | std::mem::take(&mut self.changed)
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

    /// The follower a client in this rack had better read this offset from, should the partition's
    /// leader be asked: one in sync in its rack that has the offset, unless the leader is in that
    /// rack too (KIP-392).
    pub(crate) fn preferred_replica(
        &self,
        partition: &Partition,
        asked: i32,
        (rack, offset): (&str, i64),
    ) -> Option<i32> {
        let told = self.settings.rack_aware_reads && !rack.is_empty();
        if !told || partition.leader != Some(asked) || offset < partition.log.start() {
            return None;
        }
        let near = |id: i32| {
            let broker = self.brokers.get(&id);
            broker.is_some_and(|broker| broker.rack.as_deref() == Some(rack))
        };
        if near(asked) {
            return None;
        }
        let followers = partition.isr.iter().copied();
        let followers = followers.filter(|id| near(*id) && partition.end_at(*id) >= offset);
        // The one that has most; of several the first.
        followers.rev().max_by_key(|id| partition.end_at(*id))
    }

    /// A producer id nobody had before.
    pub(crate) fn new_producer_id(&mut self) -> i64 {
        let id = self.next_producer_id;
        self.next_producer_id += 1;
        id
    }

    /// The broker that coordinates a group or a transactional id.
    pub(crate) fn coordinator(&self, key: &str) -> Option<i32> {
        self.groups.coordinators.of(key)
    }

    /// Deletes a topic with all it held.
    pub(crate) fn delete_topic(&mut self, name: &str) -> Option<Topic> {
        let topic = self.topics.remove(name)?;
        self.names.remove(&topic.id);
        self.groups.handle_topic_deleted(name);
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
        let up: Vec<i32> = self.brokers.keys().copied().collect();
        let up: Vec<i32> = up.into_iter().filter(|id| self.is_up(*id)).collect();
        self.groups.coordinators.handle_down(id, &up);
    }

    /// A broker came up.
    pub(crate) fn handle_up(&mut self, id: i32) {
        let Some(broker) = self.brokers.get_mut(&id).filter(|broker| !broker.up) else {
            return;
        };
        broker.up = true;
        self.each_partition(|partition| partition.handle_up(id));
        self.groups.coordinators.handle_up(id);
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
    use super::super::creation::NewTopic;
    use super::*;

    pub(crate) fn cluster(brokers: i32) -> ClusterState {
        let settings = Settings {
            default_partitions: 1,
            default_replication: i16::try_from(brokers.min(3)).unwrap(),
            auto_create_topics: true,
            topic_defaults: TopicConfig::default(),
            groups: GroupSettings::default(),
            rack_aware_reads: false,
            versions: BTreeMap::new(),
        };
        let mut state = ClusterState::new(brokers, settings, 42);
        for (id, broker) in &mut state.brokers {
            let address = (format!("mock-{id}"), 9092);
            broker.addresses.insert(Listener::Memory, address);
        }
        state
    }

    pub(crate) fn create(
        state: &mut ClusterState,
        name: &str,
        new: &NewTopic,
    ) -> Result<Topic, ErrorCode> {
        state
            .create_topic(name, new, false)
            .map_err(|(code, _)| code)
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
