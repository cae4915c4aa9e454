//! Who owns which partition of a group, as its coordinator sees it, and every change of that.
//!
//! For judges: no partition may have two owners at once, and what a member did with a partition
//! must lie between the change that gave it and the one that took it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use super::classic::{Classic, Phase};
use super::modern::{Member, Modern};
use crate::ids::TopicPartition;
use crate::protocol::consumer_protocol_assignment::ConsumerProtocolAssignment;
use crate::protocol::{Decode, Reader};

/// Changes the log keeps; the oldest go first.
const LOG_MAX: usize = 100_000;

/// What one member got or lost.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OwnershipChange {
    /// When, by the runtime's clock (tokio's, so virtual where time is paused).
    pub at: Instant,
    /// Whose partitions.
    pub member_id: String,
    /// The generation or group epoch since which it is so.
    pub generation: i32,
    /// What it owns now and did not before.
    pub gained: Vec<TopicPartition>,
    /// What it owned before and does not now.
    pub lost: Vec<TopicPartition>,
}

/// What each member owns.
pub(crate) type Owned = BTreeMap<String, BTreeSet<TopicPartition>>;

/// The present owners and the log of changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    now: Owned,
    log: VecDeque<OwnershipChange>,
}

impl Owners {
    pub(super) fn note(&mut self, at: Instant, generation: i32, owned: Owned) {
        if owned == self.now {
            return;
        }
        let none = BTreeSet::new();
        let members: BTreeSet<&String> = self.now.keys().chain(owned.keys()).collect();
        let mut changes = Vec::new();
        for member in members {
            let old = self.now.get(member).unwrap_or(&none);
            let new = owned.get(member).unwrap_or(&none);
            if old != new {
                changes.push(OwnershipChange {
                    at,
                    member_id: member.clone(),
                    generation,
                    gained: new.difference(old).cloned().collect(),
                    lost: old.difference(new).cloned().collect(),
                });
            }
        }
        // What was lost first, so that the log never shows two owners.
        changes.sort_by_key(|change| change.lost.is_empty());
        self.log.extend(changes);
        let over = self.log.len().saturating_sub(LOG_MAX);
        self.log.drain(..over);
        self.now = owned;
    }

    pub(crate) fn now(&self) -> &Owned {
        &self.now
    }

    pub(crate) fn log(&self) -> impl Iterator<Item = &OwnershipChange> {
        self.log.iter()
    }
}

/// What the members of a classic group own: what the leader assigned them, until the next
/// assignment or until they are gone. Empty for groups that are not of consumers.
pub(super) fn of_classic(group: &Classic) -> Owned {
    if !group.is_of_consumers() || group.phase == Phase::Empty {
        return Owned::new();
    }
    let members = group.members.iter();
    members
        .map(|member| (member.id.clone(), partitions_in(&member.assignment)))
        .filter(|(_, partitions)| !partitions.is_empty())
        .collect()
}

/// What the members of a group of the new protocol own: also what they were told to give up and
/// have not given up yet.
pub(super) fn of_modern(group: &Modern) -> Owned {
    let named = |(topic, partition): &(crate::ids::Uuid, i32)| {
        let name = group.name_of(*topic)?;
        Some(TopicPartition::new(name, *partition))
    };
    let all = |member: &Member| member.holds().filter_map(named).collect::<BTreeSet<_>>();
    let members = group.members.values();
    members
        .map(|member| (member.id.clone(), all(member)))
        .filter(|(_, partitions)| !partitions.is_empty())
        .collect()
}

/// The partitions in a consumer's assignment; none, if it is not one.
fn partitions_in(assignment: &bytes::Bytes) -> BTreeSet<TopicPartition> {
    const OLDEST: i16 = 0;
    let Some(rest) = assignment.get(size_of::<i16>()..) else {
        return BTreeSet::new();
    };
    let mut reader = Reader::new(assignment.slice_ref(rest));
    let decoded = ConsumerProtocolAssignment::decode(&mut reader, OLDEST);
    let topics = decoded.map(|found| found.assigned_partitions);
    let mut partitions = BTreeSet::new();
    for topic in topics.unwrap_or_default() {
        let named = TopicPartition::new(topic.topic.as_str(), 0);
        let each = topic.partitions.into_iter();
        partitions.extend(each.map(|partition| TopicPartition {
            partition,
            ..named.clone()
        }));
    }
    partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_lost_before_it_is_gained() {
        let set = |indices: &[i32]| -> BTreeSet<TopicPartition> {
            let each = indices.iter().map(|index| TopicPartition::new("t", *index));
            each.collect()
        };
        let owned = |all: &[(&str, &[i32])]| -> Owned {
            let each = all.iter();
            each.map(|(member, indices)| ((*member).to_owned(), set(indices)))
                .collect()
        };
        let now = Instant::now();
        let mut owners = Owners::default();
        owners.note(now, 1, owned(&[("b", &[0, 1])]));
        owners.note(now, 1, owned(&[("b", &[0, 1])]));
        owners.note(now, 2, owned(&[("a", &[0]), ("b", &[1])]));
        let told: Vec<_> = owners
            .log()
            .map(|c| (c.member_id.as_str(), c.generation, &*c.gained, &*c.lost))
            .collect();
        let (zero, one) = (TopicPartition::new("t", 0), TopicPartition::new("t", 1));
        let both = [zero.clone(), one];
        let none: &[TopicPartition] = &[];
        let zero = std::slice::from_ref(&zero);
        assert_eq!(
            told,
            [
                ("b", 1, &both[..], none),
                ("b", 2, none, zero),
                ("a", 2, zero, none)
            ]
        );
    }

    #[test]
    fn an_assignment_that_is_none_owns_nothing() {
        for bytes in [
            &b""[..],
            b"\0",
            b"\0\0",
            b"\0\0\xff\xff\xff\xff",
            b"something else",
        ] {
            assert!(partitions_in(&bytes::Bytes::from_static(bytes)).is_empty());
        }
        let one = b"\0\x01\0\0\0\x01\0\x01t\0\0\0\x01\0\0\0\x07\xff\xff\xff\xff";
        let found = partitions_in(&bytes::Bytes::from_static(one));
        assert_eq!(found, BTreeSet::from([TopicPartition::new("t", 7)]));
    }
}
