//! Random sends, failures and late deliveries against a broker that checks sequences as Kafka does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::*;
use crate::config::Compression;
use crate::error::{Error, ErrorCode, ErrorKind, WriteStatus};
use crate::ids::{ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::backoff::BackoffPolicy;
use crate::machine::rng::Rng;
use crate::record::{Batch, Batches, ChunkPool, DecodeLimits, Record, Reserve};

const SEEDS: u64 = 1500;
const STEPS: usize = 150;
const PARTITIONS: usize = 3;
/// How many batches a broker remembers of a producer.
const WINDOW: usize = 5;

/// One partition's log and what its leader knows of the producer.
#[derive(Default)]
struct Log {
    records: Vec<u64>,
    producer: Option<(i64, i16)>,
    /// The last batches: first and last sequence, and the offset of the first record.
    window: VecDeque<(i32, i32, i64)>,
}

impl Log {
    fn append(&mut self, batch: &Batch) -> Result<i64, ErrorCode> {
        batch.verify_crc().unwrap();
        let header = batch.header();
        let producer = (header.producer_id.0, header.producer_epoch.0);
        let (first, count) = (header.base_sequence, header.record_count);
        if producer.0 >= 0 {
            self.check(producer, first, count)?;
        }
        let offset = i64::try_from(self.records.len()).unwrap();
        let known = self.window.iter().find(|known| known.0 == first);
        if let Some((_, _, offset)) = known.filter(|_| producer.0 >= 0) {
            return Ok(*offset);
        }
        self.window.push_back((first, first + count - 1, offset));
        if self.window.len() > WINDOW {
            self.window.pop_front();
        }
        self.records.extend(values(batch));
        Ok(offset)
    }

    fn check(&mut self, producer: (i64, i16), first: i32, count: i32) -> Result<(), ErrorCode> {
        let same_id = self.producer.is_none_or(|known| known.0 == producer.0);
        if self.producer == Some(producer) {
            let last = self.window.back().map_or(-1, |known| known.1);
            let again = |known: &(i32, i32, i64)| known.0 == first && known.1 == first + count - 1;
            if first == last + 1 || self.window.iter().any(again) {
                return Ok(());
            }
            assert!(first <= last, "a gap: {first} after {last}");
            return Err(ErrorCode::DUPLICATE_SEQUENCE_NUMBER);
        }
        if self.producer.is_some_and(|known| known > producer) && same_id {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if self.producer.is_some_and(|known| known.0 > producer.0) {
            // The model gives ids in rising order: this one was given up long ago.
            return Err(ErrorCode::UNKNOWN_PRODUCER_ID);
        }
        assert_eq!(first, 0, "a new epoch starts at 0");
        self.producer = Some(producer);
        self.window.clear();
        Ok(())
    }
}

fn values(batch: &Batch) -> Vec<u64> {
    let decoded = batch.decode(DecodeLimits::default()).unwrap();
    let value = |record: Result<crate::record::RecordView<'_>, _>| {
        let record = record.unwrap();
        let bytes = record.value().unwrap().get(..8).unwrap();
        u64::from_be_bytes(bytes.try_into().unwrap())
    };
    decoded.records().map(value).collect()
}

/// A request on its way: to the broker, or only its answer back.
#[derive(Clone)]
struct Request {
    partition: usize,
    id: BatchId,
    batch: Batch,
    /// Whether a connection has taken it.
    left: bool,
}

struct World {
    rng: Rng,
    now: Instant,
    all: Accumulator,
    idempotent: bool,
    pool: ChunkPool,
    logs: Vec<Log>,
    next_record: u64,
    next_producer: i64,
    /// What was appended, in order, by partition.
    appended: Vec<Vec<u64>>,
    batches: BTreeMap<BatchId, (usize, Vec<u64>)>,
    /// The bytes each batch was first sent with.
    bytes: BTreeMap<BatchId, Vec<u8>>,
    waiting: Vec<Request>,
    /// Requests whose connection was lost, and which may reach the broker all the same.
    stray: Vec<Request>,
    outcomes: BTreeMap<BatchId, Result<Option<i64>, WriteStatus>>,
}

fn at(partition: usize) -> TopicPartition {
    TopicPartition::new("t", i32::try_from(partition).unwrap())
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let idempotent = rng.below(4) > 0;
        let chunks = if rng.below(3) == 0 { 12 } else { 1000 };
        let pool = ChunkPool::new(chunks * 128, 128);
        let settings = AccumulatorSettings {
            batch_size: 200,
            max_request_size: 500,
            linger: Duration::from_millis(5 * rng.below(2)),
            delivery_timeout: Duration::from_secs(2),
            retries: if rng.below(3) == 0 { 2 } else { u32::MAX },
            retry_backoff: BackoffPolicy {
                initial: Duration::from_millis(100),
                max: Duration::from_millis(1000),
            },
            seed,
            compression: Compression::None,
            idempotent,
        };
        Self {
            rng,
            now: Instant::now(),
            all: Accumulator::new(settings, pool.clone()),
            idempotent,
            pool,
            logs: (0..PARTITIONS).map(|_| Log::default()).collect(),
            next_record: 0,
            next_producer: 1,
            appended: vec![Vec::new(); PARTITIONS],
            batches: BTreeMap::new(),
            bytes: BTreeMap::new(),
            waiting: Vec::new(),
            stray: Vec::new(),
            outcomes: BTreeMap::new(),
        }
    }

    fn pick(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(u64::try_from(bound).unwrap())).unwrap()
    }

    fn append(&mut self) {
        let (partition, len) = (self.pick(PARTITIONS), self.pick(120));
        let mut value = self.next_record.to_be_bytes().to_vec();
        value.resize(8 + len, 0);
        let record = Record::to("t").value(value);
        let (now, reserve) = (self.now, Reserve::default());
        match self.all.append(|| now, &at(partition), 0, &record, reserve) {
            Ok(receipt) => {
                let batch = self.batches.entry(receipt.batch).or_default();
                assert_eq!(usize::try_from(receipt.index).unwrap(), batch.1.len());
                assert_eq!(receipt.new_batch, batch.1.is_empty());
                batch.0 = partition;
                batch.1.push(self.next_record);
                self.appended[partition].push(self.next_record);
                self.next_record += 1;
            }
            Err(Refused::NoMemory { .. }) => self.all.flush(),
            Err(Refused::Invalid(error)) => panic!("{error}"),
        }
    }

    fn drain(&mut self) {
        let broker = self.pick(3);
        let belongs =
            |at: &TopicPartition| broker == 0 || usize::try_from(at.partition) == Ok(broker);
        let (drained, finished) = self.all.drain(self.now, belongs);
        self.finish(finished);
        for each in drained {
            let partition = usize::try_from(each.partition.partition).unwrap();
            let bytes = each.records.into_bytes();
            let before = self.bytes.insert(each.id, bytes.to_vec());
            if before.is_some_and(|before| before != bytes) {
                // A new stamp is allowed only to what cannot be in the log, now or later.
                let record = self.batches[&each.id].1[0];
                assert!(!self.logs[partition].records.contains(&record));
                assert!(self.stray.iter().all(|other| other.id != each.id));
            }
            let batch = Batches::new(bytes.to_vec().into()).next().unwrap().unwrap();
            assert_eq!(values(&batch), self.batches[&each.id].1);
            let twice = self.waiting.iter().any(|other| other.id == each.id);
            assert!(!twice, "one attempt at a time");
            let mut request = Request {
                partition,
                id: each.id,
                batch,
                left: false,
            };
            request.left = self.rng.below(4) > 0 && self.leave(&request);
            self.waiting.push(request);
        }
    }

    fn leave(&mut self, request: &Request) -> bool {
        let batch = (at(request.partition), request.id);
        self.all.handle_leaving(&[batch])
    }

    fn finish(&mut self, finished: impl IntoIterator<Item = Finished>) {
        for each in finished {
            let outcome = match each.outcome {
                Ok(outcome) => Ok(outcome.base_offset),
                Err(error) => Err(error.write_status().expect("each error says it")),
            };
            let before = self.outcomes.insert(each.id, outcome);
            assert!(before.is_none(), "{:?} finished twice", each.id);
        }
    }

    fn serve(&mut self, request: &Request) -> Answer {
        match self.logs[request.partition].append(&request.batch) {
            Ok(offset) => Answer::Written(Outcome {
                base_offset: Some(offset),
                log_append_ms: None,
            }),
            Err(code) => refused(code),
        }
    }

    /// One of the requests on their way ends, well or not.
    fn answer(&mut self, faults: bool) {
        if self.waiting.is_empty() {
            return;
        }
        let pick = self.pick(self.waiting.len());
        let request = self.waiting.remove(pick);
        let fault = if faults { self.rng.below(12) } else { 11 };
        let answer = match fault {
            0 if !request.left => lost(false),
            _ if !request.left && !self.leave(&request) => lost(false),
            1 => lost(true),
            2 => {
                self.stray.push(request.clone());
                lost(true)
            }
            3 => {
                self.serve(&request);
                lost(true)
            }
            4 => refused(ErrorCode::NOT_ENOUGH_REPLICAS),
            5 => {
                let code = ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND;
                match self.serve(&request) {
                    Answer::Written(_) => refused(code),
                    other => other,
                }
            }
            6 if self.rng.below(3) == 0 => refused(ErrorCode::INVALID_RECORD),
            7 if self.rng.below(3) == 0 => match self.serve(&request) {
                Answer::Written(_) => refused(ErrorCode(9999)),
                other => other,
            },
            8 => refused(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            _ => self.serve(&request),
        };
        let partition = at(request.partition);
        let finished = self
            .all
            .handle_answer(self.now, &partition, request.id, answer);
        self.finish(finished);
    }

    fn deliver_stray(&mut self) {
        if !self.stray.is_empty() {
            let pick = self.pick(self.stray.len());
            let request = self.stray.remove(pick);
            self.serve(&request);
        }
    }

    fn expire(&mut self) {
        let finished = self.all.expire(self.now, |_| None);
        self.finish(finished);
        let due = self.all.poll_timeout(self.now);
        assert!(due.is_none_or(|due| due > self.now), "it would spin");
        assert!(
            due.is_some() || self.all.is_empty(),
            "it would sleep for ever"
        );
    }

    fn give_id(&mut self) {
        if self.all.needs_producer_id() {
            // Some ids come with few epochs left.
            let epoch = if self.rng.below(2) == 0 {
                0
            } else {
                i16::MAX - 1
            };
            let id = ProducerId(self.next_producer);
            self.next_producer += 1;
            self.all.handle_producer_id(id, ProducerEpoch(epoch));
        }
    }

    fn step(&mut self) {
        match self.rng.below(200) {
            0..70 => self.append(),
            70..110 => self.drain(),
            110..145 => self.answer(true),
            145..155 => self.deliver_stray(),
            155..160 => self.all.flush(),
            160..170 => self.give_id(),
            170..175 => self.now += Duration::from_millis(self.rng.below(1500)),
            175..190 => self.now += Duration::from_millis(self.rng.below(150)),
            190 => {
                let error = Error::new(ErrorKind::Closed, "given up");
                let finished = self.all.abort(self.now, &error);
                self.finish(finished);
            }
            _ => self.expire(),
        }
        let open = self.batches.len() - self.outcomes.len();
        assert_eq!(self.all.unfinished(), open);
    }

    /// Without faults everything that is left ends, and the log is what was promised.
    fn settle(&mut self) {
        self.all.flush();
        for _ in 0..500 {
            self.expire();
            self.give_id();
            self.drain();
            self.answer(false);
            if self.all.is_empty() {
                break;
            }
            let due = self.all.poll_timeout(self.now);
            if self.waiting.is_empty() && self.rng.below(4) == 0 {
                self.now = due.unwrap_or(self.now);
            }
        }
        assert!(self.all.is_empty(), "something never ends");
        while !self.stray.is_empty() {
            self.deliver_stray();
        }
        self.audit();
        self.waiting.clear();
        assert_eq!(self.pool.used(), 0, "all memory is free again");
    }

    fn audit(&self) {
        assert_eq!(
            self.outcomes.len(),
            self.batches.len(),
            "each batch has its outcome"
        );
        for (id, (partition, records)) in &self.batches {
            let log = &self.logs[*partition].records;
            let found = log.windows(records.len()).position(|part| part == records);
            match self.outcomes[id] {
                Ok(offset) => {
                    let found = found.expect("acknowledged and not in the log");
                    let offset = offset.map(|offset| usize::try_from(offset).unwrap());
                    if self.idempotent {
                        assert!(offset.is_none_or(|offset| offset == found));
                    }
                }
                Err(WriteStatus::NotWritten) => {
                    assert_eq!(found, None, "in the log, but said not to be");
                }
                Err(WriteStatus::MaybeWritten) => {}
            }
        }
        if self.idempotent {
            for (log, appended) in self.logs.iter().zip(&self.appended) {
                let in_log: BTreeSet<u64> = log.records.iter().copied().collect();
                let in_order = appended
                    .iter()
                    .copied()
                    .filter(|each| in_log.contains(each));
                let in_order: Vec<u64> = in_order.collect();
                assert_eq!(log.records, in_order, "a duplicate or another order");
            }
        }
    }
}

fn refused(code: ErrorCode) -> Answer {
    let message = None;
    Answer::Refused { code, message }
}

fn lost(maybe_sent: bool) -> Answer {
    let error = Error::new(ErrorKind::Disconnected, "gone");
    Answer::Lost { error, maybe_sent }
}

/// Names the seed of a run that panics.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with seed {}", self.0);
        }
    }
}

#[test]
fn whatever_fails_outcomes_are_true_and_the_log_is_in_order() {
    for seed in 0..SEEDS {
        let _named = Named(seed);
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.settle();
    }
}
