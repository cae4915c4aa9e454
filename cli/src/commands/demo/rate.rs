//! Numbers for people.

use std::time::Duration;

/// "300,000 records, 34.1 MB in 0.61 s: 491,803 records/s, 55.9 MB/s"
pub(super) fn rate(records: u64, bytes: u64, took: Duration) -> String {
    let millis = took.as_millis().max(1);
    let per_second = |count: u64| {
        let rate = u128::from(count).saturating_mul(1000) / millis;
        u64::try_from(rate).unwrap_or(u64::MAX)
    };
    format!(
        "{} records, {} in {:.2} s: {} records/s, {}/s",
        thousands(records),
        megabytes(bytes),
        took.as_secs_f64(),
        thousands(per_second(records)),
        megabytes(per_second(bytes))
    )
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

/// "1,234,567"
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_for_people() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn a_rate_says_how_much_in_what_time() {
        assert_eq!(
            rate(300_000, 34_160_000, Duration::from_millis(500)),
            "300,000 records, 34.1 MB in 0.50 s: 600,000 records/s, 68.3 MB/s"
        );
        assert!(rate(0, 0, Duration::ZERO).ends_with("0 records/s, 0.0 MB/s"));
    }
}
