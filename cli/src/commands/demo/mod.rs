//! `demo`: the whole client at work in one process, with an answer that can be wrong.
//!
//! A producer writes keyed records to a three-node mock cluster while consumers read them; half
//! way one of the nodes is killed, so that its partitions move to other leaders. Then every
//! record is checked: its bytes, its place in the log against what the producer was told, the
//! order within its partition, and that all records of a key share one partition. Nothing may be
//! missing and nothing may be there twice.

mod check;
mod orders;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::FutureExt;
use serde_json::json;
use tidewire::mock::MockCluster;
use tidewire::{BrokerId, Client, Consumer, Record, StartAt, TopicPartition};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::args::{DemoArgs, Global};
use crate::failure::Failure;
use crate::output::{note, print};
use crate::text::tally::records as counted;

use check::{Acked, Report, Seen};

const TOPIC: &str = "orders";
const NODES: i32 = 3;
const PARTITIONS: i32 = 12;
const CONSUMERS: i32 = 3;
/// The node that is killed half way.
const VICTIM: i32 = 2;
/// Longer than it takes on any machine that is of use.
const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(200);
const CLOSE: Duration = Duration::from_secs(5);

/// Runs it.
///
/// # Errors
/// When not every record is verified, or it takes longer than two minutes.
pub(crate) async fn run(global: &Global, args: &DemoArgs) -> Result<(), Failure> {
    let demo = tokio::time::timeout(LIMIT, demo(global, args.records));
    let (verified, records) = demo
        .await
        .map_err(|_| Failure::new(format!("the demo did not end within {LIMIT:?}")))??;
    if verified == records {
        return Ok(());
    }
    Err(
        Failure::new(format!("{} records were not verified", records - verified))
            .next("this is a bug of tidewire; please report it"),
    )
}

/// How many were verified, of how many.
async fn demo(global: &Global, records: u64) -> Result<(u64, u64), Failure> {
    let json_only = global.json;
    let talk = move |what: &str, text: String| {
        let line = format!("{what:<9} {text}");
        if json_only {
            note(&line);
            return Ok(());
        }
        print(&line)
    };
    let cluster = MockCluster::builder()
        .brokers(NODES)
        .topic(TOPIC, PARTITIONS)
        .try_build()?;
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .client_id("tidewire-demo")
        .connect()
        .await?;
    talk(
        "cluster",
        format!("{NODES} nodes in this process, a topic of {PARTITIONS} partitions"),
    )?;

    let (ends, told) = watch::channel(None);
    let mut consumers = JoinSet::new();
    for member in 0..CONSUMERS {
        let mine = (0..PARTITIONS).filter(|partition| partition % CONSUMERS == member);
        consumers.spawn(consume(client.clone(), mine.collect(), told.clone()));
    }
    let sent = produce(&client, &cluster, records).await?;
    talk("produce", rate(records, sent.bytes, sent.took))?;
    let fault = format!(
        "node {VICTIM} was killed after {} records; {} partitions moved to other leaders",
        thousands(records / 2),
        sent.moved
    );
    talk("fault", fault)?;
    ends.send_replace(Some(sent.ends()));
    let mut consumed = Consumed::default();
    while let Some(outcome) = consumers.join_next().await {
        let one = outcome.map_err(|error| Failure::new(format!("a consumer ended: {error}")))??;
        consumed.seen.extend(one.seen);
        consumed.bytes += one.bytes;
        consumed.took = consumed.took.max(one.took);
    }
    let count = u64::try_from(consumed.seen.len()).unwrap_or(u64::MAX);
    let line = rate(count, consumed.bytes, consumed.took);
    talk("consume", format!("{line}, by {CONSUMERS} consumers"))?;

    let report = Report::new(&sent.acked, &consumed.seen);
    for (fault, count) in report.faults() {
        talk("WRONG", format!("{} {fault}", counted(count)))?;
    }
    talk(
        "checked",
        "bytes, offsets, order within partitions, one partition per key".to_owned(),
    )?;
    if global.json {
        print(&to_json(&report, &sent, &consumed).to_string())?;
    } else {
        print(&format!(
            "verified {} of {} records",
            report.verified, report.records
        ))?;
    }
    Ok((report.verified, report.records))
}

fn to_json(report: &Report, sent: &Sent, consumed: &Consumed) -> serde_json::Value {
    let faults = report
        .faults()
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count.into()));
    json!({
        "records": report.records,
        "verified": report.verified,
        "faults": faults.collect::<serde_json::Map<_, _>>(),
        "bytes": sent.bytes,
        "produce_s": sent.took.as_secs_f64(),
        "consume_s": consumed.took.as_secs_f64(),
    })
}

