//! How long a rebalance takes: until every partition has an owner again, and for how long
//! partitions that stay where they are deliver nothing. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use super::history::Micros;
use super::tenure::{Member, Tenure, Tenures};

/// A dead member's session, and the rebalance after it: they disturb what happens meanwhile.
const SHADOW: Micros = 10_000_000;

/// What was done to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    Start,
    Leave,
    Kill,
    Stop,
    Continue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) at: Micros,
    pub(super) deed: Deed,
    pub(super) member: usize,
}

/// Milliseconds, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Times(Vec<u64>);

impl Times {
    fn of(micros: impl Iterator<Item = Micros>) -> Self {
        let mut times: Vec<u64> = micros.map(|it| it / 1_000).collect();
        times.sort_unstable();
        Self(times)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn most(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }

    /// What so many of a hundred are at most.
    pub(super) fn at(&self, percent: usize) -> u64 {
        let at = self.0.len() * percent / 100;
        self.0.get(at).copied().unwrap_or_else(|| self.most())
    }
}

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// Of partitions that stayed with their owner: between two of its hand-outs, where somebody's
    /// partitions changed in between. By ours, and while the owner was not stopped.
    pub(super) stayed: Times,
    /// The same where nothing changed: what the machine and the writer make of it.
    pub(super) calm: Times,
    /// Of any partition, between two hand-outs of whomever.
    pub(super) silent: Times,
    /// From the start of a process, from SIGTERM and from SIGKILL until all was owned again.
    pub(super) joins: Times,
    pub(super) leaves: Times,
    pub(super) kills: Times,
    /// Of joins and leaves, those that no stopped or killed member and no other action disturbed.
    pub(super) undisturbed: Times,
}

/// Measures a run between these times; `partitions` is how many there are.
pub(super) fn measure(
    (members, tenures, actions): (&[Member], &Tenures, &[Action]),
    partitions: usize,
    during: Range<Micros>,
) -> Figures {
    let changes = changes(tenures);
    let (stayed, calm) = stays(members, tenures, &changes, &during);
    let mut settled = settled(tenures, actions, &changes, partitions);
    settled.retain(|(action, _)| during.contains(&action.at));
    let of = |deed: Deed| {
        let each = settled
            .iter()
            .filter(move |(action, _)| action.deed == deed);
        Times::of(each.map(|(_, took)| *took))
    };
    let calmly = settled.iter().filter(|(action, took)| {
        matches!(action.deed, Deed::Start | Deed::Leave)
            && !is_disturbed(members, actions, action.at, action.at + took)
    });
    Figures {
        stayed: Times::of(stayed.into_iter()),
        calm: Times::of(calm.into_iter()),
        silent: Times::of(silences(tenures, partitions, &during).into_iter()),
        joins: of(Deed::Start),
        leaves: of(Deed::Leave),
        kills: of(Deed::Kill),
        undisturbed: Times::of(calmly.map(|(_, took)| *took)),
    }
}

/// When partitions began or ceased to be somebody's.
fn changes(tenures: &Tenures) -> Vec<Micros> {
    let mut changes: Vec<Micros> = tenures.all.iter().flat_map(|it| [it.from, it.to]).collect();
    changes.sort_unstable();
    changes.dedup();
    changes
}

/// Whether there is a time in the sorted list from one to the other.
fn is_any_within(times: &[Micros], from: Micros, to: Micros) -> bool {
    let at = times.partition_point(|time| *time < from);
    times.get(at).is_some_and(|time| *time <= to)
}

/// The gaps inside of tenures: those in which something changed, and the others.
fn stays(
    members: &[Member],
    tenures: &Tenures,
    changes: &[Micros],
    during: &Range<Micros>,
) -> (Vec<Micros>, Vec<Micros>) {
    let (mut stayed, mut calm) = (Vec::new(), Vec::new());
    for tenure in &tenures.all {
        let member = members.get(tenure.member).filter(|member| !member.java);
        let Some(member) = member else { continue };
        let awake = |from, to| !member.stood_still(from, to);
        for pair in tenure.handed.windows(2) {
            let [(from, _), (to, _)] = pair else { continue };
            let counts = during.contains(from) && *to <= tenure.to;
            if counts && awake(*from, *to) {
                let moved = is_any_within(changes, *from, *to);
                let gaps = if moved { &mut stayed } else { &mut calm };
                gaps.push(to - from);
            }
        }
    }
    (stayed, calm)
}

/// Of each partition, from the beginning on: one of which nothing is ever handed out is silent for
/// the whole run.
fn silences(tenures: &Tenures, partitions: usize, during: &Range<Micros>) -> Vec<Micros> {
    let mut times = vec![vec![during.start, during.end]; partitions];
    for tenure in &tenures.all {
        if let Some(own) = times.get_mut(tenure.partition) {
            own.extend(tenure.handed.iter().map(|(at, _)| *at));
        }
    }
    let mut gaps = Vec::new();
    for mut own in times {
        own.sort_unstable();
        gaps.extend(own.windows(2).filter_map(|pair| match pair {
            [from, to] if during.contains(from) => Some(to - from),
            _ => None,
        }));
    }
    gaps
}

