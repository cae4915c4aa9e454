//! The picture of the cluster: brokers, and the topics in use.
//!
//! Immutable once it is published: every answer makes a new one, which is swapped in whole, so that
//! readers never lock for long and never see half an update.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::merge::{known_broker, merge_partition};
use crate::error::ErrorCode;
use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition};
use crate::protocol::metadata::{MetadataResponse, MetadataResponseBroker, MetadataResponseTopic};

/// One broker, as the cluster describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Node {
    /// The broker's `node.id`.
    pub id: BrokerId,
    /// The host it advertises.
    pub host: Arc<str>,
    /// The port it advertises.
    pub port: u16,
    /// Its `broker.rack`, if it has one.
    pub rack: Option<Arc<str>>,
}

impl Node {
    /// Reads a node as it stands in an answer; `None` if the port is none.
    pub(crate) fn new(id: i32, host: String, port: i32, rack: Option<String>) -> Option<Self> {
        let port = u16::try_from(port).ok()?;
        Some(Self {
            id: BrokerId(id),
            host: host.into(),
            port,
            rack: rack.map(Arc::from),
        })
    }
}

/// One partition of a topic.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PartitionMetadata {
    /// The partition's number.
    pub partition: i32,
    /// The leader, or `None` while there is none.
    pub leader: Option<BrokerId>,
    /// The leader's epoch; [`LeaderEpoch::NONE`] where the broker does not say.
    pub leader_epoch: LeaderEpoch,
    /// All brokers that hold a copy, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Those in sync.
    pub in_sync: Vec<BrokerId>,
    /// Those that are offline.
    pub offline: Vec<BrokerId>,
}

/// One topic.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TopicMetadata {
    /// The topic's name.
    pub name: Arc<str>,
    /// Its id; [`TopicId::ZERO`] where the broker is older than 2.8.
    pub id: TopicId,
    /// Whether it is one of Kafka's own, such as `__consumer_offsets`.
    pub is_internal: bool,
    /// Its partitions, in order of their numbers.
    pub partitions: Vec<PartitionMetadata>,
}

impl TopicMetadata {
    /// Reads a topic as it stands in an answer; `None` if it has no name.
    pub(crate) fn of(topic: MetadataResponseTopic) -> Option<Self> {
        let partition = |each| merge_partition(None, each);
        let mut partitions: Vec<PartitionMetadata> =
            topic.partitions.into_iter().map(partition).collect();
        partitions.sort_by_key(|each| each.partition);
        let (name, id) = (topic.name?.into(), TopicId(topic.topic_id));
        Some(Self {
            name,
            id,
            is_internal: topic.is_internal,
            partitions,
        })
    }

    /// Looks up a partition by its number.
    #[must_use]
    pub fn partition(&self, partition: i32) -> Option<&PartitionMetadata> {
        self.partitions.get(self.place(partition)?)
    }

    pub(super) fn partition_mut(&mut self, partition: i32) -> Option<&mut PartitionMetadata> {
        let place = self.place(partition)?;
        self.partitions.get_mut(place)
    }

    fn place(&self, partition: i32) -> Option<usize> {
        let found = self
            .partitions
            .binary_search_by_key(&partition, |p| p.partition);
        found.ok()
    }

    /// Whether one of these brokers leads any of its partitions.
    fn is_led_by(&self, broker: impl Fn(BrokerId) -> bool) -> bool {
        let mut leaders = self.partitions.iter().filter_map(|each| each.leader);
        leaders.any(broker)
    }
}

/// A snapshot of the cluster: brokers, and the topics in use.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClusterMetadata {
    /// The cluster's id.
    pub cluster_id: Option<Arc<str>>,
    /// The broker that answers as the controller.
    pub controller: Option<BrokerId>,
    /// The brokers, by id.
    pub nodes: BTreeMap<BrokerId, Node>,
    pub(super) topics: BTreeMap<Arc<str>, Arc<TopicMetadata>>,
    pub(super) failed: BTreeMap<Arc<str>, ErrorCode>,
}

