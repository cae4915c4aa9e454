//! Consumers of a group: who reads what, what is committed, and what happens when members come, go,
//! stop, and when the coordinator moves.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{
    Client, Consumer, ConsumerBuilder, ErrorCode, ErrorKind, RebalanceListener, StartAt,
    TopicPartition,
};

use crate::support::{
    PATIENCE, Read, at, cluster, connect, ms, numbers, poll, read, record, secs, timed, within,
};

pub(crate) async fn write(
    client: &Client,
    partition: i32,
    values: impl IntoIterator<Item = String>,
) {
    let producer = client.producer().linger(ms(0)).build().unwrap();
    for value in values {
        let sent = producer.send(record(partition, value));
        within(PATIENCE, sent).await.unwrap();
    }
}

pub(crate) async fn written(partitions: i32, count: usize) -> (MockCluster, Client) {
    let cluster = cluster().topic("t", partitions).build();
    let client = connect(&cluster).await;
    for partition in 0..partitions {
        write(&client, partition, numbers(count)).await;
    }
    (cluster, client)
}

pub(crate) fn member(client: &Client) -> ConsumerBuilder {
    client
        .consumer()
        .group("g")
        .subscribe(["t"])
        .property("auto.offset.reset", "earliest")
}

pub(crate) fn cooperative(client: &Client) -> ConsumerBuilder {
    member(client).property("partition.assignment.strategy", "cooperative-sticky")
}

/// Of the protocol where the broker assigns (KIP-848).
pub(crate) fn modern(client: &Client) -> ConsumerBuilder {
    member(client).property("group.protocol", "consumer")
}

pub(crate) async fn build(builder: ConsumerBuilder) -> Consumer {
    within(PATIENCE, builder.build()).await.unwrap()
}

/// Polls until the consumers have so many partitions each; returns what came meanwhile.
pub(crate) async fn settle(consumers: &[(&Consumer, usize)]) -> Vec<Read> {
    let mut all = Vec::new();
    for _ in 0..600 {
        for (consumer, _) in consumers {
            all.extend(poll(consumer, ms(100)).await.unwrap());
        }
        if consumers
            .iter()
            .all(|(consumer, count)| consumer.assignment().len() == *count)
        {
            return all;
        }
    }
    let have: Vec<_> = consumers
        .iter()
        .map(|(consumer, _)| consumer.assignment())
        .collect();
    panic!("not settled: {have:?}");
}

pub(crate) fn committed(cluster: &MockCluster, partition: i32) -> Option<i64> {
    cluster
        .committed("g")
        .get(&at(partition))
        .map(|committed| committed.offset)
}

/// Writes down what it is told, and may take its time.
#[derive(Clone, Default)]
pub(crate) struct Diary {
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
    pub(crate) takes: Duration,
}

