//! Writes a message as a list of pieces, so that record data is passed on by reference.
//!
//! Small values go to a buffer at the tail. A large byte string closes that buffer and becomes a
//! piece of its own: a produce request is then header bytes, a batch, a few bytes, a batch, ...,
//! which one vectored write sends. Whether lengths are in the compact form (KIP-482) is a state of
//! the writer, which a message's `encode` sets by its version.

use bytes::{BufMut, Bytes, BytesMut};

use super::{ApiKey, Chunks, Encode, EncodeError};
use crate::ids::Uuid;

/// Byte strings below this many bytes are copied: a piece of its own costs more than the copy.
const BY_REFERENCE_MIN: usize = 512;

/// The longest string that Kafka writes, in either form of lengths.
const STRING_MAX: usize = 0x7fff;

/// The length prefix of a frame.
const FRAME_PREFIX: usize = 4;

/// Collects the bytes of a message.
///
/// Every write that can fail takes the field's name for its error, which is that the value is too
/// long or null where it must not be.
#[derive(Debug, Default)]
pub struct Writer {
    /// The buffer that holds the frame's length prefix, kept open until the length is known.
    first: Option<BytesMut>,
    pieces: Vec<Bytes>,
    tail: BytesMut,
    /// Bytes in `first` and `pieces`.
    closed: usize,
    flexible: bool,
}

#[expect(
    clippy::missing_errors_doc,
    reason = "the type's documentation says it for all"
)]
impl Writer {
    /// An empty one, lengths in the old fixed form.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that leaves room for a frame's length prefix, which `into_frame` fills in.
    pub(crate) fn for_frame() -> Self {
        let mut tail = BytesMut::with_capacity(256);
        tail.put_bytes(0, FRAME_PREFIX);
        Self {
            tail,
            ..Self::default()
        }
    }

