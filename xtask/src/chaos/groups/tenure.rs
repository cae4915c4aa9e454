//! Tenures: from when to when a member had a partition, by its own account. Pure.
//!
//! A tenure begins when the member is told that the partition is its own and ends when it is told
//! that it no longer is, or when it is killed. What it hands out is part of a tenure, or a stray.

use std::collections::BTreeMap;

use super::history::{Event, Micros, Range, What};

/// A member writes down what a poll returned within this time, in microseconds.
const WRITTEN_WITHIN: Micros = 1_000_000;

/// Who a member is, and what was done to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Member {
    pub(super) name: String,
    /// Java's tell neither generations nor losses.
    pub(super) java: bool,
    pub(super) events: Vec<Event>,
    /// From SIGSTOP to SIGCONT, or to its end.
    pub(super) stops: Vec<(Micros, Micros)>,
    /// SIGKILL, or its end if it left.
    pub(super) end: Option<Micros>,
}

impl Member {
    /// Whether it stood still at any time between these.
    pub(super) fn stood_still(&self, from: Micros, to: Micros) -> bool {
        self.stops
            .iter()
            .any(|(begin, end)| *begin <= to && from <= *end)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Revoked,
    Lost,
    /// It ended, or the run did, before it was told anything.
    Gone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tenure {
    pub(super) member: usize,
    pub(super) partition: usize,
    pub(super) from: Micros,
    pub(super) to: Micros,
    pub(super) end: End,
    /// The first and the last generation in which the member had it, as far as it told.
    pub(super) generations: Option<(i32, i32)>,
    /// What was handed out, and when.
    pub(super) handed: Vec<(Micros, Range)>,
}

/// What a member handed out and did not own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stray {
    pub(super) member: usize,
    pub(super) at: Micros,
    pub(super) range: Range,
}

/// All tenures of all members, and what is wrong with single ones.
#[derive(Debug, Default)]
pub(super) struct Tenures {
    pub(super) all: Vec<Tenure>,
    pub(super) strays: Vec<Stray>,
}

/// One member's walk through its events.
struct Walk<'a> {
    member: &'a Member,
    number: usize,
    out: &'a mut Tenures,
    open: BTreeMap<usize, Tenure>,
    /// Lost just now, and when: a poll that had returned before may still be written down, once.
    lost: BTreeMap<usize, Micros>,
    generation: Option<i32>,
}

impl Tenures {
    /// `over`: when the run was.
    pub(super) fn of(members: &[Member], over: Micros) -> Self {
        let mut tenures = Self::default();
        for (number, member) in members.iter().enumerate() {
            let mut walk = Walk {
                member,
                number,
                out: &mut tenures,
                open: BTreeMap::new(),
                lost: BTreeMap::new(),
                generation: None,
            };
            member.events.iter().for_each(|event| walk.step(event));
            let end = member.end.unwrap_or(over);
            let open: Vec<usize> = walk.open.keys().copied().collect();
            walk.close(&open, end, End::Gone);
        }
        tenures
            .all
            .sort_by_key(|tenure| (tenure.partition, tenure.from));
        tenures
    }

    /// Those of each partition, in the order of their beginning.
    pub(super) fn by_partition(&self) -> impl Iterator<Item = &[Tenure]> {
        self.all.chunk_by(|a, b| a.partition == b.partition)
    }
}

/// How far a partition had come at any time: handed out by whomever, or committed.
#[derive(Debug)]
pub(super) struct Reached(Vec<(Micros, i64)>);

impl Reached {
    pub(super) fn of<'a>(handed: impl Iterator<Item = &'a (Micros, Range)>) -> Self {
        Self::by_steps(handed.map(|(at, it)| (*at, it.last + 1)).collect())
    }

    /// Of times and the next offsets that were reached then.
    pub(super) fn by_steps(mut steps: Vec<(Micros, i64)>) -> Self {
        steps.sort_unstable();
        let mut most = 0;
        for (_, next) in &mut steps {
            most = most.max(*next);
            *next = most;
        }
        Self(steps)
    }

    /// The next offset as of then; 0 before the first record.
    pub(super) fn by(&self, at: Micros) -> i64 {
        let after = self.0.partition_point(|(time, _)| *time <= at);
        let last = self.0.get(..after).and_then(<[_]>::last);
        last.map_or(0, |(_, next)| *next)
    }
}

