//! A consumer while fetches fail, logs move and users seek: every record once, in order.

use std::time::Duration;

use bytes::Bytes;
use tidewire::mock::{Action, Fault, FaultMatch, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{Client, Consumer, ErrorCode, ErrorKind, StartAt};
use tokio::time::Instant;

use crate::network::{Network, ROTTEN};
use crate::support::{
    PATIENCE, Read, Watchdog, at, client, cluster, connect, consumer, ms, numbers, poll, read,
    record, secs, timed, values, within,
};

fn on_fetch() -> FaultMatch {
    Fault::on(ApiKey::Fetch)
}

/// Writes values to a partition, each in a batch of its own.
async fn write(client: &Client, partition: i32, values: impl IntoIterator<Item = String>) {
    let producer = client.producer().linger(ms(0)).build().unwrap();
    for value in values {
        let sent = producer.send(record(partition, value));
        within(PATIENCE, sent).await.unwrap();
    }
}

async fn written(partitions: i32, count: usize) -> (MockCluster, Client) {
    let cluster = cluster().topic("t", partitions).build();
    let client = connect(&cluster).await;
    for partition in 0..partitions {
        write(&client, partition, numbers(count)).await;
    }
    (cluster, client)
}

fn of(all: &[Read], partition: i32) -> Vec<String> {
    let mine = all.iter().filter(|each| each.partition == partition);
    mine.map(|each| each.value.clone()).collect()
}

/// The next error of a poll, and what came before it.
async fn until_error(consumer: &Consumer) -> (Vec<Read>, tidewire::Error) {
    let mut all = Vec::new();
    loop {
        match within(PATIENCE, poll(consumer, secs(30))).await {
            Ok(records) => all.extend(records),
            Err(error) => return (all, error),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fetch_errors_of_one_partition_pass_and_hold_up_no_other() {
    for code in [
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::UNKNOWN_TOPIC_ID,
        ErrorCode::OFFSET_NOT_AVAILABLE,
        ErrorCode::KAFKA_STORAGE_ERROR,
        ErrorCode::FENCED_LEADER_EPOCH,
        ErrorCode::UNKNOWN_LEADER_EPOCH,
        ErrorCode::REPLICA_NOT_AVAILABLE,
        ErrorCode::UNKNOWN_SERVER_ERROR,
    ] {
        // One broker, so that both partitions are in the same fetches.
        let cluster = cluster().brokers(1).topic("t", 2).build();
        let client = connect(&cluster).await;
        write(&client, 0, numbers(5)).await;
        write(&client, 1, numbers(5)).await;
        let failing = on_fetch().topic("t").partition(0).times(3);
        let failing = cluster.faults().add(failing.then(Action::Error(code)));
        let consumer = consumer(&client, 2).build().await.unwrap();
        let started = Instant::now();
        let first = read(&consumer, 5).await;
        assert_eq!(of(&first, 1), numbers(5), "{code}");
        assert!(
            started.elapsed() < ms(50),
            "{code}: {:?}",
            started.elapsed()
        );
        let rest = within(secs(5), read(&consumer, 5)).await;
        assert_eq!(of(&rest, 0), numbers(5), "{code}");
        assert_eq!(cluster.faults().fired(failing), 3, "{code}");
        assert!(
            cluster.requests(ApiKey::Fetch) < 12,
            "{}",
            cluster.requests(ApiKey::Fetch)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_fails_as_a_whole_is_made_again() {
    for (action, limit) in [
        (Action::Disconnect, secs(2)),
        (Action::ApplyThenDisconnect, secs(2)),
        (Action::CutAt(30), secs(2)),
        (Action::Garbage(Bytes::from_static(&[0x7f; 60])), secs(2)),
        (Action::Raw(Bytes::from_static(&[0xff; 12])), secs(2)),
        (Action::DropRequest, secs(33)),
        (Action::ApplyThenDelay(secs(5)), secs(7)),
    ] {
        let (cluster, client) = written(3, 10).await;
        cluster
            .faults()
            .add(on_fetch().times(3).then(action.clone()));
        let consumer = consumer(&client, 3).build().await.unwrap();
        let all = within(limit, read(&consumer, 30)).await;
        for partition in 0..3 {
            assert_eq!(of(&all, partition), numbers(10), "{action:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_told_and_can_be_repaired() {
    let (cluster, client) = written(2, 5).await;
    let refused = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    let fault = on_fetch()
        .topic("t")
        .partition(0)
        .then(Action::Error(refused));
    let fault = cluster.faults().add(fault);
    let consumer = consumer(&client, 2).build().await.unwrap();
    let (all, error) = until_error(&consumer).await;
    assert_eq!(error.code(), Some(refused), "{error}");
    assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
    let (more, error) = until_error(&consumer).await;
    assert_eq!(error.code(), Some(refused), "said again: {error}");
    assert_eq!(of(&[all, more].concat(), 1), numbers(5));
    cluster.faults().remove(fault);
    let mut rest = Vec::new();
    while rest.len() < 5 {
        rest.extend(
            within(secs(5), poll(&consumer, secs(5)))
                .await
                .unwrap_or_default(),
        );
    }
    assert_eq!(of(&rest, 0), numbers(5));
}

#[tokio::test(start_paused = true)]
async fn case_77_an_offset_out_of_range_obeys_the_policy() {
    for (policy, expected) in [
        ("earliest", Some("40")),
        ("latest", Some("new")),
        ("by_duration:PT1M", Some("45")),
        ("none", None),
    ] {
        let (cluster, client) = written(1, 45).await;
        tokio::time::sleep(secs(120)).await;
        write(&client, 0, (45..50).map(|n| n.to_string())).await;
        cluster.delete_records("t", 0, 40).unwrap();
        let assigned = [(at(0), StartAt::Offset(10))];
        let consumer = client.consumer().assign(assigned);
        let consumer = consumer.property("auto.offset.reset", policy);
        let consumer = consumer.build().await.unwrap();
        tokio::time::sleep(secs(1)).await;
        write(&client, 0, ["new".to_owned()]).await;
        let Some(expected) = expected else {
            let (none, error) = until_error(&consumer).await;
            assert!(none.is_empty());
            assert_eq!(
                error.code(),
                Some(ErrorCode::OFFSET_OUT_OF_RANGE),
                "{error}"
            );
            assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
            assert_eq!(consumer.position(&at(0)).await.unwrap(), 10);
            consumer.seek(&at(0), StartAt::Offset(45)).unwrap();
            let first = within(secs(2), read(&consumer, 6)).await;
            assert_eq!(first[0].offset, 45);
            continue;
        };
        let first = within(secs(2), read(&consumer, 1)).await;
        assert_eq!(first[0].value, expected, "{policy}");
    }
}

/// What was read before the log was cut comes first; asking again meanwhile is paced.
#[tokio::test(start_paused = true)]
async fn case_77_a_log_that_is_cut_under_buffered_records_is_not_asked_in_a_loop() {
    let _watchdog = Watchdog::new("a loop that leaves time no chance to pass");
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let large = |n: usize| format!("{n:03}{}", "x".repeat(600_000));
    write(&client, 0, (0..4).map(large)).await;
    let consumer = consumer(&client, 1)
        .property("auto.offset.reset", "earliest")
        .property("max.partition.fetch.bytes", "700000")
        .property("queued.max.messages.kbytes", "2000");
    let consumer = consumer.build().await.unwrap();
    let slow = cluster
        .faults()
        .add(on_fetch().nth(2).then(Action::Delay(ms(50))));
    tokio::time::sleep(ms(20)).await;
    cluster.delete_records("t", 0, 3).unwrap();
    let before = cluster.requests(ApiKey::Fetch);
    tokio::time::sleep(secs(1)).await;
    let fetches = cluster.requests(ApiKey::Fetch) - before;
    assert!(fetches < 20, "{fetches} fetches in a second");
    assert_eq!(cluster.faults().fired(slow), 1);
    let first = within(secs(1), read(&consumer, 1)).await;
    assert!(
        first[0].value.starts_with("000"),
        "what was read before is handed out"
    );
    let mut offsets: Vec<i64> = first.iter().map(|each| each.offset).collect();
    while offsets.last() != Some(&3) {
        let next = within(secs(5), read(&consumer, 1)).await;
        offsets.extend(next.iter().map(|each| each.offset));
    }
    assert!(offsets.is_sorted(), "{offsets:?}");
}

#[tokio::test(start_paused = true)]
async fn case_78_a_look_up_that_fails_never_resets() {
    for action in [
        Action::Error(ErrorCode::LEADER_NOT_AVAILABLE),
        Action::Error(ErrorCode::OFFSET_NOT_AVAILABLE),
        Action::Error(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        Action::Error(ErrorCode::REQUEST_TIMED_OUT),
        Action::Disconnect,
        Action::DropRequest,
        Action::Garbage(Bytes::from_static(&[0x7f; 60])),
    ] {
        let (cluster, client) = written(1, 10).await;
        let asking = Fault::on(ApiKey::ListOffsets).times(3);
        cluster.faults().add(asking.then(action.clone()));
        let assigned = [(at(0), StartAt::FromEnd(4))];
        let consumer = client.consumer().assign(assigned);
        let consumer = consumer.property("auto.offset.reset", "latest");
        let consumer = consumer.build().await.unwrap();
        let first = async {
            loop {
                // An answer that makes no sense is told.
                match poll(&consumer, secs(1)).await {
                    Ok(records) if records.is_empty() => {}
                    Ok(records) => return records,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Malformed, "{error}"),
                }
            }
        };
        assert_eq!(within(secs(100), first).await[0].offset, 6, "{action:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_78_a_look_up_that_is_forbidden_is_told() {
    let (cluster, client) = written(1, 10).await;
    let refused = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    let asking = Fault::on(ApiKey::ListOffsets).nth(1);
    cluster.faults().add(asking.then(Action::Error(refused)));
    let consumer = consumer(&client, 1).build().await.unwrap();
    let (none, error) = until_error(&consumer).await;
    assert!(none.is_empty());
    assert_eq!(error.code(), Some(refused), "{error}");
    assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
    assert_eq!(within(secs(2), read(&consumer, 10)).await[0].offset, 0);
}

#[tokio::test(start_paused = true)]
async fn case_81_a_leader_that_moves_is_followed_without_loss_or_repeat() {
    for newest in [18, 12] {
        let builder = cluster().topic("t", 1);
        let cluster = builder.api_versions_cap(ApiKey::Fetch, newest).build();
        let client = connect(&cluster).await;
        let consumer = consumer(&client, 1).build().await.unwrap();
        let mut all = Vec::new();
        let mut total = 0;
        for leader in [2, 3, 1, 3] {
            write(&client, 0, (total..total + 5).map(|n| n.to_string())).await;
            all.extend(within(secs(1), read(&consumer, 5)).await);
            cluster.move_leader("t", 0, leader).unwrap();
            write(&client, 0, (total + 5..total + 10).map(|n| n.to_string())).await;
            let (more, took) = timed(secs(2), read(&consumer, 5)).await;
            assert!(took < secs(1), "v{newest}: {took:?}");
            all.extend(more);
            total += 10;
        }
        assert_eq!(of(&all, 0), numbers(total), "v{newest}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_broker_killed_and_back_is_read_on() {
    let cluster = cluster()
        .default_replication_factor(1)
        .topic("t", 3)
        .build();
    let client = connect(&cluster).await;
    let consumer = consumer(&client, 3).build().await.unwrap();
    for partition in 0..3 {
        write(&client, partition, numbers(5)).await;
    }
    let mut all = within(secs(1), read(&consumer, 15)).await;
    cluster.kill_broker(2);
    for partition in [0, 2] {
        write(&client, partition, (5..8).map(|n| n.to_string())).await;
    }
    let (more, took) = timed(secs(2), read(&consumer, 6)).await;
    assert!(took < secs(1), "{took:?}");
    all.extend(more);
    tokio::time::sleep(secs(30)).await;
    cluster.start_broker(2).unwrap();
    write(&client, 1, (5..8).map(|n| n.to_string())).await;
    let (more, took) = timed(secs(5), read(&consumer, 3)).await;
    assert!(took < secs(3), "{took:?}");
    all.extend(more);
    for partition in 0..3 {
        assert_eq!(of(&all, partition), numbers(8));
    }
}

#[tokio::test(start_paused = true)]
async fn case_86_a_seek_wins_over_a_look_up_under_way() {
    let (cluster, client) = written(1, 20).await;
    let slow = Fault::on(ApiKey::ListOffsets).then(Action::Delay(secs(1)));
    cluster.faults().add(slow);
    let consumer = consumer(&client, 1).build().await.unwrap();
    tokio::time::sleep(ms(500)).await;
    consumer.seek(&at(0), StartAt::Offset(7)).unwrap();
    assert_eq!(within(ms(100), read(&consumer, 1)).await[0].offset, 7);
    tokio::time::sleep(secs(2)).await;
    consumer.seek(&at(0), StartAt::End).unwrap();
    tokio::time::sleep(ms(100)).await;
    consumer.seek(&at(0), StartAt::Beginning).unwrap();
    tokio::time::sleep(ms(100)).await;
    consumer.seek(&at(0), StartAt::FromEnd(3)).unwrap();
    let last = within(secs(10), read(&consumer, 3)).await;
    assert_eq!(last[0].offset, 17, "the last seek wins");
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 20);
}

#[tokio::test(start_paused = true)]
async fn case_85_a_seek_or_pause_wins_over_a_fetch_under_way() {
    let (cluster, client) = written(1, 20).await;
    let slow = cluster
        .faults()
        .add(on_fetch().then(Action::ApplyThenDelay(ms(100))));
    let consumer = consumer(&client, 1).build().await.unwrap();
    for (step, offset) in [13, 4, 19, 0, 8].into_iter().enumerate() {
        tokio::time::sleep(ms(30 * u64::try_from(step).unwrap())).await;
        consumer.seek(&at(0), StartAt::Offset(offset)).unwrap();
        let next = within(secs(1), read(&consumer, 1)).await;
        assert_eq!(next[0].offset, offset);
    }
    consumer.seek(&at(0), StartAt::Offset(3)).unwrap();
    tokio::time::sleep(ms(30)).await;
    consumer.pause(&at(0)).unwrap();
    let none = within(secs(3), poll(&consumer, secs(2))).await.unwrap();
    assert!(none.is_empty(), "{none:?}");
    consumer.resume(&at(0)).unwrap();
    cluster.faults().remove(slow);
    assert_eq!(within(secs(1), read(&consumer, 17)).await[0].offset, 3);
}

#[tokio::test(start_paused = true)]
async fn a_paused_partition_delivers_nothing_and_starves_nobody() {
    let cluster = cluster().brokers(1).topic("t", 2).build();
    let client = connect(&cluster).await;
    write(&client, 0, numbers(20)).await;
    let consumer = consumer(&client, 2).build().await.unwrap();
    tokio::time::sleep(ms(50)).await;
    consumer.pause(&at(0)).unwrap();
    for round in 0..10_u32 {
        write(&client, 1, [round.to_string()]).await;
        let (next, took) = timed(secs(1), read(&consumer, 1)).await;
        assert_eq!(
            (next[0].partition, &*next[0].value),
            (1, &*round.to_string())
        );
        assert!(took < ms(20), "{took:?}");
    }
    consumer.resume(&at(0)).unwrap();
    let rest = within(secs(1), read(&consumer, 20)).await;
    assert_eq!(of(&rest, 0), numbers(20));
}

#[tokio::test(start_paused = true)]
async fn case_87_a_flipped_bit_is_told_with_its_place_and_can_be_passed() {
    let cluster = cluster().topic("t", 2).build();
    let writer = connect(&cluster).await;
    let network = Network::of(&cluster);
    let client = client(&cluster).connector(network).connect().await.unwrap();
    write(&writer, 0, numbers(3)).await;
    write(&writer, 0, [ROTTEN.to_owned()]).await;
    write(&writer, 0, numbers(3)).await;
    write(&writer, 1, numbers(10)).await;
    let consumer = consumer(&client, 2).build().await.unwrap();
    let (mut all, error) = until_error(&consumer).await;
    for _ in 0..3 {
        tokio::time::sleep(ms(20)).await;
        let (more, again) = until_error(&consumer).await;
        all.extend(more);
        assert_eq!(again.kind(), ErrorKind::Corrupt, "{again}");
    }
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
    assert!(error.to_string().contains("offset 3"), "{error}");
    assert_eq!(of(&all, 0), numbers(3), "what came before it");
    assert_eq!(of(&all, 1), numbers(10), "the other partition");
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 3);
    consumer.seek(&at(0), StartAt::Offset(4)).unwrap();
    let rest = within(secs(1), read(&consumer, 3)).await;
    assert_eq!(of(&rest, 0), numbers(3));
}

#[tokio::test(start_paused = true)]
async fn a_busy_broker_is_not_held_up_by_an_idle_one() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    let consumer = consumer(&client, 3).property("fetch.max.wait.ms", "5000");
    let consumer = consumer.build().await.unwrap();
    tokio::time::sleep(secs(1)).await;
    let producer = client.producer().linger(ms(0)).build().unwrap();
    within(PATIENCE, producer.send(record(0, "first")))
        .await
        .unwrap();
    read(&consumer, 1).await;
    for n in numbers(50) {
        within(PATIENCE, producer.send(record(0, n.clone())))
            .await
            .unwrap();
        let (next, took) = timed(secs(6), read(&consumer, 1)).await;
        assert_eq!(next[0].value, n);
        assert!(took <= ms(10), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn idle_brokers_leave_a_busy_one_its_share_of_the_budget() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    let large = |n: usize| format!("{n:03}{}", "x".repeat(100_000));
    write(&client, 1, (0..60).map(large)).await;
    let consumer = consumer(&client, 3)
        .property("queued.max.messages.kbytes", "1024")
        .property("fetch.max.wait.ms", "2000");
    let consumer = consumer.build().await.unwrap();
    let (all, took) = timed(secs(200), read(&consumer, 60)).await;
    assert_eq!(of(&all, 1), (0..60).map(large).collect::<Vec<_>>());
    assert!(
        took < ms(200),
        "six times the budget takes no waiting: {took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn max_poll_records_hands_out_everything_in_order_exactly_once() {
    let cluster = cluster().topic("t", 4).build();
    let client = connect(&cluster).await;
    let producer = client.producer().build().unwrap();
    for n in numbers(200) {
        for partition in 0..4 {
            drop(
                producer
                    .enqueue(record(partition, n.clone()))
                    .await
                    .unwrap(),
            );
        }
    }
    within(secs(1), producer.flush())
        .await
        .into_result()
        .unwrap();
    for limit in [1, 3, 7, 64] {
        let consumer = consumer(&client, 4).property("max.poll.records", limit.to_string());
        let consumer = consumer.build().await.unwrap();
        let mut all = Vec::new();
        while all.len() < 800 {
            let next = within(secs(2), poll(&consumer, secs(1))).await.unwrap();
            assert!((1..=limit).contains(&next.len()), "{}", next.len());
            all.extend(next);
        }
        for partition in 0..4 {
            assert_eq!(of(&all, partition), numbers(200), "{limit}");
            let mine = all.iter().filter(|each| each.partition == partition);
            assert!(mine.map(|each| each.offset).eq(0..200));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_place_to_start_from_is_found() {
    let (_cluster, client) = written(1, 10).await;
    tokio::time::sleep(secs(60)).await;
    let now_ms = 1_700_000_000_000 + 30_000;
    write(&client, 0, (10..15).map(|n| n.to_string())).await;
    for (place, first) in [
        (StartAt::Beginning, 0),
        (StartAt::Offset(12), 12),
        (StartAt::FromEnd(4), 11),
        (StartAt::FromEnd(999), 0),
        (StartAt::Timestamp(now_ms), 10),
        (StartAt::Timestamp(0), 0),
        (StartAt::End, 15),
        (StartAt::Timestamp(i64::MAX), 15),
    ] {
        let consumer = client.consumer().assign([(at(0), place)]);
        let consumer = consumer.build().await.unwrap();
        let position = within(secs(1), consumer.position(&at(0))).await.unwrap();
        assert_eq!(position, first, "{place:?}");
        if first < 15 {
            let next = within(secs(1), read(&consumer, 1)).await;
            assert_eq!(next[0].offset, first, "{place:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_consumer_asks_once_per_wait_and_a_poll_ends_in_time() {
    let (cluster, client) = written(3, 1).await;
    let consumer = consumer(&client, 3).build().await.unwrap();
    read(&consumer, 3).await;
    let before = cluster.requests(ApiKey::Fetch);
    let started = Instant::now();
    for limit in [0, 1, 250, 10_000] {
        let (none, took) = timed(ms(limit + 20), poll(&consumer, ms(limit))).await;
        assert!(none.unwrap().is_empty() && took >= ms(limit));
    }
    let fetches = cluster.requests(ApiKey::Fetch) - before;
    let waits = started.elapsed().as_millis().div_ceil(500);
    assert!(
        fetches <= usize::try_from(waits).unwrap() * 3 + 3,
        "{fetches} in {waits} waits"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_topic_is_not_asked_for_in_a_loop() {
    let (cluster, client) = written(1, 3).await;
    let consumer = consumer(&client, 1).build().await.unwrap();
    read(&consumer, 3).await;
    cluster.delete_topic("t").unwrap();
    let before = cluster.history().len();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        // What the consumer says of it is its own business here.
        drop(within(secs(6), poll(&consumer, secs(5))).await);
        let requests = cluster.history().len() - before;
        assert!(
            requests < 400,
            "{requests} requests in {:?}",
            started.elapsed()
        );
    }
    assert!(values(&cluster, 0).is_empty());
}

#[tokio::test(start_paused = true)]
async fn several_stuck_partitions_are_all_told_and_the_others_come_at_full_speed() {
    let cluster = cluster().topic("t", 4).build();
    let writer = connect(&cluster).await;
    let network = Network::of(&cluster);
    let client = client(&cluster).connector(network).connect().await.unwrap();
    for partition in [0, 2] {
        write(&writer, partition, [ROTTEN.to_owned()]).await;
        write(&writer, partition, numbers(3)).await;
    }
    write(&writer, 1, numbers(30)).await;
    write(&writer, 3, numbers(30)).await;
    let consumer = consumer(&client, 4).build().await.unwrap();
    tokio::time::sleep(ms(100)).await;
    let all = within(ms(1), poll(&consumer, secs(1))).await.unwrap();
    assert_eq!(
        (of(&all, 1), of(&all, 3)),
        (numbers(30), numbers(30)),
        "one poll"
    );
    let mut told = Vec::new();
    // At once, again once each was tried again: after a backoff, in its broker's next fetch.
    for limit in [1, 1, 700, 700] {
        let polled = within(ms(limit), poll(&consumer, secs(1)));
        let error = polled.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        told.push(error.partition().unwrap());
    }
    told.sort_unstable();
    assert_eq!(told, [0, 0, 2, 2]);
    // A seek forgets an error that was not told yet.
    for partition in [0, 2] {
        consumer.seek(&at(partition), StartAt::Offset(1)).unwrap();
    }
    let rest = within(secs(1), read(&consumer, 6)).await;
    assert_eq!((of(&rest, 0), of(&rest, 2)), (numbers(3), numbers(3)));
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_was_added_just_now_is_found() {
    let (cluster, client) = written(1, 1).await;
    let consumer = consumer(&client, 1).build().await.unwrap();
    read(&consumer, 1).await;
    cluster.add_partitions("t", 3).unwrap();
    let wanted = [(at(2), StartAt::Beginning)];
    within(secs(1), consumer.assign(wanted)).await.unwrap();
    let wanted = [(at(3), StartAt::Beginning)];
    let error = within(secs(1), consumer.assign(wanted)).await.unwrap_err();
    let expected = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    assert_eq!(error.code(), Some(expected), "{error}");
    assert_eq!(consumer.assignment(), [at(2)], "as it was");
    within(secs(1), consumer.close(secs(1))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_detached_record_is_the_same_record() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = client.producer().build().unwrap();
    let full = record(0, "value").key("key").header("a", "1");
    let full = full.header("a", "").timestamp(5);
    within(PATIENCE, producer.send(full)).await.unwrap();
    let empty = tidewire::Record::to("t").partition(0);
    within(PATIENCE, producer.send(empty)).await.unwrap();
    let consumer = consumer(&client, 1).build().await.unwrap();
    let mut all = Vec::new();
    while all.len() < 2 {
        let records = consumer.poll(secs(5)).await.unwrap();
        for record in &records {
            let detached = record.detach();
            assert!(record.headers().eq(detached.headers()));
            assert_eq!(
                (record.key(), record.value(), record.timestamp()),
                (detached.key(), detached.value(), detached.timestamp())
            );
            all.push(detached);
        }
    }
    let full = &all[0];
    assert_eq!((full.topic(), full.partition(), full.offset()), ("t", 0, 0));
    assert_eq!(
        (full.key(), full.value()),
        (Some(&b"key"[..]), Some(&b"value"[..]))
    );
    let headers: Vec<_> = full.headers().map(|each| each.value()).collect();
    assert_eq!(headers, [Some(&b"1"[..]), Some(&b""[..])]);
    assert_eq!((all[1].offset(), all[1].value()), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_only_talks_nonsense_is_told() {
    for action in [
        Action::Garbage(Bytes::from_static(&[0x7f; 60])),
        Action::Raw(Bytes::from_static(&[0xff; 12])),
    ] {
        let (cluster, client) = written(1, 3).await;
        let nonsense = cluster.faults().add(on_fetch().then(action.clone()));
        let consumer = consumer(&client, 1).build().await.unwrap();
        let (none, error) = within(secs(5), until_error(&consumer)).await;
        assert!(none.is_empty(), "{action:?}");
        assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
        cluster.faults().remove(nonsense);
        let mut all = Vec::new();
        while all.len() < 3 {
            // What was found out before may be told once more.
            let polled = within(secs(5), poll(&consumer, secs(2))).await;
            all.extend(polled.unwrap_or_default());
        }
        assert_eq!(of(&all, 0), numbers(3), "{action:?}");
    }
}
