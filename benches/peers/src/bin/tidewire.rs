//! tidewire: `enqueue`, every `Delivery` awaited, or dropped and `flush` asked; `poll`, whose
//! records are borrowed views, or `recv` and `stream`, one record at a time.

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tidewire::{Client, Delivery, Producer, Record, StartAt, TopicPartition};
use tidewire_peers::{Job, Reading, Report, Tally, produce};
use tokio::sync::mpsc;

/// How many deliveries may wait to be looked at.
const SAMPLES: usize = 100_000;

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
        "flush" => flusher(&job, &client).await?,
        "consume" | "recv" | "stream" => consumer(&job, &client).await?,
        other => return Err(format!("no interface {other:?}")),
    };
    report.print();
    Ok(())
}

fn build(job: &Job, client: &Client) -> Result<Producer, String> {
    let mut builder = client.producer();
    for (key, value) in &job.settings {
        builder = builder.property(key, value);
    }
    builder.build().map_err(text)
}

/// Keeps only the deliveries whose latency is measured; `flush` says what became of all.
async fn flusher(job: &Job, client: &Client) -> Result<Report, String> {
    let producer = build(job, client)?;
    let tally = Tally::start(job);
    let (sender, mut receiver) = mpsc::channel::<(u64, Delivery)>(SAMPLES);
    let settled = Arc::clone(&tally);
    let settler = tokio::spawn(async move {
        let mut sampled = 0;
        while let Some((stamp, delivery)) = receiver.recv().await {
            settled.outcome(stamp, delivery.await.map(drop).map_err(text));
            sampled += 1;
        }
        sampled
    });
    for n in 0..job.records {
        let stamp = tally.due(n);
        let record = Record::to(&job.topic).value(job.value(n));
        let delivery = producer.enqueue(record).await.map_err(text)?;
        if stamp > 0 {
            sender.send((stamp, delivery)).await.map_err(text)?;
        }
    }
    drop(sender);
    let report = producer.flush().await;
    let sampled: u64 = settler.await.map_err(text)?;
    tally.written(report.written.saturating_sub(sampled));
    if let Some(error) = report.first_error {
        return Err(text(error));
    }
    tally.report(job.value(0).len())
}

async fn producer(job: &Job, client: &Client) -> Result<Report, String> {
    let producer = build(job, client)?;
    let enqueue = async |value| {
        let record = Record::to(&job.topic).value(value);
        let delivery = producer.enqueue(record).await.map_err(text)?;
        // No larger than the delivery itself: many of them wait.
        Ok(delivery.map(|outcome| outcome.map(drop).map_err(text)))
    };
    let flush = async || {
        // What became of each record is asked of its delivery.
        let _ = producer.flush().await;
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
    match job.api.as_str() {
        "recv" => {
            while !reading.is_done() {
                let record = consumer.recv().await.map_err(text)?;
                reading.take(std::iter::once(record.value()));
            }
        }
        "stream" => {
            let mut records = consumer.stream();
            while !reading.is_done() {
                let record = records.next().await.ok_or("the stream ended")?;
                reading.take(std::iter::once(record.map_err(text)?.value()));
            }
        }
        _ => {
            while !reading.is_done() {
                let records = consumer.poll(Duration::from_secs(1)).await.map_err(text)?;
                if !records.is_empty() {
                    reading.take(records.iter().map(|record| record.value()));
                }
            }
        }
    }
    Ok(reading.report())
}
