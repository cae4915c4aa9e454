//! The client against a real broker, judged by what it reads back and by Kafka's own tools.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tidewire::config::{Acks, Compression};
use tidewire::{
    Admin, Client, Consumer, ErrorCode, ErrorKind, NewTopic, Producer, Record, StartAt,
    TopicListing, TopicPartition, WriteStatus,
};

use crate::support::{self, Broker};

/// Longer than any wait in these tests takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One record as it was read, with everything that must survive the trip.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Read {
    partition: i32,
    offset: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

async fn connect(broker: &Broker) -> Client {
    Client::builder()
        .bootstrap_servers(broker.bootstrap())
        .connect()
        .await
        .expect("a broker answers")
}

async fn consume_from(client: &Client, topic: &str, partitions: i32, at: StartAt) -> Consumer {
    let all = (0..partitions).map(|partition| (TopicPartition::new(topic, partition), at));
    client
        .consumer()
        .assign(all)
        .build()
        .await
        .expect("the topic is there")
}

/// Reads until there are `count` records.
async fn read(consumer: &Consumer, count: usize) -> Vec<Read> {
    let mut all = Vec::new();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while all.len() < count {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{} of {count} records came",
            all.len()
        );
        let records = consumer
            .poll(Duration::from_secs(1))
            .await
            .expect("polling works");
        all.extend(records.iter().map(|record| {
            Read {
                partition: record.partition(),
                offset: record.offset(),
                key: record.key().map(<[u8]>::to_vec),
                value: record.value().map(<[u8]>::to_vec),
                headers: record
                    .headers()
                    .map(|header| (header.name().to_vec(), header.value().map(<[u8]>::to_vec)))
                    .collect(),
            }
        }));
    }
    all
}

async fn read_all(client: &Client, topic: &str, partitions: i32, count: usize) -> Vec<Read> {
    let consumer = consume_from(client, topic, partitions, StartAt::Beginning).await;
    read(&consumer, count).await
}

async fn close(producer: Producer) {
    let report = producer.close(PATIENCE).await;
    assert!(report.is_complete(), "{report:?}");
}

fn codecs() -> Vec<Compression> {
    let names = ["none", "gzip", "snappy", "lz4", "zstd"];
    names
        .iter()
        .map(|name| name.parse().expect("a codec"))
        .collect()
}

#[tokio::test]
async fn everything_in_a_record_survives_every_codec() {
    let Some(broker) = support::shared() else {
        return;
    };
    let client = connect(&broker).await;
    for compression in codecs() {
        let topic = broker.create_topic("survives", 1);
        let producer = client.producer().compression(compression).build().unwrap();
        let long = "tide".repeat(2_000);
        let records = [
            Record::to(&topic),
            Record::to(&topic).key("").value(""),
            Record::to(&topic)
                .key("k")
                .value(&long)
                .header("h", "1")
                .header("h", "2"),
            Record::to(&topic)
                .value(vec![0xff, 0, 0xfe])
                .header(vec![0xc3, 0x28], "x"),
            Record::to(&topic).key("tombstone").null_header("none"),
        ];
        let mut deliveries = Vec::new();
        for record in records.clone() {
            deliveries.push(producer.enqueue(record).await.unwrap());
        }
        for (offset, delivery) in (0..).zip(deliveries) {
            assert_eq!(
                delivery.await.unwrap().offset,
                Some(offset),
                "{compression}"
            );
        }
        close(producer).await;
        let found = read_all(&client, &topic, 1, records.len()).await;
        for (record, read) in records.iter().zip(found) {
            assert_eq!(read.key.as_deref(), record.key_bytes(), "{compression}");
            assert_eq!(read.value.as_deref(), record.value_bytes(), "{compression}");
            let headers = record.headers().iter();
            let headers: Vec<_> = headers
                .map(|header| (header.name().to_vec(), header.value().map(<[u8]>::to_vec)))
                .collect();
            assert_eq!(read.headers, headers, "{compression}");
        }
    }
}

