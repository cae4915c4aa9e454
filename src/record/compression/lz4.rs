//! The LZ4 frame format, written as Java writes it: independent blocks of 64 KiB, no checksums but
//! the frame header's own (brokers refuse blocks that depend on each other). Any frame is read.

use std::io::{self, Write};

use bytes::Bytes;
use lz4_flex::block::{
    CompressTable, DecompressError, compress_into_with_table, decompress_into,
    get_maximum_output_size,
};
use lz4_flex::frame::FrameDecoder;

use super::{CodecError, Output, for_each_block, likely_len, read_bounded, reuse};

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// Flags: version 1, independent blocks.
const PLAIN: u8 = 0x60;
/// As well, and the size of the content follows.
const PLAIN_WITH_SIZE: u8 = 0x68;

/// After the magic: flags, block size (64 KiB), and their checksum.
const FRAME_HEADER: [u8; 3] = [PLAIN, 0x40, 0x82];

const END_MARK: [u8; 4] = [0; 4];

const BLOCK_LEN: usize = 64 * 1024;

/// At most so many bytes come out of one.
const EXPANSION: usize = 255;

/// Set in a block's length when the block is stored as it is.
const STORED: u32 = 1 << 31;

pub(super) fn compress(pieces: &[Bytes], out: &mut Output<'_>) -> io::Result<()> {
    out.write_all(&MAGIC)?;
    out.write_all(&FRAME_HEADER)?;
    let mut table = CompressTable::large();
    let mut compressed = Vec::new();
    for_each_block(pieces, BLOCK_LEN, |block| {
        let room = get_maximum_output_size(block.len());
        if compressed.len() < room {
            compressed.resize(room, 0);
        }
        let len = compress_into_with_table(block, &mut compressed, &mut table)
            .map_err(io::Error::other)?;
        let smaller = compressed.get(..len).filter(|_| len < block.len());
        let (content, mark) = smaller.map_or((block, STORED), |smaller| (smaller, 0));
        let len = u32::try_from(content.len()).map_err(io::Error::other)?;
        out.write_all(&(len | mark).to_le_bytes())?;
        out.write_all(content)
    })?;
    out.write_all(&END_MARK)
}

pub(super) fn decompress(input: &[u8], limit: usize) -> Result<Bytes, CodecError> {
    if let Some(plain) = Plain::of(input) {
        return plain.decompress(limit);
    }
    // The decoder allocates one block (two if they are linked) of the size that the frame header
    // names: 4 MiB at most.
    let decoder = FrameDecoder::new(input);
    read_bounded(decoder, likely_len(input.len(), limit), limit)
}

/// A frame as Java's clients and librdkafka write it: blocks that stand for themselves, without
/// sums of their own (the batch has one). It is decompressed straight into place; the library's
/// decoder, which knows all kinds of frames, would allocate for each and copy everything once more.
struct Plain<'a> {
    /// Whether each is stored as it is, and its bytes.
    blocks: Vec<(bool, &'a [u8])>,
    /// What no block is larger than, decompressed.
    block_max: usize,
}

impl<'a> Plain<'a> {
    /// `None` for all other frames, and for what is no frame.
    fn of(input: &'a [u8]) -> Option<Self> {
        let [flags, size, rest @ ..] = input.strip_prefix(&MAGIC)? else {
            return None;
        };
        let has_size = match *flags {
            PLAIN => false,
            PLAIN_WITH_SIZE => true,
            _ => return None,
        };
        let block_max = match size >> 4 {
            code @ 4..=7 => 1 << (8 + 2 * code),
            _ => return None,
        };
        let mut rest = rest.get(if has_size { 9 } else { 1 }..)?;
        let mut blocks = Vec::new();
        loop {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(*length);
            if length == 0 {
                return after.is_empty().then_some(Self { blocks, block_max });
            }
            let stored = length & STORED != 0;
            let length = usize::try_from(length & !STORED).ok()?;
            let (block, after) = after.split_at_checked(length)?;
            blocks.push((stored, block));
            rest = after;
        }
    }

