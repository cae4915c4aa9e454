//! Names, addresses and the agreement on versions, all within one limit.

use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use super::fake::*;
use crate::error::{ErrorCode, ErrorKind};
use crate::protocol::ApiKey;
use crate::protocol::api_versions::{ApiVersion, ApiVersionsResponse};

fn silent() -> Host {
    runs(|mut peer, _| async move { peer.silence().await })
}

fn says(bytes: &'static [u8]) -> Host {
    runs(move |mut peer, _| async move {
        peer.request().await;
        peer.raw(bytes).await;
        peer.silence().await;
    })
}

#[tokio::test(start_paused = true)]
async fn case_104_a_dead_first_address_costs_nothing() {
    let fake = Fake::new();
    fake.add("kafka", Host::Refuses);
    fake.add("kafka", answers("second"));
    let start = Instant::now();
    let connection = fake.open("kafka").await.unwrap();
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "second");
    assert_eq!(start.elapsed().as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn case_104_a_hung_first_address_leaves_time_for_the_others() {
    let fake = Fake::new();
    fake.add("kafka", Host::Swallows);
    fake.add("kafka", Host::Swallows);
    fake.add("kafka", Host::Refuses);
    fake.add("kafka", answers("fourth"));
    let start = Instant::now();
    let connection = fake.open("kafka").await.unwrap();
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "fourth");
    assert_eq!(
        start.elapsed(),
        5 * SECOND,
        "a quarter of ten seconds for each of two"
    );
}

