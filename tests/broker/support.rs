//! What a test needs of the outside: a broker's address, witnesses, faults.
//!
//! `cargo xtask test` sets the environment. By hand, with a cluster of `cargo xtask broker up`:
//! `TIDEWIRE_TEST_BOOTSTRAP=127.0.0.1:PORT cargo test --test broker`, and for tests that disturb it
//! also `TIDEWIRE_TEST_CLUSTER=default`.
//!
//! | variable | meaning |
//! |---|---|
//! | `TIDEWIRE_TEST_BOOTSTRAP` | the broker's addresses; without it all tests here skip |
//! | `TIDEWIRE_TEST_CLUSTER` | the cluster's `--name` in `cargo xtask broker`; without it no faults |
//! | `TIDEWIRE_TEST_KAFKA` | its version, as 4.3.1 |
//! | `TIDEWIRE_REQUIRE_BROKER` | set to 1, a missing broker is a failure |
//! | `TIDEWIRE_XTASK` | the xtask program; without it `cargo xtask` is used |

use std::env;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// Longer than any tool takes on a busy machine.
const TOOL_LIMIT: Duration = Duration::from_secs(120);

/// Tests run side by side, except those that disturb the cluster.
static CALM: RwLock<()> = RwLock::new(());
static TOPICS: AtomicU32 = AtomicU32::new(0);

/// A broker to test against.
pub(crate) struct Broker {
    bootstrap: String,
    _calm: Calm,
}

/// Held until the test ends.
#[expect(dead_code, reason = "the guards are held, never read")]
enum Calm {
    Shared(RwLockReadGuard<'static, ()>),
    Exclusive(RwLockWriteGuard<'static, ()>),
}

/// The broker, undisturbed by other tests; none where there is none, said loudly.
pub(crate) fn shared() -> Option<Broker> {
    let bootstrap = bootstrap()?;
    let guard = CALM.read().unwrap_or_else(PoisonError::into_inner);
    Some(Broker {
        bootstrap,
        _calm: Calm::Shared(guard),
    })
}

/// A cluster of at least three nodes that this test may disturb, alone. It must leave all nodes
/// up: see `wait_until_whole`.
pub(crate) fn exclusive() -> Option<Broker> {
    let bootstrap = bootstrap()?;
    if env::var_os("TIDEWIRE_TEST_CLUSTER").is_none() || bootstrap.split(',').count() < 3 {
        say("skipped: wants three nodes of `cargo xtask broker up`");
        return None;
    }
    let guard = CALM.write().unwrap_or_else(PoisonError::into_inner);
    Some(Broker {
        bootstrap,
        _calm: Calm::Exclusive(guard),
    })
}

/// Whether the broker has groups of KIP-848.
pub(crate) fn is_modern() -> bool {
    let kafka = env::var("TIDEWIRE_TEST_KAFKA");
    !kafka.is_ok_and(|version| version.starts_with('2') || version.starts_with('3'))
}

impl Broker {
    /// `host:port,..` as clients take it.
    pub(crate) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// One address per node, the first being that of node 1.
    pub(crate) fn addresses(&self) -> Vec<&str> {
        self.bootstrap.split(',').collect()
    }

    /// Makes a topic of its own for a test, as replicated as the cluster allows; its name.
    pub(crate) fn create_topic(&self, what: &str, partitions: u32) -> String {
        let number = TOPICS.fetch_add(1, Ordering::Relaxed);
        let topic = format!("{what}-{}-{number}", std::process::id());
        let partitions = partitions.to_string();
        let replicas = self.addresses().len().min(3).to_string();
        let mut args = vec!["--create", "--topic", &topic];
        args.extend([
            "--partitions",
            &partitions,
            "--replication-factor",
            &replicas,
        ]);
        self.tool("topics", &args, "");
        topic
    }

    /// Runs one of Kafka's own tools on this broker; what it printed. It must succeed.
    pub(crate) fn tool(&self, tool: &str, args: &[&str], stdin: &str) -> String {
        let mut command = xtask();
        command.args(["kafka", "--bootstrap", self.bootstrap()]);
        if let Ok(kafka) = env::var("TIDEWIRE_TEST_KAFKA") {
            command.args(["--kafka", &kafka]);
        }
        run(command.arg(tool).args(args), stdin)
    }

    /// Runs kcat on this broker; none where it is not installed, which CI does not accept.
    pub(crate) fn kcat(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Option<String> {
        let installed = Command::new("kcat")
            .arg("-V")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if installed.is_err() {
            let ci = env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!ci, "kcat is missing; `cargo xtask setup` installs it");
            say("skipped: there is no kcat; `cargo xtask setup` installs it");
            return None;
        }
        let mut command = Command::new("kcat");
        Some(run(
            command.args(["-b", self.bootstrap()]).args(args),
            stdin,
        ))
    }

    /// `kill`, `pause`, `resume` or `restart` of a node; returns when it is done.
    pub(crate) fn fault(&self, verb: &str, node: u32) {
        broker_command(&[verb, &node.to_string()]);
    }

    /// Waits until every node is back and known to all others: how a test ends that took one away.
    pub(crate) fn wait_until_whole(&self) {
        broker_command(&["wait"]);
    }
}

fn broker_command(args: &[&str]) {
    let cluster = env::var("TIDEWIRE_TEST_CLUSTER").expect("faults need a cluster of ours");
    run(xtask().args(["broker", "--name", &cluster]).args(args), "");
}

fn bootstrap() -> Option<String> {
    let found = env::var("TIDEWIRE_TEST_BOOTSTRAP").ok();
    let found = found.filter(|addresses| !addresses.is_empty());
    if found.is_none() {
        let required = env::var("TIDEWIRE_REQUIRE_BROKER").is_ok_and(|r| r == "1");
        assert!(!required, "TIDEWIRE_TEST_BOOTSTRAP is not set");
        say("skipped: no broker in TIDEWIRE_TEST_BOOTSTRAP; `cargo xtask test` brings its own");
    }
    found
}

fn xtask() -> Command {
    match env::var_os("TIDEWIRE_XTASK") {
        Some(program) => Command::new(program),
        None => {
            let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
            command.args(["xtask"]);
            command
        }
    }
}

/// Written past the test harness, which would keep what a passing test prints to itself.
fn say(what: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let _ = writeln!(std::io::stderr(), "*** {test} {what} ***");
}

/// Runs a program to its end; what it printed. Fails the test when the program fails or hangs.
fn run(command: &mut Command, stdin: impl AsRef<[u8]>) -> String {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    let mut input = child.stdin.take().expect("stdin is piped");
    let text = stdin.as_ref().to_owned();
    // A program that ends early closes its input; its exit code tells what that means.
    let writer = std::thread::spawn(move || drop(input.write_all(&text)));
    let out = read_all(child.stdout.take().expect("stdout is piped"));
    let err = read_all(child.stderr.take().expect("stderr is piped"));
    let end = Instant::now() + TOOL_LIMIT;
    let status = loop {
        match child.try_wait().expect("the program can be waited for") {
            Some(status) => break Some(status),
            None if Instant::now() >= end => {
                child.kill().expect("the program can be killed");
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    writer.join().expect("the writer ends");
    let out = out.join().expect("the reader of stdout ends");
    let err = err.join().expect("the reader of stderr ends");
    assert!(
        status.is_some_and(|status| status.success()),
        "{command:?}: {}\n{out}\n{err}",
        status.map_or_else(|| format!("no end in {TOOL_LIMIT:?}"), |s| s.to_string()),
    );
    out
}

fn read_all(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("a pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
