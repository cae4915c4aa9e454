//! Leader epochs over the wire: what a client learns of a log that lost its end (KIP-320).

use tidewire::ErrorCode;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::protocol::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use crate::support::{Wire, batch, code, fetch_request, one_fetched};

async fn epoch_end(wire: &mut Wire, current: i32, epoch: i32) -> (ErrorCode, i32, i64) {
    let request = OffsetForLeaderEpochRequest {
        replica_id: -1,
        topics: vec![OffsetForLeaderTopic {
            topic: "t".to_owned(),
            partitions: vec![OffsetForLeaderPartition {
                partition: 0,
                current_leader_epoch: current,
                leader_epoch: epoch,
            }],
        }],
    };
    let answer = wire.call(&request, 4).await;
    let found = &answer.topics[0].partitions[0];
    (code(found.error_code), found.leader_epoch, found.end_offset)
}

/// Offsets 0 to 3 in epoch 0; 2 to 4 again in epoch 1, as the end was lost.
async fn diverged() -> (MockCluster, Wire) {
    let cluster = MockCluster::builder().brokers(2).topic("t", 1).build();
    let mut wire = Wire::to(&cluster, 1).await;
    wire.produce("t", batch(&["a", "b"])).await;
    wire.produce("t", batch(&["c", "d"])).await;
    assert_eq!(cluster.lose_log_end("t", 0, 2, 2).unwrap(), 2);
    let mut wire = Wire::to(&cluster, 2).await;
    wire.produce("t", batch(&["C", "D", "E"])).await;
    (cluster, wire)
}

#[tokio::test(start_paused = true)]
async fn each_epoch_ends_where_the_next_began() {
    let (cluster, mut wire) = diverged().await;
    let none = ErrorCode::NONE;
    assert_eq!(epoch_end(&mut wire, 1, 0).await, (none, 0, 2));
    assert_eq!(epoch_end(&mut wire, -1, 1).await, (none, 1, 5));
    assert_eq!(epoch_end(&mut wire, 1, 2).await, (none, -1, -1));
    let fenced = ErrorCode::FENCED_LEADER_EPOCH;
    assert_eq!(epoch_end(&mut wire, 0, 0).await.0, fenced);
    let unknown = ErrorCode::UNKNOWN_LEADER_EPOCH;
    assert_eq!(epoch_end(&mut wire, 2, 0).await.0, unknown);
    let mut follower = Wire::to(&cluster, 1).await;
    let elsewhere = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    assert_eq!(epoch_end(&mut follower, 1, 0).await.0, elsewhere);
    // What was deleted at the front has no end any more; it ends where the log begins.
    cluster.delete_records("t", 0, 3).unwrap();
    assert_eq!(epoch_end(&mut wire, 1, 0).await, (none, 0, 3));
    let refuse = Fault::on(ApiKey::OffsetForLeaderEpoch).topic("t").nth(1);
    cluster.faults().add(refuse.then(Action::Error(elsewhere)));
    assert_eq!(epoch_end(&mut wire, 1, 0).await.0, elsewhere);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_beyond_the_divergence_tells_of_it() {
    let (_cluster, mut wire) = diverged().await;
    let mut request = fetch_request("t", 3);
    let asked = &mut request.topics[0].partitions[0];
    asked.current_leader_epoch = 1;
    asked.last_fetched_epoch = 0;
    let answer = one_fetched(wire.call(&request, 12).await);
    let diverging = &answer.diverging_epoch;
    assert_eq!((diverging.epoch, diverging.end_offset), (0, 2));
    assert!(answer.records.is_none_or(|records| records.is_empty()));
    request.topics[0].partitions[0].last_fetched_epoch = 1;
    let answer = one_fetched(wire.call(&request, 12).await);
    assert_eq!(answer.diverging_epoch.epoch, -1);
    assert!(!answer.records.unwrap().is_empty());
}
