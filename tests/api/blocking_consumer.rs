//! The consumer of programs without async.

use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tidewire::blocking::{self, RebalanceListener, Received};
use tidewire::mock::MockCluster;
use tidewire::{
    DetachedRecord, ErrorCode, ErrorKind, PartitionStatus, Record, StartAt, TopicPartition,
};
use tokio::runtime::Runtime;

use crate::blocking::{LIMIT, cluster, description};

const BRIEF: Duration = Duration::from_millis(50);

fn at(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

/// A cluster with five records in each of its two partitions, and a client.
fn written() -> (Runtime, MockCluster, blocking::Client) {
    let (runtime, cluster) = cluster();
    let client = blocking::Client::connect(description(&cluster)).unwrap();
    let producer = client.producer().unwrap();
    for n in 0..10 {
        let record = Record::to("t").partition(n % 2).value((n / 2).to_string());
        drop(producer.enqueue(record).unwrap());
    }
    assert!(producer.close(LIMIT).unwrap().is_complete());
    (runtime, cluster, client)
}

fn member(client: &blocking::Client) -> blocking::Consumer {
    let member = client.consumer_with(|builder| {
        let builder = builder.group("g").subscribe(["t"]);
        builder.property("auto.offset.reset", "earliest")
    });
    member.unwrap()
}

fn read(consumer: &blocking::Consumer, count: usize) -> usize {
    let (mut all, started) = (0, Instant::now());
    while all < count {
        assert!(started.elapsed() < LIMIT, "only {all} of {count}");
        all += consumer.poll(LIMIT).unwrap().len();
    }
    all
}

fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < LIMIT, "it never happened");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_thread_reads_as_a_member_commits_and_leaves() {
    let (_runtime, cluster, client) = written();
    let consumer = member(&client);
    assert_eq!(read(&consumer, 10), 10);
    consumer.commit().unwrap();
    let committed = |p: i32| cluster.committed("g").get(&at(p)).map(|it| it.offset);
    assert_eq!([committed(0), committed(1)], [Some(5); 2]);
    consumer
        .commit_offsets([(at(0), 3.into())])
        .and_then(|()| consumer.commit_offsets_async([(at(1), 2.into())])?.wait())
        .unwrap();
    let said = consumer.committed([at(0), at(1)]).unwrap();
    let said = said.values().map(|it| it.as_ref().unwrap().offset);
    assert_eq!(said.collect::<Vec<_>>(), [3, 2]);
    consumer.commit_async().unwrap().wait().unwrap();
    assert_eq!([committed(0), committed(1)], [Some(5); 2]);
    assert_eq!(consumer.group_metadata().unwrap().generation, 1);
    assert_eq!(consumer.subscription().len(), 1);
    assert!(consumer.poll(BRIEF).unwrap().is_empty());
    consumer.close(LIMIT).unwrap();
    assert!(cluster.group("g").unwrap().members.is_empty(), "it left");
}

#[test]
fn a_thread_stores_what_it_is_done_with() {
    let (_runtime, cluster, client) = written();
    let consumer = client.consumer_with(|builder| {
        let builder = builder.group("g").assign([(at(0), StartAt::Beginning)]);
        builder.property("enable.auto.offset.store", "false")
    });
    let consumer = consumer.unwrap();
    let records = consumer.poll(LIMIT).unwrap();
    consumer.store(&records.iter().nth(1).unwrap()).unwrap();
    consumer.commit().unwrap();
    assert_eq!(cluster.committed("g")[&at(0)].offset, 2);
    let third = records.iter().nth(2).unwrap();
    consumer.commit_record(&third).unwrap();
    assert_eq!(cluster.committed("g")[&at(0)].offset, 3);
    consumer.store_offset(at(0), 4).unwrap();
    consumer.close(LIMIT).unwrap();
    assert_eq!(cluster.committed("g")[&at(0)].offset, 4);
}

#[test]
fn a_thread_reads_partitions_by_name_and_moves_in_them() {
    let (_runtime, _cluster, client) = written();
    let consumer = client.consumer().unwrap();
    consumer.assign([(at(0), StartAt::Offset(3))]).unwrap();
    assert_eq!(consumer.position(&at(0)).unwrap(), 3);
    assert_eq!(read(&consumer, 2), 2);
    assert_eq!(consumer.lag(&at(0)), Some(0));
    consumer.seek(&at(0), StartAt::Offset(4)).unwrap();
    assert_eq!(consumer.recv(LIMIT).unwrap().unwrap().offset(), 4);
    consumer.pause(&at(0)).unwrap();
    consumer.seek_to_beginning(&[]).unwrap();
    assert!(consumer.recv(BRIEF).unwrap().is_none(), "paused");
    assert_eq!(consumer.paused(), [at(0)]);
    consumer.resume(&at(0)).unwrap();
    let all = consumer.iter(Duration::from_millis(500));
    let offsets: Vec<i64> = all.map(|record| record.unwrap().offset()).collect();
    assert_eq!(offsets, [0, 1, 2, 3, 4], "and then there was no more");
    assert_eq!(consumer.beginning_offsets([at(1)]).unwrap()[&at(1)], 0);
    assert_eq!(consumer.end_offsets([at(1)]).unwrap()[&at(1)], 5);
    let times = consumer.offsets_for_times([(at(1), 0)]).unwrap();
    assert_eq!(times[&at(1)].unwrap().offset, 0);
    assert_eq!(consumer.metrics().records, 8);
    let error = consumer.commit().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "it has no group");
}