#[tokio::test]
async fn keyed_records_land_where_java_puts_them() {
    let Some(broker) = support::shared() else {
        return;
    };
    let client = connect(&broker).await;
    let keys: Vec<String> = (0..300)
        .map(|n| "key".repeat(n % 7) + &n.to_string())
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).chain([""]).collect();

    let theirs = broker.create_topic("java-keys", 7);
    let lines: String = keys.iter().map(|key| format!("{key}\tv\n")).collect();
    let parse = ["--property", "parse.key=true", "--topic", &theirs];
    broker.tool("console-producer", &parse, &lines);

    let ours = broker.create_topic("our-keys", 7);
    let producer = client.producer().build().unwrap();
    for key in &keys {
        drop(
            producer
                .enqueue(Record::to(&ours).key(*key).value("v"))
                .await
                .unwrap(),
        );
    }
    close(producer).await;

    let place = |all: Vec<Read>| -> BTreeMap<Vec<u8>, i32> {
        all.into_iter()
            .map(|read| (read.key.unwrap(), read.partition))
            .collect()
    };
    let theirs = place(read_all(&client, &theirs, 7, keys.len()).await);
    let ours = place(read_all(&client, &ours, 7, keys.len()).await);
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), keys.len());
}

#[tokio::test]
async fn java_reads_ours_and_we_read_javas_in_every_codec() {
    let Some(broker) = support::shared() else {
        return;
    };
    let client = connect(&broker).await;
    let lines: Vec<String> = (0..500)
        .map(|n| format!("line {n} {}", "x".repeat(n % 50)))
        .collect();
    let text = lines.join("\n") + "\n";
    for compression in codecs() {
        let topic = broker.create_topic("java-reads", 1);
        let producer = client.producer().compression(compression).build().unwrap();
        for line in &lines {
            drop(
                producer
                    .enqueue(Record::to(&topic).value(line))
                    .await
                    .unwrap(),
            );
        }
        close(producer).await;
        let count = lines.len().to_string();
        let args = [
            "--topic",
            &topic,
            "--from-beginning",
            "--max-messages",
            &count,
        ];
        assert_eq!(
            broker.tool("console-consumer", &args, ""),
            text,
            "{compression}"
        );

        let topic = broker.create_topic("java-writes", 1);
        let codec = format!("--compression-codec={compression}");
        broker.tool("console-producer", &["--topic", &topic, &codec], &text);
        let found = read_all(&client, &topic, 1, lines.len()).await;
        let found: Vec<String> = found
            .into_iter()
            .map(|read| String::from_utf8(read.value.unwrap()).unwrap())
            .collect();
        assert_eq!(found, lines, "{compression}");
    }
}

#[tokio::test]
async fn kcat_reads_ours_and_we_read_kcats_in_every_codec() {
    let Some(broker) = support::shared() else {
        return;
    };
    let client = connect(&broker).await;
    let lines: Vec<String> = (0..500).map(|n| format!("k{n}\tline {n}")).collect();
    let text = lines.join("\n") + "\n";
    for compression in codecs() {
        let topic = broker.create_topic("kcat-reads", 1);
        let producer = client.producer().compression(compression).build().unwrap();
        for line in &lines {
            let (key, value) = line.split_once('\t').unwrap();
            let record = Record::to(&topic).key(key).value(value);
            drop(producer.enqueue(record).await.unwrap());
        }
        close(producer).await;
        let format = ["-f", "%k\t%s\n", "-X", "check.crcs=true"];
        let mut args = vec!["-C", "-q", "-e", "-o", "beginning", "-t", &topic];
        args.extend(format);
        let Some(read) = broker.kcat(&args, "") else {
            return;
        };
        assert_eq!(read, text, "{compression}");

        let topic = broker.create_topic("kcat-writes", 1);
        let codec = compression.to_string();
        let args = ["-P", "-K", "\t", "-z", &codec, "-t", &topic];
        broker.kcat(&args, &text);
        let found = read_all(&client, &topic, 1, lines.len()).await;
        for (line, read) in lines.iter().zip(found) {
            let (key, value) = (read.key.unwrap(), read.value.unwrap());
            assert_eq!(
                [key.as_slice(), &value].join(&b'\t'),
                line.as_bytes(),
                "{compression}"
            );
        }
    }
}

