//! The consumer's task: keeps a fetch in flight at every broker that something is read from.
//!
//! All it knows by itself is what is under way; what to ask and what to make of an answer is the
//! [`Fetcher`](crate::machine::consumer::Fetcher)'s.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::answer::Said;
use super::farewell::close_sessions;
use super::fetch::{Fetch, Prepared};
use super::inner::Inner;
use super::lookups::{Ends, Resolved};
use super::troubles::{Troubles, is_nonsense};
use crate::cluster::{Brokers, Calls, now};
use crate::error::{Error, ErrorCode, FrameTooLarge, Result};
use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition};
use crate::machine::backoff::Backoff;
use crate::machine::consumer::{Doubtful, Planned};
use crate::machine::metadata::{ClusterMetadata, Interest, LeaderHint, Node};
use crate::net::Role;

/// So many answers in a row that make no sense are told: the broker will not do better.
const NONSENSE_MAX: u32 = 3;

/// What one of the task's calls came back with.
pub(super) enum Event {
    Fetched {
        prepared: Prepared,
        answer: Result<Fetch>,
    },
    Resolved {
        asked: Vec<(TopicPartition, u64)>,
        answer: Resolved,
    },
    Validated {
        asked: Vec<Doubtful>,
        answer: Ends,
    },
}

/// Runs until the consumer is closed.
pub(super) async fn drive(inner: Arc<Inner>) {
    let mut driver = Driver {
        brokers: inner.shared.brokers(Role::Fetch, 1),
        calls: Calls::new(),
        asking: BTreeSet::new(),
        backoffs: BTreeMap::new(),
        troubles: Troubles::default(),
        known: None,
        redirects: 0,
        sources: BTreeSet::new(),
        inner,
    };
    let mut metadata = driver.inner.shared.subscribe();
    loop {
        // As of before the step: what became due during it is due now.
        let began = now();
        driver.step();
        let due = driver.inner.fetcher().poll_timeout(began);
        tokio::select! {
            biased;
            () = driver.inner.closing.notified() => break,
            event = driver.calls.next() => driver.handle(event),
            () = driver.inner.wake.notified() => {}
            Ok(()) = metadata.changed() => {}
            () = tokio::time::sleep_until(due.unwrap_or_else(now).into()), if due.is_some() => {}
        }
    }
    let inner = Arc::clone(&driver.inner);
    drop(driver);
    close_sessions(&inner).await;
}

pub(super) struct Driver {
    pub(super) inner: Arc<Inner>,
    pub(super) brokers: Brokers,
    pub(super) calls: Calls<Event>,
    /// Partitions that something is being asked about beside fetches, as of which generation.
    pub(super) asking: BTreeSet<(TopicPartition, u64)>,
    backoffs: BTreeMap<BrokerId, Backoff>,
    troubles: Troubles,
    /// The assignment and the picture of the cluster that were looked at last.
    known: Option<(u64, u64)>,
    /// The state of the closer replicas that `sources` are of.
    redirects: u64,
    /// The brokers that an assigned partition is read from.
    sources: BTreeSet<BrokerId>,
}

impl Driver {
    /// Starts whatever can be started now.
    fn step(&mut self) {
        let version = self.inner.shared.metadata_version();
        let metadata = self.inner.shared.snapshot();
        self.look_around(version, &metadata);
        self.resolve(&metadata);
        self.validate(&metadata);
        let turns = self.inner.fetcher().in_turn(metadata.nodes.keys().copied());
        for node in turns.iter().filter_map(|id| metadata.nodes.get(id)) {
            let (mut fetcher, count) = (self.inner.fetcher(), self.sources.len());
            let plan = fetcher.poll_fetch(now(), node.id, count, &*metadata);
            drop(fetcher);
            let Some(plan) = plan else { continue };
            let prepared = Prepared::new(plan, &self.inner.config);
            let peer = self.brokers.get(node);
            // The broker may hold the answer back for the wait it was asked for.
            let limit = self.inner.shared.config.request_timeout + self.inner.config.fetch_max_wait;
            self.calls.push(Box::pin(async move {
                let called = peer.call(&prepared.request, prepared.max_version, limit);
                let answer = called.await.and_then(|response| prepared.read(response));
                Event::Fetched { prepared, answer }
            }));
        }
    }

