//! Leader, follower and stranger beside a real cluster of three: who refuses what, naming whom.

use std::time::Duration;

use tidewire::Uuid;
use tidewire::protocol::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreateTopicsRequest,
};
use tidewire::protocol::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use super::{Side, list_request, metadata_request, topic};
use crate::support::{Wire, batch, code, fetch_request, produce_request};

pub(super) async fn script(side: &mut Side) {
    let request = metadata_request(&[]);
    let brokers = side.ask(&request, 12).await.unwrap().brokers;
    if brokers.len() < 3 {
        let (name, _) = side.create("epochs", &[]).await;
        side.append("of an epoch", &name, batch(&["a", "b"])).await;
        return epochs(side, "at the only broker", &name).await;
    }
    let (name, id) = create(side).await;
    for id in [1, 2, 3] {
        let node = brokers.iter().find(|broker| broker.node_id == id).unwrap();
        side.address = format!("{}:{}", node.host, node.port);
        side.wire = Wire::dial(&*side.connector, &side.address).await.unwrap();
        if id == 1 {
            wait_for_leader(side, &name).await;
            side.append("to the leader", &name, batch(&["a", "b"]))
                .await;
            // The follower learns of the high watermark with its next fetch.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        ask_all(side, id, &name).await;
        epochs(side, &format!("at broker {id}"), &name).await;
        racks(side, id, &name).await;
        by_id(side, id, &name).await;
    }
    assert!(!id.is_zero());
}

async fn create(side: &mut Side) -> (String, Uuid) {
    let name = side.topic("replicas");
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            assignments: vec![CreatableReplicaAssignment {
                partition_index: 0,
                broker_ids: vec![1, 2],
            }],
            ..topic(&name, -1, -1)
        }],
        timeout_ms: 10_000,
        ..CreateTopicsRequest::default()
    };
    let created = side.ask(&request, 7).await.unwrap();
    assert_eq!(created.topics[0].error_code, 0, "{created:?}");
    (name, created.topics[0].topic_id)
}

async fn wait_for_leader(side: &mut Side, name: &str) {
    for _ in 0..200 {
        let end = side.ask(&list_request(name, -1, -1), 7).await.unwrap();
        if end.topics[0].partitions[0].error_code == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn ask_all(side: &mut Side, broker: i32, name: &str) {
    for version in [9, 10] {
        let what = format!("at broker {broker} in version {version}");
        let request = produce_request(name, 9, batch(&["x"]), -1);
        side.produce(&format!("no such partition {what}"), &request, version)
            .await;
        if broker == 1 {
            continue;
        }
        let request = produce_request(name, 0, batch(&["x"]), -1);
        let response = side.ask(&request, version).await.unwrap();
        let nodes: Vec<i32> = response.node_endpoints.iter().map(|n| n.node_id).collect();
        let answer = &response.responses[0].partition_responses[0];
        let leader = &answer.current_leader;
        let told = (
            code(answer.error_code),
            leader.leader_id,
            leader.leader_epoch,
            nodes,
        );
        side.note(&format!("produce {what}"), told);
    }
    for (version, epoch) in [
        (10, -1),
        (10, 0),
        (11, -1),
        (11, 0),
        (11, 1),
        (12, -1),
        (12, 0),
    ] {
        let mut request = fetch_request(name, 0);
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let what = format!("at broker {broker} in version {version} with epoch {epoch}");
        side.fetch(&what, &request, version).await;
    }
    for (timestamp, epoch) in [(-1, -1), (-2, 0), (-1, 1), (0, -1)] {
        let answer = side
            .ask(&list_request(name, timestamp, epoch), 7)
            .await
            .unwrap();
        let found = &answer.topics[0].partitions[0];
        let told = (code(found.error_code), found.offset, found.leader_epoch);
        let what = format!("offset of {timestamp} with epoch {epoch} at broker {broker}");
        side.note(&what, told);
    }
}

async fn epochs(side: &mut Side, what: &str, name: &str) {
    for version in [2, 3, 4] {
        for (partition, current_leader_epoch, leader_epoch) in [
            (0, -1, 0),
            (0, 0, 0),
            (0, 1, 0),
            (0, 0, 1),
            (0, 0, -1),
            (0, -1, -5),
            (9, -1, 0),
        ] {
            let request = OffsetForLeaderEpochRequest {
                replica_id: if version >= 3 { -1 } else { -2 },
                topics: vec![OffsetForLeaderTopic {
                    topic: name.to_owned(),
                    partitions: vec![OffsetForLeaderPartition {
                        partition,
                        current_leader_epoch,
                        leader_epoch,
                    }],
                }],
            };
            let answer = side.ask(&request, version).await.unwrap();
            let found = &answer.topics[0].partitions[0];
            let told = (code(found.error_code), found.leader_epoch, found.end_offset);
            let asked = (partition, current_leader_epoch, leader_epoch);
            side.note(&format!("epoch {asked:?} {what} in {version}"), told);
        }
    }
}

/// Who is sent to a replica nearby (KIP-392).
async fn racks(side: &mut Side, broker: i32, name: &str) {
    for rack in ["", "rack-1", "rack-2", "rack-3", "rack-9"] {
        for (version, offset) in [(10, 0), (11, 0), (12, 1), (12, 2), (12, 3), (12, -1)] {
            let mut request = fetch_request(name, offset);
            if version > 10 {
                request.rack_id = rack.to_owned();
            }
            let what = format!("{offset} from {rack:?} at broker {broker} in {version}");
            let response = side.fetch(&what, &request, version).await;
            let partitions = response
                .responses
                .iter()
                .flat_map(|topic| &topic.partitions);
            let told: Vec<i32> = partitions.map(|p| p.preferred_read_replica).collect();
            side.note(&format!("preferred for {what}"), told);
        }
    }
}

/// The versions that say who leads instead.
async fn by_id(side: &mut Side, broker: i32, name: &str) {
    let found = side
        .ask(&metadata_request(&[Some(name)]), 12)
        .await
        .unwrap();
    for epoch in [-1, 0, 1] {
        let mut request = fetch_request(name, 0);
        request.topics[0].topic_id = found.topics[0].topic_id;
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let what = format!("by id at broker {broker} with epoch {epoch}");
        let response = side.fetch(&what, &request, 16).await;
        let nodes: Vec<i32> = response.node_endpoints.iter().map(|n| n.node_id).collect();
        side.note(&format!("nodes {what}"), nodes);
    }
}
