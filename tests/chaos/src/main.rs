//! The programs that `cargo xtask chaos` starts: `produce` writes records and keeps what it was
//! told of each, `member` is one member of a group and keeps what it was handed out.
//!
//! Both run until their stdin ends, so that they never outlive whoever started them.

mod journal;
mod ledger;
mod member;
mod produce;
mod record;
mod sums;

use std::io::Read;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::sync::watch;

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write records at a rate.
    Produce(produce::Args),
    /// Read as a member of a group, until SIGTERM.
    Member(member::Args),
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("TIDEWIRE_LOG");
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter.unwrap_or_else(|_| "tidewire=info".into()))
        .init();
    let ended = match Args::parse().command {
        Command::Produce(args) => produce::run(args).await,
        Command::Member(args) => member::run(args).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidewire-chaos: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The address and what `-X` gave.
fn properties<'a>(bootstrap: &'a str, more: &'a [String]) -> Result<Properties<'a>, Failure> {
    let mut properties = vec![("bootstrap.servers", bootstrap)];
    for property in more {
        let pair = property.split_once('=');
        properties.push(pair.ok_or_else(|| format!("{property:?} is not KEY=VALUE"))?);
    }
    Ok(properties)
}

type Properties<'a> = Vec<(&'a str, &'a str)>;

/// True once stdin has ended.
fn stop_with_stdin() -> watch::Receiver<bool> {
    let (tell, stop) = watch::channel(false);
    std::thread::spawn(move || {
        let mut byte = [0; 1];
        while std::io::stdin()
            .read(&mut byte)
            .is_ok_and(|count| count > 0)
        {}
        // Nobody listens when all is done.
        let _ = tell.send(true);
    });
    stop
}
