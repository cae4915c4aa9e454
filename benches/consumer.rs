//! What a whole consumer costs: records of 100 bytes from a broker that answers at once.
//!
//! `cargo bench --bench consumer`. Each line is one way to read; the rate runs from the first
//! record to the last, the broker's copy of each answer included.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot set itself up has nothing to report"
)]

#[path = "support/null_broker.rs"]
mod null_broker;

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use null_broker::{NullBroker, TOPIC};
use tidewire::config::Compression;
use tidewire::record::{BatchBuilder, ChunkPool, DEFAULT_CHUNK_SIZE};
use tidewire::{Consumer, StartAt, TopicPartition};
use tokio::runtime::{Builder, Runtime};

const RECORDS: u64 = 8_000_000;
const VALUE: [u8; 100] = [b'x'; 100];
const PARTITIONS: i32 = 6;
const BATCH: usize = 100_000;
/// Batches of a partition in each answer: a megabyte, as brokers send by default.
const BATCHES: usize = 10;
const ROUNDS: usize = 5;

fn main() {
    // `cargo test --benches` only asks whether it runs.
    let records = if std::env::args().any(|arg| arg == "--test") {
        10_000
    } else {
        RECORDS
    };
    let two = || {
        let mut builder = Builder::new_multi_thread();
        let builder = builder.worker_threads(2).enable_all();
        builder.build().expect("a runtime")
    };
    let one = || {
        let mut builder = Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime")
    };
    report("poll, two threads", records, two, |consumer, count| {
        poll(consumer, count).boxed()
    });
    report("poll, one thread", records, one, |consumer, count| {
        poll(consumer, count).boxed()
    });
    report("recv, two threads", records, two, |consumer, count| {
        recv(consumer, count).boxed()
    });
    report("recv, one thread", records, one, |consumer, count| {
        recv(consumer, count).boxed()
    });
    report("stream, one thread", records, one, |consumer, count| {
        stream(consumer, count).boxed()
    });
}

type Reading<'a> = futures::future::BoxFuture<'a, u64>;

/// The median of some rounds, each with a runtime and a consumer of its own.
fn report(
    name: &str,
    records: u64,
    runtime: impl Fn() -> Runtime,
    read: impl for<'a> Fn(&'a Consumer, u64) -> Reading<'a>,
) {
    let mut nanos: Vec<f64> = (0..ROUNDS)
        .map(|_| runtime().block_on(run(records, &read)))
        .collect();
    nanos.sort_by(f64::total_cmp);
    let median = nanos.get(ROUNDS / 2).copied().unwrap_or_default();
    let rate = 1e3 / median;
    println!("{name:20} {rate:6.2} million records/s, {median:5.0} ns each");
}

/// Nanoseconds per record.
async fn run(records: u64, read: &impl for<'a> Fn(&'a Consumer, u64) -> Reading<'a>) -> f64 {
    let (batch, count) = batch();
    let broker = NullBroker::new(PARTITIONS).serving(&batch, count, BATCHES);
    let client = broker.connect().await;
    let at = |partition| (TopicPartition::new(TOPIC, partition), StartAt::Offset(0));
    let consumer = client.consumer().assign((0..PARTITIONS).map(at));
    let consumer = consumer.build().await.expect("the topic is there");
    consumer.recv().await.expect("it answers");
    let began = Instant::now();
    let read = read(&consumer, records).await;
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    let nanos = began.elapsed().as_secs_f64() * 1e9 / read as f64;
    nanos
}

async fn poll(consumer: &Consumer, records: u64) -> u64 {
    let (mut count, mut bytes) = (0, 0);
    while count < records {
        let polled = consumer.poll(Duration::from_secs(10)).await;
        for record in &polled.expect("it answers") {
            bytes += record.value().map_or(0, <[u8]>::len);
            count += 1;
        }
    }
    std::hint::black_box(bytes);
    count
}

async fn recv(consumer: &Consumer, records: u64) -> u64 {
    for _ in 0..records {
        let record = consumer.recv().await.expect("it answers");
        std::hint::black_box(record.value());
    }
    records
}

async fn stream(consumer: &Consumer, records: u64) -> u64 {
    let mut stream = consumer.stream();
    for _ in 0..records {
        let record = stream.next().await.expect("it never ends");
        std::hint::black_box(record.expect("it answers").value());
    }
    records
}

/// One batch as it lies in a log, and how many records it has.
fn batch() -> (Bytes, i64) {
    let pool = ChunkPool::new(64 << 20, DEFAULT_CHUNK_SIZE);
    let mut builder = BatchBuilder::new(&pool, BATCH);
    let mut count = 0;
    while builder
        .append(1_700_000_000_000, None, Some(&VALUE), &[])
        .is_ok()
    {
        count += 1;
    }
    let sealed = builder.seal(Compression::None);
    let sealed = sealed.expect("a batch with records");
    (sealed.to_chunks().into_bytes(), count)
}
