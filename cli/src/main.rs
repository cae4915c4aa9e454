//! The `tidewire` command: a thin shell around the library.
//!
//! `args` has the words, `text` the pure part (lines in, records out), `commands` one file per
//! command. What can wait for ever, reading stdin and writing to a pipe, has its own threads.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod failure;
mod logging;
mod output;
mod patience;
mod progress;
mod settings;
mod signals;
mod source;
mod text;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start(cli.global().verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return Failure::new(format!("cannot start: {error}")).report(),
    };
    let outcome = runtime.block_on(commands::run(cli));
    // A name look-up may still hang in the system's resolver: nobody waits for it.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
