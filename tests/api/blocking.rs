//! The client of programs without async.

use std::time::Duration;

use tidewire::mock::MockCluster;
use tidewire::{Client, ClientBuilder, ErrorKind, Record, TryEnqueueReason, WriteStatus, blocking};
use tokio::runtime::{Builder, Runtime};

pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A cluster and the runtime its brokers run on.
pub(crate) fn cluster() -> (Runtime, MockCluster) {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let cluster = runtime.block_on(async { MockCluster::builder().topic("t", 2).build() });
    (runtime, cluster)
}

pub(crate) fn description(cluster: &MockCluster) -> ClientBuilder {
    Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
}

#[test]
fn a_thread_sends_enqueues_flushes_and_closes() {
    let (_runtime, cluster) = cluster();
    let client = blocking::Client::connect(description(&cluster)).unwrap();
    let producer = client.producer_with(|builder| builder.linger(LIMIT / 3));
    let producer = producer.unwrap();
    let record = |n: usize| Record::to("t").partition(0).value(n.to_string());
    let deliveries: Vec<_> = (0..100)
        .map(|n| producer.enqueue(record(n)).unwrap())
        .collect();
    assert!(producer.flush().unwrap().is_complete());
    for (n, delivery) in (0..).zip(deliveries) {
        assert_eq!(delivery.wait().unwrap().offset, Some(n));
    }
    let delivery = producer.try_enqueue(record(100)).unwrap();
    assert_eq!(delivery.partition(), 0);
    let report = producer.close(LIMIT).unwrap();
    assert_eq!((report.written, report.is_complete()), (1, true));
    assert_eq!(delivery.wait().unwrap().offset, Some(100));
    assert_eq!(producer.metrics().records_written, 101);
    let error = producer.send(record(101)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(cluster.log("t", 0).len(), 101);
}

#[test]
fn a_thread_sends_by_a_handle_on_one_topic() {
    let (_runtime, cluster) = cluster();
    let client = blocking::Client::connect(description(&cluster)).unwrap();
    let producer = client.producer_with(|builder| builder.linger(LIMIT / 3));
    let topic = producer.unwrap().topic("t").unwrap();
    assert_eq!((topic.name(), topic.metadata().partitions.len()), ("t", 2));
    assert_eq!(topic.producer().config().linger, LIMIT / 3);
    let record = || Record::new().partition(1).value("v");
    let deliveries = [
        topic.try_enqueue(record()).unwrap(),
        topic.enqueue(record()).unwrap(),
    ];
    let places = deliveries.each_ref().map(|it| it.index_in_batch());
    assert_eq!(places, [0, 1]);
    assert!(topic.producer().flush().unwrap().is_complete());
    for (offset, delivery) in (0..).zip(deliveries) {
        assert_eq!(delivery.wait().unwrap().offset, Some(offset));
    }
    let refused = topic.try_enqueue(Record::to("other")).unwrap_err();
    assert!(matches!(refused.reason, TryEnqueueReason::Failed(_)));
}

#[test]
fn clones_send_from_many_threads() {
    let (_runtime, cluster) = cluster();
    let client = blocking::Client::connect(description(&cluster)).unwrap();
    let producer = client.producer().unwrap();
    std::thread::scope(|scope| {
        for partition in 0..2 {
            let producer = producer.clone();
            scope.spawn(move || {
                for n in 0..20 {
                    let record = Record::to("t").partition(partition).value(n.to_string());
                    assert_eq!(producer.send(record).unwrap().offset, Some(n));
                }
            });
        }
    });
}

#[test]
fn inside_an_async_context_calls_are_refused_and_blocking_threads_are_fine() {
    let (runtime, cluster) = cluster();
    let description = description(&cluster);
    let client = blocking::Client::connect(description.clone()).unwrap();
    let producer = client.producer().unwrap();
    let early = producer.enqueue(Record::to("t").value("early")).unwrap();
    runtime.block_on(async {
        let error = blocking::Client::connect(description).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        let record = Record::to("t").value("no");
        let error = producer.send(record.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
        assert!(producer.enqueue(record.clone()).is_err());
        assert!(producer.flush().is_err() && producer.close(LIMIT).is_err());
        let error = early.wait().unwrap_err();
        assert_eq!(error.write_status(), Some(WriteStatus::MaybeWritten));
        drop(producer.try_enqueue(record.clone()).unwrap());
        let there = producer.clone();
        let sent = tokio::task::spawn_blocking(move || there.send(record));
        sent.await.unwrap().unwrap();
    });
    assert!(producer.close(LIMIT).unwrap().is_complete());
}

#[test]
fn a_runtime_that_is_there_already_is_used_if_it_has_threads() {
    let (runtime, cluster) = cluster();
    let handle = runtime.handle().clone();
    let client = blocking::Client::connect_on(handle, description(&cluster)).unwrap();
    client.producer().unwrap().send(Record::to("t")).unwrap();
    let single = Builder::new_current_thread().build().unwrap();
    let handle = single.handle().clone();
    let error = blocking::Client::connect_on(handle, description(&cluster)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}
