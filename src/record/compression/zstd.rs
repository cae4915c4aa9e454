//! zstd (RFC 8878, KIP-110) through libzstd.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use bytes::Bytes;
use zstd::stream::raw::DParameter;
use zstd::stream::{read, write};
use zstd::zstd_safe::get_frame_content_size;

use super::{CodecError, Output, likely_len, read_bounded};
use crate::config::ZstdLevel;

/// The windows that may be asked for, as powers of two: 8 MiB is what levels up to 19 use however
/// small the batch is; 128 MiB is what level 22 uses, and the most libzstd takes by itself.
const WINDOW_LOGS: RangeInclusive<u32> = 23..=27;

pub(super) fn compress(
    pieces: &[Bytes],
    len: usize,
    level: ZstdLevel,
    out: &mut Output<'_>,
) -> io::Result<()> {
    let mut encoder = write::Encoder::new(out, level.get())?;
    encoder.set_pledged_src_size(u64::try_from(len).ok())?;
    for piece in pieces {
        encoder.write_all(piece)?;
    }
    encoder.finish().map(drop)
}

pub(super) fn decompress(input: &[u8], limit: usize) -> Result<Bytes, CodecError> {
    let likely = likely_len(input.len(), limit);
    let claimed = get_frame_content_size(input).ok().flatten();
    let claimed = claimed.and_then(|size| usize::try_from(size).ok());
    // A claim within what is likely saves memory; one beyond it is not believed.
    let room = claimed.map_or(likely, |claimed| claimed.min(likely));
    let mut decoder = read::Decoder::with_buffer(input).map_err(CodecError::damaged)?;
    // The window is allocated (not touched) as the frame's header asks, so it has its own limit.
    let wanted = limit.max(1).ilog2() + 1;
    let window = wanted.clamp(*WINDOW_LOGS.start(), *WINDOW_LOGS.end());
    decoder
        .set_parameter(DParameter::WindowLogMax(window))
        .map_err(CodecError::damaged)?;
    read_bounded(decoder, room, limit)
}
