//! Fetch: limits, long polls, sessions, leader epochs.

use std::time::Duration;

use bytes::Bytes;
use tidewire::mock::MockCluster;
use tidewire::protocol::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic,
};
use tidewire::{ErrorCode, Uuid};
use tokio::time::{Instant, timeout};

use crate::support::{Wire, batch, code, fetch_request, one_fetched};

async fn filled(partitions: i32) -> (MockCluster, Wire) {
    let cluster = MockCluster::builder()
        .brokers(1)
        .topic("t", partitions)
        .build();
    let mut wire = Wire::to(&cluster, 1).await;
    for partition in 0..partitions {
        wire.produce_to("t", partition, batch(&["a", "b"]), -1)
            .await;
    }
    (cluster, wire)
}

fn bytes(response: &FetchResponse) -> Vec<usize> {
    let partitions = response
        .responses
        .iter()
        .flat_map(|topic| &topic.partitions);
    partitions
        .map(|p| p.records.as_ref().map_or(0, |r| r.len()))
        .collect()
}

fn indices(response: &FetchResponse) -> Vec<i32> {
    let partitions = response
        .responses
        .iter()
        .flat_map(|topic| &topic.partitions);
    partitions.map(|p| p.partition_index).collect()
}

/// A request of a session for these partitions at these offsets.
fn session(id: i32, epoch: i32, partitions: &[(i32, i64)]) -> FetchRequest {
    let partition = |(partition, fetch_offset): &(i32, i64)| FetchPartition {
        partition: *partition,
        fetch_offset: *fetch_offset,
        partition_max_bytes: 1 << 20,
        ..FetchPartition::default()
    };
    let topics = FetchTopic {
        topic: "t".to_owned(),
        partitions: partitions.iter().map(partition).collect(),
        ..FetchTopic::default()
    };
    FetchRequest {
        max_bytes: 1 << 20,
        session_id: id,
        session_epoch: epoch,
        topics: if partitions.is_empty() {
            vec![]
        } else {
            vec![topics]
        },
        ..FetchRequest::default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_produced_comes_back_with_its_offset_in_every_version() {
    let cluster = MockCluster::builder().brokers(1).build();
    let id = cluster.create_topic("t", 1).unwrap().0;
    let mut wire = Wire::to(&cluster, 1).await;
    wire.produce("t", batch(&["a"])).await;
    let sent = batch(&["b", "c"]);
    wire.produce("t", sent.clone()).await;
    for version in 4..=18 {
        let mut request = fetch_request("t", 2);
        request.topics[0].topic_id = id;
        let found = one_fetched(wire.call(&request, version).await);
        assert_eq!(
            (
                found.error_code,
                found.high_watermark,
                found.last_stable_offset
            ),
            (0, 3, 3)
        );
        let records = found.records.unwrap().into_bytes();
        assert_eq!(
            records[..8],
            1_i64.to_be_bytes(),
            "the base offset of the batch"
        );
        assert_eq!(records[16..], sent[16..]);
    }
    let mut request = fetch_request("t", 0);
    request.topics[0].topic_id = Uuid([9; 16]);
    let unknown = one_fetched(wire.call(&request, 13).await);
    assert_eq!(code(unknown.error_code), ErrorCode::UNKNOWN_TOPIC_ID);
}

#[tokio::test(start_paused = true)]
async fn byte_limits_cut_but_one_batch_always_comes() {
    let (_cluster, mut wire) = filled(3).await;
    let size = batch(&["a", "b"]).len();
    let mut request = session(0, -1, &[(0, 0), (1, 0), (2, 0)]);
    request.max_bytes = 1;
    assert_eq!(bytes(&wire.call(&request, 12).await), [size, 0, 0]);
    request.max_bytes = i32::try_from(2 * size + 5).unwrap();
    assert_eq!(bytes(&wire.call(&request, 12).await), [size, size, 0]);
    for partition in &mut request.topics[0].partitions {
        partition.partition_max_bytes = 1;
    }
    assert_eq!(bytes(&wire.call(&request, 12).await), [size, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_last_batch_may_be_cut() {
    let (_cluster, mut wire) = filled(1).await;
    wire.produce("t", batch(&["c", "d"])).await;
    let size = batch(&["a", "b"]).len();
    let mut request = fetch_request("t", 0);
    request.topics[0].partitions[0].partition_max_bytes = i32::try_from(size + 9).unwrap();
    assert_eq!(bytes(&wire.call(&request, 12).await), [size + 9]);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_with_enough_bytes_or_at_its_time() {
    let (cluster, mut wire) = filled(1).await;
    let size = batch(&["a", "b"]).len();
    let mut request = fetch_request("t", 2);
    request.max_wait_ms = 500;
    request.min_bytes = i32::try_from(size + 1).unwrap();
    let start = Instant::now();
    assert_eq!(bytes(&wire.call(&request, 12).await), [0]);
    assert_eq!(start.elapsed(), Duration::from_millis(500));

    let id = wire.send(&request, 12).await;
    let mut other = Wire::to(&cluster, 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.produce("t", batch(&["c", "d"])).await;
    let early = timeout(Duration::from_millis(100), wire.frame()).await;
    assert!(early.is_err(), "one byte is still missing");
    other.produce("t", batch(&["e", "f"])).await;
    let woken: FetchResponse = wire.receive(id, 12).await;
    assert_eq!(bytes(&woken), [2 * size]);
    assert!(start.elapsed() < Duration::from_millis(720));
}

#[tokio::test(start_paused = true)]
async fn an_error_ends_a_long_poll_at_once() {
    let cluster = MockCluster::builder().topic("t", 1).build();
    let mut wire = Wire::to(&cluster, 1).await;
    let mut request = fetch_request("t", 0);
    request.max_wait_ms = 30_000;
    request.min_bytes = 1;
    request.topics[0].partitions[0].current_leader_epoch = 0;
    let id = wire.send(&request, 12).await;
    let start = Instant::now();
    tokio::time::sleep(Duration::from_millis(5)).await;
    cluster.move_leader("t", 0, 2).unwrap();
    let moved: FetchResponse = wire.receive(id, 12).await;
    assert_eq!(
        code(one_fetched(moved).error_code),
        ErrorCode::FENCED_LEADER_EPOCH
    );
    assert!(start.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn offsets_outside_the_log_are_out_of_range() {
    let (cluster, mut wire) = filled(1).await;
    cluster.delete_records("t", 0, 1).unwrap();
    for (offset, expected) in [
        (0, ErrorCode::OFFSET_OUT_OF_RANGE),
        (1, ErrorCode::NONE),
        (2, ErrorCode::NONE),
        (3, ErrorCode::OFFSET_OUT_OF_RANGE),
        (-1, ErrorCode::OFFSET_OUT_OF_RANGE),
    ] {
        let found = wire.fetch("t", offset).await;
        assert_eq!(code(found.error_code), expected, "offset {offset}");
        let fine = expected == ErrorCode::NONE;
        assert_eq!(
            (found.high_watermark, found.log_start_offset),
            if fine { (2, 1) } else { (-1, -1) }
        );
    }
}

#[tokio::test(start_paused = true)]
async fn leader_epochs_are_fenced_and_the_new_leader_is_named() {
    let cluster = MockCluster::builder().build();
    let id = cluster.create_topic("t", 1).unwrap().0;
    cluster.move_leader("t", 0, 3).unwrap();
    let mut wire = Wire::to(&cluster, 1).await;
    for (epoch, expected) in [
        (0, ErrorCode::FENCED_LEADER_EPOCH),
        (2, ErrorCode::UNKNOWN_LEADER_EPOCH),
        // A follower answers since version 11 (KIP-392), and refuses before.
        (1, ErrorCode::NONE),
    ] {
        let mut request = fetch_request("t", 0);
        request.topics[0].topic_id = id;
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let response = wire.call(&request, 16).await;
        let nodes: Vec<i32> = response.node_endpoints.iter().map(|n| n.node_id).collect();
        let found = one_fetched(response);
        assert_eq!(code(found.error_code), expected, "epoch {epoch}");
        let fenced = expected == ErrorCode::FENCED_LEADER_EPOCH;
        assert_eq!(nodes, if fenced { vec![3] } else { vec![] });
        assert_eq!(
            found.current_leader.leader_epoch,
            if fenced { 1 } else { -1 }
        );
    }
    let old = one_fetched(wire.call(&fetch_request("t", 0), 10).await);
    assert_eq!(code(old.error_code), ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

#[tokio::test(start_paused = true)]
async fn a_diverging_position_is_told_where_it_diverges() {
    let cluster = MockCluster::builder().topic("t", 1).build();
    let mut first = Wire::to(&cluster, 1).await;
    first.produce("t", batch(&["a", "b"])).await;
    cluster.move_leader("t", 0, 2).unwrap();
    let mut second = Wire::to(&cluster, 2).await;
    second.produce("t", batch(&["c"])).await;
    let mut request = fetch_request("t", 3);
    request.topics[0].partitions[0].last_fetched_epoch = 0;
    let found = one_fetched(second.call(&request, 12).await);
    assert_eq!(
        (
            found.diverging_epoch.epoch,
            found.diverging_epoch.end_offset
        ),
        (0, 2)
    );
    request.topics[0].partitions[0].last_fetched_epoch = 1;
    let found = one_fetched(second.call(&request, 12).await);
    assert_eq!(found.diverging_epoch.end_offset, -1);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_lost_its_end_diverges_for_who_read_it() {
    let cluster = MockCluster::builder().topic("t", 1).build();
    let mut first = Wire::to(&cluster, 1).await;
    first.produce("t", batch(&["a"])).await;
    first.produce("t", batch(&["lost"])).await;
    assert_eq!(cluster.lose_log_end("t", 0, 1, 2).unwrap(), 1);
    let mut second = Wire::to(&cluster, 2).await;
    let mut request = fetch_request("t", 2);
    request.topics[0].partitions[0].last_fetched_epoch = 0;
    let found = one_fetched(second.call(&request, 12).await);
    let diverging = (
        found.diverging_epoch.epoch,
        found.diverging_epoch.end_offset,
    );
    assert_eq!(diverging, (0, 1));
    second.produce("t", batch(&["b"])).await;
    let epochs: Vec<i32> = cluster.log("t", 0).iter().map(|r| r.leader_epoch).collect();
    assert_eq!(epochs, [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_session_answers_only_what_is_new() {
    let (_cluster, mut wire) = filled(3).await;
    let full = wire
        .call(&session(0, 0, &[(0, 0), (1, 2), (2, 2)]), 12)
        .await;
    assert!(full.session_id > 0);
    assert_eq!(indices(&full), [0, 1, 2]);
    let id = full.session_id;
    // Partition 0 moved on to its end: nothing is left to tell.
    let quiet = wire.call(&session(id, 1, &[(0, 2)]), 12).await;
    assert_eq!((quiet.session_id, indices(&quiet)), (id, vec![]));
    wire.produce_to("t", 1, batch(&["c"]), -1).await;
    let news = wire.call(&session(id, 2, &[]), 12).await;
    assert_eq!(indices(&news), [1]);
    // A forgotten partition is not told of any more.
    let mut request = session(id, 3, &[(1, 3)]);
    request.forgotten_topics_data = vec![ForgottenTopic {
        topic: "t".to_owned(),
        partitions: vec![0],
        ..ForgottenTopic::default()
    }];
    wire.call(&request, 12).await;
    wire.produce_to("t", 0, batch(&["d"]), -1).await;
    wire.produce_to("t", 2, batch(&["e"]), -1).await;
    let news = wire.call(&session(id, 4, &[]), 12).await;
    assert_eq!(indices(&news), [2]);
}

#[tokio::test(start_paused = true)]
async fn session_errors_are_of_the_whole_request() {
    let (cluster, mut wire) = filled(1).await;
    let id = wire.call(&session(0, 0, &[(0, 2)]), 12).await.session_id;
    for (request, version, expected) in [
        (
            session(id + 1, 1, &[]),
            12,
            ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
        ),
        (
            session(id, 2, &[]),
            12,
            ErrorCode::INVALID_FETCH_SESSION_EPOCH,
        ),
        (
            session(id, 1, &[]),
            13,
            ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR,
        ),
        (session(id, 1, &[]), 12, ErrorCode::NONE),
        (
            session(id, 1, &[]),
            12,
            ErrorCode::INVALID_FETCH_SESSION_EPOCH,
        ),
    ] {
        let answer = wire.call(&request, version).await;
        assert_eq!(code(answer.error_code), expected);
        let fine = expected == ErrorCode::NONE;
        assert_eq!(answer.session_id, if fine { id } else { 0 });
    }
    cluster.forget_fetch_sessions(1);
    let gone = wire.call(&session(id, 2, &[]), 12).await;
    assert_eq!(code(gone.error_code), ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
    let closed = wire.call(&session(id, -1, &[]), 12).await;
    assert_eq!((closed.error_code, closed.session_id), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn without_room_there_is_no_session_but_an_answer() {
    let cluster = MockCluster::builder()
        .brokers(1)
        .max_fetch_sessions(1)
        .topic("t", 1)
        .build();
    let mut wire = Wire::to(&cluster, 1).await;
    let first = wire.call(&session(0, 0, &[(0, 0)]), 12).await;
    let second = wire.call(&session(0, 0, &[(0, 0)]), 12).await;
    assert!(first.session_id > 0);
    assert_eq!((second.session_id, indices(&second)), (0, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn an_empty_batch_of_bytes_is_not_null() {
    let (_cluster, mut wire) = filled(1).await;
    let found = wire.fetch("t", 2).await;
    assert_eq!(found.records.map(|r| r.into_bytes()), Some(Bytes::new()));
}
