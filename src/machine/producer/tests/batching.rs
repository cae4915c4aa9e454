//! How batches fill, and when they are ready.

use super::*;
use crate::record::{BatchBuilder, HEADER_LEN, Timestamp};

/// As a producer whose `batch.size` is not set.
fn adaptive() -> SenderSettings {
    SenderSettings {
        limits: BatchLimits::new(None, 4_000_000),
        max_request_size: 4_000_000,
        ..settings()
    }
}

fn compressed() -> SenderSettings {
    SenderSettings {
        compression: Compression::Lz4,
        ..settings()
    }
}

/// Fills a partition's batch while nothing of it may leave, and says how many records fitted.
fn grow(it: &mut Fixture) -> usize {
    it.append(0, 1000);
    let mut records = 1;
    while it.append(0, 1000).index > 0 {
        records += 1;
    }
    records
}

#[test]
fn a_batch_waits_for_its_linger_and_no_longer() {
    let mut it = Fixture::new(settings());
    assert!(it.append(0, 10).tell, "the sender hears of the batch");
    it.pass(LINGER - TICK);
    assert!(it.drain().is_empty());
    let second = it.append(0, 10);
    assert!(!second.tell && second.index == 1, "and not of each record");
    it.pass(TICK);
    assert_eq!(it.drain()[0].records, 2);
}

#[test]
fn a_batch_that_is_ready_or_followed_by_another_does_not_wait() {
    let mut it = Fixture::new(settings());
    it.append(0, 1000);
    assert_eq!(it.drain().len(), 1, "beyond batch.size, a batch of its own");

    let mut it = Fixture::new(settings());
    it.append(0, 600);
    assert!(it.drain().is_empty());
    assert_eq!(it.append(0, 600).index, 0);
    assert_eq!(it.drain()[0].records, 1);
    assert!(it.drain().is_empty(), "the second one lingers");
}

#[test]
fn the_sender_is_told_of_a_batch_and_once_more_when_it_is_worth_sending() {
    let mut it = Fixture::new(adaptive());
    let told: Vec<bool> = (0..40).map(|_| it.append(0, 1000).tell).collect();
    let times = told.iter().filter(|told| **told).count();
    assert!(told[0] && times == 2, "{told:?}");
    assert_eq!(it.drain()[0].records, 40);
}

#[test]
fn the_sender_is_not_told_again_before_it_has_looked() {
    let it = Fixture::new(settings());
    let record = Record::to("t").value(vec![b'x'; 600]);
    let mut told = Vec::new();
    for tag in 0..4 {
        let appended = it.source.0[0].borrow_mut().append(
            &it.settings.pool,
            it.settings.limits,
            (&StoppedClock, &record),
            None,
            || (it.now, tag),
        );
        told.push(appended.unwrap().tell);
    }
    assert_eq!(told, [true, false, false, false]);
}

#[test]
fn records_share_a_batch_up_to_exactly_its_size() {
    let size = BatchBuilder::encoded_len_of(None, Some(&[b'x'; 400]), &[]);
    let first = {
        let mut it = Fixture::new(settings());
        HEADER_LEN + it.append(0, 400).size
    };
    // What the first took, and at most so much for the second.
    for (spare, index) in [(0, 1), (1, 0)] {
        let mut it = Fixture::new(SenderSettings {
            limits: BatchLimits::new(Some(first + size - spare), 4000),
            ..settings()
        });
        it.append(0, 400);
        assert_eq!(it.append(0, 400).index, index);
    }
}

#[test]
fn a_batch_grows_far_beyond_16_kb_while_no_slot_is_free() {
    let mut it = Fixture::new(adaptive());
    it.fly(0, 5);
    assert!(it.settings.limits.ready < 20_000);
    let records = grow(&mut it);
    assert!((950..1000).contains(&records), "{records}");
    assert!(it.drain().is_empty());
}

#[test]
fn an_idle_line_is_sent_16_kb_at_once() {
    let mut it = Fixture::new(adaptive());
    let mut records = 0;
    let sent = loop {
        it.append(0, 1000);
        records += 1;
        if let Some(sent) = it.drain().pop() {
            break sent;
        }
    };
    assert_eq!((sent.records, records), (17, 17));
}

#[test]
fn batch_size_is_a_cap_for_a_batch_that_waits_too() {
    let mut it = Fixture::new(SenderSettings {
        limits: BatchLimits::new(Some(10_000), 4_000_000),
        ..adaptive()
    });
    it.fly(0, 5);
    assert_eq!(grow(&mut it), 9);
}

