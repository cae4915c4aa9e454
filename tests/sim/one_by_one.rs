//! Records one by one, by `recv` and by streams, while polls, seeks and pauses come in between.

use std::sync::{Arc, Mutex};

use futures::StreamExt;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{
    Client, Consumer, ConsumerInterceptor, ConsumerRecord, DetachedRecord, ErrorCode, ErrorKind,
    PartitionStatus, StartAt,
};

use crate::support::{
    PATIENCE, at, cluster, connect, consumer, ms, numbers, poll, read, record, secs, within,
};

/// Writes values to a partition, all in one batch.
async fn write(client: &Client, partition: i32, values: Vec<String>) {
    let producer = client.producer().linger(ms(50)).build().unwrap();
    for value in values {
        drop(producer.enqueue(record(partition, value)).await.unwrap());
    }
    assert!(within(PATIENCE, producer.flush()).await.is_complete());
}

async fn written(partitions: i32, count: usize) -> (MockCluster, Client) {
    let cluster = cluster().brokers(1).topic("t", partitions).build();
    let client = connect(&cluster).await;
    for partition in 0..partitions {
        write(&client, partition, numbers(count)).await;
    }
    (cluster, client)
}

fn value(record: &DetachedRecord) -> String {
    String::from_utf8(record.value().unwrap().to_vec()).unwrap()
}

async fn recv(consumer: &Consumer) -> DetachedRecord {
    within(secs(5), consumer.recv()).await.unwrap()
}

async fn offsets(consumer: &Consumer, count: usize) -> Vec<i64> {
    let mut all = Vec::new();
    while all.len() < count {
        all.push(recv(consumer).await.offset());
    }
    all
}

#[tokio::test(start_paused = true)]
async fn recv_and_poll_go_on_where_the_other_has_got_to() {
    let (_cluster, client) = written(1, 20).await;
    let consumer = consumer(&client, 1).build().await.unwrap();
    assert_eq!(offsets(&consumer, 3).await, [0, 1, 2]);
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 3);
    let rest = within(secs(1), poll(&consumer, secs(1))).await.unwrap();
    assert_eq!((rest[0].offset, rest.len()), (3, 17));
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 20);
    write(&client, 0, numbers(4)).await;
    assert_eq!(offsets(&consumer, 4).await, [20, 21, 22, 23]);
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 24);
}

#[tokio::test(start_paused = true)]
async fn a_poll_may_take_a_part_of_what_recv_left() {
    let (_cluster, client) = written(1, 20).await;
    let consumer = consumer(&client, 1).property("max.poll.records", "5");
    let consumer = consumer.build().await.unwrap();
    let mut all = Vec::new();
    while all.len() < 20 {
        all.extend(offsets(&consumer, 1).await);
        let some = within(secs(1), poll(&consumer, ms(1))).await.unwrap();
        assert!(some.len() <= 5);
        all.extend(some.iter().map(|each| each.offset));
        let position = i64::try_from(all.len()).unwrap();
        assert_eq!(consumer.position(&at(0)).await.unwrap(), position);
    }
    assert_eq!(all, (0..20).collect::<Vec<i64>>());
}

#[tokio::test(start_paused = true)]
async fn a_seek_a_pause_or_an_assignment_in_the_middle_of_a_batch_wins() {
    let (_cluster, client) = written(2, 20).await;
    let consumer = consumer(&client, 1).build().await.unwrap();
    offsets(&consumer, 3).await;
    consumer.seek(&at(0), StartAt::Offset(12)).unwrap();
    assert_eq!(offsets(&consumer, 2).await, [12, 13]);
    consumer.pause(&at(0)).unwrap();
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 14);
    let none = tokio::time::timeout(secs(2), consumer.recv()).await;
    assert!(none.is_err(), "it is paused");
    consumer.resume(&at(0)).unwrap();
    assert_eq!(
        offsets(&consumer, 2).await,
        [14, 15],
        "neither lost nor twice"
    );
    consumer
        .assign([(at(1), StartAt::Offset(5))])
        .await
        .unwrap();
    let next = recv(&consumer).await;
    assert_eq!((next.partition(), next.offset()), (1, 5));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_a_partition_begins_where_recv_has_got_to() {
    let (_cluster, client) = written(1, 20).await;
    let consumer = consumer(&client, 1).build().await.unwrap();
    assert_eq!(offsets(&consumer, 3).await, [0, 1, 2]);
    let mut stream = consumer.partition_stream(&at(0)).unwrap();
    let none = tokio::time::timeout(secs(2), consumer.recv()).await;
    assert!(none.is_err(), "it is the stream's");
    for offset in 3..20 {
        let record = within(secs(1), stream.next()).await.unwrap().unwrap();
        assert_eq!(record.offset(), offset);
    }
}