#[tokio::test]
async fn every_starting_place_is_found() {
    let Some(broker) = support::shared() else {
        return;
    };
    let client = connect(&broker).await;
    let topic = broker.create_topic("places", 1);
    let producer = client.producer().linger(Duration::ZERO).build().unwrap();
    for n in 0..10 {
        let record = Record::to(&topic)
            .timestamp(1_000 * (n + 1))
            .value(n.to_string());
        producer.send(record).await.unwrap();
    }
    let at = TopicPartition::new(topic.as_str(), 0);
    let places = [
        (StartAt::Beginning, 0),
        (StartAt::Offset(4), 4),
        (StartAt::FromEnd(3), 7),
        (StartAt::FromEnd(99), 0),
        (StartAt::Timestamp(4_500), 4),
        (StartAt::Timestamp(99_000), 10),
        (StartAt::End, 10),
    ];
    let consumer = consume_from(&client, &topic, 1, StartAt::End).await;
    for (place, offset) in places {
        consumer.seek(&at, place).unwrap();
        assert_eq!(consumer.position(&at).await.unwrap(), offset, "{place:?}");
        if offset < 10 {
            assert_eq!(
                read(&consumer, 1).await.first().unwrap().offset,
                offset,
                "{place:?}"
            );
        }
    }
    assert_eq!(
        consumer.beginning_offsets([at.clone()]).await.unwrap()[&at],
        0
    );
    assert_eq!(consumer.end_offsets([at.clone()]).await.unwrap()[&at], 10);
    let times = consumer
        .offsets_for_times([(at.clone(), 2_001)])
        .await
        .unwrap();
    let found = times[&at].unwrap();
    assert_eq!((found.offset, found.timestamp_ms), (2, 3_000));
    assert!(found.leader_epoch.is_some());
    let times = consumer
        .offsets_for_times([(at.clone(), 99_000)])
        .await
        .unwrap();
    assert_eq!(times[&at], None);
}

#[tokio::test]
async fn a_record_is_acknowledged_as_acks_says() {
    let Some(broker) = support::shared() else {
        return;
    };
    let client = connect(&broker).await;
    let topic = broker.create_topic("acks", 1);
    let send = async |acks| {
        let producer = client.producer().acks(acks).build().unwrap();
        let record = Record::to(&topic).value("v");
        producer.send(record).await.unwrap().offset
    };
    // The first one waits until the leader knows that it leads: without an acknowledgement, what a
    // broker refuses is lost, and nobody is told.
    assert_eq!(send(Acks::All).await, Some(0));
    assert_eq!(send(Acks::None).await, None);
    assert_eq!(read_all(&client, &topic, 1, 2).await.len(), 2);
    assert_eq!(send(Acks::Leader).await, Some(2));
}

#[tokio::test]
async fn a_record_above_the_limit_fails_alone() {
    let Some(broker) = support::shared() else {
        return;
    };
    let client = connect(&broker).await;
    let topic = broker.create_topic("large", 1);
    let producer = client.producer().build().unwrap();
    let before = producer
        .enqueue(Record::to(&topic).value("before"))
        .await
        .unwrap();
    let huge = vec![7; 5_000_000];
    let error = producer
        .send(Record::to(&topic).value(&huge))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert!(error.to_string().contains("max.request.size"), "{error}");
    let after = producer
        .enqueue(Record::to(&topic).value("after"))
        .await
        .unwrap();
    assert_eq!(before.await.unwrap().offset, Some(0));
    assert_eq!(after.await.unwrap().offset, Some(1));

    // The broker's own limit: refused there, and the rest goes on.
    let patient = client
        .producer()
        .property("max.request.size", "9000000")
        .build()
        .unwrap();
    let error = patient
        .send(Record::to(&topic).value(&huge))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::MESSAGE_TOO_LARGE));
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    let written = patient
        .send(Record::to(&topic).value("small"))
        .await
        .unwrap();
    assert_eq!(written.offset, Some(2));
}

