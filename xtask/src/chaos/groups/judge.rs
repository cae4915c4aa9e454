//! Compares what the members of a group say with the log of the topic and with every offset that
//! was ever committed, as Kafka's own tool shows them. Pure.
//!
//! The offsets come in the order in which the coordinator wrote them, so whatever a member says of
//! its commits, here is what came of them.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{Micros, What};
use super::tenure::{End, Member, Reached, Tenure, Tenures};

/// Offenders of a kind that are named.
const EXAMPLES: u64 = 4;
/// How exact times of different processes are to each other: Java and the broker tell milliseconds.
const TICK: Micros = 5_000;
/// A commit is stamped, then written, then seen.
const SEEN: Micros = 100_000;
/// A stop excuses a member that does not know of a new owner for so long after it.
const STOP_COUNTS: Micros = 30_000_000;
/// A member that is awake knows of a new owner this soon: a heartbeat, and what it does meanwhile.
const TOLD_WITHIN: Micros = 5_000_000;

/// An offset of the group as its coordinator wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) at: Micros,
    pub(super) partition: usize,
    pub(super) offset: i64,
}

/// All that is known of a run.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) members: &'a [Member],
    pub(super) tenures: &'a Tenures,
    /// In the order of the log.
    pub(super) commits: &'a [Commit],
    /// Of each partition.
    pub(super) ends: &'a [i64],
    /// Generations are the group's: only in the classic protocol.
    pub(super) classic: bool,
}

/// How often what happened; all but the first few are faults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Records that were handed out, each counted as often as it was.
    pub(super) handed: u64,
    /// Of those, again.
    pub(super) again: u64,
    /// The most that a new owner was handed out again when it began.
    pub(super) again_most: u64,
    /// Again to an owner whose predecessor had given the partition up in good order: such a one
    /// commits before, unless its commit fails.
    pub(super) again_after_handover: u64,
    pub(super) tenures: u64,
    pub(super) losses: u64,
    /// Losses of members that had not been stopped.
    pub(super) losses_awake: u64,
    pub(super) commits: u64,
    pub(super) refused: u64,
    pub(super) errors: u64,
    /// Members that said an error when they left.
    pub(super) unwell: u64,
    /// What all these errors were, and how often.
    pub(super) words: BTreeMap<String, u64>,
    /// Records that nobody was handed out.
    pub(super) skipped: u64,
    /// Partitions with two owners at a time or in one generation.
    pub(super) two_owners: u64,
    /// Times that a committed offset went back.
    pub(super) back: u64,
    /// Owners that did not begin at the committed offset.
    pub(super) elsewhere: u64,
    /// Ranges that did not follow what the same owner was handed out before.
    pub(super) jumps: u64,
    /// Ranges that were handed out without owning the partition.
    pub(super) strays: u64,
    /// Offsets that were committed before all below them had been handed out.
    pub(super) early: u64,
    /// Confirmed commits that the coordinator never wrote.
    pub(super) unwritten: u64,
    /// Records that are not what was written there.
    pub(super) odd: u64,
    /// Records beyond the committed offsets after all was read.
    pub(super) lag: u64,
    /// The first offenders, in words.
    pub(super) examples: Vec<String>,
}

/// Judges a run.
pub(super) fn judge(facts: &Facts<'_>) -> Verdict {
    let mut judge = Judge {
        facts,
        verdict: Verdict::default(),
    };
    judge.count();
    judge.tell_strays();
    for partition in 0..facts.ends.len() {
        let own = facts
            .tenures
            .all
            .iter()
            .filter(|it| it.partition == partition);
        let own: Vec<&Tenure> = own.collect();
        let commits = facts.commits.iter().filter(|it| it.partition == partition);
        let commits: Vec<Commit> = commits.copied().collect();
        judge.owners(&own);
        judge.records(partition, &own, &commits);
        let reached = Reached::of(own.iter().flat_map(|it| &it.handed));
        judge.offsets(partition, &commits, &reached);
        for tenure in &own {
            judge.begin(tenure, &commits, &reached);
            judge.handover(tenure, &own, &reached);
            judge.follow(tenure);
        }
    }
    judge.confirmed();
    judge.verdict
}

struct Judge<'a> {
    facts: &'a Facts<'a>,
    verdict: Verdict,
}

