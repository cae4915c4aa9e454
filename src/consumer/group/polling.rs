//! What a poll means to a group: the user is done with what the last one handed out, and alive.

use std::sync::Arc;

use super::state::{Group, State};
use crate::cluster::now;
use crate::consumer::inner::Inner;
use crate::error::Error;
use crate::machine::consumer::StreamId;

/// A poll under way.
pub(crate) struct Polling<'a> {
    inner: &'a Inner,
    group: &'a Arc<Group>,
    /// The stream that asks.
    of: Option<&'a StreamId>,
}

impl<'a> Polling<'a> {
    /// The user asks for records, and so is done with those that it has: of all that polls hand
    /// out, or of the stream that it asks.
    pub(crate) fn begin(inner: &'a Inner, of: Option<&'a StreamId>) -> Option<Self> {
        let group = inner.group.as_ref()?;
        let mut state = group.lock();
        inner.fetcher().confirm(of);
        let mut wakes = state.auto_due.is_some_and(|due| due <= now());
        wakes |= state.let_go(inner);
        if let Some(member) = &mut state.member {
            wakes |= member.poll_begins();
        }
        drop(state);
        if wakes {
            group.wake.notify_one();
        }
        Some(Self { inner, group, of })
    }

    /// It has found nothing to hand out, and is about to wait: nothing is in the user's hands any
    /// more, the last record of a batch included. Without this a revocation would wait for the next
    /// record.
    pub(crate) fn waits(&self) {
        let mut state = self.group.lock();
        self.inner.fetcher().confirm(self.of);
        let wakes = state.let_go(self.inner);
        drop(state);
        if wakes {
            self.group.wake.notify_one();
        }
    }

    /// What the user must be told.
    pub(crate) fn take_error(&self) -> Option<Error> {
        self.group.take_error()
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let mut state = self.group.lock();
        if let Some(member) = &mut state.member {
            member.poll_ends(now());
        }
        let news = self.inner.fetcher().is_any_busy() && state.commits_later();
        drop(state);
        if news {
            self.group.wake.notify_one();
        }
    }
}

impl Group {
    /// Goes on with what waited for the user, where it is done or has gone away.
    pub(crate) fn let_go(&self, inner: &Inner) {
        if self.lock().let_go(inner) {
            self.wake.notify_one();
        }
    }
}

impl State {
    /// Goes on with what waited for the user, where it is done. Whether anything did.
    pub(super) fn let_go(&mut self, inner: &Inner) -> bool {
        let waiting = std::mem::take(&mut self.holding);
        let before = waiting.len();
        for (step, partitions) in waiting {
            if inner.fetcher().is_busy(&partitions) {
                self.holding.push((step, partitions));
            } else {
                self.done(step);
            }
        }
        self.holding.len() < before
    }

    pub(super) fn done(&mut self, step: u64) {
        if let Some(member) = &mut self.member {
            member.handle_done(step);
        }
    }
}
