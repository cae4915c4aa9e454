//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! `codegen` writes the message code; `broker`, `kafka` and `setup` give tests a real Kafka on this
//! machine, `proxy` a bad network to it, `chaos` brokers that die and a judge; `test` runs
//! everything, `fuzz` the fuzz targets, `bench` our peers beside us. Nothing here is part of the
//! published crate.

mod args;
mod bench;
mod broker;
mod chaos;
mod codegen;
mod engines;
mod fuzz;
mod interrupt;
mod kafka_tools;
mod maven;
mod ports;
mod probe;
mod process;
mod properties;
mod proxy;
mod random;
mod run;
mod setup;
mod state;
mod test;
mod version;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Codegen(args) => codegen::run(&args),
        Command::Broker(args) => broker::run(&args),
        Command::Proxy(args) => proxy::run(&args),
        Command::Chaos(chaos) => chaos::run(&chaos),
        Command::Kafka(args) => kafka_tools::run(&args),
        Command::Setup => setup::run(),
        Command::Test(args) => test::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
