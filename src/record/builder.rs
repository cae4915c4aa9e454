//! [`BatchBuilder`]: encodes each record straight into the batch's chunks as it is appended.
//!
//! Nothing is staged, and nothing allocated but a chunk now and then. A record's size is computed
//! first, so that an append either happens whole or leaves the batch as it was; where a chunk ends
//! within the record, the record runs on in the next one.

use std::fmt;
use std::mem;

use bytes::Bytes;
use crc32c::crc32c_append;

use super::chunk::{Chunk, ChunkPool, Reserve};
use super::encoding::{Content, Encoding, Sink, Slice};
use super::header::HEADER_LEN;
use super::payload::Header;
use super::sealed::SealedBatch;
use super::varint::varint_len;
use crate::config::Compression;
use crate::error::Result;

/// Why a record was not appended; the batch is as it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AppendError {
    /// The record does not fit this batch: seal it, and append to a new one.
    #[error("the batch is full")]
    BatchFull,
    /// The pool has not enough chunks: seal what there is, wait for
    /// [`ChunkPool::reserve`] and hand its chunks to [`BatchBuilder::add_reserve`].
    #[error("the record needs {chunks} more chunks of memory")]
    NoMemory {
        /// How many chunks the append needs.
        chunks: usize,
    },
    /// No batch can hold the record: it has 2 GiB or more.
    #[error("the record is too large for the format")]
    RecordTooLarge,
}

/// An open batch.
///
/// Dropping it gives all its memory back to the pool.
pub struct BatchBuilder {
    pool: ChunkPool,
    full: Vec<Chunk>,
    tail: Option<Chunk>,
    reserve: Reserve,
    limit: usize,
    body_len: usize,
    /// The sum of the full chunks: each is summed when it is left, while it is still in the cache
    /// of the thread that wrote it. `None` if it is not worth it.
    full_crc: Option<u32>,
    count: i32,
    base_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// An empty batch of at most `limit` bytes, header included and before compression. The first
    /// record is taken whatever its size, since it would fit no other batch either.
    #[must_use]
    pub fn new(pool: &ChunkPool, limit: usize) -> Self {
        Self {
            pool: pool.clone(),
            full: Vec::new(),
            tail: None,
            reserve: Reserve::default(),
            limit,
            body_len: 0,
            full_crc: Some(0),
            count: 0,
            base_timestamp: 0,
            max_timestamp: 0,
        }
    }

    /// Leaves the records' sum to [`seal`](Self::seal): they will be compressed, and the sum is
    /// that of what comes out.
    pub(crate) fn without_sum(mut self) -> Self {
        self.full_crc = None;
        self
    }

    /// Changes the limit; what is in the batch stays in it.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Gives the batch chunks to use before it asks the pool.
    pub fn add_reserve(&mut self, reserve: Reserve) {
        self.reserve.append(reserve);
    }

    /// Appends a record and returns its index in the batch.
    ///
    /// `timestamp` is in milliseconds and may lie before that of the first record. `None` is null
    /// for key and value.
    ///
    /// # Errors
    ///
    /// `BatchFull`, `NoMemory` or `RecordTooLarge`; the batch is then as it was.
    #[inline]
    pub fn append(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) -> Result<usize, AppendError> {
        self.append_content(timestamp, &Content::of(key, value, headers))
    }

