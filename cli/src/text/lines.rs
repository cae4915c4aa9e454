//! Cuts chunks of bytes into lines.
//!
//! A line ends at `\n` and nowhere else: `\r` and bytes that are not UTF-8 belong to it. What
//! follows the last newline is a line too, unless it is nothing. Lines inside one chunk share its
//! memory; only a line that crosses chunks is copied.
//!
//! Invariant: at most `limit` bytes of an unfinished line are held. A longer line is read to its
//! end and reported by its length, so that one monster neither fills the memory nor takes the
//! lines after it down.

use bytes::{Buf, Bytes};

/// One line without its newline.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Line {
    /// All of its bytes.
    Whole(Bytes),
    /// It was longer than the limit; its bytes are gone.
    TooLong {
        /// How long it was, in bytes.
        length: u64,
    },
}

/// The state between chunks.
#[derive(Debug)]
pub(crate) struct Splitter {
    limit: usize,
    chunk: Bytes,
    partial: Vec<u8>,
    /// Bytes of the unfinished line that were thrown away; then `partial` is empty.
    skipped: u64,
}

impl Splitter {
    /// Holds lines of up to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            chunk: Bytes::new(),
            partial: Vec::new(),
            skipped: 0,
        }
    }

    /// Gives it the next chunk. Call it only when [`Self::next_line`] has nothing left.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        debug_assert!(
            self.chunk.is_empty(),
            "a chunk is pushed before the last one was read"
        );
        self.chunk = chunk;
    }

    /// The next finished line; `None` when the chunk is used up.
    pub(crate) fn next_line(&mut self) -> Option<Line> {
        let Some(end) = self.chunk.iter().position(|&byte| byte == b'\n') else {
            let rest = std::mem::take(&mut self.chunk);
            self.keep(&rest);
            return None;
        };
        let piece = self.chunk.split_to(end);
        self.chunk.advance(1);
        if self.partial.is_empty() && self.skipped == 0 && piece.len() <= self.limit {
            return Some(Line::Whole(piece));
        }
        self.keep(&piece);
        Some(self.take())
    }

    /// The end of the input: the line that no newline ended, if there is one.
    pub(crate) fn finish(&mut self) -> Option<Line> {
        let some = !self.partial.is_empty() || self.skipped > 0;
        some.then(|| self.take())
    }

    fn keep(&mut self, piece: &[u8]) {
        let held = self.partial.len();
        if self.skipped > 0 || piece.len() > self.limit.saturating_sub(held) {
            let dropped = u64::try_from(held.saturating_add(piece.len())).unwrap_or(u64::MAX);
            self.skipped = self.skipped.saturating_add(dropped);
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(piece);
        }
    }

    fn take(&mut self) -> Line {
        match std::mem::take(&mut self.skipped) {
            0 => Line::Whole(Bytes::from(std::mem::take(&mut self.partial))),
            length => Line::TooLong { length },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(limit: usize, chunks: &[&[u8]]) -> Vec<Line> {
        let mut splitter = Splitter::new(limit);
        let mut lines = Vec::new();
        for chunk in chunks {
            splitter.push(Bytes::copy_from_slice(chunk));
            lines.extend(std::iter::from_fn(|| splitter.next_line()));
        }
        lines.extend(splitter.finish());
        lines
    }

    fn whole(lines: &[&'static [u8]]) -> Vec<Line> {
        lines
            .iter()
            .map(|line| Line::Whole(Bytes::from_static(line)))
            .collect()
    }

    #[test]
    fn bytes_are_kept_as_they_are() {
        let lines = split(100, &[b"a\r\n\n\xff\xfe\x00\nlast"]);
        assert_eq!(lines, whole(&[b"a\r", b"", b"\xff\xfe\x00", b"last"]));
    }

    #[test]
    fn an_input_that_ends_in_a_newline_has_no_line_after_it() {
        assert_eq!(split(100, &[b"a\n"]), whole(&[b"a"]));
        assert_eq!(split(100, &[b"\n\n"]), whole(&[b"", b""]));
        assert_eq!(split(100, &[]), whole(&[]));
        assert_eq!(split(100, &[b""]), whole(&[]));
    }

    #[test]
    fn every_cut_of_the_input_gives_the_same_lines() {
        let input: &[u8] = b"one\n\ntwo\r\nthree";
        let expected = split(100, &[input]);
        for first in 0..=input.len() {
            for second in first..=input.len() {
                let chunks = [&input[..first], &input[first..second], &input[second..]];
                assert_eq!(split(100, &chunks), expected, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_line_of_the_limit_passes_and_one_byte_more_does_not() {
        let expected = |length| vec![Line::TooLong { length }, Line::Whole("ok".into())];
        assert_eq!(split(4, &[b"abcd\nok"]), whole(&[b"abcd", b"ok"]));
        assert_eq!(split(4, &[b"ab", b"cd\nok"]), whole(&[b"abcd", b"ok"]));
        assert_eq!(split(4, &[b"abcde\nok\n"]), expected(5));
        assert_eq!(split(4, &[b"abc", b"def", b"gh\no", b"k"]), expected(8));
    }

    #[test]
    fn a_last_line_that_is_too_long_is_reported() {
        assert_eq!(split(4, &[b"abc", b"de"]), [Line::TooLong { length: 5 }]);
    }
}
