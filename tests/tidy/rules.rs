//! The rules for one file each: what may not be called, and how files and functions look.

use std::fmt;

use crate::layers::trees;
use crate::scan::{Source, find_word, functions, item_end, line_of};

/// Columns of a line.
const COLUMNS: usize = 100;
/// Lines of a file, without its tests, that no file may pass.
const FILE_LINES_MAX: usize = 800;
/// Lines of a file that need no entry in the ratchet.
const FILE_LINES: usize = 400;
/// Lines of a function, from `fn` to its closing brace, that need no entry in the ratchet.
const FUNCTION_LINES: usize = 70;

/// One thing to put right.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(source: &Source, line: usize, message: impl Into<String>) -> Self {
        Self::at(&source.path, line, message)
    }

    pub(crate) fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Words that may not be in code that is shipped: the folders, the words, what to use instead.
const BANNED: &[(&[&str], &[&str], &str)] = &[
    (&[""], &["unsafe"], "safe code; the crates forbid it"),
    (
        &[""],
        &["todo!", "unimplemented!", "dbg!"],
        "the finished thing",
    ),
    (
        &[""],
        &["unbounded_channel", "unbounded"],
        "a channel with a bound",
    ),
    (
        &[""],
        &[".unwrap()", ".expect("],
        "`?`, `let else` or a default that is right",
    ),
    (
        &["src/", "cli/"],
        &["panic!", "unreachable!"],
        "an Error of kind Bug",
    ),
    (
        &["src/"],
        &["println!", "print!", "eprintln!", "eprint!"],
        "tracing",
    ),
    (
        &["src/"],
        &["thread_rng", "rand", "RandomState"],
        "Env::seed and machine::rng",
    ),
    (&["src/"], &["SystemTime::now"], "Env::timestamp_ms"),
    (&["src/"], &["block_on", "thread::sleep"], "an async fn"),
    (
        &["src/"],
        &["std::env"],
        "a property: the library does not read the environment",
    ),
    (
        &["src/"],
        &[
            "as i8", "as u8", "as i16", "as u16", "as i32", "as u32", "as usize", "as isize",
            "as f32",
        ],
        "from or try_from: `as` cuts off what does not fit",
    ),
    (
        &["src/machine/"],
        &["tokio", "futures"],
        "facts in and work out: a driver's task",
    ),
    (
        &["src/machine/"],
        &["HashMap", "HashSet"],
        "BTreeMap: its order is the same in every run",
    ),
    (
        &["src/machine/"],
        &["Mutex", "RwLock", "thread", "std::net"],
        "a driver's lock or socket",
    ),
    (
        &[
            "src/admin/",
            "src/cluster/",
            "src/consumer/",
            "src/producer/",
            "src/protocol/",
        ],
        &["tokio::net", "TcpStream", "TcpListener"],
        "net::Connector, the only way to the network",
    ),
];

/// Files that exist to hold what is banned elsewhere.
const EXEMPT: &[(&str, &str)] = &[
    ("src/env.rs", "RandomState"),
    ("src/env.rs", "SystemTime::now"),
    ("src/protocol/api_key.rs", "as i16"), // of an enum that is one
    ("src/net/broker.rs", "as usize"),     // of an enum of three
    ("src/blocking/runtime.rs", "block_on"), // what the module is for
    ("src/mock/builder.rs", "panic!"),     // `build` is for tests; `try_build` returns the error
];

/// Calls that have a better replacement.
pub(crate) fn banned(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |at: usize, word: &str, instead: &str| {
        let line = line_of(&source.code, at);
        findings.push(Finding::new(
            source,
            line,
            format!("no `{word}` here; use {instead}"),
        ));
    };
    for at in find_word(&source.code, "#[ignore") {
        add(
            at,
            "#[ignore]",
            "a loud skip that fails when CI=true, or delete the test",
        );
    }
    if source.is_test {
        return findings;
    }
    for (folders, words, instead) in BANNED {
        if !folders.iter().any(|folder| source.is_under(folder)) {
            continue;
        }
        for word in *words {
            if EXEMPT.contains(&(source.path.as_str(), word)) {
                continue;
            }
            for at in find_word(&source.shipped, word) {
                add(at, word, instead);
            }
        }
    }
    let tokio_clock = trees(&source.code, "use")
        .iter()
        .any(|(_, path)| *path == ["tokio", "time", "Instant"]);
    if source.is_under("src/") && source.path != "src/env.rs" && !tokio_clock {
        for at in find_word(&source.shipped, "Instant::now") {
            if !source.shipped[..at].ends_with("tokio::time::") {
                add(
                    at,
                    "std::time::Instant::now",
                    "tokio's clock in a driver, `now` in a machine",
                );
            }
        }
    }
    findings
}

