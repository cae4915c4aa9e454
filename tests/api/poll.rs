//! What a poll may hand out at once.

use std::time::Duration;

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
