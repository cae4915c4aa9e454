//! Reads a message from bytes that a peer sent, and believes nothing that they do not bear out.
//!
//! A length is checked against the bytes left before anything is allocated or sliced. A count is
//! checked against the bytes left divided by the fewest bytes an element takes, so that memory is
//! bounded by a small multiple of the frame. Every read takes the name of its field for the error.
//!
//! Whether lengths are in the compact form (KIP-482) is a state of the reader: a message's `decode`
//! sets it by its version, and everything inside the message follows.

use bytes::{Buf, Bytes};

use super::error::DecodeErrorKind::{
    CountTooLarge, NegativeLength, NotUtf8, Null, Trailing, Truncated, UnsupportedVersion,
    VarintTooLong,
};
use super::{ApiKey, Chunks, Decode, DecodeError};
use crate::ids::Uuid;

/// How many elements of an array have memory from the start, however little is left to read.
const RESERVED_MIN: usize = 8;

/// A cursor over the bytes of a message; byte strings are slices of them, not copies.
///
/// Every read takes the field's name for its error, which is that the bytes end too early or are
/// not what the read says. After an error the position is of no use.
#[derive(Clone, Debug)]
pub struct Reader {
    rest: Bytes,
    flexible: bool,
}

#[expect(
    clippy::missing_errors_doc,
    reason = "the type's documentation says it for all"
)]
impl Reader {
    /// Reads from the first of these bytes, lengths in the old fixed form.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self {
            rest: bytes,
            flexible: false,
        }
    }

    /// How many bytes are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Ends the reading: how many bytes were left over.
    #[must_use]
    pub fn finish(self) -> usize {
        self.rest.len()
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
    ) -> Result<(), DecodeError> {
        if !key.versions().contains(version) {
            return Err(DecodeError::new(message, UnsupportedVersion(version)));
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
    ) -> Result<(), DecodeError> {
        if !(min..=max).contains(&version) {
            return Err(DecodeError::new(message, UnsupportedVersion(version)));
        }
        self.flexible = false;
        Ok(())
    }

    fn array_of_bytes<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        let Some(bytes) = self.rest.first_chunk::<N>().copied() else {
            let remaining = self.rest.len();
            return Err(DecodeError::new(
                field,
                Truncated {
                    needed: N,
                    remaining,
                },
            ));
        };
        self.rest.advance(N);
        Ok(bytes)
    }

    /// Reads a boolean: any byte but zero is true.
    pub fn bool(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        Ok(self.array_of_bytes::<1>(field)? != [0])
    }

    /// Reads an `int8`.
    pub fn i8(&mut self, field: &'static str) -> Result<i8, DecodeError> {
        self.array_of_bytes(field).map(i8::from_be_bytes)
    }

    /// Reads an `int16`.
    pub fn i16(&mut self, field: &'static str) -> Result<i16, DecodeError> {
        self.array_of_bytes(field).map(i16::from_be_bytes)
    }

    /// Reads a `uint16`.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array_of_bytes(field).map(u16::from_be_bytes)
    }

    /// Reads an `int32`.
    pub fn i32(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        self.array_of_bytes(field).map(i32::from_be_bytes)
    }

    /// Reads an `int64`.
    pub fn i64(&mut self, field: &'static str) -> Result<i64, DecodeError> {
        self.array_of_bytes(field).map(i64::from_be_bytes)
    }

    /// Reads a `float64`.
    pub fn f64(&mut self, field: &'static str) -> Result<f64, DecodeError> {
        self.array_of_bytes(field).map(f64::from_be_bytes)
    }

    /// Reads a `uuid`.
    pub fn uuid(&mut self, field: &'static str) -> Result<Uuid, DecodeError> {
        self.array_of_bytes(field).map(Uuid)
    }

    /// Reads an unsigned variable-length number: seven bits a byte, the low ones first.
    pub fn uvarint(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array_of_bytes(field)?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && byte > 0x0f {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::new(field, VarintTooLong))
    }

    /// A length or count; `None` stands for null.
    fn length(&mut self, field: &'static str, short: bool) -> Result<Option<usize>, DecodeError> {
        let length = if self.flexible {
            // One more than the length, so that zero is free to mean null.
            return match self.uvarint(field)?.checked_sub(1).map(usize::try_from) {
                None => Ok(None),
                Some(Ok(length)) => Ok(Some(length)),
                Some(Err(_)) => Err(DecodeError::new(field, VarintTooLong)),
            };
        } else if short {
            i32::from(self.i16(field)?)
        } else {
            self.i32(field)?
        };
        match usize::try_from(length) {
            Ok(length) => Ok(Some(length)),
            Err(_) if length == -1 => Ok(None),
            Err(_) => Err(DecodeError::new(field, NegativeLength(length))),
        }
    }

    /// Takes `length` bytes off the front, shared and not copied.
    fn split(&mut self, field: &'static str, length: usize) -> Result<Bytes, DecodeError> {
        let remaining = self.rest.len();
        if length > remaining {
            return Err(DecodeError::new(
                field,
                Truncated {
                    needed: length,
                    remaining,
                },
            ));
        }
        Ok(self.rest.split_to(length))
    }

    /// Reads a string that may be null if `allowed`.
    pub fn nullable_string(
        &mut self,
        field: &'static str,
        allowed: bool,
    ) -> Result<Option<String>, DecodeError> {
        let Some(length) = self.length(field, true)? else {
            return null(field, allowed);
        };
        let Some(bytes) = self.rest.get(..length) else {
            let remaining = self.rest.len();
            return Err(DecodeError::new(
                field,
                Truncated {
                    needed: length,
                    remaining,
                },
            ));
        };
        let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::new(field, NotUtf8))?;
        let text = text.to_owned();
        self.rest.advance(length);
        Ok(Some(text))
    }

    /// Reads a string.
    pub fn string(&mut self, field: &'static str) -> Result<String, DecodeError> {
        self.nullable_string(field, false)
            .map(Option::unwrap_or_default)
    }

    /// Reads a byte string that may be null if `allowed`.
    pub fn nullable_bytes(
        &mut self,
        field: &'static str,
        allowed: bool,
    ) -> Result<Option<Bytes>, DecodeError> {
        match self.length(field, false)? {
            None => null(field, allowed),
            Some(length) => self.split(field, length).map(Some),
        }
    }

    /// Reads a byte string.
    pub fn bytes(&mut self, field: &'static str) -> Result<Bytes, DecodeError> {
        self.nullable_bytes(field, false)
            .map(Option::unwrap_or_default)
    }

    /// Reads record batches that may be null if `allowed`; whether they are sound is not looked at.
    pub fn nullable_records(
        &mut self,
        field: &'static str,
        allowed: bool,
    ) -> Result<Option<Chunks>, DecodeError> {
        Ok(self.nullable_bytes(field, allowed)?.map(Chunks::from))
    }

    /// Reads record batches; whether they are sound is not looked at.
    pub fn records(&mut self, field: &'static str) -> Result<Chunks, DecodeError> {
        self.bytes(field).map(Chunks::from)
    }

    /// Reads an array that may be null if `allowed`.
    pub fn nullable_array<T: Decode>(
        &mut self,
        field: &'static str,
        allowed: bool,
        version: i16,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.length(field, false)? else {
            return null(field, allowed);
        };
        let remaining = self.rest.len();
        if count > remaining / T::MIN_SIZE.max(1) {
            return Err(DecodeError::new(field, CountTooLarge { count, remaining }));
        }
        // No more memory at once than the bytes left; beyond it grows with what really comes.
        let fitting = remaining / size_of::<T>().max(1);
        let mut items = Vec::with_capacity(count.min(fitting.max(RESERVED_MIN)));
        for _ in 0..count {
            items.push(T::decode(self, version).map_err(|error| error.of_element(field))?);
        }
        Ok(Some(items))
    }

    /// Reads an array.
    pub fn array<T: Decode>(
        &mut self,
        field: &'static str,
        version: i16,
    ) -> Result<Vec<T>, DecodeError> {
        self.nullable_array(field, false, version)
            .map(Option::unwrap_or_default)
    }

    /// Reads a struct that may be null (KIP-893).
    pub fn nullable_struct<T: Decode>(
        &mut self,
        field: &'static str,
        version: i16,
    ) -> Result<Option<T>, DecodeError> {
        // Java writes 1 for present and takes any number that is not negative.
        if self.i8(field)? < 0 {
            return Ok(None);
        }
        T::decode(self, version).map(Some)
    }

    /// Ends a struct: passes over the tagged fields, none of which is known.
    pub(crate) fn end_struct(&mut self) -> Result<(), DecodeError> {
        self.tags(|_, _| Ok(false))
    }

    /// Ends a struct: gives each tagged field to `known`, which says whether it knew the tag; the
    /// others are passed over, as newer brokers may add some at any time.
    pub(crate) fn tags(
        &mut self,
        mut known: impl FnMut(u32, &mut Self) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        const FIELD: &str = "tagged fields";
        if !self.flexible {
            return Ok(());
        }
        // A tag and a size take two bytes at least, so a huge count ends in `Truncated` soon.
        for _ in 0..self.uvarint(FIELD)? {
            let tag = self.uvarint(FIELD)?;
            let size = self.uvarint(FIELD)?;
            let value = self.split(FIELD, usize::try_from(size).unwrap_or(usize::MAX))?;
            let mut value = Self {
                rest: value,
                flexible: true,
            };
            if known(tag, &mut value)? && value.remaining() > 0 {
                return Err(DecodeError::new(FIELD, Trailing(value.remaining())));
            }
        }
        Ok(())
    }
}

