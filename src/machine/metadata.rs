//! What a client knows of the cluster, and when it asks again. Pure: time and answers in, the next
//! question out.
//!
//! The picture is an immutable [`ClusterMetadata`], swapped whole on every answer, so that readers
//! never lock for long and never see half an update. Three rules keep it honest:
//!
//! - **A leader never goes back.** A lagging broker may answer with an older leader epoch
//!   (KIP-320); such a partition keeps what is known. A new topic id starts a new history.
//! - **One question at a time, one per backoff.** Any number of callers may ask for a refresh;
//!   while one is under way, or has just failed, they share the next one.
//! - **Only topics in use are asked for.** A topic that nobody looked up for a while is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::ErrorCode;
use crate::ids::{BrokerId, LeaderEpoch, TopicId};
use crate::machine::backoff::Backoff;
use crate::protocol::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};

/// How long a topic that does not exist is asked for after its last look-up.
const MISSING_TOPIC_IDLE: Duration = Duration::from_secs(10);

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
        let at = self
            .partitions
            .binary_search_by_key(&partition, |p| p.partition)
            .ok()?;
        self.partitions.get(at)
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
    topics: BTreeMap<Arc<str>, Arc<TopicMetadata>>,
    failed: BTreeMap<Arc<str>, ErrorCode>,
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

    /// Whether a partition's leader is not among the brokers: its newest leader was kept from an
    /// older answer, and the latest answer comes from a broker that lags behind.
    fn lacks_a_leader(&self) -> bool {
        let mut partitions = self.topics.values().flat_map(|topic| &topic.partitions);
        partitions.any(|each| each.leader.is_some_and(|id| !self.nodes.contains_key(&id)))
    }

    /// The code the cluster last gave for a topic it has no metadata of.
    #[must_use]
    pub fn topic_error(&self, name: &str) -> Option<ErrorCode> {
        self.failed.get(name).copied()
    }
}

/// One metadata request to send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Query {
    topics: Vec<Arc<str>>,
    create: bool,
}

impl Query {
    pub(crate) fn request(&self) -> MetadataRequest {
        let topic = |name: &Arc<str>| MetadataRequestTopic {
            name: Some(name.to_string()),
            ..MetadataRequestTopic::default()
        };
        MetadataRequest {
            topics: Some(self.topics.iter().map(topic).collect()),
            allow_auto_topic_creation: self.create,
            ..MetadataRequest::default()
        }
    }
}

#[derive(Debug)]
struct Wanted {
    last_used: Instant,
    /// Whether somebody writes to it, so that a broker may make it (`auto.create.topics.enable`).
    create: bool,
}

/// When a refresh may leave: never while one is under way, not before the backoff ends.
#[derive(Debug)]
struct Schedule {
    due: Instant,
    not_before: Instant,
    in_flight: bool,
}

/// Decides what to ask the cluster and when, and keeps the answer.
#[derive(Debug)]
pub(crate) struct MetadataMachine {
    snapshot: Arc<ClusterMetadata>,
    wanted: BTreeMap<Arc<str>, Wanted>,
    schedule: Schedule,
    backoff: Backoff,
    max_age: Duration,
    max_idle: Duration,
}

impl MetadataMachine {
    /// A machine that knows nothing and whose first question is due at once.
    pub(crate) fn new(
        now: Instant,
        backoff: Backoff,
        max_age: Duration,
        max_idle: Duration,
    ) -> Self {
        Self {
            snapshot: Arc::default(),
            wanted: BTreeMap::new(),
            schedule: Schedule {
                due: now,
                not_before: now,
                in_flight: false,
            },
            backoff,
            max_age,
            max_idle,
        }
    }

    /// The present picture.
    pub(crate) fn snapshot(&self) -> &Arc<ClusterMetadata> {
        &self.snapshot
    }

