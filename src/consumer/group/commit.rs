//! Commits, as users see them.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::oneshot;

use super::state::{Group, State};
use crate::cluster::now;
use crate::consumer::handle::{Consumer, not_assigned};
use crate::consumer::inner::Inner;
use crate::consumer::records::Consumed;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::consumer::Place;
use crate::machine::group::Partitions;
use crate::machine::group::commits::{OffsetAndMetadata, Offsets};

/// A commit on its way, from [`Consumer::commit_async`] and the like: a future of what
/// [`Consumer::commit`] returns, within `default.api.timeout.ms` (default: 1 min) of the call;
/// `Closed` where the consumer ends before that.
///
/// # Cancel safety
///
/// The commit goes on whether this is awaited or dropped. What a dropped one fails with is logged,
/// and while the consumer closes, [`close`](crate::Consumer::close) returns it.
#[derive(Debug)]
pub struct PendingCommit(oneshot::Receiver<Result<()>>);

impl Future for PendingCommit {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll(cx).map(|end| {
            end.unwrap_or_else(|_| {
                let words = "the consumer ended before the commit was confirmed";
                Err(Error::new(ErrorKind::Closed, words))
            })
        })
    }
}

impl Consumer {
    /// Commits everything that was handed out so far, or with `enable.auto.offset.store=false`
    /// everything that was stored, and waits for the coordinator to confirm it, at most
    /// `default.api.timeout.ms` (default: 1 min).
    ///
    /// Commits leave in the order of the calls, each after the answer to the one before: a later
    /// one is not overtaken by an earlier one, whatever is lost. Those that come in while an answer
    /// is awaited leave together, with the newest offset of each partition, which stands for all of
    /// them. One that went unanswered for `request.timeout.ms` may still arrive, and where that is
    /// after a later one the committed offset goes back to it, until the next commit.
    ///
    /// # Errors
    ///
    /// `Timeout` if it is not confirmed by then; it may have happened all the same. `InvalidInput`
    /// for a partition that was given to another member meanwhile (the rest is committed), for one
    /// that was assigned by hand before the consumer joined, and without a `group.id`. `Broker` for
    /// what the coordinator refuses.
    ///
    /// # Cancel safety
    ///
    /// The commit goes on if the future is dropped after its first poll.
    pub async fn commit(&self) -> Result<()> {
        self.commit_async()?.await
    }

    /// As [`commit`](Self::commit), without waiting: it is on its way when this returns.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`; all else comes out of what is returned.
    pub fn commit_async(&self) -> Result<PendingCommit> {
        let group = self.group()?;
        let offsets = self.inner.open_offsets(group);
        Ok(self.send_commit(group, offsets))
    }

    /// Commits these offsets, each that of the *next* record to read, and waits as
    /// [`commit`](Self::commit) does.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit); `InvalidInput` for an offset below zero.
    ///
    /// # Cancel safety
    ///
    /// The commit goes on if the future is dropped after its first poll.
    pub async fn commit_offsets(
        &self,
        offsets: impl IntoIterator<Item = (TopicPartition, OffsetAndMetadata)>,
    ) -> Result<()> {
        self.commit_offsets_async(offsets)?.await
    }

    /// As [`commit_offsets`](Self::commit_offsets), without waiting.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for an offset below zero and without a `group.id`.
    pub fn commit_offsets_async(
        &self,
        offsets: impl IntoIterator<Item = (TopicPartition, OffsetAndMetadata)>,
    ) -> Result<PendingCommit> {
        let group = self.group()?;
        let offsets: Offsets = offsets.into_iter().collect();
        if let Some((at, offset)) = offsets.iter().find(|(_, it)| it.offset < 0) {
            let words = format!("{} is no offset to commit", offset.offset);
            return Err(Error::new(ErrorKind::InvalidInput, words)
                .with_topic(at.topic.clone())
                .with_partition(at.partition));
        }
        Ok(self.send_commit(group, offsets))
    }

    /// Commits that this record, and all before it in its partition, are done with, and waits as
    /// [`commit`](Self::commit) does.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit).
    ///
    /// # Cancel safety
    ///
    /// The commit goes on if the future is dropped after its first poll.
    pub async fn commit_record(&self, record: &(impl Consumed + Sync)) -> Result<()> {
        self.commit_record_async(record)?.await
    }

    /// As [`commit_record`](Self::commit_record), without waiting.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`; all else comes out of what is returned.
    pub fn commit_record_async(&self, record: &impl Consumed) -> Result<PendingCommit> {
        self.commit_offsets_async([after(record)])
    }