/// `select!` without `biased`, and reads or writes in it that lose bytes when they are dropped.
pub(crate) fn select(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for at in find_word(&source.shipped, "select!") {
        let end = item_end(&source.shipped, at).unwrap_or(source.shipped.len());
        let body = &source.shipped[at..end];
        let line = line_of(&source.code, at);
        let first = body
            .split_once('{')
            .map_or("", |(_, inner)| inner.trim_start());
        if !first.starts_with("biased;") {
            let message = "`select!` begins with `biased;`: a random order cannot be repeated";
            findings.push(Finding::new(source, line, message));
        }
        for word in ["write_all", "read_exact", "write_all_buf", "read_to_end"] {
            if !find_word(body, word).is_empty() {
                let message =
                    format!("no `{word}` inside `select!`: dropped midway it loses bytes");
                findings.push(Finding::new(source, line, message));
            }
        }
    }
    findings
}

/// Lines that are too long, and files without a header.
pub(crate) fn looks(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, (line, code)) in source.raw.lines().zip(source.code.lines()).enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS && !is_unbreakable(line, code) {
            findings.push(Finding::new(
                source,
                at + 1,
                format!("{columns} columns, not {COLUMNS}"),
            ));
        }
    }
    if !source.raw.starts_with("//!") {
        let message = "a file begins with `//!`: what it is for, the idea, what always holds";
        findings.push(Finding::new(source, 1, message));
    }
    for word in [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ] {
        for at in find_word(&source.raw, word) {
            let line = line_of(&source.raw, at);
            findings.push(Finding::new(
                source,
                line,
                format!("no `{word}`: do it, or open an issue"),
            ));
        }
    }
    findings
}

/// Whether a line is a row of a table, or long by a literal: rustfmt leaves those alone too.
fn is_unbreakable(line: &str, code: &str) -> bool {
    let text = line.trim_start();
    let is_comment = text.starts_with("//");
    let is_row = is_comment && text.trim_start_matches(['/', '!', ' ']).starts_with('|');
    let words: usize = code
        .split_whitespace()
        .map(|word| word.chars().count() + 1)
        .sum();
    is_row || (!is_comment && line.len() - text.len() + words <= COLUMNS)
}

/// The banner of generated files, on those and on no others.
pub(crate) fn banner(source: &Source) -> Vec<Finding> {
    let mut header = source
        .raw
        .lines()
        .take_while(|line| line.starts_with("//!"));
    let claims = header.any(|line| line.contains("Written by `cargo xtask codegen`"));
    let message = match (source.is_generated(), claims) {
        (true, false) => "generated, and its header does not say so",
        (false, true) => "says that it is generated, and is not",
        _ => return Vec::new(),
    };
    vec![Finding::new(source, 1, message)]
}

/// Public async functions that do not say what dropping their future does.
pub(crate) fn cancel_safety(source: &Source) -> Vec<Finding> {
    if !source.is_under("src/") || source.is_test || source.is_under("src/mock/") {
        return Vec::new();
    }
    let lines: Vec<&str> = source.raw.lines().collect();
    let mut findings = Vec::new();
    for at in find_word(&source.shipped, "pub async fn") {
        let line = line_of(&source.code, at);
        let above = lines[..line - 1].iter().rev();
        let mut docs = above.take_while(|line| {
            let line = line.trim_start();
            line.starts_with("///") || line.starts_with("#[")
        });
        if !docs.any(|line| line.contains("# Cancel safety")) {
            let message = "a public async fn says under `# Cancel safety` what dropping it does";
            findings.push(Finding::new(source, line, message));
        }
    }
    findings
}

/// Files and functions beyond the usual lengths: the ratchet's keys and their present lengths.
pub(crate) fn lengths(source: &Source) -> Vec<(String, usize)> {
    if source.is_generated() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let lines = source.len();
    if lines > FILE_LINES && !source.is_test {
        found.push((source.path.clone(), lines));
    }
    for (name, _, lines) in functions(&source.shipped) {
        if lines > FUNCTION_LINES {
            found.push((format!("{}::{name}", source.path), lines));
        }
    }
    found
}

