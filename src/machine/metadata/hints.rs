//! What brokers say in passing of who leads a partition (KIP-951).

use std::sync::Arc;

use super::machine::MetadataMachine;
use super::picture::{ClusterMetadata, Node, TopicMetadata};
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};

/// Who leads a partition now, and where that broker is, if the answer says.
#[derive(Clone, Debug)]
pub(crate) struct LeaderHint {
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
    let known = topic.and_then(|topic| topic.partition(hint.partition.partition));
    let named = hint
        .node
        .as_ref()
        .is_some_and(|node| node.id == hint.leader);
    known.is_some_and(|known| known.leader_epoch < hint.epoch)
        && (named || picture.nodes.contains_key(&hint.leader))
}

fn follow(picture: &mut ClusterMetadata, hint: LeaderHint) {
    let Some(known) = picture.topics.get_mut(&hint.partition.topic) else {
        return;
    };
    let mut changed = TopicMetadata::clone(known);
    for each in &mut changed.partitions {
        if each.partition == hint.partition.partition {
            each.leader = Some(hint.leader);
            each.leader_epoch = hint.epoch;
        }
    }
    *known = Arc::new(changed);
    picture.nodes.extend(hint.node.map(|node| (node.id, node)));
}
