//! A batch that is larger than `receive.message.max.bytes`.

use futures::StreamExt;
use tidewire::mock::{Action, Fault};
use tidewire::protocol::ApiKey;
use tidewire::{Consumer, Error, ErrorKind, PartitionStatus, StartAt};

use crate::support::{
    PATIENCE, Read, at, client, cluster, connect, consumer, ms, poll, read, record, secs, within,
};

const PARTITIONS: i32 = 12;
const CULPRIT: i32 = 7;

/// Polls until so many records have come; them, and the errors in between.
async fn all(consumer: &Consumer, count: usize) -> (Vec<Read>, Vec<Error>) {
    let (mut records, mut errors) = (Vec::new(), Vec::new());
    while records.len() < count || errors.is_empty() {
        match within(secs(10), poll(consumer, secs(9))).await {
            Ok(more) => records.extend(more),
            Err(error) => errors.push(error),
        }
    }
    (records, errors)
}

#[tokio::test(start_paused = true)]
async fn case_91_a_batch_beyond_the_frame_limit_is_told_and_the_other_partitions_go_on() {
    let cluster = cluster().brokers(1).topic("t", PARTITIONS).build();
    let writer = connect(&cluster).await;
    let producer = writer.producer().linger(ms(0)).build().unwrap();
    for partition in 0..PARTITIONS {
        let large = if partition == CULPRIT { 200_000 } else { 100 };
        for size in [100, 100, large, 100, 100] {
            let sent = producer.send(record(partition, "x".repeat(size)));
            within(PATIENCE, sent).await.unwrap();
        }
    }
    let client = client(&cluster).property("receive.message.max.bytes", "100000");
    let client = client.connect().await.unwrap();
    let builder = consumer(&client, PARTITIONS);
    let builder = builder.property("fetch.max.bytes", "90000");
    let builder = builder.property("max.partition.fetch.bytes", "80000");
    let consumer = builder.build().await.unwrap();
    let count = usize::try_from(PARTITIONS).unwrap() * 5;
    let (records, errors) = all(&consumer, count - 3).await;
    assert_eq!((records.len(), errors.len()), (count - 3, 1), "{errors:?}");
    let error = &errors[0];
    assert_eq!(error.kind(), ErrorKind::Config);
    let place = (error.topic(), error.partition());
    assert_eq!(place, (Some("t"), Some(CULPRIT)));
    let words = error.to_string();
    for part in ["offset 2 ", " 200", "receive.message.max.bytes=100000"] {
        assert!(words.contains(part), "{words}");
    }

    let fetches = consumer.metrics().failed_fetches;
    for round in 0..10 {
        let others = (0..PARTITIONS).filter(|n| *n != CULPRIT);
        for partition in others {
            let sent = producer.send(record(partition, round.to_string()));
            within(PATIENCE, sent).await.unwrap();
        }
        let next = within(secs(1), read(&consumer, 11)).await;
        assert!(next.iter().all(|record| record.partition != CULPRIT));
        tokio::time::sleep(secs(60)).await;
    }
    assert_eq!(consumer.metrics().failed_fetches, fetches, "no hot loop");
    let status = consumer.explain(&at(CULPRIT)).unwrap();
    assert!(matches!(status, PartitionStatus::Blocked(_)), "{status}");

    // Nobody is told again before the place changes, be it by the same name.
    let quiet = within(secs(9), poll(&consumer, secs(5))).await.unwrap();
    assert!(quiet.is_empty());
    consumer.seek(&at(CULPRIT), StartAt::Offset(2)).unwrap();
    let told = within(secs(9), consumer.recv()).await.unwrap_err();
    assert_eq!(told.partition(), Some(CULPRIT));
    consumer.seek(&at(CULPRIT), StartAt::Offset(3)).unwrap();
    let rest = within(secs(9), read(&consumer, 2)).await;
    let rest: Vec<i64> = rest.iter().map(|record| record.offset).collect();
    assert_eq!(rest, [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn case_91_the_stream_of_the_partition_tells_it_too() {
    let cluster = cluster().brokers(1).topic("t", 1).build();
    let writer = connect(&cluster).await;
    let producer = writer.producer().build().unwrap();
    let sent = producer.send(record(0, "x".repeat(200_000)));
    within(PATIENCE, sent).await.unwrap();
    let client = client(&cluster).property("receive.message.max.bytes", "100000");
    let client = client.connect().await.unwrap();
    let builder = consumer(&client, 1).property("fetch.max.bytes", "90000");
    let consumer = builder.build().await.unwrap();
    let slow = Fault::on(ApiKey::Fetch).then(Action::Delay(ms(20)));
    cluster.faults().add(slow);
    let mut stream = consumer.partition_stream(&at(0)).unwrap();
    let error = within(secs(5), stream.next()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let none = tokio::time::timeout(secs(60), stream.next()).await;
    assert!(none.is_err(), "it is told once");
}

#[tokio::test(start_paused = true)]
async fn case_82_what_comes_where_a_log_was_cut_below_a_batch_beyond_the_frame_limit_is_read() {
    let cluster = cluster().topic("t", 1).build();
    let writer = connect(&cluster).await;
    let producer = writer.producer().linger(ms(0)).build().unwrap();
    for size in [100, 100, 200_000] {
        let sent = producer.send(record(0, "x".repeat(size)));
        within(PATIENCE, sent).await.unwrap();
    }
    let client = client(&cluster).property("receive.message.max.bytes", "100000");
    let client = client.connect().await.unwrap();
    let builder = consumer(&client, 1).property("fetch.max.bytes", "90000");
    let consumer = builder.build().await.unwrap();
    let (records, errors) = all(&consumer, 2).await;
    assert_eq!((records.len(), errors[0].kind()), (2, ErrorKind::Config));

    // A clean change of leaders leaves the batch where it is.
    let asked = || cluster.requests(ApiKey::OffsetForLeaderEpoch);
    cluster.move_leader("t", 0, 2).unwrap();
    let quiet = within(secs(601), poll(&consumer, secs(600))).await.unwrap();
    assert!(quiet.is_empty());
    let status = consumer.explain(&at(0)).unwrap();
    assert!(matches!(status, PartitionStatus::Blocked(_)), "{status}");
    assert_eq!(asked(), 1, "the new leader, once");

    cluster.lose_log_end("t", 0, 1, 3).unwrap();
    // What the old one has written is lost in part.
    let producer = writer.producer().linger(ms(0)).build().unwrap();
    for n in 1..=3 {
        let sent = producer.send(record(0, n.to_string()));
        within(PATIENCE, sent).await.unwrap();
    }
    let all = within(secs(600), read(&consumer, 3)).await;
    let all: Vec<(i64, &str)> = all.iter().map(|it| (it.offset, &*it.value)).collect();
    assert_eq!(all, [(1, "1"), (2, "2"), (3, "3")]);
}
