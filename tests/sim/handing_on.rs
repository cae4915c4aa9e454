//! A member that gives up partitions: how long the others wait for it, and what it commits first.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{
    Client, Consumer, ConsumerBuilder, ErrorCode, ErrorKind, OffsetAndMetadata, RebalanceListener,
    StartAt, TopicPartition,
};

use crate::groups::{build, committed, cooperative, member, modern, settle, write, written};
use crate::support::{PATIENCE, at, cluster, connect, ms, poll, read, secs, within};

/// Far below `max.poll.interval.ms`: some heartbeats.
const PROMPT: Duration = Duration::from_secs(20);

/// Polls until the consumer has its first partition, and checks that everything was committed
/// before it came.
async fn gets_its_share(cluster: &MockCluster, second: &Consumer) {
    while second.assignment().is_empty() {
        assert!(poll(second, ms(100)).await.unwrap().is_empty());
    }
    for at in second.assignment() {
        assert_eq!(committed(cluster, at.partition), Some(1));
    }
    let again = poll(second, secs(2)).await.unwrap();
    assert!(again.is_empty(), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_parked_recv_holds_up_no_revocation() {
    for builder in [member, cooperative, modern] {
        for last in [0, 1] {
            let cluster = cluster().topic("t", 2).build();
            let client = connect(&cluster).await;
            let first = build(builder(&client)).await;
            for partition in [1 - last, last] {
                write(&client, partition, ["x".to_owned()]).await;
                let record = within(PATIENCE, first.recv()).await.unwrap();
                assert_eq!(record.partition(), partition);
            }
            let second = build(builder(&client)).await;
            let shared = async {
                tokio::select! {
                    biased;
                    record = first.recv() => panic!("{record:?}"),
                    () = gets_its_share(&cluster, &second) => {}
                }
            };
            within(PROMPT, shared).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_parked_stream_of_one_partition_holds_up_no_revocation() {
    for builder in [member, cooperative, modern] {
        let cluster = cluster().topic("t", 2).build();
        let client = connect(&cluster).await;
        let first = build(builder(&client)).await;
        settle(&[(&first, 2)]).await;
        let mut streams = [0, 1].map(|partition| first.partition_stream(&at(partition)).unwrap());
        for (partition, stream) in (0..).zip(&mut streams) {
            write(&client, partition, ["x".to_owned()]).await;
            within(PATIENCE, stream.next()).await.unwrap().unwrap();
        }
        for mut stream in streams {
            tokio::spawn(async move { while stream.next().await.is_some() {} });
        }
        let second = build(builder(&client)).await;
        within(PROMPT, gets_its_share(&cluster, &second)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_is_committed_however_long_the_user_took_over_it() {
    for builder in [member, cooperative, modern] {
        let (cluster, client) = written(2, 1).await;
        let builder = |client| builder(client).property("max.poll.interval.ms", "60000");
        let first = build(builder(&client)).await;
        tokio::time::sleep(secs(10)).await;
        assert_eq!(poll(&first, secs(1)).await.unwrap().len(), 2, "all at once");
        let second = build(builder(&client)).await;
        let busy = async {
            tokio::time::sleep(secs(50)).await;
            assert!(second.assignment().is_empty(), "it is waited for");
            assert!(poll(&first, secs(5)).await.unwrap().is_empty());
        };
        let both = async { tokio::join!(busy, gets_its_share(&cluster, &second)) };
        within(secs(70), both).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_without_a_coordinator_ends_with_its_consumer() {
    for builder in [member, modern] {
        let (cluster, client) = written(1, 3).await;
        let consumer = build(builder(&client)).await;
        settle(&[(&consumer, 1)]).await;
        let stream = consumer.partition_stream(&at(0)).unwrap();
        for broker in 1..=3 {
            cluster.pause_broker(broker);
        }
        let pending = consumer.commit_offsets_async([(at(0), 1.into())]).unwrap();
        let closed = within(secs(2), consumer.close(secs(1))).await;
        assert_eq!(closed.unwrap_err().kind(), ErrorKind::Timeout);
        let ended = within(secs(1), pending).await;
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Closed);
        drop(stream);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_dropped_holds_up_no_revocation_and_commits_not_its_last_record() {
    for builder in [member, cooperative, modern] {
        let cluster = cluster().topic("t", 2).build();
        let client = connect(&cluster).await;
        let first = build(builder(&client)).await;
        settle(&[(&first, 2)]).await;
        let streams = [0, 1].map(|partition| first.partition_stream(&at(partition)).unwrap());
        let [mut dropped, mut parked] = streams;
        for (partition, stream) in [(0, &mut dropped), (1, &mut parked)] {
            write(&client, partition, ["x".to_owned()]).await;
            within(PATIENCE, stream.next()).await.unwrap().unwrap();
        }
        tokio::spawn(async move { while parked.next().await.is_some() {} });
        let second = build(builder(&client)).await;
        let joins = async {
            tokio::time::sleep(secs(5)).await;
            drop(dropped);
            while second.assignment().is_empty() {
                assert!(poll(&second, ms(100)).await.unwrap().is_empty());
            }
            poll(&second, secs(2)).await.unwrap()
        };
        let read = within(PROMPT, joins).await;
        for at in second.assignment() {
            let is_dropped = at.partition == 0;
            let done = committed(&cluster, at.partition).unwrap_or_default();
            assert_eq!(done, i64::from(!is_dropped));
            let of_it = read
                .iter()
                .filter(|record| record.partition == at.partition);
            assert_eq!(of_it.count(), usize::from(is_dropped));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_record_of_a_dropped_stream_is_committed_in_time_once_a_poll_asks_for_more() {
    for builder in [member, modern] {
        let (cluster, client) = written(1, 1).await;
        let consumer = build(builder(&client)).await;
        settle_alone(&consumer).await;
        let mut stream = consumer.partition_stream(&at(0)).unwrap();
        within(PATIENCE, stream.next()).await.unwrap().unwrap();
        drop(stream);
        // The timer of the automatic commit runs out while the record may still be worked on.
        tokio::time::sleep(secs(12)).await;
        assert_eq!(committed(&cluster, 0).unwrap_or_default(), 0);
        assert!(poll(&consumer, secs(1)).await.unwrap().is_empty());
        assert!(poll(&consumer, secs(12)).await.unwrap().is_empty());
        assert_eq!(committed(&cluster, 0), Some(1));
    }
}

/// Waits for the partitions without taking any record.
async fn settle_alone(consumer: &Consumer) {
    let assigned = async {
        while consumer.assignment().is_empty() {
            tokio::time::sleep(ms(10)).await;
        }
    };
    within(PATIENCE, assigned).await;
}

/// What a member did is not committed by a stranger: an empty group would take it, even if it lags
/// behind what others committed since.
#[tokio::test(start_paused = true)]
async fn case_52_who_is_thrown_out_over_the_last_commit_does_not_commit_as_a_stranger() {
    for (builder, code) in [
        (
            member as fn(&Client) -> ConsumerBuilder,
            ErrorCode::ILLEGAL_GENERATION,
        ),
        (cooperative, ErrorCode::UNKNOWN_MEMBER_ID),
        (modern, ErrorCode::UNKNOWN_MEMBER_ID),
    ] {
        let (cluster, client) = written(1, 3).await;
        let consumer = build(builder(&client)).await;
        read(&consumer, 3).await;
        let refused = Fault::on(ApiKey::OffsetCommit).times(1);
        cluster.faults().add(refused.then(Action::Error(code)));
        let closed = within(secs(10), consumer.close(secs(30))).await;
        assert_eq!(closed.unwrap_err().code(), Some(code));
        assert_eq!(committed(&cluster, 0), None);
    }
}

/// A commit that was begun before the end is the member's, which stays until it is settled.
#[tokio::test(start_paused = true)]
async fn a_commit_just_before_the_end_is_made_as_a_member() {
    for builder in [member, cooperative, modern] {
        for unsubscribes in [false, true] {
            let (cluster, client) = written(1, 3).await;
            // Of a static member's group no stranger may commit while it is gone.
            let builder = builder(&client).property("group.instance.id", "one");
            let consumer = build(builder.property("enable.auto.commit", "false")).await;
            read(&consumer, 3).await;
            let pending = consumer.commit_async().unwrap();
            if unsubscribes {
                consumer.unsubscribe().unwrap();
            } else {
                within(secs(10), consumer.close(secs(30))).await.unwrap();
            }
            within(secs(1), pending).await.unwrap();
            assert_eq!(committed(&cluster, 0), Some(3));
        }
    }
}

/// Commits offset 3 of partition 0 with more metadata than brokers take, and waits for nothing.
fn refused_commit(consumer: &Consumer) {
    let long = OffsetAndMetadata::new(3).metadata("x".repeat(5_000));
    drop(consumer.commit_offsets_async([(at(0), long)]).unwrap());
}

/// What the user is done with is committed all the same.
#[tokio::test(start_paused = true)]
async fn a_commit_that_is_refused_while_partitions_go_is_made_up_for() {
    for builder in [member, cooperative, modern] {
        for closes in [true, false] {
            let (cluster, client) = written(1, 3).await;
            let consumer = build(builder(&client)).await;
            read(&consumer, 3).await;
            // It is done with them.
            assert!(poll(&consumer, ms(10)).await.unwrap().is_empty());
            refused_commit(&consumer);
            if closes {
                let closed = within(secs(10), consumer.close(secs(30))).await;
                let code = closed.unwrap_err().code();
                assert_eq!(code, Some(ErrorCode::OFFSET_METADATA_TOO_LARGE));
            } else {
                consumer.unsubscribe().unwrap();
                tokio::time::sleep(secs(5)).await;
            }
            assert_eq!(committed(&cluster, 0), Some(3));
        }
    }
}

/// Nobody else tells of it.
#[tokio::test(start_paused = true)]
async fn closing_tells_of_a_commit_that_nobody_waits_for() {
    for builder in [member, cooperative, modern] {
        for automatic in ["true", "false"] {
            let (cluster, client) = written(1, 3).await;
            let builder = builder(&client).property("enable.auto.commit", automatic);
            let consumer = build(builder).await;
            read(&consumer, 3).await;
            let loads = Action::Error(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
            cluster
                .faults()
                .add(Fault::on(ApiKey::OffsetCommit).then(loads));
            drop(consumer.commit_async().unwrap());
            let closed = within(secs(10), consumer.close(secs(8))).await;
            let error = closed.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            let words = error.to_string();
            assert!(words.contains("COORDINATOR_LOAD_IN_PROGRESS"), "{words}");
            // The farewell had its time.
            assert_eq!(cluster.group("g").unwrap().members.len(), 0);
        }
    }
}

/// Each answer finds the next commit under way already.
#[tokio::test(start_paused = true)]
async fn a_member_that_commits_all_the_time_holds_up_no_revocation() {
    for builder in [cooperative, modern] {
        let cluster = cluster().topic("t", 2).build();
        let client = connect(&cluster).await;
        for partition in 0..2 {
            write(&client, partition, ["x".to_owned()]).await;
        }
        let by_hand = builder(&client).property("enable.auto.commit", "false");
        let first = build(by_hand).await;
        read(&first, 2).await;
        let slow = Fault::on(ApiKey::OffsetCommit).then(Action::Delay(ms(200)));
        cluster.faults().add(slow);
        let second = build(builder(&client)).await;
        let committing = async {
            loop {
                drop(first.commit_async().unwrap());
                poll(&first, ms(50)).await.unwrap();
            }
        };
        let shared = async {
            tokio::select! {
                biased;
                () = committing => {}
                () = gets_its_share(&cluster, &second) => {}
            }
        };
        within(PROMPT, shared).await;
    }
}

/// The commit of a farewell that is under way ends with the time for the close.
#[tokio::test(start_paused = true)]
async fn case_71_closing_after_unsubscribing_leaves_in_time() {
    for builder in [member, cooperative, modern] {
        let (cluster, client) = written(1, 3).await;
        let consumer = build(builder(&client)).await;
        read(&consumer, 3).await;
        assert!(poll(&consumer, ms(10)).await.unwrap().is_empty());
        let loads = Action::Error(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
        cluster
            .faults()
            .add(Fault::on(ApiKey::OffsetCommit).then(loads));
        // Somebody waits for it, and so it is not cut short.
        let pending = consumer.commit_async().unwrap();
        consumer.unsubscribe().unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(cluster.group("g").unwrap().members.len(), 1);
        within(secs(9), consumer.close(secs(8))).await.unwrap();
        within(secs(1), pending).await.unwrap_err();
        assert_eq!(cluster.group("g").unwrap().members.len(), 0);
    }
}

/// Takes its time, and then commits what it should not, and subscribes.
#[derive(Clone, Default)]
struct Late(Arc<Mutex<Vec<ErrorKind>>>);

impl RebalanceListener for Late {
    async fn revoked(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        tokio::time::sleep(secs(20)).await;
        let old = partitions.iter().map(|at| (at.clone(), 1.into()));
        let committed = consumer.commit_offsets(old.collect::<Vec<_>>()).await;
        let subscribed = consumer.subscribe(["t"]);
        let refused = [committed, subscribed].map(|it| it.unwrap_err().kind());
        self.0.lock().unwrap().extend(refused);
    }
}

/// The session ends while the listener is being told of the farewell, and the group is empty: a
/// coordinator would believe anybody then.
#[tokio::test(start_paused = true)]
async fn case_52_a_listener_that_outlives_its_membership_commits_nothing_and_joins_nothing() {
    for builder in [member, cooperative, modern] {
        let (cluster, client) = written(1, 3).await;
        let late = Late::default();
        let builder = builder(&client).rebalance_listener(late.clone());
        let consumer = build(builder).await;
        read(&consumer, 3).await;
        within(PATIENCE, consumer.commit()).await.unwrap();
        let lost = async {
            tokio::time::sleep(secs(1)).await;
            let members = cluster.group("g").unwrap().members;
            let ids = members.iter().map(|it| it.member_id.clone());
            ids.for_each(|id| cluster.expire_member("g", &id));
        };
        let closed = async { consumer.close(secs(120)).await };
        let (_, _) = within(secs(130), futures::future::join(closed, lost)).await;
        let told = late.0.lock().unwrap().clone();
        assert_eq!(told[..2], [ErrorKind::InvalidInput, ErrorKind::Closed]);
        assert_eq!(committed(&cluster, 0), Some(3), "it went back");
        assert!(cluster.group("g").unwrap().members.is_empty());
    }
}

/// A group that has members believes nobody else: what was read by hand is committed before the
/// consumer joins, and what is assigned by hand once it has left.
#[tokio::test(start_paused = true)]
async fn commits_by_hand_are_made_before_joining_and_after_leaving() {
    for protocol in ["classic", "consumer"] {
        let (cluster, client) = written(1, 3).await;
        let by_hand = client.consumer().group("g");
        let consumer = build(by_hand.property("group.protocol", protocol)).await;
        let all = || [(at(0), StartAt::Beginning)];
        within(PATIENCE, consumer.assign(all())).await.unwrap();
        read(&consumer, 3).await;
        let busy = Fault::on(ApiKey::OffsetCommit).times(1);
        let busy = busy.then(Action::Error(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS));
        cluster.faults().add(busy);
        within(PATIENCE, consumer.assign([])).await.unwrap();
        consumer.subscribe(["t"]).unwrap();
        settle(&[(&consumer, 1)]).await;
        assert_eq!(committed(&cluster, 0), Some(3));
        let farewell = match protocol {
            "classic" => Fault::on(ApiKey::LeaveGroup),
            _ => Fault::on(ApiKey::ConsumerGroupHeartbeat),
        };
        cluster
            .faults()
            .add(farewell.times(1).then(Action::Delay(secs(1))));
        consumer.unsubscribe().unwrap();
        while consumer.assign(all()).await.is_err() {
            tokio::time::sleep(ms(1)).await;
        }
        let old = consumer.commit_offsets([(at(0), 1.into())]);
        within(PATIENCE, old).await.unwrap();
        assert_eq!(committed(&cluster, 0), Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_by_hand_that_is_stuck_holds_up_no_join_for_long() {
    for protocol in ["classic", "consumer"] {
        let (cluster, client) = written(1, 3).await;
        let by_hand = client.consumer().group("g");
        let consumer = build(by_hand.property("group.protocol", protocol)).await;
        let all = [(at(0), StartAt::Beginning)];
        within(PATIENCE, consumer.assign(all)).await.unwrap();
        read(&consumer, 3).await;
        let stuck = Fault::on(ApiKey::OffsetCommit);
        let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        cluster.faults().add(stuck.then(Action::Error(code)));
        within(PATIENCE, consumer.assign([])).await.unwrap();
        consumer.subscribe(["t"]).unwrap();
        poll(&consumer, secs(4)).await.unwrap();
        let members = cluster.group("g").map_or(0, |group| group.members.len());
        assert_eq!(members, 0, "the commit goes first");
        within(secs(6), settle(&[(&consumer, 1)])).await;
    }
}

/// The farewell must be said again and again, and the consumer subscribes anew before it has left.
#[tokio::test(start_paused = true)]
async fn a_commit_by_hand_between_two_memberships_waits_for_the_farewell_and_not_the_reverse() {
    for protocol in ["classic", "consumer"] {
        let (cluster, client) = written(1, 3).await;
        let builder = member(&client).property("group.protocol", protocol);
        let consumer = build(builder).await;
        read(&consumer, 3).await;
        let farewell = match protocol {
            "classic" => Fault::on(ApiKey::LeaveGroup),
            _ => Fault::on(ApiKey::ConsumerGroupHeartbeat),
        };
        let code = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        let slow = farewell.times(4).then(Action::Error(code));
        let slow = cluster.faults().add(slow);
        consumer.unsubscribe().unwrap();
        let all = || [(at(0), StartAt::Beginning)];
        while consumer.assign(all()).await.is_err() {
            tokio::time::sleep(ms(1)).await;
        }
        let old = consumer.commit_offsets_async([(at(0), 1.into())]).unwrap();
        within(PATIENCE, consumer.assign([])).await.unwrap();
        consumer.subscribe(["t"]).unwrap();
        within(secs(60), old).await.unwrap();
        settle(&[(&consumer, 1)]).await;
        assert_eq!(cluster.faults().fired(slow), 4);
        assert_eq!(cluster.group("g").unwrap().members.len(), 1);
    }
}