    /// Says that a topic is in use; a topic not known yet makes the next question due.
    pub(crate) fn want(&mut self, now: Instant, topic: &Arc<str>, create: bool) {
        let known = self.snapshot.topics.contains_key(topic);
        let mut news = false;
        let wanted = self.wanted.entry(Arc::clone(topic)).or_insert_with(|| {
            news = true;
            Wanted {
                last_used: now,
                create,
            }
        });
        wanted.last_used = now;
        news |= create && !wanted.create;
        wanted.create |= create;
        if !known && news {
            self.refresh(now);
        }
    }

    /// Makes a question due as soon as the backoff allows.
    pub(crate) fn refresh(&mut self, now: Instant) {
        self.schedule.due = self.schedule.due.min(now.max(self.schedule.not_before));
    }

    /// When [`poll_query`](Self::poll_query) has something next; `None` while a query is under way.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        (!self.schedule.in_flight).then_some(self.schedule.due)
    }

    /// The question to ask now, if one is due. Its end must be reported back.
    pub(crate) fn poll_query(&mut self, now: Instant) -> Option<Query> {
        if self.schedule.in_flight || now < self.schedule.due {
            return None;
        }
        self.forget_idle(now);
        self.schedule.in_flight = true;
        // Only a topic that is not there yet may be created: asking so for a known one would bring
        // back a topic that somebody deletes on purpose.
        let missing = |topic: &Arc<str>| !self.snapshot.topics.contains_key(topic);
        let to_create: Vec<_> = self
            .wanted
            .iter()
            .filter(|(topic, wanted)| wanted.create && missing(topic))
            .map(|(topic, _)| Arc::clone(topic))
            .collect();
        let create = !to_create.is_empty();
        let topics = if create {
            to_create
        } else {
            self.wanted.keys().cloned().collect()
        };
        Some(Query { topics, create })
    }

    fn forget_idle(&mut self, now: Instant) {
        let snapshot = &self.snapshot;
        let max_idle = self.max_idle;
        self.wanted.retain(|topic, wanted| {
            let known = snapshot.topics.contains_key(topic);
            let limit = if known {
                max_idle
            } else {
                MISSING_TOPIC_IDLE.min(max_idle)
            };
            now.saturating_duration_since(wanted.last_used) < limit
        });
    }

    /// The question failed on every broker that was tried.
    pub(crate) fn handle_failure(&mut self, now: Instant) {
        self.schedule.in_flight = false;
        self.retry_after_backoff(now);
    }

    fn retry_after_backoff(&mut self, now: Instant) {
        self.schedule.not_before = self.backoff.failed(now);
        self.schedule.due = self.schedule.not_before;
    }

    /// Takes in the answer to `query`.
    pub(crate) fn handle_response(
        &mut self,
        now: Instant,
        query: &Query,
        response: MetadataResponse,
    ) {
        self.schedule.in_flight = false;
        self.schedule.due = now + self.max_age;
        let mut next = ClusterMetadata {
            topics: self.snapshot.topics.clone(),
            failed: self.snapshot.failed.clone(),
            ..ClusterMetadata::of(&response)
        };
        let wanted = &self.wanted;
        next.topics.retain(|topic, _| wanted.contains_key(topic));
        next.failed.retain(|topic, _| wanted.contains_key(topic));
        let mut unsettled = next.nodes.is_empty();
        let mut answered = BTreeSet::new();
        for topic in response.topics {
            answered.extend(topic.name.clone());
            unsettled |= merge_topic(&mut next, topic);
        }
        for topic in query
            .topics
            .iter()
            .filter(|topic| !answered.contains(&***topic))
        {
            // Asked for and not answered: no answer is not "no such topic".
            next.failed
                .insert(Arc::clone(topic), ErrorCode::LEADER_NOT_AVAILABLE);
            unsettled = true;
        }
        unsettled |= next.lacks_a_leader();
        self.snapshot = Arc::new(next);
        if unsettled {
            self.retry_after_backoff(now);
        } else {
            self.backoff.succeeded();
            self.schedule.not_before = now;
        }
        if self.wanted.keys().any(|topic| !self.answered(topic)) {
            self.refresh(now);
        }
    }

    /// Whether the cluster has said anything of the topic. It was asked for while a query without
    /// it was under way if not.
    fn answered(&self, topic: &Arc<str>) -> bool {
        self.snapshot.topics.contains_key(topic) || self.snapshot.failed.contains_key(topic)
    }

    /// A broker said in passing who leads a partition now (KIP-951). Returns whether it is news.
    pub(crate) fn handle_leader_hint(
        &mut self,
        topic: &str,
        partition: i32,
        leader: BrokerId,
        epoch: LeaderEpoch,
        node: Option<Node>,
    ) -> bool {
        let Some(known) = self.snapshot.topics.get(topic) else {
            return false;
        };
        let Some(current) = known.partition(partition) else {
            return false;
        };
        if current.leader_epoch >= epoch {
            return false;
        }
        let mut next = ClusterMetadata::clone(&self.snapshot);
        if let Some(node) = node {
            next.nodes.insert(node.id, node);
        }
        if !next.nodes.contains_key(&leader) {
            return false;
        }
        let mut changed = TopicMetadata::clone(known);
        for each in changed
            .partitions
            .iter_mut()
            .filter(|p| p.partition == partition)
        {
            each.leader = Some(leader);
            each.leader_epoch = epoch;
        }
        next.topics
            .insert(Arc::clone(&changed.name), Arc::new(changed));
        self.snapshot = Arc::new(next);
        true
    }
}

