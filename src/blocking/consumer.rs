//! [`Consumer`]: the consumer for threads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::runtime::Runtime;
use crate::config::ConsumerConfig;
use crate::consumer::{
    ConsumerMetrics, DetachedRecord, GroupMetadata, OffsetAndTimestamp, Records, is_last,
};
use crate::error::Result;
use crate::ids::TopicPartition;
use crate::machine::{PartitionStatus, StartAt};

/// A [`tidewire::Consumer`](crate::Consumer) for programs without async: reads as a member of a
/// group ([`subscribe`](Self::subscribe)), or from partitions that are named one by one
/// ([`assign`](Self::assign)).
///
/// It fetches ahead, keeps its membership and commits on the client's runtime, whatever the
/// program's threads do; `max.poll.interval.ms` (default: 5 min) alone asks for a poll. Dropping it
/// never waits: a member leaves its group in the background, and with `enable.auto.commit` commits
/// what earlier polls handed out, where that is quick. What the last one did is left to
/// [`close`](Self::close).
#[derive(Debug)]
pub struct Consumer {
    pub(super) consumer: crate::Consumer,
    pub(super) runtime: Runtime,
}

impl Consumer {
    pub(super) fn new(consumer: crate::Consumer, runtime: Runtime) -> Self {
        Self { consumer, runtime }
    }

    /// The consumer's configuration.
    #[must_use]
    pub fn config(&self) -> &ConsumerConfig {
        self.consumer.config()
    }

    /// Hands out everything that has arrived, or waits for something to arrive, at most as long as
    /// given; empty when that time is over. See
    /// [`tidewire::Consumer::poll`](crate::Consumer::poll).
    ///
    /// # Errors
    ///
    /// As [`tidewire::Consumer::poll`](crate::Consumer::poll): what keeps a partition from going
    /// on, after all that came before it (the others go on), and what keeps it out of its group.
    /// `InvalidInput` inside an async context, and in a
    /// [`RebalanceListener`](super::RebalanceListener).
    pub fn poll(&self, limit: Duration) -> Result<Records> {
        self.runtime.wait(self.consumer.poll(limit))?
    }

    /// The next record, as soon as there is one; `None` if none has come in the time given. It is a
    /// copy: [`poll`](Self::poll) copies nothing and costs half.
    ///
    /// # Errors
    ///
    /// As [`poll`](Self::poll).
    pub fn recv(&self, limit: Duration) -> Result<Option<DetachedRecord>> {
        // The limit is a timer of the runtime, which it must find when it is made.
        let record = async { tokio::time::timeout(limit, self.consumer.recv()).await.ok() };
        self.runtime.wait(record)?.transpose()
    }

