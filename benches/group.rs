//! What a member of a group costs, against a real broker: joining, idling, not being polled.
//!
//! `TIDEWIRE_BOOTSTRAP=HOST:PORT cargo bench --bench group [-- WORDS]`, with a broker of
//! `cargo xtask broker up`, whose coordinator does not delay the first join. It runs the lines with
//! these words in their names; the two protocols take turns. CPU time is this process's.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot set itself up has nothing to report"
)]

#[path = "support/usage.rs"]
mod usage;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tidewire::{Client, Consumer, NewTopic, Record};
use usage::{cpu_seconds, status_kb};

const PROTOCOLS: [&str; 2] = ["classic", "consumer"];
const JOINS: usize = 5;
const IDLE: Duration = Duration::from_secs(30);
/// `fetch.max.wait.ms`: Kafka's default, and that of franz-go.
const WAITS: [&str; 2] = ["500", "5000"];
/// How long nobody polls.
const UNPOLLED: Duration = Duration::from_secs(120);
const BUSY_PARTITIONS: i32 = 64;
/// What waits to be read there: far more than a consumer fetches ahead.
const BUSY_BYTES: usize = 256 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let bootstrap = std::env::var("TIDEWIRE_BOOTSTRAP").unwrap_or_default();
    // `cargo test --benches` only asks whether it runs.
    if bootstrap.is_empty() || words.iter().any(|word| word == "--test") {
        println!("skipped: needs the address of a broker in TIDEWIRE_BOOTSTRAP");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let [fill, topic] = &words[..] {
        if fill == "fill" {
            return runtime.block_on(fill_topic(&bootstrap, topic));
        }
    }
    let is_wanted = |name: &str| {
        let mut words = words.iter().filter(|word| !word.starts_with("--"));
        words.all(|word| name.contains(word.as_str()))
    };
    for protocol in PROTOCOLS {
        let name = format!("{protocol}: joining an empty group");
        if is_wanted(&name) {
            println!(
                "{name}: {}",
                runtime.block_on(joining(&bootstrap, protocol))
            );
        }
    }
    for (protocol, wait) in PROTOCOLS
        .into_iter()
        .flat_map(|each| WAITS.map(|wait| (each, wait)))
    {
        let name = format!(
            "{protocol}: idle for {} s, fetches wait {wait} ms",
            IDLE.as_secs()
        );
        if is_wanted(&name) {
            println!(
                "{name}: {}",
                runtime.block_on(idling(&bootstrap, protocol, wait))
            );
        }
    }
    for protocol in PROTOCOLS {
        let name = format!("{protocol}: not polled for {} s", UNPOLLED.as_secs());
        if is_wanted(&name) {
            println!(
                "{name}: {}",
                runtime.block_on(unpolled(&bootstrap, protocol))
            );
        }
    }
}

/// From `build` to the last partition, the medians and extremes of some groups.
async fn joining(bootstrap: &str, protocol: &str) -> String {
    let client = connect(bootstrap).await;
    let topic = make_topic(&client, 6).await;
    let mut times = Vec::new();
    for _ in 0..JOINS {
        let began = Instant::now();
        let consumer = member(&client, &topic, protocol, WAITS[0]).await;
        has_all(&consumer, 6).await;
        times.push(began.elapsed().as_micros());
        consumer.close(PATIENCE).await.expect("it leaves");
    }
    times.sort_unstable();
    let ms = |at: usize| times.get(at).map_or(0, |micros| micros / 1_000);
    let (least, median, most) = (ms(0), ms(JOINS / 2), ms(JOINS - 1));
    format!("{median} ms [{least}..{most}]")
}

