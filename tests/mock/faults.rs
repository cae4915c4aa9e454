//! Every fault action, and what it leaves behind.

use std::time::Duration;

use bytes::Bytes;
use tidewire::ErrorCode;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::protocol::fetch::FetchResponse;
use tidewire::protocol::frame::{decode_response, peek_correlation};
use tidewire::protocol::metadata::MetadataResponse;
use tidewire::protocol::produce::ProduceResponse;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout};

use crate::support::{
    NEVER, Wire, batch, code, fetch_request, metadata, one_fetched, produce_request,
};

/// A cluster whose first produce request suffers this.
async fn suffering(action: Action) -> (MockCluster, Wire) {
    let cluster = MockCluster::builder().topic("t", 1).build();
    cluster
        .faults()
        .add(Fault::on(ApiKey::Produce).nth(1).then(action));
    let wire = Wire::to(&cluster, 1).await;
    (cluster, wire)
}

#[tokio::test(start_paused = true)]
async fn an_error_writes_nothing_and_an_error_after_the_write_does() {
    let timed_out = ErrorCode::REQUEST_TIMED_OUT;
    for (action, written, offset) in [
        (Action::Error(timed_out), 0, -1),
        (Action::ApplyThenError(timed_out), 1, 0),
    ] {
        let (cluster, mut wire) = suffering(action).await;
        let answer = wire.produce("t", batch(&["a"])).await;
        assert_eq!(
            (code(answer.error_code), answer.base_offset),
            (timed_out, offset)
        );
        assert_eq!(cluster.log("t", 0).len(), written);
        assert_eq!(wire.produce("t", batch(&["b"])).await.error_code, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_hits_only_the_partition_it_names() {
    let cluster = MockCluster::builder().brokers(1).topic("t", 2).build();
    let moved = Action::Error(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    cluster.faults().add(
        Fault::on(ApiKey::Produce)
            .topic("t")
            .partition(1)
            .then(moved),
    );
    let mut wire = Wire::to(&cluster, 1).await;
    let mut request = produce_request("t", 0, batch(&["a"]), -1);
    let mut other = request.topic_data[0].partition_data[0].clone();
    other.index = 1;
    request.topic_data[0].partition_data.push(other);
    let response = wire.call(&request, 9).await;
    let answers = &response.responses[0].partition_responses;
    let codes: Vec<_> = answers.iter().map(|a| code(a.error_code)).collect();
    assert_eq!(codes, [ErrorCode::NONE, ErrorCode::NOT_LEADER_OR_FOLLOWER]);
    assert_eq!(
        (cluster.log("t", 0).len(), cluster.log("t", 1).len()),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_lost_after_the_write() {
    for (action, closed, written) in [
        (Action::ApplyThenDisconnect, true, 1),
        (Action::Disconnect, true, 0),
        (Action::ApplyThenDrop, false, 1),
        (Action::DropRequest, false, 0),
    ] {
        let (cluster, mut wire) = suffering(action.clone()).await;
        let request = produce_request("t", 0, batch(&["a"]), -1);
        if closed {
            wire.closed_by(&request, 9).await;
        } else {
            wire.send(&request, 9).await;
            // Answers come in order, so none can come after the one that is lost.
            wire.send(&request, 9).await;
            wire.silent().await;
        }
        assert_eq!(cluster.log("t", 0).len(), written, "{action:?}");
        let mut again = Wire::to(&cluster, 1).await;
        assert_eq!(again.produce("t", batch(&["b"])).await.error_code, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn delays_come_before_or_after_the_write() {
    let second = Duration::from_secs(1);
    for (action, early) in [
        (Action::Delay(second), 0),
        (Action::ApplyThenDelay(second), 1),
    ] {
        let (cluster, mut wire) = suffering(action).await;
        let start = Instant::now();
        let id = wire
            .send(&produce_request("t", 0, batch(&["a"]), -1), 9)
            .await;
        tokio::time::sleep(second / 2).await;
        assert_eq!(cluster.log("t", 0).len(), early);
        let _: ProduceResponse = wire.receive(id, 9).await;
        assert_eq!(start.elapsed(), second);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_request_is_written_though_its_client_left() {
    let (cluster, mut wire) = suffering(Action::Delay(Duration::from_secs(1))).await;
    wire.send(&produce_request("t", 0, batch(&["a"]), -1), 9)
        .await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    drop(wire);
    assert!(cluster.log("t", 0).is_empty());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(cluster.log("t", 0).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_cut_after_the_write() {
    for at in [0, 3, 4, 9] {
        let (cluster, mut wire) = suffering(Action::CutAt(at)).await;
        wire.send(&produce_request("t", 0, batch(&["a"]), -1), 9)
            .await;
        let mut all = Vec::new();
        timeout(NEVER, wire.stream.read_to_end(&mut all))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(all.len(), at);
        assert_eq!(cluster.log("t", 0).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_has_a_right_header_and_raw_bytes_have_none() {
    let (cluster, mut wire) = suffering(Action::Garbage(Bytes::from_static(b"??"))).await;
    let id = wire
        .send(&produce_request("t", 0, batch(&["a"]), -1), 9)
        .await;
    let frame = wire.frame().await.unwrap();
    assert_eq!(peek_correlation(&frame).unwrap().0, id);
    assert_eq!(frame[4..], *b"??");
    assert_eq!(cluster.log("t", 0).len(), 1);

    let lie = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff, 1]);
    let (_cluster, mut wire) = suffering(Action::Raw(lie.clone())).await;
    wire.send(&produce_request("t", 0, batch(&["a"]), -1), 9)
        .await;
    let mut got = [0; 5];
    wire.stream.read_exact(&mut got).await.unwrap();
    assert_eq!(got, lie[..]);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_client_is_told_and_not_read_for_that_time() {
    let time = Duration::from_millis(300);
    let (_cluster, mut wire) = suffering(Action::Throttle(time)).await;
    let start = Instant::now();
    let request = produce_request("t", 0, batch(&["a"]), -1);
    let first = wire.send(&request, 9).await;
    let second = wire.send(&request, 9).await;
    let answer: ProduceResponse = wire.receive(first, 9).await;
    assert_eq!(answer.throttle_time_ms, 300);
    assert!(start.elapsed() < time);
    let _: ProduceResponse = wire.receive(second, 9).await;
    assert_eq!(start.elapsed(), time);
}

#[tokio::test(start_paused = true)]
async fn a_silent_broker_serves_what_came_once_it_is_resumed() {
    let (cluster, mut wire) = suffering(Action::Silence).await;
    let id = wire
        .send(&produce_request("t", 0, batch(&["a"]), -1), 9)
        .await;
    wire.silent().await;
    let mut other = Wire::to(&cluster, 1).await;
    let other_id = other.send(&fetch_request("t", 0), 12).await;
    other.silent().await;
    assert!(cluster.log("t", 0).is_empty());
    let mut elsewhere = Wire::to(&cluster, 2).await;
    assert_eq!(
        metadata(&mut elsewhere, &["t"]).await.topics[0].partitions[0].leader_id,
        1
    );
    cluster.resume_broker(1);
    let _: ProduceResponse = wire.receive(id, 9).await;
    let _: FetchResponse = other.receive(other_id, 12).await;
    assert_eq!(cluster.log("t", 0).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_incremental_fetch_is_about_what_its_session_holds() {
    let cluster = MockCluster::builder()
        .brokers(1)
        .topic("t", 1)
        .topic("u", 1)
        .build();
    let storage = Action::Error(ErrorCode::KAFKA_STORAGE_ERROR);
    let on_t = cluster
        .faults()
        .add(Fault::on(ApiKey::Fetch).topic("t").nth(2).then(storage));
    let gone = Action::Error(ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
    cluster
        .faults()
        .add(Fault::on(ApiKey::Fetch).nth(3).then(gone));
    let mut wire = Wire::to(&cluster, 1).await;
    let mut request = fetch_request("t", 0);
    request.session_epoch = 0;
    request.session_id = wire.call(&request, 12).await.session_id;
    request.topics.clear();
    request.session_epoch = 1;
    let hit = wire.call(&request, 12).await;
    assert_eq!(
        code(one_fetched(hit).error_code),
        ErrorCode::KAFKA_STORAGE_ERROR
    );
    request.session_epoch = 2;
    let lost = wire.call(&request, 12).await;
    assert_eq!(code(lost.error_code), ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
    assert_eq!(
        (cluster.faults().matched(on_t), cluster.faults().fired(on_t)),
        (3, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn metadata_errors_are_per_topic_but_for_the_one_that_is_not() {
    let cluster = MockCluster::builder().topic("t", 1).build();
    let unavailable = Action::Error(ErrorCode::LEADER_NOT_AVAILABLE);
    let first = cluster
        .faults()
        .add(Fault::on(ApiKey::Metadata).then(unavailable));
    let mut wire = Wire::to(&cluster, 1).await;
    let answer = metadata(&mut wire, &["t"]).await;
    assert_eq!(
        code(answer.topics[0].error_code),
        ErrorCode::LEADER_NOT_AVAILABLE
    );
    cluster.faults().remove(first);
    let rebootstrap = Action::Error(ErrorCode::REBOOTSTRAP_REQUIRED);
    cluster
        .faults()
        .add(Fault::on(ApiKey::Metadata).then(rebootstrap));
    let request = tidewire::protocol::metadata::MetadataRequest::default();
    let answer: MetadataResponse = wire.call(&request, 13).await;
    assert_eq!(code(answer.error_code), ErrorCode::REBOOTSTRAP_REQUIRED);
}

#[tokio::test(start_paused = true)]
async fn the_history_tells_who_asked_what_and_what_became_of_it() {
    let (cluster, mut wire) = suffering(Action::ApplyThenDisconnect).await;
    wire.closed_by(&produce_request("t", 0, batch(&["a"]), -1), 9)
        .await;
    let mut wire = Wire::to(&cluster, 1).await;
    wire.fetch("t", 0).await;
    let history = cluster.history();
    let short: Vec<_> = history
        .iter()
        .map(|seen| (seen.api, seen.version, seen.faults.len()))
        .collect();
    assert_eq!(
        short,
        [(Some(ApiKey::Produce), 9, 1), (Some(ApiKey::Fetch), 12, 0)]
    );
    assert_eq!(history[0].partitions[0].to_string(), "t-0");
    assert_eq!(history[0].client_id.as_deref(), Some("raw"));
    assert_ne!(history[0].connection, history[1].connection);
    assert_eq!(cluster.requests(ApiKey::Fetch), 1);
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order() {
    let (_cluster, mut wire) = suffering(Action::Delay(Duration::from_secs(1))).await;
    let mut ids = Vec::new();
    for value in ["a", "b", "c", "d", "e"] {
        ids.push(
            wire.send(&produce_request("t", 0, batch(&[value]), -1), 9)
                .await,
        );
    }
    for (offset, id) in (0..).zip(ids) {
        let frame = wire.frame().await.unwrap();
        let (correlation, answer) = decode_response::<ProduceResponse>(frame, 9).unwrap();
        assert_eq!(correlation.0, id);
        assert_eq!(
            answer.responses[0].partition_responses[0].base_offset,
            offset
        );
    }
}
