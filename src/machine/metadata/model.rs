//! Random questions and answers against a cluster that changes, lags and fails.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::error::ErrorCode;
use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition, Uuid};
use crate::machine::backoff::BackoffPolicy;
use crate::machine::rng::Rng;
use crate::protocol::metadata::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};

const SEEDS: u64 = 2000;
const STEPS: usize = 120;
const TOPICS: [&str; 4] = ["a", "b", "c", "d"];
const BROKERS: i32 = 3;
const MS: Duration = Duration::from_millis(1);
const RETRY: BackoffPolicy = BackoffPolicy {
    initial: Duration::from_millis(100),
    max: Duration::from_millis(1000),
};

/// What the cluster's topics are: an id, and leader and epoch for each partition.
type Topics = BTreeMap<&'static str, Topic>;
type Topic = (u8, Vec<(i32, i32)>);

struct World {
    seed: u64,
    rng: Rng,
    now: Instant,
    machine: MetadataMachine,
    /// The truth, newest last; a lagging broker answers with an older one.
    history: VecDeque<Topics>,
    creates: bool,
    next_id: u8,
    /// And whether it is about news alone.
    under_way: Option<(Query, bool)>,
    /// The topic ids in the picture, and the epochs seen under them, by partition.
    seen: BTreeMap<&'static str, (TopicId, BTreeMap<i32, LeaderEpoch>)>,
    wanted: BTreeMap<&'static str, Instant>,
    /// When the last question ended that was not about news alone, or failed, and whether it did.
    ended: Option<(Instant, bool)>,
    /// What was wanted anew and not asked about since.
    news: BTreeSet<&'static str>,
}

impl World {
    fn new(seed: u64) -> Self {
        let (mut rng, now) = (Rng::new(seed), Instant::now());
        let creates = rng.below(2) == 0;
        Self {
            seed,
            now,
            machine: MetadataMachine::new(now, RETRY, seed, Duration::from_secs(30)),
            history: VecDeque::from([Topics::new()]),
            creates,
            next_id: 1,
            under_way: None,
            seen: BTreeMap::new(),
            wanted: BTreeMap::new(),
            ended: None,
            news: BTreeSet::new(),
            rng,
        }
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.rng.below(100) < percent
    }

