//! Kafka's own perf tools as a client: their command lines, and what they print. They count latency
//! in whole milliseconds, and send at a rate without waiting for each acknowledgement.

use std::path::Path;
use std::process::Command;

use super::Direction;
use super::table::Run;
use super::workloads::{Pace, Workload};
use crate::maven;
use crate::version::Version;

/// As Kafka's scripts start them: `kafka-run-class.sh` and `kafka-producer-perf-test.sh`.
const FLAGS: [&str; 7] = [
    "-Xmx512M",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
];

/// Where and how much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) bootstrap: &'a str,
    pub(super) topic: &'a str,
    pub(super) records: u64,
    pub(super) values: &'a Path,
}

fn tool(java: &Path, kafka: Version, class: &str, target: Target<'_>) -> Result<Command, String> {
    let mut command = Command::new(java);
    command
        .args(FLAGS)
        .arg("-cp")
        .arg(maven::classpath(&maven::jars(kafka)?))
        .arg(class)
        .args(["--bootstrap-server", target.bootstrap])
        .args(["--topic", target.topic])
        .args(["--num-records", &target.records.to_string()]);
    Ok(command)
}

/// The command of a run.
pub(super) fn command(
    java: &Path,
    kafka: Version,
    workload: &Workload,
    target: Target<'_>,
    settings: &[(String, String)],
) -> Result<Command, String> {
    if workload.direction == Direction::Consume {
        let mut command = tool(
            java,
            kafka,
            "org.apache.kafka.tools.ConsumerPerformance",
            target,
        )?;
        command.args(["--hide-header", "--timeout", "30000"]);
        return Ok(command);
    }
    let rate = match workload.pace {
        Pace::Full => "-1".to_owned(),
        Pace::OneByOne(rate) | Pace::Open(rate) => rate.to_string(),
    };
    let mut command = producer(java, kafka, target, settings)?;
    command.args(["--throughput", &rate]);
    let warmup = workload.warmup(target.records);
    if warmup > 0 {
        command.args(["--warmup-records", &warmup.to_string()]);
    }
    Ok(command)
}

/// The producer, without its rate.
fn producer(
    java: &Path,
    kafka: Version,
    target: Target<'_>,
    settings: &[(String, String)],
) -> Result<Command, String> {
    let mut command = tool(
        java,
        kafka,
        "org.apache.kafka.tools.ProducerPerformance",
        target,
    )?;
    command.arg("--payload-file").arg(target.values);
    if !settings.is_empty() {
        let pairs = settings.iter().map(|(key, value)| format!("{key}={value}"));
        command.arg("--command-property").args(pairs);
    }
    Ok(command)
}

/// Fills a topic that consumers read, in batches of the size that its documentation advises.
pub(super) fn fill(
    java: &Path,
    kafka: Version,
    target: Target<'_>,
    codec: &str,
) -> Result<Command, String> {
    let settings = [
        ("batch.size", "100000"),
        ("compression.type", codec),
        ("linger.ms", "20"),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut command = producer(java, kafka, target, &settings)?;
    command.args(["--throughput", "-1"]);
    Ok(command)
}

/// What the tool said, as a run without its usage.
pub(super) fn parse(direction: Direction, size: usize, said: &str) -> Result<Run, String> {
    let run = match direction {
        Direction::Produce => produced(size, said),
        Direction::Consume => consumed(said),
    };
    run.ok_or_else(|| format!("the tool's answer is not understood: {:?}", said.trim()))
}

/// `N records sent, R records/sec (..), .. ms 50th, .. ms 95th, .. ms 99th, ..`, and such a line of
/// the steady state where there was a warm-up.
fn produced(size: usize, said: &str) -> Option<Run> {
    let (steady, all): (Vec<&str>, Vec<&str>) = said
        .lines()
        .filter(|line| line.contains(" records sent, "))
        .partition(|line| line.contains(" steady state "));
    let whole = all.last()?;
    let mut words = whole.split_whitespace();
    let records: u64 = words.next()?.parse().ok()?;
    let rate: f64 = words.nth(2)?.parse().ok()?;
    let latency = |name: &str| {
        let measured = steady.last().unwrap_or(whole);
        let mut parts = measured
            .split(", ")
            .filter_map(|part| part.strip_suffix(name));
        let millis: f64 = parts.next()?.trim().parse().ok()?;
        Some(millis * 1e3)
    };
    let bytes = records * u64::try_from(size).ok()?;
    Some(Run {
        records,
        bytes,
        #[allow(clippy::cast_precision_loss, reason = "exact below 2^53")]
        elapsed_s: records as f64 / rate,
        p50_us: latency(" ms 50th"),
        p99_us: latency(" ms 99th"),
        ..Run::default()
    })
}

/// `start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, ..`
fn consumed(said: &str) -> Option<Run> {
    let line = said
        .lines()
        .rev()
        .find(|line| line.split(", ").count() == 10)?;
    let fields: Vec<&str> = line.split(", ").map(str::trim).collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    let bytes = number(2)? * 1_048_576.0;
    Some(Run {
        records: fields.get(4)?.parse().ok()?,
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some gigabytes"
        )]
        bytes: bytes.round() as u64,
        elapsed_s: number(7)? / 1e3,
        ..Run::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "\
501 records sent, 100.1 records/sec (0.05 MB/sec), 1.1 ms avg latency, 9.0 ms max latency.
1500 records sent, 500.0 records/sec (0.05 MB/sec), 16.12 ms avg latency, 491.00 ms max latency, \
7 ms 50th, 98 ms 95th, 102 ms 99th, 103 ms 99.9th.
";
    const STEADY: &str = "\
1000 steady state records sent, 492.6 records/sec (0.05 MB/sec), 1.32 ms avg latency, \
13.00 ms max latency, 1 ms 50th, 5 ms 95th, 9 ms 99th, 13 ms 99.9th.
";

    #[test]
    fn the_producers_last_line_is_read() {
        let run = parse(Direction::Produce, 100, SENT).unwrap();
        assert_eq!((run.records, run.bytes), (1500, 150_000));
        assert!((run.elapsed_s - 3.0).abs() < 1e-9);
        assert_eq!((run.p50_us, run.p99_us), (Some(7_000.0), Some(102_000.0)));
    }

    #[test]
    fn latency_is_that_after_the_warm_up() {
        let run = parse(Direction::Produce, 100, &format!("{SENT}{STEADY}")).unwrap();
        assert_eq!(run.records, 1500);
        assert_eq!((run.p50_us, run.p99_us), (Some(1_000.0), Some(9_000.0)));
    }

    #[test]
    fn the_consumers_line_is_read() {
        let said = "2026-01-23 15:21:38:793, 2026-01-23 15:21:39:635, 95.5105, 113.4, 1001500, \
                    1189429.9, 276, 566, 168.7464, 1769434.6";
        let run = parse(Direction::Consume, 100, said).unwrap();
        assert_eq!(run.records, 1_001_500);
        assert!((run.elapsed_s - 0.566).abs() < 1e-9);
        assert!(parse(Direction::Consume, 100, "WARNING: nothing").is_err());
    }
}
