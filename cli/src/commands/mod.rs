//! One file per command; each gets its arguments and the merged global flags.

mod cluster;
mod consume;
mod demo;
mod groups;
mod mock;
mod perf;
mod produce;
mod topics;

use crate::args::{Cli, Command};
use crate::failure::Failure;

/// Runs the command.
///
/// # Errors
/// When not all that was asked happened.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let global = cli.global();
    match cli.command {
        Command::Demo(args) => demo::run(&global, &args).await,
        Command::Produce(args) => produce::run(&global, args).await,
        Command::Consume(args) => consume::run(&global, args).await,
        Command::Topics(topics) => topics::run(&global, topics.command).await,
        Command::Mock(args) => mock::run(&global, &args).await,
        Command::Groups(groups) => groups::run(&global, groups.command).await,
        Command::Cluster(_) => cluster::describe(&global).await,
        Command::Perf(args) => perf::run(&global, args.command).await,
    }
}
