//! Where a partition is: the place it starts from, and the place it has reached.

/// Where to start reading a partition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StartAt {
    /// At the oldest record there is.
    Beginning,
    /// After the newest record there is now.
    End,
    /// At this offset; one that is out of range is handled by `auto.offset.reset`.
    Offset(i64),
    /// This many records before the end as it is now, or at the beginning if there are fewer.
    FromEnd(u64),
    /// At the first record whose timestamp is this or later (milliseconds since 1970), or at the
    /// end if there is none.
    Timestamp(i64),
}

/// Where the next fetch of a partition starts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Position {
    /// Not known yet: the broker is asked what offset this is.
    Unresolved(StartAt),
    /// This offset.
    At(i64),
}

impl From<StartAt> for Position {
    fn from(start: StartAt) -> Self {
        match start {
            StartAt::Offset(offset) => Self::At(offset),
            other => Self::Unresolved(other),
        }
    }
}
