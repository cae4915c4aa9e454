//! Generates the message code of `src/protocol/generated/` from Kafka's JSON schemas.
//!
//! The schemas come out of the `kafka-clients` jar ([`source`]), are read ([`schema`]), put into
//! the shape of Rust ([`model`]) and written ([`emit`], [`tables`]). Only facts pass: names, types,
//! versions, tags and defaults; Kafka's prose does not.

mod emit;
mod model;
mod schema;
mod source;
mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The release of `kafka-clients` whose schemas are used; the one place that names it.
const KAFKA: &str = "4.3.1";

/// Where the code goes. Whatever else is in this folder is removed.
const CODE: &str = "src/protocol/generated";

/// Where the facts go that the oracle test walks.
const FACTS: &str = "tests/oracle/schema.txt";

/// What `cargo xtask codegen` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail when the committed code differs from what would be written.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Runs the generator.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("the workspace has no root")?;
    let wanted = generate(&source::schemas(root, KAFKA)?)?;
    let present = present(root)?;
    let mut drift: Vec<&Path> = Vec::new();
    for (path, text) in &wanted {
        if present.get(path).map(String::as_str) != Some(text) {
            drift.push(path);
        }
    }
    drift.extend(
        present
            .keys()
            .filter(|path| !wanted.contains_key(*path))
            .map(PathBuf::as_path),
    );
    let lines: usize = wanted.values().map(|text| text.lines().count()).sum();
    println!(
        "{} files, {lines} lines, {} differ",
        wanted.len(),
        drift.len()
    );
    if drift.is_empty() {
        return Ok(());
    }
    if args.check {
        let list: Vec<_> = drift
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        return Err(format!(
            "not what `cargo xtask codegen` writes: {}",
            list.join(", ")
        ));
    }
    for path in drift {
        let at = root.join(path);
        let done = match wanted.get(path) {
            Some(text) => {
                fs::create_dir_all(at.parent().unwrap_or(root)).and_then(|()| fs::write(&at, text))
            }
            None => fs::remove_file(&at),
        };
        done.map_err(|error| format!("{}: {error}", at.display()))?;
    }
    Ok(())
}

/// Every file to be written, by its path in the workspace.
fn generate(schemas: &BTreeMap<String, String>) -> Result<BTreeMap<PathBuf, String>, String> {
    let modules = model::modules(schemas)?;
    let mut files = BTreeMap::new();
    let code = Path::new(CODE);
    for module in &modules {
        files.insert(
            code.join(format!("{}.rs", module.name)),
            format(&emit::module(module))?,
        );
    }
    files.insert(code.join("api_key.rs"), format(&tables::api_key(&modules))?);
    files.insert(
        code.join("mod.rs"),
        format(&tables::module_list(&modules, KAFKA))?,
    );
    files.insert(PathBuf::from(FACTS), tables::facts(&modules, KAFKA));
    Ok(files)
}

/// Every file that stands where generated ones do.
fn present(root: &Path) -> Result<BTreeMap<PathBuf, String>, String> {
    let mut files = BTreeMap::new();
    let folder = fs::read_dir(root.join(CODE))
        .into_iter()
        .flatten()
        .flatten();
    let mut paths: Vec<_> = folder
        .map(|entry| Path::new(CODE).join(entry.file_name()))
        .collect();
    if root.join(FACTS).exists() {
        paths.push(PathBuf::from(FACTS));
    }
    for path in paths {
        let text = fs::read_to_string(root.join(&path))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        files.insert(path, text);
    }
    Ok(files)
}

/// Runs rustfmt with the workspace's settings.
fn format(code: &str) -> Result<String, String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt: {error}"))?;
    let mut stdin = rustfmt.stdin.take().ok_or("rustfmt has no stdin")?;
    let code = code.to_owned();
    // Fed from a thread, as rustfmt may write before it has read everything.
    let feeder = std::thread::spawn(move || stdin.write_all(code.as_bytes()));
    let output = rustfmt
        .wait_with_output()
        .map_err(|error| format!("rustfmt: {error}"))?;
    let fed = feeder.join().map_err(|_| "rustfmt's feeder panicked")?;
    fed.map_err(|error| format!("rustfmt: {error}"))?;
    if !output.status.success() {
        return Err(format!("rustfmt: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rustfmt: {error}"))
}
