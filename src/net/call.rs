//! A request on its way through a connection, and the ways in which it can fail.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::error::{Error, ErrorKind};
use crate::ids::BrokerId;
pub(crate) use crate::machine::pipeline::Sent;
use crate::machine::pipeline::Ticket;
use crate::protocol::{ApiKey, Chunks};

/// A request failed below the level of Kafka's own error codes.
///
/// Kinds: `Disconnected` (the connection was lost, for whatever reason; the source says why),
/// `Timeout` (this very request was too slow), `Malformed` (its answer could not be read),
/// `Connect` (there is no connection), `UnsupportedVersion`, `InvalidInput`.
#[derive(Clone, Debug)]
pub(crate) struct CallError {
    pub(crate) error: Error,
    /// Whether the broker may have carried the request out all the same.
    pub(crate) sent: Sent,
}

impl CallError {
    pub(crate) fn unsent(error: impl Into<Error>) -> Self {
        Self {
            error: error.into(),
            sent: Sent::No,
        }
    }
}

impl From<CallError> for Error {
    fn from(call: CallError) -> Self {
        call.error
    }
}

/// Who is at the other end, for errors.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) id: Option<BrokerId>,
    /// Host, port and the address used of that host.
    pub(crate) address: Arc<str>,
}

impl Peer {
    pub(super) fn locate(&self, error: Error) -> Error {
        let error = error.with_address(self.address.clone());
        match self.id {
            Some(id) => error.with_broker(id),
            None => error,
        }
    }
}

/// What the connection's task needs of a request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) frame: Chunks,
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) reply: oneshot::Sender<Result<Bytes, CallError>>,
}

impl Ticket for Call {
    fn is_orphaned(&self) -> bool {
        self.reply.is_closed()
    }
}

impl Call {
    /// Nobody listening any more is fine: the answer to an orphan is dropped here.
    pub(super) fn succeed(self, answer: Bytes) {
        let _ = self.reply.send(Ok(answer));
    }

    /// The connection ended with this request on it.
    pub(super) fn lose(self, peer: &Peer, reason: &Error, sent: Sent) {
        let error = lost(peer, self.api, self.version, reason);
        let _ = self.reply.send(Err(CallError { error, sent }));
    }

    /// The request was too slow to be written or answered.
    pub(super) fn time_out(self, peer: &Peer, timeout: Duration, sent: Sent) {
        let what = match sent {
            Sent::No => "could not be sent",
            Sent::Maybe => "no answer",
        };
        let (api, version, ms) = (self.api, self.version, timeout.as_millis());
        let message = format!("{api} v{version}: {what} within {ms} ms");
        let error = peer.locate(Error::new(ErrorKind::Timeout, message));
        let _ = self.reply.send(Err(CallError { error, sent }));
    }
}

/// The error of a request whose connection ended for `reason`.
pub(super) fn lost(peer: &Peer, api: ApiKey, version: i16, reason: &Error) -> Error {
    let message = format!("{api} v{version}: {}", reason.message());
    peer.locate(Error::new(ErrorKind::Disconnected, message).with_source(reason.clone()))
}
