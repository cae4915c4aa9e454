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
    /// How many records had an outcome at the last glance.
    settled: u64,
}

impl Clock {
    /// Before anything was sent.
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            settled: 0,
        }
    }

    /// How often to glance, for a limit that is to be kept to about a quarter.
    pub(super) fn every(max_block: Duration) -> Duration {
        (max_block / 4).clamp(SHORTEST_GLANCE, GLANCE)
    }

    /// The clock runs while something waits for the brokers: at first the lanes, for the metadata.
    pub(super) fn glance(&mut self, ledgers: &[SharedLedger]) {
        let (mut settled, mut awaited) = (0, 0);
        for ledger in ledgers {
            let ledger = ledger.lock();
            settled += ledger.settled();
            awaited += ledger.awaited;
        }
        if settled > self.settled {
            self.settled = settled;
            self.patience.outcome(awaited > 0);
        } else if awaited > 0 || settled == 0 {
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
    use tokio::time::timeout;

    use super::*;
    use crate::args::Global;
    use crate::commands::perf::ledger::Ledger;
    use crate::commands::produce::usable::Stalled;
    use crate::settings::Settings;

    fn ledger() -> SharedLedger {
        SharedLedger::new(Ledger::new().unwrap())
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
