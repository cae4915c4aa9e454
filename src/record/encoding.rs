//! How a record is laid out in a batch, and how many bytes that takes.
//!
//! A record's content is measured once; only its place in the batch, which its two deltas say, is
//! not known before. Where its bytes go is a [`Sink`]'s business.

use std::mem;

use super::payload::Header;
use super::varint::{MAX_VARLONG, two_bytes, varint_len, varlong_len, write_varlong, zigzag};

/// What a record holds whatever its batch, measured once.
pub(crate) struct Content<'a> {
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: &'a [Header<'a>],
    /// How many bytes all that takes, lengths included.
    len: usize,
}

impl<'a> Content<'a> {
    #[inline]
    pub(crate) fn of(
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
        headers: &'a [Header<'a>],
    ) -> Self {
        let of_headers = if headers.is_empty() {
            1
        } else {
            headers_len(headers)
        };
        Self {
            key,
            value,
            headers,
            len: nullable_len(key) + nullable_len(value) + of_headers,
        }
    }

    /// At most how many bytes the record takes in any batch, its own length included.
    #[inline]
    pub(crate) fn encoded_len_at_most(&self) -> usize {
        // Attributes, and length, offset delta and timestamp delta at their longest.
        1 + self.len + 5 + 5 + MAX_VARLONG
    }
}

fn headers_len(headers: &[Header<'_>]) -> usize {
    let each = headers.iter();
    each.fold(length_len(headers.len()), |sum, header| {
        sum + nullable_len(Some(header.name())) + nullable_len(header.value())
    })
}

/// One record on its way into a batch.
pub(super) struct Encoding<'a> {
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    pub(super) content: &'a Content<'a>,
}

impl Encoding<'_> {
    /// The bytes after the record's own length.
    #[inline]
    pub(super) fn payload_len(&self) -> usize {
        1 // attributes, which nobody has used yet
            + varlong_len(self.timestamp_delta)
            + varint_len(self.offset_delta)
            + self.content.len
    }

    #[inline]
    pub(super) fn write(&self, payload_len: i32, out: &mut impl Sink) {
        out.number(i64::from(payload_len));
        out.byte(0);
        out.number(self.timestamp_delta);
        out.number(i64::from(self.offset_delta));
        out.nullable(self.content.key);
        out.nullable(self.content.value);
        out.length(self.content.headers.len());
        for header in self.content.headers {
            out.nullable(Some(header.name()));
            out.nullable(header.value());
        }
    }
}

#[inline]
fn length_len(len: usize) -> usize {
    // Lengths beyond the range are refused by their sum.
    varlong_len(i64::try_from(len).unwrap_or(i64::MAX))
}

#[inline]
fn nullable_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| {
        length_len(bytes.len()).saturating_add(bytes.len())
    })
}

/// Where a record's bytes go.
pub(super) trait Sink {
    fn byte(&mut self, byte: u8);
    fn bytes(&mut self, bytes: &[u8]);

    #[inline]
    fn number(&mut self, value: i64) {
        write_varlong(value, |byte| self.byte(byte));
    }

    #[inline]
    fn length(&mut self, len: usize) {
        self.number(i64::try_from(len).unwrap_or(i64::MAX));
    }

    #[inline]
    fn nullable(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => {
                self.length(bytes.len());
                self.bytes(bytes);
            }
            None => self.number(-1),
        }
    }
}

/// A record's whole room in one chunk, the usual case; its length was computed before.
pub(super) struct Slice<'a>(pub(super) &'a mut [u8]);

impl Sink for Slice<'_> {
    #[inline]
    fn number(&mut self, value: i64) {
        let wide = zigzag(value);
        // The lengths of most records take two bytes.
        if (0x80..0x4000).contains(&wide) {
            if let Some((now, rest)) = mem::take(&mut self.0).split_first_chunk_mut() {
                *now = two_bytes(wide);
                self.0 = rest;
            }
            return;
        }
        write_varlong(value, |byte| self.byte(byte));
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        if let Some((first, rest)) = mem::take(&mut self.0).split_first_mut() {
            *first = byte;
            self.0 = rest;
        }
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        if let Some((now, rest)) = mem::take(&mut self.0).split_at_mut_checked(bytes.len()) {
            now.copy_from_slice(bytes);
            self.0 = rest;
        }
    }
}
