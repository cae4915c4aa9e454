//! [`Batches`]: the batches of a fetched byte string, one header at a time and without a copy.
//!
//! A broker cuts a partition's bytes where the fetch limit ends, so the last batch may be partial:
//! that is the end and no error. Headers are checked here, the CRC and the records when they are
//! asked for, so that a batch of an aborted transaction costs its header only.

use std::iter::FusedIterator;

use bytes::Bytes;

use super::compression;
use super::error::RecordError;
use super::header::{BatchHeader, HEADER_LEN, LOG_OVERHEAD, MAGIC_AT, check_magic};
use super::records::{DecodeLimits, DecodedBatch};
use crate::config::Codec;
use crate::protocol::Chunks;

/// Iterates over the batches in a byte string; ends at the first error.
#[derive(Clone, Debug)]
pub struct Batches {
    rest: Bytes,
    partial: Option<usize>,
}

impl Batches {
    /// Reads the records field of one partition of a fetch response, or of a produce request.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self {
            rest: bytes,
            partial: None,
        }
    }

    /// After the end: whether the bytes ended within a batch.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// After the end: how many bytes the batch that was cut off takes as a whole, as far as the
    /// bytes tell; 0 if they do not.
    #[must_use]
    pub fn partial_size(&self) -> Option<usize> {
        self.partial
    }

    fn stop_partial(&mut self, size: usize) {
        self.partial = Some(size);
        self.rest.clear();
    }

    fn read(&mut self) -> Option<Result<Batch, RecordError>> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((offset, length)) = overhead(&self.rest) else {
            self.stop_partial(0);
            return None;
        };
        if let Some(magic) = self.rest.get(MAGIC_AT) {
            if let Err(error) = check_magic(i8::from_be_bytes([*magic]), offset) {
                return Some(Err(error));
            }
        }
        let size = usize::try_from(length)
            .ok()
            .map(|length| LOG_OVERHEAD + length);
        let Some(size) = size.filter(|size| *size >= HEADER_LEN) else {
            let what = "its length is too small for a header";
            return Some(Err(RecordError::BadHeader { offset, what }));
        };
        if self.rest.len() < size {
            self.stop_partial(size);
            return None;
        }
        let mut records = self.rest.split_to(size);
        let header = records.split_to(HEADER_LEN);
        let header = header.first_chunk()?;
        Some(BatchHeader::parse(header).map(|header| Batch { header, records }))
    }
}

/// Base offset and length of the batch or old message in front.
fn overhead(bytes: &[u8]) -> Option<(i64, i32)> {
    let (offset, rest) = bytes.split_first_chunk()?;
    let length = rest.first_chunk()?;
    Some((i64::from_be_bytes(*offset), i32::from_be_bytes(*length)))
}

impl Iterator for Batches {
    type Item = Result<Batch, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read();
        if matches!(item, Some(Err(_))) {
            self.rest.clear();
        }
        item
    }
}

impl FusedIterator for Batches {}

/// A batch as it was fetched: header read, records untouched. A clone shares the records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batch {
    pub(super) header: BatchHeader,
    pub(super) records: Bytes,
}

impl Batch {
    pub(crate) fn from_parts(header: BatchHeader, records: Bytes) -> Self {
        Self { header, records }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The offset of the first record.
    #[must_use]
    pub fn base_offset(&self) -> i64 {
        self.header.base_offset
    }

    /// The last offset of the batch, whether a record has it still or not (case 88): the position
    /// after the batch is one more.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.header.last_offset()
    }

    /// The size in bytes, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        HEADER_LEN + self.records.len()
    }

    /// The records, compressed or not.
    #[must_use]
    pub fn record_bytes(&self) -> &Bytes {
        &self.records
    }

    /// The codec.
    ///
    /// # Errors
    ///
    /// `UnknownCodec` for an id that Kafka has not given away.
    pub fn codec(&self) -> Result<Codec, RecordError> {
        let id = self.header.attributes.codec_id();
        let offset = self.header.base_offset;
        Codec::from_wire_id(id).ok_or(RecordError::UnknownCodec { offset, id })
    }

    /// Checks the CRC (`check.crcs`).
    ///
    /// # Errors
    ///
    /// `Crc` if it does not match.
    pub fn verify_crc(&self) -> Result<(), RecordError> {
        let computed = self.compute_crc();
        if computed == self.header.crc {
            return Ok(());
        }
        Err(RecordError::Crc {
            offset: self.header.base_offset,
            stored: self.header.crc,
            computed,
        })
    }

    pub(super) fn compute_crc(&self) -> u32 {
        // The header keeps every bit it was read from, so its bytes can be written again.
        crc32c::crc32c_append(self.header.covered_crc(), &self.records)
    }

    /// Decompresses the records where need be, and shares them where not.
    ///
    /// # Errors
    ///
    /// `UnknownCodec`, `MissingCodec`, `Decompress`, or `TooLarge` beyond the limit.
    pub fn decode(&self, limits: DecodeLimits) -> Result<DecodedBatch, RecordError> {
        let codec = self.codec()?;
        let records = if codec == Codec::None || self.header.record_count == 0 {
            self.records.clone()
        } else {
            let result = compression::decompress(codec, &self.records, limits.max_decompressed);
            result.map_err(|error| error.at(self.header.base_offset, codec, limits))?
        };
        Ok(DecodedBatch::new(self.header.clone(), records))
    }

    /// The batch as it goes over the wire: a new copy of the header, and the records shared.
    #[must_use]
    pub fn to_chunks(&self) -> Chunks {
        let header = Bytes::copy_from_slice(&self.header.to_bytes());
        Chunks::from(vec![header, self.records.clone()])
    }
}
