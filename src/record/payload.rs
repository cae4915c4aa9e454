//! The parts of a record to send: bytes and topic names that are borrowed or shared, header, time.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

/// Bytes that are borrowed or shared; every string and byte type converts into it without a copy.
#[derive(Clone)]
pub enum Payload<'a> {
    /// Borrowed from the caller.
    Borrowed(&'a [u8]),
    /// Shared by reference count.
    Shared(Bytes),
}

impl Payload<'_> {
    /// The bytes.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }

    /// The same bytes, copied if they were borrowed.
    #[must_use]
    pub fn into_owned(self) -> Payload<'static> {
        match self {
            Self::Borrowed(bytes) => Payload::Shared(Bytes::copy_from_slice(bytes)),
            Self::Shared(bytes) => Payload::Shared(bytes),
        }
    }
}

impl AsRef<[u8]> for Payload<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for Payload<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Payload<'_> {}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_slice().escape_ascii())
    }
}

macro_rules! payload_from {
    ($($borrowed:ty => $read:expr;)* ; $($owned:ty),*) => {
        $(impl<'a> From<$borrowed> for Payload<'a> {
            #[inline]
            fn from(value: $borrowed) -> Self {
                let read: fn($borrowed) -> &'a [u8] = $read;
                Self::Borrowed(read(value))
            }
        })*
        $(impl From<$owned> for Payload<'_> {
            #[inline]
            fn from(value: $owned) -> Self {
                Self::Shared(Bytes::from(value))
            }
        })*
    };
}

payload_from! {
    &'a str => |text| text.as_bytes();
    &'a String => |text| text.as_bytes();
    &'a [u8] => |bytes| bytes;
    &'a Vec<u8> => |bytes| bytes;
    ; String, Vec<u8>, Bytes, Box<[u8]>
}

impl<'a, const N: usize> From<&'a [u8; N]> for Payload<'a> {
    #[inline]
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl From<&Bytes> for Payload<'_> {
    fn from(bytes: &Bytes) -> Self {
        Self::Shared(bytes.clone())
    }
}

/// A header: a name, which may repeat within a record, and a value, which may be null.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header<'a> {
    name: Payload<'a>,
    value: Option<Payload<'a>>,
}

impl<'a> Header<'a> {
    /// A header with a value.
    pub fn new(name: impl Into<Payload<'a>>, value: impl Into<Payload<'a>>) -> Self {
        Self {
            name: name.into(),
            value: Some(value.into()),
        }
    }

    /// A header whose value is null.
    pub fn null(name: impl Into<Payload<'a>>) -> Self {
        Self {
            name: name.into(),
            value: None,
        }
    }

    /// The name as bytes; Kafka says UTF-8, and nobody checks it.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.name.as_slice()
    }

    /// The value; `None` is null, which differs from empty.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.value.as_ref().map(Payload::as_slice)
    }

    /// The same header, copied where it was borrowed.
    #[must_use]
    pub fn into_owned(self) -> Header<'static> {
        Header {
            name: self.name.into_owned(),
            value: self.value.map(Payload::into_owned),
        }
    }
}

/// Milliseconds since the Unix epoch, as records carry them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(pub i64);

impl From<i64> for Timestamp {
    /// Takes milliseconds since the Unix epoch.
    fn from(milliseconds: i64) -> Self {
        Self(milliseconds)
    }
}

impl From<SystemTime> for Timestamp {
    /// Rounds towards the past and stops at the ends of the 64-bit range.
    fn from(time: SystemTime) -> Self {
        let milliseconds = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        Self(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => milliseconds(after),
            Err(before) => {
                let before = before.duration();
                let whole = milliseconds(before);
                let part = i64::from(before.subsec_nanos() % 1_000_000 != 0);
                (-whole).saturating_sub(part)
            }
        })
    }
}

/// A topic's name, borrowed or shared.
#[derive(Clone)]
pub enum TopicName<'a> {
    /// Borrowed from the caller.
    Borrowed(&'a str),
    /// Shared by reference count.
    Shared(Arc<str>),
}

impl TopicName<'_> {
    /// The name.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(name) => name,
            Self::Shared(name) => name,
        }
    }

    /// The same name, copied if it was borrowed.
    #[must_use]
    pub fn into_owned(self) -> TopicName<'static> {
        match self {
            Self::Borrowed(name) => TopicName::Shared(name.into()),
            Self::Shared(name) => TopicName::Shared(name),
        }
    }
}

impl fmt::Debug for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl PartialEq for TopicName<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for TopicName<'_> {}

impl Borrow<str> for TopicName<'_> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl<'a> From<&'a str> for TopicName<'a> {
    #[inline]
    fn from(name: &'a str) -> Self {
        Self::Borrowed(name)
    }
}

impl<'a> From<&'a String> for TopicName<'a> {
    fn from(name: &'a String) -> Self {
        Self::Borrowed(name)
    }
}

impl From<String> for TopicName<'_> {
    fn from(name: String) -> Self {
        Self::Shared(name.into())
    }
}

impl From<Arc<str>> for TopicName<'_> {
    fn from(name: Arc<str>) -> Self {
        Self::Shared(name)
    }
}

impl From<&Arc<str>> for TopicName<'_> {
    fn from(name: &Arc<str>) -> Self {
        Self::Shared(Arc::clone(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_epoch_round_towards_the_past() {
        let epoch = SystemTime::UNIX_EPOCH;
        assert_eq!(Timestamp::from(epoch), Timestamp(0));
        assert_eq!(
            Timestamp::from(epoch + Duration::from_micros(1999)),
            Timestamp(1)
        );
        assert_eq!(
            Timestamp::from(epoch - Duration::from_micros(1999)),
            Timestamp(-2)
        );
        assert_eq!(
            Timestamp::from(epoch - Duration::from_millis(2)),
            Timestamp(-2)
        );
    }
}
