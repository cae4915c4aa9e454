//! The words of `groups`.

use clap::{Args, Subcommand};

use super::{Global, ListArgs, NotBuilt};

/// `groups`
#[derive(Args, Debug)]
pub(crate) struct GroupsArgs {
    #[command(flatten)]
    global: Global,
    /// What to do with groups.
    #[command(subcommand)]
    pub(crate) command: GroupsCommand,
}

/// The commands of `groups`.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupsCommand {
    /// Print the ids of all groups
    List(ListArgs),
    /// Print a group's state and its members with their partitions
    Describe(DescribeGroupsArgs),
    /// Print what a group committed, and how far that is from the end
    Offsets(GroupOffsetsArgs),
    /// (not built yet) Move a group to other offsets
    Reset(NotBuilt),
    /// (not built yet) Delete a group with all it committed
    Delete(NotBuilt),
}

/// `groups describe`
#[derive(Args, Debug)]
pub(crate) struct DescribeGroupsArgs {
    /// The groups to describe
    #[arg(required = true, value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    #[command(flatten)]
    global: Global,
}

/// `groups offsets`
#[derive(Args, Debug)]
pub(crate) struct GroupOffsetsArgs {
    /// The group
    pub(crate) group: String,
    #[command(flatten)]
    global: Global,
}

impl GroupsArgs {
    /// The global flags that stand after the command, outermost first.
    pub(super) fn globals(&self) -> Vec<&Global> {
        let inner = match &self.command {
            GroupsCommand::List(args) => Some(&args.global),
            GroupsCommand::Describe(args) => Some(&args.global),
            GroupsCommand::Offsets(args) => Some(&args.global),
            GroupsCommand::Reset(_) | GroupsCommand::Delete(_) => None,
        };
        std::iter::once(&self.global).chain(inner).collect()
    }
}
