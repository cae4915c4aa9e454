//! The demo's producer and its consumers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tidewire::mock::MockCluster;
use tidewire::{BrokerId, Client, Consumer, Record, StartAt, TopicPartition};
use tokio::sync::watch;

use super::check::{Acked, Seen};
use super::orders;
use crate::failure::Failure;
use crate::output::note;

pub(super) const TOPIC: &str = "orders";
pub(super) const PARTITIONS: i32 = 12;
/// The node that is killed half way.
pub(super) const VICTIM: i32 = 2;
const POLL: Duration = Duration::from_millis(200);
const CLOSE: Duration = Duration::from_secs(5);

/// What the producer did.
pub(super) struct Sent {
    /// What became of each record, by its number; `None` if it failed.
    pub(super) acked: Vec<Option<Acked>>,
    pub(super) bytes: u64,
    pub(super) took: Duration,
    /// How many partitions the killed node led.
    pub(super) moved: usize,
}

impl Sent {
    /// Where each partition ends, as far as the producer was told.
    pub(super) fn ends(&self) -> BTreeMap<i32, i64> {
        let mut ends = BTreeMap::new();
        for Acked { partition, offset } in self.acked.iter().flatten() {
            let end = ends.entry(*partition).or_insert(0);
            *end = offset.map_or(*end, |offset| offset.saturating_add(1).max(*end));
        }
        ends
    }
}

/// Sends all records and waits for their outcomes; half way it kills a node.
pub(super) async fn produce(
    client: &Client,
    cluster: &MockCluster,
    records: u64,
) -> Result<Sent, Failure> {
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
    drop(producer.close(CLOSE).await);
    Ok(Sent {
        acked,
        bytes,
        took,
        moved,
    })
}

/// What a consumer saw, or all of them.
#[derive(Default)]
pub(super) struct Consumed {
    pub(super) seen: Vec<Seen>,
    pub(super) bytes: u64,
    pub(super) took: Duration,
}

/// Reads its partitions until it is told where they end and has come there.
pub(super) async fn consume(
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
