//! What a poll may hand out at once, and what a poll that is dropped leaves behind.

use std::time::Duration;

use futures::FutureExt;
use tidewire::config::Compression;
use tidewire::mock::MockCluster;
use tidewire::{Client, Record, StartAt, TopicPartition};

const RECORDS: usize = 40;
const VALUE: usize = 200_000;
const BUDGET_KB: usize = 1024;

/// Forty batches of zeros are a few kB on the wire and 8 MB in memory; beside them there are forty
/// that hold as much as they show.
#[tokio::test(start_paused = true)]
async fn case_124_a_poll_decompresses_what_the_budget_has_room_for_and_one_batch() {
    let cluster = MockCluster::builder().topic("t", 2).build();
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build()
        .unwrap();
    for (partition, codec, size) in [
        (0, Compression::Lz4, VALUE),
        (1, Compression::None, VALUE / 10),
    ] {
        let producer = client.producer().compression(codec).build().unwrap();
        for _ in 0..RECORDS {
            let record = Record::to("t").partition(partition);
            producer.send(record.value(vec![0_u8; size])).await.unwrap();
        }
    }
    let both = [0, 1].map(|partition| TopicPartition::new("t", partition));
    let consumer = client
        .consumer()
        .property("queued.max.messages.kbytes", BUDGET_KB.to_string())
        .assign(both.map(|at| (at, StartAt::Beginning)))
        .build()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let full = consumer.metrics().buffered_bytes;
    assert!(full > BUDGET_KB * 1024 / 2, "{full}: something is there");
    let mut offsets = [0, 0];
    while offsets != [40, 40] {
        let records = consumer.poll(Duration::from_secs(5)).await.unwrap();
        assert!(!records.is_empty(), "after {offsets:?}");
        let now = consumer.metrics();
        let opened = records.iter().filter(|record| record.partition() == 0);
        let bytes = opened.count() * VALUE + now.buffered_bytes + now.reserved_bytes;
        assert!(bytes <= BUDGET_KB * 1024 + VALUE + 100, "{bytes}: {now:?}");
        for record in &records {
            let expected = &mut offsets[usize::try_from(record.partition()).unwrap()];
            assert_eq!(record.offset(), *expected);
            *expected += 1;
        }
    }
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