struct Sent {
    acked: Vec<Option<Acked>>,
    bytes: u64,
    took: Duration,
    /// How many partitions the killed node led.
    moved: usize,
}

impl Sent {
    /// Where each partition ends, as far as the producer was told.
    fn ends(&self) -> BTreeMap<i32, i64> {
        let mut ends = BTreeMap::new();
        for Acked { partition, offset } in self.acked.iter().flatten() {
            let end = ends.entry(*partition).or_insert(0);
            *end = offset.map_or(*end, |offset| offset.saturating_add(1).max(*end));
        }
        ends
    }
}

async fn produce(client: &Client, cluster: &MockCluster, records: u64) -> Result<Sent, Failure> {
    let producer = client
        .producer()
        .property("compression.type", "none")
        .build()?;
    let started = Instant::now();
    let (mut value, mut bytes) = (String::new(), 0);
    let (mut deliveries, mut moved) = (Vec::new(), 0);
    for i in 0..records {
        if i == records / 2 {
            let led = |partition| cluster.leader(TOPIC, partition) == Some(BrokerId(VICTIM));
            moved = (0..PARTITIONS).filter(|&partition| led(partition)).count();
            cluster.kill_broker(VICTIM);
        }
        let key = orders::key(i);
        orders::value(i, &mut value);
        bytes += size(Some(key.as_bytes()), Some(value.as_bytes()));
        let record = Record::to(TOPIC).key(key.as_str()).value(value.as_str());
        deliveries.push(producer.enqueue(record).await?);
    }
    let mut acked = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let outcome = delivery.await;
        if let Err(error) = &outcome {
            if acked.last() != Some(&None) {
                note(&format!("a record failed: {error}"));
            }
        }
        acked.push(outcome.ok().map(|told| Acked {
            partition: told.partition,
            offset: told.offset,
        }));
    }
    let took = started.elapsed();
    producer.close(CLOSE).await;
    Ok(Sent {
        acked,
        bytes,
        took,
        moved,
    })
}

#[derive(Default)]
struct Consumed {
    seen: Vec<Seen>,
    bytes: u64,
    took: Duration,
}

/// Reads its partitions until it is told where they end and has come there.
async fn consume(
    client: Client,
    partitions: Vec<i32>,
    mut ends: watch::Receiver<Option<BTreeMap<i32, i64>>>,
) -> Result<Consumed, Failure> {
    let mine: Vec<_> = partitions
        .iter()
        .map(|p| TopicPartition::new(TOPIC, *p))
        .collect();
    let assignment = mine
        .iter()
        .map(|partition| (partition.clone(), StartAt::Beginning));
    let consumer = client.consumer().assign(assignment).build().await?;
    let (mut seen, mut bytes) = (Vec::new(), 0);
    let (mut first, mut last) = (None, Instant::now());
    loop {
        let done = ends.borrow_and_update().as_ref().is_some_and(|ends| {
            mine.iter().all(|partition| {
                let end = ends.get(&partition.partition).copied().unwrap_or(0);
                end == 0 || position(&consumer, partition).is_some_and(|position| position >= end)
            })
        });
        if done {
            break;
        }
        let records = consumer.poll(POLL).await?;
        for record in &records {
            first.get_or_insert_with(Instant::now);
            bytes += size(record.key(), record.value());
            seen.push(Seen::new(
                record.partition(),
                record.offset(),
                record.key(),
                record.value(),
            ));
            last = Instant::now();
        }
    }
    let took = first.map_or(Duration::ZERO, |first| {
        last.saturating_duration_since(first)
    });
    Ok(Consumed { seen, bytes, took })
}

fn size(key: Option<&[u8]>, value: Option<&[u8]>) -> u64 {
    let length = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The consumer's position, if it is known by now.
fn position(consumer: &Consumer, partition: &TopicPartition) -> Option<i64> {
    consumer.position(partition).now_or_never()?.ok()
}

/// "300,000 records, 34.1 MB in 0.61 s: 491,803 records/s, 55.9 MB/s"
#[allow(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(records: u64, bytes: u64, took: Duration) -> String {
    let seconds = took.as_secs_f64().max(1e-3);
    let (count, megabytes) = (records as f64, bytes as f64 / 1e6);
    format!(
        "{} records, {megabytes:.1} MB in {seconds:.2} s: {} records/s, {:.1} MB/s",
        thousands(records),
        thousands((count / seconds) as u64),
        megabytes / seconds
    )
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_for_people() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }
}
