//! What a group commits by itself: the position of each partition, whether records brought it there
//! or not, and never what the program may be busy with; and what a commit costs.

use std::pin::pin;

use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::protocol::fetch::{FetchResponse, FetchableTopicResponse, PartitionData};
use tidewire::protocol::frame::encode_response;
use tidewire::record::{ControlKind, control_batch};
use tidewire::{
    Client, ConsumerBuilder, CorrelationId, ErrorCode, ErrorKind, LeaderEpoch, ProducerEpoch,
    ProducerId, StartAt,
};

use crate::groups::{Stuck, build, committed, cooperative, member, modern, settle, write, written};
use crate::support::{
    PATIENCE, at, cluster, connect, ms, numbers, poll, read, secs, timed, within,
};

fn by_hand(client: &Client) -> ConsumerBuilder {
    let assigned = [(at(0), StartAt::Committed)];
    client.consumer().group("g").assign(assigned)
}

fn from_the_end(builder: ConsumerBuilder) -> ConsumerBuilder {
    builder.property("auto.offset.reset", "latest")
}

/// Otherwise what is written while no member runs is never read.
#[tokio::test(start_paused = true)]
async fn case_72_where_a_reset_led_is_committed_before_any_record_comes() {
    for builder in [member, modern, by_hand] {
        let (cluster, client) = written(1, 3).await;
        let first = build(from_the_end(builder(&client))).await;
        assert!(poll(&first, secs(10)).await.unwrap().is_empty());
        assert_eq!(committed(&cluster, 0), Some(3));
        drop(first);
        tokio::time::sleep(secs(2)).await;
        write(&client, 0, ["missed".to_owned()]).await;
        let second = build(from_the_end(builder(&client))).await;
        assert_eq!(read(&second, 1).await[0].value, "missed");
    }
}

#[tokio::test(start_paused = true)]
async fn case_72_a_seek_is_committed_like_what_is_read() {
    let (cluster, client) = written(1, 5).await;
    let consumer = build(member(&client)).await;
    read(&consumer, 5).await;
    poll(&consumer, secs(10)).await.unwrap();
    assert_eq!(committed(&cluster, 0), Some(5));
    consumer.pause(&at(0)).unwrap();
    consumer.seek(&at(0), StartAt::Offset(2)).unwrap();
    poll(&consumer, secs(10)).await.unwrap();
    assert_eq!(committed(&cluster, 0), Some(2));
}

#[tokio::test(start_paused = true)]
async fn case_72_a_commit_on_the_timer_that_failed_is_made_up_for_on_an_idle_topic() {
    for builder in [member, modern] {
        let (cluster, client) = written(1, 3).await;
        let consumer = build(builder(&client)).await;
        read(&consumer, 3).await;
        let code = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        let refuses = Fault::on(ApiKey::OffsetCommit).then(Action::Error(code));
        let refuses = cluster.faults().add(refuses);
        // Longer than `default.api.timeout.ms`.
        assert!(poll(&consumer, secs(100)).await.unwrap().is_empty());
        assert!(cluster.faults().fired(refuses) > 0);
        cluster.faults().remove(refuses);
        assert!(poll(&consumer, secs(70)).await.unwrap().is_empty());
        assert_eq!(committed(&cluster, 0), Some(3));
    }
}

/// The answer of a fetch v11 from partition 0, in an entry for each of these offsets: nothing but
/// the end of a transaction there, after records that compaction took.
pub(crate) fn markers(offsets: &[i64]) -> Action {
    let entry = |offset: &i64| {
        let marker = control_batch(ControlKind::Commit, ProducerId(1), ProducerEpoch(0), 0, 5);
        let marker = marker.appended(*offset, LeaderEpoch(0), None);
        PartitionData {
            high_watermark: offset + 1,
            last_stable_offset: offset + 1,
            records: Some(marker.to_chunks()),
            ..PartitionData::default()
        }
    };
    fetched(offsets.iter().map(entry).collect())
}

