//! One connection to one broker: a cheap handle on the task that owns the stream.
//!
//! Requests are pipelined and answered in order. The handle only encodes, decodes and waits; order,
//! slots and time-outs are the pipeline's (`machine::pipeline`), the bytes are the driver's.
//!
//! Invariants:
//! - A request that fails says whether the broker may have seen it ([`Sent`]). Only a request of
//!   which not one byte was given to the socket is `Sent::No`.
//! - Dropping the future of a request takes nothing back. If it has begun to leave, its slot stays
//!   taken until its answer comes, since the broker answers in order; if not, it is not sent.
//! - A stream is never used again after anything on it went wrong: a wrong length, an answer out
//!   of step, an answer that cannot be read, a request that was not answered in time.
//! - When the last handle goes, and with it the last caller, the task ends and closes the stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::call::{Call, CallError, Peer, Sent, lost};
use super::clock::now;
use super::connector::BoxStream;
use super::driver::Driver;
use super::options::NetOptions;
use super::reader::FrameReader;
use super::shared::Shared;
use super::writer::FrameWriter;
use crate::error::{Error, ErrorKind};
use crate::ids::CorrelationId;
use crate::machine::pipeline::{Pipeline, PipelineLimits, Request as Queued};
use crate::protocol::frame::{decode_response, encode_request};
use crate::protocol::{ApiKey, ApiVersions, Chunks, Decode, Encode, Request, Response};

/// Requests on their way from callers to the connection's task, or as many as may be in flight if
/// that is more. With those that wait for a slot (`WAITING_MAX`) this is all a connection holds of
/// what was not sent.
const COMMANDS_MIN: usize = 32;

/// A handle on a connection; clones are handles on the same one.
#[derive(Clone, Debug)]
pub(crate) struct Connection(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    commands: mpsc::Sender<Queued<Call>>,
    shared: Arc<Shared>,
    versions: ApiVersions,
    client_id: Option<Arc<str>>,
    correlation: AtomicI32,
}

/// An open stream whose versions were agreed on.
pub(super) struct Opened {
    pub(super) stream: BoxStream,
    pub(super) reader: FrameReader,
    pub(super) versions: ApiVersions,
    pub(super) peer: Peer,
}

impl Connection {
    /// Starts the task of an open stream.
    pub(super) fn start(opened: Opened, options: &NetOptions) -> Self {
        let now = now();
        let shared = Arc::new(Shared::new(now, opened.peer));
        // Who keeps to the limit finds room at once, and so keeps the order: of two who wait for
        // room either may be first.
        let room = COMMANDS_MIN.max(options.in_flight_max);
        let (commands, receiver) = mpsc::channel(room.min(Semaphore::MAX_PERMITS));
        let limits = PipelineLimits {
            in_flight: options.in_flight_max,
            idle: options.idle,
        };
        let driver = Driver {
            stream: opened.stream,
            reader: opened.reader,
            writer: FrameWriter::default(),
            pipeline: Pipeline::new(now, limits),
            commands: receiver,
            shared: shared.clone(),
            timer: Box::pin(tokio::time::sleep(options.idle.unwrap_or(IDLE_TIMER))),
        };
        tokio::spawn(driver.run());
        Self(Arc::new(Handle {
            commands,
            shared,
            versions: opened.versions,
            client_id: options.client_id.clone(),
            correlation: AtomicI32::new(1),
        }))
    }

    /// What the broker at the other end speaks.
    pub(crate) fn versions(&self) -> &ApiVersions {
        &self.0.versions
    }

    /// Who is at the other end.
    pub(crate) fn peer(&self) -> &Peer {
        &self.0.shared.peer
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.commands.is_closed()
    }

    /// Waits until the connection has ended, and says why.
    ///
    /// # Cancel safety
    /// Safe: it only watches.
    #[cfg(test)]
    pub(crate) async fn closed(&self) -> Error {
        self.0.commands.closed().await;
        self.close_reason()
    }

    /// Closes the connection; every request on it fails as `Disconnected`.
    pub(crate) fn close(&self, reason: Error) {
        self.0.shared.condemn(reason);
    }

    /// When it was opened.
    pub(super) fn opened(&self) -> Instant {
        self.0.shared.opened()
    }

    /// Whether a connection that has ended was worth its opening: it answered a request after the
    /// agreement on versions, was closed by us for being idle, or lived for `lifetime`.
    pub(super) fn was_useful(&self, lifetime: Duration) -> bool {
        self.0.shared.was_useful(lifetime)
    }

    /// The broker asked for a pause (KIP-219). [`Connection::call`] and [`Connection::decode`] take
    /// note by themselves.
    pub(crate) fn throttle(&self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        let shared = &self.0.shared;
        shared.mute(now(), pause);
        let (address, ms) = (&shared.peer.address, pause.as_millis());
        tracing::debug!(%address, ms, "throttled by the broker");
    }

