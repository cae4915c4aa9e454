//! Example by example: when a batch leaves, with what stamp, and what its answer means.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::config::Compression;
use crate::error::{Error, ErrorCode, ErrorKind, WriteStatus};
use crate::ids::{BrokerId, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::backoff::BackoffPolicy;
use crate::record::{Batches, ChunkPool, HEADER_LEN, Record, Reserve};

const MS: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_nanos(1);
const LINGER: Duration = Duration::from_millis(5);
const DELIVERY: Duration = Duration::from_secs(10);
const WRITTEN: Answer = Answer::Written(Outcome {
    base_offset: Some(7),
    log_append_ms: None,
});

fn settings() -> AccumulatorSettings {
    AccumulatorSettings {
        batch_size: 1000,
        max_request_size: 4000,
        linger: LINGER,
        delivery_timeout: DELIVERY,
        retries: u32::MAX,
        retry_backoff: BackoffPolicy {
            initial: Duration::from_millis(100),
            max: Duration::from_millis(1000),
        },
        seed: 1,
        compression: Compression::None,
        idempotent: true,
    }
}

fn at(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

fn refused(code: ErrorCode) -> Answer {
    let message = None;
    Answer::Refused { code, message }
}

fn lost(maybe_sent: bool) -> Answer {
    let error = Error::new(ErrorKind::Disconnected, "gone");
    Answer::Lost { error, maybe_sent }
}

/// A batch on the wire: its bytes, and what they are stamped with.
struct Sent {
    id: BatchId,
    partition: TopicPartition,
    bytes: Vec<u8>,
    producer: (i64, i16),
    sequence: i32,
    records: usize,
}

/// An accumulator at a time that the test moves, with producer id 1, epoch 0.
struct Fixture {
    now: Instant,
    all: Accumulator,
    pool: ChunkPool,
}

impl Fixture {
    fn new(settings: AccumulatorSettings) -> Self {
        let pool = ChunkPool::new(1 << 20, 512);
        let mut all = Accumulator::new(settings, pool.clone());
        all.handle_producer_id(ProducerId(1), ProducerEpoch(0));
        let now = Instant::now();
        Self { now, all, pool }
    }

    fn append(&mut self, partition: i32, len: usize) -> super::receipt::Receipt {
        self.try_append(partition, len, Reserve::default())
            .expect("the record is taken")
    }

    fn try_append(
        &mut self,
        partition: i32,
        len: usize,
        reserve: Reserve,
    ) -> Result<super::receipt::Receipt, Refused> {
        let record = Record::to("t").value(vec![b'x'; len]);
        let partition = at(partition);
        self.all
            .append(|| self.now, &partition, 0, &record, reserve)
    }

    fn drain(&mut self) -> Vec<Sent> {
        let (drained, finished) = self.all.drain(self.now, |_| true);
        assert!(finished.is_empty());
        drained.into_iter().map(read).collect()
    }

    /// Appends one record and sends it at once.
    fn send(&mut self, partition: i32) -> Sent {
        self.append(partition, 10);
        self.all.flush();
        let sent = self.drain().pop().expect("a batch is ready");
        assert!(self.leave(&sent));
        sent
    }

    fn leave(&mut self, sent: &Sent) -> bool {
        self.all
            .handle_leaving(&[(sent.partition.clone(), sent.id)])
    }

    fn answer(&mut self, sent: &Sent, answer: Answer) -> Option<Result<Outcome, Error>> {
        let finished = self
            .all
            .handle_answer(self.now, &sent.partition, sent.id, answer)?;
        assert_eq!(finished.id, sent.id);
        Some(finished.outcome)
    }

    /// Waits until the head may be tried again, and sends it.
    fn retry(&mut self) -> Sent {
        self.now = self.all.poll_timeout(self.now).expect("a retry is planned");
        let sent = self.drain().pop().expect("the retry is ready");
        assert!(self.leave(&sent));
        sent
    }

    fn status(&mut self, sent: &Sent, answer: Answer) -> WriteStatus {
        let outcome = self.answer(sent, answer).expect("it is final");
        outcome.unwrap_err().write_status().unwrap()
    }
}

fn read(drained: Drained) -> Sent {
    let bytes = drained.records.into_bytes();
    let batch = Batches::new(bytes.clone()).next().unwrap().unwrap();
    batch.verify_crc().unwrap();
    let header = batch.header();
    Sent {
        id: drained.id,
        partition: drained.partition,
        bytes: bytes.to_vec(),
        producer: (header.producer_id.0, header.producer_epoch.0),
        sequence: header.base_sequence,
        records: usize::try_from(header.record_count).unwrap(),
    }
}

#[test]
fn a_batch_waits_for_its_linger_and_no_longer() {
    let mut it = Fixture::new(settings());
    assert_eq!(it.all.poll_timeout(it.now), None);
    let receipt = it.append(0, 10);
    assert!(receipt.new_batch && !receipt.full);
    assert_eq!(it.all.poll_timeout(it.now), Some(it.now + LINGER));
    it.now += LINGER - TICK;
    assert!(it.drain().is_empty());
    let receipt = it.append(0, 10);
    assert!(!receipt.new_batch && receipt.index == 1);
    it.now += TICK;
    assert_eq!(it.drain()[0].records, 2);
}

#[test]
fn a_batch_that_is_full_or_followed_by_another_does_not_wait() {
    let mut it = Fixture::new(settings());
    assert!(
        it.append(0, 1000).full,
        "one record beyond batch.size is a batch of its own"
    );
    assert_eq!(it.drain().len(), 1);

    let mut it = Fixture::new(settings());
    it.append(0, 600);
    assert!(it.drain().is_empty());
    let receipt = it.append(0, 600);
    assert!(
        receipt.new_batch && receipt.full,
        "the first one is full now"
    );
    assert_eq!(it.drain()[0].records, 1);
    assert!(it.drain().is_empty(), "one batch a partition at a time");
}

#[test]
fn records_share_a_batch_up_to_exactly_its_size() {
    let value = |len: usize| Record::to("t").value(vec![b'x'; len]);
    let size = crate::record::BatchBuilder::encoded_len_of(None, value(400).value_bytes(), &[]);
    for (spare, batches) in [(0, 1), (1, 2)] {
        let mut it = Fixture::new(settings());
        it.append(0, 400);
        // What the first took, and at most so much for the second.
        let first = it.all.queues[&at(0)].waiting[0].size();
        it.all = {
            let batch_size = first + size - spare;
            let changed = AccumulatorSettings {
                batch_size,
                ..settings()
            };
            Accumulator::new(changed, it.pool.clone())
        };
        it.append(0, 400);
        it.append(0, 400);
        assert_eq!(it.all.unfinished(), batches);
    }
}

#[test]
fn a_flush_sends_what_is_there_and_nothing_that_comes_after() {
    let mut it = Fixture::new(settings());
    it.append(0, 10);
    it.all.flush();
    let sent = it.drain().pop().unwrap();
    it.append(0, 10);
    it.append(1, 10);
    it.answer(&sent, WRITTEN);
    assert!(it.drain().is_empty());
    it.now += LINGER;
    assert_eq!(it.drain().len(), 2);
}

#[test]
fn one_batch_a_partition_is_on_the_wire_and_the_sequence_goes_on() {
    let mut it = Fixture::new(settings());
    it.append(0, 600);
    it.append(0, 600);
    let first = it.drain().pop().unwrap();
    it.now += LINGER;
    assert!(it.drain().is_empty());
    assert_eq!(
        it.answer(&first, WRITTEN).unwrap().unwrap().base_offset,
        Some(7)
    );
    let second = it.drain().pop().unwrap();
    assert_eq!((first.producer, first.sequence), ((1, 0), 0));
    assert_eq!((second.producer, second.sequence), ((1, 0), 1));
    assert_eq!(it.send(1).sequence, 0, "each partition has its own");
}

#[test]
fn case_1_case_20_a_lost_answer_is_followed_by_the_same_bytes() {
    let mut it = Fixture::new(settings());
    let first = it.send(0);
    it.append(0, 10);
    assert!(it.answer(&first, lost(true)).is_none());
    let again = it.retry();
    assert_eq!((again.id, &again.bytes), (first.id, &first.bytes));
    assert!(it.answer(&again, WRITTEN).unwrap().is_ok());
    it.now += LINGER;
    assert_eq!(it.drain()[0].sequence, 1, "what came later follows it");
}

#[test]
fn case_1_a_refusal_after_a_lost_answer_is_no_proof_that_nothing_was_written() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.answer(&sent, lost(true));
    let sent = it.retry();
    let status = it.status(&sent, refused(ErrorCode::INVALID_RECORD));
    assert_eq!(status, WriteStatus::MaybeWritten);
    let sent = it.send(0);
    let status = it.status(&sent, refused(ErrorCode::INVALID_RECORD));
    assert_eq!(status, WriteStatus::NotWritten);
}

#[test]
fn case_2_a_duplicate_sequence_is_a_success_without_an_offset() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.answer(&sent, lost(true));
    let sent = it.retry();
    let answer = refused(ErrorCode::DUPLICATE_SEQUENCE_NUMBER);
    let outcome = it.answer(&sent, answer).unwrap().unwrap();
    assert_eq!(outcome.base_offset, None);
    let next = it.send(0);
    assert_eq!((next.producer, next.sequence), ((1, 0), 1));
}

