//! `roundrobin`: all partitions in order of topic and number, dealt out to the members in turn.
//! A member that is not subscribed to the topic at hand is passed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::layout::Layout;
use super::{Assignment, Assignor, ClusterView, GroupMember};
use crate::error::Result;

/// Deals all partitions out in turn, as Java's `RoundRobinAssignor` does.
///
/// Loads differ by at most one while all members are subscribed to the same topics. Racks are not
/// looked at, and a member that comes or goes moves most partitions.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct RoundRobinAssignor;

impl RoundRobinAssignor {
    /// An assignor; it has no state.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Assignor for RoundRobinAssignor {
    fn name(&self) -> &str {
        "roundrobin"
    }

    fn assign(
        &self,
        cluster: &ClusterView,
        members: &[GroupMember],
    ) -> Result<BTreeMap<Arc<str>, Assignment>> {
        let mut layout = Layout::new(cluster, members);
        // Whose turn it is: this member's, or that of the next who may have the topic.
        let mut turn = 0;
        for topic in 0..layout.topics.len() {
            let partitions = layout.topics[topic].partitions;
            for partition in partitions {
                let subscribers = &layout.topics[topic].subscribers;
                let at = subscribers.partition_point(|member| *member < turn);
                let Some(&member) = subscribers.get(at).or(subscribers.first()) else {
                    break;
                };
                layout.give(member, topic, partition.partition);
                turn = member + 1;
            }
        }
        Ok(layout.finish())
    }
}
