//! The ways to read, as a program uses them.

use std::time::Duration;

use futures::StreamExt;
use tidewire::mock::MockCluster;
use tidewire::{Client, Consumer, PartitionStatus, Record, StartAt, TopicPartition};

async fn filled() -> (MockCluster, Client) {
    let cluster = MockCluster::builder().topic("t", 2).build();
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build()
        .unwrap();
    let producer = client.producer().build().unwrap();
    for partition in [0, 1] {
        for value in ["a", "b"] {
            let record = Record::to("t").partition(partition).key("k").value(value);
            producer.send(record).await.unwrap();
        }
    }
    (cluster, client)
}

fn at(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

async fn consumer(client: &Client) -> Consumer {
    let all = [0, 1].map(|partition| (at(partition), StartAt::Beginning));
    let consumer = client.consumer().assign(all);
    let consumer = consumer.property("enable.partition.eof", "true");
    consumer.build().await.unwrap()
}

#[tokio::test]
async fn a_record_received_stands_by_itself() {
    let (_cluster, client) = filled().await;
    let consumer = consumer(&client).await;
    let record = consumer.recv().await.unwrap();
    drop(consumer);
    assert_eq!((record.topic(), record.offset()), ("t", 0));
    assert_eq!(
        (record.key(), record.value()),
        (Some(&b"k"[..]), Some(&b"a"[..]))
    );
    assert_eq!(record.headers().count(), 0);
}

#[tokio::test]
async fn each_partition_may_be_read_by_a_task_of_its_own() {
    let (_cluster, client) = filled().await;
    let consumer = consumer(&client).await;
    let read = [0, 1].map(|partition| {
        let stream = consumer.partition_stream(&at(partition)).unwrap();
        tokio::spawn(async move {
            let two: Vec<_> = stream.take(2).collect().await;
            let values = two
                .into_iter()
                .map(|record| record.unwrap().value().unwrap().to_vec());
            values.collect::<Vec<_>>()
        })
    });
    for task in read {
        assert_eq!(task.await.unwrap(), [b"a", b"b"]);
    }
}

#[tokio::test]
async fn a_consumer_says_where_it_is_and_why() {
    let (_cluster, client) = filled().await;
    let consumer = consumer(&client).await;
    let (mut records, mut ends) = (0, 0);
    while ends < 2 {
        let polled = consumer.poll(Duration::from_secs(5)).await.unwrap();
        records += polled.len();
        ends += polled.ends().len();
    }
    assert_eq!((records, consumer.lag(&at(0))), (4, Some(0)));
    let metrics = consumer.metrics();
    assert_eq!(
        (metrics.records, metrics.partitions[&at(1)].position),
        (4, Some(2))
    );
    consumer.pause(&at(0)).unwrap();
    assert!(matches!(
        consumer.explain(&at(0)).unwrap(),
        PartitionStatus::Paused
    ));
    consumer.resume(&at(0)).unwrap();
    consumer.seek_to_beginning(&[at(0)]).unwrap();
    let mut stream = consumer.stream();
    let again = stream.next().await.unwrap().unwrap();
    assert_eq!((again.partition(), again.offset()), (0, 0));
    drop(stream);
    consumer.close(Duration::from_secs(5)).await.unwrap();
}
