//! What a run tells at its end: one JSON object, or a few lines. Pure.
//!
//! The names of the JSON fields are part of the command line: they change only by addition.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::latency::Latencies;
use super::usage::Usage;

/// The figures of a run.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// "perf produce"
    pub(super) command: &'static str,
    pub(super) topic: String,
    /// Acknowledged, or read.
    pub(super) records: u64,
    /// Of their keys and values.
    pub(super) bytes: u64,
    /// Records that failed.
    pub(super) errors: u64,
    /// From the first send to the last acknowledgement, or from the first record to the last.
    pub(super) elapsed: Duration,
    pub(super) usage: Usage,
    pub(super) latencies: Latencies,
    /// Of a consumer, how long the first record took.
    pub(super) first_record: Option<Option<Duration>>,
    /// At a rate, how late records were handed over.
    pub(super) late: Option<Latencies>,
}

impl Report {
    fn per_second(&self, count: u64) -> Option<f64> {
        let seconds = self.elapsed.as_secs_f64();
        (seconds > 0.0).then(|| float(count) / seconds)
    }

    fn cpu_us_per_record(&self) -> Option<f64> {
        let cpu = self.usage.cpu_s?;
        (self.records > 0).then(|| cpu * 1e6 / float(self.records))
    }

    /// The object of `--json`.
    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("command", self.command.into());
        put("topic", self.topic.as_str().into());
        put("records", self.records.into());
        put("bytes", self.bytes.into());
        put("errors", self.errors.into());
        put("elapsed_s", rounded(Some(self.elapsed.as_secs_f64())));
        put("records_per_s", rounded(self.per_second(self.records)));
        let mb_per_s = self.per_second(self.bytes).map(|bytes| bytes / 1e6);
        put("mb_per_s", rounded(mb_per_s));
        put("cpu_s", rounded(self.usage.cpu_s));
        put("cpu_us_per_record", rounded(self.cpu_us_per_record()));
        put("peak_rss_bytes", json!(self.usage.peak_rss_bytes));
        put("latency_us", self.latencies.to_json());
        put("latency_samples", self.latencies.samples().into());
        if let Some(first) = self.first_record {
            put("first_record_s", rounded(first.map(|it| it.as_secs_f64())));
        }
        if let Some(late) = &self.late {
            put("late_us", late.to_json());
        }
        Value::Object(object)
    }

    /// For people.
    pub(super) fn to_text(&self) -> String {
        let done = if self.first_record.is_some() {
            "consumed"
        } else {
            "produced"
        };
        let or_dash = |number: Option<f64>, digits: usize| {
            number.map_or_else(|| "-".to_owned(), |number| format!("{number:.digits$}"))
        };
        let mb_per_s = self.per_second(self.bytes).map(|bytes| bytes / 1e6);
        let mut lines = vec![
            format!(
                "{done} {} records, {} bytes in {:.3} s: {} records/s, {} MB/s, {} failed",
                self.records,
                self.bytes,
                self.elapsed.as_secs_f64(),
                or_dash(self.per_second(self.records), 0),
                or_dash(mb_per_s, 2),
                self.errors,
            ),
            format!(
                "latency in us: {} ({} samples)",
                self.latencies.to_text(),
                self.latencies.samples()
            ),
        ];
        if let Some(late) = &self.late {
            lines.push(format!("handed over late, in us: {}", late.to_text()));
        }
        if let Some(first) = self.first_record {
            let seconds = first.map(|it| it.as_secs_f64());
            lines.push(format!("first record after {} s", or_dash(seconds, 3)));
        }
        if let (Some(cpu), Some(peak)) = (self.usage.cpu_s, self.usage.peak_rss_bytes) {
            lines.push(format!(
                "processor {cpu:.2} s ({} us a record), memory {:.1} MB at its peak",
                or_dash(self.cpu_us_per_record(), 3),
                float(peak) / 1e6
            ));
        }
        lines.join("\n")
    }
}

/// Exact below 2^53.
#[allow(
    clippy::cast_precision_loss,
    reason = "a rate needs no more than 15 digits"
)]
fn float(count: u64) -> f64 {
    count as f64
}

/// Six decimals; null where there is no number.
fn rounded(number: Option<f64>) -> Value {
    json!(number.map(|number| (number * 1e6).round() / 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut latencies = Latencies::new().unwrap();
        latencies.record(Duration::from_micros(250));
        Report {
            command: "perf produce",
            topic: "t".to_owned(),
            records: 1000,
            bytes: 100_000,
            errors: 3,
            elapsed: Duration::from_millis(500),
            usage: Usage {
                cpu_s: Some(0.25),
                peak_rss_bytes: Some(4096),
            },
            latencies,
            first_record: None,
            late: None,
        }
    }

    #[test]
    fn the_object_has_every_promised_field_with_its_unit() {
        let expected = json!({
            "command": "perf produce", "topic": "t",
            "records": 1000, "bytes": 100_000, "errors": 3, "elapsed_s": 0.5,
            "records_per_s": 2000.0, "mb_per_s": 0.2, "cpu_s": 0.25, "cpu_us_per_record": 250.0,
            "peak_rss_bytes": 4096,
            "latency_us": {"p50": 250, "p90": 250, "p99": 250, "p999": 250, "max": 250},
            "latency_samples": 1,
        });
        assert_eq!(report().to_json(), expected);
        assert!(!report().to_json().to_string().contains('\n'));
    }

    #[test]
    fn a_consumer_has_its_first_record_and_a_paced_producer_its_lateness() {
        let mut consumer = report();
        consumer.first_record = Some(Some(Duration::from_millis(1500)));
        assert_eq!(consumer.to_json()["first_record_s"], json!(1.5));
        consumer.first_record = Some(None);
        assert!(consumer.to_json()["first_record_s"].is_null());
        let mut paced = report();
        paced.late = Some(paced.latencies.clone());
        assert_eq!(paced.to_json()["late_us"]["p50"], json!(250));
    }

    #[test]
    fn what_is_not_known_is_null_and_never_infinite() {
        let mut none = report();
        none.records = 0;
        none.elapsed = Duration::ZERO;
        none.usage = Usage::default();
        let object = none.to_json();
        for name in ["records_per_s", "mb_per_s", "cpu_s", "peak_rss_bytes"] {
            assert!(object[name].is_null(), "{name}");
        }
        assert!(none.to_text().contains("- records/s"), "{}", none.to_text());
    }

    #[test]
    fn the_text_has_the_figures() {
        let text = report().to_text();
        for part in [
            "2000 records/s",
            "0.20 MB/s",
            "3 failed",
            "p99 250",
            "0.25 s",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
