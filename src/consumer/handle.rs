//! [`Consumer`]: the handle.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::driver;
use super::inner::Inner;
use super::records::Records;
use crate::cluster::{Client, Deadline, no_such_partition};
use crate::config::ConsumerConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::consumer::StartAt;
use crate::machine::metadata::{Interest, TopicMetadata};

/// Reads records from partitions that are named one by one.
///
/// A task fetches ahead in the background, at most `queued.max.messages.kbytes`; dropping the
/// consumer ends it.
#[derive(Debug)]
pub struct Consumer {
    inner: Arc<Inner>,
    task: JoinHandle<()>,
    // Keeps the metadata task alive for as long as the consumer is.
    _client: Client,
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Consumer {
    pub(super) fn new(client: Client, config: ConsumerConfig) -> Self {
        let inner = Arc::new(Inner::new(Arc::clone(&client.shared), config));
        let task = tokio::spawn(driver::drive(Arc::clone(&inner)));
        Self {
            inner,
            task,
            _client: client,
        }
    }

    /// The consumer's configuration.
    #[must_use]
    pub fn config(&self) -> &ConsumerConfig {
        &self.inner.config
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.inner.shared.config.default_api_timeout)
    }

    /// Replaces the partitions to read. One that is already read keeps its place, whatever is
    /// given for it; use [`seek`](Self::seek) to move it.
    ///
    /// # Errors
    ///
    /// `Broker` for a topic or partition that does not exist within `default.api.timeout.ms`; the
    /// assignment is then as it was.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the assignment is as it was.
    pub async fn assign(
        &self,
        partitions: impl IntoIterator<Item = (TopicPartition, StartAt)>,
    ) -> Result<()> {
        let wanted: BTreeMap<TopicPartition, StartAt> = partitions.into_iter().collect();
        let deadline = self.deadline();
        for partition in wanted.keys() {
            self.check_exists(partition, deadline).await?;
        }
        self.inner.fetcher().assign(wanted);
        self.inner.wake.notify_one();
        Ok(())
    }

    async fn check_exists(&self, partition: &TopicPartition, deadline: Deadline) -> Result<()> {
        let interest = Interest::to_read(self.inner.config.allow_auto_create_topics);
        let topic = self
            .inner
            .shared
            .topic(&partition.topic, interest, deadline)
            .await?;
        if topic.partition(partition.partition).is_some() {
            return Ok(());
        }
        // It may have been added since the topic was looked at.
        let topic = self.newer_topic(topic, interest, deadline).await?;
        if topic.partition(partition.partition).is_some() {
            return Ok(());
        }
        Err(no_such_partition(&topic, partition.partition))
    }

    /// Waits for one answer newer than what is known of a topic, and returns what is known then.
    async fn newer_topic(
        &self,
        known: Arc<TopicMetadata>,
        interest: Interest,
        deadline: Deadline,
    ) -> Result<Arc<TopicMetadata>> {
        let shared = &self.inner.shared;
        let mut changes = shared.subscribe();
        let before = Arc::clone(&changes.borrow_and_update());
        shared.refresh_metadata();
        let newer = changes.wait_for(|now| !Arc::ptr_eq(now, &before));
        if deadline.wait(newer).await.is_none() {
            return Ok(known);
        }
        shared.topic(&known.name, interest, deadline).await
    }

