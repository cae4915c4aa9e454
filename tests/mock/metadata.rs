//! What the cluster says of itself, and topics that come and go.

use tidewire::mock::{KafkaRelease, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::protocol::api_versions::ApiVersionsRequest;
use tidewire::protocol::create_topics::{CreatableTopic, CreateTopicsRequest};
use tidewire::protocol::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use tidewire::protocol::describe_cluster::DescribeClusterRequest;
use tidewire::protocol::describe_configs::DescribeConfigsRequest;
use tidewire::protocol::find_coordinator::FindCoordinatorRequest;
use tidewire::protocol::frame::decode_api_versions_response;
use tidewire::protocol::init_producer_id::InitProducerIdRequest;
use tidewire::protocol::metadata::{MetadataRequest, MetadataRequestTopic};
use tidewire::{ErrorCode, Uuid};

use crate::support::{Wire, code, metadata};

fn versions_request() -> ApiVersionsRequest {
    ApiVersionsRequest {
        client_software_name: "raw".to_owned(),
        client_software_version: "1.0".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn brokers_and_leaders_are_told() {
    let cluster = MockCluster::builder()
        .racks(["a", "b"])
        .topic("t", 3)
        .build();
    let mut wire = Wire::to(&cluster, 2).await;
    for version in 4..=13 {
        let request = MetadataRequest {
            topics: None,
            ..MetadataRequest::default()
        };
        let all = wire.call(&request, version).await;
        let brokers: Vec<_> = all
            .brokers
            .iter()
            .map(|b| (b.node_id, b.host.as_str()))
            .collect();
        assert_eq!(brokers, [(1, "mock-1"), (2, "mock-2"), (3, "mock-3")]);
        assert_eq!(all.brokers[2].rack.as_deref(), Some("a"));
        assert_eq!(all.cluster_id, Some(cluster.cluster_id()));
        assert_eq!(all.controller_id, 1);
        let leaders: Vec<_> = all.topics[0]
            .partitions
            .iter()
            .map(|p| p.leader_id)
            .collect();
        assert_eq!(leaders, [1, 2, 3]);
        assert_eq!(all.topics[0].partitions[1].replica_nodes, [2, 3, 1]);
        assert_eq!(all.topics[0].topic_id.is_zero(), version < 10);
    }
    let none = MetadataRequest {
        topics: Some(Vec::new()),
        ..MetadataRequest::default()
    };
    assert!(wire.call(&none, 12).await.topics.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_topic_asked_for_is_there_the_second_time() {
    let cluster = MockCluster::builder().default_partitions(4).build();
    let mut wire = Wire::to(&cluster, 1).await;
    let first = metadata(&mut wire, &["new", "bad name"]).await;
    let codes: Vec<_> = first.topics.iter().map(|t| code(t.error_code)).collect();
    let invalid = ErrorCode::INVALID_TOPIC_EXCEPTION;
    assert_eq!(codes, [invalid, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]);
    let second = metadata(&mut wire, &["new"]).await;
    assert_eq!(second.topics[0].partitions.len(), 4);

    let strict = MockCluster::builder().auto_create_topics(false).build();
    let mut wire = Wire::to(&strict, 1).await;
    for _ in 0..2 {
        let answer = metadata(&mut wire, &["new"]).await;
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        assert_eq!(code(answer.topics[0].error_code), unknown);
    }
}

#[tokio::test(start_paused = true)]
async fn topics_are_found_by_id_and_unknown_ids_say_so() {
    let cluster = MockCluster::builder().build();
    let id = cluster.create_topic("t", 1).unwrap().0;
    let mut wire = Wire::to(&cluster, 1).await;
    let by_id = |id| MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            topic_id: id,
            name: None,
        }]),
        ..MetadataRequest::default()
    };
    let known = wire.call(&by_id(id), 12).await;
    assert_eq!(known.topics[0].name.as_deref(), Some("t"));
    let unknown = wire.call(&by_id(Uuid([7; 16])), 12).await;
    assert_eq!(
        code(unknown.topics[0].error_code),
        ErrorCode::UNKNOWN_TOPIC_ID
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_broker_is_left_out_and_its_partitions_move() {
    let cluster = MockCluster::builder().build();
    cluster.create_topic_with("kept", 1, 3, &[]).unwrap();
    cluster.create_topic_with("lost", 1, 1, &[]).unwrap();
    cluster.kill_broker(1);
    let mut wire = Wire::to(&cluster, 2).await;
    let answer = metadata(&mut wire, &["kept", "lost"]).await;
    assert_eq!(answer.brokers.len(), 2);
    let kept = &answer.topics[0].partitions[0];
    assert_eq!((kept.leader_id, kept.leader_epoch), (2, 1));
    assert_eq!(
        (&kept.isr_nodes[..], &kept.offline_replicas[..]),
        (&[2, 3][..], &[1][..])
    );
    let lost = &answer.topics[1].partitions[0];
    assert_eq!(code(lost.error_code), ErrorCode::LEADER_NOT_AVAILABLE);
    assert_eq!(lost.leader_id, -1);
    cluster.start_broker(1).unwrap();
    assert_eq!(cluster.leader("lost", 0), Some(1.into()));
    assert_eq!(cluster.leader("kept", 0), Some(2.into()));
}

#[tokio::test(start_paused = true)]
async fn versions_are_told_and_unknown_ones_answered_in_version_zero() {
    let cluster = MockCluster::builder().build();
    let mut wire = Wire::to(&cluster, 1).await;
    for version in 0..=4 {
        let answer = wire.call(&versions_request(), version).await;
        let produce = answer.api_keys.iter().find(|api| api.api_key == 0).unwrap();
        assert_eq!((produce.min_version, produce.max_version), (3, 13));
    }
    // A request of version 99, made by hand: key 18, version, correlation, no client id, no tags.
    let mut bytes = vec![0, 0, 0, 11, 0, 18, 0, 99, 0, 0, 0, 5, 0xff, 0xff, 0];
    tokio::io::AsyncWriteExt::write_all(&mut wire.stream, &bytes)
        .await
        .unwrap();
    let frame = wire.frame().await.unwrap();
    let (correlation, answer) = decode_api_versions_response(frame, 99).unwrap();
    assert_eq!(
        (correlation.0, code(answer.error_code)),
        (5, ErrorCode::UNSUPPORTED_VERSION)
    );
    assert_eq!(answer.api_keys.len(), 1);
    // Of any other API it closes the connection.
    bytes[5] = 3;
    tokio::io::AsyncWriteExt::write_all(&mut wire.stream, &bytes)
        .await
        .unwrap();
    assert_eq!(wire.frame().await, None);
    let mut wire = Wire::to(&cluster, 1).await;
    wire.closed_by(&DescribeConfigsRequest::default(), 4).await;
}

#[tokio::test(start_paused = true)]
async fn an_old_release_speaks_old_versions() {
    let old = MockCluster::builder().kafka_release(KafkaRelease::V2_1);
    let cluster = old.api_versions_cap(ApiKey::Fetch, 8).build();
    let mut wire = Wire::to(&cluster, 1).await;
    let answer = wire.call(&versions_request(), 2).await;
    let newest = |key: ApiKey| {
        let mut all = answer.api_keys.iter();
        all.find(|api| api.api_key == key.code())
            .map(|api| api.max_version)
    };
    assert_eq!(newest(ApiKey::Produce), Some(7));
    assert_eq!(newest(ApiKey::Fetch), Some(8));
    assert_eq!(newest(ApiKey::DescribeCluster), None);
    let all = MetadataRequest::default();
    assert_eq!(wire.call(&all, 7).await.brokers.len(), 3);
    wire.closed_by(&all, 8).await;
    assert!("2.0".parse::<KafkaRelease>().is_err());
}

#[tokio::test(start_paused = true)]
async fn topics_are_created_and_deleted_one_by_one() {
    let cluster = MockCluster::builder().topic("old", 1).build();
    let mut wire = Wire::to(&cluster, 3).await;
    let topic = |name: &str, num_partitions| CreatableTopic {
        name: name.to_owned(),
        num_partitions,
        replication_factor: 2,
        ..CreatableTopic::default()
    };
    let topics = vec![
        topic("new", 2),
        topic("old", 1),
        topic("twice", 1),
        topic("twice", 1),
    ];
    let request = CreateTopicsRequest {
        topics,
        ..CreateTopicsRequest::default()
    };
    let validated = CreateTopicsRequest {
        validate_only: true,
        ..request.clone()
    };
    assert_eq!(wire.call(&validated, 7).await.topics[0].error_code, 0);
    let answer = wire.call(&request, 7).await;
    let codes: Vec<_> = answer.topics.iter().map(|t| code(t.error_code)).collect();
    let exists = ErrorCode::TOPIC_ALREADY_EXISTS;
    assert_eq!(codes, [ErrorCode::NONE, exists, ErrorCode::INVALID_REQUEST]);
    let new = &answer.topics[0];
    assert_eq!((new.num_partitions, new.replication_factor), (2, 2));

    let by = |name: Option<&str>, topic_id| DeleteTopicState {
        name: name.map(str::to_owned),
        topic_id,
    };
    let request = DeleteTopicsRequest {
        topics: vec![
            by(None, new.topic_id),
            by(Some("no"), Uuid::ZERO),
            by(None, Uuid([7; 16])),
            by(Some("old"), new.topic_id),
        ],
        ..DeleteTopicsRequest::default()
    };
    let answer = wire.call(&request, 6).await;
    let codes: Vec<_> = answer
        .responses
        .iter()
        .map(|t| code(t.error_code))
        .collect();
    let expected = [
        ErrorCode::NONE,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::UNKNOWN_TOPIC_ID,
        ErrorCode::INVALID_REQUEST,
    ];
    assert_eq!(codes, expected);
    let request = DeleteTopicsRequest {
        topic_names: vec!["old".to_owned()],
        ..DeleteTopicsRequest::default()
    };
    assert_eq!(wire.call(&request, 5).await.responses[0].error_code, 0);
    assert!(cluster.partitions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn coordinators_are_the_same_for_everyone() {
    let cluster = MockCluster::builder().build();
    let mut wire = Wire::to(&cluster, 1).await;
    let expected = cluster.coordinator("g").unwrap().0;
    let old = FindCoordinatorRequest {
        key: "g".to_owned(),
        ..FindCoordinatorRequest::default()
    };
    assert_eq!(wire.call(&old, 3).await.node_id, expected);
    let new = FindCoordinatorRequest {
        coordinator_keys: vec!["g".to_owned(), "h".to_owned()],
        ..FindCoordinatorRequest::default()
    };
    let answer = wire.call(&new, 4).await;
    assert_eq!(answer.coordinators.len(), 2);
    assert_eq!(answer.coordinators[0].node_id, expected);
    assert_eq!(answer.coordinators[0].host, format!("mock-{expected}"));
    let unknown = FindCoordinatorRequest { key_type: 9, ..new };
    let answer = wire.call(&unknown, 4).await;
    assert_eq!(
        code(answer.coordinators[0].error_code),
        ErrorCode::INVALID_REQUEST
    );
}

#[tokio::test(start_paused = true)]
async fn producer_ids_are_new_each_time_whatever_the_producer_had() {
    let cluster = MockCluster::builder().build();
    let mut wire = Wire::to(&cluster, 1).await;
    let with = |producer_id, producer_epoch| InitProducerIdRequest {
        transactional_id: None,
        producer_id,
        producer_epoch,
        ..InitProducerIdRequest::default()
    };
    let first = wire.call(&with(-1, -1), 5).await;
    let second = wire.call(&with(first.producer_id, 3), 5).await;
    assert_ne!(first.producer_id, second.producer_id);
    assert_eq!((first.producer_epoch, second.producer_epoch), (0, 0));
    let half = wire.call(&with(first.producer_id, -1), 5).await;
    assert_eq!(code(half.error_code), ErrorCode::INVALID_REQUEST);
    let transactional = InitProducerIdRequest {
        transactional_id: Some("x".to_owned()),
        ..with(-1, -1)
    };
    let refused = wire.call(&transactional, 5).await;
    let unauthorised = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    assert_eq!(code(refused.error_code), unauthorised);
}

#[tokio::test(start_paused = true)]
async fn the_cluster_is_described() {
    let cluster = MockCluster::builder().brokers(2).build();
    let mut wire = Wire::to(&cluster, 1).await;
    for version in 0..=2 {
        let answer = wire.call(&DescribeClusterRequest::default(), version).await;
        assert_eq!((answer.error_code, answer.brokers.len()), (0, 2));
        assert_eq!(answer.cluster_id, cluster.cluster_id());
    }
}
