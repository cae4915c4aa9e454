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

#[cfg(test)]
mod tests {
    use super::super::fetch::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic};
    use super::super::metadata::MetadataRequest;
    use super::super::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
    use super::*;

    #[test]
    fn large_byte_strings_are_passed_by_reference() {
        let large = Bytes::from(vec![1; BY_REFERENCE_MIN]);
        let small = Bytes::from(vec![2; BY_REFERENCE_MIN - 1]);
        let mut w = Writer::for_frame();
        w.bytes("f", &small).unwrap();
        w.records("f", &[large.clone(), small.clone()].into_iter().collect())
            .unwrap();
        w.i8(9);
        let len = w.len();
        let frame = w.into_frame().unwrap();
        assert_eq!(frame.len(), len);
        assert_eq!(frame.as_slice().len(), 3);
        assert_eq!(frame.as_slice()[1].as_ptr(), large.as_ptr());
        let bytes = frame.into_bytes();
        assert_eq!(bytes[..4], u32::try_from(len - 4).unwrap().to_be_bytes());
        assert_eq!(bytes[4..8], 511_u32.to_be_bytes());
        assert_eq!(bytes[8 + 511..][..4], 1023_u32.to_be_bytes());
        assert_eq!(bytes[bytes.len() - 1], 9);
    }

    #[test]
    fn a_frame_that_starts_with_a_large_piece_still_has_its_length() {
        let mut w = Writer::for_frame();
        w.append(&Bytes::from(vec![1; 5_000]));
        let frame = w.into_frame().unwrap();
        assert_eq!(frame.as_slice()[0][..], 5_000_u32.to_be_bytes());
        assert!(Writer::new().is_empty() && Writer::new().into_chunks().is_empty());
    }

    #[test]
    fn varints_are_written_low_bits_first() {
        for (value, bytes) in [
            (0, &[0][..]),
            (0x7f, &[0x7f]),
            (0x80, &[0x80, 0x01]),
            (300, &[0xac, 0x02]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            let mut w = Writer::new();
            w.uvarint(value);
            assert_eq!(w.into_chunks().into_bytes(), bytes, "{value}");
        }
    }

    #[test]
    fn strings_longer_than_kafka_allows_are_errors_in_both_forms() {
        for flexible in [false, true] {
            let mut w = Writer::new();
            w.set_flexible(flexible);
            assert_eq!(w.string("f", &"x".repeat(32_767)), Ok(()));
            let error = EncodeError::TooLong {
                field: "f",
                len: 32_768,
            };
            assert_eq!(w.string("f", &"x".repeat(32_768)), Err(error));
        }
        let mut w = Writer::new();
        let error = EncodeError::TooLong {
            field: "array",
            len: 32_768,
        };
        assert_eq!(w.array("array", &["x".repeat(32_768)], 0), Err(error));
    }

    #[test]
    fn null_is_an_error_where_it_is_not_allowed() {
        let mut w = Writer::new();
        let error = Err(EncodeError::Null { field: "f" });
        assert_eq!(w.nullable_string("f", false, None), error);
        assert_eq!(w.nullable_bytes("f", false, None), error);
        assert_eq!(w.nullable_records("f", false, None), error);
        assert_eq!(w.nullable_array::<i32>("f", false, None, 0), error);
    }

    #[test]
    fn a_field_that_the_version_lacks_is_an_error_unless_it_may_be_ignored() {
        let forgotten = vec![ForgottenTopic::default()];
        let request = FetchRequest {
            forgotten_topics_data: forgotten,
            ..Default::default()
        };
        let field = "FetchRequest.forgotten_topics_data";
        let error = EncodeError::UnsupportedField { field, version: 6 };
        assert_eq!(request.encode(&mut Writer::new(), 6), Err(error.clone()));
        assert_eq!(request.encode(&mut Writer::new(), 7), Ok(()));
        let error = crate::Error::from(error);
        assert_eq!(error.kind(), crate::ErrorKind::UnsupportedVersion);
        assert!(error.to_string().contains(field), "{error}");

        // The rack may be left out: the broker then picks replicas without it.
        let request = FetchRequest {
            rack_id: "a".to_owned(),
            ..Default::default()
        };
        assert_eq!(request.encode(&mut Writer::new(), 10), Ok(()));
        let partitions = vec![FetchPartition {
            last_fetched_epoch: 3,
            ..Default::default()
        }];
        let topics = vec![FetchTopic {
            partitions,
            ..Default::default()
        }];
        let request = FetchRequest {
            topics,
            ..Default::default()
        };
        assert!(request.encode(&mut Writer::new(), 11).is_err());
    }

    #[test]
    fn a_version_outside_the_range_is_an_error() {
        for version in [-1, 3, 14] {
            let message = "MetadataRequest";
            let error = EncodeError::UnsupportedVersion { message, version };
            let encoded = MetadataRequest::default().encode(&mut Writer::new(), version);
            assert_eq!(encoded, Err(error));
        }
    }

    #[test]
    fn a_produce_request_does_not_copy_its_batches() {
        let batch = Bytes::from(vec![5; 100_000]);
        let partition = |index| PartitionProduceData {
            index,
            records: Some(batch.clone().into()),
        };
        let partition_data = vec![partition(0), partition(1)];
        let topic = TopicProduceData {
            partition_data,
            ..Default::default()
        };
        let request = ProduceRequest {
            topic_data: vec![topic],
            ..Default::default()
        };
        let mut w = Writer::for_frame();
        request.encode(&mut w, 9).unwrap();
        let frame = w.into_frame().unwrap();
        let shared = frame
            .iter()
            .filter(|piece| piece.as_ptr() == batch.as_ptr())
            .count();
        assert_eq!((shared, frame.as_slice().len()), (2, 5));
    }
}
