//! Random histories of a whole group against a model of its coordinator: lost and late requests and
//! answers, crashes, members that stop for a while, slow users and listeners, topics that grow.
//!
//! Whatever happens, no two members that the coordinator knows have the same partition, no commit
//! that it accepts goes back or is of a partition that somebody else has, and nobody starts behind
//! a record that was never handed out. What was begun to commit of partitions that are given up is
//! waited for, what is confirmed was committed, and what a user committed stays. Nobody commits
//! without a membership. A listener is told what came, and of each partition that went just once.
//! Where members say what they have, they say just that. Once the trouble ends, every partition has
//! one owner.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::client::{Client, Outside, TOO_LARGE};
use super::commits::{Codes, CommitCall};
use super::{Answer, Ask, Call, Limit, Membership, Partitions, Standing, Topology, Wanted};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition, Uuid};
use crate::machine::backoff::BackoffPolicy;
use crate::machine::metadata::{PartitionMetadata, TopicMetadata};
use crate::machine::rng::Rng;

mod client;

pub(super) use self::client::COMMIT_LIMIT;

const STEPS: usize = 400;
const SEC: Duration = Duration::from_secs(1);

/// How often members of these worlds try again.
pub(super) const RETRY: BackoffPolicy = BackoffPolicy {
    initial: Duration::from_millis(100),
    max: SEC,
};

/// Answers, to which client, and to which call.
pub(super) type Answers = Vec<(usize, Call, Answer)>;

/// A model of a coordinator, and the kind of members that it has.
pub(super) trait Coordinator: fmt::Debug {
    fn member(&self, now: Instant, number: usize, seed: u64) -> Membership;
    fn handle(&mut self, now: Instant, client: usize, call: Call) -> Answers;
    /// As a broker that does not coordinate the group, or not yet.
    fn refuse(&self, call: &Call) -> Answer;
    fn tick(&mut self, now: Instant) -> Answers;
    /// Whether a commit is taken.
    fn check(&self, by: &Standing) -> Result<()>;
    /// Whether it takes this for a member whose session is not over.
    fn knows(&self, member: &str, now: Instant) -> bool;
    /// Whether somebody who thinks of itself so is right.
    fn in_force(&self, standing: &Standing, now: Instant) -> bool;
    /// What all members agree on when there is no trouble.
    fn generation(&self) -> i32;
    /// Tells it how many partitions topics have.
    fn set_partitions(&mut self, _: &BTreeMap<&'static str, i32>) {}
}

/// The id of a topic with a name of one letter.
pub(super) fn id_of(name: &str) -> TopicId {
    let mut bytes = [0; 16];
    bytes[15] = name.as_bytes()[0];
    TopicId(Uuid(bytes))
}

pub(super) fn topic(name: &str, partitions: i32) -> Arc<TopicMetadata> {
    let partition = |partition| PartitionMetadata {
        partition,
        leader: Some(BrokerId(1)),
        leader_epoch: LeaderEpoch(0),
        replicas: Vec::new(),
        in_sync: Vec::new(),
        offline: Vec::new(),
    };
    Arc::new(TopicMetadata {
        name: name.into(),
        id: id_of(name),
        is_internal: false,
        partitions: (0..partitions).map(partition).collect(),
    })
}

/// Something on its way.
#[derive(Debug)]
enum Flight {
    Request {
        client: usize,
        call: Call,
    },
    Commit {
        client: usize,
        call: CommitCall,
    },
    Committed {
        client: usize,
        call: CommitCall,
        answer: Codes,
    },
    Answer {
        client: usize,
        call: Call,
        answer: Answer,
    },
}

pub(super) struct World<C> {
    rng: Rng,
    seed: u64,
    now: Instant,
    calm: bool,
    clients: BTreeMap<usize, Client>,
    last_client: usize,
    pub(super) coordinator: C,
    partitions: BTreeMap<&'static str, i32>,
    flights: Vec<Flight>,
    committed: BTreeMap<TopicPartition, i64>,
    handed: BTreeMap<TopicPartition, i64>,
}

impl<C: Coordinator> World<C> {
    fn new(seed: u64, coordinator: C) -> Self {
        let now = Instant::now();
        Self {
            rng: Rng::new(seed),
            seed,
            now,
            calm: false,
            clients: BTreeMap::new(),
            last_client: 0,
            coordinator,
            partitions: BTreeMap::from([("a", 3), ("b", 1)]),
            flights: Vec::new(),
            committed: BTreeMap::new(),
            handed: BTreeMap::new(),
        }
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.rng.below(100) < percent
    }

    fn pick_client(&mut self) -> Option<usize> {
        let ids: Vec<usize> = self.clients.keys().copied().collect();
        let bound = u64::try_from(ids.len()).unwrap();
        ids.get(usize::try_from(self.rng.below(bound)).unwrap())
            .copied()
    }

