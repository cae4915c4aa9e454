//! `cargo xtask chaos produce`: does what the producer says hold while brokers die?
//!
//! ```text
//! workload (tests/chaos) -> proxies, which cut -> three brokers, one of which is killed or stopped
//!        | ledger: what it was told                     | log: what another client reads
//!        +--------------------> judge <-----------------+
//! ```
//!
//! Whatever happens, the brokers are stopped: by a guard, by the watchdog at the overall limit, or
//! by the next `broker up` if this program is killed outright.

mod judge;
mod log;
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

use clap::{Subcommand, ValueEnum};

use self::judge::Judge;
use self::reader::Reader;
use self::report::{Report, grouped};
use self::torment::{Fault, Torment};
use self::workload::Workload;
use crate::args::{EngineKind, UpArgs, cluster_name};
use crate::broker;
use crate::interrupt;
use crate::kafka_tools;
use crate::process::ProcessId;
use crate::proxy::{Proxy, Rule, Settings};
use crate::random::Random;
use crate::run;
use crate::state::Cluster;
use crate::version::Version;

/// The proxy's rules: about one cut a second.
const CUT: &[&str] = &["cut-response,api=produce,p=0.2,pause-ms=900"];
const TEAR: &[&str] = &[
    "tear-response,p=0.1,pause-ms=1800",
    "tear-request,p=0.1,pause-ms=1800",
];
/// A run may take so much longer than it was told to: start, recovery, reading back.
const OVERALL: Duration = Duration::from_secs(20 * 60);
/// What is left after the overall limit for an orderly end.
const LAST_WORDS: Duration = Duration::from_secs(60);
/// How often the run says how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

#[derive(Debug, Subcommand)]
pub(crate) enum Chaos {
    /// A producer's promises: nothing lost, duplicated, out of order or falsely failed.
    Produce(Args),
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How long brokers are tormented.
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// Records per second.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=1000))]
    partitions: u32,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    producers: u32,
    /// Off, the run is good if it finds duplicates: the proof that the check can see them.
    #[arg(long, value_enum, default_value_t = Switch::On)]
    idempotence: Switch,
    /// Repeats the order of faults of another run; their times depend on the machine.
    #[arg(long)]
    seed: Option<u64>,
    /// Kill no broker.
    #[arg(long)]
    no_kill: bool,
    /// Cut no connection.
    #[arg(long)]
    no_cut: bool,
    /// Stop brokers (SIGSTOP) for 5 to 20 s too.
    #[arg(long)]
    stop: bool,
    /// Cut at random bytes of any request or response, not in place of Produce responses.
    #[arg(long, conflicts_with = "no_cut")]
    tear: bool,
    /// A further rule for the proxies, as `cargo xtask proxy --help` has them.
    #[arg(long = "rule")]
    rules: Vec<Rule>,
    /// A property of the client or its producer, as `delivery.timeout.ms=3000`.
    #[arg(short = 'X', long = "property")]
    properties: Vec<String>,
    /// Who reads everything back.
    #[arg(long, value_enum, default_value_t = Reader::Java)]
    reader: Reader,
    /// The cluster's name; a running one of that name is replaced.
    #[arg(long, default_value = "chaos", value_parser = cluster_name)]
    name: String,
    #[arg(long, default_value = Version::DEFAULT)]
    kafka: Version,
    #[arg(long, value_enum, default_value_t = EngineKind::Jvm)]
    engine: EngineKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Switch {
    fn is_on(self) -> bool {
        self == Self::On
    }
}

pub(crate) fn run(chaos: &Chaos) -> Result<(), String> {
    let Chaos::Produce(args) = chaos;
    interrupt::catch()?;
    workload::build()?;
    watch(&args.name, Duration::from_secs(args.seconds) + OVERALL);
    let seed = args.seed.unwrap_or_else(Random::any_seed);
    let dir = run::target().join("chaos").join(&args.name);
    let fresh = match fs::remove_dir_all(&dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => fs::create_dir_all(&dir),
    };
    fresh.map_err(|e| format!("cannot make {}: {e}", dir.display()))?;
    eprintln!("seed {seed}; history and logs: {}", dir.display());
    let report = produce(args, seed, &dir).map_err(|why| format!("seed {seed}: {why}"))?;
    print!("{}", report.table());
    let complaints = report.complaints();
    if complaints.is_empty() {
        let what = match args.idempotence {
            Switch::On => "nothing lost, duplicated, out of order or falsely failed",
            Switch::Off => "the check can see: duplicates without idempotence, and nothing worse",
        };
        println!("PASSED: {what} (seed {seed})");
        return Ok(());
    }
    let (complaints, dir) = (complaints.join("; "), dir.display());
    Err(format!(
        "FAILED (seed {seed}, history in {dir}): {complaints}"
    ))
}

/// The whole run, on brokers of its own.
fn produce(args: &Args, seed: u64, dir: &Path) -> Result<Report, String> {
    let up = UpArgs {
        nodes: 3,
        kafka: args.kafka,
        engine: Some(args.engine),
        proxy: true,
    };
    let me = ProcessId::of(std::process::id());
    let cluster = broker::up(&args.name, &up, Some(me))?;
    let guard = Guard(args.name.clone());
    let report = on_cluster(args, seed, dir, &cluster);
    guard.stop()?;
    report
}

fn on_cluster(args: &Args, seed: u64, dir: &Path, cluster: &Cluster) -> Result<Report, String> {
    // Its own in every run: what an old workload may still send is not taken for ours.
    let topic = format!("chaos-{seed}");
    create_topic(cluster, &topic, args.partitions)?;
    let history = History::create(&dir.join("history.log"))?;
    let settings = Settings {
        rules: rules(args)?,
        seed,
        log: Some(Box::new(history.clone())),
        ..Settings::default()
    };
    let proxy = Proxy::of(cluster, settings)?;
    let proxies = cluster.proxied_bootstrap().unwrap_or_default();
    let mut workload = Workload::start(args, (&proxies, &topic), seed, dir)?;
    workload.wait_until_writing()?;
    let mut torment = Torment {
        cluster,
        topic: &topic,
        kinds: kinds(args),
        random: Random::new(seed),
        history: &history,
    };
    let start = Instant::now();
    let mut told = start;
    let faults = torment.run(start + Duration::from_secs(args.seconds), |faults| {
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            let sums = workload.sums();
            let (seconds, acked) = (start.elapsed().as_secs(), grouped(sums.acked));
            let failed = grouped(sums.not_written + sums.maybe_written);
            let cuts = proxy.counts().cuts + proxy.counts().torn;
            eprintln!("{seconds:>5} s: {acked} acked, {failed} failed, {cuts} cuts, {faults:?}");
        }
        workload.alive()
    })?;
    let counts = proxy.counts();
    proxy.set_rules(Vec::new());
    history.say("all is well; the workload stops");
    let sums = workload.stop()?;
    history.say("the workload has ended");
    drop(proxy);
    eprintln!("reading {} records back", grouped(sums.attempted));
    let verdict = verdict(args, cluster, &topic, dir)?;
    Ok(Report {
        idempotent: args.idempotence.is_on(),
        sums,
        faults,
        proxy: counts,
        verdict,
        wanted: (!kinds(args).is_empty(), !args.no_cut),
    })
}

