//! One history: draws it from a seed, runs it, writes down what was said and what lies in the log.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tidewire::config::{Acks, Compression, GzipLevel};
use tidewire::mock::MockCluster;
use tidewire::{
    Client, Consumer, DeliveryReport, Producer, Record, StartAt, TopicPartition, WriteStatus,
};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::trouble;
use crate::network::Network;
use crate::support::{Rng, env, ms, secs, within};

/// No history takes longer, in virtual time, unless something hangs.
const END: Duration = Duration::from_secs(900);
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Idempotence {
    On,
    Off,
}

/// What became of a record, as its producer was told.
#[derive(Clone, Debug)]
pub(super) enum Said {
    Written { partition: i32, offset: Option<i64> },
    Failed(Option<WriteStatus>, String),
}

type At = (String, i32);
type Log = Vec<(i64, String)>;

#[derive(Debug)]
pub(super) struct History {
    pub(super) idempotence: Idempotence,
    /// By value; each is sent once: `topic producer number padding`.
    pub(super) sent: BTreeMap<String, Said>,
    pub(super) logs: BTreeMap<At, Log>,
    /// Of each consumer.
    pub(super) read: Vec<BTreeMap<At, Log>>,
    /// Every request as the brokers saw it.
    pub(super) requests: Vec<String>,
}

impl History {
    /// Where a value lies.
    pub(super) fn find<'a>(&'a self, value: &str) -> Vec<(&'a str, i32, i64)> {
        let mut found = Vec::new();
        for ((topic, partition), log) in &self.logs {
            let mine = log.iter().filter(|(_, there)| there == value);
            found.extend(mine.map(|(offset, _)| (topic.as_str(), *partition, *offset)));
        }
        found
    }

    pub(super) fn failed(&self) -> usize {
        let failed = |said: &&Said| matches!(said, Said::Failed(..));
        self.sent.values().filter(failed).count()
    }
}

/// What is drawn once per history.
struct Setting {
    cluster: MockCluster,
    topics: Vec<String>,
    network: std::sync::Arc<Network>,
    idempotence: Idempotence,
}

fn setting(seed: u64, idempotence: Idempotence, rng: &mut Rng) -> Setting {
    let brokers = i32::try_from(rng.range(1, 3)).unwrap();
    let replicas = rng.range(1, u64::try_from(brokers).unwrap());
    let mut builder = MockCluster::builder().env(env(seed)).brokers(brokers);
    builder = builder.default_replication_factor(i16::try_from(replicas).unwrap());
    let topics: Vec<String> = (0..rng.range(1, 3)).map(|n| format!("topic-{n}")).collect();
    for topic in &topics {
        builder = builder.topic(topic, i32::try_from(rng.range(1, 4)).unwrap());
    }
    let cluster = builder.auto_create_topics(false).build();
    let network = Network::of(&cluster);
    network.alias("bootstrap", &cluster);
    Setting {
        cluster,
        topics,
        network,
        idempotence,
    }
}

fn client(setting: &Setting, seed: u64, rng: &mut Rng) -> Client {
    let request_timeout = *rng.pick(&[ms(1_500), secs(10), secs(30)]);
    let builder = Client::builder().bootstrap_servers("bootstrap:9092");
    let builder = builder.connector(setting.network.clone()).env(env(seed));
    builder.request_timeout(request_timeout).build().unwrap()
}

fn producer(client: &Client, setting: &Setting, rng: &mut Rng) -> Producer {
    let codec = *rng.pick(&[
        Compression::None,
        Compression::None,
        Compression::Lz4,
        Compression::Gzip(GzipLevel::DEFAULT),
    ]);
    let mut builder = client
        .producer()
        .linger(*rng.pick(&[ms(0), ms(5), ms(40)]))
        .delivery_timeout(*rng.pick(&[secs(31), secs(45), secs(120)]))
        .max_block(*rng.pick(&[secs(2), secs(60)]))
        .compression(codec);
    if rng.one_in(2) {
        builder = builder.batch_size(usize::try_from(rng.range(1, 2_000)).unwrap());
    }
    if rng.one_in(3) {
        builder = builder.buffer_memory(64 << 10);
    }
    if setting.idempotence == Idempotence::Off {
        let acks = *rng.pick(&[Acks::All, Acks::Leader]);
        builder = builder.idempotence(false).acks(acks);
    }
    builder.build().unwrap()
}

fn padding(rng: &mut Rng) -> String {
    let length = if rng.one_in(20) { 6_000 } else { rng.below(60) };
    "x".repeat(usize::try_from(length).unwrap())
}

