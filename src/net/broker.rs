//! One broker: its id, where it is today, and a connection per kind of traffic.
//!
//! A broker serves the requests of one connection one after the other, so a fetch that waits for
//! data, a produce request and a heartbeat never share one ([`Role`]). Connections are opened when
//! they are first needed. However many callers want the same one, a single attempt is under way: it
//! runs in a task of its own, so that no caller's cancellation disturbs the others, and ends early
//! only with the last handle on the broker, or when the broker moves.
//!
//! A broker *is* its id. Where metadata says that the id lives at another address, the connections
//! to the old one are let go; requests on them still get their answers.
//!
//! After a failure the next attempt waits (KIP-144): exponentially longer, with jitter, for all
//! roles together. Callers wait with it, or fail by their own limits; nothing spins. A connection
//! that was lost at once, before it answered anything, counts as a failure too, or else a broker
//! that accepts and hangs up would be dialed as fast as the line allows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout_at;

use super::call::{CallError, Peer, Sent};
use super::clock::now;
use super::connection::Connection;
use super::options::{Net, Target};
use crate::error::{Error, ErrorKind};
use crate::machine::backoff::Backoff;
use crate::protocol::{ApiKey, Decode, Encode, Request};

/// How often one call is sent again, when its connection turned out to be dead.
const REPEATS_MAX: u32 = 2;

/// What a connection is for. Each has its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    Produce,
    Fetch,
    /// Joins, syncs and heartbeats of a group: what follows a join waits until all have joined.
    Coordinator,
    Control,
}

const ROLES: usize = 4;

/// A handle on one broker; clones are handles on the same one.
#[derive(Clone, Debug)]
pub(crate) struct Broker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    net: Arc<Net>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    target: Target,
    /// Grows when the target moves, so that what an older attempt found is not used.
    generation: u64,
    backoff: Backoff,
    failed_at: Option<Instant>,
    last_failure: Option<Error>,
    /// By role.
    attempts: [Option<Attempt>; ROLES],
}

/// The latest attempt at a connection, and what came of it.
#[derive(Clone, Debug)]
struct Attempt {
    generation: u64,
    outcome: watch::Receiver<Outcome>,
}

#[derive(Clone, Debug)]
enum Outcome {
    Pending,
    Up(Connection),
    Down(Error),
}

impl Broker {
    /// A broker, or an address to start from if it has no id. Nothing is opened yet.
    pub(crate) fn new(net: Arc<Net>, target: Target) -> Self {
        let backoff = Backoff::new(net.options.reconnect_backoff, net.env.seed());
        Self(Arc::new(Inner {
            net,
            state: Mutex::new(State {
                target,
                generation: 0,
                backoff,
                failed_at: None,
                last_failure: None,
                attempts: [const { None }; ROLES],
            }),
        }))
    }

    /// Where it is today.
    pub(crate) fn address(&self) -> Arc<str> {
        self.0.lock().target.address()
    }

    /// Metadata says where it is: if that is news, new requests go there from now on.
    pub(crate) fn set_address(&self, host: Arc<str>, port: u16) {
        let mut state = self.0.lock();
        if state.target.host != host || state.target.port != port {
            let id = state.target.id;
            let target = Target { id, host, port };
            tracing::debug!(from = %state.target.address(), to = %target.address(), "broker moved");
            state.target = target;
            state.generation += 1;
            state.attempts = [const { None }; ROLES];
            state.backoff.succeeded();
            state.failed_at = None;
        }
    }

    /// Whether a connection is open and ready.
    pub(crate) fn is_connected(&self, role: Role) -> bool {
        self.open(role).is_some()
    }

    /// The open connection of a role, if there is one.
    pub(crate) fn open(&self, role: Role) -> Option<Connection> {
        self.0.lock().open(role)
    }

    /// Until when no connection is tried, after failures.
    pub(crate) fn backoff_until(&self) -> Option<Instant> {
        let until = self.0.lock().backoff.until();
        until.filter(|&until| until > now())
    }

