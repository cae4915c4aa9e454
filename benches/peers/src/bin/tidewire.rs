//! tidewire: `enqueue`, every `Delivery` awaited; `poll`, whose records are borrowed views.

use std::time::Duration;

use tidewire::{Client, Record, StartAt, TopicPartition};
use tidewire_peers::{Job, Reading, Report, produce};

fn text(error: impl ToString) -> String {
    error.to_string()
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let job = Job::from_args()?;
    let client = Client::builder().bootstrap_servers(&job.bootstrap);
    let client = client.build().map_err(text)?;
    let report = match job.api.as_str() {
        "produce" => producer(&job, &client).await?,
        "consume" => consumer(&job, &client).await?,
        other => return Err(format!("no interface {other:?}")),
    };
    report.print();
    Ok(())
}

async fn producer(job: &Job, client: &Client) -> Result<Report, String> {
    let mut builder = client.producer();
    for (key, value) in &job.settings {
        builder = builder.property(key, value);
    }
    let producer = builder.build().map_err(text)?;
    let enqueue = async |value| {
        let record = Record::to(&job.topic).value(value);
        let delivery = producer.enqueue(record).await.map_err(text)?;
        Ok(async { delivery.await.map(drop).map_err(text) })
    };
    let flush = async || {
        producer.flush().await.map_err(text)?;
        Ok(())
    };
    produce(job, enqueue, flush).await
}

async fn consumer(job: &Job, client: &Client) -> Result<Report, String> {
    let mut builder = client.consumer();
    for (key, value) in &job.settings {
        builder = builder.property(key, value);
    }
    let all = (0..job.partitions).map(|partition| TopicPartition::new(&*job.topic, partition));
    let from_start = all.map(|partition| (partition, StartAt::Beginning));
    let consumer = builder.assign(from_start).build().await.map_err(text)?;
    let mut reading = Reading::new(job);
    while !reading.is_done() {
        let records = consumer.poll(Duration::from_secs(1)).await.map_err(text)?;
        if !records.is_empty() {
            reading.take(records.iter().map(|record| record.value()));
        }
    }
    Ok(reading.report())
}
