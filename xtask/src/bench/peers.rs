//! The runs: which workloads with which clients, in turn, and a table for each workload.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::cell::{Cell, RUN_LIMIT};
use super::clients::{self, Client, Program};
use super::java::{self, Target};
use super::measure;
use super::table::{self, Row, Run};
use super::workloads::{self, Pace, Workload};
use super::{Direction, Idempotence, PeersArgs, Settings, build, payload};
use crate::args::{EngineKind, UpArgs};
use crate::broker;
use crate::interrupt;
use crate::process::ProcessId;
use crate::proxy::{self, Link, Proxy};
use crate::run;
use crate::state::Cluster;

/// A client that has failed so often in a workload is not tried again.
const FAILURES: usize = 2;
/// How many records are sent before anything counts: the broker's JVM compiles its code meanwhile.
const WARM_UP: u64 = 1_000_000;

pub(super) fn run(args: &PeersArgs) -> Result<(), String> {
    interrupt::catch()?;
    let clients = chosen(args)?;
    let programs = build_all(args, &clients)?;
    let up = UpArgs {
        nodes: 1,
        kafka: args.kafka,
        engine: Some(EngineKind::Jvm),
        proxy: true,
        configs: Vec::new(),
    };
    let me = ProcessId::of(std::process::id());
    let cluster = broker::up("peers", &up, Some(me))?;
    let bench = Bench {
        args,
        clients,
        programs,
        bootstrap: cluster.bootstrap(),
        cluster: &cluster,
    };
    let result = bench.all();
    let stopped = broker::remove(&cluster);
    result.and(stopped)
}

/// The clients asked for; tidewire's programs are built in any case, they also make the topics.
fn chosen(args: &PeersArgs) -> Result<Vec<Client>, String> {
    let known = clients::all();
    for wish in &args.clients {
        if !known.iter().any(|client| client.name.starts_with(&**wish)) {
            let names: Vec<&str> = known.iter().map(|client| client.name).collect();
            return Err(format!(
                "no client {wish:?}; there are {}",
                names.join(", ")
            ));
        }
    }
    let wanted = |client: &Client| {
        let mut wishes = args.clients.iter();
        let named = args.clients.is_empty() || wishes.any(|w| client.name.starts_with(&**w));
        named
            && args
                .direction
                .is_none_or(|direction| client.direction == direction)
    };
    Ok(known.into_iter().filter(wanted).collect())
}

/// By name of the program, what to run or why it cannot be.
type Programs = BTreeMap<String, Result<PathBuf, String>>;

fn key(program: Program) -> String {
    format!("{program:?}")
}

fn build_all(args: &PeersArgs, clients: &[Client]) -> Result<Programs, String> {
    let ours = Program::Rust("tidewire");
    let mut programs = Programs::from([(key(ours), Ok(build::program(ours, args.kafka)?))]);
    for client in clients {
        let place = programs.entry(key(client.program));
        let built = place.or_insert_with(|| build::program(client.program, args.kafka));
        if let Err(why) = built {
            eprintln!("{}: {why}", client.name);
        }
        // A build that was interrupted is no client that does not build.
        if interrupt::came() {
            return Err("interrupted".into());
        }
    }
    Ok(programs)
}

struct Bench<'a> {
    args: &'a PeersArgs,
    clients: Vec<Client>,
    programs: Programs,
    bootstrap: String,
    cluster: &'a Cluster,
}

