//! Starts the binary, feeds it, and never waits for it longer than [`PATIENCE`].

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any command of these tests may take, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command that has not started.
pub(crate) fn tidewire(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidewire"));
    command
        .args(args)
        .env_remove("TIDEWIRE_BOOTSTRAP")
        .env_remove("RUST_LOG");
    command
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Fails the test unless the exit code is 0.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code(), Some(0), "{self:?}");
        self
    }

    /// Fails the test unless the exit code is this one.
    pub(crate) fn fails_with(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{self:?}");
        self
    }

    /// Fails the test unless stderr has all of these.
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
        self
    }
}

/// A started command.
pub(crate) struct Running {
    pub(crate) child: Child,
    started: Instant,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        Self {
            child,
            started: Instant::now(),
        }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(status.success());
        // The signal stops the thread that it is given to, which stops the others: on a busy
        // machine they may go on for a while.
        while name == "STOP" && !has_stopped(&id) {
            assert!(self.started.elapsed() < PATIENCE, "it does not stop");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Closes stdin, reads what is left and waits for the end. It starts to read here.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.child.stdin.take());
        let stdout = self.child.stdout.take().map(collect);
        let stderr = self.child.stderr.take().map(collect);
        let status = self.wait();
        let took = self.started.elapsed();
        let bytes = |reader: Option<thread::JoinHandle<Vec<u8>>>| {
            reader.map_or_else(Vec::new, |reader| reader.join().unwrap())
        };
        let stderr = String::from_utf8_lossy(&bytes(stderr)).into_owned();
        Ended {
            status,
            stdout: bytes(stdout),
            stderr,
            took,
        }
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            if self.started.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("it did not end within {PATIENCE:?}");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether no thread of a process goes on.
fn has_stopped(id: &str) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let mut states = threads.flatten().filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).ok()?;
        let after_name = stat.rsplit(") ").next()?;
        after_name.chars().next()
    });
    states.all(|state| state == 'T')
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Runs a command to its end, with these bytes as its stdin.
pub(crate) fn run(args: &[&str], stdin: &[u8]) -> Ended {
    let mut running = Running::start(tidewire(args));
    let mut to = running.child.stdin.take().unwrap();
    let stdin = stdin.to_vec();
    let writer = thread::spawn(move || {
        // A command that ends before it read everything closes the pipe.
        let _ = to.write_all(&stdin);
    });
    let ended = running.end();
    writer.join().unwrap();
    ended
}

/// `tidewire mock` for one test; it ends with it.
pub(crate) struct Mock {
    running: Running,
    pub(crate) bootstrap: String,
}

impl Mock {
    pub(crate) fn start(nodes: u16) -> Self {
        let nodes = nodes.to_string();
        let mut running = Running::start(tidewire(&[
            "mock",
            "--listen",
            "127.0.0.1:0",
            "--nodes",
            &nodes,
        ]));
        let mut line = String::new();
        BufReader::new(running.child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let bootstrap = line.trim().strip_prefix("bootstrap.servers=");
        let bootstrap = bootstrap
            .unwrap_or_else(|| panic!("the mock said {line:?}"))
            .to_owned();
        Self { running, bootstrap }
    }

    /// Runs a command against it.
    pub(crate) fn run(&self, args: &[&str], stdin: &[u8]) -> Ended {
        run(&[&["-b", &self.bootstrap], args].concat(), stdin)
    }

    /// Sends a signal to it: STOP makes every broker silent.
    pub(crate) fn signal(&self, name: &str) {
        self.running.signal(name);
    }

    /// Starts a command against it.
    pub(crate) fn spawn(&self, args: &[&str]) -> Running {
        Running::start(tidewire(&[&["-b", &self.bootstrap], args].concat()))
    }
}
