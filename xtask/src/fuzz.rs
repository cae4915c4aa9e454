//! `cargo xtask fuzz`: runs the targets of `tests/fuzz` one after the other, each for a while.
//!
//! Seeds come from the recorded bytes of `tests/vectors`, so that a fuzzer starts from messages the
//! Java client wrote and not from nothing. What it finds stays in `tests/fuzz/artifacts`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run;

/// Makes a seed of the words of a line of `tests/vectors`, if it is one of its kind.
type Seed = fn(&[&str]) -> Option<Vec<u8>>;

/// The targets, each with its seeds.
const TARGETS: [(&str, Seed); 7] = [
    ("response", |words| message("response", words)),
    ("request", |words| message("request", words)),
    ("consumer_protocol", member),
    ("batches", batch),
    ("decompress", compressed),
    ("write_read", |_| None),
    ("properties", |_| None),
];

/// The files with recorded bytes.
const VECTORS: [&str; 3] = [
    "messages.txt",
    "consumer_protocol.txt",
    "records/batches.txt",
];

/// Longer seeds slow a fuzzer down more than they teach it, in bytes.
const SEED_MAX: usize = 4096;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long each target runs.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Which targets; all without a name.
    #[arg(value_parser = TARGETS.map(|(name, _)| name))]
    targets: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), String> {
    let fuzz = run::workspace().join("tests/fuzz");
    check_tools()?;
    let mut failed = Vec::new();
    for (name, seed) in TARGETS {
        if !args.targets.is_empty() && !args.targets.iter().any(|target| target == name) {
            continue;
        }
        let corpus = fuzz.join("corpus").join(name);
        write_seeds(&corpus, seed)?;
        let mut command = Command::new("cargo");
        command
            .args(["+nightly", "fuzz", "run", "--fuzz-dir"])
            .arg(&fuzz)
            .args([name, "--"])
            .arg(format!("-max_total_time={}", args.seconds))
            // In seconds and MB; a decoder holds what it reads a few times, the sanitizer more.
            .args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]);
        if let Err(why) = run::status(&mut command) {
            failed.push(format!("{name}: {why}"));
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nwhat was found is in tests/fuzz/artifacts; it enters as a failing test",
        failed.join("\n")
    ))
}

/// Installs nothing: a compiler of another channel is the user's to choose.
fn check_tools() -> Result<(), String> {
    let missing = "fuzzing needs nightly Rust and cargo-fuzz; install them with\n  \
                   rustup toolchain install nightly --profile minimal\n  \
                   cargo install cargo-fuzz";
    run::output(Command::new("cargo").args(["+nightly", "fuzz", "--version"]))
        .map(drop)
        .map_err(|why| format!("{missing}\n({why})"))
}

fn write_seeds(corpus: &Path, seed: Seed) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("cannot write seeds to {}: {e}", corpus.display());
    fs::create_dir_all(corpus).map_err(failed)?;
    for file in VECTORS {
        let path = run::workspace().join("tests/vectors").join(file);
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let bytes = seed(&words).filter(|bytes| bytes.len() <= SEED_MAX);
            if let Some(bytes) = bytes {
                fs::write(corpus.join(format!("seed-{number:04}")), bytes).map_err(failed)?;
            }
        }
    }
    Ok(())
}

/// `request KEY VERSIONS HEX`, to key, version and bytes.
fn message(direction: &str, words: &[&str]) -> Option<Vec<u8>> {
    let [kind, key, versions, hex] = words else {
        return None;
    };
    let newest = versions.rsplit('-').next()?;
    let mut seed = vec![key.parse().ok()?, newest.parse().ok()?];
    seed.extend(bytes(hex)?);
    (*kind == direction).then_some(seed)
}

/// `subscription VERSION HEX`, to its bytes.
fn member(words: &[&str]) -> Option<Vec<u8>> {
    match words {
        ["subscription" | "assignment", _, hex] => bytes(hex),
        _ => None,
    }
}

/// `batch NAME .. HEX`, to its bytes.
fn batch(words: &[&str]) -> Option<Vec<u8>> {
    match words {
        ["batch", _, .., hex] => bytes(hex),
        _ => None,
    }
}

/// The same, to its codec and its records alone.
fn compressed(words: &[&str]) -> Option<Vec<u8>> {
    let batch = batch(words)?;
    let (header, records) = batch.split_at_checked(61)?;
    let mut seed = vec![header.get(22)? & 7];
    seed.extend(records);
    Some(seed)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_bytes_become_seeds() {
        assert_eq!(
            message("request", &["request", "3", "0-12", "00ff"]),
            Some(vec![3, 12, 0, 255])
        );
        assert_eq!(message("request", &["response", "3", "0-12", "00ff"]), None);
        assert_eq!(member(&["assignment", "0", "0a"]), Some(vec![10]));
        let whole = format!("{}ab", "03".repeat(61));
        assert_eq!(
            compressed(&["batch", "x", "gzip", "0", &whole]),
            Some(vec![3, 0xab])
        );
    }

    #[test]
    fn every_vector_file_has_seeds_for_some_target() {
        for file in VECTORS {
            let path = run::workspace().join("tests/vectors").join(file);
            let text = fs::read_to_string(path).unwrap();
            let mut lines = text
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>());
            let fits = |words: Vec<&str>| TARGETS.iter().any(|(_, seed)| seed(&words).is_some());
            assert!(lines.any(fits), "{file}");
        }
    }

    #[test]
    fn the_targets_are_those_of_the_package() {
        let manifest = run::workspace().join("tests/fuzz/Cargo.toml");
        let manifest = fs::read_to_string(manifest).unwrap();
        for (name, _) in TARGETS {
            assert!(
                manifest.contains(&format!("path = \"targets/{name}.rs\"")),
                "{name}"
            );
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }
}
