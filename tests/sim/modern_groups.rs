//! Consumers of a group whose coordinator assigns (KIP-848): what is particular to them. What they
//! have in common with those of classic groups is in `groups`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidewire::mock::{Action, Fault, KafkaRelease};
use tidewire::protocol::ApiKey;
use tidewire::{Client, Consumer, ConsumerBuilder, ErrorCode, ErrorKind};

use crate::groups::{Diary, build, check_owners, committed, modern, settle, write, written};
use crate::support::{
    PATIENCE, Read, Rng, at, cluster, connect, ms, numbers, poll, read, secs, timed, within,
};

const BEAT: ApiKey = ApiKey::ConsumerGroupHeartbeat;

async fn first_error(consumer: &Consumer) -> tidewire::Error {
    let failing = async {
        loop {
            if let Err(error) = consumer.poll(secs(1)).await {
                return error;
            }
        }
    };
    within(PATIENCE, failing).await
}

#[tokio::test(start_paused = true)]
async fn a_group_of_one_reads_all_commits_with_its_epoch_and_goes_on_where_it_left_off() {
    let (cluster, client) = written(3, 5).await;
    let consumer = build(modern(&client)).await;
    assert_eq!(read(&consumer, 15).await.len(), 15);
    within(PATIENCE, consumer.commit()).await.unwrap();
    assert_eq!([0, 1, 2].map(|p| committed(&cluster, p)), [Some(5); 3]);
    let group = cluster.group("g").unwrap();
    assert!(!group.is_classic);
    let metadata = consumer.group_metadata().unwrap();
    assert_eq!(metadata.generation, group.members[0].epoch);
    assert_eq!(metadata.member_id, group.members[0].member_id);
    within(secs(10), consumer.close(secs(10))).await.unwrap();
    assert!(cluster.group("g").unwrap().members.is_empty(), "it left");
    write(&client, 1, ["new".to_owned()]).await;
    let consumer = build(modern(&client)).await;
    let next = read(&consumer, 1).await;
    assert_eq!((next[0].value.as_str(), next.len()), ("new", 1));
}

#[tokio::test(start_paused = true)]
async fn case_54_a_member_that_is_not_polled_leaves_and_is_back_with_the_next_poll() {
    for instance in [None, Some("one")] {
        let (cluster, client) = written(2, 3).await;
        let diary = Diary::default();
        let mut slow = modern(&client)
            .property("max.poll.interval.ms", "10000")
            .property("enable.auto.commit", "false")
            .rebalance_listener(diary.clone());
        if let Some(instance) = instance {
            slow = slow.property("group.instance.id", instance);
        }
        let consumer = build(slow).await;
        read(&consumer, 6).await;
        tokio::time::sleep(secs(9)).await;
        assert_eq!(diary.lines(), ["assigned [0, 1]"], "it beats until then");
        tokio::time::sleep(secs(2)).await;
        assert_eq!(diary.lines(), ["assigned [0, 1]", "lost [0, 1]"]);
        assert!(consumer.assignment().is_empty());
        let members = cluster.group("g").unwrap().members;
        let left = members.iter().all(|member| member.epoch == -2);
        assert!(left, "{members:?}");
        assert_eq!(read(&consumer, 6).await.len(), 6, "it comes again");
    }
}

#[tokio::test(start_paused = true)]
async fn case_68_a_member_that_was_given_up_loses_and_does_not_commit() {
    for code in [ErrorCode::UNKNOWN_MEMBER_ID, ErrorCode::FENCED_MEMBER_EPOCH] {
        let (cluster, client) = written(1, 3).await;
        let diary = Diary::default();
        let builder = modern(&client).property("enable.auto.commit", "false");
        let consumer = build(builder.rebalance_listener(diary.clone())).await;
        read(&consumer, 3).await;
        cluster
            .faults()
            .add(Fault::on(BEAT).times(1).then(Action::Error(code)));
        let again = read(&consumer, 3).await;
        assert_eq!(again.len(), 3, "what was not committed comes again");
        assert_eq!(diary.lines(), ["assigned [0]", "lost [0]", "assigned [0]"]);
        assert_eq!(cluster.group("g").unwrap().members.len(), 1, "one id");
    }
}

#[tokio::test(start_paused = true)]
async fn case_68_a_commit_or_a_lookup_with_a_stale_epoch_is_tried_again() {
    let (cluster, client) = written(1, 3).await;
    let stale = |api| {
        Fault::on(api)
            .times(2)
            .then(Action::Error(ErrorCode::STALE_MEMBER_EPOCH))
    };
    cluster.faults().add(stale(ApiKey::OffsetFetch));
    let diary = Diary::default();
    let consumer = build(modern(&client).rebalance_listener(diary.clone())).await;
    read(&consumer, 3).await;
    cluster.faults().add(stale(ApiKey::OffsetCommit));
    let (commit, took) = timed(PATIENCE, consumer.commit()).await;
    commit.unwrap();
    assert!(took < secs(2), "{took:?}");
    assert_eq!(committed(&cluster, 0), Some(3));
    assert_eq!(diary.lines(), ["assigned [0]"]);
}