/// The processor time of a member that polls a topic without records.
async fn idling(bootstrap: &str, protocol: &str, wait: &str) -> String {
    let client = connect(bootstrap).await;
    let topic = make_topic(&client, 6).await;
    let consumer = member(&client, &topic, protocol, wait).await;
    has_all(&consumer, 6).await;
    // Who joins is busy for a moment longer than it takes to have everything.
    let records = consumer.poll(Duration::from_secs(1)).await;
    assert!(records.expect("the broker answers").is_empty());
    let before = cpu_seconds().unwrap_or(f64::NAN);
    let records = consumer.poll(IDLE).await;
    assert!(records.expect("the broker answers").is_empty());
    let spent = (cpu_seconds().unwrap_or(f64::NAN) - before) * 1e3;
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    consumer.close(PATIENCE).await.expect("it leaves");
    format!("{spent:.1} ms of CPU, {threads} threads")
}

/// The memory of a member that nobody polls while there is much to read, and whether it stays one.
async fn unpolled(bootstrap: &str, protocol: &str) -> String {
    let client = connect(bootstrap).await;
    let topic = make_topic(&client, BUSY_PARTITIONS).await;
    // In a process of its own, whose memory does not count here.
    let filler = std::env::current_exe().expect("this program is somewhere");
    let filled = Command::new(filler).args(["fill", &topic]).status();
    assert!(filled.expect("it starts").success());
    // The high-water mark begins anew: memory of what ran before in this process is not counted.
    let forgotten = std::fs::write("/proc/self/clear_refs", "5");
    forgotten.expect("a process may do this to itself");
    let before = status_kb("VmRSS");
    let consumer = member(&client, &topic, protocol, WAITS[0]).await;
    has_all(&consumer, 64).await;
    let joined = consumer.group_metadata();
    tokio::time::sleep(UNPOLLED).await;
    let most = status_kb("VmHWM");
    let stayed = consumer.group_metadata() == joined && consumer.assignment().len() == 64;
    let records = consumer.poll(PATIENCE).await.expect("it is a member");
    let count = records.len();
    drop(records);
    consumer.close(PATIENCE).await.expect("it leaves");
    format!(
        "{} MB at most, {} MB of them before it was made; still a member: {stayed}, then {count} \
         records at once",
        most / 1_000,
        before / 1_000
    )
}

async fn connect(bootstrap: &str) -> Client {
    let client = Client::builder().bootstrap_servers(bootstrap).connect();
    client.await.expect("the broker answers")
}

async fn make_topic(client: &Client, partitions: i32) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let name = format!("bench-{}", now.expect("after 1970").as_nanos());
    let topic = NewTopic::new(&name).partitions(partitions);
    let made = client.admin().create_topics([topic]).await;
    made.expect("the broker answers")
        .into_iter()
        .for_each(|made| made.expect("the topic is made"));
    name
}

async fn fill_topic(bootstrap: &str, topic: &str) {
    let producer = connect(bootstrap).await.producer().build();
    let producer = producer.expect("the defaults are fine");
    let value = [b'x'; 1_000];
    for partition in (0..BUSY_PARTITIONS).cycle().take(BUSY_BYTES / value.len()) {
        let record = Record::to(topic).value(&value).partition(partition);
        drop(producer.enqueue(record).await.expect("there is room"));
    }
    assert!(producer.close(PATIENCE).await.is_complete());
}

/// A member of a group that has no other.
async fn member(client: &Client, topic: &str, protocol: &str, wait: &str) -> Consumer {
    static GROUPS: AtomicU32 = AtomicU32::new(0);
    let group = format!("{topic}-{}", GROUPS.fetch_add(1, Ordering::Relaxed));
    let builder = client.consumer().group(group).subscribe([topic]);
    let builder = builder
        .property("group.protocol", protocol)
        .property("fetch.max.wait.ms", wait)
        .property("auto.offset.reset", "earliest");
    builder.build().await.expect("the settings are fine")
}

async fn has_all(consumer: &Consumer, partitions: usize) {
    let end = Instant::now() + PATIENCE;
    while consumer.assignment().len() < partitions {
        assert!(Instant::now() < end, "it got no partitions");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
