//! The outcomes of all lanes, as they move the clock of a producer's patience.
//!
//! They are not told one by one, which would cost too much: the sums are glanced at.

use std::time::Duration;

use super::lane::SharedLedger;
use crate::patience::Patience;

/// How often the outcomes are looked at, at least.
const GLANCE: Duration = Duration::from_millis(250);
/// And at most, however little of the time they may move there is.
const SHORTEST_GLANCE: Duration = Duration::from_millis(10);

/// The clock, and what moved it last.
#[derive(Debug)]
pub(super) struct Clock {
    patience: Patience,
    /// Of how many records a broker had told the outcome at the last glance.
    answered: u64,
    /// How many the producer had given up when a broker told the last outcome.
    given_up: u64,
}

impl Clock {
    /// Before anything was sent.
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            answered: 0,
            given_up: 0,
        }
    }

    /// How often to glance, for a limit that is to be kept to about a quarter.
    pub(super) fn every(max_block: Duration) -> Duration {
        (max_block / 4).clamp(SHORTEST_GLANCE, GLANCE)
    }

    /// The clock runs while something waits for the brokers: at first the lanes, for the metadata.
    /// What the producer gave up by itself neither starts the time anew nor stops it: with a
    /// `delivery.timeout.ms` below the limit, all that a dead cluster ever gets is given up.
    pub(super) fn glance(&mut self, ledgers: &[SharedLedger]) {
        let (mut answered, mut given_up, mut awaited) = (0, 0, 0);
        for ledger in ledgers {
            let ledger = ledger.lock();
            answered += ledger.answered;
            given_up += ledger.given_up;
            awaited += ledger.awaited;
        }
        if answered > self.answered {
            self.answered = answered;
            self.given_up = given_up;
            self.patience.outcome(awaited > 0);
        } else if awaited > 0 || answered == 0 || given_up > self.given_up {
            self.patience.waits();
        } else {
            self.patience.rests();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Instant;

    use tidewire::mock::MockCluster;
    use tokio::time::{advance, timeout};

    use super::*;
    use crate::args::Global;
    use crate::commands::perf::ledger::{Ledger, Verdict};
    use crate::commands::produce::usable::Stalled;
    use crate::patience::Limit;
    use crate::settings::Settings;

    const LIMIT: Duration = Duration::from_secs(60);

    fn ledger() -> SharedLedger {
        SharedLedger::new(Ledger::new().unwrap())
    }

    /// One record was written; then each of some batches fails 30 s after it was begun, and for a
    /// moment nothing is awaited. Whether the limit was over after each.
    async fn after_failures(by: Verdict) -> Vec<bool> {
        let patience = Patience::new(LIMIT, Duration::ZERO);
        let mut limit: Limit = patience.limit();
        let (mut clock, ledgers) = (Clock::new(patience), [ledger()]);
        ledgers[0].lock().wrote(1, Instant::now());
        clock.glance(&ledgers);
        let mut over = Vec::new();
        for batch in 0..3 {
            ledgers[0].lock().begin(batch, None);
            clock.glance(&ledgers);
            advance(LIMIT / 2).await;
            let now = Instant::now();
            ledgers[0].lock().lost(10, by, || "it failed".to_owned());
            ledgers[0].lock().settle(batch, now, false);
            clock.glance(&ledgers);
            over.push(limit.is_over());
        }
        over
    }

    #[tokio::test(start_paused = true)]
    async fn records_that_ran_out_of_time_do_not_start_the_clock_anew() {
        let over = after_failures(Verdict::OfProducer).await;
        assert_eq!(over, [false, true, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn records_that_a_broker_refused_start_the_clock_anew() {
        let over = after_failures(Verdict::OfBroker).await;
        assert_eq!(over, [false, false, false]);
    }

    #[tokio::test]
    async fn what_came_since_the_last_glance_is_seen_before_a_stall_is_believed() {
        let cluster = MockCluster::builder().brokers(1).try_build().unwrap();
        let global = Global {
            bootstrap: Some(cluster.listen("127.0.0.1:0").await.unwrap()),
            properties: Vec::new(),
            property_files: Vec::new(),
            json: false,
            verbose: 0,
        };
        let limit = Duration::from_millis(50);
        let patience = Patience::new(limit, Duration::ZERO);
        let settings = Settings::gather(&global).unwrap();
        let mut stalled = Stalled::new(&patience, limit, settings);
        let (clock, ledgers) = (RefCell::new(Clock::new(patience)), [ledger()]);
        let glance = || clock.borrow_mut().glance(&ledgers);
        ledgers[0].lock().begin(0, None);
        glance();
        ledgers[0].lock().wrote(1, Instant::now());
        let failure = timeout(Duration::from_millis(500), stalled.failure(glance)).await;
        assert!(failure.is_err(), "{}", failure.unwrap());
    }

    #[test]
    fn a_short_limit_is_looked_at_more_often() {
        let every = |ms| Clock::every(Duration::from_millis(ms)).as_millis();
        assert_eq!([0, 200, 1_000, 60_000].map(every), [10, 50, 250, 250]);
    }
}
