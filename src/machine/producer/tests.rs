//! Example by example: when a batch leaves, with what stamp, and what its answer means.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::receipt::Appended;
use super::*;
use crate::config::Compression;
use crate::error::{Error, ErrorCode, ErrorKind, WriteStatus};
use crate::ids::{BrokerId, ProducerEpoch, ProducerId, TopicId, TopicPartition, Uuid};
use crate::machine::backoff::BackoffPolicy;
use crate::record::{Batches, ChunkPool, Record, Reserve};

mod batching;
mod gaps;
mod giving_up;
mod order;
mod refusals;
mod requests;
mod splitting;

const MS: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_nanos(1);
const LINGER: Duration = Duration::from_millis(5);
const DELIVERY: Duration = Duration::from_secs(10);
const PARTITIONS: usize = 8;
/// The leader of every partition, unless a test says otherwise.
const LEADER: BrokerId = BrokerId(1);
const WRITTEN: Answer = written(7);

const fn written(offset: i64) -> Answer {
    Answer::Written(Outcome {
        base_offset: Some(offset),
        log_append_ms: None,
    })
}

pub(super) fn refused(code: ErrorCode) -> Answer {
    refused_from(code, None)
}

/// A refusal of a broker that says where its log begins.
fn refused_from(code: ErrorCode, log_start_offset: Option<i64>) -> Answer {
    Answer::Refused(Refusal {
        code,
        message: None,
        log_start_offset,
        culprits: Vec::new(),
    })
}

pub(super) fn lost(maybe_sent: bool) -> Answer {
    let error = Error::new(ErrorKind::Disconnected, "gone");
    Answer::Lost { error, maybe_sent }
}

/// A clock that the tests do not look at.
pub(super) struct StoppedClock;

impl Clock for StoppedClock {
    fn exact_ms(&self) -> i64 {
        0
    }

    fn coarse_ms(&self) -> i64 {
        0
    }
}

pub(super) fn at(partition: usize) -> TopicPartition {
    TopicPartition::new("t", i32::try_from(partition).unwrap())
}

pub(super) fn lane(partition: usize) -> LaneId {
    LaneId(u32::try_from(partition).unwrap())
}

/// Where a partition is.
pub(super) fn home(leader: Option<BrokerId>, topic: u8) -> Home {
    let topic = TopicId(Uuid([topic; 16]));
    Home {
        leader,
        topic,
        is_gone: false,
    }
}

/// The partitions of a topic, each under its number.
pub(super) struct Places(pub(super) Vec<RefCell<PartitionBatches<u64>>>);

impl Places {
    pub(super) fn new(partitions: usize) -> Self {
        Self((0..partitions).map(|_| RefCell::default()).collect())
    }
}

impl Source<u64> for Places {
    fn place(&self, lane: LaneId) -> Option<TopicPartition> {
        Some(at(usize::try_from(lane.0).unwrap()))
    }

    fn batches<R>(
        &self,
        lane: LaneId,
        look: impl FnOnce(&mut PartitionBatches<u64>) -> R,
    ) -> Option<R> {
        let partition = self.0.get(usize::try_from(lane.0).unwrap())?;
        Some(look(&mut partition.borrow_mut()))
    }
}

fn settings() -> SenderSettings {
    SenderSettings {
        pool: ChunkPool::new(4 << 20, 512),
        limits: BatchLimits::new(Some(1000), 4000),
        max_request_size: 4000,
        in_flight_max: 5,
        linger: LINGER,
        delivery_timeout: DELIVERY,
        retries: u32::MAX,
        retry_backoff: BackoffPolicy {
            initial: Duration::from_millis(100),
            max: Duration::from_millis(1000),
        },
        seed: 1,
        compression: Compression::None,
        topic_compression: BTreeMap::new(),
        idempotent: true,
        continue_after_gap: false,
        watches_brokers: false,
    }
}

/// A batch on the wire: its bytes, and what they are stamped with.
struct Sent {
    lane: LaneId,
    id: BatchId,
    bytes: Vec<u8>,
    producer: (i64, i16),
    sequence: i32,
    records: usize,
}