#[test]
fn case_6_a_sent_batch_that_runs_out_of_time_may_be_written_and_begins_a_new_epoch() {
    let mut it = Fixture::new(settings());
    let other = it.send(1);
    let sent = it.send(0);
    it.append(0, 10);
    it.now += DELIVERY - TICK;
    assert!(it.all.expire(it.now, |_| None).is_empty());
    assert!(it.answer(&other, WRITTEN).unwrap().is_ok());
    it.now += TICK;
    let mut finished = it.all.expire(it.now, |_| None);
    finished.retain(|each| each.id == sent.id);
    let error = finished.pop().unwrap().outcome.unwrap_err();
    assert_eq!(error.write_status(), Some(WriteStatus::MaybeWritten));
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        error.message().contains("before the broker answered"),
        "{error}"
    );
    let next = it.send(0);
    assert_eq!((next.producer, next.sequence), ((1, 1), 0));
    let other = it.send(1);
    assert_eq!(
        (other.producer, other.sequence),
        ((1, 1), 0),
        "one id for all"
    );
}

#[test]
fn case_7_a_batch_never_sent_that_runs_out_of_time_is_not_written_and_costs_no_epoch() {
    let mut it = Fixture::new(settings());
    it.append(0, 600);
    it.now += MS;
    it.append(0, 600);
    it.now += DELIVERY - MS;
    let mut finished = it.all.expire(it.now, |_| None);
    assert_eq!(finished.len(), 1, "the second has a millisecond left");
    let error = finished.pop().unwrap().outcome.unwrap_err();
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert!(
        error.message().contains("before the batch could be sent"),
        "{error}"
    );
    let sent = it.drain().pop().unwrap();
    assert_eq!((sent.producer, sent.sequence), ((1, 0), 0));
}

