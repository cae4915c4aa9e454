//! [`Consumer`]: the handle.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::ending::Tasks;
use super::group::Polling;
use super::inner::Inner;
use super::interceptor::Interceptors;
use super::metrics::ConsumerMetrics;
use super::records::Records;
use crate::cluster::{Client, Deadline, no_such_partition, now};
use crate::config::ConsumerConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::consumer::{PartitionStatus, StartAt};
use crate::machine::metadata::{Interest, TopicMetadata};

/// Reads records: as a member of a group ([`subscribe`](Self::subscribe)), or from partitions that
/// are named one by one ([`assign`](Self::assign)).
///
/// A task fetches ahead in the background, at most `queued.max.messages.kbytes`. With a `group.id`
/// another one keeps the membership and commits. Dropping the consumer ends both;
/// [`close`](Self::close) waits for what they have left to do.
#[derive(Debug)]
pub struct Consumer {
    pub(super) inner: Arc<Inner>,
    /// `None` for what a listener sees of the consumer.
    pub(super) tasks: Option<Tasks>,
    // Keeps the metadata task alive for as long as the consumer is.
    pub(super) _client: Client,
}

impl Consumer {
    pub(super) fn new(client: Client, config: ConsumerConfig, interceptors: Interceptors) -> Self {
        let shared = Arc::clone(&client.shared);
        let inner = Arc::new(Inner::new(shared, config, interceptors));
        let tasks = Tasks::spawn(&inner, &client);
        Self {
            inner,
            tasks: Some(tasks),
            _client: client,
        }
    }

    /// The consumer as its listener sees it: with everything but polls, and without its end.
    pub(crate) fn view(&self) -> Self {
        Self::view_of(&self.inner, &self._client)
    }

    pub(super) fn view_of(inner: &Arc<Inner>, client: &Client) -> Self {
        Self {
            inner: Arc::clone(inner),
            tasks: None,
            _client: client.clone(),
        }
    }

