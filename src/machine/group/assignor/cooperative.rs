//! `cooperative-sticky` (KIP-429): sticky, and what stays is never stopped.
//!
//! Members join with their partitions and go on reading. The leader computes the sticky assignment
//! and leaves out of it what another member still has: that one gives it up when it sees its new
//! assignment and joins again at once, and the second rebalance hands it out. A rebalance that
//! moves nothing stops nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::claim::Claim;
use super::lots::Previous;
use super::sticky::{self, stick};
use super::{Assignment, Assignor, ClusterView, GroupMember, RebalanceProtocol};
use crate::error::Result;
use crate::ids::TopicPartition;

/// Assigns as [`StickyAssignor`](super::StickyAssignor) does, in two steps where partitions move,
/// as Java's `CooperativeStickyAssignor` does.
///
/// A group changes to it from an eager assignor in two rolling restarts: first with both in
/// `partition.assignment.strategy`, then with this one alone.
#[derive(Clone, Copy, Debug)]
pub struct CooperativeStickyAssignor {
    generation: i32,
}

impl CooperativeStickyAssignor {
    /// An assignor that was assigned nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { generation: -1 }
    }
}

impl Default for CooperativeStickyAssignor {
    fn default() -> Self {
        Self::new()
    }
}

impl Assignor for CooperativeStickyAssignor {
    fn name(&self) -> &str {
        "cooperative-sticky"
    }

    fn protocols(&self) -> &[RebalanceProtocol] {
        &[RebalanceProtocol::Cooperative, RebalanceProtocol::Eager]
    }

    /// The generation, for leaders before Java 3.4: since then subscriptions themselves say it.
    fn user_data(&self, _: &BTreeSet<Arc<str>>) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(&self.generation.to_be_bytes()))
    }

    fn assign(
        &self,
        cluster: &ClusterView,
        members: &[GroupMember],
    ) -> Result<BTreeMap<Arc<str>, Assignment>> {
        let had = |member: &GroupMember| -> Previous {
            (member.subscription.owned.clone(), generation(member))
        };
        let mut result = stick(cluster, members, had).finish();
        withhold(&mut result, members);
        Ok(result)
    }

    fn on_assignment(&mut self, _: &Assignment, generation: i32) {
        self.generation = generation;
    }
}

/// The generation in which a member got what it owns: from its subscription, or else from its user
/// data in Java's form, or in that of librdkafka, which writes what Java's `sticky` writes.
fn generation(member: &GroupMember) -> i32 {
    let subscription = &member.subscription;
    let told = || {
        let bytes = subscription.user_data.clone()?;
        match <[u8; 4]>::try_from(&*bytes) {
            Ok(number) => Some(i32::from_be_bytes(number)),
            Err(_) => sticky::decode(bytes).map(|(_, generation)| generation),
        }
    };
    subscription.generation.or_else(told).unwrap_or(-1)
}

/// Takes out what somebody else still has.
fn withhold(result: &mut BTreeMap<Arc<str>, Assignment>, members: &[GroupMember]) {
    let mut claims: BTreeMap<&TopicPartition, Claim<&Arc<str>>> = BTreeMap::new();
    for member in members {
        let generation = generation(member);
        for partition in &member.subscription.owned {
            claims
                .entry(partition)
                .and_modify(|claim| claim.add(generation, &member.id))
                .or_insert_with(|| Claim::new(generation, &member.id));
        }
    }
    for (member, assignment) in result {
        assignment.partitions.retain(|partition| {
            let claim = claims.get(partition);
            claim.is_none_or(|claim| claim.owner() == Some(&member))
        });
    }
}
