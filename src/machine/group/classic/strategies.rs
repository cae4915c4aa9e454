//! What a member says of itself when it joins, and what its leader does with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Result;
use crate::ids::TopicPartition;
use crate::machine::group::{Partitions, Topology};

/// What one member of the group brought along, by assignor-independent facts.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    /// Its subscription, as bytes.
    pub(crate) metadata: Bytes,
}

/// The configured assignors, in the form that the protocol needs: bytes.
pub(crate) trait Strategies: fmt::Debug + Send {
    /// Whether all of them can move partitions one by one (KIP-429).
    fn is_cooperative(&self) -> bool;

    /// Name and subscription for each, the preferred one first.
    ///
    /// # Errors
    /// What cannot be put into the protocol's form.
    fn subscriptions(
        &self,
        topics: &BTreeSet<Arc<str>>,
        owned: &Partitions,
        generation: i32,
    ) -> Result<Vec<(String, Bytes)>>;

    /// The topics that any member wants.
    ///
    /// # Errors
    /// `Malformed` where a member's subscription cannot be read.
    fn topics(&self, members: &[Joined]) -> Result<BTreeSet<Arc<str>>>;

    /// Shares out the partitions.
    ///
    /// # Errors
    /// If there is no such assignor here, or a subscription cannot be read.
    fn assign(
        &mut self,
        assignor: &str,
        members: &[Joined],
        topology: &Topology,
    ) -> Result<BTreeMap<String, Bytes>>;

    /// Reads what this member got; no bytes stand for nothing.
    ///
    /// # Errors
    /// `Malformed` where it cannot be read.
    fn read(&mut self, assignor: &str, assignment: &Bytes, generation: i32) -> Result<Partitions>;
}

/// Takes from an assignment what another member still has: it may go to its new owner only once the
/// old one has given it up, one generation later (KIP-429).
///
/// `claims` are the partitions that members have, from the newest generation that claims each.
pub(crate) fn withhold(
    assignment: &mut BTreeMap<String, Partitions>,
    claims: &BTreeMap<TopicPartition, String>,
) {
    for (member, partitions) in assignment.iter_mut() {
        partitions.retain(|at| claims.get(at).is_none_or(|owner| owner == member));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_66_a_partition_goes_to_a_new_member_only_once_the_old_one_gave_it_up() {
        let at = |partition| TopicPartition::new("t", partition);
        let mut assignment = BTreeMap::from([
            ("a".to_owned(), BTreeSet::from([at(0)])),
            ("b".to_owned(), BTreeSet::from([at(1), at(2)])),
        ]);
        let claims = BTreeMap::from([(at(0), "a".to_owned()), (at(1), "a".to_owned())]);
        withhold(&mut assignment, &claims);
        assert_eq!(assignment["a"], BTreeSet::from([at(0)]));
        assert_eq!(
            assignment["b"],
            BTreeSet::from([at(2)]),
            "1 is still with a"
        );
    }
}
