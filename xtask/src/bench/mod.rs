//! `cargo xtask bench peers`: the same workloads through tidewire and its peers, side by side.
//!
//! Each client is a program of its own (`benches/peers`, Kafka's tools for Java), so that processor
//! time and memory are those of its process, asked of the system in the same way for all. Runs
//! alternate: whatever else the machine does meets every client.

mod build;
mod cell;
mod clients;
mod java;
mod measure;
mod payload;
mod peers;
mod table;
mod workloads;

use clap::{Subcommand, ValueEnum};

use crate::version::Version;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the workloads against one real broker and print a table for each.
    Peers(PeersArgs),
    /// Run a program and write what it used to a file.
    #[command(hide = true)]
    Exec(measure::ExecArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct PeersArgs {
    /// Only one of the two.
    #[arg(value_enum)]
    direction: Option<Direction>,
    /// How often each client runs each workload; they take turns.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Only these workloads, as `a,d,consume-100` [default: all].
    #[arg(long, value_delimiter = ',', value_parser = workloads::names())]
    only: Vec<String>,
    /// Only these clients, by the beginning of their names, as `tidewire,rdkafka` [default: all].
    #[arg(long, value_delimiter = ',')]
    clients: Vec<String>,
    /// How many records each run has, whatever the workload says.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    records: Option<u64>,
    /// Whether producers are idempotent; with `both` there are two tables.
    #[arg(long, value_enum, default_value = "both")]
    idempotence: Idempotence,
    /// How clients are set where speed is measured.
    #[arg(long, value_enum, default_value = "advised")]
    settings: Settings,
    /// The broker's version.
    #[arg(long, default_value = Version::DEFAULT)]
    kafka: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Direction {
    Produce,
    Consume,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Idempotence {
    On,
    Off,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Settings {
    /// As the client's own documentation advises for throughput.
    Advised,
    /// As the client comes.
    Default,
}

pub(crate) fn run(args: &Args) -> Result<(), String> {
    match &args.command {
        Command::Peers(args) => peers::run(args),
        Command::Exec(args) => measure::exec(args),
    }
}