impl Sent {
    fn new(drained: Drained) -> Self {
        let bytes = drained.records.into_bytes();
        let batch = Batches::new(bytes.clone()).next().unwrap().unwrap();
        batch.verify_crc().unwrap();
        let header = batch.header();
        Self {
            lane: drained.lane,
            id: drained.id,
            bytes: bytes.to_vec(),
            producer: (header.producer_id.0, header.producer_epoch.0),
            sequence: header.base_sequence,
            records: usize::try_from(header.record_count).unwrap(),
        }
    }

    /// Producer id, epoch and sequence.
    fn stamp(&self) -> (i64, i16, i32) {
        (self.producer.0, self.producer.1, self.sequence)
    }
}

fn sequences(sent: &[Sent]) -> Vec<i32> {
    sent.iter().map(|each| each.sequence).collect()
}

fn lanes(sent: &[Sent]) -> Vec<u32> {
    sent.iter().map(|each| each.lane.0).collect()
}

/// A sender at a time that the test moves, with producer id 1, epoch 0.
struct Fixture {
    now: Instant,
    settings: SenderSettings,
    sender: Sender<u64>,
    source: Places,
    leaders: Vec<Option<BrokerId>>,
    /// Its id is made of this; 0 where brokers tell none.
    topic: u8,
    /// What has no answer yet of each request, oldest first.
    requests: Vec<(BrokerId, Vec<BatchId>)>,
    next_tag: u64,
}

impl Fixture {
    fn new(settings: SenderSettings) -> Self {
        let mut it = Self::nameless(settings);
        if it.settings.idempotent {
            it.name(1, 0);
        }
        it
    }

    /// Without a producer id.
    fn nameless(settings: SenderSettings) -> Self {
        Self {
            now: Instant::now(),
            sender: Sender::new(settings.clone()),
            settings,
            source: Places::new(PARTITIONS),
            leaders: vec![Some(LEADER); PARTITIONS],
            topic: 1,
            requests: Vec::new(),
            next_tag: 0,
        }
    }

    fn name(&mut self, id: i64, epoch: i16) {
        let (id, epoch) = (ProducerId(id), ProducerEpoch(epoch));
        self.sender.handle_producer_id(self.now, id, epoch);
    }

    fn append(&mut self, partition: usize, len: usize) -> Appended<u64> {
        self.try_append(partition, len, None)
            .expect("the record is taken")
    }

    fn try_append(
        &mut self,
        partition: usize,
        len: usize,
        reserve: Option<Reserve>,
    ) -> Result<Appended<u64>, Refused> {
        let record = Record::to("t").value(vec![b'x'; len]);
        let (now, tag) = (self.now, self.next_tag);
        let appended = self.source.0[partition].borrow_mut().append(
            &self.settings.pool,
            self.settings.limits,
            (&StoppedClock, &record),
            reserve,
            || (now, tag),
        )?;
        self.next_tag += u64::from(appended.tag == tag);
        if appended.tell {
            let home = home(self.leaders[partition], self.topic);
            let (now, source) = (self.now, &self.source);
            self.sender
                .handle_told(now, lane(partition), source, |_| home);
        }
        Ok(appended)
    }

    fn flush(&mut self) {
        self.sender.flush(self.now, &self.source);
    }

    /// One request for the leader of most partitions.
    fn drain(&mut self) -> Vec<Sent> {
        self.drain_to(LEADER)
    }

    fn drain_to(&mut self, broker: BrokerId) -> Vec<Sent> {
        let drained = self.sender.drain(self.now, broker, &self.source);
        if !drained.is_empty() {
            let members = drained.iter().map(|each| each.id).collect();
            self.requests.push((broker, members));
        }
        drained.into_iter().map(Sent::new).collect()
    }

    /// Requests for as long as there is something to send.
    fn drain_all(&mut self) -> Vec<Sent> {
        let mut all = Vec::new();
        loop {
            let sent = self.drain();
            if sent.is_empty() {
                return all;
            }
            all.extend(sent);
        }
    }

    /// Appends one record and sends it at once.
    fn send(&mut self, partition: usize) -> Sent {
        self.append(partition, 10);
        self.flush();
        let mut sent = self.drain();
        assert_eq!(sent.len(), 1, "one batch is ready");
        sent.pop().unwrap()
    }

    /// Sends one record that the broker writes.
    fn confirm(&mut self, partition: usize) {
        let sent = self.send(partition);
        assert!(self.ends(&sent, WRITTEN).is_ok());
    }

