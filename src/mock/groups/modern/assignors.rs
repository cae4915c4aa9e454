//! How the coordinator shares partitions out: `uniform` and `range`.
//!
//! Both give each partition to exactly one member that subscribes to its topic. `uniform` evens out
//! the numbers and lets members keep what they have; `range` gives neighbours of each topic to
//! members in the order of their ids.

use std::collections::{BTreeMap, BTreeSet};

use super::{Member, Place, Topics};
use crate::ids::Uuid;

/// A way to share out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Assignor {
    /// Even numbers, few moves.
    Uniform,
    /// Neighbours.
    Range,
}

type Shares = BTreeMap<String, BTreeSet<Place>>;

impl Assignor {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "uniform" => Some(Self::Uniform),
            "range" => Some(Self::Range),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    pub(crate) fn share(
        self,
        members: &BTreeMap<String, Member>,
        topics: &Topics,
        old: &Shares,
    ) -> Shares {
        let mut shares: Shares = members
            .keys()
            .map(|id| (id.clone(), BTreeSet::new()))
            .collect();
        match self {
            Self::Uniform => uniform(members, topics, old, &mut shares),
            Self::Range => range(members, topics, &mut shares),
        }
        shares
    }
}

fn subscribes(member: &Member, topic: &str) -> bool {
    let pattern = member.pattern.as_ref();
    member.names.contains(topic) || pattern.is_some_and(|pattern| pattern.matches(topic))
}

fn range(members: &BTreeMap<String, Member>, topics: &Topics, shares: &mut Shares) {
    for (name, (topic, partitions)) in topics {
        let takers = members.values().filter(|member| subscribes(member, name));
        // Static members first, by their instance ids, so that they keep their ranges.
        let key = |member: &&Member| (member.instance.is_none(), member.instance.clone());
        let mut takers: Vec<&Member> = takers.collect();
        takers.sort_by_key(key);
        let mut all = 0..*partitions;
        for (index, taker) in takers.iter().enumerate() {
            let (quota, more) = quota(*partitions, takers.len());
            let quota = quota + usize::from(index < more);
            let mine = all
                .by_ref()
                .take(quota)
                .map(|partition| (*topic, partition));
            shares.entry(taker.id.clone()).or_default().extend(mine);
        }
    }
}

/// How many each gets, and how many get one more.
fn quota(partitions: i32, members: usize) -> (usize, usize) {
    let partitions = usize::try_from(partitions).unwrap_or(0);
    let members = members.max(1);
    (partitions / members, partitions % members)
}

fn uniform(members: &BTreeMap<String, Member>, topics: &Topics, old: &Shares, shares: &mut Shares) {
    let by_topic: BTreeMap<Uuid, BTreeSet<&str>> = topics
        .iter()
        .map(|(name, (topic, _))| {
            let takers = members.values().filter(|member| subscribes(member, name));
            (*topic, takers.map(|member| member.id.as_str()).collect())
        })
        .collect();
    let total: i32 = topics.values().map(|(_, partitions)| partitions).sum();
    let everybody = |takers: &BTreeSet<&str>| takers.len() == members.len();
    let (quota, mut more) = quota(total, members.len());
    let mut left: Vec<Place> = Vec::new();
    let mut taken: BTreeSet<Place> = BTreeSet::new();
    // Who has something keeps it, up to an even share where all subscribe to the same.
    let even = by_topic.values().all(everybody);
    for id in members.keys() {
        let mut room = if even { quota } else { usize::MAX };
        if even && more > 0 {
            more -= 1;
            room += 1;
        }
        for place in old.get(id).into_iter().flatten() {
            let exists = topics
                .values()
                .any(|(topic, n)| *topic == place.0 && place.1 < *n);
            let wants = by_topic
                .get(&place.0)
                .is_some_and(|all| all.contains(id.as_str()));
            if exists && wants && room > 0 && taken.insert(*place) {
                room -= 1;
                shares.entry(id.clone()).or_default().insert(*place);
            }
        }
    }
    for (topic, partitions) in topics.values() {
        let all = (0..*partitions).map(|partition| (*topic, partition));
        left.extend(all.filter(|place| !taken.contains(place)));
    }
    // Topics that few subscribe to first: the others can even out.
    left.sort_by_key(|(topic, _)| by_topic.get(topic).map_or(0, BTreeSet::len));
    for place in left {
        let takers = by_topic.get(&place.0).into_iter().flatten();
        let least = takers.min_by_key(|id| shares.get(**id).map_or(0, BTreeSet::len));
        if let Some(id) = least {
            shares.entry((*id).to_owned()).or_default().insert(place);
        }
    }
    even_out(&by_topic, shares);
}

/// Moves partitions from those with many to those with fewer, while that helps.
fn even_out(by_topic: &BTreeMap<Uuid, BTreeSet<&str>>, shares: &mut Shares) {
    while let Some((from, to, place)) = find_move(by_topic, shares) {
        if let Some(share) = shares.get_mut(&from) {
            share.remove(&place);
        }
        shares.entry(to).or_default().insert(place);
    }
}

fn find_move(
    by_topic: &BTreeMap<Uuid, BTreeSet<&str>>,
    shares: &Shares,
) -> Option<(String, String, Place)> {
    let count = |id: &str| shares.get(id).map_or(0, BTreeSet::len);
    for (from, share) in shares {
        for place in share.iter().rev() {
            let takers = by_topic.get(&place.0).into_iter().flatten();
            let to = takers.min_by_key(|id| count(id))?;
            if count(to) + 1 < share.len() {
                return Some((from.clone(), (*to).to_owned(), *place));
            }
        }
    }
    None
}
