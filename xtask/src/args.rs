//! The command line of `cargo xtask`, as clap types.

use crate::bench;
use crate::chaos::Chaos;
use crate::codegen;
use crate::fuzz;
use crate::proxy;
use crate::version::Version;
use clap::{Parser, Subcommand, ValueEnum};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write `src/protocol/generated/` from Kafka's own message schemas.
    Codegen(codegen::Args),
    /// Start, stop and torment real Kafka brokers on free ports of this machine.
    Broker(BrokerArgs),
    /// Stand between clients and brokers: delay, throttle, cut, hold, lose.
    Proxy(proxy::Args),
    /// Torment brokers and connections, and judge what the client said by what the log has.
    #[command(subcommand)]
    Chaos(Chaos),
    /// Run one of Kafka's own tools from the broker's jars, as a witness.
    Kafka(KafkaArgs),
    /// Install and fetch what real brokers need; quick when all is there.
    Setup,
    /// Run every test, those that need real brokers included.
    Test(TestArgs),
    /// Run the fuzz targets of `tests/fuzz`, each for a while; needs nightly Rust and cargo-fuzz.
    Fuzz(fuzz::Args),
    /// Measure tidewire beside other clients, against one real broker.
    Bench(bench::Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BrokerArgs {
    /// Which cluster; several may run side by side.
    #[arg(long, global = true, default_value = "default", value_parser = cluster_name)]
    pub(crate) name: String,
    #[command(subcommand)]
    pub(crate) command: BrokerCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BrokerCommand {
    /// Start a fresh cluster, replacing one of the same name; returns when every node serves.
    Up(UpArgs),
    /// Stop a cluster and delete its data. Logs stay until the next `up`.
    Down {
        /// Every cluster under `target/brokers`.
        #[arg(long)]
        all: bool,
    },
    /// SIGKILL node N: it dies without a goodbye.
    Kill { node: u32 },
    /// SIGSTOP node N: it keeps its connections and says nothing.
    Pause { node: u32 },
    /// SIGCONT node N after `pause`.
    Resume { node: u32 },
    /// Stop node N politely if it lives, start it on the same port, wait until it serves.
    Restart { node: u32 },
    /// Wait until every node serves and knows all others.
    Wait,
    /// What runs, where.
    Status,
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct UpArgs {
    /// How many brokers, at most 9; tests take 1 and 3.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub(crate) nodes: u32,
    /// Kafka's version. 2.8.2, 3.9.1 and 4.3.1 are tested.
    #[arg(long, default_value = Version::DEFAULT)]
    pub(crate) kafka: Version,
    /// A container where Docker or Podman answers, otherwise plain JVM processes.
    #[arg(long, value_enum)]
    pub(crate) engine: Option<EngineKind>,
    /// Give each broker a second address, behind a port for `cargo xtask proxy`.
    #[arg(long)]
    pub(crate) proxy: bool,
    /// A property of the brokers, as `group.min.session.timeout.ms=1000`; may be given again.
    #[arg(long = "config")]
    pub(crate) configs: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineKind {
    Container,
    Jvm,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KafkaArgs {
    /// The cluster whose version and address the tool gets.
    #[arg(long, default_value = "default", value_parser = cluster_name)]
    pub(crate) name: String,
    /// Kafka's version, where it should differ from the cluster's.
    #[arg(long)]
    pub(crate) kafka: Option<Version>,
    /// The address to use instead of the cluster's.
    #[arg(long)]
    pub(crate) bootstrap: Option<String>,
    /// As in Kafka's `bin/kafka-TOOL.sh`: topics, console-consumer, get-offsets, ... or a class.
    pub(crate) tool: String,
    /// Passed on as they are.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Only what needs no broker.
    #[arg(long)]
    pub(crate) fast: bool,
    /// Only the suites that need a broker.
    #[arg(long, conflicts_with = "fast")]
    pub(crate) broker_only: bool,
    /// Only clusters of this version.
    #[arg(long)]
    pub(crate) kafka: Option<Version>,
    /// Run all clusters this way.
    #[arg(long, value_enum)]
    pub(crate) engine: Option<EngineKind>,
    /// After `--`: a filter and flags for the test binaries.
    #[arg(last = true)]
    pub(crate) harness: Vec<String>,
}

/// A name becomes a folder and part of container names, so it is kept plain.
pub(crate) fn cluster_name(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts_well && name.len() <= 60 && name.chars().all(plain) {
        Ok(name.to_owned())
    } else {
        Err("use up to 60 letters, digits, '-', '_' or '.', the first a letter or digit".into())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn cluster_names_cannot_leave_their_folder() {
        assert!(cluster_name("test-2.8.2").is_ok());
        for bad in ["", "..", "a/b", "-x", ".hidden", "a b"] {
            assert!(cluster_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_tools_own_flags_pass_through() {
        let args = Args::parse_from(["xtask", "kafka", "topics", "--list", "--kafka", "x"]);
        let Command::Kafka(kafka) = args.command else {
            panic!("not the kafka command");
        };
        assert_eq!(kafka.args, ["--list", "--kafka", "x"]);
        assert_eq!(kafka.kafka, None);
    }
}