    /// So many batches of one record on the wire, after one that was written.
    fn fly(&mut self, partition: usize, batches: usize) -> Vec<Sent> {
        self.confirm(partition);
        (0..batches).map(|_| self.send(partition)).collect()
    }

    fn answer(&mut self, sent: &Sent, answer: Answer) -> Vec<Finished<u64>> {
        self.sender
            .handle_answer(self.now, sent.lane, sent.id, answer);
        self.land(sent.id);
        self.sender.take_finished()
    }

    /// A request has landed with the answer to its last batch.
    fn land(&mut self, id: BatchId) {
        let holds = |(_, members): &(BrokerId, Vec<BatchId>)| members.contains(&id);
        let Some(place) = self.requests.iter().position(holds) else {
            return;
        };
        let (broker, members) = &mut self.requests[place];
        members.retain(|member| *member != id);
        if members.is_empty() {
            let broker = *broker;
            self.requests.remove(place);
            self.sender.handle_landed(self.now, broker, &self.source);
        }
    }

    /// The batch's one outcome with this answer.
    fn ends(&mut self, sent: &Sent, answer: Answer) -> Result<Outcome, Error> {
        let mut finished = self.answer(sent, answer);
        assert_eq!(finished.len(), 1, "one outcome");
        finished.pop().unwrap().outcome
    }

    /// The write status of the batch's one outcome, which is an error.
    fn status(&mut self, sent: &Sent, answer: Answer) -> WriteStatus {
        let error = self.ends(sent, answer).unwrap_err();
        error.write_status().expect("every error says it")
    }

    /// The batch has no outcome with this answer.
    fn comes_back(&mut self, sent: &Sent, answer: Answer) {
        assert!(
            self.answer(sent, answer).is_empty(),
            "it has no outcome yet"
        );
    }

    fn pass(&mut self, time: Duration) -> Vec<Finished<u64>> {
        self.now += time;
        self.sender.handle_timeout(self.now, &self.source, |_| None);
        self.sender.take_finished()
    }

    /// Sleeps until there is something to send to a broker, and sends it.
    fn wait_to(&mut self, broker: BrokerId) -> Vec<Sent> {
        for _ in 0..10 {
            let sent = self.drain_to(broker);
            if !sent.is_empty() {
                return sent;
            }
            let due = self.sender.poll_timeout().expect("it sleeps for ever");
            let finished = self.pass(due.saturating_duration_since(self.now));
            assert!(finished.is_empty());
        }
        panic!("it wakes for nothing")
    }

    /// Waits until a batch may be sent again, and sends it.
    fn retry(&mut self) -> Sent {
        let mut sent = self.wait_to(LEADER);
        assert_eq!(sent.len(), 1, "nothing else is ready");
        sent.pop().unwrap()
    }

    /// Another broker leads a partition.
    fn lead(&mut self, partition: usize, leader: Option<BrokerId>) {
        self.leaders[partition] = leader;
        self.handle_metadata();
    }

    /// The topic is deleted and made anew.
    fn make_anew(&mut self) {
        self.topic += 1;
        self.handle_metadata();
    }

    fn handle_metadata(&mut self) {
        let (leaders, topic) = (&self.leaders, self.topic);
        let leader = |at: &TopicPartition| leaders[usize::try_from(at.partition).unwrap()];
        let lanes = (0..leaders.len()).map(lane);
        let home = |at: &TopicPartition| home(leader(at), topic);
        self.sender.handle_homes(self.now, lanes, home);
    }

    /// Compresses the next batch there and then; whether there was one.
    fn seal(&mut self) -> bool {
        let Some(job) = self.sender.poll_seal(self.now, &self.source) else {
            return false;
        };
        self.finish_sealing(job);
        true
    }

    fn finish_sealing(&mut self, job: SealJob) {
        let sealed = job.builder.seal(job.compression);
        self.sender
            .handle_sealed(self.now, (job.lane, job.id), sealed);
    }
}

fn statuses(finished: &[Finished<u64>]) -> Vec<Option<WriteStatus>> {
    let status = |each: &Finished<u64>| each.outcome.as_ref().err().and_then(Error::write_status);
    finished.iter().map(status).collect()
}
