//! `Producer::purge`: what is given up, what is not, and what its deliveries say.

use tidewire::mock::{Action, Fault};
use tidewire::protocol::ApiKey;
use tidewire::{Delivery, ErrorKind, Producer, WriteStatus};

use crate::support::{cluster, connect, ms, numbers, record, secs, values, within};

/// The outcome of a purged record.
async fn status(delivery: Delivery) -> WriteStatus {
    let error = within(ms(1), delivery).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Purged, "{error}");
    assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
    error.write_status().unwrap()
}

async fn enqueue(producer: &Producer, value: &str) -> Delivery {
    producer.enqueue(record(0, value)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_purge_ends_what_was_not_sent_and_leaves_what_was() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = client.producer().linger(secs(1)).build().unwrap();
    let slow = Fault::on(ApiKey::Produce)
        .nth(1)
        .then(Action::ApplyThenDelay(secs(3)));
    cluster.faults().add(slow);
    let sent = enqueue(&producer, "0").await;
    tokio::time::sleep(secs(2)).await;
    let waiting = enqueue(&producer, "purged").await;
    producer.purge(false);
    assert_eq!(status(waiting).await, WriteStatus::NotWritten);
    assert_eq!(within(secs(3), sent).await.unwrap().offset, Some(0));
    // What comes afterwards is sent as usual, where the purged one would have been.
    let next = enqueue(&producer, "1").await;
    assert_eq!(within(secs(5), next).await.unwrap().offset, Some(1));
    assert_eq!(values(&cluster, 0), numbers(2));
    let report = producer.close(secs(1)).await;
    assert_eq!((report.written, report.not_written), (2, 1), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_purge_of_what_is_in_flight_says_that_it_may_be_written() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = client.producer().linger(ms(0)).build().unwrap();
    let slow = Fault::on(ApiKey::Produce)
        .nth(1)
        .then(Action::ApplyThenDelay(secs(3)));
    cluster.faults().add(slow);
    let sent = enqueue(&producer, "0").await;
    tokio::time::sleep(secs(1)).await;
    producer.purge(true);
    assert_eq!(status(sent).await, WriteStatus::MaybeWritten);
    let next = enqueue(&producer, "1").await;
    within(secs(10), next).await.unwrap();
    assert_eq!(values(&cluster, 0), numbers(2), "it was written indeed");
    let report = producer.close(secs(1)).await;
    assert_eq!((report.written, report.unknown), (1, 1), "{report:?}");
}