    /// As [`append`](Self::append), what is measured already.
    #[inline]
    pub(crate) fn append_content(
        &mut self,
        timestamp: i64,
        content: &Content<'_>,
    ) -> Result<usize, AppendError> {
        let base = if self.count == 0 {
            timestamp
        } else {
            self.base_timestamp
        };
        let record = Encoding {
            // Wraps like the reader's sum, so that every 64-bit time survives.
            timestamp_delta: timestamp.wrapping_sub(base),
            offset_delta: self.count,
            content,
        };
        let payload_len = record.payload_len();
        let payload_varint = i32::try_from(payload_len).map_err(|_| AppendError::RecordTooLarge)?;
        let len = varint_len(payload_varint) + payload_len;
        self.make_room(len)?;

        match self.tail.as_mut().and_then(|tail| tail.claim(len)) {
            Some(room) => record.write(payload_varint, &mut Slice(room)),
            None => record.write(payload_varint, &mut Chain(self)),
        }
        if self.count == 0 {
            (self.base_timestamp, self.max_timestamp) = (timestamp, timestamp);
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.body_len += len;
        let index = usize::try_from(self.count).unwrap_or_default();
        self.count += 1;
        Ok(index)
    }

    /// Checks the limit and gets the chunks that `len` more bytes need.
    #[inline]
    fn make_room(&mut self, len: usize) -> Result<(), AppendError> {
        let size = self.estimated_size() + len;
        if (size > self.limit && self.count > 0) || self.count == i32::MAX {
            return Err(AppendError::BatchFull);
        }
        let room = self.tail.as_ref().map_or(0, Chunk::room);
        if len <= room {
            return Ok(());
        }
        if i32::try_from(size).is_err() {
            return Err(AppendError::RecordTooLarge);
        }
        self.get_chunks(len - room)
    }

    #[cold]
    fn get_chunks(&mut self, missing: usize) -> Result<(), AppendError> {
        let wanted = self.pool.chunks_for(missing);
        let chunks = wanted.saturating_sub(self.reserve.len());
        if chunks > 0 {
            let more = self.pool.try_reserve(chunks);
            self.reserve
                .append(more.ok_or(AppendError::NoMemory { chunks })?);
        }
        if self.tail.as_ref().is_none_or(|tail| tail.room() == 0) {
            self.next_chunk();
        }
        Ok(())
    }

    /// Goes on in a chunk of the reserve, which `make_room` has filled.
    fn next_chunk(&mut self) -> Option<&mut Chunk> {
        let next = self.reserve.pop()?;
        if let Some(full) = self.tail.replace(next) {
            self.full_crc = self.full_crc.map(|crc| crc32c_append(crc, full.as_ref()));
            self.full.push(full);
        }
        self.tail.as_mut()
    }

    /// At most how many bytes a record takes in any batch, its own length included.
    #[must_use]
    pub fn encoded_len_of(
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) -> usize {
        Content::of(key, value, headers).encoded_len_at_most()
    }

    /// The size of the batch on the wire if it were not compressed, header included, in bytes.
    #[must_use]
    pub fn estimated_size(&self) -> usize {
        HEADER_LEN + self.body_len
    }

    /// How many bytes of the pool the batch holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        let chunks = self.full.len() + usize::from(self.tail.is_some()) + self.reserve.len();
        chunks * self.pool.chunk_size()
    }

    /// How many records there are.
    #[must_use]
    pub fn count(&self) -> usize {
        usize::try_from(self.count).unwrap_or_default()
    }

    /// Whether there is no record yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The largest timestamp so far, in milliseconds; `None` without records.
    #[must_use]
    pub fn max_timestamp(&self) -> Option<i64> {
        (self.count > 0).then_some(self.max_timestamp)
    }

    /// Ends the batch: compresses it, unless that does not make it smaller, and sums its records.
    ///
    /// The uncompressed chunks are free when this returns.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a batch without records, `Config` for a codec that is not built in.
    pub fn seal(mut self, compression: Compression) -> Result<SealedBatch> {
        compression.check()?;
        let mut chunks = mem::take(&mut self.full);
        let tail = self.tail.take().map(Chunk::compact);
        let last = tail.as_ref().map_or(&[][..], Chunk::as_ref);
        let crc = self.full_crc.filter(|_| compression == Compression::None);
        let crc = crc.map(|crc| crc32c_append(crc, last));
        chunks.extend(tail);
        self.reserve = Reserve::default();
        let body: Vec<Bytes> = chunks.into_iter().map(Chunk::into_bytes).collect();
        let times = (self.base_timestamp, self.max_timestamp);
        SealedBatch::new(&self.pool, (body, crc), self.count, times, compression)
    }
}

impl fmt::Debug for BatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchBuilder")
            .field("count", &self.count)
            .field("size", &self.estimated_size())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A record that runs on from chunk to chunk.
struct Chain<'a>(&'a mut BatchBuilder);

impl Sink for Chain<'_> {
    fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let mut rest = match &mut self.0.tail {
            Some(tail) => tail.fill(bytes),
            None => bytes,
        };
        while !rest.is_empty() {
            let Some(next) = self.0.next_chunk() else {
                return;
            };
            rest = next.fill(rest);
        }
    }
}
