//! What a checker reads of groups: members, owners, committed offsets, and how they changed.

use std::collections::BTreeMap;
use std::time::Instant;

use super::cluster::MockCluster;
use super::groups::classic::{self, Classic};
use super::groups::modern::{self, Modern};
use super::groups::offsets::{CommitSeen, CommittedOffset};
use super::groups::owners::OwnershipChange;
use super::groups::{Group, Kind};
use crate::ids::TopicPartition;

/// A group as its coordinator knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupState {
    /// Where it stands, as Kafka calls it: `Empty`, `PreparingRebalance`, `CompletingRebalance`,
    /// `Stable`; of the new protocol also `Assigning` and `Reconciling`.
    pub state: String,
    /// Whether it speaks the classic protocol, not that of KIP-848.
    pub is_classic: bool,
    /// Its generation or group epoch.
    pub generation: i32,
    /// What kind of group it is, as `consumer`; `None` before the first member.
    pub protocol_type: Option<String>,
    /// The protocol or the assignor chosen, as `range`.
    pub protocol: Option<String>,
    /// The member that assigns, in the classic protocol.
    pub leader: Option<String>,
    /// Its members: of a classic group in the order in which they joined, else by id.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupMember {
    /// Its id.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub instance_id: Option<String>,
    /// What its client calls itself.
    pub client_id: String,
    /// How far it is: the group's generation, or its own member epoch.
    pub epoch: i32,
    /// The partitions it owns, as the coordinator sees it.
    pub owned: Vec<TopicPartition>,
}

impl MockCluster {
    /// The ids of all groups.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let ids = |group: (&String, &Group)| group.0.clone();
        self.shared
            .with(|state| state.groups.all().map(ids).collect())
    }

    /// A group as it is now.
    #[must_use]
    pub fn group(&self, id: &str) -> Option<GroupState> {
        self.of_group(id, view)
    }

    /// What a group committed.
    #[must_use]
    pub fn committed(&self, group: &str) -> BTreeMap<TopicPartition, CommittedOffset> {
        self.of_group(group, |group| group.offsets.all().clone())
            .unwrap_or_default()
    }

    /// The last 100,000 commits of a group, the oldest first.
    #[must_use]
    pub fn commits(&self, group: &str) -> Vec<CommitSeen> {
        self.of_group(group, |group| group.offsets.history().cloned().collect())
            .unwrap_or_default()
    }

    /// The last 100,000 changes of who owns what in a group, the oldest first. What was lost comes
    /// before what was gained at the same time.
    #[must_use]
    pub fn ownership_changes(&self, group: &str) -> Vec<OwnershipChange> {
        self.of_group(group, |group| group.owners.log().cloned().collect())
            .unwrap_or_default()
    }

    fn of_group<T>(&self, id: &str, read: impl FnOnce(&Group) -> T) -> Option<T> {
        let now: Instant = tokio::time::Instant::now().into_std();
        self.shared.with(|state| {
            state.groups.tick(now);
            state.groups.get(id).map(read)
        })
    }
}

fn view(group: &Group) -> GroupState {
    let owned = |id: &str| {
        let owned = group.owners.now().get(id);
        owned.map_or_else(Vec::new, |all| all.iter().cloned().collect())
    };
    match &group.kind {
        Kind::Classic(classic) => view_classic(classic, owned),
        Kind::Modern(modern) => view_modern(modern, owned),
    }
}

fn view_classic(group: &Classic, owned: impl Fn(&str) -> Vec<TopicPartition>) -> GroupState {
    let member = |member: &classic::Member| GroupMember {
        member_id: member.id.clone(),
        instance_id: member.instance.clone(),
        client_id: member.client_id.clone(),
        epoch: group.generation,
        owned: owned(&member.id),
    };
    GroupState {
        state: group.phase.name().to_owned(),
        is_classic: true,
        generation: group.generation,
        protocol_type: group.protocol_type.clone(),
        protocol: group.protocol.clone(),
        leader: group.leader.clone(),
        members: group.members.iter().map(member).collect(),
    }
}

fn view_modern(group: &Modern, owned: impl Fn(&str) -> Vec<TopicPartition>) -> GroupState {
    let member = |member: &modern::Member| GroupMember {
        member_id: member.id.clone(),
        instance_id: member.instance.clone(),
        client_id: member.client_id.clone(),
        epoch: member.epoch,
        owned: owned(&member.id),
    };
    GroupState {
        state: group.state().to_owned(),
        is_classic: false,
        generation: group.epoch,
        protocol_type: Some("consumer".to_owned()),
        protocol: Some(group.assignor().name().to_owned()),
        leader: None,
        members: group.members.values().map(member).collect(),
    }
}
