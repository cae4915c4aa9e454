//! [`SealedBatch`]: a batch whose records are final, to be stamped and sent, and sent again.
//!
//! Producer id, epoch and sequence are known only when the batch is drained, and the CRC covers
//! them; the records' own CRC is computed once and combined with the header's on each stamp. What
//! is sent again without a new stamp is the same bytes, shared and not copied.

use bytes::Bytes;

use super::chunk::ChunkPool;
use super::compression;
use super::crc;
use super::error::RecordError;
use super::header::{Attributes, BatchHeader, HEADER_LEN, LOG_OVERHEAD};
use super::reader::Batch;
use super::records::{DecodeLimits, DecodedBatch};
use crate::config::{Codec, Compression};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{ProducerEpoch, ProducerId};
use crate::protocol::Chunks;

/// What a batch is stamped with when it is drained.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp {
    /// The idempotent producer's id.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: ProducerEpoch,
    /// The sequence number of the first record.
    pub base_sequence: i32,
    /// Whether the batch belongs to a transaction.
    pub transactional: bool,
}

impl Default for Stamp {
    /// That of a producer without idempotence.
    fn default() -> Self {
        Self {
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: -1,
            transactional: false,
        }
    }
}

/// A batch that takes no more records. A clone shares the records.
#[derive(Clone, Debug)]
pub struct SealedBatch {
    header: BatchHeader,
    header_bytes: Bytes,
    body: Vec<Bytes>,
    body_len: usize,
    body_crc: u32,
    uncompressed_len: usize,
}

impl SealedBatch {
    /// `plain` with its CRC, if that is known.
    pub(crate) fn new(
        pool: &ChunkPool,
        (plain, plain_crc): (Vec<Bytes>, Option<u32>),
        count: i32,
        (base_timestamp, max_timestamp): (i64, i64),
        compression: Compression,
    ) -> Result<Self> {
        let last = count.checked_sub(1).filter(|last| *last >= 0);
        let last_offset_delta = last.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidInput,
                "a batch without records cannot be sealed",
            )
        })?;
        let plain_len: usize = plain.iter().map(Bytes::len).sum();
        let (codec, body, body_crc) = match compression::compress(compression, &plain, pool)? {
            Some(smaller) => (compression.codec(), smaller, None),
            None => (Codec::None, plain, plain_crc),
        };
        let body_len: usize = body.iter().map(Bytes::len).sum();
        let header = BatchHeader {
            batch_length: batch_length(body_len)?,
            attributes: Attributes::default().with_codec(codec),
            last_offset_delta,
            base_timestamp,
            max_timestamp,
            record_count: count,
            ..BatchHeader::default()
        };
        let mut batch = Self {
            header,
            header_bytes: Bytes::new(),
            body_crc: body_crc.unwrap_or_else(|| crc::of_pieces(&body)),
            body,
            body_len,
            uncompressed_len: HEADER_LEN + plain_len,
        };
        batch.stamp(Stamp::default());
        Ok(batch)
    }

    /// Writes the stamp and with it the CRC. Costs the same for small and large batches.
    pub fn stamp(&mut self, stamp: Stamp) {
        let header = &mut self.header;
        header.producer_id = stamp.producer_id;
        header.producer_epoch = stamp.producer_epoch;
        header.base_sequence = stamp.base_sequence;
        header.attributes = header.attributes.with_transactional(stamp.transactional);
        header.crc = crc::combine(header.covered_crc(), self.body_crc, self.body_len);
        self.header_bytes = Bytes::copy_from_slice(&header.to_bytes());
    }

    /// The batch as it goes over the wire, by reference: the header, then the records.
    #[must_use]
    pub fn to_chunks(&self) -> Chunks {
        let mut pieces = Vec::with_capacity(1 + self.body.len());
        pieces.push(self.header_bytes.clone());
        pieces.extend(self.body.iter().cloned());
        Chunks::from(pieces)
    }

    /// The header as it is now.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The size on the wire in bytes, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        HEADER_LEN + self.body_len
    }

    /// What the size would be without compression, in bytes.
    #[must_use]
    pub fn uncompressed_size(&self) -> usize {
        self.uncompressed_len
    }

    /// How many records there are.
    #[must_use]
    pub fn count(&self) -> usize {
        usize::try_from(self.header.record_count).unwrap_or_default()
    }

    /// The records again, to append them to smaller batches when the broker finds this too large.
    ///
    /// # Errors
    ///
    /// `Decompress` if the codec does not read what it has written.
    pub fn decode(&self) -> Result<DecodedBatch, RecordError> {
        let limits = DecodeLimits {
            max_decompressed: self.uncompressed_len,
        };
        let records = Chunks::from(self.body.clone()).into_bytes();
        Batch::from_parts(self.header.clone(), records).decode(limits)
    }
}

/// The header's length field for so many bytes of records.
fn batch_length(body_len: usize) -> Result<i32> {
    i32::try_from(HEADER_LEN - LOG_OVERHEAD + body_len).map_err(|_| {
        Error::new(
            ErrorKind::InvalidInput,
            format!("a batch of {body_len} bytes is too large for the format"),
        )
    })
}
