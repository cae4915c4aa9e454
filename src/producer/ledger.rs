//! [`Ledger`]: how many records got which outcome, and whether all from before a flush have theirs.
//!
//! It is told once per batch, never per record: of an outcome when the sender lets go of it, and of
//! the batch's end when everybody has heard. A flush must wait for the batches that were there
//! when it was called and for no others, or else it might never end while records keep coming: so
//! each batch belongs to a generation, a flush begins a new one, and waits for the older ones.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::config::Acks;
use crate::error::{Error, WriteStatus};

/// Records by their outcome.
///
/// [`Producer::flush`](crate::Producer::flush) and [`Producer::close`](crate::Producer::close)
/// return it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use = "it tells whether the records were written"]
pub struct DeliveryReport {
    /// Acknowledged.
    pub written: u64,
    /// Sent with `acks=0`: no broker says whether they were written.
    pub unconfirmed: u64,
    /// Not in the log: sending them again is safe.
    pub not_written: u64,
    /// Perhaps in the log: sending them again may write them twice.
    pub unknown: u64,
    /// The first error among them.
    pub first_error: Option<Error>,
}

impl DeliveryReport {
    /// Whether every record was written; with `acks=0`, sent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.not_written == 0 && self.unknown == 0 && self.first_error.is_none()
    }

    /// How many were written, or with `acks=0` sent; or the first error.
    ///
    /// # Errors
    ///
    /// The first error, if not every record was.
    pub fn into_result(self) -> Result<u64, Error> {
        match self.first_error {
            Some(error) => Err(error),
            None => Ok(self.written + self.unconfirmed),
        }
    }

    fn add(&mut self, acks: Acks, records: u64, error: Option<&Error>) {
        let Some(error) = error else {
            match acks {
                Acks::None => self.unconfirmed += records,
                _ => self.written += records,
            }
            return;
        };
        match error.write_status() {
            Some(WriteStatus::NotWritten) => self.not_written += records,
            _ => self.unknown += records,
        }
        self.first_error.get_or_insert_with(|| error.clone());
    }
}

/// Names the flushes that a batch was begun between.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Generation(u64);

/// See the module's page.
#[derive(Debug)]
pub(super) struct Ledger {
    acks: Acks,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Unsettled batches of each generation; the last one is the present one.
    open: VecDeque<u64>,
    /// The generation at the front of `open`.
    first: u64,
    since_flush: DeliveryReport,
}

impl State {
    fn current(&mut self) -> u64 {
        if self.open.is_empty() {
            self.open.push_back(0);
        }
        self.first + u64::try_from(self.open.len()).unwrap_or(u64::MAX) - 1
    }
}

impl Ledger {
    pub(super) fn new(acks: Acks) -> Self {
        Self {
            acks,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch was begun.
    pub(super) fn opened(&self) -> Generation {
        let mut state = self.lock();
        let current = state.current();
        if let Some(open) = state.open.back_mut() {
            *open += 1;
        }
        Generation(current)
    }

    /// Records have an outcome, which the next report is to have.
    pub(super) fn count(&self, records: u32, error: Option<&Error>) {
        let mut state = self.lock();
        state.since_flush.add(self.acks, u64::from(records), error);
    }

    /// All records of a batch have their outcome, and whoever waits for it knows.
    pub(super) fn settled(&self, generation: Generation) {
        let mut state = self.lock();
        let at = usize::try_from(generation.0 - state.first).unwrap_or(usize::MAX);
        if let Some(open) = state.open.get_mut(at) {
            *open = open.saturating_sub(1);
        }
        let mut older_done = false;
        while state.open.len() > 1 && state.open.front() == Some(&0) {
            state.open.pop_front();
            state.first += 1;
            older_done = true;
        }
        drop(state);
        if older_done {
            self.changed.notify_waiters();
        }
    }

    /// Begins a new generation, and names it: what is older is what was there before.
    pub(super) fn turn(&self) -> Generation {
        let mut state = self.lock();
        let current = state.current();
        if state.open.back() == Some(&0) && state.open.len() == 1 {
            return Generation(current);
        }
        if state.open.back() != Some(&0) {
            state.open.push_back(0);
            return Generation(current + 1);
        }
        Generation(current)
    }

    /// Waits until every batch older than this generation is settled.
    pub(super) async fn settled_before(&self, generation: Generation) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.lock().first >= generation.0 {
                return;
            }
            changed.await;
        }
    }

    /// The records settled since the last call.
    pub(super) fn take(&self) -> DeliveryReport {
        std::mem::take(&mut self.lock().since_flush)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_flush_waits_for_older_batches_and_no_others() {
        let ledger = Ledger::new(Acks::All);
        let (first, second) = (ledger.opened(), ledger.opened());
        let flush = ledger.turn();
        let later = ledger.opened();
        assert!(later >= flush && first < flush);
        let mut waiting = Box::pin(ledger.settled_before(flush));
        assert!(waiting.as_mut().now_or_never().is_none());
        ledger.count(3, None);
        ledger.settled(first);
        assert!(waiting.as_mut().now_or_never().is_none());
        ledger.count(1, None);
        assert!(
            waiting.as_mut().now_or_never().is_none(),
            "only a part of it"
        );
        ledger.count(1, None);
        ledger.settled(second);
        assert!(waiting.now_or_never().is_some());
        assert_eq!(ledger.take().written, 5);
        assert_eq!(ledger.take().written, 0);
    }

    #[test]
    fn flushes_with_nothing_to_wait_for_end_at_once_and_leave_nothing_behind() {
        let ledger = Ledger::new(Acks::All);
        for _ in 0..3 {
            let flush = ledger.turn();
            assert!(ledger.settled_before(flush).now_or_never().is_some());
        }
        let old = ledger.opened();
        let flush = ledger.turn();
        assert_eq!(ledger.turn(), flush, "nothing was begun in between");
        ledger.settled(old);
        assert!(ledger.settled_before(flush).now_or_never().is_some());
        assert_eq!(ledger.lock().open.len(), 1);
    }

    #[test]
    fn a_report_tells_what_may_be_written_from_what_is_not() {
        let ledger = Ledger::new(Acks::All);
        let error = |status| Error::new(ErrorKind::Timeout, "late").with_write_status(status);
        ledger.count(2, Some(&error(WriteStatus::MaybeWritten)));
        ledger.count(3, Some(&error(WriteStatus::NotWritten)));
        let report = ledger.take();
        assert_eq!(
            (report.unknown, report.not_written, report.written),
            (2, 3, 0)
        );
        assert!(!report.is_complete() && report.into_result().is_err());
    }
}
