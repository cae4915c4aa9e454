//! A response that was refused for its length, to be found under the errors that it caused.

use std::error::Error as StdError;
use std::fmt;

use super::Error;

/// A response is longer than `receive.message.max.bytes`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FrameTooLarge {
    pub(crate) size: usize,
    pub(crate) limit: usize,
}

impl FrameTooLarge {
    /// The one that is the reason of an error, if it is.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let mut next = error.source();
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(*found);
            }
            next = error.source();
        }
        None
    }
}

impl fmt::Display for FrameTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, limit } = self;
        write!(
            f,
            "a response of {size} bytes exceeds receive.message.max.bytes={limit}"
        )
    }
}

impl StdError for FrameTooLarge {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn it_is_found_under_the_connection_that_it_ended() {
        let frame = FrameTooLarge { size: 9, limit: 8 };
        let reason = Error::new(ErrorKind::Malformed, "a frame").with_source(frame);
        let lost = Error::new(ErrorKind::Disconnected, "Fetch").with_source(reason);
        assert_eq!(FrameTooLarge::of(&lost), Some(frame));
        assert_eq!(
            FrameTooLarge::of(&Error::new(ErrorKind::Malformed, "")),
            None
        );
    }
}
