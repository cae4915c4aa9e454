//! Everything a client takes from its surroundings besides the network: wall time, randomness and
//! a place for heavy computation. One [`Env`] per client, so that a simulation replaces all of it.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::ids::Uuid;

/// What a client asks of its surroundings. Implement it to make a client deterministic in tests.
pub trait Environment: fmt::Debug + Send + Sync + 'static {
    /// The wall clock, for the timestamps of records.
    fn wall_time(&self) -> SystemTime;

    /// A fresh seed for a generator of pseudo-random numbers (jitter, sticky partitions).
    fn seed(&self) -> u64;

    /// Runs work that would hold up the caller's thread: compression of large batches.
    fn compute(&self, work: Box<dyn FnOnce() + Send>);
}

/// A shared handle on an [`Environment`].
#[derive(Clone, Debug)]
pub struct Env(Arc<dyn Environment>);

impl Env {
    /// Wraps an environment.
    pub fn new(environment: impl Environment) -> Self {
        Self(Arc::new(environment))
    }

    /// The system's clock and randomness, and tokio's blocking pool.
    #[must_use]
    pub fn system() -> Self {
        Self::new(System)
    }

    /// Wall time in milliseconds since 1970, the unit of record timestamps.
    #[must_use]
    pub fn timestamp_ms(&self) -> i64 {
        let since = self.0.wall_time().duration_since(UNIX_EPOCH);
        let since = since.unwrap_or_default();
        // Asked for each record: `as_millis` would reckon in 128 bits.
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        seconds
            .saturating_mul(1000)
            .saturating_add(i64::from(since.subsec_millis()))
    }

    /// A fresh seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.0.seed()
    }

    /// A random (version 4) UUID.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        let bits = (u128::from(self.seed()) << 64) | u128::from(self.seed());
        let versioned = (bits & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
        Uuid(versioned.to_be_bytes())
    }

    /// Runs heavy work elsewhere.
    pub fn compute(&self, work: Box<dyn FnOnce() + Send>) {
        self.0.compute(work);
    }
}

impl Default for Env {
    fn default() -> Self {
        Self::system()
    }
}

#[derive(Debug)]
struct System;

impl Environment for System {
    fn wall_time(&self) -> SystemTime {
        SystemTime::now()
    }

    fn seed(&self) -> u64 {
        // Each `RandomState` has fresh keys from the system, so an empty hash is a random number.
        RandomState::new().build_hasher().finish()
    }

    fn compute(&self, work: Box<dyn FnOnce() + Send>) {
        tokio::task::spawn_blocking(work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_differ_and_uuids_are_of_version_four() {
        let env = Env::system();
        assert_ne!(env.seed(), env.seed());
        let Uuid(bytes) = env.uuid();
        assert_eq!(bytes[6] >> 4, 4);
        assert_eq!(bytes[8] >> 6, 0b10);
    }
}
