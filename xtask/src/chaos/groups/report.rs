//! The table at the end, and whether the run was good. Pure.

use std::fmt::Write;

use super::args::Sabotage;
use super::figures::{Figures, Times};
use super::judge::Verdict;
use super::torment::Deeds;
use crate::chaos::judge::Verdict as Written;
use crate::chaos::report::grouped;

/// How many kinds of errors are shown, the most frequent first.
const ERRORS: usize = 8;

/// Longer than a member stands still, its session after that and a rebalance.
const SILENT_MAX_MS: u64 = 60_000;

/// All that is known of a run.
#[derive(Debug)]
pub(super) struct Report {
    /// What another client found of what was written.
    pub(super) written: Written,
    pub(super) deeds: Deeds,
    pub(super) verdict: Verdict,
    pub(super) figures: Figures,
    /// Then the run is good if that is found.
    pub(super) sabotage: Option<Sabotage>,
}

impl Report {
    /// What is wrong with the run; nothing if it was good.
    pub(super) fn complaints(&self) -> Vec<String> {
        let found: Vec<(&str, u64)> = wrongs(&self.verdict)
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        let mut complaints = Vec::new();
        match self.sabotage {
            None => complaints.extend(found.iter().map(|(what, count)| format!("{what}: {count}"))),
            Some(sabotage) if sabotage.shows(&self.verdict) == 0 => complaints.push(format!(
                "the sabotage ({}) was not seen: the check may be blind",
                sabotage.name()
            )),
            Some(_) => {}
        }
        let written = &self.written;
        let missing = written.lost + written.unread + written.foreign + written.duplicated;
        let deeds = &self.deeds;
        let calm = deeds.kills + deeds.leaves + deeds.stops + deeds.starts == 0;
        let figures = &self.figures;
        for (wrong, what) in [
            (
                figures.silent.most() > SILENT_MAX_MS,
                "a partition delivered nothing for too long",
            ),
            (self.verdict.unwell > 0, "members could not leave well"),
            (missing > 0, "the topic is not what was written: no witness"),
            (self.verdict.handed == 0, "nothing was handed out"),
            (calm, "nobody was hit: run longer"),
        ] {
            if wrong {
                complaints.push(what.into());
            }
        }
        complaints
    }

    /// The table.
    pub(super) fn table(&self) -> String {
        let (verdict, deeds) = (&self.verdict, &self.deeds);
        let mut text = String::new();
        let mut row = |count: u64, what: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {:>13}  {what}", grouped(count));
        };
        row(self.written.logged, "records in the log");
        row(verdict.handed, "handed out");
        row(
            verdict.again,
            "  of those, again: never more than was uncommitted",
        );
        row(
            verdict.again_most,
            "  the most of a partition to a new owner",
        );
        row(
            verdict.again_after_handover,
            "  of those, after a handover in good order",
        );
        row(deeds.starts, "members started while others read");
        row(deeds.leaves, "members that left");
        row(deeds.kills, "members killed");
        row(deeds.stops, "members stopped for a while");
        row(verdict.tenures, "times that a partition came to a member");
        row(verdict.losses, "memberships lost, and told");
        row(
            verdict.losses_awake,
            "  of those, of members that were not stopped",
        );
        row(verdict.commits, "offsets that the coordinator wrote");
        row(verdict.refused, "commits refused, and told");
        row(verdict.errors, "polls that failed");
        row(verdict.unwell, "members that said an error when they left");
        for (what, count) in wrongs(verdict) {
            row(count, what);
        }
        let mut words: Vec<(&String, &u64)> = verdict.words.iter().collect();
        words.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (words, count) in words.into_iter().take(ERRORS) {
            let _ = writeln!(text, "  {:>13}  {words}", grouped(*count));
        }
        for example in &verdict.examples {
            let _ = writeln!(text, "  e.g. {example}");
        }
        text.push_str(&self.times());
        text
    }

    fn times(&self) -> String {
        let figures = &self.figures;
        let mut text = String::from("  ms:     median      99 %   longest     count\n");
        let rows: [(&Times, &str); 7] = [
            (
                &figures.joins,
                "from a start until every partition had an owner",
            ),
            (&figures.leaves, "from SIGTERM until then"),
            (
                &figures.undisturbed,
                "the same, with nothing else done meanwhile",
            ),
            (
                &figures.kills,
                "from SIGKILL until then, 6 s of session included",
            ),
            (
                &figures.stayed,
                "without delivery, of partitions that stayed in a rebalance",
            ),
            (
                &figures.calm,
                "without delivery, of partitions beside no rebalance",
            ),
            (&figures.silent, "without delivery, of any partition"),
        ];
        for (times, what) in rows {
            let count = u64::try_from(times.count()).unwrap_or(u64::MAX);
            let [median, most, longest] = [times.at(50), times.at(99), times.most()].map(grouped);
            let _ = writeln!(
                text,
                "  {median:>13} {most:>9} {longest:>9} {:>9}  {what}",
                grouped(count)
            );
        }
        text
    }
}

