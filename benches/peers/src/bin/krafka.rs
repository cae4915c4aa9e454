//! krafka: `enqueue`, every `DeliveryHandle` awaited; `poll` of a consumer without a group.

use std::time::Duration;

use bytes::Bytes;
use krafka::consumer::AutoOffsetReset;
use krafka::{Compression, Kafka, Record};
use tidewire_peers::{Job, Reading, Report, produce};

fn text(error: impl ToString) -> String {
    error.to_string()
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let mut job = Job::from_args()?;
    let kafka = Kafka::builder(&job.bootstrap)
        .connect()
        .await
        .map_err(text)?;
    let report = match job.api.as_str() {
        "produce" => producer(&mut job, &kafka).await?,
        "consume" => consumer(&mut job, &kafka).await?,
        other => return Err(format!("no interface {other:?}")),
    };
    report.print();
    Ok(())
}

async fn producer(job: &mut Job, kafka: &Kafka) -> Result<Report, String> {
    let mut builder = kafka.producer();
    if let Some(bytes) = job.take("batch.size")? {
        builder = builder.batch_size(bytes);
    }
    if let Some(linger) = job.take("linger.ms")? {
        builder = builder.linger(Duration::from_millis(linger));
    }
    if let Some(enable) = job.take("enable.idempotence")? {
        builder = builder.idempotent(enable);
    }
    if let Some(codec) = job.take::<String>("compression.type")? {
        builder = builder.compression(match codec.as_str() {
            "lz4" => Compression::Lz4,
            "zstd" => Compression::Zstd,
            "none" => Compression::None,
            other => return Err(format!("no codec {other:?}")),
        });
    }
    job.nothing_left()?;
    let producer = builder.build().await.map_err(text)?;
    let enqueue = async |value| {
        let record = Record::new(&*job.topic, Bytes::from_static(value));
        let delivery = producer.enqueue(record).await.map_err(text)?;
        Ok(async { delivery.await.map(drop).map_err(text) })
    };
    let flush = async || producer.flush().await.map_err(text);
    produce(job, enqueue, flush).await
}

async fn consumer(job: &mut Job, kafka: &Kafka) -> Result<Report, String> {
    let mut builder = kafka.consumer_without_group();
    builder = builder.auto_offset_reset(AutoOffsetReset::Earliest);
    if let Some(bytes) = job.take("fetch.max.bytes")? {
        builder = builder.fetch_max_bytes(bytes);
    }
    if let Some(bytes) = job.take("max.partition.fetch.bytes")? {
        builder = builder.max_partition_fetch_bytes(bytes);
    }
    if let Some(records) = job.take("max.poll.records")? {
        builder = builder.max_poll_records(records);
    }
    job.nothing_left()?;
    let consumer = builder.build().await.map_err(text)?;
    let all = (0..job.partitions).collect();
    consumer.assign(&job.topic, all).await.map_err(text)?;
    let mut reading = Reading::new(job);
    while !reading.is_done() {
        let records = consumer.poll(Duration::from_secs(1)).await.map_err(text)?;
        if !records.is_empty() {
            reading.take(records.iter().map(|record| record.value.as_deref()));
        }
    }
    Ok(reading.report())
}