fn null<T>(field: &'static str, allowed: bool) -> Result<Option<T>, DecodeError> {
    if allowed {
        Ok(None)
    } else {
        Err(DecodeError::new(field, Null))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fetch::FetchResponse;
    use super::super::metadata::MetadataResponse;
    use super::super::{DecodeErrorKind, Writer};
    use super::*;

    fn reader(bytes: &[u8], flexible: bool) -> Reader {
        let mut r = Reader::new(Bytes::copy_from_slice(bytes));
        r.set_flexible(flexible);
        r
    }

    fn kind<T: std::fmt::Debug>(result: Result<T, DecodeError>) -> DecodeErrorKind {
        result.unwrap_err().kind
    }

    #[test]
    fn case_95_varints_end_within_32_bits() {
        assert_eq!(
            reader(&[0xff, 0xff, 0xff, 0xff, 0x0f], true).uvarint("f"),
            Ok(u32::MAX)
        );
        // A 33rd bit, a sixth byte, and an end too early.
        for bytes in [
            &[0xff, 0xff, 0xff, 0xff, 0x1f][..],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        ] {
            assert_eq!(kind(reader(bytes, true).uvarint("f")), VarintTooLong);
        }
        assert_eq!(
            kind(reader(&[0x80, 0x80], true).uvarint("f")),
            Truncated {
                needed: 1,
                remaining: 0
            }
        );
    }

    #[test]
    fn case_95_negative_lengths_are_errors_and_minus_one_is_null() {
        assert_eq!(
            kind(reader(&[0xff, 0xfe], false).string("f")),
            NegativeLength(-2)
        );
        let bytes = i32::MIN.to_be_bytes();
        assert_eq!(
            kind(reader(&bytes, false).bytes("f")),
            NegativeLength(i32::MIN)
        );
        assert_eq!(
            kind(reader(&bytes, false).array::<i32>("f", 0)),
            NegativeLength(i32::MIN)
        );
        assert_eq!(kind(reader(&[0xff, 0xff], false).string("f")), Null);
        assert_eq!(
            reader(&[0xff, 0xff], false).nullable_string("f", true),
            Ok(None)
        );
        assert_eq!(kind(reader(&[0], true).bytes("f")), Null);
        assert_eq!(
            reader(&[0], true).nullable_array::<i32>("f", true, 0),
            Ok(None)
        );
    }

    #[test]
    fn case_95_lengths_beyond_the_bytes_are_errors_before_anything_is_allocated() {
        let huge = [0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4];
        let (needed, remaining) = (0x7fff_ffff, 4);
        assert_eq!(
            kind(reader(&huge, false).bytes("f")),
            Truncated { needed, remaining }
        );
        let count = needed;
        for result in [
            kind(reader(&huge, false).array::<i8>("f", 0)),
            kind(reader(&huge, false).array::<String>("f", 0)),
            kind(reader(&huge, false).array::<Uuid>("f", 0)),
        ] {
            assert_eq!(result, CountTooLarge { count, remaining });
        }
        // Two numbers of four bytes each do not fit seven bytes, and do fit eight.
        let two = [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0];
        assert_eq!(
            kind(reader(&two, false).array::<i32>("f", 0)),
            CountTooLarge {
                count: 2,
                remaining: 7
            }
        );
        let two = [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 5];
        assert_eq!(reader(&two, false).array::<i32>("f", 0), Ok(vec![1, 5]));
        assert!(
            reader(&[0xff, 0xff, 0xff, 0xff, 0x0f], true)
                .array::<i8>("f", 0)
                .is_err()
        );
    }

    #[test]
    fn case_95_a_count_inside_a_message_is_checked_too() {
        // Throttle time, then a count of brokers: each takes more than ten bytes.
        let mut w = Writer::new();
        w.i32(0);
        w.i32(100);
        for _ in 0..100 {
            w.i64(0);
        }
        let mut r = Reader::new(w.into_chunks().into_bytes());
        let error = MetadataResponse::decode(&mut r, 4).unwrap_err();
        assert_eq!(error.field, "MetadataResponse.brokers");
        assert_eq!(
            error.kind,
            CountTooLarge {
                count: 100,
                remaining: 800
            }
        );
    }

    #[test]
    fn a_string_must_be_utf8_and_an_error_names_the_array() {
        assert_eq!(
            kind(reader(&[0, 2, 0xc3, 0x28], false).string("f")),
            NotUtf8
        );
        let error = reader(&[0, 0, 0, 1, 0, 1, 0xff], false)
            .array::<String>("f", 0)
            .unwrap_err();
        assert_eq!((error.field, error.kind), ("f", NotUtf8));
    }

    #[test]
    fn unknown_tagged_fields_are_passed_over_and_known_ones_must_fill_their_size() {
        // Two fields: tag 5 with three bytes, tag 900 with none.
        let mut r = reader(&[2, 5, 3, 1, 2, 3, 0x84, 0x07, 0, 0xee], true);
        assert_eq!(r.end_struct(), Ok(()));
        assert_eq!(r.finish(), 1);
        let mut seen = Vec::new();
        let mut r = reader(&[2, 5, 3, 1, 2, 3, 0x84, 0x07, 0], true);
        let tags = r.tags(|tag, _| {
            seen.push(tag);
            Ok(false)
        });
        assert_eq!((tags, seen), (Ok(()), vec![5, 900]));
        let mut r = reader(&[1, 5, 3, 1, 2, 3], true);
        assert_eq!(kind(r.tags(|_, r| r.i16("f").map(|_| true))), Trailing(1));
        // A known field cannot read past its size into what follows.
        let mut r = reader(&[1, 5, 1, 1, 2, 3], true);
        let error = kind(r.tags(|_, r| r.i16("f").map(|_| true)));
        assert_eq!(
            error,
            Truncated {
                needed: 2,
                remaining: 1
            }
        );
    }

    #[test]
    fn case_95_tagged_fields_that_lie_are_errors() {
        // A huge count, and a size beyond the bytes.
        assert!(
            reader(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0], true)
                .end_struct()
                .is_err()
        );
        let error = kind(reader(&[1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f], true).end_struct());
        assert_eq!(
            error,
            Truncated {
                needed: 0xffff_ffff,
                remaining: 0
            }
        );
        // Without tagged fields in the version nothing is read.
        assert_eq!(reader(&[], false).end_struct(), Ok(()));
    }

    #[test]
    fn records_are_a_slice_of_the_frame() {
        let frame = Bytes::from(vec![0, 0, 0, 3, 7, 8, 9]);
        let records = Reader::new(frame.clone()).records("f").unwrap();
        assert_eq!(records.into_bytes().as_ptr(), frame.slice(4..).as_ptr());
    }

    #[test]
    fn bytes_after_a_message_are_left_and_counted() {
        let mut w = Writer::new();
        super::super::Encode::encode(&FetchResponse::default(), &mut w, 12).unwrap();
        w.i32(5);
        let mut r = Reader::new(w.into_chunks().into_bytes());
        assert_eq!(
            FetchResponse::decode(&mut r, 12),
            Ok(FetchResponse::default())
        );
        assert_eq!(r.finish(), 4);
    }
}