/// The faults, none of which a good run has.
fn wrongs(verdict: &Verdict) -> [(&'static str, u64); 10] {
    [
        (
            "SKIPPED: records that nobody was handed out",
            verdict.skipped,
        ),
        (
            "TWO OWNERS of a partition at a time or in a generation",
            verdict.two_owners,
        ),
        ("BACK: committed offsets that went back", verdict.back),
        (
            "ELSEWHERE: owners that did not begin at the committed offset",
            verdict.elsewhere,
        ),
        (
            "JUMPED: hand-outs that did not follow the owner's last",
            verdict.jumps,
        ),
        (
            "STRAY: hand-outs of partitions that were not owned",
            verdict.strays,
        ),
        (
            "EARLY: committed before all below was handed out",
            verdict.early,
        ),
        (
            "UNWRITTEN: commits confirmed and never written",
            verdict.unwritten,
        ),
        (
            "ODD: records that are not what was written there",
            verdict.odd,
        ),
        ("LAG: records not committed at the end", verdict.lag),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: Verdict, sabotage: Option<Sabotage>) -> Report {
        let handed = 1_000;
        Report {
            written: Written::default(),
            deeds: Deeds {
                kills: 1,
                ..Deeds::default()
            },
            verdict: Verdict { handed, ..verdict },
            figures: Figures::default(),
            sabotage,
        }
    }

    #[test]
    fn each_fault_fails_the_run() {
        assert!(report(Verdict::default(), None).complaints().is_empty());
        let faults: [fn(&mut Verdict) -> &mut u64; 10] = [
            |v| &mut v.skipped,
            |v| &mut v.two_owners,
            |v| &mut v.back,
            |v| &mut v.elsewhere,
            |v| &mut v.jumps,
            |v| &mut v.strays,
            |v| &mut v.early,
            |v| &mut v.unwritten,
            |v| &mut v.odd,
            |v| &mut v.lag,
        ];
        for fault in faults {
            let mut verdict = Verdict::default();
            *fault(&mut verdict) = 1;
            assert_eq!(report(verdict, None).complaints().len(), 1);
        }
    }

    #[test]
    fn sabotage_must_be_seen() {
        let blind = report(Verdict::default(), Some(Sabotage::Back)).complaints();
        assert!(blind[0].contains("blind"), "{blind:?}");
        let seen = Verdict {
            back: 3,
            ..Verdict::default()
        };
        assert!(
            report(seen.clone(), Some(Sabotage::Back))
                .complaints()
                .is_empty()
        );
        assert_eq!(report(seen, Some(Sabotage::Keep)).complaints().len(), 1);
    }

    #[test]
    fn a_run_without_a_witness_or_a_deed_proves_nothing() {
        let mut idle = report(Verdict::default(), None);
        idle.deeds = Deeds::default();
        idle.written.unread = 1;
        assert_eq!(idle.complaints().len(), 2);
    }
}
