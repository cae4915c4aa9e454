//! How a consumer asks: fetch sessions (KIP-227), and never more, later or more often than needed.

use tidewire::mock::{Action, Fault, FaultMatch, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{Client, Consumer, ErrorCode, PartitionStatus, StartAt};
use tokio::time::Instant;

use crate::groups::{member, modern};
use crate::support::{
    PATIENCE, Read, at, client, cluster, connect, consumer, ms, numbers, poll, read, record, secs,
    within,
};

fn on_fetch() -> FaultMatch {
    Fault::on(ApiKey::Fetch)
}

async fn write(client: &Client, partition: i32, values: impl IntoIterator<Item = String>) {
    let producer = client.producer().linger(ms(0)).build().unwrap();
    for value in values {
        let sent = producer.send(record(partition, value));
        within(PATIENCE, sent).await.unwrap();
    }
}

fn of(all: &[Read], partition: i32) -> Vec<String> {
    let mine = all.iter().filter(|each| each.partition == partition);
    mine.map(|each| each.value.clone()).collect()
}

/// The fetch sessions of all brokers, by how many partitions they have.
fn sessions(cluster: &MockCluster) -> Vec<usize> {
    let brokers = cluster.brokers().into_iter();
    brokers.flat_map(|id| cluster.fetch_sessions(id)).collect()
}

async fn close(consumer: Consumer) {
    within(secs(2), consumer.close(secs(1))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_consumer_keeps_one_session_a_broker_and_closes_it_when_it_ends() {
    for newest in [18, 12, 7] {
        let builder = cluster().topic("t", 6);
        let cluster = builder.api_versions_cap(ApiKey::Fetch, newest).build();
        let client = connect(&cluster).await;
        let consumer = consumer(&client, 6).build().await.unwrap();
        for partition in 0..6 {
            write(&client, partition, numbers(3)).await;
        }
        read(&consumer, 18).await;
        assert_eq!(sessions(&cluster), [2, 2, 2], "v{newest}");
        let fewer = [
            (at(0), StartAt::End),
            (at(1), StartAt::End),
            (at(3), StartAt::End),
        ];
        consumer.assign(fewer).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        let mut left = sessions(&cluster);
        left.sort_unstable();
        // A broker of which nothing is read any more is not told so.
        assert_eq!(left, [1, 2, 2], "v{newest}");
        close(consumer).await;
        assert!(sessions(&cluster).is_empty(), "v{newest}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_without_sessions_names_everything_each_time() {
    let builder = cluster().topic("t", 6);
    let cluster = builder.api_versions_cap(ApiKey::Fetch, 6).build();
    let client = connect(&cluster).await;
    let consumer = consumer(&client, 6).build().await.unwrap();
    for partition in 0..6 {
        write(&client, partition, numbers(3)).await;
    }
    assert_eq!(read(&consumer, 18).await.len(), 18);
    assert!(sessions(&cluster).is_empty());
    close(consumer).await;
}

#[tokio::test(start_paused = true)]
async fn case_79_a_session_that_is_refused_or_lost_costs_no_record_and_no_time() {
    type Harm = fn(&MockCluster);
    let harms: [(&str, Harm); 6] = [
        ("not found", |it| {
            refuse(it, ErrorCode::FETCH_SESSION_ID_NOT_FOUND)
        }),
        ("epoch", |it| {
            refuse(it, ErrorCode::INVALID_FETCH_SESSION_EPOCH)
        }),
        ("kind", |it| {
            refuse(it, ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR)
        }),
        ("evicted", |it| {
            for id in it.brokers() {
                it.forget_fetch_sessions(id);
            }
        }),
        ("lost", |it| {
            it.faults()
                .add(on_fetch().times(2).then(Action::ApplyThenDisconnect));
        }),
        ("cut", |it| {
            it.faults().add(on_fetch().times(2).then(Action::CutAt(9)));
        }),
    ];
    for (name, harm) in harms {
        let cluster = cluster().topic("t", 3).build();
        let client = connect(&cluster).await;
        let consumer = consumer(&client, 3).build().await.unwrap();
        let mut all = Vec::new();
        for round in 0..4 {
            for partition in 0..3 {
                let values = (round * 5..round * 5 + 5).map(|n| n.to_string());
                write(&client, partition, values).await;
            }
            all.extend(within(secs(2), read(&consumer, 15)).await);
            harm(&cluster);
        }
        for partition in 0..3 {
            assert_eq!(of(&all, partition), numbers(20), "{name}");
        }
        tokio::time::sleep(secs(3)).await;
        assert_eq!(sessions(&cluster), [1, 1, 1], "{name}");
        let fetches = cluster.requests(ApiKey::Fetch);
        assert!(fetches < 150, "{name}: {fetches} fetches");
    }
}

fn refuse(cluster: &MockCluster, code: ErrorCode) {
    cluster
        .faults()
        .add(on_fetch().times(3).then(Action::Error(code)));
}

#[tokio::test(start_paused = true)]
async fn a_session_refused_again_and_again_is_asked_for_at_the_pace_of_the_backoff() {
    let cluster = cluster().brokers(1).topic("t", 1).build();
    let client = connect(&cluster).await;
    write(&client, 0, numbers(5)).await;
    let code = ErrorCode::INVALID_FETCH_SESSION_EPOCH;
    let refused = cluster.faults().add(on_fetch().then(Action::Error(code)));
    let consumer = consumer(&client, 1).build().await.unwrap();
    tokio::time::sleep(secs(10)).await;
    let fetches = cluster.requests(ApiKey::Fetch);
    assert!((8..25).contains(&fetches), "{fetches} fetches in 10 s");
    cluster.faults().remove(refused);
    assert_eq!(within(secs(2), read(&consumer, 5)).await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn without_room_for_a_session_everything_is_read_all_the_same() {
    let builder = cluster().topic("t", 3);
    let cluster = builder.max_fetch_sessions(0).build();
    let client = connect(&cluster).await;
    let consumer = consumer(&client, 3).build().await.unwrap();
    for partition in 0..3 {
        write(&client, partition, numbers(5)).await;
    }
    let all = within(secs(2), read(&consumer, 15)).await;
    for partition in 0..3 {
        assert_eq!(of(&all, partition), numbers(5));
    }
}

#[tokio::test(start_paused = true)]
async fn case_80_partitions_come_and_go_within_a_session() {
    let cluster = cluster().brokers(1).topic("t", 4).build();
    let client = connect(&cluster).await;
    for partition in 0..4 {
        write(&client, partition, numbers(5)).await;
    }
    let consumer = consumer(&client, 2).build().await.unwrap();
    within(secs(1), read(&consumer, 10)).await;
    // A partition that is dropped while its answer is on the way is not handed out any more.
    cluster
        .faults()
        .add(on_fetch().nth(1).then(Action::ApplyThenDelay(ms(200))));
    consumer.seek(&at(0), StartAt::Beginning).unwrap();
    tokio::time::sleep(ms(600)).await;
    let other = [(at(1), StartAt::End), (at(2), StartAt::Beginning)];
    consumer.assign(other).await.unwrap();
    let all = within(secs(2), read(&consumer, 5)).await;
    assert_eq!((of(&all, 2), all.len()), (numbers(5), 5));
    let back = [(at(0), StartAt::Offset(3)), (at(3), StartAt::Offset(4))];
    consumer.assign(back).await.unwrap();
    let all = within(secs(2), read(&consumer, 3)).await;
    assert_eq!(of(&all, 0), ["3", "4"]);
    assert_eq!(of(&all, 3), ["4"]);
    assert_eq!(sessions(&cluster), [2]);
}

#[tokio::test(start_paused = true)]
async fn case_80_a_topic_made_anew_is_read_by_its_new_id() {
    for newest in [18, 12] {
        let builder = cluster().brokers(1).topic("t", 1);
        let cluster = builder.api_versions_cap(ApiKey::Fetch, newest).build();
        let client = connect(&cluster).await;
        write(&client, 0, numbers(5)).await;
        let consumer = consumer(&client, 1);
        let consumer = consumer.property("auto.offset.reset", "earliest");
        let consumer = consumer.build().await.unwrap();
        within(secs(1), read(&consumer, 5)).await;
        cluster.delete_topic("t").unwrap();
        cluster.create_topic("t", 1).unwrap();
        tokio::time::sleep(secs(2)).await;
        write(&client, 0, numbers(3)).await;
        let all = within(secs(5), read(&consumer, 3)).await;
        assert_eq!(of(&all, 0), numbers(3), "v{newest}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_98_a_topic_made_anew_is_read_from_where_the_policy_says_and_nothing_of_it_skipped() {
    for (policy, count) in [("earliest", 7), ("none", 7), ("none", 1)] {
        let cluster = cluster().brokers(1).topic("t", 1).build();
        let client = connect(&cluster).await;
        write(&client, 0, numbers(3)).await;
        let consumer = consumer(&client, 1).property("auto.offset.reset", policy);
        let consumer = consumer.build().await.unwrap();
        within(secs(1), read(&consumer, 3)).await;
        cluster.delete_topic("t").unwrap();
        cluster.create_topic("t", 1).unwrap();
        // The new log has the old position before anybody looks.
        write(&connect(&cluster).await, 0, numbers(count)).await;
        if policy == "earliest" {
            let all = within(secs(5), read(&consumer, 7)).await;
            assert_eq!(of(&all, 0), numbers(7));
            continue;
        }
        let error = within(secs(5), async {
            loop {
                match poll(&consumer, ms(100)).await {
                    Ok(records) => assert!(records.is_empty(), "{records:?}"),
                    Err(error) => break error,
                }
            }
        });
        let error = error.await;
        assert_eq!(
            error.code(),
            Some(ErrorCode::INCONSISTENT_TOPIC_ID),
            "{error}"
        );
        assert_eq!(error.partition(), Some(0));
        // It is said once, and nothing of the new log is passed over until the user says where.
        for _ in 0..300 {
            assert_eq!(poll(&consumer, ms(100)).await.unwrap(), []);
        }
        let status = consumer.explain(&at(0)).unwrap();
        assert!(matches!(status, PartitionStatus::Blocked(_)), "{status}");
        consumer.seek(&at(0), StartAt::Beginning).unwrap();
        let all = within(secs(5), read(&consumer, count)).await;
        assert_eq!(of(&all, 0), numbers(count));
    }
}

/// krafka drops and fetches again what does not fit into one poll.
#[tokio::test(start_paused = true)]
async fn k2_small_polls_fetch_nothing_twice() {
    let cluster = cluster().brokers(1).topic("t", 2).build();
    let client = connect(&cluster).await;
    for partition in 0..2 {
        write(&client, partition, numbers(200)).await;
    }
    let consumer = consumer(&client, 2);
    let consumer = consumer.property("max.poll.records", "7");
    let consumer = consumer.build().await.unwrap();
    let mut all = Vec::new();
    while all.len() < 400 {
        let some = within(secs(1), poll(&consumer, secs(1))).await.unwrap();
        assert!(some.len() <= 7);
        all.extend(some);
    }
    for partition in 0..2 {
        assert_eq!(of(&all, partition), numbers(200));
    }
    let fetches = cluster.requests(ApiKey::Fetch);
    assert!(fetches <= 3, "{fetches} fetches for one answer");
}

/// krafka's round waits for the slowest of all brokers.
#[tokio::test(start_paused = true)]
async fn k3_an_idle_broker_and_a_slow_one_delay_no_record_of_a_third() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    let consumer = consumer(&client, 3).build().await.unwrap();
    tokio::time::sleep(secs(1)).await;
    let leader = cluster.leader("t", 1).unwrap();
    cluster.pause_broker(leader);
    let busy = client.producer().linger(ms(0)).build().unwrap();
    for n in 0..50 {
        busy.send(record(0, n.to_string())).await.unwrap();
        let sent = Instant::now();
        let came = within(secs(1), read(&consumer, 1)).await;
        assert_eq!(came[0].value, n.to_string());
        assert!(sent.elapsed() < ms(20), "{n}: {:?}", sent.elapsed());
    }
}

/// krafka fetches inside `poll` only.
#[tokio::test(start_paused = true)]
async fn k4_records_are_fetched_before_they_are_asked_for() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    for partition in 0..3 {
        write(&client, partition, numbers(5)).await;
    }
    let slow = on_fetch().then(Action::Delay(ms(300)));
    cluster.faults().add(slow);
    let consumer = consumer(&client, 3).build().await.unwrap();
    tokio::time::sleep(secs(1)).await;
    let at_once = within(ms(1), poll(&consumer, ms(0))).await.unwrap();
    assert_eq!(at_once.len(), 15);
}

/// krafka drops the fetch under way together with the future of a poll.
#[tokio::test(start_paused = true)]
async fn k5_polls_shorter_than_a_fetch_make_progress() {
    let cluster = cluster().brokers(1).topic("t", 1).build();
    let client = connect(&cluster).await;
    write(&client, 0, numbers(30)).await;
    cluster
        .faults()
        .add(on_fetch().then(Action::Delay(ms(100))));
    let consumer = consumer(&client, 1).build().await.unwrap();
    let mut all = Vec::new();
    let started = Instant::now();
    while all.len() < 30 {
        tokio::select! {
            biased;
            some = poll(&consumer, secs(1)) => all.extend(some.unwrap()),
            () = tokio::time::sleep(ms(5)) => {}
        }
        assert!(started.elapsed() < secs(2), "{} records", all.len());
    }
    assert_eq!(of(&all, 0), numbers(30));
    assert!(cluster.requests(ApiKey::Fetch) < 10);
}

/// Its session is long over by then, and `max.poll.interval.ms` is not.
#[tokio::test(start_paused = true)]
async fn case_123_what_nobody_takes_stays_within_the_budget_and_its_reader_in_the_group() {
    for builder in [member, modern] {
        let cluster = cluster().topic("t", 64).build();
        let client = connect(&cluster).await;
        for partition in 0..64 {
            write(&client, partition, (0..8).map(|_| "x".repeat(9_000))).await;
        }
        let consumer = builder(&client).property("queued.max.messages.kbytes", "1000");
        let consumer = consumer.property("max.partition.fetch.bytes", "20000");
        let consumer = consumer.build().await.unwrap();
        for _ in 0..100 {
            tokio::time::sleep(ms(100)).await;
            let metrics = consumer.metrics();
            let held = metrics.buffered_bytes + metrics.reserved_bytes;
            // One batch a broker may come beyond what was asked for.
            assert!(held <= metrics.budget_bytes + 3 * 10_000, "{metrics:?}");
        }
        assert!(
            consumer.metrics().buffered_bytes > 500_000,
            "it is made use of"
        );
        let before = cluster.group("g").unwrap();
        assert_eq!(before.members[0].owned.len(), 64);
        let fetches = cluster.requests(ApiKey::Fetch);
        tokio::time::sleep(secs(110)).await;
        assert_eq!(cluster.requests(ApiKey::Fetch), fetches, "there is no room");
        assert_eq!(cluster.group("g").unwrap(), before, "it is a member still");
        assert_eq!(within(secs(5), read(&consumer, 64 * 8)).await.len(), 64 * 8);
        assert_eq!(cluster.group("g").unwrap(), before);
    }
}

/// krafka has one connection to a broker, and a broker serves a connection's requests one by one.
#[tokio::test(start_paused = true)]
async fn k6_a_fetch_that_waits_for_data_holds_up_no_write_and_no_other_consumer() {
    let cluster = cluster().brokers(1).topic("t", 2).build();
    let client = connect(&cluster).await;
    let idle = consumer(&client, 1).property("fetch.max.wait.ms", "30000");
    let idle = idle.build().await.unwrap();
    let start = [(at(1), StartAt::Beginning)];
    let other = client.consumer().assign(start).build().await.unwrap();
    tokio::time::sleep(secs(1)).await;
    let producer = client.producer().linger(ms(0)).build().unwrap();
    for n in numbers(5) {
        within(ms(20), producer.send(record(1, n))).await.unwrap();
        assert_eq!(within(ms(20), read(&other, 1)).await.len(), 1);
        within(ms(20), client.admin().describe_topics(["t"]))
            .await
            .unwrap();
    }
    assert!(poll(&idle, ms(0)).await.unwrap().is_empty());
}

/// krafka goes through all partitions for each record.
#[tokio::test(start_paused = true)]
async fn k11_a_record_costs_the_same_however_many_partitions_are_assigned() {
    const ROUNDS: u32 = 20;
    const EACH: u32 = 1_000;
    let mut quickest = Vec::new();
    for partitions in [1, 2000] {
        let cluster = cluster().brokers(1).topic("t", partitions).build();
        let client = connect(&cluster).await;
        let producer = client.producer().linger(ms(5)).build().unwrap();
        for _ in 0..ROUNDS * EACH {
            drop(producer.enqueue(record(0, "x")).await.unwrap());
        }
        assert!(within(PATIENCE, producer.flush()).await.is_complete());
        let consumer = consumer(&client, partitions).build().await.unwrap();
        tokio::time::sleep(secs(5)).await;
        let mut took = Vec::new();
        for _ in 0..ROUNDS {
            let began = std::time::Instant::now();
            for _ in 0..EACH {
                within(secs(1), consumer.recv()).await.unwrap();
            }
            took.push(began.elapsed());
        }
        quickest.extend(took.into_iter().min());
    }
    // A walk over two thousand partitions would make it hundreds of times as much, in every round.
    assert!(quickest[1] < quickest[0] * 10, "{quickest:?}");
}

#[tokio::test(start_paused = true)]
async fn case_96_a_fetch_refused_as_a_whole_for_an_unknown_reason_is_repeated_at_a_slow_pace() {
    let cluster = cluster().brokers(1).topic("t", 2).build();
    let client = connect(&cluster).await;
    write(&client, 0, numbers(5)).await;
    let code = ErrorCode(9999);
    let refused = cluster.faults().add(on_fetch().then(Action::Error(code)));
    let consumer = consumer(&client, 2).build().await.unwrap();
    let mut errors = 0;
    let began = Instant::now();
    while began.elapsed() < secs(10) {
        match within(secs(2), poll(&consumer, secs(1))).await {
            Ok(records) => assert!(records.is_empty()),
            Err(error) => {
                assert_eq!(error.code(), Some(code), "{error}");
                errors += 1;
            }
        }
    }
    let fetches = cluster.requests(ApiKey::Fetch);
    assert!(
        (5..40).contains(&fetches) && errors > 0,
        "{fetches} {errors}"
    );
    cluster.faults().remove(refused);
    let all = async {
        let mut all = Vec::new();
        while all.len() < 5 {
            all.extend(poll(&consumer, secs(1)).await.unwrap_or_default());
        }
        all
    };
    assert_eq!(of(&within(secs(5), all).await, 0), numbers(5));
}

#[tokio::test(start_paused = true)]
async fn case_105_a_topic_that_is_read_is_known_however_long_it_is_silent() {
    for max_age in [300, 1000] {
        let cluster = cluster().topic("t", 1).build();
        let client = client(&cluster).property("metadata.max.age.ms", format!("{max_age}000"));
        let client = client.connect().await.unwrap();
        let consumer = consumer(&client, 1).build().await.unwrap();
        for turn in 1..=2 {
            // An eviction costs a second question, and for a moment there is no leader.
            let asked = cluster.requests(ApiKey::Metadata);
            let silent = poll(&consumer, secs(3001)).await.unwrap();
            assert!(silent.is_empty(), "turn {turn}");
            let asked = cluster.requests(ApiKey::Metadata) - asked;
            assert!(asked <= 3001 / max_age, "{asked} questions in turn {turn}");
            let leader = cluster.leader("t", 0).unwrap();
            let next = cluster.brokers().into_iter().find(|id| *id != leader);
            cluster.move_leader("t", 0, next.unwrap()).unwrap();
            let writer = connect(&cluster).await;
            write(&writer, 0, [turn.to_string()]).await;
            let all = within(secs(5), read(&consumer, 1)).await;
            assert_eq!(all[0].value, turn.to_string());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn case_131_a_poll_that_waits_wakes_with_the_next_record() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    let consumer = consumer(&client, 3).build().await.unwrap();
    let producer = client.producer().linger(ms(0)).build().unwrap();
    for turn in 0..30 {
        let writing = async {
            // At any moment of the fetches that wait.
            tokio::time::sleep(ms(u64::try_from(turn).unwrap() * 37)).await;
            let partition = turn % 3;
            producer.send(record(partition, "x")).await.unwrap();
            Instant::now()
        };
        let reading = async {
            let all = poll(&consumer, secs(600)).await.unwrap();
            (all.len(), Instant::now())
        };
        let (written, (count, read)) =
            within(secs(60), async { tokio::join!(writing, reading) }).await;
        assert_eq!(count, 1);
        assert!(
            read.saturating_duration_since(written) < ms(20),
            "turn {turn}"
        );
    }
}
