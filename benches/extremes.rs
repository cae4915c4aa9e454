//! A producer with its defaults in extreme shapes, against a real broker: many partitions, large
//! records, many topics, many tasks, one thread, a long line. Each in a process of its own, so that
//! its peak of memory is its own.
//!
//! It fails where memory goes beyond `buffer.memory` and what a process needs besides, where a rate
//! collapses (the bounds are a third of what two cores do that also run the broker, or less), and
//! where an idle producer ticks.
//!
//! `TIDEWIRE_BOOTSTRAP=HOST:PORT cargo bench --bench extremes [-- WORDS]`, with a broker of
//! `cargo xtask broker up`. It runs the shapes with these words in their names. Workload `e` of
//! `cargo xtask bench peers` has long lines beside other clients.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot set itself up has nothing to report"
)]

#[path = "support/line.rs"]
mod line;
#[path = "support/usage.rs"]
mod usage;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use line::Line;
use tidewire::{Client, NewTopic, Producer, Record};
use tokio::runtime::{Builder, Runtime};
use usage::{cpu_seconds, status_kb};

const PATIENCE: Duration = Duration::from_secs(120);
/// How many topics are made at once.
const AT_ONCE: usize = 500;
/// How long connections and threads get to come to rest, and how long they are watched then.
const SETTLE: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(30);
/// How often all threads together may wake meanwhile.
const IDLE_MAX: u64 = 60;

/// One shape.
struct Shape {
    name: &'static str,
    topics: usize,
    partitions: i32,
    records: u64,
    size: usize,
    keyed: bool,
    tasks: u64,
    one_thread: bool,
    /// To the broker and back, beyond what this machine takes.
    round_trip: Duration,
    /// Whether it stands idle afterwards.
    idles: bool,
    /// Fewer records a second are a collapse.
    rate_min: u64,
    /// More memory than this, in MB, is not bounded by `buffer.memory`.
    memory_max: u64,
}

const PLAIN: Shape = Shape {
    name: "100-byte values, one task, two threads",
    topics: 1,
    partitions: 6,
    records: 3_200_000,
    size: 100,
    keyed: false,
    tasks: 1,
    one_thread: false,
    round_trip: Duration::ZERO,
    idles: false,
    rate_min: 500_000,
    memory_max: 72,
};

const SHAPES: [Shape; 8] = [
    Shape {
        idles: true,
        ..PLAIN
    },
    Shape {
        name: "20-byte readings with keys, 1,000 partitions",
        partitions: 1_000,
        size: 20,
        keyed: true,
        ..PLAIN
    },
    Shape {
        name: "blocks of 1 MB, 3 partitions",
        partitions: 3,
        records: 1_000,
        size: 1_000_000,
        rate_min: 60,
        ..PLAIN
    },
    Shape {
        name: "10,000 topics with one record each",
        topics: 10_000,
        partitions: 1,
        records: 10_000,
        rate_min: 20,
        // The picture of 10,000 topics besides.
        memory_max: 120,
        ..PLAIN
    },
    Shape {
        name: "100-byte values, 32 tasks, two threads",
        tasks: 32,
        ..PLAIN
    },
    Shape {
        name: "100-byte values, one task, current thread",
        one_thread: true,
        ..PLAIN
    },
    Shape {
        name: "100 bytes, one partition, 5 ms round trip",
        partitions: 1,
        round_trip: Duration::from_millis(5),
        rate_min: 700_000,
        ..PLAIN
    },
    Shape {
        name: "100 bytes, one partition, 100 ms round trip",
        partitions: 1,
        round_trip: Duration::from_millis(100),
        // What five requests on their way allow, and not what the client could do.
        rate_min: 150_000,
        ..PLAIN
    },
];

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let bootstrap = std::env::var("TIDEWIRE_BOOTSTRAP").unwrap_or_default();
    // `cargo test --benches` only asks whether it runs.
    if bootstrap.is_empty() || words.iter().any(|word| word == "--test") {
        println!("skipped: needs the address of a broker in TIDEWIRE_BOOTSTRAP");
        return;
    }
    if words.first().is_some_and(|word| word == "--shape") {
        let shape = SHAPES
            .iter()
            .find(|shape| words.get(1).is_some_and(|it| it == shape.name));
        return run(&bootstrap, shape.expect("a shape of that name"));
    }
    words.retain(|word| !word.starts_with("--"));
    for shape in &SHAPES {
        if words.iter().all(|word| shape.name.contains(word.as_str())) {
            let program = std::env::current_exe().expect("this program is somewhere");
            let ended = Command::new(program).args(["--shape", shape.name]).status();
            assert!(ended.expect("it starts").success());
        }
    }
}

