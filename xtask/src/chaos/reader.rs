//! Another client reads everything back: Kafka's own console consumer, or kcat.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::judge::Judge;
use super::running::Running;
use crate::kafka_tools;
use crate::run;
use crate::state::Cluster;

/// For the reader to end once it has printed all.
const END_LIMIT: Duration = Duration::from_secs(60);
/// The reader gives up when nothing comes for so long.
const SILENCE_MS: &str = "30000";

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Reader {
    /// The console consumer in the broker's jars.
    Java,
    /// librdkafka's.
    Kcat,
}

/// The end offset of each partition, as Kafka's own tool says.
pub(super) fn ends(cluster: &Cluster, topic: &str, partitions: u32) -> Result<Vec<i64>, String> {
    let args = ["--topic", topic].map(str::to_owned);
    let mut tool = kafka_tools::command(cluster, "get-offsets", &args)?;
    let said = run::output_within(&mut tool, END_LIMIT)?;
    let end = |partition: u32| {
        let start = format!("{topic}:{partition}:");
        let mut lines = said.lines();
        lines.find_map(|line| line.strip_prefix(&start)?.parse().ok())
    };
    let ends: Option<Vec<i64>> = (0..partitions).map(end).collect();
    ends.ok_or_else(|| format!("not all {partitions} partitions have an end: {said}"))
}

/// Shows the judge every record of the topic.
pub(super) fn read(
    reader: Reader,
    (cluster, topic): (&Cluster, &str),
    ends: &[i64],
    judge: &mut Judge,
    dir: &Path,
) -> Result<(), String> {
    let all: i64 = ends.iter().sum();
    if all == 0 {
        return Ok(());
    }
    let file = dir.join("reader.log");
    let log = File::create(&file).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    let mut command = match reader {
        Reader::Java => java(cluster, topic, all)?,
        Reader::Kcat => kcat(cluster, topic, all),
    };
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log);
    let mut process = Running::start(&mut command)?;
    let stdout = process.stdout().ok_or("the reader has no stdout")?;
    let mut lines = BufReader::with_capacity(1 << 20, stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => judge.line(line.strip_suffix(b"\n").unwrap_or(&line)),
            Err(e) => return Err(format!("cannot read what the reader prints: {e}")),
        }
    }
    let ended = process.finish(END_LIMIT);
    ended.map_err(|why| format!("{why}; see {}", file.display()))
}

fn java(cluster: &Cluster, topic: &str, records: i64) -> Result<Command, String> {
    let count = records.to_string();
    let args = [
        "--topic",
        topic,
        "--from-beginning",
        "--max-messages",
        &count,
        "--timeout-ms",
        SILENCE_MS,
        "--property",
        "print.partition=true",
        "--property",
        "print.offset=true",
    ];
    kafka_tools::command(cluster, "console-consumer", &args.map(str::to_owned))
}

fn kcat(cluster: &Cluster, topic: &str, records: i64) -> Command {
    let mut command = Command::new("kcat");
    command
        .args(["-q", "-C", "-b", &cluster.bootstrap(), "-t", topic])
        .args(["-o", "beginning", "-e", "-c", &records.to_string()])
        .args(["-f", "Partition:%p\tOffset:%o\t%s\n"]);
    command
}
