//! Commits, for threads.

use std::collections::BTreeMap;

use super::consumer::Consumer;
use super::runtime::Runtime;
use crate::consumer::Consumed;
use crate::error::Result;
use crate::ids::TopicPartition;
use crate::machine::OffsetAndMetadata;

/// A commit on its way, from [`Consumer::commit_async`]. It goes on whether this is waited for or
/// dropped.
#[derive(Debug)]
pub struct PendingCommit {
    pending: crate::PendingCommit,
    runtime: Runtime,
}

impl PendingCommit {
    /// Waits for the coordinator to confirm it, at most `default.api.timeout.ms` (default: 1 min)
    /// from the call on that it is of.
    ///
    /// # Errors
    ///
    /// As [`Consumer::commit`]. `InvalidInput` inside an async context, where the outcome is not
    /// known.
    pub fn wait(self) -> Result<()> {
        self.runtime.wait(self.pending)?
    }
}

impl Consumer {
    /// Commits everything that was handed out so far, or with `enable.auto.offset.store=false`
    /// everything that was stored, and waits for the coordinator to confirm it, at most
    /// `default.api.timeout.ms` (default: 1 min). Commits arrive in the order of the calls.
    ///
    /// # Errors
    ///
    /// As [`tidewire::Consumer::commit`](crate::Consumer::commit); `InvalidInput` inside an async
    /// context, where nothing is committed.
    pub fn commit(&self) -> Result<()> {
        self.runtime.wait(self.consumer.commit())?
    }

    /// As [`commit`](Self::commit), without waiting: it is on its way when this returns.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`; all else comes out of what is returned.
    pub fn commit_async(&self) -> Result<PendingCommit> {
        self.consumer.commit_async().map(|it| self.pending(it))
    }

    /// Commits these offsets, each that of the *next* record to read, and waits as
    /// [`commit`](Self::commit) does.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit); `InvalidInput` for an offset below zero.
    pub fn commit_offsets(
        &self,
        offsets: impl IntoIterator<Item = (TopicPartition, OffsetAndMetadata)>,
    ) -> Result<()> {
        self.runtime.wait(self.consumer.commit_offsets(offsets))?
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
        let pending = self.consumer.commit_offsets_async(offsets);
        pending.map(|it| self.pending(it))
    }

    fn pending(&self, pending: crate::PendingCommit) -> PendingCommit {
        PendingCommit {
            pending,
            runtime: self.runtime.clone(),
        }
    }

    /// Commits that this record, and all before it in its partition, are done with, and waits as
    /// [`commit`](Self::commit) does.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit).
    pub fn commit_record(&self, record: &(impl Consumed + Sync)) -> Result<()> {
        self.runtime.wait(self.consumer.commit_record(record))?
    }

    /// As [`commit_record`](Self::commit_record), without waiting.
    ///
    /// # Errors
    ///
    /// As [`tidewire::Consumer::commit_record_async`](crate::Consumer::commit_record_async).
    pub fn commit_record_async(&self, record: &impl Consumed) -> Result<PendingCommit> {
        let pending = self.consumer.commit_record_async(record)?;
        Ok(self.pending(pending))
    }

    /// Says that this record, and all before it in its partition, are done with: the next commit
    /// carries that. Needs `enable.auto.offset.store=false`.
    ///
    /// # Errors
    ///
    /// As [`tidewire::Consumer::store`](crate::Consumer::store).
    pub fn store(&self, record: &impl Consumed) -> Result<()> {
        self.consumer.store(record)
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
        self.consumer.store_offset(partition, offset)
    }

    /// What the group committed for these partitions; `None` for nothing. Waits at most
    /// `default.api.timeout.ms` (default: 1 min).
    ///
    /// # Errors
    ///
    /// As [`tidewire::Consumer::committed`](crate::Consumer::committed); `InvalidInput` inside an
    /// async context.
    pub fn committed(
        &self,
        partitions: impl IntoIterator<Item = TopicPartition>,
    ) -> Result<BTreeMap<TopicPartition, Option<OffsetAndMetadata>>> {
        self.runtime.wait(self.consumer.committed(partitions))?
    }
}
