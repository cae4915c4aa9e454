//! How a group's leader spreads partitions over the members (`partition.assignment.strategy`).
//!
//! In the classic group protocol the members choose one assignor that all of them have; its name
//! goes with their subscriptions, and whichever member leads the group runs it. So that a group may
//! mix clients, the four built-in ones have the names, the bytes and the results of Java's:
//!
//! | name | type | idea |
//! |---|---|---|
//! | `range` | [`RangeAssignor`] | each topic cut into one range per member |
//! | `roundrobin` | [`RoundRobinAssignor`] | all partitions dealt out in turn |
//! | `sticky` | [`StickyAssignor`] | as balanced as can be, moving as little as can be |
//! | `cooperative-sticky` | [`CooperativeStickyAssignor`] | the same, and what stays is never stopped (KIP-429) |
//!
//! All but `roundrobin` prefer members in the rack of a replica (`client.rack`, KIP-881). They are
//! pure: the same group gives the same result on every machine.
//!
//! A group can have its own: implement [`Assignor`].
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//! use tidewire::TopicPartition;
//! use tidewire::assignor::{Assignment, Assignor, ClusterView, GroupMember, Subscription};
//!
//! /// All to the first member; the others stand by.
//! struct Failover;
//!
//! impl Assignor for Failover {
//!     fn name(&self) -> &str {
//!         "failover"
//!     }
//!
//!     fn assign(
//!         &self,
//!         cluster: &ClusterView,
//!         members: &[GroupMember],
//!     ) -> tidewire::Result<BTreeMap<Arc<str>, Assignment>> {
//!         let first = members.iter().min_by_key(|member| &member.id);
//!         let all = cluster.topics().flat_map(|(topic, partitions)| {
//!             partitions.iter().map(|p| TopicPartition::new(topic.clone(), p.partition))
//!         });
//!         Ok(first.map(|m| (m.id.clone(), Assignment::of(all))).into_iter().collect())
//!     }
//! }
//!
//! let cluster = ClusterView::new().topic("orders", 3);
//! let members = ["a", "b"].map(|id| GroupMember::new(id, Subscription::to(["orders"])));
//! let result = Failover.assign(&cluster, &members)?;
//! assert_eq!(result["a"].partitions.len(), 3);
//! # Ok::<(), tidewire::Error>(())
//! ```

mod balance;
mod check;
mod claim;
mod cooperative;
mod layout;
mod lots;
mod member;
#[cfg(test)]
mod model;
mod polish;
mod range;
mod round_robin;
mod sticky;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::config::AssignorKind;
use crate::error::Result;

pub use check::{check, rebalance_protocol};
pub use cooperative::CooperativeStickyAssignor;
pub use member::{Assignment, GroupMember, Subscription};
pub use range::RangeAssignor;
pub use round_robin::RoundRobinAssignor;
pub use sticky::StickyAssignor;
pub use view::{ClusterView, PartitionView};

/// What members do with their partitions while the group rebalances (KIP-429).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RebalanceProtocol {
    /// They give up all before they join; nobody reads until everybody has joined.
    Eager,
    /// They keep all while they join. What must move is given up first and handed out by a second
    /// rebalance, which follows at once.
    Cooperative,
}

/// Spreads the partitions of a group over its members.
///
/// One value belongs to one consumer and lives as long: [`user_data`](Self::user_data) is called
/// before each join, [`on_assignment`](Self::on_assignment) after each, and
/// [`assign`](Self::assign) in between on the member that leads the group. None of them may block:
/// they run where heartbeats are sent from.
pub trait Assignor: Send + Sync + 'static {
    /// The name by which the members of a group find an assignor that all of them have.
    fn name(&self) -> &str;

    /// What the result is fit for. An assignor that says [`RebalanceProtocol::Cooperative`] must
    /// give no partition to one member that another still [owns](Subscription::owned), see
    /// [`check()`]. The default is [`RebalanceProtocol::Eager`] alone.
    fn protocols(&self) -> &[RebalanceProtocol] {
        &[RebalanceProtocol::Eager]
    }

    /// What to tell the leader beside the subscription; by default nothing.
    fn user_data(&self, topics: &BTreeSet<Arc<str>>) -> Option<Bytes> {
        let _ = topics;
        None
    }

    /// Says by member id who gets what; a member left out gets nothing. `cluster` holds every topic
    /// of any member that exists and that the leader may see.
    ///
    /// # Errors
    /// Whatever keeps it from an answer. The leader then leaves the group, and the error comes out
    /// of its consumer.
    fn assign(
        &self,
        cluster: &ClusterView,
        members: &[GroupMember],
    ) -> Result<BTreeMap<Arc<str>, Assignment>>;

    /// What this member got, and the generation in which it got it. By default it forgets both.
    fn on_assignment(&mut self, assignment: &Assignment, generation: i32) {
        let _ = (assignment, generation);
    }
}

/// A built-in assignor, as it is before its consumer has ever joined.
#[must_use]
pub fn built_in(kind: AssignorKind) -> Box<dyn Assignor> {
    match kind {
        AssignorKind::Range => Box::new(RangeAssignor::new()),
        AssignorKind::RoundRobin => Box::new(RoundRobinAssignor::new()),
        AssignorKind::Sticky => Box::new(StickyAssignor::new()),
        AssignorKind::CooperativeSticky => Box::new(CooperativeStickyAssignor::new()),
    }
}
