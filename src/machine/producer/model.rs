//! Random sends, failures, leader moves and late deliveries against brokers that check sequences as
//! Kafka does.

mod log;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::tests::{Places, StoppedClock, home, lane, lost, refused};
use super::*;
use crate::config::Compression;
use crate::error::{Error, ErrorCode, ErrorKind, WriteStatus};
use crate::ids::{BrokerId, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::backoff::BackoffPolicy;
use crate::machine::rng::Rng;
use crate::record::{Batch, Batches, ChunkPool, Record};
use log::{Log, Rules, values};

const SEEDS: u64 = 1000;
const STEPS: usize = 200;
const PARTITIONS: usize = 3;
const BROKERS: usize = 2;
/// What brokers take, in bytes: some batches, or every batch.
const SMALL: usize = 260;
const LARGE: usize = 10_000;

/// One batch on its way to a broker.
#[derive(Clone)]
struct Flying {
    partition: usize,
    /// Which of the topics of this name its sender meant.
    topic: u8,
    id: BatchId,
    batch: Batch,
}

type Request = Vec<Flying>;

struct World {
    rng: Rng,
    now: Instant,
    sender: Sender<u64>,
    source: Places,
    limits: BatchLimits,
    idempotent: bool,
    in_flight_max: usize,
    rules: Rules,
    pool: ChunkPool,
    leaders: Vec<Option<usize>>,
    logs: Vec<Log>,
    /// How many topics have had the name; and of which the sender knows.
    topic: u8,
    known_topic: u8,
    /// Whether that happens here.
    makes_anew: bool,
    /// Whether requests name the topic by its id, so that none for an older one is taken.
    by_id: bool,
    /// Whether the last partition is one that the topic does not have.
    lacks_last: bool,
    /// Of each topic that was deleted, by partition.
    deleted: Vec<(usize, Log)>,
    next_record: u64,
    next_producer: i64,
    next_tag: u64,
    /// Its partition, and its records.
    batches: BTreeMap<u64, (usize, Vec<u64>)>,
    appended: Vec<Vec<u64>>,
    /// The bytes each batch was last sent with.
    bytes: BTreeMap<BatchId, Vec<u8>>,
    /// One connection to each broker: what it was sent and has not answered.
    connections: Vec<VecDeque<Request>>,
    /// Requests whose connection was lost, and which may reach the broker all the same.
    strays: Vec<(usize, Flying)>,
    sealing: Vec<SealJob>,
    outcomes: BTreeMap<u64, Result<Option<i64>, WriteStatus>>,
    /// Which topic of the name a record was sent to first.
    meant_for: BTreeMap<u64, u8>,
}

/// Settings of all kinds, for batches of these limits.
fn settings(
    rng: &mut Rng,
    seed: u64,
    pool: &ChunkPool,
    (limits, idempotent, in_flight_max): (BatchLimits, bool, usize),
) -> SenderSettings {
    SenderSettings {
        pool: pool.clone(),
        limits,
        max_request_size: 700,
        in_flight_max,
        linger: Duration::from_millis(5 * rng.below(2)),
        delivery_timeout: Duration::from_secs(2),
        retries: if rng.below(3) == 0 { 2 } else { u32::MAX },
        retry_backoff: BackoffPolicy {
            initial: Duration::from_millis(100),
            max: Duration::from_millis(1000),
        },
        seed,
        compression: if rng.below(4) == 0 {
            Compression::Lz4
        } else {
            Compression::None
        },
        topic_compression: BTreeMap::new(),
        idempotent,
        continue_after_gap: rng.below(2) == 0,
        watches_brokers: true,
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let idempotent = rng.below(5) > 0;
        let chunks = if rng.below(3) == 0 { 12 } else { 1000 };
        let pool = ChunkPool::new(chunks * 128, 128);
        let limits = BatchLimits {
            ready: 200,
            full: if rng.below(2) == 0 { 200 } else { 450 },
            max: 500,
            sums: true,
        };
        let (makes_anew, by_id) = (rng.below(3) == 0, rng.below(2) == 0);
        let in_flight_max = 1 + usize::try_from(rng.below(5)).unwrap();
        let settings = settings(&mut rng, seed, &pool, (limits, idempotent, in_flight_max));
        let rules = Rules {
            batch_max: if rng.below(3) == 0 { SMALL } else { LARGE },
            knows_unknown: rng.below(3) == 0,
            tells_duplicates: rng.below(3) == 0,
        };
        Self {
            rng,
            now: Instant::now(),
            sender: Sender::new(settings),
            source: Places::new(PARTITIONS),
            limits,
            idempotent,
            in_flight_max,
            rules,
            pool,
            leaders: vec![Some(0); PARTITIONS],
            logs: (0..PARTITIONS).map(|_| Log::new(1)).collect(),
            topic: 1,
            known_topic: 1,
            makes_anew,
            by_id,
            lacks_last: false,
            deleted: Vec::new(),
            next_record: 0,
            next_producer: 1,
            next_tag: 0,
            batches: BTreeMap::new(),
            appended: vec![Vec::new(); PARTITIONS],
            bytes: BTreeMap::new(),
            connections: vec![VecDeque::new(); BROKERS],
            strays: Vec::new(),
            sealing: Vec::new(),
            outcomes: BTreeMap::new(),
            meant_for: BTreeMap::new(),
        }
    }

    fn pick(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(u64::try_from(bound).unwrap())).unwrap()
    }

    fn append(&mut self) {
        let (partition, len) = (self.pick(PARTITIONS), self.pick(120));
        self.append_to(partition, len);
    }

    fn append_to(&mut self, partition: usize, len: usize) {
        let mut value = self.next_record.to_be_bytes().to_vec();
        value.resize(8 + len, 0);
        let record = Record::to("t").value(value);
        let (now, tag) = (self.now, self.next_tag);
        let appended = self.source.0[partition].borrow_mut().append(
            &self.pool,
            self.limits,
            (&StoppedClock, &record),
            None,
            || (now, tag),
        );
        match appended {
            Ok(appended) => {
                let batch = self.batches.entry(appended.tag).or_default();
                assert_eq!(usize::try_from(appended.index).unwrap(), batch.1.len());
                batch.0 = partition;
                batch.1.push(self.next_record);
                self.next_tag += u64::from(appended.tag == tag);
                self.appended[partition].push(self.next_record);
                self.next_record += 1;
                if appended.tell {
                    self.tell(partition);
                }
            }
            Err(Refused::NoMemory { .. }) => self.sender.flush(self.now, &self.source),
            Err(refused) => panic!("{refused:?}"),
        }
    }

    fn tell(&mut self, partition: usize) {
        let home = self.home(partition);
        self.sender
            .handle_told(self.now, lane(partition), &self.source, |_| home);
    }

    /// Where a partition is, as the sender is told.
    fn home(&self, partition: usize) -> Home {
        let is_gone = self.lacks_last && partition == PARTITIONS - 1;
        let leader = self.leaders[partition].filter(|_| !is_gone);
        Home {
            is_gone,
            ..home(leader.map(broker), self.known_topic)
        }
    }

    fn drain(&mut self) {
        let ready: Vec<BrokerId> = self.sender.ready_brokers().collect();
        if ready.is_empty() {
            return;
        }
        let to = ready[self.pick(ready.len())];
        let drained = self.sender.drain(self.now, to, &self.source);
        let to = usize::try_from(to.0).unwrap();
        let mut request = Request::new();
        for each in drained {
            let partition = usize::try_from(each.partition.partition).unwrap();
            assert_eq!(self.leaders[partition], Some(to));
            let bytes = each.records.into_bytes();
            let batch = Batches::new(bytes.to_vec().into()).next().unwrap().unwrap();
            let records = values(&batch);
            for record in &records {
                self.meant_for.entry(*record).or_insert(self.known_topic);
            }
            let before = self.bytes.insert(each.id, bytes.to_vec());
            if before.is_some_and(|before| before != bytes) {
                // A new stamp is allowed only to what cannot be in the log, now or later.
                assert!(
                    self.logs_of(partition)
                        .all(|log| !log.records.contains(&records[0]))
                );
                assert!(self.strays.iter().all(|(_, other)| other.id != each.id));
            }
            let flying = self.flying(partition);
            assert!(
                flying.iter().all(|(_, id)| *id != each.id),
                "one attempt at a time"
            );
            assert!(flying.iter().all(|(at, _)| *at == to), "all at one broker");
            assert!(self.unsettled(partition) < self.in_flight_max);
            request.push(Flying {
                partition,
                topic: self.known_topic,
                id: each.id,
                batch,
            });
        }
        let partitions: BTreeSet<usize> = request.iter().map(|each| each.partition).collect();
        assert_eq!(
            partitions.len(),
            request.len(),
            "one batch of a partition in each"
        );
        if !request.is_empty() {
            self.connections[to].push_back(request);
        }
    }

    /// The broker and id of each batch of a partition that waits for an answer.
    fn flying(&self, partition: usize) -> Vec<(usize, BatchId)> {
        let connections = self.connections.iter().enumerate();
        connections
            .flat_map(|(at, requests)| requests.iter().flatten().map(move |each| (at, each)))
            .filter(|(_, each)| each.partition == partition)
            .map(|(at, each)| (at, each.id))
            .collect()
    }

    /// How many batches of a partition are on the wire and have no outcome.
    fn unsettled(&self, partition: usize) -> usize {
        let all = self.connections.iter().flatten().flatten();
        let open = |each: &&Flying| {
            let first = values(&each.batch)[0];
            each.partition == partition && !self.outcomes.contains_key(&first)
        };
        all.filter(open).count()
    }

    fn finish(&mut self) {
        for each in self.sender.take_finished() {
            let outcome = match each.outcome {
                Ok(outcome) => Ok(outcome.base_offset),
                Err(error) => {
                    // No log loses its end here, unless its topic is made anew and the sender
                    // not told.
                    let is_gap = error.message().contains("acknowledged before");
                    let may_be = self.topic > 1 && !self.by_id;
                    assert!(!is_gap || may_be, "no loss, but one is reported: {error}");
                    Err(error.write_status().expect("each error says it"))
                }
            };
            let records = &self.batches[&each.tag].1;
            assert_eq!(usize::try_from(each.share.total).unwrap(), records.len());
            let first = usize::try_from(each.share.first).unwrap();
            for index in 0..usize::try_from(each.share.records).unwrap() {
                let offset = |base: i64| base + i64::try_from(index).unwrap();
                let outcome = outcome.map(|base| base.map(offset));
                let before = self.outcomes.insert(records[first + index], outcome);
                assert!(before.is_none(), "an outcome comes once");
            }
        }
        for (lane, cap) in self.sender.take_lowered() {
            self.source.batches(lane, |all| all.lower_cap(cap));
        }
    }

    /// All that ever had the name, the newest last.
    fn logs_of(&self, partition: usize) -> impl Iterator<Item = &Log> {
        let deleted = self.deleted.iter();
        let deleted = deleted.filter_map(move |(at, log)| (*at == partition).then_some(log));
        deleted.chain(&self.logs[partition..=partition])
    }

    fn serve(&mut self, broker: usize, flying: &Flying) -> Answer {
        if self.by_id && flying.topic != self.topic {
            return refused(ErrorCode::UNKNOWN_TOPIC_ID);
        }
        if self.lacks_last && flying.partition == PARTITIONS - 1 {
            return refused(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        if self.leaders[flying.partition] != Some(broker) {
            return refused(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        let log = &mut self.logs[flying.partition];
        match log.append(&flying.batch, self.rules) {
            Ok(offset) => Answer::Written(Outcome {
                base_offset: Some(offset),
                log_append_ms: None,
            }),
            Err(code) => Answer::Refused(Refusal {
                code,
                message: None,
                log_start_offset: Some(log.start),
                culprits: Vec::new(),
            }),
        }
    }

    /// The oldest request of a connection is served, well or not.
    fn answer(&mut self, faults: bool) {
        let broker = self.pick(BROKERS);
        let Some(request) = self.connections[broker].pop_front() else {
            return;
        };
        for flying in request {
            let fault = if faults { self.rng.below(14) } else { 13 };
            let answer = self.answer_to(broker, &flying, fault);
            let is_there = match &answer {
                Answer::Written(_) => true,
                Answer::Refused(refusal) => refusal.code == ErrorCode::DUPLICATE_SEQUENCE_NUMBER,
                Answer::Lost { .. } => false,
            };
            let partition = lane(flying.partition);
            let first = values(&flying.batch)[0];
            let open = !self.outcomes.contains_key(&first);
            self.sender
                .handle_answer(self.now, partition, flying.id, answer);
            self.finish();
            if is_there && open {
                assert!(self.outcomes[&first].is_ok(), "it was acknowledged");
            }
        }
        self.landed(broker);
    }

    fn landed(&mut self, at: usize) {
        self.sender
            .handle_landed(self.now, broker(at), &self.source);
    }

    fn answer_to(&mut self, broker: usize, flying: &Flying, fault: u64) -> Answer {
        let rarely = self.rng.below(3) == 0;
        match fault {
            0 | 1 => refused(ErrorCode::NOT_ENOUGH_REPLICAS),
            2 => match self.serve(broker, flying) {
                Answer::Written(_) => refused(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND),
                other => other,
            },
            3 if rarely => refused(ErrorCode::INVALID_RECORD),
            4 if rarely => {
                let Answer::Refused(mut refusal) = refused(ErrorCode::INVALID_RECORD) else {
                    unreachable!("it is a refusal")
                };
                let records = u32::try_from(flying.batch.header().record_count).unwrap();
                let culprit = u32::try_from(self.rng.below(u64::from(records))).unwrap();
                refusal.culprits = vec![(culprit, None)];
                Answer::Refused(refusal)
            }
            5 if rarely => match self.serve(broker, flying) {
                Answer::Written(_) => refused(ErrorCode(9999)),
                other => other,
            },
            _ => self.serve(broker, flying),
        }
    }

    /// A connection is lost. Of what it carried some may have been served, some may be served
    /// later, and the last of it was perhaps never written to it.
    fn cut(&mut self) {
        let broker = self.pick(BROKERS);
        let requests = std::mem::take(&mut self.connections[broker]);
        let count = requests.len();
        let (served, sent) = (self.pick(count + 1), self.pick(count + 1));
        for (place, request) in requests.into_iter().enumerate() {
            for flying in request {
                let maybe_sent = place <= sent;
                if place < served {
                    self.serve(broker, &flying);
                } else if maybe_sent && self.rng.below(2) == 0 {
                    self.strays.push((broker, flying.clone()));
                }
                let answer = lost(maybe_sent || place < served);
                let partition = lane(flying.partition);
                self.sender
                    .handle_answer(self.now, partition, flying.id, answer);
            }
            self.landed(broker);
        }
    }

    fn deliver_stray(&mut self) {
        if !self.strays.is_empty() {
            let pick = self.pick(self.strays.len());
            let (broker, flying) = self.strays.remove(pick);
            self.serve(broker, &flying);
        }
    }

    fn move_leader(&mut self) {
        let (partition, to) = (self.pick(PARTITIONS), self.pick(BROKERS + 1));
        self.leaders[partition] = Some(to).filter(|to| *to < BROKERS);
        self.learn_homes();
    }

    /// The topic is deleted and made anew, with as many partitions or one less. The sender hears
    /// of it later.
    fn make_topic_anew(&mut self) {
        self.topic += 1;
        let logs = (0..PARTITIONS).map(|_| Log::new(self.topic)).collect();
        let deleted = std::mem::replace(&mut self.logs, logs);
        self.deleted.extend(deleted.into_iter().enumerate());
        self.lacks_last = self.rng.below(3) == 0;
    }

    fn learn_homes(&mut self) {
        self.known_topic = self.topic;
        let homes: Vec<Home> = (0..PARTITIONS).map(|at| self.home(at)).collect();
        let home = |at: &TopicPartition| homes[usize::try_from(at.partition).unwrap()];
        let lanes = (0..PARTITIONS).map(lane);
        self.sender.handle_homes(self.now, lanes, home);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.sender.handle_timeout(self.now, &self.source, |_| None);
    }

    fn seal(&mut self) {
        while let Some(job) = self.sender.poll_seal(self.now, &self.source) {
            self.sealing.push(job);
        }
        if !self.sealing.is_empty() {
            let pick = self.pick(self.sealing.len());
            let job = self.sealing.remove(pick);
            let sealed = job.builder.seal(job.compression);
            self.sender
                .handle_sealed(self.now, (job.lane, job.id), sealed);
        }
    }

    fn give_id(&mut self) {
        if self.sender.needs_producer_id() {
            // Some ids come with few epochs left.
            let epoch = if self.rng.below(2) == 0 {
                0
            } else {
                i16::MAX - 1
            };
            let id = ProducerId(self.next_producer);
            self.next_producer += 1;
            self.sender
                .handle_producer_id(self.now, id, ProducerEpoch(epoch));
        }
    }

    /// A partition takes nothing more of one producer id, whatever its epoch.
    fn fence(&mut self) {
        let partition = self.pick(PARTITIONS);
        if let Some(known) = self.logs[partition].producers.values_mut().next_back() {
            known.fenced = true;
        }
    }

    fn step(&mut self) {
        let error = Error::new(ErrorKind::Purged, "given up");
        match self.rng.below(220) {
            0..70 => self.append(),
            70..120 => self.drain(),
            120..155 => self.answer(true),
            155..159 => self.cut(),
            159..165 => self.deliver_stray(),
            165..170 => self.sender.flush(self.now, &self.source),
            170..180 => self.give_id(),
            180..195 => {
                let time = self.rng.below(150);
                self.pass(Duration::from_millis(time));
            }
            195..198 => {
                let time = self.rng.below(1500);
                self.pass(Duration::from_millis(time));
            }
            198 => self.sender.purge(self.now, true, &self.source, &error),
            199 => self.sender.purge(self.now, false, &self.source, &error),
            200..203 => self.move_leader(),
            203 => {
                let partition = self.pick(PARTITIONS);
                let lane = self.sender.slots.get(partition).and_then(Option::as_ref);
                let resolved = lane.is_none_or(|slot| slot.lane.stamped.is_empty());
                let no_stray = self
                    .strays
                    .iter()
                    .all(|(_, each)| each.partition != partition);
                if resolved && no_stray && self.flying(partition).is_empty() {
                    if !self.rules.knows_unknown {
                        // Newer brokers forget a producer only after a long pause.
                        self.pass(Duration::from_secs(60));
                    }
                    self.logs[partition].forget();
                    for _ in 0..3 {
                        self.append_to(partition, 119);
                    }
                }
            }
            204 => self.fence(),
            205 => {
                // Its topic's max.message.bytes is changed.
                let small = self.rules.batch_max == SMALL;
                self.rules.batch_max = if small { LARGE } else { SMALL };
            }
            206..208 if self.makes_anew => self.make_topic_anew(),
            208..210 => self.learn_homes(),
            _ => self.seal(),
        }
        self.finish();
    }

    /// Without faults everything that is left ends, and the log is what was promised.
    fn settle(&mut self) {
        self.leaders = vec![Some(1); PARTITIONS];
        self.lacks_last = false;
        self.learn_homes();
        self.sender.flush(self.now, &self.source);
        self.run();
        // What comes after all this is written as if nothing had been.
        let first = self.next_record;
        for partition in 0..PARTITIONS {
            self.append_to(partition, 0);
        }
        self.sender.flush(self.now, &self.source);
        self.run();
        for record in first..self.next_record {
            assert!(self.outcomes[&record].is_ok(), "a partition is stuck");
        }
        while !self.strays.is_empty() {
            self.deliver_stray();
        }
        self.audit();
        self.bytes.clear();
        assert_eq!(self.sender.unfinished(), 0);
        assert!(self.sender.standing.is_empty(), "nothing waits any more");
    }

    /// Goes on without faults until everything has its outcome and all is answered.
    fn run(&mut self) {
        for _ in 0..2000 {
            self.give_id();
            self.seal();
            self.drain();
            self.answer(false);
            self.finish();
            let all_answered = self.connections.iter().all(VecDeque::is_empty);
            let ended = self.outcomes.len() == usize::try_from(self.next_record).unwrap();
            if ended && all_answered {
                break;
            }
            self.give_id();
            self.seal();
            let no_work = self.sealing.is_empty() && self.sender.ready_brokers().next().is_none();
            if no_work && all_answered && !ended {
                let due = self.sender.poll_timeout();
                let due = due.expect("it would sleep for ever");
                self.pass(due.saturating_duration_since(self.now));
            }
        }
    }

    fn audit(&self) {
        for (partition, records) in self.batches.values() {
            for record in records {
                self.audit_record(*partition, *record);
            }
        }
        if self.idempotent {
            for (partition, appended) in self.appended.iter().enumerate() {
                for log in self.logs_of(partition) {
                    let once: BTreeSet<u64> = log.records.iter().copied().collect();
                    assert_eq!(once.len(), log.records.len(), "a duplicate");
                    let promised = |each: &u64| self.order_is_promised(*each, log);
                    let in_log = log.records.iter().copied().filter(promised);
                    let in_log: Vec<u64> = in_log.collect();
                    let in_order = appended.iter().filter(|each| once.contains(each));
                    let in_order: Vec<u64> = in_order.copied().filter(promised).collect();
                    assert_eq!(in_log, in_order, "another order");
                }
            }
        }
    }

    /// What was sent while a topic is made anew, several batches at once and without its id, a new
    /// log takes in any order.
    fn order_is_promised(&self, record: u64, log: &Log) -> bool {
        self.by_id || self.meant_for[&record] == log.topic
    }

    fn audit_record(&self, partition: usize, record: u64) {
        let found = |log: &Log| log.records.iter().position(|each| *each == record);
        let found: Vec<usize> = self.logs_of(partition).filter_map(found).collect();
        match self.outcomes.get(&record).expect("something never ends") {
            Ok(offset) => {
                assert!(!found.is_empty(), "acknowledged and in no log");
                let offset = offset.map(|offset| usize::try_from(offset).unwrap());
                if self.idempotent {
                    assert!(offset.is_none_or(|offset| found.contains(&offset)));
                }
            }
            Err(WriteStatus::NotWritten) => {
                assert!(found.is_empty(), "in a log, but said not to be");
            }
            Err(WriteStatus::MaybeWritten) => {}
        }
    }
}

fn broker(at: usize) -> BrokerId {
    BrokerId(i32::try_from(at).unwrap())
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
        let pool = world.pool.clone();
        drop(world);
        assert_eq!(pool.used(), 0, "all memory is free again");
    }
}
