//! Peers that break off, lie, or send noise on an open connection.

use tokio::io::AsyncReadExt;

use super::super::call::{CallError, Sent};
use super::super::connection::Connection;
use super::super::options::NetOptions;
use super::fake::*;
use crate::error::ErrorKind;
use crate::machine::rng::Rng;
use crate::protocol::metadata::MetadataResponseBroker;

/// Two requests in flight when `script` strikes: how they fail.
async fn two_in_flight<F>(
    strike: impl Fn(Peer, [Asked; 2]) -> F + Send + Sync + 'static,
) -> [Result<String, CallError>; 2]
where
    F: Future<Output = ()> + Send + 'static,
{
    let strike = std::sync::Arc::new(strike);
    let (_fake, connection) = connected(move |mut peer| {
        let strike = strike.clone();
        async move {
            let asked = [peer.request().await.unwrap(), peer.request().await.unwrap()];
            strike(peer, asked).await;
        }
    })
    .await;
    let (first, second) = tokio::join!(ask(&connection, TIMEOUT), ask(&connection, TIMEOUT));
    let later = ask(&connection, TIMEOUT).await.unwrap_err();
    assert_eq!(later.sent, Sent::No, "the connection is not used again");
    [first, second]
}

fn disconnected(outcome: &Result<String, CallError>) -> String {
    let failed = outcome.as_ref().unwrap_err();
    assert_eq!(
        (failed.error.kind(), failed.sent),
        (ErrorKind::Disconnected, Sent::Maybe)
    );
    failed.error.to_string()
}

#[tokio::test(start_paused = true)]
async fn case_111_a_response_cut_short_loses_the_connection() {
    for keep in [0, 1, 3, 4, 7, 20] {
        let [first, second] = two_in_flight(move |mut peer, [asked, _]| async move {
            let frame = response_frame(&asked, &metadata("a long enough name"));
            peer.raw(&frame[..keep]).await;
        })
        .await;
        disconnected(&first);
        disconnected(&second);
    }
}

#[tokio::test(start_paused = true)]
async fn case_111_a_request_cut_short_is_never_continued_elsewhere() {
    // The pipe holds 8 bytes, so that the peer leaves with the request half written.
    let fake = Fake::with_pipes(8);
    fake.add(
        "kafka",
        runs(|mut peer, _| async move {
            peer.agree_on_versions().await;
            let mut some = [0; 5];
            peer.0.read_exact(&mut some).await.unwrap();
        }),
    );
    let connection = fake.open("kafka").await.unwrap();
    let failed = ask(&connection, TIMEOUT).await.unwrap_err();
    assert_eq!(
        (failed.error.kind(), failed.sent),
        (ErrorKind::Disconnected, Sent::Maybe)
    );
    assert!(connection.is_closed());
}

#[tokio::test(start_paused = true)]
async fn case_112_an_unreadable_answer_fails_its_call_and_closes_the_connection() {
    let [first, second] = two_in_flight(|mut peer, [asked, _]| async move {
        let mut frame = response_frame(&asked, &metadata("x")).to_vec();
        for byte in &mut frame[9..] {
            *byte = 0xff;
        }
        peer.raw(&frame).await;
        peer.silence().await;
    })
    .await;
    let failed = first.unwrap_err();
    assert_eq!(
        (failed.error.kind(), failed.sent),
        (ErrorKind::Malformed, Sent::Maybe)
    );
    assert!(
        failed.error.to_string().contains("the answer is malformed"),
        "{failed:?}"
    );
    assert!(disconnected(&second).contains("malformed"));
}

#[tokio::test(start_paused = true)]
async fn case_112_noise_never_panics_and_always_ends() {
    for seed in 0..300 {
        let [first, second] = two_in_flight(move |mut peer, [asked, _]| async move {
            let mut rng = Rng::new(seed);
            let mut frame = response_frame(&asked, &metadata("a name")).to_vec();
            for _ in 0..=rng.below(6) {
                let at = usize::try_from(rng.below(frame.len() as u64)).unwrap();
                frame[at] ^= u8::try_from(rng.below(256)).unwrap();
            }
            peer.raw(&frame).await;
        })
        .await;
        // The first may survive a flipped bit in a name; the second was never answered.
        drop(first);
        disconnected(&second);
    }
}

