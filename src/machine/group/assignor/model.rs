//! Random groups through random histories: every partition has one reader, sticky is the optimum
//! that an independent minimum-cost flow finds, cooperative never lets two read one partition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::ids::TopicPartition;
use crate::machine::rng::Rng;

const SEEDS: u64 = 150;
const STEPS: usize = 8;
const TOPICS: [&str; 4] = ["ta", "tb", "tc", "td"];
const RACKS: [&str; 3] = ["r1", "r2", "r3"];

type Result = BTreeMap<Arc<str>, Assignment>;
type Had = BTreeMap<TopicPartition, Arc<str>>;
/// What a chain of moves costs, and the moves: a partition and its new owner.
type Way = (i64, Vec<(usize, usize)>);

/// A member with the assignor it would run as the leader.
struct Client {
    about: GroupMember,
    assignor: Box<dyn Assignor>,
}

/// A group, its topics, and how many partitions each has.
struct World {
    rng: Rng,
    kind: AssignorKind,
    /// Whether all members are subscribed to all topics.
    alike: bool,
    racks: bool,
    cluster: ClusterView,
    counts: [i32; 4],
    clients: Vec<Client>,
    born: u64,
    generation: i32,
}

impl World {
    fn new(kind: AssignorKind, seed: u64) -> Self {
        let mut world = Self {
            rng: Rng::new(seed),
            kind,
            alike: seed % 2 == 0,
            racks: seed % 3 == 0,
            cluster: ClusterView::new(),
            counts: [0; 4],
            clients: Vec::new(),
            born: 0,
            generation: 0,
        };
        for _ in 0..world.rng.below(5) + 1 {
            world.join();
        }
        for _ in 0..3 {
            world.grow();
        }
        world
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        let at = self.rng.below(u64::try_from(list.len()).unwrap());
        list[usize::try_from(at).unwrap()]
    }

    fn topics(&mut self) -> Vec<Arc<str>> {
        let all = TOPICS.iter().map(|topic| Arc::from(*topic));
        let all = all.chain([Arc::from("missing")]);
        let (rng, alike) = (&mut self.rng, self.alike);
        all.filter(|_| alike || rng.below(2) == 0).collect()
    }

    fn join(&mut self) {
        let mut subscription = Subscription::to(self.topics());
        if self.racks && self.rng.below(6) > 0 {
            subscription.rack = Some(self.pick(&RACKS).into());
        }
        self.born += 1;
        let id = format!("{}-{}", self.rng.below(100), self.born);
        let mut about = GroupMember::new(id, subscription);
        if self.rng.below(4) == 0 {
            about.instance_id = Some(format!("i{}", self.born).into());
        }
        let assignor = built_in(self.kind);
        self.clients.push(Client { about, assignor });
    }

    /// A topic gets more partitions, or comes to be.
    fn grow(&mut self) {
        let topic = usize::try_from(self.rng.below(4)).unwrap();
        for _ in 0..self.rng.below(6) {
            let racks: BTreeSet<&str> = if self.racks {
                [self.pick(&RACKS), self.pick(&RACKS)].into()
            } else {
                BTreeSet::new()
            };
            let cluster = std::mem::take(&mut self.cluster);
            self.cluster = cluster.partition(TOPICS[topic], self.counts[topic], racks);
            self.counts[topic] += 1;
        }
    }

    /// Somebody comes, goes or subscribes to something else, or a topic grows.
    fn change(&mut self) {
        let who = self
            .rng
            .below(u64::try_from(self.clients.len().max(1)).unwrap());
        let who = usize::try_from(who).unwrap();
        match self.rng.below(5) {
            0 | 1 if self.clients.len() < 6 => self.join(),
            2 if self.clients.len() > 1 => drop(self.clients.remove(who)),
            3 if !self.alike => self.clients[who].about.subscription.topics = self.topics(),
            _ => self.grow(),
        }
    }

    /// All join and are assigned: what they had before, and what they get.
    fn rebalance(&mut self) -> (Had, Result) {
        self.generation += 1;
        let mut had = Had::new();
        let mut members = Vec::new();
        for client in &mut self.clients {
            let subscription = &mut client.about.subscription;
            let topics = subscription.topics.iter().cloned().collect();
            subscription.user_data = client.assignor.user_data(&topics);
            for partition in &subscription.owned {
                let twice = had.insert(partition.clone(), client.about.id.clone());
                assert_eq!(twice, None, "{partition} had two readers");
            }
            let bytes = subscription.encode().unwrap();
            let mut about = client.about.clone();
            about.subscription = Subscription::decode(bytes).unwrap();
            if self.kind != AssignorKind::CooperativeSticky {
                about.subscription.owned.clear();
            }
            members.push(about);
        }
        let leader = &self.clients[0].assignor;
        let result = leader.assign(&self.cluster, &members).unwrap();
        members.reverse();
        let again = leader.assign(&self.cluster, &members).unwrap();
        assert_eq!(result, again, "the order of members made a difference");
        let protocol = self.clients[0].assignor.protocols()[0];
        check(protocol, &members, &result).unwrap();

        for client in &mut self.clients {
            let assignment = result[&client.about.id].encode().unwrap();
            let assignment = Assignment::decode(assignment).unwrap();
            client.assignor.on_assignment(&assignment, self.generation);
            client.about.subscription.generation = Some(self.generation);
            client.about.subscription.owned = assignment.partitions;
        }
        (had, result)
    }

