//! What a consumer asks of a fetch: how little, how much, and how long it waits.

use std::time::Duration;

use tidewire::Consumer;
use tidewire::mock::MockCluster;
use tidewire::protocol::ApiKey;

use crate::support::{PATIENCE, cluster, connect, consumer, ms, read, record, secs, timed, within};

/// One broker whose three partitions have ten batches of 50 kB each; a reader of all of it.
async fn full(property: &str, value: &str) -> (MockCluster, Consumer) {
    let cluster = cluster().brokers(1).topic("t", 3).build();
    let client = connect(&cluster).await;
    let producer = client.producer().linger(ms(0)).build().unwrap();
    for partition in 0..3 {
        for _ in 0..10 {
            let sent = producer.send(record(partition, "x".repeat(50_000)));
            within(PATIENCE, sent).await.unwrap();
        }
    }
    let reader = consumer(&client, 3).property(property, value).build();
    (cluster, reader.await.unwrap())
}

/// How many fetches bring all of it.
async fn fetches(property: &str, value: &str) -> usize {
    let (cluster, reader) = full(property, value).await;
    assert_eq!(read(&reader, 30).await.len(), 30);
    cluster.requests(ApiKey::Fetch)
}

#[tokio::test(start_paused = true)]
async fn fetch_max_bytes_and_max_partition_fetch_bytes_bound_an_answer() {
    assert!(fetches("fetch.max.bytes", "52428800").await <= 5);
    // Two batches of 50 kB fit, or one of each partition.
    assert!(fetches("fetch.max.bytes", "110000").await >= 15);
    assert!(fetches("max.partition.fetch.bytes", "60000").await >= 10);
}

/// How long one small record takes to arrive.
async fn arrival(min_bytes: &str, max_wait: &str) -> Duration {
    let cluster = cluster().brokers(1).topic("t", 1).build();
    let client = connect(&cluster).await;
    let builder = consumer(&client, 1).property("fetch.min.bytes", min_bytes);
    let builder = builder.property("fetch.max.wait.ms", max_wait);
    let reader = builder.build().await.unwrap();
    assert!(reader.poll(ms(10)).await.unwrap().is_empty());
    let producer = client.producer().linger(ms(0)).build().unwrap();
    within(PATIENCE, producer.send(record(0, "small")))
        .await
        .unwrap();
    timed(secs(60), read(&reader, 1)).await.1
}

#[tokio::test(start_paused = true)]
async fn fetch_min_bytes_is_waited_for_no_longer_than_fetch_max_wait() {
    assert!(arrival("1", "5000").await <= ms(20));
    let waited = arrival("100000", "5000").await;
    assert!((ms(4_500)..ms(5_100)).contains(&waited), "{waited:?}");
    let waited = arrival("100000", "800").await;
    assert!((ms(700)..ms(900)).contains(&waited), "{waited:?}");
}
