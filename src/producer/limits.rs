//! Limits of time and memory, and the errors of records that run into them.

use std::time::Duration;

use crate::cluster::Deadline;
use crate::error::{Error, ErrorKind, WriteStatus};
use crate::ids::TopicPartition;

/// A limit that starts when it is first asked for: most calls never wait, and need no clock.
pub(super) struct LazyDeadline {
    limit: Duration,
    deadline: Option<Deadline>,
}

impl LazyDeadline {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            deadline: None,
        }
    }

    pub(super) fn get(&mut self) -> Deadline {
        *self
            .deadline
            .get_or_insert_with(|| Deadline::after(self.limit))
    }
}

/// No memory came free in time.
pub(super) fn buffer_full(capacity: usize, limit: Duration) -> Error {
    let words = format!(
        "buffer.memory ({capacity} bytes) is full and none became free within {} ms; the brokers \
         are slower than the records come, or not reachable",
        limit.as_millis()
    );
    Error::new(ErrorKind::BufferFull, words)
}

/// The record needs more memory than there is.
pub(super) fn larger_than(capacity: usize) -> Error {
    let words = format!(
        "the record alone takes more than buffer.memory ({capacity} bytes); raise it, or split the \
         record"
    );
    Error::new(ErrorKind::InvalidInput, words)
}

/// The record names no topic.
pub(super) fn nameless() -> Error {
    let words = "the record names no topic: make it with Record::to, or send it through a \
                 ProducerTopic";
    not_written(Error::new(ErrorKind::InvalidInput, words))
}

pub(super) fn closed() -> Error {
    not_written(Error::new(ErrorKind::Closed, "the producer is closed"))
}

pub(super) fn not_written(error: Error) -> Error {
    error.with_write_status(WriteStatus::NotWritten)
}

pub(super) fn about(error: Error, partition: &TopicPartition) -> Error {
    not_written(error)
        .with_topic(partition.topic.clone())
        .with_partition(partition.partition)
}