#[tokio::test(start_paused = true)]
async fn case_126_a_recv_dropped_at_any_moment_loses_nothing() {
    let (cluster, client) = written(2, 30).await;
    let slow = Fault::on(ApiKey::Fetch).then(Action::Delay(ms(7)));
    cluster.faults().add(slow);
    let consumer = consumer(&client, 2).build().await.unwrap();
    let (mut all, mut wait) = (Vec::new(), 0);
    while all.len() < 60 {
        wait = (wait + 1) % 5;
        // Time passes in steps of a millisecond, so that the wait ends anywhere in between.
        if let Ok(next) = tokio::time::timeout(ms(wait), consumer.recv()).await {
            let next = next.unwrap();
            all.push((next.partition(), next.offset()));
        }
    }
    all.sort_unstable();
    let expected: Vec<(i32, i64)> = (0..2).flat_map(|p| (0..30).map(move |o| (p, o))).collect();
    assert_eq!(all, expected);
}

#[tokio::test(start_paused = true)]
async fn a_stream_yields_every_record_and_goes_on_after_an_error() {
    let (cluster, client) = written(2, 10).await;
    let refused = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    let failing = Fault::on(ApiKey::Fetch).topic("t").partition(1).times(1);
    cluster.faults().add(failing.then(Action::Error(refused)));
    let consumer = consumer(&client, 2).build().await.unwrap();
    let mut records = consumer.stream();
    let (mut values, mut errors) = ([const { Vec::new() }; 2], 0);
    while values.iter().map(Vec::len).sum::<usize>() < 20 {
        match within(secs(5), records.next()).await.unwrap() {
            Ok(next) => values[usize::try_from(next.partition()).unwrap()].push(value(&next)),
            Err(error) => {
                assert_eq!(error.code(), Some(refused));
                errors += 1;
            }
        }
    }
    assert_eq!((values, errors), ([numbers(10), numbers(10)], 1));
}