    /// The records one by one, as [`recv`](Self::recv) returns them. It ends when none has come for
    /// as long as given, and can be called again then: no record is lost.
    ///
    /// An error of one partition does not end it, since the others go on, nor does what may pass.
    /// What is returned again without a wait ends it, once it was returned: an error
    /// [that is fatal](crate::Error::is_fatal), and an `InvalidInput` that is about no partition.
    ///
    /// ```no_run
    /// # fn run(consumer: tidewire::blocking::Consumer) -> tidewire::Result<()> {
    /// for record in consumer.iter(std::time::Duration::from_secs(5)) {
    ///     println!("{}", record?.offset());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn iter(&self, limit: Duration) -> ConsumerIter<'_> {
        ConsumerIter {
            consumer: self,
            limit,
            is_over: false,
        }
    }

    /// Replaces the partitions to read. One that is already read keeps its place, whatever is
    /// given for it; use [`seek`](Self::seek) to move it. Waits at most `default.api.timeout.ms`
    /// (default: 1 min) for topics that are not known yet.
    ///
    /// # Errors
    ///
    /// As [`tidewire::Consumer::assign`](crate::Consumer::assign); `InvalidInput` inside an async
    /// context. The assignment is then as it was.
    pub fn assign(
        &self,
        partitions: impl IntoIterator<Item = (TopicPartition, StartAt)>,
    ) -> Result<()> {
        self.runtime.wait(self.consumer.assign(partitions))?
    }

    /// The partitions that are read.
    #[must_use]
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.consumer.assignment()
    }

    /// Reads these topics as a member of its group, instead of those it was subscribed to before;
    /// the group assigns partitions in the background. See
    /// [`tidewire::Consumer::subscribe`](crate::Consumer::subscribe).
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`, for no topic at all, for a pattern that is none, or if
    /// partitions are assigned by hand.
    pub fn subscribe<T: Into<Arc<str>>>(&self, topics: impl IntoIterator<Item = T>) -> Result<()> {
        self.consumer.subscribe(topics)
    }

    /// As [`subscribe`](Self::subscribe), to all topics whose whole name matches; new ones are
    /// found within `metadata.max.age.ms` (default: 5 min). See
    /// [`tidewire::Consumer::subscribe_pattern`](crate::Consumer::subscribe_pattern).
    ///
    /// # Errors
    ///
    /// As [`subscribe`](Self::subscribe).
    pub fn subscribe_pattern(&self, pattern: &str) -> Result<()> {
        self.consumer.subscribe_pattern(pattern)
    }

    /// Gives up all partitions of the group and leaves it, in the background.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`.
    pub fn unsubscribe(&self) -> Result<()> {
        self.consumer.unsubscribe()
    }

    /// The topics that it is subscribed to: those named, and those that match a pattern.
    #[must_use]
    pub fn subscription(&self) -> Vec<Arc<str>> {
        self.consumer.subscription()
    }

    /// Has the group assign its partitions anew, in the background (KIP-568). Does nothing unless
    /// subscribed, and nothing but a warning in the log with `group.protocol=consumer`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`.
    pub fn enforce_rebalance(&self, reason: &str) -> Result<()> {
        self.consumer.enforce_rebalance(reason)
    }

    /// Who it is in its group now; `None` without a `group.id`.
    #[must_use]
    pub fn group_metadata(&self) -> Option<GroupMetadata> {
        self.consumer.group_metadata()
    }

    /// Moves a partition: the next record handed out is there. The last seek wins, whatever is
    /// buffered or on its way.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned, or for [`StartAt::Committed`] without a
    /// `group.id`.
    pub fn seek(&self, partition: &TopicPartition, to: StartAt) -> Result<()> {
        self.consumer.seek(partition, to)
    }

    /// Moves partitions to their oldest records; with none given, all that are assigned.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if one is not assigned; those before it have been moved.
    pub fn seek_to_beginning(&self, partitions: &[TopicPartition]) -> Result<()> {
        self.consumer.seek_to_beginning(partitions)
    }

    /// Moves partitions behind their newest records; with none given, all that are assigned.
    ///
    /// # Errors
    ///
    /// As [`seek_to_beginning`](Self::seek_to_beginning).
    pub fn seek_to_end(&self, partitions: &[TopicPartition]) -> Result<()> {
        self.consumer.seek_to_end(partitions)
    }

    /// Moves partitions to the first record whose timestamp is this or later (milliseconds since
    /// 1970), or behind the newest; with none given, all that are assigned.
    ///
    /// # Errors
    ///
    /// As [`seek_to_beginning`](Self::seek_to_beginning).
    pub fn seek_to_timestamp(&self, partitions: &[TopicPartition], timestamp: i64) -> Result<()> {
        self.consumer.seek_to_timestamp(partitions, timestamp)
    }

    /// Stops handing out a partition, until [`resume`](Self::resume). It is fetched no more; what
    /// was fetched before is kept and comes at once after `resume`, and so does what a fetch under
    /// way brings. Only where other partitions need the room is it dropped and fetched again later,
    /// first of what was paused longest: paused partitions keep no more than half of
    /// `queued.max.messages.kbytes` while others are fetched. What could not be fetched again, and
    /// what an error comes after, is not dropped for that. A seek, a rebalance and an assignment
    /// drop it as they drop what is buffered of any partition.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned.
    pub fn pause(&self, partition: &TopicPartition) -> Result<()> {
        self.consumer.pause(partition)
    }

    /// Goes on with a partition that was paused, from its position.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned.
    pub fn resume(&self, partition: &TopicPartition) -> Result<()> {
        self.consumer.resume(partition)
    }

    /// The partitions that are paused.
    #[must_use]
    pub fn paused(&self) -> Vec<TopicPartition> {
        self.consumer.paused()
    }

    /// The offset of the next record that will be handed out; waits until it is known, at most
    /// `default.api.timeout.ms` (default: 1 min).
    ///
    /// # Errors
    ///
    /// As [`tidewire::Consumer::position`](crate::Consumer::position); `InvalidInput` inside an
    /// async context.
    pub fn position(&self, partition: &TopicPartition) -> Result<i64> {
        self.runtime.wait(self.consumer.position(partition))?
    }

    /// How many offsets a partition's position is behind its end as of the last fetch; `None` until
    /// both are known.
    #[must_use]
    pub fn lag(&self, partition: &TopicPartition) -> Option<i64> {
        self.consumer.lag(partition)
    }

    /// The end of a partition as of the last fetch (its high watermark), without asking.
    #[must_use]
    pub fn cached_end_offset(&self, partition: &TopicPartition) -> Option<i64> {
        self.consumer.cached_end_offset(partition)
    }

    /// Why a partition is where it is: what it waits for at this moment.
    ///
    /// ```no_run
    /// # fn run(consumer: tidewire::blocking::Consumer) -> tidewire::Result<()> {
    /// for partition in consumer.assignment() {
    ///     println!("{partition}: {}", consumer.explain(&partition)?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned.
    pub fn explain(&self, partition: &TopicPartition) -> Result<PartitionStatus> {
        self.consumer.explain(partition)
    }

    /// The offsets of the oldest records there are; waits at most `default.api.timeout.ms`
    /// (default: 1 min).
    ///
    /// # Errors
    ///
    /// As [`tidewire::Consumer::beginning_offsets`](crate::Consumer::beginning_offsets);
    /// `InvalidInput` inside an async context.
    pub fn beginning_offsets(
        &self,
        partitions: impl IntoIterator<Item = TopicPartition>,
    ) -> Result<BTreeMap<TopicPartition, i64>> {
        let offsets = self.consumer.beginning_offsets(partitions);
        self.runtime.wait(offsets)?
    }

    /// The offsets after the newest records there are; with `isolation.level=read_committed`
    /// (default: `read_uncommitted`), after the last one that is not part of an open transaction.
    /// Waits as [`beginning_offsets`](Self::beginning_offsets) does.
    ///
    /// # Errors
    ///
    /// As [`beginning_offsets`](Self::beginning_offsets).
    pub fn end_offsets(
        &self,
        partitions: impl IntoIterator<Item = TopicPartition>,
    ) -> Result<BTreeMap<TopicPartition, i64>> {
        self.runtime.wait(self.consumer.end_offsets(partitions))?
    }

    /// For each partition the first record whose timestamp is the given one or later (milliseconds
    /// since 1970; below 0 as 0); `None` where there is no such record. Waits as
    /// [`beginning_offsets`](Self::beginning_offsets) does.
    ///
    /// # Errors
    ///
    /// As [`beginning_offsets`](Self::beginning_offsets).
    pub fn offsets_for_times(
        &self,
        times: impl IntoIterator<Item = (TopicPartition, i64)>,
    ) -> Result<BTreeMap<TopicPartition, Option<OffsetAndTimestamp>>> {
        self.runtime.wait(self.consumer.offsets_for_times(times))?
    }

    /// What the consumer has done so far, and what it holds now.
    #[must_use]
    pub fn metrics(&self) -> ConsumerMetrics {
        self.consumer.metrics()
    }

    /// Ends the consumer, at most as long as given: commits what was handed out
    /// (`enable.auto.commit`, default: true), tells the listener, leaves the group and closes its
    /// fetch sessions.
    ///
    /// # Errors
    ///
    /// `Timeout` if that takes too long, and what the last commit failed with; it ends either way.
    /// `InvalidInput` inside an async context, where the consumer is dropped.
    pub fn close(self, limit: Duration) -> Result<()> {
        let Self { consumer, runtime } = self;
        runtime.wait(consumer.close(limit))?
    }

    /// The async consumer behind it; it works on a tokio runtime.
    #[must_use]
    pub fn as_async(&self) -> &crate::Consumer {
        &self.consumer
    }
}

/// The records of a consumer one by one; see [`Consumer::iter`].
#[derive(Debug)]
#[must_use = "an iterator does nothing unless it is asked"]
pub struct ConsumerIter<'a> {
    consumer: &'a Consumer,
    limit: Duration,
    is_over: bool,
}

impl Iterator for ConsumerIter<'_> {
    type Item = Result<DetachedRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.consumer.recv(self.limit);
        self.is_over = next.as_ref().is_err_and(is_last);
        next.transpose()
    }
}
