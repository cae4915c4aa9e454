//! Opening a connection: look up the name, try its addresses in turn, agree on versions.
//!
//! One limit covers all of it (`socket.connection.setup.timeout.ms`). Each address gets an equal
//! share of the time left, so that one that swallows everything and says nothing leaves time for
//! the others; an address that fails at once leaves its share to those after it.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};

use super::call::Peer;
use super::connection::{Connection, Opened};
use super::connector::BoxStream;
use super::options::{Net, Target};
use super::reader::FrameReader;
use crate::error::{Error, ErrorKind, FrameTooLarge};
use crate::ids::CorrelationId;
use crate::machine::handshake::{Handshake, Step};
use crate::protocol::ApiVersions;
use crate::protocol::frame::{decode_api_versions_response, encode_request};

/// The largest frame of a peer of which nothing is known yet.
const HANDSHAKE_FRAME_MAX: usize = 512 * 1024;

impl Connection {
    /// Opens a connection within `limit`.
    ///
    /// # Errors
    /// `Connect`, with every address and what happened there. If all addresses answered and trying
    /// again will not help, the kind of the last refusal (`Malformed` for what is no broker, or a
    /// broker's code).
    ///
    /// # Cancel safety
    /// Dropping the future closes what was opened.
    pub(crate) async fn open(net: &Net, target: &Target, limit: Duration) -> Result<Self, Error> {
        let deadline = Instant::now() + limit;
        let fail = |kind, message: String| {
            let peer = Peer {
                id: target.id,
                address: target.address(),
            };
            peer.locate(Error::new(kind, message))
        };
        let addresses = resolve(net, target, deadline)
            .await
            .map_err(|reason| fail(ErrorKind::Connect, reason))?;
        let mut tried = Vec::new();
        let mut failures = Vec::new();
        for (done, &address) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let shares = u32::try_from(addresses.len() - done).unwrap_or(u32::MAX);
            match dial(net, target, address, Instant::now() + left / shares).await {
                Ok(opened) => {
                    let address = &opened.peer.address;
                    tracing::debug!(%address, broker = ?target.id, "connected");
                    return Ok(Self::start(opened, &net.options));
                }
                Err(error) => {
                    tried.push(format!("{address}: {}", error.message()));
                    failures.push(error);
                }
            }
        }
        let message = format!("no connection: {}", tried.join("; "));
        let refused = failures.iter().all(|error| !error.is_retriable());
        let last = failures.pop();
        let kind = last.as_ref().filter(|_| refused).map(Error::kind);
        let error = fail(kind.unwrap_or(ErrorKind::Connect), message);
        Err(match last {
            Some(source) => error.with_source(source),
            None => error,
        })
    }
}

async fn resolve(net: &Net, target: &Target, deadline: Instant) -> Result<Vec<SocketAddr>, String> {
    let Target { host, port, .. } = target;
    let found = match timeout_at(deadline, net.connector.resolve(host, *port)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(format!("the name {host} was not found: {error}")),
        Err(_) => return Err(format!("the look-up of the name {host} took too long")),
    };
    let mut addresses = Vec::with_capacity(found.len());
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(format!("the name {host} has no address"));
    }
    Ok(addresses)
}

/// Connects to one address and agrees on versions, dialing twice where the exchange wants it.
async fn dial(
    net: &Net,
    target: &Target,
    address: SocketAddr,
    deadline: Instant,
) -> Result<Opened, Error> {
    let mut handshake = Handshake::new();
    loop {
        let mut stream = match timeout_at(deadline, net.connector.connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(Error::new(ErrorKind::Connect, error.to_string()).with_source(error));
            }
            Err(_) => {
                return Err(Error::new(ErrorKind::Connect, "nobody answered in time"));
            }
        };
        let mut reader = FrameReader::new(HANDSHAKE_FRAME_MAX, net.buffers.clone());
        let agreeing = negotiate(net, &mut handshake, &mut stream, &mut reader);
        match timeout_at(deadline, agreeing).await {
            Ok(Ok(versions)) => {
                reader.set_limit(net.options.frame_max);
                let name = target.address();
                let address = if name.contains(&address.ip().to_string()) {
                    name
                } else {
                    format!("{name} ({})", address.ip()).into()
                };
                let peer = Peer {
                    id: target.id,
                    address,
                };
                return Ok(Opened {
                    stream,
                    reader,
                    versions,
                    peer,
                });
            }
            Ok(Err(error)) if error.kind() == ErrorKind::Disconnected => {
                if !handshake.handle_disconnect() {
                    let message = format!(
                        "{} before it agreed on versions; is this a TLS port, or no broker?",
                        error.message()
                    );
                    return Err(Error::new(ErrorKind::Connect, message).with_source(error));
                }
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                return Err(Error::new(
                    ErrorKind::Connect,
                    "connected, but no answer to ApiVersions in time",
                ));
            }
        }
    }
}

/// The exchange on one stream. Dropped half-way, the stream goes with it, so that waiting for all
/// bytes of a write is safe here.
async fn negotiate(
    net: &Net,
    handshake: &mut Handshake,
    stream: &mut BoxStream,
    reader: &mut FrameReader,
) -> Result<ApiVersions, Error> {
    let client_id = net.options.client_id.as_deref();
    loop {
        let (request, version) = handshake.request();
        let correlation = CorrelationId(0);
        let frame = encode_request(correlation, client_id, &request, version)?;
        let broke = |error: std::io::Error| {
            let message = format!("the connection broke: {error}");
            Error::new(ErrorKind::Disconnected, message).with_source(error)
        };
        stream.write_all(&frame.into_bytes()).await.map_err(broke)?;
        stream.flush().await.map_err(broke)?;
        let answer = poll_fn(|cx| reader.poll_frame(cx, stream)).await;
        let answer = answer.map_err(|error| no_response(error.into_error()))?;
        let (answered, response) = decode_api_versions_response(answer, version)?;
        if answered != correlation {
            let message = format!("the first response is to request {answered}, not {correlation}");
            return Err(Error::new(ErrorKind::Malformed, message));
        }
        match handshake.handle_response(&response) {
            Step::Again => {}
            Step::Ready(versions) => return Ok(versions),
            Step::Failed(error) => return Err(error),
        }
    }
}

/// The limit was the handshake's and not `receive.message.max.bytes`: whatever is there, it is no
/// broker with a large response.
fn no_response(error: Error) -> Error {
    match FrameTooLarge::of(&error) {
        Some(_) => Error::new(error.kind(), error.message().to_owned()),
        None => error,
    }
}
