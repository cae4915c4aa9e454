//! The task of one connection: it moves bytes, and leaves every decision to the pipeline.
//!
//! Reading and writing share one task and one stream, and neither waits for the other: each turn
//! reads what the socket has, takes what the callers gave and writes what fits. A hand-written
//! poll loop instead of `select!`, because both directions borrow the same stream.
//!
//! Time-outs are judged last in a turn, after everything readable was read: a program that stood
//! still for a while must not blame the broker for it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Sleep;

use super::call::{Call, Sent};
use super::clock::now;
use super::connector::BoxStream;
use super::reader::FrameReader;
use super::shared::Shared;
use super::writer::FrameWriter;
use crate::error::{Error, ErrorKind};
use crate::machine::pipeline::{Expired, Pipeline, Request};
use crate::protocol::frame::peek_correlation;

/// No further frame joins the write queue while this many bytes are in it.
const WRITE_AHEAD: usize = 256 * 1024;

/// Turns of the loop before the task lets others run.
const TURNS_MAX: usize = 64;

/// Drives one connection until it ends.
pub(super) struct Driver {
    pub(super) stream: BoxStream,
    pub(super) reader: FrameReader,
    pub(super) writer: FrameWriter,
    pub(super) pipeline: Pipeline<Call>,
    pub(super) commands: mpsc::Receiver<Request<Call>>,
    pub(super) shared: Arc<Shared>,
    pub(super) timer: Pin<Box<Sleep>>,
}

impl Driver {
    /// Runs until the connection is lost, closed or of no use to anybody, then tells all callers.
    pub(super) async fn run(mut self) {
        let reason = poll_fn(|cx| self.poll(cx)).await;
        let Self {
            stream,
            pipeline,
            mut commands,
            shared,
            ..
        } = self;
        drop(stream);
        shared.set_closed(now(), reason.clone());
        for (request, sent) in pipeline.close() {
            request.ticket.lose(&shared.peer, &reason, sent);
        }
        commands.close();
        while let Some(request) = commands.recv().await {
            request.ticket.lose(&shared.peer, &reason, Sent::No);
        }
    }

    /// Ready with the reason for which the connection ends.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        match self.poll_turns(cx) {
            Ok(()) => Poll::Pending,
            Err(reason) => Poll::Ready(reason),
        }
    }

    fn poll_turns(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        self.shared.waker.register(cx.waker());
        for _ in 0..TURNS_MAX {
            if let Some(reason) = self.shared.condemned() {
                return Err(reason);
            }
            let now = now();
            if let Some(until) = self.shared.muted_until() {
                self.pipeline.handle_throttle(now, until);
            }
            // Reading comes first: an answer frees a slot for what is written next, and the end of
            // an idle stream is seen before a request is lost on it.
            let read = self.poll_read(cx, now)?;
            let took = self.poll_commands(cx, now)?;
            let wrote = self.poll_write(cx, now)?;
            if read || took || wrote {
                continue;
            }
            if !self.poll_timer(cx, now)? {
                return Ok(());
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    fn poll_commands(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, Error> {
        let mut progress = false;
        while self.pipeline.has_room() {
            match self.commands.poll_recv(cx) {
                Poll::Ready(Some(request)) => self.pipeline.handle_submit(now, request),
                // Whoever waits for an answer holds a handle, so nobody does.
                Poll::Ready(None) => {
                    return Err(Error::new(ErrorKind::Closed, "the connection is not used"));
                }
                Poll::Pending => break,
            }
            progress = true;
        }
        Ok(progress)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, Error> {
        while self.writer.queued() < WRITE_AHEAD {
            let Some(request) = self.pipeline.poll_write(now) else {
                break;
            };
            self.writer.push(std::mem::take(&mut request.ticket.frame));
        }
        match self.writer.poll_write(cx, &mut self.stream) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(bytes)) => {
                self.pipeline.handle_written(now, bytes);
                while let Some(request) = self.pipeline.poll_done() {
                    request.ticket.succeed(Bytes::new());
                }
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(Error::new(
                ErrorKind::Disconnected,
                format!("the connection broke: {error}"),
            )
            .with_source(error)),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, Error> {
        let frame = match self.reader.poll_frame(cx, &mut self.stream) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Ok(frame)) => frame,
            Poll::Ready(Err(error)) => return Err(error.into_error()),
        };
        let malformed = |message: String| Err(Error::new(ErrorKind::Malformed, message));
        let Some(correlation) = peek_correlation(&frame) else {
            return malformed(format!("a response of {} bytes has no header", frame.len()));
        };
        match self.pipeline.handle_response(now, correlation) {
            Ok(request) => {
                self.shared.note_answer();
                request.ticket.succeed(frame);
                Ok(true)
            }
            Err(out) => {
                let due = out.expected.map_or("none".to_owned(), |id| id.to_string());
                malformed(format!(
                    "a response to request {} came, due was {due}",
                    out.got
                ))
            }
        }
    }

    /// Whether the timer fired, so that another turn is due.
    fn poll_timer(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, Error> {
        while let Some(expired) = self.pipeline.handle_timeout(now) {
            match expired {
                Expired::Waiting(request) => {
                    let (ticket, timeout) = (request.ticket, request.timeout);
                    ticket.time_out(&self.shared.peer, timeout, Sent::No);
                }
                Expired::InFlight(request, sent) => {
                    let api = request.ticket.api;
                    let (ticket, timeout) = (request.ticket, request.timeout);
                    ticket.time_out(&self.shared.peer, timeout, sent);
                    return Err(Error::new(
                        ErrorKind::Timeout,
                        format!(
                            "the broker did not answer {api} within {} ms",
                            timeout.as_millis()
                        ),
                    ));
                }
                Expired::Idle => {
                    self.shared.note_idle_close();
                    return Err(Error::new(
                        ErrorKind::Disconnected,
                        "closed after being idle",
                    ));
                }
            }
        }
        let Some(next) = self.pipeline.poll_timeout() else {
            return Ok(false);
        };
        // An armed timer is only ever moved forward: firing early costs one turn, moving it back
        // with every request would cost one walk of the timer wheel each.
        let next = tokio::time::Instant::from_std(next);
        if self.timer.is_elapsed() || next < self.timer.deadline() {
            self.timer.as_mut().reset(next);
        }
        Ok(self.timer.as_mut().poll(cx).is_ready())
    }
}
