//! What a batch costs between its last record and its outcome: *drain*, from the flush to the bytes
//! at the broker (ready set, stamp, CRC, request), and *settle*, from the answer to the deliveries.
//!
//! `cargo bench --bench drain`. A batch of one record waits in each partition, so that there is
//! nothing else to pay for; the broker keeps its answer back in between. Compressing one is in the
//! bench `record`, as `seal`.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot set itself up has nothing to report"
)]

#[path = "support/null_broker.rs"]
mod null_broker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use null_broker::{Gate, NullBroker, TOPIC};
use tidewire::{Producer, Record};
use tokio::runtime::{Builder, Runtime};

const VALUE: [u8; 100] = [b'x'; 100];
const PARTITIONS: [i32; 3] = [1, 100, 1000];

/// A producer on a runtime of one thread, and the broker's gate.
struct Bench {
    runtime: Runtime,
    producer: Producer,
    gate: Arc<Gate>,
    partitions: i32,
}

/// What one flush took.
struct Took {
    drain: Duration,
    settle: Duration,
}

impl Bench {
    fn new(partitions: i32) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let broker = NullBroker::new(partitions);
        let gate = broker.gate();
        let producer = runtime.block_on(async {
            let client = broker.connect().await;
            let builder = client.producer().linger(Duration::from_secs(60));
            builder.build().expect("a linger is fine")
        });
        let bench = Self {
            runtime,
            producer,
            gate,
            partitions,
        };
        // The first one waits for an identity, and for the broker to confirm it.
        bench.runtime.block_on(async {
            bench.fill().await;
            assert!(bench.producer.flush().await.is_complete());
        });
        bench
    }

    /// A record for each partition.
    async fn fill(&self) {
        for partition in 0..self.partitions {
            let record = Record::to(TOPIC).partition(partition).value(&VALUE);
            drop(self.producer.enqueue(record).await.expect("there is room"));
        }
    }

    fn flush(&self) -> Took {
        self.runtime.block_on(async {
            self.fill().await;
            let all = self.gate.batches() + i64::from(self.partitions);
            self.gate.close();
            let began = Instant::now();
            let producer = self.producer.clone();
            let flushed = tokio::spawn(async move { producer.flush().await });
            while self.gate.batches() < all {
                tokio::task::yield_now().await;
            }
            let drain = began.elapsed();
            self.gate.open();
            let report = flushed.await.expect("the task ends");
            let settle = began.elapsed() - drain;
            assert!(report.is_complete());
            Took { drain, settle }
        })
    }
}

fn drain_and_settle(c: &mut Criterion) {
    for (name, part) in [
        ("drain", (|took| took.drain) as fn(Took) -> Duration),
        ("settle", |took| took.settle),
    ] {
        let mut group = c.benchmark_group(name);
        for partitions in PARTITIONS {
            let bench = Bench::new(partitions);
            group.throughput(Throughput::Elements(partitions.unsigned_abs().into()));
            group.bench_function(format!("{partitions} batches"), |b| {
                b.iter_custom(|times| (0..times).map(|_| part(bench.flush())).sum());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, drain_and_settle);
criterion_main!(benches);
