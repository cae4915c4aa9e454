//! `range`: the partitions of each topic in order, cut into one range per member; the first members
//! get one more where it does not divide.
//!
//! With racks (KIP-881) each member first gets those of its share that have a replica in its rack.
//! Topics with the same members and the same number of partitions are kept alike, so that a member
//! has the same numbers of all of them and can join their records: there a partition number goes to
//! a member whose rack has a replica of it in every topic. What is left is cut into ranges.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::layout::Layout;
use super::{Assignment, Assignor, ClusterView, GroupMember};
use crate::error::Result;

/// Cuts each topic into one range per member, as Java's `RangeAssignor` does.
///
/// Members that are subscribed to topics with equally many partitions get the same numbers of each.
/// With many small topics the first members get more than the others.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct RangeAssignor;

impl RangeAssignor {
    /// An assignor; it has no state.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Assignor for RangeAssignor {
    fn name(&self) -> &str {
        "range"
    }

    fn assign(
        &self,
        cluster: &ClusterView,
        members: &[GroupMember],
    ) -> Result<BTreeMap<Arc<str>, Assignment>> {
        let mut layout = Layout::new(cluster, members);
        let mut shares: Vec<Shares> = (0..layout.topics.len())
            .map(|topic| Shares::new(&layout, topic))
            .collect();
        if shares.iter().any(|topic| topic.racks_matter) {
            by_rack(&layout, &mut shares);
        }
        for each in &mut shares {
            each.give_ranges(|_, _| true);
        }
        for (topic, each) in shares.into_iter().enumerate() {
            let partitions = layout.topics[topic].partitions;
            for (at, owner) in each.owner.into_iter().enumerate() {
                if let Some(member) = owner {
                    layout.give(member, topic, partitions[at].partition);
                }
            }
        }
        Ok(layout.finish())
    }
}

/// How a topic is being cut up.
struct Shares {
    racks_matter: bool,
    /// Who has each partition.
    owner: Vec<Option<usize>>,
    members: Vec<usize>,
    /// How many each member of `members` has.
    counts: Vec<usize>,
    /// What everybody gets.
    least: usize,
    /// How many members may still get one more.
    extra: usize,
}

impl Shares {
    fn new(layout: &Layout<'_>, topic: usize) -> Self {
        let members = layout.topics[topic].subscribers.clone();
        let partitions = layout.topics[topic].partitions.len();
        // A topic is there because somebody subscribed to it.
        let divisor = members.len().max(1);
        Self {
            racks_matter: layout.racks_matter(&[topic]),
            owner: vec![None; partitions],
            counts: vec![0; members.len()],
            least: partitions / divisor,
            extra: partitions % divisor,
            members,
        }
    }

    /// How many more a member may have, who stands at this place of the list.
    fn room(&self, place: usize) -> usize {
        (self.least + usize::from(self.extra > 0)).saturating_sub(self.counts[place])
    }

    fn give(&mut self, place: usize, partition: usize) {
        self.owner[partition] = Some(self.members[place]);
        self.counts[place] += 1;
        if self.counts[place] > self.least {
            self.extra -= 1;
        }
    }

    /// Fills up each member in turn with the first partitions that it may have.
    fn give_ranges(&mut self, may_have: impl Fn(usize, usize) -> bool) {
        for place in 0..self.members.len() {
            let mut room = self.room(place);
            for partition in 0..self.owner.len() {
                if room == 0 {
                    break;
                }
                if self.owner[partition].is_none() && may_have(self.members[place], partition) {
                    self.give(place, partition);
                    room -= 1;
                }
            }
        }
    }
}

/// Gives away what is in a member's rack.
fn by_rack(layout: &Layout<'_>, shares: &mut [Shares]) {
    let mut alike: BTreeMap<(Vec<usize>, usize), Vec<usize>> = BTreeMap::new();
    for (topic, each) in shares.iter().enumerate() {
        // Where nobody says a rack, there is nothing to match.
        if each.members.iter().any(|m| layout.rack(*m).is_some()) {
            let key = (each.members.clone(), each.owner.len());
            alike.entry(key).or_default().push(topic);
        }
    }
    let in_rack = |topic: usize, member, partition: usize| {
        layout.in_rack(member, &layout.topics[topic].partitions[partition])
    };
    for ((members, partitions), topics) in alike {
        if let [topic] = topics[..] {
            if shares[topic].racks_matter {
                shares[topic].give_ranges(|member, partition| in_rack(topic, member, partition));
            }
            continue;
        }
        // Topics that are alike stay alike: what holds for the room in one holds for all.
        let first = topics[0];
        for partition in 0..partitions {
            let place = (0..members.len()).find(|&place| {
                let in_rack = |topic: &usize| in_rack(*topic, members[place], partition);
                shares[first].room(place) > 0 && topics.iter().all(in_rack)
            });
            if let Some(place) = place {
                for topic in &topics {
                    shares[*topic].give(place, partition);
                }
            }
        }
    }
}
