//! Groups of the new protocol over the wire, in virtual time; and what a checker sees of them.

use std::collections::BTreeSet;
use std::time::Duration;

use tidewire::mock::{Action, Fault, KafkaRelease, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::protocol::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, RequestTopicPartitions,
};
use tidewire::protocol::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use tidewire::{ErrorCode, TopicPartition};
use tokio::time::{Instant, sleep};

use crate::support::{Wire, code};

async fn to_coordinator(cluster: &MockCluster) -> Wire {
    let id = cluster.coordinator("g").unwrap();
    Wire::to(cluster, usize::try_from(id.0).unwrap()).await
}

fn joining(member: &str) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        group_id: "g".to_owned(),
        member_id: member.to_owned(),
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(vec!["t".to_owned()]),
        topic_partitions: Some(Vec::new()),
        ..ConsumerGroupHeartbeatRequest::default()
    }
}

/// A heartbeat of a member that has these partitions.
fn owning(member: &str, told: &ConsumerGroupHeartbeatResponse) -> ConsumerGroupHeartbeatRequest {
    let has = told.assignment.as_ref().map(|assignment| {
        let topics = assignment.topic_partitions.iter();
        let each = topics.map(|topic| RequestTopicPartitions {
            topic_id: topic.topic_id,
            partitions: topic.partitions.clone(),
        });
        each.collect()
    });
    ConsumerGroupHeartbeatRequest {
        group_id: "g".to_owned(),
        member_id: member.to_owned(),
        member_epoch: told.member_epoch,
        rebalance_timeout_ms: -1,
        topic_partitions: has,
        ..ConsumerGroupHeartbeatRequest::default()
    }
}

async fn beat(
    wire: &mut Wire,
    request: &ConsumerGroupHeartbeatRequest,
) -> ConsumerGroupHeartbeatResponse {
    let answer = wire.call(request, 1).await;
    assert_eq!(answer.error_code, 0, "{answer:?}");
    answer
}

/// Member a with two of four partitions, member b with the others.
async fn pair(cluster: &MockCluster, wire: &mut Wire) -> [ConsumerGroupHeartbeatResponse; 2] {
    beat(wire, &joining("a")).await;
    let b = beat(wire, &joining("b")).await;
    let first = beat(wire, &joining("a")).await;
    let second = beat(wire, &owning("b", &b)).await;
    let group = cluster.group("g").unwrap();
    assert_eq!((group.state.as_str(), group.is_classic), ("Stable", false));
    [first, second]
}

