//! How to test a program that uses Kafka: on the mock cluster, with brokers that fail on command.
//!
//! The program copies a topic and doubles each value; its tests are at the end of this file.
//! `cargo test --example test_your_app`, or `cargo run --example test_your_app`.

use std::time::Duration;

use tidewire::mock::MockCluster;
use tidewire::{Client, Record, Result, StartAt, TopicPartition};

/// Copies partition 0 of one topic to another up to its present end, each value twice over.
///
/// It takes a [`Client`], so that a test can hand it one that is connected to a mock.
async fn double(client: &Client, from: &str, to: &str) -> Result<u64> {
    let source = TopicPartition::new(from, 0);
    let consumer = client
        .consumer()
        .assign([(source.clone(), StartAt::Beginning)])
        .build()
        .await?;
    let producer = client.producer().build()?;
    let end = consumer
        .end_offsets([source.clone()])
        .await?
        .get(&source)
        .copied()
        .unwrap_or(0);

    let mut copied = 0;
    let mut deliveries = Vec::new();
    while consumer.position(&source).await? < end {
        for record in &consumer.poll(Duration::from_secs(5)).await? {
            let value = record.value().unwrap_or_default().repeat(2);
            let copy = Record::to(to).maybe_key(record.key()).value(value);
            deliveries.push(producer.enqueue(copy).await?);
            copied += 1;
        }
    }
    for delivery in deliveries {
        delivery.await?;
    }
    Ok(copied)
}

/// A client of a cluster in this process.
fn connect(cluster: &MockCluster) -> Result<Client> {
    Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cluster = MockCluster::builder()
        .topic("in", 1)
        .topic("out", 1)
        .build();
    let client = connect(&cluster)?;
    client
        .producer()
        .build()?
        .send(Record::to("in").value("ha"))
        .await?;
    let copied = double(&client, "in", "out").await?;
    println!(
        "copied {copied} record; out holds {:?}",
        cluster.log("out", 0)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use tidewire::mock::{Action, Fault};
    use tidewire::protocol::ApiKey;

    use super::*;

    async fn cluster_with(values: &[&str]) -> (MockCluster, Client) {
        let cluster = MockCluster::builder()
            .topic("in", 1)
            .topic("out", 1)
            .build();
        let client = connect(&cluster).unwrap();
        let producer = client.producer().build().unwrap();
        for value in values {
            producer.send(Record::to("in").value(*value)).await.unwrap();
        }
        (cluster, client)
    }

    fn values(cluster: &MockCluster) -> Vec<Vec<u8>> {
        let log = cluster.log("out", 0);
        log.iter()
            .map(|record| record.value.clone().unwrap_or_default().to_vec())
            .collect()
    }

    /// Time is paused: waiting costs nothing, as long as no real socket is involved.
    #[tokio::test(start_paused = true)]
    async fn every_value_is_doubled_in_order() {
        let (cluster, client) = cluster_with(&["a", "b", ""]).await;
        assert_eq!(double(&client, "in", "out").await.unwrap(), 3);
        assert_eq!(values(&cluster), [&b"aa"[..], b"bb", b""]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_answer_copies_nothing_twice() {
        let (cluster, client) = cluster_with(&["a", "b"]).await;
        let lost = Fault::on(ApiKey::Produce)
            .topic("out")
            .nth(1)
            .then(Action::ApplyThenDisconnect);
        let lost = cluster.faults().add(lost);
        assert_eq!(double(&client, "in", "out").await.unwrap(), 2);
        assert_eq!(cluster.faults().fired(lost), 1);
        assert_eq!(values(&cluster), [b"aa", b"bb"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_topic_that_moves_to_another_broker_is_followed() {
        let (cluster, client) = cluster_with(&["a"]).await;
        let leader = cluster.leader("out", 0).unwrap();
        cluster.kill_broker(leader);
        assert_eq!(double(&client, "in", "out").await.unwrap(), 1);
        assert_eq!(values(&cluster), [b"aa"]);
    }
}
