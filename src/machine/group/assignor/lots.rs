//! The sticky assignors' picture of a group: lots of alike partitions, and who holds how many.
//!
//! Partitions of one topic with replicas in the same racks are alike: a lot. An assignment is a
//! count per member and lot, which is all that balance and racks depend on; what depends on the
//! single partition is only where it was before, its home, and a member that holds as many of a lot
//! as it had before holds just those. So a group of ten thousand partitions has few moving parts.
//!
//! An assignment is better than another, in this order (KIP-54, KIP-881):
//! 1. if loads are more even: the sum of their squares is smaller;
//! 2. if fewer partitions are read outside the reader's rack;
//! 3. if more partitions are at home.

use std::collections::BTreeMap;

use super::claim::Claim;
use super::layout::Layout;
use super::{ClusterView, GroupMember};
use crate::ids::TopicPartition;

/// The cost of a partition outside its reader's rack; that of one that is not at home is 1.
const OUT_OF_RACK: i64 = 1 << 40;

/// The most steps a search may take in all, so that no group keeps its leader from its heartbeats.
/// A thousand members with ten thousand partitions need a small part of it.
const WORK_MAX: usize = 300_000_000;

/// Partitions that are alike.
pub(super) struct Lot {
    pub(super) topic: usize,
    partitions: Vec<i32>,
    /// Whether a replica is in each of the members' racks.
    racks: Vec<bool>,
    /// The members that some of it is at home with.
    pub(super) homes: Vec<usize>,
}

/// What a member has of a lot.
#[derive(Default)]
pub(super) struct Holding {
    pub(super) held: usize,
    /// What it had before, in order.
    pub(super) home: Vec<i32>,
}

/// An assignment in the making.
pub(super) struct Lots<'a> {
    layout: Layout<'a>,
    pub(super) lots: Vec<Lot>,
    /// By member and lot.
    pub(super) holdings: Vec<BTreeMap<usize, Holding>>,
    pub(super) loads: Vec<usize>,
    /// How many a member holds that are not at home with it.
    pub(super) guests: Vec<usize>,
    /// How many are at home with a member that it does not hold.
    pub(super) away: Vec<usize>,
    /// Each member's rack, as an index of [`Lot::racks`]; none where racks make no difference.
    racks: Vec<Option<usize>>,
    work: usize,
}

/// What a member had before: its partitions, and the generation in which it got them.
pub(super) type Previous = (Vec<TopicPartition>, i32);

impl<'a> Lots<'a> {
    /// Nobody holds anything yet.
    pub(super) fn new(
        cluster: &'a ClusterView,
        members: &'a [GroupMember],
        previous: impl Fn(&GroupMember) -> Previous,
    ) -> Self {
        let layout = Layout::new(cluster, members);
        let homes = homes(&layout, previous);
        let topics: Vec<usize> = (0..layout.topics.len()).collect();
        let count = layout.members.len();
        let (names, racks) = if layout.racks_matter(&topics) {
            rack_numbers(&layout)
        } else {
            (Vec::new(), vec![None; count])
        };
        let mut this = Self {
            lots: Vec::new(),
            holdings: std::iter::repeat_with(BTreeMap::new).take(count).collect(),
            loads: vec![0; count],
            guests: vec![0; count],
            away: vec![0; count],
            work: 0,
            layout,
            racks,
        };
        for topic in topics {
            this.add_topic(topic, &names, &homes[topic]);
        }
        this
    }

    fn add_topic(&mut self, topic: usize, racks: &[&str], homes: &[Option<usize>]) {
        let mut alike: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
        let partitions = self.layout.topics[topic].partitions;
        for (partition, home) in partitions.iter().zip(homes) {
            let in_racks: Vec<bool> = racks.iter().map(|r| partition.racks.contains(*r)).collect();
            let lot = *alike.entry(in_racks.clone()).or_insert_with(|| {
                self.lots.push(Lot {
                    topic,
                    partitions: Vec::new(),
                    racks: in_racks,
                    homes: Vec::new(),
                });
                self.lots.len() - 1
            });
            self.lots[lot].partitions.push(partition.partition);
            if let Some(member) = home.filter(|member| self.may_have(*member, lot)) {
                let holding = self.holdings[member].entry(lot).or_default();
                if holding.home.is_empty() {
                    self.lots[lot].homes.push(member);
                }
                holding.home.push(partition.partition);
                self.away[member] += 1;
            }
        }
    }

    /// Everybody that may have a lot, in order.
    pub(super) fn subscribers(&self, lot: usize) -> &[usize] {
        &self.layout.topics[self.lots[lot].topic].subscribers
    }

    pub(super) fn may_have(&self, member: usize, lot: usize) -> bool {
        self.subscribers(lot).binary_search(&member).is_ok()
    }

    pub(super) fn in_rack(&self, member: usize, lot: usize) -> bool {
        self.racks[member].is_none_or(|rack| self.lots[lot].racks[rack])
    }

    pub(super) fn racks_matter(&self) -> bool {
        self.racks.iter().any(Option::is_some)
    }

    /// What it costs that a member gets one more of a lot.
    pub(super) fn gain_cost(&self, member: usize, lot: usize) -> i64 {
        let holding = self.holdings[member].get(&lot);
        let comes_home = holding.is_some_and(|each| each.held < each.home.len());
        self.rack_cost(member, lot) + i64::from(!comes_home)
    }