    /// When the assignment or the cluster has changed: says which topics are in use, and asks again
    /// while one of them lacks a leader.
    fn look_around(&mut self, version: u64, metadata: &ClusterMetadata) {
        let mut fetcher = self.inner.fetcher();
        let seen = (fetcher.assignments(), version);
        let redirects = fetcher.redirects();
        if self.known != Some(seen) || self.redirects != redirects {
            self.sources = fetcher.sources(now(), metadata);
            self.redirects = redirects;
        }
        if self.known == Some(seen) {
            return;
        }
        let renewed = fetcher.notice_new_topics(now(), metadata, self.inner.reset_to());
        let assigned: Vec<TopicPartition> = fetcher.assignment().cloned().collect();
        self.troubles.keep(|at| fetcher.is_assigned(at));
        drop(fetcher);
        if !renewed.is_empty() {
            if let Some(group) = &self.inner.group {
                group.forget_offsets(&renewed);
            }
            self.inner.ready.notify_waiters();
        }
        self.known = Some(seen);
        let (mut topics, mut lacks) = (BTreeSet::new(), false);
        for at in &assigned {
            topics.insert(&at.topic);
            lacks |= metadata.leader_id(at).is_none();
        }
        let max_age = self.inner.shared.config.metadata_max_age;
        let interest = Interest::to_read(false).until_next_answer(max_age);
        for topic in topics {
            self.inner.shared.want_topic(topic, interest);
        }
        if lacks {
            self.inner.shared.refresh_metadata();
        }
    }

    fn handle(&mut self, event: Event) {
        let is_news = match &event {
            // An idle topic is no reason to wake whoever waits for its records.
            Event::Fetched {
                answer: Ok(fetch), ..
            } => self.inner.config.partition_eof || !fetch.is_empty(),
            _ => true,
        };
        let moves = match &event {
            Event::Fetched { answer, .. } => answer.as_ref().is_ok_and(Fetch::gets_on),
            _ => true,
        };
        match event {
            Event::Resolved { asked, answer } => self.handle_resolved(asked, answer),
            Event::Validated { asked, answer } => self.handle_validated(asked, answer),
            Event::Fetched { prepared, answer } => match answer {
                Ok(fetch) => self.handle_fetched(prepared.broker, fetch),
                Err(error) => self.handle_failed_fetch(&prepared, error),
            },
        }
        if is_news {
            self.inner.ready.notify_waiters();
        }
        if let Some(group) = self.inner.group.as_ref().filter(|_| moves) {
            group.moved();
        }
    }

    fn handle_fetched(&mut self, broker: BrokerId, fetch: Fetch) {
        self.backoff(broker).succeeded();
        self.inner.counters.fetched(fetch.bytes);
        let mut fetcher = self.inner.fetcher();
        fetcher.answered(broker, fetch.session, fetch.strangers);
        drop(fetcher);
        let hints = leader_hints(&fetch);
        if !hints.is_empty() {
            self.inner.shared.handle_leader_hints(hints);
        }
        for (planned, said) in fetch.partitions {
            match said {
                Said::Data(answer) => {
                    self.passed(&planned.partition);
                    self.inner.fetcher().fetched(&planned, answer);
                }
                Said::Refused(code, leader) => self.handle_refused(&planned, broker, code, leader),
                Said::Diverged(end) => {
                    let at = &planned.partition;
                    self.handle_cut(at, planned.generation, planned.offset, end);
                }
                Said::Redirected(replica) => self.handle_redirected(&planned, replica),
                Said::Broken(error) => self.fail(&planned.partition, planned.generation, error),
            }
        }
    }