#[tokio::test(start_paused = true)]
async fn case_104_something_that_is_not_kafka_is_passed_over() {
    let fake = Fake::new();
    fake.add("kafka", says(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    fake.add("kafka", answers("second"));
    let connection = fake.open("kafka").await.unwrap();
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "second");
}

#[tokio::test(start_paused = true)]
async fn case_104_a_hung_name_look_up_ends_with_the_limit() {
    let start = Instant::now();
    let error = Fake::new().open("slow.dns").await.unwrap_err();
    assert_eq!(start.elapsed(), 10 * SECOND);
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(
        error.to_string().contains("look-up of the name slow.dns"),
        "{error}"
    );
    let error = Fake::new().open("nowhere").await.unwrap_err();
    assert!(error.to_string().contains("no such name"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_110_silence_after_the_connect_moves_on_to_the_next_address() {
    let fake = Fake::new();
    fake.add("kafka", silent());
    fake.add("kafka", answers("second"));
    let start = Instant::now();
    let connection = fake.open("kafka").await.unwrap();
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "second");
    assert_eq!(start.elapsed(), 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn case_110_silence_everywhere_ends_with_the_limit_and_names_every_address() {
    let fake = Fake::new();
    fake.add("kafka", silent());
    fake.add("kafka", Host::Swallows);
    fake.add("kafka", Host::Refuses);
    let start = Instant::now();
    let error = fake.open("kafka").await.unwrap_err();
    assert!(start.elapsed() <= 10 * SECOND, "{:?}", start.elapsed());
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(
        error.to_string(),
        "no connection: 10.0.0.0:9092: connected, but no answer to ApiVersions in time; \
         10.0.0.1:9092: nobody answered in time; \
         10.0.0.2:9092: connection refused (broker 1 at kafka:9092)"
    );
}

#[tokio::test(start_paused = true)]
async fn case_113_a_tls_port_is_named_as_what_it_is() {
    let fake = Fake::new();
    fake.add("kafka", says(b"\x15\x03\x03\x00\x02\x02\x46"));
    let error = fake.open("kafka").await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Malformed,
        "trying again does not help"
    );
    assert!(error.to_string().contains("is this a TLS port"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_113_a_stranger_may_not_send_large_frames() {
    let fake = Fake::new();
    fake.add("kafka", says(b"\x00\x08\x00\x01"));
    let error = fake.open("kafka").await.unwrap_err();
    assert!(error.to_string().contains("the limit is 524288"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_112_garbage_instead_of_versions_is_refused() {
    let garbage: [&[u8]; 4] = [
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x03abc",
        b"\x00\x00\x00\x04\x00\x00\x00\x00",
        b"\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x7f\xff\xff\xff",
    ];
    for bytes in garbage {
        let fake = Fake::new();
        fake.add("kafka", says(bytes));
        let error = fake.open("kafka").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
    }
}

/// A broker that knows ApiVersions up to `max` only, and the versions that it was asked in.
fn old_broker(max: i16) -> (Host, Arc<Mutex<Vec<i16>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let host = runs(move |mut peer, _| {
        let log = log.clone();
        async move {
            while let Some(mut asked) = peer.request().await {
                let version = asked.header.api_version;
                if asked.header.api_key != ApiKey::ApiVersions.code() {
                    peer.answer(&asked, &metadata("old")).await;
                    continue;
                }
                log.lock().unwrap().push(version);
                let mut response = all_versions();
                if version > max {
                    response.error_code = ErrorCode::UNSUPPORTED_VERSION.0;
                    response.api_keys = vec![ApiVersion {
                        api_key: ApiKey::ApiVersions.code(),
                        min_version: 0,
                        max_version: max,
                    }];
                    asked.header.api_version = 0;
                }
                peer.answer(&asked, &response).await;
            }
        }
    });
    (host, asked)
}

#[tokio::test(start_paused = true)]
async fn case_107_an_older_broker_is_asked_again_in_its_version() {
    let (host, asked) = old_broker(2);
    let fake = Fake::new();
    fake.add("kafka", host);
    let connection = fake.open("kafka").await.unwrap();
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "old");
    assert_eq!(
        *asked.lock().unwrap(),
        [ApiKey::ApiVersions.versions().max, 2]
    );
    assert_eq!(fake.dialed().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn case_107_a_broker_that_refuses_every_version_is_given_up() {
    let (host, asked) = old_broker(-1);
    let fake = Fake::new();
    fake.add("kafka", host);
    let error = fake.open("kafka").await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Broker(ErrorCode::UNSUPPORTED_VERSION)
    );
    assert!(asked.lock().unwrap().len() <= 3);
}

#[tokio::test(start_paused = true)]
async fn case_107_a_broker_that_hangs_up_on_new_versions_is_dialed_again_with_the_oldest() {
    let fake = Fake::new();
    fake.add(
        "kafka",
        runs(|mut peer, nth| async move {
            let asked = peer.request().await.unwrap();
            if asked.header.api_version > 0 {
                assert_eq!(nth, 0);
                return;
            }
            peer.answer(&asked, &all_versions()).await;
            let asked = peer.request().await.unwrap();
            peer.answer(&asked, &metadata("ancient")).await;
        }),
    );
    let connection = fake.open("kafka").await.unwrap();
    assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), "ancient");
    assert_eq!(fake.dialed().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn case_107_versions_are_agreed_on_anew_by_every_connection() {
    let fake = Fake::new();
    fake.add(
        "kafka",
        runs(|mut peer, nth| async move {
            let asked = peer.request().await.unwrap();
            let max_version = if nth == 0 { 5 } else { 9 };
            let only_metadata = ApiVersionsResponse {
                api_keys: vec![ApiVersion {
                    api_key: ApiKey::Metadata.code(),
                    min_version: 0,
                    max_version,
                }],
                ..Default::default()
            };
            peer.answer(&asked, &only_metadata).await;
            let asked = peer.request().await.unwrap();
            let version = asked.header.api_version.to_string();
            peer.answer(&asked, &metadata(&version)).await;
        }),
    );
    let broker = fake.broker(1, "kafka");
    for version in ["5", "9"] {
        let connection = broker
            .connection(crate::net::broker::Role::Control, TIMEOUT)
            .await;
        let connection = connection.unwrap();
        assert_eq!(ask(&connection, TIMEOUT).await.unwrap(), version);
        let refused = connection.pick(ApiKey::Produce, None).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::UnsupportedVersion);
        connection.closed().await;
    }
}
