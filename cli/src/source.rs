//! Reads stdin and files on a thread of their own.
//!
//! A read of a terminal or of a pipe cannot be cancelled. On the runtime's threads it would hold
//! up the end of the program; this thread is simply left behind when `main` returns. The channel
//! is short, so that the reader never gets far ahead of the sender.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::failure::Failure;

/// How much is read at once, in bytes.
const CHUNK: usize = 64 * 1024;
/// How many chunks may wait.
const AHEAD: usize = 8;

/// One thing that happened while reading.
#[derive(Debug)]
pub(crate) enum Event {
    /// Bytes of the current input.
    Chunk(Bytes),
    /// The current input is at its end; the next one starts.
    End,
    /// The named input could not be read; nothing comes after this.
    Failed(String, io::Error),
}

/// Where lines come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Input {
    /// The standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// The inputs that `--file` names; stdin without any. A file that is not there is found out
    /// before the first record is sent.
    ///
    /// # Errors
    /// When a file does not exist or is a directory.
    pub(crate) fn all(paths: &[PathBuf]) -> Result<Vec<Self>, Failure> {
        if paths.is_empty() {
            return Ok(vec![Self::Stdin]);
        }
        paths.iter().map(|path| Self::of(path)).collect()
    }

    fn of(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Stdin);
        }
        let name = path.display();
        let meta = std::fs::metadata(path)
            .map_err(|error| Failure::refused(format!("cannot read {name}: {error}")))?;
        if meta.is_dir() {
            return Err(Failure::refused(format!(
                "cannot read {name}: it is a directory"
            )));
        }
        Ok(Self::File(path.to_owned()))
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    fn open(&self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::Stdin => Box::new(io::stdin().lock()),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }
}

/// Starts reading the inputs one after the other. The channel closes after the last one.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn read(inputs: Vec<Input>) -> Result<mpsc::Receiver<Event>, Failure> {
    let (events, receiver) = mpsc::channel(AHEAD);
    let work = move || {
        for input in inputs {
            if let Err(error) = read_one(&input, &events) {
                let _ = events.blocking_send(Event::Failed(input.name(), error));
                return;
            }
            if events.blocking_send(Event::End).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(work)
        .map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
    Ok(receiver)
}

fn read_one(input: &Input, events: &mpsc::Sender<Event>) -> io::Result<()> {
    let mut from = input.open()?;
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        let chunk = Event::Chunk(Bytes::copy_from_slice(bytes));
        if events.blocking_send(chunk).is_err() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_files_it_is_stdin_and_a_dash_is_stdin_too() {
        assert_eq!(Input::all(&[]).unwrap(), [Input::Stdin]);
        assert_eq!(Input::all(&["-".into()]).unwrap(), [Input::Stdin]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_found_out_first() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Input::all(&[dir.path().join("missing")]).is_err());
        assert!(Input::all(&[dir.path().to_owned()]).is_err());
    }

    #[test]
    fn files_come_in_order_each_with_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        let large = vec![b'x'; CHUNK * 2 + 1];
        std::fs::write(&a, &large).unwrap();
        std::fs::write(&b, b"two").unwrap();
        let mut events = read(Input::all(&[a, b]).unwrap()).unwrap();
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        while let Some(event) = events.blocking_recv() {
            match event {
                Event::Chunk(chunk) => bytes.extend_from_slice(&chunk),
                Event::End => ends.push(bytes.len()),
                Event::Failed(name, error) => panic!("{name}: {error}"),
            }
        }
        assert_eq!(ends, [large.len(), large.len() + 3]);
    }
}