#[test]
fn a_batch_that_runs_out_of_time_between_two_attempts_tells_the_last_failure() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.now += DELIVERY - MS;
    it.answer(&sent, refused(ErrorCode::NOT_ENOUGH_REPLICAS));
    assert_eq!(it.all.poll_timeout(it.now), Some(it.now + MS));
    it.now += MS;
    let error = it
        .all
        .expire(it.now, |_| None)
        .pop()
        .unwrap()
        .outcome
        .unwrap_err();
    assert!(error.message().contains("NOT_ENOUGH_REPLICAS"), "{error}");
    assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
    assert_eq!(
        (error.attempts(), error.elapsed()),
        (Some(1), Some(DELIVERY))
    );
    let next = it.send(0);
    assert_eq!(
        (next.producer, next.sequence),
        ((1, 1), 0),
        "its sequence stays empty"
    );
}

#[test]
fn case_9_an_answer_for_a_batch_that_was_given_up_changes_nothing() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.now += DELIVERY;
    assert_eq!(it.all.expire(it.now, |_| None).len(), 1);
    let next = it.send(0);
    for answer in [WRITTEN, lost(true), refused(ErrorCode::INVALID_RECORD)] {
        assert!(it.answer(&sent, answer).is_none());
    }
    assert_eq!(it.all.unfinished(), 1);
    assert!(it.answer(&next, WRITTEN).unwrap().is_ok());
    assert!(it.answer(&next, WRITTEN).is_none(), "an outcome comes once");
}

