//! Which files there are, and which a compiler would read.
//!
//! Roots are what cargo finds by itself (`src/lib.rs`, `tests/*.rs`, ..) and the targets that a
//! `Cargo.toml` names; from there the `mod` lines lead on. A file that nothing leads to is dead.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::scan::{Source, find_word, line_of};

/// Folders that hold no source of ours.
const SKIPPED: [&str; 6] = [
    "target",
    ".git",
    "artifacts",
    "corpus",
    "coverage",
    "node_modules",
];

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, from the root, with `/`, in order.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !SKIPPED.contains(&name.as_str()) {
                folders.push(path);
            } else if path.is_file() {
                let below = path.strip_prefix(root()).unwrap_or(&path);
                found.push(below.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// The crates' root files: by place, and by `path = ".."` in a `Cargo.toml`.
fn crate_roots(all: &[String]) -> Vec<String> {
    let by_place = |path: &&String| {
        let parts: Vec<&str> = path.split('/').collect();
        if let Some(at) = parts.iter().position(|part| *part == "src") {
            return matches!(&parts[at + 1..], ["lib.rs" | "main.rs"]);
        }
        matches!(
            parts.as_slice(),
            [.., "build.rs"]
                | [.., "tests" | "examples" | "benches", _]
                | [.., "tests" | "examples" | "benches", _, "main.rs"]
        )
    };
    let mut roots: Vec<String> = all.iter().filter(by_place).cloned().collect();
    for manifest in all.iter().filter(|path| path.ends_with("Cargo.toml")) {
        let folder = manifest.trim_end_matches("Cargo.toml");
        let text = fs::read_to_string(root().join(manifest)).unwrap_or_default();
        let paths = text
            .lines()
            .filter_map(|line| line.strip_prefix("path = \""));
        roots.extend(paths.map(|path| format!("{folder}{}", path.trim_end_matches('"'))));
    }
    roots.sort();
    roots.dedup();
    roots
}

/// Every file a compiler reads, and the files it does not.
pub(crate) fn sources() -> (Vec<Source>, Vec<String>) {
    let all: Vec<String> = files(&root())
        .into_iter()
        .filter(|path| path.ends_with(".rs") || path.ends_with("Cargo.toml"))
        .collect();
    let texts: BTreeMap<String, String> = all
        .iter()
        .filter(|path| path.ends_with(".rs"))
        .filter_map(|path| Some((path.clone(), fs::read_to_string(root().join(path)).ok()?)))
        .collect();
    reachable(&crate_roots(&all), &texts)
}

/// Follows the `mod` lines from the roots; the second part is what was not reached.
fn reachable(roots: &[String], texts: &BTreeMap<String, String>) -> (Vec<Source>, Vec<String>) {
    let mut left = texts.clone();
    let mut found = Vec::new();
    let mut next: Vec<(String, Vec<String>, bool)> = roots
        .iter()
        .map(|path| (path.clone(), Vec::new(), !path.contains("src/")))
        .collect();
    while let Some((path, module, is_test)) = next.pop() {
        let Some(text) = left.remove(&path) else {
            continue;
        };
        let names: Vec<&str> = module.iter().map(String::as_str).collect();
        let mut source = Source::new(&path, &names, &text);
        for child in children(&source) {
            let file = child
                .candidates
                .iter()
                .find(|file| left.contains_key(*file));
            if let Some(file) = file {
                let mut deeper = module.clone();
                deeper.push(child.name);
                next.push((file.clone(), deeper, is_test || child.is_test));
            }
        }
        if is_test {
            source = source.test();
        }
        found.push(source);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    (found, left.into_keys().collect())
}

struct Child {
    name: String,
    candidates: Vec<String>,
    is_test: bool,
}

/// The `mod NAME;` lines of a file, and where each may lead.
fn children(source: &Source) -> Vec<Child> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = file.trim_end_matches(".rs");
    let owns_folder = source.module.is_empty() || stem == "mod";
    let below = if owns_folder {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    let lines: Vec<&str> = source.raw.lines().collect();
    let mut found = Vec::new();
    for at in find_word(&source.code, "mod") {
        let Some((name, _)) = source.code[at + 3..].split_once(';') else {
            continue;
        };
        let name = name.trim().to_owned();
        if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            continue; // an inline module
        }
        let line = line_of(&source.code, at);
        let above = line
            .checked_sub(2)
            .and_then(|line| lines.get(line))
            .unwrap_or(&"");
        let named = above
            .trim()
            .strip_prefix("#[path = \"")
            .and_then(|s| s.strip_suffix("\"]"));
        let candidates = match named {
            Some(path) => vec![joined(folder, path)],
            None => vec![
                format!("{below}/{name}.rs"),
                format!("{below}/{name}/mod.rs"),
            ],
        };
        let is_test = source.shipped.as_bytes().get(at) == Some(&b' ');
        found.push(Child {
            name,
            candidates,
            is_test,
        });
    }
    found
}

/// A path as seen from a folder; each `..` leaves one.
fn joined(folder: &str, path: &str) -> String {
    match path.strip_prefix("../") {
        Some(rest) => joined(folder.rsplit_once('/').map_or("", |(above, _)| above), rest),
        None => format!("{folder}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        files.iter().map(owned).collect()
    }

    #[test]
    fn a_file_that_no_mod_line_names_is_dead() {
        let texts = texts(&[
            ("src/lib.rs", "mod a;\n// mod dead;\n"),
            ("src/a/mod.rs", "mod b;\n#[cfg(test)]\nmod tests;\n"),
            ("src/a/b.rs", "#[path = \"b/x.rs\"]\nmod c;\n"),
            ("src/a/b/x.rs", "#[path = \"../../y/z.rs\"]\nmod z;\n"),
            ("src/y/z.rs", ""),
            ("src/a/tests.rs", ""),
            ("src/dead.rs", ""),
        ]);
        let (found, dead) = reachable(&["src/lib.rs".to_owned()], &texts);
        assert_eq!(dead, ["src/dead.rs"]);
        let of = |path: &str| found.iter().find(|source| source.path == path);
        assert_eq!(of("src/a/b/x.rs").unwrap().module, ["a", "b", "c"]);
        assert!(of("src/a/tests.rs").unwrap().is_test);
        assert!(!of("src/a/b.rs").unwrap().is_test);
    }

    #[test]
    fn roots_are_found_by_place() {
        let all = [
            "src/lib.rs",
            "src/x.rs",
            "tests/a.rs",
            "tests/b/main.rs",
            "tests/b/c.rs",
        ];
        let all = all.map(str::to_owned);
        assert_eq!(
            crate_roots(&all),
            ["src/lib.rs", "tests/a.rs", "tests/b/main.rs"]
        );
    }
}
