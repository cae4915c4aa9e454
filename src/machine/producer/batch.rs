//! One batch on its way: sealed, stamped, sent, resolved.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorCode, ErrorKind, WriteStatus};
use crate::ids::{BrokerId, TopicPartition};
use crate::record::SealedBatch;

/// Names a batch for as long as its producer lives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct BatchId(pub(crate) u64);

/// What came back for a batch that was sent.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The broker wrote it.
    Written(Outcome),
    /// The broker answered with a code.
    Refused(Refusal),
    /// No answer: the connection failed. `maybe_sent` is false only if no byte left.
    Lost { error: Error, maybe_sent: bool },
}

/// A broker's refusal of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    /// The broker's own words.
    pub(crate) message: Option<String>,
    /// The first offset that the partition's log still has, if the broker says.
    pub(crate) log_start_offset: Option<i64>,
    /// The records that are to blame, by their place in the batch (KIP-467); none if all are.
    pub(crate) culprits: Vec<(u32, Option<String>)>,
}

/// Where a written batch is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) base_offset: Option<i64>,
    pub(crate) log_append_ms: Option<i64>,
}

impl Outcome {
    /// Written, and nobody says where: a duplicate that the broker has forgotten the place of, or a
    /// batch that is not acknowledged at all (`acks=0`).
    pub(crate) const SOMEWHERE: Self = Self {
        base_offset: None,
        log_append_ms: None,
    };
}

/// Which of the records that share a tag an outcome is about: all of them, unless a batch that was
/// too large for the broker was split, or some of its records alone were refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Share {
    /// The first record's place among those that share the tag.
    pub(crate) first: u32,
    /// How many records it is about.
    pub(crate) records: u32,
    /// How many share the tag.
    pub(crate) total: u32,
}

impl Share {
    pub(super) fn all(total: u32) -> Self {
        Self {
            first: 0,
            records: total,
            total,
        }
    }
}

/// Records that have their outcome.
#[derive(Debug)]
pub(crate) struct Finished<T> {
    pub(crate) tag: T,
    pub(crate) share: Share,
    pub(crate) outcome: Result<Outcome, Error>,
}

/// A batch whose records are final, and which has no place in the sequence yet.
#[derive(Debug)]
pub(super) struct Sealed<T> {
    pub(super) tag: T,
    pub(super) created: Instant,
    pub(super) batch: SealedBatch,
}

/// A batch that has its place in the partition's sequence, until its fate is known. Its bytes are
/// sent again and again as they are.
#[derive(Debug)]
pub(super) struct Stamped<T> {
    pub(super) id: BatchId,
    /// Grows along the sequence; the parts of a batch that was split have the order of the whole.
    pub(super) order: u64,
    pub(super) tag: T,
    pub(super) share: Share,
    pub(super) created: Instant,
    pub(super) batch: SealedBatch,
    /// How often it was sent, or may have been.
    pub(super) attempts: u32,
    /// Whether it is in a request that has no answer yet.
    pub(super) on_wire: bool,
    /// Whether everything before it had its outcome when it was sent last: only then does a
    /// broker's complaint about its place in the sequence say anything.
    pub(super) sent_as_head: bool,
    /// Whether an attempt ended without an answer that rules out the write.
    pub(super) maybe_written: bool,
    /// Who it was sent to last.
    pub(super) broker: Option<BrokerId>,
}

impl<T> Stamped<T> {
    /// The sequence number of its first record.
    pub(super) fn sequence(&self) -> i32 {
        self.batch.header().base_sequence
    }

    /// What is known of it should it end now.
    pub(super) fn facts(&self, now: Instant) -> Facts {
        Facts {
            now,
            created: self.created,
            attempts: self.attempts,
            maybe_written: self.maybe_written,
            broker: self.broker,
        }
    }

    /// Ends it with an error that says all that is known of it.
    pub(super) fn fail(self, now: Instant, at: &TopicPartition, error: Error) -> Finished<T> {
        let error = self.facts(now).complete(at, error);
        Finished {
            tag: self.tag,
            share: self.share,
            outcome: Err(error),
        }
    }
}

/// What is known of a batch that ends with an error.
pub(super) struct Facts {
    pub(super) now: Instant,
    pub(super) created: Instant,
    pub(super) attempts: u32,
    pub(super) maybe_written: bool,
    pub(super) broker: Option<BrokerId>,
}

impl Facts {
    /// Those of a batch that was never stamped.
    pub(super) fn unsent(now: Instant, created: Instant) -> Self {
        Self {
            now,
            created,
            attempts: 0,
            maybe_written: false,
            broker: None,
        }
    }

    pub(super) fn complete(&self, at: &TopicPartition, error: Error) -> Error {
        let status = if self.maybe_written {
            WriteStatus::MaybeWritten
        } else {
            WriteStatus::NotWritten
        };
        let error = match self.broker {
            Some(broker) => error.with_broker(broker),
            None => error,
        };
        let elapsed = self.now.saturating_duration_since(self.created);
        error
            .with_topic(Arc::clone(&at.topic))
            .with_partition(at.partition)
            .with_attempts(self.attempts, elapsed)
            .with_write_status(status)
    }
}

/// Whether an answer with this code leaves open that the batch is in the log.
pub(super) fn code_is_ambiguous(code: ErrorCode) -> bool {
    // A timed-out replication and a lost leadership come after the append (KAFKA-13574); an unknown
    // error, or one that is newer than this client, says nothing at all.
    let after_append = matches!(
        code,
        ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
            | ErrorCode::NOT_LEADER_OR_FOLLOWER
            | ErrorCode::NETWORK_EXCEPTION
            | ErrorCode::KAFKA_STORAGE_ERROR
            | ErrorCode::UNKNOWN_SERVER_ERROR
    );
    after_append || code.name().is_none()
}

/// The error that a broker's code is for the records of a batch.
pub(super) fn refused_batch(code: ErrorCode, message: Option<&str>) -> Error {
    match message {
        Some(message) => Error::new(
            ErrorKind::Broker(code),
            format!("the broker refused the batch: {message}"),
        ),
        None => Error::broker(code, "the broker refused the batch"),
    }
}

/// The error of a batch that ran out of time before its fate was known.
///
/// `last` is what its last attempt failed with, and `obstacle` what keeps it from being sent.
pub(super) fn expired(attempts: u32, last: Option<Error>, obstacle: Option<Error>) -> Error {
    let unsent = "delivery.timeout.ms ran out before the batch could be sent";
    let words = match (&last, &obstacle) {
        (Some(why), _) | (None, Some(why)) if attempts == 0 => format!("{unsent}: {why}"),
        (Some(error), None) => {
            format!("delivery.timeout.ms ran out; the last attempt failed: {error}")
        }
        (Some(error), Some(why)) => format!(
            "delivery.timeout.ms ran out; the last attempt failed: {error}; now it cannot be sent: \
             {why}"
        ),
        _ if attempts > 0 => "delivery.timeout.ms ran out before the broker answered".to_owned(),
        _ => unsent.to_owned(),
    };
    let last = last.or(obstacle);
    let error = Error::new(ErrorKind::Timeout, words);
    match last {
        Some(last) => error.with_source(last),
        None => error,
    }
}
