//! Where a partition is: the place it starts from, and the place it has reached.

use crate::ids::LeaderEpoch;

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
    /// At this offset, after a record that was written under this leader epoch, as
    /// [`ConsumerRecord::leader_epoch`](crate::ConsumerRecord::leader_epoch) says it. Before it is
    /// read from, the leader is asked whether the log was cut off meanwhile (KIP-320).
    OffsetInEpoch(i64, LeaderEpoch),
    /// At what the consumer's group has committed; where that is nothing, as `auto.offset.reset`
    /// says. It needs `group.id`.
    Committed,
    /// This many records before the end as it is now, or at the beginning if there are fewer.
    FromEnd(u64),
    /// At the first record whose timestamp is this or later (milliseconds since 1970), or at the
    /// end if there is none.
    Timestamp(i64),
}

/// An offset, and the leader epoch of the record before it, if one was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) offset: i64,
    pub(crate) epoch: LeaderEpoch,
}

impl Place {
    /// A place that was named, and not reached by reading.
    pub(crate) fn at(offset: i64) -> Self {
        let epoch = LeaderEpoch::NONE;
        Self { offset, epoch }
    }
}

/// Where the next fetch of a partition starts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Position {
    /// Not known yet: the broker is asked what offset this is.
    Unresolved(StartAt),
    /// Here.
    At(Place),
}

impl From<StartAt> for Position {
    fn from(start: StartAt) -> Self {
        match start {
            StartAt::Offset(offset) => Self::At(Place::at(offset)),
            StartAt::OffsetInEpoch(offset, epoch) => Self::At(Place { offset, epoch }),
            other => Self::Unresolved(other),
        }
    }
}
