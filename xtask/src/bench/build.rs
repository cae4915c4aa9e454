//! Builds the programs, each by itself: one that does not build costs its own rows and no others.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::clients::Program;
use crate::maven;
use crate::run;
use crate::version::Version;

/// Where logs, values and what programs print are kept.
pub(super) fn folder() -> Result<PathBuf, String> {
    let folder = run::target().join("peers");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

fn package() -> PathBuf {
    run::workspace().join("benches/peers")
}

/// What cargo makes of the package.
pub(super) fn binary(name: &str) -> PathBuf {
    package().join("target/release").join(name)
}

/// Builds a program, or finds it; returns what is to be run.
pub(super) fn program(program: Program, kafka: Version) -> Result<PathBuf, String> {
    match program {
        Program::Rust(name) => rust(name),
        Program::Go => go(),
        Program::Java => {
            maven::jars(kafka)?;
            run::java()
        }
    }
}

fn rust(name: &str) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(package())
        .args(["build", "--release", "--locked", "--features", name])
        .env_remove("CARGO_TARGET_DIR");
    // What cargo said of this program; build scripts that look at it would run again each time.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    logged(&mut command, name)?;
    Ok(binary(name))
}

fn go() -> Result<PathBuf, String> {
    let go = run::find("go").ok_or("no `go` found; install Go (see benches/peers/go/go.mod)")?;
    let program = folder()?.join("franz-go");
    let mut command = Command::new(go);
    command
        .current_dir(package().join("go"))
        .args(["build", "-mod=readonly", "-o"])
        .arg(&program)
        .arg(".");
    logged(&mut command, "franz-go")?;
    Ok(program)
}

/// Runs a build, its output in a file: most of it is warnings of others.
fn logged(command: &mut Command, name: &str) -> Result<(), String> {
    eprintln!("building {name} (for the first time it takes minutes)");
    let path = folder()?.join(format!("build-{name}.log"));
    let open = |e: std::io::Error| format!("cannot write {}: {e}", path.display());
    let log = File::create(&path).map_err(open)?;
    let status = command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(open)?)
        .stderr(log)
        .status()
        .map_err(|e| format!("cannot start the build: {e}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("does not build: {}", first_error(&path)))
}

/// The line of a log that says most.
fn first_error(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("error"));
    let line = line.or_else(|| text.lines().last()).unwrap_or("no output");
    format!("{line} (all of it: {})", log.display())
}
