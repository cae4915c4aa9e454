//! Reading from a follower nearby (KIP-392), and from one that lags.

use tidewire::ErrorCode;
use tidewire::mock::MockCluster;
use tidewire::protocol::fetch::{FetchRequest, PartitionData};

use crate::support::{Wire, batch, code, fetch_request, one_fetched};

fn request(rack: &str, offset: i64) -> FetchRequest {
    FetchRequest {
        rack_id: rack.to_owned(),
        max_wait_ms: 60_000,
        min_bytes: 1,
        ..fetch_request("t", offset)
    }
}

/// Broker 1 leads, in rack a; broker 2 follows in rack b, broker 3 in rack c.
async fn racks() -> (MockCluster, Wire) {
    let builder = MockCluster::builder().brokers(3).topic("t", 1);
    let cluster = builder
        .racks(["a", "b", "c"])
        .rack_aware_reads(true)
        .build();
    let mut wire = Wire::to(&cluster, 1).await;
    wire.produce("t", batch(&["x", "y"])).await;
    wire.produce("t", batch(&["z"])).await;
    (cluster, wire)
}

async fn fetch(wire: &mut Wire, rack: &str, offset: i64) -> PartitionData {
    one_fetched(wire.call(&request(rack, offset), 12).await)
}

#[tokio::test(start_paused = true)]
async fn a_leader_sends_consumers_to_their_rack() {
    let (cluster, mut leader) = racks().await;
    let sent = fetch(&mut leader, "b", 0).await;
    assert_eq!(sent.preferred_read_replica, 2);
    assert!(sent.records.is_none_or(|records| records.is_empty()));
    for rack in ["", "a", "nowhere"] {
        let served = fetch(&mut leader, rack, 0).await;
        assert_eq!(served.preferred_read_replica, -1, "{rack}");
        assert!(!served.records.unwrap().is_empty());
    }
    let mut follower = Wire::to(&cluster, 2).await;
    let served = fetch(&mut follower, "b", 0).await;
    assert_eq!(
        (served.preferred_read_replica, served.high_watermark),
        (-1, 3)
    );
    assert!(!served.records.unwrap().is_empty());
    cluster.set_rack(3, Some("b"));
    cluster.kill_broker(2);
    let sent = fetch(&mut leader, "b", 0).await;
    assert_eq!(sent.preferred_read_replica, 3, "only who is in sync");
    cluster.kill_broker(3);
    let served = fetch(&mut leader, "b", 0).await;
    assert_eq!(served.preferred_read_replica, -1);
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_lags_has_less() {
    let (cluster, mut leader) = racks().await;
    cluster.lag_follower("t", 0, 2, 2).unwrap();
    let mut follower = Wire::to(&cluster, 2).await;
    let served = fetch(&mut follower, "b", 0).await;
    assert_eq!(served.high_watermark, 2);
    assert_eq!(served.records.unwrap().len(), batch(&["x", "y"]).len());
    let early = fetch(&mut follower, "b", 3).await;
    assert_eq!(code(early.error_code), ErrorCode::OFFSET_OUT_OF_RANGE);
    let served = fetch(&mut leader, "b", 3);
    let waits = tokio::time::timeout(std::time::Duration::from_secs(1), served).await;
    assert!(
        waits.is_err(),
        "the leader serves what its follower has not"
    );
    let mut leader = Wire::to(&cluster, 1).await;
    assert_eq!(fetch(&mut leader, "b", 2).await.preferred_read_replica, 2);
    cluster.lag_follower("t", 0, 2, -1).unwrap();
    let served = fetch(&mut follower, "b", 2).await;
    assert_eq!((served.error_code, served.high_watermark), (0, 3));
    let refused = cluster.lag_follower("t", 0, 9, 0);
    assert!(refused.is_err());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_sent_away_unless_it_is_asked_for() {
    let builder = MockCluster::builder().brokers(2).topic("t", 1);
    let cluster = builder.racks(["a", "b"]).build();
    let mut wire = Wire::to(&cluster, 1).await;
    wire.produce("t", batch(&["x"])).await;
    assert_eq!(fetch(&mut wire, "b", 0).await.preferred_read_replica, -1);
}
