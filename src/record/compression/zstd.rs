//! zstd (RFC 8878, KIP-110) through libzstd.

use std::cell::RefCell;
use std::io::{self, Write};
use std::ops::RangeInclusive;

use bytes::Bytes;
use zstd::stream::raw::{DParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};
use zstd::stream::zio::Writer;
use zstd::zstd_safe::get_frame_content_size;

use super::{CodecError, Output, fill_bounded, likely_len};
use crate::config::ZstdLevel;

/// The windows that may be asked for, as powers of two: 8 MiB is what levels up to 19 use however
/// small the batch is; 128 MiB is what level 22 uses, and the most libzstd takes by itself.
const WINDOW_LOGS: RangeInclusive<u32> = 23..=27;

/// Beyond this level a context takes tens of megabytes, and making one is quick beside using it.
const KEPT_LEVEL_MAX: i32 = 9;

thread_local! {
    /// Contexts are hundreds of kilobytes: a thread makes one of each kind, and keeps it.
    static DECODER: RefCell<Option<Decoder<'static>>> = const { RefCell::new(None) };
    static ENCODER: RefCell<Option<(i32, Encoder<'static>)>> = const { RefCell::new(None) };
}

pub(super) fn compress(
    pieces: &[Bytes],
    len: usize,
    level: ZstdLevel,
    out: &mut Output<'_>,
) -> io::Result<()> {
    let kept = ENCODER.with(RefCell::take);
    let kept = kept.filter(|(of, _)| *of == level.get());
    let mut encoder = match kept {
        Some((_, encoder)) => encoder,
        None => Encoder::new(level.get())?,
    };
    // Of one that was given up in the middle, too.
    encoder.reinit()?;
    encoder.set_pledged_src_size(u64::try_from(len).ok())?;
    let mut writer = Writer::new(out, encoder);
    for piece in pieces {
        writer.write_all(piece)?;
    }
    writer.finish()?;
    let (_, encoder) = writer.into_inner();
    if level.get() <= KEPT_LEVEL_MAX {
        ENCODER.with(|kept| kept.replace(Some((level.get(), encoder))));
    }
    Ok(())
}

pub(super) fn decompress(input: &[u8], limit: usize) -> Result<Bytes, CodecError> {
    let likely = likely_len(input.len(), limit);
    let claimed = get_frame_content_size(input).ok().flatten();
    let claimed = claimed.and_then(|size| usize::try_from(size).ok());
    // A claim within what is likely saves memory; one beyond it is not believed.
    let room = claimed.map_or(likely, |claimed| claimed.min(likely));
    let kept = DECODER.with(RefCell::take);
    let mut decoder = kept
        .map_or_else(Decoder::new, Ok)
        .map_err(CodecError::damaged)?;
    decoder.reinit().map_err(CodecError::damaged)?;
    // The window is allocated (not touched) as the frame's header asks, so it has its own limit.
    let wanted = limit.max(1).ilog2() + 1;
    let window = wanted.clamp(*WINDOW_LOGS.start(), *WINDOW_LOGS.end());
    decoder
        .set_parameter(DParameter::WindowLogMax(window))
        .map_err(CodecError::damaged)?;
    let mut source = InBuffer::around(input);
    let bytes = fill_bounded(room, limit, |free| {
        let mut place = OutBuffer::around(free);
        loop {
            let before = (source.pos(), place.pos());
            let hint = decoder.run(&mut source, &mut place)?;
            let is_read = source.pos() == input.len();
            if is_read && hint == 0 {
                return Ok((place.pos(), true));
            }
            if place.pos() == place.capacity() {
                return Ok((place.pos(), false));
            }
            if is_read && before == (source.pos(), place.pos()) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    })?;
    DECODER.with(|kept| kept.replace(Some(decoder)));
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// A frame with this header, of one block that says `count` zeros.
    fn frame(header: &[u8], count: u8) -> Vec<u8> {
        let block = [0b011 | count << 3, 0, 0];
        [&[0x28, 0xb5, 0x2f, 0xfd], header, &block, &[0]].concat()
    }

    /// A header that asks for a window of so many bytes, as a power of two.
    fn window(log: u8) -> [u8; 2] {
        [0, (log - 10) << 3]
    }

    /// A header that claims a size: with a window of 1 KiB, or with one as large as that.
    fn claim(size: u64, is_window: bool) -> Vec<u8> {
        let head: &[u8] = if is_window { &[0xe0] } else { &[0xc0, 0] };
        [head, &size.to_le_bytes()].concat()
    }

    fn refusal(input: &[u8], limit: usize) -> Option<String> {
        match decompress(input, limit) {
            Ok(bytes) => {
                assert!(bytes.iter().all(|byte| *byte == 0) && bytes.len() == 20);
                None
            }
            Err(CodecError::Damaged(why)) => Some(why.into()),
            Err(CodecError::TooLarge) => panic!("20 bytes are not too large"),
        }
    }

    #[test]
    fn case_124_a_size_that_is_not_true_is_refused_and_never_made_room_for() {
        for is_window in [false, true] {
            assert_eq!(refusal(&frame(&claim(20, is_window), 20), MIB), None);
            for (size, asks_too_much) in [(19, false), (21, false), (1 << 40, is_window)] {
                let why = refusal(&frame(&claim(size, is_window), 20), MIB).unwrap();
                let name = match asks_too_much {
                    true => "Frame requires too much memory for decoding",
                    false => "Data corruption detected",
                };
                assert!(why.contains(name), "{size}: {why}");
            }
        }
    }

    #[test]
    fn case_124_a_window_beyond_what_the_limit_needs_is_refused() {
        for (limit, most) in [(20, 23), (MIB, 23), (20 * MIB, 25), (128 * MIB, 27)] {
            assert_eq!(refusal(&frame(&window(most), 20), limit), None);
            for log in [most + 1, 30, 41] {
                let why = refusal(&frame(&window(log), 20), limit).unwrap();
                let name = "Frame requires too much memory for decoding";
                assert!(why.contains(name), "{log} for {limit}: {why}");
            }
        }
    }
}
