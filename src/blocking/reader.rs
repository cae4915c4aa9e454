//! [`PartitionReader`]: one partition for one thread.

use std::fmt;
use std::time::Duration;

use super::consumer::Consumer;
use super::runtime::Runtime;
use crate::consumer::{DetachedRecord, Reader};
use crate::error::Result;
use crate::ids::TopicPartition;

/// The records of one partition, from [`Consumer::partition_reader`].
#[must_use = "a partition is read no further unless its reader is asked"]
pub struct PartitionReader {
    reader: Reader,
    runtime: Runtime,
    is_over: bool,
}

/// What [`PartitionReader::recv`] got.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Received {
    /// The next record.
    Record(DetachedRecord),
    /// None has come in the time given.
    Nothing,
    /// None will come: the partition is not assigned any more, or the consumer is gone.
    End,
}

impl Consumer {
    /// Takes one partition out, to be read by a thread of its own, as
    /// [`tidewire::Consumer::partition_stream`](crate::Consumer::partition_stream) does for a task:
    /// from now on [`poll`](Self::poll), [`recv`](Self::recv) and [`iter`](Self::iter) leave that
    /// partition to it. Its records are fetched however slow the readers of others are.
    ///
    /// Dropped before its end, it gives the partition back: `poll` goes on after the last record it
    /// returned. In a group that record counts as done once the reader is asked for the next one,
    /// or `poll` is.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use tidewire::blocking::{Consumer, Received};
    ///
    /// # fn run(consumer: Consumer) -> tidewire::Result<()> {
    /// std::thread::scope(|scope| {
    ///     for partition in consumer.assignment() {
    ///         let mut reader = consumer.partition_reader(&partition)?;
    ///         scope.spawn(move || loop {
    ///             match reader.recv(Duration::from_secs(1)) {
    ///                 Ok(Received::Record(record)) => println!("{}", record.offset()),
    ///                 Ok(Received::End) => break,
    ///                 Ok(_) => {} // nothing new
    ///                 Err(error) => eprintln!("{error}"),
    ///             }
    ///         });
    ///     }
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned, or has a reader already.
    pub fn partition_reader(&self, partition: &TopicPartition) -> Result<PartitionReader> {
        Ok(PartitionReader {
            reader: self.consumer.partition_reader(partition)?,
            runtime: self.runtime.clone(),
            is_over: false,
        })
    }
}

impl PartitionReader {
    /// The partition that it reads.
    #[must_use]
    pub fn partition(&self) -> &TopicPartition {
        self.reader.partition()
    }

    /// The next record, as soon as there is one; waits at most as long as given, and at the end not
    /// at all. A record is a copy, so that keeping it keeps no batch alive.
    ///
    /// # Errors
    ///
    /// What keeps the partition from going on, as [`Consumer::poll`] says it; `InvalidInput` inside
    /// an async context.
    pub fn recv(&mut self, limit: Duration) -> Result<Received> {
        if self.is_over {
            return Ok(Received::End);
        }
        // The limit is a timer of the runtime, which it must find when it is made.
        let next = async { tokio::time::timeout(limit, self.reader.next()).await };
        match self.runtime.wait(next)? {
            Ok(Some(record)) => record.map(Received::Record),
            Ok(None) => {
                self.is_over = true;
                Ok(Received::End)
            }
            Err(_) => Ok(Received::Nothing),
        }
    }
}

impl fmt::Debug for PartitionReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionReader")
            .field("partition", self.partition())
            .finish_non_exhaustive()
    }
}
