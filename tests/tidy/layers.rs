//! The direction of the layers, read from the paths in the code.
//!
//! ```text
//! ids, error, env, config <- protocol <- record <- machine <- net <- cluster
//! cluster <- {producer, consumer, admin}        protocol, record, net::Connector <- mock
//! ```

use crate::rules::Finding;
use crate::scan::{Source, find_word, line_of};

const BASE: &[&str] = &["ids", "error", "env", "config"];

/// What each layer may use beside itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("ids", &["error"]),
    ("error", &["ids"]),
    ("env", &["ids", "error"]),
    ("config", &["ids", "error"]),
    ("protocol", &["ids", "error"]),
    ("record", &["ids", "error", "config", "protocol"]),
    ("machine", &["ids", "error", "config", "protocol", "record"]),
    ("net", &["BASE", "protocol", "record", "machine"]),
    ("cluster", &["BASE", "protocol", "record", "machine", "net"]),
    (
        "producer",
        &["BASE", "protocol", "record", "machine", "net", "cluster"],
    ),
    (
        "consumer",
        &["BASE", "protocol", "record", "machine", "net", "cluster"],
    ),
    (
        "admin",
        &["BASE", "protocol", "record", "machine", "net", "cluster"],
    ),
    (
        "blocking",
        &[
            "BASE", "record", "machine", "cluster", "producer", "consumer",
        ],
    ),
    ("mock", &["BASE", "protocol", "record", "net"]),
    ("manual", &[]),
];

/// All that the mock may know of the client's network: a shared bug would be invisible.
const SEAM: &[&str] = &["Connector", "BoxFuture", "BoxStream", "ByteStream"];

/// Paths that go against the direction of the layers.
pub(crate) fn direction(source: &Source, library: &Source) -> Vec<Finding> {
    let Some(layer) = source.module.first().filter(|_| source.is_under("src/")) else {
        return Vec::new();
    };
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == layer) else {
        let message = format!("the layer `{layer}` has no place in the diagram of tidy/layers.rs");
        return vec![Finding::new(source, 1, message)];
    };
    let mut findings = Vec::new();
    for (at, path) in paths(source) {
        let Some(used) = path.first().map(|name| home(name, library)) else {
            continue;
        };
        let is_allowed = used == *layer
            || allowed.contains(&used.as_str())
            || (allowed.contains(&"BASE") && BASE.contains(&used.as_str()));
        let second = path.get(1).map_or("", String::as_str);
        let line = line_of(&source.code, at);
        if !is_allowed {
            let message = format!(
                "`{layer}` may not use `{used}` (as `crate::{}`)",
                path.join("::")
            );
            findings.push(Finding::new(source, line, message));
        } else if layer == "mock" && used == "net" && path[0] == "net" && !SEAM.contains(&second) {
            let message = format!("`mock` may know of `net` only {SEAM:?}, not `{second}`");
            findings.push(Finding::new(source, line, message));
        } else if source.is_generated() && used != "protocol" {
            let message = format!("generated code may use only `protocol`, not `{used}`");
            findings.push(Finding::new(source, line, message));
        }
    }
    findings
}

/// The module that a name at the crate's root comes from.
fn home(name: &str, library: &Source) -> String {
    for (at, path) in trees(&library.code, "use") {
        let public = library.code[..at].ends_with("pub ");
        if public && path.len() > 1 && path.last().is_some_and(|last| last == name) {
            return path[0].clone();
        }
    }
    name.to_owned()
}

/// The paths from the crate's root in code that is shipped: those that begin with `crate`, and
/// those that climb there with `super`.
fn paths(source: &Source) -> Vec<(usize, Vec<String>)> {
    let mut found = trees(&source.shipped, "crate");
    for (at, mut path) in trees(&source.shipped, "super") {
        let climbs = 1 + path.iter().take_while(|name| *name == "super").count();
        path.drain(..climbs - 1);
        let keep = source.module.len().saturating_sub(climbs);
        let mut whole = source.module[..keep].to_vec();
        whole.extend(path);
        found.push((at, whole));
    }
    found
}

