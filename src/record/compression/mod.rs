//! The codecs: one compress and one bounded decompress function each.
//!
//! Compression reads the batch's chunks in place and writes into chunks of the same pool; it gives
//! up as soon as its output is no smaller than its input, and the batch goes out as it is.
//! Decompression believes no size it is told: memory grows with what really comes out, and stops
//! at the limit.

mod gzip;
mod lz4;
mod reuse;
mod snappy;
#[cfg(feature = "zstd")]
mod zstd;

use std::io::{self, Read, Write};

use bytes::Bytes;

use super::chunk::{Chunk, ChunkPool};
use super::error::RecordError;
use super::records::DecodeLimits;
use crate::config::{Codec, Compression};
use crate::error::{Error, ErrorKind, Result};

/// The pieces compressed, or `None` if that is no smaller.
pub(crate) fn compress(
    compression: Compression,
    pieces: &[Bytes],
    pool: &ChunkPool,
) -> Result<Option<Vec<Bytes>>> {
    let len = pieces.iter().map(Bytes::len).sum();
    let mut out = Output::new(pool, len);
    let result = match compression {
        Compression::None => return Ok(None),
        Compression::Gzip(level) => gzip::compress(pieces, level, &mut out),
        Compression::Snappy => snappy::compress(pieces, &mut out),
        Compression::Lz4 => lz4::compress(pieces, &mut out),
        #[cfg(feature = "zstd")]
        Compression::Zstd(level) => zstd::compress(pieces, len, level, &mut out),
        #[cfg(not(feature = "zstd"))]
        Compression::Zstd(_) => return compression.check().map(|()| None),
    };
    match result {
        Ok(()) if out.written < len => Ok(Some(out.into_pieces())),
        Ok(()) => Ok(None),
        Err(_) if out.is_full => Ok(None),
        Err(error) => Err(Error::new(
            ErrorKind::Bug,
            format!("compressing a batch of {len} bytes with {compression} failed"),
        )
        .with_source(error)),
    }
}

/// The bytes decompressed, if they are at most `limit` bytes then.
pub(crate) fn decompress(codec: Codec, input: &[u8], limit: usize) -> Result<Bytes, CodecError> {
    match codec {
        Codec::None => Ok(Bytes::copy_from_slice(input)),
        Codec::Gzip => gzip::decompress(input, limit),
        Codec::Snappy => snappy::decompress(input, limit),
        Codec::Lz4 => lz4::decompress(input, limit),
        #[cfg(feature = "zstd")]
        Codec::Zstd => zstd::decompress(input, limit),
        #[cfg(not(feature = "zstd"))]
        Codec::Zstd => Err(CodecError::Missing),
    }
}

/// Why bytes could not be decompressed.
#[derive(Debug)]
pub(crate) enum CodecError {
    /// More would come out than the limit.
    TooLarge,
    /// The codec is not built in.
    #[cfg(not(feature = "zstd"))]
    Missing,
    /// The bytes are not what the codec says.
    Damaged(Box<str>),
}

impl CodecError {
    fn damaged(error: impl ToString) -> Self {
        Self::Damaged(error.to_string().into())
    }

    /// The error of the batch at this offset.
    pub(crate) fn at(self, offset: i64, codec: Codec, limits: DecodeLimits) -> RecordError {
        match self {
            Self::TooLarge => RecordError::TooLarge {
                offset,
                codec,
                limit: limits.max_decompressed,
            },
            #[cfg(not(feature = "zstd"))]
            Self::Missing => RecordError::MissingCodec { offset, codec },
            Self::Damaged(message) => RecordError::Decompress {
                offset,
                codec,
                message,
            },
        }
    }
}

/// Compressed bytes on their way into chunks; full as soon as nothing is gained any more.
struct Output<'a> {
    pool: &'a ChunkPool,
    full: Vec<Chunk>,
    tail: Option<Chunk>,
    written: usize,
    limit: usize,
    is_full: bool,
}

impl<'a> Output<'a> {
    fn new(pool: &'a ChunkPool, limit: usize) -> Self {
        Self {
            pool,
            full: Vec::new(),
            tail: None,
            written: 0,
            limit,
            is_full: false,
        }
    }

    fn into_pieces(mut self) -> Vec<Bytes> {
        self.full.extend(self.tail.take().map(Chunk::compact));
        self.full.into_iter().map(Chunk::into_bytes).collect()
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written += bytes.len();
        if self.written >= self.limit {
            self.is_full = true;
            return Err(io::Error::other(
                "compression does not make the batch smaller",
            ));
        }
        let mut rest = bytes;
        loop {
            if let Some(tail) = &mut self.tail {
                rest = tail.fill(rest);
            }
            if rest.is_empty() {
                return Ok(bytes.len());
            }
            // The chunks of the original come back right after, so this exceeds the limit briefly.
            let next = self.pool.take_over_limit();
            self.full.extend(self.tail.replace(next));
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Cuts pieces into blocks of `block_len` bytes, joining in `scratch` those that span pieces.
fn for_each_block(
    pieces: &[Bytes],
    block_len: usize,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut scratch: Vec<u8> = Vec::new();
    for piece in pieces {
        let mut rest = piece.as_ref();
        while !rest.is_empty() {
            let wanted = block_len - scratch.len();
            let (now, later) = rest.split_at(wanted.min(rest.len()));
            rest = later;
            if scratch.is_empty() && now.len() == block_len {
                each(now)?;
                continue;
            }
            scratch.reserve_exact(wanted);
            scratch.extend_from_slice(now);
            if scratch.len() == block_len {
                each(&scratch)?;
                scratch.clear();
            }
        }
    }
    if scratch.is_empty() {
        Ok(())
    } else {
        each(&scratch)
    }
}

/// How much room to begin with, given the compressed length: as much as usually comes out.
fn likely_len(compressed: usize, limit: usize) -> usize {
    compressed.saturating_mul(4).clamp(1024, 1 << 20).min(limit)
}

/// Reads to the end, growing with what comes, never beyond `limit`.
fn read_bounded(mut reader: impl Read, room: usize, limit: usize) -> Result<Bytes, CodecError> {
    fill_bounded(room, limit, |free| {
        loop {
            match reader.read(free) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.map(|len| (len, len == 0)),
            }
        }
    })
}

/// Fills a buffer that grows with what comes, never beyond `limit`. `fill` is given what is free,
/// and says how much of it it has used and whether that was the end; a byte beyond the limit is too
/// much.
fn fill_bounded(
    room: usize,
    limit: usize,
    mut fill: impl FnMut(&mut [u8]) -> io::Result<(usize, bool)>,
) -> Result<Bytes, CodecError> {
    let mut out = reuse::take(room.min(limit));
    let mut len = 0;
    loop {
        if len == out.len() && len < limit {
            let double = out.len().saturating_mul(2);
            out.resize(double.clamp(1024, limit.max(1024)), 0);
        }
        let end = out.len().min(limit);
        let mut beyond = [0];
        let free = match out.get_mut(len..end) {
            Some(free) if !free.is_empty() => free,
            _ => &mut beyond,
        };
        let (used, is_end) = fill(free).map_err(CodecError::damaged)?;
        if len == limit && used > 0 {
            return Err(CodecError::TooLarge);
        }
        len += used;
        if is_end {
            return Ok(reuse::into_bytes(out, len));
        }
    }
}
