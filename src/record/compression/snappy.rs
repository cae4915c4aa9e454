//! Snappy, in the framing of the Java library: a header of 16 bytes, then blocks of 32 KiB, each
//! after its length ("xerial"). librdkafka writes one raw block without that, which is read too.

use std::io::{self, Write};

use bytes::Bytes;
use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

use super::{CodecError, Output, for_each_block, likely_len};

const MAGIC: [u8; 8] = *b"\x82SNAPPY\x00";

/// Version and lowest compatible version of the framing.
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];

const BLOCK_LEN: usize = 32 * 1024;

/// What Snappy can make of one byte at most: a copy of 64 bytes takes three.
const MAX_EXPANSION: usize = 22;

pub(super) fn compress(pieces: &[Bytes], out: &mut Output<'_>) -> io::Result<()> {
    out.write_all(&MAGIC)?;
    out.write_all(&VERSIONS)?;
    let mut encoder = Encoder::new();
    let mut compressed = Vec::new();
    for_each_block(pieces, BLOCK_LEN, |block| {
        let room = max_compress_len(block.len());
        if compressed.len() < room {
            compressed.resize(room, 0);
        }
        let len = encoder.compress(block, &mut compressed)?;
        let written = compressed.get(..len).unwrap_or_default();
        out.write_all(&u32::try_from(len).map_err(io::Error::other)?.to_be_bytes())?;
        out.write_all(written)
    })
}

pub(super) fn decompress(input: &[u8], limit: usize) -> Result<Bytes, CodecError> {
    let mut out = Vec::new();
    let Some(framed) = input.strip_prefix(&MAGIC) else {
        append_block(input, limit, &mut out)?;
        return Ok(out.into());
    };
    let cut = || CodecError::damaged("a block is cut off");
    let (_versions, mut rest) = framed.split_at_checked(VERSIONS.len()).ok_or_else(cut)?;
    out.reserve_exact(likely_len(input.len(), limit));
    while !rest.is_empty() {
        let (len, after) = rest.split_first_chunk().ok_or_else(cut)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(CodecError::damaged)?;
        let (block, after) = after.split_at_checked(len).ok_or_else(cut)?;
        append_block(block, limit, &mut out)?;
        rest = after;
    }
    // What is counted is what it holds, and that is room, used or not.
    out.shrink_to_fit();
    Ok(out.into())
}

fn append_block(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let len = decompress_len(block).map_err(CodecError::damaged)?;
    if len > block.len().saturating_mul(MAX_EXPANSION) {
        return Err(CodecError::damaged("a block claims more than it can hold"));
    }
    let start = out.len();
    let end = start.checked_add(len).filter(|end| *end <= limit);
    out.resize(end.ok_or(CodecError::TooLarge)?, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let read = Decoder::new().decompress(block, room);
    read.map(drop).map_err(CodecError::damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Chunks;
    use crate::record::chunk::ChunkPool;

    #[test]
    fn blocks_are_framed_as_the_java_library_frames_them() {
        let pool = ChunkPool::new(1 << 20, 1000);
        let data = Bytes::from(vec![b'x'; BLOCK_LEN + 5]);
        let mut out = Output::new(&pool, data.len());
        compress(&[data.slice(..100), data.slice(100..)], &mut out).unwrap();
        let framed = Chunks::from(out.into_pieces()).into_bytes();
        assert_eq!(
            framed[..16],
            *b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
        );
        let first = u32::from_be_bytes(framed[16..20].try_into().unwrap());
        let first = usize::try_from(first).unwrap();
        assert_eq!(decompress_len(&framed[20..20 + first]).unwrap(), BLOCK_LEN);
        assert_eq!(decompress_len(&framed[24 + first..]).unwrap(), 5);
        assert_eq!(decompress(&framed, 1 << 20).unwrap(), data);
    }

    #[test]
    fn a_raw_block_is_read_too() {
        let raw = Encoder::new().compress_vec(&[7; 5000]).unwrap();
        assert_eq!(decompress(&raw, 5000).unwrap(), [7; 5000][..]);
        assert!(matches!(decompress(&raw, 4999), Err(CodecError::TooLarge)));
    }

    #[test]
    fn a_claim_beyond_what_snappy_can_do_is_refused_before_memory_is_taken() {
        // 2^30 - 1 bytes out of five.
        let claim = [0xff, 0xff, 0xff, 0xff, 0x03];
        assert!(matches!(
            decompress(&claim, usize::MAX),
            Err(CodecError::Damaged(_))
        ));
    }
}
