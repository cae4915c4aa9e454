//! Random histories of a whole classic group, eager or cooperative, in the [`world`] of both
//! protocols: its members assign, by an assignor that is simple enough to be right.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::model_coordinator::Coordinator;
use crate::error::Result;
use crate::ids::TopicPartition;
use crate::machine::group::classic::strategies::{Joined, Strategies};
use crate::machine::group::{Partitions, Topology, world};

const SEEDS: u64 = 120;

/// Deals partitions out in turn, keeping what members have where that is fair enough.
#[derive(Debug)]
pub(super) struct Dealer {
    pub(super) cooperative: bool,
}

pub(super) fn write(topics: &BTreeSet<Arc<str>>, owned: &Partitions, generation: i32) -> Bytes {
    let topics: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
    let text = format!("{}|{generation}|{}", topics.join(","), list(owned));
    Bytes::from(text)
}

fn list(partitions: &Partitions) -> String {
    let each = |at: &TopicPartition| format!("{}:{}", at.topic, at.partition);
    let all: Vec<String> = partitions.iter().map(each).collect();
    all.join(",")
}

fn parse(text: &str) -> Partitions {
    let each = |item: &str| {
        let (topic, partition) = item.split_once(':').unwrap();
        TopicPartition::new(topic, partition.parse().unwrap())
    };
    text.split(',')
        .filter(|item| !item.is_empty())
        .map(each)
        .collect()
}

type Subscription = (BTreeSet<Arc<str>>, i32, Partitions);

fn read(metadata: &Bytes) -> Subscription {
    let text = std::str::from_utf8(metadata).unwrap();
    let mut parts = text.split('|');
    let mut next = || parts.next().unwrap();
    let topics = next().split(',').filter(|topic| !topic.is_empty());
    let topics = topics.map(Arc::from).collect();
    (topics, next().parse().unwrap(), parse(next()))
}

impl Strategies for Dealer {
    fn is_cooperative(&self) -> bool {
        self.cooperative
    }

    fn subscriptions(
        &self,
        topics: &BTreeSet<Arc<str>>,
        owned: &Partitions,
        generation: i32,
    ) -> Result<Vec<(String, Bytes)>> {
        Ok(vec![(
            "dealer".to_owned(),
            write(topics, owned, generation),
        )])
    }

    fn topics(&self, members: &[Joined]) -> Result<BTreeSet<Arc<str>>> {
        let topics = members.iter().flat_map(|member| read(&member.metadata).0);
        Ok(topics.collect())
    }

    fn assign(
        &mut self,
        assignor: &str,
        members: &[Joined],
        topology: &Topology,
    ) -> Result<BTreeMap<String, Bytes>> {
        assert_eq!(assignor, "dealer");
        let mut claims: BTreeMap<TopicPartition, (i32, String)> = BTreeMap::new();
        for member in members {
            let (_, generation, owned) = read(&member.metadata);
            for at in owned {
                let newer = claims.get(&at).is_none_or(|(known, _)| *known < generation);
                if newer {
                    claims.insert(at, (generation, member.member_id.clone()));
                }
            }
        }
        let mut assignment: BTreeMap<String, Partitions> = BTreeMap::new();
        for member in members {
            assignment.insert(member.member_id.clone(), Partitions::new());
        }
        let mut turn = 0;
        for (topic, known) in &topology.topics {
            let wants = |member: &&Joined| read(&member.metadata).0.contains(topic);
            let takers: Vec<&Joined> = members.iter().filter(wants).collect();
            for partition in known.iter().flat_map(|topic| &topic.partitions) {
                if takers.is_empty() {
                    continue;
                }
                turn += 1;
                let taker = &takers[turn % takers.len()].member_id;
                let at = TopicPartition::new(Arc::clone(topic), partition.partition);
                assignment.get_mut(taker).unwrap().insert(at);
            }
        }
        if self.cooperative {
            let claims = claims.into_iter().map(|(at, (_, member))| (at, member));
            withhold(&mut assignment, &claims.collect());
        }
        let bytes =
            |(member, partitions): (String, Partitions)| (member, Bytes::from(list(&partitions)));
        Ok(assignment.into_iter().map(bytes).collect())
    }

    fn read(&mut self, _: &str, assignment: &Bytes, _: i32) -> Result<Partitions> {
        Ok(parse(std::str::from_utf8(assignment).unwrap()))
    }
}

/// Takes from an assignment what another member still has: it may go to its new owner only once the
/// old one has given it up, one generation later (KIP-429).
///
/// `claims` are the partitions that members have, from the newest generation that claims each.
fn withhold(
    assignment: &mut BTreeMap<String, Partitions>,
    claims: &BTreeMap<TopicPartition, String>,
) {
    for (member, partitions) in assignment.iter_mut() {
        partitions.retain(|at| claims.get(at).is_none_or(|owner| owner == member));
    }
}

#[test]
fn cases_52_to_66_no_two_owners_no_commit_goes_back_and_nothing_is_passed_over() {
    let rebalances = world::play(0..SEEDS, |seed| Coordinator::new(seed % 2 == 0));
    let least = i32::try_from(SEEDS).unwrap() * 5;
    assert!(rebalances > least, "{rebalances}");
}
