//! Groups whose members are ours, Java's and librdkafka's: they understand each other, and nothing
//! is lost when one of them leaves.

use std::collections::BTreeSet;
use std::time::Duration;

use tidewire::{Client, Consumer, Record, TopicPartition};

use crate::support::{self, Broker};

const LIMIT: Duration = Duration::from_secs(100);
/// What the other member reads before it leaves.
const SHARE: usize = 30;

async fn connect(broker: &Broker) -> Client {
    let builder = Client::builder().bootstrap_servers(broker.bootstrap());
    builder.connect().await.unwrap()
}

async fn member(client: &Client, topic: &str, assignors: &str) -> Consumer {
    let builder = client.consumer().group(topic).subscribe([topic]);
    let builder = builder
        .property("auto.offset.reset", "earliest")
        .property("partition.assignment.strategy", assignors)
        .property("session.timeout.ms", "10000");
    builder.build().await.unwrap()
}

async fn values(consumer: &Consumer, all: &mut Vec<String>) {
    let records = consumer.poll(Duration::from_millis(100)).await.unwrap();
    let value = |value: Option<&[u8]>| String::from_utf8(value.unwrap().to_vec()).unwrap();
    all.extend(records.iter().map(|record| value(record.value())));
}

/// Shares a topic with a witness that leaves after [`SHARE`] records; between them, all is read.
fn share_with(assignors: &str, witness: impl FnOnce(&Broker, &str) -> Option<String> + Send) {
    let Some(broker) = &support::shared() else {
        return;
    };
    let topic = &broker.create_topic("share", 4);
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let client = connect(broker).await;
            let consumer = member(&client, topic, assignors).await;
            let mut ours = Vec::new();
            while consumer.assignment().len() < 4 {
                values(&consumer, &mut ours).await;
            }
            let other = scope.spawn(move || witness(broker, topic));
            let shared = share(&client, &consumer, topic, || other.is_finished(), ours);
            let (ours, sent) = tokio::time::timeout(LIMIT, shared).await.unwrap();
            if let Some(theirs) = other.join().unwrap() {
                let judged = judge(&client, consumer, topic, ours, sent, &theirs);
                tokio::time::timeout(LIMIT, judged).await.unwrap();
            }
        });
    });
}

/// Writes and reads until the other member has left.
async fn share(
    client: &Client,
    consumer: &Consumer,
    topic: &str,
    is_over: impl Fn() -> bool,
    mut ours: Vec<String>,
) -> (Vec<String>, usize) {
    let producer = client.producer().build().unwrap();
    let mut sent = 0_usize;
    while !is_over() {
        let to = Record::to(topic).partition(i32::try_from(sent % 4).unwrap());
        producer.send(to.value(sent.to_string())).await.unwrap();
        sent += 1;
        values(consumer, &mut ours).await;
    }
    (ours, sent)
}

/// Reads the rest; nothing is lost, both have read, and everything is committed.
async fn judge(
    client: &Client,
    consumer: Consumer,
    topic: &str,
    mut ours: Vec<String>,
    sent: usize,
    theirs: &str,
) {
    // Newer tools print words on options of older ones.
    let number = |line: &&str| line.parse::<usize>().is_ok();
    let theirs: BTreeSet<&str> = theirs.lines().filter(number).collect();
    assert_eq!(theirs.len(), SHARE, "{theirs:?}");
    let all = |ours: &[String]| {
        let all: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
        all.union(&theirs).count()
    };
    while consumer.assignment().len() < 4 || all(&ours) < sent {
        values(&consumer, &mut ours).await;
    }
    assert_eq!(all(&ours), sent);
    let our_part = ours.iter().collect::<BTreeSet<_>>().len();
    assert!(
        our_part < sent && our_part + SHARE >= sent,
        "{our_part} of {sent} are ours"
    );
    consumer.close(Duration::from_secs(10)).await.unwrap();
    let partitions: Vec<_> = (0..4).map(|p| TopicPartition::new(topic, p)).collect();
    let reader = client.consumer().group(topic).build().await.unwrap();
    let ends = reader.end_offsets(partitions.clone()).await.unwrap();
    let committed = reader.committed(partitions).await.unwrap();
    for (at, end) in ends {
        let committed = committed[&at].as_ref().map(|it| it.offset);
        assert_eq!(committed, Some(end), "{at} is committed to its end");
    }
}

fn kcat_of(assignors: &'static str) -> impl FnOnce(&Broker, &str) -> Option<String> {
    move |broker, topic| {
        let count = SHARE.to_string();
        let assignors = format!("partition.assignment.strategy={assignors}");
        let args = [
            "-q",
            "-c",
            &count,
            "-X",
            &assignors,
            "-X",
            "auto.offset.reset=earliest",
        ];
        broker.kcat(&[&args[..], &["-G", topic, topic]].concat(), "")
    }
}

fn java_of(assignor: &'static str) -> impl FnOnce(&Broker, &str) -> Option<String> {
    move |broker, topic| {
        let count = SHARE.to_string();
        let assignor = format!("partition.assignment.strategy={assignor}");
        let args = ["--topic", topic, "--group", topic, "--max-messages", &count];
        let reset = "auto.offset.reset=earliest";
        let more = [
            "--consumer-property",
            &assignor,
            "--consumer-property",
            reset,
        ];
        Some(broker.tool("console-consumer", &[&args[..], &more].concat(), ""))
    }
}

#[test]
fn a_group_with_kcat_shares_eagerly() {
    share_with("range,cooperative-sticky", kcat_of("range,roundrobin"));
}

#[test]
fn case_66_a_group_with_kcat_shares_cooperatively() {
    share_with("cooperative-sticky", kcat_of("cooperative-sticky"));
}

#[test]
fn a_group_with_java_shares_eagerly() {
    share_with(
        "range",
        java_of("org.apache.kafka.clients.consumer.RangeAssignor"),
    );
}

#[test]
fn case_66_a_group_with_java_shares_cooperatively() {
    let assignor = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    share_with("cooperative-sticky", java_of(assignor));
}