#[test]
fn a_thread_asks_what_a_partition_waits_for() {
    let (_runtime, _cluster, client) = written();
    let consumer = client.consumer().unwrap();
    assert_eq!(consumer.config().group_id, None);
    let unknown = consumer.explain(&at(0)).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::InvalidInput);
    consumer.assign([(at(0), StartAt::Beginning)]).unwrap();
    wait_for(|| consumer.cached_end_offset(&at(0)) == Some(5));
    consumer.pause(&at(0)).unwrap();
    let status = consumer.explain(&at(0)).unwrap();
    assert!(matches!(status, PartitionStatus::Paused), "{status}");
    let error = consumer.enforce_rebalance("why not").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "it has no group");
}

#[test]
fn a_thread_has_its_group_assigned_anew() {
    let (_runtime, cluster, client) = written();
    let consumer = member(&client);
    assert_eq!(read(&consumer, 10), 10);
    consumer.enforce_rebalance("a disk is full").unwrap();
    assert!(consumer.poll(BRIEF).unwrap().is_empty());
    wait_for(|| cluster.group("g").unwrap().generation == 2);
    consumer.close(LIMIT).unwrap();
}

#[test]
fn each_partition_is_read_by_a_thread_of_its_own() {
    let (_runtime, cluster, client) = written();
    let consumer = member(&client);
    wait_for(|| consumer.assignment().len() == 2);
    let mut readers = [0, 1].map(|p| consumer.partition_reader(&at(p)).unwrap());
    let taken = consumer.partition_reader(&at(0)).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::InvalidInput, "{taken}");
    std::thread::scope(|scope| {
        for reader in &mut readers {
            scope.spawn(|| {
                for offset in 0..5 {
                    let record = received(reader.recv(LIMIT).unwrap());
                    let place = (record.partition(), record.offset());
                    assert_eq!(place, (reader.partition().partition, offset));
                }
                // Asking for one more says that it is done with those before.
                assert!(matches!(reader.recv(BRIEF).unwrap(), Received::Nothing));
            });
        }
    });
    assert!(consumer.poll(BRIEF).unwrap().is_empty(), "they have it all");
    let [mut ended, _other] = readers;
    consumer.close(LIMIT).unwrap();
    for _ in 0..2 {
        assert!(matches!(ended.recv(LIMIT).unwrap(), Received::End));
    }
    let committed = cluster.committed("g");
    assert!(committed.values().all(|it| it.offset == 5), "{committed:?}");
}

#[test]
fn a_reader_that_is_dropped_gives_its_partition_back() {
    let (runtime, _cluster, client) = written();
    let consumer = client.consumer().unwrap();
    consumer.assign([(at(0), StartAt::Beginning)]).unwrap();
    let mut reader = consumer.partition_reader(&at(0)).unwrap();
    let record = received(reader.recv(LIMIT).unwrap());
    assert_eq!(record.offset(), 0);
    let refused = runtime.block_on(async { reader.recv(LIMIT).unwrap_err() });
    assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{refused}");
    drop(reader);
    assert_eq!(consumer.recv(LIMIT).unwrap().unwrap().offset(), 1);
}

fn received(received: Received) -> DetachedRecord {
    match received {
        Received::Record(record) => record,
        other => panic!("no record but {other:?}"),
    }
}

#[test]
fn an_iterator_goes_on_after_the_error_of_one_partition() {
    let (_runtime, _cluster, client) = written();
    let by_hand = client.consumer_with(|builder| builder.group("g"));
    let by_hand = by_hand.unwrap();
    by_hand.commit_offsets([(at(1), 3.into())]).unwrap();
    by_hand.close(LIMIT).unwrap();
    let consumer = client.consumer_with(|builder| {
        let builder = builder.group("g").subscribe(["t"]);
        builder.property("auto.offset.reset", "none")
    });
    let consumer = consumer.unwrap();
    let mut offsets = [Vec::new(), Vec::new()];
    let mut lost = 0;
    // All seven records, and that nobody knows where to begin in the other partition.
    for next in consumer.iter(LIMIT).take(8) {
        match next {
            Ok(record) => {
                let partition = usize::try_from(record.partition()).unwrap();
                offsets[partition].push(record.offset());
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
                assert_eq!(error.partition(), Some(0), "{error}");
                consumer.seek(&at(0), StartAt::Beginning).unwrap();
                lost += 1;
            }
        }
    }
    assert_eq!((offsets, lost), ([vec![0, 1, 2, 3, 4], vec![3, 4]], 1));
}

