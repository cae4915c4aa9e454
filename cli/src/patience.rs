//! How long a producer goes on when nothing it sends is acknowledged.
//!
//! The clock runs while something waits for the brokers, and stands still while there is nothing
//! to send: somebody may type. What was used up before the first acknowledgement, finding the
//! cluster included, counts together; each outcome after that starts the time anew.

use std::future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The clock, in the hands of whoever sends.
#[derive(Debug)]
pub(crate) struct Patience {
    limit: Duration,
    /// What is already used up when the clock starts to run.
    spent: Duration,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// When it is over; `None` while the clock stands still.
    due: Option<Instant>,
    /// Whether a broker has ever told an outcome.
    answered: bool,
}

/// The other end: waits until it is over.
#[derive(Debug)]
pub(crate) struct Limit {
    state: watch::Receiver<State>,
    /// Grants more time than the clock does.
    not_before: Instant,
}

impl Patience {
    /// A clock that stands still, on which some time has passed already.
    pub(crate) fn new(limit: Duration, spent: Duration) -> Self {
        Self {
            limit,
            spent,
            state: watch::Sender::default(),
        }
    }

    /// Who is told when it is over.
    pub(crate) fn limit(&self) -> Limit {
        Limit {
            state: self.state.subscribe(),
            not_before: Instant::now(),
        }
    }

    /// Something waits for the brokers.
    pub(crate) fn waits(&self) {
        let left = self.limit.saturating_sub(self.spent);
        self.state.send_if_modified(|state| {
            let starts = state.due.is_none();
            if starts {
                state.due = Some(Instant::now() + left);
            }
            starts
        });
    }

    /// An outcome came; others are still awaited, or none is.
    pub(crate) fn outcome(&mut self, more: bool) {
        self.spent = Duration::ZERO;
        let due = more.then(|| Instant::now() + self.limit);
        // Whoever sleeps until an earlier moment finds out then: no need to wake it each time.
        self.state.send_if_modified(|state| {
            let starts = state.due.is_none() && more;
            *state = State {
                due,
                answered: true,
            };
            starts
        });
    }

    /// Nothing waits any more, though no broker said anything.
    pub(crate) fn rests(&self) {
        self.state.send_if_modified(|state| {
            state.due = None;
            false
        });
    }
}

impl Limit {
    /// Waits until it is over.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped call changes nothing.
    pub(crate) async fn over(&mut self) {
        while let Some(left) = self.wait_until() {
            let sleep = async {
                match left {
                    Some(due) => sleep_until(due).await,
                    None => future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = self.state.changed() => if changed.is_err() {
                    return future::pending().await;
                },
                () = sleep => {}
            }
        }
    }

    /// Whether it is over: it may have been and is no more, when an outcome came late.
    pub(crate) fn is_over(&mut self) -> bool {
        self.wait_until().is_none()
    }

    /// Whether a broker has ever told an outcome.
    pub(crate) fn answered(&self) -> bool {
        self.state.borrow().answered
    }

    /// Grants so much more.
    pub(crate) fn grant(&mut self, more: Duration) {
        self.not_before = Instant::now() + more;
    }

    /// `None` if it is over; else when to look again, or at a change of the clock only.
    fn wait_until(&mut self) -> Option<Option<Instant>> {
        let due = self.state.borrow_and_update().due;
        match due.map(|due| due.max(self.not_before)) {
            Some(due) if due <= Instant::now() => None,
            waits => Some(waits),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    async fn is_over_after(limit: &mut Limit, seconds: u64) -> bool {
        timeout(Duration::from_secs(seconds), limit.over())
            .await
            .is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn what_finding_the_cluster_took_counts_until_the_first_outcome() {
        let mut patience = Patience::new(LIMIT, Duration::from_secs(50));
        let mut limit = patience.limit();
        assert!(!is_over_after(&mut limit, 1000).await, "nothing waits yet");
        patience.waits();
        assert!(!is_over_after(&mut limit, 9).await);
        patience.waits();
        assert!(is_over_after(&mut limit, 2).await && !limit.answered());
        patience.outcome(true);
        assert!(!limit.is_over() && limit.answered());
        assert!(!is_over_after(&mut limit, 59).await);
        assert!(is_over_after(&mut limit, 2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn each_outcome_starts_the_time_anew_and_the_last_one_stops_it() {
        let mut patience = Patience::new(LIMIT, Duration::ZERO);
        let mut limit = patience.limit();
        patience.waits();
        for _ in 0..5 {
            assert!(!is_over_after(&mut limit, 59).await);
            patience.outcome(true);
        }
        patience.outcome(false);
        assert!(!is_over_after(&mut limit, 1000).await);
        patience.waits();
        assert!(is_over_after(&mut limit, 61).await);
        limit.grant(LIMIT);
        assert!(!is_over_after(&mut limit, 59).await);
        assert!(is_over_after(&mut limit, 2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_that_was_never_sent_is_not_waited_for() {
        let patience = Patience::new(LIMIT, Duration::ZERO);
        let mut limit = patience.limit();
        patience.waits();
        patience.rests();
        advance(LIMIT * 2).await;
        assert!(!limit.is_over());
    }
}