/// Another client reads, and its log is compared with the ledgers.
fn verdict(
    args: &Args,
    cluster: &Cluster,
    topic: &str,
    dir: &Path,
) -> Result<judge::Verdict, String> {
    let ledgers = workload::ledgers(args, dir)?;
    let partitions = usize::try_from(args.partitions).map_err(|e| e.to_string())?;
    let mut judge = Judge::new(topic, partitions, ledgers);
    let ends = reader::ends(cluster, topic, args.partitions)?;
    reader::read(args.reader, (cluster, topic), &ends, &mut judge, dir)?;
    Ok(judge.finish(&ends))
}

fn rules(args: &Args) -> Result<Vec<Rule>, String> {
    let rules = match (args.no_cut, args.tear) {
        (true, _) => &[],
        (false, true) => TEAR,
        (false, false) => CUT,
    };
    let standing = rules.iter().map(|rule| rule.parse());
    args.rules.iter().cloned().map(Ok).chain(standing).collect()
}

fn kinds(args: &Args) -> Vec<Fault> {
    let mut kinds = Vec::new();
    if !args.no_kill {
        kinds.push(Fault::Kill);
    }
    if args.stop {
        kinds.push(Fault::Pause);
    }
    kinds
}

fn create_topic(cluster: &Cluster, topic: &str, partitions: u32) -> Result<(), String> {
    let partitions = partitions.to_string();
    let args = [
        "--create",
        "--topic",
        topic,
        "--partitions",
        &partitions,
        "--replication-factor",
        "3",
        "--config",
        "min.insync.replicas=2",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_can_be_parsed() {
        for rule in CUT.iter().chain(TEAR) {
            rule.parse::<Rule>().unwrap();
        }
    }
}
