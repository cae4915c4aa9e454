//! The table at the end, and whether the run was good. Pure.

use std::fmt::Write;

use super::judge::Verdict;
use super::torment::Faults;
use super::workload::Sums;
use crate::proxy::Counts;

/// How many of the errors of failed records are shown, the most frequent first.
const ERRORS: usize = 6;

/// All that is known of a run.
#[derive(Debug)]
pub(super) struct Report {
    /// With idempotence: no fault at all. Without: duplicates, as the proof that they are seen.
    pub(super) idempotent: bool,
    pub(super) sums: Sums,
    pub(super) faults: Faults,
    pub(super) proxy: Counts,
    pub(super) verdict: Verdict,
    /// Whether brokers were to be killed or stopped, connections to be cut.
    pub(super) wanted: (bool, bool),
}

impl Report {
    /// What is wrong with the run; nothing if it was good.
    pub(super) fn complaints(&self) -> Vec<String> {
        let verdict = &self.verdict;
        let mut forbidden = vec![
            ("acknowledged and lost", verdict.lost),
            (
                "said not to be written, and in the log",
                verdict.false_failed,
            ),
            (
                "acknowledged at an offset where they are not",
                verdict.misplaced,
            ),
            ("in the log and never sent", verdict.foreign),
            ("without an honest outcome", verdict.silent),
            (
                "not shown by the reader, which proves nothing then",
                verdict.unread,
            ),
        ];
        if self.idempotent {
            forbidden.push(("more than once in the log", verdict.duplicated));
            forbidden.push(("out of order", verdict.reordered));
        }
        let found = forbidden.into_iter().filter(|(_, count)| *count > 0);
        let mut complaints: Vec<String> = found
            .map(|(what, count)| format!("records {what}: {count}"))
            .collect();
        let cuts = self.proxy.cuts + self.proxy.torn;
        let (brokers, connections) = self.wanted;
        for (missing, what) in [
            (verdict.acked == 0, "nothing was acknowledged"),
            (
                brokers && self.faults == Faults::default(),
                "no broker was hit: run longer",
            ),
            (
                connections && cuts == 0,
                "no connection was cut: run longer",
            ),
            (
                !self.idempotent && verdict.duplicated == 0,
                "no duplicate without idempotence: the check may be blind",
            ),
        ] {
            if missing {
                complaints.push(what.into());
            }
        }
        complaints
    }

    /// The table.
    pub(super) fn table(&self) -> String {
        let (verdict, sums) = (&self.verdict, &self.sums);
        let mut text = String::new();
        let mut row = |count: u64, what: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {:>13}  {what}", grouped(count));
        };
        row(sums.attempted, "records sent");
        row(verdict.logged, "records in the log");
        row(self.faults.kills, "brokers killed");
        row(self.faults.pauses, "brokers stopped for a while");
        row(self.proxy.cuts, "connections cut in place of a response");
        row(self.proxy.torn, "connections cut at a random byte");
        row(self.proxy.held, "requests or responses held");
        row(self.proxy.blackholes, "connections that went silent");
        row(
            sums.longest_pause_ms,
            "ms, the longest time without an acknowledgement",
        );
        row(verdict.acked, "acknowledged");
        row(verdict.somewhere, "  of those, without an offset");
        row(verdict.not_written, "not written, it said");
        row(verdict.maybe_written, "maybe written, it said");
        row(verdict.maybe_found, "  of those, in the log");
        row(verdict.lost, "LOST: acknowledged and not in the log");
        row(verdict.duplicated, "DUPLICATED: in the log again");
        row(verdict.reordered, "REORDERED: behind a later one");
        row(
            verdict.false_failed,
            "FALSE FAIL: not written, it said, and in the log",
        );
        row(
            verdict.misplaced,
            "MISPLACED: not at the offset it was acknowledged at",
        );
        row(
            verdict.foreign,
            "FOREIGN: in the log, damaged or never sent",
        );
        row(verdict.silent, "HUNG: without an honest outcome in time");
        let mut errors: Vec<(&String, &u64)> = sums.errors.iter().collect();
        errors.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (error, count) in errors.into_iter().take(ERRORS) {
            let _ = writeln!(text, "  {:>13}  failed: {error}", grouped(*count));
        }
        for example in &verdict.examples {
            let _ = writeln!(text, "  e.g. {example}");
        }
        text
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(idempotent: bool, verdict: Verdict) -> Report {
        Report {
            idempotent,
            sums: Sums::default(),
            faults: Faults {
                kills: 1,
                pauses: 0,
            },
            proxy: Counts {
                cuts: 3,
                ..Counts::default()
            },
            verdict: Verdict {
                acked: 1_000,
                ..verdict
            },
            wanted: (true, true),
        }
    }

    #[test]
    fn with_idempotence_each_fault_fails_the_run() {
        assert!(report(true, Verdict::default()).complaints().is_empty());
        let faults: [fn(&mut Verdict) -> &mut u64; 8] = [
            |v| &mut v.lost,
            |v| &mut v.duplicated,
            |v| &mut v.reordered,
            |v| &mut v.false_failed,
            |v| &mut v.misplaced,
            |v| &mut v.foreign,
            |v| &mut v.silent,
            |v| &mut v.unread,
        ];
        for fault in faults {
            let mut verdict = Verdict::default();
            *fault(&mut verdict) = 1;
            assert_eq!(report(true, verdict).complaints().len(), 1);
        }
    }

    #[test]
    fn without_idempotence_there_must_be_duplicates_and_nothing_worse() {
        let seen = Verdict {
            duplicated: 5,
            reordered: 2,
            ..Verdict::default()
        };
        assert!(report(false, seen.clone()).complaints().is_empty());
        let lost = Verdict { lost: 1, ..seen };
        assert_eq!(report(false, lost).complaints().len(), 1);
        let blind = report(false, Verdict::default()).complaints();
        assert!(blind[0].contains("blind"), "{blind:?}");
    }

    #[test]
    fn a_run_that_hits_nothing_proves_nothing() {
        let mut calm = report(true, Verdict::default());
        calm.faults = Faults::default();
        calm.proxy = Counts::default();
        assert_eq!(calm.complaints().len(), 2);
        calm.wanted = (false, false);
        assert!(calm.complaints().is_empty());
    }

    #[test]
    fn numbers_are_grouped() {
        let all = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(all, ["0", "999", "1,000", "1,234,567"]);
    }
}