    fn topology(&self) -> Topology {
        let known = |(name, count): (&&str, &i32)| ((*name).into(), Some(topic(name, *count)));
        Topology {
            topics: self.partitions.iter().map(known).collect(),
            racks: BTreeMap::new(),
        }
    }

    fn names(&self) -> BTreeMap<TopicId, Arc<str>> {
        let names = self.partitions.keys();
        names.map(|name| (id_of(name), Arc::from(*name))).collect()
    }

    fn start_client(&mut self) {
        self.last_client += 1;
        let seed = self.rng.next_u64();
        let mut member = self.coordinator.member(self.now, self.last_client, seed);
        member.subscribe(self.some_topics());
        let client = Client::new(self.last_client, member, self.now, seed);
        self.clients.insert(client.id, client);
    }

    fn some_topics(&mut self) -> Wanted {
        let topics: &[&str] = if self.chance(70) { &["a", "b"] } else { &["a"] };
        Wanted {
            topics: topics.iter().map(|topic| Arc::from(*topic)).collect(),
            pattern: None,
        }
    }

    /// Lets a client do what it can.
    fn run(&mut self, id: usize) {
        loop {
            let now = self.now;
            let Some(client) = self.clients.get_mut(&id) else {
                return;
            };
            if now < client.stopped_until {
                return;
            }
            if let Some(act) = client.member.poll_act(now) {
                let world = Outside {
                    now,
                    committed: &self.committed,
                    handed: &self.handed,
                };
                client.act(act, &world);
                self.check_owners();
                continue;
            }
            let ask = client.member.poll_call(now);
            let commit = client.poll_commit(now);
            if ask.is_none() && commit.is_none() && !client.settle(&self.committed) {
                client.member.take_suspect();
                client.ledger.take_suspect();
                return;
            }
            if let Some(call) = ask {
                client.check_said(&call);
                self.flights.push(Flight::Request { client: id, call });
            }
            if let Some(call) = commit {
                self.flights.push(Flight::Commit { client: id, call });
            }
        }
    }

    /// No partition has two owners among the members that the coordinator knows.
    fn check_owners(&self) {
        let mut owners: BTreeMap<&TopicPartition, usize> = BTreeMap::new();
        for client in self.clients.values() {
            let Some(standing) = client.member.standing() else {
                continue;
            };
            if !self.coordinator.knows(&standing.member_id, self.now) {
                continue;
            }
            for at in client.member.handover().owned() {
                let other = owners.insert(at, client.id);
                assert_eq!(
                    other, None,
                    "seed {}: {at} is with {}",
                    self.seed, client.id
                );
            }
        }
    }

    fn step(&mut self) {
        let ms = self.rng.below(if self.calm { 200 } else { 800 });
        self.now += Duration::from_millis(ms);
        let crowd = u64::try_from(self.clients.len()).unwrap();
        match self.rng.below(100) {
            _ if self.calm => {}
            0..=5 if crowd < 4 => self.start_client(),
            6 => self.crash(),
            7 => self.stop(),
            8 => self.leave(),
            9 => self.change_topics(),
            10 => {
                let count = self.partitions.get_mut("a").unwrap();
                *count = (*count + 1).min(8);
                self.coordinator.set_partitions(&self.partitions);
            }
            11 => {
                if let Some(id) = self.pick_client() {
                    self.clients
                        .get_mut(&id)
                        .unwrap()
                        .member
                        .request_rejoin("asked for");
                }
            }
            _ => {}
        }
        self.fly();
        for id in self.clients.keys().copied().collect::<Vec<_>>() {
            self.let_user_act(id);
            self.run(id);
        }
        let answers = self.coordinator.tick(self.now);
        self.answer(answers);
        self.check_owners();
    }

    fn crash(&mut self) {
        if let Some(id) = self.pick_client() {
            self.clients.remove(&id);
        }
    }

    fn stop(&mut self) {
        let seconds = self.rng.below(25);
        if let Some(id) = self.pick_client() {
            self.clients.get_mut(&id).unwrap().stopped_until =
                self.now + Duration::from_secs(seconds);
        }
    }

    fn leave(&mut self) {
        let until = self.now + SEC * 2;
        if let Some(id) = self.pick_client() {
            let client = self.clients.get_mut(&id).unwrap();
            client.member.leave(Limit::Until(until));
            client.leaving = Some(until);
        }
    }

    fn change_topics(&mut self) {
        let topics = self.some_topics();
        if let Some(client) = self.pick_client().and_then(|id| self.clients.get_mut(&id)) {
            if client.leaving.is_none() {
                client.member.subscribe(topics);
            }
        }
    }

