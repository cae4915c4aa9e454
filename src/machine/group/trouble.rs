//! What a group's coordinator may answer, sorted by what a member does about it.

use crate::error::{Error, ErrorCode, ErrorKind};

/// What to do about an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// Find the coordinator anew and ask it again: it moved, or cannot be reached.
    Moved,
    /// Ask the same coordinator again, after a backoff.
    Later,
    /// Join again: the group assigns its partitions anew.
    Rebalance,
    /// The member has a newer epoch, which it learns from its next heartbeat.
    Stale,
    /// The membership is gone; the member id is still good.
    Generation,
    /// The membership is gone, and the member id with it.
    Member,
    /// Another member has taken this one's `group.instance.id`: the end.
    Fenced,
    /// It will not pass by itself: the user must know.
    Refused,
}

impl Trouble {
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Connect | ErrorKind::Disconnected | ErrorKind::Timeout => Self::Moved,
            // Bytes that make no sense: a new connection may do better.
            ErrorKind::Malformed => Self::Moved,
            ErrorKind::Broker(code) => Self::of_code(code),
            _ => Self::Refused,
        }
    }

    fn of_code(code: ErrorCode) -> Self {
        match code {
            ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE => Self::Moved,
            ErrorCode::REBALANCE_IN_PROGRESS => Self::Rebalance,
            ErrorCode::STALE_MEMBER_EPOCH => Self::Stale,
            ErrorCode::ILLEGAL_GENERATION | ErrorCode::FENCED_MEMBER_EPOCH => Self::Generation,
            ErrorCode::UNKNOWN_MEMBER_ID => Self::Member,
            ErrorCode::FENCED_INSTANCE_ID | ErrorCode::UNRELEASED_INSTANCE_ID => Self::Fenced,
            ErrorCode::UNKNOWN_SERVER_ERROR => Self::Later,
            code if code.is_retriable() => Self::Later,
            _ => Self::Refused,
        }
    }
}
