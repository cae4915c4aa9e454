//! Random fetches, seeks, pauses, streams, rebalances and late answers against logs with gaps,
//! deletions, elections, lost ends, and topics made anew: between two seeks nothing is skipped and
//! nothing comes twice, and what is done was handed out before the user asked for more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::*;
use crate::error::{Error, ErrorKind};
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition, Uuid};
use crate::machine::backoff::BackoffPolicy;
use crate::machine::rng::Rng;

const SEEDS: u64 = 2000;
const STEPS: usize = 150;
const PARTITIONS: i32 = 3;
const BROKERS: i32 = 2;
const LIMITS: FetchLimits = FetchLimits {
    budget: 300,
    max_bytes: 200,
    partition_max_bytes: 60,
    ahead: 100,
};
const RETRY: BackoffPolicy = BackoffPolicy {
    initial: Duration::from_millis(100),
    max: Duration::from_millis(1000),
};

/// A record: its topic's age, how often that had lost its end when it was written, its offset.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Written {
    topic: u8,
    cuts: usize,
    offset: i64,
}

type Batch = Vec<Written>;

impl Detach for Batch {
    fn detach(&mut self) {}
}

/// A batch that is handed out record by record.
type Current = Option<(Handed<Batch>, Lent)>;

/// A stored batch: the offset after it, and the records that the user may see.
#[derive(Clone, Debug)]
struct Stored {
    next: i64,
    records: Batch,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Log {
    /// How often the topic was made anew, and how often it lost its end since.
    topic: u8,
    cuts: usize,
    batches: Vec<Stored>,
    start: i64,
    end: i64,
    leader: i32,
    /// The next offset the user has not seen; `None` until the place it starts from is known.
    expected: Option<i64>,
    /// A record of this topic was handed out, so that none of an earlier one may come.
    begun: bool,
    /// The first record that its reader has not asked beyond.
    in_hand: Option<i64>,
}

impl Log {
    /// Whether the user may go from `from` to `to` without missing a record that is still there.
    fn is_gap(&self, from: i64, to: i64) -> bool {
        let mut records = self.batches.iter().flat_map(|batch| &batch.records);
        !records.any(|record| (from.max(self.start)..to).contains(&record.offset))
    }

    /// The user gets a record, with its position at this offset before.
    fn hand_out(&mut self, record: Written, position: i64) {
        if record.topic != self.topic {
            assert!(!self.begun, "{record:?} of a topic that is no more");
            return;
        }
        let Written { offset, .. } = record;
        let expected = self.expected.unwrap_or(position);
        assert!(offset >= expected, "{offset} twice, {expected} is next");
        assert!(self.is_gap(expected, offset), "a gap before {offset}");
        let mut records = self.batches.iter().flat_map(|batch| &batch.records);
        let is_there = offset < self.start || records.any(|there| *there == record);
        assert!(is_there, "{record:?} was cut off");
        (self.begun, self.expected) = (true, Some(offset + 1));
        self.in_hand.get_or_insert(offset);
    }

    fn moved(&mut self, to: Option<i64>) {
        (self.begun, self.expected) = (true, to);
    }
}

/// Who leads each partition, as the client knows it.
struct Leaders(Vec<(i32, u8)>);

impl Cluster for Leaders {
    fn leader(&self, at: &TopicPartition) -> Option<Leader> {
        let (id, topic) = self.0[index(at)];
        let topic_id = Uuid([topic + 1; 16]);
        let epoch = LeaderEpoch::NONE;
        let id = BrokerId(id);
        Some(Leader {
            id,
            epoch,
            topic_id,
        })
    }

