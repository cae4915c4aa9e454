//! What Java's assignors made of the same groups (`tests/vectors/recorder/Assignors.java`): `range`
//! and `roundrobin` give exactly that, `sticky` nothing worse; subscriptions have the same bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::ids::TopicPartition;

fn recorded(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/");
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}

fn some(text: &str) -> Option<Arc<str>> {
    (text != "-").then(|| text.into())
}

fn partitions(text: &str) -> Vec<TopicPartition> {
    let words = text.split(',').filter(|word| *word != "-");
    words
        .map(|word| {
            let (topic, partition) = word.split_once(':').unwrap();
            TopicPartition::new(topic, partition.parse().unwrap())
        })
        .collect()
}

/// From what the recorder says of a member: rack, topics, generation and what it had.
fn subscription(assignor: &str, about: &[&str]) -> Subscription {
    let [rack, topics, generation, had] = *about else {
        panic!("{about:?}");
    };
    let mut leader = built_in(assignor.parse().unwrap());
    let generation: i32 = generation.parse().unwrap();
    let had = partitions(had);
    if generation >= 0 {
        leader.on_assignment(&Assignment::of(had.clone()), generation);
    }
    let topics = topics.split(',').filter_map(some);
    let mut subscription = Subscription::to(topics);
    subscription.user_data = leader.user_data(&BTreeSet::new());
    subscription.generation = Some(generation).filter(|generation| *generation >= 0);
    subscription.rack = some(rack);
    if leader.protocols().contains(&RebalanceProtocol::Cooperative) {
        subscription.owned = had;
    }
    subscription
}

#[derive(Default)]
struct Case {
    assignor: String,
    cluster: ClusterView,
    members: Vec<GroupMember>,
    had: BTreeMap<TopicPartition, Arc<str>>,
    expected: BTreeMap<Arc<str>, Vec<TopicPartition>>,
}

impl Case {
    fn line(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["t", topic, racks] => {
                for (partition, racks) in (0..).zip(racks.split(',')) {
                    let racks = racks.chars().filter(|rack| *rack != '-');
                    let racks = racks.map(|rack| rack.to_string());
                    let cluster = std::mem::take(&mut self.cluster);
                    self.cluster = cluster.partition(topic, partition, racks);
                }
            }
            ["m", id, instance, ref about @ .., ">", got] => {
                let mut member = GroupMember::new(id, subscription(&self.assignor, about));
                member.instance_id = some(instance);
                for partition in partitions(about[3]) {
                    self.had.insert(partition, id.into());
                }
                self.members.push(member);
                self.expected.insert(id.into(), partitions(got));
            }
            _ => panic!("{line}"),
        }
    }

    fn assign(&self) -> BTreeMap<Arc<str>, Vec<TopicPartition>> {
        let assignor = built_in(self.assignor.parse().unwrap());
        let result = assignor.assign(&self.cluster, &self.members).unwrap();
        let each = |(id, assignment): (_, Assignment)| (id, assignment.partitions);
        result.into_iter().map(each).collect()
    }

    /// Uneven loads, partitions out of their reader's rack, moves.
    fn cost(&self, result: &BTreeMap<Arc<str>, Vec<TopicPartition>>) -> (usize, usize, usize) {
        let mut cost = (0, 0, 0);
        for member in &self.members {
            let partitions = &result[&member.id];
            cost.0 += partitions.len().pow(2);
            for at in partitions {
                let place = usize::try_from(at.partition).unwrap();
                let racks = &self.cluster.partitions(&at.topic)[place].racks;
                let rack = member.subscription.rack.as_ref();
                cost.1 += usize::from(rack.is_some_and(|rack| !racks.contains(rack)));
                cost.2 += usize::from(self.had.get(at) != Some(&member.id));
            }
        }
        cost
    }

    /// Without what somebody else had.
    fn withheld(
        &self,
        mut result: BTreeMap<Arc<str>, Vec<TopicPartition>>,
    ) -> BTreeMap<Arc<str>, Vec<TopicPartition>> {
        for (id, partitions) in &mut result {
            partitions.retain(|each| self.had.get(each).is_none_or(|owner| owner == id));
        }
        result
    }
}

fn cases(assignor: &str) -> Vec<Case> {
    let text = recorded("assignors.txt");
    let groups = text.split("case ").skip(1);
    let cases = groups.filter_map(|group| {
        let mut lines = group.lines();
        let mut case = Case {
            assignor: lines.next()?.to_owned(),
            ..Case::default()
        };
        lines.for_each(|line| case.line(line));
        (case.assignor == assignor).then_some(case)
    });
    let cases: Vec<Case> = cases.collect();
    assert!(cases.len() >= 100, "{} of {assignor}", cases.len());
    cases
}

#[test]
fn range_and_roundrobin_give_what_java_gives() {
    for assignor in ["range", "roundrobin"] {
        for (at, case) in cases(assignor).into_iter().enumerate() {
            assert_eq!(case.assign(), case.expected, "{assignor} {at}");
        }
    }
}

#[test]
fn sticky_is_as_even_as_java_reads_as_near_and_moves_no_more() {
    for (at, case) in cases("sticky").into_iter().enumerate() {
        let (ours, javas) = (case.cost(&case.assign()), case.cost(&case.expected));
        assert!(ours <= javas, "{at}: {ours:?}, Java {javas:?}");
    }
}

#[test]
fn cooperative_sticky_leaves_out_what_java_leaves_out() {
    for (sticky, case) in cases("sticky").iter().zip(cases("cooperative-sticky")) {
        assert_eq!(case.expected, sticky.withheld(sticky.expected.clone()));
        assert_eq!(case.assign(), sticky.withheld(sticky.assign()));
    }
}

#[test]
fn subscriptions_and_assignments_have_javas_bytes() {
    let text = recorded("subscriptions.txt");
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [kind, ref about @ .., hex] = words[..] else {
            panic!("{line}");
        };
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes: Bytes = (0..hex.len()).step_by(2).map(byte).collect();
        if kind == "assignment" {
            let mut assignment = Assignment::of(partitions(about[3]));
            assert_eq!(assignment.encode().unwrap(), bytes, "{line}");
            // The wire has them by topic.
            let first = |topic: &Arc<str>| about[3].find(&**topic);
            assignment.partitions.sort_by_key(|each| first(&each.topic));
            assert_eq!(Assignment::decode(bytes).unwrap(), assignment, "{line}");
        } else {
            let mut subscription = subscription(kind, about);
            assert_eq!(subscription.encode().unwrap(), bytes, "{line}");
            subscription.topics.sort_unstable();
            subscription.owned.sort_unstable();
            assert_eq!(Subscription::decode(bytes).unwrap(), subscription, "{line}");
        }
    }
    assert_eq!(text.lines().count(), 48);
}
