//! What `enqueue` costs its caller, alone and against others: a record of 100 bytes finds its
//! partition, takes that partition's lock and is encoded.
//!
//! `cargo bench --bench enqueue`. The broker keeps its answers back during a burst, so that the
//! sender has next to nothing to do meanwhile; what it then does is not counted. On a machine with
//! fewer processors than threads the others' time is counted, too.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot set itself up has nothing to report"
)]

#[path = "support/null_broker.rs"]
mod null_broker;

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use null_broker::{Gate, NullBroker, TOPIC};
use tidewire::{Producer, Record};
use tokio::runtime::Runtime;

const VALUE: [u8; 100] = [b'x'; 100];
/// Records of one burst, which the buffer has room for.
const BURST: u64 = 100_000;
const BUFFER: &str = "67108864";

/// How the threads choose.
#[derive(Clone, Copy)]
enum Choice {
    OnePartition,
    OwnPartitions,
    Sticky,
}

struct Bench {
    runtime: Runtime,
    producer: Producer,
    gate: Arc<Gate>,
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let broker = NullBroker::new(6);
        let gate = broker.gate();
        let producer = runtime.block_on(async {
            let client = broker.connect().await;
            let builder = client.producer().property("buffer.memory", BUFFER);
            let producer = builder.build().expect("there may be so much");
            let first = producer.send(Record::to(TOPIC).value(&VALUE)).await;
            first.expect("it acknowledges");
            producer
        });
        let bench = Self {
            runtime,
            producer,
            gate,
        };
        // Memory is touched for the first time, and every partition gets its identity.
        for choice in [Choice::OwnPartitions, Choice::Sticky] {
            bench.burst(6, choice, BURST);
        }
        bench
    }

    /// So many records, divided among threads; how long until the last of them was taken.
    fn burst(&self, threads: u64, choice: Choice, records: u64) -> Duration {
        self.gate.close();
        let start = Barrier::new(usize::try_from(threads).unwrap_or(1) + 1);
        let took = std::thread::scope(|scope| {
            let sending: Vec<_> = (0..threads)
                .map(|thread| {
                    let start = &start;
                    let partition = match choice {
                        Choice::OnePartition => Some(0),
                        Choice::OwnPartitions => i32::try_from(thread).ok(),
                        Choice::Sticky => None,
                    };
                    scope.spawn(move || {
                        start.wait();
                        let sent = self.send(partition, records.div_ceil(threads));
                        self.runtime.handle().block_on(sent);
                    })
                })
                .collect();
            start.wait();
            let began = Instant::now();
            for each in sending {
                each.join().expect("the thread ends");
            }
            began.elapsed()
        });
        self.gate.open();
        let report = self.runtime.block_on(self.producer.flush());
        assert!(report.is_complete());
        took
    }

    async fn send(&self, partition: Option<i32>, records: u64) {
        for _ in 0..records {
            let record = Record::to(TOPIC).value(&VALUE);
            let record = match partition {
                Some(partition) => record.partition(partition),
                None => record,
            };
            drop(self.producer.enqueue(record).await.expect("there is room"));
        }
    }
}

fn enqueue(c: &mut Criterion) {
    let bench = Bench::new();
    let mut group = c.benchmark_group("enqueue 100 bytes");
    group.throughput(Throughput::Elements(1));
    for (name, threads, choice) in [
        ("one thread", 1, Choice::Sticky),
        ("one thread, one partition", 1, Choice::OnePartition),
        ("two threads, one partition", 2, Choice::OnePartition),
        ("two threads, own partitions", 2, Choice::OwnPartitions),
        ("two threads", 2, Choice::Sticky),
        ("six threads, one partition", 6, Choice::OnePartition),
        ("six threads", 6, Choice::Sticky),
    ] {
        group.bench_function(name, |b| {
            b.iter_custom(|times| {
                let (mut left, mut took) = (times, Duration::ZERO);
                while left > 0 {
                    let burst = left.min(BURST);
                    took += bench.burst(threads, choice, burst);
                    left -= burst;
                }
                took
            });
        });
    }
    group.finish();
}

criterion_group!(benches, enqueue);
criterion_main!(benches);
