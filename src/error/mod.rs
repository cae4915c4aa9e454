//! The one error type of the crate: whose fault, what happened where, and what became of the write.

mod code;
mod frame;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use code::ErrorCode;
pub(crate) use frame::FrameTooLarge;

use crate::ids::BrokerId;

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, grouped by whose fault it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller: a configuration value is wrong, or two of them contradict each other.
    Config,
    /// The caller: an argument is wrong, or a call came in a state that does not allow it.
    InvalidInput,
    /// The caller: the client, producer or consumer was closed before.
    Closed,
    /// The caller: the record was given up by [`Producer::purge`](crate::Producer::purge).
    Purged,
    /// The surroundings: no connection could be opened.
    Connect,
    /// The surroundings: an open connection was lost.
    Disconnected,
    /// The surroundings: the documented time limit of the call ran out.
    Timeout,
    /// The surroundings: the producer's `buffer.memory` was full for `max.block.ms`.
    BufferFull,
    /// The caller: another record of the same batch was refused, and with it the whole batch. This
    /// one may be sent again.
    BatchRefused,
    /// The broker answered with an error code.
    Broker(ErrorCode),
    /// The broker speaks no version of an API that this client speaks too.
    UnsupportedVersion,
    /// The peer sent bytes that are not what the protocol says.
    Malformed,
    /// Stored data is damaged or in a format this client does not read.
    Corrupt,
    /// The log was cut off before what a consumer has read: an election lost records (KIP-320).
    LogTruncation,
    /// This crate: something that must not happen did. Please report it.
    Bug,
}

/// Whether a write that failed may be in the log all the same.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum WriteStatus {
    /// The record is not in the log and will not get there: sending it again is safe.
    NotWritten,
    /// The record may be in the log (an answer was lost, or the outcome is not known):
    /// sending it again may write it twice.
    MaybeWritten,
}

/// What happened, to which topic, partition and broker, and what to do about it.
///
/// One pointer wide and cheap to clone, since one failed batch fails many records.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone, Default)]
struct Context {
    topic: Option<Arc<str>>,
    partition: Option<i32>,
    broker: Option<BrokerId>,
    address: Option<Arc<str>>,
    attempts: Option<u32>,
    elapsed: Option<Duration>,
    write: Option<WriteStatus>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Box<str>,
    context: Context,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind; the message says what happened and what to do, without the context.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Box<str>>) -> Self {
        let (message, context) = (message.into(), Context::default());
        Self(Arc::new(Inner {
            kind,
            message,
            context,
            source: None,
        }))
    }

    /// The error that a broker's code stands for; `doing` says what was asked, as in "creating it".
    pub(crate) fn broker(code: ErrorCode, doing: &str) -> Self {
        Self::new(
            ErrorKind::Broker(code),
            format!("{doing}: {code}: {}", code.description()),
        )
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.with(|inner| inner.source = Some(Arc::new(source)))
    }

    pub(crate) fn with_topic(self, topic: impl Into<Arc<str>>) -> Self {
        self.with(|inner| inner.context.topic = Some(topic.into()))
    }

    pub(crate) fn with_partition(self, partition: i32) -> Self {
        self.with(|inner| inner.context.partition = Some(partition))
    }

    pub(crate) fn with_broker(self, broker: BrokerId) -> Self {
        self.with(|inner| inner.context.broker = Some(broker))
    }

    pub(crate) fn with_address(self, address: impl Into<Arc<str>>) -> Self {
        self.with(|inner| inner.context.address = Some(address.into()))
    }

    pub(crate) fn with_attempts(self, attempts: u32, elapsed: Duration) -> Self {
        self.with(|inner| {
            inner.context.attempts = Some(attempts);
            inner.context.elapsed = Some(elapsed);
        })
    }

    pub(crate) fn with_write_status(self, status: WriteStatus) -> Self {
        self.with(|inner| inner.context.write = Some(status))
    }

    /// What went wrong, by whose fault it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The broker's error code, where a broker answered with one.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self.0.kind {
            ErrorKind::Broker(code) => Some(code),
            _ => None,
        }
    }

    /// The message without the context, as it stands at the front of `Display`.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The topic it happened to.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.0.context.topic.as_deref()
    }

    /// The partition it happened to.
    #[must_use]
    pub fn partition(&self) -> Option<i32> {
        self.0.context.partition
    }

    /// The broker it happened on.
    #[must_use]
    pub fn broker_id(&self) -> Option<BrokerId> {
        self.0.context.broker
    }

    /// How often it was tried.
    #[must_use]
    pub fn attempts(&self) -> Option<u32> {
        self.0.context.attempts
    }

    /// How long it was tried.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.context.elapsed
    }

    /// For a failed write: whether it may be in the log all the same. `None` for all else.
    #[must_use]
    pub fn write_status(&self) -> Option<WriteStatus> {
        self.0.context.write
    }

    /// Whether the same call may succeed later without a change by the caller. Calls that retry
    /// by themselves have done so before they return such an error.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connect
            | ErrorKind::Disconnected
            | ErrorKind::Timeout
            | ErrorKind::BufferFull
            | ErrorKind::BatchRefused => true,
            ErrorKind::Broker(code) => code.is_retriable(),
            _ => false,
        }
    }

    /// Whether the client that returned it is of no further use and must be built anew.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self.0.kind {
            ErrorKind::Closed | ErrorKind::Bug => true,
            ErrorKind::Broker(code) => code.is_fatal(),
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let context = &self.0.context;
        let mut parts: Vec<String> = Vec::new();
        match (&context.topic, context.partition) {
            (Some(topic), Some(partition)) => parts.push(format!("partition {topic}-{partition}")),
            (Some(topic), None) => parts.push(format!("topic {topic}")),
            (None, Some(partition)) => parts.push(format!("partition {partition}")),
            (None, None) => {}
        }
        match (context.broker, &context.address) {
            (Some(id), Some(address)) => parts.push(format!("broker {id} at {address}")),
            (Some(id), None) => parts.push(format!("broker {id}")),
            (None, Some(address)) => parts.push(format!("at {address}")),
            (None, None) => {}
        }
        if let (Some(attempts), Some(elapsed)) = (context.attempts, context.elapsed) {
            let plural = if attempts == 1 { "attempt" } else { "attempts" };
            parts.push(format!("{attempts} {plural} in {} ms", elapsed.as_millis()));
        }
        match context.write {
            Some(WriteStatus::NotWritten) => parts.push("not written".to_owned()),
            Some(WriteStatus::MaybeWritten) => parts.push("may have been written".to_owned()),
            None => {}
        }
        if !parts.is_empty() {
            write!(f, " ({})", parts.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self}", self.0.kind)?;
        if let Some(source) = &self.0.source {
            write!(f, "; source: {source:?}")?;
        }
        f.write_str(")")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn display_says_what_where_and_what_became_of_the_write() {
        let error = Error::broker(ErrorCode::NOT_LEADER_OR_FOLLOWER, "producing")
            .with_topic("orders")
            .with_partition(3)
            .with_broker(BrokerId(2))
            .with_attempts(2, Duration::from_millis(150))
            .with_write_status(WriteStatus::MaybeWritten);
        let text = error.to_string();
        assert!(
            text.starts_with("producing: NOT_LEADER_OR_FOLLOWER: "),
            "{text}"
        );
        assert!(
            text.ends_with(
                "(partition orders-3, broker 2, 2 attempts in 150 ms, may have been written)"
            ),
            "{text}"
        );
        assert!(error.is_retriable() && !error.is_fatal());
    }
}
