//! The words of `perf`.

use clap::{Args, Subcommand, ValueEnum};

use super::{Codec, Global, NotBuilt};

/// `perf`
#[derive(Args, Debug)]
pub(crate) struct PerfArgs {
    #[command(flatten)]
    global: Global,
    /// What to measure.
    #[command(subcommand)]
    pub(crate) command: PerfCommand,
}

impl PerfArgs {
    /// The global flags of both levels, outermost first.
    pub(super) fn globals(&self) -> Vec<&Global> {
        let inner = match &self.command {
            PerfCommand::Produce(args) => Some(&args.global),
            PerfCommand::Consume(args) => Some(&args.global),
            PerfCommand::Roundtrip(_) => None,
        };
        std::iter::once(&self.global).chain(inner).collect()
    }
}

/// The commands of `perf`.
#[derive(Debug, Subcommand)]
pub(crate) enum PerfCommand {
    /// Write records as fast as possible, or at a rate
    Produce(PerfProduceArgs),
    /// Read a topic as fast as possible
    Consume(PerfConsumeArgs),
    /// (not built yet) Write and read, and compare
    Roundtrip(NotBuilt),
}

/// `perf produce`
#[derive(Args, Debug)]
#[command(
    after_help = "Without --rate it sends as fast as the buffer takes records, and the latency of \
                  one record in 100 runs from its send to its acknowledgement.\n\
                  With --rate each record has its time beforehand, and the latency of every \
                  acknowledged record runs from that time, so a stall counts for all records it \
                  held up. late_us is the part of it that passed before the record was handed \
                  over.\n\
                  Failed records are in errors; those never handed over are told as not sent.\n\
                  records and bytes are what was acknowledged, keys and values; one MB is 1000000 \
                  bytes. The rates run from the first send to the last acknowledgement."
)]
pub(crate) struct PerfProduceArgs {
    /// The topic to write to
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: String,
    /// How many records to send, by all producers together
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) records: u64,
    /// The length of each value in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(..=100_000_000))]
    pub(crate) record_size: u32,
    /// Records per second, by all producers together [default: as fast as possible]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rate: Option<u64>,
    /// Leave the latency of the first N records out: connections and metadata take their time
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) warmup: u64,
    /// How many producers, each with a buffer and sockets of its own
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) producers: u16,
    /// How many different keys, of 8 bytes, chosen evenly; with 0 keys are null
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) keys: u32,
    /// What values are made of
    #[arg(long, value_name = "KIND", default_value = "json")]
    pub(crate) payload: PayloadKind,
    /// Compress with this codec
    #[arg(long, value_name = "CODEC")]
    pub(crate) compression: Option<Codec>,
    /// (not built yet) Write a report as a page
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<String>,
    #[command(flatten)]
    global: Global,
}

/// The kinds of `--payload`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum PayloadKind {
    /// Events in JSON, cut to the size; a batch compresses about 3:1 with lz4, 4:1 with gzip and
    /// 5:1 with zstd
    Json,
    /// Bytes that do not compress
    Random,
    /// Zeros
    Zeros,
}

/// `perf consume`
#[derive(Args, Debug)]
#[command(
    after_help = "It reads every partition to the end offsets seen at the start, or the given \
                  number of records; without --group from the beginning.\n\
                  bytes are those of keys and values; one MB is 1000000 bytes. The rates run from \
                  the first record to the last, first_record_s from before the consumer was made. \
                  latency_us is how long it waited for the next records after it was done with \
                  the last ones; errors are failed polls."
)]
pub(crate) struct PerfConsumeArgs {
    /// The topic to read
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: String,
    /// How many records to read; it waits for them beyond the end offsets seen at the start
    /// [default: all up to these offsets]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) records: Option<u64>,
    /// Give up when no record comes for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// Read as a member of this group, from where it left off; where it has other members, say how
    /// many --records
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// How many consumers, each with sockets of its own: members of the group, or each with its
    /// part of the partitions
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) consumers: u16,
    /// (not built yet) Write a report as a page
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<String>,
    #[command(flatten)]
    global: Global,
}
