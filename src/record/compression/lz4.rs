//! The LZ4 frame format, written as Java writes it: independent blocks of 64 KiB, no checksums but
//! the frame header's own (brokers refuse blocks that depend on each other). Any frame is read.

use std::io::{self, Write};

use bytes::Bytes;
use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};
use lz4_flex::frame::FrameDecoder;

use super::{CodecError, Output, for_each_block, likely_len, read_bounded};

/// Magic, flags (version 1, independent blocks), block size (64 KiB), and their checksum.
const FRAME_HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];

const END_MARK: [u8; 4] = [0; 4];

const BLOCK_LEN: usize = 64 * 1024;

/// Set in a block's length when the block is stored as it is.
const STORED: u32 = 1 << 31;

pub(super) fn compress(pieces: &[Bytes], out: &mut Output<'_>) -> io::Result<()> {
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
    // The decoder allocates one block (two if they are linked) of the size that the frame header
    // names: 4 MiB at most.
    let decoder = FrameDecoder::new(input);
    read_bounded(decoder, likely_len(input.len(), limit), limit)
}

#[cfg(test)]
mod tests {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

    use super::*;
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
        assert_eq!(frame[..7], FRAME_HEADER);
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
