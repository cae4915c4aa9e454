//! kacrab: `send`, every `SendFuture` awaited; `poll` of partitions assigned by hand.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kacrab::common::TopicPartition;
use kacrab::consumer::Consumer;
use kacrab::producer::{Producer, ProducerError, ProducerRecord};
use tidewire_peers::{Job, Reading, Report, produce};

/// How long to wait for room in the buffer.
const FULL: Duration = Duration::from_millis(1);

fn text(error: impl ToString) -> String {
    error.to_string()
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let job = Job::from_args()?;
    let report = match job.api.as_str() {
        "produce" => producer(&job).await?,
        "consume" => consumer(&job).await?,
        other => return Err(format!("no interface {other:?}")),
    };
    report.print();
    Ok(())
}

fn settings(job: &Job) -> impl Iterator<Item = (String, String)> {
    let bootstrap = ("bootstrap.servers".to_owned(), job.bootstrap.clone());
    std::iter::once(bootstrap).chain(job.settings.clone())
}

async fn producer(job: &Job) -> Result<Report, String> {
    let producer = Producer::from_map(settings(job)).await.map_err(text)?;
    let topic: Arc<str> = job.topic.as_str().into();
    let enqueue = async |value| {
        loop {
            let value = Bytes::from_static(value);
            let record = ProducerRecord::topic_value(Arc::clone(&topic), value);
            match producer.send(record) {
                Ok(delivery) => return Ok(async { delivery.await.map(drop).map_err(text) }),
                Err(ProducerError::Backpressure) => tokio::time::sleep(FULL).await,
                Err(error) => return Err(text(error)),
            }
        }
    };
    let flush = async || producer.flush().await.map_err(text);
    produce(job, enqueue, flush).await
}

async fn consumer(job: &Job) -> Result<Report, String> {
    let mut consumer = Consumer::from_map(settings(job)).await.map_err(text)?;
    let all = (0..job.partitions).map(|partition| TopicPartition::new(&*job.topic, partition));
    let all: Vec<_> = all.collect();
    consumer.assign(all.clone()).map_err(text)?;
    consumer.seek_to_beginning(&all).await.map_err(text)?;
    let mut reading = Reading::new(job);
    while !reading.is_done() {
        let records = consumer.poll(Duration::from_secs(1)).await.map_err(text)?;
        if !records.is_empty() {
            reading.take(records.iter().map(|record| record.value.as_deref()));
        }
    }
    Ok(reading.report())
}
