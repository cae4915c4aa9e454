//! A handle on one topic: records that do not name it, and what it knows when the cluster changes.

use std::time::Duration;

use tidewire::mock::MockCluster;
use tidewire::{Client, ErrorKind, Producer, Record, TryEnqueueReason, WriteStatus};

fn cluster() -> MockCluster {
    let cluster = MockCluster::builder().topic("orders", 2).topic("other", 1);
    cluster.auto_create_topics(false).build()
}

fn client(cluster: &MockCluster) -> Client {
    Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build()
        .unwrap()
}

fn producer(cluster: &MockCluster) -> Producer {
    client(cluster).producer().build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn records_go_to_the_topic_without_naming_it() {
    let cluster = cluster();
    let topic = producer(&cluster).topic("orders").await.unwrap();
    let plain = Record::new().key("k").value("v").partition(1);
    let sent = topic.send(plain).await.unwrap();
    assert_eq!(
        (&*sent.topic, sent.partition, sent.offset),
        ("orders", 1, Some(0))
    );
    let named = Record::to("orders").value("v").partition(1);
    assert_eq!(topic.send(named).await.unwrap().offset, Some(1));
    let at_once = topic.try_enqueue(Record::new().partition(1)).unwrap();
    assert_eq!(at_once.await.unwrap().offset, Some(2));
    let log = cluster.log("orders", 1);
    assert_eq!(log[0].key.as_deref(), Some(&b"k"[..]));
    assert_eq!(topic.name(), "orders");
}

#[tokio::test(start_paused = true)]
async fn a_record_for_another_topic_is_refused_and_nothing_is_written() {
    let cluster = cluster();
    let topic = producer(&cluster).topic("orders").await.unwrap();
    let error = topic
        .send(Record::to("other").value("v"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    let given_back = topic
        .try_enqueue(Record::to("other").value("v"))
        .unwrap_err();
    assert_eq!(given_back.record.topic(), "other");
    assert!(matches!(given_back.reason, TryEnqueueReason::Failed(_)));
    assert!(topic.producer().flush().await.is_complete());
    assert!(cluster.log("other", 0).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_record_without_a_topic_needs_a_handle() {
    let cluster = cluster();
    let producer = producer(&cluster);
    let error = producer.send(Record::new().value("v")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("names no topic"), "{error}");
    let given_back = producer.try_enqueue(Record::new()).unwrap_err();
    assert!(matches!(given_back.reason, TryEnqueueReason::Failed(_)));
    assert!(producer.topic("").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_handle_learns_of_new_partitions_and_leaders() {
    let cluster = cluster();
    let producer = producer(&cluster);
    let topic = producer.topic("orders").await.unwrap();
    let clone = topic.clone();
    topic.send(Record::new().partition(1)).await.unwrap();
    cluster.add_partitions("orders", 3).unwrap();
    let sent = topic.send(Record::new().partition(2)).await.unwrap();
    assert_eq!((sent.partition, sent.offset), (2, Some(0)));
    assert_eq!(topic.metadata().partitions.len(), 3);
    let leader = cluster.leader("orders", 0).unwrap();
    cluster.kill_broker(leader);
    let sent = clone.send(Record::new().partition(0)).await.unwrap();
    assert_eq!(sent.offset, Some(0));
    let delivery = topic.try_enqueue(Record::new().partition(0)).unwrap();
    assert_eq!(delivery.await.unwrap().offset, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_not_there_is_waited_for_no_longer_than_max_block() {
    let cluster = cluster();
    let builder = client(&cluster).producer();
    let producer = builder.max_block(Duration::from_secs(3)).build().unwrap();
    let began = tokio::time::Instant::now();
    let error = producer.topic("nowhere").await.unwrap_err();
    assert_eq!(error.topic(), Some("nowhere"));
    assert_eq!(began.elapsed().as_secs(), 3);
    assert!(producer.partitions_for("nowhere").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_closed_producer_gives_out_no_handle_and_takes_nothing_by_one() {
    let cluster = cluster();
    let producer = producer(&cluster);
    let topic = producer.topic("orders").await.unwrap();
    assert!(producer.close(Duration::from_secs(1)).await.is_complete());
    let error = topic.send(Record::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    let error = producer.topic("orders").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn partitions_are_told_with_their_leaders() {
    let cluster = cluster();
    let partitions = producer(&cluster).partitions_for("orders").await.unwrap();
    let leaders = partitions.partitions.iter().map(|each| each.leader);
    let expected = (0..2).map(|partition| cluster.leader("orders", partition));
    assert!(leaders.eq(expected));
}
