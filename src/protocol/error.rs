//! What can be wrong with a message to send or with bytes that came in.

use crate::error::{Error, ErrorKind};

/// Why a message cannot be written in the version asked for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The version is outside what this crate speaks.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// The message's name.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A field is set that the version negotiated with the broker does not have. Leaving it out
    /// would change what the request means.
    #[error("{field} is set but does not exist in version {version}")]
    UnsupportedField {
        /// The field, as `Struct.field`.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A field is null that must not be null in this version.
    #[error("{field} must not be null")]
    Null {
        /// The field, as `Struct.field`.
        field: &'static str,
    },
    /// A string, byte string or array is longer than the wire can say.
    #[error("{field} is too long ({len})")]
    TooLong {
        /// The field, as `Struct.field`.
        field: &'static str,
        /// Its length in bytes, or the count of its elements.
        len: usize,
    },
}

/// The field name that elements of a plain array have until their array names them.
pub(crate) const ELEMENT: &str = "[]";

impl EncodeError {
    /// Names the array that an unnamed element belongs to.
    pub(crate) fn of_element(mut self, array: &'static str) -> Self {
        if let Self::Null { field } | Self::TooLong { field, .. } = &mut self {
            if *field == ELEMENT {
                *field = array;
            }
        }
        self
    }
}

/// Why bytes are not the message they should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {kind}")]
pub struct DecodeError {
    /// The field, as `Struct.field`.
    pub field: &'static str,
    /// What is wrong with it.
    pub kind: DecodeErrorKind,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes end before the value does.
    #[error("{needed} bytes expected, {remaining} left")]
    Truncated {
        /// How many bytes the value takes at least.
        needed: usize,
        /// How many there are.
        remaining: usize,
    },
    /// A length or count is negative and does not mean null.
    #[error("negative length {0}")]
    NegativeLength(i32),
    /// A count of elements that the bytes left cannot hold.
    #[error("{count} elements announced, {remaining} bytes left")]
    CountTooLarge {
        /// The count announced.
        count: usize,
        /// How many bytes there are.
        remaining: usize,
    },
    /// A variable-length number does not end within 32 bits.
    #[error("variable-length number does not fit 32 bits")]
    VarintTooLong,
    /// Null where null is not allowed.
    #[error("must not be null")]
    Null,
    /// A string is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A tagged field is shorter than its announced size.
    #[error("{0} bytes after the value")]
    Trailing(usize),
    /// The version is outside what this crate speaks.
    #[error("no version {0}")]
    UnsupportedVersion(i16),
}

impl DecodeError {
    pub(crate) fn new(field: &'static str, kind: DecodeErrorKind) -> Self {
        Self { field, kind }
    }

    /// Names the array that an unnamed element belongs to.
    pub(crate) fn of_element(mut self, array: &'static str) -> Self {
        if self.field == ELEMENT {
            self.field = array;
        }
        self
    }
}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        let kind = match error {
            EncodeError::UnsupportedVersion { .. } | EncodeError::UnsupportedField { .. } => {
                ErrorKind::UnsupportedVersion
            }
            EncodeError::Null { .. } | EncodeError::TooLong { .. } => ErrorKind::InvalidInput,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::new(
            ErrorKind::Malformed,
            format!("the peer sent a malformed message: {error}"),
        )
        .with_source(error)
    }
}
