//! Calls that ask the cluster: they end in time, and their answers are what happened.

use tidewire::mock::{Action, Fault};
use tidewire::protocol::ApiKey;
use tidewire::{BrokerId, ErrorKind};
use tokio::time::Instant;

use crate::support::{client, cluster, secs};

#[tokio::test(start_paused = true)]
async fn case_117_a_call_ends_in_time_while_its_broker_wants_quiet() {
    let cluster = cluster().brokers(1).build();
    let limited = client(&cluster).default_api_timeout(secs(10));
    let client = limited.connect().await.unwrap();
    let pause = Action::Throttle(secs(100));
    let first = Fault::on(ApiKey::Metadata).nth(1).then(pause);
    cluster.faults().add(first);
    client.admin().list_topics().await.unwrap();
    let start = Instant::now();
    let error = client.admin().list_topics().await.unwrap_err();
    assert_eq!(start.elapsed(), secs(10), "{error}");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.broker_id(), Some(BrokerId(1)));
    assert!(error.to_string().contains("throttles"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_call_in_a_hurry_leaves_the_connection_to_those_who_are_not() {
    let cluster = cluster().brokers(1).build();
    let hurried = client(&cluster).default_api_timeout(secs(1));
    let client = hurried.connect().await.unwrap();
    let slow = Fault::on(ApiKey::Metadata)
        .nth(1)
        .then(Action::ApplyThenDelay(secs(3)));
    cluster.faults().add(slow);
    let error = client.admin().list_topics().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("Metadata"), "{error}");
    tokio::time::sleep(secs(3)).await;
    client.admin().list_topics().await.unwrap();
    let connections: Vec<u64> = cluster
        .history()
        .iter()
        .rev()
        .take(2)
        .map(|request| request.connection)
        .collect();
    assert_eq!(connections.first(), connections.last());
}
