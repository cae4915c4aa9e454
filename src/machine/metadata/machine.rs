//! [`MetadataMachine`]: decides what to ask the cluster and when, and keeps the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::merge::{Scope, merge};
use super::picture::ClusterMetadata;
use crate::machine::backoff::{Backoff, BackoffPolicy};
use crate::protocol::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};

/// How long a topic that does not exist is asked for after its last look-up.
const MISSING_TOPIC_IDLE: Duration = Duration::from_secs(10);

/// Why a topic is looked up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Interest {
    /// Whether a broker with `auto.create.topics.enable` may make it.
    pub(crate) create: bool,
    /// How long after this look-up it is still asked for.
    pub(crate) idle: Duration,
}

impl Interest {
    /// A reader's. Only producers have a property for the idle time.
    pub(crate) fn to_read(create: bool) -> Self {
        let idle = Duration::from_secs(300);
        Self { create, idle }
    }

    /// Of one who names its topics again with every answer: it outlasts the next question, however
    /// late that is.
    pub(crate) fn until_next_answer(mut self, max_age: Duration) -> Self {
        self.idle = self.idle.max(max_age.saturating_mul(2));
        self
    }
}

/// One metadata request to send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Query {
    pub(super) topics: Vec<Arc<str>>,
    pub(super) create: bool,
}

impl Query {
    pub(crate) fn request(&self) -> MetadataRequest {
        let topic = |name: &Arc<str>| MetadataRequestTopic {
            name: Some(name.to_string()),
            ..MetadataRequestTopic::default()
        };
        MetadataRequest {
            topics: Some(self.topics.iter().map(topic).collect()),
            allow_auto_topic_creation: self.create,
            ..MetadataRequest::default()
        }
    }
}

#[derive(Debug)]
struct Wanted {
    last_used: Instant,
    /// The latest end that any look-up asked for.
    keep_until: Instant,
    create: bool,
}

/// When a question may leave.
#[derive(Debug)]
struct Schedule {
    /// The question about everything.
    due: Instant,
    /// One about what is fresh alone: who begins to use many topics one after the other does not
    /// ask about all of them each time.
    news: Option<Instant>,
    /// A backoff after the last question's end.
    not_before: Instant,
    in_flight: bool,
    /// The last question was about what was fresh alone.
    partial: bool,
    /// The last question was about missing topics alone, so that the others' turn is next.
    left_out: bool,
}

/// What to ask and when; see the module's page.
#[derive(Debug)]
pub(crate) struct MetadataMachine {
    pub(super) snapshot: Arc<ClusterMetadata>,
    wanted: BTreeMap<Arc<str>, Wanted>,
    /// Those that nobody has asked about yet, or not so that they would be created. Apart from the
    /// others, since who begins to use many topics must not look at all of them each time.
    fresh: BTreeSet<Arc<str>>,
    schedule: Schedule,
    policy: BackoffPolicy,
    backoff: Backoff,
    max_age: Duration,
}

impl MetadataMachine {
    /// A machine that knows nothing and whose first question is due at once.
    pub(crate) fn new(now: Instant, policy: BackoffPolicy, seed: u64, max_age: Duration) -> Self {
        Self {
            snapshot: Arc::default(),
            wanted: BTreeMap::new(),
            fresh: BTreeSet::new(),
            schedule: Schedule {
                due: now,
                news: None,
                not_before: now,
                in_flight: false,
                partial: false,
                left_out: false,
            },
            policy,
            backoff: Backoff::new(policy, seed),
            max_age,
        }
    }

    /// The present picture.
    pub(crate) fn snapshot(&self) -> &Arc<ClusterMetadata> {
        &self.snapshot
    }

    /// Says that a topic is in use; while it is not known, the next question is due.
    pub(crate) fn want(&mut self, now: Instant, topic: &Arc<str>, interest: Interest) {
        let keep_until = now + interest.idle;
        let news = match self.wanted.get_mut(topic) {
            Some(wanted) => {
                let news = interest.create && !wanted.create;
                wanted.last_used = now;
                wanted.keep_until = wanted.keep_until.max(keep_until);
                wanted.create |= interest.create;
                news
            }
            None => {
                let wanted = Wanted {
                    last_used: now,
                    keep_until,
                    create: interest.create,
                };
                self.wanted.insert(Arc::clone(topic), wanted);
                true
            }
        };
        if self.snapshot.topics.contains_key(topic) {
            return;
        }
        if news {
            self.fresh.insert(Arc::clone(topic));
            self.ask_about_news(now);
        } else {
            // What kept it away before, such as a missing permission, may have been changed.
            self.refresh(now);
        }
    }

    /// Makes a question due as soon as the backoff allows.
    pub(crate) fn refresh(&mut self, now: Instant) {
        self.schedule.due = self.schedule.due.min(now.max(self.schedule.not_before));
    }

