//! Style as a test: the layers' direction, banned calls, lengths, headers, dead files.
//!
//! Every rule names what to do instead, and is itself proven on a snippet that breaks it (the
//! tests beside the rules). Lengths have a ratchet, `tidy/ratchet.txt`: the exceptions of today,
//! which may only shrink. What the compiler or clippy can check is checked there and not here.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says so by panicking"
)]

#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/package.rs"]
mod package;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/scan.rs"]
mod scan;
#[path = "tidy/tree.rs"]
mod tree;

use std::fs;

use rules::Finding;
use scan::Source;

fn expect_none(mut findings: Vec<Finding>) {
    findings.sort();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

/// Applies a rule to every file that is compiled.
fn each(rule: impl Fn(&Source) -> Vec<Finding>) {
    let (sources, _) = tree::sources();
    assert!(sources.len() > 100, "only {} files found", sources.len());
    expect_none(sources.iter().flat_map(rule).collect());
}

fn read(path: &str) -> String {
    fs::read_to_string(tree::root().join(path)).unwrap()
}

#[test]
fn layers_use_only_those_below_them() {
    let library = Source::new("src/lib.rs", &[], &read("src/lib.rs"));
    each(|source| layers::direction(source, &library));
}

#[test]
fn banned_calls_are_not_made() {
    each(rules::banned);
}

#[test]
fn select_is_biased_and_loses_no_bytes() {
    each(rules::select);
}

#[test]
fn files_have_a_header_and_short_lines() {
    each(rules::looks);
}

#[test]
fn generated_files_say_so() {
    each(rules::banner);
}

#[test]
fn public_async_functions_document_their_cancellation() {
    each(rules::cancel_safety);
}

#[test]
fn files_and_functions_stay_short() {
    each(rules::hard_length);
    let (sources, _) = tree::sources();
    let present: Vec<_> = sources.iter().flat_map(rules::lengths).collect();
    expect_none(rules::ratchet(&read("tests/tidy/ratchet.txt"), &present));
}

#[test]
fn no_file_is_dead() {
    let (_, dead) = tree::sources();
    let finding = |path: &String| Finding::at(path, 1, "no `mod` line leads here: delete it");
    expect_none(dead.iter().map(finding).collect());
}

#[test]
fn members_take_the_workspaces_lints() {
    let members = package::members(&read("Cargo.toml"));
    assert!(members.len() > 1, "{members:?}");
    let lints = |member: &String| {
        let path = format!("{member}/Cargo.toml");
        package::lints(&path, &read(&path))
    };
    expect_none(members.iter().flat_map(lints).collect());
}

#[test]
fn dependencies_are_few_and_known() {
    let mut findings = package::sources(&read("Cargo.lock"));
    findings.extend(package::shipped_now());
    expect_none(findings);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let mut findings = Vec::new();
    for path in tree::files(&tree::root()) {
        // Bytes that are not text have no words.
        if let Ok(text) = fs::read_to_string(tree::root().join(&path)) {
            findings.extend(package::workplace(&path, &text));
        }
    }
    expect_none(findings);
}
