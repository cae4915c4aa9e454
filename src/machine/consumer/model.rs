//! Random fetches, seeks, pauses and late answers against logs with gaps, deletions and elections:
//! between two seeks nothing is skipped and nothing comes twice.

use std::collections::BTreeMap;
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

impl Detach for Vec<i64> {
    fn detach(&mut self) {}
}

/// A stored batch: the offset after it, and the offsets of the records that the user may see.
#[derive(Clone, Debug)]
struct Stored {
    next: i64,
    records: Vec<i64>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Log {
    batches: Vec<Stored>,
    start: i64,
    end: i64,
    leader: i32,
    /// The next offset the user has not seen; `None` until the place it starts from is known.
    expected: Option<i64>,
}

impl Log {
    /// Whether the user may go from `from` to `to` without missing a record that is still there.
    fn is_gap(&self, from: i64, to: i64) -> bool {
        let mut records = self.batches.iter().flat_map(|batch| &batch.records);
        !records.any(|offset| (from.max(self.start)..to).contains(offset))
    }
}

/// Who leads each partition, as the client knows it.
struct Leaders(Vec<i32>);

impl Cluster for Leaders {
    fn leader(&self, at: &TopicPartition) -> Option<Leader> {
        Some(Leader {
            id: BrokerId(self.0[index(at)]),
            epoch: LeaderEpoch::NONE,
            topic_id: Uuid::ZERO,
        })
    }

    fn has(&self, _broker: BrokerId) -> bool {
        true
    }
}

struct World {
    rng: Rng,
    now: Instant,
    fetcher: Fetcher<Vec<i64>>,
    logs: Vec<Log>,
    under_way: Vec<FetchPlan>,
    look_ups: Vec<(TopicPartition, StartAt, u64)>,
    /// What is handed out record by record.
    lent: Option<(Handed<Vec<i64>>, Lent)>,
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
        self.logs[partition].expected = match to {
            StartAt::Offset(offset) => Some(offset),
            _ => None,
        };
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
            }
        }
        self.fetcher.assign(wanted);
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
        let records = (log.end..next).filter(keep).collect();
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
        let leaders = Leaders(self.logs.iter().map(|log| log.leader).collect());
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
    ) -> Option<Answer<Vec<i64>>> {
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

    /// The user takes one record.
    fn receive(&mut self) {
        let Some((handed, lent)) = self.lent.take() else {
            drop(self.fetcher.hand_out_error());
            self.lent = self.fetcher.lend(None);
            return;
        };
        let Some(position) = lent.position() else {
            let grown = (self.pick(2) == 0).then_some(70);
            self.fetcher.take_back(handed, &lent, grown);
            return;
        };
        assert!(!self.fetcher.is_paused(&handed.partition));
        let log = &mut self.logs[index(&handed.partition)];
        let next = handed.batch.batch.iter().find(|o| **o >= position);
        assert!(lent.advance(position, next.map(|offset| offset + 1)));
        if let Some(offset) = next {
            let expected = log.expected.unwrap_or(position);
            assert!(
                *offset >= expected && log.is_gap(expected, *offset),
                "a gap"
            );
            log.expected = Some(offset + 1);
            self.lent = Some((handed, lent));
        }
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
        let fresh: Vec<i64> = handed
            .batch
            .batch
            .iter()
            .copied()
            .filter(|o| *o >= handed.from.offset)
            .collect();
        let room = self.pick(8);
        let log = &mut self.logs[partition];
        let expected = log.expected.unwrap_or(handed.from.offset);
        assert!(
            handed.from.offset >= expected && log.is_gap(expected, handed.from.offset),
            "a jump"
        );
        let mut expected = handed.from.offset;
        for offset in fresh.iter().take(room) {
            assert!(
                *offset >= expected && log.is_gap(expected, *offset),
                "a gap"
            );
            expected = offset + 1;
        }
        let rest = fresh.get(room).copied();
        log.expected = Some(expected);
        if rest.is_some() && self.pick(4) == 0 {
            // All of it is damaged: nothing of it was handed out.
            self.logs[partition].expected = Some(handed.from.offset);
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
        match self.rng.below(6) {
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
        match self.rng.below(20) {
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
        }
    }

    /// Without faults everything that is in the log from the positions on is read.
    fn finish(&mut self) {
        self.assign(true);
        self.fetcher.handed_over();
        for partition in 0..self.logs.len() {
            self.fetcher.pause(&at(partition), false);
        }
        for _ in 0..2000 {
            self.now += Duration::from_millis(20);
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
                let fresh = handed
                    .batch
                    .batch
                    .iter()
                    .filter(|o| **o >= handed.from.offset);
                for offset in fresh {
                    let expected = log.expected.unwrap_or(*offset);
                    assert!(
                        *offset >= expected && log.is_gap(expected, *offset),
                        "a gap"
                    );
                    log.expected = Some(offset + 1);
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
