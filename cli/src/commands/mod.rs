//! One file per command; each gets its arguments and the merged global flags.

mod cluster;
mod consume;
mod demo;
mod groups;
mod mock;
mod perf;
mod produce;
mod topics;

use crate::args::{Cli, Command, Global};
use crate::failure::Failure;

/// Runs the command.
///
/// # Errors
/// When not all that was asked happened.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let global = cli.global();
    match cli.command {
        Command::Demo(args) => {
            refuse_settings(&global, "demo")?;
            demo::run(&global, &args).await
        }
        Command::Produce(args) => produce::run(&global, args).await,
        Command::Consume(args) => consume::run(&global, args).await,
        Command::Topics(topics) => topics::run(&global, topics.command).await,
        Command::Mock(args) => {
            refuse_settings(&global, "mock")?;
            mock::run(&global, &args).await
        }
        Command::Groups(groups) => groups::run(&global, groups.command).await,
        Command::Cluster(_) => cluster::describe(&global).await,
        Command::Perf(args) => perf::run(&global, args.command).await,
    }
}

/// For a command that would not do what these flags say.
fn refuse_settings(global: &Global, command: &str) -> Result<(), Failure> {
    let flags = [
        ("-b", global.bootstrap.is_some()),
        ("-X", !global.properties.is_empty()),
        ("-F", !global.property_files.is_empty()),
    ];
    match flags.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Failure::refused(format!("{command} does not take {flag}"))
            .next("it brings its own cluster, and nothing of it is set by properties")),
        None => Ok(()),
    }
}
