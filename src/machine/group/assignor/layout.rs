//! A group with numbers for names: members in Java's order, topics by name, who may have what.
//!
//! Only topics count that exist and that somebody subscribed to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Assignment, ClusterView, GroupMember, PartitionView};
use crate::ids::TopicPartition;

/// A topic of the group.
pub(super) struct Topic<'a> {
    pub(super) name: Arc<str>,
    pub(super) partitions: &'a [PartitionView],
    /// The members that may have it, in order.
    pub(super) subscribers: Vec<usize>,
}

/// A group, ready to be assigned to.
pub(super) struct Layout<'a> {
    pub(super) members: Vec<&'a GroupMember>,
    pub(super) topics: Vec<Topic<'a>>,
    given: Vec<Vec<TopicPartition>>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(cluster: &'a ClusterView, members: &'a [GroupMember]) -> Self {
        let mut members: Vec<&GroupMember> = members.iter().collect();
        members.sort_by(|a, b| a.order(b));
        let mut topics: Vec<Topic<'a>> = cluster
            .topics()
            .map(|(name, partitions)| Topic {
                name: name.clone(),
                partitions,
                subscribers: Vec::new(),
            })
            .collect();
        for (at, member) in members.iter().enumerate() {
            // Most members name their topics in order, so that the one sought is not far ahead.
            let mut next = 0;
            for topic in &member.subscription.topics {
                let ahead = topics.iter().skip(next).take(4);
                match ahead.into_iter().position(|each| each.name == *topic) {
                    Some(steps) => next += steps,
                    None => match topics.binary_search_by(|each| each.name.cmp(topic)) {
                        Ok(place) => next = place,
                        Err(_) => continue,
                    },
                }
                // A peer may name a topic twice.
                if topics[next].subscribers.last() != Some(&at) {
                    topics[next].subscribers.push(at);
                }
                next += 1;
            }
        }
        topics.retain(|topic| !topic.subscribers.is_empty() && !topic.partitions.is_empty());
        Self {
            given: vec![Vec::new(); members.len()],
            members,
            topics,
        }
    }

    /// The rack that a member reads from, if it says one.
    pub(super) fn rack(&self, member: usize) -> Option<&'a str> {
        let rack = self.members[member].subscription.rack.as_deref();
        rack.filter(|rack| !rack.is_empty())
    }

    /// Whether racks make a difference (KIP-881): some replica is in a member's rack, and not all
    /// partitions are in the same racks.
    pub(super) fn racks_matter(&self, topics: &[usize]) -> bool {
        let members = topics.iter().flat_map(|t| &self.topics[*t].subscribers);
        let ours: BTreeSet<&str> = members.filter_map(|m| self.rack(*m)).collect();
        if ours.is_empty() {
            return false;
        }
        let partitions = || topics.iter().flat_map(|t| self.topics[*t].partitions);
        let all: BTreeSet<&Arc<str>> = partitions().flat_map(|each| &each.racks).collect();
        all.iter().any(|rack| ours.contains(&***rack))
            && partitions().any(|each| each.racks.len() != all.len())
    }

    /// Whether a member reads this partition in its own rack; one without a rack is at home in all.
    pub(super) fn in_rack(&self, member: usize, partition: &PartitionView) -> bool {
        self.rack(member)
            .is_none_or(|rack| partition.racks.contains(rack))
    }

    pub(super) fn give(&mut self, member: usize, topic: usize, partition: i32) {
        self.given[member].push(TopicPartition {
            topic: self.topics[topic].name.clone(),
            partition,
        });
    }

    /// What was given, by topic and number.
    pub(super) fn finish(self) -> BTreeMap<Arc<str>, Assignment> {
        let result = self.members.iter().zip(self.given);
        let each = |(member, mut partitions): (&&GroupMember, Vec<TopicPartition>)| {
            partitions.sort_unstable();
            (member.id.clone(), Assignment::of(partitions))
        };
        result.map(each).collect()
    }
}