    fn let_user_act(&mut self, id: usize) {
        let (polls, steps) = match self.calm {
            true => (100, 99),
            false => (self.rng.below(100), self.rng.below(100)),
        };
        let (overdue, commits) = (!self.calm && self.chance(3), self.chance(20));
        let topology = (self.calm || self.chance(60)).then(|| self.topology());
        let names = (self.calm || self.chance(30)).then(|| self.names());
        let now = self.now;
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if now < client.stopped_until {
            return;
        }
        if let Some(topology) = topology {
            client.member.handle_topology(topology);
        }
        if let Some(names) = names.filter(|_| !client.member.nameless().is_empty()) {
            client.member.handle_names(names);
        }
        if overdue || steps > 40 {
            client.end_telling(now, overdue);
        }
        if client.leaving.is_some() && client.member.is_out() {
            client.check_out();
            self.clients.remove(&id);
            return;
        }
        if commits && polls < 30 {
            client.commit_busy(now);
        }
        if polls > 50 && !client.polling {
            client.polling = true;
            client.member.poll_begins();
            client.busy.clear();
            if commits {
                client.commit_all(now);
            }
            if let Some((step, _)) = client.waiting.take() {
                client.member.handle_done(step);
            }
        }
        if client.polling && polls > 30 {
            client.polling = false;
            client.member.poll_ends(now);
            assert!(
                client.member.take_error().is_none(),
                "nothing is refused here"
            );
            self.hand_out(id);
        }
    }

    /// The user gets some records of everything that is neither held nor waited for.
    fn hand_out(&mut self, id: usize) {
        let client = self.clients.get_mut(&id).unwrap();
        // While partitions change hands the model's fetcher hands out nothing: it keeps no list of
        // those that are held.
        if !client.member.handover().is_idle() {
            return;
        }
        for (at, position) in &mut client.positions {
            let Some(position) = position else { continue };
            client.busy.insert(at.clone(), *position);
            *position += 1;
            let handed = self.handed.entry(at.clone()).or_insert(0);
            assert!(*position <= *handed + 1, "{at}: a record was passed over");
            *handed = (*handed).max(*position);
        }
    }

    /// Delivers some of what is on its way, or loses it.
    fn fly(&mut self) {
        let mut behind = BTreeSet::new();
        for flight in std::mem::take(&mut self.flights) {
            // Heartbeats of the newer protocol and its farewells share a connection.
            let in_line = match &flight {
                Flight::Request { client, call } => {
                    matches!(call.ask, Ask::Beat(_)).then_some(*client)
                }
                _ => None,
            };
            let waits = in_line.is_some_and(|client| behind.contains(&client));
            if waits || !self.calm && self.chance(40) {
                behind.extend(in_line);
                self.flights.push(flight);
                continue;
            }
            let lost = !self.calm && self.chance(6);
            match flight {
                Flight::Answer { client, .. }
                | Flight::Request { client, .. }
                | Flight::Committed { client, .. }
                    if !self.clients.contains_key(&client) => {}
                Flight::Answer { client, call, .. } if lost => self.fail(client, &call),
                Flight::Request { client, call } if lost => self.fail(client, &call),
                Flight::Answer {
                    client,
                    call,
                    answer,
                } => self.deliver(client, call, answer),
                Flight::Request { client, call } => {
                    let errs = !self.calm && self.chance(4);
                    let answers = match errs {
                        true => {
                            let answer = self.coordinator.refuse(&call);
                            vec![(client, call, answer)]
                        }
                        false => self.coordinator.handle(self.now, client, call),
                    };
                    self.answer(answers);
                }
                Flight::Commit { client, call } => {
                    let answer = match lost {
                        true => Err(Error::new(ErrorKind::Disconnected, "lost")),
                        false => Ok(self.commit(client, &call)),
                    };
                    self.flights.push(Flight::Committed {
                        client,
                        call,
                        answer,
                    });
                }
                Flight::Committed {
                    client,
                    call,
                    answer,
                } => {
                    let unheard = || Err(Error::new(ErrorKind::Disconnected, "lost"));
                    let answer = if lost { unheard() } else { answer };
                    self.confirm(client, call, answer);
                }
            }
        }
    }

    fn answer(&mut self, answers: Answers) {
        let flight = |(client, call, answer)| Flight::Answer {
            client,
            call,
            answer,
        };
        self.flights.extend(answers.into_iter().map(flight));
    }

