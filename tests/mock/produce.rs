//! Produce: offsets, refusals, idempotence.

use bytes::Bytes;
use tidewire::ErrorCode;
use tidewire::config::Codec;
use tidewire::mock::MockCluster;
use tidewire::protocol::init_producer_id::InitProducerIdRequest;
use tidewire::protocol::produce::ProduceRequest;

use crate::support::{Wire, batch, code, one, packed, produce_request, stamped};

async fn cluster() -> (MockCluster, Wire) {
    let cluster = MockCluster::builder().topic("t", 1).build();
    let wire = Wire::to(&cluster, 1).await;
    (cluster, wire)
}

#[tokio::test(start_paused = true)]
async fn offsets_follow_the_records() {
    let (cluster, mut wire) = cluster().await;
    for (values, offset) in [(&["a", "b"][..], 0), (&["c"], 2), (&["d"], 3)] {
        let answer = wire.produce("t", batch(values)).await;
        assert_eq!((answer.error_code, answer.base_offset), (0, offset));
        assert_eq!(
            (answer.log_append_time_ms, answer.log_start_offset),
            (-1, 0)
        );
    }
    let values: Vec<_> = cluster
        .log("t", 0)
        .into_iter()
        .map(|r| r.value.unwrap())
        .collect();
    assert_eq!(values, ["a", "b", "c", "d"]);
    assert_eq!(cluster.high_watermark("t", 0), Some(4));
}

