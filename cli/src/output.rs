//! Writes to stdout, on a thread of its own where much is written.
//!
//! A write to a pipe that nobody reads waits for ever and cannot be cancelled. On its own thread
//! it does not keep a signal from ending the program. A closed stdout (`| head`) is no error: it
//! is how a reader says that it has enough.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::thread;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use tokio::sync::mpsc;

use crate::failure::Failure;

/// What became of a write.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Written {
    /// All of it was written and flushed.
    All,
    /// Nobody reads it any more.
    Closed,
}

/// Stdout behind a thread.
#[derive(Debug)]
pub(crate) struct Output {
    writes: mpsc::Sender<Vec<u8>>,
    /// Each written buffer comes back, empty, with its outcome.
    done: mpsc::Receiver<(Vec<u8>, io::Result<()>)>,
}

impl Output {
    /// Writes to stdout.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn stdout() -> Result<Self, Failure> {
        Self::to(io::stdout())
    }

    fn to(mut sink: impl Write + Send + 'static) -> Result<Self, Failure> {
        let (writes, mut queue) = mpsc::channel::<Vec<u8>>(1);
        let (outcomes, done) = mpsc::channel(1);
        let work = move || {
            while let Some(mut buffer) = queue.blocking_recv() {
                let outcome = sink.write_all(&buffer).and_then(|()| sink.flush());
                buffer.clear();
                if outcomes.blocking_send((buffer, outcome)).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(work)
            .map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
        Ok(Self { writes, done })
    }

    /// Writes and flushes all of `buffer`, and empties it.
    ///
    /// # Errors
    /// When stdout takes no more for another reason than being closed: a full disk, say.
    ///
    /// # Cancel safety
    /// Not cancel safe: after a dropped call only ending the program is left.
    pub(crate) async fn write(&mut self, buffer: &mut Vec<u8>) -> Result<Written, Failure> {
        if buffer.is_empty() {
            return Ok(Written::All);
        }
        let gone = || Failure::new("cannot write to stdout: its thread ended");
        self.writes
            .send(std::mem::take(buffer))
            .await
            .map_err(|_| gone())?;
        let (back, outcome) = self.done.recv().await.ok_or_else(gone)?;
        *buffer = back;
        outcome_of(outcome)
    }
}

/// Returns when nobody reads stdout any more, which a program that has nothing to write would not
/// find out. Never returns where that cannot be seen: a file, say.
pub(crate) async fn closed() {
    let watched = io::stdout().as_fd().try_clone_to_owned();
    // Unchecked leaves it blocking: the flag would be shared with whoever has this pipe.
    let watched = watched.and_then(Sender::from_owned_fd_unchecked);
    if let Ok(stdout) = watched {
        if stdout.ready(Interest::ERROR).await.is_ok() {
            return;
        }
    }
    std::future::pending().await
}

/// Writes a result that is small and comes last. A closed stdout is no error.
///
/// # Errors
/// When stdout takes no more for another reason than being closed.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let outcome = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    outcome_of(outcome).map(|_| ())
}

/// Tells the user something that is not a result.
pub(crate) fn note(text: &str) {
    // Without a stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

fn outcome_of(outcome: io::Result<()>) -> Result<Written, Failure> {
    match outcome {
        Ok(()) => Ok(Written::All),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Written::Closed),
        Err(error) => Err(Failure::new(format!("cannot write to stdout: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink {
        bytes: Arc<Mutex<Vec<u8>>>,
        fail: Option<io::ErrorKind>,
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(kind) = self.fail {
                return Err(kind.into());
            }
            self.bytes.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_write_returns_when_all_is_written_and_gives_the_buffer_back() {
        let sink = Sink::default();
        let mut output = Output::to(sink.clone()).unwrap();
        let mut buffer = Vec::with_capacity(1000);
        for text in ["one\n", "two\n"] {
            buffer.extend_from_slice(text.as_bytes());
            assert_eq!(output.write(&mut buffer).await, Ok(Written::All));
        }
        assert_eq!(*sink.bytes.lock().unwrap(), b"one\ntwo\n");
        assert!(buffer.is_empty() && buffer.capacity() >= 1000);
    }

    #[tokio::test]
    async fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
        for (kind, closed) in [
            (io::ErrorKind::BrokenPipe, true),
            (io::ErrorKind::StorageFull, false),
        ] {
            let sink = Sink {
                fail: Some(kind),
                ..Sink::default()
            };
            let mut output = Output::to(sink).unwrap();
            let outcome = output.write(&mut b"x".to_vec()).await;
            assert_eq!(
                outcome.is_ok_and(|w| w == Written::Closed),
                closed,
                "{kind}"
            );
        }
    }
}