#[tokio::test]
async fn topics_are_made_listed_described_and_deleted() {
    let Some(broker) = support::shared() else {
        return;
    };
    let admin = connect(&broker).await.admin();
    let name = format!("admin-{}", std::process::id());
    let topic = NewTopic::new(&name).partitions(3).replication_factor(1);
    let topic = topic.config("cleanup.policy", "compact");
    let made = admin.create_topics([topic.clone()]).await.unwrap();
    made.into_iter().for_each(|made| made.unwrap());
    let again = admin
        .create_topics([topic])
        .await
        .unwrap()
        .remove(0)
        .unwrap_err();
    assert_eq!(again.code(), Some(ErrorCode::TOPIC_ALREADY_EXISTS));
    assert_eq!(again.topic(), Some(name.as_str()));

    assert_eq!(listed(&admin, &name).await.partitions, 3);
    let mut described = admin
        .describe_topics([name.as_str(), "no-such-topic"])
        .await
        .unwrap();
    let missing = described.pop().unwrap().unwrap_err();
    assert_eq!(missing.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert_eq!(described.pop().unwrap().unwrap().partitions.len(), 3);

    let deleted = admin
        .delete_topics([name.as_str(), "no-such-topic"])
        .await
        .unwrap();
    assert!(deleted[0].is_ok() && deleted[1].is_err());
    let cluster = admin.describe_cluster().await.unwrap();
    let ids: BTreeSet<_> = cluster.brokers.iter().map(|node| node.id).collect();
    assert_eq!(ids.len(), broker.addresses().len());
    assert!(ids.contains(&admin.group_coordinator("some-group").await.unwrap()));
}

/// A topic in the list of all. A list is what one broker knows, and that may be a moment behind the
/// controller that made the topic.
async fn listed(admin: &Admin, name: &str) -> TopicListing {
    let end = Instant::now() + PATIENCE;
    loop {
        let all = admin.list_topics().await.unwrap();
        if let Some(found) = all.into_iter().find(|topic| &*topic.name == name) {
            return found;
        }
        assert!(Instant::now() < end, "{name} was made and is not listed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_while_leaders_are_killed() {
    let Some(broker) = support::exclusive() else {
        return;
    };
    const COUNT: usize = 60_000;
    let client = connect(&broker).await;
    let topic = broker.create_topic("killed", 6);
    let producer = client.producer().build().unwrap();
    let sending = {
        let (producer, topic) = (producer.clone(), topic.clone());
        tokio::spawn(async move {
            let mut deliveries = Vec::new();
            for n in 0..COUNT {
                let record = Record::to(topic.as_str())
                    .key(format!("{}", n % 100))
                    .value(n.to_string());
                deliveries.push(producer.enqueue(record).await.unwrap());
                if n % 100 == 0 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            for delivery in deliveries {
                delivery.await.unwrap();
            }
        })
    };
    for node in [2, 3] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        tokio::task::block_in_place(|| {
            broker.fault("kill", node);
            std::thread::sleep(Duration::from_secs(2));
            broker.fault("restart", node);
            broker.wait_until_whole();
        });
    }
    sending.await.unwrap();
    close(producer).await;

    let all = read_all(&client, &topic, 6, COUNT).await;
    let values: Vec<usize> = all
        .iter()
        .map(|read| {
            String::from_utf8(read.value.clone().unwrap())
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    let distinct: BTreeSet<usize> = values.iter().copied().collect();
    assert_eq!((values.len(), distinct.len()), (COUNT, COUNT));
    let mut last: BTreeMap<i32, usize> = BTreeMap::new();
    for (read, value) in all.iter().zip(values) {
        let before = last.insert(read.partition, value);
        assert!(
            before.is_none_or(|before| before < value),
            "reordered in {}",
            read.partition
        );
    }
}
