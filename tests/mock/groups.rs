//! Classic groups over the wire, in virtual time; and what a checker sees of them.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tidewire::mock::{Action, Fault, MockCluster, OwnershipChange};
use tidewire::protocol::ApiKey;
use tidewire::protocol::find_coordinator::FindCoordinatorRequest;
use tidewire::protocol::heartbeat::HeartbeatRequest;
use tidewire::protocol::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use tidewire::protocol::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use tidewire::protocol::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};
use tidewire::protocol::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};
use tidewire::{ErrorCode, TopicPartition};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Wire, code};

const SESSION: Duration = Duration::from_secs(10);

fn join_request(member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: "g".to_owned(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        member_id: member_id.to_owned(),
        protocol_type: "consumer".to_owned(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".to_owned(),
            metadata: Bytes::new(),
        }],
        ..JoinGroupRequest::default()
    }
}

/// An assignment of partitions of `t`, as a consumer leader encodes it.
fn assignment(partitions: &[i32]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(3);
    bytes.put_i32(1);
    bytes.put_i16(1);
    bytes.put_slice(b"t");
    bytes.put_i32(i32::try_from(partitions.len()).unwrap());
    partitions.iter().for_each(|index| bytes.put_i32(*index));
    bytes.put_i32(-1);
    bytes.freeze()
}

fn sync_request(member: &str, generation: i32, given: &[(&str, &[i32])]) -> SyncGroupRequest {
    let given = given.iter();
    SyncGroupRequest {
        group_id: "g".to_owned(),
        generation_id: generation,
        member_id: member.to_owned(),
        assignments: given
            .map(|(member, partitions)| SyncGroupRequestAssignment {
                member_id: (*member).to_owned(),
                assignment: assignment(partitions),
            })
            .collect(),
        ..SyncGroupRequest::default()
    }
}

async fn heartbeat(wire: &mut Wire, member: &str, generation: i32) -> ErrorCode {
    let request = HeartbeatRequest {
        group_id: "g".to_owned(),
        generation_id: generation,
        member_id: member.to_owned(),
        group_instance_id: None,
    };
    code(wire.call(&request, 4).await.error_code)
}

