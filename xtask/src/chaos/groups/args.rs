//! The command line of `cargo xtask chaos groups`, and what it means to clients and brokers.

use clap::ValueEnum;

use super::judge::Verdict;
use crate::args::{EngineKind, cluster_name};
use crate::version::Version;

/// `session.timeout.ms`: the least that brokers allow by default, so that a death is soon missed.
const SESSION_MS: u32 = 6_000;
const HEARTBEAT_MS: u32 = 1_500;
const AUTO_COMMIT_MS: u32 = 400;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How long members are tormented.
    #[arg(long, default_value_t = 600)]
    pub(super) seconds: u64,
    /// Something is done after so long, up to twice as long.
    #[arg(long, default_value_t = 5_000)]
    pub(super) pace_ms: u64,
    #[arg(long, value_enum, default_value_t = Protocol::Classic)]
    pub(super) protocol: Protocol,
    /// `range`, `roundrobin`, `sticky`, `cooperative-sticky`; with `--protocol consumer` one of the
    /// broker's, `uniform` or `range`.
    #[arg(long)]
    pub(super) assignor: Option<String>,
    /// How many members are Java's.
    #[arg(long, default_value_t = 0)]
    pub(super) with_java: u32,
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(3..=50))]
    pub(super) members: u32,
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) partitions: u32,
    /// Records per second.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) rate: u64,
    /// Repeats the order of what is done; the times depend on the machine.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Our members do wrong on purpose, and the run is good if that is seen.
    #[arg(long, value_enum)]
    pub(super) sabotage: Option<Sabotage>,
    /// A property of our members, as `max.poll.records=10`.
    #[arg(short = 'X', long = "property")]
    pub(super) properties: Vec<String>,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub(super) nodes: u32,
    /// The cluster's name; a running one of that name is replaced.
    #[arg(long, default_value = "chaos-groups", value_parser = cluster_name)]
    pub(super) name: String,
    /// 4.0 or newer, whose tools print offsets as JSON.
    #[arg(long, default_value = Version::DEFAULT)]
    pub(super) kafka: Version,
    #[arg(long, value_enum, default_value_t = EngineKind::Jvm)]
    pub(super) engine: EngineKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Protocol {
    Classic,
    /// KIP-848.
    Consumer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Sabotage {
    /// Commit what was not handed out yet.
    Early,
    /// Commit what was committed long ago.
    Back,
    /// Read on from partitions that were given up.
    Keep,
}

impl Sabotage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::Back => "back",
            Self::Keep => "keep",
        }
    }

    /// How often a run has seen what it does.
    pub(super) fn shows(self, verdict: &Verdict) -> u64 {
        match self {
            Self::Early => verdict.early,
            Self::Back => verdict.back,
            Self::Keep => verdict.two_owners,
        }
    }
}

impl Args {
    /// Of our members.
    pub(super) fn client_properties(&self) -> Vec<String> {
        let mut properties = self.java_properties();
        properties.push("auto.offset.reset=earliest".into());
        match (self.protocol, &self.assignor) {
            (Protocol::Classic, assignor) => {
                properties.push(format!("session.timeout.ms={SESSION_MS}"));
                let assignor = assignor.as_deref().unwrap_or("cooperative-sticky");
                properties.push(format!("partition.assignment.strategy={assignor}"));
            }
            (Protocol::Consumer, assignor) => {
                properties.push("group.protocol=consumer".into());
                let assignor = assignor.iter();
                properties.extend(assignor.map(|it| format!("group.remote.assignor={it}")));
            }
        }
        properties.extend(self.properties.iter().cloned());
        properties
    }

    /// What Java's member takes from a file.
    pub(super) fn java_properties(&self) -> Vec<String> {
        let mut properties = vec![format!("auto.commit.interval.ms={AUTO_COMMIT_MS}")];
        if self.protocol == Protocol::Classic {
            properties.push(format!("heartbeat.interval.ms={HEARTBEAT_MS}"));
        }
        properties
    }

    /// And what as arguments.
    pub(super) fn java_arguments(&self) -> Vec<String> {
        let pairs = match (self.protocol, &self.assignor) {
            (Protocol::Classic, assignor) => {
                let class = match assignor.as_deref() {
                    Some("range") => "RangeAssignor",
                    Some("roundrobin") => "RoundRobinAssignor",
                    Some("sticky") => "StickyAssignor",
                    _ => "CooperativeStickyAssignor",
                };
                vec![
                    ("--session-timeout", SESSION_MS.to_string()),
                    (
                        "--assignment-strategy",
                        format!("org.apache.kafka.clients.consumer.{class}"),
                    ),
                ]
            }
            (Protocol::Consumer, None) => vec![("--group-protocol", "consumer".into())],
            (Protocol::Consumer, Some(assignor)) => vec![
                ("--group-protocol", "consumer".into()),
                ("--group-remote-assignor", assignor.clone()),
            ],
        };
        let words = pairs
            .into_iter()
            .flat_map(|(flag, value)| [flag.to_owned(), value]);
        words.collect()
    }

    /// Of the brokers: with KIP-848 they alone say when a member is dead.
    pub(super) fn configs(&self) -> Vec<String> {
        if self.protocol == Protocol::Classic {
            return Vec::new();
        }
        let of = |what: &str, value: u32| format!("group.consumer.{what}={value}");
        vec![
            of("min.session.timeout.ms", SESSION_MS),
            of("session.timeout.ms", SESSION_MS),
            of("min.heartbeat.interval.ms", HEARTBEAT_MS),
            of("heartbeat.interval.ms", HEARTBEAT_MS),
        ]
    }
}