/// The answer of a fetch v11 with these entries of topic `t`.
pub(crate) fn fetched(partitions: Vec<PartitionData>) -> Action {
    let response = FetchResponse {
        responses: vec![FetchableTopicResponse {
            topic: "t".to_owned(),
            partitions,
            ..FetchableTopicResponse::default()
        }],
        ..FetchResponse::default()
    };
    let frame = encode_response(CorrelationId(0), &response, 11).unwrap();
    // Without the length and the correlation id, which the mock writes.
    Action::Garbage(frame.into_bytes().slice(8..))
}

#[tokio::test(start_paused = true)]
async fn case_72_what_only_markers_and_gaps_pass_is_committed() {
    let builder = cluster().brokers(1).topic("t", 1);
    let cluster = builder.api_versions_cap(ApiKey::Fetch, 11).build();
    let client = connect(&cluster).await;
    let consumer = build(member(&client)).await;
    poll(&consumer, secs(20)).await.unwrap();
    assert_eq!(committed(&cluster, 0), Some(0));
    let on_fetch = || Fault::on(ApiKey::Fetch);
    cluster.faults().add(on_fetch().nth(1).then(markers(&[3])));
    // Until the log is as long as the answer says.
    let waits = on_fetch().nth(2).then(Action::Delay(secs(1)));
    cluster.faults().add(waits);
    tokio::time::sleep(secs(1)).await;
    write(&client, 0, numbers(4)).await;
    assert!(poll(&consumer, secs(10)).await.unwrap().is_empty());
    assert_eq!(committed(&cluster, 0), Some(4));
}

fn commits(cluster: &MockCluster) -> usize {
    cluster.requests(ApiKey::OffsetCommit)
}

#[tokio::test(start_paused = true)]
async fn case_72_nothing_is_committed_again_that_is_committed_already() {
    for builder in [member, modern, by_hand] {
        let (cluster, client) = written(1, 3).await;
        let builder = |client| builder(client).property("auto.offset.reset", "earliest");
        let first = build(builder(&client)).await;
        read(&first, 3).await;
        poll(&first, secs(60)).await.unwrap();
        // Where it began, and where it got to.
        assert!(commits(&cluster) <= 2, "{}", commits(&cluster));
        within(PATIENCE, first.close(secs(10))).await.unwrap();
        let before = commits(&cluster);
        let second = build(builder(&client)).await;
        poll(&second, secs(60)).await.unwrap();
        assert_eq!(commits(&cluster), before, "it is where the group was");
        assert_eq!(committed(&cluster, 0), Some(3));
    }
}

#[tokio::test(start_paused = true)]
async fn case_56_commits_refused_in_a_rebalance_cost_one_rejoin_and_no_record_a_pause() {
    for refusals in [1, 3] {
        let (cluster, client) = written(1, 1).await;
        let builder = cooperative(&client).property("enable.auto.commit", "false");
        let consumer = build(builder).await;
        read(&consumer, 1).await;
        let generation = || cluster.group("g").unwrap().generation;
        let (before, joins) = (generation(), cluster.requests(ApiKey::JoinGroup));
        // As if others took their time to join.
        let slow = Fault::on(ApiKey::JoinGroup).then(Action::Delay(secs(1)));
        cluster.faults().add(slow);
        let refuses = Fault::on(ApiKey::OffsetCommit).times(refusals);
        let refuses = refuses.then(Action::Error(ErrorCode::REBALANCE_IN_PROGRESS));
        let refuses = cluster.faults().add(refuses);
        let mut commit = pin!(consumer.commit_offsets_async([(at(0), 1.into())]).unwrap());
        for n in 0..100 {
            write(&client, 0, [n.to_string()]).await;
            let (next, took) = timed(secs(5), read(&consumer, 1)).await;
            let values: Vec<&str> = next.iter().map(|it| &*it.value).collect();
            assert_eq!(values, [n.to_string()]);
            assert!(took < ms(20), "{took:?} for record {n}");
            tokio::time::sleep(ms(50)).await;
        }
        within(ms(1), &mut commit).await.unwrap();
        assert_eq!(cluster.faults().fired(refuses), refusals);
        assert_eq!(committed(&cluster, 0), Some(1));
        assert_eq!(cluster.requests(ApiKey::JoinGroup), joins + 1);
        assert_eq!(generation(), before + 1);
    }
}