#[tokio::test(start_paused = true)]
async fn case_113_a_length_out_of_bounds_closes_an_open_connection() {
    for (prefix, says) in [
        (&b"\xff\xff\xff\xff"[..], "-1 bytes"),
        (b"\x7f\xff\xff\xff", "2147483647 bytes"),
        (b"\x15\x03\x03\x00", "TLS"),
        (b"HTTP", "HTTP"),
    ] {
        let [first, second] = two_in_flight(move |mut peer, _| async move {
            peer.raw(prefix).await;
            peer.silence().await;
        })
        .await;
        assert!(disconnected(&first).contains(says), "{first:?}");
        let source = std::error::Error::source(&second.as_ref().unwrap_err().error);
        let source = source.unwrap().downcast_ref::<crate::Error>().unwrap();
        assert_eq!(source.kind(), ErrorKind::Malformed, "the reason is typed");
    }
}

#[tokio::test(start_paused = true)]
async fn case_113_a_known_broker_may_send_frames_up_to_the_configured_limit() {
    let frame_max = 2_000_000;
    let fake = Fake::new();
    fake.add(
        "kafka",
        after_versions(std::sync::Arc::new(move |mut peer: Peer| async move {
            for brokers in [66, 67] {
                let asked = peer.request().await.unwrap();
                let broker = MetadataResponseBroker {
                    host: "x".repeat(30_000),
                    ..Default::default()
                };
                let mut large = metadata("large");
                large.brokers = vec![broker; brokers];
                peer.answer(&asked, &large).await;
            }
        })),
    );
    let net = fake.net(NetOptions {
        frame_max,
        ..Default::default()
    });
    let connection = Connection::open(&net, &target(1, "kafka"), TIMEOUT).await;
    let connection = connection.unwrap();
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "large");
    let failed = ask(&connection, TIMEOUT).await.unwrap_err();
    assert!(
        failed.error.to_string().contains("the limit is 2000000"),
        "{failed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn case_114_an_answer_out_of_step_loses_the_connection() {
    let unknown = two_in_flight(|mut peer, [asked, _]| async move {
        peer.raw(&response_to(7777, &asked)).await;
        peer.silence().await;
    });
    for outcome in unknown.await {
        assert!(disconnected(&outcome).contains("a response to request 7777 came"));
    }
    let [first, second] = two_in_flight(|mut peer, [one, two]| async move {
        peer.answer(&two, &metadata("second")).await;
        peer.answer(&one, &metadata("first")).await;
        peer.silence().await;
    })
    .await;
    disconnected(&first);
    disconnected(&second);
    let [first, second] = two_in_flight(|mut peer, [one, _]| async move {
        peer.answer(&one, &metadata("first")).await;
        peer.answer(&one, &metadata("first")).await;
        peer.silence().await;
    })
    .await;
    assert_eq!(first.unwrap(), "first");
    disconnected(&second);
}

#[tokio::test(start_paused = true)]
async fn case_114_an_answer_that_nobody_asked_for_loses_the_connection() {
    let (_fake, connection) = connected(|mut peer| async move {
        let asked = peer.request().await.unwrap();
        peer.answer(&asked, &metadata("asked")).await;
        tokio::time::sleep(SECOND).await;
        peer.answer(&asked, &metadata("again")).await;
        peer.silence().await;
    })
    .await;
    ask(&connection, TIMEOUT).await.unwrap();
    let reason = connection.closed().await;
    assert_eq!(reason.kind(), ErrorKind::Malformed);
    assert!(reason.message().ends_with("due was none"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn case_116_calls_work_over_a_line_of_one_byte() {
    let fake = Fake::with_pipes(1);
    fake.add("kafka", answers("slowly"));
    let connection = fake.open("kafka").await.unwrap();
    for _ in 0..10 {
        assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "slowly");
    }
}

#[tokio::test(start_paused = true)]
async fn case_116_answers_that_arrive_together_all_count() {
    let (_fake, connection) = connected(|mut peer| async move {
        let mut all = Vec::new();
        for name in ["0", "1", "2", "3", "4"] {
            let asked = peer.request().await.unwrap();
            all.extend_from_slice(&response_frame(&asked, &metadata(name)));
        }
        peer.raw(&all).await;
    })
    .await;
    let calls = futures::future::join_all((0..5).map(|_| ask(&connection, TIMEOUT))).await;
    let names: Vec<String> = calls.into_iter().map(Result::unwrap).collect();
    assert_eq!(names, ["0", "1", "2", "3", "4"]);
}