#[test]
fn an_iterator_ends_after_an_error_that_will_not_pass() {
    let (_runtime, _cluster, client) = written();
    let one = || {
        let member = client.consumer_with(|builder| {
            let builder = builder.group("g").subscribe(["t"]);
            let builder = builder.property("auto.offset.reset", "earliest");
            let builder = builder.property("heartbeat.interval.ms", "100");
            builder.property("group.instance.id", "one")
        });
        member.unwrap()
    };
    let older = one();
    read(&older, 10);
    let _newer = one();
    let mut records = older.iter(LIMIT);
    let error = records.next().unwrap().unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::FENCED_INSTANCE_ID), "{error}");
    assert!(records.next().is_none(), "no loop without a wait in it");
}

#[test]
fn inside_an_async_context_a_consumer_refuses_to_wait_and_can_be_dropped() {
    let (runtime, cluster, client) = written();
    let (consumer, closing) = (member(&client), member(&client));
    read(&consumer, 5);
    let pending = consumer.commit_async().unwrap();
    runtime.block_on(async {
        let refused = |result: tidewire::Result<()>| {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains("async"), "{error}");
        };
        refused(client.consumer().map(drop));
        refused(consumer.poll(LIMIT).map(drop));
        refused(consumer.recv(LIMIT).map(drop));
        refused(consumer.assign([]));
        refused(consumer.position(&at(0)).map(drop));
        refused(consumer.committed([at(0)]).map(drop));
        refused(consumer.end_offsets([at(0)]).map(drop));
        refused(consumer.commit());
        refused(pending.wait());
        let mut refusals = consumer.iter(LIMIT);
        refused(refusals.next().unwrap().map(drop));
        assert!(refusals.next().is_none(), "no loop without a wait in it");
        refused(closing.close(LIMIT));
        consumer.unsubscribe().unwrap();
        let begun = Instant::now();
        drop(consumer);
        assert!(begun.elapsed() < Duration::from_secs(1));
    });
    wait_for(|| cluster.group("g").unwrap().members.is_empty());
}

#[test]
fn the_last_handle_is_dropped_without_a_wait_and_a_member_leaves_all_the_same() {
    let (_runtime, cluster, client) = written();
    let consumer = member(&client);
    read(&consumer, 10);
    let begun = Instant::now();
    drop((client, consumer));
    assert!(begun.elapsed() < Duration::from_secs(1));
    wait_for(|| cluster.group("g").unwrap().members.is_empty());
    let committed = cluster.committed("g");
    let done: i64 = committed.values().map(|it| it.offset).sum();
    assert!(done < 10, "what the last poll handed out is not done with");
}

/// Waits on its thread in each call, moves, commits, and panics in the end.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Vec<String>>>);

impl Slow {
    fn note(&self, what: &str, partitions: &[TopicPartition]) {
        let line = format!("{what} {}", partitions.len());
        self.0.lock().unwrap().push(line);
    }
}

impl RebalanceListener for Slow {
    fn assigned(&self, consumer: &blocking::Consumer, partitions: &[TopicPartition]) {
        sleep(BRIEF);
        for at in partitions {
            assert_eq!(consumer.committed([at.clone()]).unwrap().len(), 1);
            consumer.seek(at, StartAt::Offset(2)).unwrap();
        }
        let refused = consumer.poll(LIMIT).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert_eq!(consumer.iter(LIMIT).count(), 1);
        self.note("assigned", partitions);
    }

    fn revoked(&self, consumer: &blocking::Consumer, partitions: &[TopicPartition]) {
        sleep(BRIEF);
        let all = partitions.iter().map(|at| (at.clone(), 4.into()));
        consumer.commit_offsets(all).unwrap();
        self.note("revoked", partitions);
        panic!("nobody minds");
    }
}

#[test]
fn a_listener_may_wait_on_its_thread_seek_and_commit() {
    let (_runtime, cluster, client) = written();
    let told = Slow::default();
    let consumer = client.consumer_with(|builder| {
        let builder = builder.group("g").subscribe(["t"]);
        builder.rebalance_listener(blocking::listener(told.clone()))
    });
    let consumer = consumer.unwrap();
    assert_eq!(read(&consumer, 6), 6, "from offset 2 of both");
    consumer.close(LIMIT).unwrap();
    assert_eq!(*told.0.lock().unwrap(), ["assigned 2", "revoked 2"]);
    let committed = cluster.committed("g");
    assert!(committed.values().all(|it| it.offset == 4));
}
