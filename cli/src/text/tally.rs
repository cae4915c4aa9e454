//! Counts what became of records, and tells of failures without flooding the terminal.

use tidewire::{Error, ErrorCode, ErrorKind, WriteStatus};

/// How many different failures are told.
const TOLD: u32 = 10;
/// Of how many reasons the records are counted.
const REASONS: usize = 10;

/// What became of the records so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    /// Acknowledged.
    pub(crate) written: u64,
    /// Failed, and surely not in the log.
    pub(crate) not_written: u64,
    /// Failed, and perhaps in the log all the same.
    pub(crate) maybe_written: u64,
    /// The failure told last: one batch fails many records with the same words.
    last: Option<String>,
    told: u32,
    /// How many records failed for each reason, of the first few.
    reasons: Vec<(String, u64)>,
    /// And for any other.
    others: u64,
}

impl Tally {
    /// Counts a failure; gives the line to print, if this one is to be told.
    pub(crate) fn failed(
        &mut self,
        whence: &str,
        what: &str,
        status: WriteStatus,
    ) -> Option<String> {
        match status {
            WriteStatus::NotWritten => self.not_written += 1,
            WriteStatus::MaybeWritten => self.maybe_written += 1,
        }
        self.count_reason(what);
        if self.told > TOLD || self.last.as_deref() == Some(what) {
            return None;
        }
        self.last = Some(what.to_owned());
        self.told += 1;
        Some(if self.told > TOLD {
            "failed: other records for other reasons; all are counted at the end".to_owned()
        } else {
            format!("failed: {whence}: {what}")
        })
    }

    fn count_reason(&mut self, what: &str) {
        let room = self.reasons.len() < REASONS;
        match self.reasons.iter_mut().find(|(known, _)| known == what) {
            Some((_, count)) => *count += 1,
            None if room => self.reasons.push((what.to_owned(), 1)),
            None => self.others += 1,
        }
    }

    /// "7 records: the broker refused the batch", a line for each reason; none where there is one
    /// failure, which was told already.
    pub(crate) fn by_reason(&self) -> Vec<String> {
        if self.failures() < 2 {
            return Vec::new();
        }
        let named = self.reasons.iter();
        let named = named.map(|(what, count)| format!("{}: {what}", records(*count)));
        let others = (self.others > 0).then(|| format!("{}: other reasons", records(self.others)));
        named.chain(others).collect()
    }

    /// All that failed.
    pub(crate) fn failures(&self) -> u64 {
        self.not_written + self.maybe_written
    }

    /// "2 records failed: 1 not written, 1 perhaps written"; `None` when none failed.
    pub(crate) fn complaint(&self) -> Option<String> {
        let failures = self.failures();
        let kinds = match (self.not_written, self.maybe_written) {
            (0, 0) => return None,
            (_, 0) => "not written (sending them again is safe)".to_owned(),
            (0, _) => "perhaps written (sending them again may write them twice)".to_owned(),
            (not, maybe) => format!(
                "{not} not written, {maybe} perhaps written (sending these again may write them \
                 twice)"
            ),
        };
        Some(format!("{} failed: {kinds}", records(failures)))
    }
}

/// "1 record", "2 records".
pub(crate) fn records(count: u64) -> String {
    format!("{count} record{}", if count == 1 { "" } else { "s" })
}

/// Whether the failure is this record's alone, so that going on with the next one makes sense.
pub(crate) fn is_of_one_record(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::InvalidInput => true,
        ErrorKind::Broker(code) => [
            ErrorCode::MESSAGE_TOO_LARGE,
            ErrorCode::RECORD_LIST_TOO_LARGE,
            ErrorCode::INVALID_RECORD,
            ErrorCode::INVALID_TIMESTAMP,
        ]
        .contains(&code),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_one_reason_are_told_once_and_all_counted() {
        let mut tally = Tally::default();
        let mut told = Vec::new();
        for line in 0..1000 {
            let reason = if line < 500 { "full" } else { "gone" };
            told.extend(tally.failed(&format!("line {line}"), reason, WriteStatus::NotWritten));
        }
        assert_eq!(told, ["failed: line 0: full", "failed: line 500: gone"]);
        assert_eq!(tally.not_written, 1000);
    }

    #[test]
    fn failures_are_counted_by_their_reason() {
        let mut tally = Tally::default();
        let mut fail = |what: &str| drop(tally.failed("x", what, WriteStatus::NotWritten));
        fail("full");
        for what in ["gone", "full", "full"] {
            fail(what);
        }
        assert_eq!(tally.by_reason(), ["3 records: full", "1 record: gone"]);
        for n in 0..20 {
            drop(tally.failed("x", &n.to_string(), WriteStatus::MaybeWritten));
        }
        let lines = tally.by_reason();
        assert_eq!(lines.len(), 11);
        assert_eq!(lines.last().unwrap(), "12 records: other reasons");
        let mut one = Tally::default();
        drop(one.failed("x", "full", WriteStatus::NotWritten));
        assert!(one.by_reason().is_empty(), "it was told already");
    }

    #[test]
    fn failures_of_many_reasons_do_not_flood_the_terminal() {
        let mut tally = Tally::default();
        let told = (0..1000)
            .filter_map(|line| tally.failed("x", &format!("{line}"), WriteStatus::MaybeWritten));
        assert_eq!(told.count(), 11);
        assert_eq!(tally.maybe_written, 1000);
    }

    #[test]
    fn the_complaint_says_what_may_have_been_written() {
        let tally = |not_written, maybe_written| Tally {
            written: 5,
            not_written,
            maybe_written,
            ..Tally::default()
        };
        assert_eq!(tally(0, 0).complaint(), None);
        let text = tally(1, 0).complaint().unwrap();
        assert!(text.starts_with("1 record failed: not written"), "{text}");
        let text = tally(0, 2).complaint().unwrap();
        assert!(
            text.starts_with("2 records failed: perhaps written"),
            "{text}"
        );
        let text = tally(1, 2).complaint().unwrap();
        assert!(
            text.starts_with("3 records failed: 1 not written, 2 perhaps"),
            "{text}"
        );
    }
}
