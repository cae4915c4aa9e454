//! From runs to a table: medians with their range, and how tidewire stands to the best peer. Pure.

use std::fmt::Write as _;

/// One run of one client.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) elapsed_s: f64,
    pub(super) cpu_s: f64,
    pub(super) peak_rss_bytes: u64,
    pub(super) p50_us: Option<f64>,
    pub(super) p99_us: Option<f64>,
    /// Records in the log that were sent once and are there twice.
    pub(super) duplicates: i64,
}

/// All runs of one client.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) client: &'static str,
    pub(super) runs: Vec<Run>,
    /// Why it could not run, or why runs are missing.
    pub(super) failures: Vec<String>,
}

/// A figure of a run, and whether more of it is better.
struct Figure {
    title: &'static str,
    more_is_better: bool,
    of: fn(&Run) -> Option<f64>,
}

const FIGURES: [Figure; 6] = [
    Figure {
        title: "1000 records/s",
        more_is_better: true,
        of: |run| Some(per(run.records, run.elapsed_s) / 1e3),
    },
    Figure {
        title: "MB/s",
        more_is_better: true,
        of: |run| Some(per(run.bytes, run.elapsed_s) / 1e6),
    },
    Figure {
        title: "CPU us/record",
        more_is_better: false,
        of: |run| Some(1e6 * run.cpu_s / float(run.records).max(1.0)),
    },
    Figure {
        title: "peak MB",
        more_is_better: false,
        of: |run| Some(float(run.peak_rss_bytes) / 1e6),
    },
    Figure {
        title: "p50 ms",
        more_is_better: false,
        of: |run| run.p50_us.map(|us| us / 1e3),
    },
    Figure {
        title: "p99 ms",
        more_is_better: false,
        of: |run| run.p99_us.map(|us| us / 1e3),
    },
];

/// Exact below 2^53.
#[allow(clippy::cast_precision_loss, reason = "a rate needs 15 digits at most")]
fn float(count: u64) -> f64 {
    count as f64
}

fn per(count: u64, seconds: f64) -> f64 {
    float(count) / seconds.max(1e-9)
}

/// Median, least and greatest.
fn spread(row: &Row, figure: &Figure) -> Option<(f64, f64, f64)> {
    let mut values: Vec<f64> = row.runs.iter().filter_map(figure.of).collect();
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some(((upper + lower) / 2.0, least, most))
}

/// Digits enough to tell runs apart, and no more.
fn short(value: f64) -> String {
    match value {
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ if value >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn cell(row: &Row, figure: &Figure) -> String {
    match spread(row, figure) {
        None => "-".into(),
        Some((median, least, most)) if row.runs.len() > 1 => {
            format!("{} [{}..{}]", short(median), short(least), short(most))
        }
        Some((median, ..)) => short(median),
    }
}

/// The table of one workload.
pub(super) fn render(title: &str, rows: &[Row]) -> String {
    let mut lines: Vec<Vec<String>> = vec![vec!["client".into()]];
    lines[0].extend(FIGURES.iter().map(|figure| figure.title.to_owned()));
    for row in rows.iter().filter(|row| !row.runs.is_empty()) {
        let mut line = vec![row.client.to_owned()];
        line.extend(FIGURES.iter().map(|figure| cell(row, figure)));
        lines.push(line);
    }
    let widths: Vec<usize> = (0..=FIGURES.len())
        .map(|column| {
            lines
                .iter()
                .map(|line| line[column].len())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = format!("\n{title}\n");
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(&format!("  {}\n", line.trim_end()));
    }
    for row in rows {
        notes(row, &mut text);
    }
    text.push_str(&standing(rows));
    text
}

fn notes(row: &Row, text: &mut String) {
    if let Some(failure) = row.failures.first() {
        let (failed, client) = (row.failures.len(), row.client);
        let _ = match row.runs.len() {
            0 => writeln!(text, "  {client}: NOT MEASURED: {failure}"),
            runs => writeln!(
                text,
                "  {client}: {failed} of {} runs FAILED: {failure}",
                runs + failed
            ),
        };
    }
    let duplicates: i64 = row.runs.iter().map(|run| run.duplicates).sum();
    if duplicates != 0 {
        let _ = writeln!(
            text,
            "  {}: {duplicates} records are in the log twice",
            row.client
        );
    }
}

/// tidewire's median divided by the best peer's, figure by figure.
fn standing(rows: &[Row]) -> String {
    let Some(ours) = rows.iter().find(|row| row.client == "tidewire") else {
        return String::new();
    };
    let mut parts = Vec::new();
    for figure in &FIGURES {
        let mut peers: Vec<(f64, &str)> = rows
            .iter()
            .filter(|row| !row.client.starts_with(ours.client))
            .filter_map(|row| Some((spread(row, figure)?.0, row.client)))
            // A tool that counts whole milliseconds may say 0.
            .filter(|(median, _)| *median > 0.0)
            .collect();
        peers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let best = if figure.more_is_better {
            peers.last()
        } else {
            peers.first()
        };
        if let (Some((median, ..)), Some((best, peer))) = (spread(ours, figure), best) {
            parts.push(format!("{} {:.2} x {peer}", figure.title, median / best));
        }
    }
    if parts.is_empty() {
        return String::new();
    }
    format!("  tidewire to the best peer: {}\n", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(client: &'static str, rates: &[u64]) -> Row {
        let run = |rate: &u64| Run {
            records: *rate,
            bytes: 100 * rate,
            elapsed_s: 1.0,
            cpu_s: 0.5,
            peak_rss_bytes: 20_000_000,
            ..Run::default()
        };
        Row {
            client,
            runs: rates.iter().map(run).collect(),
            failures: Vec::new(),
        }
    }

    #[test]
    fn a_cell_is_the_median_with_its_range() {
        let rate = &FIGURES[0];
        assert_eq!(
            cell(&row("x", &[3_000, 1_000, 2_000]), rate),
            "2.00 [1.00..3.00]"
        );
        assert_eq!(cell(&row("x", &[1_000, 2_000]), rate), "1.50 [1.00..2.00]");
        assert_eq!(cell(&row("x", &[1_000]), rate), "1.00");
        assert_eq!(cell(&row("x", &[]), rate), "-");
    }

    #[test]
    fn tidewire_is_compared_with_the_best_of_the_others() {
        let rows = [
            row("tidewire", &[3_000_000]),
            row("slow", &[500_000]),
            row("fast", &[2_000_000]),
        ];
        let text = render("title", &rows);
        assert!(text.contains("1000 records/s 1.50 x fast"), "{text}");
        assert!(text.contains("CPU us/record 0.67 x fast"), "{text}");
        assert!(text.contains("  3000  "), "{text}");
    }

    #[test]
    fn a_client_that_could_not_run_is_named_with_its_reason() {
        let mut failed = row("krafka", &[]);
        failed.failures = vec!["does not build: error: no".into()];
        let text = render("title", &[row("tidewire", &[1]), failed]);
        assert!(
            text.contains("krafka: NOT MEASURED: does not build"),
            "{text}"
        );
        assert!(!text.contains("best peer"), "{text}");
        let mut half = row("java", &[1]);
        half.failures = vec!["failed: why".into()];
        assert!(render("t", &[half]).contains("java: 1 of 2 runs FAILED: failed: why"));
    }

    #[test]
    fn duplicates_are_told() {
        let mut twice = row("kacrab", &[1_000]);
        twice.runs[0].duplicates = 7;
        assert!(render("t", &[twice]).contains("kacrab: 7 records are in the log twice"));
    }
}
