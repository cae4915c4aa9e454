//! The values and keys that are sent, the same in every run.
//!
//! Values are made beforehand and taken in turn: so many different ones that none is twice in a
//! batch, which a codec would make too much of. All lanes share them.

use bytes::Bytes;

use crate::args::PayloadKind;

/// How many bytes all values have together, twice the largest batch; one value may be larger.
const TOTAL: usize = 2 * 1024 * 1024;

/// A small generator of pseudo-random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// One that gives the same numbers for the same seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not 0; all are as good as equally likely.
    fn below(&mut self, limit: u32) -> u32 {
        let product = u128::from(self.next()) * u128::from(limit);
        u32::try_from(product >> 64).unwrap_or(0)
    }
}

/// Values of one size, taken in turn. A clone shares the bytes.
#[derive(Clone, Debug)]
pub(super) struct Values {
    bytes: Bytes,
    size: usize,
    at: usize,
}

impl Values {
    /// Makes them.
    pub(super) fn new(kind: PayloadKind, size: usize, seed: u64) -> Self {
        let count = TOTAL.checked_div(size).unwrap_or(1).max(1);
        let mut random = Random::new(seed);
        let mut bytes = Vec::with_capacity(count.saturating_mul(size));
        for _ in 0..count {
            let end = bytes.len() + size;
            match kind {
                PayloadKind::Json => json(&mut random, &mut bytes, end),
                PayloadKind::Random => {
                    while bytes.len() < end {
                        bytes.extend_from_slice(&random.next().to_le_bytes());
                    }
                }
                PayloadKind::Zeros => {}
            }
            bytes.resize(end, 0);
        }
        Self {
            bytes: bytes.into(),
            size,
            at: 0,
        }
    }

    /// The same values, for one of several lanes: each begins elsewhere.
    pub(super) fn for_lane(&self, lane: u64, lanes: u64) -> Self {
        let count = self.bytes.len().checked_div(self.size).unwrap_or(0);
        let share = |part: u64| usize::try_from(part).unwrap_or(0);
        let first = share(lane) * count / share(lanes).max(1);
        Self {
            at: first * self.size,
            ..self.clone()
        }
    }

    /// The next one.
    pub(super) fn next(&mut self) -> &[u8] {
        if self.at >= self.bytes.len() {
            self.at = 0;
        }
        let start = self.at;
        self.at += self.size;
        self.bytes.get(start..self.at).unwrap_or_default()
    }
}

/// Writes events until `end`, and perhaps a little beyond.
fn json(random: &mut Random, bytes: &mut Vec<u8>, end: usize) {
    const TYPES: [&str; 4] = ["page_view", "add_to_cart", "purchase", "search"];
    while bytes.len() < end {
        let kind = usize::try_from(random.below(4)).unwrap_or(0);
        let event = format!(
            "{{\"event\":\"{}\",\"user_id\":{},\"session\":\"{:016x}\",\"amount\":{}.{:02},\
             \"currency\":\"EUR\",\"country\":\"DE\",\"ok\":true}},",
            TYPES.get(kind).copied().unwrap_or_default(),
            10_000 + random.below(50_000),
            random.next(),
            random.below(1_000),
            random.below(100),
        );
        bytes.extend_from_slice(event.as_bytes());
    }
}

/// Keys of 8 bytes.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    random: Random,
    count: u32,
    key: [u8; Self::LEN],
}

impl Keys {
    /// How long each is.
    pub(super) const LEN: usize = 8;

    /// So many different ones; with 0, only null.
    pub(super) fn new(count: u32, seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            count,
            key: [0; Self::LEN],
        }
    }

    /// The next one: its number in hexadecimal digits.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        if self.count == 0 {
            return None;
        }
        let number = self.random.below(self.count);
        for (digit, shift) in self.key.iter_mut().zip((0..8_u32).rev()) {
            let four = u8::try_from(number >> (4 * shift) & 0xf).unwrap_or(0);
            *digit = if four < 10 {
                b'0' + four
            } else {
                b'a' - 10 + four
            };
        }
        Some(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn values_have_their_size_and_differ() {
        for kind in [PayloadKind::Json, PayloadKind::Random] {
            for size in [20, 100, 1000, TOTAL + 5] {
                let mut values = Values::new(kind, size, 1);
                let first = values.next().to_vec();
                assert_eq!(first.len(), size);
                let turn = TOTAL / size;
                if turn > 1 {
                    assert_ne!(values.next(), first, "{kind:?} {size}");
                    (2..turn).for_each(|_| assert_eq!(values.next().len(), size));
                }
                assert_eq!(
                    values.next(),
                    first,
                    "{kind:?} {size}: from the start again"
                );
            }
        }
        assert_eq!(Values::new(PayloadKind::Zeros, 3, 1).next(), [0; 3]);
        let mut empty = Values::new(PayloadKind::Json, 0, 1);
        assert!(empty.next().is_empty() && empty.next().is_empty());
    }

    #[test]
    fn lanes_begin_at_different_values() {
        let values = Values::new(PayloadKind::Json, 100, 1);
        let firsts: BTreeSet<Vec<u8>> = (0..3)
            .map(|lane| values.for_lane(lane, 3).next().to_vec())
            .collect();
        assert_eq!(firsts.len(), 3);
        assert!(firsts.iter().all(|value| value.len() == 100));
        let mut large = Values::new(PayloadKind::Zeros, TOTAL + 1, 1).for_lane(2, 3);
        assert_eq!(large.next().len(), TOTAL + 1);
        let mut empty = Values::new(PayloadKind::Json, 0, 1).for_lane(2, 3);
        assert!(empty.next().is_empty());
    }

    #[test]
    fn every_run_sends_the_same() {
        let mut one = Values::new(PayloadKind::Json, 100, 5);
        let mut two = Values::new(PayloadKind::Json, 100, 5);
        assert_eq!(one.next(), two.next());
        assert!(one.next().starts_with(b"{\"event\":\""));
    }

    #[test]
    fn there_are_as_many_keys_as_asked_for() {
        let mut keys = Keys::new(300, 1);
        let seen: BTreeSet<Vec<u8>> = (0..30_000)
            .filter_map(|_| keys.next().map(<[u8]>::to_vec))
            .collect();
        assert_eq!(seen.len(), 300);
        assert_eq!(seen.first().map(Vec::as_slice), Some(&b"00000000"[..]));
        assert_eq!(seen.last().map(Vec::as_slice), Some(&b"0000012b"[..]));
        assert_eq!(Keys::new(0, 1).next(), None);
    }
}
