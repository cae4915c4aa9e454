//! The words of `topics`.

use clap::{Args, Subcommand};

use super::{Global, ListArgs, NotBuilt, property};

/// `topics`
#[derive(Args, Debug)]
pub(crate) struct TopicsArgs {
    #[command(flatten)]
    global: Global,
    /// What to do with topics.
    #[command(subcommand)]
    pub(crate) command: TopicsCommand,
}

/// The commands of `topics`.
#[derive(Debug, Subcommand)]
pub(crate) enum TopicsCommand {
    /// Print the names of all topics
    List(ListArgs),
    /// Print partitions, leaders and replicas
    Describe(DescribeArgs),
    /// Create a topic
    Create(CreateArgs),
    /// Delete topics with all that is in them
    Delete(DeleteArgs),
    /// (not built yet) Give a topic more partitions
    AddPartitions(NotBuilt),
    /// (not built yet) Show and change the settings of a topic
    Configs(NotBuilt),
}

/// `topics describe`
#[derive(Args, Debug)]
pub(crate) struct DescribeArgs {
    /// The topics to describe; all of them if none is named
    #[arg(value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    #[command(flatten)]
    global: Global,
}

/// `topics create`
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// The topic to create
    pub(crate) topic: String,
    /// How many partitions [default: what the brokers say]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub(crate) partitions: Option<i32>,
    /// How many replicas of each partition [default: what the brokers say]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i16).range(1..))]
    pub(crate) replication_factor: Option<i16>,
    /// A setting of the topic; may be repeated
    #[arg(long = "config", value_name = "KEY=VALUE", value_parser = property)]
    pub(crate) configs: Vec<(String, String)>,
    #[command(flatten)]
    global: Global,
}

/// `topics delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The topics to delete
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    #[command(flatten)]
    global: Global,
}

impl TopicsArgs {
    /// The global flags that stand after the command, outermost first.
    pub(super) fn globals(&self) -> Vec<&Global> {
        let inner = match &self.command {
            TopicsCommand::List(args) => Some(&args.global),
            TopicsCommand::Describe(args) => Some(&args.global),
            TopicsCommand::Create(args) => Some(&args.global),
            TopicsCommand::Delete(args) => Some(&args.global),
            TopicsCommand::AddPartitions(_) | TopicsCommand::Configs(_) => None,
        };
        std::iter::once(&self.global).chain(inner).collect()
    }
}
