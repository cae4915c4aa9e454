//! What becomes of a record that is appended.

use crate::error::{Error, ErrorKind};
use crate::record::AppendError;

/// What gives their time to records that bring none, in milliseconds since 1970.
pub(crate) trait Clock {
    /// Exact: asked for each batch.
    fn exact_ms(&self) -> i64;

    /// Maybe some milliseconds behind: asked for each record after a batch's first.
    fn coarse_ms(&self) -> i64;
}

/// Where an appended record went.
#[derive(Debug)]
pub(crate) struct Appended<T> {
    /// What the records of its batch share.
    pub(crate) tag: T,
    /// The record's place in the batch.
    pub(crate) index: u32,
    /// How many bytes it took, before compression.
    pub(crate) size: usize,
    /// Its time: its own, or when it was appended, in milliseconds since 1970.
    pub(crate) timestamp_ms: i64,
    /// Whether the sender is to be told of the partition.
    pub(crate) tell: bool,
}

/// Why a record was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The pool has too little memory: reserve so many chunks and come back with them.
    NoMemory { chunks: usize },
    /// It will never be taken.
    Invalid(Error),
    /// No records are taken any more.
    Closed,
}

#[cold]
pub(super) fn too_large(size: usize, limit: usize) -> Error {
    let words = format!(
        "the record takes up to {size} bytes, more than max.request.size = {limit}; split it, or \
         raise max.request.size here and message.max.bytes or max.message.bytes on the broker"
    );
    Error::new(ErrorKind::InvalidInput, words)
}

/// Why a record was not taken; `lost` chunks that it came with went back to the pool.
#[cold]
pub(super) fn refused(error: AppendError, lost: usize) -> Refused {
    match error {
        AppendError::NoMemory { chunks } => Refused::NoMemory {
            chunks: chunks + lost,
        },
        error => Refused::Invalid(Error::new(ErrorKind::InvalidInput, error.to_string())),
    }
}
