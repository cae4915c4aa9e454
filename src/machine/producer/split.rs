//! Takes a batch apart that a broker finds too large.

use super::batch::{BatchId, Share, Stamped};
use super::sequence::sequence_after;
use crate::config::Compression;
use crate::error::{Error, ErrorKind, Result};
use crate::record::{
    AppendError, BatchBuilder, ChunkPool, DecodedBatch, Header, RecordView, SealedBatch, Stamp,
};

/// The batch's records in batches of at most `limit` bytes before compression, or of one record
/// each, stamped with the same sequence numbers. Their ids are for the caller to give.
pub(super) fn split<T: Clone>(
    batch: &Stamped<T>,
    limit: usize,
    pool: &ChunkPool,
    compression: Compression,
) -> Result<Vec<Stamped<T>>> {
    let decoded = batch.batch.decode().map_err(unreadable)?;
    let mut parts = Vec::new();
    let mut first = 0;
    for sealed in rebuild(&decoded, limit, pool, compression)? {
        let part = part_of(batch, sealed, first);
        first += part.share.records;
        parts.push(part);
    }
    Ok(parts)
}

fn rebuild(
    decoded: &DecodedBatch,
    limit: usize,
    pool: &ChunkPool,
    compression: Compression,
) -> Result<Vec<SealedBatch>> {
    let mut parts = Vec::new();
    let mut open = BatchBuilder::new(pool, limit);
    for record in decoded.records() {
        let record = record.map_err(unreadable)?;
        match append(&mut open, &record, pool) {
            Err(AppendError::BatchFull) => {
                let full = std::mem::replace(&mut open, BatchBuilder::new(pool, limit));
                parts.push(full.seal(compression)?);
                append(&mut open, &record, pool).map_err(unreadable)?;
            }
            appended => appended.map_err(unreadable)?,
        }
    }
    parts.push(open.seal(compression)?);
    Ok(parts)
}

/// Appends a record, beyond the pool's limit if need be: the whole batch's memory comes back.
fn append(
    open: &mut BatchBuilder,
    record: &RecordView<'_>,
    pool: &ChunkPool,
) -> Result<(), AppendError> {
    let headers: Vec<Header<'_>> = record
        .headers()
        .map(|header| match header.value() {
            Some(value) => Header::new(header.name(), value),
            None => Header::null(header.name()),
        })
        .collect();
    let (key, value) = (record.key(), record.value());
    loop {
        match open.append(record.timestamp(), key, value, &headers) {
            Err(AppendError::NoMemory { chunks }) => {
                open.add_reserve(pool.reserve_over_limit(chunks));
            }
            appended => return appended.map(drop),
        }
    }
}

fn part_of<T: Clone>(whole: &Stamped<T>, mut sealed: SealedBatch, first: u32) -> Stamped<T> {
    let header = whole.batch.header();
    let records = u32::try_from(sealed.count()).unwrap_or(u32::MAX);
    if header.base_sequence >= 0 {
        sealed.stamp(Stamp {
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            base_sequence: sequence_after(header.base_sequence, first),
            transactional: header.attributes.is_transactional(),
        });
    }
    Stamped {
        id: BatchId(0),
        order: whole.order,
        tag: whole.tag.clone(),
        share: Share {
            first: whole.share.first + first,
            records,
            total: whole.share.total,
        },
        created: whole.created,
        batch: sealed,
        attempts: 0,
        on_wire: false,
        sent_as_head: false,
        maybe_written: false,
        broker: whole.broker,
    }
}

#[cold]
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let words = "a batch that was too large could not be taken apart; please report this";
    Error::new(ErrorKind::Bug, words).with_source(error)
}
