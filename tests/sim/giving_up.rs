//! Limits: whatever the brokers do not do, every call ends in time and says what it knows.

use std::time::Duration;

use futures::FutureExt;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{Client, ErrorCode, ErrorKind, Producer, Record, TryEnqueueReason, WriteStatus};
use tokio::time::Instant;

use crate::support::{
    PATIENCE, client, cluster, connect, consumer, ms, numbers, record, secs, timed, values, within,
};

/// What a wait may take beyond its limit: the timer's granularity.
const SLACK: Duration = Duration::from_millis(20);

fn impatient(client: &Client) -> Producer {
    let builder = client.producer().delivery_timeout(secs(40));
    builder.max_block(secs(3)).build().unwrap()
}

fn kill_all(cluster: &MockCluster) {
    for broker in cluster.brokers() {
        cluster.kill_broker(broker);
    }
}

fn pause_all(cluster: &MockCluster) {
    for broker in cluster.brokers() {
        cluster.pause_broker(broker);
    }
}

fn start_all(cluster: &MockCluster) {
    for broker in cluster.brokers() {
        cluster.start_broker(broker).unwrap();
        cluster.resume_broker(broker);
    }
}

#[tokio::test(start_paused = true)]
async fn case_7_a_batch_that_never_left_is_not_written_and_keeps_its_turn() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = impatient(&client);
    within(PATIENCE, producer.send(record(0, "0")))
        .await
        .unwrap();
    kill_all(&cluster);
    tokio::time::sleep(ms(10)).await;
    let (sent, took) = timed(secs(41), producer.send(record(0, "never"))).await;
    let error = sent.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(
        error.write_status(),
        Some(WriteStatus::NotWritten),
        "{error}"
    );
    assert!(took <= secs(40) + SLACK && took >= secs(40), "{took:?}");
    start_all(&cluster);
    for n in 1..4 {
        within(secs(5), producer.send(record(0, n.to_string())))
            .await
            .unwrap();
    }
    assert_eq!(values(&cluster, 0), numbers(4));
}

/// What keeps all answers away, and whether the record gets into the log.
fn silences() -> [(Option<Action>, Option<bool>); 4] {
    [
        // Stopped brokers may have it in their buffers.
        (None, None),
        (Some(Action::DropRequest), Some(false)),
        (Some(Action::ApplyThenDrop), Some(true)),
        // The broker comes to it when what followed is already there.
        (Some(Action::Delay(secs(100))), Some(false)),
    ]
}

