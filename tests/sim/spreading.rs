//! Where records without a key go while brokers are slow or stand still (KIP-794).

use std::time::Duration;

use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{BrokerId, Producer, ProducerBuilder, Record};

use crate::support::{PATIENCE, cluster, connect, ms, secs, within};

const PARTITIONS: i32 = 6;

fn six_partitions() -> MockCluster {
    cluster().topic("t", PARTITIONS).build()
}

/// Small batches, so that a broker takes only so much at a time.
async fn producer(cluster: &MockCluster) -> ProducerBuilder {
    connect(cluster).await.producer().batch_size(1000)
}

/// Partition 0's leader, and the partitions it leads.
fn first_broker(cluster: &MockCluster) -> (BrokerId, Vec<i32>) {
    let leader = |partition| cluster.leader("t", partition);
    let first = leader(0).unwrap();
    let led = (0..PARTITIONS).filter(|each| leader(*each) == Some(first));
    (first, led.collect())
}

/// Writes 1 MB/s for so long, and says how many of a thousand records went to these partitions.
async fn share(producer: &Producer, time: Duration, partitions: &[i32]) -> usize {
    let (mut all, mut there) = (0, 0);
    let end = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < end {
        for _ in 0..10 {
            let record = Record::to("t").value(&[b'x'; 92]);
            let delivery = producer.enqueue(record).await.unwrap();
            all += 1;
            there += usize::from(partitions.contains(&delivery.partition()));
        }
        tokio::time::sleep(ms(1)).await;
    }
    there * 1000 / all
}

async fn share_of_a_broker_that_takes(delay: Option<Duration>, adaptive: bool) -> usize {
    let cluster = six_partitions();
    let (slow, its_partitions) = first_broker(&cluster);
    if let Some(delay) = delay {
        let on_produce = Fault::on(ApiKey::Produce).broker(slow);
        cluster.faults().add(on_produce.then(Action::Delay(delay)));
    }
    let key = "partitioner.adaptive.partitioning.enable";
    let producer = producer(&cluster).await.property(key, adaptive.to_string());
    let producer = producer.build().unwrap();
    let share = share(&producer, secs(2), &its_partitions).await;
    let report = within(PATIENCE, producer.flush()).await;
    assert!(report.is_complete(), "{report:?}");
    share
}

#[tokio::test(start_paused = true)]
async fn a_slow_broker_gets_fewer_records_without_a_key() {
    let even = 280..390;
    let equal = share_of_a_broker_that_takes(None, true).await;
    assert!(even.contains(&equal), "{equal} of 1000 to one of three");
    let blind = share_of_a_broker_that_takes(Some(ms(50)), false).await;
    assert!(even.contains(&blind), "{blind} of 1000 to the slow one");
    let adaptive = share_of_a_broker_that_takes(Some(ms(50)), true).await;
    assert!(adaptive < 150, "{adaptive} of 1000 to the slow one");
}

async fn a_broker_stops_for_a_while(timeout: Duration) {
    let cluster = six_partitions();
    let (stopped, its_partitions) = first_broker(&cluster);
    let key = "partitioner.availability.timeout.ms";
    let producer = producer(&cluster).await;
    let producer = producer.property(key, timeout.as_millis().to_string());
    let producer = producer.build().unwrap();
    let before = share(&producer, secs(1), &its_partitions).await;
    assert!((280..390).contains(&before), "{before} of 1000");

    cluster.pause_broker(stopped);
    let meanwhile = share(&producer, ms(250), &its_partitions).await;
    assert!(meanwhile > 0, "it is not known yet");
    for _ in 0..3 {
        let share = share(&producer, ms(500), &its_partitions).await;
        assert_eq!(share > 0, timeout.is_zero(), "{share} of 1000");
    }

    cluster.resume_broker(stopped);
    tokio::time::sleep(ms(50)).await;
    let after = share(&producer, secs(1), &its_partitions).await;
    assert!((280..390).contains(&after), "{after} of 1000");
    let report = within(PATIENCE, producer.flush()).await;
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_stands_still_gets_no_records_without_a_key_until_it_moves() {
    a_broker_stops_for_a_while(ms(100)).await;
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_stands_still_is_not_kept_away_from_unless_asked_for() {
    a_broker_stops_for_a_while(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn where_every_broker_stands_still_none_is_kept_away_from() {
    let cluster = six_partitions();
    let (stopped, its_partitions) = first_broker(&cluster);
    let key = "partitioner.availability.timeout.ms";
    let producer = producer(&cluster).await.property(key, "100");
    let producer = producer.build().unwrap();
    share(&producer, secs(1), &its_partitions).await;
    for broker in cluster.brokers() {
        cluster.pause_broker(broker);
    }
    share(&producer, ms(500), &its_partitions).await;
    let even = share(&producer, secs(1), &its_partitions).await;
    assert!((280..390).contains(&even), "{even} of 1000");
    cluster.resume_broker(stopped);
    tokio::time::sleep(ms(50)).await;
    let there = share(&producer, ms(500), &its_partitions).await;
    assert!(there > 990, "{there} of 1000, where one broker alone moves");
    for broker in cluster.brokers() {
        cluster.resume_broker(broker);
    }
    let report = within(PATIENCE, producer.flush()).await;
    assert!(report.is_complete(), "{report:?}");
}
