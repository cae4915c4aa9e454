//! What callers of one connection may rely on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::super::call::Sent;
use super::super::options::NetOptions;
use super::fake::*;
use crate::error::ErrorKind;
use crate::net::connection::Connection;
use crate::net::shared::MUTE_MAX;
use crate::protocol::metadata::{MetadataRequest, MetadataResponse};
use crate::protocol::{ApiKey, Decode};

#[tokio::test(start_paused = true)]
async fn a_call_reaches_the_peer_and_brings_its_answer() {
    let fake = Fake::new();
    fake.add(
        "kafka",
        runs(|mut peer, _| async move {
            peer.agree_on_versions().await;
            let mut asked = peer.request().await.unwrap();
            assert_eq!(asked.header.client_id.as_deref(), Some("me"));
            assert_eq!(asked.header.api_version, ApiKey::Metadata.versions().max);
            let version = asked.header.api_version;
            let request = MetadataRequest::decode(&mut asked.body, version).unwrap();
            assert_eq!(request, MetadataRequest::default());
            peer.answer(&asked, &metadata("one")).await;
            let asked = peer.request().await.unwrap();
            assert_eq!(asked.header.api_version, 7, "no more than the cap");
            peer.answer(&asked, &metadata("two")).await;
        }),
    );
    let net = fake.net(NetOptions {
        client_id: Some("me".into()),
        ..Default::default()
    });
    let target = target(1, "kafka");
    let connection = Connection::open(&net, &target, TIMEOUT).await.unwrap();
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "one");
    let request = MetadataRequest::default();
    let answer = connection.call(&request, Some(7), TIMEOUT).await.unwrap();
    assert_eq!(answer.cluster_id.as_deref(), Some("two"));
}

#[tokio::test(start_paused = true)]
async fn many_callers_share_the_pipeline_and_each_gets_its_own_answer() {
    let (_fake, connection) = connected(|mut peer| async move {
        while let Some(asked) = peer.request().await {
            let echo = asked.header.correlation.to_string();
            peer.answer(&asked, &metadata(&echo)).await;
        }
    })
    .await;
    let calls = (0..300).map(|_| {
        let connection = connection.clone();
        async move {
            let version = connection.pick(ApiKey::Metadata, None).unwrap();
            let request = MetadataRequest::default();
            let (id, frame) = connection.encode(&request, version).unwrap();
            let answer = connection.submit(frame, ApiKey::Metadata, version, id, TIMEOUT);
            let answer: MetadataResponse = connection.decode(answer.await?, version)?;
            assert_eq!(answer.cluster_id, Some(id.to_string()));
            Ok::<_, crate::Error>(())
        }
    });
    for outcome in futures::future::join_all(calls).await {
        outcome.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_requests_as_may_be_in_flight_leave_in_the_order_they_were_submitted() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let fake = Fake::new();
    fake.add("kafka", {
        let seen = Arc::clone(&seen);
        runs(move |mut peer, _| {
            let seen = Arc::clone(&seen);
            async move {
                peer.agree_on_versions().await;
                while let Some(asked) = peer.request().await {
                    seen.lock().unwrap().push(asked.header.correlation);
                }
            }
        })
    });
    let net = fake.net(NetOptions {
        in_flight_max: 100,
        ..NetOptions::default()
    });
    let target = target(1, "kafka");
    let connection = Connection::open(&net, &target, TIMEOUT).await.unwrap();
    let version = connection.pick(ApiKey::Metadata, None).unwrap();
    let (mut ids, mut calls) = (Vec::new(), Vec::new());
    for n in 0..100 {
        let request = MetadataRequest::default();
        let (id, frame) = connection.encode(&request, version).unwrap();
        let call = connection.submit(frame, ApiKey::Metadata, version, id, TIMEOUT);
        calls.push(call);
        ids.push(id);
        if n == 50 {
            // The connection takes some, and nobody has looked at the others' futures so far.
            sleep(SECOND).await;
        }
    }
    let answers = futures::future::join_all(calls);
    timeout(SECOND, answers).await.unwrap_err();
    assert_eq!(*seen.lock().unwrap(), ids);
}

#[tokio::test(start_paused = true)]
async fn case_108_a_half_open_peer_costs_one_timeout_and_the_connection() {
    let (_fake, connection) = connected(|mut peer| async move { peer.silence().await }).await;
    let start = Instant::now();
    let long = 100 * TIMEOUT;
    let (first, second) = tokio::join!(ask(&connection, TIMEOUT), ask(&connection, long));
    assert_eq!(start.elapsed(), TIMEOUT);
    let first = first.unwrap_err();
    assert_eq!(
        (first.error.kind(), first.sent),
        (ErrorKind::Timeout, Sent::Maybe)
    );
    assert_eq!(
        first.error.to_string(),
        format!(
            "Metadata v{}: no answer within 30000 ms (broker 1 at kafka:9092 (10.0.0.0))",
            ApiKey::Metadata.versions().max
        )
    );
    let second = second.unwrap_err();
    assert_eq!(
        (second.error.kind(), second.sent),
        (ErrorKind::Disconnected, Sent::Maybe)
    );
    assert!(connection.is_closed());
    let later = ask(&connection, TIMEOUT).await.unwrap_err();
    assert_eq!(
        (later.error.kind(), later.sent),
        (ErrorKind::Disconnected, Sent::No)
    );
}

#[tokio::test(start_paused = true)]
async fn case_115_one_request_never_answered_does_not_hold_those_behind_it_for_ever() {
    let (_fake, connection) = connected(|mut peer| async move {
        let _never_answered = peer.request().await;
        let _later = peer.request().await;
        peer.silence().await;
    })
    .await;
    let stuck = tokio::spawn({
        let connection = connection.clone();
        async move { ask(&connection, TIMEOUT).await }
    });
    sleep(20 * SECOND).await;
    let calls = (0..7).map(|_| ask(&connection, TIMEOUT));
    let behind = futures::future::join_all(calls).await;
    let stuck = stuck.await.unwrap().unwrap_err();
    assert_eq!(stuck.error.kind(), ErrorKind::Timeout);
    let sent: Vec<Sent> = behind.into_iter().map(|e| e.unwrap_err().sent).collect();
    let mut expected = vec![Sent::Maybe; 4];
    expected.extend([Sent::No; 3]);
    assert_eq!(sent, expected, "four had a slot beside the stuck one");
}

#[tokio::test(start_paused = true)]
async fn case_117_a_throttled_connection_is_quiet_and_times_nothing_out() {
    let (_fake, connection) = connected(|mut peer| async move {
        let first = peer.request().await.unwrap();
        let second = peer.request().await.unwrap();
        peer.answer(&first, &throttled(60)).await;
        // As a real broker does: it reads nothing more from this connection for a minute.
        sleep(60 * SECOND).await;
        peer.answer(&second, &metadata("second")).await;
        while let Some(asked) = peer.request().await {
            peer.answer(&asked, &metadata("later")).await;
        }
    })
    .await;
    let start = Instant::now();
    let (first, second) = tokio::join!(ask(&connection, TIMEOUT), ask(&connection, TIMEOUT));
    assert_eq!(
        (first.unwrap(), second.unwrap()),
        ("throttled".into(), "second".into())
    );
    assert_eq!(start.elapsed(), 60 * SECOND);
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "later");
}

