//! What callers of a broker may rely on, whatever becomes of its connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

use super::super::broker::{Broker, Role};
use super::super::call::{CallError, Sent};
use super::fake::*;
use crate::error::ErrorKind;
use crate::ids::BrokerId;
use crate::protocol::ApiKey;
use crate::protocol::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use crate::protocol::metadata::MetadataRequest;

const ROLES: [Role; 3] = [Role::Produce, Role::Fetch, Role::Control];

async fn ask_broker(broker: &Broker) -> Result<String, CallError> {
    ask_role(broker, Role::Control).await
}

async fn ask_role(broker: &Broker, role: Role) -> Result<String, CallError> {
    let request = MetadataRequest::default();
    let answer = broker.call(role, &request, None, TIMEOUT).await?;
    Ok(answer.cluster_id.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn case_103_a_broker_that_moves_keeps_its_id_and_its_answers() {
    let fake = Fake::new();
    fake.add(
        "old",
        after_versions(Arc::new(|mut peer: Peer| async move {
            let asked = peer.request().await.unwrap();
            sleep(5 * SECOND).await;
            peer.answer(&asked, &metadata("old")).await;
            assert!(
                peer.request().await.is_none(),
                "nothing new goes to the old place"
            );
        })),
    );
    fake.add("new", answers("new"));
    let broker = fake.broker(1, "old");
    let moving = async {
        sleep(SECOND).await;
        broker.set_address("new".into(), 9092);
        ask_broker(&broker).await
    };
    let (before, after) = tokio::join!(ask_broker(&broker), moving);
    assert_eq!(
        (before.unwrap(), after.unwrap()),
        ("old".into(), "new".into())
    );
    assert_eq!(&*broker.address(), "new:9092");
}

#[tokio::test(start_paused = true)]
async fn case_103_a_move_during_the_attempt_takes_the_callers_along() {
    let fake = Fake::new();
    fake.add("old", Host::Swallows);
    fake.add("new", answers("new"));
    let broker = fake.broker(1, "old");
    let start = Instant::now();
    let moving = async {
        sleep(SECOND).await;
        broker.set_address("new".into(), 9092);
        ask_broker(&broker).await
    };
    let (early, late) = tokio::join!(ask_broker(&broker), moving);
    assert_eq!(
        (early.unwrap(), late.unwrap()),
        ("new".into(), "new".into())
    );
    assert!(start.elapsed() <= 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn case_103_two_ids_at_one_address_are_two_brokers() {
    let fake = Fake::new();
    fake.add("shared", answers("both"));
    let (one, two) = (fake.broker(1, "shared"), fake.broker(2, "shared"));
    assert_eq!(ask_broker(&one).await.unwrap(), "both");
    assert_eq!(ask_broker(&two).await.unwrap(), "both");
    assert_eq!(fake.dialed().len(), 2);
    one.set_address("gone".into(), 9092);
    let failed = ask_broker(&one).await.unwrap_err();
    assert_eq!(failed.error.broker_id(), Some(BrokerId(1)));
    assert_eq!(ask_broker(&two).await.unwrap(), "both");
    assert_eq!(
        fake.dialed().len(),
        2,
        "the other broker's connection is untouched"
    );
}

#[tokio::test(start_paused = true)]
async fn case_109_a_stopped_broker_does_not_slow_down_the_others() {
    let fake = Fake::new();
    fake.add(
        "stopped",
        after_versions(Arc::new(
            |mut peer: Peer| async move { peer.silence().await },
        )),
    );
    fake.add("fast", answers("fast"));
    let (stopped, fast) = (fake.broker(1, "stopped"), fake.broker(2, "fast"));
    let waiting = tokio::spawn(async move { ask_broker(&stopped).await });
    let start = Instant::now();
    for _ in 0..1000 {
        assert_eq!(ask_broker(&fast).await.unwrap(), "fast");
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(!waiting.is_finished());
    assert_eq!(
        waiting.await.unwrap().unwrap_err().error.kind(),
        ErrorKind::Timeout
    );
}

#[tokio::test(start_paused = true)]
async fn a_parked_fetch_holds_up_neither_produce_nor_control() {
    let fake = Fake::new();
    fake.add(
        "kafka",
        runs(|mut peer, nth| async move {
            peer.agree_on_versions().await;
            while let Some(asked) = peer.request().await {
                if nth == 0 {
                    sleep(20 * SECOND).await;
                }
                peer.answer(&asked, &metadata("answer")).await;
            }
        }),
    );
    let broker = fake.broker(1, "kafka");
    let parked = {
        let broker = broker.clone();
        tokio::spawn(async move { ask_role(&broker, Role::Fetch).await })
    };
    sleep(SECOND).await;
    let start = Instant::now();
    ask_role(&broker, Role::Produce).await.unwrap();
    ask_role(&broker, Role::Control).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(ROLES.iter().all(|&role| broker.is_connected(role)));
    parked.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn many_callers_share_one_attempt_and_none_can_cancel_it() {
    let fake = Fake::new();
    fake.add(
        "kafka",
        runs(|mut peer, _| async move {
            sleep(3 * SECOND).await;
            peer.agree_on_versions().await;
            while let Some(asked) = peer.request().await {
                peer.answer(&asked, &metadata("shared")).await;
            }
        }),
    );
    let broker = fake.broker(1, "kafka");
    let impatient = timeout(SECOND, ask_broker(&broker));
    let patient = futures::future::join_all((0..50).map(|_| ask_broker(&broker)));
    let (impatient, patient) = tokio::join!(impatient, patient);
    assert!(impatient.is_err());
    for outcome in patient {
        assert_eq!(outcome.unwrap(), "shared");
    }
    assert_eq!(fake.dialed().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_broker_leaves_no_attempt_and_no_connection_behind() {
    let open = Arc::new(AtomicUsize::new(0));
    let counted = open.clone();
    let fake = Fake::new();
    fake.add(
        "kafka",
        runs(move |mut peer, nth| {
            let open = counted.clone();
            async move {
                open.fetch_add(1, Relaxed);
                if nth == 0 {
                    peer.agree_on_versions().await;
                }
                peer.silence().await;
                open.fetch_sub(1, Relaxed);
            }
        }),
    );
    let broker = fake.broker(1, "kafka");
    broker.connection(Role::Control, TIMEOUT).await.unwrap();
    let attempt = broker.connection(Role::Fetch, TIMEOUT);
    assert!(timeout(SECOND, attempt).await.is_err());
    assert_eq!(open.load(Relaxed), 2);
    drop(broker);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(open.load(Relaxed), 0);
}

/// Closes each connection after its first answer, as a broker closes idle ones.
fn closes_after_each_answer(asked_twice: Arc<AtomicUsize>) -> Host {
    after_versions(Arc::new(move |mut peer: Peer| {
        let asked_twice = asked_twice.clone();
        async move {
            let asked = peer.request().await.unwrap();
            peer.answer(&asked, &metadata("answered")).await;
            // The next request crosses with the close: it arrives and is not answered.
            if let Ok(Some(_)) = timeout(300 * SECOND, peer.request()).await {
                asked_twice.fetch_add(1, Relaxed);
            }
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn case_116_an_idle_close_is_not_noticed_by_the_next_caller() {
    let crossed = Arc::new(AtomicUsize::new(0));
    let fake = Fake::new();
    fake.add("kafka", closes_after_each_answer(crossed.clone()));
    let broker = fake.broker(1, "kafka");
    for _ in 0..5 {
        assert_eq!(ask_broker(&broker).await.unwrap(), "answered");
        sleep(3600 * SECOND).await;
        assert!(!broker.is_connected(Role::Control));
    }
    assert_eq!(crossed.load(Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn case_116_a_close_that_crosses_with_a_harmless_request_is_repeated() {
    let crossed = Arc::new(AtomicUsize::new(0));
    let fake = Fake::new();
    fake.add("kafka", closes_after_each_answer(crossed.clone()));
    let broker = fake.broker(1, "kafka");
    for _ in 0..5 {
        assert_eq!(ask_broker(&broker).await.unwrap(), "answered");
    }
    assert_eq!(crossed.load(Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn case_116_a_close_that_crosses_with_a_request_of_consequence_is_told() {
    let crossed = Arc::new(AtomicUsize::new(0));
    let fake = Fake::new();
    fake.add("kafka", closes_after_each_answer(crossed.clone()));
    let broker = fake.broker(1, "kafka");
    ask_broker(&broker).await.unwrap();
    let request = InitProducerIdRequest::default();
    let outcome = broker.call(Role::Control, &request, None, TIMEOUT).await;
    let failed = outcome.unwrap_err();
    assert_eq!(
        (failed.error.kind(), failed.sent),
        (ErrorKind::Disconnected, Sent::Maybe)
    );
    assert_eq!(crossed.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn case_116_a_close_that_has_arrived_is_seen_before_a_request_is_lost_on_it() {
    let (sender, mut peers) = tokio::sync::mpsc::channel(2);
    let fake = Fake::new();
    fake.add(
        "kafka",
        after_versions(Arc::new(move |peer: Peer| {
            let sender = sender.clone();
            async move { sender.send(peer).await.unwrap() }
        })),
    );
    let broker = fake.broker(1, "kafka");
    broker.connection(Role::Control, TIMEOUT).await.unwrap();
    // The end of the stream is on the line when the next request is made, and nobody ran since.
    let mut leaving = peers.recv().await.unwrap();
    leaving.0.shutdown().await.unwrap();
    assert!(broker.is_connected(Role::Control));
    let request = InitProducerIdRequest::default();
    let call = broker.call(Role::Control, &request, None, TIMEOUT);
    let answering = async {
        let mut peer = peers.recv().await.unwrap();
        let asked = peer.request().await.unwrap();
        let answer = InitProducerIdResponse {
            producer_id: 42,
            ..Default::default()
        };
        peer.answer(&asked, &answer).await;
    };
    let (outcome, _) = tokio::join!(call, timeout(TIMEOUT, answering));
    assert_eq!(outcome.unwrap().producer_id, 42);
}

/// Callers of all roles that ask again at once, whatever happens, for a minute.
async fn storm(broker: &Broker) {
    let caller = |nth: usize| async move {
        loop {
            let _ = ask_role(broker, ROLES[nth % ROLES.len()]).await;
            tokio::task::yield_now().await;
        }
    };
    let callers = futures::future::join_all((0..20).map(caller));
    assert!(timeout(60 * SECOND, callers).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn case_121_a_dead_broker_is_dialed_about_once_a_second_per_role() {
    let fake = Fake::new();
    let address = fake.add("kafka", Host::Refuses);
    let broker = fake.broker(1, "kafka");
    storm(&broker).await;
    let dialed = fake.dialed();
    // 50, 100, 200, 400, 800 ms, then 0.8 to 1 s each: 62 to 78 rounds.
    assert!(
        (150..=250).contains(&dialed.len()),
        "{} in 60 s",
        dialed.len()
    );
    let last = dialed
        .windows(2)
        .rev()
        .map(|pair| pair[1] - pair[0])
        .find(|gap| !gap.is_zero());
    assert!(last.unwrap() >= Duration::from_millis(800), "{last:?}");
    assert!(broker.backoff_until().is_some());

    fake.replace(address, answers("back"));
    assert_eq!(ask_broker(&broker).await.unwrap(), "back");
}

#[tokio::test(start_paused = true)]
async fn case_121_a_broker_that_accepts_and_hangs_up_is_dialed_no_faster() {
    let fake = Fake::new();
    fake.add(
        "kafka",
        after_versions(Arc::new(|peer: Peer| async move { drop(peer) })),
    );
    let broker = fake.broker(1, "kafka");
    storm(&broker).await;
    let dialed = fake.dialed().len();
    assert!((100..=500).contains(&dialed), "{dialed} in 60 s");
}

#[tokio::test(start_paused = true)]
async fn case_121_roles_that_fail_together_count_as_one_failure() {
    let fake = Fake::new();
    fake.add("kafka", Host::Swallows);
    let broker = fake.broker(1, "kafka");
    let all = ROLES.map(|role| broker.connection(role, 60 * SECOND));
    for outcome in futures::future::join_all(all).await {
        outcome.unwrap_err();
    }
    let pause = broker.backoff_until().unwrap() - Instant::now().into_std();
    assert!(
        pause <= Duration::from_millis(60),
        "{pause:?} after one failure"
    );
}

#[tokio::test(start_paused = true)]
async fn case_121_a_role_that_finds_out_late_does_not_end_the_backoff() {
    let fake = Fake::new();
    let address = fake.add("kafka", hangs_up_after(5 * SECOND));
    let broker = fake.broker(1, "kafka");
    for role in ROLES {
        assert_eq!(ask_role(&broker, role).await.unwrap(), "bye");
    }
    fake.replace(address, Host::Refuses);
    sleep(10 * SECOND).await;
    for _ in 0..8 {
        ask_broker(&broker).await.unwrap_err();
    }
    let until = broker.backoff_until().unwrap();
    ask_role(&broker, Role::Fetch).await.unwrap_err();
    assert!(
        Instant::now().into_std() >= until,
        "it waited with the others"
    );
}

fn hangs_up_after(after: Duration) -> Host {
    after_versions(Arc::new(move |mut peer: Peer| async move {
        let asked = peer.request().await.unwrap();
        peer.answer(&asked, &metadata("bye")).await;
        sleep(after).await;
    }))
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_carried_only_unanswered_requests_for_long_was_no_failure() {
    let fake = Fake::new();
    fake.add(
        "kafka",
        after_versions(Arc::new(|mut peer: Peer| async move {
            peer.request().await;
            sleep(SECOND).await;
        })),
    );
    let broker = fake.broker(1, "kafka");
    for _ in 0..10 {
        let start = Instant::now();
        let connection = broker.connection(Role::Produce, TIMEOUT).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO, "no backoff");
        let request = MetadataRequest::default();
        let version = connection.pick(ApiKey::Metadata, None).unwrap();
        let (_, frame) = connection.encode(&request, version).unwrap();
        let sent = connection.send_unanswered(frame, ApiKey::Metadata, version, TIMEOUT);
        sent.await.unwrap();
        connection.closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn case_121_callers_wait_out_the_backoff_within_their_own_limits() {
    let fake = Fake::new();
    fake.add("kafka", Host::Refuses);
    let broker = fake.broker(1, "kafka");
    for _ in 0..10 {
        assert_eq!(
            ask_broker(&broker).await.unwrap_err().error.kind(),
            ErrorKind::Connect
        );
    }
    let limit = Duration::from_millis(20);
    let start = Instant::now();
    let failed = broker.connection(Role::Control, limit).await.unwrap_err();
    assert_eq!(start.elapsed(), limit);
    assert_eq!(
        (failed.error.kind(), failed.sent),
        (ErrorKind::Timeout, Sent::No)
    );
    assert!(
        failed.error.to_string().contains("connection refused"),
        "{failed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_setup_limit_doubles_with_failures_up_to_its_maximum() {
    let fake = Fake::new();
    fake.add("kafka", Host::Swallows);
    let broker = fake.broker(1, "kafka");
    for limit in [10, 20, 30, 30] {
        let start = Instant::now();
        let failed = broker
            .connection(Role::Control, 60 * SECOND)
            .await
            .unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::Connect);
        let waited = start.elapsed();
        assert!(
            waited >= limit * SECOND && waited <= (limit + 1) * SECOND,
            "{waited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_limit_holds_for_the_connection_and_the_answer() {
    let fake = Fake::new();
    fake.add(
        "kafka",
        runs(|mut peer, _| async move {
            sleep(8 * SECOND).await;
            peer.agree_on_versions().await;
            peer.silence().await;
        }),
    );
    let broker = fake.broker(1, "kafka");
    let start = Instant::now();
    let failed = ask_broker(&broker).await.unwrap_err();
    assert_eq!(failed.error.kind(), ErrorKind::Timeout);
    assert_eq!(start.elapsed(), TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn one_limit_holds_for_all_repeats() {
    let fake = Fake::new();
    let hangs_up_late = |mut peer: Peer| async move {
        peer.request().await;
        sleep(20 * SECOND).await;
    };
    fake.add("kafka", after_versions(Arc::new(hangs_up_late)));
    let broker = fake.broker(1, "kafka");
    let start = Instant::now();
    let failed = ask_broker(&broker).await.unwrap_err();
    assert_eq!(failed.error.kind(), ErrorKind::Timeout);
    assert!(start.elapsed() <= TIMEOUT + SECOND, "{:?}", start.elapsed());
}
