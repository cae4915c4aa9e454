//! Groups whose members are ours, Java's and librdkafka's: they understand each other, and nothing
//! is lost when one of them leaves.

use std::collections::BTreeSet;
use std::time::Duration;

use tidewire::{Client, Consumer, Record, TopicPartition};

use crate::support::{self, Broker, is_modern};

const LIMIT: Duration = Duration::from_secs(100);
/// What the other member reads before it leaves.
const SHARE: usize = 30;

async fn connect(broker: &Broker) -> Client {
    let builder = Client::builder().bootstrap_servers(broker.bootstrap());
    builder.connect().await.unwrap()
}

/// How our member speaks.
#[derive(Clone, Copy)]
enum Speaks {
    /// The classic protocol, with these assignors.
    Classic(&'static str),
    /// That of KIP-848.
    Consumer,
}

async fn member(client: &Client, topic: &str, speaks: Speaks) -> Consumer {
    let builder = client.consumer().group(topic).subscribe([topic]);
    let builder = builder.property("auto.offset.reset", "earliest");
    let builder = match speaks {
        Speaks::Classic(assignors) => builder
            .property("partition.assignment.strategy", assignors)
            .property("session.timeout.ms", "10000"),
        Speaks::Consumer => builder.property("group.protocol", "consumer"),
    };
    builder.build().await.unwrap()
}

async fn values(consumer: &Consumer, all: &mut Vec<String>) {
    let records = consumer.poll(Duration::from_millis(100)).await.unwrap();
    let value = |value: Option<&[u8]>| String::from_utf8(value.unwrap().to_vec()).unwrap();
    all.extend(records.iter().map(|record| value(record.value())));
}

/// Another client's member of the group, which leaves after [`SHARE`] records; what it printed, if
/// it is there.
type Witness = Box<dyn FnOnce(&Broker, &str) -> Option<String> + Send>;

/// Shares a topic with a witness that leaves after [`SHARE`] records; between them, all is read.
fn share_with(speaks: Speaks, witness: impl FnOnce(&Broker, &str) -> Option<String> + Send) {
    let Some(broker) = &support::shared() else {
        return;
    };
    let topic = &broker.create_topic("share", 4);
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let client = connect(broker).await;
            let consumer = member(&client, topic, speaks).await;
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

/// Reads the rest; nothing is lost, nothing is read twice, and everything is committed: whoever
/// gives partitions up commits first what it has read, eager members too.
async fn judge(
    client: &Client,
    consumer: Consumer,
    topic: &str,
    ours: Vec<String>,
    sent: usize,
    theirs: &str,
) {
    let theirs = numbers(theirs);
    assert_eq!(theirs.len(), SHARE, "{theirs:?}");
    let ours = finish(client, consumer, topic, ours, sent, &theirs).await;
    assert_eq!(
        ours.len() + SHARE,
        sent,
        "read twice: {:?}",
        twice(ours, theirs)
    );
}

/// The values that we have read twice, or that the other member has read as well.
fn twice(ours: Vec<String>, theirs: BTreeSet<&str>) -> Vec<String> {
    let mut seen: BTreeSet<String> = theirs.into_iter().map(str::to_owned).collect();
    let again = ours.into_iter().filter(|value| !seen.insert(value.clone()));
    again.collect()
}

/// What a witness has read. Newer tools print words on options of older ones.
fn numbers(printed: &str) -> BTreeSet<&str> {
    let number = |line: &&str| line.parse::<usize>().is_ok();
    printed.lines().filter(number).collect()
}

/// Reads what is left, leaves, and looks whether everything is committed. What it has read.
async fn finish(
    client: &Client,
    consumer: Consumer,
    topic: &str,
    mut ours: Vec<String>,
    sent: usize,
    theirs: &BTreeSet<&str>,
) -> Vec<String> {
    let all = |ours: &[String]| {
        let all: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
        all.union(theirs).count()
    };
    while consumer.assignment().len() < 4 || all(&ours) < sent {
        values(&consumer, &mut ours).await;
    }
    assert_eq!(all(&ours), sent);
    consumer.close(Duration::from_secs(10)).await.unwrap();
    let partitions: Vec<_> = (0..4).map(|p| TopicPartition::new(topic, p)).collect();
    let reader = client.consumer().group(topic).build().await.unwrap();
    let ends = reader.end_offsets(partitions.clone()).await.unwrap();
    let committed = reader.committed(partitions).await.unwrap();
    for (at, end) in ends {
        let committed = committed[&at].as_ref().map(|it| it.offset);
        assert_eq!(committed, Some(end), "{at} is committed to its end");
    }
    ours
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
    java(format!("partition.assignment.strategy={assignor}"))
}

fn java(property: String) -> impl FnOnce(&Broker, &str) -> Option<String> {
    move |broker, topic| {
        let count = SHARE.to_string();
        let args = ["--topic", topic, "--group", topic, "--max-messages", &count];
        let reset = "auto.offset.reset=earliest";
        let more = [
            "--consumer-property",
            &property,
            "--consumer-property",
            reset,
        ];
        Some(broker.tool("console-consumer", &[&args[..], &more].concat(), ""))
    }
}

#[test]
fn a_group_with_kcat_shares_eagerly() {
    let ours = Speaks::Classic("range,cooperative-sticky");
    share_with(ours, kcat_of("range,roundrobin"));
}

#[test]
fn case_66_a_group_with_kcat_shares_cooperatively() {
    let ours = Speaks::Classic("cooperative-sticky");
    share_with(ours, kcat_of("cooperative-sticky"));
}

#[test]
fn a_group_with_java_shares_eagerly() {
    share_with(
        Speaks::Classic("range"),
        java_of("org.apache.kafka.clients.consumer.RangeAssignor"),
    );
}

#[test]
fn case_66_a_group_with_java_shares_cooperatively() {
    let assignor = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    let ours = Speaks::Classic("cooperative-sticky");
    share_with(ours, java_of(assignor));
}

/// Joins a group that others have begun, so that one of them leads; all share, and when they have
/// left everything is read and committed.
fn join_others(speaks: Speaks, others: Vec<Witness>) {
    let Some(broker) = &support::shared() else {
        return;
    };
    let topic = &broker.create_topic("follow", 4);
    std::thread::scope(|scope| {
        let count = others.len();
        let others: Vec<_> = others
            .into_iter()
            .map(|other| scope.spawn(move || other(broker, topic)))
            .collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let client = connect(broker).await;
            let joined = async {
                let is_over = || others.iter().any(|other| other.is_finished());
                while members(&client, topic).await < count && !is_over() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            tokio::time::timeout(LIMIT, joined).await.unwrap();
            let consumer = member(&client, topic, speaks).await;
            let mut ours = Vec::new();
            while consumer.assignment().is_empty() {
                values(&consumer, &mut ours).await;
            }
            let is_over = || others.iter().all(|other| other.is_finished());
            let shared = share(&client, &consumer, topic, is_over, ours);
            let (ours, sent) = tokio::time::timeout(LIMIT, shared).await.unwrap();
            let said: Option<String> = others.into_iter().map(|it| it.join().unwrap()).collect();
            let Some(theirs) = said else {
                return;
            };
            let read = numbers(&theirs);
            assert!(read.len() >= SHARE, "{read:?}");
            let rest = finish(&client, consumer, topic, ours, sent, &read);
            let ours = tokio::time::timeout(LIMIT, rest).await.unwrap();
            let ours: BTreeSet<String> = ours.into_iter().collect();
            assert!(ours.len() < sent, "the others have read, too");
        });
    });
}

async fn members(client: &Client, group: &str) -> usize {
    // Until the first one joins there is no such group.
    let described = client.admin().describe_group(group).await;
    described.map_or(0, |group| group.members.len())
}

#[test]
fn case_66_a_group_that_others_have_begun_is_led_by_them() {
    let sticky = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    let ours = Speaks::Classic("cooperative-sticky");
    join_others(ours, vec![Box::new(java_of(sticky))]);
    join_others(ours, vec![Box::new(kcat_of("cooperative-sticky"))]);
}

#[test]
fn case_66_a_group_of_three_kinds_of_members_shares() {
    let range = "org.apache.kafka.clients.consumer.RangeAssignor";
    let others: Vec<Witness> = vec![Box::new(java_of(range)), Box::new(kcat_of("range"))];
    join_others(Speaks::Classic("range"), others);
}

#[test]
fn a_kip_848_group_with_java_shares() {
    if is_modern() {
        share_with(Speaks::Consumer, java("group.protocol=consumer".to_owned()));
    }
}

#[test]
fn a_kip_848_group_with_kcat_of_the_classic_protocol_shares() {
    if is_modern() {
        share_with(Speaks::Consumer, kcat_of("range"));
    }
}

#[test]
fn case_76_a_broker_without_kip_848_groups_says_so_in_a_poll() {
    if is_modern() {
        return;
    }
    let Some(broker) = &support::shared() else {
        return;
    };
    let topic = &broker.create_topic("old", 1);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = connect(broker).await;
        let consumer = member(&client, topic, Speaks::Consumer).await;
        let failing = async {
            loop {
                if let Err(error) = consumer.poll(Duration::from_secs(1)).await {
                    return error;
                }
            }
        };
        let error = tokio::time::timeout(LIMIT, failing).await.unwrap();
        assert!(
            error.to_string().contains("group.protocol=classic"),
            "{error}"
        );
    });
}

