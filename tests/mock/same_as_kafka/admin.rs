//! Topics, coordinators, producer ids, metadata and versions beside a real broker.

use std::time::Duration;
use tidewire::{ErrorCode, Uuid};

use tidewire::protocol::ApiKey;
use tidewire::protocol::api_versions::ApiVersionsRequest;
use tidewire::protocol::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use tidewire::protocol::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use tidewire::protocol::find_coordinator::FindCoordinatorRequest;
use tidewire::protocol::init_producer_id::InitProducerIdRequest;

use super::{Side, metadata_request, topic};
use crate::support::code;

pub(super) async fn script(side: &mut Side) {
    let (existing, id) = side.create("to.pics", &[]).await;
    creations(side, &existing).await;
    creations_by_hand(side).await;
    deletions(side, &existing, id).await;
    producer_ids(side).await;
    coordinators(side).await;
    metadata(side).await;
}

async fn creations(side: &mut Side, existing: &str) {
    let config = |key: &str, value: Option<&str>| {
        let mut topic = topic(&side.topic("x"), 1, 1);
        topic.configs.push(CreatableTopicConfig {
            name: key.to_owned(),
            value: value.map(str::to_owned),
        });
        topic
    };
    let cases = vec![
        ("existing", topic(existing, 1, 1)),
        ("illegal name", topic("a/b", 1, 1)),
        ("empty name", topic("", 1, 1)),
        ("dots", topic("..", 1, 1)),
        ("long name", topic(&"x".repeat(250), 1, 1)),
        ("colliding name", topic(&existing.replace('.', "_"), 1, 1)),
        ("no partitions", topic(&side.topic("x"), 0, 1)),
        ("negative partitions", topic(&side.topic("x"), -2, 1)),
        ("no replicas", topic(&side.topic("x"), 1, 0)),
        ("negative replicas", topic(&side.topic("x"), 1, -2)),
        ("too many replicas", topic(&side.topic("x"), 1, 100)),
        ("too many partitions", topic(&side.topic("x"), 10_001, 1)),
        ("unknown config", config("no.such.config", Some("1"))),
        ("bad config", config("max.message.bytes", Some("ten"))),
        ("negative config", config("max.message.bytes", Some("-1"))),
        ("null config", config("retention.ms", None)),
        ("bad policy", config("cleanup.policy", Some("burn"))),
        ("bad time", config("message.timestamp.type", Some("Never"))),
        ("no isr", config("min.insync.replicas", Some("0"))),
        ("validated", topic(&side.topic("x"), 2, 1)),
        ("defaults", topic(&side.topic("x"), -1, -1)),
    ];
    validate(side, cases).await;
    let twice = topic(&side.topic("y"), 1, 1);
    let answer = side
        .ask(&validation(vec![twice.clone(), twice]), 7)
        .await
        .unwrap();
    let codes: Vec<_> = answer.topics.iter().map(|t| code(t.error_code)).collect();
    side.note("create twice", codes);
}

async fn creations_by_hand(side: &mut Side) {
    let by_hand = |partitions, replicas, assignment: &[(i32, &[i32])]| CreatableTopic {
        assignments: assignment
            .iter()
            .map(|(partition_index, brokers)| CreatableReplicaAssignment {
                partition_index: *partition_index,
                broker_ids: brokers.to_vec(),
            })
            .collect(),
        ..topic(&side.topic("x"), partitions, replicas)
    };
    let cases = vec![
        ("by hand and by number", by_hand(1, -1, &[(0, &[1])])),
        ("by hand and by factor", by_hand(-1, 1, &[(0, &[1])])),
        ("by hand, unknown broker", by_hand(-1, -1, &[(0, &[99])])),
        ("by hand, broker twice", by_hand(-1, -1, &[(0, &[1, 1])])),
        ("by hand, gap", by_hand(-1, -1, &[(0, &[1]), (2, &[1])])),
        ("by hand, not from 0", by_hand(-1, -1, &[(1, &[1])])),
        ("by hand, nobody", by_hand(-1, -1, &[(0, &[])])),
    ];
    validate(side, cases).await;
}