    /// The partitions that are read.
    #[must_use]
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.inner.fetcher().assignment().cloned().collect()
    }

    /// Hands out everything that has arrived (at most `max.poll.records`, if that is set, and about
    /// `queued.max.messages.kbytes` of decompressed records), or waits for something to arrive, at
    /// most as long as given; empty when that time is over.
    ///
    /// # Errors
    ///
    /// What keeps a partition from going on, after all that came before it: `Corrupt` with topic,
    /// partition and offset for a batch that cannot be read, `Broker(OFFSET_OUT_OF_RANGE)` where
    /// `auto.offset.reset` is `none`, an authorization that is missing, `UnsupportedVersion` of its
    /// leader, `Malformed` where it answers with nonsense again and again. The other partitions go
    /// on. The partition is tried again after a backoff, and what fails again is said again, until
    /// the cause is gone or [`seek`](Self::seek) passes it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no record: what it did not return, the next poll does.
    pub async fn poll(&self, limit: Duration) -> Result<Records> {
        let deadline = Deadline::after(limit);
        loop {
            let ready = self.inner.ready.notified();
            // A program that never waits would never let the fetching task run on its thread. It
            // comes first, since nothing may wait between taking records and returning them.
            tokio::task::coop::consume_budget().await;
            let records = self.inner.take_ready()?;
            if !records.is_empty() {
                return Ok(records);
            }
            if deadline.wait(ready).await.is_none() && !self.inner.has_ready() {
                return Ok(records);
            }
        }
    }

    /// Moves a partition: the next record handed out is there. The last seek wins, whatever is
    /// buffered or on its way.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned.
    pub fn seek(&self, partition: &TopicPartition, to: StartAt) -> Result<()> {
        let known = self.inner.fetcher().seek(partition, to);
        self.changed(partition, known)
    }

    /// Stops handing out a partition, until [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned.
    pub fn pause(&self, partition: &TopicPartition) -> Result<()> {
        let known = self.inner.fetcher().pause(partition, true);
        self.changed(partition, known)
    }

    /// Goes on with a partition that was paused.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned.
    pub fn resume(&self, partition: &TopicPartition) -> Result<()> {
        let known = self.inner.fetcher().pause(partition, false);
        self.changed(partition, known)
    }

    fn changed(&self, partition: &TopicPartition, known: bool) -> Result<()> {
        if !known {
            return Err(not_assigned(partition));
        }
        self.inner.wake.notify_one();
        Ok(())
    }

    /// The partitions that are paused.
    #[must_use]
    pub fn paused(&self) -> Vec<TopicPartition> {
        self.inner.fetcher().paused().cloned().collect()
    }

    /// The offset of the next record that will be handed out; waits until it is known, at most
    /// `default.api.timeout.ms`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned, `Timeout` if no broker says it in time, and
    /// what keeps the partition from having one, as [`poll`](Self::poll) says it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn position(&self, partition: &TopicPartition) -> Result<i64> {
        let deadline = self.deadline();
        loop {
            let ready = self.inner.ready.notified();
            {
                let fetcher = self.inner.fetcher();
                if !fetcher.is_assigned(partition) {
                    return Err(not_assigned(partition));
                }
                if let Some(place) = fetcher.position(partition) {
                    return Ok(place.offset);
                }
                if let Some((error, true)) = fetcher.last_failure(partition) {
                    return Err(error.clone());
                }
            }
            if deadline.wait(ready).await.is_none() {
                return Err(self.no_position(partition, deadline));
            }
        }
    }

    fn no_position(&self, partition: &TopicPartition, deadline: Deadline) -> Error {
        let limit = deadline.limit().as_millis();
        let words = format!("the position is not known after {limit} ms");
        let fetcher = self.inner.fetcher();
        let error = match fetcher.last_failure(partition) {
            Some((last, _)) => {
                Error::new(ErrorKind::Timeout, format!("{words}: {last}")).with_source(last.clone())
            }
            None => Error::new(ErrorKind::Timeout, words),
        };
        error
            .with_topic(partition.topic.clone())
            .with_partition(partition.partition)
    }

    /// The end of a partition as of the last fetch (its high watermark), without asking.
    #[must_use]
    pub fn cached_end_offset(&self, partition: &TopicPartition) -> Option<i64> {
        self.inner.fetcher().high_watermark(partition)
    }

    /// The offsets of the oldest records there are.
    ///
    /// # Errors
    ///
    /// `Broker` for a partition that does not exist, `Timeout` or `Connect` if its leader does not
    /// answer within `default.api.timeout.ms`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn beginning_offsets(
        &self,
        partitions: impl IntoIterator<Item = TopicPartition>,
    ) -> Result<BTreeMap<TopicPartition, i64>> {
        self.offsets(partitions, StartAt::Beginning).await
    }

    /// The offsets after the newest records there are; with `read_committed`, after the last one
    /// that is not part of an open transaction.
    ///
    /// # Errors
    ///
    /// As [`beginning_offsets`](Self::beginning_offsets).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn end_offsets(
        &self,
        partitions: impl IntoIterator<Item = TopicPartition>,
    ) -> Result<BTreeMap<TopicPartition, i64>> {
        self.offsets(partitions, StartAt::End).await
    }

    async fn offsets(
        &self,
        partitions: impl IntoIterator<Item = TopicPartition>,
        at: StartAt,
    ) -> Result<BTreeMap<TopicPartition, i64>> {
        let wanted = partitions
            .into_iter()
            .map(|partition| (partition, at))
            .collect();
        let found = self.inner.list_offsets(wanted, self.deadline()).await?;
        Ok(found
            .into_iter()
            .filter_map(|(at, found)| Some((at, found?.offset)))
            .collect())
    }

    /// For each partition the offset of the first record whose timestamp is the given one or later
    /// (milliseconds since 1970); `None` where there is no such record.
    ///
    /// # Errors
    ///
    /// As [`beginning_offsets`](Self::beginning_offsets).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn offsets_for_times(
        &self,
        times: impl IntoIterator<Item = (TopicPartition, i64)>,
    ) -> Result<BTreeMap<TopicPartition, Option<i64>>> {
        let wanted = times
            .into_iter()
            .map(|(at, time)| (at, StartAt::Timestamp(time)))
            .collect();
        let found = self.inner.list_offsets(wanted, self.deadline()).await?;
        Ok(found
            .into_iter()
            .map(|(at, found)| (at, found.map(|found| found.offset)))
            .collect())
    }

    /// Ends the consumer: closes its fetch sessions and waits for its task to be gone, at most as
    /// long as given.
    ///
    /// # Errors
    ///
    /// `Timeout` if the task is not gone by then; it ends all the same.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the consumer without waiting, as dropping the consumer does.
    pub async fn close(mut self, limit: Duration) -> Result<()> {
        let deadline = Deadline::after(limit);
        self.inner.closing.notify_one();
        // A task that was aborted is gone, too.
        if deadline.wait(&mut self.task).await.is_some() {
            return Ok(());
        }
        let words = format!("the consumer did not end within {} ms", limit.as_millis());
        Err(Error::new(ErrorKind::Timeout, words))
    }
}

fn not_assigned(partition: &TopicPartition) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        "the partition is not assigned to this consumer",
    )
    .with_topic(partition.topic.clone())
    .with_partition(partition.partition)
}