#[tokio::test(start_paused = true)]
async fn a_partition_stream_is_not_slowed_by_one_that_nobody_reads() {
    let (_cluster, client) = written(2, 1).await;
    let consumer = consumer(&client, 2);
    let consumer = consumer.property("max.partition.fetch.bytes", "1000");
    let consumer = consumer.build().await.unwrap();
    let mut zero = consumer.partition_stream(&at(0)).unwrap();
    let mut one = consumer.partition_stream(&at(1)).unwrap();
    assert_eq!(one.partition(), &at(1));
    // More than is fetched ahead of a partition that nobody reads.
    for _ in 0..5 {
        write(&client, 1, vec!["x".repeat(900)]).await;
    }
    tokio::time::sleep(secs(2)).await;
    let none = within(secs(1), poll(&consumer, ms(100))).await.unwrap();
    assert!(none.is_empty(), "the streams have them all");
    for n in 0..20 {
        if n > 0 {
            write(&client, 0, vec![n.to_string()]).await;
        }
        let next = within(ms(210), zero.next()).await.unwrap().unwrap();
        assert_eq!(value(&next), n.to_string());
    }
    for offset in 0..6 {
        let next = within(secs(1), one.next()).await.unwrap().unwrap();
        assert_eq!((next.partition(), next.offset()), (1, offset));
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_stream_gives_its_partition_back_and_ends_with_the_assignment() {
    let (_cluster, client) = written(2, 10).await;
    let consumer = consumer(&client, 2).build().await.unwrap();
    let mut stream = consumer.partition_stream(&at(1)).unwrap();
    let twice = consumer.partition_stream(&at(1)).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::InvalidInput, "{twice}");
    let other = consumer.partition_stream(&at(7)).unwrap_err();
    assert_eq!(other.kind(), ErrorKind::InvalidInput, "{other}");
    let polled = within(secs(1), read(&consumer, 10)).await;
    assert!(polled.iter().all(|each| each.partition == 0));
    for offset in 0..4 {
        let next = within(secs(1), stream.next()).await.unwrap().unwrap();
        assert_eq!(next.offset(), offset);
    }
    drop(stream);
    let rest = within(secs(1), read(&consumer, 6)).await;
    assert_eq!((rest[0].partition, rest[0].offset), (1, 4));

    let mut stream = consumer.partition_stream(&at(1)).unwrap();
    consumer.assign([(at(0), StartAt::End)]).await.unwrap();
    assert!(
        within(secs(1), stream.next()).await.is_none(),
        "not assigned"
    );
    let mut stream = consumer.partition_stream(&at(0)).unwrap();
    let ended = tokio::spawn(async move { stream.next().await.is_none() });
    tokio::time::sleep(ms(10)).await;
    drop(consumer);
    assert!(
        within(secs(1), ended).await.unwrap(),
        "the consumer is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_partition_is_told_each_time_it_is_reached() {
    let (_cluster, client) = written(2, 3).await;
    let consumer = consumer(&client, 2).property("enable.partition.eof", "true");
    let consumer = consumer.build().await.unwrap();
    let mut told = Vec::new();
    let mut count = 0;
    while told.len() < 2 {
        let records = within(secs(1), consumer.poll(secs(5))).await.unwrap();
        count += records.len();
        told.extend(records.ends().to_vec());
    }
    told.sort();
    assert_eq!((told, count), (vec![(at(0), 3), (at(1), 3)], 6));
    let none = within(secs(4), consumer.poll(secs(3))).await.unwrap();
    assert!(none.is_empty() && none.ends().is_empty(), "once");
    write(&client, 1, numbers(1)).await;
    let mut told = Vec::new();
    while told.is_empty() {
        let records = within(secs(1), consumer.poll(secs(5))).await.unwrap();
        told.extend(records.ends().to_vec());
    }
    assert_eq!(told, [(at(1), 4)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_partition_waits_for_is_explained() {
    let (cluster, client) = written(2, 10).await;
    let refused = ErrorCode::KAFKA_STORAGE_ERROR;
    let consumer = consumer(&client, 2).build().await.unwrap();
    tokio::time::sleep(ms(100)).await;
    let explain = |partition| consumer.explain(&at(partition)).unwrap();
    assert!(matches!(
        explain(0),
        PartitionStatus::Ready { bytes: 100.. }
    ));
    within(secs(1), read(&consumer, 20)).await;
    tokio::time::sleep(ms(100)).await;
    let status = explain(0);
    assert!(
        matches!(status, PartitionStatus::Fetching { at_end: true, .. }),
        "{status}"
    );
    consumer.pause(&at(1)).unwrap();
    assert!(matches!(explain(1), PartitionStatus::Paused));
    let failing = Fault::on(ApiKey::Fetch).topic("t").partition(0);
    cluster.faults().add(failing.then(Action::Error(refused)));
    tokio::time::sleep(secs(2)).await;
    let PartitionStatus::BackingOff { error, .. } = explain(0) else {
        panic!("{}", explain(0));
    };
    assert_eq!(error.code(), Some(refused));
    consumer.resume(&at(1)).unwrap();
    cluster.kill_broker(1);
    tokio::time::sleep(secs(5)).await;
    for partition in 0..2 {
        let status = explain(partition);
        let broker = matches!(
            status,
            PartitionStatus::BrokerBackingOff { broker, .. }
            | PartitionStatus::Fetching { broker, .. } if broker.0 == 1
        );
        assert!(broker, "{partition}: {status}");
    }
    let error = consumer.explain(&at(9)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test(start_paused = true)]
async fn lag_and_metrics_follow_what_is_handed_out() {
    let (_cluster, client) = written(1, 10).await;
    let consumer = consumer(&client, 1).build().await.unwrap();
    tokio::time::sleep(ms(100)).await;
    assert_eq!(consumer.lag(&at(0)), Some(10));
    assert!(consumer.metrics().buffered_bytes > 0);
    offsets(&consumer, 4).await;
    assert_eq!(consumer.lag(&at(0)), Some(6));
    within(secs(1), read(&consumer, 6)).await;
    let metrics = consumer.metrics();
    assert_eq!((metrics.records, metrics.failed_fetches), (10, 0));
    assert_eq!((metrics.buffered_bytes, consumer.lag(&at(0))), (0, Some(0)));
    assert!(metrics.fetches >= 1 && metrics.fetched_bytes > 100);
    let partition = metrics.partitions[&at(0)];
    assert_eq!((partition.position, partition.end), (Some(10), Some(10)));
    assert_eq!(consumer.lag(&at(5)), None);
}

/// Counts, and panics at every third record.
#[derive(Debug, Default)]
struct Counting(Mutex<Vec<i64>>);

impl ConsumerInterceptor for Counting {
    fn on_consume(&self, record: &ConsumerRecord<'_>) {
        self.0.lock().unwrap().push(record.offset());
        assert!(record.offset() % 3 != 2, "a bug in the interceptor");
    }
}

#[tokio::test(start_paused = true)]
async fn case_130_an_interceptor_sees_every_record_once_and_may_panic() {
    let (_cluster, client) = written(1, 10).await;
    let seen = Arc::new(Counting::default());
    let consumer = consumer(&client, 1);
    let consumer = consumer.interceptor(Arc::<Counting>::clone(&seen));
    let consumer = consumer.build().await.unwrap();
    offsets(&consumer, 2).await;
    within(secs(1), read(&consumer, 8)).await;
    assert_eq!(*seen.0.lock().unwrap(), (0..10).collect::<Vec<i64>>());
}

#[tokio::test(start_paused = true)]
async fn seeks_to_both_ends_and_to_times_move_all_or_some() {
    let (_cluster, client) = written(2, 10).await;
    tokio::time::sleep(secs(60)).await;
    write(&client, 0, numbers(2)).await;
    let consumer = consumer(&client, 2).build().await.unwrap();
    consumer.seek_to_end(&[]).unwrap();
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 12);
    assert_eq!(consumer.position(&at(1)).await.unwrap(), 10);
    consumer.seek_to_beginning(&[at(1)]).unwrap();
    assert_eq!(consumer.position(&at(1)).await.unwrap(), 0);
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 12);
    let minute = 1_700_000_000_000 + 30_000;
    consumer.seek_to_timestamp(&[], minute).unwrap();
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 10);
    assert_eq!(
        consumer.position(&at(1)).await.unwrap(),
        10,
        "none is later"
    );
    assert!(consumer.seek_to_end(&[at(4)]).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_does_not_slow_what_polls_hand_out() {
    let (_cluster, client) = written(2, 1).await;
    let consumer = consumer(&client, 2);
    let consumer = consumer.property("max.partition.fetch.bytes", "1000");
    let consumer = consumer.build().await.unwrap();
    let unread = consumer.partition_stream(&at(1)).unwrap();
    // More than is fetched ahead of a partition that nobody reads.
    for _ in 0..5 {
        write(&client, 1, vec!["x".repeat(900)]).await;
    }
    tokio::time::sleep(secs(2)).await;
    for n in 0..20 {
        if n > 0 {
            write(&client, 0, vec![n.to_string()]).await;
        }
        let next = within(ms(210), consumer.recv()).await.unwrap();
        assert_eq!(value(&next), n.to_string());
    }
    drop(unread);
}

/// A stream of a partition that was taken away and given back since it was asked last.
async fn stale(client: &Client) -> (Consumer, tidewire::PartitionStream) {
    let consumer = consumer(client, 1).build().await.unwrap();
    let mut stream = consumer.partition_stream(&at(0)).unwrap();
    for offset in 0..3 {
        let next = within(secs(1), stream.next()).await.unwrap().unwrap();
        assert_eq!(next.offset(), offset);
    }
    consumer.assign([]).await.unwrap();
    let again = [(at(0), StartAt::Beginning)];
    consumer.assign(again).await.unwrap();
    tokio::time::sleep(secs(1)).await;
    (consumer, stream)
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_an_earlier_assignment_is_over_and_takes_nothing_from_polls() {
    let (_cluster, client) = written(1, 10).await;
    let (consumer, mut old) = stale(&client).await;
    let next = within(secs(1), old.next()).await;
    assert!(next.is_none(), "{next:?}");
    drop(old);
    assert_eq!(offsets(&consumer, 10).await, (0..10).collect::<Vec<i64>>());
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_an_earlier_assignment_takes_nothing_from_the_next_one() {
    let (_cluster, client) = written(1, 10).await;
    write(&client, 0, numbers(10)).await;
    let (consumer, mut old) = stale(&client).await;
    let mut new = consumer.partition_stream(&at(0)).unwrap();
    for offset in 0..20 {
        let next = within(secs(1), new.next()).await.unwrap().unwrap();
        assert_eq!(next.offset(), offset);
        if offset == 4 {
            let next = within(secs(1), old.next()).await;
            assert!(next.is_none(), "{next:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_an_earlier_assignment_confirms_nothing_of_the_present_one() {
    let (_cluster, client) = written(1, 10).await;
    let consumer = client.consumer().group("g").subscribe(["t"]);
    let consumer = consumer
        .property("auto.offset.reset", "earliest")
        .property("auto.commit.interval.ms", "100");
    let consumer = consumer.build().await.unwrap();
    assert_eq!(read(&consumer, 10).await.len(), 10);
    let mut old = consumer.partition_stream(&at(0)).unwrap();
    consumer.unsubscribe().unwrap();
    consumer.subscribe(["t"]).unwrap();
    assert_eq!(read(&consumer, 10).await.len(), 10);
    let committed = consumer.committed([at(0)]).await.unwrap();
    let next = within(secs(1), old.next()).await;
    assert!(next.is_none(), "{next:?}");
    tokio::time::sleep(secs(5)).await;
    let later = consumer.committed([at(0)]).await.unwrap();
    assert_eq!(later, committed);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_once_with_the_consumer() {
    let (_cluster, client) = written(1, 10).await;
    let consumer = consumer(&client, 1).build().await.unwrap();
    let mut stream = consumer.partition_stream(&at(0)).unwrap();
    assert!(within(secs(1), stream.next()).await.is_some());
    drop(consumer);
    let next = within(secs(1), stream.next()).await;
    assert!(next.is_none(), "{next:?}");
}