/// Sends records one after the other, now waiting for each and now not, then closes.
async fn write(
    setting: Rc<Setting>,
    producer: Producer,
    name: String,
    mut rng: Rng,
    mut calm: watch::Receiver<bool>,
) -> Vec<(String, Said)> {
    let mut enqueued = Vec::new();
    let (mut reports, mut refused) = (Vec::new(), 0);
    let mut said = Vec::new();
    for number in 0..rng.range(10, 90) {
        let topic = rng.pick(&setting.topics).clone();
        let value = format!("{topic} {name} {number} {}", padding(&mut rng));
        let mut record = Record::to(topic.clone()).value(value.clone());
        match rng.below(3) {
            0 => record = record.key(rng.below(20).to_string()),
            1 => record = record.partition(0),
            _ => {}
        }
        match producer.enqueue(record).await {
            Ok(delivery) => enqueued.push((value, delivery)),
            Err(error) => {
                refused += 1;
                said.push((value, failed(&error)));
            }
        }
        match rng.below(12) {
            0 => sleep(ms(rng.range(1, 1_500))).await,
            1 => sleep(ms(rng.range(1, 20))).await,
            2 => {
                let flushed = timeout(ms(rng.range(1, 3_000)), producer.flush()).await;
                reports.extend(flushed);
            }
            _ => {}
        }
    }
    let mut closing = false;
    for (value, delivery) in enqueued {
        if rng.one_in(60) && !closing {
            closing = true;
            // What is not settled by then is given up, and said so.
            reports.push(producer.close(secs(rng.range(0, 40))).await);
        }
        let outcome = match delivery.await {
            Ok(written) => Said::Written {
                partition: written.partition,
                offset: written.offset,
            },
            Err(error) => failed(&error),
        };
        said.push((value, outcome));
    }
    calm.wait_for(|calm| *calm).await.unwrap();
    if !closing {
        said.extend(write_on(&setting, &producer, &name).await);
    }
    reports.push(within(secs(1), producer.close(secs(1))).await);
    check_reports(&reports, &said, refused);
    said
}

/// What flushes and closing report is what the records' own outcomes are.
fn check_reports(reports: &[DeliveryReport], said: &[(String, Said)], refused: usize) {
    let sum = |count: fn(&DeliveryReport) -> u64| reports.iter().map(count).sum::<u64>();
    let told = |is: fn(&Said) -> bool| said.iter().filter(|(_, said)| is(said)).count();
    let written = told(|said| matches!(said, Said::Written { .. }));
    let not_written = told(|said| matches!(said, Said::Failed(Some(WriteStatus::NotWritten), _)));
    let unknown = said.len() - written - not_written;
    let count = |n: usize| u64::try_from(n).unwrap();
    assert_eq!(sum(|report| report.written), count(written));
    assert_eq!(
        sum(|report| report.not_written),
        count(not_written - refused)
    );
    assert_eq!(sum(|report| report.unknown), count(unknown));
}

/// Whatever went wrong before, every partition can be written once all is well.
async fn write_on(setting: &Setting, producer: &Producer, name: &str) -> Vec<(String, Said)> {
    let mut said = Vec::new();
    for (number, at) in (1_000..).zip(setting.cluster.partitions()) {
        let value = format!("{} {name} {number} after", at.topic);
        let record = Record::to(&*at.topic).partition(at.partition);
        let sent = producer.send(record.value(value.clone()));
        let written = within(secs(5), sent).await.expect("all is well");
        let (partition, offset) = (written.partition, written.offset);
        said.push((value, Said::Written { partition, offset }));
    }
    said
}

fn failed(error: &tidewire::Error) -> Said {
    Said::Failed(error.write_status(), error.to_string())
}

async fn consumer(setting: &Setting, client: &Client, rng: &mut Rng) -> Consumer {
    let all = setting.cluster.partitions();
    let mut builder = client
        .consumer()
        .assign(all.into_iter().map(|at| (at, StartAt::Beginning)))
        .property("auto.offset.reset", "none")
        .property("fetch.max.wait.ms", rng.range(100, 700).to_string());
    if rng.one_in(2) {
        builder = builder.property("max.poll.records", rng.range(1, 30).to_string());
    }
    if rng.one_in(2) {
        builder = builder.property("queued.max.messages.kbytes", "1024");
        builder = builder.property("max.partition.fetch.bytes", rng.range(1, 9_000).to_string());
    }
    loop {
        match builder.clone().build().await {
            Ok(consumer) => return consumer,
            Err(error) => assert!(error.is_retriable(), "{error}"),
        }
    }
}