#[test]
fn no_batch_grows_beyond_what_a_request_may_have() {
    let mut it = Fixture::new(SenderSettings {
        limits: BatchLimits::new(None, 50_000),
        ..adaptive()
    });
    it.fly(0, 5);
    assert_eq!(grow(&mut it), 49);
}

#[test]
fn a_cap_that_a_broker_taught_makes_batches_ready_and_full_earlier() {
    let mut it = Fixture::new(settings());
    it.source.0[0].borrow_mut().lower_cap(400);
    it.source.0[0].borrow_mut().lower_cap(4000);
    assert_eq!(it.append(0, 150).index, 0);
    assert_eq!(it.append(0, 150).index, 1);
    assert_eq!(it.append(0, 150).index, 0, "a cap is never raised");
    assert_eq!(it.append(1, 150).index, 0);
    assert_eq!(it.append(1, 150).index, 1);
    assert_eq!(it.append(1, 150).index, 2, "others have their own");
}

#[test]
fn a_flush_sends_what_is_there_and_nothing_that_comes_after() {
    let mut it = Fixture::new(settings());
    it.append(0, 10);
    it.flush();
    let sent = it.drain().pop().unwrap();
    it.append(0, 10);
    it.append(1, 10);
    assert!(it.ends(&sent, WRITTEN).is_ok());
    assert!(it.drain().is_empty());
    it.pass(LINGER);
    assert_eq!(it.drain().len(), 2);
}

/// Counts how often a partition's lock would be taken.
struct Counted<'a>(&'a Places, std::cell::Cell<u32>);

impl Source<u64> for Counted<'_> {
    fn place(&self, lane: LaneId) -> Option<TopicPartition> {
        self.0.place(lane)
    }

    fn batches<R>(
        &self,
        lane: LaneId,
        look: impl FnOnce(&mut PartitionBatches<u64>) -> R,
    ) -> Option<R> {
        self.1.set(self.1.get() + 1);
        self.0.batches(lane, look)
    }
}

#[test]
fn a_flush_costs_nothing_for_partitions_that_were_flushed_before() {
    let mut it = Fixture::new(settings());
    let flush = |it: &mut Fixture| {
        let counted = Counted(&it.source, std::cell::Cell::new(0));
        it.sender.flush(it.now, &counted);
        counted.1.get()
    };
    for partition in 0..3 {
        it.append(partition, 10);
    }
    assert_eq!(flush(&mut it), 6, "each is hurried, and looked at");
    assert_eq!(flush(&mut it), 0);
    it.append(3, 10);
    it.append(0, 990);
    assert_eq!(flush(&mut it), 4, "one is new, one has a new batch");
    assert_eq!(it.drain().len(), 4);
}

#[test]
fn a_flush_counts_for_batches_that_cannot_leave_yet() {
    let mut it = Fixture::new(settings());
    let first = it.send(0);
    it.append(0, 10);
    it.flush();
    assert!(it.drain().is_empty());
    assert!(it.ends(&first, WRITTEN).is_ok());
    assert_eq!(it.drain().len(), 1, "it does not linger");
}

#[test]
fn a_batch_is_compressed_when_it_is_ready_and_leaves_when_that_is_done() {
    let mut it = Fixture::new(compressed());
    it.append(0, 10);
    assert!(!it.seal(), "it still takes records");
    it.pass(LINGER);
    assert!(it.drain().is_empty(), "not as it is");
    let job = it.sender.poll_seal(it.now, &it.source).unwrap();
    assert!(it.drain().is_empty());
    assert_eq!(it.append(0, 10).index, 0, "what comes now is another batch");
    it.finish_sealing(job);
    assert_eq!(it.drain()[0].records, 1);
}

#[test]
fn one_batch_is_compressed_ahead_of_its_turn_and_no_second_one() {
    let mut it = Fixture::new(compressed());
    it.append(0, 600);
    it.append(0, 600);
    it.append(0, 600);
    assert!(it.seal());
    assert!(!it.seal(), "the next one goes on growing");
    let first = it.drain().pop().unwrap();
    assert!(it.seal(), "while the first is on the wire");
    assert!(!it.seal());
    assert!(it.drain().is_empty(), "nothing is confirmed yet");
    assert!(it.ends(&first, WRITTEN).is_ok());
    assert_eq!(it.drain()[0].sequence, 1);
}

