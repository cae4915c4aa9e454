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

    /// Wall time in milliseconds since 1970 for a record that joins a batch. It may be a tick of
    /// the system's timer behind, 4 ms or less, if that makes it cheaper to ask for: it is asked
    /// for each record. By default it is exact.
    fn coarse_timestamp_ms(&self) -> i64 {
        milliseconds(self.wall_time())
    }

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
        Self::new(System::default())
    }

    /// Wall time in milliseconds since 1970, the unit of record timestamps.
    #[must_use]
    pub fn timestamp_ms(&self) -> i64 {
        milliseconds(self.0.wall_time())
    }

    /// As [`timestamp_ms`](Self::timestamp_ms), but maybe a tick behind, and cheaper.
    #[must_use]
    pub fn coarse_timestamp_ms(&self) -> i64 {
        self.0.coarse_timestamp_ms()
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

/// Since 1970; without the 128 bits of `as_millis`.
fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    seconds
        .saturating_mul(1000)
        .saturating_add(i64::from(since.subsec_millis()))
}

#[derive(Debug)]
struct System {
    /// Whether the clock of the kernel's timer ticks often enough.
    ticks: bool,
}

impl Default for System {
    fn default() -> Self {
        Self {
            ticks: tick::is_fine(),
        }
    }
}

/// The time at the last tick of the kernel's timer. To read it takes a fifth of the time that the
/// exact one takes, which was a sixth of all that a record of 100 bytes cost.
#[cfg(target_os = "linux")]
mod tick {
    use rustix::time::{ClockId, clock_getres, clock_gettime};

    /// Ticks of 4 ms are usual, of 10 ms possible.
    pub(super) fn is_fine() -> bool {
        let tick = clock_getres(ClockId::RealtimeCoarse);
        tick.tv_sec == 0 && tick.tv_nsec <= 4_000_000
    }

    pub(super) fn milliseconds() -> i64 {
        let time = clock_gettime(ClockId::RealtimeCoarse);
        time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}

#[cfg(not(target_os = "linux"))]
mod tick {
    pub(super) fn is_fine() -> bool {
        false
    }

    /// Never asked.
    pub(super) fn milliseconds() -> i64 {
        0
    }
}

impl Environment for System {
    fn wall_time(&self) -> SystemTime {
        SystemTime::now()
    }

    fn coarse_timestamp_ms(&self) -> i64 {
        if self.ticks {
            tick::milliseconds()
        } else {
            milliseconds(self.wall_time())
        }
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
    fn coarse_time_is_a_little_behind_at_the_most() {
        let env = Env::system();
        for _ in 0..1_000 {
            let (before, coarse) = (env.timestamp_ms(), env.coarse_timestamp_ms());
            let after = env.timestamp_ms();
            // A tick may come late, where the machine itself stands still; never early.
            assert!(
                (before - 1_000..=after).contains(&coarse),
                "{before} {coarse}"
            );
        }
    }

    #[test]
    fn seeds_differ_and_uuids_are_of_version_four() {
        let env = Env::system();
        assert_ne!(env.seed(), env.seed());
        let Uuid(bytes) = env.uuid();
        assert_eq!(bytes[6] >> 4, 4);
        assert_eq!(bytes[8] >> 6, 0b10);
    }
}