fn known_broker(id: i32) -> Option<BrokerId> {
    (id >= 0).then_some(BrokerId(id))
}

/// Puts one topic of an answer into the picture. Returns whether it must be asked for again soon.
fn merge_topic(next: &mut ClusterMetadata, topic: MetadataResponseTopic) -> bool {
    let Some(name) = topic.name.map(Arc::<str>::from) else {
        return false;
    };
    let before = next.topics.get(&name).map(Arc::clone);
    if let Some(code) = ErrorCode(topic.error_code).err() {
        // A restarting broker may not know a topic for a while: what is known stays until its
        // users give it up, and the code tells them.
        next.failed.insert(name, code);
        return code.is_retriable();
    }
    if topic.partitions.is_empty() {
        // No error and no partitions is no answer (a topic half created): ask again.
        next.failed.insert(name, ErrorCode::LEADER_NOT_AVAILABLE);
        return true;
    }
    next.failed.remove(&name);
    let id = TopicId(topic.topic_id);
    let same_topic = |before: &Arc<TopicMetadata>| before.id == id || id.is_zero();
    let before = before.filter(same_topic);
    let mut unsettled = false;
    let mut partitions: BTreeMap<i32, PartitionMetadata> = BTreeMap::new();
    for partition in topic.partitions {
        let known = before
            .as_ref()
            .and_then(|b| b.partition(partition.partition_index));
        let merged = merge_partition(known, partition);
        unsettled |= merged.leader.is_none();
        partitions.insert(merged.partition, merged);
    }
    for known in before.iter().flat_map(|before| &before.partitions) {
        // Partitions are never removed; a broker that omits one lags behind.
        if !partitions.contains_key(&known.partition) {
            unsettled = true;
            partitions.insert(known.partition, known.clone());
        }
    }
    let partitions = partitions.into_values().collect();
    let is_internal = topic.is_internal;
    let merged = TopicMetadata {
        name: Arc::clone(&name),
        id,
        is_internal,
        partitions,
    };
    next.topics.insert(name, Arc::new(merged));
    unsettled
}

fn merge_partition(
    known: Option<&PartitionMetadata>,
    answer: MetadataResponsePartition,
) -> PartitionMetadata {
    let epoch = LeaderEpoch(answer.leader_epoch);
    if let Some(known) = known {
        if epoch != LeaderEpoch::NONE && epoch < known.leader_epoch {
            return known.clone();
        }
    }
    let ids = |ids: Vec<i32>| ids.into_iter().map(BrokerId).collect();
    PartitionMetadata {
        partition: answer.partition_index,
        leader: known_broker(answer.leader_id),
        leader_epoch: epoch,
        replicas: ids(answer.replica_nodes),
        in_sync: ids(answer.isr_nodes),
        offline: ids(answer.offline_replicas),
    }
}
