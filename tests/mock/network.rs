//! Connections: who can connect, when they break, and bytes that make no sense.

use std::io::ErrorKind;
use std::time::Duration;

use tidewire::TcpConnector;
use tidewire::mock::MockCluster;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::support::{NEVER, Wire, batch, fetch_request, metadata};

#[tokio::test(start_paused = true)]
async fn a_killed_broker_breaks_connections_and_takes_none_until_it_is_started() {
    let cluster = MockCluster::builder().topic("t", 1).build();
    let mut wire = Wire::to(&cluster, 1).await;
    let mut waiting = fetch_request("t", 0);
    waiting.max_wait_ms = 30_000;
    waiting.min_bytes = 1;
    wire.send(&waiting, 12).await;
    cluster.kill_broker(1);
    assert_eq!(timeout(NEVER, wire.frame()).await.unwrap(), None);
    let connector = cluster.connector();
    let refused = Wire::dial(&*connector, "mock-1:9092").await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    cluster.start_broker(1).unwrap();
    let mut again = Wire::dial(&*connector, "mock-1:9092").await.unwrap();
    metadata(&mut again, &["t"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_quick_restart_breaks_connections_too() {
    let cluster = MockCluster::builder().build();
    let mut wire = Wire::to(&cluster, 1).await;
    cluster.kill_broker(1);
    cluster.start_broker(1).unwrap();
    assert_eq!(timeout(NEVER, wire.frame()).await.unwrap(), None);
    let mut wire = Wire::to(&cluster, 1).await;
    cluster.close_connections(1);
    assert_eq!(timeout(NEVER, wire.frame()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_moved_broker_is_found_at_its_new_address_only() {
    let cluster = MockCluster::builder().topic("t", 1).build();
    let mut wire = Wire::to(&cluster, 1).await;
    cluster.move_broker_address(1).unwrap();
    assert_eq!(timeout(NEVER, wire.frame()).await.unwrap(), None);
    let connector = cluster.connector();
    assert!(Wire::dial(&*connector, "mock-1:9092").await.is_err());
    let mut second = Wire::to(&cluster, 2).await;
    let first = metadata(&mut second, &["t"]).await.brokers[0].clone();
    assert_eq!((first.node_id, first.port), (1, 9093));
    let address = format!("{}:{}", first.host, first.port);
    let mut wire = Wire::dial(&*connector, &address).await.unwrap();
    assert_eq!(wire.produce("t", batch(&["a"])).await.error_code, 0);
}

#[tokio::test(start_paused = true)]
async fn everything_ends_with_the_cluster() {
    let cluster = MockCluster::builder().build();
    let connector = cluster.connector();
    let mut wire = Wire::to(&cluster, 1).await;
    drop(cluster);
    assert_eq!(timeout(NEVER, wire.frame()).await.unwrap(), None);
    assert!(connector.resolve("mock-1", 9092).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn frames_that_make_no_sense_close_the_connection() {
    let cluster = MockCluster::builder().build();
    for bytes in [
        // A negative length, one of 2 GB, a frame too short for a header, an unknown API, and a
        // body that ends too early.
        &[0xff, 0xff, 0xff, 0xff][..],
        &[0x7f, 0xff, 0xff, 0xff],
        &[0, 0, 0, 2, 0, 3],
        &[0, 0, 0, 10, 0x70, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff],
        &[0, 0, 0, 11, 0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0],
    ] {
        let mut wire = Wire::to(&cluster, 1).await;
        wire.stream.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        timeout(NEVER, wire.stream.read_to_end(&mut rest))
            .await
            .unwrap()
            .unwrap();
        assert!(rest.is_empty(), "{bytes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn hostile_bytes_never_panic_and_never_hang_a_broker() {
    let cluster = MockCluster::builder().brokers(1).topic("t", 1).build();
    let mut state = 99_u64;
    let mut byte = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    for round in 0..600_u16 {
        let key = [0, 1, 2, 3, 10, 18, 19, 20, 22, 60][usize::from(round % 10)];
        let mut frame = vec![0, key, 0, byte() % 14, 0, 0, 0, 1, 0xff, 0xff, 0];
        frame.extend((0..round % 60).map(|_| byte() % 16));
        let mut wire = Wire::to(&cluster, 1).await;
        let length = i32::try_from(frame.len()).unwrap();
        wire.stream.write_all(&length.to_be_bytes()).await.unwrap();
        wire.stream.write_all(&frame).await.unwrap();
        wire.stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = timeout(NEVER, wire.stream.read_to_end(&mut rest))
            .await
            .expect("a hang");
    }
    let mut wire = Wire::to(&cluster, 1).await;
    metadata(&mut wire, &["t"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_ends_its_long_poll() {
    let cluster = MockCluster::builder().topic("t", 1).build();
    let mut wire = Wire::to(&cluster, 1).await;
    let mut waiting = fetch_request("t", 0);
    (waiting.max_wait_ms, waiting.min_bytes) = (i32::MAX, 1);
    wire.send(&waiting, 12).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    let metrics = tokio::runtime::Handle::current().metrics();
    assert_eq!(metrics.num_alive_tasks(), 1);
    drop(wire);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(metrics.num_alive_tasks(), 0);
}

#[tokio::test]
async fn tcp_clients_are_told_tcp_addresses_and_a_restart_keeps_them() {
    let cluster = MockCluster::builder().topic("t", 3).build();
    let servers = cluster.listen("127.0.0.1:0").await.unwrap();
    assert_eq!(servers, cluster.bootstrap_servers());
    let servers: Vec<&str> = servers.split(',').collect();
    assert_eq!(servers.len(), 3);
    let connector = TcpConnector::default();
    let mut wire = Wire::dial(&connector, servers[2]).await.unwrap();
    let told = metadata(&mut wire, &["t"]).await.brokers;
    let told: Vec<String> = told
        .iter()
        .map(|b| format!("{}:{}", b.host, b.port))
        .collect();
    assert_eq!(told, servers);
    let mut first = Wire::dial(&connector, servers[0]).await.unwrap();
    assert_eq!(first.produce("t", batch(&["a"])).await.error_code, 0);

    cluster.kill_broker(1);
    assert_eq!(timeout(NEVER, first.frame()).await.unwrap(), None);
    // The socket closes with its task, a moment later.
    let refused = async {
        while Wire::dial(&connector, servers[0]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(NEVER, refused).await.unwrap();
    cluster.start_broker(1).unwrap();
    let mut again = Wire::dial(&connector, servers[0]).await.unwrap();
    metadata(&mut again, &["t"]).await;

    cluster.move_broker_address(1).unwrap();
    let moved = cluster.bootstrap_servers();
    assert_ne!(moved.split(',').next(), Some(servers[0]));
    let mut again = Wire::dial(&connector, moved.split(',').next().unwrap())
        .await
        .unwrap();
    metadata(&mut again, &["t"]).await;
}

#[tokio::test]
async fn memory_and_tcp_serve_one_cluster() {
    let cluster = MockCluster::builder().brokers(1).topic("t", 1).build();
    let mut memory = Wire::to(&cluster, 1).await;
    let servers = cluster.listen("127.0.0.1:0").await.unwrap();
    let mut tcp = Wire::dial(&TcpConnector::default(), &servers)
        .await
        .unwrap();
    memory.produce("t", batch(&["a"])).await;
    assert_eq!(tcp.fetch("t", 0).await.high_watermark, 1);
    assert_eq!(
        metadata(&mut memory, &["t"]).await.brokers[0].host,
        "mock-1"
    );
}
