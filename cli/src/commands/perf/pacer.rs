//! When each record is to be sent: the schedule first, whatever happens later. Pure.
//!
//! The time of a record depends on its number alone. A lane that falls behind finds its records
//! due one after the other and sends them at once; their latency still runs from their own time.
//! Lanes take turns: of three lanes the first has the records 0, 3, 6 and so on.

use std::time::{Duration, Instant};

const NANOS: u128 = 1_000_000_000;

/// What to do now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Send one record, which was to start at this time.
    Send(Instant),
    /// Wait so long; then ask again.
    Wait(Duration),
    /// All were sent.
    Done,
}

/// The schedule of one lane.
#[derive(Clone, Debug)]
pub(super) struct Pacer {
    start: Instant,
    /// Records per second of all lanes together.
    rate: u64,
    lane: u64,
    lanes: u64,
    records: u64,
    sent: u64,
}

impl Pacer {
    /// The schedule of a lane with so many records; lanes are counted from 0.
    pub(super) fn new(start: Instant, rate: u64, lane: u64, lanes: u64, records: u64) -> Self {
        Self {
            start,
            rate,
            lane,
            lanes,
            records,
            sent: 0,
        }
    }

    /// The next step. Each [`Step::Send`] is given once.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        if self.sent >= self.records {
            return Step::Done;
        }
        let Some(due) = self.start.checked_add(self.offset(self.sent)) else {
            return Step::Done; // after the end of time
        };
        match due.checked_duration_since(now) {
            Some(wait) if !wait.is_zero() => Step::Wait(wait),
            _ => {
                self.sent += 1;
                Step::Send(due)
            }
        }
    }

    /// How long after the start the lane's `n`th record is due.
    fn offset(&self, n: u64) -> Duration {
        let number = u128::from(n) * u128::from(self.lanes) + u128::from(self.lane);
        let nanos = number * NANOS / u128::from(self.rate.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// All the times of a lane, asked for when everything is due.
    fn times(start: Instant, mut pacer: Pacer) -> Vec<Duration> {
        let late = start + Duration::from_secs(1_000_000);
        std::iter::from_fn(|| match pacer.step(late) {
            Step::Send(due) => Some(due - start),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn records_are_evenly_spaced_and_none_is_early() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, 500, 0, 1, 3);
        assert_eq!(pacer.step(start), Step::Send(start));
        assert_eq!(pacer.step(start), Step::Wait(ms(2)));
        assert_eq!(pacer.step(start + ms(1)), Step::Wait(ms(1)));
        assert_eq!(pacer.step(start + ms(2)), Step::Send(start + ms(2)));
        assert_eq!(pacer.step(start + ms(9)), Step::Send(start + ms(4)));
        assert_eq!(pacer.step(start + ms(9)), Step::Done);
    }

    #[test]
    fn a_stall_moves_no_intended_start() {
        let start = Instant::now();
        let on_time = times(start, Pacer::new(start, 1000, 0, 1, 100));
        // The same lane, but it could not send for 50 ms in the middle.
        let mut pacer = Pacer::new(start, 1000, 0, 1, 100);
        let mut now = start;
        let mut stalled = Vec::new();
        loop {
            match pacer.step(now) {
                Step::Send(due) => stalled.push(due - start),
                Step::Wait(wait) => now += wait,
                Step::Done => break,
            }
            if stalled.len() == 20 {
                now = now.max(start + ms(70));
            }
        }
        assert_eq!(stalled, on_time);
        assert_eq!(stalled.last(), Some(&ms(99)));
    }

    #[test]
    fn lanes_share_one_schedule() {
        let start = Instant::now();
        let whole = times(start, Pacer::new(start, 7, 0, 1, 21));
        let mut lanes = (0..3)
            .flat_map(|lane| times(start, Pacer::new(start, 7, lane, 3, 7)))
            .collect::<Vec<_>>();
        lanes.sort();
        assert_eq!(lanes, whole);
    }

    #[test]
    fn the_rate_does_not_drift_in_a_long_run() {
        let start = Instant::now();
        let pacer = Pacer::new(start, 3, 0, 1, u64::MAX);
        assert_eq!(pacer.offset(3_000_000), Duration::from_secs(1_000_000));
        assert_eq!(pacer.offset(1), Duration::from_nanos(333_333_333));
    }

    #[test]
    fn a_lane_without_records_is_done() {
        let start = Instant::now();
        assert_eq!(Pacer::new(start, 1, 0, 1, 0).step(start), Step::Done);
    }
}
