//! The client in one page, without a broker: three of them run in this process.
//!
//! `cargo run --example quickstart`

use std::time::Duration;

use tidewire::mock::MockCluster;
use tidewire::{Client, NewTopic, Record, StartAt, TopicPartition};

#[tokio::main(flavor = "current_thread")]
async fn main() -> tidewire::Result<()> {
    // With a real cluster: `Client::builder().bootstrap_servers("localhost:9092").connect()`.
    let cluster = MockCluster::builder().brokers(3).build();
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .connect()
        .await?;

    let topic = NewTopic::new("fruit").partitions(3);
    for outcome in client.admin().create_topics([topic]).await? {
        outcome?;
    }

    // Equal keys meet in one partition and keep their order there.
    let producer = client.producer().build()?;
    let mut deliveries = Vec::new();
    for number in 1..=6 {
        let key = if number % 2 == 0 { "apples" } else { "pears" };
        let record = Record::to("fruit")
            .key(key)
            .value(format!("basket {number}"));
        deliveries.push(producer.enqueue(record).await?);
    }
    for delivery in deliveries {
        let written = delivery.await?;
        println!(
            "wrote {}-{} @ {:?}",
            written.topic, written.partition, written.offset
        );
    }

    let start =
        (0..3).map(|partition| (TopicPartition::new("fruit", partition), StartAt::Beginning));
    let consumer = client.consumer().assign(start).build().await?;
    let mut seen = 0;
    while seen < 6 {
        let records = consumer.poll(Duration::from_secs(5)).await?;
        for record in &records {
            let text =
                |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"-")).into_owned();
            println!(
                "read  {}-{} @ {}: {} = {}",
                record.topic(),
                record.partition(),
                record.offset(),
                text(record.key()),
                text(record.value()),
            );
            seen += 1;
        }
    }

    let report = producer.close(Duration::from_secs(5)).await;
    println!("nothing left on its way: {}", report.is_complete());
    Ok(())
}
