//! The rules for the package as a whole: manifests, the lock file, what ships, stray words.

use std::process::Command;

use crate::rules::Finding;
use crate::tree::root;

/// Crates in the library's tree, itself and build dependencies included, with default features, on
/// Linux.
const CRATES: usize = 46;
/// Crates that compile C code; each has a feature that leaves it out.
const NATIVE: &[&str] = &["zstd-sys"];
/// Not C code, whatever the name says: numbers and layouts of the kernel's, in Rust.
const NOT_NATIVE: &str = "linux-raw-sys";
/// Licences that a user of either of ours can live with.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unlicense",
    "Zlib",
    "Unicode-3.0",
];
/// The only registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Members of the workspace that do not take its lints.
pub(crate) fn lints(path: &str, manifest: &str) -> Vec<Finding> {
    let mut lines = manifest.lines().skip_while(|line| *line != "[lints]");
    match (lines.next(), lines.next()) {
        (Some(_), Some("workspace = true")) => Vec::new(),
        _ => vec![Finding::at(
            path,
            1,
            "add `[lints]` with `workspace = true`",
        )],
    }
}

/// The members that the workspace's manifest lists.
pub(crate) fn members(manifest: &str) -> Vec<String> {
    let list = manifest
        .lines()
        .find_map(|line| line.strip_prefix("members = ["));
    let names = list.unwrap_or_default().trim_end_matches(']').split(',');
    names
        .map(|name| name.trim().trim_matches('"').to_owned())
        .collect()
}

/// Packages that come from anywhere but the registry.
pub(crate) fn sources(lock: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in lock.lines().enumerate() {
        let source = line
            .strip_prefix("source = ")
            .map(|source| source.trim_matches('"'));
        if source.is_some_and(|source| source != REGISTRY) {
            findings.push(Finding::at(
                "Cargo.lock",
                at + 1,
                "a package not from crates.io",
            ));
        }
    }
    findings
}

/// What `cargo tree` says of the library as users get it: one `name version|licence` a line.
pub(crate) fn shipped_tree() -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--offline",
            "--package",
            "tidewire",
            "--edges",
            "normal,build",
        ])
        .args([
            "--target",
            "x86_64-unknown-linux-gnu",
            "--no-dedupe",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}|{l}"])
        .output();
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        other => format!("cargo tree failed: {other:?}"),
    }
}

/// C code, licences and the number of crates.
pub(crate) fn shipped(tree: &str, limit: usize) -> Vec<Finding> {
    let mut crates: Vec<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    crates.sort_unstable();
    crates.dedup();
    let mut findings = Vec::new();
    let mut add = |message: String| findings.push(Finding::at("Cargo.toml", 1, message));
    for line in &crates {
        let (package, licence) = line.split_once('|').unwrap_or((line, ""));
        let name = package.split(' ').next().unwrap_or(package);
        if name.ends_with("-sys") && name != NOT_NATIVE && !NATIVE.contains(&name) {
            add(format!("{name} brings C code into the library"));
        }
        let licence = licence.trim_end_matches(" (*)").replace('/', " OR ");
        let fine = licence.split(" OR ").any(|choice| {
            let mut all = choice.trim_matches(['(', ')']).split(" AND ");
            all.all(|one| LICENCES.contains(&one.trim_matches(['(', ')'])))
        });
        if !fine {
            add(format!(
                "{name} has the licence {licence:?}, not one of {LICENCES:?}"
            ));
        }
    }
    if crates.len() > limit {
        add(format!(
            "{} crates ship, not {limit}: is the new one worth it?",
            crates.len()
        ));
    } else if crates.len() < limit {
        add(format!(
            "only {} crates ship: lower CRATES in tests/tidy/package.rs",
            crates.len()
        ));
    }
    findings
}

/// The library's tree as it is.
pub(crate) fn shipped_now() -> Vec<Finding> {
    shipped(&shipped_tree(), CRATES)
}

/// Paths and hosts of the machine somebody works on.
pub(crate) fn workplace(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let stray = [
            concat!("/wo", "rk/"),
            concat!("/ro", "ot/"),
            concat!("/ho", "me/"),
        ]
        .into_iter()
        .find(|folder| line.contains(folder))
        .or_else(|| private_host(line));
        if let Some(stray) = stray {
            findings.push(Finding::at(
                path,
                at + 1,
                format!("`{stray}` is a place on one machine"),
            ));
        }
    }
    findings
}

/// The host of a URL on this line that only one network knows: an address, or a name without a
/// public ending. The loopback, `localhost` and made-up names with a port are for tests.
fn private_host(line: &str) -> Option<&str> {
    let after = line
        .match_indices("://")
        .map(|(at, found)| &line[at + found.len()..]);
    for rest in after {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)));
        let host = &rest[..end.unwrap_or(rest.len())];
        let numeric = host.contains('.') && host.chars().all(|c| c.is_ascii_digit() || c == '.');
        let is_private = numeric && !host.starts_with("127.") && host != "0.0.0.0";
        let ending = host.rsplit_once('.').map_or("", |(_, ending)| ending);
        if is_private || ["internal", "intranet", "corp", "lan", "local"].contains(&ending) {
            return Some(host);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_without_the_lints_is_found() {
        assert_eq!(
            lints("cli/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
            []
        );
        assert_eq!(
            lints("cli/Cargo.toml", "[package]\nname = \"x\"\n").len(),
            1
        );
        assert_eq!(
            members("[workspace]\nmembers = [\".\", \"cli\"]\n"),
            [".", "cli"]
        );
    }

    #[test]
    fn a_package_from_elsewhere_is_found() {
        assert_eq!(sources(&format!("source = \"{REGISTRY}\"\n")), []);
        assert_eq!(sources("source = \"git+https://example.com/x\"\n").len(), 1);
    }

    #[test]
    fn c_code_licences_and_the_count_are_judged() {
        let tree = "tidewire v0.1.0|MIT OR Apache-2.0\nbytes v1|MIT\nbytes v1|MIT\n";
        assert_eq!(shipped(tree, 2), []);
        assert_eq!(shipped(tree, 1).len(), 1, "grown");
        assert_eq!(shipped(tree, 3).len(), 1, "shrunk");
        assert_eq!(shipped("openssl-sys v1|MIT", 1).len(), 1);
        assert_eq!(shipped("x v1|GPL-3.0", 1).len(), 1);
        assert_eq!(shipped("x v1|GPL-3.0 OR (MIT AND BSD-3-Clause)", 1), []);
        assert_eq!(shipped("x v1|", 1).len(), 1);
    }

    #[test]
    fn places_on_one_machine_are_found() {
        for bad in [
            concat!("see /ro", "ot/x"),
            concat!("http:/", "/10.1.2.3/index"),
            concat!("http:/", "/mirror.corp/simple"),
        ] {
            assert_eq!(workplace("x.md", bad).len(), 1, "{bad}");
        }
        let good = "https://github.com/a, http://127.0.0.1:80, http://localhost:1, http://x";
        assert_eq!(workplace("x.md", good), []);
    }
}
