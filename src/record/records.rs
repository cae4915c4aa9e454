//! [`DecodedBatch`] and [`RecordView`]: the records of one batch, read lazily and borrowed.
//!
//! Every length is checked against the bytes there are, so a batch that lies costs no memory and
//! gives a typed error. Headers are checked with their record, so that reading them cannot fail.

use std::iter::FusedIterator;
use std::str;

use bytes::Bytes;

use super::error::RecordError;
use super::header::{BatchHeader, TimestampType};
use super::varint::{take_varint, take_varlong};

/// How much memory decoding a batch may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DecodeLimits {
    /// The bytes of one batch's records after decompression; 128 MiB by default.
    pub max_decompressed: usize,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_decompressed: 128 * 1024 * 1024,
        }
    }
}

/// A batch whose records are no longer compressed. It owns them; a clone shares them.
#[derive(Clone, Debug)]
pub struct DecodedBatch {
    header: BatchHeader,
    records: Bytes,
}

impl DecodedBatch {
    pub(super) fn new(header: BatchHeader, records: Bytes) -> Self {
        Self { header, records }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The bytes of all records.
    #[must_use]
    pub fn record_bytes(&self) -> &Bytes {
        &self.records
    }

    /// The records in order; ends after the first error.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        self.records_from(Cursor::default())
    }

    /// The records from a place on that [`Records::cursor`] has given for this batch.
    #[must_use]
    pub fn records_from(&self, cursor: Cursor) -> Records<'_> {
        let header = &self.header;
        let log_append = header.attributes.timestamp_type() == TimestampType::LogAppendTime;
        Records {
            rest: self.records.get(cursor.at..).unwrap_or_default(),
            whole_len: self.records.len(),
            left: header.record_count.saturating_sub(cursor.index),
            index: cursor.index,
            next_offset: cursor.next_offset.max(header.base_offset),
            base_offset: header.base_offset,
            last_offset_delta: header.last_offset_delta,
            base_timestamp: header.base_timestamp,
            log_append_time: log_append.then_some(header.max_timestamp),
        }
    }
}

/// A place between two records of one batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cursor {
    at: usize,
    index: i32,
    next_offset: i64,
}

impl Cursor {
    /// The first offset that the record after it can have.
    pub(super) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// How many records are before it.
    #[must_use]
    pub fn index(&self) -> usize {
        usize::try_from(self.index).unwrap_or_default()
    }
}

/// Iterates over the records of a [`DecodedBatch`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    whole_len: usize,
    left: i32,
    index: i32,
    next_offset: i64,
    base_offset: i64,
    last_offset_delta: i32,
    base_timestamp: i64,
    log_append_time: Option<i64>,
}

impl<'a> Records<'a> {
    /// Where the next record begins.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            at: self.whole_len.saturating_sub(self.rest.len()),
            index: self.index,
            next_offset: self.next_offset,
        }
    }

    #[inline]
    fn read(&mut self) -> Result<RecordView<'a>, &'static str> {
        let mut rest = self.rest;
        let len = take_varint(&mut rest).ok_or("its length is not a number")?;
        let len = usize::try_from(len).map_err(|_| "its length is negative")?;
        let (mut body, after) = rest
            .split_at_checked(len)
            .ok_or("its length goes beyond the batch")?;

        let (_attributes, fields) = body.split_first().ok_or("it is empty")?;
        body = fields;
        let timestamp_delta = take_varlong(&mut body).ok_or("its timestamp is not a number")?;
        let offset_delta = take_varint(&mut body).ok_or("its offset is not a number")?;
        if offset_delta < 0 || offset_delta > self.last_offset_delta {
            return Err("its offset is outside of its batch");
        }
        let key = take_nullable(&mut body).ok_or("its key goes beyond the record")?;
        let value = take_nullable(&mut body).ok_or("its value goes beyond the record")?;
        let header_count = take_varint(&mut body).ok_or("its header count is not a number")?;
        let headers = Headers {
            rest: body,
            left: u32::try_from(header_count).map_err(|_| "its header count is negative")?,
        };
        if !headers.are_well_formed() {
            return Err("its headers do not fill it");
        }
        self.rest = after;
        Ok(RecordView {
            offset: self.base_offset.wrapping_add(i64::from(offset_delta)),
            timestamp: match self.log_append_time {
                Some(time) => time,
                None => self.base_timestamp.wrapping_add(timestamp_delta),
            },
            key,
            value,
            headers,
        })
    }

    #[cold]
    fn fail(&mut self, what: &'static str) -> RecordError {
        (self.left, self.rest) = (0, &[]);
        RecordError::BadRecord {
            offset: self.next_offset,
            what,
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordView<'a>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            if self.rest.is_empty() {
                return None;
            }
            return Some(Err(self.fail("bytes are left after the last record")));
        }
        match self.read() {
            Ok(view) => {
                self.left -= 1;
                self.index += 1;
                self.next_offset = view.offset.saturating_add(1);
                Some(Ok(view))
            }
            Err(what) => Some(Err(self.fail(what))),
        }
    }
}

