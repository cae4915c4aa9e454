//! Writes ten records to a topic of a real broker and reads them back:
//! `cargo run --example produce_and_consume -- localhost:9092 quickstart`.

use std::time::Duration;

use tidewire::{Client, Record, StartAt, TopicPartition};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let servers = args
        .next()
        .ok_or("name the brokers, as in localhost:9092")?;
    let topic = args.next().ok_or("name a topic")?;

    let client = Client::builder()
        .bootstrap_servers(servers)
        .connect()
        .await?;
    let producer = client.producer().build()?;
    let mut first = None;
    for number in 0..10 {
        let value = format!("record {number}");
        let written = producer
            .send(Record::to(&topic).partition(0).value(value))
            .await?;
        println!(
            "{}-{} @ {:?}",
            written.topic, written.partition, written.offset
        );
        first = first.or(written.offset);
    }
    let report = producer.close(Duration::from_secs(10)).await;
    println!("nothing left on its way: {}", report.is_complete());

    let start = StartAt::Offset(first.unwrap_or(0));
    let partition = TopicPartition::new(topic, 0);
    let consumer = client
        .consumer()
        .assign([(partition, start)])
        .build()
        .await?;
    let mut seen = 0;
    while seen < 10 {
        let records = consumer.poll(Duration::from_secs(5)).await?;
        for record in &records {
            let value = record.value().unwrap_or_default();
            println!("{}: {}", record.offset(), String::from_utf8_lossy(value));
            seen += 1;
        }
    }
    Ok(())
}
