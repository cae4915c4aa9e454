//! Asking for offsets without moving: the ends of partitions, and where a time is in them.

use std::collections::BTreeMap;

use super::handle::Consumer;
use crate::error::Result;
use crate::ids::{LeaderEpoch, TopicPartition};
use crate::machine::consumer::StartAt;

/// The first record at a time or after it, from [`Consumer::offsets_for_times`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OffsetAndTimestamp {
    /// The record's offset.
    pub offset: i64,
    /// The record's timestamp in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The leader epoch that it was written under (KIP-320), for
    /// [`StartAt::OffsetInEpoch`]; `None` from a broker before Kafka 2.1.
    pub leader_epoch: Option<LeaderEpoch>,
}

impl Consumer {
    /// The offsets of the oldest records there are. Waits for their leaders to say so, at most
    /// `default.api.timeout.ms` (default: 1 min).
    ///
    /// # Errors
    ///
    /// `Broker` for a partition that does not exist, `Timeout` or `Connect` if its leader does not
    /// answer by then.
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

    /// The offsets after the newest records there are; with `isolation.level=read_committed`
    /// (default: `read_uncommitted`), after the last one that is not part of an open transaction.
    /// Waits as [`beginning_offsets`](Self::beginning_offsets) does.
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

    /// For each partition the first record whose timestamp is the given one or later (milliseconds
    /// since 1970; below 0 as 0); `None` where there is no such record. Waits as
    /// [`beginning_offsets`](Self::beginning_offsets) does.
    ///
    /// ```no_run
    /// # async fn run(consumer: tidewire::Consumer) -> tidewire::Result<()> {
    /// use tidewire::{StartAt, TopicPartition};
    ///
    /// let at = TopicPartition::new("orders", 0);
    /// let found = consumer.offsets_for_times([(at.clone(), 1_700_000_000_000)]).await?;
    /// if let Some(first) = found.get(&at).copied().flatten() {
    ///     println!("{at} goes on at {} ms", first.timestamp_ms);
    ///     consumer.seek(&at, StartAt::Offset(first.offset))?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
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
    ) -> Result<BTreeMap<TopicPartition, Option<OffsetAndTimestamp>>> {
        let wanted = times
            .into_iter()
            .map(|(at, time)| (at, StartAt::Timestamp(time)))
            .collect();
        self.inner.list_offsets(wanted, self.deadline()).await
    }
}
