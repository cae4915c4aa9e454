//! librdkafka through rdkafka: `ThreadedProducer`, `FutureProducer`; `BaseConsumer`,
//! `StreamConsumer`.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use futures::StreamExt;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{
    BaseRecord, FutureProducer, FutureRecord, Producer, ProducerContext, ThreadedProducer,
};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tidewire_peers::{Job, Pace, Reading, Report, Tally, produce};

/// How long to wait for room in the queue; it holds far more than goes out in that time.
const FULL: Duration = Duration::from_millis(1);
/// librdkafka's own limit of a flush.
const FLUSH: Duration = Duration::from_secs(120);

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn is_full(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)
    )
}

fn main() -> Result<(), String> {
    let job = Job::from_args()?;
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &job.bootstrap);
    for (key, value) in &job.settings {
        config.set(key, value);
    }
    let runtime = || tokio::runtime::Runtime::new().map_err(text);
    let report = match job.api.as_str() {
        "threaded" => threaded(&job, &config)?,
        "future" => runtime()?.block_on(future(&job, &config))?,
        "base" => base(&job, &config)?,
        "stream" => runtime()?.block_on(stream(&job, &config))?,
        other => return Err(format!("no interface {other:?}")),
    };
    report.print();
    Ok(())
}

/// Called back with each outcome; wakes the loop where it sends one by one.
struct Outcomes {
    tally: Arc<Tally>,
    wake: Option<SyncSender<()>>,
}

impl ClientContext for Outcomes {}

impl ProducerContext for Outcomes {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, stamp: usize) {
        let outcome = result.as_ref().map(drop).map_err(|(error, _)| text(error));
        self.tally
            .outcome(u64::try_from(stamp).unwrap_or(0), outcome);
        if let Some(wake) = &self.wake {
            // Nobody waits any more only when the loop has ended with an error of its own.
            let _ = wake.send(());
        }
    }
}

fn threaded(job: &Job, config: &ClientConfig) -> Result<Report, String> {
    let tally = Tally::start(job);
    let (wake, acknowledged) = sync_channel(1);
    let one_by_one = matches!(job.pace, Pace::OneByOne(_));
    let outcomes = Outcomes {
        tally: Arc::clone(&tally),
        wake: one_by_one.then_some(wake),
    };
    let producer: ThreadedProducer<Outcomes> =
        config.create_with_context(outcomes).map_err(text)?;
    for n in 0..job.records {
        let stamp = usize::try_from(tally.due(n)).map_err(text)?;
        let mut record =
            BaseRecord::<(), [u8], usize>::with_opaque_to(&job.topic, stamp).payload(job.value(n));
        while let Err((error, returned)) = producer.send(record) {
            if !is_full(&error) {
                return Err(text(error));
            }
            record = returned;
            thread::sleep(FULL);
        }
        if one_by_one {
            acknowledged.recv().map_err(text)?;
        }
    }
    producer.flush(FLUSH).map_err(text)?;
    tally.report(job.value(0).len())
}

async fn future(job: &Job, config: &ClientConfig) -> Result<Report, String> {
    let producer: FutureProducer = config.create().map_err(text)?;
    let enqueue = async |value: &'static [u8]| {
        let mut record = FutureRecord::<(), [u8]>::to(&job.topic).payload(value);
        loop {
            match producer.send_result(record) {
                Ok(delivery) => {
                    return Ok(async {
                        let outcome = delivery.await.map_err(text)?;
                        outcome.map(drop).map_err(|(error, _)| text(error))
                    });
                }
                Err((error, returned)) if is_full(&error) => {
                    record = returned;
                    tokio::time::sleep(FULL).await;
                }
                Err((error, _)) => return Err(text(error)),
            }
        }
    };
    let flush = async || tokio::task::block_in_place(|| producer.flush(FLUSH).map_err(text));
    produce(job, enqueue, flush).await
}

fn from_start(job: &Job) -> Result<TopicPartitionList, String> {
    let mut list = TopicPartitionList::new();
    for partition in 0..job.partitions {
        list.add_partition_offset(&job.topic, partition, Offset::Beginning)
            .map_err(text)?;
    }
    Ok(list)
}

fn base(job: &Job, config: &ClientConfig) -> Result<Report, String> {
    let consumer: BaseConsumer = config.create().map_err(text)?;
    consumer.assign(&from_start(job)?).map_err(text)?;
    let mut reading = Reading::new(job);
    while !reading.is_done() {
        if let Some(message) = consumer.poll(Duration::from_secs(1)) {
            let message = message.map_err(text)?;
            reading.take(std::iter::once(message.payload()));
        }
    }
    Ok(reading.report())
}

async fn stream(job: &Job, config: &ClientConfig) -> Result<Report, String> {
    let consumer: StreamConsumer = config.create().map_err(text)?;
    consumer.assign(&from_start(job)?).map_err(text)?;
    let mut reading = Reading::new(job);
    let mut messages = consumer.stream();
    while !reading.is_done() {
        let message = messages
            .next()
            .await
            .ok_or("the stream ended")?
            .map_err(text)?;
        reading.take(std::iter::once(message.payload()));
    }
    Ok(reading.report())
}