    /// The open connection of a role, or one attempt at opening it; waits for at most `wait`, a
    /// pause after earlier failures included.
    ///
    /// # Errors
    /// `Connect` or a refusal, as [`Connection::open`], if the attempt failed; `Timeout`, with the
    /// last failure as its source, if it took too long. Never sent.
    ///
    /// # Cancel safety
    /// Safe: the attempt goes on for other callers.
    pub(crate) async fn connection(
        &self,
        role: Role,
        wait: Duration,
    ) -> Result<Connection, CallError> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let mut attempt = self.0.attempt(role);
            let over = attempt
                .outcome
                .wait_for(|outcome| !matches!(outcome, Outcome::Pending));
            let outcome = match timeout_at(deadline, over).await {
                Ok(Ok(outcome)) => outcome.clone(),
                Ok(Err(_)) => Outcome::Down(Error::new(
                    ErrorKind::Closed,
                    "the runtime was shut down while connecting",
                )),
                Err(_) => return Err(self.0.too_slow(wait)),
            };
            if attempt.generation != self.0.lock().generation {
                continue;
            }
            match outcome {
                Outcome::Up(connection) => return Ok(connection),
                Outcome::Down(error) => return Err(CallError::unsent(error)),
                Outcome::Pending => {}
            }
        }
    }

    /// The error of a caller who gave up after `waited`, with what is known of the reason.
    pub(crate) fn too_late(&self, role: Role, api: ApiKey, waited: Duration) -> Error {
        let open = self.0.lock().open(role);
        let Some(open) = open else {
            return self.0.too_slow(waited).error;
        };
        let ms = waited.as_millis();
        let why = if open.muted_for().is_zero() {
            ""
        } else {
            ": the broker throttles this client"
        };
        let message = format!("{api}: no answer within {ms} ms{why}");
        open.peer().locate(Error::new(ErrorKind::Timeout, message))
    }

    /// Sends a request on the connection of a role, in the newest version that both sides speak,
    /// `cap` at most, and waits for the answer.
    ///
    /// A connection that was closed while nobody looked (brokers close idle ones) is replaced
    /// without a word, if nothing of the request had been sent or if sending it twice is harmless.
    ///
    /// `timeout` is for the connection, and what it left over goes to [`Connection::submit`], in
    /// all repeats together; so a full pipeline or a pause that the broker asked for adds to it.
    ///
    /// # Errors
    /// See [`CallError`].
    ///
    /// # Cancel safety
    /// The request may be sent all the same; its answer is then dropped.
    pub(crate) async fn call<R>(
        &self,
        role: Role,
        request: &R,
        cap: Option<i16>,
        timeout: Duration,
    ) -> Result<R::Response, CallError>
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        let deadline = now() + timeout;
        let mut repeats = 0;
        loop {
            let left = deadline.saturating_duration_since(now());
            let connection = self.connection(role, left).await?;
            let left = deadline.saturating_duration_since(now());
            match connection.call(request, cap, left).await {
                Err(failed) if repeats < REPEATS_MAX && may_repeat(R::KEY, &failed) => {
                    repeats += 1;
                }
                outcome => return outcome,
            }
        }
    }
}

