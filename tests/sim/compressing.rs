//! Batches that other threads compress: no more at a time than there are processors to do it.

use std::sync::{Arc, Mutex};
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidewire::config::{Compression, ZstdLevel};
use tidewire::{Client, Env, Environment};

use crate::support::{cluster, env, ms, record, secs, values, within};

const PARTITIONS: i32 = 64;
/// A batch of it is compressed on another thread.
const SIZE: usize = 40_000;

type Work = Box<dyn FnOnce() + Send>;

/// Keeps what is to be computed until it is asked to.
#[derive(Clone, Default)]
struct Presses(Arc<Mutex<Vec<Work>>>);

impl Presses {
    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn run_one(&self) {
        let work = self.0.lock().unwrap().pop();
        work.expect("there is work")();
    }
}

struct Pressing {
    presses: Presses,
    rest: Env,
}

impl std::fmt::Debug for Pressing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pressing")
    }
}

impl Environment for Pressing {
    fn wall_time(&self) -> SystemTime {
        let ms = u64::try_from(self.rest.timestamp_ms()).unwrap();
        UNIX_EPOCH + Duration::from_millis(ms)
    }

    fn seed(&self) -> u64 {
        self.rest.seed()
    }

    fn compute(&self, work: Work) {
        self.presses.0.lock().unwrap().push(work);
    }
}

#[tokio::test(start_paused = true)]
async fn many_partitions_are_compressed_a_few_at_a_time_and_all_of_them_in_the_end() {
    let cluster = cluster().topic("t", PARTITIONS).build();
    let presses = Presses::default();
    let pressing = Pressing {
        presses: presses.clone(),
        rest: env(11),
    };
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .env(Env::new(pressing))
        .connect()
        .await
        .unwrap();
    let zstd = Compression::Zstd(ZstdLevel::default());
    let producer = client.producer().compression(zstd);
    let producer = producer.build().unwrap();
    let mut deliveries = Vec::new();
    for partition in 0..PARTITIONS {
        let value = format!("{partition} {}", "x".repeat(SIZE));
        deliveries.push(producer.enqueue(record(partition, value)).await.unwrap());
    }
    let most = 2 * available_parallelism().unwrap().get();
    for left in (1..=usize::try_from(PARTITIONS).unwrap()).rev() {
        tokio::time::sleep(ms(10)).await;
        assert_eq!(presses.len(), left.min(most));
        presses.run_one();
    }
    for delivery in deliveries {
        within(secs(5), delivery).await.unwrap();
    }
    for partition in 0..PARTITIONS {
        assert_eq!(values(&cluster, partition).len(), 1);
    }
}

/// Small batches are compressed by the sender itself, which has other work as well.
#[tokio::test(start_paused = true)]
async fn many_small_batches_are_all_compressed_though_the_sender_rests_between() {
    let cluster = cluster().topic("t", PARTITIONS).build();
    let client = crate::support::connect(&cluster).await;
    let producer = client.producer().compression(Compression::Lz4);
    let producer = producer.linger(ms(50)).build().unwrap();
    let mut deliveries = Vec::new();
    for partition in 0..PARTITIONS {
        let value = format!("{partition} {}", "x".repeat(SIZE / 4));
        deliveries.push(producer.enqueue(record(partition, value)).await.unwrap());
    }
    for delivery in deliveries {
        within(secs(1), delivery).await.unwrap();
    }
}