impl Judge<'_> {
    fn who(&self, member: usize) -> String {
        let member = self.facts.members.get(member);
        member.map_or_else(|| "nobody".into(), |member| member.name.clone())
    }

    /// One more of a kind, in words if it is among the first.
    fn fault(&mut self, kind: fn(&mut Verdict) -> &mut u64, by: u64, words: String) {
        let count = kind(&mut self.verdict);
        let first = *count < EXAMPLES;
        *count += by;
        if first {
            self.verdict.examples.push(words);
        }
    }

    fn count(&mut self) {
        self.verdict.tenures = number(self.facts.tenures.all.len());
        self.verdict.commits = number(self.facts.commits.len());
        for (at, member) in self.facts.members.iter().enumerate() {
            for event in &member.events {
                match &event.what {
                    What::Lost(_) => {
                        let since = event.at.saturating_sub(30_000_000);
                        self.verdict.losses += 1;
                        let still = member.stood_still(since, event.at);
                        self.verdict.losses_awake += u64::from(!still);
                    }
                    What::Refused(words) => {
                        self.verdict.refused += 1;
                        self.word("commit refused", words);
                    }
                    What::Error(words) => {
                        self.verdict.errors += 1;
                        self.word("poll failed", words);
                    }
                    What::Closed(words) if words != "well" => {
                        self.verdict.unwell += 1;
                        self.word("left badly", words);
                    }
                    What::Odd(place) => {
                        let words = format!("{}: odd record at {place}", self.who(at));
                        self.fault(|it| &mut it.odd, 1, words);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Numbers are places, which would make each error one of its own.
    fn word(&mut self, what: &str, words: &str) {
        let plain = words.replace(|c: char| c.is_ascii_digit(), "");
        let counted = self.verdict.words.entry(format!("{what}: {plain}"));
        *counted.or_default() += 1;
    }

    fn tell_strays(&mut self) {
        for stray in &self.facts.tenures.strays {
            let (who, range) = (self.who(stray.member), stray.range);
            let words = format!("{who} at {}: {range:?} is not its own", stray.at);
            self.fault(|it| &mut it.strays, 1, words);
        }
    }

    /// Nobody owns a partition beside another; `own` is sorted by its beginning.
    fn owners(&mut self, own: &[&Tenure]) {
        for (at, older) in own.iter().enumerate() {
            for newer in own.get(at + 1..).unwrap_or_default() {
                if older.member == newer.member {
                    continue;
                }
                let together = newer.from + TICK < older.to && !self.knew_nothing(older, newer);
                if together || (self.facts.classic && share_generation(older, newer)) {
                    let (one, other) = (self.who(older.member), self.who(newer.member));
                    let words = format!(
                        "partition {}: {one} {} and {other} {}",
                        older.partition,
                        in_words(older),
                        in_words(newer)
                    );
                    self.fault(|it| &mut it.two_owners, 1, words);
                }
            }
        }
    }

    /// Whether the older owner could not know that the group had given it up.
    fn knew_nothing(&self, older: &Tenure, newer: &Tenure) -> bool {
        let Some(member) = self.facts.members.get(older.member) else {
            return false;
        };
        // A stop that is long over has been told of.
        let since = newer.from.saturating_sub(STOP_COUNTS).max(older.from);
        match older.end {
            // The next heartbeat tells a member that is awake.
            End::Lost => {
                let told = older.to.saturating_sub(newer.from) <= TOLD_WITHIN;
                told || member.stood_still(since, older.to)
            }
            // Java says a loss as it says a revocation.
            End::Revoked => member.java && member.stood_still(since, older.to),
            End::Gone => member.stood_still(since, newer.from),
        }
    }

    /// All below the committed offset was handed out; how much of it more than once.
    fn records(&mut self, partition: usize, own: &[&Tenure], commits: &[Commit]) {
        let end = self.facts.ends.get(partition).copied().unwrap_or(0);
        let mut times = vec![0_u32; usize::try_from(end).unwrap_or(0)];
        for (_, range) in own.iter().flat_map(|it| &it.handed) {
            for offset in range.first..=range.last {
                self.verdict.handed += 1;
                match usize::try_from(offset)
                    .ok()
                    .and_then(|at| times.get_mut(at))
                {
                    Some(times) => *times += 1,
                    None => {
                        let words = format!("partition {partition}: {offset} is beyond the log");
                        self.fault(|it| &mut it.odd, 1, words);
                    }
                }
            }
        }
        let again = times.iter().map(|times| u64::from(times.saturating_sub(1)));
        self.verdict.again += again.sum::<u64>();
        let committed = commits.last().map_or(0, |it| it.offset);
        self.verdict.lag += end.abs_diff(committed);
        let done = usize::try_from(committed).unwrap_or(0);
        let skipped = times.iter().take(done).enumerate();
        let mut skipped = skipped.filter(|(_, times)| **times == 0);
        if let Some((first, _)) = skipped.next() {
            let count = 1 + number(skipped.count());
            let words = format!("partition {partition}: {count} skipped, the first at {first}");
            self.fault(|it| &mut it.skipped, count, words);
        }
    }

    /// Committed offsets only grow, and only behind what was handed out.
    fn offsets(&mut self, partition: usize, commits: &[Commit], reached: &Reached) {
        for pair in commits.windows(2) {
            let [before, after] = pair else { continue };
            if after.offset < before.offset {
                let words = format!("partition {partition}: {before:?} and then {after:?}");
                self.fault(|it| &mut it.back, 1, words);
            }
        }
        for commit in commits {
            let reached = reached.by(commit.at + TICK);
            if commit.offset > reached {
                let words = format!("partition {partition}: {commit:?}, handed out to {reached}");
                self.fault(|it| &mut it.early, 1, words);
            }
        }
    }

    /// An owner begins at the committed offset: not behind it, and not before it, so that no more
    /// comes again than was not committed.
    fn begin(&mut self, tenure: &Tenure, commits: &[Commit], reached: &Reached) {
        let Some((at, first)) = tenure.handed.first() else {
            return;
        };
        let since = tenure.from.saturating_sub(SEEN);
        let before = commits.iter().rev().find(|commit| commit.at <= since);
        let mut possible = BTreeSet::from([before.map_or(0, |commit| commit.offset)]);
        let meanwhile = commits
            .iter()
            .filter(|it| since < it.at && it.at <= *at + TICK);
        possible.extend(meanwhile.map(|commit| commit.offset));
        if !possible.contains(&first.first) {
            let who = self.who(tenure.member);
            let words = format!(
                "partition {}: {who} began at {} at {at}, where {possible:?} was committed",
                tenure.partition, first.first
            );
            return self.fault(|it| &mut it.elsewhere, 1, words);
        }
        let again = reached.by(at.saturating_sub(1)) - first.first;
        let again = u64::try_from(again).unwrap_or(0);
        self.verdict.again_most = self.verdict.again_most.max(again);
    }

    /// How much comes again although the owner before was told to give up, and did.
    fn handover(&mut self, tenure: &Tenure, own: &[&Tenure], reached: &Reached) {
        // One that stood still may think longer that it owns the partition.
        let before = own.iter().rev().find(|it| it.from < tenure.from);
        let in_order =
            before.is_some_and(|it| it.end == End::Revoked && it.to <= tenure.from + TICK);
        if let (Some((at, first)), true) = (tenure.handed.first(), in_order) {
            let again = reached.by(at.saturating_sub(1)) - first.first;
            self.verdict.again_after_handover += u64::try_from(again).unwrap_or(0);
        }
    }

    /// What an owner is handed out goes on where it stopped.
    fn follow(&mut self, tenure: &Tenure) {
        for pair in tenure.handed.windows(2) {
            let [(_, before), (at, after)] = pair else {
                continue;
            };
            if after.first != before.last + 1 {
                let who = self.who(tenure.member);
                let words = format!("{who} at {at}: {after:?} after {before:?}");
                self.fault(|it| &mut it.jumps, 1, words);
            }
        }
    }

    /// What was confirmed had been written: that offset, or a later one of a commit that went with
    /// it.
    fn confirmed(&mut self) {
        let written = (0..self.facts.ends.len()).map(|partition| {
            let own = self.facts.commits.iter();
            let own = own.filter(|it| it.partition == partition);
            Reached::by_steps(own.map(|it| (it.at, it.offset)).collect())
        });
        let written: Vec<Reached> = written.collect();
        for (at, member) in self.facts.members.iter().enumerate() {
            for event in &member.events {
                let What::Committed(offsets) = &event.what else {
                    continue;
                };
                let is_missing = |(partition, offset): &&(usize, i64)| {
                    let written = written.get(*partition);
                    written.is_none_or(|it| it.by(event.at + TICK) < *offset)
                };
                for place in offsets.iter().filter(is_missing) {
                    let words = format!("{}: {place:?} confirmed, not written", self.who(at));
                    self.fault(|it| &mut it.unwritten, 1, words);
                }
            }
        }
    }
}

fn share_generation(a: &Tenure, b: &Tenure) -> bool {
    match (a.generations, b.generations) {
        (Some((first, last)), Some((begin, end))) => first <= end && begin <= last,
        _ => false,
    }
}

fn in_words(tenure: &Tenure) -> String {
    let Tenure { from, to, end, .. } = tenure;
    let generations = tenure.generations;
    format!("from {from} to {to} ({end:?}, generations {generations:?})")
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
