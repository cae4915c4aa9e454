//! Batches that other threads compress: no more at a time than there are processors to do it. And
//! batches that take far more memory than they should when a consumer decompresses them.

use std::sync::{Arc, Mutex};
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidewire::config::{Codec, Compression, ZstdLevel};
use tidewire::mock::{Action, Fault};
use tidewire::protocol::ApiKey;
use tidewire::protocol::fetch::PartitionData;
use tidewire::record::{BatchBuilder, Batches, ChunkPool, DEFAULT_CHUNK_SIZE};
use tidewire::{Client, Env, Environment, ErrorKind, LeaderEpoch, Producer, StartAt};

use crate::committing::fetched;
use crate::groups::write;
use crate::support::{
    at, cluster, connect, env, ms, numbers, poll, read, record, secs, values, within,
};

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

/// How much the producer sends at most between two turns of another task, in bytes.
async fn most_in_a_turn(producer: &Producer, batches: u64) -> u64 {
    let (mut before, mut most) = (producer.metrics(), 0);
    while before.batches_sent < batches {
        tokio::task::yield_now().await;
        let after = producer.metrics();
        most = most.max(after.bytes_before_compression - before.bytes_before_compression);
        before = after;
    }
    most
}

/// Small batches are compressed by the sender itself, which rests between: in a step that has many
/// of them, and among steps that follow each other without waiting.
#[tokio::test(start_paused = true)]
async fn others_have_their_turn_while_the_sender_compresses_many_small_batches() {
    for (partitions, in_flight) in [(PARTITIONS, "5"), (1, "1000")] {
        let cluster = cluster().brokers(1).topic("t", partitions).build();
        let client = connect(&cluster).await;
        let producer = client.producer().compression(Compression::Lz4);
        let producer = producer.property("batch.size", "16384").linger(ms(0));
        let producer = producer.property("enable.idempotence", "false");
        let producer = producer.property("max.in.flight.requests.per.connection", in_flight);
        let producer = producer.build().unwrap();
        within(secs(1), producer.send(record(0, "first")))
            .await
            .unwrap();
        let batches = 512;
        for n in 0..batches {
            let value = format!("{n} {}", "x".repeat(12_000));
            let partition = i32::try_from(n).unwrap() % partitions;
            drop(producer.try_enqueue(record(partition, value)).unwrap());
        }
        let most = within(secs(5), most_in_a_turn(&producer, batches + 1)).await;
        // The sender may have two of its turns in a row.
        assert!(
            most < 3 * 256 * 1024,
            "{most} bytes in a turn, {partitions} partitions"
        );
        let report = within(secs(5), producer.flush()).await;
        assert_eq!(report.into_result().unwrap(), batches + 1);
    }
}

/// What is drained makes room for the next batch to be compressed, which waits for no answer.
#[tokio::test(start_paused = true)]
async fn a_backlog_is_compressed_while_answers_are_on_their_way() {
    for compression in [Compression::None, Compression::Lz4] {
        let cluster = cluster().brokers(1).topic("t", 1).build();
        let client = connect(&cluster).await;
        let producer = client.producer().compression(compression);
        let producer = producer.property("batch.size", "16384").linger(ms(0));
        let producer = producer.build().unwrap();
        let first = producer.send(record(0, "first"));
        within(secs(1), first).await.unwrap();
        for broker in cluster.brokers() {
            cluster.pause_broker(broker);
        }
        for n in 0..50 {
            let value = format!("{n} {}", "x".repeat(12_000));
            drop(producer.try_enqueue(record(0, value)).unwrap());
        }
        tokio::time::sleep(ms(100)).await;
        assert_eq!(producer.metrics().requests_in_flight, 5, "{compression:?}");
        for broker in cluster.brokers() {
            cluster.resume_broker(broker);
        }
        let report = within(secs(5), producer.flush()).await;
        assert_eq!(report.into_result().unwrap(), 51);
    }
}

/// The answer of a fetch: at offset 1, a batch of zeros that is larger than the limit.
fn bomb(codec: Codec) -> Action {
    const SIZE: usize = 128 << 20;
    let pool = ChunkPool::new(2 * SIZE, DEFAULT_CHUNK_SIZE);
    let mut builder = BatchBuilder::new(&pool, SIZE);
    builder.append(0, None, Some(&vec![0; SIZE]), &[]).unwrap();
    let sealed = builder.seal(Compression::from_codec(codec)).unwrap();
    let batch = Batches::new(sealed.to_chunks().into_bytes()).next();
    let batch = batch.unwrap().unwrap().appended(1, LeaderEpoch(0), None);
    fetched(vec![PartitionData {
        high_watermark: 3,
        last_stable_offset: 3,
        records: Some(batch.to_chunks()),
        ..PartitionData::default()
    }])
}

#[tokio::test(start_paused = true)]
async fn case_124_a_bomb_is_told_with_its_place_and_a_seek_passes_it() {
    // Those that are quick in a debug build, too.
    let codecs = [Codec::Lz4, Codec::Zstd].into_iter();
    for codec in codecs.filter(|codec| codec.is_built_in()) {
        let builder = cluster().brokers(1).topic("t", 1);
        let cluster = builder.api_versions_cap(ApiKey::Fetch, 11).build();
        let client = connect(&cluster).await;
        write(&client, 0, numbers(3)).await;
        let bomb = Fault::on(ApiKey::Fetch).times(1).then(bomb(codec));
        cluster.faults().add(bomb.clone());
        let builder = client.consumer().assign([(at(0), StartAt::Offset(1))]);
        let consumer = builder.build().await.unwrap();
        // It is told as often as it is met.
        for _ in 0..2 {
            let error = within(secs(5), poll(&consumer, secs(4))).await.unwrap_err();
            let place = (error.kind(), error.topic(), error.partition());
            assert_eq!(place, (ErrorKind::Corrupt, Some("t"), Some(0)));
            let words = error.to_string();
            for part in ["offset 1 ", "134217728 bytes", &codec.to_string()] {
                assert!(words.contains(part), "{words}");
            }
            assert_eq!(consumer.position(&at(0)).await.unwrap(), 1);
            assert_eq!(consumer.metrics().records, 0, "and nothing is skipped");
            cluster.faults().add(bomb.clone());
        }
        cluster.faults().clear();
        consumer.seek(&at(0), StartAt::Offset(2)).unwrap();
        let rest = within(secs(5), read(&consumer, 1)).await;
        assert_eq!((rest[0].offset, &*rest[0].value), (2, "2"));
    }
}
