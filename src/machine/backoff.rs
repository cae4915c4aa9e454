//! How long to wait after a failure: exponential with jitter (KIP-144 for reconnects, KIP-580 for
//! retries).
//!
//! The wait after the n-th failure in a row is `initial * 2^(n-1)`, times a random factor between
//! 0.8 and 1.2 so that a thousand clients do not come back in step, and never above `max`.

use std::time::{Duration, Instant};

use crate::machine::rng::Rng;

/// Beyond this many doublings every wait is at its maximum anyway.
const DOUBLINGS_MAX: u32 = 30;

/// The two ends of an exponential wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct BackoffPolicy {
    /// The wait after the first failure, before jitter.
    pub(crate) initial: Duration,
    /// No wait is longer. Where it is below `initial` it wins.
    pub(crate) max: Duration,
}

impl BackoffPolicy {
    /// The wait after `failures` failures in a row; none after none.
    pub(crate) fn delay(&self, failures: u32, rng: &mut Rng) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else {
            return Duration::ZERO;
        };
        let factor = 1_u32 << doublings.min(DOUBLINGS_MAX);
        let exact = self.initial.saturating_mul(factor).min(self.max);
        let permille = 800 + u32::try_from(rng.below(401)).unwrap_or(0);
        (exact.saturating_mul(permille) / 1000).min(self.max)
    }
}

/// Failures in a row of one thing (a broker, a coordinator), and when it may be tried again.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    policy: BackoffPolicy,
    rng: Rng,
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    pub(crate) fn new(policy: BackoffPolicy, seed: u64) -> Self {
        Self {
            policy,
            rng: Rng::new(seed),
            failures: 0,
            until: None,
        }
    }

    /// It failed: the time from which it may be tried again.
    pub(crate) fn failed(&mut self, now: Instant) -> Instant {
        self.failures = self.failures.saturating_add(1);
        let until = now + self.policy.delay(self.failures, &mut self.rng);
        self.until = Some(until);
        until
    }

    /// It worked: the next failure starts from the initial wait.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
        self.until = None;
    }

    /// Failures since it last worked.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// The time from which it may be tried; `None` if it has not failed since it last worked.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const RETRY: BackoffPolicy = BackoffPolicy {
        initial: Duration::from_millis(100),
        max: Duration::from_millis(1000),
    };

    #[test]
    fn the_wait_doubles_within_its_jitter_up_to_the_maximum() {
        let mut rng = Rng::new(7);
        for _ in 0..1000 {
            assert_eq!(RETRY.delay(0, &mut rng), Duration::ZERO);
            for (failures, exact) in [(1, 100), (2, 200), (3, 400), (4, 800)] {
                let delay = RETRY.delay(failures, &mut rng);
                let (low, high) = (MS * exact * 8 / 10, (MS * exact * 12 / 10).min(RETRY.max));
                assert!(delay >= low && delay <= high, "{failures}: {delay:?}");
            }
            for failures in [5, 6, 31, 32, 33, u32::MAX] {
                let delay = RETRY.delay(failures, &mut rng);
                assert!(
                    delay >= RETRY.max * 8 / 10 && delay <= RETRY.max,
                    "{delay:?}"
                );
            }
        }
    }

    #[test]
    fn two_clients_do_not_wait_in_step() {
        let (mut one, mut two) = (Rng::new(1), Rng::new(2));
        assert_ne!(RETRY.delay(3, &mut one), RETRY.delay(3, &mut two));
    }

    #[test]
    fn a_maximum_below_the_initial_wait_wins() {
        let policy = BackoffPolicy {
            initial: MS * 500,
            max: MS * 10,
        };
        assert!(policy.delay(1, &mut Rng::new(3)) <= MS * 10);
    }

    #[test]
    fn success_forgets_the_failures() {
        let now = Instant::now();
        let mut backoff = Backoff::new(RETRY, 1);
        for _ in 0..10 {
            backoff.failed(now);
        }
        assert!(backoff.until().unwrap() >= now + MS * 800);
        assert_eq!(backoff.failures(), 10);
        backoff.succeeded();
        assert_eq!((backoff.until(), backoff.failures()), (None, 0));
        assert!(backoff.failed(now) <= now + MS * 120);
    }
}
