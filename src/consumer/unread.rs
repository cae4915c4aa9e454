//! What the fetcher keeps of a batch: as it came, until its first records are handed out; from then
//! on decompressed, with the place reached. So a batch is checked and decompressed once, however
//! many polls it takes to hand it out.

use bytes::Bytes;

use crate::machine::consumer::Detach;
use crate::record::{Batch, BatchHeader, Cursor, DecodeLimits, DecodedBatch, RecordError};

/// A batch, or the rest of one.
#[derive(Debug)]
pub(super) enum Unread {
    Fetched(Batch),
    Opened(Opened),
}

/// A batch that was checked and decompressed, and the place before its next record.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) batch: DecodedBatch,
    pub(super) cursor: Cursor,
    /// The memory it takes by itself; `None` while it is a slice of its answer.
    pub(super) own_bytes: Option<usize>,
}

impl Unread {
    pub(super) fn open(&self, check_crc: bool) -> Result<Opened, RecordError> {
        let batch = match self {
            Self::Opened(opened) => return Ok(opened.clone()),
            Self::Fetched(batch) => batch,
        };
        if check_crc {
            batch.verify_crc()?;
        }
        let decoded = batch.decode(DecodeLimits::default())?;
        let records = decoded.record_bytes();
        let shared = records.as_ptr() == batch.record_bytes().as_ptr();
        let own_bytes = (!shared).then_some(records.len());
        Ok(Opened {
            batch: decoded,
            cursor: Cursor::default(),
            own_bytes,
        })
    }
}

impl Detach for Unread {
    fn detach(&mut self) {
        match self {
            Self::Fetched(batch) => *batch = copy(batch.header(), batch.record_bytes()),
            Self::Opened(opened) if opened.own_bytes.is_none() => {
                let batch = copy(opened.batch.header(), opened.batch.record_bytes());
                // What shares its answer is not compressed, so nothing can fail.
                if let Ok(decoded) = batch.decode(DecodeLimits::default()) {
                    opened.batch = decoded;
                }
            }
            Self::Opened(_) => {}
        }
    }
}

fn copy(header: &BatchHeader, records: &Bytes) -> Batch {
    Batch::from_parts(header.clone(), Bytes::copy_from_slice(records))
}