#[tokio::test(start_paused = true)]
async fn case_69_patterns_are_matched_by_the_broker_and_new_topics_read_by_their_ids() {
    for by_name in [false, true] {
        let cluster = cluster().topic("t", 1).topic("other", 1).build();
        let client = connect(&cluster).await;
        let builder = client
            .consumer()
            .group("g")
            .property("group.protocol", "consumer")
            .property("auto.offset.reset", "earliest");
        let builder = match by_name {
            false => builder.subscribe_pattern("t.*"),
            true => builder.subscribe(["^t"]),
        };
        let consumer = build(builder).await;
        settle(&[(&consumer, 1)]).await;
        assert_eq!(consumer.subscription(), [Arc::from("t")]);
        cluster.create_topic("tt", 2).unwrap();
        let (_, took) = timed(PATIENCE, settle(&[(&consumer, 3)])).await;
        assert!(
            took <= secs(15),
            "no metadata.max.age.ms is waited for: {took:?}"
        );
        assert_eq!(consumer.subscription(), [Arc::from("t"), Arc::from("tt")]);
        consumer.subscribe(["other"]).unwrap();
        let moved = async {
            while consumer.assignment().iter().any(|at| &*at.topic != "other") {
                poll(&consumer, ms(100)).await.unwrap();
            }
        };
        within(PATIENCE, moved).await;
        settle(&[(&consumer, 1)]).await;
        consumer.unsubscribe().unwrap();
        settle(&[(&consumer, 0)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn case_69_a_topic_made_anew_is_read_from_its_beginning() {
    let (cluster, client) = written(1, 3).await;
    let consumer = build(modern(&client)).await;
    read(&consumer, 3).await;
    cluster.delete_topic("t").unwrap();
    poll(&consumer, secs(20)).await.ok();
    cluster.create_topic("t", 1).unwrap();
    write(&client, 0, ["new".to_owned()]).await;
    let found = async {
        loop {
            let all = poll(&consumer, secs(10)).await.unwrap_or_default();
            if let Some(first) = all.first() {
                return first.clone();
            }
        }
    };
    let first: Read = within(PATIENCE, found).await;
    assert_eq!(first.value, "new");
}

#[tokio::test(start_paused = true)]
async fn case_70_heartbeats_that_are_lost_before_or_after_they_are_heard_cost_nothing() {
    for action in [Action::Disconnect, Action::ApplyThenDisconnect] {
        let (cluster, client) = written(4, 10).await;
        let fault = Fault::on(BEAT).every(2).then(action);
        cluster.faults().add(fault);
        let first = build(modern(&client)).await;
        let mut all = read(&first, 40).await;
        let second = build(modern(&client)).await;
        all.extend(settle(&[(&first, 2), (&second, 2)]).await);
        for partition in 0..4 {
            write(&client, partition, ["x".to_owned()]).await;
        }
        let rest = async {
            let mut rest = Vec::new();
            while rest.len() < 4 {
                rest.extend(poll(&first, ms(50)).await.unwrap());
                rest.extend(poll(&second, ms(50)).await.unwrap());
            }
            rest
        };
        all.extend(within(PATIENCE, rest).await);
        assert_eq!(all.len(), 44, "each once");
        check_owners(&cluster);
        let members = cluster.group("g").unwrap().members;
        assert_eq!(members.len(), 2, "no ghosts: {members:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn partitions_that_stay_are_read_while_others_move() {
    let (cluster, client) = written(4, 0).await;
    let slow = Diary {
        takes: secs(20),
        ..Diary::default()
    };
    let first = build(modern(&client)).await;
    settle(&[(&first, 4)]).await;
    let second = build(modern(&client).rebalance_listener(slow)).await;
    settle(&[(&first, 2)]).await;
    let stays = first.assignment()[0].partition;
    write(&client, stays, numbers(1)).await;
    let (got, took) = timed(secs(2), read(&first, 1)).await;
    assert_eq!(got[0].partition, stays);
    assert!(took < secs(1), "{took:?}");
    settle(&[(&first, 2), (&second, 2)]).await;
    check_owners(&cluster);
}

#[tokio::test(start_paused = true)]
async fn case_71_who_leaves_finds_a_coordinator_that_has_moved() {
    let (cluster, client) = written(1, 3).await;
    let consumer = build(modern(&client)).await;
    read(&consumer, 3).await;
    let now = cluster.coordinator("g").unwrap();
    cluster.move_coordinator("g", now.0 % 3 + 1);
    within(secs(10), consumer.close(secs(10))).await.unwrap();
    assert!(cluster.group("g").unwrap().members.is_empty());
}

fn named(client: &Client, name: &str) -> ConsumerBuilder {
    modern(client).property("group.instance.id", name)
}

#[tokio::test(start_paused = true)]
async fn case_62_a_static_member_comes_back_to_its_partitions_and_nobody_else_hears_of_it() {
    let (cluster, client) = written(2, 3).await;
    let diary = Diary::default();
    let other = build(named(&client, "two").rebalance_listener(diary.clone())).await;
    let first = build(named(&client, "one")).await;
    settle(&[(&first, 1), (&other, 1)]).await;
    let (before, had) = (diary.lines(), first.assignment());
    let epoch = cluster.group("g").unwrap().generation;
    within(secs(5), first.close(secs(5))).await.unwrap();
    let again = build(named(&client, "one")).await;
    settle(&[(&again, 1), (&other, 1)]).await;
    assert_eq!(again.assignment(), had);
    assert_eq!(diary.lines(), before);
    assert_eq!(cluster.group("g").unwrap().generation, epoch);
}

#[tokio::test(start_paused = true)]
async fn case_61_of_two_static_members_of_one_name_the_newer_is_refused_until_the_older_leaves() {
    let (cluster, client) = written(1, 3).await;
    let older = build(named(&client, "one")).await;
    settle(&[(&older, 1)]).await;
    let newer = build(named(&client, "one")).await;
    let error = first_error(&newer).await;
    assert_eq!(error.code(), Some(ErrorCode::UNRELEASED_INSTANCE_ID));
    let before = cluster.requests(BEAT);
    tokio::time::sleep(secs(4)).await;
    assert!(cluster.requests(BEAT) - before <= 1, "no loop");
    within(secs(5), older.close(secs(5))).await.unwrap();
    let taken_over = async {
        while newer.assignment().is_empty() {
            // The last refusal may still be to be told.
            poll(&newer, secs(1)).await.ok();
        }
    };
    within(PATIENCE, taken_over).await;
}

#[tokio::test(start_paused = true)]
async fn case_61_a_static_member_whose_join_was_answered_into_the_void_is_not_its_own_rival() {
    let (cluster, client) = written(1, 3).await;
    let lost = Fault::on(BEAT).times(1).then(Action::ApplyThenDisconnect);
    cluster.faults().add(lost);
    let consumer = build(named(&client, "one")).await;
    assert_eq!(read(&consumer, 3).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn case_76_a_cluster_without_such_groups_is_a_clear_error_and_not_a_hang() {
    for release in [KafkaRelease::V3_9, KafkaRelease::V2_8] {
        let cluster = cluster().topic("t", 1).kafka_release(release).build();
        let client = connect(&cluster).await;
        let consumer = build(modern(&client)).await;
        let (error, took) = timed(PATIENCE, first_error(&consumer)).await;
        assert!(took < secs(5), "{took:?}");
        let words = error.to_string();
        assert!(words.contains("set group.protocol=classic"), "{words}");
        assert!(words.contains("group.version"), "{words}");
        within(secs(5), consumer.close(secs(5))).await.unwrap();
    }
    let old = cluster().topic("t", 1).api_versions_cap(BEAT, 0).build();
    let client = connect(&old).await;
    let consumer = build(modern(&client)).await;
    settle(&[(&consumer, 1)]).await;
    consumer.subscribe_pattern("t.*").unwrap();
    let error = first_error(&consumer).await;
    assert_eq!(error.kind(), ErrorKind::UnsupportedVersion);
    assert!(error.to_string().contains("patterns"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_76_a_full_group_a_bad_pattern_and_an_unknown_assignor_are_errors_of_the_poll() {
    let cluster = cluster().topic("t", 1).group_max_size(1).build();
    let client = connect(&cluster).await;
    let first = build(modern(&client)).await;
    settle(&[(&first, 1)]).await;
    let second = build(modern(&client)).await;
    let error = first_error(&second).await;
    assert_eq!(error.code(), Some(ErrorCode::GROUP_MAX_SIZE_REACHED));
    within(secs(5), first.close(secs(5))).await.unwrap();
    let other = |key: &str, value: &str| modern(&client).property(key, value);
    let consumer = build(other("group.remote.assignor", "nobody")).await;
    let error = first_error(&consumer).await;
    assert_eq!(error.code(), Some(ErrorCode::UNSUPPORTED_ASSIGNOR));
    within(secs(5), consumer.close(secs(5))).await.unwrap();
    second.subscribe_pattern("t{1,2}").unwrap();
    let error = first_error(&second).await;
    assert_eq!(error.code(), Some(ErrorCode::INVALID_REGULAR_EXPRESSION));
    second.subscribe(["t"]).unwrap();
    let settled = async {
        while second.assignment().is_empty() {
            poll(&second, ms(100)).await.ok();
        }
    };
    within(PATIENCE, settled).await;
    let range = build(other("group.remote.assignor", "range")).await;
    drop(second);
    settle(&[(&range, 1)]).await;
    let protocol = cluster.group("g").unwrap().protocol;
    assert_eq!(protocol.as_deref(), Some("range"));
}

#[tokio::test(start_paused = true)]
async fn case_99_partitions_that_are_added_are_read() {
    let (cluster, client) = written(1, 3).await;
    let consumer = build(modern(&client)).await;
    read(&consumer, 3).await;
    cluster.add_partitions("t", 3).unwrap();
    settle(&[(&consumer, 3)]).await;
    write(&client, 2, ["new".to_owned()]).await;
    assert_eq!(read(&consumer, 1).await[0].value, "new");
}

#[tokio::test(start_paused = true)]
async fn an_idle_member_costs_heartbeats_and_nothing_else() {
    let (cluster, client) = written(1, 3).await;
    let consumer = build(modern(&client)).await;
    read(&consumer, 3).await;
    poll(&consumer, secs(30)).await.unwrap();
    let counted = [
        ApiKey::OffsetCommit,
        ApiKey::OffsetFetch,
        ApiKey::FindCoordinator,
    ];
    let before = counted.map(|api| cluster.requests(api));
    let beats = cluster.requests(BEAT);
    consumer.enforce_rebalance("nothing comes of it").unwrap();
    poll(&consumer, secs(60)).await.unwrap();
    assert_eq!(counted.map(|api| cluster.requests(api)), before);
    assert_eq!(cluster.requests(BEAT) - beats, 12);
}

/// One history of members that come and go while heartbeats and commits get lost.
async fn churn(seed: u64) {
    const PARTITIONS: i32 = 8;
    let mut rng = Rng::new(seed);
    let (cluster, client) = written(PARTITIONS, 20).await;
    let every = rng.range(3, 9);
    for (api, action) in [
        (BEAT, Action::ApplyThenDisconnect),
        (BEAT, Action::Disconnect),
        (ApiKey::OffsetCommit, Action::ApplyThenDisconnect),
        (BEAT, Action::Error(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)),
    ] {
        let fault = Fault::on(api).every(every + rng.below(5));
        cluster.faults().add(fault.then(action));
    }
    let mut consumers: Vec<Consumer> = Vec::new();
    let mut seen: BTreeMap<i32, BTreeSet<i64>> = BTreeMap::new();
    for _ in 0..50 {
        match rng.below(10) {
            0..=2 if consumers.len() < 4 => consumers.push(build(modern(&client)).await),
            3 if !consumers.is_empty() => drop(consumers.remove(0)),
            4 if !consumers.is_empty() => {
                let consumer = consumers.remove(0);
                within(secs(30), consumer.close(secs(20))).await.ok();
            }
            5 => {
                let now = cluster.coordinator("g").unwrap();
                cluster.move_coordinator("g", now.0 % 3 + 1);
            }
            6 => cluster
                .add_partitions("t", usize::try_from(PARTITIONS).unwrap())
                .unwrap_or(()),
            _ => {}
        }
        for consumer in &consumers {
            for each in poll(consumer, ms(rng.range(1, 900))).await.unwrap() {
                seen.entry(each.partition).or_default().insert(each.offset);
            }
        }
        check_owners(&cluster);
    }
    cluster.faults().clear();
    consumers.push(build(modern(&client)).await);
    let all = async {
        while (0..PARTITIONS).any(|p| seen.get(&p).is_none_or(|it| it.len() < 20)) {
            for consumer in &consumers {
                for each in poll(consumer, ms(100)).await.unwrap() {
                    seen.entry(each.partition).or_default().insert(each.offset);
                }
            }
        }
    };
    within(PATIENCE, all).await;
    check_owners(&cluster);
    let mut last = BTreeMap::new();
    for commit in cluster.commits("g") {
        let before = last.insert(commit.partition.clone(), commit.committed.offset);
        assert!(
            before <= Some(commit.committed.offset),
            "seed {seed}: {commit:?}"
        );
    }
    assert!(committed(&cluster, 0) <= Some(20) && last.contains_key(&at(0)));
}

#[tokio::test(start_paused = true)]
async fn cases_66_72_74_members_come_and_go_and_nothing_is_lost_nor_has_two_owners() {
    for seed in 0..5 {
        churn(seed).await;
    }
}
