//! Puts an answer into the picture: what is newer wins, and what an answer leaves out stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::picture::{ClusterMetadata, PartitionMetadata, TopicMetadata};
use crate::error::ErrorCode;
use crate::ids::{BrokerId, LeaderEpoch, TopicId};
use crate::protocol::metadata::{
    MetadataResponse, MetadataResponsePartition, MetadataResponseTopic,
};

/// What was asked about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scope {
    /// A few topics among many: of the others there is nothing to look up, they are only copied.
    Some,
    /// Everything that is in use, or what of it is missing.
    All,
}

/// The picture after an answer.
pub(super) struct Merged {
    pub(super) picture: ClusterMetadata,
    /// Whether something is missing that may be there soon, so that the question must be repeated.
    pub(super) unsettled: bool,
}

/// Merges the answer to a question about `asked`; topics that are not `wanted` are dropped.
pub(super) fn merge(
    before: &ClusterMetadata,
    (asked, scope): (&[Arc<str>], Scope),
    wanted: impl Fn(&str) -> bool,
    response: MetadataResponse,
) -> Merged {
    let mut next = ClusterMetadata {
        topics: before.topics.clone(),
        failed: before.failed.clone(),
        ..ClusterMetadata::of(&response)
    };
    if scope == Scope::All {
        next.topics.retain(|topic, _| wanted(topic));
        next.failed.retain(|topic, _| wanted(topic));
    }
    let (mut unsettled, mut answered) = (false, BTreeSet::new());
    for topic in response.topics {
        if let Some(name) = topic.name.as_deref().filter(|name| wanted(name)) {
            let name = Arc::<str>::from(name);
            unsettled |= merge_topic(&mut next, &name, topic);
            answered.insert(name);
        }
    }
    for topic in asked.iter().filter(|topic| !answered.contains(*topic)) {
        // Asked for and not answered: no answer is not "no such topic".
        let code = ErrorCode::LEADER_NOT_AVAILABLE;
        next.failed.insert(Arc::clone(topic), code);
        unsettled = true;
    }
    let same_brokers = next.nodes.keys().eq(before.nodes.keys());
    unsettled |= if scope == Scope::Some && same_brokers {
        // What lacked a leader before is asked about in its turn.
        answered.iter().any(|topic| next.lacks_a_leader_of(topic))
    } else {
        next.lacks_a_leader()
    };
    Merged {
        picture: next,
        unsettled,
    }
}

/// Puts one topic of an answer into the picture. Returns whether it must be asked for again soon.
fn merge_topic(next: &mut ClusterMetadata, name: &Arc<str>, topic: MetadataResponseTopic) -> bool {
    if let Some(code) = ErrorCode(topic.error_code).err() {
        // A restarting broker may not know a topic for a while: what is known stays until its
        // users give it up, and the code tells them.
        next.failed.insert(Arc::clone(name), code);
        return code.is_retriable();
    }
    if topic.partitions.is_empty() {
        // No error and no partitions is no answer (a topic half created): ask again.
        let code = ErrorCode::LEADER_NOT_AVAILABLE;
        next.failed.insert(Arc::clone(name), code);
        return true;
    }
    next.failed.remove(name);
    let mut id = TopicId(topic.topic_id);
    let before = next.topics.get(name).map(Arc::clone);
    // Brokers before 2.8 give no id; in the middle of an upgrade some do and some do not.
    let before = before.filter(|before| before.id == id || before.id.is_zero() || id.is_zero());
    if let Some(before) = before.as_ref().filter(|_| id.is_zero()) {
        id = before.id;
    }
    let known = |partition: i32| before.as_ref().and_then(|b| b.partition(partition));
    let mut unsettled = false;
    let mut partitions: BTreeMap<i32, PartitionMetadata> = BTreeMap::new();
    for answer in topic.partitions {
        let merged = merge_partition(known(answer.partition_index), answer);
        unsettled |= merged.leader.is_none();
        partitions.insert(merged.partition, merged);
    }
    for known in before.iter().flat_map(|before| &before.partitions) {
        // Partitions are never removed; a broker that omits one lags behind.
        partitions.entry(known.partition).or_insert_with(|| {
            unsettled = true;
            known.clone()
        });
    }
    let merged = TopicMetadata {
        name: Arc::clone(name),
        id,
        is_internal: topic.is_internal,
        partitions: partitions.into_values().collect(),
    };
    // The same picture stays the same object, so that nobody takes it for news.
    let shown = next.topics.get(name).filter(|before| ***before == merged);
    let shown = shown.map_or_else(|| Arc::new(merged), Arc::clone);
    next.topics.insert(Arc::clone(&shown.name), shown);
    unsettled
}

/// A partition as the answer has it, unless what is known is newer.
pub(super) fn merge_partition(
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

/// A broker's id as it stands on the wire, where -1 is none.
pub(super) fn known_broker(id: i32) -> Option<BrokerId> {
    (id >= 0).then_some(BrokerId(id))
}