    fn has(&self, _broker: BrokerId) -> bool {
        true
    }
}

struct World {
    rng: Rng,
    now: Instant,
    fetcher: Fetcher<Batch>,
    logs: Vec<Log>,
    under_way: Vec<FetchPlan>,
    look_ups: Vec<(TopicPartition, StartAt, u64)>,
    /// What is handed out record by record.
    lent: Current,
    /// Streams, some of which are of an earlier assignment.
    streams: Vec<(StreamId, Current)>,
}

fn at(partition: usize) -> TopicPartition {
    TopicPartition::new("t", i32::try_from(partition).unwrap())
}

fn broken() -> Error {
    Error::new(ErrorKind::Corrupt, "broken")
}

fn index(partition: &TopicPartition) -> usize {
    usize::try_from(partition.partition).unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            rng: Rng::new(seed),
            now: Instant::now(),
            fetcher: Fetcher::new(LIMITS, RETRY, seed),
            logs: (0..PARTITIONS).map(|_| Log::default()).collect(),
            under_way: Vec::new(),
            look_ups: Vec::new(),
            lent: None,
            streams: Vec::new(),
        };
        world.assign(true);
        world
    }

    fn pick(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(u64::try_from(bound).unwrap())).unwrap()
    }

    fn partition(&mut self) -> usize {
        self.pick(self.logs.len())
    }

    fn place(&mut self, partition: usize) -> StartAt {
        let log = &self.logs[partition];
        let span = u64::try_from(log.end - log.start + 1).unwrap();
        match self.rng.below(4) {
            0 => StartAt::Beginning,
            1 => StartAt::End,
            _ => StartAt::Offset(log.start + i64::try_from(self.rng.below(span)).unwrap()),
        }
    }

    fn moved(&mut self, partition: usize, to: StartAt) {
        let to = match to {
            StartAt::Offset(offset) => Some(offset),
            _ => None,
        };
        self.logs[partition].moved(to);
    }

    fn leaders(&self) -> Leaders {
        let led = |log: &Log| (log.leader, log.topic);
        Leaders(self.logs.iter().map(led).collect())
    }

    fn notice(&mut self) {
        let (leaders, to) = (self.leaders(), Some(StartAt::Beginning));
        self.fetcher.notice_new_topics(self.now, &leaders, to);
    }

    fn assign(&mut self, all: bool) {
        let mut wanted = BTreeMap::new();
        for partition in 0..self.logs.len() {
            if all || self.pick(4) > 0 {
                let place = self.place(partition);
                wanted.insert(at(partition), place);
                if !self.fetcher.is_assigned(&at(partition)) {
                    self.moved(partition, place);
                }
            } else {
                self.logs[partition].in_hand = None;
            }
        }
        self.fetcher.assign(wanted);
        self.notice();
    }

    fn seek(&mut self) {
        let partition = self.partition();
        let place = self.place(partition);
        if self.fetcher.seek(&at(partition), place) {
            self.moved(partition, place);
        }
    }

    fn produce(&mut self) {
        let (partition, count) = (self.partition(), self.pick(5) + 1);
        let visible = self.pick(4) > 0;
        let log = &mut self.logs[partition];
        let next = log.end + i64::try_from(count).unwrap();
        let keep = |offset: &i64| visible && offset % 3 != 1;
        let (topic, cuts) = (log.topic, log.cuts);
        let written = |offset| Written {
            topic,
            cuts,
            offset,
        };
        let records = (log.end..next).filter(keep).map(written).collect();
        log.batches.push(Stored {
            next,
            records,
            bytes: 10 * count + if count == 5 { 400 } else { 0 },
        });
        log.end = next;
    }

    /// Old records go, as retention does it: whole batches.
    fn delete(&mut self) {
        let partition = self.partition();
        let log = &mut self.logs[partition];
        if !log.batches.is_empty() {
            log.start = log.batches.remove(0).next;
        }
    }

    fn poll_fetch(&mut self) {
        let broker = i32::try_from(self.rng.below(2)).unwrap();
        let leaders = self.leaders();
        let brokers = usize::try_from(BROKERS).unwrap();
        let plan = self
            .fetcher
            .poll_fetch(self.now, BrokerId(broker), brokers, &leaders);
        if let Some(plan) = plan {
            let busy = self
                .under_way
                .iter()
                .any(|other| other.broker == plan.broker);
            assert!(!busy, "one fetch a broker");
            assert!(self.fetcher.reserved() <= LIMITS.budget);
            let held = self.fetcher.buffered() + self.fetcher.opened;
            assert!(held + self.fetcher.reserved() <= LIMITS.budget);
            self.under_way.push(plan);
        }
    }

    /// A broker's answer to one of the fetches under way, however late.
    fn answer(&mut self, faults: bool) {
        if self.under_way.is_empty() {
            return;
        }
        let pick = self.pick(self.under_way.len());
        let plan = self.under_way.remove(pick);
        if faults && self.pick(6) == 0 {
            let retry_at = self.now + Duration::from_millis(50);
            self.fetcher.lost(plan.broker, Some(retry_at));
            return;
        }
        self.fetcher.answered(plan.broker, 1, false);
        let (mut room, mut answers) = (plan.max_bytes, Vec::new());
        for planned in &plan.partitions {
            match if faults { self.pick(12) } else { 11 } {
                0 => {}
                1 => {
                    let (at, generation) = (&planned.partition, planned.generation);
                    self.fetcher.try_later(self.now, at, generation, broken());
                }
                2 => {
                    let (at, generation) = (&planned.partition, planned.generation);
                    self.fetcher.fail(self.now, at, generation, broken());
                }
                _ => {
                    let answer = self.serve(planned, plan.max_bytes, &mut room);
                    answers.extend(answer.map(|answer| (planned, answer)));
                }
            }
        }
        let frame_bytes = answers.iter().map(|(_, answer)| answer.frame_bytes).sum();
        for (planned, answer) in answers {
            let answer = Answer {
                frame_bytes,
                ..answer
            };
            self.fetcher.fetched(planned, answer);
        }
    }

    /// What the leader says of one partition; the bytes are those of this partition alone.
    fn serve(
        &mut self,
        planned: &Planned,
        max_bytes: usize,
        room: &mut usize,
    ) -> Option<Answer<Batch>> {
        let partition_max = LIMITS.partition_max_bytes.min(max_bytes);
        let log = &self.logs[index(&planned.partition)];
        if planned.offset < log.start || planned.offset > log.end {
            self.fetcher.reset(planned, StartAt::Beginning);
            return None;
        }
        let (mut sent, mut passed, mut size) = (Vec::new(), planned.offset, 0);
        for batch in log
            .batches
            .iter()
            .filter(|batch| batch.next > planned.offset)
        {
            let first = size == 0 && *room == max_bytes;
            if !first && (size + batch.bytes > partition_max || batch.bytes > *room) {
                break;
            }
            size += batch.bytes;
            *room = room.saturating_sub(batch.bytes);
            passed = batch.next;
            if !batch.records.is_empty() {
                sent.push(Fetched {
                    batch: batch.records.clone(),
                    next_offset: batch.next,
                    bytes: batch.bytes,
                    epoch: LeaderEpoch(0),
                });
            }
        }
        Some(Answer {
            batches: sent,
            passed: Place::at(passed),
            high_watermark: log.end,
            end: log.end,
            frame_bytes: size,
        })
    }

    fn look_up(&mut self) {
        let open = self.fetcher.unresolved(self.now);
        self.look_ups.extend(open);
        if self.look_ups.is_empty() {
            return;
        }
        let pick = self.pick(self.look_ups.len());
        let (partition, place, generation) = self.look_ups.swap_remove(pick);
        let log = &self.logs[index(&partition)];
        let offset = match place {
            StartAt::Beginning => log.start,
            _ => log.end,
        };
        self.fetcher.resolved(&partition, generation, offset);
    }

    /// The user takes one record of those that are polled.
    fn receive(&mut self) {
        self.confirm();
        let lent = self.lent.take();
        self.lent = self.receive_of(lent, None);
    }

    fn confirm(&mut self) {
        self.fetcher.confirm(None);
        for (partition, log) in self.logs.iter_mut().enumerate() {
            let state = self.fetcher.partitions.get(&at(partition));
            if state.is_some_and(|state| state.split.is_none()) {
                log.in_hand = None;
            }
        }
    }

    fn receive_of(&mut self, lent: Current, of: Option<&StreamId>) -> Current {
        let Some((handed, lent)) = lent else {
            drop(match of {
                Some(stream) => self.fetcher.hand_out_error_of(stream),
                None => self.fetcher.hand_out_error(),
            });
            return self.fetcher.lend(of);
        };
        let Some(position) = lent.position() else {
            let grown = (self.pick(2) == 0).then_some(70);
            self.fetcher.take_back(handed, &lent, grown);
            return None;
        };
        assert!(!self.fetcher.is_paused(&handed.partition));
        let mut records = handed.batch.batch.iter();
        let next = records.find(|record| record.offset >= position).copied();
        assert!(lent.advance(position, next.map(|record| record.offset + 1)));
        let record = next?;
        self.logs[index(&handed.partition)].hand_out(record, position);
        Some((handed, lent))
    }

    /// A partition gets a stream, or one of the streams is read, or dropped.
    fn stream(&mut self) {
        let count = self.streams.len();
        if count == 0 || self.pick(6) == 0 {
            let partition = self.partition();
            let stream = self.fetcher.split(&at(partition));
            self.streams.extend(stream.map(|stream| (stream, None)));
            return;
        }
        let pick = self.pick(count);
        let (stream, lent) = self.streams.swap_remove(pick);
        if self.pick(8) == 0 {
            return self.fetcher.join(&stream);
        }
        let is_open = self.fetcher.is_open(&stream);
        self.fetcher.confirm(Some(&stream));
        if is_open {
            self.logs[index(&stream.partition)].in_hand = None;
        }
        let awaited = self.pick(2) == 0;
        self.fetcher.set_awaited(&stream, awaited);
        let lent = self.receive_of(lent, Some(&stream));
        assert!(is_open || lent.is_none(), "the stream is over");
        self.streams.push((stream, lent));
    }

    /// A rebalance: partitions are held, and given up or kept; or new ones come.
    fn rebalance(&mut self) {
        let partition = self.partition();
        let one = BTreeSet::from([at(partition)]);
        let held = self.fetcher.partitions.get(&at(partition));
        match held.map(|state| state.held) {
            None => {
                self.logs[partition].moved(None);
                self.fetcher.give(&one);
                self.notice();
            }
            Some(false) => self.fetcher.hold(&one),
            Some(true) if self.pick(2) == 0 => {
                self.fetcher.take(&one);
                self.logs[partition].in_hand = None;
            }
            Some(true) => self.fetcher.release(&one),
        }
    }

    /// The coordinator says what the group has committed.
    fn start(&mut self) {
        for (at, generation) in self.fetcher.uncommitted(self.now) {
            let place = self.place(index(&at));
            self.moved(index(&at), place);
            self.fetcher.start(self.now, &at, generation, Ok(place));
        }
    }

    /// The end of a log is lost, and its readers hear of it.
    fn cut(&mut self) {
        let partition = self.partition();
        let kept = self.logs[partition].batches.len();
        let kept = self.pick(kept + 1);
        let state = self.fetcher.partitions.get(&at(partition));
        let place = state.map(|state| (state.fetch, state.generation));
        if matches!(place, Some((positions::Position::Unresolved(_), _))) {
            return;
        }
        let log = &mut self.logs[partition];
        log.batches.truncate(kept);
        log.end = log.batches.last().map_or(log.start, |last| last.next);
        log.cuts += 1;
        let end = log.end;
        log.expected = log.expected.map(|offset| offset.min(end));
        log.in_hand = log.in_hand.map(|offset| offset.min(end));
        if let Some((positions::Position::At(place), generation)) = place {
            if place.offset > end {
                self.fetcher.cut(&at(partition), generation, Place::at(end));
            }
        }
    }

    /// A topic is deleted and made anew.
    fn renew(&mut self) {
        let partition = self.partition();
        let state = self.fetcher.partitions.get(&at(partition));
        let has_place =
            state.is_some_and(|state| matches!(state.fetch, positions::Position::At(_)));
        let log = &mut self.logs[partition];
        let expected = (has_place || log.expected.is_some()).then_some(0);
        *log = Log {
            topic: log.topic + 1,
            leader: log.leader,
            expected,
            ..Log::default()
        };
        self.notice();
    }

    /// A poll first takes what is left of what is handed out record by record.
    fn receive_all(&mut self) {
        while self.lent.is_some() {
            self.receive();
        }
    }

    /// The user polls, and takes all of a batch or a part of it. In between other things happen.
    fn poll(&mut self) {
        self.receive_all();
        self.confirm();
        drop(self.fetcher.hand_out_error());
        if self.pick(2) == 0 {
            self.fetcher.handed_over();
        }
        let Some(handed) = self.fetcher.hand_out() else {
            return;
        };
        if self.pick(2) == 0 {
            self.fetcher.opened(70);
        }
        assert!(
            !self
                .fetcher
                .paused()
                .any(|paused| *paused == handed.partition)
        );
        let partition = index(&handed.partition);
        let from = handed.from.offset;
        let records = handed.batch.batch.iter().copied();
        let fresh: Batch = records.filter(|record| record.offset >= from).collect();
        let room = self.pick(8);
        let log = &mut self.logs[partition];
        let is_old = handed.batch.batch.iter().any(|it| it.topic != log.topic);
        let expected = log.expected.unwrap_or(from);
        let in_turn = from >= expected && log.is_gap(expected, from);
        assert!(is_old || in_turn, "a jump");
        for record in fresh.iter().take(room) {
            log.hand_out(*record, from);
        }
        let rest = fresh.get(room).map(|record| record.offset);
        if rest.is_some() && self.pick(4) == 0 {
            // All of it is damaged: nothing of it was handed out.
            if !is_old {
                self.logs[partition].expected = Some(from);
            }
            self.fetcher.unreadable(self.now, &handed, broken());
            return;
        }
        if self.pick(3) == 0 {
            self.change();
        }
        if let Some(rest) = rest {
            let grown = (self.pick(2) == 0).then_some(70);
            self.fetcher.give_back(handed, rest, grown);
        }
    }

    /// Anything that may happen while the user reads.
    fn change(&mut self) {
        match self.rng.below(10) {
            6 => self.rebalance(),
            7 => self.cut(),
            8 if self.pick(4) == 0 => self.renew(),
            0 => self.seek(),
            1 => {
                let (partition, paused) = (self.partition(), self.rng.below(2) == 0);
                let before = self.fetcher.buffered();
                self.fetcher.pause(&at(partition), paused);
                assert_eq!(self.fetcher.buffered(), before, "a pause drops nothing");
            }
            2 => self.poll_fetch(),
            3 => self.assign(false),
            _ => self.answer(true),
        }
    }

    fn step(&mut self) {
        match self.rng.below(24) {
            20..23 => self.stream(),
            23 => self.start(),
            0..4 => self.produce(),
            4 => self.delete(),
            5 => {
                let partition = self.partition();
                self.logs[partition].leader ^= 1;
            }
            6 => self.change(),
            7 => self.now += Duration::from_millis(self.rng.below(300)),
            8 | 9 => self.look_up(),
            10..13 => self.poll_fetch(),
            13..16 => self.answer(true),
            16 | 17 => self.receive(),
            _ => self.poll(),
        }
        self.check();
    }

    fn check(&self) {
        let partitions = self.fetcher.partitions.values();
        let frames: BTreeMap<u64, usize> = partitions
            .flat_map(|state| &state.buffered)
            .map(|each| (each.frame.id, each.frame.bytes))
            .collect();
        let buffered: usize = frames.values().sum();
        assert_eq!(self.fetcher.buffered(), buffered, "the count of bytes");
        assert!(self.fetcher.reserved() <= LIMITS.budget);
        for (partition, log) in self.logs.iter().enumerate() {
            let position = self.fetcher.position(&at(partition)).map(|at| at.offset);
            if let (Some(position), Some(expected)) = (position, log.expected) {
                let sound = position < log.start || log.is_gap(expected, position);
                assert!(sound, "t-{partition} at {position}, not at {expected}");
            }
            let Some(done) = self.fetcher.done(&at(partition)) else {
                continue;
            };
            let ahead = log.in_hand.is_some_and(|first| done.offset > first);
            assert!(!ahead, "t-{partition}: {done:?} of {log:?}");
            if let Some(expected) = log.expected {
                let sound = done.offset < log.start || log.is_gap(expected, done.offset);
                assert!(sound, "t-{partition}: {done:?} of {log:?}");
            }
        }
    }

    /// Without faults everything that is in the log from the positions on is read.
    fn finish(&mut self) {
        for (stream, _) in std::mem::take(&mut self.streams) {
            self.fetcher.join(&stream);
        }
        self.assign(true);
        let all = (0..self.logs.len()).map(at).collect();
        self.fetcher.release(&all);
        self.fetcher.handed_over();
        for partition in 0..self.logs.len() {
            self.fetcher.pause(&at(partition), false);
        }
        for _ in 0..2000 {
            self.now += Duration::from_millis(20);
            self.start();
            self.look_up();
            self.poll_fetch();
            self.answer(false);
            self.receive_all();
            while self.fetcher.has_ready() {
                drop(self.fetcher.hand_out_error());
                let Some(handed) = self.fetcher.hand_out() else {
                    continue;
                };
                let log = &mut self.logs[index(&handed.partition)];
                let from = handed.from.offset;
                let records = handed.batch.batch.iter();
                for record in records.filter(|record| record.offset >= from) {
                    log.hand_out(*record, from);
                }
            }
            self.check();
            let ends = self.logs.iter().enumerate();
            let mut at_end = ends
                .map(|(i, log)| self.fetcher.position(&at(i)).map(|at| at.offset) == Some(log.end));
            if at_end.all(|at_end| at_end) && self.under_way.is_empty() {
                break;
            }
        }
        assert_eq!((self.fetcher.buffered(), self.fetcher.reserved()), (0, 0));
        for (partition, log) in self.logs.iter().enumerate() {
            let position = self.fetcher.position(&at(partition)).map(|at| at.offset);
            assert_eq!(position, Some(log.end), "t-{partition} is stuck");
            assert!(
                log.expected
                    .is_none_or(|expected| log.is_gap(expected, log.end))
            );
        }
    }
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
fn whatever_happens_every_record_is_handed_out_once_between_two_seeks() {
    for seed in 0..SEEDS {
        let _named = Named(seed);
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.finish();
    }
}