/// Polls until the members have so many partitions each.
async fn settle(members: &[(&Consumer, usize)]) {
    let settled = async {
        loop {
            let mut done = true;
            for (consumer, count) in members {
                values(consumer, &mut Vec::new()).await;
                done &= consumer.assignment().len() == *count;
            }
            if done {
                return;
            }
        }
    };
    tokio::time::timeout(LIMIT, settled).await.unwrap();
}

#[test]
fn kip_848_members_are_static_match_patterns_and_are_described() {
    if !is_modern() {
        return;
    }
    let Some(broker) = &support::shared() else {
        return;
    };
    let topic = &broker.create_topic("patterns", 4);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = connect(broker).await;
        let named = |name: &str, pattern: &str| {
            let builder = client.consumer().group(topic);
            let builder = builder.property("group.protocol", "consumer");
            let builder = builder.property("group.remote.assignor", "range");
            let builder = builder.property("max.poll.interval.ms", "5000");
            let builder = builder.property("group.instance.id", name);
            builder.subscribe([format!("^{pattern}")]).build()
        };
        let one = named("one", topic).await.unwrap();
        settle(&[(&one, 4)]).await;
        let two = named("two", &format!("{topic}$|nothing")).await.unwrap();
        settle(&[(&one, 2), (&two, 2)]).await;
        let had = one.assignment();
        let described = client.admin().describe_group(topic).await.unwrap();
        assert_eq!(described.group_type, "consumer");
        assert_eq!(
            (described.assignor.as_str(), described.members.len()),
            ("range", 2)
        );
        one.close(Duration::from_secs(10)).await.unwrap();
        let one = named("one", topic).await.unwrap();
        settle(&[(&one, 2), (&two, 2)]).await;
        assert_eq!(one.assignment(), had, "it came back to what it had");
        // Not polled for too long: it leaves for a while, and comes back under its name.
        let two_goes_on = async {
            for _ in 0..70 {
                values(&two, &mut Vec::new()).await;
            }
        };
        two_goes_on.await;
        assert!(one.assignment().is_empty());
        settle(&[(&one, 2), (&two, 2)]).await;
        let rival = named("one", topic).await.unwrap();
        let refused = rival.poll(Duration::from_secs(10)).await.unwrap_err();
        assert!(
            refused.to_string().contains("group.instance.id"),
            "{refused}"
        );
    });
}