    /// A fetch failed as a whole: the broker is asked again later, and what will not pass is told.
    fn handle_failed_fetch(&mut self, prepared: &Prepared, error: Error) {
        let (broker, planned) = (prepared.broker, &prepared.planned);
        self.inner.counters.failed();
        if let Some(frame) = FrameTooLarge::of(&error) {
            self.handle_too_large(broker, planned, frame);
            return;
        }
        let refused = error.code().filter(|_| !is_nonsense(&error));
        let is_session = refused.is_some_and(|code| self.inner.fetcher().refused(broker, code));
        let backoff = self.backoff(broker);
        let retry_at = backoff.failed(now());
        // A session that the broker has thrown out costs nothing but the next request's length.
        let retry_at = (!is_session || backoff.failures() > 1).then_some(retry_at);
        let lasts = !error.is_retriable() || is_nonsense(&error);
        // One answer that makes no sense may be a stream out of step, which a new connection mends.
        let told = lasts && (!is_nonsense(&error) || backoff.failures() >= NONSENSE_MAX);
        tracing::debug!(%error, %broker, partitions = planned.len(), "a fetch failed");
        let mut fetcher = self.inner.fetcher();
        if is_session {
            fetcher.fetch_ended(broker, retry_at);
            return;
        }
        fetcher.lost(broker, retry_at);
        let left = |each: &&Planned| !fetcher.leave_replica(now(), &each.partition, broker);
        let led: Vec<&Planned> = planned.iter().filter(left).collect();
        drop(fetcher);
        for each in led.into_iter().filter(|_| told) {
            let at = &each.partition;
            let error = error.clone();
            let error = error
                .with_topic(at.topic.clone())
                .with_partition(at.partition);
            self.fail(at, each.generation, error);
        }
        self.inner.shared.refresh_metadata();
    }

    /// The answer was larger than what is read. Connections that end so are opened again after a
    /// pause, and a search for the partition ends, so that no further pause is needed.
    fn handle_too_large(&self, broker: BrokerId, planned: &[Planned], frame: FrameTooLarge) {
        tracing::debug!(%broker, partitions = planned.len(), "{frame}");
        let mut fetcher = self.inner.fetcher();
        if let Some(error) = fetcher.too_large(broker, planned, frame) {
            tracing::warn!(%error, "a partition is left out until it is sought");
        }
    }

    fn handle_refused(
        &mut self,
        planned: &Planned,
        broker: BrokerId,
        code: ErrorCode,
        leader: Option<(BrokerId, LeaderEpoch)>,
    ) {
        let (at, shared) = (&planned.partition, &self.inner.shared);
        if self.inner.fetcher().leave_replica(now(), at, broker) {
            tracing::debug!(%code, %broker, %at, "going back from a replica to the leader");
            return;
        }
        if let Some(leader) = leader.filter(|(_, epoch)| *epoch > planned.leader.epoch) {
            if shared.snapshot().leader(&at.topic, at.partition) == Some(leader) {
                return;
            }
        }
        let error = || {
            Error::broker(code, &format!("fetching from offset {}", planned.offset))
                .with_topic(at.topic.clone())
                .with_partition(at.partition)
                .with_broker(broker)
        };
        match code {
            ErrorCode::OFFSET_OUT_OF_RANGE => match self.inner.reset_to() {
                Some(place) => {
                    tracing::warn!(error = %error(), ?place, "starting over");
                    self.inner.fetcher().reset(planned, place);
                }
                None => self.fail(at, planned.generation, error()),
            },
            _ if code.is_retriable() || code == ErrorCode::UNKNOWN_SERVER_ERROR => {
                self.later(at, planned.generation, error());
            }
            _ => self.fail(at, planned.generation, error()),
        }
    }