fn validation(topics: Vec<CreatableTopic>) -> CreateTopicsRequest {
    CreateTopicsRequest {
        topics,
        timeout_ms: 10_000,
        validate_only: true,
    }
}

async fn validate(side: &mut Side, cases: Vec<(&str, CreatableTopic)>) {
    for (what, topic) in cases {
        let answer = side.ask(&validation(vec![topic]), 7).await.unwrap();
        let t = &answer.topics[0];
        let zero = t.topic_id.is_zero();
        let size = (t.num_partitions, t.replication_factor);
        // How many there are by default is each cluster's own.
        let size = if what == "defaults" { (0, 0) } else { size };
        side.note(&format!("create {what}"), (code(t.error_code), size, zero));
    }
}

async fn deletions(side: &mut Side, existing: &str, id: Uuid) {
    let by = |name: Option<&str>, topic_id| DeleteTopicState {
        name: name.map(str::to_owned),
        topic_id,
    };
    let unknown = Uuid([7; 16]);
    for (what, topics) in [
        ("unknown name", vec![by(Some("no-such-topic"), Uuid::ZERO)]),
        ("unknown id", vec![by(None, unknown)]),
        ("both", vec![by(Some(existing), id)]),
        ("neither", vec![by(None, Uuid::ZERO)]),
        (
            "name twice",
            vec![
                by(Some(existing), Uuid::ZERO),
                by(Some(existing), Uuid::ZERO),
            ],
        ),
        ("id", vec![by(None, id)]),
        ("id again", vec![by(None, id)]),
    ] {
        let request = DeleteTopicsRequest {
            topics,
            timeout_ms: 10_000,
            ..DeleteTopicsRequest::default()
        };
        let answer = side.ask(&request, 6).await.unwrap();
        let told = answer.responses.iter();
        let told: Vec<_> = told
            .map(|t| (code(t.error_code), t.name.is_some(), t.topic_id.is_zero()))
            .collect();
        side.note(&format!("delete {what}"), told);
    }
}

async fn producer_ids(side: &mut Side) {
    let init =
        |transactional_id: Option<&str>, producer_id, producer_epoch| InitProducerIdRequest {
            transactional_id: transactional_id.map(str::to_owned),
            producer_id,
            producer_epoch,
            transaction_timeout_ms: 60_000,
        };
    let had = 5_000_000;
    for (id, epoch) in [(-1, -1), (had, -1), (-1, 5), (had, 5), (had, i16::MAX)] {
        let mut answer = side.ask(&init(None, id, epoch), 5).await.unwrap();
        while code(answer.error_code) == ErrorCode::COORDINATOR_LOAD_IN_PROGRESS {
            tokio::time::sleep(Duration::from_millis(50)).await;
            answer = side.ask(&init(None, id, epoch), 5).await.unwrap();
        }
        let new = answer.producer_id != id;
        side.note(
            &format!("init {id} {epoch}"),
            (code(answer.error_code), new, answer.producer_epoch),
        );
    }
}

async fn coordinators(side: &mut Side) {
    for key_type in [-1, 3, 9] {
        let request = FindCoordinatorRequest {
            key: "k".to_owned(),
            key_type,
            coordinator_keys: vec!["k".to_owned()],
        };
        let new = FindCoordinatorRequest {
            key: String::new(),
            ..request.clone()
        };
        let answer = side.ask(&new, 5).await;
        let answer = answer.map(|a| {
            let c = &a.coordinators[0];
            (code(c.error_code), c.node_id, c.host.clone(), c.port)
        });
        side.note(&format!("coordinator of type {key_type}"), answer);
        let old = FindCoordinatorRequest {
            coordinator_keys: vec![],
            ..request
        };
        let answer = side.ask(&old, 2).await;
        let answer = answer.map(|a| (code(a.error_code), a.node_id, a.host, a.port));
        side.note(&format!("coordinator of type {key_type}, old"), answer);
    }
}

