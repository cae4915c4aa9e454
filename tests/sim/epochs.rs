//! Logs that lose their end, leaders that change, and replicas closer than the leader: what was
//! read is checked against leader epochs (KIP-320), and followers are read from (KIP-392).

use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{Client, Consumer, ErrorCode, ErrorKind, LeaderEpoch, StartAt};

use crate::support::{
    PATIENCE, Read, at, cluster, connect, consumer, ms, poll, read, record, secs, within,
};

const ASKED: ApiKey = ApiKey::OffsetForLeaderEpoch;

async fn write(client: &Client, values: impl IntoIterator<Item = String>) {
    let producer = client.producer().linger(ms(0)).build().unwrap();
    for value in values {
        within(PATIENCE, producer.send(record(0, value)))
            .await
            .unwrap();
    }
}

fn words(word: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{word}{n}")).collect()
}

fn values(all: &[Read]) -> Vec<String> {
    all.iter().map(|each| each.value.clone()).collect()
}

/// A cluster, and a consumer that has read ten records, each a batch of its own.
async fn ten_read(policy: &str) -> (MockCluster, Client, Consumer) {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    write(&client, words("old", 10)).await;
    let consumer = consumer(&client, 1).property("auto.offset.reset", policy);
    let consumer = consumer.build().await.unwrap();
    let all = within(secs(1), read(&consumer, 10)).await;
    assert_eq!(values(&all), words("old", 10));
    (cluster, client, consumer)
}

#[tokio::test(start_paused = true)]
async fn case_82_a_log_that_lost_its_end_is_gone_back_to_and_nothing_is_skipped() {
    // Whether the new log is shorter than what was read, or has grown beyond it meanwhile.
    for fresh in [2, 8] {
        let (cluster, client, consumer) = ten_read("latest").await;
        let asked = cluster.requests(ASKED);
        cluster.lose_log_end("t", 0, 6, 2).unwrap();
        write(&client, words("new", fresh)).await;
        let all = within(secs(3), read(&consumer, fresh)).await;
        assert_eq!(values(&all), words("new", fresh));
        assert_eq!(all[0].offset, 6);
        assert!(cluster.requests(ASKED) > asked);
    }
}