#[tokio::test(start_paused = true)]
async fn case_117_nothing_new_is_sent_while_muted() {
    let (_fake, connection) = connected(|mut peer| async move {
        let first = peer.request().await.unwrap();
        peer.answer(&first, &throttled(40)).await;
        let start = Instant::now();
        let asked = peer.request().await.unwrap();
        let waited = start.elapsed().as_secs().to_string();
        peer.answer(&asked, &metadata(&waited)).await;
    })
    .await;
    ask(&connection, TIMEOUT).await.unwrap();
    assert_eq!(connection.muted_for(), 40 * SECOND);
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "40");
    assert_eq!(connection.muted_for(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn case_117_a_broker_cannot_mute_for_ever() {
    let (_fake, connection) = connected(|mut peer| async move {
        let first = peer.request().await.unwrap();
        peer.answer(&first, &throttled(2_000_000)).await;
        peer.silence().await;
    })
    .await;
    let start = Instant::now();
    ask(&connection, TIMEOUT).await.unwrap();
    // One clock stands still from the start of the pause, one is started in the middle of it.
    let early = ask(&connection, TIMEOUT);
    let late = async {
        sleep(MUTE_MAX / 2).await;
        ask(&connection, TIMEOUT).await
    };
    let (early, late) = timeout(3 * MUTE_MAX, async { tokio::join!(early, late) })
        .await
        .expect("the clocks run again");
    assert!(early.is_err() && late.is_err());
    assert!(
        start.elapsed() <= MUTE_MAX + 2 * TIMEOUT,
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_keeps_its_slot_until_it_is_answered() {
    let go = Arc::new(Notify::new());
    let peer_go = go.clone();
    let (_fake, connection) = connected(move |mut peer| {
        let go = peer_go.clone();
        async move {
            let mut asked = Vec::new();
            for _ in 0..5 {
                asked.push(peer.request().await.unwrap());
            }
            let sixth = timeout(10 * SECOND, peer.request()).await;
            assert!(sixth.is_err(), "the limit of five in flight was broken");
            go.notified().await;
            for asked in &asked {
                peer.answer(asked, &metadata("dropped")).await;
            }
            let asked = peer.request().await.unwrap();
            peer.answer(&asked, &metadata("sixth")).await;
            peer.silence().await;
        }
    })
    .await;
    let calls = futures::future::join_all((0..5).map(|_| ask(&connection, TIMEOUT)));
    assert!(timeout(SECOND, calls).await.is_err());
    // Dropped before it got a slot: never sent.
    assert!(timeout(SECOND, ask(&connection, TIMEOUT)).await.is_err());
    let sixth = ask(&connection, TIMEOUT);
    let free = async {
        sleep(15 * SECOND).await;
        go.notify_one();
    };
    let (sixth, ()) = tokio::join!(sixth, free);
    assert_eq!(sixth.unwrap(), "sixth");
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_request_is_done_when_written_and_takes_no_slot() {
    let (_fake, connection) = connected(|mut peer| async move {
        for _ in 0..20 {
            peer.request().await.unwrap();
        }
        let asked = peer.request().await.unwrap();
        peer.answer(&asked, &metadata("after twenty")).await;
    })
    .await;
    let version = connection.pick(ApiKey::Metadata, None).unwrap();
    for _ in 0..20 {
        let request = MetadataRequest::default();
        let (_, frame) = connection.encode(&request, version).unwrap();
        let sent = connection.send_unanswered(frame, ApiKey::Metadata, version, TIMEOUT);
        sent.await.unwrap();
    }
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "after twenty");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_costs_one_timeout() {
    let fake = Fake::with_pipes(64);
    fake.add(
        "kafka",
        runs(|mut peer, _| async move {
            peer.agree_on_versions().await;
            std::future::pending::<()>().await;
        }),
    );
    let connection = fake.open("kafka").await.unwrap();
    let version = connection.pick(ApiKey::Metadata, None).unwrap();
    let frame = bytes::Bytes::from(vec![0; 1000]).into();
    let sent = connection.send_unanswered(frame, ApiKey::Metadata, version, TIMEOUT);
    let failed = sent.await.unwrap_err();
    assert_eq!(
        (failed.error.kind(), failed.sent),
        (ErrorKind::Timeout, Sent::Maybe)
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_its_limit_and_not_before() {
    let (_fake, connection) = connected(|mut peer| async move {
        while let Some(asked) = peer.request().await {
            peer.answer(&asked, &metadata("")).await;
        }
    })
    .await;
    sleep(539 * SECOND).await;
    ask(&connection, TIMEOUT).await.unwrap();
    let start = Instant::now();
    let reason = connection.closed().await;
    assert_eq!(start.elapsed(), 540 * SECOND);
    assert_eq!(reason.message(), "closed after being idle");
    assert!(connection.was_useful(Duration::MAX));
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_closes_the_stream() {
    let gone = Arc::new(Notify::new());
    let peer_gone = gone.clone();
    let (_fake, connection) = connected(move |mut peer| {
        let gone = peer_gone.clone();
        async move {
            let asked = peer.request().await.unwrap();
            sleep(5 * SECOND).await;
            peer.answer(&asked, &metadata("kept open")).await;
            peer.silence().await;
            gone.notify_one();
        }
    })
    .await;
    // The future of a request is a handle too.
    let version = connection.pick(ApiKey::Metadata, None).unwrap();
    let (id, frame) = connection
        .encode(&MetadataRequest::default(), version)
        .unwrap();
    let answer = connection.submit(frame, ApiKey::Metadata, version, id, TIMEOUT);
    drop(connection);
    answer.await.unwrap();
    timeout(Duration::from_millis(1), gone.notified())
        .await
        .unwrap();
}

#[test]
fn a_runtime_that_ends_resolves_nothing_falsely_and_panics_nowhere() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let first = runtime();
    let (connection, answer) = first.block_on(async {
        let (_, connection) = connected(|mut peer| async move { peer.silence().await }).await;
        let version = connection.pick(ApiKey::Metadata, None).unwrap();
        let (id, frame) = connection
            .encode(&MetadataRequest::default(), version)
            .unwrap();
        let answer = connection.submit(frame, ApiKey::Metadata, version, id, TIMEOUT);
        sleep(SECOND).await;
        (connection, answer)
    });
    drop(first);
    let (answer, later) =
        runtime().block_on(async { (answer.await, ask(&connection, TIMEOUT).await) });
    assert_eq!(answer.unwrap_err().sent, Sent::Maybe);
    assert_eq!(later.unwrap_err().sent, Sent::No);
}
