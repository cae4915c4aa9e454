//! What is measured: the workloads, their names for `--only`, and how many records they take.

use std::time::Duration;

use super::Direction;
use super::payload::Kind;

/// When records are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as the client takes them.
    Full,
    /// So many a second, each after the last one's acknowledgement.
    OneByOne(u64),
    /// So many a second, whatever becomes of them.
    Open(u64),
}

/// One workload, of one table.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub(super) name: &'static str,
    /// What `--only` selects it by besides its name.
    pub(super) group: &'static str,
    pub(super) direction: Direction,
    pub(super) what: &'static str,
    pub(super) kind: Kind,
    /// Of a value, in bytes.
    pub(super) size: usize,
    pub(super) codec: &'static str,
    pub(super) partitions: u32,
    pub(super) records: u64,
    pub(super) pace: Pace,
    /// Settings of every client, in Java's names.
    pub(super) settings: &'static [(&'static str, &'static str)],
    /// How long the line takes, each way.
    pub(super) delay: Duration,
}

impl Workload {
    /// At a rate, how many records come before latency counts: the first second, or a tenth.
    pub(super) fn warmup(&self, records: u64) -> u64 {
        match self.pace {
            Pace::Full => 0,
            Pace::OneByOne(rate) | Pace::Open(rate) => rate.min(records / 10),
        }
    }
}

const FULL: Workload = Workload {
    name: "",
    group: "",
    direction: Direction::Produce,
    what: "",
    kind: Kind::Json,
    size: 100,
    codec: "none",
    partitions: 6,
    records: 0,
    pace: Pace::Full,
    settings: &[],
    delay: Duration::ZERO,
};

/// All of them, in the order of the tables.
pub(super) fn all() -> Vec<Workload> {
    let mut all = produce();
    all.extend(slow_line());
    all.extend(paced());
    all.extend(consume());
    all
}

fn produce() -> Vec<Workload> {
    let mut all = vec![Workload {
        name: "a",
        group: "a",
        what: "100 B values, no compression",
        kind: Kind::Text,
        records: 4_000_000,
        ..FULL
    }];
    let compressed = [
        ("b-lz4", "b", "100 B of JSON, lz4", "lz4", 100, 3_000_000),
        ("b-zstd", "b", "100 B of JSON, zstd", "zstd", 100, 3_000_000),
        ("c-lz4", "c", "1 kB of JSON, lz4", "lz4", 1024, 500_000),
        ("c-zstd", "c", "1 kB of JSON, zstd", "zstd", 1024, 500_000),
    ];
    all.extend(
        compressed.map(|(name, group, what, codec, size, records)| Workload {
            name,
            group,
            what,
            codec,
            size,
            records,
            ..FULL
        }),
    );
    all.push(Workload {
        name: "d",
        group: "d",
        what: "10 kB values, no compression",
        kind: Kind::Text,
        size: 10_240,
        records: 60_000,
        ..FULL
    });
    all
}

fn slow_line() -> Vec<Workload> {
    let line = Workload {
        group: "e",
        kind: Kind::Text,
        partitions: 1,
        ..FULL
    };
    vec![
        Workload {
            name: "e",
            what: "100 B values, one partition, batch.size=16384, 50 ms each way",
            records: 30_000,
            settings: &[("batch.size", "16384")],
            delay: Duration::from_millis(50),
            ..line
        },
        Workload {
            name: "e-own",
            what: "100 B values, one partition, each client's own batches, 50 ms each way",
            records: 300_000,
            delay: Duration::from_millis(50),
            ..line
        },
        Workload {
            name: "e-near",
            what: "100 B values, one partition, each client's own batches, 2.5 ms each way",
            records: 1_000_000,
            delay: Duration::from_micros(2_500),
            ..line
        },
    ]
}

fn paced() -> Vec<Workload> {
    vec![
        Workload {
            name: "f",
            group: "f",
            what: "500 sends/s one by one, linger.ms=0",
            kind: Kind::Text,
            records: 5_000,
            pace: Pace::OneByOne(500),
            settings: &[("linger.ms", "0")],
            ..FULL
        },
        Workload {
            name: "g",
            group: "g",
            what: "50000/s open loop, linger.ms=5, latency from the intended start",
            kind: Kind::Text,
            records: 500_000,
            pace: Pace::Open(50_000),
            settings: &[("linger.ms", "5")],
            ..FULL
        },
    ]
}

fn consume() -> Vec<Workload> {
    let names = [
        ("consume-100", "100 B values, no compression", "none"),
        ("consume-lz4", "1 kB of JSON, lz4", "lz4"),
        ("consume-zstd", "1 kB of JSON, zstd", "zstd"),
    ];
    let workloads = names.map(|(name, what, codec)| {
        let small = codec == "none";
        Workload {
            name,
            group: name,
            direction: Direction::Consume,
            what,
            kind: if small { Kind::Text } else { Kind::Json },
            size: if small { 100 } else { 1024 },
            codec,
            records: if small { 5_000_000 } else { 1_000_000 },
            ..FULL
        }
    });
    workloads.into()
}

/// What `--only` takes.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = all().iter().flat_map(|w| [w.group, w.name]).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_told_apart() {
        let all = all();
        let names: BTreeSet<&str> = all.iter().map(|workload| workload.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|workload| workload.records > 0));
    }

    #[test]
    fn latency_does_not_count_until_all_is_connected() {
        let paced = paced();
        assert_eq!(paced[0].warmup(5_000), 500);
        assert_eq!(paced[0].warmup(100), 10);
        assert_eq!(produce()[0].warmup(100), 0);
    }
}
