//! What the handles of a connection and its task tell each other outside the queue of requests.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;

use super::call::Peer;
use crate::error::Error;

/// The longest that a broker's throttle time is believed. Quota windows are seconds long.
pub(super) const MUTE_MAX: Duration = Duration::from_secs(300);

/// What the handles and the task both see.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) peer: Peer,
    /// Wakes the task for what it does not hear of through its commands.
    pub(super) waker: AtomicWaker,
    opened: Instant,
    /// Nanoseconds after `opened` until which the broker wants quiet.
    muted_until: AtomicU64,
    answers: AtomicU64,
    idle_close: AtomicBool,
    condemned: Mutex<Option<Error>>,
    closed: OnceLock<(Instant, Error)>,
}

impl Shared {
    pub(super) fn new(now: Instant, peer: Peer) -> Self {
        Self {
            peer,
            waker: AtomicWaker::new(),
            opened: now,
            muted_until: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            idle_close: AtomicBool::new(false),
            condemned: Mutex::new(None),
            closed: OnceLock::new(),
        }
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    /// A handle wants the connection closed; the first reason counts.
    pub(super) fn condemn(&self, reason: Error) {
        let condemned = self.condemned.lock();
        let mut condemned = condemned.unwrap_or_else(PoisonError::into_inner);
        condemned.get_or_insert(reason);
        drop(condemned);
        self.waker.wake();
    }

    /// Why a handle wants the connection closed, if one does.
    pub(super) fn condemned(&self) -> Option<Error> {
        let condemned = self.condemned.lock();
        condemned.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The broker wants quiet for this long, [`MUTE_MAX`] at most. The task looks before it sends
    /// and before it times anything out, and so needs no waking.
    pub(super) fn mute(&self, now: Instant, pause: Duration) {
        let until = now.saturating_duration_since(self.opened) + pause.min(MUTE_MAX);
        let nanos = u64::try_from(until.as_nanos()).unwrap_or(u64::MAX);
        self.muted_until.fetch_max(nanos, Relaxed);
    }

    pub(super) fn muted_until(&self) -> Option<Instant> {
        let nanos = self.muted_until.load(Relaxed);
        (nanos > 0).then(|| self.opened + Duration::from_nanos(nanos))
    }

    pub(super) fn note_answer(&self) {
        self.answers.fetch_add(1, Relaxed);
    }

    pub(super) fn note_idle_close(&self) {
        self.idle_close.store(true, Relaxed);
    }

    /// Whether, after all, it was worth its opening: it answered a request, was closed by us for
    /// being idle, or lived for so long.
    pub(super) fn was_useful(&self, lifetime: Duration) -> bool {
        let lived = |(closed_at, _): &(Instant, Error)| *closed_at - self.opened >= lifetime;
        self.answers.load(Relaxed) > 0
            || self.idle_close.load(Relaxed)
            || self.closed.get().is_some_and(lived)
    }

    /// Why it ended, once it has.
    pub(super) fn closed(&self) -> Option<Error> {
        self.closed.get().map(|(_, reason)| reason.clone())
    }

    /// To be called before the task stops listening, so that whoever finds it gone finds a reason.
    pub(super) fn set_closed(&self, now: Instant, reason: Error) {
        tracing::debug!(address = %self.peer.address, %reason, "connection closed");
        let _ = self.closed.set((now, reason));
    }
}
