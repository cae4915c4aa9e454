//! Keys go where the Java client and librdkafka put them, and a program can do as it likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tidewire::config::PartitionerKind;
use tidewire::mock::MockCluster;
use tidewire::{Client, ErrorCode, Partitioner, Partitions, ProducerBuilder, Record, WriteStatus};

use crate::keys::{COUNT, digit, keys};

const JAVA: &str = include_str!("../vectors/partitions/java.txt");
const LIBRDKAFKA: &str = include_str!("../vectors/partitions/librdkafka.txt");

/// A recorded line: whose choices, of how many partitions, and what follows.
fn recorded(line: &'static str) -> (&'static str, u32, &'static str) {
    let mut words = line.splitn(3, ' ');
    let mut word = || words.next().expect("three words");
    (word(), word().parse().expect("a number"), word())
}

/// Where a kind puts a key, as a digit; `-` where it may be anywhere.
fn place(kind: &str, partitions: u32, key: Option<&[u8]>) -> char {
    let kind: PartitionerKind = kind.parse().expect("a partitioner");
    kind.partition_for_key(key, partitions).map_or('-', digit)
}

fn assert_same(kind: &str, partitions: u32, keys: &[Vec<u8>], theirs: &str) {
    assert_eq!((keys.len(), theirs.len()), (COUNT, COUNT), "{kind}");
    for (key, theirs) in keys.iter().zip(theirs.chars()) {
        assert_eq!(
            place(kind, partitions, Some(key)),
            theirs,
            "{kind} of {key:?}"
        );
    }
}

#[test]
fn ten_thousand_keys_go_where_java_puts_them() {
    let keys = keys();
    assert!(keys.iter().any(Vec::is_empty));
    let (kind, partitions, theirs) = recorded(JAVA.lines().next().unwrap());
    for kind in [kind, "murmur2", "murmur2_random"] {
        assert_same(kind, partitions, &keys, theirs);
    }
}

#[test]
fn ten_thousand_keys_go_where_librdkafka_puts_them() {
    let keys = keys();
    assert_eq!(LIBRDKAFKA.lines().count(), 6);
    for line in LIBRDKAFKA.lines() {
        let (kind, partitions, theirs) = recorded(line);
        let (theirs, null) = theirs.split_once(' ').unwrap();
        assert_same(kind, partitions, &keys, theirs);
        assert_eq!(
            place(kind, partitions, None).to_string(),
            null,
            "{kind} of null"
        );
    }
}

#[test]
fn turns_go_round_what_is_available_as_in_java() {
    let (kind, count, theirs) = recorded(JAVA.lines().nth(1).unwrap());
    assert_eq!(place(kind, count, Some(b"k")), '-');
    let partitions = Partitions::new(count, &[0, 1, 3, 4]);
    let turn = |number| partitions.nth_available(number).map_or('-', digit);
    let ours: String = (0..20).map(turn).collect();
    assert_eq!(ours, theirs);
}

fn cluster() -> MockCluster {
    MockCluster::builder().brokers(3).topic("t", 7).build()
}

fn producer(cluster: &MockCluster) -> ProducerBuilder {
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build();
    client.expect("a client").producer()
}

/// The values in each partition.
fn values(cluster: &MockCluster) -> Vec<Vec<String>> {
    let text = |bytes: Option<bytes::Bytes>| {
        String::from_utf8(bytes.expect("a value").to_vec()).expect("text")
    };
    let log = |partition| {
        let log = cluster.log("t", partition);
        log.into_iter().map(|record| text(record.value)).collect()
    };
    (0..7).map(log).collect()
}

const KEYED: [PartitionerKind; 7] = [
    PartitionerKind::Default,
    PartitionerKind::ConsistentRandom,
    PartitionerKind::Consistent,
    PartitionerKind::Murmur2,
    PartitionerKind::Murmur2Random,
    PartitionerKind::Fnv1a,
    PartitionerKind::Fnv1aRandom,
];

