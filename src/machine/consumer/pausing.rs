//! Partitions that the user has paused: nothing of them is fetched or handed out.
//!
//! What was fetched of them before, and what a fetch under way brings, is kept, so that a program
//! that pauses and resumes again and again fetches nothing twice (KAFKA-7548). It takes room that
//! the others may need. So shares are of what it leaves, and where it is more than half of what
//! fetches may take, and something else is to be fetched, it is dropped, first of what was paused
//! longest, and fetched again after the resumption. Where all is paused nothing is dropped.
//!
//! What cannot be fetched again, as it is of a log that is no more, is not dropped.

use std::collections::BTreeSet;

use super::fetcher::Fetcher;
use super::partition::Partition;
use crate::ids::TopicPartition;

impl<T> Fetcher<T> {
    /// Stops or resumes fetching and handing out a partition.
    pub(crate) fn pause(&mut self, partition: &TopicPartition, paused: bool) -> bool {
        let since = self.next_generation();
        let Some(state) = self.partitions.get_mut(partition) else {
            return false;
        };
        if paused && state.paused.is_none() {
            state.suspend();
            state.paused = Some(since);
        } else if !paused {
            state.paused = None;
        }
        true
    }

    pub(crate) fn is_paused(&self, partition: &TopicPartition) -> bool {
        let state = self.partitions.get(partition);
        state.is_some_and(Partition::is_paused)
    }

    pub(crate) fn paused(&self) -> impl Iterator<Item = &TopicPartition> {
        let paused = self.partitions.iter();
        let paused = paused.filter(|(_, state)| state.is_paused());
        paused.map(|(partition, _)| partition)
    }

    /// The bytes that what is paused keeps in memory.
    pub(super) fn kept(&self) -> usize {
        let mut seen = BTreeSet::new();
        let paused = self.partitions.values().filter(|state| state.is_paused());
        paused.map(|state| state.frames_beside(&mut seen)).sum()
    }

    /// As much as what is paused may keep from what fetches may take.
    pub(super) fn kept_max(&self) -> usize {
        self.limits.budget.saturating_sub(self.spare()) / 2
    }

    /// Drops what the longest paused partitions hold, so that the others keep no more than this.
    pub(super) fn keep(&mut self, most: usize) {
        let waits = |(at, state): (&TopicPartition, &Partition<T>)| {
            let since = state.paused.filter(|_| state.may_refetch())?;
            Some((since, at.clone()))
        };
        let mut paused: Vec<_> = self.partitions.iter().filter_map(waits).collect();
        paused.sort_unstable();
        let (mut seen, mut kept) = (BTreeSet::new(), 0);
        for (_, at) in paused.iter().rev() {
            let generation = self.next_generation();
            if let Some(state) = self.partitions.get_mut(at) {
                kept += state.frames_beside(&mut seen);
                if kept > most {
                    let consumed = state.settle();
                    state.refetch(consumed, generation, &mut self.frames);
                }
            }
        }
    }

    /// What is paused grew: it must not take more than the whole budget has.
    pub(super) fn keep_within_budget(&mut self) {
        let excess = |it: &Self| {
            let used = it.buffered() + it.reserved() + it.opened;
            used.saturating_sub(it.limits.budget)
        };
        let over = excess(self);
        if over > 0 {
            self.keep(self.kept().saturating_sub(over));
        }
        // What others hold a part of is not freed by that.
        if excess(self) > 0 {
            self.keep(0);
        }
    }
}
