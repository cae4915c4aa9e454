//! A producer whose topics, brokers and acknowledgements go away.

use tidewire::config::Acks;
use tidewire::mock::{Action, Fault};
use tidewire::protocol::ApiKey;
use tidewire::{Client, ErrorCode, ErrorKind, Producer, WriteStatus};

use crate::support::{
    PATIENCE, cluster, connect, ms, numbers, record, secs, timed, values, within,
};

fn producer(client: &Client) -> Producer {
    client.producer().build().unwrap()
}

async fn send(producer: &Producer, numbers: std::ops::Range<usize>) {
    for n in numbers {
        let sent = producer.send(record(0, n.to_string()));
        within(PATIENCE, sent).await.unwrap();
    }
}

/// While a broker starts, it may not know of topics that are there.
#[tokio::test(start_paused = true)]
async fn case_22_a_topic_that_seems_gone_for_a_while_is_written_on_with_the_same_sequence() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    send(&producer, 0..3).await;
    let unknown = || Action::Error(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let faults = cluster.faults();
    let refused = faults.add(Fault::on(ApiKey::Produce).topic("t").then(unknown()));
    let denied = faults.add(Fault::on(ApiKey::Metadata).topic("t").then(unknown()));
    let mut deliveries = Vec::new();
    for n in 3..8 {
        deliveries.push(producer.enqueue(record(0, n.to_string())).await.unwrap());
        tokio::time::sleep(secs(2)).await;
    }
    assert!(faults.fired(refused) > 1 && faults.fired(denied) > 1);
    faults.remove(refused);
    faults.remove(denied);
    for (offset, delivery) in (3..).zip(deliveries) {
        let written = within(secs(5), delivery).await.unwrap();
        assert_eq!(written.offset, Some(offset));
    }
    assert_eq!(values(&cluster, 0), numbers(8));
}

/// The answer was lost before the topic seemed gone: resent, the batch is recognised.
#[tokio::test(start_paused = true)]
async fn case_22_what_was_written_before_its_topic_seemed_gone_is_not_written_twice() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = producer(&client);
    send(&producer, 0..2).await;
    let on_produce = || Fault::on(ApiKey::Produce).topic("t");
    let lost = on_produce().nth(1).then(Action::ApplyThenDisconnect);
    cluster.faults().add(lost);
    let unknown = Action::Error(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let gone = on_produce().nth(2).every(1).times(4).then(unknown);
    let gone = cluster.faults().add(gone);
    send(&producer, 2..4).await;
    assert_eq!(cluster.faults().fired(gone), 4);
    assert_eq!(values(&cluster, 0), numbers(4));
}

#[tokio::test(start_paused = true)]
async fn case_26_without_acknowledgements_nothing_is_said_to_be_at_an_offset() {
    for cut in [Action::Disconnect, Action::ApplyThenDisconnect] {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = client.producer().acks(Acks::None).build().unwrap();
        send(&producer, 0..1).await;
        let fault = Fault::on(ApiKey::Produce).nth(3).every(4).then(cut);
        let fault = cluster.faults().add(fault);
        let mut deliveries = Vec::new();
        for n in 1..40 {
            deliveries.push(producer.enqueue(record(0, n.to_string())).await.unwrap());
            tokio::time::sleep(ms(10)).await;
        }
        assert!(cluster.faults().fired(fault) > 1);
        let mut failed = 0;
        for delivery in deliveries {
            match within(secs(5), delivery).await {
                Ok(sent) => assert_eq!(sent.offset, None),
                Err(error) => {
                    assert!(error.write_status().is_some(), "{error}");
                    failed += 1;
                }
            }
        }
        let report = within(secs(5), producer.flush()).await;
        assert_eq!((report.written, report.unconfirmed), (0, 40 - failed));
        assert_eq!(report.not_written + report.unknown, failed);
        cluster.faults().remove(fault);
        send(&producer, 40..42).await;
        tokio::time::sleep(secs(1)).await;
        // What was lost is lost; the connection that follows is a sound one.
        let log = values(&cluster, 0);
        assert!(
            log.ends_with(&["40".to_owned(), "41".to_owned()]),
            "{log:?}"
        );
        assert!(log.len() >= 20, "{log:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_97_records_of_a_topic_that_was_deleted_end_in_time_and_say_why() {
    for refused in [None, Some(ErrorCode::NOT_ENOUGH_REPLICAS)] {
        let cluster = cluster().topic("t", 1).topic("other", 1).build();
        let client = connect(&cluster).await;
        let builder = client.producer().delivery_timeout(secs(40));
        let producer = builder.max_block(secs(5)).build().unwrap();
        send(&producer, 0..2).await;
        // Other errors in between do not make it last longer.
        if let Some(code) = refused {
            let now_and_then = Fault::on(ApiKey::Produce).topic("t").every(3);
            cluster.faults().add(now_and_then.then(Action::Error(code)));
        }
        cluster.delete_topic("t").unwrap();
        let (sent, took) = timed(secs(41), producer.send(record(0, "late"))).await;
        let error = sent.unwrap_err();
        assert!(took <= secs(40) + ms(20), "{took:?}");
        assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
        assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
        let kind = error.kind();
        let unknown = ErrorKind::Broker(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        assert!(kind == ErrorKind::Timeout || kind == unknown, "{error}");
        assert!(error.to_string().contains("UNKNOWN_TOPIC"), "{error}");
        let other = tidewire::Record::to("other").value("0");
        // At most a pause of asking for metadata, which is the client's.
        let other = within(secs(2), producer.send(other)).await;
        assert_eq!(other.unwrap().offset, Some(0), "others are not concerned");
    }
}