    fn pick(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(u64::try_from(bound).unwrap())).unwrap()
    }

    fn topic(&mut self) -> &'static str {
        TOPICS[self.pick(TOPICS.len())]
    }

    fn broker(&mut self) -> i32 {
        1 + i32::try_from(self.rng.below(3)).unwrap()
    }

    fn create(&mut self, topics: &mut Topics, topic: &'static str) {
        let partitions = 1 + self.pick(3);
        let leaders = (0..partitions).map(|_| (self.broker(), 0)).collect();
        topics.insert(topic, (self.next_id, leaders));
        self.next_id += 1;
    }

    /// Something happens to one topic of the cluster.
    fn mutate(&mut self) {
        let mut topics = self.history.back().unwrap().clone();
        let (topic, what, leader) = (self.topic(), self.rng.below(10), self.broker());
        match topics.get_mut(topic) {
            None => self.create(&mut topics, topic),
            Some(_) if what == 0 => {
                topics.remove(topic);
            }
            Some((_, partitions)) if what == 1 => partitions.push((leader, 0)),
            Some((_, partitions)) => {
                let count = partitions.len();
                let at = &mut partitions[usize::try_from(leader).unwrap() % count];
                let leader = if what == 2 { -1 } else { leader };
                *at = (leader, at.1 + 1);
            }
        }
        self.history.push_back(topics);
        if self.history.len() > 4 {
            self.history.pop_front();
        }
    }

    fn want(&mut self, topic: &'static str) {
        let known = self.machine.snapshot().topic(topic).is_some();
        let create = self.chance(50);
        let idle = Duration::from_secs(20);
        // A second look-up may be the first that may create the topic.
        if !known {
            self.news.insert(topic);
        }
        self.wanted.insert(topic, self.now);
        let interest = Interest { create, idle };
        self.machine.want(self.now, &Arc::from(topic), interest);
    }

    fn poll(&mut self) {
        let Some(query) = self.machine.poll_query(self.now) else {
            let due = self.machine.poll_timeout();
            assert!(due.is_none_or(|at| at > self.now), "due and nothing asked");
            return;
        };
        assert!(self.under_way.is_none(), "one question at a time");
        assert!(
            self.machine.poll_query(self.now).is_none(),
            "asked twice at once"
        );
        if let Some((ended, failed)) = self.ended {
            let wait = self.now - ended;
            let least = RETRY.initial * 8 / 10;
            let mut asked = query.topics.iter();
            let news = asked.any(|topic| self.news.contains(&**topic));
            assert!(
                wait >= least || (news && !failed),
                "asked again after {wait:?}"
            );
        }
        for topic in &query.topics {
            let known = self.machine.snapshot().topic(topic).is_some();
            assert!(!(known && query.create), "a known topic would be created");
        }
        let mut topics = query.topics.iter();
        let is_news = topics.all(|topic| self.news.contains(&**topic));
        for topic in &query.topics {
            self.news.remove(&**topic);
        }
        let is_news = is_news && !query.topics.is_empty();
        self.under_way = Some((query, is_news));
    }

    /// The answer of a broker that is `lag` changes behind.
    fn answer(&mut self, query: &Query, lag: usize) -> MetadataResponse {
        if query.create && self.creates && lag == 0 {
            let mut topics = self.history.back().unwrap().clone();
            for topic in TOPICS
                .into_iter()
                .filter(|t| query.topics.iter().any(|q| &**q == *t))
            {
                if !topics.contains_key(topic) {
                    self.create(&mut topics, topic);
                }
            }
            self.history.push_back(topics);
        }
        let at = self.history.len().saturating_sub(1 + lag);
        let topics = &self.history[at];
        let broker = |node_id| MetadataResponseBroker {
            node_id,
            host: "b".to_owned(),
            port: 9092,
            ..MetadataResponseBroker::default()
        };
        let topic = |name: &Arc<str>| match topics.get(&**name) {
            None => MetadataResponseTopic {
                name: Some(name.to_string()),
                error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0,
                ..MetadataResponseTopic::default()
            },
            Some((id, partitions)) => MetadataResponseTopic {
                name: Some(name.to_string()),
                topic_id: Uuid([*id; 16]),
                partitions: (0..).zip(partitions).map(partition).collect(),
                ..MetadataResponseTopic::default()
            },
        };
        MetadataResponse {
            brokers: (1..=BROKERS).map(broker).collect(),
            topics: query.topics.iter().map(topic).collect(),
            ..MetadataResponse::default()
        }
    }

    fn settle(&mut self, lag: Option<usize>) {
        let Some((query, is_news)) = self.under_way.take() else {
            return;
        };
        let mut failed = true;
        match lag {
            None => self.machine.handle_failure(self.now),
            Some(lag) => {
                let mut response = self.answer(&query, lag);
                if lag > 0 && self.chance(10) {
                    response.topics.pop();
                }
                if lag > 0 && self.chance(5) {
                    response.brokers.clear();
                }
                self.machine.handle_response(self.now, &query, response);
                failed = self.machine.is_backing_off();
            }
        }
        if failed || !is_news {
            self.ended = Some((self.now, failed));
        }
        // What was wanted meanwhile, or never came up, may be asked for at once.
        let open = self.wanted.keys().filter(|topic| !self.answered(topic));
        let open: Vec<_> = open.copied().collect();
        self.news.extend(open);
    }

    fn answered(&self, topic: &str) -> bool {
        let picture = self.machine.snapshot();
        picture.topic(topic).is_some() || picture.topic_error(topic).is_some()
    }

    /// What a broker says that may be behind, and may still have a topic that was made anew.
    fn hint(&mut self) {
        let (topic, lag) = (self.topic(), self.pick(4));
        let at = self.history.len().saturating_sub(1 + lag);
        let Some((id, partitions)) = self.history[at].get(topic).cloned() else {
            return;
        };
        let hint = |(partition, (leader, epoch))| LeaderHint {
            topic_id: TopicId(Uuid([id; 16])),
            partition: TopicPartition::new(topic, partition),
            leader: BrokerId(leader),
            epoch: LeaderEpoch(epoch),
            node: None,
        };
        let hints = (0..).zip(partitions).map(hint);
        self.machine.handle_leader_hints(hints);
    }

    /// What must hold whenever one looks.
    fn check(&mut self) {
        let picture = Arc::clone(self.machine.snapshot());
        for name in TOPICS {
            let Some(topic) = picture.topic(name) else {
                self.seen.remove(name);
                continue;
            };
            let seen = self.seen.entry(name).or_default();
            if seen.0 != topic.id {
                *seen = (topic.id, BTreeMap::new());
            }
            for partition in &topic.partitions {
                let before = seen.1.insert(partition.partition, partition.leader_epoch);
                let back = before.is_some_and(|before| before > partition.leader_epoch);
                assert!(!back, "a leader of {name} went back");
            }
        }
        let due = self.machine.poll_timeout();
        let soon = due.is_none_or(|due| due <= self.now + RETRY.max);
        for (topic, used) in &self.wanted {
            let in_use = self.now - *used < Duration::from_secs(10);
            assert!(
                !in_use || self.answered(topic) || soon,
                "{topic} is forgotten"
            );
        }
    }

    fn step(&mut self) {
        match self.rng.below(12) {
            0 => self.mutate(),
            1 => {
                let topic = self.topic();
                self.want(topic);
            }
            2 => self.machine.refresh(self.now),
            3 => self.hint(),
            4 => self.now += MS * u32::try_from(self.rng.below(12_000)).unwrap(),
            5 | 6 => self.now += MS * u32::try_from(self.rng.below(150)).unwrap(),
            7 | 8 => self.poll(),
            9 => {
                let lag = self.pick(4);
                self.settle(Some(lag));
            }
            10 => self.settle(Some(0)),
            _ => {
                let lag = self.chance(30).then_some(0);
                self.settle(lag);
            }
        }
        self.check();
    }

    /// With a cluster that is well again, the picture becomes the truth.
    fn recover(&mut self) {
        self.settle(Some(0));
        let mut topics = self.history.back().unwrap().clone();
        for (_, partitions) in topics.values_mut() {
            for at in partitions.iter_mut().filter(|at| at.0 < 0) {
                *at = (1, at.1 + 1);
            }
        }
        self.history.push_back(topics);
        for topic in TOPICS {
            self.want(topic);
        }
        self.machine.refresh(self.now);
        let start = self.now;
        for _ in 0..8 {
            self.now = self.now.max(self.machine.poll_timeout().unwrap());
            self.poll();
            self.settle(Some(0));
            self.check();
            if self.is_current() {
                break;
            }
        }
        assert!(self.is_current(), "the picture is not the truth");
        let took = self.now - start;
        assert!(took < Duration::from_secs(5), "{took:?} to see the truth");
    }

    /// Whether the picture is the truth.
    fn is_current(&self) -> bool {
        let current = |(name, (id, leaders)): (&&'static str, &Topic)| {
            let picture = self.machine.snapshot();
            let id_is = |known: &Arc<TopicMetadata>| known.id == TopicId(Uuid([*id; 16]));
            let leads = |(partition, (leader, epoch)): (i32, &(i32, i32))| {
                let truth = Some((BrokerId(*leader), LeaderEpoch(*epoch)));
                picture.leader(name, partition) == truth
            };
            picture.topic(name).is_some_and(id_is) && (0..).zip(leaders).all(leads)
        };
        self.history.back().unwrap().iter().all(current)
    }
}

fn partition((index, (leader, epoch)): (i32, &(i32, i32))) -> MetadataResponsePartition {
    MetadataResponsePartition {
        partition_index: index,
        leader_id: *leader,
        leader_epoch: *epoch,
        ..MetadataResponsePartition::default()
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
fn any_order_of_events_keeps_the_picture_honest_and_the_cluster_unbothered() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let _named = Named(world.seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.recover();
    }
}
