//! ListOffsets: ends, timestamps, refusals.

use tidewire::ErrorCode;
use tidewire::mock::MockCluster;
use tidewire::protocol::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};

use crate::support::{Wire, batch, batch_at, code};

fn request(partitions: &[(i32, i64)]) -> ListOffsetsRequest {
    let partition = |(partition_index, timestamp): &(i32, i64)| ListOffsetsPartition {
        partition_index: *partition_index,
        timestamp: *timestamp,
        ..ListOffsetsPartition::default()
    };
    ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: "t".to_owned(),
            partitions: partitions.iter().map(partition).collect(),
        }],
        ..ListOffsetsRequest::default()
    }
}

async fn ask(wire: &mut Wire, timestamp: i64, version: i16) -> ListOffsetsPartitionResponse {
    let answer = wire.call(&request(&[(0, timestamp)]), version).await;
    answer.topics[0].partitions[0].clone()
}

#[tokio::test(start_paused = true)]
async fn ends_and_timestamps_are_found_in_every_version_that_has_them() {
    let cluster = MockCluster::builder().brokers(1).topic("t", 1).build();
    let mut wire = Wire::to(&cluster, 1).await;
    wire.produce("t", batch_at(&["a", "b"], &[1_000, 5_000]))
        .await;
    wire.produce("t", batch_at(&["c", "d"], &[3_000, 5_000]))
        .await;
    cluster.delete_records("t", 0, 1).unwrap();
    for version in 1..=11 {
        for (timestamp, since, offset, at) in [
            (-1, 1, 4, -1),
            (-2, 1, 1, -1),
            (-3, 7, 1, 5_000),
            (-4, 8, 1, -1),
            (-5, 9, -1, -1),
            (-6, 11, -1, -1),
            (0, 1, 1, 5_000),
            (5_000, 1, 1, 5_000),
            (5_001, 1, -1, -1),
        ] {
            let found = ask(&mut wire, timestamp, version).await;
            if version < since {
                assert_eq!(code(found.error_code), ErrorCode::UNSUPPORTED_VERSION);
                continue;
            }
            assert_eq!(
                (found.error_code, found.offset, found.timestamp),
                (0, offset, at)
            );
            let epoch = if version >= 4 && offset >= 0 { 0 } else { -1 };
            assert_eq!(
                found.leader_epoch, epoch,
                "{timestamp} in version {version}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_log_has_ends_and_no_times() {
    let cluster = MockCluster::builder().brokers(1).topic("t", 1).build();
    let mut wire = Wire::to(&cluster, 1).await;
    for (timestamp, offset) in [(-1, 0), (-2, 0), (-3, -1), (0, -1)] {
        let found = ask(&mut wire, timestamp, 7).await;
        assert_eq!(
            (found.error_code, found.offset, found.timestamp),
            (0, offset, -1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_are_per_partition() {
    let cluster = MockCluster::builder().topic("t", 2).build();
    let mut wire = Wire::to(&cluster, 1).await;
    wire.produce("t", batch(&["a"])).await;
    let answer = wire.call(&request(&[(0, -7), (1, -1), (2, -1)]), 9).await;
    let codes: Vec<_> = answer.topics[0]
        .partitions
        .iter()
        .map(|p| code(p.error_code))
        .collect();
    let expected = [
        ErrorCode::UNSUPPORTED_VERSION,
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ];
    assert_eq!(codes, expected);
    let twice = wire.call(&request(&[(0, -1), (0, -2)]), 9).await;
    assert_eq!(
        code(twice.topics[0].partitions[0].error_code),
        ErrorCode::INVALID_REQUEST
    );
    let mut newer = request(&[(0, -1)]);
    newer.topics[0].partitions[0].current_leader_epoch = 1;
    let answer = wire.call(&newer, 9).await;
    assert_eq!(
        code(answer.topics[0].partitions[0].error_code),
        ErrorCode::UNKNOWN_LEADER_EPOCH
    );
}