    fn subscribers(&self, topic: &str) -> Vec<&GroupMember> {
        let members = self.clients.iter().map(|client| &client.about);
        members
            .filter(|m| m.subscription.topics.iter().any(|t| **t == *topic))
            .collect()
    }

    /// Every partition that somebody subscribed to.
    fn wanted(&self) -> BTreeSet<TopicPartition> {
        let mut wanted = BTreeSet::new();
        for (topic, partitions) in self.cluster.topics() {
            if !self.subscribers(topic).is_empty() {
                let each = partitions.iter().map(|each| each.partition);
                wanted.extend(each.map(|each| TopicPartition::new(topic.clone(), each)));
            }
        }
        wanted
    }

    /// Everything has one reader that is subscribed to it; returns what nobody was given.
    fn check(&self, result: &Result) -> BTreeSet<TopicPartition> {
        let mut wanted = self.wanted();
        for (id, assignment) in result {
            for partition in &assignment.partitions {
                assert!(
                    wanted.remove(partition),
                    "{partition} of {id} twice or at all"
                );
                let subscribers = self.subscribers(&partition.topic);
                assert!(subscribers.iter().any(|m| m.id == *id), "{partition} {id}");
            }
        }
        wanted
    }

    /// What the sticky assignors minimise: uneven loads, other racks, moves.
    fn cost(&self, had: &Had, result: &Result) -> (usize, usize, usize) {
        let mut cost = (0, 0, 0);
        for client in &self.clients {
            let partitions = &result[&client.about.id].partitions;
            cost.0 += partitions.len().pow(2);
            for partition in partitions {
                let (rack, moved) = self.price(had, partition, &client.about);
                cost.1 += rack;
                cost.2 += moved;
            }
        }
        cost
    }

    fn price(&self, had: &Had, at: &TopicPartition, member: &GroupMember) -> (usize, usize) {
        let of_topic = self.cluster.partitions(&at.topic);
        let view = &of_topic[usize::try_from(at.partition).unwrap()];
        let rack = member.subscription.rack.as_ref();
        let out_of_rack = rack.is_some_and(|rack| !view.racks.contains(rack));
        let moved = had.get(at) != Some(&member.id);
        (
            usize::from(out_of_rack && self.racks_matter()),
            usize::from(moved),
        )
    }

    /// Racks count when some member has a replica in its own, and not all partitions are alike.
    fn racks_matter(&self) -> bool {
        let wanted = self.wanted();
        let views = || {
            let topics = self.cluster.topics();
            topics.flat_map(|(topic, all)| {
                let wanted = &wanted;
                all.iter().filter(move |each| {
                    wanted.contains(&TopicPartition::new(topic.clone(), each.partition))
                })
            })
        };
        let first = views().next().map(|view| &view.racks);
        let members = self.clients.iter().map(|client| &client.about);
        let racks: Vec<_> = members
            .filter(|member| {
                let topics = &member.subscription.topics;
                let exists = |topic: &Arc<str>| !self.cluster.partitions(topic).is_empty();
                topics.iter().any(exists)
            })
            .filter_map(|member| member.subscription.rack.as_ref())
            .collect();
        views().any(|view| racks.iter().any(|rack| view.racks.contains(*rack)))
            && views().any(|view| Some(&view.racks) != first)
    }