/// What no file may pass, ratchet or not.
pub(crate) fn hard_length(source: &Source) -> Vec<Finding> {
    let lines = source.len();
    if lines <= FILE_LINES_MAX || source.is_generated() {
        return Vec::new();
    }
    vec![Finding::new(
        source,
        1,
        format!("{lines} lines, not {FILE_LINES_MAX}: split it"),
    )]
}

/// Compares lengths with the ratchet: each entry is the present length, so it can only go down.
pub(crate) fn ratchet(table: &str, present: &[(String, usize)]) -> Vec<Finding> {
    const TABLE: &str = "tests/tidy/ratchet.txt";
    let mut findings = Vec::new();
    let mut known = Vec::new();
    for (at, line) in table.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut parts = line.split_whitespace();
        let (key, limit) = (parts.next(), parts.next().and_then(|n| n.parse().ok()));
        match (key, limit) {
            (Some(key), Some(limit)) => known.push((at + 1, key, limit)),
            _ => findings.push(Finding::at(TABLE, at + 1, "not a key and a number")),
        }
    }
    for (key, lines) in present {
        let limit: Option<usize> = known.iter().find(|(_, k, _)| k == key).map(|entry| entry.2);
        let message = match limit {
            Some(limit) if *lines > limit => {
                format!("{key} grew from {limit} to {lines} lines: split it")
            }
            Some(_) => continue,
            None if key.contains("::") => {
                format!("{key} has {lines} lines, a function at most {FUNCTION_LINES}")
            }
            None => format!("{key} has {lines} lines, a file at most {FILE_LINES} without tests"),
        };
        findings.push(Finding::at(TABLE, 1, message));
    }
    for (line, key, limit) in known {
        let lines = present.iter().find(|(k, _)| k == key).map(|entry| entry.1);
        match lines {
            None => findings.push(Finding::at(
                TABLE,
                line,
                format!("{key} is short now: delete it"),
            )),
            Some(lines) if lines + 10 < limit => {
                findings.push(Finding::at(
                    TABLE,
                    line,
                    format!("{key} shrank: write {lines}"),
                ));
            }
            Some(_) => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rule: fn(&Source) -> Vec<Finding>, path: &str, code: &str) -> usize {
        rule(&Source::new(path, &["x"], code)).len()
    }

    #[test]
    fn every_banned_word_is_found_and_names_its_replacement() {
        for (folders, words, instead) in BANNED {
            for word in *words {
                let path = format!(
                    "{}x.rs",
                    if folders[0].is_empty() {
                        "src/"
                    } else {
                        folders[0]
                    }
                );
                let source = Source::new(
                    &path,
                    &["x"],
                    &format!("fn f() {{ a{word} }}").replace("a.", "a."),
                );
                let spaced = Source::new(&path, &["x"], &format!("fn f() {{ a {word} b }}"));
                let found = if word.starts_with('.') {
                    banned(&source)
                } else {
                    banned(&spaced)
                };
                assert!(found.iter().any(|f| f.message.contains(instead)), "{word}");
            }
        }
    }

    #[test]
    fn banned_words_in_tests_comments_and_strings_are_fine() {
        let code = "// todo!\nconst A: &str = \"unsafe\";\n#[cfg(test)]\nmod tests { fn f() { a.unwrap() } }";
        assert_eq!(count(banned, "src/x.rs", code), 0);
        assert_eq!(count(banned, "src/x.rs", "fn f() { a.unwrap_or(1) }"), 0);
        let test = Source::new("src/x/tests.rs", &["x", "tests"], "fn f() { a.unwrap() }").test();
        assert_eq!(banned(&test), []);
    }

    #[test]
    fn ignored_tests_are_found_in_tests_too() {
        let code = "#[cfg(test)]\nmod tests {\n    #[test]\n    #[ignore]\n    fn a() {}\n}\n";
        assert_eq!(count(banned, "src/x.rs", code), 1);
    }

    #[test]
    fn only_tokios_clock_is_read() {
        assert_eq!(
            count(banned, "src/net/x.rs", "fn f() { Instant::now() }"),
            1
        );
        assert_eq!(
            count(
                banned,
                "src/net/x.rs",
                "fn f() { tokio::time::Instant::now() }"
            ),
            0
        );
        let imported = "use tokio::time::{Instant, timeout_at};\nfn f() { Instant::now() }";
        assert_eq!(count(banned, "src/net/x.rs", imported), 0);
        assert_eq!(
            count(banned, "src/net/x.rs", "fn f() { SystemTime::now() }"),
            1
        );
        assert_eq!(
            count(banned, "src/env.rs", "fn f() { SystemTime::now() }"),
            0
        );
    }

    #[test]
    fn select_is_biased_and_reads_nothing_by_halves() {
        let good = "fn f() { tokio::select! {\n biased;\n x = y => {} } }";
        assert_eq!(count(select, "src/net/x.rs", good), 0);
        assert_eq!(
            count(select, "src/net/x.rs", "fn f() { select! { x = y => {} } }"),
            1
        );
        let bad = "fn f() { select! { biased; _ = s.read_exact(b) => {} } }";
        assert_eq!(count(select, "src/net/x.rs", bad), 1);
    }

    #[test]
    fn long_lines_and_missing_headers_are_found() {
        let fits = format!("//! {}\n", "é".repeat(COLUMNS - 4));
        assert_eq!(count(looks, "src/x.rs", &fits), 0);
        assert_eq!(
            count(
                looks,
                "src/x.rs",
                &format!("//! {}\n", "x".repeat(COLUMNS - 3))
            ),
            1
        );
        let long = "x".repeat(COLUMNS);
        assert_eq!(
            count(looks, "src/x.rs", &format!("//! A.\nfn f() {{ {long} }}\n")),
            1
        );
        assert_eq!(
            count(
                looks,
                "src/x.rs",
                &format!("//! A.\nconst A: &str = \"{long}\";\n")
            ),
            0
        );
        assert_eq!(
            count(looks, "src/x.rs", &format!("//! | A | {long} |\n")),
            0
        );
        assert_eq!(count(looks, "src/x.rs", "use a::b;\n"), 1);
        assert_eq!(
            count(looks, "src/x.rs", concat!("//! A.\n// TO", "DO: b\n")),
            1
        );
    }

    #[test]
    fn the_banner_is_on_generated_files_alone() {
        let banner_line = "//! `X`. Written by `cargo xtask codegen`.\n";
        assert_eq!(count(banner, "src/protocol/generated/x.rs", banner_line), 0);
        assert_eq!(
            count(banner, "src/protocol/generated/x.rs", "//! `X`.\n"),
            1
        );
        assert_eq!(count(banner, "src/x.rs", banner_line), 1);
    }

    #[test]
    fn a_public_async_fn_says_what_dropping_it_does() {
        let good =
            "/// A.\n///\n/// # Cancel safety\n///\n/// B.\n#[inline]\npub async fn f() {}\n";
        assert_eq!(count(cancel_safety, "src/x.rs", good), 0);
        assert_eq!(
            count(cancel_safety, "src/x.rs", "/// A.\npub async fn f() {}\n"),
            1
        );
        assert_eq!(
            count(cancel_safety, "src/x.rs", "pub(crate) async fn f() {}\n"),
            0
        );
    }

    #[test]
    fn lengths_are_measured_without_tests() {
        let body = "    a();\n".repeat(FUNCTION_LINES);
        let long = Source::new("src/x.rs", &["x"], &format!("fn f() {{\n{body}}}\n"));
        assert_eq!(
            lengths(&long),
            [("src/x.rs::f".to_owned(), FUNCTION_LINES + 2)]
        );
        let file = "use a;\n".repeat(FILE_LINES);
        let tests = "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n";
        assert_eq!(
            lengths(&Source::new("src/x.rs", &["x"], &format!("{file}{tests}"))),
            []
        );
        let longer = Source::new("src/x.rs", &["x"], &format!("{file}use b;\n"));
        assert_eq!(lengths(&longer), [("src/x.rs".to_owned(), FILE_LINES + 1)]);
        assert_eq!(hard_length(&longer), []);
        assert_eq!(count(hard_length, "src/x.rs", &file.repeat(3)), 1);
    }

    #[test]
    fn the_ratchet_only_goes_down() {
        let now = |lines| [("src/x.rs".to_owned(), lines)];
        assert_eq!(ratchet("# why\nsrc/x.rs 450\n", &now(450)), []);
        assert_eq!(
            ratchet("src/x.rs 450\n", &now(445)),
            [],
            "small steps need no entry"
        );
        assert_eq!(ratchet("src/x.rs 450\n", &now(451)).len(), 1, "grown");
        assert_eq!(
            ratchet("src/x.rs 450\n", &now(420)).len(),
            1,
            "the entry is too high"
        );
        assert_eq!(ratchet("src/x.rs 450\n", &[]).len(), 1, "no longer needed");
        assert_eq!(ratchet("", &now(450)).len(), 1, "unknown");
        assert_eq!(ratchet("nonsense\n", &[]).len(), 1, "not an entry");
    }
}