impl ClusterMetadata {
    /// The brokers of an answer, without its topics.
    pub(crate) fn of(response: &MetadataResponse) -> Self {
        let node = |broker: &MetadataResponseBroker| {
            let MetadataResponseBroker {
                node_id,
                host,
                port,
                rack,
            } = broker.clone();
            let node = Node::new(node_id, host, port, rack)?;
            Some((node.id, node))
        };
        Self {
            cluster_id: response.cluster_id.as_deref().map(Arc::from),
            controller: known_broker(response.controller_id),
            nodes: response.brokers.iter().filter_map(node).collect(),
            ..Self::default()
        }
    }

    /// A topic that is known to exist.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicMetadata>> {
        self.topics.get(name)
    }

    /// The leader of a partition, if it is known and is one of the brokers.
    #[must_use]
    pub fn leader(&self, topic: &str, partition: i32) -> Option<(BrokerId, LeaderEpoch)> {
        let partition = self.topic(topic)?.partition(partition)?;
        let leader = partition.leader.filter(|id| self.nodes.contains_key(id))?;
        Some((leader, partition.leader_epoch))
    }

    /// As [`leader`](Self::leader), without the epoch.
    pub(crate) fn leader_id(&self, at: &TopicPartition) -> Option<BrokerId> {
        self.leader(&at.topic, at.partition)
            .map(|(leader, _)| leader)
    }

    /// The topics that differ from those of an older picture, are gone since, or are led by a
    /// broker that only one of the two lists. Those that an answer said nothing new of are the
    /// same objects in both, and not looked into while the brokers stay the same.
    pub(crate) fn changed_since<'a>(&'a self, before: &'a Self) -> Vec<&'a Arc<str>> {
        let brokers = |picture: &Self| picture.nodes.keys().copied().collect::<BTreeSet<_>>();
        let moved = match self.nodes.keys().eq(before.nodes.keys()) {
            true => BTreeSet::new(),
            false => &brokers(self) ^ &brokers(before),
        };
        let is_the_same = |known: &Arc<TopicMetadata>, topic: &Arc<TopicMetadata>| {
            Arc::ptr_eq(known, topic)
                && (moved.is_empty() || !topic.is_led_by(|leader| moved.contains(&leader)))
        };
        let mut changed = Vec::new();
        let mut old = before.topics.iter().peekable();
        for (name, topic) in &self.topics {
            while let Some((gone, _)) = old.next_if(|(old, _)| *old < name) {
                changed.push(gone);
            }
            let known = old.next_if(|(old, _)| *old == name);
            if !known.is_some_and(|(_, known)| is_the_same(known, topic)) {
                changed.push(name);
            }
        }
        changed.extend(old.map(|(gone, _)| gone));
        changed
    }

    /// Whether a partition's leader is not among the brokers: its newest leader was kept from an
    /// older answer, and the latest answer comes from a broker that lags behind.
    pub(super) fn lacks_a_leader(&self) -> bool {
        self.topics
            .values()
            .any(|topic| self.is_led_from_nowhere(topic))
    }

    /// As [`lacks_a_leader`](Self::lacks_a_leader), of one topic alone.
    pub(super) fn lacks_a_leader_of(&self, topic: &str) -> bool {
        let topic = self.topics.get(topic);
        topic.is_some_and(|topic| self.is_led_from_nowhere(topic))
    }

    fn is_led_from_nowhere(&self, topic: &TopicMetadata) -> bool {
        topic.is_led_by(|leader| !self.nodes.contains_key(&leader))
    }

    /// The code the cluster last gave for a topic it has no metadata of.
    #[must_use]
    pub fn topic_error(&self, name: &str) -> Option<ErrorCode> {
        self.failed.get(name).copied()
    }
}