#[test]
fn partitions_are_compressed_side_by_side() {
    let mut it = Fixture::new(compressed());
    it.append(0, 10);
    it.append(1, 10);
    it.flush();
    let one = it.sender.poll_seal(it.now, &it.source).unwrap();
    let other = it.sender.poll_seal(it.now, &it.source).unwrap();
    assert_ne!(one.lane, other.lane);
    it.finish_sealing(other);
    assert_eq!(lanes(&it.drain()), [1]);
    it.finish_sealing(one);
    assert_eq!(lanes(&it.drain()), [0]);
}

#[test]
fn a_batch_that_cannot_be_compressed_fails_alone_and_costs_no_sequence() {
    let mut it = Fixture::new(compressed());
    it.append(0, 600);
    it.append(0, 600);
    let job = it.sender.poll_seal(it.now, &it.source).unwrap();
    let broken = Err(Error::new(ErrorKind::Bug, "no memory"));
    it.sender.handle_sealed(it.now, (job.lane, job.id), broken);
    let finished = it.sender.take_finished();
    assert_eq!(statuses(&finished), [Some(WriteStatus::NotWritten)]);
    it.append(0, 600);
    it.flush();
    assert!(it.seal());
    assert_eq!(it.drain()[0].stamp(), (1, 0, 0));
}

#[test]
fn a_topic_may_have_a_compression_of_its_own() {
    let mut topics = BTreeMap::new();
    topics.insert("t".into(), Compression::None);
    let mut it = Fixture::new(SenderSettings {
        topic_compression: topics,
        ..compressed()
    });
    it.send(0);
}

#[test]
fn a_record_is_too_large_when_its_batch_would_be() {
    let size = BatchBuilder::encoded_len_of(None, Some(&[b'x'; 500]), &[]);
    for (max, fits) in [(HEADER_LEN + size, true), (HEADER_LEN + size - 1, false)] {
        let mut it = Fixture::new(SenderSettings {
            limits: BatchLimits::new(None, max),
            max_request_size: max,
            ..settings()
        });
        match it.try_append(0, 500, None) {
            Ok(_) => {
                assert!(fits);
                it.flush();
                assert!(it.drain()[0].bytes.len() <= max);
            }
            Err(Refused::Invalid(error)) => {
                assert!(!fits && error.message().contains("max.request.size"));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_record_that_found_too_little_memory_is_told_all_that_it_needs() {
    let pool = ChunkPool::new(4 * 512, 512);
    let mut it = Fixture::new(SenderSettings {
        pool: pool.clone(),
        ..settings()
    });
    let reserve = pool.try_reserve(1).unwrap();
    let held = pool.try_reserve(3).unwrap();
    let refused = it.try_append(0, 600, Some(reserve)).unwrap_err();
    let Refused::NoMemory { chunks } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(chunks, 2, "the chunk it came with went back to the pool");
    drop(held);
    let reserve = pool.try_reserve(chunks).unwrap();
    it.try_append(0, 600, Some(reserve)).unwrap();
    let closed = Error::new(ErrorKind::Closed, "closed");
    it.sender.abort(it.now, 1, &it.source, &closed);
    assert_eq!(pool.used(), 0);
    let late = it.try_append(0, 600, None).unwrap_err();
    assert!(matches!(late, Refused::Closed), "{late:?}");
}

/// What a kernel's timer says lags behind.
struct Lagging;

impl Clock for Lagging {
    fn exact_ms(&self) -> i64 {
        1_003
    }

    fn coarse_ms(&self) -> i64 {
        1_000
    }
}

#[test]
fn a_batchs_first_record_has_the_exact_time_and_no_other_one_an_earlier_time() {
    let pool = ChunkPool::new(1 << 20, 1024);
    let limits = BatchLimits::new(Some(1_000), 1 << 20);
    let mut batches = PartitionBatches::default();
    let mut times = Vec::new();
    for time in [None, None, Some(7), None] {
        let record = Record::to("t").value(vec![b'x'; 5]);
        let record = match time {
            Some(time) => record.timestamp(Timestamp(time)),
            None => record,
        };

        let new = || (Instant::now(), 1_u64);
        let appended = batches.append(&pool, limits, (&Lagging, &record), None, new);
        let appended = appended.unwrap();
        times.push((appended.index, appended.timestamp_ms));
    }
    assert_eq!(times, [(0, 1_003), (1, 1_003), (2, 7), (3, 1_003)]);
}