    /// What it saves that a member has one less of a lot, of which it holds some.
    pub(super) fn loss_saves(&self, member: usize, lot: usize) -> i64 {
        let holding = self.holdings[member].get(&lot);
        let is_guest = holding.is_some_and(|each| each.held > each.home.len());
        self.rack_cost(member, lot) + i64::from(is_guest)
    }

    pub(super) fn rack_cost(&self, member: usize, lot: usize) -> i64 {
        if self.in_rack(member, lot) {
            0
        } else {
            OUT_OF_RACK
        }
    }

    /// The lots of which a member holds some.
    pub(super) fn held(&self, member: usize) -> impl Iterator<Item = usize> {
        let some = self.holdings[member].iter();
        some.filter(|(_, holding)| holding.held > 0)
            .map(|(lot, _)| *lot)
    }

    /// How many of a lot nobody holds.
    pub(super) fn free(&self) -> Vec<usize> {
        let mut free: Vec<usize> = self.lots.iter().map(|lot| lot.partitions.len()).collect();
        for (lot, holding) in self.holdings.iter().flatten() {
            free[*lot] = free[*lot].saturating_sub(holding.held);
        }
        free
    }

    pub(super) fn take(&mut self, member: usize, lot: usize) {
        let holding = self.holdings[member].entry(lot).or_default();
        if holding.held < holding.home.len() {
            self.away[member] -= 1;
        } else {
            self.guests[member] += 1;
        }
        holding.held += 1;
        self.loads[member] += 1;
    }

    /// Moves one of a lot.
    pub(super) fn shift(&mut self, from: usize, lot: usize, to: usize) {
        let Some(holding) = self.holdings[from].get_mut(&lot) else {
            return;
        };
        holding.held -= 1;
        self.loads[from] -= 1;
        if holding.held < holding.home.len() {
            self.away[from] += 1;
        } else {
            self.guests[from] -= 1;
        }
        if holding.held == 0 && holding.home.is_empty() {
            self.holdings[from].remove(&lot);
        }
        self.take(to, lot);
    }

    /// Counts steps; false when there are no more.
    pub(super) fn may_work(&mut self, steps: usize) -> bool {
        self.work = self.work.saturating_add(steps);
        self.work < WORK_MAX
    }

    /// Says which partitions the counts are: those at home, and of the others one each in turn.
    pub(super) fn finish(mut self) -> Layout<'a> {
        let mut holders: Vec<Vec<(usize, Holding)>> = Vec::new();
        holders.resize_with(self.lots.len(), Vec::new);
        for (member, holdings) in self.holdings.into_iter().enumerate() {
            for (lot, holding) in holdings {
                holders[lot].push((member, holding));
            }
        }
        for (lot, holders) in self.lots.iter().zip(holders) {
            let mut stays: BTreeMap<i32, usize> = BTreeMap::new();
            let mut lacks = Vec::new();
            for (member, Holding { held, mut home }) in holders {
                home.truncate(held);
                lacks.push((member, held - home.len()));
                stays.extend(home.into_iter().map(|partition| (partition, member)));
            }
            let mut next = 0;
            for partition in &lot.partitions {
                let guest = || {
                    let places = (0..lacks.len()).map(|step| (next + step) % lacks.len());
                    let place = places.into_iter().find(|place| lacks[*place].1 > 0)?;
                    lacks[place].1 -= 1;
                    next = place + 1;
                    Some(lacks[place].0)
                };
                if let Some(member) = stays.get(partition).copied().or_else(guest) {
                    self.layout.give(member, lot.topic, *partition);
                }
            }
        }
        self.layout
    }
}

/// The racks of the members, in order, and which of them each member is in.
fn rack_numbers<'a>(layout: &Layout<'a>) -> (Vec<&'a str>, Vec<Option<usize>>) {
    let rack = |member| layout.rack(member);
    let mut names: Vec<&str> = (0..layout.members.len()).filter_map(rack).collect();
    names.sort_unstable();
    names.dedup();
    let number = |member| names.binary_search(&rack(member)?).ok();
    let numbers = (0..layout.members.len()).map(number).collect();
    (names, numbers)
}

/// Whose each partition was, by topic and place.
fn homes(
    layout: &Layout<'_>,
    previous: impl Fn(&GroupMember) -> Previous,
) -> Vec<Vec<Option<usize>>> {
    let each_topic = layout.topics.iter();
    let mut claims: Vec<Vec<Option<Claim<usize>>>> = each_topic
        .map(|topic| vec![None; topic.partitions.len()])
        .collect();
    for (member, about) in layout.members.iter().enumerate() {
        let (partitions, generation) = previous(about);
        for TopicPartition { topic, partition } in partitions {
            let Ok(topic) = layout.topics.binary_search_by(|t| t.name.cmp(&topic)) else {
                continue;
            };
            let known = layout.topics[topic].partitions;
            let Ok(place) = known.binary_search_by_key(&partition, |each| each.partition) else {
                continue;
            };
            match &mut claims[topic][place] {
                Some(claim) => claim.add(generation, member),
                none => *none = Some(Claim::new(generation, member)),
            }
        }
    }
    let owner = |claim: Option<Claim<usize>>| claim?.owner().copied();
    let topic = |places: Vec<_>| places.into_iter().map(owner).collect();
    claims.into_iter().map(topic).collect()
}
