//! The consumer's task: keeps a fetch in flight at every broker that leads something, and finds
//! out which offsets the places are that the user named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};

use super::fetch::{Prepared, Said};
use super::inner::Inner;
use super::offsets::{Found, not_mentioned, resolve};
use super::troubles::{Troubles, is_nonsense};
use crate::cluster::{Brokers, now};
use crate::config::OffsetReset;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{BrokerId, TopicPartition};
use crate::machine::backoff::Backoff;
use crate::machine::consumer::{Planned, StartAt};
use crate::machine::metadata::{ClusterMetadata, Interest};
use crate::net::Role;

/// So many answers in a row that make no sense are told: the broker will not do better.
const NONSENSE_MAX: u32 = 3;

type Resolved = Result<BTreeMap<TopicPartition, Result<Found>>>;

/// What one of the task's calls came back with.
enum Event {
    Fetched {
        broker: BrokerId,
        planned: Vec<Planned>,
        answer: Result<Vec<(Planned, Said)>>,
    },
    Resolved {
        asked: Vec<(TopicPartition, u64)>,
        answer: Resolved,
    },
}

/// Runs until it is aborted.
pub(super) async fn drive(inner: Arc<Inner>) {
    let mut driver = Driver {
        brokers: inner.shared.brokers(Role::Fetch, 1),
        calls: FuturesUnordered::new(),
        resolving: BTreeSet::new(),
        backoffs: BTreeMap::new(),
        troubles: Troubles::default(),
        inner,
    };
    let mut metadata = driver.inner.shared.subscribe();
    loop {
        driver.step();
        let due = driver.inner.fetcher().poll_timeout(now());
        tokio::select! {
            biased;
            Some(event) = driver.calls.next() => driver.handle(event),
            () = driver.inner.wake.notified() => {}
            Ok(()) = metadata.changed() => {}
            () = tokio::time::sleep_until(due.unwrap_or_else(now).into()), if due.is_some() => {}
        }
    }
}

struct Driver {
    inner: Arc<Inner>,
    brokers: Brokers,
    calls: FuturesUnordered<BoxFuture<'static, Event>>,
    /// Partitions whose place is being asked for, as of which generation.
    resolving: BTreeSet<(TopicPartition, u64)>,
    backoffs: BTreeMap<BrokerId, Backoff>,
    troubles: Troubles,
}

impl Driver {
    /// Starts whatever can be started now.
    fn step(&mut self) {
        let metadata = self.inner.shared.snapshot();
        self.keep_topics_in_use(&metadata);
        self.resolve(&metadata);
        let leaders = self.leaders(&metadata);
        for node in metadata.nodes.values() {
            let leads = |at: &TopicPartition| metadata.leader_id(at) == Some(node.id);
            let mut fetcher = self.inner.fetcher();
            let plan = fetcher.poll_fetch(now(), node.id, leaders.len(), leads);
            drop(fetcher);
            let Some(plan) = plan else { continue };
            let prepared = Prepared::new(plan, &self.inner.config, &metadata);
            let peer = self.brokers.get(node);
            // The broker may hold the answer back for the wait it was asked for.
            let limit = self.inner.shared.config.request_timeout + self.inner.config.fetch_max_wait;
            self.calls.push(Box::pin(async move {
                let broker = prepared.broker;
                let planned = prepared.planned().cloned().collect();
                let called = peer.call(&prepared.request, prepared.max_version, limit);
                let answer = match called.await {
                    Ok(response) => prepared.read(response),
                    Err(error) => Err(error),
                };
                Event::Fetched {
                    broker,
                    planned,
                    answer,
                }
            }));
        }
    }

    /// The brokers that lead an assigned partition.
    fn leaders(&self, metadata: &ClusterMetadata) -> BTreeSet<BrokerId> {
        let fetcher = self.inner.fetcher();
        fetcher
            .assignment()
            .filter_map(|at| metadata.leader_id(at))
            .collect()
    }

    /// Says which topics are in use, and asks again while one of them lacks a leader.
    fn keep_topics_in_use(&mut self, metadata: &ClusterMetadata) {
        let assigned: Vec<TopicPartition> = self.inner.fetcher().assignment().cloned().collect();
        self.troubles.keep(&assigned);
        let topics: BTreeSet<&Arc<str>> = assigned.iter().map(|at| &at.topic).collect();
        for topic in topics {
            self.inner
                .shared
                .want_topic(topic, Interest::to_read(false));
        }
        if assigned.iter().any(|at| metadata.leader_id(at).is_none()) {
            self.inner.shared.refresh_metadata();
        }
    }

    /// Asks leaders for the places that are not offsets yet.
    fn resolve(&mut self, metadata: &ClusterMetadata) {
        type Group = (Vec<(TopicPartition, StartAt)>, Vec<(TopicPartition, u64)>);
        let mut by_leader: BTreeMap<BrokerId, Group> = BTreeMap::new();
        for (at, place, generation) in self.inner.fetcher().unresolved(now()) {
            let Some(leader) = metadata.leader_id(&at) else {
                continue;
            };
            if self.resolving.insert((at.clone(), generation)) {
                let group = by_leader.entry(leader).or_default();
                group.0.push((at.clone(), place));
                group.1.push((at, generation));
            }
        }
        for (leader, (places, asked)) in by_leader {
            let shared = Arc::clone(&self.inner.shared);
            let isolation = self.inner.config.isolation_level;
            let limit = shared.config.request_timeout;
            self.calls.push(Box::pin(async move {
                let answer = resolve(&shared, leader, places, isolation, limit).await;
                Event::Resolved { asked, answer }
            }));
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Resolved { asked, answer } => self.handle_resolved(asked, answer),
            Event::Fetched {
                broker,
                planned,
                answer,
            } => {
                self.handle_fetched(broker, planned, answer);
            }
        }
        self.inner.ready.notify_waiters();
    }