    /// How long the broker still wants quiet; zero if it does not.
    pub(crate) fn muted_for(&self) -> Duration {
        let until = self.0.shared.muted_until();
        until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(now())
        })
    }

    /// Sends a request in the newest version that both sides speak, `cap` at most, and waits for
    /// the answer. A throttle time in it is obeyed for the connection's later requests.
    ///
    /// # Errors
    /// See [`CallError`]. An answer that cannot be read ends the connection.
    ///
    /// # Cancel safety
    /// The request may be sent all the same; its answer is then dropped.
    pub(crate) async fn call<R>(
        &self,
        request: &R,
        cap: Option<i16>,
        timeout: Duration,
    ) -> Result<R::Response, CallError>
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        let version = self.pick(R::KEY, cap)?;
        let (correlation, frame) = self.encode(request, version)?;
        let answer = self.submit(frame, R::KEY, version, correlation, timeout);
        self.decode(answer.await?, version)
    }

    /// The newest version that both sides speak, `cap` at most.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn pick(&self, api: ApiKey, cap: Option<i16>) -> Result<i16, CallError> {
        let versions = self.versions();
        let picked = cap.map_or_else(|| versions.pick(api), |cap| versions.pick_at_most(api, cap));
        picked.map_err(|error| CallError::unsent(self.peer().locate(error.into())))
    }

    /// A request as a frame with an id of its own, for [`Connection::submit`].
    ///
    /// # Errors
    /// The version cannot express the request.
    pub(crate) fn encode<R: Request + Encode>(
        &self,
        request: &R,
        version: i16,
    ) -> Result<(CorrelationId, Chunks), CallError> {
        let correlation = self.next_correlation();
        let client_id = self.0.client_id.as_deref();
        encode_request(correlation, client_id, request, version)
            .map(|frame| (correlation, frame))
            .map_err(CallError::unsent)
    }

    /// Reads the answer to a submitted request and takes note of its throttle time.
    ///
    /// # Errors
    /// The bytes are not such a response; the connection is closed.
    pub(crate) fn decode<R: Response + Decode>(
        &self,
        answer: Bytes,
        version: i16,
    ) -> Result<R, CallError> {
        match decode_response::<R>(answer, version) {
            Ok((_, response)) => {
                self.throttle(response.throttle_time());
                Ok(response)
            }
            Err(error) => {
                let message = format!("{} v{version}: the answer is malformed: {error}", R::KEY);
                let error = Error::new(ErrorKind::Malformed, message).with_source(error);
                let error = self.peer().locate(error);
                self.close(error.clone());
                let sent = Sent::Maybe;
                Err(CallError { error, sent })
            }
        }
    }

    /// An id that no request in flight has, for a frame that the caller encodes by itself.
    pub(crate) fn next_correlation(&self) -> CorrelationId {
        CorrelationId(self.0.correlation.fetch_add(1, Relaxed) & i32::MAX)
    }

    /// Queues a frame at once and returns the future of its answer (header included, for
    /// [`Connection::decode`]), so that one task can drive many. Frames leave in the order of the
    /// calls, as long as no more of them have no outcome than may be in flight.
    ///
    /// The limit is `timeout` to get a slot and `timeout` again to be answered; while the broker
    /// has muted the connection neither runs.
    ///
    /// # Cancel safety
    /// Dropping the future takes nothing back; see the module's page.
    pub(crate) fn submit(
        &self,
        frame: Chunks,
        api: ApiKey,
        version: i16,
        correlation: CorrelationId,
        timeout: Duration,
    ) -> impl Future<Output = Result<Bytes, CallError>> + Send + use<> {
        self.queue(frame, api, version, correlation, timeout, true)
    }

    /// Sends a frame that the broker will not answer (`acks=0`): done when the socket has taken all
    /// of it. It takes no slot.
    ///
    /// # Errors
    /// See [`CallError`].
    ///
    /// # Cancel safety
    /// As [`Connection::submit`].
    pub(crate) fn send_unanswered(
        &self,
        frame: Chunks,
        api: ApiKey,
        version: i16,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), CallError>> + Send + use<> {
        let correlation = self.next_correlation();
        let sent = self.queue(frame, api, version, correlation, timeout, false);
        async move { sent.await.map(drop) }
    }

    fn queue(
        &self,
        frame: Chunks,
        api: ApiKey,
        version: i16,
        correlation: CorrelationId,
        timeout: Duration,
        answered: bool,
    ) -> impl Future<Output = Result<Bytes, CallError>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let request = Queued {
            correlation,
            len: frame.len(),
            timeout,
            answered,
            ticket: Call {
                frame,
                api,
                version,
                reply,
            },
        };
        let queued = self.0.commands.try_send(request);
        // The future keeps a handle: as long as somebody waits the connection is of use.
        let connection = self.clone();
        async move {
            match queued {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Closed(_)) => {
                    return Err(connection.gone(api, version));
                }
                Err(mpsc::error::TrySendError::Full(request)) => {
                    connection.queue_later(request).await?;
                }
            }
            answer.await.unwrap_or_else(|_| {
                // The task itself is gone: the runtime was shut down.
                let error = lost(connection.peer(), api, version, &connection.close_reason());
                let sent = Sent::Maybe;
                Err(CallError { error, sent })
            })
        }
    }

    async fn queue_later(&self, request: Queued<Call>) -> Result<(), CallError> {
        let (api, version) = (request.ticket.api, request.ticket.version);
        let timeout = request.timeout;
        match tokio::time::timeout(timeout, self.0.commands.send(request)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.gone(api, version)),
            Err(_) => {
                let ms = timeout.as_millis();
                let message = format!("{api} v{version}: could not be queued within {ms} ms");
                let error = Error::new(ErrorKind::Timeout, message);
                Err(CallError::unsent(self.peer().locate(error)))
            }
        }
    }

    fn close_reason(&self) -> Error {
        let reason = self.0.shared.closed();
        reason.unwrap_or_else(|| Error::new(ErrorKind::Closed, "the runtime was shut down"))
    }

    fn gone(&self, api: ApiKey, version: i16) -> CallError {
        CallError::unsent(lost(self.peer(), api, version, &self.close_reason()))
    }
}

/// The first setting of the timer of a connection that is never closed for being idle.
const IDLE_TIMER: Duration = Duration::from_secs(3600);