    /// The consumer's configuration.
    #[must_use]
    pub fn config(&self) -> &ConsumerConfig {
        &self.inner.config
    }

    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.inner.shared.config.default_api_timeout)
    }

    /// Replaces the partitions to read. One that is already read keeps its place, whatever is given
    /// for it; use [`seek`](Self::seek) to move it. Waits for topics that are not known yet, at
    /// most `default.api.timeout.ms` (default: 1 min).
    ///
    /// # Errors
    ///
    /// `Broker` for a topic or partition that does not exist by then, `Connect` or `Timeout` if no
    /// broker answers, `InvalidInput` while subscribed and until what the group had assigned is
    /// given up, its listener included, or for [`StartAt::Committed`] without a `group.id`; the
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
        for (partition, start) in &wanted {
            self.check_place(*start)?;
            self.check_exists(partition, deadline).await?;
        }
        self.assign_by_hand(wanted)
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

    /// Hands out everything that has arrived (at most `max.poll.records`, default: no limit; of
    /// what has to be decompressed 64 kB, or one batch: the next poll has the rest), or waits for
    /// something to arrive, at most as long as given; empty when that time is over.
    ///
    /// # Errors
    ///
    /// What keeps a partition from going on, after all that came before it: `Corrupt` with topic,
    /// partition and offset for a batch that cannot be read, where `auto.offset.reset` is
    /// `none` `Broker(OFFSET_OUT_OF_RANGE)`, and `LogTruncation` if the log was cut off before the
    /// position (KIP-320), an authorization that is missing, `UnsupportedVersion` of its
    /// leader, `Malformed` where it answers with nonsense again and again. The other partitions go
    /// on. The partition is tried again after a backoff, and what fails again is said again, until
    /// the cause is gone or [`seek`](Self::seek) passes it. Said once and not tried again before a
    /// `seek`: `Config` for a batch that is larger than `receive.message.max.bytes`, and
    /// `Broker(INCONSISTENT_TOPIC_ID)` where a topic was deleted and made anew, and
    /// `auto.offset.reset` is `none`.
    /// `Broker(UNKNOWN_TOPIC_OR_PARTITION)` comes once for each partition whose topic no broker has
    /// known for 30 s; it is read again should the topic be made anew.
    ///
    /// What keeps it out of its group comes before all records, as `Broker` with the coordinator's
    /// code for instance. One whose `group.instance.id` another member took is out for good, and
    /// says so each time; after all else the next poll joins again. `InvalidInput` in a
    /// [`RebalanceListener`](crate::RebalanceListener).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no record: what it did not return, the next poll does.
    pub async fn poll(&self, limit: Duration) -> Result<Records> {
        let deadline = Deadline::after(limit);
        let polling = self.begin_poll()?;
        loop {
            let ready = self.inner.ready.notified();
            // A program that never waits would never let the fetching task run on its thread. It
            // comes first, since nothing may wait between taking records and returning them.
            tokio::task::coop::consume_budget().await;
            if let Some(error) = polling.as_ref().and_then(Polling::take_error) {
                return Err(error);
            }
            let records = self.inner.take_ready()?;
            if records.is_news() {
                return Ok(records);
            }
            if let Some(polling) = &polling {
                polling.waits();
            }
            if deadline.wait(ready).await.is_none() && !self.inner.has_ready() {
                return Ok(records);
            }
        }
    }

    /// Moves partitions to their oldest records, as Java's `seekToBeginning`; with none given, all
    /// that are assigned.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if one is not assigned; those before it have been moved.
    pub fn seek_to_beginning(&self, partitions: &[TopicPartition]) -> Result<()> {
        self.seek_all(partitions, StartAt::Beginning)
    }

    /// Moves partitions behind their newest records, as Java's `seekToEnd`; with none given, all
    /// that are assigned.
    ///
    /// # Errors
    ///
    /// As [`seek_to_beginning`](Self::seek_to_beginning).
    pub fn seek_to_end(&self, partitions: &[TopicPartition]) -> Result<()> {
        self.seek_all(partitions, StartAt::End)
    }

    /// Moves partitions to the first record whose timestamp is this or later (milliseconds since
    /// 1970), or behind the newest if there is none; with none given, all that are assigned.
    ///
    /// # Errors
    ///
    /// As [`seek_to_beginning`](Self::seek_to_beginning).
    pub fn seek_to_timestamp(&self, partitions: &[TopicPartition], timestamp: i64) -> Result<()> {
        self.seek_all(partitions, StartAt::Timestamp(timestamp))
    }

    fn seek_all(&self, partitions: &[TopicPartition], to: StartAt) -> Result<()> {
        if partitions.is_empty() {
            return self
                .assignment()
                .iter()
                .try_for_each(|at| self.seek(at, to));
        }
        partitions.iter().try_for_each(|at| self.seek(at, to))
    }

    /// Moves a partition: the next record handed out is there. The last seek wins, whatever is
    /// buffered or on its way.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned, or for [`StartAt::Committed`] without a
    /// `group.id`.
    pub fn seek(&self, partition: &TopicPartition, to: StartAt) -> Result<()> {
        self.check_place(to)?;
        let known = self.inner.fetcher().seek(partition, to);
        self.changed(partition, known)
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
        let known = self.inner.fetcher().pause(partition, true);
        self.changed(partition, known)
    }

    /// Goes on with a partition that was paused, from its position.
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
        self.inner.changed();
        Ok(())
    }

    /// The partitions that are paused.
    #[must_use]
    pub fn paused(&self) -> Vec<TopicPartition> {
        self.inner.fetcher().paused().cloned().collect()
    }

    /// The offset of the next record that will be handed out; waits until it is known, at most
    /// `default.api.timeout.ms` (default: 1 min).
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
                let mut fetcher = self.inner.fetcher();
                if !fetcher.is_assigned(partition) {
                    return Err(not_assigned(partition));
                }
                if let Some(place) = fetcher.next_place(partition) {
                    return Ok(place.offset);
                }
                if let Some((error, true)) = fetcher.last_failure(partition) {
                    return Err(error.clone());
                }
                if fetcher.seek_out(partition) {
                    drop(fetcher);
                    self.inner.changed();
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

    /// How many offsets a partition's position is behind its end as of the last fetch, without
    /// asking: the high watermark, or with `read_committed` the last stable offset. `None` until
    /// both are known.
    #[must_use]
    pub fn lag(&self, partition: &TopicPartition) -> Option<i64> {
        self.inner.fetcher().lag(partition)
    }

    /// Why a partition is where it is: what it waits for at this moment.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the partition is not assigned.
    pub fn explain(&self, partition: &TopicPartition) -> Result<PartitionStatus> {
        let metadata = self.inner.shared.snapshot();
        let fetcher = self.inner.fetcher();
        let status = fetcher.explain(now(), partition, &*metadata);
        status.ok_or_else(|| not_assigned(partition))
    }

    /// What the consumer has done so far, and what it holds now.
    #[must_use]
    pub fn metrics(&self) -> ConsumerMetrics {
        self.inner.metrics()
    }

    /// The end of a partition as of the last fetch (its high watermark), without asking.
    #[must_use]
    pub fn cached_end_offset(&self, partition: &TopicPartition) -> Option<i64> {
        self.inner.fetcher().high_watermark(partition)
    }
}

pub(super) fn not_assigned(partition: &TopicPartition) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        "the partition is not assigned to this consumer",
    )
    .with_topic(partition.topic.clone())
    .with_partition(partition.partition)
}
