//! What a whole producer costs: records of 100 bytes to a broker that only acknowledges.
//!
//! `cargo bench --bench producer [-- WORDS]` runs the lines with these words in their names. Each
//! line is one runtime and number of sending tasks; the rate runs from the first `enqueue` to the
//! last acknowledgement, the broker's copy included. The CPU time is the whole process's, where
//! the system tells it: on a busy machine it says more than the rate.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot set itself up has nothing to report"
)]

#[path = "support/null_broker.rs"]
mod null_broker;
#[path = "support/usage.rs"]
mod usage;

use std::time::{Duration, Instant};

use null_broker::{NullBroker, TOPIC};
use tidewire::{Producer, Record};
use tokio::runtime::{Builder, Runtime};
use usage::cpu_seconds;

const RECORDS: u64 = 4_000_000;
const VALUE: [u8; 100] = [b'x'; 100];
const ROUNDS: usize = 5;

fn main() {
    // `cargo test --benches` only asks whether it runs.
    let records = if std::env::args().any(|arg| arg == "--test") {
        10_000
    } else {
        RECORDS
    };
    let threads = |count| {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(count)
            .enable_all()
            .build()
            .expect("a runtime")
    };
    let single = || {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
    };
    report("one task, two threads", records, || threads(2), 1);
    report_by_handle("one task with a handle", records, || threads(2), 1);
    report("two tasks, two threads", records, || threads(2), 2);
    report("32 tasks, two threads", records, || threads(2), 32);
    report("one task, one thread", records, || threads(1), 1);
    report("one task, current thread", records, single, 1);
    let seconds = if records < RECORDS { 1 } else { 10 };
    for partitions in [10, 1_000, 10_000] {
        report_spread(partitions, seconds, || threads(2));
    }
}

/// What partitions cost: ten thousand records a second over few and over many.
fn report_spread(partitions: i32, seconds: u64, runtime: impl Fn() -> Runtime) {
    let name = format!("10000/s over {partitions} partitions");
    if !is_wanted(&name) {
        return;
    }
    let runtime = runtime();
    let producer = runtime.block_on(connect(partitions));
    let before = cpu_seconds();
    runtime.block_on(async {
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        let mut next = (0..partitions).cycle();
        for _ in 0..seconds * 1_000 {
            ticks.tick().await;
            for partition in next.by_ref().take(10) {
                let record = Record::to(TOPIC).value(&VALUE).partition(partition);
                drop(producer.enqueue(record).await.expect("there is room"));
            }
        }
        assert!(producer.flush().await.is_complete());
    });
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    let records = (seconds * 10_000) as f64;
    let cpu = before.zip(cpu_seconds());
    let cpu =
        cpu.map(|(before, after)| format!("{:5.0} ns of CPU", 1e9 * (after - before) / records));
    println!("{name:26} {} each", cpu.unwrap_or_default());
    let closed = runtime.block_on(producer.close(Duration::from_secs(10)));
    assert!(closed.is_complete());
}

/// Sends through the producer itself.
fn report(name: &str, records: u64, runtime: impl Fn() -> Runtime, tasks: u64) {
    let round = || runtime().block_on(run(records, tasks, send_all));
    median(name, records, round);
}

/// Sends through a handle on the topic.
fn report_by_handle(name: &str, records: u64, runtime: impl Fn() -> Runtime, tasks: u64) {
    let round = || runtime().block_on(run(records, tasks, send_all_by_handle));
    median(name, records, round);
}

/// Whether the words on the command line are all in a line's name.
fn is_wanted(name: &str) -> bool {
    let mut words = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"));
    words.all(|word| name.contains(&word))
}

/// The median of some rounds, each with a runtime and a producer of its own.
fn median(name: &str, records: u64, round: impl Fn() -> f64) {
    if !is_wanted(name) {
        return;
    }
    let cpu_before = cpu_seconds();
    let mut rates: Vec<f64> = (0..ROUNDS).map(|_| round()).collect();
    rates.sort_by(f64::total_cmp);
    let median = rates.get(ROUNDS / 2).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    let all = (records * u64::try_from(ROUNDS).unwrap_or(1)) as f64;
    let cpu = cpu_before
        .zip(cpu_seconds())
        .map(|(before, after)| format!("{:5.0} ns of CPU", 1e9 * (after - before) / all));
    println!(
        "{name:26} {:6.2} million records/s, {:5.0} ns each, {}",
        median / 1e6,
        1e9 / median,
        cpu.unwrap_or_default(),
    );
}

async fn run<F>(records: u64, tasks: u64, send: impl Fn(Producer, u64) -> F) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let producer = connect(6).await;
    let began = Instant::now();
    let sending: Vec<_> = (0..tasks)
        .map(|_| tokio::spawn(send(producer.clone(), records / tasks)))
        .collect();
    for each in sending {
        each.await.expect("the task ends");
    }
    assert!(producer.flush().await.is_complete());
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    let rate = records as f64 / began.elapsed().as_secs_f64();
    assert!(producer.close(Duration::from_secs(10)).await.is_complete());
    rate
}

/// A producer that has written its first record.
async fn connect(partitions: i32) -> Producer {
    let client = NullBroker::new(partitions).connect().await;
    let producer = client.producer().build().expect("the defaults are fine");
    producer
        .send(Record::to(TOPIC).value(&VALUE))
        .await
        .expect("it acknowledges");
    producer
}

async fn send_all(producer: Producer, records: u64) {
    for _ in 0..records {
        drop(
            producer
                .enqueue(Record::to(TOPIC).value(&VALUE))
                .await
                .expect("there is room"),
        );
    }
}

async fn send_all_by_handle(producer: Producer, records: u64) {
    let topic = producer.topic(TOPIC).await.expect("the topic is there");
    for _ in 0..records {
        drop(
            topic
                .enqueue(Record::new().value(&VALUE))
                .await
                .expect("there is room"),
        );
    }
}
