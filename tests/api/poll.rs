//! What a poll may hand out at once, and what a poll that is dropped leaves behind.

use std::time::Duration;

use futures::FutureExt;
use tidewire::config::Compression;
use tidewire::mock::MockCluster;
use tidewire::{Client, Record, StartAt, TopicPartition};

const RECORDS: usize = 40;
const VALUE: usize = 200_000;
const BUDGET_KB: usize = 1024;

/// Forty batches of zeros are a few kB on the wire and 8 MB in memory.
#[tokio::test(start_paused = true)]
async fn a_poll_decompresses_no_more_than_the_budget_and_one_batch() {
    let cluster = MockCluster::builder().topic("zeros", 1).build();
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build()
        .unwrap();
    let producer = client.producer().compression(Compression::Lz4).build();
    let producer = producer.unwrap();
    for _ in 0..RECORDS {
        let record = Record::to("zeros").value(vec![0_u8; VALUE]);
        producer.send(record).await.unwrap();
    }
    let consumer = client
        .consumer()
        .property("queued.max.messages.kbytes", BUDGET_KB.to_string())
        .assign([(TopicPartition::new("zeros", 0), StartAt::Beginning)])
        .build()
        .await
        .unwrap();
    let mut offsets = Vec::new();
    while offsets.len() < RECORDS {
        let records = consumer.poll(Duration::from_secs(5)).await.unwrap();
        assert!(!records.is_empty(), "after {} records", offsets.len());
        let bytes = records.len() * VALUE;
        assert!(bytes <= BUDGET_KB * 1024 + VALUE, "{bytes} in one poll");
        offsets.extend(records.iter().map(|record| record.offset()));
    }
    assert!(offsets.into_iter().eq(0..40));
}

#[tokio::test(start_paused = true)]
async fn a_poll_dropped_where_it_lets_other_tasks_run_loses_nothing() {
    let cluster = MockCluster::builder().topic("t", 1).build();
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build()
        .unwrap();
    let producer = client.producer().build().unwrap();
    producer.send(Record::to("t").value("0")).await.unwrap();
    let consumer = client
        .consumer()
        .assign([(TopicPartition::new("t", 0), StartAt::Beginning)])
        .build()
        .await
        .unwrap();
    // The record is there, and this task has used up its share of the thread.
    tokio::time::sleep(Duration::from_secs(1)).await;
    while tokio::task::coop::consume_budget().now_or_never().is_some() {}
    let dropped = consumer.poll(Duration::from_secs(5)).now_or_never();
    assert!(dropped.is_none(), "it lets other tasks run first");
    tokio::task::yield_now().await;
    let records = consumer.poll(Duration::from_secs(5)).await.unwrap();
    assert!(records.iter().map(|record| record.offset()).eq([0]));
}
