//! What became of the records of one partition of one producer: a number each, by sequence.
//!
//! Eight bytes per record, so that a run of fifteen million needs 120 MB. The numbers are the
//! interface to whoever judges: an offset, or one of the negative ones below.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use tidewire::{Error, RecordMetadata, WriteStatus};

/// What the client said of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    /// Written, at this offset.
    At(i64),
    NotWritten,
    MaybeWritten,
    /// Written; the broker no longer knew where.
    Somewhere,
    /// It said nothing within its limit.
    NoOutcome,
    /// An error that does not say whether the record was written.
    Unsaid,
}

impl Entry {
    /// What an outcome says.
    pub(crate) fn of(outcome: &Result<RecordMetadata, Error>) -> Self {
        match outcome {
            Ok(written) => written.offset.map_or(Self::Somewhere, Self::At),
            Err(error) => match error.write_status() {
                Some(WriteStatus::NotWritten) => Self::NotWritten,
                Some(WriteStatus::MaybeWritten) => Self::MaybeWritten,
                None => Self::Unsaid,
            },
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::At(offset) => offset,
            Self::NotWritten => -1,
            Self::MaybeWritten => -2,
            Self::Somewhere => -3,
            Self::NoOutcome => -4,
            Self::Unsaid => -5,
        }
    }
}

/// The entries, by sequence.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Vec<i64>);

impl Ledger {
    /// Of the next record.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.0.push(entry.number());
    }

    /// Writes it, little-endian.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&self, file: &Path) -> std::io::Result<()> {
        let mut file = BufWriter::new(File::create(file)?);
        for number in &self.0 {
            file.write_all(&number.to_le_bytes())?;
        }
        file.flush()
    }
}