#[tokio::test(start_paused = true)]
async fn a_producer_puts_keys_where_its_partitioner_says() {
    for kind in KEYED {
        let cluster = cluster();
        let producer = producer(&cluster).property("partitioner", kind.to_string());
        let producer = producer.build().unwrap();
        for key in ["", "a", "b", "c", "d", "e", "f", "g", "h"] {
            let delivery = producer.enqueue(Record::to("t").key(key).value("v"));
            let partition = delivery.await.unwrap().await.unwrap().partition;
            if let Some(named) = kind.partition_for_key(Some(key.as_bytes()), 7) {
                assert_eq!(partition, named, "{kind} of {key:?}");
            }
        }
        let delivery = producer.enqueue(Record::to("t").value("no key"));
        let partition = delivery.await.unwrap().await.unwrap().partition;
        if let Some(named) = kind.partition_for_key(None, 7) {
            assert_eq!(partition, named, "{kind} of null");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn round_robin_deals_out_keyed_records_too() {
    let cluster = cluster();
    let class = "org.apache.kafka.clients.producer.RoundRobinPartitioner";
    let producer = producer(&cluster).property("partitioner.class", class);
    let producer = producer.build().unwrap();
    for n in 0..14 {
        let record = Record::to("t").key("always the same").value(n.to_string());
        drop(producer.enqueue(record).await.unwrap());
    }
    producer.flush().await.into_result().unwrap();
    let expected: Vec<_> = (0..7)
        .map(|n| vec![n.to_string(), (n + 7).to_string()])
        .collect();
    assert_eq!(values(&cluster), expected);
}

#[tokio::test(start_paused = true)]
async fn random_uses_every_partition_for_one_key() {
    let cluster = cluster();
    let producer = producer(&cluster).property("partitioner", "random");
    let producer = producer.build().unwrap();
    for n in 0..700 {
        let record = Record::to("t").key("always the same").value(n.to_string());
        drop(producer.enqueue(record).await.unwrap());
    }
    producer.flush().await.into_result().unwrap();
    for values in values(&cluster) {
        assert!((60..150).contains(&values.len()), "{}", values.len());
    }
}

/// Records for a customer go where the customer's number says, the rest anywhere.
#[derive(Debug)]
struct ByNumber;

impl Partitioner for ByNumber {
    fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32> {
        let key = std::str::from_utf8(record.key_bytes()?).ok()?;
        partitions.of_hash(key.strip_prefix("customer-")?.parse().ok()?)
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_brings_a_partitioner_of_its_own() {
    let cluster = cluster();
    let shared: Arc<dyn Partitioner> = Arc::new(ByNumber);
    let producer = producer(&cluster).partitioner(shared).build().unwrap();
    for number in [7, 8, 15] {
        let record = Record::to("t").key(format!("customer-{number}"));
        let record = record.value(number.to_string());
        drop(producer.enqueue(record).await.unwrap());
    }
    producer.flush().await.into_result().unwrap();
    let found = values(&cluster);
    assert_eq!(
        (&found[0], &found[1]),
        (&vec!["7".into()], &vec!["8".into(), "15".into()])
    );
    // Where it does not decide, the sticky choice does.
    for _ in 0..5 {
        let record = Record::to("t").key("visitor").value("v");
        drop(producer.enqueue(record).await.unwrap());
    }
    producer.flush().await.into_result().unwrap();
    let visits = |values: &Vec<String>| values.iter().filter(|value| *value == "v").count();
    let visits: Vec<usize> = values(&cluster).iter().map(visits).collect();
    assert_eq!(visits.iter().max(), Some(&5), "{visits:?}");
}

/// Says a partition that is not there, and counts how often it was asked.
#[derive(Debug, Default)]
struct Astray(AtomicUsize);

impl Partitioner for Astray {
    fn partition(&self, _: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32> {
        self.0.fetch_add(1, Ordering::Relaxed);
        i32::try_from(partitions.count()).ok()
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_a_partitioner_made_up_is_refused_as_a_records_own() {
    let cluster = cluster();
    let astray = Arc::new(Astray::default());
    let producer = producer(&cluster).max_block(Duration::from_secs(1));
    let producer = producer.partitioner(Arc::clone(&astray)).build().unwrap();
    let error = producer.send(Record::to("t").value("v")).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert_eq!(error.partition(), Some(7), "{error}");

    let asked = astray.0.load(Ordering::Relaxed);
    let record = Record::to("t").partition(3).value("v");
    assert_eq!(producer.send(record).await.unwrap().partition, 3);
    assert_eq!(
        astray.0.load(Ordering::Relaxed),
        asked,
        "a record that names its partition"
    );
}

#[tokio::test(start_paused = true)]
async fn ignored_keys_go_where_records_without_one_go() {
    for (ignore, places) in [(false, 6), (true, 1)] {
        let cluster = cluster();
        let builder = producer(&cluster).linger(Duration::from_millis(50));
        let builder = builder.property("partitioner.ignore.keys", ignore.to_string());
        let producer = builder.build().unwrap();
        for number in 0..100 {
            let record = Record::to("t").key(number.to_string()).value("v");
            drop(producer.enqueue(record).await.unwrap());
        }
        producer.flush().await.into_result().unwrap();
        let found = values(&cluster);
        let used = found.iter().filter(|values| !values.is_empty()).count();
        assert!(
            if ignore {
                used == places
            } else {
                used >= places
            },
            "{found:?}"
        );
    }
}
