//! The words of the command line.
//!
//! Scripts depend on them, so they change only by addition. Three rules shape this file:
//! - The global flags may stand before the command, after it, or on both sides. clap's own global
//!   arguments keep only one side's values, which would lose half of the `-X`s, so every level
//!   carries [`Global`] itself and [`Cli::global`] merges them.
//! - What is planned but not built is a word of the tree too: it is listed as not built and
//!   refused with a message, where an unknown word would send the reader looking for a typo.
//! - Values are parsed here as far as no broker is needed, so that a wrong one costs no connection.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::text::format::Format;
use crate::text::input::{Delimiter, HeaderArg};
use crate::text::offset::OffsetArg;

mod groups;
mod perf;
#[cfg(test)]
mod tests;
mod topics;

pub(crate) use groups::{GroupsArgs, GroupsCommand};
pub(crate) use perf::{PayloadKind, PerfArgs, PerfCommand, PerfConsumeArgs, PerfProduceArgs};
pub(crate) use topics::{CreateArgs, DeleteArgs, DescribeArgs, TopicsArgs, TopicsCommand};

/// A Kafka client for the command line: produce, consume, inspect, and a mock cluster.
#[derive(Debug, Parser)]
#[command(
    name = "tidewire",
    version,
    arg_required_else_help = true,
    after_help = "Flags of every command (-b, -X, -F, --json, -v) stand before or after it; demo \
                  and mock bring their own cluster and refuse -b, -X and -F.\n\
                  Errors go to stderr. The exit code is 0 only if all that was asked happened; \
                  2 means the command line or a setting was refused, 1 that it failed later on, \
                  130 that a signal came before all was done (consume and mock then end with 0)."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The global flags of all levels together: a later value wins, `-X` and `-F` add up.
    pub(crate) fn global(&self) -> Global {
        let mut merged = self.global.clone();
        for later in self.command.globals() {
            merged.add(later);
        }
        merged
    }
}

/// The flags that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Connection and settings")]
pub(crate) struct Global {
    /// Brokers to start from, separated by commas; instead of it the environment variable
    /// TIDEWIRE_BOOTSTRAP, or bootstrap.servers in -X or -F
    #[arg(short, long = "bootstrap", value_name = "HOST:PORT,..")]
    pub(crate) bootstrap: Option<String>,
    /// A setting by its Java or librdkafka name; goes before -F
    #[arg(short = 'X', value_name = "KEY=VALUE", value_parser = property)]
    pub(crate) properties: Vec<(String, String)>,
    /// A file of settings, one key=value a line, as Java's tools read it
    #[arg(short = 'F', value_name = "FILE")]
    pub(crate) property_files: Vec<PathBuf>,
    /// Results as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// More logs on stderr: -v info, -vv debug, -vvv trace (RUST_LOG says it in detail)
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Global {
    fn add(&mut self, later: &Self) {
        if later.bootstrap.is_some() {
            self.bootstrap.clone_from(&later.bootstrap);
        }
        self.properties.extend_from_slice(&later.properties);
        self.property_files.extend_from_slice(&later.property_files);
        self.json |= later.json;
        self.verbose = self.verbose.saturating_add(later.verbose);
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show it at work without a broker: a three-node cluster, a producer and consumers, in
    /// process
    Demo(DemoArgs),
    /// Send lines of stdin or of files as records
    Produce(ProduceArgs),
    /// Print records
    Consume(ConsumeArgs),
    /// List, describe, create and delete topics
    Topics(TopicsArgs),
    /// Serve the mock cluster to other programs
    Mock(MockArgs),
    /// Describe the cluster
    Cluster(ClusterArgs),
    /// List and describe consumer groups, and what they committed
    Groups(GroupsArgs),
    /// Load generator: how fast it writes and reads, and with what latency
    Perf(PerfArgs),
}

impl Command {
    /// The global flags that stand after the command, outermost first.
    fn globals(&self) -> Vec<&Global> {
        match self {
            Self::Demo(args) => vec![&args.global],
            Self::Produce(args) => vec![&args.global],
            Self::Consume(args) => vec![&args.global],
            Self::Mock(args) => vec![&args.global],
            Self::Topics(args) => args.globals(),
            Self::Cluster(args) => {
                let ClusterCommand::Describe(describe) = &args.command;
                vec![&args.global, &describe.global]
            }
            Self::Perf(args) => args.globals(),
            Self::Groups(args) => args.globals(),
        }
    }
}

/// `demo`
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// How many records to send and to verify
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) records: u64,
    #[command(flatten)]
    global: Global,
}