    fn handle_resolved(&mut self, asked: Vec<(TopicPartition, u64)>, answer: Resolved) {
        let mut answers = match answer {
            Ok(answers) => answers,
            Err(error) => {
                let failed = |(at, _): &(TopicPartition, u64)| (at.clone(), Err(error.clone()));
                asked.iter().map(failed).collect()
            }
        };
        for (at, generation) in asked {
            self.resolving.remove(&(at.clone(), generation));
            match answers.remove(&at) {
                Some(Ok(found)) => {
                    self.passed(&at);
                    let mut fetcher = self.inner.fetcher();
                    fetcher.resolved(&at, generation, found.offset);
                }
                // A failure to find out is never taken for "no offset": ask again later.
                Some(Err(error)) if error.is_retriable() => self.later(&at, generation, error),
                Some(Err(error)) => self.fail(&at, generation, error),
                None => self.later(&at, generation, not_mentioned()),
            }
        }
    }

    fn handle_fetched(
        &mut self,
        broker: BrokerId,
        planned: Vec<Planned>,
        answer: Result<Vec<(Planned, Said)>>,
    ) {
        let all = match answer {
            Ok(all) => all,
            Err(error) => return self.handle_failed_fetch(broker, &planned, error),
        };
        self.backoff(broker).succeeded();
        self.inner.fetcher().fetch_ended(broker, None);
        for (planned, said) in all {
            match said {
                Said::Data(answer) => {
                    self.passed(&planned.partition);
                    self.inner.fetcher().fetched(&planned, answer);
                }
                Said::Refused(code) => self.handle_refused(&planned, broker, code),
                Said::Broken(error) => self.fail(&planned.partition, planned.generation, error),
            }
        }
    }

    /// A fetch failed as a whole: the broker is asked again later, and what will not pass is told.
    fn handle_failed_fetch(&mut self, broker: BrokerId, planned: &[Planned], error: Error) {
        let backoff = self.backoff(broker);
        let retry_at = backoff.failed(now());
        let lasts = !error.is_retriable() || is_nonsense(&error);
        // One answer that makes no sense may be a stream out of step, which a new connection mends.
        let told = lasts && (!is_nonsense(&error) || backoff.failures() >= NONSENSE_MAX);
        tracing::debug!(%error, %broker, partitions = planned.len(), "a fetch failed");
        self.inner.fetcher().fetch_ended(broker, Some(retry_at));
        for each in planned.iter().filter(|_| told) {
            let at = &each.partition;
            let error = error.clone();
            let error = error
                .with_topic(at.topic.clone())
                .with_partition(at.partition);
            self.fail(at, each.generation, error);
        }
        self.inner.shared.refresh_metadata();
    }

    fn handle_refused(&mut self, planned: &Planned, broker: BrokerId, code: ErrorCode) {
        let at = &planned.partition;
        let error = || {
            Error::broker(code, &format!("fetching from offset {}", planned.offset))
                .with_topic(at.topic.clone())
                .with_partition(at.partition)
                .with_broker(broker)
        };
        match code {
            ErrorCode::OFFSET_OUT_OF_RANGE => match self.reset_to() {
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

    /// Where `auto.offset.reset` says to start over; `None` if it says not to.
    fn reset_to(&self) -> Option<StartAt> {
        match self.inner.config.auto_offset_reset {
            OffsetReset::Earliest => Some(StartAt::Beginning),
            OffsetReset::Latest => Some(StartAt::End),
            OffsetReset::ByDuration(back) => {
                let back = i64::try_from(back.as_millis()).unwrap_or(i64::MAX);
                let time = self.inner.shared.env.timestamp_ms().saturating_sub(back);
                Some(StartAt::Timestamp(time.max(0)))
            }
            OffsetReset::None => None,
        }
    }

    /// Tries a partition again after its backoff, with fresh metadata.
    fn later(&mut self, at: &TopicPartition, generation: u64, error: Error) {
        if self.troubles.is_news(at, error.code()) {
            tracing::warn!(%error, %at, "a partition cannot be read for now; trying again");
        } else {
            tracing::debug!(%error, %at, "trying again later");
        }
        let mut fetcher = self.inner.fetcher();
        fetcher.try_later(now(), at, generation, error);
        drop(fetcher);
        self.inner.shared.refresh_metadata();
    }

    /// A partition answers as it should.
    fn passed(&mut self, at: &TopicPartition) {
        if self.troubles.ends(at) {
            tracing::info!(%at, "the partition can be read again");
        }
    }

    /// Leaves a partition to the user.
    fn fail(&self, at: &TopicPartition, generation: u64, error: Error) {
        self.inner.fetcher().fail(now(), at, generation, error);
    }

    fn backoff(&mut self, broker: BrokerId) -> &mut Backoff {
        let shared = &self.inner.shared;
        let new = || Backoff::new(shared.retry_policy(), shared.env.seed());
        self.backoffs.entry(broker).or_insert_with(new)
    }
}