impl Bench<'_> {
    fn all(&self) -> Result<(), String> {
        println!("{}", self.conditions());
        for workload in workloads::all() {
            let only = &self.args.only;
            let named = |name: &String| name == workload.name || name == workload.group;
            let wanted = only.is_empty() || only.iter().any(named);
            let mut clients = self.clients.iter();
            if wanted && clients.any(|client| client.direction == workload.direction) {
                match workload.direction {
                    Direction::Produce => self.produce(&workload)?,
                    Direction::Consume => self.consume(&workload)?,
                }
            }
        }
        Ok(())
    }

    fn conditions(&self) -> String {
        let settings = match self.args.settings {
            Settings::Advised => "set for throughput as its own documentation advises",
            Settings::Default => "set as it comes",
        };
        format!(
            "Kafka {}, one broker on this machine, {} runs in turn, median [least..greatest]; each \
             client {settings}.\nCPU and memory are those of the client's whole process. tidewire: \
             the library, `enqueue` with every Delivery awaited; tidewire-flush: with the outcomes \
             that `flush` reports; `poll`.",
            self.args.kafka, self.args.runs
        )
    }

    fn produce(&self, workload: &Workload) -> Result<(), String> {
        let modes: &[bool] = match self.args.idempotence {
            Idempotence::On => &[true],
            Idempotence::Off => &[false],
            Idempotence::Both => &[true, false],
        };
        let values = payload::file(workload.kind, workload.size)?;
        self.warm_up(workload, &values)?;
        let (bootstrap, _line) = self.line(workload.delay)?;
        for idempotent in modes {
            let mode = if *idempotent { "on" } else { "off" };
            let title = format!("{}: {}, idempotence {mode}", workload.name, workload.what);
            self.table(&title, workload, |client, run| {
                let topic = format!("{}-{mode}-{}-{run}", workload.name, client.name);
                self.topics("create", &topic, workload.partitions)?;
                let outcome = self.produce_once(&Cell {
                    args: self.args,
                    bootstrap: &bootstrap,
                    workload,
                    client,
                    topic: &topic,
                    records: self.args.records.unwrap_or(workload.records),
                    idempotent: *idempotent,
                    values: &values,
                });
                self.topics("delete", &topic, workload.partitions)?;
                Ok(outcome)
            })?;
        }
        Ok(())
    }

    /// The address of the brokers behind a line of this length, which is there until it is dropped.
    fn line(&self, delay: Duration) -> Result<(String, Option<Proxy>), String> {
        let direct = self.cluster.bootstrap();
        if delay.is_zero() {
            return Ok((direct, None));
        }
        let link = Link {
            delay,
            ..Link::default()
        };
        let settings = proxy::Settings {
            link,
            ..proxy::Settings::default()
        };
        let proxy = Proxy::of(self.cluster, settings)?;
        Ok((
            self.cluster.proxied_bootstrap().unwrap_or(direct),
            Some(proxy),
        ))
    }

    /// One discarded run. A failure will show in the table.
    fn warm_up(&self, workload: &Workload, values: &Path) -> Result<(), String> {
        let Some(client) = clients::all().into_iter().find(|it| it.name == "tidewire") else {
            return Ok(());
        };
        self.topics("create", "warm-up", workload.partitions)?;
        let size = u64::try_from(workload.size).unwrap_or(u64::MAX);
        let cell = Cell {
            args: self.args,
            bootstrap: &self.bootstrap,
            workload: &Workload {
                pace: Pace::Full,
                ..workload.clone()
            },
            client: &client,
            topic: "warm-up",
            records: (WARM_UP * 100 / size).max(1),
            idempotent: true,
            values,
        };
        let outcome = self.produce_once(&cell);
        self.topics("delete", "warm-up", workload.partitions)?;
        if let Err(why) = outcome {
            eprintln!("warm-up: {why}");
        }
        Ok(())
    }

    fn consume(&self, workload: &Workload) -> Result<(), String> {
        let values = payload::file(workload.kind, workload.size)?;
        let records = self.args.records.unwrap_or(workload.records);
        self.topics("create", workload.name, workload.partitions)?;
        let target = Target {
            bootstrap: &self.bootstrap,
            topic: workload.name,
            records,
            values: &values,
        };
        eprintln!("filling {} with {records} records", workload.name);
        let java = run::java()?;
        let mut fill = java::fill(&java, self.args.kafka, target, workload.codec)?;
        measure::run(&mut fill, 2 * RUN_LIMIT).map_err(|why| format!("filling: {why}"))?;
        let title = format!("{}: {}", workload.name, workload.what);
        self.table(&title, workload, |client, _| {
            let cell = Cell {
                args: self.args,
                bootstrap: &self.bootstrap,
                workload,
                client,
                topic: workload.name,
                records,
                idempotent: true,
                values: &values,
            };
            Ok(self.once(&cell))
        })?;
        self.topics("delete", workload.name, workload.partitions)
    }

    /// Runs the clients in turn and prints what came of it.
    fn table(
        &self,
        title: &str,
        workload: &Workload,
        once: impl Fn(&Client, u32) -> Result<Result<Run, String>, String>,
    ) -> Result<(), String> {
        let clients = self.clients.iter().filter(|client| client.takes(workload));
        let mut rows: Vec<(&Client, Row)> = clients
            .map(|client| {
                let row = Row {
                    client: client.name,
                    runs: Vec::new(),
                    failures: Vec::new(),
                };
                (client, row)
            })
            .collect();
        for run in 1..=self.args.runs {
            for (client, row) in &mut rows {
                if interrupt::came() {
                    return Err("interrupted".into());
                }
                if let Some(Err(why)) = self.programs.get(&key(client.program)) {
                    row.failures = vec![why.clone()];
                } else if row.failures.len() < FAILURES {
                    eprintln!("{title}: run {run} of {}: {}", self.args.runs, client.name);
                    match once(client, run)? {
                        Ok(run) => row.runs.push(run),
                        Err(why) => row.failures.push(why),
                    }
                }
            }
        }
        let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        let title = match load() {
            Some(load) => format!("{title} (load average {load})"),
            None => title.to_owned(),
        };
        println!("{}", table::render(&title, &rows));
        Ok(())
    }

    /// One run of a producer, and a look at what is in the log.
    fn produce_once(&self, cell: &Cell<'_>) -> Result<Run, String> {
        let mut run = self.once(cell)?;
        let written = self.count(cell.topic, cell.workload.partitions)?;
        run.duplicates = written - i64::try_from(run.records).map_err(|e| e.to_string())?;
        if run.duplicates < 0 {
            let (acknowledged, lost) = (run.records, -run.duplicates);
            return Err(format!(
                "{lost} of {acknowledged} acknowledged records are not in the log"
            ));
        }
        Ok(run)
    }

    fn once(&self, cell: &Cell<'_>) -> Result<Run, String> {
        let place = self.programs.get(&key(cell.client.program));
        let program = place.cloned().ok_or("it was not built")??;
        cell.run(&program)
    }

    fn topics(&self, what: &str, topic: &str, partitions: u32) -> Result<(), String> {
        self.topics_said(what, topic, partitions).map(drop)
    }

    fn count(&self, topic: &str, partitions: u32) -> Result<i64, String> {
        let said = self.topics_said("count", topic, partitions)?;
        said.trim()
            .parse()
            .map_err(|_| format!("no count of {topic}: {said:?}"))
    }

    fn topics_said(&self, what: &str, topic: &str, partitions: u32) -> Result<String, String> {
        let mut command = Command::new(build::binary("topics"));
        command.args([what, &self.bootstrap, topic, &partitions.to_string()]);
        run::output(&mut command)
    }
}

/// Of the last minute: whoever reads a table should know what else the machine did.
fn load() -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next().map(str::to_owned)
}
