//! One call to commit: what of it is open, and what became of the rest.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{OffsetAndMetadata, Offsets};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::group::Partitions;

/// How a call has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) ticket: u64,
    /// Of all its partitions: the first error there was.
    pub(crate) result: Result<()>,
    pub(crate) confirmed: Partitions,
    pub(crate) failed: BTreeMap<TopicPartition, Error>,
    /// What of that was sent, and may be written all the same.
    pub(crate) maybe_written: Offsets,
}

/// One call.
#[derive(Debug)]
pub(super) struct Job {
    /// What is not settled yet.
    pub(super) open: Offsets,
    /// What is said of these instead: newer calls have said so, and it may be written.
    pub(super) instead: Offsets,
    pub(super) until: Instant,
    /// Whether a request has carried it.
    pub(super) was_sent: bool,
    /// Whether it was made by a member of the group.
    pub(super) of_member: bool,
    /// What the last attempt failed with.
    pub(super) last: Option<Error>,
    /// What is settled.
    pub(super) end: Ended,
}

impl Job {
    pub(super) fn new(ticket: u64, offsets: Offsets, until: Instant, of_member: bool) -> Self {
        Self {
            open: offsets,
            instead: Offsets::new(),
            until,
            was_sent: false,
            of_member,
            last: None,
            end: Ended {
                ticket,
                result: Ok(()),
                confirmed: Partitions::new(),
                failed: BTreeMap::new(),
                maybe_written: Offsets::new(),
            },
        }
    }

    /// All that it says.
    pub(super) fn all_said(&self) -> impl Iterator<Item = (&TopicPartition, &OffsetAndMetadata)> {
        let said = |(at, own)| (at, self.instead.get(at).unwrap_or(own));
        self.open.iter().map(said)
    }

    pub(super) fn confirm(&mut self, at: &TopicPartition) {
        if let Some((at, _)) = self.open.remove_entry(at) {
            self.end.confirmed.insert(at);
        }
    }

    pub(super) fn fail(&mut self, at: &TopicPartition, error: &Error) {
        if self.open.remove(at).is_none() {
            return;
        }
        let error = error.clone().with_topic(at.topic.clone());
        let error = error.with_partition(at.partition);
        if self.end.result.is_ok() {
            self.end.result = Err(error.clone());
        }
        self.end.failed.insert(at.clone(), error);
    }

    fn fail_all(&mut self, error: &Error, which: impl Fn(&TopicPartition) -> bool) {
        let failed: Vec<TopicPartition> =
            self.open.keys().filter(|at| which(at)).cloned().collect();
        for at in &failed {
            self.fail(at, error);
        }
    }

    pub(super) fn time_out(&mut self) {
        let why = match &self.last {
            Some(last) => format!("the commit was not confirmed in time: {}", last.message()),
            None => "the commit was not confirmed in time".to_owned(),
        };
        let mut error = Error::new(ErrorKind::Timeout, why);
        if let Some(last) = self.last.take() {
            error = error.with_source(last);
        }
        if self.was_sent {
            let said = self.all_said().map(|(at, it)| (at.clone(), it.clone()));
            self.end.maybe_written = said.collect();
        }
        self.fail_all(&error, |_| true);
    }

    /// Refuses what this member does not have any more.
    pub(super) fn refuse_unless(&mut self, owned: impl Fn(&TopicPartition) -> bool) {
        if self.open.keys().all(&owned) {
            return;
        }
        let words = match &self.last {
            Some(last) => format!(
                "not committed, and not assigned any more: {}",
                last.message()
            ),
            None => "not committed: the partition is not assigned to this consumer".to_owned(),
        };
        let kind = self
            .last
            .take()
            .map_or(ErrorKind::InvalidInput, |last| last.kind());
        let error = Error::new(
            kind,
            format!("{words}; its new owner reads from the offset before"),
        );
        self.fail_all(&error, |at| !owned(at));
    }
}