    /// A topic that was never asked about waits behind a failure, but not behind an answer.
    fn ask_about_news(&mut self, now: Instant) {
        let failing_until = self.backoff.until().unwrap_or(now);
        let at = now.max(failing_until);
        self.schedule.news = Some(self.schedule.news.map_or(at, |news| news.min(at)));
    }

    /// When [`poll_query`](Self::poll_query) has something next; `None` while a query is under way.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let Schedule { due, news, .. } = self.schedule;
        let next = news.map_or(due, |news| news.min(due));
        (!self.schedule.in_flight).then_some(next)
    }

    /// The question to ask now, if one is due. Its end must be reported back.
    pub(crate) fn poll_query(&mut self, now: Instant) -> Option<Query> {
        let is_full = now >= self.schedule.due;
        let has_news = self.schedule.news.is_some_and(|at| at <= now);
        if self.schedule.in_flight || !(is_full || has_news) {
            return None;
        }
        let query = if is_full {
            self.forget_idle(now);
            self.ask_about_all()
        } else {
            self.ask_about_fresh()
        };
        for topic in &query.topics {
            self.fresh.remove(topic);
        }
        self.schedule.news = None;
        self.schedule.partial = !is_full;
        self.schedule.in_flight = is_full || !query.topics.is_empty();
        self.schedule.in_flight.then_some(query)
    }

    /// What is fresh: first what may be created.
    fn ask_about_fresh(&mut self) -> Query {
        // Another answer may have had it.
        let known = &self.snapshot.topics;
        self.fresh.retain(|topic| !known.contains_key(topic));
        let may_create = |topic: &&Arc<str>| self.wanted.get(*topic).is_some_and(|it| it.create);
        let create = self.fresh.iter().any(|topic| may_create(&topic));
        let alike = self
            .fresh
            .iter()
            .filter(|topic| may_create(topic) == create);
        let topics = alike.map(Arc::clone).collect();
        Query { topics, create }
    }

    fn ask_about_all(&mut self) -> Query {
        // Only a topic that is not there yet may be created: asking so for a known one would bring
        // back a topic that somebody deletes on purpose. So the missing ones go first, alone.
        let missing = |(topic, wanted): &(&Arc<str>, &Wanted)| {
            wanted.create && !self.snapshot.topics.contains_key(*topic)
        };
        let names = |(topic, _): (&Arc<str>, &Wanted)| Arc::clone(topic);
        let to_create: Vec<_> = self.wanted.iter().filter(missing).map(names).collect();
        let others = to_create.len() < self.wanted.len();
        let create = !(to_create.is_empty() || others && self.schedule.left_out);
        self.schedule.left_out = create && others;
        let topics = if create {
            to_create
        } else {
            self.wanted.keys().map(Arc::clone).collect()
        };
        Query { topics, create }
    }

    fn forget_idle(&mut self, now: Instant) {
        let snapshot = &self.snapshot;
        self.wanted.retain(|topic, wanted| {
            let known = snapshot.topics.contains_key(topic);
            now < wanted.keep_until && (known || now < wanted.last_used + MISSING_TOPIC_IDLE)
        });
        let wanted = &self.wanted;
        self.fresh.retain(|topic| wanted.contains_key(topic));
    }

    /// The question failed on every broker that was tried.
    pub(crate) fn handle_failure(&mut self, now: Instant) {
        self.schedule.in_flight = false;
        self.schedule.left_out = false;
        self.retry_after_backoff(now);
    }

    fn retry_after_backoff(&mut self, now: Instant) {
        self.schedule.not_before = self.backoff.failed(now);
        self.schedule.due = self.schedule.not_before;
        let not_before = self.schedule.not_before;
        self.schedule.news = self.schedule.news.map(|news| news.max(not_before));
    }

    /// Takes in the answer to `query`.
    pub(crate) fn handle_response(
        &mut self,
        now: Instant,
        query: &Query,
        response: MetadataResponse,
    ) {
        let wanted = |topic: &str| self.wanted.contains_key(topic);
        let scope = match self.schedule.partial {
            true => Scope::Some,
            false => Scope::All,
        };
        let merged = merge(&self.snapshot, (&query.topics, scope), wanted, response);
        if merged.picture.nodes.is_empty() {
            // A broker that knows of no broker is still starting; what is known is better.
            return self.handle_failure(now);
        }
        self.snapshot = Arc::new(merged.picture);
        self.schedule.in_flight = false;
        if merged.unsettled {
            // What is missing had its turn, if it was asked about alone.
            self.schedule.left_out |= self.schedule.partial && query.create;
            self.retry_after_backoff(now);
        } else {
            self.backoff.succeeded();
            self.schedule.not_before = now + self.policy.initial.min(self.policy.max);
            if !self.schedule.partial {
                self.schedule.due = self.schedule.not_before.max(now + self.max_age);
            }
        }
        if self.schedule.left_out && !self.schedule.partial {
            self.refresh(now);
        }
        if !self.fresh.is_empty() {
            self.ask_about_news(now);
        }
    }

    #[cfg(test)]
    pub(super) fn is_backing_off(&self) -> bool {
        self.backoff.failures() > 0
    }
}