#[tokio::test(start_paused = true)]
async fn every_version_is_answered_in_kind() {
    let (cluster, mut wire) = cluster().await;
    let id = cluster.create_topic("u", 1).unwrap();
    for version in 3..=13 {
        let mut request = produce_request("u", 0, batch(&["v"]), -1);
        request.topic_data[0].topic_id = id.0;
        let response = wire.call(&request, version).await;
        assert_eq!(response.responses[0].topic_id == id.0, version >= 13);
        let answer = one(response);
        assert_eq!(
            (answer.error_code, answer.base_offset),
            (0, i64::from(version) - 3)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_five_batches_are_recognised_and_others_are_out_of_order() {
    let (cluster, mut wire) = cluster().await;
    let request = InitProducerIdRequest {
        transactional_id: None,
        ..InitProducerIdRequest::default()
    };
    let id = wire.call(&request, 4).await.producer_id;
    for sequence in 0..6 {
        let answer = wire.produce("t", stamped(&["v"], id, 0, sequence)).await;
        assert_eq!(answer.base_offset, i64::from(sequence));
    }
    for sequence in 1..6 {
        let again = wire.produce("t", stamped(&["v"], id, 0, sequence)).await;
        assert_eq!(
            (again.error_code, again.base_offset),
            (0, i64::from(sequence))
        );
    }
    let refused = [
        stamped(&["v"], id, 0, 0),
        stamped(&["v"], id, 0, 8),
        stamped(&["v"], id, 1, 6),
    ];
    for batch in refused {
        let answer = wire.produce("t", batch).await;
        assert_eq!(
            code(answer.error_code),
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
        );
        assert_eq!(answer.base_offset, -1);
    }
    assert_eq!(
        wire.produce("t", stamped(&["v"], id, 1, 0))
            .await
            .base_offset,
        6
    );
    let fenced = wire.produce("t", stamped(&["v"], id, 0, 6)).await;
    assert_eq!(code(fenced.error_code), ErrorCode::INVALID_PRODUCER_EPOCH);
    let sequences: Vec<i32> = cluster.log("t", 0).iter().map(|r| r.sequence).collect();
    assert_eq!(sequences, [0, 1, 2, 3, 4, 5, 0]);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_a_brokers_codes() {
    let (cluster, mut wire) = cluster().await;
    let mut damaged = batch(&["a"]).to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let two = Bytes::from([batch(&["a"]), batch(&["b"])].concat());
    for (topic, partition, records, acks, expected) in [
        ("t", 0, Bytes::from(damaged), -1, ErrorCode::CORRUPT_MESSAGE),
        ("t", 0, two, -1, ErrorCode::INVALID_RECORD),
        ("t", 0, Bytes::new(), -1, ErrorCode::INVALID_RECORD),
        ("t", 0, batch(&["a"]), 2, ErrorCode::INVALID_REQUIRED_ACKS),
        (
            "t",
            1,
            batch(&["a"]),
            -1,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ),
        (
            "u",
            0,
            batch(&["a"]),
            -1,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ),
    ] {
        let answer = wire.produce_to(topic, partition, records, acks).await;
        assert_eq!(
            code(answer.error_code),
            expected,
            "{topic} {partition} {acks}"
        );
        assert_eq!(answer.base_offset, -1);
    }
    cluster
        .set_topic_config("t", "max.message.bytes", "100")
        .unwrap();
    let answer = wire.produce("t", batch(&["x".repeat(100).as_str()])).await;
    assert_eq!(code(answer.error_code), ErrorCode::MESSAGE_TOO_LARGE);
    assert!(cluster.log("t", 0).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_wrong_broker_names_the_right_one() {
    let (cluster, _) = cluster().await;
    let mut second = Wire::to(&cluster, 2).await;
    let request = produce_request("t", 0, batch(&["a"]), -1);
    let response = second.call(&request, 10).await;
    let node = &response.node_endpoints[0];
    assert_eq!(
        (node.node_id, node.host.as_str(), node.port),
        (1, "mock-1", 9092)
    );
    let answer = one(response);
    assert_eq!(code(answer.error_code), ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!(
        (
            answer.current_leader.leader_id,
            answer.current_leader.leader_epoch
        ),
        (1, 0)
    );
    let older = second.call(&request, 9).await;
    assert!(older.node_endpoints.is_empty());
}

#[tokio::test(start_paused = true)]
async fn too_few_replicas_in_sync_refuse_acks_all_only() {
    let cluster = MockCluster::builder()
        .min_insync_replicas(2)
        .topic("t", 1)
        .build();
    let mut wire = Wire::to(&cluster, 1).await;
    cluster.kill_broker(2);
    assert_eq!(
        wire.produce_to("t", 0, batch(&["a"]), -1).await.error_code,
        0
    );
    cluster.kill_broker(3);
    let answer = wire.produce_to("t", 0, batch(&["b"]), -1).await;
    assert_eq!(code(answer.error_code), ErrorCode::NOT_ENOUGH_REPLICAS);
    assert_eq!(
        wire.produce_to("t", 0, batch(&["c"]), 1).await.error_code,
        0
    );
    cluster.start_broker(3).unwrap();
    assert_eq!(
        wire.produce_to("t", 0, batch(&["d"]), -1).await.error_code,
        0
    );
    assert_eq!(cluster.log("t", 0).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn acks_zero_is_not_answered_and_an_error_closes_the_connection() {
    let (cluster, mut wire) = cluster().await;
    wire.send(&produce_request("t", 0, batch(&["a"]), 0), 9)
        .await;
    // The next answer is the next request's.
    assert_eq!(wire.produce("t", batch(&["b"])).await.base_offset, 1);
    wire.closed_by(&produce_request("t", 7, batch(&["c"]), 0), 9)
        .await;
    assert_eq!(cluster.log("t", 0).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn log_append_time_is_the_brokers_and_said_in_the_answer() {
    let cluster = MockCluster::builder().build();
    let config = [("message.timestamp.type", "LogAppendTime")];
    cluster.create_topic_with("t", 1, 1, &config).unwrap();
    let mut wire = Wire::to(&cluster, 1).await;
    let answer = wire.produce("t", batch(&["a"])).await;
    assert!(answer.log_append_time_ms > 0);
    assert_eq!(cluster.log("t", 0)[0].timestamp, answer.log_append_time_ms);
}

#[tokio::test(start_paused = true)]
async fn many_small_requests_and_a_large_one_keep_their_bytes_apart() {
    let (cluster, mut wire) = cluster().await;
    let large = "x".repeat(900_000);
    for value in ["a", &large, "b", "c", &large, "d"] {
        assert_eq!(wire.produce("t", batch(&[value])).await.error_code, 0);
    }
    let sizes: Vec<usize> = cluster
        .log("t", 0)
        .iter()
        .map(|r| r.value.as_ref().unwrap().len())
        .collect();
    assert_eq!(sizes, [1, 900_000, 1, 1, 900_000, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_partitions_is_answered_with_none() {
    let (_cluster, mut wire) = cluster().await;
    let request = ProduceRequest {
        acks: -1,
        ..ProduceRequest::default()
    };
    assert!(wire.call(&request, 9).await.responses.is_empty());
}

#[tokio::test(start_paused = true)]
async fn compressed_batches_are_unpacked_checked_and_kept_as_they_are() {
    let (cluster, mut wire) = cluster().await;
    let value = "v".repeat(500);
    for codec in Codec::ALL.into_iter().filter(|codec| codec.is_built_in()) {
        let sound = packed(&[&value, &value], codec);
        assert_eq!(
            wire.produce("t", sound.clone()).await.error_code,
            0,
            "{codec:?}"
        );
        let stored = wire
            .fetch("t", cluster.high_watermark("t", 0).unwrap() - 1)
            .await;
        let stored = stored.records.unwrap().into_bytes();
        assert_eq!(stored[16..], sound[16..]);
        let record = cluster.log("t", 0).pop().unwrap();
        assert_eq!(record.codec, codec.wire_id());
        assert_eq!(record.value.as_deref(), Some(value.as_bytes()));

        // One record fewer than the header says, with a right CRC.
        let mut lie = sound.to_vec();
        lie[26] = 2;
        lie[60] = 3;
        let crc = crc32c::crc32c(&lie[21..]);
        lie[17..21].copy_from_slice(&crc.to_be_bytes());
        let answer = wire.produce("t", Bytes::from(lie)).await;
        assert_eq!(
            code(answer.error_code),
            ErrorCode::INVALID_RECORD,
            "{codec:?}"
        );
    }
    let mut zstd = packed(&[&value], Codec::Gzip).to_vec();
    zstd[22] = 4;
    let request = produce_request("t", 0, Bytes::from(zstd), -1);
    let answer = one(wire.call(&request, 6).await);
    assert_eq!(
        code(answer.error_code),
        ErrorCode::UNSUPPORTED_COMPRESSION_TYPE
    );
}
