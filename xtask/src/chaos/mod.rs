//! `cargo xtask chaos`: does what the client says hold while things die? [`produce`] torments
//! brokers under a producer, [`groups`] the members of a group.
//!
//! Whatever happens, the brokers are stopped: by a guard, by the watchdog at the overall limit, or
//! by the next `broker up` if this program is killed outright.

mod groups;
mod judge;
mod log;
mod produce;
mod reader;
mod report;
mod running;
mod torment;
mod workload;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Subcommand;

use crate::args::UpArgs;
use crate::broker;
use crate::interrupt;
use crate::kafka_tools;
use crate::process::ProcessId;
use crate::random::Random;
use crate::run;
use crate::state::Cluster;

/// A run may take so much longer than it was told to: start, recovery, reading back.
const OVERALL: Duration = Duration::from_secs(20 * 60);
/// What is left after the overall limit for an orderly end.
const LAST_WORDS: Duration = Duration::from_secs(60);
/// How often the run says how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

#[derive(Debug, Subcommand)]
pub(crate) enum Chaos {
    /// A producer's promises: nothing lost, duplicated, out of order or falsely failed.
    Produce(produce::Args),
    /// A group's promises: nothing skipped, no partition with two owners, no offset going back.
    Groups(groups::Args),
}

pub(crate) fn run(chaos: &Chaos) -> Result<(), String> {
    interrupt::catch()?;
    workload::build()?;
    match chaos {
        Chaos::Produce(args) => produce::run(args),
        Chaos::Groups(args) => groups::run(args),
    }
}

/// What is common to all runs.
struct Run<'a> {
    /// The cluster's name, and that of the folder under `target/chaos`.
    name: &'a str,
    up: UpArgs,
    seconds: u64,
    seed: Option<u64>,
}

/// How a run ended, and what is needed to look into it.
struct Ended<T> {
    seed: u64,
    dir: PathBuf,
    report: T,
}

impl Run<'_> {
    /// The whole run, on brokers of its own, with a fresh folder for its files.
    fn go<T>(
        self,
        work: impl FnOnce(u64, &Path, &Cluster) -> Result<T, String>,
    ) -> Result<Ended<T>, String> {
        watch(self.name, Duration::from_secs(self.seconds) + OVERALL);
        let seed = self.seed.unwrap_or_else(Random::any_seed);
        let dir = run::target().join("chaos").join(self.name);
        let fresh = match fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
            _ => fs::create_dir_all(&dir),
        };
        fresh.map_err(|e| format!("cannot make {}: {e}", dir.display()))?;
        eprintln!("seed {seed}; history and logs: {}", dir.display());
        let report = self.on_brokers(|cluster| work(seed, &dir, cluster));
        let report = report.map_err(|why| format!("seed {seed}: {why}"))?;
        Ok(Ended { seed, dir, report })
    }

    fn on_brokers<T>(&self, work: impl FnOnce(&Cluster) -> Result<T, String>) -> Result<T, String> {
        let me = ProcessId::of(std::process::id());
        let cluster = broker::up(self.name, &self.up, Some(me))?;
        let guard = Guard(self.name.to_owned());
        let report = work(&cluster);
        guard.stop()?;
        report
    }
}

impl<T> Ended<T> {
    /// Says whether the run was good: it was without complaints.
    fn judge(&self, complaints: &[String], good: &str) -> Result<(), String> {
        let (seed, dir) = (self.seed, self.dir.display());
        if complaints.is_empty() {
            println!("PASSED: {good} (seed {seed})");
            return Ok(());
        }
        let complaints = complaints.join("; ");
        Err(format!(
            "FAILED (seed {seed}, history in {dir}): {complaints}"
        ))
    }
}

/// Makes a topic that is as replicated as the cluster allows, and never loses what it confirmed.
fn create_topic(cluster: &Cluster, topic: &str, partitions: u32) -> Result<(), String> {
    let nodes = cluster.brokers().count();
    let replicas = nodes.min(3).to_string();
    let in_sync = format!("min.insync.replicas={}", nodes.min(2));
    let partitions = partitions.to_string();
    let args = [
        "--create",
        "--topic",
        topic,
        "--partitions",
        &partitions,
        "--replication-factor",
        &replicas,
        "--config",
        &in_sync,
        "--config",
        "unclean.leader.election.enable=false",
    ];
    let mut tool = kafka_tools::command(cluster, "topics", &args.map(str::to_owned))?;
    run::output_within(&mut tool, Duration::from_secs(60)).map(drop)
}

/// Stops the cluster, whatever happens.
struct Guard(String);

impl Guard {
    fn stop(self) -> Result<(), String> {
        let stopped = stop_cluster(&self.0);
        std::mem::forget(self);
        stopped
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(why) = stop_cluster(&self.0) {
            eprintln!("xtask: {why}");
        }
    }
}

fn stop_cluster(name: &str) -> Result<(), String> {
    // Restarts have changed what is known of it.
    Cluster::find(name)?.map_or(Ok(()), |cluster| broker::remove(&cluster))
}

/// Ends a run that has outlived every limit: first politely, then at once.
fn watch(name: &str, limit: Duration) {
    let name = name.to_owned();
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        eprintln!("xtask: the run has not ended within {limit:?}");
        interrupt::raise();
        std::thread::sleep(LAST_WORDS);
        if let Err(why) = stop_cluster(&name) {
            eprintln!("xtask: {why}");
        }
        std::process::exit(1);
    });
}

/// A file with a line for everything that was done, by whom ever.
#[derive(Debug, Clone)]
struct History {
    file: Arc<Mutex<File>>,
    start: Instant,
}

impl History {
    fn create(file: &PathBuf) -> Result<Self, String> {
        let open = File::create(file);
        let open = open.map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        Ok(Self {
            file: Arc::new(Mutex::new(open)),
            start: Instant::now(),
        })
    }

    fn say(&self, what: &str) {
        let seconds = self.start.elapsed().as_secs_f64();
        // A history that cannot be written must not end what it is about.
        let _ = self
            .clone()
            .write_all(format!("{seconds:.4} {what}\n").as_bytes());
    }
}

impl Write for History {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