#[test]
fn case_10_codes_that_come_after_an_append_are_ambiguous_and_the_others_are_not() {
    let cases = [
        (ErrorCode::REQUEST_TIMED_OUT, WriteStatus::MaybeWritten),
        (
            ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            WriteStatus::MaybeWritten,
        ),
        (ErrorCode::NOT_LEADER_OR_FOLLOWER, WriteStatus::MaybeWritten),
        (ErrorCode::UNKNOWN_SERVER_ERROR, WriteStatus::MaybeWritten),
        (ErrorCode(9999), WriteStatus::MaybeWritten),
        (ErrorCode::NOT_ENOUGH_REPLICAS, WriteStatus::NotWritten),
        (ErrorCode::MESSAGE_TOO_LARGE, WriteStatus::NotWritten),
        (
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
            WriteStatus::NotWritten,
        ),
    ];
    let no_retries = AccumulatorSettings {
        retries: 0,
        ..settings()
    };
    for (code, status) in cases {
        let mut it = Fixture::new(no_retries.clone());
        let sent = it.send(0);
        assert_eq!(it.status(&sent, refused(code)), status, "{code}");
    }
    let mut it = Fixture::new(no_retries);
    let sent = it.send(0);
    assert_eq!(it.status(&sent, lost(false)), WriteStatus::NotWritten);
    let sent = it.send(0);
    assert_eq!(it.status(&sent, lost(true)), WriteStatus::MaybeWritten);
}

#[test]
fn case_11_a_retry_leaves_after_its_backoff_and_retries_are_counted() {
    let mut it = Fixture::new(AccumulatorSettings {
        retries: 2,
        ..settings()
    });
    let mut sent = it.send(0);
    for exact in [100, 200] {
        assert!(
            it.answer(&sent, refused(ErrorCode::NOT_ENOUGH_REPLICAS))
                .is_none()
        );
        let due = it.all.poll_timeout(it.now).unwrap();
        let wait = due - it.now;
        assert!(
            wait >= MS * exact * 8 / 10 && wait <= MS * exact * 12 / 10,
            "{wait:?}"
        );
        it.now = due - TICK;
        assert!(it.drain().is_empty());
        it.now = due;
        sent = it.drain().pop().unwrap();
    }
    let outcome = it.answer(&sent, refused(ErrorCode::NOT_ENOUGH_REPLICAS));
    assert_eq!(outcome.unwrap().unwrap_err().attempts(), Some(3));
}

#[test]
fn case_18_the_sequence_wraps_to_zero() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.answer(&sent, WRITTEN);
    let queue = it.all.queues.get_mut(&at(0)).unwrap();
    queue.next_sequence = i32::MAX - 1;
    let mut sequences = Vec::new();
    for _ in 0..2 {
        it.append(0, 10);
        it.append(0, 10);
        let sent = it.send(0);
        sequences.push(sent.sequence);
        it.answer(&sent, WRITTEN);
    }
    // Three records from 2^31 - 2 on: the third has sequence 0.
    assert_eq!(sequences, [i32::MAX - 1, 1]);
}

#[test]
fn case_19_after_the_last_epoch_a_new_id_is_asked_for_and_nothing_leaves_before() {
    let mut it = Fixture::new(settings());
    it.all
        .handle_producer_id(ProducerId(1), ProducerEpoch(i16::MAX));
    let sent = it.send(0);
    assert_eq!(sent.producer, (1, i16::MAX));
    it.append(0, 10);
    it.status(&sent, refused(ErrorCode::INVALID_RECORD));
    assert!(it.all.needs_producer_id());
    it.now += LINGER;
    assert!(it.drain().is_empty());
    it.all.handle_producer_id(ProducerId(2), ProducerEpoch(0));
    assert!(!it.all.needs_producer_id());
    let sent = it.drain().pop().unwrap();
    assert_eq!((sent.producer, sent.sequence), ((2, 0), 0));
}

#[test]
fn one_event_that_fails_many_partitions_costs_one_epoch() {
    let mut it = Fixture::new(settings());
    let sent: Vec<Sent> = (0..5).map(|partition| it.send(partition)).collect();
    for each in &sent {
        it.status(each, refused(ErrorCode::INVALID_RECORD));
    }
    assert_eq!(it.send(0).producer, (1, 1));
    it.now += DELIVERY;
    it.all.expire(it.now, |_| None);
    assert_eq!(it.send(4).producer, (1, 2));
}

#[test]
fn a_retry_keeps_its_old_epoch_when_another_partition_moves_on() {
    let mut it = Fixture::new(settings());
    let healthy = it.send(0);
    let failing = it.send(1);
    it.answer(&healthy, lost(true));
    it.status(&failing, refused(ErrorCode::INVALID_RECORD));
    let again = it.retry();
    assert_eq!(again.bytes, healthy.bytes);
    it.answer(&again, WRITTEN);
    let next = it.send(0);
    assert_eq!((next.producer, next.sequence), ((1, 1), 0));
}