async fn metadata(side: &mut Side) {
    let told = |answer: tidewire::protocol::metadata::MetadataResponse| {
        let topics = answer.topics.iter();
        let mut told: Vec<_> = topics
            .map(|t| (code(t.error_code), t.name.is_some(), t.partitions.len()))
            .collect();
        told.sort();
        told
    };
    for (what, request, version) in [
        (
            "no such topic",
            metadata_request(&[Some("no-such-topic")]),
            12,
        ),
        ("an illegal name", metadata_request(&[Some("a/b")]), 12),
        ("the empty name", metadata_request(&[Some("")]), 12),
        (
            "a name twice",
            metadata_request(&[Some("no-such-topic"), Some("no-such-topic")]),
            12,
        ),
        ("no topic", metadata_request(&[]), 12),
        ("null at 11", metadata_request(&[None]), 11),
        ("null at 12", metadata_request(&[None]), 12),
    ] {
        let answer = side.ask(&request, version).await.map(told);
        side.note(&format!("metadata of {what}"), answer);
    }
    let mut auto = metadata_request(&[Some("a/b")]);
    auto.allow_auto_topic_creation = true;
    let answer = side.ask(&auto, 12).await.map(told);
    side.note("metadata of an illegal name, to be created", answer);
    let name = side.topic("auto");
    let mut auto = metadata_request(&[Some(&name)]);
    auto.allow_auto_topic_creation = true;
    let answer = side.ask(&auto, 12).await.map(told);
    side.note("metadata of a new topic", answer);
    let mut by_id = metadata_request(&[None]);
    if let Some(topics) = &mut by_id.topics {
        topics[0].topic_id = Uuid([7; 16]);
    }
    for version in [11, 12] {
        let answer = side.ask(&by_id, version).await.map(told);
        side.note(&format!("metadata of an unknown id in {version}"), answer);
    }
}

pub(super) async fn versions(side: &mut Side) {
    for (name, version) in [
        ("raw", "1.0"),
        ("", "1.0"),
        ("raw", ""),
        ("-raw", "1"),
        ("r w", "1"),
    ] {
        let request = ApiVersionsRequest {
            client_software_name: name.to_owned(),
            client_software_version: version.to_owned(),
        };
        let answer = side.ask(&request, 3).await;
        let fine = answer.as_ref().is_some_and(|a| !a.api_keys.is_empty());
        let answer = answer.map(|answer| code(answer.error_code));
        side.note(
            &format!("versions for {name:?} {version:?}"),
            (answer, fine),
        );
    }
    let request = ApiVersionsRequest {
        client_software_name: "raw".to_owned(),
        client_software_version: "1.0".to_owned(),
    };
    let answer = side.ask(&request, 3).await.unwrap();
    for key in [
        ApiKey::Produce,
        ApiKey::Fetch,
        ApiKey::ListOffsets,
        ApiKey::Metadata,
        ApiKey::OffsetCommit,
        ApiKey::OffsetFetch,
        ApiKey::FindCoordinator,
        ApiKey::JoinGroup,
        ApiKey::Heartbeat,
        ApiKey::LeaveGroup,
        ApiKey::SyncGroup,
        ApiKey::DescribeGroups,
        ApiKey::ListGroups,
        ApiKey::OffsetForLeaderEpoch,
        ApiKey::DeleteGroups,
        ApiKey::OffsetDelete,
        ApiKey::ConsumerGroupDescribe,
        ApiKey::ApiVersions,
        ApiKey::CreateTopics,
        ApiKey::DeleteTopics,
        ApiKey::InitProducerId,
        ApiKey::DescribeCluster,
        ApiKey::ConsumerGroupHeartbeat,
    ] {
        let served = answer.api_keys.iter().find(|api| api.api_key == key.code());
        side.note(
            &format!("newest version of {key}"),
            served.map(|api| api.max_version),
        );
    }
}
