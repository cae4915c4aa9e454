//! What must hold of assignors, whoever wrote them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Assignment, Assignor, GroupMember, RebalanceProtocol};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::TopicPartition;

/// The protocol of a member with these assignors: the best that all of them support, since any of
/// them may be the one that the group agrees on (KIP-429).
///
/// # Errors
/// [`ErrorKind::Config`] when there is none, or none that all support, or two of one name.
pub fn rebalance_protocol(assignors: &[Box<dyn Assignor>]) -> Result<RebalanceProtocol> {
    let names: Vec<&str> = assignors.iter().map(|each| each.name()).collect();
    let error = |message: String| Error::new(ErrorKind::Config, message);
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(**name)) {
        return Err(error(format!(
            "there are two assignors of the name {twice}"
        )));
    }
    if names.is_empty() {
        return Err(error("a group needs an assignor".to_owned()));
    }
    [RebalanceProtocol::Cooperative, RebalanceProtocol::Eager]
        .into_iter()
        .find(|protocol| {
            let mut all = assignors.iter().map(|each| each.protocols());
            all.all(|supported| supported.contains(protocol))
        })
        .ok_or_else(|| {
            error(format!(
                "the assignors {} support no rebalance protocol in common",
                names.join(", ")
            ))
        })
}

/// Checks what an assignor made, as the leader does before it sends it.
///
/// Every member named is one of the group. With [`RebalanceProtocol::Cooperative`] nobody gets what
/// another member still owns: two would read it at the same time. (The same partition for several
/// members is allowed: an assignor may mean it.)
///
/// # Errors
/// [`ErrorKind::InvalidInput`] with the member or the partition.
pub fn check(
    protocol: RebalanceProtocol,
    members: &[GroupMember],
    result: &BTreeMap<Arc<str>, Assignment>,
) -> Result<()> {
    let ids: BTreeSet<&Arc<str>> = members.iter().map(|member| &member.id).collect();
    let error = |message: String| Err(Error::new(ErrorKind::InvalidInput, message));
    if let Some(stranger) = result.keys().find(|id| !ids.contains(id)) {
        return error(format!(
            "the assignor names {stranger:?}, which is no member of the group"
        ));
    }
    if protocol == RebalanceProtocol::Eager {
        return Ok(());
    }
    let mut losers: BTreeMap<&TopicPartition, &Arc<str>> = BTreeMap::new();
    let given = |id: &Arc<str>| -> BTreeSet<&TopicPartition> {
        let assignment = result.get(id);
        assignment.map_or_else(BTreeSet::new, |each| each.partitions.iter().collect())
    };
    for member in members {
        let kept = given(&member.id);
        let owned = member.subscription.owned.iter();
        losers.extend(
            owned
                .filter(|each| !kept.contains(each))
                .map(|each| (each, &member.id)),
        );
    }
    for member in members {
        let owned: BTreeSet<_> = member.subscription.owned.iter().collect();
        let mut added = given(&member.id).into_iter();
        if let Some((partition, loser)) = added.find_map(|each| {
            let loser = losers.get(each).filter(|_| !owned.contains(each))?;
            Some((each, *loser))
        }) {
            return error(format!(
                "the assignor gives {partition} to {} while {loser} still owns it: a cooperative \
                 assignor must leave it out until it is given up",
                member.id
            ));
        }
    }
    Ok(())
}