    /// The leader says which replica is closer. One that metadata does not know is no use yet.
    fn handle_redirected(&mut self, planned: &Planned, replica: BrokerId) {
        let shared = &self.inner.shared;
        let there = shared.snapshot().nodes.contains_key(&replica);
        let lease = shared.config.metadata_max_age;
        let mut fetcher = self.inner.fetcher();
        fetcher.redirect(now(), planned, replica, there, lease);
        drop(fetcher);
        if !there {
            shared.refresh_metadata();
        }
    }

    /// Tries a partition again after its backoff, with fresh metadata. Of a topic that seems to be
    /// gone the user is told first.
    pub(super) fn later(&mut self, at: &TopicPartition, generation: u64, error: Error) {
        if self.troubles.is_news(at, error.code()) {
            tracing::warn!(%error, %at, "a partition cannot be read for now; trying again");
        } else {
            tracing::debug!(%error, %at, "trying again later");
        }
        match self.troubles.gone(now(), at, error.code()) {
            Some(gone) => self.fail(at, generation, gone),
            None => {
                let mut fetcher = self.inner.fetcher();
                fetcher.try_later(now(), at, generation, error);
            }
        }
        self.inner.shared.refresh_metadata();
    }

    /// A partition answers as it should.
    pub(super) fn passed(&mut self, at: &TopicPartition) {
        if self.troubles.ends(at) {
            tracing::info!(%at, "the partition can be read again");
        }
    }

    /// Leaves a partition to the user.
    pub(super) fn fail(&self, at: &TopicPartition, generation: u64, error: Error) {
        self.inner.fetcher().fail(now(), at, generation, error);
    }

    fn backoff(&mut self, broker: BrokerId) -> &mut Backoff {
        let shared = &self.inner.shared;
        let new = || Backoff::new(shared.retry_policy(), shared.env.seed());
        self.backoffs.entry(broker).or_insert_with(new)
    }
}

/// What an answer says of who leads the partitions that it refuses.
fn leader_hints(fetch: &Fetch) -> Vec<LeaderHint> {
    let nodes: BTreeMap<BrokerId, &Node> = fetch.nodes.iter().map(|it| (it.id, it)).collect();
    let hint = |(planned, said): &(Planned, Said)| {
        let Said::Refused(_, Some((leader, epoch))) = *said else {
            return None;
        };
        Some(LeaderHint {
            topic_id: TopicId(planned.leader.topic_id),
            partition: planned.partition.clone(),
            leader,
            epoch,
            node: nodes.get(&leader).map(|node| Node::clone(node)),
        })
    };
    fetch.partitions.iter().filter_map(hint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Uuid;
    use crate::machine::consumer::Leader;

    #[test]
    fn the_hints_of_one_answer_are_taken_together() {
        let topic_id = Uuid([7; 16]);
        let planned = |partition| Planned {
            partition: TopicPartition::new("t", partition),
            offset: 0,
            leader: Leader {
                id: BrokerId(1),
                epoch: LeaderEpoch(5),
                topic_id,
            },
            generation: 1,
            listed: true,
        };
        let refused = |leader| Said::Refused(ErrorCode::NOT_LEADER_OR_FOLLOWER, leader);
        let moved = |to| refused(Some((BrokerId(to), LeaderEpoch(6))));
        let node = Node::new(9, "b9".to_owned(), 9092, None);
        let fetch = Fetch {
            session: 0,
            strangers: false,
            partitions: vec![
                (planned(0), moved(2)),
                (planned(1), refused(None)),
                (planned(2), moved(9)),
            ],
            bytes: 0,
            nodes: node.clone().into_iter().collect(),
        };
        let hints = leader_hints(&fetch);
        let asked_as = |hint: &LeaderHint| hint.topic_id == TopicId(topic_id);
        assert!(hints.iter().all(asked_as));
        let hints = hints.into_iter();
        let told: Vec<_> = hints
            .map(|it| (it.partition.partition, it.leader, it.node))
            .collect();
        assert_eq!(told, [(0, BrokerId(2), None), (2, BrokerId(9), node)]);
    }
}
