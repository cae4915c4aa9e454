//! gzip (RFC 1952) through zlib-rs, at zlib's levels.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{CodecError, Output, likely_len, read_bounded};
use crate::config::GzipLevel;

pub(super) fn compress(pieces: &[Bytes], level: GzipLevel, out: &mut Output<'_>) -> io::Result<()> {
    // -1 leaves the choice to zlib, as Java does.
    let level = u32::try_from(level.get())
        .map_or_else(|_| flate2::Compression::default(), flate2::Compression::new);
    let mut encoder = GzEncoder::new(out, level);
    for piece in pieces {
        encoder.write_all(piece)?;
    }
    encoder.finish().map(drop)
}

pub(super) fn decompress(input: &[u8], limit: usize) -> Result<Bytes, CodecError> {
    // Members may follow each other, as in any gzip file.
    let decoder = MultiGzDecoder::new(input);
    read_bounded(decoder, likely_len(input.len(), limit), limit)
}