/// `produce`
#[derive(Args, Debug)]
#[command(
    after_help = "Each line is a record; \\r and bytes that are not UTF-8 are kept, an \
                        empty line is an empty value, a last line without a newline counts. The \
                        topic is created if the brokers allow it."
)]
pub(crate) struct ProduceArgs {
    /// The topic to write to
    pub(crate) topic: String,
    /// Read this file instead of stdin; may be repeated, - is stdin
    #[arg(long = "file", value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
    /// Split each line at the first DELIM into key and value (\t and \xNN are understood); a
    /// line without it has no key
    #[arg(short = 'K', value_name = "DELIM", value_parser = Delimiter::parse)]
    pub(crate) key_delimiter: Option<Delimiter>,
    /// A header for every record; may be repeated. NAME alone has a null value
    #[arg(short = 'H', value_name = "NAME=VALUE", value_parser = HeaderArg::parse)]
    pub(crate) headers: Vec<HeaderArg>,
    /// Write to this partition instead of asking the partitioner
    #[arg(short, value_parser = clap::value_parser!(i32).range(0..))]
    pub(crate) partition: Option<i32>,
    /// Compress with this codec
    #[arg(short = 'z', value_name = "CODEC")]
    pub(crate) compression: Option<Codec>,
    /// An empty value is null: a tombstone
    #[arg(short = 'Z')]
    pub(crate) empty_is_null: bool,
    /// How records find their partition: default (Java's: murmur2 of the key, sticky without one),
    /// round_robin, random, or librdkafka's consistent_random, consistent, murmur2_random,
    /// murmur2, fnv1a_random or fnv1a; a Java class name is understood too
    #[arg(long, value_name = "NAME")]
    pub(crate) partitioner: Option<String>,
    #[command(flatten)]
    global: Global,
}

/// The codecs of `-z`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[allow(
    missing_docs,
    reason = "the names say it, and clap would print the comments"
)]
pub(crate) enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    /// The value of `compression.type`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// `consume`
#[derive(Args, Debug)]
#[command(
    after_help = "Values are written byte for byte, a newline after each. It reads the \
                  partitions there are at its start, with -g those that the group gives it, and \
                  never creates a topic. SIGINT and SIGTERM end it with exit code 0."
)]
pub(crate) struct ConsumeArgs {
    /// The topics to read
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// Read as a member of this group, from where it left off, and commit what was written (unless
    /// -X enable.auto.commit=false). A topic that begins with ^ is a pattern then
    #[arg(short, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// Read only these partitions; may be repeated or separated by commas
    #[arg(short, value_name = "PARTITION", value_delimiter = ',',
          value_parser = clap::value_parser!(i32).range(0..))]
    pub(crate) partitions: Vec<i32>,
    /// Where to start: beginning, end, N (that offset), -N (the last N of each partition), s@MS
    /// (from that time in milliseconds since 1970), stored (where the group left off); and where
    /// to stop: e@MS (before that time, or at the end seen at the start). Once for each; with -g
    /// for partitions of which the group has committed nothing [default: beginning]
    #[arg(short, value_name = "OFFSET", allow_hyphen_values = true,
          value_parser = OffsetArg::parse)]
    pub(crate) offsets: Vec<OffsetArg>,
    /// Stop after this many records
    #[arg(short, value_name = "COUNT")]
    pub(crate) count: Option<u64>,
    /// Stop at the end offsets seen at the start; with -g when the partitions that the group gave
    /// it are there, or when it was given none for 10 s
    #[arg(short = 'e')]
    pub(crate) exit_at_end: bool,
    /// Print each record so, with no newline added: %t topic, %p partition, %o offset, %k key,
    /// %s value, %S value's length, %K key's length (-1: null), %T timestamp, %h headers, %%;
    /// \n \r \t \xNN are understood
    #[arg(short, value_name = "FORMAT", value_parser = Format::parse, conflicts_with = "json")]
    pub(crate) format: Option<Format>,
    /// Which records of transactions to print
    #[arg(long, value_name = "LEVEL")]
    pub(crate) isolation: Option<Isolation>,
    #[command(flatten)]
    global: Global,
}

/// The levels of `--isolation`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Isolation {
    /// All of them, those of open and aborted transactions too
    #[value(name = "read_uncommitted", alias = "read-uncommitted")]
    ReadUncommitted,
    /// Only those of committed transactions
    #[value(name = "read_committed", alias = "read-committed")]
    ReadCommitted,
}

impl Isolation {
    /// The value of `isolation.level`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "read_uncommitted",
            Self::ReadCommitted => "read_committed",
        }
    }
}

/// `topics list` and `cluster describe`, which take nothing of their own.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    global: Global,
}

/// `cluster`
#[derive(Args, Debug)]
pub(crate) struct ClusterArgs {
    #[command(flatten)]
    global: Global,
    /// What to do with the cluster.
    #[command(subcommand)]
    command: ClusterCommand,
}

/// The commands of `cluster`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Print its id, its brokers and which of them answers as the controller
    Describe(ListArgs),
}

/// `mock`
#[derive(Args, Debug)]
pub(crate) struct MockArgs {
    /// Where to listen; with port 0 the system picks free ports, else the nodes take this port
    /// and the ones after it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,
    /// How many nodes the cluster has
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) nodes: u16,
    #[command(flatten)]
    global: Global,
}

/// A word that is planned: it takes anything, so that the refusal says why.
#[derive(Args, Debug)]
pub(crate) struct NotBuilt {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _ignored: Vec<OsString>,
}

/// `key=value`, split at the first `=`; the value may be empty, the key may not.
fn property(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            // The value is taken as it is: it may be a password with blanks around it.
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}
