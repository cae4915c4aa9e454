//! Batches in the bytes of a produce request: where one ends, and whether there is exactly one.

use bytes::Bytes;

use super::batch::{Header, OVERHEAD, Refusal, field, invalid};
use crate::error::ErrorCode;

/// What a produce request carries for one partition, cut at the end of its first batch.
///
/// # Errors
///
/// What `ProduceRequest.validateRecords` refuses: no whole batch, more than one, not magic 2.
pub(crate) fn only_batch(records: &Bytes, produce_version: i16) -> Result<Bytes, Refusal> {
    let (batch, rest) = next_batch(records)?
        .ok_or_else(|| invalid("a produce request must have at least one record batch"))?;
    let magic = batch.get(16).copied();
    if magic != Some(2) {
        return Err(invalid(format!(
            "produce requests may only contain batches of magic 2, not {magic:?}"
        )));
    }
    let codec = batch.get(22).map_or(0, |low| low & 0b111);
    if codec == 4 && produce_version < 7 {
        return Err(Refusal::new(
            ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
            "zstd needs produce version 7",
        ));
    }
    if next_batch(&rest)?.is_some() {
        return Err(invalid("a produce request must have exactly one batch"));
    }
    Ok(batch)
}

/// Whether any whole batch is transactional.
///
/// # Errors
///
/// The bytes are so damaged that a broker fails over the whole request.
pub(crate) fn has_transactional(records: &Bytes) -> Result<bool, Refusal> {
    let mut rest = records.clone();
    while let Some((batch, after)) = next_batch(&rest)? {
        if Header::parse(&batch).is_some_and(|header| header.is_transactional()) {
            return Ok(true);
        }
        rest = after;
    }
    Ok(false)
}

/// The first whole batch and what follows it; a batch cut short counts as none.
fn next_batch(bytes: &Bytes) -> Result<Option<(Bytes, Bytes)>, Refusal> {
    /// Below this a batch cannot even be of the oldest format.
    const LENGTH_MIN: usize = 14;
    let Some(length) = field(bytes, 8).map(i32::from_be_bytes) else {
        return Ok(None);
    };
    let length = usize::try_from(length).unwrap_or(0);
    if length < LENGTH_MIN {
        return Err(Refusal::new(
            ErrorCode::CORRUPT_MESSAGE,
            format!("a batch of {length} bytes is smaller than the smallest"),
        ));
    }
    let Some(magic) = bytes.get(16) else {
        return Ok(None);
    };
    if *magic > 2 {
        return Err(Refusal::new(
            ErrorCode::CORRUPT_MESSAGE,
            format!("invalid magic {magic}"),
        ));
    }
    let size = OVERHEAD.saturating_add(length);
    if bytes.len() < size {
        return Ok(None);
    }
    Ok(Some((bytes.slice(..size), bytes.slice(size..))))
}
