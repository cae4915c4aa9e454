//! The traits of messages.

use std::time::Duration;

use super::{ApiKey, DecodeError, EncodeError, Reader, Writer};

/// Something with a form on the wire, which depends on the version.
pub trait Encode {
    /// Appends this value's form in `version`.
    ///
    /// # Errors
    /// When the version cannot express the value; what was written until then is of no use.
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError>;
}

/// Something that can be read from the wire.
pub trait Decode: Sized {
    /// The fewest bytes a value takes in any version. A count of elements is checked against it.
    const MIN_SIZE: usize;

    /// Reads a value in its form of `version`; leaves what follows it.
    ///
    /// # Errors
    /// When the bytes are not such a value.
    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError>;
}

/// A request's body.
pub trait Request: Send + Sync + 'static {
    /// The API that it belongs to.
    const KEY: ApiKey;
    /// What the broker answers.
    type Response: Response;
}

/// A response's body.
pub trait Response: Send + 'static {
    /// The API that it belongs to.
    const KEY: ApiKey;

    /// How long the broker asks this client to be quiet; zero where the API cannot say.
    fn throttle_time(&self) -> Duration;
}

/// The versions of an API, both ends included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VersionRange {
    /// The oldest.
    pub min: i16,
    /// The newest.
    pub max: i16,
}

impl VersionRange {
    /// Whether `version` is in the range.
    #[must_use]
    pub fn contains(self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }

    /// The newest version that both ranges have.
    #[must_use]
    pub fn newest_in_common(self, other: Self) -> Option<i16> {
        let newest = self.max.min(other.max);
        (self.contains(newest) && other.contains(newest)).then_some(newest)
    }
}

/// A wire field of milliseconds as a duration; a negative one is none.
pub(crate) fn millis(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

macro_rules! primitive {
    ($($type:ty, $method:ident, $size:expr;)*) => {$(
        impl Encode for $type {
            fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
                w.$method(*self);
                Ok(())
            }
        }

        impl Decode for $type {
            const MIN_SIZE: usize = $size;

            fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
                r.$method(super::error::ELEMENT)
            }
        }
    )*};
}

primitive! {
    i8, i8, 1;
    i16, i16, 2;
    i32, i32, 4;
    i64, i64, 8;
    crate::ids::Uuid, uuid, 16;
}

impl Encode for String {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(super::error::ELEMENT, self)
    }
}

impl Decode for String {
    const MIN_SIZE: usize = 1;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        r.string(super::error::ELEMENT)
    }
}
