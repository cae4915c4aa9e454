//! What brokers say in passing of who leads a partition (KIP-951).

use std::sync::Arc;

use super::machine::MetadataMachine;
use super::picture::{ClusterMetadata, Node};
use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition};

/// Who leads a partition now, and where that broker is, if the answer says.
#[derive(Clone, Debug)]
pub(crate) struct LeaderHint {
    /// The topic's id as the question had it; zero where it is not known.
    pub(crate) topic_id: TopicId,
    pub(crate) partition: TopicPartition,
    pub(crate) leader: BrokerId,
    pub(crate) epoch: LeaderEpoch,
    pub(crate) node: Option<Node>,
}

impl MetadataMachine {
    /// Takes in the hints of one answer, however many, in one new picture. Returns whether any of
    /// them is news.
    pub(crate) fn handle_leader_hints(
        &mut self,
        hints: impl IntoIterator<Item = LeaderHint>,
    ) -> bool {
        let mut next = None;
        for hint in hints {
            if is_news(next.as_ref().unwrap_or(&self.snapshot), &hint) {
                let copy = || ClusterMetadata::clone(&self.snapshot);
                follow(next.get_or_insert_with(copy), hint);
            }
        }
        let is_news = next.is_some();
        if let Some(next) = next {
            self.snapshot = Arc::new(next);
        }
        is_news
    }
}

fn is_news(picture: &ClusterMetadata, hint: &LeaderHint) -> bool {
    let topic = picture.topics.get(&hint.partition.topic);
    // A broker that lags behind may speak of a topic that was deleted since and made anew, whose
    // epochs say nothing of this one's: with one of them no true answer would be believed again.
    let is_it = |id: TopicId| id == hint.topic_id || id.is_zero() || hint.topic_id.is_zero();
    let topic = topic.filter(|topic| is_it(topic.id));
    let known = topic.and_then(|topic| topic.partition(hint.partition.partition));
    let named = hint
        .node
        .as_ref()
        .is_some_and(|node| node.id == hint.leader);
    known.is_some_and(|known| known.leader_epoch < hint.epoch)
        && (named || picture.nodes.contains_key(&hint.leader))
}

fn follow(picture: &mut ClusterMetadata, hint: LeaderHint) {
    let topic = picture.topics.get_mut(&hint.partition.topic);
    // The topic is shared with the picture before; its first hint copies it.
    let topic = topic.map(Arc::make_mut);
    if let Some(known) = topic.and_then(|it| it.partition_mut(hint.partition.partition)) {
        known.leader = Some(hint.leader);
        known.leader_epoch = hint.epoch;
    }
    picture.nodes.extend(hint.node.map(|node| (node.id, node)));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::machine::metadata::{PartitionMetadata, TopicMetadata};

    #[test]
    fn many_hints_for_one_topic_copy_it_once_and_leave_the_old_picture_alone() {
        let partition = |partition| PartitionMetadata {
            partition,
            leader: Some(BrokerId(1)),
            leader_epoch: LeaderEpoch(5),
            replicas: Vec::new(),
            in_sync: Vec::new(),
            offline: Vec::new(),
        };
        let topic = Arc::new(TopicMetadata {
            name: Arc::from("a"),
            id: TopicId::ZERO,
            is_internal: false,
            partitions: (0..100).map(partition).collect(),
        });
        let before = ClusterMetadata {
            topics: BTreeMap::from([(Arc::clone(&topic.name), topic)]),
            ..ClusterMetadata::default()
        };
        let mut next = before.clone();
        let mut copies = Vec::new();
        for partition in 0..100 {
            let hint = LeaderHint {
                topic_id: TopicId::ZERO,
                partition: TopicPartition::new("a", partition),
                leader: BrokerId(2),
                epoch: LeaderEpoch(6),
                node: None,
            };
            follow(&mut next, hint);
            copies.push(Arc::as_ptr(&next.topics["a"]));
        }
        copies.dedup();
        assert_eq!(copies.len(), 1, "one copy, made by the first");
        let led = |picture: &ClusterMetadata, by| {
            let topic = picture.topic("a").unwrap();
            topic.partitions.iter().all(|each| each.leader == Some(by))
        };
        assert!(led(&next, BrokerId(2)) && led(&before, BrokerId(1)));
    }
}