#[test]
fn without_idempotence_nothing_is_stamped_and_no_id_is_asked_for() {
    let pool = ChunkPool::new(1 << 20, 512);
    let idempotent = false;
    let plain = AccumulatorSettings {
        idempotent,
        ..settings()
    };
    let all = Accumulator::new(plain, pool.clone());
    let now = Instant::now();
    let mut it = Fixture { now, all, pool };
    let sent = it.send(0);
    assert!(!it.all.needs_producer_id());
    assert_eq!((sent.producer, sent.sequence), ((-1, -1), -1));
    it.status(&sent, refused(ErrorCode::INVALID_RECORD));
    assert_eq!(it.send(0).producer, (-1, -1));
}

#[test]
fn an_idempotent_producer_waits_for_its_id_and_asks_only_when_there_is_work() {
    let pool = ChunkPool::new(1 << 20, 512);
    let all = Accumulator::new(settings(), pool.clone());
    let now = Instant::now();
    let mut it = Fixture { now, all, pool };
    assert!(!it.all.needs_producer_id());
    it.append(0, 10);
    assert!(it.all.needs_producer_id());
    it.now += LINGER;
    assert!(it.drain().is_empty());
    let expires = it.now - LINGER + DELIVERY;
    assert_eq!(it.all.poll_timeout(it.now), Some(expires));
}

#[test]
fn a_request_takes_the_oldest_batches_that_fit_and_never_none() {
    let max_request_size = 2000;
    let small = AccumulatorSettings {
        max_request_size,
        ..settings()
    };
    let mut it = Fixture::new(small);
    for partition in [3, 1, 2, 0] {
        it.append(partition, 900);
    }
    it.all.flush();
    let partitions =
        |sent: &[Sent]| -> Vec<i32> { sent.iter().map(|each| each.partition.partition).collect() };
    let first = it.drain();
    assert_eq!(partitions(&first), [3, 1]);
    it.append(3, 900);
    it.append(1, 900);
    it.all.flush();
    for each in &first {
        it.answer(each, WRITTEN);
    }
    assert_eq!(partitions(&it.drain()), [2, 0], "nobody is overtaken twice");
}