/// Every path after a word, `use` groups spread out: `crate::{a::b, c}` is `a::b` and `c`.
pub(crate) fn trees(code: &str, word: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for at in find_word(code, word) {
        let rest = &code[at + word.len()..];
        let is_inner = code[..at].ends_with("::");
        let follows = if word == "use" {
            Some(rest)
        } else {
            rest.strip_prefix("::")
        };
        if let Some(rest) = follows.filter(|_| !is_inner) {
            let mut paths = Vec::new();
            tree(&mut rest.chars().peekable(), &[], &mut paths);
            found.extend(paths.into_iter().map(|path| (at, path)));
        }
    }
    found
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn tree(rest: &mut Chars<'_>, before: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = before.to_vec();
    loop {
        while rest.peek().is_some_and(|c| c.is_whitespace()) {
            rest.next();
        }
        if rest.next_if_eq(&'{').is_some() {
            loop {
                tree(rest, &path, found);
                while rest.peek().is_some_and(|c| c.is_whitespace()) {
                    rest.next();
                }
                let more = rest.next_if_eq(&',').is_some();
                if rest.next_if_eq(&'}').is_some() || !more {
                    return;
                }
            }
        }
        let mut name = String::new();
        while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
            name.push(c);
        }
        let is_name = !name.is_empty() && name != "self";
        path.extend(is_name.then_some(name));
        let mut ahead = rest.clone();
        if ahead.next() != Some(':') || ahead.next() != Some(':') {
            break;
        }
        *rest = ahead;
    }
    if path.len() > before.len() || !before.is_empty() {
        found.push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, module: &[&str], code: &str) -> Vec<String> {
        let library = Source::new("src/lib.rs", &[], "pub use error::{Error, Result};\n");
        let found = direction(&Source::new(path, module, code), &library);
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn groups_are_spread_out() {
        let found = trees(
            "use crate::{a::{self, B}, c}; pub(crate) fn d() {}",
            "crate",
        );
        let found: Vec<String> = found.into_iter().map(|(_, path)| path.join("::")).collect();
        assert_eq!(found, ["a", "a::B", "c"]);
    }

    #[test]
    fn a_lower_layer_may_not_use_a_higher_one() {
        let down = "use crate::{ids, protocol::Reader};\nfn f() -> crate::Result<()> {}\n";
        assert_eq!(
            findings("src/machine/x.rs", &["machine", "x"], down),
            [""; 0]
        );
        for up in [
            "use crate::net::Broker;",
            "fn f(c: &super::super::cluster::Client) {}",
        ] {
            assert_eq!(
                findings("src/machine/x.rs", &["machine", "x"], up).len(),
                1,
                "{up}"
            );
        }
    }

    #[test]
    fn producer_and_consumer_do_not_know_each_other() {
        assert_eq!(
            findings(
                "src/producer/x.rs",
                &["producer"],
                "use crate::consumer::A;"
            )
            .len(),
            1
        );
        assert_eq!(
            findings(
                "src/consumer/x.rs",
                &["consumer"],
                "use crate::producer::A;"
            )
            .len(),
            1
        );
    }

    #[test]
    fn the_mock_knows_the_network_seam_only() {
        let good = "use crate::net::{BoxStream, Connector};";
        assert_eq!(findings("src/mock/x.rs", &["mock", "x"], good), [""; 0]);
        for bad in [
            "use crate::net::Connection;",
            "use crate::machine::Backoff;",
        ] {
            assert_eq!(
                findings("src/mock/x.rs", &["mock", "x"], bad).len(),
                1,
                "{bad}"
            );
        }
    }

    #[test]
    fn generated_code_uses_only_the_protocol() {
        let path = "src/protocol/generated/x.rs";
        let module = ["protocol", "generated", "x"];
        assert_eq!(
            findings(path, &module, "use super::super::prelude::*;"),
            [""; 0]
        );
        assert_eq!(findings(path, &module, "use crate::error::Error;").len(), 1);
    }

    #[test]
    fn a_layer_without_a_place_is_found() {
        assert_eq!(findings("src/utils.rs", &["utils"], "").len(), 1);
    }
}
