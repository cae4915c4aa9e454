//! A producer while answers get lost, leaders move and brokers refuse: what was said must be true.

use std::time::Duration;

use bytes::Bytes;
use tidewire::config::Acks;
use tidewire::mock::{Action, Fault, MockCluster, RequestSeen};
use tidewire::protocol::ApiKey;
use tidewire::protocol::frame::encode_response;
use tidewire::protocol::metadata::{
    MetadataResponse, MetadataResponseBroker, MetadataResponseTopic,
};
use tidewire::protocol::produce::{
    PartitionProduceResponse, ProduceResponse, TopicProduceResponse,
};
use tidewire::{BrokerId, Client, CorrelationId, ErrorCode, ErrorKind, Producer, WriteStatus};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::support::{
    PATIENCE, client, cluster, connect, ms, numbers, record, secs, timed, values, within,
};

fn producer(client: &Client) -> Producer {
    client.producer().build().unwrap()
}

/// Sends "0", "1", .. one after the other, each acknowledged before the next.
async fn send(producer: &Producer, partition: i32, numbers: std::ops::Range<usize>) {
    for n in numbers {
        let sent = producer.send(record(partition, n.to_string()));
        within(PATIENCE, sent).await.unwrap();
    }
}

fn on_produce() -> tidewire::mock::FaultMatch {
    Fault::on(ApiKey::Produce)
}

#[tokio::test(start_paused = true)]
async fn every_acks_mode_writes_in_order() {
    for acks in [Acks::All, Acks::Leader, Acks::None] {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = client.producer().acks(acks).build().unwrap();
        let mut deliveries = Vec::new();
        for n in numbers(100) {
            deliveries.push(producer.enqueue(record(0, n)).await.unwrap());
        }
        within(secs(1), producer.flush())
            .await
            .into_result()
            .unwrap();
        for (n, delivery) in (0..).zip(deliveries) {
            let offset = within(ms(1), delivery).await.unwrap().offset;
            assert_eq!(offset, Some(n).filter(|_| acks != Acks::None), "{acks:?}");
        }
        // Without acknowledgements the broker may be a moment behind.
        tokio::time::sleep(ms(100)).await;
        assert_eq!(values(&cluster, 0), numbers(100), "{acks:?}");
        let report = within(secs(1), producer.close(secs(1))).await;
        assert!(report.is_complete(), "{report:?}");
    }
}

