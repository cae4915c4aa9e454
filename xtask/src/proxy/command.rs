//! `cargo xtask proxy`: proxies in front of a cluster, while a command runs or until Ctrl-C.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Link, Proxy, Rule, Settings};
use crate::args::{EngineKind, UpArgs, cluster_name};
use crate::broker;
use crate::interrupt;
use crate::process::ProcessId;
use crate::random::Random;
use crate::state::Cluster;
use crate::version::Version;

/// The cluster that `--nodes` starts, unless it is given another name.
const OWN_CLUSTER: &str = "proxied";

const RULES: &str = "\
A rule is VERB-SIDE[,KEY=VALUE..]; of several that pick a request the first decides.
  cut-response         close the connection in place of the response: the broker has done it
  cut-request          close the connection in place of the request: the broker has not
  tear-request, tear-response              close after a random number of its bytes
  hold-request, hold-response  ms=N        it and all behind it waits so long
  blackhole-request, blackhole-response    nothing passes any more; the connection stays open
Which:  api=NAME or number, node=N; nth=N the nth only, every=N, p=0.01 by chance,
        pause-ms=N not again before, max=N not more often.
Example: --rule cut-response,api=produce,p=0.05,pause-ms=1000";

#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub(crate) struct Args {
    /// The cluster to stand in front of, started with `--proxy`.
    #[arg(long, value_parser = cluster_name)]
    name: Option<String>,
    /// Start a fresh cluster of so many brokers, and stop it at the end.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=9))]
    nodes: Option<u32>,
    /// Kafka's version for `--nodes`.
    #[arg(long, default_value = Version::DEFAULT, requires = "nodes")]
    kafka: Version,
    /// The engine for `--nodes`.
    #[arg(long, value_enum, requires = "nodes")]
    engine: Option<EngineKind>,
    /// Each way: 50 makes a round trip of 100 ms. What is pipelined stays so.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// Each way of each connection.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    bytes_per_second: Option<u64>,
    /// What happens to which requests; see below.
    #[arg(long = "rule")]
    rules: Vec<Rule>,
    /// Repeats the chances of another run.
    #[arg(long)]
    seed: Option<u64>,
    /// Write every action to this file instead of stderr.
    #[arg(long)]
    log: Option<PathBuf>,
    /// After `--`: run this with `TIDEWIRE_BOOTSTRAP` set to the proxies, then end as it does.
    #[arg(last = true)]
    command: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), String> {
    interrupt::catch()?;
    let Some(nodes) = args.nodes else {
        return in_front(
            args,
            &Cluster::load(args.name.as_deref().unwrap_or("default"))?,
        );
    };
    let up = UpArgs {
        nodes,
        kafka: args.kafka,
        engine: args.engine,
        proxy: true,
        configs: Vec::new(),
    };
    let me = ProcessId::of(std::process::id());
    let name = args.name.as_deref().unwrap_or(OWN_CLUSTER);
    let cluster = broker::up(name, &up, Some(me))?;
    let result = in_front(args, &cluster);
    let stopped = broker::remove(&cluster);
    result.and(stopped)
}

fn in_front(args: &Args, cluster: &Cluster) -> Result<(), String> {
    let seed = args.seed.unwrap_or_else(Random::any_seed);
    let log: Box<dyn Write + Send> = match &args.log {
        None => Box::new(io::stderr()),
        Some(file) => {
            let open = File::create(file);
            Box::new(open.map_err(|e| format!("cannot write {}: {e}", file.display()))?)
        }
    };
    let link = Link {
        delay: Duration::from_millis(args.delay_ms),
        bytes_per_second: args.bytes_per_second,
    };
    let settings = Settings {
        link,
        rules: args.rules.clone(),
        seed,
        log: Some(log),
    };
    let proxy = Proxy::of(cluster, settings)?;
    let proxies = cluster.proxied_bootstrap().unwrap_or_default();
    eprintln!("proxies at {proxies}, {link:?}, seed {seed}");
    let result = if args.command.is_empty() {
        println!("export TIDEWIRE_BOOTSTRAP={proxies}");
        eprintln!("until Ctrl-C");
        while interrupt::sleep(Duration::from_secs(60)).is_ok() {}
        Ok(())
    } else {
        command(&args.command, &proxies, &cluster.bootstrap())
    };
    eprintln!("{:?}", proxy.counts());
    result
}

/// Runs a program to its end, its output passed through.
fn command(words: &[String], proxies: &str, direct: &str) -> Result<(), String> {
    let Some((program, args)) = words.split_first() else {
        return Ok(());
    };
    let mut child = Command::new(program)
        .args(args)
        .env("TIDEWIRE_BOOTSTRAP", proxies)
        .env("TIDEWIRE_DIRECT", direct)
        .stdin(Stdio::inherit())
        .spawn()
        .map_err(|e| format!("cannot run `{program}`: {e}"))?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("`{program}` ended with {status}")),
            Ok(None) if interrupt::came() => {
                // The terminal has told it as well; here it may not have.
                let _ = child.kill();
                let _ = child.wait();
                return Err("interrupted".into());
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(e) => return Err(format!("cannot wait for `{program}`: {e}")),
        }
    }
}