/// Whether the broker layer itself sends a request again. Only after a lost connection: time-outs
/// and refusals are for those to judge who know what the request is for.
fn may_repeat(api: ApiKey, failed: &CallError) -> bool {
    let harmless = matches!(
        api,
        ApiKey::Metadata
            | ApiKey::FindCoordinator
            | ApiKey::ListOffsets
            | ApiKey::OffsetFetch
            | ApiKey::OffsetForLeaderEpoch
            | ApiKey::DescribeCluster
            | ApiKey::DescribeConfigs
            | ApiKey::DescribeGroups
            | ApiKey::ListGroups
    );
    failed.error.kind() == ErrorKind::Disconnected && (failed.sent == Sent::No || harmless)
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The attempt of a role that is under way or has led to an open connection, or else a new one.
    fn attempt(self: &Arc<Self>, role: Role) -> Attempt {
        let mut state = self.lock();
        let slot = state.attempts.get(role as usize).cloned().flatten();
        let mut not_before = state.backoff.until();
        if let Some(attempt) = slot {
            let outcome = attempt.outcome.borrow().clone();
            let abandoned = attempt.outcome.has_changed().is_err();
            match outcome {
                Outcome::Pending if !abandoned => return attempt,
                Outcome::Up(open) if !open.is_closed() => return attempt,
                Outcome::Up(dead) => {
                    not_before = Some(state.handle_lost(&dead, &self.net));
                }
                Outcome::Pending | Outcome::Down(_) => {}
            }
        }
        let (sender, outcome) = watch::channel(Outcome::Pending);
        let attempt = Attempt {
            generation: state.generation,
            outcome,
        };
        if let Some(slot) = state.attempts.get_mut(role as usize) {
            *slot = Some(attempt.clone());
        }
        let job = Job {
            broker: Arc::downgrade(self),
            net: self.net.clone(),
            target: state.target.clone(),
            generation: state.generation,
            limit: state.setup_limit(&self.net),
            not_before,
        };
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = sender.closed() => {}
                outcome = job.run() => { sender.send_replace(outcome); }
            }
        });
        attempt
    }

    fn too_slow(&self, wait: Duration) -> CallError {
        let state = self.lock();
        let ms = wait.as_millis();
        let message = match &state.last_failure {
            Some(failure) => format!("no connection within {ms} ms: {}", failure.message()),
            None => format!("no connection within {ms} ms"),
        };
        let peer = Peer {
            id: state.target.id,
            address: state.target.address(),
        };
        let error = peer.locate(Error::new(ErrorKind::Timeout, message));
        CallError::unsent(match state.last_failure.clone() {
            Some(failure) => error.with_source(failure),
            None => error,
        })
    }
}

impl State {
    /// The connection of a role that is open and ready.
    fn open(&self, role: Role) -> Option<Connection> {
        let attempt = self.attempts.get(role as usize)?.as_ref()?;
        match &*attempt.outcome.borrow() {
            Outcome::Up(open) if !open.is_closed() => Some(open.clone()),
            _ => None,
        }
    }

    /// Doubles with failures in a row (KIP-601).
    fn setup_limit(&self, net: &Net) -> Duration {
        let factor = 1_u32 << self.backoff.failures().min(16);
        let grown = net.options.setup_timeout.saturating_mul(factor);
        grown.min(net.options.setup_timeout_max.max(net.options.setup_timeout))
    }

    /// An open connection was found dead: when the next one may be tried.
    fn handle_lost(&mut self, dead: &Connection, net: &Net) -> Instant {
        let pauses = &net.options.reconnect_backoff;
        if dead.was_useful(pauses.max) {
            // Other roles may have found out earlier that the broker is gone.
            if self
                .failed_at
                .is_none_or(|failed_at| failed_at < dead.opened())
            {
                self.backoff.succeeded();
                self.last_failure = None;
            }
            let earliest = dead.opened() + pauses.initial;
            return self
                .backoff
                .until()
                .map_or(earliest, |until| until.max(earliest));
        }
        self.handle_failure(now(), None)
    }

    /// Failures of several roles at the same time are one failure of the broker.
    fn handle_failure(&mut self, started: Instant, error: Option<Error>) -> Instant {
        self.last_failure = error.or(self.last_failure.take());
        let known = self.failed_at.is_some_and(|failed_at| started < failed_at);
        match self.backoff.until() {
            Some(until) if known => until,
            _ => {
                let now = now();
                self.failed_at = Some(now);
                self.backoff.failed(now)
            }
        }
    }
}

/// One attempt at one connection.
struct Job {
    /// Weak, so that an attempt that nobody waits for ends with its broker.
    broker: Weak<Inner>,
    net: Arc<Net>,
    target: Target,
    generation: u64,
    limit: Duration,
    not_before: Option<Instant>,
}

impl Job {
    async fn run(self) -> Outcome {
        if let Some(until) = self.not_before {
            tokio::time::sleep_until(until.into()).await;
        }
        let started = now();
        let opened = Connection::open(&self.net, &self.target, self.limit).await;
        let error = match opened {
            Ok(connection) => return Outcome::Up(connection),
            Err(error) => error,
        };
        tracing::debug!(%error, "connecting failed");
        if let Some(broker) = self.broker.upgrade() {
            let mut state = broker.lock();
            if state.generation == self.generation {
                state.handle_failure(started, Some(error.clone()));
            }
        }
        Outcome::Down(error)
    }
}
