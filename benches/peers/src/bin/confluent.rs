//! Confluent's Rust client: `send` of borrowed bytes, every future awaited; `poll` of partitions
//! assigned by hand.

use std::collections::HashMap;
use std::time::Duration;

use confluent_kafka::common::TopicPartition;
use confluent_kafka::common::serialization::{
    ByteArrayDeserializer, ByteArraySerializer, BytesDeserializer,
};
use confluent_kafka::consumer::{Consumer, ConsumerConfig, KafkaConsumer};
use confluent_kafka::producer::{KafkaProducer, Producer, ProducerConfig, ProducerRecord};
use tidewire_peers::{Job, Reading, Report, produce};

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

fn settings(job: &Job) -> HashMap<String, String> {
    let mut all: HashMap<_, _> = job.settings.clone().into_iter().collect();
    all.insert("bootstrap.servers".to_owned(), job.bootstrap.clone());
    all
}

async fn producer(job: &Job) -> Result<Report, String> {
    let config = ProducerConfig::new(&settings(job)).map_err(text)?;
    let (keys, values) = (ByteArraySerializer::new(), ByteArraySerializer::new());
    let producer = KafkaProducer::<Vec<u8>, Vec<u8>>::new(config, keys, values).map_err(text)?;
    let enqueue = async |value: &'static [u8]| {
        let record = ProducerRecord::<&[u8], &[u8]>::new(job.topic.clone(), Some(value));
        let delivery = producer.send(record, None).await.map_err(text)?;
        Ok(async move { delivery.get().await.map(drop).map_err(text) })
    };
    let flush = async || Producer::flush(&producer).await.map_err(text);
    let report = produce(job, enqueue, flush).await?;
    Producer::close(&producer).await.map_err(text)?;
    Ok(report)
}

async fn consumer(job: &Job) -> Result<Report, String> {
    let config = ConsumerConfig::new(&settings(job)).map_err(text)?;
    let (keys, values) = (ByteArrayDeserializer::new(), BytesDeserializer::new());
    let mut consumer = KafkaConsumer::new(config, keys, values).map_err(text)?;
    let all = 0..job.partitions;
    let all: Vec<_> = all
        .map(|partition| TopicPartition::new(job.topic.clone(), partition))
        .collect();
    consumer.assign(all.clone()).await.map_err(text)?;
    consumer.seek_to_beginning(&all).await.map_err(text)?;
    let mut reading = Reading::new(job);
    while !reading.is_done() {
        let records = consumer.poll(Duration::from_secs(1)).await.map_err(text)?;
        if !records.is_empty() {
            let values = (&records).into_iter().map(|record| record.value());
            reading.take(values.map(|value| value.map(|value| &**value)));
        }
    }
    consumer.close().await.map_err(text)?;
    Ok(reading.report())
}