    /// The coordinator takes a commit if the generation is right; then nobody else may have it.
    fn commit(&mut self, id: usize, call: &CommitCall) -> BTreeMap<TopicPartition, ErrorCode> {
        let seed = self.seed;
        let by = call.standing.as_ref();
        let by = by.unwrap_or_else(|| panic!("seed {seed}: {id} commits as a stranger"));
        let code = self.coordinator.check(by).err();
        let code = code.map_or(ErrorCode::NONE, |error| error.code().unwrap());
        let mut codes = BTreeMap::new();
        for (at, offset) in &call.offsets {
            let code = match code {
                ErrorCode::NONE if offset.metadata == TOO_LARGE => {
                    ErrorCode::OFFSET_METADATA_TOO_LARGE
                }
                ErrorCode::NONE if !self.calm && self.chance(5) => {
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                }
                code => code,
            };
            if code == ErrorCode::NONE {
                self.take_commit(id, at, offset.offset);
            }
            codes.insert(at.clone(), code);
        }
        codes
    }

    fn take_commit(&mut self, id: usize, at: &TopicPartition, offset: i64) {
        let seed = self.seed;
        for other in self.clients.values().filter(|other| other.id != id) {
            let known = other.member.standing();
            let known = known.filter(|it| self.coordinator.in_force(it, self.now));
            let has = known.is_some() && other.member.handover().owned().contains(at);
            let with = other.id;
            assert!(
                !has,
                "seed {seed}: {at} is committed by {id}, had by {with}"
            );
        }
        let committed = self.committed.entry(at.clone()).or_insert(0);
        assert!(offset >= *committed, "seed {seed}: {at} goes back");
        *committed = offset;
    }

    fn confirm(&mut self, id: usize, call: CommitCall, answer: Codes) {
        let client = self.clients.get_mut(&id).unwrap();
        if self.now < client.stopped_until {
            let client = id;
            self.flights.push(Flight::Committed {
                client,
                call,
                answer,
            });
            return;
        }
        client.hear(self.now, call.number, &call.offsets, answer);
    }

    fn fail(&mut self, id: usize, call: &Call) {
        let lost = || Error::new(ErrorKind::Disconnected, "lost");
        let answer = match call.ask {
            Ask::Join(_) => Answer::Join(Err(lost())),
            Ask::Sync(_) => Answer::Sync(Err(lost())),
            Ask::Heartbeat(_) => Answer::Heartbeat(Err(lost())),
            Ask::Leave(_) => Answer::Leave(Err(lost())),
            Ask::Beat(_) => Answer::Beat(Err(lost())),
        };
        let member = &mut self.clients.get_mut(&id).unwrap().member;
        member.handle(self.now, call.number, answer);
    }

    fn deliver(&mut self, id: usize, call: Call, answer: Answer) {
        let client = self.clients.get_mut(&id).unwrap();
        if self.now < client.stopped_until {
            let client = id;
            self.flights.push(Flight::Answer {
                client,
                call,
                answer,
            });
            return;
        }
        client.member.handle(self.now, call.number, answer);
    }

    /// Without trouble for a while: everything has one owner, who goes on reading.
    fn check_settled(&self) {
        let mut owned = Partitions::new();
        let wanted: BTreeSet<Arc<str>> = self
            .clients
            .values()
            .flat_map(|client| client.member.topics())
            .collect();
        for client in self.clients.values() {
            let (seed, member, coordinator) = (self.seed, &client.member, &self.coordinator);
            let state = format!("seed {seed}: {member:?} {coordinator:?}");
            assert!(client.member.handover().is_idle(), "{state}");
            let standing = client.member.standing().expect(&state);
            assert_eq!(
                standing.generation,
                self.coordinator.generation(),
                "{state}"
            );
            owned.extend(client.member.handover().owned().iter().cloned());
            client.check_settled(&state);
            let released = client.positions.values().filter(|at| at.is_some()).count();
            assert_eq!(released, client.member.handover().owned().len(), "{state}");
        }
        let all = self
            .partitions
            .iter()
            .filter(|(name, _)| wanted.contains(**name));
        let all: usize = all.map(|(_, count)| usize::try_from(*count).unwrap()).sum();
        assert_eq!(
            owned.len(),
            all,
            "seed {}: {:?}",
            self.seed,
            self.coordinator
        );
    }
}

/// Plays a history of trouble and peace with each seed; how often the group changed.
pub(super) fn play<C: Coordinator>(seeds: std::ops::Range<u64>, make: impl Fn(u64) -> C) -> i32 {
    let mut changes = 0;
    for seed in seeds {
        let mut world = World::new(seed, make(seed));
        world.coordinator.set_partitions(&world.partitions);
        world.start_client();
        for _ in 0..STEPS {
            world.step();
        }
        world.calm = true;
        if world.clients.is_empty() {
            world.start_client();
        }
        for _ in 0..1200 {
            world.step();
        }
        world.check_settled();
        changes += world.coordinator.generation();
    }
    changes
}
