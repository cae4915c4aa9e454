//! One cell of a table, run once: the settings, the command line, the answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use super::clients::{Client, Program};
use super::java::{self, Target};
use super::measure;
use super::table::Run;
use super::workloads::{Pace, Workload};
use super::{Direction, PeersArgs, Settings};

/// No run takes so long; Java's delivery timeout of two minutes is over by then.
pub(super) const RUN_LIMIT: Duration = Duration::from_secs(180);

/// What a program of `benches/peers` prints.
#[derive(Deserialize)]
struct Said {
    records: u64,
    bytes: u64,
    elapsed_s: f64,
    latency_us: Quantiles,
}

#[derive(Deserialize)]
struct Quantiles {
    p50: Option<f64>,
    p99: Option<f64>,
}

/// A workload with a client.
pub(super) struct Cell<'a> {
    pub(super) args: &'a PeersArgs,
    pub(super) workload: &'a Workload,
    pub(super) client: &'a Client,
    pub(super) bootstrap: &'a str,
    pub(super) topic: &'a str,
    pub(super) records: u64,
    pub(super) idempotent: bool,
    pub(super) values: &'a Path,
}

impl Cell<'_> {
    /// Runs it.
    pub(super) fn run(&self, program: &Path) -> Result<Run, String> {
        let (client, workload) = (self.client, self.workload);
        let settings = self.settings();
        let mut command = if client.program == Program::Java {
            let target = Target {
                bootstrap: self.bootstrap,
                topic: self.topic,
                records: self.records,
                values: self.values,
            };
            java::command(program, self.args.kafka, workload, target, &settings)?
        } else {
            self.command(program, &settings)
        };
        let ended = measure::run(&mut command, RUN_LIMIT)?;
        let mut run = if client.program == Program::Java {
            java::parse(workload.direction, workload.size, &ended.stdout)?
        } else {
            parse(&ended.stdout)?
        };
        run.cpu_s = ended.usage.cpu_s;
        run.peak_rss_bytes = ended.usage.peak_rss_bytes;
        if run.records < self.records {
            return Err(format!("{} of {} records", run.records, self.records));
        }
        Ok(run)
    }

    /// In this order, the later over the earlier: what the client needs, its advised settings where
    /// speed is measured, idempotence, and what the workload asks of all.
    fn settings(&self) -> Vec<(String, String)> {
        let (client, workload) = (self.client, self.workload);
        let mut all: BTreeMap<&str, &str> = client.needed.iter().copied().collect();
        if workload.pace == Pace::Full && self.args.settings == Settings::Advised {
            all.extend(client.advised.iter().copied());
        }
        if workload.direction == Direction::Produce {
            all.insert("compression.type", workload.codec);
            if self.idempotent {
                all.insert("enable.idempotence", "true");
            } else {
                all.insert("enable.idempotence", "false");
                all.extend(client.not_idempotent.iter().copied());
            }
        }
        all.extend(workload.settings.iter().copied());
        let pairs = all.into_iter();
        pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    /// The command line that all programs of `benches/peers` take.
    fn command(&self, program: &Path, settings: &[(String, String)]) -> Command {
        let workload = self.workload;
        let (pace, rate) = match workload.pace {
            Pace::Full => ("full", 0),
            Pace::OneByOne(rate) => ("one-by-one", rate),
            Pace::Open(rate) => ("open", rate),
        };
        let mut command = Command::new(program);
        command
            .args(["--api", self.client.api])
            .args(["--bootstrap", self.bootstrap])
            .args(["--topic", self.topic])
            .args(["--partitions", &workload.partitions.to_string()])
            .args(["--records", &self.records.to_string()]);
        if workload.direction == Direction::Produce {
            command
                .args(["--pace", pace, "--rate", &rate.to_string()])
                .args(["--warmup", &workload.warmup(self.records).to_string()])
                .args(["--size", &workload.size.to_string()])
                .arg("--payload")
                .arg(self.values);
        }
        for (key, value) in settings {
            command.args(["--set", &format!("{key}={value}")]);
        }
        command
    }
}

fn parse(said: &str) -> Result<Run, String> {
    let line = said.lines().last().unwrap_or_default();
    let said: Said =
        serde_json::from_str(line).map_err(|e| format!("its report: {e}: {line:?}"))?;
    Ok(Run {
        records: said.records,
        bytes: said.bytes,
        elapsed_s: said.elapsed_s,
        p50_us: said.latency_us.p50,
        p99_us: said.latency_us.p99,
        ..Run::default()
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::bench::{clients, workloads};

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        args: PeersArgs,
    }

    fn settings(workload: &str, client: &str, idempotent: bool, words: &[&str]) -> String {
        let words = ["peers"].into_iter().chain(words.iter().copied());
        let args = Words::parse_from(words).args;
        let workloads = workloads::all();
        let workload = workloads.iter().find(|it| it.name == workload).unwrap();
        let clients = clients::all();
        let mut clients = clients
            .iter()
            .filter(|it| it.direction == workload.direction);
        let cell = Cell {
            args: &args,
            workload,
            client: clients.find(|it| it.name == client).unwrap(),
            bootstrap: "h:1",
            topic: "t",
            records: 1,
            idempotent,
            values: Path::new("values"),
        };
        let pairs = cell.settings().into_iter();
        let pairs = pairs.map(|(key, value)| format!("{key}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn advice_is_taken_where_speed_is_measured_and_nowhere_else() {
        let common = "compression.type=none enable.idempotence=true";
        let advised =
            "batch.size=1048576 compression.type=none enable.idempotence=true linger.ms=50";
        assert_eq!(settings("a", "krafka", true, &[]), advised);
        assert_eq!(
            settings("a", "krafka", true, &["--settings", "default"]),
            common
        );
        assert_eq!(
            settings("f", "krafka", true, &[]),
            format!("{common} linger.ms=0")
        );
    }

    #[test]
    fn idempotence_is_said_to_each() {
        let off = "compression.type=lz4 enable.idempotence=false";
        assert_eq!(settings("b-lz4", "tidewire", false, &[]), off);
        let off = format!("{off} max.in.flight.requests.per.connection=5");
        assert_eq!(settings("b-lz4", "franz-go", false, &[]), off);
        assert_eq!(settings("consume-100", "tidewire", true, &[]), "");
    }

    #[test]
    fn the_report_of_a_program_is_read() {
        let said = "a word\n{\"records\":10,\"bytes\":1000,\"elapsed_s\":0.5,\
                    \"latency_us\":{\"p50\":12,\"p99\":null},\"latency_samples\":1}\n";
        let run = parse(said).unwrap();
        assert_eq!((run.records, run.bytes), (10, 1000));
        assert_eq!((run.p50_us, run.p99_us), (Some(12.0), None));
        assert!(parse("nothing").is_err());
    }
}