impl Walk<'_> {
    fn step(&mut self, event: &Event) {
        if let Some(generation) = event.generation {
            self.generation = Some(generation);
        }
        match &event.what {
            What::Assigned(partitions) => {
                self.lost.clear();
                for partition in partitions {
                    // One that is assigned twice was given up in between without a word.
                    self.close(&[*partition], event.at, End::Gone);
                    let tenure = Tenure {
                        member: self.number,
                        partition: *partition,
                        from: event.at,
                        to: event.at,
                        end: End::Gone,
                        generations: event.generation.map(|it| (it, it)),
                        handed: Vec::new(),
                    };
                    self.open.insert(*partition, tenure);
                }
            }
            What::Revoked(partitions) => self.close(partitions, event.at, End::Revoked),
            What::Lost(partitions) => {
                self.close(partitions, event.at, End::Lost);
                let lost = partitions.iter().map(|it| (*it, event.at));
                self.lost.extend(lost);
            }
            What::Handed(ranges) => {
                for range in ranges {
                    self.handed(event.at, *range);
                }
                self.lost.clear();
            }
            _ => {}
        }
    }

    fn handed(&mut self, at: Micros, range: Range) {
        if let Some(tenure) = self.open.get_mut(&range.partition) {
            tenure.handed.push((at, range));
        } else if !self.was_on_its_way(range.partition, at) {
            let member = self.number;
            self.out.strays.push(Stray { member, at, range });
        } else if let Some(tenure) = self.last(range.partition) {
            tenure.handed.push((at, range));
        }
    }

    /// Whether a poll may have returned before a partition was lost, though it is written down now.
    fn was_on_its_way(&self, partition: usize, at: Micros) -> bool {
        self.lost.get(&partition).is_some_and(|lost| {
            at.saturating_sub(*lost) <= WRITTEN_WITHIN || self.member.stood_still(*lost, at)
        })
    }

    /// Its latest tenure of a partition that has ended.
    fn last(&mut self, partition: usize) -> Option<&mut Tenure> {
        let number = self.number;
        let mut all = self.out.all.iter_mut().rev();
        all.find(|it| it.member == number && it.partition == partition)
    }

    fn close(&mut self, partitions: &[usize], at: Micros, end: End) {
        for partition in partitions {
            let Some(mut tenure) = self.open.remove(partition) else {
                continue;
            };
            if let (Some((_, last)), Some(generation)) = (&mut tenure.generations, self.generation)
            {
                *last = generation.max(*last);
            }
            tenure.to = at;
            tenure.end = end;
            self.out.all.push(tenure);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::history::of_ours;
    use super::*;

    /// A member with this journal.
    pub(crate) fn member(journal: &[&str]) -> Member {
        Member {
            events: journal.iter().filter_map(|line| of_ours(line)).collect(),
            ..Member::default()
        }
    }

    #[test]
    fn a_tenure_goes_from_word_to_word() {
        let journal = [
            "10 assigned 1 0 1",
            "11 hand 1 0:0-4 1:0-1",
            "12 assigned 2",
            "13 hand 2 0:5-6",
            "14 revoked 3 0",
            "15 lost -1 1",
            "16 assigned 5 0",
        ];
        let tenures = Tenures::of(&[member(&journal)], 20);
        assert!(tenures.strays.is_empty());
        let told = tenures.all.iter().map(|it| {
            let handed = it.handed.len();
            (it.partition, it.from, it.to, it.end, it.generations, handed)
        });
        let expected = [
            (0, 10, 14, End::Revoked, Some((1, 3)), 2),
            (0, 16, 20, End::Gone, Some((5, 5)), 0),
            (1, 10, 15, End::Lost, Some((1, 3)), 1),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_handed_out_without_a_tenure_is_a_stray() {
        let journal = [
            "10 assigned 1 0",
            "11 hand 1 0:0-4",
            "12 revoked 1 0",
            "13 hand 1 0:5-6",
        ];
        assert_eq!(Tenures::of(&[member(&journal)], 20).strays.len(), 1);
        let never = Tenures::of(&[member(&["11 hand 1 0:0-4"])], 20);
        assert_eq!(never.strays.len(), 1);
    }

    #[test]
    fn what_was_handed_out_again_moves_nothing_back() {
        let range = |last| Range {
            partition: 0,
            first: 0,
            last,
        };
        let handed = [(10, range(4)), (30, range(2)), (20, range(9))];
        let reached = Reached::of(handed.iter());
        let by = [9, 10, 25, 40].map(|at| reached.by(at));
        assert_eq!(by, [0, 5, 10, 10]);
    }

    #[test]
    fn what_a_poll_returns_long_after_a_loss_is_a_stray() {
        let journal = ["10 assigned 1 0", "12 lost -1 0", "1000013 hand -1 0:5-6"];
        let mut member = member(&journal);
        let strays = |member: &Member| {
            Tenures::of(std::slice::from_ref(member), 2_000_000)
                .strays
                .len()
        };
        assert_eq!(strays(&member), 1);
        member.stops.push((11, 1_000_000));
        assert_eq!(strays(&member), 0, "it stood still in between");
    }

    #[test]
    fn after_a_loss_one_poll_may_come_late_and_no_second_one() {
        let journal = [
            "10 assigned 1 0",
            "12 lost -1 0",
            "13 hand -1 0:5-6",
            "14 hand -1 0:7-8",
        ];
        let tenures = Tenures::of(&[member(&journal)], 20);
        assert_eq!((tenures.strays.len(), tenures.all[0].handed.len()), (1, 1));
        assert_eq!(tenures.strays[0].range.first, 7);
    }
}