    /// How many bytes were written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.closed + self.tail.len()
    }

    /// Whether nothing was written so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was written, in pieces.
    #[must_use]
    pub fn into_chunks(self) -> Chunks {
        let mut pieces = Vec::with_capacity(self.pieces.len() + 2);
        pieces.extend(self.first.map(BytesMut::freeze));
        pieces.extend(self.pieces);
        if !self.tail.is_empty() {
            pieces.push(self.tail.freeze());
        }
        Chunks::from(pieces)
    }

    /// What was written after `for_frame`, its length prefix filled in.
    pub(crate) fn into_frame(mut self) -> Result<Chunks, EncodeError> {
        let len = self.len() - FRAME_PREFIX;
        let field = "frame";
        let prefix = i32::try_from(len).map_err(|_| EncodeError::TooLong { field, len })?;
        let start = self.first.as_mut().unwrap_or(&mut self.tail);
        if let Some(bytes) = start.first_chunk_mut::<FRAME_PREFIX>() {
            *bytes = prefix.to_be_bytes();
        }
        Ok(self.into_chunks())
    }

    /// Whether lengths are in the compact form and structs end in tagged fields (KIP-482).
    pub(crate) fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    /// Starts a message of this API.
    pub(crate) fn begin(
        &mut self,
        key: ApiKey,
        message: &'static str,
        version: i16,
    ) -> Result<(), EncodeError> {
        if !key.versions().contains(version) {
            return Err(EncodeError::UnsupportedVersion { message, version });
        }
        self.flexible = key.is_flexible(version);
        Ok(())
    }

    /// Starts a message that belongs to no API and has these versions, none of them flexible.
    pub(crate) fn begin_plain(
        &mut self,
        message: &'static str,
        (min, max): (i16, i16),
        version: i16,
    ) -> Result<(), EncodeError> {
        if !(min..=max).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message, version });
        }
        self.flexible = false;
        Ok(())
    }

    /// Writes a boolean.
    pub fn bool(&mut self, value: bool) {
        self.tail.put_u8(u8::from(value));
    }

    /// Writes an `int8`.
    pub fn i8(&mut self, value: i8) {
        self.tail.put_i8(value);
    }

    /// Writes an `int16`.
    pub fn i16(&mut self, value: i16) {
        self.tail.put_i16(value);
    }

    /// Writes a `uint16`.
    pub fn u16(&mut self, value: u16) {
        self.tail.put_u16(value);
    }

    /// Writes an `int32`.
    pub fn i32(&mut self, value: i32) {
        self.tail.put_i32(value);
    }

    /// Writes an `int64`.
    pub fn i64(&mut self, value: i64) {
        self.tail.put_i64(value);
    }

    /// Writes a `float64`.
    pub fn f64(&mut self, value: f64) {
        self.tail.put_f64(value);
    }

    /// Writes a `uuid`.
    pub fn uuid(&mut self, value: Uuid) {
        self.tail.put_slice(&value.0);
    }

    /// Writes an unsigned variable-length number: seven bits a byte, the low ones first.
    pub fn uvarint(&mut self, mut value: u32) {
        while let (low, 1..) = (value & 0x7f, value >> 7) {
            self.tail.put_u8(u8::try_from(low).unwrap_or(0) | 0x80);
            value >>= 7;
        }
        self.tail.put_u8(u8::try_from(value).unwrap_or(0));
    }

    /// A length or count, `None` for null.
    fn length(
        &mut self,
        field: &'static str,
        short: bool,
        len: Option<usize>,
    ) -> Result<(), EncodeError> {
        let Some(len) = len else {
            match (self.flexible, short) {
                (true, _) => self.uvarint(0),
                (false, true) => self.i16(-1),
                (false, false) => self.i32(-1),
            }
            return Ok(());
        };
        let too_long = EncodeError::TooLong { field, len };
        let Ok(wire) = i32::try_from(len) else {
            return Err(too_long);
        };
        if self.flexible {
            // One more than the length, so that zero is free to mean null.
            self.uvarint(wire.unsigned_abs() + 1);
        } else if short {
            self.i16(i16::try_from(wire).map_err(|_| too_long)?);
        } else {
            self.i32(wire);
        }
        Ok(())
    }

    /// Writes null, where `allowed`.
    fn null(&mut self, field: &'static str, allowed: bool, short: bool) -> Result<(), EncodeError> {
        if !allowed {
            return Err(EncodeError::Null { field });
        }
        self.length(field, short, None)
    }

    /// Writes a string.
    pub fn string(&mut self, field: &'static str, value: &str) -> Result<(), EncodeError> {
        let len = value.len();
        if len > STRING_MAX {
            return Err(EncodeError::TooLong { field, len });
        }
        self.length(field, true, Some(len))?;
        self.tail.put_slice(value.as_bytes());
        Ok(())
    }

    /// Writes a string that may be null if `allowed`.
    pub fn nullable_string(
        &mut self,
        field: &'static str,
        allowed: bool,
        value: Option<&str>,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => self.string(field, value),
            None => self.null(field, allowed, true),
        }
    }

    /// Writes a byte string.
    pub fn bytes(&mut self, field: &'static str, value: &Bytes) -> Result<(), EncodeError> {
        self.length(field, false, Some(value.len()))?;
        self.append(value);
        Ok(())
    }

    /// Writes a byte string that may be null if `allowed`.
    pub fn nullable_bytes(
        &mut self,
        field: &'static str,
        allowed: bool,
        value: Option<&Bytes>,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => self.bytes(field, value),
            None => self.null(field, allowed, false),
        }
    }

    /// Writes record batches.
    pub fn records(&mut self, field: &'static str, value: &Chunks) -> Result<(), EncodeError> {
        self.length(field, false, Some(value.len()))?;
        self.append_chunks(value);
        Ok(())
    }

    /// Writes record batches that may be null if `allowed`.
    pub fn nullable_records(
        &mut self,
        field: &'static str,
        allowed: bool,
        value: Option<&Chunks>,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => self.records(field, value),
            None => self.null(field, allowed, false),
        }
    }

    /// Writes an array.
    pub fn array<T: Encode>(
        &mut self,
        field: &'static str,
        items: &[T],
        version: i16,
    ) -> Result<(), EncodeError> {
        self.length(field, false, Some(items.len()))?;
        for item in items {
            item.encode(self, version)
                .map_err(|error| error.of_element(field))?;
        }
        Ok(())
    }

    /// Writes an array that may be null if `allowed`.
    pub fn nullable_array<T: Encode>(
        &mut self,
        field: &'static str,
        allowed: bool,
        items: Option<&[T]>,
        version: i16,
    ) -> Result<(), EncodeError> {
        match items {
            Some(items) => self.array(field, items, version),
            None => self.null(field, allowed, false),
        }
    }

    /// Writes a struct that may be null (KIP-893).
    pub fn nullable_struct<T: Encode>(
        &mut self,
        value: Option<&T>,
        version: i16,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => {
                self.i8(1);
                value.encode(self, version)
            }
            None => {
                self.i8(-1);
                Ok(())
            }
        }
    }

    /// Appends bytes as they are: small ones by copy, large ones by reference.
    pub fn append(&mut self, bytes: &Bytes) {
        if bytes.len() < BY_REFERENCE_MIN {
            self.tail.put_slice(bytes);
            return;
        }
        self.close_tail();
        self.closed += bytes.len();
        self.pieces.push(bytes.clone());
    }

    /// Appends bytes as they are: small pieces by copy, large ones by reference.
    pub fn append_chunks(&mut self, chunks: &Chunks) {
        for piece in chunks {
            self.append(piece);
        }
    }

    fn close_tail(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        self.closed += self.tail.len();
        // The capacity that is left stays with `tail`: no new allocation for the bytes between two
        // batches.
        let closed = self.tail.split();
        if self.first.is_none() && self.pieces.is_empty() {
            self.first = Some(closed);
        } else {
            self.pieces.push(closed.freeze());
        }
    }

    /// Ends a struct that has no tagged fields.
    pub(crate) fn end_struct(&mut self) {
        if self.flexible {
            self.uvarint(0);
        }
    }

    /// Ends a struct that has tagged fields, which are put in the order of their tags.
    pub(crate) fn tags(&mut self) -> Tags<'_> {
        let mut body = Self::new();
        body.set_flexible(true);
        Tags {
            to: self,
            count: 0,
            body,
        }
    }

    /// As the function [`absent`].
    pub(crate) fn absent(
        &self,
        field: &'static str,
        is_default: bool,
        version: i16,
    ) -> Result<(), EncodeError> {
        absent(field, is_default, version)
    }
}

