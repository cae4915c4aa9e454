//! Queued frames out to a stream: a cursor over slices, many of them in each write.
//!
//! Requests that queue up while the socket is busy leave together in one vectored write, and the
//! records in them are never copied. How many bytes of which frame have left is the pipeline's
//! business.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::connector::BoxStream;

/// Slices in one write.
const SLICES_MAX: usize = 64;

/// Frames on their way out.
#[derive(Debug, Default)]
pub(super) struct FrameWriter {
    /// None is empty.
    pieces: VecDeque<Bytes>,
    queued: usize,
    unflushed: bool,
}

impl FrameWriter {
    /// Appends a frame.
    pub(super) fn push(&mut self, frame: impl IntoIterator<Item = Bytes>) {
        for piece in frame.into_iter().filter(|piece| !piece.is_empty()) {
            self.queued += piece.len();
            self.pieces.push_back(piece);
        }
    }

    /// Bytes that have not left yet.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// One write of what is queued: how many bytes left. Pending when nothing is queued, after
    /// flushing the stream.
    ///
    /// # Errors
    /// The stream broke. What was counted before has left, and nothing else.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut BoxStream,
    ) -> Poll<io::Result<usize>> {
        if self.pieces.is_empty() {
            if self.unflushed {
                ready!(Pin::new(stream).poll_flush(cx))?;
                self.unflushed = false;
            }
            return Poll::Pending;
        }
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
        }
        let filled = self.pieces.len().min(SLICES_MAX);
        let slices = slices.get(..filled).unwrap_or_default();
        let written = ready!(Pin::new(stream).poll_write_vectored(cx, slices))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.advance(written);
        Poll::Ready(Ok(written))
    }

    fn advance(&mut self, mut written: usize) {
        self.unflushed = true;
        self.queued -= written;
        while let Some(piece) = self.pieces.front_mut() {
            if written < piece.len() {
                piece.advance(written);
                break;
            }
            written -= piece.len();
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn any_cut_of_the_writes_gives_the_same_bytes() {
        for room in [1, 2, 3, 7, 64, 1024] {
            let (ours, mut theirs) = tokio::io::duplex(room);
            let mut stream: BoxStream = Box::new(ours);
            let mut writer = FrameWriter::default();
            let pieces: Vec<Bytes> = (0..200_u8)
                .map(|n| vec![n; usize::from(n % 5)].into())
                .collect();
            let expected = pieces.concat();
            writer.push(pieces);
            assert_eq!(writer.queued(), expected.len());
            let reading = tokio::spawn(async move {
                let mut all = Vec::new();
                theirs.read_to_end(&mut all).await.unwrap();
                all
            });
            while writer.queued() > 0 {
                poll_fn(|cx| writer.poll_write(cx, &mut stream))
                    .await
                    .unwrap();
            }
            drop(stream);
            assert_eq!(reading.await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn queued_frames_leave_in_one_write() {
        let (ours, _theirs) = tokio::io::duplex(1024);
        let mut stream: BoxStream = Box::new(ours);
        let mut writer = FrameWriter::default();
        for _ in 0..10 {
            writer.push([Bytes::from_static(b"head"), Bytes::from_static(b"records")]);
        }
        let written = poll_fn(|cx| writer.poll_write(cx, &mut stream)).await;
        assert_eq!(written.unwrap(), 110);
    }
}