#[tokio::test(start_paused = true)]
async fn case_6_a_batch_that_left_and_was_not_answered_may_be_written() {
    for (action, is_written) in silences() {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = impatient(&client);
        within(PATIENCE, producer.send(record(0, "0")))
            .await
            .unwrap();
        match &action {
            Some(action) => {
                let fault = Fault::on(ApiKey::Produce).then(action.clone());
                cluster.faults().add(fault);
            }
            None => pause_all(&cluster),
        }
        let (sent, took) = timed(secs(41), producer.send(record(0, "perhaps"))).await;
        let error = sent.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert_eq!(
            error.write_status(),
            Some(WriteStatus::MaybeWritten),
            "{error}"
        );
        assert!(took <= secs(40) + SLACK, "{took:?}");
        cluster.faults().clear();
        start_all(&cluster);
        for n in 1..4 {
            // What is still on the wire is waited for, which request.timeout.ms ends.
            within(secs(31), producer.send(record(0, n.to_string())))
                .await
                .unwrap();
        }
        // For whatever a broker has still in hand.
        tokio::time::sleep(secs(120)).await;
        // Once, and at its own place: between what was written before it and what came after.
        let log = values(&cluster, 0);
        let with = ["0", "perhaps", "1", "2", "3"];
        let without = ["0", "1", "2", "3"];
        let written = log == with;
        assert!(written || log == without, "{action:?}: {log:?}");
        assert!(
            is_written.is_none_or(|is| is == written),
            "{action:?}: {log:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn connecting_to_nobody_says_each_address_and_why() {
    let cluster = cluster().build();
    kill_all(&cluster);
    let connecting = client(&cluster).request_timeout(secs(4)).connect();
    let (connected, took) = timed(secs(5), connecting).await;
    let error = connected.unwrap_err();
    assert!(took <= secs(4) + SLACK, "{took:?}");
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    for broker in 1..=3 {
        let address = format!("mock-{broker}:9092");
        assert!(error.to_string().contains(&address), "{error}");
    }
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn connecting_to_the_silent_ends_in_time() {
    let cluster = cluster().build();
    pause_all(&cluster);
    let connecting = client(&cluster).request_timeout(secs(4)).connect();
    let (connected, took) = timed(secs(5), connecting).await;
    let error = connected.unwrap_err();
    assert!(took <= secs(4) + SLACK, "{took:?}");
    for broker in 1..=3 {
        let address = format!("mock-{broker}:9092");
        assert!(error.to_string().contains(&address), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_with_nobody_there_ends_within_max_block() {
    for silent in [false, true] {
        let cluster = cluster().topic("t", 1).build();
        if silent {
            pause_all(&cluster);
        } else {
            kill_all(&cluster);
        }
        let builder = client(&cluster).default_api_timeout(secs(5));
        let client = builder.build().unwrap();
        let producer = impatient(&client);
        let (sent, took) = timed(secs(4), producer.enqueue(record(0, "0"))).await;
        let error = sent.unwrap_err();
        assert!(took <= secs(3) + SLACK, "{took:?}");
        assert_eq!(
            error.write_status(),
            Some(WriteStatus::NotWritten),
            "{error}"
        );
        assert_eq!(error.topic(), Some("t"));
        let (built, took) = timed(secs(6), consumer(&client, 1).build()).await;
        built.unwrap_err();
        assert!(took <= secs(5) + SLACK, "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_122_a_full_buffer_is_an_error_within_max_block() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let builder = client.producer().buffer_memory(64 << 10);
    let producer = builder.max_block(secs(3)).build().unwrap();
    within(PATIENCE, producer.send(record(0, "0")))
        .await
        .unwrap();
    pause_all(&cluster);
    let large = "x".repeat(10_000);
    let mut deliveries = Vec::new();
    let error = loop {
        let started = Instant::now();
        match within(secs(4), producer.enqueue(record(0, large.clone()))).await {
            Ok(delivery) => deliveries.push(delivery),
            Err(error) => {
                assert!(started.elapsed() >= secs(3), "{:?}", started.elapsed());
                assert!(
                    started.elapsed() <= secs(3) + SLACK,
                    "{:?}",
                    started.elapsed()
                );
                break error;
            }
        }
        assert!(deliveries.len() < 20, "more was taken than fits");
    };
    assert_eq!(error.kind(), ErrorKind::BufferFull, "{error}");
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert!(deliveries.len() >= 3, "{}", deliveries.len());
    let given_back = producer.try_enqueue(record(0, large.clone())).unwrap_err();
    assert!(matches!(given_back.reason, TryEnqueueReason::BufferFull));
    assert_eq!(given_back.record, record(0, large.clone()));
    start_all(&cluster);
    // Whoever waits gets the room as soon as there is some.
    let waiting = producer.enqueue(given_back.record);
    let (delivery, took) = timed(secs(3), waiting).await;
    assert!(took <= secs(1), "{took:?}");
    within(secs(40), delivery.unwrap()).await.unwrap();
    let count = deliveries.len();
    for delivery in deliveries {
        within(secs(1), delivery).await.unwrap();
    }
    assert_eq!(values(&cluster, 0).len(), count + 2);
}

#[tokio::test(start_paused = true)]
async fn case_122_a_waiter_that_leaves_gives_up_its_place_in_the_buffer() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let builder = client.producer().buffer_memory(48 << 10);
    let producer = builder.max_block(secs(60)).build().unwrap();
    within(PATIENCE, producer.send(record(0, "0")))
        .await
        .unwrap();
    pause_all(&cluster);
    let large = "x".repeat(10_000);
    let left = |producer: Producer| {
        let large = large.clone();
        async move {
            let waiting = producer.enqueue(record(0, large));
            tokio::time::timeout(ms(50), waiting).await
        }
    };
    while let Ok(taken) = left(producer.clone()).await {
        drop(taken.unwrap());
    }
    for _ in 0..20 {
        left(producer.clone()).await.unwrap_err();
    }
    start_all(&cluster);
    for _ in 0..20 {
        let sent = producer.send(record(0, large.clone()));
        within(secs(2), sent).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn try_enqueue_gives_back_what_it_cannot_take() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = client.producer().build().unwrap();
    let refused = producer.try_enqueue(record(0, "0")).unwrap_err();
    assert!(matches!(refused.reason, TryEnqueueReason::MetadataPending));
    assert_eq!(refused.record, record(0, "0"));
    tokio::time::sleep(ms(50)).await;
    let delivery = producer.try_enqueue(refused.record).unwrap();
    within(secs(1), delivery).await.unwrap();
    let wrong = producer.try_enqueue(record(7, "0")).unwrap_err();
    let TryEnqueueReason::Failed(error) = wrong.reason else {
        panic!("{:?}", wrong.reason);
    };
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    drop(within(secs(1), producer.close(secs(1))).await);
    let late = producer.try_enqueue(record(0, "1")).unwrap_err();
    let TryEnqueueReason::Failed(error) = late.reason else {
        panic!("{:?}", late.reason);
    };
    assert_eq!(error.kind(), ErrorKind::Closed);
    let late = within(ms(1), producer.enqueue(record(0, "1")))
        .await
        .unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Closed);
    assert_eq!(late.write_status(), Some(WriteStatus::NotWritten));
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_not_there_is_a_typed_error_in_time() {
    let cluster = cluster().build();
    let client = client(&cluster)
        .default_api_timeout(secs(5))
        .build()
        .unwrap();
    let producer = impatient(&client);
    let (sent, took) = timed(secs(4), producer.send(record(0, "0"))).await;
    let error = sent.unwrap_err();
    assert!(took <= secs(3) + SLACK, "{took:?}");
    assert_eq!(
        error.code(),
        Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        "{error}"
    );
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    let (built, took) = timed(secs(6), consumer(&client, 1).build()).await;
    let error = built.unwrap_err();
    assert!(took <= secs(5) + SLACK, "{took:?}");
    assert_eq!(
        error.code(),
        Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn case_27_closing_ends_in_time_and_says_what_became_of_each_record() {
    let cluster = cluster()
        .default_replication_factor(1)
        .topic("t", 3)
        .build();
    let client = connect(&cluster).await;
    let producer = client.producer().build().unwrap();
    for partition in 0..3 {
        let sent = producer.send(record(partition, "0"));
        within(PATIENCE, sent).await.unwrap();
    }
    // One broker answers, one is silent, one is not there.
    cluster.pause_broker(2);
    cluster.kill_broker(3);
    tokio::time::sleep(ms(10)).await;
    let mut deliveries = Vec::new();
    for partition in 0..3 {
        for n in 0..=partition {
            let record = record(partition, format!("late {n}"));
            deliveries.push(producer.enqueue(record).await.unwrap());
        }
    }
    let (report, took) = timed(secs(11), producer.close(secs(10))).await;
    assert!(took <= secs(10) + SLACK, "{took:?}");
    let told = (report.written, report.unknown, report.not_written);
    assert_eq!(told, (3 + 1, 2, 3), "{report:?}");
    assert!(!report.is_complete() && report.first_error.is_some());
    for (index, delivery) in deliveries.into_iter().enumerate() {
        let outcome = within(ms(1), delivery).await;
        assert_eq!(outcome.is_ok(), index == 0, "{outcome:?}");
    }
    let again = within(ms(1), producer.close(secs(10))).await;
    assert!(again.is_complete(), "nothing was left to close: {again:?}");
}

#[tokio::test(start_paused = true)]
async fn case_131_flush_waits_for_all_that_was_enqueued_before_and_not_for_linger() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    let producer = client.producer().linger(secs(30)).build().unwrap();
    let slow = Fault::on(ApiKey::Produce).broker(2);
    cluster
        .faults()
        .add(slow.then(Action::ApplyThenDelay(secs(2))));
    let mut deliveries = Vec::new();
    for n in 0..30 {
        deliveries.push(producer.enqueue(record(n % 3, "x")).await.unwrap());
    }
    let (flushed, took) = timed(secs(3), producer.flush()).await;
    flushed.into_result().unwrap();
    assert!(took >= secs(2), "{took:?}");
    for delivery in deliveries {
        within(Duration::ZERO, delivery).await.unwrap();
    }
    // One that keeps sending does not keep a flush from ending.
    let busy = async {
        loop {
            drop(producer.enqueue(record(0, "more")).await.unwrap());
            tokio::time::sleep(ms(1)).await;
        }
    };
    tokio::select! {
        biased;
        flushed = within(secs(1), producer.flush()) => drop(flushed.into_result().unwrap()),
        () = busy => {}
    }
}

#[tokio::test(start_paused = true)]
async fn case_27_a_record_for_another_topic_does_not_slip_in_behind_close() {
    let cluster = cluster().topic("t", 1).topic("known", 1).build();
    let client = connect(&cluster).await;
    let other = client.producer().build().unwrap();
    let known = || Record::to("known").partition(0).value("x");
    within(PATIENCE, other.send(known())).await.unwrap();
    let producer = client.producer().build().unwrap();
    within(PATIENCE, producer.send(record(0, "0")))
        .await
        .unwrap();
    // It has just woken the sender, so the next call lets that run before it goes on.
    drop(producer.enqueue(record(0, "1")).await.unwrap());
    let mut late = Box::pin(producer.enqueue(known()));
    assert!((&mut late).now_or_never().is_none(), "it steps aside");
    let report = within(secs(1), producer.close(secs(1))).await;
    assert!(report.is_complete(), "{report:?}");
    match within(ms(1), late).await {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Closed, "{error}"),
        Ok(delivery) => drop(within(ms(1), delivery).await.unwrap_err()),
    }
    assert!(within(ms(1), producer.flush()).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn case_122_a_full_buffer_ends_the_linger_of_what_fills_it() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    // Room for two chunks, so that a batch in each of two partitions takes all.
    let builder = client.producer().buffer_memory(32 << 10).linger(secs(60));
    let producer = builder.build().unwrap();
    let mut deliveries = Vec::new();
    for partition in 0..3 {
        let enqueued = producer.enqueue(record(partition, "x"));
        deliveries.push(within(secs(1), enqueued).await.unwrap());
    }
    for delivery in deliveries.drain(..2) {
        within(secs(1), delivery).await.unwrap();
    }
    assert!(within(secs(1), producer.flush()).await.is_complete());
}