/// A field that `version` does not have: an error unless it is at its default, since leaving it
/// out would change what the message means.
fn absent(field: &'static str, is_default: bool, version: i16) -> Result<(), EncodeError> {
    if is_default {
        Ok(())
    } else {
        Err(EncodeError::UnsupportedField { field, version })
    }
}

/// Collects the tagged fields of one struct (KIP-482).
pub(crate) struct Tags<'w> {
    to: &'w mut Writer,
    count: u32,
    body: Writer,
}

impl Tags<'_> {
    /// Adds a field.
    pub(crate) fn put(
        &mut self,
        tag: u32,
        value: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let mut field = Writer::new();
        field.set_flexible(true);
        value(&mut field)?;
        let len = field.len();
        let field_name = "tagged field";
        let size = u32::try_from(len);
        let size = size.map_err(|_| EncodeError::TooLong {
            field: field_name,
            len,
        })?;
        self.count += 1;
        self.body.uvarint(tag);
        self.body.uvarint(size);
        self.body.append_chunks(&field.into_chunks());
        Ok(())
    }

    /// As the function [`absent`].
    pub(crate) fn absent(
        &self,
        field: &'static str,
        is_default: bool,
        version: i16,
    ) -> Result<(), EncodeError> {
        absent(field, is_default, version)
    }

    /// Writes them.
    pub(crate) fn finish(self) {
        if self.to.flexible {
            self.to.uvarint(self.count);
            self.to.append_chunks(&self.body.into_chunks());
        }
    }
}
