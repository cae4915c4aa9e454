//! One batch on its way: open, sealed, stamped, sent, resolved.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorCode, ErrorKind, WriteStatus};
use crate::ids::TopicPartition;
use crate::record::{BatchBuilder, SealedBatch};

/// Names a batch for as long as its producer lives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct BatchId(pub(crate) u64);

/// What came back for a batch that was sent.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The broker wrote it.
    Written(Outcome),
    /// The broker answered with a code, and perhaps with words of its own.
    Refused {
        code: ErrorCode,
        message: Option<String>,
    },
    /// No answer: the connection failed. `maybe_sent` is false only if no byte left.
    Lost { error: Error, maybe_sent: bool },
}

/// Where a written batch is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) base_offset: Option<i64>,
    pub(crate) log_append_ms: Option<i64>,
}

/// A batch that has its outcome.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) id: BatchId,
    pub(crate) outcome: Result<Outcome, Error>,
}

#[derive(Debug)]
pub(crate) enum Body {
    Open(BatchBuilder),
    /// Sealed and stamped: these bytes are sent again and again until their fate is known.
    Stamped(SealedBatch),
    /// Sealing failed, so that there is nothing to send.
    Broken,
}

#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) id: BatchId,
    pub(crate) body: Body,
    pub(crate) created: Instant,
    pub(crate) records: u32,
    /// How often it was sent, or may have been.
    pub(crate) attempts: u32,
    /// Whether a connection has taken it and has not answered yet.
    pub(crate) on_wire: bool,
    /// Whether the broker refused its stamp, so that it needs another.
    pub(crate) stamp_refused: bool,
    /// Whether an attempt ended without an answer that rules out the write.
    pub(crate) maybe_written: bool,
}

impl Batch {
    pub(crate) fn new(id: BatchId, now: Instant, builder: BatchBuilder) -> Self {
        let body = Body::Open(builder);
        Self {
            id,
            body,
            created: now,
            records: 0,
            attempts: 0,
            on_wire: false,
            stamp_refused: false,
            maybe_written: false,
        }
    }

    /// A connection takes it now.
    pub(crate) fn leave(&mut self) {
        if !self.on_wire {
            self.on_wire = true;
            self.attempts += 1;
        }
    }

    /// Its size in bytes on the wire, before compression if it is still open.
    pub(crate) fn size(&self) -> usize {
        match &self.body {
            Body::Open(open) => open.estimated_size(),
            Body::Stamped(sealed) => sealed.size(),
            Body::Broken => 0,
        }
    }

    /// Whether it was given a place in the sequence.
    pub(crate) fn is_stamped(&self) -> bool {
        matches!(self.body, Body::Stamped(_))
    }

    /// Completes an error with all that is known of the batch.
    pub(crate) fn fail(self, now: Instant, partition: &TopicPartition, error: Error) -> Finished {
        let status = if self.maybe_written {
            WriteStatus::MaybeWritten
        } else {
            WriteStatus::NotWritten
        };
        let elapsed = now.saturating_duration_since(self.created);
        let error = error
            .with_topic(Arc::clone(&partition.topic))
            .with_partition(partition.partition)
            .with_attempts(self.attempts, elapsed)
            .with_write_status(status);
        Finished {
            id: self.id,
            outcome: Err(error),
        }
    }
}

/// Whether an answer with this code leaves open that the batch is in the log.
pub(crate) fn code_is_ambiguous(code: ErrorCode) -> bool {
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
pub(crate) fn refusal(code: ErrorCode, message: Option<String>) -> Error {
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
/// `last` is what its last attempt failed with, or what kept it from being sent.
pub(crate) fn expired(batch: &Batch, last: Option<Error>) -> Error {
    let unsent = "delivery.timeout.ms ran out before the batch could be sent";
    let words = match &last {
        Some(error) if batch.attempts == 0 => format!("{unsent}: {error}"),
        Some(error) => format!("delivery.timeout.ms ran out; the last attempt failed: {error}"),
        None if batch.attempts > 0 => {
            "delivery.timeout.ms ran out before the broker answered".to_owned()
        }
        None => unsent.to_owned(),
    };
    let error = Error::new(ErrorKind::Timeout, words);
    match last {
        Some(last) => error.with_source(last),
        None => error,
    }
}
