//! What becomes of a record that is appended.

use super::batch::BatchId;
use crate::error::{Error, ErrorKind};
use crate::record::AppendError;

/// Where an appended record went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Receipt {
    pub(crate) batch: BatchId,
    /// The record's place in the batch.
    pub(crate) index: u32,
    /// Whether the batch is new, so that its deadline must be watched from now on.
    pub(crate) new_batch: bool,
    /// Whether a batch became full, so that there is something to send at once.
    pub(crate) full: bool,
}

/// Why a record was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The pool has too little memory: reserve so many chunks and come back with them.
    NoMemory { chunks: usize },
    /// It will never be taken.
    Invalid(Error),
}

pub(super) fn too_large(size: usize, limit: usize) -> Error {
    let words = format!(
        "the record takes up to {size} bytes, more than max.request.size = {limit}; split it, or \
         raise max.request.size here and message.max.bytes or max.message.bytes on the broker"
    );
    Error::new(ErrorKind::InvalidInput, words)
}

/// Why a record was not taken; `lost` chunks that it came with went back to the pool.
pub(super) fn refused(error: AppendError, lost: usize) -> Refused {
    match error {
        AppendError::NoMemory { chunks } => Refused::NoMemory {
            chunks: chunks + lost,
        },
        error => Refused::Invalid(Error::new(ErrorKind::InvalidInput, error.to_string())),
    }
}
