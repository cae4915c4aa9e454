//! The values that every client sends: lines of a file, made by one rule, read by each program.
//!
//! So no program spends time on making them, and all send the same bytes. Lines, because Kafka's
//! own tool reads them so.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::build;
use crate::random::Random;

/// How many bytes all values have together: more than the largest batch, or a codec would find
/// every value twice in it.
const TOTAL: usize = 4 * 1024 * 1024;

/// What values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters and digits at random.
    Text,
    /// Events in JSON; a batch of them compresses about 4:1.
    Json,
}

/// The file with values of this kind and size.
pub(super) fn file(kind: Kind, size: usize) -> Result<PathBuf, String> {
    let path = build::folder()?.join(format!("values-{kind:?}-{size}").to_lowercase());
    fs::write(&path, lines(kind, size)).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

fn lines(kind: Kind, size: usize) -> String {
    let mut random = Random::new(1);
    let mut text = String::with_capacity(TOTAL + TOTAL / size.max(1) + size);
    for _ in 0..(TOTAL / size.max(1)).max(1) {
        let mut value = String::with_capacity(size + 200);
        while value.len() < size {
            match kind {
                Kind::Text => value.push(letter(&mut random)),
                Kind::Json => event(&mut random, &mut value),
            }
        }
        value.truncate(size);
        text.push_str(&value);
        text.push('\n');
    }
    text
}

fn event(random: &mut Random, value: &mut String) {
    const TYPES: [&str; 4] = ["page_view", "add_to_cart", "purchase", "search"];
    let kind = usize::try_from(random.below(4)).unwrap_or(0);
    // Writing to a string cannot fail.
    let _ = write!(
        value,
        "{{\"event\":\"{}\",\"user_id\":{},\"session\":\"{:08x}\",\"amount\":{}.{:02},\
         \"currency\":\"EUR\",\"country\":\"DE\",\"ok\":true}}",
        TYPES.get(kind).copied().unwrap_or_default(),
        10_000 + random.below(50_000),
        random.below(1 << 32),
        random.below(1_000),
        random.below(100),
    );
}

fn letter(random: &mut Random) -> char {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = usize::try_from(random.below(64)).unwrap_or(0);
    LETTERS.get(at).copied().map_or('A', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_the_size_and_no_two_are_alike() {
        for (kind, size) in [(Kind::Text, 100), (Kind::Json, 100), (Kind::Json, 1024)] {
            let text = lines(kind, size);
            let mut all: Vec<&str> = text.lines().collect();
            assert!(all.iter().all(|line| line.len() == size), "{kind:?}");
            let count = all.len();
            assert_eq!(count, TOTAL / size);
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "{kind:?} {size}");
        }
    }

    #[test]
    fn every_run_has_the_same_values() {
        assert_eq!(lines(Kind::Json, 100), lines(Kind::Json, 100));
        assert!(lines(Kind::Json, 100).starts_with("{\"event\":\""));
    }
}
