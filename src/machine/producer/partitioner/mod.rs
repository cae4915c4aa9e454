//! Which partition a record goes to, as Java's default partitioner decides.
//!
//! A key (an empty one too) is hashed with murmur2 over all partitions, so that equal keys meet in
//! one partition whatever client wrote them. A record without a key goes to the sticky partition of
//! its topic, which moves on after `batch.size` bytes (KIP-480, KIP-794): few, large batches
//! instead of many small ones, and all partitions get the same share over time.

use crate::machine::rng::Rng;

/// Java's murmur2 (seed `0x9747b28c`), the hash that places keys.
#[must_use]
pub(crate) fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let length = u32::try_from(key.len() & 0xffff_ffff).unwrap_or(u32::MAX);
    let mut hash = 0x9747_b28c_u32 ^ length;
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let mut k = word
            .iter()
            .rev()
            .fold(0_u32, |k, byte| (k << 8) | u32::from(*byte));
        k = k.wrapping_mul(M);
        k ^= k >> R;
        k = k.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        hash ^= rest
            .iter()
            .rev()
            .fold(0_u32, |k, byte| (k << 8) | u32::from(*byte));
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// The partition of a key among `partitions` of them; `None` where there are none.
#[must_use]
pub(crate) fn partition_for_key(key: &[u8], partitions: usize) -> Option<i32> {
    let partitions = u32::try_from(partitions).ok().filter(|n| *n > 0)?;
    i32::try_from((murmur2(key) & 0x7fff_ffff) % partitions).ok()
}

/// The sticky choice for records without a key, one per topic.
#[derive(Debug)]
pub(crate) struct Sticky {
    rng: Rng,
    current: Option<i32>,
    bytes: usize,
    switch_after: usize,
}

impl Sticky {
    /// Moves on after `switch_after` bytes.
    pub(crate) fn new(seed: u64, switch_after: usize) -> Self {
        Self {
            rng: Rng::new(seed),
            current: None,
            bytes: 0,
            switch_after,
        }
    }

    /// The partition for a record of `size` bytes, out of those that have a leader now.
    pub(crate) fn choose(&mut self, available: &[i32], size: usize) -> Option<i32> {
        let current = self
            .current
            .filter(|p| self.bytes < self.switch_after && available.contains(p));
        let chosen = match current {
            Some(partition) => partition,
            None => {
                self.bytes = 0;
                self.next(available)?
            }
        };
        self.current = Some(chosen);
        self.bytes = self.bytes.saturating_add(size);
        Some(chosen)
    }

    fn next(&mut self, available: &[i32]) -> Option<i32> {
        let others: Vec<i32> = available
            .iter()
            .copied()
            .filter(|p| Some(*p) != self.current)
            .collect();
        let pick_from = if others.is_empty() {
            available
        } else {
            &others
        };
        let bound = u64::try_from(pick_from.len()).ok().filter(|n| *n > 0)?;
        let at = usize::try_from(self.rng.below(bound)).ok()?;
        pick_from.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_equals_javas() {
        // The vectors of Kafka's own UtilsTest, printed by the Java client.
        let cases: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (
                b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            (b"abc", 479_470_107),
        ];
        for (key, hash) in cases {
            assert_eq!(
                murmur2(key),
                u32::from_ne_bytes(hash.to_ne_bytes()),
                "{key:?}"
            );
        }
    }

    #[test]
    fn an_empty_key_is_hashed_like_any_other() {
        assert_eq!(murmur2(b""), 275_646_681);
        assert_eq!(partition_for_key(b"", 6), Some(275_646_681 % 6));
        assert_eq!(partition_for_key(b"k", 0), None);
    }

    #[test]
    fn the_sticky_partition_moves_on_after_its_bytes_and_uses_all() {
        let mut sticky = Sticky::new(7, 100);
        let available = [0, 1, 2];
        let mut runs = Vec::new();
        for _ in 0..300 {
            runs.push(sticky.choose(&available, 50).unwrap());
        }
        for pair in runs.chunks(2) {
            assert_eq!(
                pair[0], pair[1],
                "two records of 50 bytes share a partition"
            );
        }
        for partition in available {
            assert!(runs.iter().filter(|p| **p == partition).count() >= 60);
        }
        for pair in runs.chunks(2).collect::<Vec<_>>().windows(2) {
            assert_ne!(pair[0][0], pair[1][0], "a switch goes elsewhere");
        }
    }

    #[test]
    fn the_sticky_partition_leaves_a_partition_without_a_leader() {
        let mut sticky = Sticky::new(7, 1_000_000);
        let first = sticky.choose(&[0, 1], 1).unwrap();
        assert_eq!(sticky.choose(&[1 - first], 1), Some(1 - first));
        assert_eq!(sticky.choose(&[], 1), None);
    }
}
