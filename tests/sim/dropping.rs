//! Futures, handles and runtimes that are dropped at any moment: nothing is lost, doubled or left.

use futures::FutureExt;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{Delivery, ErrorKind, Producer, Record, WriteStatus};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::support::{
    PATIENCE, client, cluster, connect, consumer, ms, numbers, poll, polled, read, record, secs,
    values, within,
};

#[tokio::test(start_paused = true)]
async fn case_125_a_send_dropped_at_any_poll_is_written_once_or_not_at_all() {
    for times in 0..6 {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let builder = client.producer().buffer_memory(64 << 10).linger(ms(1));
        let producer = builder.build().unwrap();
        // Whole batches are sent again, so that what is there twice is not next to itself.
        let lost = Fault::on(ApiKey::Produce).every(3);
        cluster.faults().add(lost.then(Action::ApplyThenDisconnect));
        // The first also looks the topic up; the others find it known.
        for n in 0..30 {
            let value = format!("{n} {}", "x".repeat(5_000));
            drop(polled(times, producer.send(record(0, value))).await);
        }
        within(secs(5), producer.flush())
            .await
            .into_result()
            .unwrap();
        let log: Vec<usize> = values(&cluster, 0)
            .iter()
            .map(|value| value.split(' ').next().unwrap().parse().unwrap())
            .collect();
        // In the order of the calls, which also shows one that is there twice anywhere.
        assert!(log.is_sorted_by(|one, next| one < next), "{times}: {log:?}");
        assert!(
            times > 0 || log.is_empty(),
            "{times}: nothing happens before the first poll"
        );
        assert!(
            times < 2 || log.len() > 10,
            "{times}: only {} written",
            log.len()
        );
        // All of the buffer is free again.
        for _ in 0..5 {
            let send = producer.send(record(0, "y".repeat(40_000)));
            within(secs(1), send).await.unwrap();
        }
        let alone = producer.close(secs(1)).await;
        assert!(alone.is_complete(), "{alone:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_125_a_delivery_dropped_early_leaves_its_record_on_its_way() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = client.producer().build().unwrap();
    let slow = Fault::on(ApiKey::Produce).then(Action::ApplyThenDelay(secs(1)));
    cluster.faults().add(slow);
    let mut kept = Vec::new();
    for (index, n) in numbers(20).into_iter().enumerate() {
        let mut delivery = producer.enqueue(record(0, n)).await.unwrap();
        if index % 2 == 0 {
            drop(polled(1, &mut delivery).await);
            drop(delivery);
        } else {
            kept.push(delivery);
        }
    }
    for delivery in kept {
        within(secs(2), delivery).await.unwrap();
    }
    assert_eq!(values(&cluster, 0), numbers(20));
}

#[tokio::test(start_paused = true)]
async fn case_126_a_poll_dropped_at_any_moment_loses_nothing() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    let producer = client.producer().linger(ms(0)).build().unwrap();
    let consumer = consumer(&client, 3).property("max.poll.records", "7");
    let consumer = consumer.build().await.unwrap();
    let writing = async {
        for n in numbers(300) {
            let partition = n.len().try_into().unwrap_or(1) - 1;
            drop(producer.enqueue(record(partition, n)).await.unwrap());
            tokio::time::sleep(ms(3)).await;
        }
    };
    let reading = async {
        let mut all = Vec::new();
        let mut turn = 0_u64;
        while all.len() < 300 {
            turn += 1;
            let limit = ms(turn % 5);
            if turn % 3 == 0 {
                let times = usize::try_from(turn % 4).unwrap();
                let got = polled(times, poll(&consumer, secs(1))).await;
                all.extend(got.map(Result::unwrap).unwrap_or_default());
            }
            let polling = tokio::time::timeout(limit, poll(&consumer, secs(1)));
            all.extend(polling.await.map(Result::unwrap).unwrap_or_default());
        }
        all
    };
    let ((), all) = within(secs(30), async { tokio::join!(writing, reading) }).await;
    for partition in 0..3 {
        let of = all.iter().filter(|each| each.partition == partition);
        let values_read: Vec<String> = of.map(|each| each.value.clone()).collect();
        assert_eq!(values_read, values(&cluster, partition));
    }
}

/// The handle's own futures, and those that only ask or end.
#[tokio::test(start_paused = true)]
async fn case_125_a_topic_handle_a_look_up_and_a_close_may_be_dropped_at_any_poll() {
    for times in 0..6 {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = client.producer().linger(ms(1)).build().unwrap();
        drop(polled(times, producer.partitions_for("t")).await);
        drop(polled(times, producer.topic("t")).await);
        let topic = within(secs(1), producer.topic("t")).await.unwrap();
        for n in numbers(20) {
            let record = Record::new().partition(0).value(n);
            if times % 2 == 0 {
                drop(polled(times, topic.send(record)).await);
            } else {
                drop(polled(times, topic.enqueue(record)).await);
            }
        }
        drop(polled(times, producer.close(secs(5))).await);
        // Begun, it takes nothing more; what it had is sent all the same.
        let after = producer.try_enqueue(record(0, "after"));
        assert_eq!(after.is_err(), times > 0, "{times}");
        let report = within(secs(5), producer.close(secs(5))).await;
        assert!(report.is_complete(), "{times}: {report:?}");
        let log = values(&cluster, 0);
        let mut once = log.clone();
        once.sort();
        once.dedup();
        assert_eq!(log.len(), once.len(), "{times}: {log:?}");
        assert!(times < 2 || log.len() >= 10, "{times}: {log:?}");
    }
}

fn alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// A producer, its deliveries (answered, unanswered, unsent) and a consumer that long-polls.
async fn busy(cluster: &MockCluster, producer: &Producer) -> Vec<Delivery> {
    within(PATIENCE, producer.send(record(0, "0")))
        .await
        .unwrap();
    for broker in cluster.brokers() {
        cluster.pause_broker(broker);
    }
    let mut deliveries = Vec::new();
    for n in numbers(8) {
        deliveries.push(producer.enqueue(record(0, n)).await.unwrap());
        tokio::time::sleep(ms(10)).await;
    }
    deliveries
}

#[tokio::test(start_paused = true)]
async fn case_128_dropped_without_close_all_resolves_and_no_task_is_left() {
    let cluster = cluster().topic("t", 3).build();
    let client = connect(&cluster).await;
    let producer = client.producer().build().unwrap();
    let consumer = consumer(&client, 3).build().await.unwrap();
    let deliveries = busy(&cluster, &producer).await;
    assert!(alive() > 0);
    drop((client, producer, consumer));
    for (index, delivery) in deliveries.into_iter().enumerate() {
        let error = within(ms(100), delivery).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        // So many fit on the wire.
        let sent = index < 5;
        let maybe = error.write_status() == Some(WriteStatus::MaybeWritten);
        assert_eq!(maybe, sent, "{index}: {error}");
    }
    for broker in cluster.brokers() {
        cluster.resume_broker(broker);
    }
    tokio::time::sleep(ms(900)).await;
    assert_eq!(alive(), 0, "tasks are left");
}

#[tokio::test(start_paused = true)]
async fn case_128_dropped_before_the_sender_ever_ran_the_delivery_resolves() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let first = client.producer().build().unwrap();
    within(PATIENCE, first.send(record(0, "0"))).await.unwrap();
    // The topic is known now, so that nothing waits and the new sender's task had no turn.
    let producer = client.producer().build().unwrap();
    let delivery = producer.try_enqueue(record(0, "1")).unwrap();
    drop(producer);
    let error = within(secs(1), delivery).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert_eq!(values(&cluster, 0), numbers(1));
}