    /// The optimum, by the successive shortest paths of a minimum-cost flow over single partitions.
    fn optimum(&self, had: &Had) -> (usize, usize, usize) {
        let members: Vec<_> = self.clients.iter().map(|client| &client.about).collect();
        let wanted: Vec<_> = self.wanted().into_iter().collect();
        let price = |partition: usize, member: usize| -> Option<i64> {
            let (at, about) = (&wanted[partition], members[member]);
            let subscribed = about.subscription.topics.contains(&at.topic);
            let (rack, moved) = self.price(had, at, about);
            subscribed.then_some(i64::try_from(rack * 10_000 + moved).unwrap())
        };
        let mut owner: Vec<Option<usize>> = vec![None; wanted.len()];
        for new in 0..wanted.len() {
            let mut ways: Vec<Option<Way>> = (0..members.len())
                .map(|to| price(new, to).map(|cost| (cost, vec![(new, to)])))
                .collect();
            for _ in 0..members.len() {
                for (partition, from) in owner.iter().take(new).enumerate() {
                    let from = from.unwrap();
                    let Some((cost, way)) = ways[from].clone() else {
                        continue;
                    };
                    for to in (0..members.len()).filter(|to| *to != from) {
                        let Some(more) = price(partition, to) else {
                            continue;
                        };
                        let cost = cost + more - price(partition, from).unwrap();
                        if ways[to].as_ref().is_none_or(|(known, _)| cost < *known) {
                            let mut way = way.clone();
                            way.push((partition, to));
                            ways[to] = Some((cost, way));
                        }
                    }
                }
            }
            let load = |member| owner.iter().filter(|each| **each == Some(member)).count();
            let ends = ways.into_iter().enumerate().filter_map(|(end, way)| {
                let (cost, way) = way?;
                Some((load(end), cost, way))
            });
            let (_, _, way) = ends.min_by_key(|(load, cost, _)| (*load, *cost)).unwrap();
            for (partition, to) in way {
                owner[partition] = Some(to);
            }
        }
        let mut best: Result = members
            .iter()
            .map(|member| (member.id.clone(), Assignment::default()))
            .collect();
        for (partition, owner) in wanted.into_iter().zip(owner) {
            let member = &members[owner.unwrap()].id;
            best.get_mut(member).unwrap().partitions.push(partition);
        }
        self.cost(had, &best)
    }
}

/// Plays histories; `each` sees the world after every rebalance, and what all had before it.
fn play(kind: AssignorKind, each: impl Fn(&mut World, &Had, &Result, u64)) {
    for seed in 0..SEEDS {
        let mut world = World::new(kind, seed);
        for _ in 0..STEPS {
            let (had, result) = world.rebalance();
            each(&mut world, &had, &result, seed);
            world.change();
        }
    }
}

#[test]
fn range_and_roundrobin_give_every_partition_once_and_evenly() {
    play(AssignorKind::Range, |world, _, result, seed| {
        assert_eq!(world.check(result), BTreeSet::new(), "seed {seed}");
        for (topic, _) in world.cluster.topics() {
            let members = world.subscribers(topic);
            let count = |member: &&GroupMember| {
                let partitions = result[&member.id].partitions.iter();
                partitions.filter(|each| each.topic == *topic).count()
            };
            let counts: Vec<usize> = members.iter().map(count).collect();
            let (least, most) = (counts.iter().min(), counts.iter().max());
            assert!(most <= least.map(|least| least + 1).as_ref(), "seed {seed}");
        }
    });
    play(AssignorKind::RoundRobin, |world, _, result, seed| {
        assert_eq!(world.check(result), BTreeSet::new(), "seed {seed}");
        let loads = || result.values().map(|each| each.partitions.len());
        let even = loads().max() <= loads().min().map(|least| least + 1);
        assert!(even || !world.alike, "seed {seed}");
    });
}

#[test]
fn sticky_is_as_even_as_can_be_and_moves_no_more_than_that_takes() {
    play(AssignorKind::Sticky, |world, had, result, seed| {
        assert_eq!(world.check(result), BTreeSet::new(), "seed {seed}");
        let (cost, optimum) = (world.cost(had, result), world.optimum(had));
        assert_eq!(
            cost, optimum,
            "seed {seed}, generation {}",
            world.generation
        );
    });
}

#[test]
fn cooperative_sticky_withholds_what_moves_and_hands_it_out_next_time() {
    play(
        AssignorKind::CooperativeSticky,
        |world, had, result, seed| {
            let withheld = world.check(result);
            for partition in &withheld {
                let id = &had[partition];
                assert!(!result[id].partitions.contains(partition), "seed {seed}");
            }
            let mut kept = had.clone();
            kept.retain(|partition, id| {
                let assignment = result.get(id);
                assignment.is_some_and(|each| each.partitions.contains(partition))
            });
            let (second_had, second) = world.rebalance();
            assert_eq!(world.check(&second), BTreeSet::new(), "seed {seed}");
            for (partition, id) in &kept {
                assert!(second[id].partitions.contains(partition), "seed {seed}");
            }
            let (cost, optimum) = (world.cost(&second_had, &second), world.optimum(had));
            assert_eq!((cost.0, cost.1), (optimum.0, optimum.1), "seed {seed}");
            // What moved in both steps is what had to move, and what nobody had.
            let (_, _, moved) = world.cost(had, &second);
            assert_eq!(moved, optimum.2, "seed {seed}");
            let third = world.rebalance().1;
            assert_eq!(third, second, "seed {seed}: a quiet group moves nothing");
        },
    );
}