#[tokio::test(start_paused = true)]
async fn case_82_without_a_policy_a_lost_end_is_told_until_a_seek() {
    let (cluster, client, consumer) = ten_read("none").await;
    cluster.lose_log_end("t", 0, 6, 2).unwrap();
    write(&client, words("new", 8)).await;
    for _ in 0..2 {
        let error = loop {
            match within(secs(5), poll(&consumer, secs(5))).await {
                Ok(records) => assert!(records.is_empty(), "{records:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::LogTruncation, "{error}");
        assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
        assert!(error.to_string().contains("offset 6"), "{error}");
    }
    assert_eq!(consumer.position(&at(0)).await.unwrap(), 10);
    consumer.seek(&at(0), StartAt::Offset(6)).unwrap();
    let all = within(secs(3), read(&consumer, 8)).await;
    assert_eq!(values(&all), words("new", 8));
}

#[tokio::test(start_paused = true)]
async fn case_81_a_clean_change_of_leader_is_checked_and_loses_nothing() {
    for newest in [18, 12, 8] {
        let builder = cluster().topic("t", 1);
        let cluster = builder.api_versions_cap(ApiKey::Fetch, newest).build();
        let client = connect(&cluster).await;
        let consumer = consumer(&client, 1).build().await.unwrap();
        let mut all = Vec::new();
        for (round, leader) in [2, 3, 1, 2].into_iter().enumerate() {
            write(&client, words(&round.to_string(), 3)).await;
            all.extend(values(&within(secs(2), read(&consumer, 3)).await));
            cluster.move_leader("t", 0, leader).unwrap();
        }
        let expected: Vec<String> = (0..4).flat_map(|n| words(&n.to_string(), 3)).collect();
        assert_eq!(all, expected, "v{newest}");
        assert!(
            cluster.requests(ASKED) <= 8,
            "{} asked",
            cluster.requests(ASKED)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn case_83_a_leader_that_cannot_say_is_read_from_all_the_same() {
    for code in [
        ErrorCode::UNSUPPORTED_VERSION,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
    ] {
        let (cluster, client, consumer) = ten_read("none").await;
        cluster
            .faults()
            .add(Fault::on(ASKED).then(Action::Error(code)));
        cluster.move_leader("t", 0, 2).unwrap();
        write(&client, words("new", 3)).await;
        let all = within(secs(3), read(&consumer, 3)).await;
        assert_eq!(values(&all), words("new", 3), "{code}");
        assert!(cluster.requests(ASKED) <= 2, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_84_leaders_that_change_during_the_check_are_asked_once_each() {
    let (cluster, client, consumer) = ten_read("none").await;
    let slow = Fault::on(ASKED).then(Action::Delay(ms(300)));
    cluster.faults().add(slow);
    for leader in [2, 3, 1] {
        cluster.move_leader("t", 0, leader).unwrap();
        tokio::time::sleep(ms(200)).await;
    }
    write(&client, words("new", 3)).await;
    let all = within(secs(5), read(&consumer, 3)).await;
    assert_eq!(values(&all), words("new", 3));
    tokio::time::sleep(secs(5)).await;
    let asked = cluster.requests(ASKED);
    assert!((1..=6).contains(&asked), "{asked} asked");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_for_now_is_made_again_and_a_seek_ends_it() {
    let (cluster, client, consumer) = ten_read("none").await;
    let code = ErrorCode::UNKNOWN_LEADER_EPOCH;
    let failing = Fault::on(ASKED).then(Action::Error(code));
    let failing = cluster.faults().add(failing);
    cluster.move_leader("t", 0, 2).unwrap();
    write(&client, words("new", 3)).await;
    let none = within(secs(4), poll(&consumer, secs(3))).await.unwrap();
    assert!(none.is_empty(), "{none:?}");
    assert!(cluster.requests(ASKED) < 12, "at the pace of the backoff");
    cluster.faults().remove(failing);
    let all = within(secs(3), read(&consumer, 3)).await;
    assert_eq!(values(&all), words("new", 3));
}

#[tokio::test(start_paused = true)]
async fn a_stored_place_is_checked_before_anything_is_read() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    write(&client, words("old", 10)).await;
    let first = consumer(&client, 1).build().await.unwrap();
    let records = within(secs(1), first.poll(secs(1))).await.unwrap();
    let last = records.iter().last().unwrap();
    let stored = StartAt::OffsetInEpoch(last.offset() + 1, last.leader_epoch());
    assert!(last.leader_epoch() > LeaderEpoch::NONE);
    cluster.lose_log_end("t", 0, 4, 3).unwrap();
    write(&client, words("new", 12)).await;
    let next = client.consumer().assign([(at(0), stored)]).build();
    let next = next.await.unwrap();
    let all = within(secs(3), read(&next, 12)).await;
    assert_eq!((all[0].offset, values(&all)), (4, words("new", 12)));
}

/// A cluster whose brokers 1, 2 and 3 are in racks of their own and that knows KIP-392.
fn racks() -> MockCluster {
    let cluster = cluster().rack_aware_reads(true).topic("t", 1).build();
    for id in 1..=3 {
        cluster.set_rack(id, Some(&format!("rack-{id}")));
    }
    cluster.move_leader("t", 0, 1).unwrap();
    cluster
}

/// How many fetches a broker was asked for.
fn fetches(cluster: &MockCluster, broker: i32) -> usize {
    let asked = |seen: &tidewire::mock::RequestSeen| {
        seen.api == Some(ApiKey::Fetch) && seen.broker.0 == broker
    };
    cluster.history().iter().filter(|seen| asked(seen)).count()
}

async fn in_rack_three(client: &Client) -> Consumer {
    let consumer = consumer(client, 1).property("client.rack", "rack-3");
    consumer.build().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_replica_in_the_consumers_rack_is_read_from() {
    let cluster = racks();
    let client = connect(&cluster).await;
    write(&client, words("a", 5)).await;
    let consumer = in_rack_three(&client).await;
    assert_eq!(
        values(&within(secs(2), read(&consumer, 5)).await),
        words("a", 5)
    );
    let before = fetches(&cluster, 1);
    write(&client, words("b", 5)).await;
    assert_eq!(
        values(&within(secs(2), read(&consumer, 5)).await),
        words("b", 5)
    );
    assert_eq!(fetches(&cluster, 1), before, "the leader is left alone");
    assert!(fetches(&cluster, 3) > 0);
    // After `metadata.max.age.ms` the leader is asked whether that is still the closest.
    tokio::time::sleep(secs(301)).await;
    assert_eq!(fetches(&cluster, 1), before + 1);
}

#[tokio::test(start_paused = true)]
async fn case_94_a_replica_that_dies_or_lags_leads_back_to_the_leader() {
    type Harm = fn(&MockCluster);
    let harms: [(&str, Harm); 2] = [
        ("dead", |it| it.kill_broker(3)),
        ("lags", |it| it.lag_follower("t", 0, 3, 2).unwrap()),
    ];
    for (name, harm) in harms {
        let cluster = racks();
        let client = connect(&cluster).await;
        write(&client, words("a", 5)).await;
        let consumer = in_rack_three(&client).await;
        let mut all = values(&within(secs(2), read(&consumer, 5)).await);
        harm(&cluster);
        write(&client, words("b", 5)).await;
        all.extend(values(&within(secs(3), read(&consumer, 5)).await));
        assert_eq!(all, [words("a", 5), words("b", 5)].concat(), "{name}");
        tokio::time::sleep(secs(5)).await;
        let fetches = cluster.requests(ApiKey::Fetch);
        assert!(fetches < 60, "{name}: {fetches} fetches");
    }
}