impl FusedIterator for Records<'_> {}

/// Takes a length and that many bytes; the inner `None` is null.
#[inline]
fn take_nullable<'a>(input: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let len = take_varint(input)?;
    let Ok(len) = usize::try_from(len) else {
        // -1 is null; anything below is nonsense.
        return (len == -1).then_some(None);
    };
    let (taken, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(Some(taken))
}

/// A record of a batch, borrowed.
#[derive(Clone, Debug)]
pub struct RecordView<'a> {
    offset: i64,
    timestamp: i64,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: Headers<'a>,
}

impl<'a> RecordView<'a> {
    /// A record whose parts were copied out of their batch.
    pub(crate) fn from_parts(
        (offset, timestamp): (i64, i64),
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
        headers: Headers<'a>,
    ) -> Self {
        Self {
            offset,
            timestamp,
            key,
            value,
            headers,
        }
    }

    /// The offset in the partition.
    #[must_use]
    #[inline]
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Milliseconds since the Unix epoch: the producer's, or where the topic says so the broker's.
    #[must_use]
    #[inline]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// The key; `None` is null.
    #[must_use]
    #[inline]
    pub fn key(&self) -> Option<&'a [u8]> {
        self.key
    }

    /// The value; `None` is null.
    #[must_use]
    #[inline]
    pub fn value(&self) -> Option<&'a [u8]> {
        self.value
    }

    /// The headers in order, duplicates and all.
    #[must_use]
    #[inline]
    pub fn headers(&self) -> Headers<'a> {
        self.headers.clone()
    }
}

/// A header of a record, borrowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HeaderView<'a> {
    name: &'a [u8],
    value: Option<&'a [u8]>,
}

impl<'a> HeaderView<'a> {
    /// The name as it is stored.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The name as text, if it is UTF-8; nobody checked when it was written.
    #[must_use]
    pub fn name_str(&self) -> Option<&'a str> {
        str::from_utf8(self.name).ok()
    }

    /// The value; `None` is null.
    #[must_use]
    pub fn value(&self) -> Option<&'a [u8]> {
        self.value
    }
}

/// Iterates over the headers of a record.
#[derive(Clone, Debug, Default)]
pub struct Headers<'a> {
    rest: &'a [u8],
    left: u32,
}

impl<'a> Headers<'a> {
    /// Walks over all headers: each costs two bytes at least, so a count that lies ends early.
    #[inline]
    fn are_well_formed(&self) -> bool {
        if self.left == 0 {
            return self.rest.is_empty();
        }
        let mut walk = self.clone();
        walk.by_ref().for_each(drop);
        walk.left == 0 && walk.rest.is_empty()
    }

    /// The bytes that are left, and how many headers they are.
    pub(crate) fn into_parts(self) -> (&'a [u8], u32) {
        (self.rest, self.left)
    }

    /// The headers in a copy of such bytes.
    pub(crate) fn from_parts(rest: &'a [u8], left: u32) -> Self {
        Self { rest, left }
    }

    fn read(&mut self) -> Option<HeaderView<'a>> {
        // A header's name is never null.
        let name = take_nullable(&mut self.rest)??;
        let value = take_nullable(&mut self.rest)?;
        Some(HeaderView { name, value })
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = HeaderView<'a>;

    fn next(&mut self) -> Option<HeaderView<'a>> {
        let left = self.left.checked_sub(1)?;
        let header = self.read()?;
        self.left = left;
        Some(header)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        (0, Some(most.min(self.rest.len())))
    }
}