    /// Says that this record, and all before it in its partition, are done with: the next commit
    /// carries that. Needs `enable.auto.offset.store=false`.
    ///
    /// What is committed by itself (`enable.auto.commit`) never goes back: a stored offset before
    /// one that was committed meanwhile is left to [`commit`](Self::commit).
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`, with `enable.auto.offset.store=true`, or if the
    /// partition is not assigned to this consumer any more.
    pub fn store(&self, record: &impl Consumed) -> Result<()> {
        let (at, offset) = after(record);
        self.store_offset(at, offset)
    }

    /// As [`store`](Self::store), by the offset of the *next* record to read.
    ///
    /// # Errors
    ///
    /// As [`store`](Self::store).
    pub fn store_offset(
        &self,
        partition: TopicPartition,
        offset: impl Into<OffsetAndMetadata>,
    ) -> Result<()> {
        let group = self.group()?;
        let config = &self.inner.config;
        if config.enable_auto_offset_store {
            let words =
                "what is handed out is stored by itself: set enable.auto.offset.store=false";
            return Err(Error::new(ErrorKind::InvalidInput, words));
        }
        let mut state = group.lock();
        if !self.inner.fetcher().is_assigned(&partition) {
            return Err(not_assigned(&partition));
        }
        state.stored.insert(partition, offset.into());
        let news = state.commits_later();
        drop(state);
        if news {
            group.wake.notify_one();
        }
        Ok(())
    }

    /// What the group committed for these partitions; `None` for nothing. Waits for the
    /// coordinator, at most `default.api.timeout.ms` (default: 1 min).
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`, `Broker` if the group or a topic may not be read,
    /// `Timeout` or `Connect` if the coordinator does not answer by then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn committed(
        &self,
        partitions: impl IntoIterator<Item = TopicPartition>,
    ) -> Result<BTreeMap<TopicPartition, Option<OffsetAndMetadata>>> {
        let group = self.group()?;
        let partitions: Partitions = partitions.into_iter().collect();
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let shared = &self.inner.shared;
        let answer = shared.committed_offsets(&group.id, Some(&partitions), self.deadline());
        answer.await
    }

    fn send_commit(&self, group: &Group, offsets: Offsets) -> PendingCommit {
        let until = now() + self.inner.shared.config.default_api_timeout;
        PendingCommit(group.commit(offsets, until))
    }
}

/// What is committed once a record is done with.
fn after(record: &impl Consumed) -> (TopicPartition, OffsetAndMetadata) {
    let (topic, partition, offset, epoch) = record.place();
    let next = OffsetAndMetadata::new(offset.saturating_add(1));
    (
        TopicPartition::new(topic, partition),
        next.leader_epoch(epoch),
    )
}

impl From<Place> for OffsetAndMetadata {
    fn from(place: Place) -> Self {
        Self::new(place.offset).leader_epoch(place.epoch)
    }
}

impl Inner {
    /// What a commit without offsets carries.
    fn open_offsets(&self, group: &Group) -> Offsets {
        if !self.config.enable_auto_offset_store {
            return group.lock().stored.clone();
        }
        // What a poll is about to hand out was not handed out yet.
        let _alone = self.receiving();
        let fetcher = self.fetcher();
        let open = |at: &TopicPartition| Some((at.clone(), fetcher.position(at)?.into()));
        fetcher.assignment().filter_map(open).collect()
    }
}

impl Group {
    /// What was stored of these partitions, or committed, was of a topic that is no more.
    pub(in crate::consumer) fn forget_offsets(&self, partitions: &[TopicPartition]) {
        let mut state = self.lock();
        for at in partitions {
            state.stored.remove(at);
        }
        state.ledger.forget(&partitions.iter().cloned().collect());
    }
}

impl State {
    /// What is committed by itself of these: how far the user is done with them, as far as that is
    /// news.
    fn news<'a>(
        &self,
        inner: &Inner,
        partitions: impl Iterator<Item = &'a TopicPartition>,
    ) -> Offsets {
        let fetcher = inner.fetcher();
        let by_position = inner.config.enable_auto_offset_store;
        let done = |at: &TopicPartition| {
            let offset = match by_position {
                true => fetcher.done(at)?.into(),
                false => self.stored.get(at)?.clone(),
            };
            Some((at.clone(), offset))
        };
        let done = partitions.filter_map(done).collect();
        // Who is busy with records, or stores offsets, may have committed more since. All else is
        // where a seek has led.
        let may_go_back = |at: &TopicPartition| by_position && !fetcher.is_busy_with(at);
        self.ledger.news(done, may_go_back)
    }

    /// Commits before partitions go, with `enable.auto.commit`: what the user is done with, unless
    /// that is or is being committed already, perhaps with metadata.
    pub(super) fn commit_before_leaving(
        &mut self,
        inner: &Inner,
        partitions: &Partitions,
        until: Instant,
    ) {
        if inner.config.enable_auto_commit {
            self.commit_news(inner, partitions, until);
        }
    }

    /// Commits how far the user is done with these, as far as that is news.
    pub(super) fn commit_news<'a>(
        &mut self,
        inner: &Inner,
        partitions: impl IntoIterator<Item = &'a TopicPartition>,
        until: Instant,
    ) {
        let offsets = self.news(inner, partitions.into_iter());
        if !offsets.is_empty() {
            self.commit_own(offsets, until);
        }
    }
}
