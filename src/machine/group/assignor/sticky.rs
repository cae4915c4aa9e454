//! `sticky` (KIP-54): as balanced as can be, then as little moved as can be.
//!
//! Members give up everything before they join, so each says in its user data what it had and in
//! which generation (KIP-341). Releases before 2.3 do not say the generation; what nobody can read
//! counts as nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::balance::balance;
use super::layout::Layout;
use super::lots::{Lots, Previous};
use super::member::{by_topic, flat};
use super::polish::polish;
use super::{Assignment, Assignor, ClusterView, GroupMember};
use crate::error::Result;
use crate::ids::TopicPartition;
use crate::protocol::consumer_protocol_subscription::TopicPartition as Owned;
use crate::protocol::{EncodeError, Reader, Writer};

/// Balances all partitions and moves as few as that takes, as Java's `StickyAssignor` does.
///
/// First the loads are as even as the subscriptions allow, which may be more even than Java makes
/// them; then as many partitions as can be are read in their reader's rack (KIP-881); then as many
/// as can be stay where they were. All members stop while the group rebalances; with
/// [`CooperativeStickyAssignor`](super::CooperativeStickyAssignor) they do not.
#[derive(Clone, Debug, Default)]
pub struct StickyAssignor {
    had: Option<Previous>,
}

impl StickyAssignor {
    /// An assignor that was assigned nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Assignor for StickyAssignor {
    fn name(&self) -> &str {
        "sticky"
    }

    fn user_data(&self, _: &BTreeSet<Arc<str>>) -> Option<Bytes> {
        let (partitions, generation) = self.had.as_ref()?;
        // Names came in an assignment, whose strings are no longer than these may be.
        encode(partitions, *generation).ok()
    }

    fn assign(
        &self,
        cluster: &ClusterView,
        members: &[GroupMember],
    ) -> Result<BTreeMap<Arc<str>, Assignment>> {
        let had = |member: &GroupMember| {
            let bytes = member.subscription.user_data.clone();
            bytes.and_then(decode).unwrap_or((Vec::new(), -1))
        };
        Ok(stick(cluster, members, had).finish())
    }

    fn on_assignment(&mut self, assignment: &Assignment, generation: i32) {
        self.had = Some((assignment.partitions.clone(), generation));
    }
}

/// The best assignment, given what everybody had.
pub(super) fn stick<'a>(
    cluster: &'a ClusterView,
    members: &'a [GroupMember],
    previous: impl Fn(&GroupMember) -> Previous,
) -> Layout<'a> {
    let mut lots = Lots::new(cluster, members, previous);
    balance(&mut lots);
    polish(&mut lots);
    lots.finish()
}

/// What Java writes: partitions by topic, then the generation. (The order of topics means nothing:
/// Java's is that of a hash table.)
fn encode(partitions: &[TopicPartition], generation: i32) -> Result<Bytes, EncodeError> {
    let topics: Vec<Owned> = by_topic(partitions)
        .map(|(topic, partitions)| Owned { topic, partitions })
        .collect();
    let mut w = Writer::new();
    w.array("StickyAssignorUserData.previous_assignment", &topics, 0)?;
    w.i32(generation);
    Ok(w.into_chunks().into_bytes())
}

/// Reads what a member had; `None` if these bytes say something else.
pub(super) fn decode(bytes: Bytes) -> Option<Previous> {
    let mut r = Reader::new(bytes);
    let topics: Vec<Owned> = r
        .array("StickyAssignorUserData.previous_assignment", 0)
        .ok()?;
    // Releases before 2.3 end here.
    let generation = r.i32("StickyAssignorUserData.generation").unwrap_or(-1);
    let topics = topics.into_iter().map(|each| (each.topic, each.partitions));
    Some((flat(topics), generation))
}