    fn decompress(&self, limit: usize) -> Result<Bytes, CodecError> {
        let most = |(stored, block): &(bool, &[u8])| {
            let most = if *stored {
                block.len()
            } else {
                block.len().saturating_mul(EXPANSION)
            };
            most.min(self.block_max)
        };
        let room = self.blocks.iter().map(most).fold(0, usize::saturating_add);
        let most = room.min(limit);
        let mut out = reuse::take(most);
        let mut len = 0;
        for (stored, block) in &self.blocks {
            let end = (len + self.block_max).min(most);
            let place = out.get_mut(len..end).unwrap_or_default();
            let taken = if *stored {
                let place = place.get_mut(..block.len());
                place.map(|place| {
                    place.copy_from_slice(block);
                    block.len()
                })
            } else {
                match decompress_into(block, place) {
                    Ok(taken) => Some(taken),
                    Err(DecompressError::OutputTooSmall { .. }) => None,
                    Err(error) => return Err(CodecError::damaged(error)),
                }
            };
            // The limit may leave a block less room than it has a right to.
            len += match taken {
                Some(taken) => taken,
                None if room > limit => return Err(CodecError::TooLarge),
                None => return Err(CodecError::damaged("a block is larger than its frame says")),
            };
        }
        Ok(reuse::into_bytes(out, len))
    }
}

#[cfg(test)]
mod tests {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

    use super::*;
    use crate::config::Compression;
    use crate::protocol::Chunks;
    use crate::record::chunk::ChunkPool;

    fn data(len: usize) -> Bytes {
        (0..len)
            .map(|i| if i % 7 == 0 { i.to_le_bytes()[1] } else { 3 })
            .collect()
    }

    #[test]
    fn our_frame_is_what_the_librarys_encoder_writes() {
        let info = FrameInfo::new()
            .block_mode(BlockMode::Independent)
            .block_size(BlockSize::Max64KB);
        let mut header = FrameEncoder::with_frame_info(info, Vec::new());
        header.write_all(b"").unwrap();
        let frame = header.finish().unwrap();
        assert_eq!(frame[..7], [&MAGIC[..], &FRAME_HEADER].concat());
    }

    #[test]
    fn linked_blocks_are_read() {
        let info = FrameInfo::new()
            .block_mode(BlockMode::Linked)
            .block_size(BlockSize::Max64KB)
            .content_checksum(true);
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        let data = data(300_000);
        encoder.write_all(&data).unwrap();
        let frame = encoder.finish().unwrap();
        assert_eq!(decompress(&frame, 300_000).unwrap(), data);
    }

    #[test]
    fn frames_of_all_block_sizes_are_read_in_place_and_damage_is_told() {
        let data = data(700_000);
        for size in [
            BlockSize::Max64KB,
            BlockSize::Max256KB,
            BlockSize::Max1MB,
            BlockSize::Max4MB,
        ] {
            let info = FrameInfo::new().block_mode(BlockMode::Independent);
            for info in [info.clone(), info.content_size(Some(700_000))] {
                let mut encoder = FrameEncoder::with_frame_info(info.block_size(size), Vec::new());
                encoder.write_all(&data).unwrap();
                let mut frame = encoder.finish().unwrap();
                assert!(Plain::of(&frame).is_some());
                assert_eq!(decompress(&frame, 700_000).unwrap(), data);
                let small = decompress(&frame, 699_999);
                assert!(matches!(small, Err(CodecError::TooLarge)), "{small:?}");
                // The first sequence of the first block claims a literal that is not there.
                let first = if frame[4] == PLAIN { 11 } else { 19 };
                frame[first] = 0xff;
                frame[first + 1..first + 40].fill(0xff);
                let damaged = decompress(&frame, 700_000);
                assert!(
                    matches!(damaged, Err(CodecError::Damaged(_))),
                    "{damaged:?}"
                );
            }
        }
    }

    #[test]
    fn a_small_batch_holds_little_memory() {
        let pool = ChunkPool::new(1 << 20, 1 << 14);
        let plain = vec![data(2_000)];
        let compressed = crate::record::compression::compress(Compression::Lz4, &plain, &pool);
        let frame = Chunks::from(compressed.unwrap().unwrap()).into_bytes();
        let out = decompress(&frame, 1 << 20).unwrap();
        assert_eq!(out, plain[0]);
        assert!(Vec::from(out).capacity() <= 4_000);
    }

    #[test]
    fn incompressible_blocks_are_stored() {
        let pool = ChunkPool::new(1 << 20, 1 << 14);
        let mut seed = 1_u32;
        let mut noise: Vec<u8> = (0..BLOCK_LEN)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed.to_be_bytes()[0]
            })
            .collect();
        noise.extend([0; BLOCK_LEN]);
        let noise = Bytes::from(noise);
        let mut out = Output::new(&pool, noise.len());
        compress(std::slice::from_ref(&noise), &mut out).unwrap();
        let frame = Chunks::from(out.into_pieces()).into_bytes();
        assert_eq!(frame[7..11], (0x1_0000 | STORED).to_le_bytes());
        assert_eq!(decompress(&frame, noise.len()).unwrap(), noise);
    }
}