impl Diary {
    fn note(&self, what: &str, partitions: &[TopicPartition]) {
        let numbers: Vec<i32> = partitions.iter().map(|at| at.partition).collect();
        self.lines
            .lock()
            .unwrap()
            .push(format!("{what} {numbers:?}"));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

impl RebalanceListener for Diary {
    async fn assigned(&self, _: &Consumer, partitions: &[TopicPartition]) {
        tokio::time::sleep(self.takes).await;
        self.note("assigned", partitions);
    }

    async fn revoked(&self, _: &Consumer, partitions: &[TopicPartition]) {
        tokio::time::sleep(self.takes).await;
        self.note("revoked", partitions);
    }

    async fn lost(&self, _: &Consumer, partitions: &[TopicPartition]) {
        self.note("lost", partitions);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_of_one_reads_all_commits_and_goes_on_where_it_left_off() {
    let (cluster, client) = written(3, 5).await;
    let consumer = build(member(&client)).await;
    let all = read(&consumer, 15).await;
    assert_eq!(all.len(), 15);
    within(PATIENCE, consumer.commit()).await.unwrap();
    assert_eq!([0, 1, 2].map(|p| committed(&cluster, p)), [Some(5); 3]);
    within(secs(10), consumer.close(secs(10))).await.unwrap();
    assert!(cluster.group("g").unwrap().members.is_empty(), "it left");
    write(&client, 1, ["new".to_owned()]).await;
    let consumer = build(member(&client)).await;
    let next = read(&consumer, 1).await;
    assert_eq!(
        (next[0].partition, next[0].value.as_str(), next.len()),
        (1, "new", 1)
    );
}

#[tokio::test(start_paused = true)]
async fn case_66_partitions_move_to_a_new_member_and_back_without_a_record_twice() {
    for builder in [member, cooperative, modern] {
        let (cluster, client) = written(4, 10).await;
        let first = build(builder(&client)).await;
        let mut all = read(&first, 40).await;
        let second = build(builder(&client)).await;
        all.extend(settle(&[(&first, 2), (&second, 2)]).await);
        for partition in 0..4 {
            write(&client, partition, ["x".to_owned()]).await;
        }
        let four = async {
            let mut four = Vec::new();
            while four.len() < 4 {
                four.extend(poll(&first, ms(50)).await.unwrap());
                four.extend(poll(&second, ms(50)).await.unwrap());
            }
            four
        };
        all.extend(within(PATIENCE, four).await);
        within(secs(10), second.close(secs(10))).await.unwrap();
        all.extend(settle(&[(&first, 4)]).await);
        write(&client, 3, ["y".to_owned()]).await;
        all.extend(read(&first, 1).await);
        assert_eq!(
            all.len(),
            45,
            "each record once: every member was done when it gave up"
        );
        let distinct: BTreeSet<(i32, i64)> = all
            .iter()
            .map(|each| (each.partition, each.offset))
            .collect();
        assert_eq!(distinct.len(), 45);
        check_owners(&cluster);
    }
}

/// No partition ever had two owners.
pub(crate) fn check_owners(cluster: &MockCluster) {
    let mut owners = std::collections::BTreeMap::new();
    for change in cluster.ownership_changes("g") {
        for at in change.lost {
            assert_eq!(owners.remove(&at), Some(change.member_id.clone()));
        }
        for at in change.gained {
            let other = owners.insert(at.clone(), change.member_id.clone());
            assert_eq!(other, None, "{at} has two owners");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn case_72_what_the_last_poll_handed_out_is_not_committed_by_itself() {
    let (cluster, client) = written(1, 3).await;
    let consumer = build(member(&client)).await;
    read(&consumer, 3).await;
    tokio::time::sleep(secs(60)).await;
    assert!(committed(&cluster, 0).is_none_or(|offset| offset == 0));
    poll(&consumer, secs(20)).await.unwrap();
    assert_eq!(
        committed(&cluster, 0),
        Some(3),
        "asking for more says that it is done"
    );
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_dropped_leaves_without_committing_what_it_was_busy_with() {
    for builder in [member, modern] {
        let (cluster, client) = written(1, 3).await;
        let consumer = build(builder(&client)).await;
        read(&consumer, 3).await;
        drop(consumer);
        tokio::time::sleep(secs(1)).await;
        assert!(cluster.group("g").unwrap().members.is_empty());
        assert!(committed(&cluster, 0).is_none_or(|offset| offset == 0));
    }
}

#[tokio::test(start_paused = true)]
async fn closing_commits_what_was_handed_out_and_tells_the_listener() {
    for builder in [member, modern] {
        let (cluster, client) = written(1, 3).await;
        let diary = Diary::default();
        let consumer = build(builder(&client).rebalance_listener(diary.clone())).await;
        read(&consumer, 3).await;
        within(secs(10), consumer.close(secs(10))).await.unwrap();
        assert_eq!(committed(&cluster, 0), Some(3));
        assert_eq!(diary.lines(), ["assigned [0]", "revoked [0]"]);
    }
}

#[tokio::test(start_paused = true)]
async fn case_71_closing_without_a_coordinator_ends_in_time() {
    for builder in [member, modern] {
        let (cluster, client) = written(1, 3).await;
        let consumer = build(builder(&client)).await;
        read(&consumer, 3).await;
        for broker in 1..=3 {
            cluster.pause_broker(broker);
        }
        let (closed, took) = timed(PATIENCE, consumer.close(secs(5))).await;
        assert_eq!(closed.unwrap_err().kind(), ErrorKind::Timeout);
        assert!(took <= secs(6), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_54_a_member_that_is_not_polled_leaves_and_is_back_with_the_next_poll() {
    let (cluster, client) = written(2, 3).await;
    let diary = Diary::default();
    let slow = member(&client)
        .property("max.poll.interval.ms", "10000")
        .property("session.timeout.ms", "6000")
        .rebalance_listener(diary.clone());
    let consumer = build(slow).await;
    read(&consumer, 6).await;
    tokio::time::sleep(secs(9)).await;
    assert_eq!(
        cluster.group("g").unwrap().members.len(),
        1,
        "heartbeats until then"
    );
    tokio::time::sleep(secs(2)).await;
    assert!(cluster.group("g").unwrap().members.is_empty());
    assert_eq!(diary.lines(), ["assigned [0, 1]", "lost [0, 1]"]);
    assert!(consumer.assignment().is_empty());
    let again = read(&consumer, 6).await;
    assert_eq!(
        again.len(),
        6,
        "nothing of it was confirmed, so it comes again"
    );
}

#[tokio::test(start_paused = true)]
async fn case_52_a_member_that_was_thrown_out_loses_and_does_not_commit() {
    let (cluster, client) = written(1, 3).await;
    let diary = Diary::default();
    let consumer = build(member(&client).rebalance_listener(diary.clone())).await;
    read(&consumer, 3).await;
    cluster.faults().add(
        Fault::on(ApiKey::Heartbeat)
            .times(1)
            .then(Action::Error(ErrorCode::UNKNOWN_MEMBER_ID)),
    );
    let again = read(&consumer, 3).await;
    assert_eq!(again.len(), 3, "what was not committed comes again");
    assert_eq!(diary.lines(), ["assigned [0]", "lost [0]", "assigned [0]"]);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_go_on_while_the_listener_takes_its_time() {
    let (cluster, client) = written(1, 3).await;
    let diary = Diary {
        takes: secs(100),
        ..Diary::default()
    };
    let consumer = build(member(&client).rebalance_listener(diary.clone())).await;
    assert_eq!(read(&consumer, 3).await.len(), 3);
    assert_eq!(diary.lines(), ["assigned [0]"]);
    assert_eq!(
        cluster.group("g").unwrap().generation,
        1,
        "never thrown out"
    );
}

/// Does not return from the first call for this.
pub(crate) struct Stuck {
    at: &'static str,
    diary: Diary,
    is_over: AtomicBool,
}

impl Stuck {
    pub(crate) fn at(at: &'static str) -> (Self, Diary) {
        let diary = Diary::default();
        let stuck = Self {
            at,
            diary: diary.clone(),
            is_over: AtomicBool::new(false),
        };
        (stuck, diary)
    }

    async fn tell(&self, what: &str, partitions: &[TopicPartition]) {
        if what == self.at && !self.is_over.swap(true, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.diary.note(what, partitions);
    }
}

impl RebalanceListener for Stuck {
    async fn assigned(&self, _: &Consumer, partitions: &[TopicPartition]) {
        self.tell("assigned", partitions).await;
    }

    async fn revoked(&self, _: &Consumer, partitions: &[TopicPartition]) {
        self.tell("revoked", partitions).await;
    }

    async fn lost(&self, _: &Consumer, partitions: &[TopicPartition]) {
        self.tell("lost", partitions).await;
    }
}

fn stuck(client: &Client, at: &'static str) -> (ConsumerBuilder, Diary) {
    let (stuck, diary) = Stuck::at(at);
    let builder = member(client)
        .property("max.poll.interval.ms", "30000")
        .property("session.timeout.ms", "10000")
        .rebalance_listener(stuck);
    (builder, diary)
}

#[tokio::test(start_paused = true)]
async fn case_130_a_listener_that_never_returns_costs_the_membership_and_not_the_consumer() {
    let (cluster, client) = written(1, 3).await;
    let (builder, diary) = stuck(&client, "assigned");
    let consumer = build(builder).await;
    let (all, took) = timed(PATIENCE, read(&consumer, 3)).await;
    assert_eq!(all.len(), 3);
    assert!(took >= secs(30) && took < secs(40), "{took:?}");
    assert_eq!(diary.lines(), ["lost [0]", "assigned [0]"]);
    assert_eq!(cluster.group("g").unwrap().members.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn case_130_a_listener_that_never_gives_up_its_partitions_does_not_keep_them() {
    let (cluster, client) = written(2, 3).await;
    let (builder, diary) = stuck(&client, "revoked");
    let first = build(builder).await;
    read(&first, 6).await;
    within(PATIENCE, first.commit()).await.unwrap();
    let second = build(member(&client)).await;
    let (_, took) = timed(PATIENCE, settle(&[(&first, 1), (&second, 1)])).await;
    assert!(took < secs(45), "{took:?}");
    let lines = diary.lines();
    assert_eq!(lines[..2], ["assigned [0, 1]", "lost [0, 1]"], "{lines:?}");
    check_owners(&cluster);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_never_returns_holds_up_no_farewell_beyond_its_limit() {
    let (cluster, client) = written(1, 3).await;
    let (builder, diary) = stuck(&client, "revoked");
    let consumer = build(builder).await;
    read(&consumer, 3).await;
    consumer.unsubscribe().unwrap();
    tokio::time::sleep(secs(29)).await;
    assert_eq!(cluster.group("g").unwrap().members.len(), 1, "it waits");
    tokio::time::sleep(secs(2)).await;
    assert!(cluster.group("g").unwrap().members.is_empty(), "it left");
    assert!(consumer.assignment().is_empty());
    assert_eq!(
        diary.lines(),
        ["assigned [0]", "lost [0]"],
        "it never came to the end of being told that it is revoked"
    );

    let (builder, _) = stuck(&client, "revoked");
    let consumer = build(builder).await;
    within(secs(60), consumer.recv()).await.unwrap();
    let (closed, took) = timed(PATIENCE, consumer.close(secs(5))).await;
    assert_eq!(closed.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(took < secs(4), "{took:?}");
    assert!(cluster.group("g").unwrap().members.is_empty(), "it left");
}

/// Starts elsewhere, and panics afterwards.
struct Seeker;

impl RebalanceListener for Seeker {
    async fn assigned(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        for partition in partitions {
            consumer.seek(partition, StartAt::Offset(2)).unwrap();
        }
        let refused = consumer.poll(ms(1)).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
        panic!("nobody minds");
    }
}

#[tokio::test(start_paused = true)]
async fn case_130_a_listener_may_seek_and_its_panic_is_its_own() {
    let (_cluster, client) = written(1, 3).await;
    let consumer = build(member(&client).rebalance_listener(Seeker)).await;
    let values: Vec<String> = read(&consumer, 1)
        .await
        .into_iter()
        .map(|it| it.value)
        .collect();
    assert_eq!(values, ["2"]);
}

#[tokio::test(start_paused = true)]
async fn case_64_a_coordinator_that_moves_costs_no_rebalance() {
    for builder in [member, modern] {
        let (cluster, client) = written(2, 3).await;
        let diary = Diary::default();
        let consumer = build(builder(&client).rebalance_listener(diary.clone())).await;
        read(&consumer, 6).await;
        for _ in 0..6 {
            let now = cluster.coordinator("g").unwrap();
            cluster.move_coordinator("g", now.0 % 3 + 1);
            poll(&consumer, secs(20)).await.unwrap();
            within(secs(60), consumer.commit()).await.unwrap();
        }
        assert_eq!(diary.lines(), ["assigned [0, 1]"]);
        assert_eq!(committed(&cluster, 0), Some(3));
    }
}

#[tokio::test(start_paused = true)]
async fn case_99_and_k15_partitions_that_are_added_are_read() {
    let (cluster, client) = written(1, 3).await;
    let consumer = build(member(&client)).await;
    read(&consumer, 3).await;
    cluster.add_partitions("t", 3).unwrap();
    poll(&consumer, secs(301)).await.unwrap();
    settle(&[(&consumer, 3)]).await;
    write(&client, 2, ["new".to_owned()]).await;
    assert_eq!(read(&consumer, 1).await[0].value, "new");
}

#[tokio::test(start_paused = true)]
async fn a_pattern_reads_what_matches_and_what_comes_to_match() {
    let cluster = cluster().topic("t", 1).topic("other", 1).build();
    let client = connect(&cluster).await;
    let builder = client.consumer().group("g").subscribe_pattern("t.*");
    let consumer = build(builder.property("auto.offset.reset", "earliest")).await;
    settle(&[(&consumer, 1)]).await;
    assert_eq!(consumer.subscription(), [Arc::from("t")]);
    cluster.create_topic("tt", 2).unwrap();
    let found = async {
        while consumer.assignment().len() < 3 {
            poll(&consumer, secs(10)).await.unwrap();
        }
    };
    within(PATIENCE, found).await;
    assert_eq!(consumer.subscription(), [Arc::from("t"), Arc::from("tt")]);
    consumer.unsubscribe().unwrap();
    settle(&[(&consumer, 0)]).await;
    assert!(consumer.subscription().is_empty());
}

#[tokio::test(start_paused = true)]
async fn case_73_an_offset_that_cannot_be_had_is_asked_for_again_and_never_made_up() {
    let (cluster, client) = written(1, 5).await;
    let consumer = build(member(&client)).await;
    read(&consumer, 5).await;
    consumer.commit_offsets([(at(0), 3.into())]).await.unwrap();
    drop(consumer);
    for code in [
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode::NOT_COORDINATOR,
        ErrorCode::UNSTABLE_OFFSET_COMMIT,
    ] {
        cluster.faults().add(
            Fault::on(ApiKey::OffsetFetch)
                .times(2)
                .then(Action::Error(code)),
        );
        let consumer = build(member(&client)).await;
        let all = read(&consumer, 2).await;
        assert_eq!(all[0].value, "3", "{code}");
        drop(consumer);
        tokio::time::sleep(secs(2)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_committed_offset_and_without_a_reset_the_user_decides() {
    let (_cluster, client) = written(1, 2).await;
    let builder = member(&client).property("auto.offset.reset", "none");
    let consumer = build(builder).await;
    let error = within(PATIENCE, consumer.poll(secs(60))).await.unwrap_err();
    assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
    assert!(error.to_string().contains("auto.offset.reset"), "{error}");
    consumer.seek(&at(0), StartAt::Beginning).unwrap();
    assert_eq!(read(&consumer, 2).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn stored_offsets_are_committed_and_nothing_else() {
    let (cluster, client) = written(1, 5).await;
    let builder = member(&client).property("enable.auto.offset.store", "false");
    let consumer = build(builder).await;
    let records = within(PATIENCE, consumer.poll(secs(60))).await.unwrap();
    poll(&consumer, secs(20)).await.unwrap();
    assert_eq!(committed(&cluster, 0), None, "nothing was stored");
    consumer.store(&records.iter().nth(1).unwrap()).unwrap();
    tokio::time::sleep(secs(6)).await;
    assert_eq!(committed(&cluster, 0), Some(2));
    within(
        PATIENCE,
        consumer.commit_record(&records.iter().nth(3).unwrap()),
    )
    .await
    .unwrap();
    assert_eq!(committed(&cluster, 0), Some(4));
    let found = within(PATIENCE, consumer.committed([at(0)])).await.unwrap();
    assert_eq!(found[&at(0)].as_ref().map(|it| it.offset), Some(4));
}

#[tokio::test(start_paused = true)]
async fn what_was_stored_before_a_later_commit_does_not_take_it_back_by_itself() {
    let (cluster, client) = written(1, 5).await;
    let builder = member(&client).property("enable.auto.offset.store", "false");
    let consumer = build(builder).await;
    let records = within(PATIENCE, consumer.poll(secs(60))).await.unwrap();
    let record = |n| records.iter().nth(n).unwrap();
    consumer.store(&record(1)).unwrap();
    let commit = async |n| within(PATIENCE, consumer.commit_record(&record(n))).await;
    commit(3).await.unwrap();
    tokio::time::sleep(secs(6)).await;
    assert_eq!(committed(&cluster, 0), Some(4), "the timer came after it");
    within(PATIENCE, consumer.commit()).await.unwrap();
    assert_eq!(committed(&cluster, 0), Some(2), "as it was told");
    consumer.store(&record(2)).unwrap();
    tokio::time::sleep(secs(6)).await;
    assert_eq!(committed(&cluster, 0), Some(3), "and on from there");
    commit(4).await.unwrap();
    within(PATIENCE, consumer.close(secs(5))).await.unwrap();
    assert_eq!(committed(&cluster, 0), Some(5), "nor does the end");
}

#[tokio::test(start_paused = true)]
async fn case_74_commits_on_their_way_never_go_back() {
    let (cluster, client) = written(1, 100).await;
    let consumer = build(member(&client)).await;
    read(&consumer, 100).await;
    cluster.faults().add(
        Fault::on(ApiKey::OffsetCommit)
            .times(3)
            .then(Action::ApplyThenDisconnect),
    );
    let mut pending = Vec::new();
    for offset in 1..=100 {
        pending.push(
            consumer
                .commit_offsets_async([(at(0), offset.into())])
                .unwrap(),
        );
        if offset % 7 == 0 {
            tokio::time::sleep(ms(30)).await;
        }
    }
    for each in pending {
        within(PATIENCE, each).await.unwrap();
    }
    let offsets: Vec<i64> = cluster
        .commits("g")
        .iter()
        .map(|commit| commit.committed.offset)
        .collect();
    assert!(
        offsets.windows(2).all(|pair| pair[0] <= pair[1]),
        "{offsets:?}"
    );
    assert_eq!(committed(&cluster, 0), Some(100));
}

/// A commit on the timer that has not been confirmed yet is no commit: who takes the partition over
/// would read all of that again.
#[tokio::test(start_paused = true)]
async fn case_57_a_revocation_waits_for_a_commit_that_is_still_on_its_way() {
    for builder in [member, cooperative] {
        let (cluster, client) = written(4, 10).await;
        let quick = |client| builder(client).property("auto.commit.interval.ms", "100");
        let first = build(quick(&client)).await;
        cluster.faults().add(
            Fault::on(ApiKey::OffsetCommit)
                .times(8)
                .then(Action::Error(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)),
        );
        assert_eq!(read(&first, 40).await.len(), 40);
        poll(&first, ms(500)).await.unwrap();
        assert!(cluster.requests(ApiKey::OffsetCommit) > 0, "on its way");
        let second = build(quick(&client)).await;
        let again = settle(&[(&first, 2), (&second, 2)]).await;
        assert!(again.is_empty(), "{again:?}");
        assert_eq!([0, 1, 2, 3].map(|p| committed(&cluster, p)), [Some(10); 4]);
    }
}

#[tokio::test(start_paused = true)]
async fn partitions_by_hand_start_where_the_group_left_off_and_commit_without_a_membership() {
    let (cluster, client) = written(1, 5).await;
    let builder = client
        .consumer()
        .group("g")
        .assign([(at(0), StartAt::Committed)]);
    let consumer = build(builder.property("auto.offset.reset", "earliest")).await;
    read(&consumer, 5).await;
    consumer.commit_offsets([(at(0), 3.into())]).await.unwrap();
    consumer.seek(&at(0), StartAt::Committed).unwrap();
    assert_eq!(read(&consumer, 2).await[0].value, "3");
    let refused = consumer.subscribe(["t"]).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    within(secs(5), consumer.close(secs(5))).await.unwrap();
    assert_eq!(committed(&cluster, 0), Some(5), "closing commits");
}

#[tokio::test(start_paused = true)]
async fn case_76_a_group_that_is_full_is_an_error_of_the_poll() {
    let cluster = cluster().topic("t", 1).group_max_size(1).build();
    let client = connect(&cluster).await;
    let first = build(member(&client)).await;
    settle(&[(&first, 1)]).await;
    let second = build(member(&client)).await;
    let error = within(PATIENCE, second.poll(secs(60))).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::GROUP_MAX_SIZE_REACHED));
    within(secs(5), first.close(secs(5))).await.unwrap();
    settle(&[(&second, 1)]).await;
}

#[tokio::test(start_paused = true)]
async fn case_62_a_static_member_comes_back_to_its_partitions_without_a_rebalance() {
    let (cluster, client) = written(2, 3).await;
    let diary = Diary::default();
    let one = || member(&client).property("group.instance.id", "one");
    let other = member(&client).property("group.instance.id", "two");
    let other = build(other.rebalance_listener(diary.clone())).await;
    let first = build(one()).await;
    settle(&[(&first, 1), (&other, 1)]).await;
    let (before, had) = (diary.lines(), first.assignment());
    let generation = cluster.group("g").unwrap().generation;
    within(secs(5), first.close(secs(5))).await.unwrap();
    let again = build(one()).await;
    settle(&[(&again, 1), (&other, 1)]).await;
    assert_eq!(again.assignment(), had);
    assert_eq!(diary.lines(), before, "the other one heard nothing of it");
    assert_eq!(cluster.group("g").unwrap().generation, generation);
}

#[tokio::test(start_paused = true)]
async fn case_61_of_two_static_members_of_one_name_the_older_ends_with_an_error() {
    let (_cluster, client) = written(1, 3).await;
    let one = || member(&client).property("group.instance.id", "one");
    let older = build(one()).await;
    settle(&[(&older, 1)]).await;
    let newer = build(one()).await;
    settle(&[(&newer, 1)]).await;
    let fenced = async {
        loop {
            if let Err(error) = older.poll(secs(1)).await {
                return error;
            }
        }
    };
    let error = within(PATIENCE, fenced).await;
    assert_eq!(error.code(), Some(ErrorCode::FENCED_INSTANCE_ID));
    assert!(older.poll(secs(1)).await.is_err(), "for good");
    let told: Vec<_> = within(PATIENCE, older.stream().collect()).await;
    assert_eq!(
        told.len(),
        1,
        "a stream ends with what is said again and again"
    );
    assert_eq!(newer.assignment().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_member_costs_heartbeats_and_nothing_else() {
    let (cluster, client) = written(1, 3).await;
    let consumer = build(member(&client)).await;
    read(&consumer, 3).await;
    poll(&consumer, secs(30)).await.unwrap();
    let counted = [
        ApiKey::OffsetCommit,
        ApiKey::OffsetFetch,
        ApiKey::FindCoordinator,
        ApiKey::JoinGroup,
    ];
    let before = counted.map(|api| cluster.requests(api));
    let beats = cluster.requests(ApiKey::Heartbeat);
    poll(&consumer, secs(60)).await.unwrap();
    assert_eq!(counted.map(|api| cluster.requests(api)), before);
    assert_eq!(cluster.requests(ApiKey::Heartbeat) - beats, 20);
}

#[tokio::test(start_paused = true)]
async fn case_72_asking_for_the_next_record_confirms_the_one_before() {
    let (cluster, client) = written(1, 5).await;
    let consumer = build(member(&client)).await;
    for offset in 0..3 {
        let record = within(PATIENCE, consumer.recv()).await.unwrap();
        assert_eq!(record.offset(), offset);
        tokio::time::sleep(secs(11)).await;
        assert_eq!(
            committed(&cluster, 0).unwrap_or(0),
            offset,
            "it is still busy with {offset}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_one_partition_confirms_that_one_alone_and_ends_when_it_goes() {
    use futures::StreamExt;
    let (cluster, client) = written(2, 3).await;
    let consumer = build(member(&client)).await;
    settle_without_reading(&consumer, 2).await;
    let mut streams = [0, 1].map(|partition| consumer.partition_stream(&at(partition)).unwrap());
    let [first, second] = &mut streams;
    for _ in 0..3 {
        within(PATIENCE, first.next()).await.unwrap().unwrap();
    }
    within(PATIENCE, second.next()).await.unwrap().unwrap();
    tokio::time::sleep(secs(11)).await;
    assert_eq!(
        committed(&cluster, 0).unwrap_or(0),
        2,
        "busy with the third"
    );
    assert_eq!(
        committed(&cluster, 1).unwrap_or(0),
        0,
        "busy with the first"
    );
    consumer.unsubscribe().unwrap();
    let ends = async {
        while first.next().await.is_some() {}
        while second.next().await.is_some() {}
    };
    within(PATIENCE, ends).await;
    assert!(consumer.assignment().is_empty());
}

/// Waits for an assignment, as a program does that reads by streams.
async fn settle_without_reading(consumer: &Consumer, count: usize) {
    let assigned = async {
        while consumer.assignment().len() < count {
            tokio::time::sleep(ms(10)).await;
        }
    };
    within(PATIENCE, assigned).await;
}