fn run(bootstrap: &str, shape: &Shape) {
    let topics: Vec<String> = names(shape.topics);
    // By a client and a runtime of its own, so that it does not count as the producer's work.
    threads().block_on(make_topics(bootstrap, &topics, shape.partitions));
    let runtime = if shape.one_thread {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
    } else {
        threads()
    };
    runtime.block_on(async {
        let mut client = Client::builder().bootstrap_servers(bootstrap);
        if !shape.round_trip.is_zero() {
            client = client.connector(Arc::new(Line::new(shape.round_trip)));
        }
        let client = client.connect().await.expect("the broker answers");
        let producer = client.producer().build().expect("the defaults are fine");
        if shape.partitions > 100 {
            // What is new at the broker is slow there for its first megabytes.
            send_all(&producer, &topics, shape).await;
            let warm = producer.flush().await;
            assert_eq!(warm.into_result().expect("all are written"), shape.records);
        }
        // The high-water mark begins anew; not every system lets a process ask for that.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let (before, began) = (cpu_seconds(), Instant::now());
        send_all(&producer, &topics, shape).await;
        let report = producer.flush().await;
        assert_eq!(
            report.into_result().expect("all are written"),
            shape.records
        );
        print(shape, began.elapsed(), before.zip(cpu_seconds()));
        if shape.idles {
            idle().await;
        }
        assert!(producer.close(PATIENCE).await.is_complete());
        for names in topics.chunks(AT_ONCE) {
            let deleted = client.admin().delete_topics(names).await;
            drop(deleted.expect("the broker answers"));
        }
    });
}

/// What the producer costs while nothing is sent.
async fn idle() {
    let woken = || {
        let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
        let switches = threads.flatten().filter_map(|thread| {
            let status = std::fs::read_to_string(thread.path().join("status")).ok()?;
            let mut lines = status.lines();
            let line = lines.find(|line| line.starts_with("voluntary_ctxt_switches"))?;
            let count = line.split_whitespace().nth(1)?.parse::<u64>().ok()?;
            Some((thread.file_name(), count))
        });
        switches.collect::<BTreeMap<_, _>>()
    };
    tokio::time::sleep(SETTLE).await;
    let before = woken();
    tokio::time::sleep(IDLE).await;
    // Both threads wake for this sleep's own end. A thread of the pool may end meanwhile, and takes
    // its count with it; what it did before is not to be set off against the others' work.
    let woken = woken().into_iter().map(|(thread, count)| {
        let had = before.get(&thread).copied().unwrap_or_default();
        count.saturating_sub(had)
    });
    let woken: u64 = woken.sum();
    println!(
        "{:46} threads woke {woken} times",
        "idle for 30 s after that"
    );
    assert!(woken < IDLE_MAX, "an idle producer ticks");
}

fn threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build();
    runtime.expect("a runtime")
}

fn names(count: usize) -> Vec<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("after 1970").as_nanos();
    (0..count).map(|n| format!("extreme-{now}-{n}")).collect()
}

async fn make_topics(bootstrap: &str, names: &[String], partitions: i32) {
    let client = Client::builder().bootstrap_servers(bootstrap).connect();
    let admin = client.await.expect("the broker answers").admin();
    for names in names.chunks(AT_ONCE) {
        let topics = names
            .iter()
            .map(|name| NewTopic::new(name).partitions(partitions));
        let made = admin
            .create_topics(topics)
            .await
            .expect("the broker answers");
        made.into_iter()
            .for_each(|made| made.expect("the topic is made"));
    }
}

async fn send_all(producer: &Producer, topics: &[String], shape: &Shape) {
    let share = shape.records / shape.tasks;
    let task = |number: u64| {
        let (producer, topics) = (producer.clone(), topics.to_vec());
        let (size, keyed) = (shape.size, shape.keyed);
        tokio::spawn(async move {
            let value = vec![b'x'; size];
            let records = number * share..(number + 1) * share;
            for (record, topic) in records.zip(topics.iter().cycle()) {
                // Spread as hashes are: the same key again after a while.
                let key = (record.wrapping_mul(0x9e37_79b9) % 100_003).to_be_bytes();
                let key = keyed.then_some(&key);
                let record = Record::to(topic.as_str()).maybe_key(key).value(&value);
                drop(producer.enqueue(record).await.expect("there is room"));
            }
        })
    };
    let tasks: Vec<_> = (0..shape.tasks).map(task).collect();
    for each in tasks {
        each.await.expect("the task ends");
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
fn print(shape: &Shape, took: Duration, cpu: Option<(f64, f64)>) {
    let (records, seconds) = (shape.records as f64, took.as_secs_f64());
    let megabytes = records * shape.size as f64 / 1e6;
    let cpu = cpu.map_or(0.0, |(before, after)| 1e6 * (after - before) / records);
    let (rate, memory) = (records / seconds, status_kb("VmHWM") / 1_000);
    println!(
        "{:46} {rate:8.0} records/s, {:5.1} MB/s, {cpu:7.2} us of CPU each, {memory} MB at most",
        shape.name,
        megabytes / seconds,
    );
    assert!(rate >= shape.rate_min as f64, "the rate collapses");
    assert!(memory <= shape.memory_max, "memory is out of its bound");
}
