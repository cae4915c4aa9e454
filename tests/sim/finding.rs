//! Finding brokers and leaders: seeds that hang, clusters that move, storms of errors.

use tidewire::config::Acks;
use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::protocol::frame::encode_response;
use tidewire::protocol::metadata::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use tidewire::{BrokerId, Client, CorrelationId, ErrorCode};
use tokio::time::Instant;

use crate::groups;
use crate::network::Network;
use crate::support::{
    PATIENCE, client, cluster, connect, consumer, env, ms, numbers, poll, read, record, secs,
    timed, values, within,
};

#[tokio::test(start_paused = true)]
async fn case_104_seeds_that_hang_do_not_hold_up_connecting() {
    for mute in [false, true] {
        let cluster = cluster().topic("t", 1).build();
        let network = Network::of(&cluster);
        for host in ["mock-1", "mock-2"] {
            if !mute {
                network.hang(host);
            }
        }
        if mute {
            cluster.pause_broker(1);
            cluster.pause_broker(2);
        }
        for seed in 0..10 {
            let builder = client(&cluster).env(env(seed)).connector(network.clone());
            let (connected, took) = timed(secs(5), builder.connect()).await;
            connected.unwrap();
            assert!(took <= ms(2_100), "seed {seed}: {took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn case_97_a_reader_whose_topic_is_deleted_is_told_by_poll_once_and_reads_it_made_anew() {
    for builder in [|client: &Client| consumer(client, 2), groups::member] {
        let cluster = cluster().brokers(1).topic("t", 2).build();
        let client = connect(&cluster).await;
        let consumer = builder(&client).property("auto.offset.reset", "earliest");
        let consumer = consumer.build().await.unwrap();
        groups::write(&client, 0, numbers(3)).await;
        within(secs(60), read(&consumer, 3)).await;
        cluster.delete_topic("t").unwrap();
        // What fails for other reasons in between does not begin the time anew.
        let code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        let other = Fault::on(ApiKey::Fetch).every(3).then(Action::Error(code));
        let other = cluster.faults().add(other);
        let began = Instant::now();
        let mut told = Vec::new();
        while began.elapsed() < secs(120) {
            match poll(&consumer, secs(1)).await {
                Ok(records) => assert!(records.is_empty()),
                Err(error) => {
                    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
                    assert_eq!(error.topic(), Some("t"));
                    assert!(error.to_string().contains("30 s"), "{error}");
                    assert!((secs(29)..secs(35)).contains(&began.elapsed()), "{error}");
                    told.extend(error.partition());
                }
            }
        }
        told.sort_unstable();
        assert_eq!(told, [0, 1], "once each");
        cluster.faults().remove(other);
        cluster.create_topic("t", 2).unwrap();
        groups::write(&connect(&cluster).await, 1, numbers(2)).await;
        assert_eq!(within(secs(10), read(&consumer, 2)).await.len(), 2);
    }
}

/// Brokers that have just started may not know it yet.
#[tokio::test(start_paused = true)]
async fn case_97_a_reader_is_told_nothing_of_a_topic_that_is_not_there_for_a_while() {
    let cluster = cluster().brokers(1).topic("t", 1).build();
    let client = connect(&cluster).await;
    let consumer = consumer(&client, 1).build().await.unwrap();
    let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    for n in 0..3 {
        let unknown = Fault::on(ApiKey::Fetch).then(Action::Error(code));
        let unknown = cluster.faults().add(unknown);
        assert!(poll(&consumer, secs(25)).await.unwrap().is_empty());
        cluster.faults().remove(unknown);
        groups::write(&client, 0, [n.to_string()]).await;
        assert_eq!(within(secs(2), read(&consumer, 1)).await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn case_102_a_cluster_that_moved_as_a_whole_is_found_again() {
    let cluster = cluster().topic("t", 3).build();
    let network = Network::of(&cluster);
    network.alias("bootstrap", &cluster);
    let builder = Client::builder()
        .bootstrap_servers("bootstrap:9092")
        .env(env(3));
    let client = builder.connector(network.clone()).connect().await.unwrap();
    let producer = client.producer().build().unwrap();
    let consumer = consumer(&client, 3).build().await.unwrap();
    for round in 0..3 {
        for partition in 0..3 {
            let sent = producer.send(record(partition, round.to_string()));
            within(secs(8), sent).await.unwrap();
        }
        within(secs(8), read(&consumer, 3)).await;
        for broker in cluster.brokers() {
            cluster.move_broker_address(broker).unwrap();
        }
        network.alias("bootstrap", &cluster);
    }
}

/// The times between requests of an API, the shortest first.
fn gaps(cluster: &MockCluster, api: ApiKey, since: Instant) -> Vec<std::time::Duration> {
    let history = cluster.history();
    let mine = history.iter().filter(|seen| seen.api == Some(api));
    let times: Vec<_> = mine
        .map(|seen| seen.at)
        .filter(|at| *at > since.into_std())
        .collect();
    let mut gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort();
    gaps
}

#[tokio::test(start_paused = true)]
async fn case_106_a_storm_of_errors_asks_for_metadata_once_per_backoff() {
    let cluster = cluster().topic("t", 12).build();
    let client = connect(&cluster).await;
    let mut producers = Vec::new();
    for acks in [Acks::All, Acks::Leader] {
        let producer = client.producer().acks(acks).build().unwrap();
        for partition in 0..12 {
            within(PATIENCE, producer.send(record(partition, "0")))
                .await
                .unwrap();
        }
        producers.push(producer);
    }
    let consumer = consumer(&client, 12).build().await.unwrap();
    read(&consumer, 24).await;
    for api in [ApiKey::Produce, ApiKey::Fetch] {
        let storm = Fault::on(api).then(Action::Error(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        cluster.faults().add(storm);
    }
    let started = Instant::now();
    let mut deliveries = Vec::new();
    for _ in 0..10 {
        for producer in &producers {
            for partition in 0..12 {
                deliveries.push(producer.enqueue(record(partition, "1")).await.unwrap());
            }
        }
        tokio::time::sleep(secs(1)).await;
    }
    let gaps = gaps(&cluster, ApiKey::Metadata, started);
    assert!(!gaps.is_empty() && gaps[0] >= ms(80), "{:?}", gaps.first());
    cluster.faults().clear();
    for delivery in deliveries {
        within(secs(5), delivery).await.unwrap();
    }
    within(secs(5), read(&consumer, 240)).await;
    // The storm is over, and so are the questions.
    let calm = Instant::now();
    tokio::time::sleep(secs(60)).await;
    assert!(super::finding::gaps(&cluster, ApiKey::Metadata, calm).len() < 2);
}

#[tokio::test(start_paused = true)]
async fn no_broker_is_dialed_faster_than_the_backoff_allows() {
    let cluster = cluster().topic("t", 3).build();
    let network = Network::of(&cluster);
    let client = client(&cluster)
        .connector(network.clone())
        .connect()
        .await
        .unwrap();
    let producer = client.producer().build().unwrap();
    let consumer = consumer(&client, 3).build().await.unwrap();
    for partition in 0..3 {
        within(PATIENCE, producer.send(record(partition, "0")))
            .await
            .unwrap();
    }
    read(&consumer, 3).await;
    for broker in cluster.brokers() {
        cluster.kill_broker(broker);
    }
    let before = network.dials();
    let mut deliveries = Vec::new();
    for partition in 0..3 {
        deliveries.push(producer.enqueue(record(partition, "1")).await.unwrap());
    }
    tokio::time::sleep(secs(60)).await;
    // Three brokers, each with up to four owners of connections (producer, consumer, control,
    // seed), at most one dial a second each, and a few more at first.
    let dials = network.dials() - before;
    assert!(
        (20..=3 * 4 * 70).contains(&dials),
        "{dials} dials in a minute"
    );
    for broker in cluster.brokers() {
        cluster.start_broker(broker).unwrap();
    }
    for delivery in deliveries {
        within(secs(5), delivery).await.unwrap();
    }
    within(secs(5), read(&consumer, 3)).await;
}

#[tokio::test(start_paused = true)]
async fn case_117_a_throttled_client_slows_down_and_loses_nothing() {
    let cluster = cluster().topic("t", 1).build();
    let client = connect(&cluster).await;
    let producer = client.producer().build().unwrap();
    let consumer = consumer(&client, 1).build().await.unwrap();
    // Longer than request.timeout.ms: time that the broker asked for is not time it took.
    let throttle = Action::Throttle(secs(35));
    for api in [ApiKey::Produce, ApiKey::Fetch] {
        cluster
            .faults()
            .add(Fault::on(api).nth(2).times(2).then(throttle.clone()));
    }
    let started = Instant::now();
    for n in numbers(6) {
        within(secs(80), producer.send(record(0, n))).await.unwrap();
    }
    assert!(started.elapsed() >= secs(70), "{:?}", started.elapsed());
    let all = within(secs(200), read(&consumer, 6)).await;
    assert_eq!(all.len(), 6);
    assert_eq!(values(&cluster, 0), numbers(6));
}

/// An answer of Metadata v8 about topic `u`, of a broker that knows of no other than itself.
fn about_u(host: &str) -> Action {
    let partition = MetadataResponsePartition {
        leader_id: 1,
        ..MetadataResponsePartition::default()
    };
    let topic = MetadataResponseTopic {
        name: Some("u".to_owned()),
        partitions: vec![partition],
        ..MetadataResponseTopic::default()
    };
    let broker = MetadataResponseBroker {
        node_id: 1,
        host: host.to_owned(),
        port: 9092,
        ..MetadataResponseBroker::default()
    };
    let response = MetadataResponse {
        brokers: vec![broker],
        topics: vec![topic],
        ..MetadataResponse::default()
    };
    let frame = encode_response(CorrelationId(0), &response, 8).unwrap();
    // Without the length and the correlation id, which the mock writes.
    Action::Garbage(frame.into_bytes().slice(8..))
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_one_answer_did_not_list_is_found_by_the_next() {
    let builder = cluster().topic("t", 1).topic("u", 1);
    let cluster = builder.api_versions_cap(ApiKey::Metadata, 8).build();
    cluster.move_leader("t", 0, 2).unwrap();
    assert_eq!(cluster.leader("t", 0), Some(BrokerId(2)));
    let client = connect(&cluster).await;
    let producer = client.producer().build().unwrap();
    producer.partitions_for("t").await.unwrap();
    let lags = Fault::on(ApiKey::Metadata).topic("u").nth(1);
    cluster.faults().add(lags.then(about_u("mock-1")));
    producer.partitions_for("u").await.unwrap();
    within(secs(1), producer.send(record(0, "0")))
        .await
        .unwrap();
}