/// All the ways in which a batch is written and the producer does not hear of it.
fn lost_answers() -> [(Action, Duration); 6] {
    [
        (Action::ApplyThenDisconnect, secs(1)),
        (Action::CutAt(6), secs(1)),
        (Action::ApplyThenDrop, secs(31)),
        (Action::ApplyThenDelay(secs(45)), secs(61)),
        (
            Action::ApplyThenError(ErrorCode::REQUEST_TIMED_OUT),
            secs(1),
        ),
        (
            Action::ApplyThenError(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND),
            secs(1),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn case_1_an_answer_lost_after_the_append_leaves_the_record_once() {
    for (action, limit) in lost_answers() {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = producer(&client);
        send(&producer, 0, 0..2).await;
        cluster
            .faults()
            .add(on_produce().nth(1).then(action.clone()));
        let sent = within(limit, producer.send(record(0, "2"))).await.unwrap();
        assert_eq!(sent.offset, Some(2), "{action:?}");
        send(&producer, 0, 3..5).await;
        assert_eq!(values(&cluster, 0), numbers(5), "{action:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_1_without_idempotence_the_record_is_there_at_least_once() {
    for (action, limit) in lost_answers() {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = client.producer().idempotence(false).build().unwrap();
        send(&producer, 0, 0..1).await;
        cluster
            .faults()
            .add(on_produce().nth(1).then(action.clone()));
        within(limit, producer.send(record(0, "1"))).await.unwrap();
        // This is what idempotence is for.
        assert_eq!(values(&cluster, 0), ["0", "1", "1"], "{action:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_2_a_duplicate_sequence_is_success_at_an_unknown_offset() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    let duplicate = Action::ApplyThenError(ErrorCode::DUPLICATE_SEQUENCE_NUMBER);
    cluster.faults().add(on_produce().nth(1).then(duplicate));
    let sent = within(secs(1), producer.send(record(0, "0")))
        .await
        .unwrap();
    assert_eq!(sent.offset, None);
    send(&producer, 0, 1..3).await;
    assert_eq!(values(&cluster, 0), numbers(3));
}

#[tokio::test(start_paused = true)]
async fn case_11_refusals_that_pass_are_tried_again_with_backoff() {
    for code in [
        ErrorCode::NOT_ENOUGH_REPLICAS,
        ErrorCode::KAFKA_STORAGE_ERROR,
        ErrorCode::LEADER_NOT_AVAILABLE,
        ErrorCode::CORRUPT_MESSAGE,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ] {
        let cluster = cluster().topic("t", 2).build();
        let client = connect(&cluster).await;
        let producer = producer(&client);
        send(&producer, 0, 0..1).await;
        let refuse = on_produce().topic("t").partition(0).times(4);
        let refused = cluster.faults().add(refuse.then(Action::Error(code)));
        let sending = timed(secs(10), producer.send(record(0, "1")));
        let healthy = timed(secs(1), producer.send(record(1, "0")));
        let ((sent, took), (other, other_took)) = tokio::join!(sending, healthy);
        sent.unwrap();
        other.unwrap();
        assert_eq!(cluster.faults().fired(refused), 4, "{code}");
        // 100, 200, 400 and 800 ms, each 20 % more or less.
        assert!(took >= ms(1200) && took <= ms(1900), "{code}: {took:?}");
        assert!(other_took <= ms(100), "{code}: {other_took:?}");
        assert_eq!(values(&cluster, 0), numbers(2), "{code}");
    }
}

/// Moves the leader, sends one record and returns how long that took, and whether anybody was asked
/// for metadata before the new leader had it.
async fn send_after_a_move(
    cluster: &MockCluster,
    producer: &Producer,
    to: i32,
    n: usize,
) -> (Duration, bool) {
    let seen = cluster.history().len();
    cluster.move_leader("t", 0, to).unwrap();
    let sent = producer.send(record(0, n.to_string()));
    let (sent, took) = timed(secs(20), sent).await;
    assert_eq!(sent.unwrap().offset, i64::try_from(n).ok());
    let history = cluster.history();
    let arrived = |it: &RequestSeen| it.api == Some(ApiKey::Produce) && it.broker == BrokerId(to);
    let mut before = history.iter().skip(seen).take_while(|it| !arrived(it));
    (took, before.any(|it| it.api == Some(ApiKey::Metadata)))
}

#[tokio::test(start_paused = true)]
async fn case_12_a_leader_that_moves_is_followed_at_once_by_its_hint() {
    for newest in [13, 12, 10] {
        let builder = cluster().topic("t", 1);
        let cluster = builder.api_versions_cap(ApiKey::Produce, newest).build();
        // Neither metadata nor another attempt at the old leader can stand in for the hint.
        let patient = client(&cluster).property("retry.backoff.ms", "60000");
        let patient = patient.property("retry.backoff.max.ms", "60000");
        let client = patient.connect().await.unwrap();
        let producer = producer(&client);
        let mut total = 0;
        for leader in [2, 3, 1, 3, 2] {
            send(&producer, 0, total..total + 3).await;
            total += 4;
            let (took, asked) = send_after_a_move(&cluster, &producer, leader, total - 1).await;
            assert!(took <= ms(50), "v{newest} to {leader}: {took:?}");
            assert!(!asked, "v{newest} to {leader}: metadata was asked for");
        }
        assert_eq!(values(&cluster, 0), numbers(total), "v{newest}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_12_a_leader_that_moves_without_a_hint_is_followed_by_metadata() {
    let builder = cluster().topic("t", 1);
    let cluster = builder.api_versions_cap(ApiKey::Produce, 9).build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    let mut total = 0;
    for leader in [2, 3, 1, 3, 2] {
        send(&producer, 0, total..total + 3).await;
        total += 4;
        let (took, asked) = send_after_a_move(&cluster, &producer, leader, total - 1).await;
        assert!(took <= ms(650), "to {leader}: {took:?}");
        assert!(asked, "to {leader}: nothing but metadata can say so");
    }
    assert_eq!(values(&cluster, 0), numbers(total));
}

#[tokio::test(start_paused = true)]
async fn case_13_a_leader_that_moves_under_load_keeps_order() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = client.producer().batch_size(200).build().unwrap();
    let mut deliveries = Vec::new();
    for n in 0..600_usize {
        deliveries.push(producer.enqueue(record(0, n.to_string())).await.unwrap());
        if n % 100 == 50 {
            let leader = i32::try_from(n / 100 % 3).unwrap() + 1;
            cluster.move_leader("t", 0, leader).unwrap();
        }
        if n % 10 == 0 {
            tokio::time::sleep(ms(3)).await;
        }
    }
    for (offset, delivery) in (0..).zip(deliveries) {
        assert_eq!(
            within(secs(5), delivery).await.unwrap().offset,
            Some(offset)
        );
    }
    assert_eq!(values(&cluster, 0), numbers(600));
}

#[tokio::test(start_paused = true)]
async fn a_broker_killed_and_back_costs_no_record() {
    let cluster = cluster()
        .default_replication_factor(1)
        .topic("t", 3)
        .build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    for partition in 0..3 {
        send(&producer, partition, 0..1).await;
    }
    cluster.kill_broker(1);
    let stuck = producer.enqueue(record(0, "1")).await.unwrap();
    let started = Instant::now();
    send(&producer, 1, 1..2).await;
    send(&producer, 2, 1..2).await;
    assert!(started.elapsed() < ms(100), "{:?}", started.elapsed());
    tokio::time::sleep(secs(20)).await;
    cluster.start_broker(1).unwrap();
    let (sent, took) = timed(secs(5), stuck).await;
    sent.unwrap();
    // The longest pauses of reconnecting and of asking for metadata, one after the other.
    assert!(took <= ms(2500), "{took:?}");
    for partition in 0..3 {
        assert_eq!(values(&cluster, partition), numbers(2));
    }
}

#[tokio::test(start_paused = true)]
async fn case_25_a_producer_id_that_is_not_to_be_had_yet_is_waited_for() {
    let cluster = cluster().topic("t", 1).build();
    let loading = Action::Error(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
    let asking = Fault::on(ApiKey::InitProducerId);
    cluster.faults().add(asking.clone().times(5).then(loading));
    let lost = asking.clone().nth(6).then(Action::ApplyThenDisconnect);
    cluster.faults().add(lost);
    let client = connect(&cluster).await;
    let producer = producer(&client);
    let (sent, took) = timed(secs(10), producer.send(record(0, "0"))).await;
    sent.unwrap();
    assert!(took >= secs(2), "{took:?}");
    assert_eq!(values(&cluster, 0), numbers(1));
}

#[tokio::test(start_paused = true)]
async fn case_25_a_missing_permission_to_be_idempotent_is_said_at_once() {
    let cluster = cluster().topic("t", 1).build();
    let refused = Action::Error(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    let fault = Fault::on(ApiKey::InitProducerId).then(refused);
    let fault = cluster.faults().add(fault);
    let client = connect(&cluster).await;
    let producer = producer(&client);
    let error = within(secs(1), producer.send(record(0, "0")))
        .await
        .unwrap_err();
    let code = ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
    assert_eq!(error.kind(), ErrorKind::Broker(code));
    assert!(error.is_fatal() && !error.is_retriable());
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    // Whoever repairs the permission need not start the program anew.
    cluster.faults().remove(fault);
    within(secs(5), producer.send(record(0, "0")))
        .await
        .unwrap();
    assert_eq!(values(&cluster, 0), numbers(1));
}

/// Refused for good, the record is lost honestly and the partition goes on.
#[tokio::test(start_paused = true)]
async fn refusals_for_good_are_honest_and_the_partition_goes_on() {
    for code in [
        ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::UNKNOWN_PRODUCER_ID,
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        ErrorCode::MESSAGE_TOO_LARGE,
        ErrorCode::INVALID_RECORD,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        ErrorCode(9_999),
    ] {
        let cluster = cluster().topic("t", 2).build();
        let client = connect(&cluster).await;
        let producer = producer(&client);
        send(&producer, 0, 0..2).await;
        send(&producer, 1, 0..2).await;
        let refuse = on_produce().topic("t").partition(0).nth(1);
        cluster.faults().add(refuse.then(Action::Error(code)));
        let refused = producer.enqueue(record(0, "never")).await.unwrap();
        let error = match within(secs(5), refused).await {
            Err(error) => error,
            // What the client can mend by itself is better still.
            Ok(_) => {
                assert!(
                    values(&cluster, 0).ends_with(&["never".to_owned()]),
                    "{code}"
                );
                continue;
            }
        };
        assert_eq!(error.code(), Some(code));
        // Nobody knows what a code that is not known means.
        let known = code.name().is_some();
        let status = if known {
            WriteStatus::NotWritten
        } else {
            WriteStatus::MaybeWritten
        };
        assert_eq!(error.write_status(), Some(status), "{code}");
        assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
        send(&producer, 0, 2..5).await;
        send(&producer, 1, 2..5).await;
        assert_eq!(values(&cluster, 0), numbers(5), "{code}");
        assert_eq!(values(&cluster, 1), numbers(5), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_lost_answer_is_never_called_not_written() {
    for code in [
        ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED,
    ] {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = producer(&client);
        let lost = on_produce().nth(1).then(Action::ApplyThenDisconnect);
        cluster.faults().add(lost);
        let refused = on_produce().nth(2).then(Action::Error(code));
        cluster.faults().add(refused);
        let error = within(secs(5), producer.send(record(0, "0")))
            .await
            .unwrap_err();
        assert_eq!(
            error.write_status(),
            Some(WriteStatus::MaybeWritten),
            "{code}"
        );
        send(&producer, 0, 1..3).await;
        assert_eq!(values(&cluster, 0), numbers(3), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_forgot_its_producers_is_written_on() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    send(&producer, 0, 0..3).await;
    cluster.forget_producers("t", 0).unwrap();
    send(&producer, 0, 3..6).await;
    assert_eq!(values(&cluster, 0), numbers(6));
}

#[tokio::test(start_paused = true)]
async fn case_112_an_answer_that_makes_no_sense_is_an_honest_failure() {
    for garbage in [&b""[..], &[0xff; 40], &[0; 3]] {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = producer(&client);
        send(&producer, 0, 0..1).await;
        let nonsense = Action::Garbage(Bytes::from_static(garbage));
        cluster.faults().add(on_produce().nth(1).then(nonsense));
        // It was written, so both "written" and "perhaps" are true.
        if let Err(error) = within(secs(35), producer.send(record(0, "1"))).await {
            assert_eq!(
                error.write_status(),
                Some(WriteStatus::MaybeWritten),
                "{error}"
            );
        }
        send(&producer, 0, 2..4).await;
        assert_eq!(values(&cluster, 0), numbers(4));
    }
}

#[tokio::test(start_paused = true)]
async fn case_98_a_topic_made_anew_is_written_from_its_start() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    send(&producer, 0, 0..5).await;
    cluster.delete_topic("t").unwrap();
    cluster.create_topic("t", 1).unwrap();
    let sent = within(secs(10), producer.send(record(0, "0")))
        .await
        .unwrap();
    assert_eq!(sent.offset, Some(0));
    send(&producer, 0, 1..3).await;
    assert_eq!(values(&cluster, 0), numbers(3));
    let log = cluster.log("t", 0);
    let stamps: Vec<_> = log
        .iter()
        .map(|it| (it.producer_epoch, it.sequence))
        .collect();
    assert_eq!(
        stamps,
        [(1, 0), (1, 1), (1, 2)],
        "not where the old topic ended"
    );
}

/// With fewer partitions, and then with as many as before: what was gone is another one, too.
#[tokio::test(start_paused = true)]
async fn case_98_a_partition_that_was_gone_for_a_while_is_written_from_its_start() {
    let cluster = cluster().topic("t", 6).build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    send(&producer, 0, 0..2).await;
    send(&producer, 4, 0..5).await;
    cluster.delete_topic("t").unwrap();
    cluster.create_topic("t", 3).unwrap();
    send(&producer, 0, 0..2).await;
    cluster.delete_topic("t").unwrap();
    cluster.create_topic("t", 6).unwrap();
    let BrokerId(leader) = cluster.leader("t", 4).unwrap();
    cluster.move_leader("t", 4, leader % 3 + 1).unwrap();
    // Whatever makes the client look, but no record for this partition.
    send(&producer, 0, 0..2).await;
    send(&producer, 4, 0..2).await;
    let log = cluster.log("t", 4);
    let stamps: Vec<_> = log
        .iter()
        .map(|it| (it.producer_epoch, it.sequence))
        .collect();
    assert_eq!(stamps, [(1, 0), (1, 1)], "not where the first one ended");
}

/// What waits for a partition that the topic has not any more ends in time, says so, and is not
/// asked for again and again.
#[tokio::test(start_paused = true)]
async fn case_98_a_record_for_a_partition_that_is_gone_ends_with_a_word_on_it() {
    let cluster = cluster().topic("t", 6).build();
    let client = connect(&cluster).await;
    let builder = client.producer().linger(secs(1));
    let producer = builder.delivery_timeout(secs(40)).build().unwrap();
    send(&producer, 4, 0..1).await;
    let waiting = producer.enqueue(record(4, "1")).await.unwrap();
    cluster.delete_topic("t").unwrap();
    cluster.create_topic("t", 3).unwrap();
    let asked = cluster.requests(ApiKey::Metadata);
    let (outcome, took) = timed(secs(50), waiting).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert!(error.to_string().contains("the topic has 3"), "{error}");
    assert!((secs(39)..secs(41)).contains(&took), "{took:?}");
    let asked = cluster.requests(ApiKey::Metadata) - asked;
    assert!(asked < 5, "asked {asked} times");
}

/// An answer of Metadata v12 in which topic `t` is there and has no partition.
fn half_created(cluster: &MockCluster) -> Action {
    let brokers = cluster.bootstrap_servers();
    let broker = |(node_id, address): (i32, &str)| {
        let (host, port) = address.rsplit_once(':').unwrap();
        MetadataResponseBroker {
            node_id,
            host: host.to_owned(),
            port: port.parse().unwrap(),
            ..MetadataResponseBroker::default()
        }
    };
    let response = MetadataResponse {
        brokers: (1..).zip(brokers.split(',')).map(broker).collect(),
        topics: vec![MetadataResponseTopic {
            name: Some("t".to_owned()),
            ..MetadataResponseTopic::default()
        }],
        ..MetadataResponse::default()
    };
    let frame = encode_response(CorrelationId(0), &response, 12).unwrap();
    // Without the length and the correlation id, which the mock writes.
    Action::Garbage(frame.into_bytes().slice(8..))
}

#[tokio::test(start_paused = true)]
async fn case_23_a_topic_without_partitions_takes_no_record_and_holds_nobody_up() {
    let builder = cluster().api_versions_cap(ApiKey::Metadata, 12);
    let cluster = builder.topic("t", 1).build();
    let client = connect(&cluster).await;
    let builder = client.producer().max_block(secs(3));
    let producer = builder.build().unwrap();
    let half = half_created(&cluster);
    cluster.faults().add(Fault::on(ApiKey::Metadata).then(half));
    for _ in 0..2 {
        let (outcome, took) = timed(secs(4), producer.send(record(0, "0"))).await;
        let error = outcome.unwrap_err();
        assert_eq!(
            error.write_status(),
            Some(WriteStatus::NotWritten),
            "{error}"
        );
        assert_eq!(error.topic(), Some("t"), "{error}");
        assert!(took >= secs(3), "{took:?}: {error}");
        let refused = producer.try_enqueue(record(0, "0")).unwrap_err();
        assert!(refused.to_string().contains("metadata"), "{refused}");
    }
    assert!(
        producer
            .flush()
            .await
            .into_result()
            .is_ok_and(|written| written == 0)
    );
    cluster.faults().clear();
    send(&producer, 0, 0..1).await;
    assert_eq!(values(&cluster, 0), numbers(1));
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_created_by_the_first_record() {
    let cluster = MockCluster::builder().default_partitions(2).build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    within(secs(5), producer.send(record(1, "0")))
        .await
        .unwrap();
    assert_eq!(values(&cluster, 1), numbers(1));
}

/// An answer of Produce v9 about partitions of topic `t`, each with an offset.
fn produced(partitions: &[(i32, i64)]) -> Action {
    let one = |&(index, base_offset): &(i32, i64)| PartitionProduceResponse {
        index,
        base_offset,
        ..PartitionProduceResponse::default()
    };
    let response = ProduceResponse {
        responses: vec![TopicProduceResponse {
            name: "t".to_owned(),
            partition_responses: partitions.iter().map(one).collect(),
            ..TopicProduceResponse::default()
        }],
        ..ProduceResponse::default()
    };
    let frame = encode_response(CorrelationId(0), &response, 9).unwrap();
    // Without the length and the correlation id, which the mock writes.
    Action::Garbage(frame.into_bytes().slice(8..))
}

#[tokio::test(start_paused = true)]
async fn case_24_an_answer_that_omits_repeats_or_adds_partitions_settles_each_batch_once() {
    for (answer, believed) in [
        // Partition 1 is left out: as good as unanswered, it is sent again and found written.
        (produced(&[(0, 40)]), [40, 1]),
        (produced(&[]), [1, 1]),
        // The first word on a partition counts.
        (produced(&[(0, 40), (0, 50), (1, 60), (0, 70)]), [40, 60]),
        (produced(&[(7, 30), (0, 40), (1, 60), (-1, 9)]), [40, 60]),
    ] {
        let builder = cluster().brokers(1).topic("t", 2);
        let cluster = builder.api_versions_cap(ApiKey::Produce, 9).build();
        let client = connect(&cluster).await;
        let producer = client.producer().linger(ms(5)).build().unwrap();
        send(&producer, 0, 0..1).await;
        send(&producer, 1, 0..1).await;
        cluster
            .faults()
            .add(on_produce().nth(1).then(answer.clone()));
        let deliveries = [
            producer.enqueue(record(0, "1")).await.unwrap(),
            producer.enqueue(record(1, "1")).await.unwrap(),
        ];
        for (delivery, offset) in deliveries.into_iter().zip(believed) {
            let written = within(secs(2), delivery).await.unwrap();
            assert_eq!(written.offset, Some(offset), "{answer:?}");
        }
        send(&producer, 0, 2..4).await;
        send(&producer, 1, 2..4).await;
        for partition in 0..2 {
            assert_eq!(values(&cluster, partition), numbers(4), "{answer:?}");
        }
    }
}

/// Nothing is asked for, and no timer wakes the runtime, until metadata is due again.
#[tokio::test(start_paused = true)]
async fn an_idle_producer_sleeps() {
    let cluster = cluster().topic("t", 6).build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    for partition in 0..6 {
        send(&producer, partition, 0..3).await;
    }
    tokio::time::sleep(secs(2)).await;
    let woken = || Handle::current().metrics().worker_park_count(0);
    let (requests, before) = (cluster.history().len(), woken());
    tokio::time::sleep(secs(240)).await;
    let (asked, woken) = (cluster.history().len() - requests, woken() - before);
    // Far timers go down tokio's wheel in steps, one wake-up each. What ticks shows hundreds.
    assert!(asked == 0, "{asked} requests");
    assert!(woken < 60, "woken {woken} times");
    send(&producer, 0, 3..4).await;
}
