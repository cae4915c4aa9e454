//! A consumer that pauses and resumes: what was fetched once is not fetched again.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{Client, Consumer};

use crate::support::{
    PATIENCE, at, cluster, connect, consumer, ms, poll, read, record, secs, timed, within,
};

/// Batches of ten records of 1 kB in each of the partitions of one broker.
async fn written(partitions: i32, batches: usize) -> (MockCluster, Client) {
    let cluster = cluster().brokers(1).topic("t", partitions).build();
    let client = connect(&cluster).await;
    let producer = client.producer().linger(ms(5)).build().unwrap();
    for partition in 0..partitions {
        for _ in 0..batches {
            let values = (0..10).map(|n| record(partition, format!("{n:01000}")));
            let mut deliveries = Vec::new();
            for value in values {
                deliveries.push(producer.enqueue(value).await.unwrap());
            }
            for delivery in deliveries {
                within(PATIENCE, delivery).await.unwrap();
            }
        }
    }
    (cluster, client)
}

fn fetched(consumer: &Consumer) -> u64 {
    consumer.metrics().fetched_bytes
}

#[tokio::test(start_paused = true)]
async fn what_was_fetched_before_a_pause_comes_at_once_and_is_not_fetched_again() {
    let (cluster, client) = written(2, 10).await;
    let consumer = consumer(&client, 2)
        .property("max.poll.records", "7")
        .build();
    let consumer = consumer.await.unwrap();
    tokio::time::sleep(secs(1)).await;
    let all = fetched(&consumer);
    assert!(all > 200_000, "{all}");
    let mut counts: BTreeMap<i32, i64> = BTreeMap::new();
    cluster
        .faults()
        .add(Fault::on(ApiKey::Fetch).then(Action::Delay(secs(60))));
    while counts.values().sum::<i64>() < 200 {
        // The other one's turn, or nothing; in the middle of a batch, as often as not.
        for partition in 0..2 {
            consumer.pause(&at(partition)).unwrap();
            let records = poll(&consumer, ms(0)).await.unwrap();
            let others = records.iter().all(|record| record.partition != partition);
            assert!(others && records.len() <= 7);
            for record in records {
                let next = counts.entry(record.partition).or_default();
                assert_eq!(record.offset, *next);
                *next += 1;
            }
            consumer.resume(&at(partition)).unwrap();
            let one = tokio::time::timeout(ms(1), consumer.recv()).await;
            let Ok(Ok(record)) = one else { continue };
            let next = counts.entry(record.partition()).or_default();
            assert_eq!(record.offset(), *next);
            *next += 1;
        }
    }
    assert_eq!(fetched(&consumer), all, "nothing came twice");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_gets_what_was_kept_with_the_resumption() {
    let (cluster, client) = written(1, 1).await;
    let consumer = consumer(&client, 1).build().await.unwrap();
    tokio::time::sleep(secs(1)).await;
    consumer.pause(&at(0)).unwrap();
    cluster
        .faults()
        .add(Fault::on(ApiKey::Fetch).then(Action::Delay(secs(60))));
    let waiting = timed(secs(10), poll(&consumer, secs(9)));
    let resuming = async {
        tokio::time::sleep(secs(3)).await;
        consumer.resume(&at(0)).unwrap();
    };
    let ((records, took), ()) = tokio::join!(waiting, resuming);
    assert_eq!((records.unwrap().len(), took), (10, secs(3)));
}

#[tokio::test(start_paused = true)]
async fn paused_partitions_that_fill_the_buffer_slow_no_other() {
    const PAUSED: i32 = 7;
    let (_cluster, client) = written(PAUSED + 1, 30).await;
    let mut took: Vec<Duration> = Vec::new();
    for pauses in [false, true] {
        let consumer = consumer(&client, PAUSED + 1)
            .property("queued.max.messages.kbytes", "512")
            .property("max.partition.fetch.bytes", "65536")
            .build();
        let consumer = consumer.await.unwrap();
        for partition in 0..PAUSED {
            if !pauses {
                consumer.pause(&at(partition)).unwrap();
            }
        }
        tokio::time::sleep(secs(2)).await;
        for partition in 0..PAUSED {
            consumer.pause(&at(partition)).unwrap();
        }
        let before = consumer.metrics().buffered_bytes;
        assert!(before > if pauses { 400_000 } else { 0 }, "{before}");
        let (records, time) = timed(secs(60), read(&consumer, 300)).await;
        assert!(records.iter().all(|record| record.partition == PAUSED));
        took.push(time);
        assert!(consumer.metrics().buffered_bytes <= 1 << 18);
        for partition in 0..PAUSED {
            consumer.resume(&at(partition)).unwrap();
        }
        let rest = read(&consumer, 300 * 7).await;
        for partition in 0..PAUSED {
            let of = rest.iter().filter(|record| record.partition == partition);
            let offsets: Vec<i64> = of.map(|record| record.offset).collect();
            assert_eq!(offsets, (0..300).collect::<Vec<i64>>());
        }
    }
    assert!(took[1] <= took[0] + ms(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_lets_polls_fetch_what_comes() {
    let (_cluster, client) = written(2, 10).await;
    let consumer = consumer(&client, 2).property("max.partition.fetch.bytes", "10000");
    let consumer = consumer.build().await.unwrap();
    tokio::time::sleep(secs(1)).await;
    // Full, and so held back, with nothing under way.
    let _unread = consumer.partition_stream(&at(0)).unwrap();
    let mut count = 0;
    while count < 100 {
        let records = within(secs(2), poll(&consumer, secs(1))).await.unwrap();
        assert!(!records.is_empty(), "after {count}");
        count += records.len();
    }
}

/// What a partition's stream has left of answers whose rest was polled, in batches that are
/// compressed or not, and one that a poll had begun.
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_slow_keeps_no_room_but_that_of_its_own_records() {
    const ROUNDS: usize = 200;
    for codec in ["none", "lz4"] {
        let cluster = cluster().brokers(1).topic("t", 2).build();
        let client = connect(&cluster).await;
        let producer = client.producer().linger(ms(5));
        let producer = producer.property("compression.type", codec);
        let producer = producer.build().unwrap();
        let consumer = consumer(&client, 2)
            .property("queued.max.messages.kbytes", "256")
            .property("max.partition.fetch.bytes", "65536")
            .property("max.poll.records", "1")
            .build();
        let consumer = consumer.await.unwrap();
        let mut rng = crate::support::Rng::new(3);
        let mut slow = None;
        for round in 0..ROUNDS {
            let few = format!("{round}: {}", "few ".repeat(20));
            for _ in 0..2 {
                drop(producer.enqueue(record(0, few.clone())).await.unwrap());
            }
            for _ in 0..10 {
                let much: String = (0..200)
                    .map(|_| format!("{:05}", rng.below(99_999)))
                    .collect();
                drop(producer.enqueue(record(1, much)).await.unwrap());
            }
            assert!(within(PATIENCE, producer.flush()).await.is_complete());
            if slow.is_none() {
                let first = within(secs(1), read(&consumer, 1)).await.remove(0);
                assert_eq!((first.partition, first.offset), (0, 0));
                slow = Some(consumer.partition_stream(&at(0)).unwrap());
            }
            let all = timed(secs(60), read(&consumer, 10)).await;
            assert!(all.1 < secs(1), "{codec}: {:?} in round {round}", all.1);
        }
        let mut slow = slow.unwrap();
        for offset in 1..2 * ROUNDS {
            let next = within(secs(1), slow.next()).await.unwrap().unwrap();
            assert_eq!(next.offset(), i64::try_from(offset).unwrap(), "{codec}");
            let value = String::from_utf8_lossy(next.value().unwrap());
            assert!(
                value.starts_with(&format!("{}: few", offset / 2)),
                "{value}"
            );
        }
    }
}
