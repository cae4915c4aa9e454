//! Frames out of a stream of bytes: four bytes of length, then as many bytes.
//!
//! Small frames arrive many at a time, so they are read together into one fixed inbox and copied
//! out of it: a frame that somebody keeps then pins its own size and not the inbox. A frame that
//! does not fit the inbox gets a buffer of its own, and reads go straight into that, up to its last
//! byte and no further.
//!
//! The announced length is only a claim. It is refused above the limit, and below it memory grows
//! with the bytes that really came, never with the claim.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes};
use tokio::io::AsyncReadExt;

use super::connector::BoxStream;
use super::pool::BufferPool;
use crate::error::{Error, ErrorKind, FrameTooLarge};

/// Bytes of the inbox. Larger frames get buffers of their own.
const INBOX: usize = 32 * 1024;
/// Bytes by which a large frame's fresh buffer grows at least.
const GROWTH_MIN: usize = 64 * 1024;
const PREFIX: usize = 4;

/// Why no frame can be read any more.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The peer closed the stream between two frames.
    Closed,
    /// The peer closed the stream in the middle of a frame.
    Cut { got: usize, of: usize },
    /// The stream broke.
    Io(io::Error),
    /// A length that is negative or above the limit.
    Length { prefix: [u8; PREFIX], limit: usize },
}

impl ReadError {
    /// The error for whoever waits on this stream.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Closed => Error::new(ErrorKind::Disconnected, "the broker closed the connection"),
            Self::Cut { got, of } => Error::new(
                ErrorKind::Disconnected,
                format!("the connection ended inside a frame, after {got} of {of} bytes"),
            ),
            Self::Io(error) => Error::new(
                ErrorKind::Disconnected,
                format!("the connection broke: {error}"),
            )
            .with_source(error),
            Self::Length { prefix, limit } => {
                let length = i32::from_be_bytes(prefix);
                let hint = hint(prefix);
                let error = Error::new(
                    ErrorKind::Malformed,
                    format!("a frame of {length} bytes was announced, the limit is {limit}{hint}"),
                );
                match usize::try_from(length) {
                    Ok(size) if hint.is_empty() => error.with_source(FrameTooLarge { size, limit }),
                    _ => error,
                }
            }
        }
    }
}

/// What other protocols say first, read as a length.
fn hint(prefix: [u8; PREFIX]) -> &'static str {
    match &prefix {
        [0x15 | 0x16, 0x03, _, _] => {
            "; these bytes are TLS: is this a TLS port (security.protocol=SSL)?"
        }
        b"HTTP" => "; these bytes are HTTP: is this the port of a web server?",
        b"SSH-" => "; these bytes are SSH: is this the right port?",
        _ => "",
    }
}

/// A frame on its way in that the inbox cannot hold.
#[derive(Debug)]
struct Large {
    buffer: Vec<u8>,
    len: usize,
}

/// Reads frames; keeps what came of the next one between calls.
#[derive(Debug)]
pub(super) struct FrameReader {
    limit: usize,
    /// Bytes before `start` were handed out.
    inbox: Vec<u8>,
    start: usize,
    large: Option<Large>,
    pool: BufferPool,
}

impl FrameReader {
    /// A reader that refuses frames of more than `limit` bytes.
    pub(super) fn new(limit: usize, pool: BufferPool) -> Self {
        Self {
            limit,
            inbox: Vec::new(),
            start: 0,
            large: None,
            pool,
        }
    }

    /// Frames from now on may have this many bytes.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// The next frame, without its length.
    ///
    /// # Errors
    /// There will be no more frames; see [`ReadError`].
    ///
    /// # Cancel safety
    /// Between calls nothing is lost.
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut BoxStream,
    ) -> Poll<Result<Bytes, ReadError>> {
        loop {
            if let Some(frame) = self.take_frame()? {
                return Poll::Ready(Ok(frame));
            }
            if ready!(self.poll_fill(cx, stream)).map_err(ReadError::Io)? == 0 {
                return Poll::Ready(Err(self.ended()));
            }
        }
    }

    /// The next frame if all of it is here. If not, there is room to read more of it.
    fn take_frame(&mut self) -> Result<Option<Bytes>, ReadError> {
        if self.large.is_none() {
            let received = self.inbox.get(self.start..).unwrap_or_default();
            let Some((prefix, body)) = received.split_first_chunk::<PREFIX>() else {
                return Ok(None);
            };
            let len = self.checked_len(*prefix)?;
            if let Some(frame) = body.get(..len) {
                let frame = Bytes::copy_from_slice(frame);
                self.start += PREFIX + len;
                return Ok(Some(frame));
            }
            if PREFIX + len <= INBOX {
                return Ok(None);
            }
            let mut buffer = self.pool.take(len);
            buffer.extend_from_slice(body);
            self.large = Some(Large { buffer, len });
            self.inbox.clear();
            self.start = 0;
        }
        match self.large.take() {
            Some(large) if large.buffer.len() == large.len => {
                Ok(Some(self.pool.share(large.buffer)))
            }
            large => {
                self.large = large;
                Ok(None)
            }
        }
    }

    fn checked_len(&self, prefix: [u8; PREFIX]) -> Result<usize, ReadError> {
        match usize::try_from(i32::from_be_bytes(prefix)) {
            Ok(len) if len <= self.limit => Ok(len),
            _ => Err(ReadError::Length {
                prefix,
                limit: self.limit,
            }),
        }
    }

    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut BoxStream,
    ) -> Poll<io::Result<usize>> {
        if let Some(Large { buffer, len }) = &mut self.large {
            let missing = *len - buffer.len();
            if buffer.len() == buffer.capacity() {
                buffer.reserve_exact(missing.min(buffer.len().max(GROWTH_MIN)));
            }
            let room = missing.min(buffer.capacity() - buffer.len());
            return pin!(stream.read_buf(&mut buffer.limit(room))).poll(cx);
        }
        // What is left is less than one frame, so that moving it to the front is cheap and makes
        // room for all of that frame.
        self.inbox.drain(..self.start);
        self.start = 0;
        self.inbox.reserve_exact(INBOX - self.inbox.len());
        let room = INBOX - self.inbox.len();
        pin!(stream.read_buf(&mut (&mut self.inbox).limit(room))).poll(cx)
    }

    fn ended(&self) -> ReadError {
        match &self.large {
            Some(large) => ReadError::Cut {
                got: PREFIX + large.buffer.len(),
                of: PREFIX + large.len,
            },
            None if self.inbox.is_empty() => ReadError::Closed,
            None => {
                let announced = self.inbox.first_chunk::<PREFIX>().copied();
                let len = announced.and_then(|prefix| self.checked_len(prefix).ok());
                ReadError::Cut {
                    got: self.inbox.len(),
                    of: PREFIX + len.unwrap_or(0),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