/// With all partitions given up to join again, the commit comes first.
#[tokio::test(start_paused = true)]
async fn case_56_a_commit_refused_in_an_eager_rebalance_is_made_up_for_before_the_join() {
    let (cluster, client) = written(1, 9).await;
    let consumer = build(member(&client).property("enable.auto.commit", "false")).await;
    read(&consumer, 9).await;
    let joins = cluster.requests(ApiKey::JoinGroup);
    let refuses = Fault::on(ApiKey::OffsetCommit).times(3);
    let refuses = refuses.then(Action::Error(ErrorCode::REBALANCE_IN_PROGRESS));
    cluster.faults().add(refuses);
    let seen = cluster.history().len();
    let commit = consumer.commit_offsets_async([(at(0), 7.into())]).unwrap();
    let rest = within(secs(5), read(&consumer, 2)).await;
    assert_eq!(rest[0].offset, 7, "from where it committed");
    within(ms(1), commit).await.unwrap();
    assert_eq!(cluster.requests(ApiKey::JoinGroup), joins + 1);
    let history = cluster.history().split_off(seen);
    let of = |api| history.iter().rposition(|it| it.api == Some(api)).unwrap();
    assert!(of(ApiKey::OffsetCommit) < of(ApiKey::JoinGroup));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_hangs_leaves_the_end_time_to_commit_what_stays() {
    for builder in [cooperative, modern] {
        let (cluster, client) = written(2, 3).await;
        let rarely = |client| builder(client).property("auto.commit.interval.ms", "600000");
        let (stuck, _) = Stuck::at("revoked");
        let first = build(rarely(&client).rebalance_listener(stuck)).await;
        read(&first, 6).await;
        let _second = build(rarely(&client)).await;
        let revoking = async {
            while cluster.committed("g").is_empty() {
                poll(&first, ms(100)).await.unwrap();
            }
        };
        within(PATIENCE, revoking).await;
        tokio::time::sleep(secs(1)).await;
        assert_eq!(
            cluster.committed("g").len(),
            1,
            "of the other it stays owner"
        );
        let (closed, took) = timed(PATIENCE, first.close(secs(10))).await;
        assert_eq!(closed.unwrap_err().kind(), ErrorKind::Timeout);
        assert!(took < secs(10), "{took:?}");
        assert_eq!([0, 1].map(|p| committed(&cluster, p)), [Some(3); 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_costs_the_same_however_many_topics_a_pattern_passes_over() {
    let mut consumers = Vec::new();
    for others in [1, 3000] {
        let mut builder = cluster().brokers(1).topic("t", 1);
        for n in 0..others {
            builder = builder.topic(format!("other-{n}"), 1);
        }
        let cluster = builder.build();
        let client = connect(&cluster).await;
        let consumer = build(client.consumer().group("g").subscribe_pattern("t.*")).await;
        settle(&[(&consumer, 1)]).await;
        consumers.push((cluster, consumer));
    }
    // In turn, so that what else the machine does costs both alike.
    let mut quickest = [std::time::Duration::MAX; 2];
    for _ in 0..20 {
        for ((_, consumer), quickest) in consumers.iter().zip(&mut quickest) {
            let began = std::time::Instant::now();
            for offset in 0..20 {
                let commit = consumer.commit_offsets([(at(0), offset.into())]);
                within(secs(1), commit).await.unwrap();
            }
            *quickest = began.elapsed().min(*quickest);
        }
    }
    assert!(quickest[1] < quickest[0] * 5, "{quickest:?}");
}
