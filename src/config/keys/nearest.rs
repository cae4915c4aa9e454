//! The right name nearest to a wrong one.

use super::{Class, all};

/// Longer names are no slip of the pen, and comparing them costs time.
const MAX_NAME: usize = 100;

/// The known property whose name or alias is nearest to `name`, if one is near enough. An alias
/// counts as what it is: users of librdkafka read its names.
pub(in crate::config) fn nearest(name: &str) -> Option<&'static str> {
    let wrong = plain(name);
    if wrong.len() > MAX_NAME {
        return None;
    }
    let limit = (wrong.len() / 4).max(2);
    all()
        .flat_map(|key| {
            // Of two names equally near, the one that does something is the better advice.
            let rank = usize::from(!matches!(key.class, Class::Known));
            let alias = key.aliases.iter().map(move |alias| (*alias, 1 + rank));
            std::iter::once((key.name, rank)).chain(alias)
        })
        .filter_map(|(right, rank)| {
            let distance = distance(&wrong, &plain(right), limit)?;
            Some((distance, rank, right))
        })
        .min()
        .map(|(_, _, right)| right)
}

/// The letters that count: `LINGER_MS`, `linger-ms` and `linger.ms` are one name to a person.
fn plain(name: &str) -> Vec<char> {
    let lower = name.trim().chars().flat_map(char::to_lowercase);
    lower
        .map(|c| if matches!(c, '_' | '-' | ' ') { '.' } else { c })
        .collect()
}

/// How many letters to add, drop, replace or swap with their neighbour; `None` above `limit`.
fn distance(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    // Two rows back for swaps: `rows` are those of the letters of `a` before this one.
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, j) + usize::from(x != y);
            let mut best = replaced.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        for (wrong, right) in [
            ("linger.msec", Some("linger.ms")),
            ("linegr.ms", Some("linger.ms")),
            ("LINGER_MS", Some("linger.ms")),
            ("ack", Some("acks")),
            ("bootstrap.server", Some("bootstrap.servers")),
            ("compresion.type", Some("compression.type")),
            ("compression.codecs", Some("compression.codec")),
            ("queue.buffering.max.msec", Some("queue.buffering.max.ms")),
            ("ssl.truststore.locaton", Some("ssl.truststore.location")),
            ("auto.ofset.reset", Some("auto.offset.reset")),
            ("frobnicate", None),
            ("", None),
            ("ünïcödé", None),
        ] {
            assert_eq!(nearest(wrong), right, "{wrong}");
        }
        assert_eq!(nearest(&"linger.ms".repeat(100_000)), None);
    }

    #[test]
    fn distance_counts_swaps_as_one_and_stops_at_the_limit() {
        let d = |a: &str, b: &str, limit| distance(&plain(a), &plain(b), limit);
        assert_eq!(d("ab", "ba", 9), Some(1));
        assert_eq!(d("", "abc", 3), Some(3));
        assert_eq!(d("", "abc", 2), None);
        assert_eq!(d("kitten", "sitting", 3), Some(3));
        assert_eq!(d("kitten", "sitting", 2), None);
    }
}