/// How long each action took to settle, whatever else was done meanwhile.
fn settled(
    tenures: &Tenures,
    actions: &[Action],
    changes: &[Micros],
    partitions: usize,
) -> Vec<(Action, Micros)> {
    let mut settled = Vec::new();
    let coming_or_going = |it: &&Action| !matches!(it.deed, Deed::Stop | Deed::Continue);
    for action in actions.iter().filter(coming_or_going) {
        let from = changes.partition_point(|time| *time < action.at);
        let mut later = changes.get(from..).unwrap_or_default().iter();
        if let Some(time) = later.find(|time| is_settled(tenures, action, **time, partitions)) {
            settled.push((*action, time - action.at));
        }
    }
    settled
}

/// Whether every partition has an owner, the new member among them, the old one not.
fn is_settled(tenures: &Tenures, action: &Action, at: Micros, partitions: usize) -> bool {
    let mut owners: BTreeMap<usize, usize> = BTreeMap::new();
    let mut has_any = false;
    let now = |it: &&Tenure| it.from <= at && at < it.to;
    for tenure in tenures.all.iter().filter(now) {
        *owners.entry(tenure.partition).or_default() += 1;
        has_any |= tenure.member == action.member;
    }
    owners.len() == partitions && has_any == (action.deed == Deed::Start)
}

/// Whether a stopped or killed member holds up a rebalance between these times, or another action
/// begins one.
fn is_disturbed(members: &[Member], actions: &[Action], from: Micros, to: Micros) -> bool {
    let since = from.saturating_sub(SHADOW);
    let stopped = members.iter().any(|member| member.stood_still(since, to));
    let mut actions = actions.iter();
    stopped
        || actions.any(|other| match other.deed {
            Deed::Kill => since <= other.at && other.at <= to,
            _ => from < other.at && other.at <= to,
        })
}

#[cfg(test)]
mod tests {
    use super::super::tenure::tests::member;
    use super::*;

    fn action(at: Micros, deed: Deed, member: usize) -> Action {
        Action { at, deed, member }
    }

    /// `a` has both partitions, `b` joins and gets the second.
    fn run() -> (Vec<Member>, Vec<Action>) {
        let a = [
            "1000000 assigned 1 0 1",
            "1001000 hand 1 0:0-1 1:0-1",
            "1004000 hand 1 0:2-3 1:2-3",
            "3000000 revoked 2 1",
            "3001000 hand 2 0:4-4",
        ];
        let b = ["3100000 assigned 3 1", "3200000 hand 3 1:4-5"];
        let actions = vec![
            action(900_000, Deed::Start, 0),
            action(2_900_000, Deed::Start, 1),
        ];
        (vec![member(&a), member(&b)], actions)
    }

    #[test]
    fn gaps_are_told_apart_by_whether_anything_changed() {
        let (members, actions) = run();
        let tenures = Tenures::of(&members, 4_000_000);
        let figures = measure((&members, &tenures, &actions), 2, 0..9_000_000);
        assert_eq!(figures.calm, Times(vec![3, 3]));
        assert_eq!(figures.stayed, Times(vec![1_997]));
        assert_eq!(figures.silent.most(), 5_999, "to the end of the run");
        assert!(figures.silent.0.contains(&2_196), "between two owners");
        assert_eq!((figures.joins.count(), figures.joins.most()), (2, 200));
        assert_eq!(figures.undisturbed.count(), 2);
    }

    #[test]
    fn a_partition_that_nobody_reads_is_silent_all_the_time() {
        let (members, actions) = run();
        let tenures = Tenures::of(&members, 4_000_000);
        let figures = measure((&members, &tenures, &actions), 3, 0..9_000_000);
        assert_eq!(figures.silent.most(), 9_000);
    }

    #[test]
    fn who_was_stopped_measures_nothing_and_disturbs_others() {
        let (mut members, actions) = run();
        members[0].stops = vec![(2_000_000, 2_500_000)];
        let tenures = Tenures::of(&members, 4_000_000);
        let figures = measure((&members, &tenures, &actions), 2, 0..9_000_000);
        assert_eq!((figures.stayed.count(), figures.joins.count()), (0, 2));
        assert_eq!(figures.undisturbed.count(), 1);
    }

    #[test]
    fn what_another_action_meets_is_disturbed() {
        let (members, mut actions) = run();
        actions.push(action(2_950_000, Deed::Start, 2));
        let tenures = Tenures::of(&members, 4_000_000);
        let figures = measure((&members, &tenures, &actions), 2, 0..9_000_000);
        assert_eq!((figures.joins.count(), figures.undisturbed.count()), (2, 1));
        actions.push(action(2_960_000, Deed::Kill, 2));
        let figures = measure((&members, &tenures, &actions), 2, 0..9_000_000);
        assert_eq!((figures.kills.count(), figures.kills.most()), (1, 140));
    }

    #[test]
    fn shares_of_times_are_found() {
        let times = Times((1..=100).collect());
        assert_eq!((times.at(50), times.at(99), times.at(100)), (51, 100, 100));
        assert_eq!(Times::default().at(50), 0);
    }
}