/// Reads until it was told to stop and has all there is.
async fn read(
    setting: Rc<Setting>,
    client: Client,
    mut rng: Rng,
    stop: watch::Receiver<bool>,
) -> BTreeMap<At, Log> {
    let consumer = consumer(&setting, &client, &mut rng).await;
    let mut all: BTreeMap<At, Log> = BTreeMap::new();
    let meddles = rng.one_in(2);
    let mut paused: Option<TopicPartition> = None;
    while !(*stop.borrow() && has_all(&setting.cluster, &all)) {
        if let Some(at) = paused.take() {
            consumer.resume(&at).unwrap();
        } else if meddles && rng.one_in(5) {
            let at = rng.pick(&consumer.assignment()).clone();
            consumer.pause(&at).unwrap();
            paused = Some(at);
        }
        // Half of the polls are dropped before they end by themselves.
        let (limit, patience) = (ms(rng.below(1_000)), ms(rng.below(1_000)));
        let Ok(polled) = timeout(patience, consumer.poll(limit)).await else {
            continue;
        };
        for record in &polled.expect("nothing here is worth an error") {
            let value = String::from_utf8(record.value().unwrap().to_vec()).unwrap();
            let at = (record.topic().to_owned(), record.partition());
            all.entry(at).or_default().push((record.offset(), value));
        }
    }
    all
}

fn has_all(cluster: &MockCluster, read: &BTreeMap<At, Log>) -> bool {
    cluster.partitions().iter().all(|at| {
        let end = cluster.high_watermark(&at.topic, at.partition).unwrap();
        let mine = read.get(&(at.topic.to_string(), at.partition));
        let next = mine
            .and_then(|log| log.last())
            .map_or(0, |(last, _)| last + 1);
        next >= end
    })
}

fn logs(cluster: &MockCluster) -> BTreeMap<At, Log> {
    let value = |record: tidewire::mock::StoredRecord| {
        let value = record.value.expect("every record has a value");
        (record.offset, String::from_utf8(value.to_vec()).unwrap())
    };
    let log = |at: TopicPartition| {
        let log = cluster.log(&at.topic, at.partition);
        let log = log.into_iter().map(value).collect();
        ((at.topic.to_string(), at.partition), log)
    };
    cluster.partitions().into_iter().map(log).collect()
}

pub(super) async fn run(seed: u64, idempotence: Idempotence) -> History {
    let started = tokio::time::Instant::now().into_std();
    let mut rng = Rng::new(seed);
    let setting = Rc::new(setting(seed, idempotence, &mut rng));
    trouble::plan(&setting.cluster, &mut rng);
    let (stop, stopped) = watch::channel(false);
    let (calm, calmed) = watch::channel(false);
    let mut fork = || Rng::new(rng.next());
    let (mut hand, mut draw) = (fork(), fork());
    let mut writers = Vec::new();
    for index in 0..draw.range(1, 3) {
        let client = client(&setting, draw.next(), &mut draw);
        let producer = producer(&client, &setting, &mut draw);
        let own = Rng::new(draw.next());
        writers.push(write(
            setting.clone(),
            producer,
            format!("p{index}"),
            own,
            calmed.clone(),
        ));
    }
    let mut readers = Vec::new();
    for _ in 0..draw.range(1, 2) {
        let client = client(&setting, draw.next(), &mut draw);
        let own = Rng::new(draw.next());
        readers.push(read(setting.clone(), client, own, stopped.clone()));
    }
    let (writers, readers) = (
        futures::future::join_all(writers),
        futures::future::join_all(readers),
    );
    let time = secs(hand.range(1, 60));
    let trouble = async {
        trouble::hand(&setting.cluster, hand, time).await;
        setting.network.alias("bootstrap", &setting.cluster);
        // Connections that fell mute are noticed by request.timeout.ms.
        sleep(secs(40)).await;
        calm.send_replace(true);
    };
    let writing = async {
        let ((), said) = tokio::join!(trouble, writers);
        // What the brokers still hold back arrives, late and unwanted.
        sleep(secs(25)).await;
        stop.send_replace(true);
        said
    };
    let whole = async { tokio::join!(writing, within(END, readers)) };
    let (said, read) = within(END, whole).await;
    let requests = setting.cluster.history();
    let history = History {
        idempotence,
        sent: said.into_iter().flatten().collect(),
        logs: logs(&setting.cluster),
        read,
        requests: requests
            .iter()
            .map(|seen| format!("{:?} {:?} {}", seen.at - started, seen.api, seen.broker))
            .collect(),
    };
    drop(setting);
    sleep(secs(1)).await;
    assert_eq!(
        Handle::current().metrics().num_alive_tasks(),
        0,
        "tasks are left"
    );
    history
}
