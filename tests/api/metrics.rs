//! A producer in numbers: each is what the cluster saw.

use std::time::Duration;

use tidewire::config::Compression;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{Client, ErrorCode, ProducerBuilder, Record};

fn builder(cluster: &MockCluster) -> ProducerBuilder {
    Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build()
        .unwrap()
        .producer()
}

fn cluster() -> MockCluster {
    MockCluster::builder().topic("t", 1).build()
}

fn record<'a>(size: usize) -> Record<'a> {
    Record::to("t").value(vec![b'x'; size])
}

#[tokio::test(start_paused = true)]
async fn what_was_written_again_and_in_vain_is_counted() {
    let cluster = cluster();
    let on = |nth| Fault::on(ApiKey::Produce).nth(nth);
    let faults = cluster.faults();
    faults.add(on(2).then(Action::ApplyThenDisconnect));
    faults.add(on(4).then(Action::Error(ErrorCode::TOPIC_AUTHORIZATION_FAILED)));
    let producer = builder(&cluster).compression(Compression::Lz4);
    let producer = producer.build().unwrap();
    let before = producer.metrics();
    assert_eq!((before.records_sent, before.producer_id), (0, None));
    assert!((before.compression_ratio() - 1.0).abs() < f64::EPSILON);
    assert_eq!(before.request_latency_mean(), None);
    for records in [1, 10, 5] {
        for _ in 0..records {
            drop(producer.enqueue(record(1000)).await.unwrap());
        }
        let waiting = producer.metrics();
        assert_eq!(
            (waiting.records_waiting, waiting.batches_waiting),
            (records, 1)
        );
        assert!(waiting.buffer_available_bytes < waiting.buffer_total_bytes);
        drop(producer.flush().await);
    }
    let metrics = producer.metrics();
    assert_eq!((metrics.records_sent, metrics.batches_sent), (16, 3));
    assert_eq!((metrics.records_written, metrics.batches_written), (11, 2));
    assert_eq!(
        (metrics.records_not_written, metrics.records_unknown),
        (5, 0)
    );
    assert_eq!(metrics.batches_failed, 1);
    assert_eq!((metrics.batches_retried, metrics.records_retried), (1, 10));
    assert_eq!(metrics.requests_sent, 4);
    assert_eq!(cluster.requests(ApiKey::Produce), 4);
    assert_eq!(
        (metrics.requests_answered, metrics.requests_in_flight),
        (3, 0)
    );
    assert!(metrics.request_latency_min <= metrics.request_latency_mean().unwrap());
    assert!(metrics.request_latency_mean().unwrap() <= metrics.request_latency_max);
    assert!(metrics.bytes_before_compression > 16_000);
    assert!(metrics.compression_ratio() < 0.5, "{metrics:?}");
    assert_eq!((metrics.records_waiting, metrics.batches_waiting), (0, 0));
    assert_eq!(
        metrics.producer_id.map(|id| id.0),
        Some(cluster.log("t", 0)[0].producer_id)
    );
    assert_eq!(metrics.producer_epoch.map(|epoch| epoch.0), Some(0));
}

#[tokio::test(start_paused = true)]
async fn latency_is_from_the_request_to_its_answer() {
    let cluster = cluster();
    let slow = Action::ApplyThenDelay(Duration::from_secs(3));
    cluster
        .faults()
        .add(Fault::on(ApiKey::Produce).nth(2).then(slow));
    let producer = builder(&cluster).build().unwrap();
    producer.send(record(10)).await.unwrap();
    let sent = producer.enqueue(record(10)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let on_the_way = producer.metrics();
    assert_eq!(
        (on_the_way.requests_in_flight, on_the_way.records_waiting),
        (1, 1)
    );
    sent.await.unwrap();
    let metrics = producer.metrics();
    assert!(metrics.request_latency_max >= Duration::from_secs(3));
    assert!(metrics.request_latency_min < Duration::from_secs(1));
    assert!(metrics.request_latency_sum >= metrics.request_latency_max);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_too_large_counts_as_split() {
    let cluster = cluster();
    let large = Action::Error(ErrorCode::MESSAGE_TOO_LARGE);
    cluster
        .faults()
        .add(Fault::on(ApiKey::Produce).nth(1).then(large));
    let producer = builder(&cluster).build().unwrap();
    for _ in 0..8 {
        drop(producer.enqueue(record(1000)).await.unwrap());
    }
    assert!(producer.flush().await.is_complete());
    let metrics = producer.metrics();
    assert_eq!(metrics.batches_split, 1);
    assert_eq!(metrics.records_written, 8);
    assert!(metrics.batches_written >= 2, "{metrics:?}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_memory_is_seen() {
    let cluster = cluster();
    let silent = Fault::on(ApiKey::Produce).then(Action::Silence);
    cluster.faults().add(silent);
    let producer = builder(&cluster).buffer_memory(16 * 1024).build().unwrap();
    drop(producer.enqueue(record(10_000)).await.unwrap());
    let waits = producer.clone();
    let waiting = tokio::spawn(async move { waits.enqueue(record(10_000)).await.is_ok() });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let metrics = producer.metrics();
    assert_eq!(metrics.buffer_waiters, 1);
    // What is on the wire holds no more than it takes, and the rest is no whole chunk.
    let free = metrics.buffer_available_bytes;
    assert!((1..16 * 1024 - 10_000).contains(&free), "{metrics:?}");
    waiting.abort();
    assert!(waiting.await.is_err());
    assert_eq!(producer.metrics().buffer_waiters, 0);
}
