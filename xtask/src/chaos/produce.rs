//! `cargo xtask chaos produce`: does what the producer says hold while brokers die?
//!
//! ```text
//! workload (tests/chaos) -> proxies, which cut -> three brokers, one of which is killed or stopped
//!        | ledger: what it was told                     | log: what another client reads
//!        +--------------------> judge <-----------------+
//! ```

use std::path::Path;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::judge::{Judge, Verdict};
use super::reader::{self, Reader};
use super::report::{Report, grouped};
use super::torment::{Fault, Torment};
use super::workload::{self, Spec, Workload};
use super::{History, PROGRESS, Run, create_topic};
use crate::args::{EngineKind, UpArgs, cluster_name};
use crate::proxy::{Proxy, Rule, Settings};
use crate::random::Random;
use crate::state::Cluster;
use crate::version::Version;

/// The proxy's rules: about one cut a second.
const CUT: &[&str] = &["cut-response,api=produce,p=0.2,pause-ms=900"];
const TEAR: &[&str] = &[
    "tear-response,p=0.1,pause-ms=1800",
    "tear-request,p=0.1,pause-ms=1800",
];
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

pub(super) fn run(args: &Args) -> Result<(), String> {
    let run = Run {
        name: &args.name,
        up: UpArgs {
            nodes: 3,
            kafka: args.kafka,
            engine: Some(args.engine),
            proxy: true,
            configs: Vec::new(),
        },
        seconds: args.seconds,
        seed: args.seed,
    };
    let ended = run.go(|seed, dir, cluster| on_cluster(args, seed, dir, cluster))?;
    print!("{}", ended.report.table());
    let good = match args.idempotence {
        Switch::On => "nothing lost, duplicated, out of order or falsely failed",
        Switch::Off => "the check can see: duplicates without idempotence, and nothing worse",
    };
    ended.judge(&ended.report.complaints(), good)
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
    let mut properties = args.properties.clone();
    let idempotence = args.idempotence.is_on();
    properties.push(format!("enable.idempotence={idempotence}"));
    let spec = Spec {
        bootstrap: &proxies,
        topic: &topic,
        partitions: args.partitions,
        producers: args.producers,
        rate: args.rate,
        seed,
        properties: &properties,
    };
    let mut workload = Workload::start(&spec, dir)?;
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
fn verdict(args: &Args, cluster: &Cluster, topic: &str, dir: &Path) -> Result<Verdict, String> {
    let ledgers = workload::ledgers(args.producers, args.partitions, dir)?;
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
