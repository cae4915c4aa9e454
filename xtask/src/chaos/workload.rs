//! The process that writes: `tests/chaos`, built here and started with the proxies' addresses.
//!
//! It ends when its stdin does, so it cannot outlive this program. It prints its sums as lines of
//! JSON, of which the latest is kept.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::running::Running;
use crate::interrupt;
use crate::run;

const PACKAGE: &str = "tidewire-chaos";
/// Longer than a clean build takes on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// From its start to its first acknowledgement, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// From its stop to its end. Its last records have `delivery.timeout.ms`, 2 minutes by default.
const STOP_LIMIT: Duration = Duration::from_secs(4 * 60);

/// What the workload says of itself.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Sums {
    /// Nothing more will come.
    pub(super) done: bool,
    /// Records given to the producer.
    pub(super) attempted: u64,
    pub(super) acked: u64,
    pub(super) not_written: u64,
    pub(super) maybe_written: u64,
    /// The longest time without an acknowledgement.
    pub(super) longest_pause_ms: u64,
    /// Of failed records, how often.
    pub(super) errors: BTreeMap<String, u64>,
}

/// What is written, and where.
#[derive(Debug)]
pub(super) struct Spec<'a> {
    pub(super) bootstrap: &'a str,
    pub(super) topic: &'a str,
    pub(super) partitions: u32,
    pub(super) producers: u32,
    /// Records per second.
    pub(super) rate: u64,
    pub(super) seed: u64,
    /// Of the client and its producers.
    pub(super) properties: &'a [String],
}

/// The running process.
#[derive(Debug)]
pub(super) struct Workload {
    process: Running,
    /// Closed, it stops.
    stdin: Option<ChildStdin>,
    log: PathBuf,
    latest: Arc<Mutex<Sums>>,
    listener: Option<JoinHandle<()>>,
}

/// Builds it, with what cargo says passed through.
pub(super) fn build() -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(run::workspace())
        .args(["build", "--release", "--package", PACKAGE])
        .stdin(Stdio::null());
    Running::start(&mut command)?.finish(BUILD_LIMIT)
}

impl Workload {
    /// Starts it; its ledgers and its log go to `dir`.
    pub(super) fn start(spec: &Spec<'_>, dir: &Path) -> Result<Self, String> {
        let ledger = ledger_dir(dir);
        let log = dir.join("workload.log");
        let open = fs::create_dir_all(&ledger).and_then(|()| File::create(&log));
        let stderr = open.map_err(|e| format!("cannot write {}: {e}", log.display()))?;
        let mut command = program();
        command
            .arg("produce")
            .args(["--bootstrap", spec.bootstrap, "--topic", spec.topic])
            .args(["--partitions", &spec.partitions.to_string()])
            .args(["--producers", &spec.producers.to_string()])
            .args(["--rate", &spec.rate.to_string()])
            .args(["--seed", &spec.seed.to_string()])
            .args(["-X", "acks=all"])
            .args(spec.properties.iter().flat_map(|property| ["-X", property]))
            .arg("--ledger")
            .arg(ledger)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr);
        // A Ctrl-C is for us: we stop it when we have seen to the brokers.
        run::own_group(&mut command);
        let mut process = Running::start(&mut command)?;
        let stdin = process.stdin();
        let stdout = process.stdout().ok_or("the workload has no stdout")?;
        let latest = Arc::new(Mutex::new(Sums::default()));
        let keep = Arc::clone(&latest);
        let listener = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Ok(sums) = serde_json::from_str(&line) {
                    *keep.lock().unwrap_or_else(PoisonError::into_inner) = sums;
                }
            }
        });
        Ok(Self {
            process,
            stdin,
            log,
            latest,
            listener: Some(listener),
        })
    }

    /// Waits until it writes: a fault before that would hit nothing.
    pub(super) fn wait_until_writing(&mut self) -> Result<(), String> {
        let end = Instant::now() + START_LIMIT;
        while self.sums().acked == 0 {
            self.alive()?;
            if Instant::now() >= end {
                return Err(format!("nothing acknowledged within {START_LIMIT:?}"));
            }
            interrupt::sleep(Duration::from_millis(50))?;
        }
        Ok(())
    }

    /// Fails when it has ended.
    pub(super) fn alive(&mut self) -> Result<(), String> {
        self.process.alive().map_err(|why| self.last_words(&why))
    }

    /// Why it ended, as its log has it.
    fn last_words(&self, why: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        format!("{why}; its log ends with\n{}", run::last_lines(&log, 10))
    }

    /// What it said last.
    pub(super) fn sums(&self) -> Sums {
        let latest = self.latest.lock();
        latest.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets it send no more and waits until every record has its outcome.
    pub(super) fn stop(mut self) -> Result<Sums, String> {
        drop(self.stdin.take());
        let ended = self.process.finish(STOP_LIMIT);
        ended.map_err(|why| self.last_words(&why))?;
        if let Some(listener) = self.listener.take() {
            listener.join().map_err(|_| "a thread has died")?;
        }
        let sums = self.sums();
        if sums.done {
            Ok(sums)
        } else {
            Err("the workload has ended without its sums".into())
        }
    }
}

/// The program of `tests/chaos`, to be told what to do.
pub(super) fn program() -> Command {
    Command::new(run::target().join("release").join(PACKAGE))
}

/// What the workload was told of each record: of each producer all partitions.
pub(super) fn ledgers(
    producers: u32,
    partitions: u32,
    dir: &Path,
) -> Result<Vec<Vec<i64>>, String> {
    let mut ledgers = Vec::new();
    for producer in 0..producers {
        for partition in 0..partitions {
            let file = ledger_dir(dir).join(format!("{producer}-{partition}"));
            let read = fs::read(&file);
            let bytes = read.map_err(|e| format!("cannot read {}: {e}", file.display()))?;
            let numbers = bytes.chunks(8).map(|number| {
                let number = number.try_into().map(i64::from_le_bytes);
                number.map_err(|_| format!("{} is cut short", file.display()))
            });
            ledgers.push(numbers.collect::<Result<_, _>>()?);
        }
    }
    Ok(ledgers)
}

fn ledger_dir(dir: &Path) -> PathBuf {
    dir.join("ledger")
}