fn paused_runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

#[test]
fn case_129_a_runtime_that_is_shut_down_takes_nobody_with_it() {
    let runtime = paused_runtime();
    let (cluster, client, producer, consumer, deliveries) = runtime.block_on(async {
        let cluster = cluster().topic("t", 3).build();
        let client = connect(&cluster).await;
        let producer = client.producer().build().unwrap();
        let consumer = consumer(&client, 3).build().await.unwrap();
        let deliveries = busy(&cluster, &producer).await;
        (cluster, client, producer, consumer, deliveries)
    });
    drop(runtime);
    for delivery in deliveries {
        let outcome = delivery.now_or_never().expect("resolved with the runtime");
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Closed);
    }
    // Handles outside any runtime, then inside another one: errors, in time.
    assert!(producer.try_enqueue(record(0, "late")).is_err());
    let other = paused_runtime();
    other.block_on(async {
        within(secs(61), producer.send(record(0, "late")))
            .await
            .unwrap_err();
        // What arrived before is handed out; nothing more comes.
        assert_eq!(read(&consumer, 1).await.len(), 1);
        let none = within(secs(2), poll(&consumer, secs(1))).await.unwrap();
        assert!(none.is_empty());
        let report = within(secs(2), producer.close(secs(1))).await;
        let told = (report.written, report.unknown, report.not_written);
        assert_eq!(told, (1, 5, 3), "{report:?}");
    });
    drop(other);
    drop((producer, consumer, client, cluster));
}

#[test]
fn case_129_shut_down_before_the_sender_ever_ran_the_delivery_resolves() {
    let runtime = paused_runtime();
    let (cluster, delivery) = runtime.block_on(async {
        let cluster = cluster().topic("t", 1).build();
        let client = connect(&cluster).await;
        let first = client.producer().build().unwrap();
        within(PATIENCE, first.send(record(0, "0"))).await.unwrap();
        let producer = client.producer().build().unwrap();
        (cluster, producer.try_enqueue(record(0, "1")).unwrap())
    });
    drop(runtime);
    let outcome = delivery.now_or_never().expect("resolved with the runtime");
    assert_eq!(
        outcome.unwrap_err().write_status(),
        Some(WriteStatus::NotWritten)
    );
    assert_eq!(values(&cluster, 0), numbers(1));
}

#[tokio::test(start_paused = true)]
async fn a_client_dropped_while_it_connects_leaves_no_task() {
    let cluster = cluster().topic("t", 1).build();
    for broker in cluster.brokers() {
        cluster.pause_broker(broker);
    }
    for wait in [0, 1, 500, 5_000] {
        let connecting = client(&cluster).connect();
        tokio::time::timeout(ms(wait), connecting)
            .await
            .unwrap_err();
        let unconnected = client(&cluster).build().unwrap();
        let waiting = consumer(&unconnected, 1).build();
        assert!(tokio::time::timeout(ms(wait), waiting).await.is_err());
    }
    for broker in cluster.brokers() {
        cluster.resume_broker(broker);
    }
    tokio::time::sleep(ms(900)).await;
    assert_eq!(alive(), 0, "tasks are left");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_goes_on_after_a_dropped_close_of_another() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = client.producer().build().unwrap();
    let one = consumer(&client, 1).build().await.unwrap();
    let two = consumer(&client, 1).build().await.unwrap();
    // Dropped before it has done anything.
    drop(one.close(secs(1)));
    within(PATIENCE, producer.send(record(0, "0")))
        .await
        .unwrap();
    assert_eq!(read(&two, 1).await.len(), 1);
}