#[test]
fn a_record_is_too_large_when_its_batch_would_be() {
    let value = vec![b'x'; 500];
    let size = crate::record::BatchBuilder::encoded_len_of(None, Some(&value), &[]);
    for (max_request_size, fits) in [(HEADER_LEN + size, true), (HEADER_LEN + size - 1, false)] {
        let small = AccumulatorSettings {
            max_request_size,
            ..settings()
        };
        let mut it = Fixture::new(small);
        match it.try_append(0, 500, Reserve::default()) {
            Ok(_) => {
                assert!(fits);
                it.all.flush();
                assert!(it.drain()[0].bytes.len() <= max_request_size);
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
    let all = Accumulator::new(settings(), pool.clone());
    let now = Instant::now();
    let mut it = Fixture { now, all, pool };
    let reserve = it.pool.try_reserve(1).unwrap();
    let held = it.pool.try_reserve(3).unwrap();
    let refused = it.try_append(0, 600, reserve).unwrap_err();
    let Refused::NoMemory { chunks } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(chunks, 2, "the chunk it came with went back to the pool");
    drop(held);
    let reserve = it.pool.try_reserve(chunks).unwrap();
    it.try_append(0, 600, reserve).unwrap();
    it.all
        .abort(it.now, &Error::new(ErrorKind::Closed, "closed"));
    assert_eq!(it.pool.used(), 0);
}

#[test]
fn an_abort_ends_everything_and_says_what_may_be_written() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    it.append(0, 10);
    it.append(1, 10);
    let closed = Error::new(ErrorKind::Closed, "closed");
    let finished = it.all.abort(it.now, &closed);
    assert_eq!(finished.len(), 3);
    for each in finished {
        let error = each.outcome.unwrap_err();
        let maybe = error.write_status() == Some(WriteStatus::MaybeWritten);
        assert_eq!(maybe, each.id == sent.id);
        assert_eq!(error.topic(), Some("t"));
    }
    assert!(it.all.is_empty() && it.all.poll_timeout(it.now).is_none());
    let next = it.send(0);
    assert_eq!((next.producer, next.sequence), ((1, 1), 0));
}

#[test]
fn brokers_are_ready_by_their_partitions_and_partitions_without_one_are_named() {
    let mut it = Fixture::new(settings());
    for partition in 0..3 {
        it.append(partition, 10);
    }
    let leader = |at: &TopicPartition| (at.partition < 2).then_some(BrokerId(at.partition));
    assert!(it.all.ready_brokers(it.now, leader).is_empty());
    assert!(it.all.ready_without(it.now, leader).is_empty());
    it.now += LINGER;
    let ready: Vec<BrokerId> = it.all.ready_brokers(it.now, leader).into_iter().collect();
    assert_eq!(ready, [BrokerId(0), BrokerId(1)]);
    assert_eq!(it.all.ready_without(it.now, leader), [at(2)]);
    let (drained, _) = it.all.drain(it.now, |at| at.partition == 1);
    assert_eq!(drained.len(), 1);
    assert_eq!(Arc::clone(&drained[0].partition.topic), Arc::from("t"));
}

#[test]
fn a_batch_that_no_connection_took_is_not_written_and_never_leaves() {
    let mut it = Fixture::new(settings());
    it.append(0, 10);
    it.append(1, 10);
    it.all.flush();
    let drained = it.drain();
    it.now += DELIVERY;
    let why = |_: &TopicPartition| Some(Error::new(ErrorKind::Connect, "nobody there"));
    let finished = it.all.expire(it.now, why);
    assert_eq!(finished.len(), 2);
    for each in finished {
        let error = each.outcome.unwrap_err();
        assert_eq!(error.write_status(), Some(WriteStatus::NotWritten));
        assert_eq!(error.attempts(), Some(0));
        assert!(error.to_string().contains("nobody there"), "{error}");
    }
    for sent in drained {
        assert!(!it.leave(&sent), "it was called not written");
    }
}

#[test]
fn a_request_with_a_batch_that_was_given_up_does_not_leave() {
    let mut it = Fixture::new(settings());
    it.append(0, 10);
    it.now += TICK;
    it.append(1, 10);
    it.all.flush();
    let drained = it.drain();
    it.now += DELIVERY - TICK;
    assert_eq!(it.all.expire(it.now, |_| None).len(), 1);
    let all: Vec<_> = drained
        .iter()
        .map(|sent| (sent.partition.clone(), sent.id))
        .collect();
    assert!(!it.all.handle_leaving(&all));
    it.now += TICK;
    let error = it.all.expire(it.now, |_| None).pop().unwrap().outcome;
    let status = error.unwrap_err().write_status();
    assert_eq!(status, Some(WriteStatus::NotWritten), "none of it had left");
}

#[test]
fn case_14_a_batch_whose_stamp_is_refused_is_sent_under_a_new_epoch() {
    for code in [
        ErrorCode::UNKNOWN_PRODUCER_ID,
        ErrorCode::INVALID_PRODUCER_EPOCH,
    ] {
        let mut it = Fixture::new(settings());
        let first = it.send(0);
        it.answer(&first, WRITTEN).unwrap().unwrap();
        let sent = it.send(0);
        assert_eq!((sent.producer, sent.sequence), ((1, 0), 1));
        let message = None;
        assert!(
            it.answer(&sent, Answer::Refused { code, message })
                .is_none()
        );
        let again = it.retry();
        assert_eq!((again.producer, again.sequence), ((1, 1), 0));
        assert!(it.answer(&again, WRITTEN).unwrap().is_ok());
    }
}

#[test]
fn a_batch_that_may_be_written_keeps_its_stamp_whatever_the_broker_says() {
    let mut it = Fixture::new(settings());
    let sent = it.send(0);
    let error = Error::new(ErrorKind::Disconnected, "cut");
    let lost = Answer::Lost {
        error,
        maybe_sent: true,
    };
    assert!(it.answer(&sent, lost).is_none());
    let again = it.retry();
    assert_eq!(
        (again.producer, again.sequence),
        (sent.producer, sent.sequence)
    );
    let refused = Answer::Refused {
        code: ErrorCode::UNKNOWN_PRODUCER_ID,
        message: None,
    };
    assert_eq!(it.status(&again, refused), WriteStatus::MaybeWritten);
}
