//! The requests of one connection, from submission to answer.
//!
//! ```text
//!            slot free, not muted       last byte written         answer
//!  waiting ----------------------> writing ------------> in flight ------> (handed out)
//!     | too long: that one fails      | no answer wanted: done    |
//!     | caller gone: not sent         +-------- too long: the connection is lost
//! ```
//!
//! Kafka serves the requests of a connection one at a time and answers in their order, so each
//! stage is a queue and never a map. An answer to anything but the head means that one of the two
//! sides has lost count; nothing on that connection can be trusted any more. For the same reason a
//! request that is not answered in time takes the connection with it: all later ones stand behind
//! it.
//!
//! **Clocks.** A request has its `timeout` twice: once to get a slot, then once more, from the
//! moment it joins the write queue, to be answered. Time during which the broker has muted the
//! connection (KIP-219) counts for neither.
//!
//! **Wake-ups.** [`Pipeline::poll_timeout`] never comes too late but may come too early: removing a
//! request does not look for the next deadline. A busy connection so re-arms its timer once per
//! timeout, not once per request, and an idle one wakes once and then rests.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::ids::CorrelationId;

/// Requests that may wait for a slot; a driver takes no more from its callers until one has left.
pub(crate) const WAITING_MAX: usize = 64;

/// What a driver hangs on a request: its frame, and whom to answer.
pub(crate) trait Ticket {
    /// Whether nobody waits for the answer any more.
    fn is_orphaned(&self) -> bool;
}

/// Whether bytes of a request may have reached the peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sent {
    /// Not one byte was given to the socket: the request had no effect.
    No,
    /// Some or all bytes were given to the socket: the request may have been carried out.
    Maybe,
}

/// A request as it is submitted.
#[derive(Debug)]
pub(crate) struct Request<T> {
    /// Unique among the requests in flight.
    pub(crate) correlation: CorrelationId,
    /// Bytes of the frame, its length prefix included.
    pub(crate) len: usize,
    /// The limit for getting a slot, and again for being answered.
    pub(crate) timeout: Duration,
    /// Whether the peer will answer. If not (`acks=0`) the request takes no slot and is done when
    /// its last byte is written.
    pub(crate) answered: bool,
    pub(crate) ticket: T,
}

#[derive(Debug)]
struct Entry<T> {
    request: Request<T>,
    deadline: Instant,
    /// Bytes not yet given to the socket.
    unwritten: usize,
}

impl<T> Entry<T> {
    fn sent(&self) -> Sent {
        if self.unwritten < self.request.len {
            Sent::Maybe
        } else {
            Sent::No
        }
    }
}

/// What [`Pipeline::handle_timeout`] found.
#[derive(Debug)]
pub(crate) enum Expired<T> {
    /// This request got no slot in time. The connection is fine.
    Waiting(Request<T>),
    /// This request was not written or not answered in time: close the connection.
    InFlight(Request<T>, Sent),
    /// Nothing was asked for too long: close the connection.
    Idle,
}

/// An answer that fits no request: the peer lost count, or lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct OutOfStep {
    pub(crate) got: CorrelationId,
    /// The only one allowed; `None` if no answer was due.
    pub(crate) expected: Option<CorrelationId>,
}

/// The limits of one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PipelineLimits {
    /// Requests that wait for an answer at one time (`max.in.flight.requests.per.connection`).
    pub(crate) in_flight: usize,
    /// Close after this long without a request or answer (`connections.max.idle.ms`).
    pub(crate) idle: Option<Duration>,
}

/// The requests of one connection; see the module's page.
#[derive(Debug)]
pub(crate) struct Pipeline<T> {
    limits: PipelineLimits,
    waiting: VecDeque<Entry<T>>,
    writing: VecDeque<Entry<T>>,
    in_flight: VecDeque<Entry<T>>,
    /// Written, and no answer wanted.
    done: VecDeque<Request<T>>,
    /// Entries of `writing` and `in_flight` that will be answered.
    slots_taken: usize,
    muted_until: Option<Instant>,
    last_activity: Instant,
    /// No deadline is earlier.
    earliest: Option<Instant>,
}

