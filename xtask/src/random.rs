//! Random numbers that a seed repeats: splitmix64.

/// A generator; equal seeds give equal numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed that differs from run to run.
    pub(crate) fn any_seed() -> u64 {
        use std::hash::{BuildHasher, RandomState};
        // Short enough to type.
        RandomState::new().hash_one(0_u8) % 1_000_000
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `0..end`; 0 for an empty range.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True in so many of a million cases.
    pub(crate) fn chance(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < u64::from(per_million)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_numbers() {
        let numbers = |seed| {
            let mut random = Random::new(seed);
            [(); 8].map(|()| random.below(1_000))
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }

    #[test]
    fn chances_are_about_what_they_say() {
        let mut random = Random::new(5);
        let hits = (0..10_000).filter(|_| random.chance(250_000)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!(!random.chance(0) && random.chance(1_000_000));
        assert_eq!(random.below(0), 0);
    }
}