#[tokio::test(start_paused = true)]
async fn the_log_of_owners_never_shows_two() {
    let cluster = MockCluster::builder().topic("t", 4).build();
    let mut wire = to_coordinator(&cluster).await;
    let [_, b] = pair(&cluster, &mut wire).await;
    let began = Instant::now().into_std();
    for _ in 0..10 {
        sleep(Duration::from_secs(5)).await;
        beat(
            &mut wire,
            &ConsumerGroupHeartbeatRequest {
                topic_partitions: None,
                ..owning("b", &b)
            },
        )
        .await;
        if cluster.group("g").unwrap().members.len() == 1 {
            break;
        }
    }
    let mut owned: BTreeSet<TopicPartition> = BTreeSet::new();
    let changes = cluster.ownership_changes("g");
    for change in &changes {
        assert!(
            change.lost.iter().all(|lost| owned.remove(lost)),
            "{changes:?}"
        );
        let gained = change.gained.iter().cloned();
        assert!(
            gained.into_iter().all(|new| owned.insert(new)),
            "{changes:?}"
        );
    }
    let lost = changes
        .iter()
        .rfind(|change| !change.lost.is_empty())
        .unwrap();
    assert_eq!(lost.member_id, "a", "it sent nothing for a session");
    assert_eq!(lost.at.duration_since(began), Duration::from_secs(45));
    assert_eq!(owned.len(), 4);
    let group = cluster.group("g").unwrap();
    assert_eq!(group.members[0].owned.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn members_outlive_their_coordinator() {
    let cluster = MockCluster::builder().topic("t", 4).build();
    let mut wire = to_coordinator(&cluster).await;
    let [a, _] = pair(&cluster, &mut wire).await;
    let old = cluster.coordinator("g").unwrap();
    cluster.kill_broker(old);
    let mut wire = to_coordinator(&cluster).await;
    let goes_on = beat(&mut wire, &owning("a", &a)).await;
    assert_eq!(goes_on.member_epoch, a.member_epoch);
    cluster.expire_member("g", "b");
    beat(&mut wire, &owning("a", &a)).await;
    let members = cluster.group("g").unwrap().members;
    let ids: Vec<&str> = members.iter().map(|m| m.member_id.as_str()).collect();
    assert_eq!((ids, members[0].owned.len()), (vec!["a"], 4));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_given_again() {
    let cluster = MockCluster::builder().topic("t", 2).build();
    let mut wire = to_coordinator(&cluster).await;
    let lost = Fault::on(ApiKey::ConsumerGroupHeartbeat).group("g").nth(1);
    cluster.faults().add(lost.then(Action::ApplyThenDisconnect));
    wire.closed_by(&joining("a"), 1).await;
    assert_eq!(cluster.group("g").unwrap().members.len(), 1);
    let mut wire = to_coordinator(&cluster).await;
    let answer = beat(&mut wire, &joining("a")).await;
    let topics = answer.assignment.unwrap().topic_partitions;
    assert_eq!(topics[0].partitions, [0, 1]);
    let refuse = Action::Error(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
    let refused = Fault::on(ApiKey::ConsumerGroupHeartbeat)
        .nth(1)
        .then(refuse);
    cluster.faults().add(refused);
    let answer = wire.call(&joining("a"), 1).await;
    let loading = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
    assert_eq!(
        (code(answer.error_code), answer.assignment),
        (loading, None)
    );
}

#[tokio::test(start_paused = true)]
async fn the_builder_sets_what_brokers_configure() {
    let second = Duration::from_secs(1);
    let builder = MockCluster::builder().topic("t", 4).group_max_size(2);
    let cluster = builder
        .consumer_group_session(10 * second, 2 * second)
        .consumer_group_assignment_interval(3 * second)
        .build();
    let mut wire = to_coordinator(&cluster).await;
    let a = beat(&mut wire, &joining("a")).await;
    assert_eq!(a.heartbeat_interval_ms, 2_000);
    let b = beat(&mut wire, &joining("b")).await;
    assert_eq!(b.member_epoch, a.member_epoch, "the target is too fresh");
    assert_eq!(cluster.group("g").unwrap().state, "Assigning");
    let full = wire.call(&joining("c"), 1).await;
    assert_eq!(code(full.error_code), ErrorCode::GROUP_MAX_SIZE_REACHED);
    sleep(3 * second).await;
    let later = beat(&mut wire, &owning("b", &b)).await;
    assert!(later.member_epoch > b.member_epoch);
    sleep(7 * second).await;
    let group = cluster.group("g").unwrap();
    assert_eq!(group.members[0].member_id, "b");
}

#[tokio::test(start_paused = true)]
async fn kafka_3_9_has_the_request_and_no_such_groups() {
    let builder = MockCluster::builder().topic("t", 1);
    let cluster = builder.kafka_release(KafkaRelease::V3_9).build();
    let mut wire = to_coordinator(&cluster).await;
    let answer = wire.call(&joining("a"), 0).await;
    assert_eq!(code(answer.error_code), ErrorCode::UNSUPPORTED_VERSION);
    assert!(cluster.groups().is_empty());
    let join = JoinGroupRequest {
        group_id: "g".to_owned(),
        session_timeout_ms: 10_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![JoinGroupRequestProtocol::default()],
        ..JoinGroupRequest::default()
    };
    let answer = wire.call(&join, 9).await;
    assert_eq!(code(answer.error_code), ErrorCode::MEMBER_ID_REQUIRED);
    let old = MockCluster::builder()
        .kafka_release(KafkaRelease::V2_8)
        .build();
    let mut wire = to_coordinator(&old).await;
    wire.closed_by(&joining("a"), 0).await;
}