impl<T: Ticket> Pipeline<T> {
    pub(crate) fn new(now: Instant, limits: PipelineLimits) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            writing: VecDeque::new(),
            in_flight: VecDeque::new(),
            done: VecDeque::new(),
            slots_taken: 0,
            muted_until: None,
            last_activity: now,
            earliest: None,
        }
    }

    /// Whether another request may be submitted.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING_MAX
    }

    /// A caller's request. Call only while there is room.
    pub(crate) fn handle_submit(&mut self, now: Instant, request: Request<T>) {
        let from = self.muted_until.map_or(now, |until| until.max(now));
        let deadline = from + request.timeout;
        self.note_deadline(deadline);
        self.last_activity = now;
        self.waiting.push_back(Entry {
            deadline,
            unwritten: request.len,
            request,
        });
    }

    /// The next request whose frame may join the write queue; its answer clock starts here.
    /// Requests that nobody waits for any more are dropped instead: not a byte of them has left.
    pub(crate) fn poll_write(&mut self, now: Instant) -> Option<&mut Request<T>> {
        if self.is_muted(now) {
            return None;
        }
        self.muted_until = None;
        loop {
            let next = self.waiting.front()?;
            if next.request.ticket.is_orphaned() {
                self.waiting.pop_front();
                continue;
            }
            if next.request.answered && self.slots_taken >= self.limits.in_flight {
                return None;
            }
            break;
        }
        let mut entry = self.waiting.pop_front()?;
        entry.deadline = now + entry.request.timeout;
        self.note_deadline(entry.deadline);
        self.slots_taken += usize::from(entry.request.answered);
        self.writing.push_back(entry);
        self.writing.back_mut().map(|entry| &mut entry.request)
    }

    /// The socket took the next `bytes` bytes of the frames, in the order of `poll_write`.
    pub(crate) fn handle_written(&mut self, now: Instant, mut bytes: usize) {
        self.last_activity = now;
        while let Some(entry) = self.writing.front_mut() {
            let taken = bytes.min(entry.unwritten);
            entry.unwritten -= taken;
            bytes -= taken;
            if entry.unwritten > 0 {
                break;
            }
            let Some(entry) = self.writing.pop_front() else {
                break;
            };
            if entry.request.answered {
                self.in_flight.push_back(entry);
            } else {
                self.done.push_back(entry.request);
            }
        }
    }

    /// The next request that wants no answer and has been written in full.
    pub(crate) fn poll_done(&mut self) -> Option<Request<T>> {
        self.done.pop_front()
    }

    /// An answer came: the request that it belongs to.
    ///
    /// # Errors
    /// It is not the answer that is due; also if that request has not been written in full yet.
    pub(crate) fn handle_response(
        &mut self,
        now: Instant,
        got: CorrelationId,
    ) -> Result<Request<T>, OutOfStep> {
        let expected = self.in_flight.front().map(|head| head.request.correlation);
        if expected != Some(got) {
            return Err(OutOfStep { got, expected });
        }
        let Some(head) = self.in_flight.pop_front() else {
            return Err(OutOfStep { got, expected });
        };
        self.slots_taken -= 1;
        self.last_activity = now;
        Ok(head.request)
    }

    /// The broker asked for a pause until `until` (KIP-219): nothing new is sent before, and as it
    /// serves nothing in between either, every clock is stopped for as long. To bound `until` is
    /// the caller's part: told of the same pause again, a bound counted from `now` would move on.
    pub(crate) fn handle_throttle(&mut self, now: Instant, until: Instant) {
        let running_from = self.muted_until.map_or(now, |before| before.max(now));
        let longer = until.saturating_duration_since(running_from);
        if longer.is_zero() {
            return;
        }
        self.muted_until = Some(until);
        let all = [&mut self.waiting, &mut self.writing, &mut self.in_flight];
        for entry in all.into_iter().flatten() {
            entry.deadline += longer;
        }
    }

    /// Whether the broker's pause lasts.
    pub(crate) fn is_muted(&self, now: Instant) -> bool {
        self.muted_until.is_some_and(|until| now < until)
    }

    /// What has run out by now; call until it returns `None`. After `InFlight` and `Idle` the
    /// connection is to be closed with [`Pipeline::close`].
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Expired<T>> {
        self.muted_until = self.muted_until.filter(|&until| now < until);
        if self.is_empty() {
            self.earliest = None;
            let idle = self.idle_deadline().is_some_and(|deadline| now >= deadline);
            return idle.then_some(Expired::Idle);
        }
        if self.earliest.is_none_or(|earliest| now < earliest) {
            return None;
        }
        let late = |entry: &Entry<T>| now >= entry.deadline;
        if let Some(at) = self.in_flight.iter().position(late) {
            let entry = self.in_flight.remove(at)?;
            return Some(Expired::InFlight(entry.request, Sent::Maybe));
        }
        if let Some(at) = self.writing.iter().position(late) {
            let entry = self.writing.remove(at)?;
            let sent = entry.sent();
            return Some(Expired::InFlight(entry.request, sent));
        }
        if let Some(at) = self.waiting.iter().position(late) {
            return self
                .waiting
                .remove(at)
                .map(|entry| Expired::Waiting(entry.request));
        }
        self.earliest = self.all().map(|entry| entry.deadline).min();
        None
    }

    /// When to call again at the latest, if no other fact comes before.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        if self.is_empty() {
            return self.idle_deadline();
        }
        let unmute = self.muted_until.filter(|_| !self.waiting.is_empty());
        match (self.earliest, unmute) {
            (Some(earliest), Some(unmute)) => Some(earliest.min(unmute)),
            (earliest, unmute) => earliest.or(unmute),
        }
    }

    /// Whether nothing waits, is being written or is due.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.writing.is_empty() && self.in_flight.is_empty()
    }

    /// The connection is gone: all that is left, in the order of submission, each with whether
    /// the peer may have seen it.
    pub(crate) fn close(self) -> impl Iterator<Item = (Request<T>, Sent)> {
        let queues = self.in_flight.into_iter().chain(self.writing);
        queues.chain(self.waiting).map(|entry| {
            let sent = entry.sent();
            (entry.request, sent)
        })
    }

    fn all(&self) -> impl Iterator<Item = &Entry<T>> {
        let queues = self.in_flight.iter().chain(&self.writing);
        queues.chain(&self.waiting)
    }

    fn idle_deadline(&self) -> Option<Instant> {
        self.limits.idle.map(|idle| self.last_activity + idle)
    }

    fn note_deadline(&mut self, deadline: Instant) {
        let earliest = self.earliest.map_or(deadline, |known| known.min(deadline));
        self.earliest = Some(earliest);
    }
}

#[cfg(test)]
mod tests;
