//! Latencies in a histogram: three digits are kept, from a microsecond to an hour.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::failure::Failure;

/// The longest latency that is told from longer ones, in microseconds.
const LONGEST: u64 = 3_600_000_000;
/// How many digits of a latency are kept.
const DIGITS: u8 = 3;

/// The latencies of a run.
#[derive(Clone, Debug)]
pub(super) struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet.
    ///
    /// # Errors
    /// Not with these bounds; the histogram's maker cannot know.
    pub(super) fn new() -> Result<Self, Failure> {
        Histogram::new_with_bounds(1, LONGEST, DIGITS)
            .map(Self)
            .map_err(|error| Failure::new(format!("cannot make a histogram: {error}")))
    }

    /// Counts one.
    pub(super) fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros);
    }

    /// Counts all of another run's.
    pub(super) fn add(&mut self, other: &Self) {
        // The bounds of both are the same, so nothing of it is out of range.
        let _ = self.0.add(&other.0);
    }

    /// How many there are.
    pub(super) fn samples(&self) -> u64 {
        self.0.len()
    }

    /// So many microseconds or less took this share of all; `None` when there are none. It is the
    /// top of a bucket, so up to 0.1 % too much and never too little.
    pub(super) fn quantile(&self, share: f64) -> Option<u64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(share))
    }

    /// The object of `latency_us`; all null when there are none.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "p50": self.quantile(0.5),
            "p90": self.quantile(0.9),
            "p99": self.quantile(0.99),
            "p999": self.quantile(0.999),
            "max": self.quantile(1.0),
        })
    }

    /// "p50 210, p90 ..., max 900"
    pub(super) fn to_text(&self) -> String {
        let text = |share| {
            let value = self.quantile(share);
            value.map_or_else(|| "-".to_owned(), |value| value.to_string())
        };
        format!(
            "p50 {}, p90 {}, p99 {}, p99.9 {}, max {}",
            text(0.5),
            text(0.9),
            text(0.99),
            text(0.999),
            text(1.0)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_keep_three_digits() {
        let mut all = Latencies::new().unwrap();
        for micros in 1..=100_000 {
            all.record(Duration::from_micros(micros));
        }
        for (share, exact) in [
            (0.5, 50_000),
            (0.99, 99_000),
            (0.999, 99_900),
            (1.0, 100_000),
        ] {
            let value = all.quantile(share).unwrap();
            assert!(
                (exact..=exact + exact / 1000).contains(&value),
                "{share}: {value}"
            );
        }
        assert_eq!(all.samples(), 100_000);
    }

    #[test]
    fn one_slow_record_in_a_thousand_is_seen() {
        let mut all = Latencies::new().unwrap();
        (0..998).for_each(|_| all.record(Duration::from_micros(200)));
        (0..2).for_each(|_| all.record(Duration::from_secs(3)));
        assert_eq!(all.quantile(0.99), Some(200));
        assert!(all.quantile(0.999).unwrap() >= 2_990_000);
    }

    #[test]
    fn sums_count_both() {
        let (mut a, mut b) = (Latencies::new().unwrap(), Latencies::new().unwrap());
        a.record(Duration::from_micros(10));
        b.record(Duration::from_micros(30));
        a.add(&b);
        assert_eq!((a.samples(), a.quantile(1.0)), (2, Some(30)));
    }

    #[test]
    fn no_samples_are_null_and_not_zero() {
        let none = Latencies::new().unwrap();
        assert!(none.to_json()["p50"].is_null() && none.to_json()["max"].is_null());
        assert_eq!(none.to_text(), "p50 -, p90 -, p99 -, p99.9 -, max -");
    }

    #[test]
    fn less_than_a_microsecond_and_more_than_the_longest_are_counted() {
        let mut all = Latencies::new().unwrap();
        all.record(Duration::ZERO);
        all.record(Duration::from_secs(1_000_000));
        assert_eq!(all.samples(), 2);
    }
}
