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
        let mut items = Vec::with_capacity(count);
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