fn commit_request(member: &str, generation: i32, offset: i64) -> OffsetCommitRequest {
    OffsetCommitRequest {
        group_id: "g".to_owned(),
        generation_id_or_member_epoch: generation,
        member_id: member.to_owned(),
        topics: vec![OffsetCommitRequestTopic {
            name: "t".to_owned(),
            partitions: vec![OffsetCommitRequestPartition {
                committed_offset: offset,
                ..OffsetCommitRequestPartition::default()
            }],
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    }
}

async fn commit(wire: &mut Wire, member: &str, generation: i32, offset: i64) -> ErrorCode {
    let answer = wire
        .call(&commit_request(member, generation, offset), 8)
        .await;
    code(answer.topics[0].partitions[0].error_code)
}

async fn to_coordinator(cluster: &MockCluster) -> Wire {
    let id = cluster.coordinator("g").unwrap();
    Wire::to(cluster, usize::try_from(id.0).unwrap()).await
}

/// Two stable members, each on its own connection; the first leads and has partition 0.
struct Pair {
    cluster: MockCluster,
    first: (Wire, String),
    second: (Wire, String),
}

async fn pair() -> Pair {
    let cluster = MockCluster::builder().brokers(3).topic("t", 2).build();
    let (mut one, mut two) = (
        to_coordinator(&cluster).await,
        to_coordinator(&cluster).await,
    );
    let a = one.call(&join_request(""), 3).await.member_id;
    let parked = two.send(&join_request(""), 3).await;
    // While that waits, others are served.
    assert_eq!(
        heartbeat(&mut one, &a, 1).await,
        ErrorCode::REBALANCE_IN_PROGRESS
    );
    one.call(&join_request(&a), 3).await;
    let answer: JoinGroupResponse = two.receive(parked, 3).await;
    let b = answer.member_id;
    assert_eq!((answer.generation_id, &answer.leader), (2, &a));
    let parked = two.send(&sync_request(&b, 2, &[]), 3).await;
    one.call(&sync_request(&a, 2, &[(&a, &[0]), (&b, &[1])]), 3)
        .await;
    let answer: SyncGroupResponse = two.receive(parked, 3).await;
    assert_eq!(answer.assignment, assignment(&[1]));
    Pair {
        cluster,
        first: (one, a),
        second: (two, b),
    }
}

#[tokio::test(start_paused = true)]
async fn a_parked_request_holds_up_its_own_connection_only() {
    let mut pair = pair().await;
    let (wire, a) = &mut pair.first;
    let joining = wire.send(&join_request(a), 3).await;
    let beating = HeartbeatRequest {
        group_id: "g".to_owned(),
        generation_id: 2,
        member_id: a.clone(),
        group_instance_id: None,
    };
    let beating = wire.send(&beating, 4).await;
    let silent = timeout(Duration::from_secs(1), wire.frame()).await;
    assert!(silent.is_err(), "{silent:?}");
    let (other, b) = &mut pair.second;
    let rejoined = other.call(&join_request(b), 3).await;
    assert_eq!(rejoined.generation_id, 3);
    let answer: JoinGroupResponse = wire.receive(joining, 3).await;
    assert_eq!(answer.members.len(), 2);
    let answer: tidewire::protocol::heartbeat::HeartbeatResponse = wire.receive(beating, 4).await;
    assert_eq!(code(answer.error_code), ErrorCode::ILLEGAL_GENERATION);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_in_virtual_time_and_the_log_tells_when() {
    let mut pair = pair().await;
    let began = Instant::now().into_std();
    let (wire, a) = &mut pair.first;
    for _ in 0..3 {
        sleep(SESSION / 2).await;
        heartbeat(wire, a, 2).await;
    }
    let b = &pair.second.1;
    let changes = pair.cluster.ownership_changes("g");
    let told: Vec<_> = changes
        .iter()
        .map(|c| (&c.member_id, c.generation))
        .collect();
    assert_eq!(told.len(), 3, "{changes:?}");
    let lost: &OwnershipChange = &changes[2];
    assert_eq!((&lost.member_id, &*lost.gained), (b, &[][..]));
    assert_eq!(lost.lost, [TopicPartition::new("t", 1)]);
    assert_eq!(lost.at.duration_since(began), SESSION);
    let group = pair.cluster.group("g").unwrap();
    assert_eq!(group.state, "PreparingRebalance");
    assert_eq!(group.members.len(), 1);
    assert_eq!(group.members[0].owned, [TopicPartition::new("t", 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_parked_join_is_answered_when_the_rebalance_timeout_is_over() {
    let mut pair = pair().await;
    let (wire, a) = &mut pair.first;
    let joining = wire.send(&join_request(a), 3).await;
    let (other, b) = &mut pair.second;
    for _ in 0..10 {
        sleep(Duration::from_secs(6)).await;
        heartbeat(other, b, 2).await;
    }
    let answer: JoinGroupResponse = wire.receive(joining, 3).await;
    assert_eq!((answer.generation_id, answer.members.len()), (3, 1));
    assert_eq!(heartbeat(other, b, 3).await, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[tokio::test(start_paused = true)]
async fn members_follow_their_coordinator() {
    let mut pair = pair().await;
    let old = pair.cluster.coordinator("g").unwrap();
    assert_eq!(
        commit(&mut pair.first.0, &pair.first.1, 2, 7).await,
        ErrorCode::NONE
    );
    pair.cluster
        .set_coordinator_load_time(Duration::from_secs(1));
    pair.cluster.kill_broker(old);
    let new = pair.cluster.coordinator("g").unwrap();
    assert_ne!(old, new);
    let mut wire = to_coordinator(&pair.cluster).await;
    let a = &pair.first.1;
    let loading = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
    assert_eq!(commit(&mut wire, a, 2, 8).await, loading);
    assert_eq!(
        heartbeat(&mut wire, a, 2).await,
        ErrorCode::NONE,
        "as Kafka"
    );
    sleep(Duration::from_secs(1)).await;
    assert_eq!(commit(&mut wire, a, 2, 9).await, ErrorCode::NONE);
    // The old one comes back and coordinates no more.
    pair.cluster.start_broker(old).unwrap();
    let mut stale = Wire::to(&pair.cluster, usize::try_from(old.0).unwrap()).await;
    assert_eq!(
        heartbeat(&mut stale, a, 2).await,
        ErrorCode::NOT_COORDINATOR
    );
    let history = pair.cluster.commits("g");
    let offsets: Vec<_> = history.iter().map(|seen| seen.committed.offset).collect();
    assert_eq!(offsets, [7, 9]);
    let committed = pair.cluster.committed("g");
    assert_eq!(committed[&TopicPartition::new("t", 0)].offset, 9);
}

#[tokio::test(start_paused = true)]
async fn an_expired_member_is_gone_even_while_it_waits() {
    let mut pair = pair().await;
    let (wire, a) = &mut pair.first;
    let joining = wire.send(&join_request(a), 3).await;
    sleep(Duration::from_secs(1)).await;
    pair.cluster.expire_member("g", a);
    let answer: JoinGroupResponse = wire.receive(joining, 3).await;
    assert_eq!(code(answer.error_code), ErrorCode::UNKNOWN_MEMBER_ID);
    let (other, b) = &mut pair.second;
    let answer = other.call(&join_request(b), 3).await;
    assert_eq!((answer.leader == *b, answer.members.len()), (true, 1));
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_that_moves_sends_away_who_waits() {
    let mut pair = pair().await;
    let (wire, a) = &mut pair.first;
    let joining = wire.send(&join_request(a), 3).await;
    sleep(Duration::from_secs(1)).await;
    let old = pair.cluster.coordinator("g").unwrap().0;
    pair.cluster.move_coordinator("g", old % 3 + 1);
    let answer: JoinGroupResponse = wire.receive(joining, 3).await;
    assert_eq!(code(answer.error_code), ErrorCode::NOT_COORDINATOR);
    let request = FindCoordinatorRequest {
        coordinator_keys: vec!["g".to_owned(), "h".to_owned()],
        ..FindCoordinatorRequest::default()
    };
    let found = wire.call(&request, 4).await.coordinators;
    assert_eq!((found.len(), found[0].node_id), (2, old % 3 + 1));
    let mut wire = to_coordinator(&pair.cluster).await;
    assert_eq!(
        heartbeat(&mut wire, a, 2).await,
        ErrorCode::NONE,
        "stable again"
    );
}

#[tokio::test(start_paused = true)]
async fn faults_pick_groups() {
    let mut pair = pair().await;
    let (wire, a) = &mut pair.first;
    let on = |api| Fault::on(api).group("g");
    let lost = Action::ApplyThenError(ErrorCode::COORDINATOR_NOT_AVAILABLE);
    let faults = pair.cluster.faults();
    faults.add(on(ApiKey::OffsetCommit).nth(1).then(lost));
    let refuse = Action::Error(ErrorCode::NOT_COORDINATOR);
    faults.add(on(ApiKey::Heartbeat).nth(1).then(refuse.clone()));
    faults.add(on(ApiKey::OffsetFetch).then(refuse));
    let lost = commit(wire, a, 2, 4).await;
    assert_eq!(lost, ErrorCode::COORDINATOR_NOT_AVAILABLE);
    assert_eq!(pair.cluster.commits("g").len(), 1, "committed all the same");
    assert_eq!(heartbeat(wire, a, 2).await, ErrorCode::NOT_COORDINATOR);
    assert_eq!(heartbeat(wire, a, 2).await, ErrorCode::NONE);
    let asked = |group: &str| OffsetFetchRequestGroup {
        group_id: group.to_owned(),
        ..OffsetFetchRequestGroup::default()
    };
    let request = OffsetFetchRequest {
        groups: vec![asked("g"), asked("g2")],
        ..OffsetFetchRequest::default()
    };
    let answer = wire.call(&request, 8).await;
    assert_eq!(
        code(answer.groups[0].error_code),
        ErrorCode::NOT_COORDINATOR
    );
    let others = pair.cluster.coordinator("g2") == pair.cluster.coordinator("g");
    assert_eq!(answer.groups[1].error_code == 0, others);
    let seen = pair.cluster.history();
    assert_eq!(seen.last().unwrap().groups, ["g", "g2"]);
}

#[tokio::test(start_paused = true)]
async fn offsets_go_with_their_topic() {
    let mut pair = pair().await;
    assert_eq!(
        commit(&mut pair.first.0, &pair.first.1, 2, 4).await,
        ErrorCode::NONE
    );
    assert_eq!(pair.cluster.committed("g").len(), 1);
    pair.cluster.delete_topic("t").unwrap();
    assert!(pair.cluster.committed("g").is_empty());
    assert_eq!(pair.cluster.commits("g").len(), 1, "the history stays");
    assert_eq!(pair.cluster.groups(), ["g"]);
}
