//! Subscribing, and what a consumer says of its group.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::listener::AnyListener;
use super::polling::Polling;
use super::state::{Group, State};
use super::subscription::Subscription;
use crate::cluster::{Shared, now};
use crate::config::{ConsumerConfig, GroupProtocol};
use crate::consumer::handle::Consumer;
use crate::consumer::inner::Inner;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::consumer::StartAt;
use crate::machine::group::assignor::built_in;
use crate::machine::group::assignors::Assignors;
use crate::machine::group::commits::Commits;
use crate::machine::group::{Limit, Membership, classic, consumer};

/// How long the end of a consumer that was dropped may take.
const DROP_LIMIT: Duration = Duration::from_secs(1);
/// The most that the commit of what is revoked holds up a rebalance.
const COMMIT_LIMIT: Duration = Duration::from_secs(60);

/// For so long a join waits for what was committed by hand before.
const BY_HAND_FIRST: Duration = Duration::from_secs(5);

/// Commits on a timer are never closer than this, whatever the interval.
const AUTO_MIN: Duration = Duration::from_millis(10);

/// Who a consumer is in its group, for a transaction that commits its offsets (KIP-447).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupMetadata {
    /// `group.id`.
    pub group_id: String,
    /// The generation or member epoch; -1 while it is no member.
    pub generation: i32,
    /// The id that the coordinator knows it by; empty while it is no member.
    pub member_id: String,
    /// `group.instance.id`.
    pub group_instance_id: Option<String>,
}

impl Consumer {
    /// Reads these topics as a member of its group, instead of those it was subscribed to before. A
    /// name that begins with `^` is a pattern, as in librdkafka. The group assigns partitions in
    /// the background; a topic that is not there yet is read once it is. What was committed of
    /// partitions assigned by hand goes first, for at most 5 s: the group believes nobody else once
    /// it has members.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`, for no topic at all (see
    /// [`unsubscribe`](Self::unsubscribe)), for a pattern that is none, or if partitions are
    /// assigned by hand. `Closed` in a listener while the consumer closes.
    pub fn subscribe<T: Into<Arc<str>>>(&self, topics: impl IntoIterator<Item = T>) -> Result<()> {
        let subscription = Subscription::of(topics.into_iter().map(Into::into))?;
        self.subscribe_to(subscription)
    }

    /// As [`subscribe`](Self::subscribe), to all topics whose whole name matches; new ones are
    /// found within `metadata.max.age.ms` (default: 5 min). Kafka's own topics never match.
    ///
    /// With `group.protocol=consumer` the broker matches, as with Java's `SubscriptionPattern`: it
    /// looks for new topics by itself, and Kafka's own match like others. That is so for patterns
    /// among names, too. It takes Kafka 4.0; what the broker refuses comes out of a poll.
    ///
    /// # Errors
    ///
    /// As [`subscribe`](Self::subscribe).
    pub fn subscribe_pattern(&self, pattern: &str) -> Result<()> {
        self.subscribe_to(Subscription::pattern(pattern)?)
    }

    pub(in crate::consumer) fn subscribe_to(&self, subscription: Subscription) -> Result<()> {
        let group = self.group()?;
        if subscription.is_empty() {
            let words = "there is no topic to subscribe to; unsubscribe() leaves the group";
            return Err(Error::new(ErrorKind::InvalidInput, words));
        }
        let mut state = group.lock();
        if state.closing.is_some() {
            // A listener may try: nobody would leave the group that it joined.
            let words = "the consumer closes: it cannot subscribe any more";
            return Err(Error::new(ErrorKind::Closed, words));
        }
        let by_hand = state.subscription.is_none() && {
            let fetcher = self.inner.fetcher();
            let handover = state.member.as_ref().map(Membership::handover);
            let of_group = |at| handover.is_some_and(|handover| handover.has(at));
            fetcher.assignment().any(|at| !of_group(at))
        };
        if by_hand {
            let words = "partitions are assigned by hand: assign none before subscribing";
            return Err(Error::new(ErrorKind::InvalidInput, words));
        }
        if state.member.is_none() {
            state.member = Some(self.new_member(group)?);
        }
        if state.subscription.replace(subscription).is_none() {
            state.joins_after = Some(now() + BY_HAND_FIRST);
        }
        state.subscriptions += 1;
        drop(state);
        group.wake.notify_one();
        Ok(())
    }

    fn new_member(&self, group: &Group) -> Result<Membership> {
        let (config, shared) = (&self.inner.config, &self.inner.shared);
        let seed = shared.env.seed();
        if config.group_protocol == GroupProtocol::Consumer {
            let settings = consumer::Settings {
                group_id: group.id.clone(),
                member_id: shared.env.uuid().to_string(),
                instance_id: config.group_instance_id.clone(),
                rack: config.client_rack.clone().filter(|rack| !rack.is_empty()),
                assignor: config.group_remote_assignor.clone(),
                max_poll_interval: config.max_poll_interval,
                request_timeout: shared.config.request_timeout,
                commit_limit: self.inner.commit_limit(),
                retry: shared.retry_policy(),
            };
            let member = consumer::Member::new(now(), settings, seed);
            return Ok(Membership::Consumer(Box::new(member)));
        }
        let settings = classic::Settings {
            group_id: group.id.clone(),
            instance_id: config.group_instance_id.clone(),
            session_timeout: config.session_timeout,
            heartbeat_interval: config.heartbeat_interval,
            max_poll_interval: config.max_poll_interval,
            request_timeout: shared.config.request_timeout,
            commit_limit: self.inner.commit_limit(),
            retry: shared.retry_policy(),
        };
        let assignors = group.take_assignors().unwrap_or_else(|| {
            let kinds = config.partition_assignment_strategy.iter();
            kinds.map(|kind| built_in(*kind)).collect()
        });
        let rack = config.client_rack.as_deref().map(Arc::from);
        let assignors = Assignors::new(assignors, rack)?;
        let member = classic::Member::new(now(), settings, Box::new(assignors), seed);
        Ok(Membership::Classic(Box::new(member)))
    }

    /// Gives up all partitions, those assigned by hand too, and leaves the group, in the
    /// background. With `enable.auto.commit`, what the program is done with is committed before.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`.
    pub fn unsubscribe(&self) -> Result<()> {
        let group = self.group()?;
        let mut state = group.lock();
        let by_hand = state.assigned().is_none();
        state.subscription = None;
        // A listener may call this while the consumer closes.
        let commits = match &state.closing {
            Some(closing) => Limit::Until(closing.commit_until),
            None => Limit::For(self.inner.commit_limit()),
        };
        if let Some(member) = &mut state.member {
            member.leave(commits);
        }
        drop(state);
        group.wake.notify_one();
        if by_hand {
            self.assign_by_hand(BTreeMap::new())?;
        }
        Ok(())
    }

    /// The topics that it is subscribed to: those named, and those that match a pattern.
    #[must_use]
    pub fn subscription(&self) -> Vec<Arc<str>> {
        let Some(group) = &self.inner.group else {
            return Vec::new();
        };
        let state = group.lock();
        match (&state.subscription, &state.member) {
            (Some(subscription), Some(member)) => {
                let chosen = member.subscription();
                chosen
                    .unwrap_or_else(|| subscription.topics.clone())
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Has the group assign its partitions anew, for instance because an assignor depends on what
    /// changed (KIP-568). Does nothing unless subscribed, and, as in Java, nothing but a warning in
    /// the log with `group.protocol=consumer`, where the broker decides when to assign.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a `group.id`.
    pub fn enforce_rebalance(&self, reason: &str) -> Result<()> {
        let group = self.group()?;
        if let Some(member) = &mut group.lock().member {
            if !member.request_rejoin(reason) {
                let group = &group.id;
                tracing::warn!(
                    group,
                    "with group.protocol=consumer no rebalance can be enforced"
                );
            }
        }
        group.wake.notify_one();
        Ok(())
    }

    /// Who it is in its group now; `None` without a `group.id`.
    #[must_use]
    pub fn group_metadata(&self) -> Option<GroupMetadata> {
        let group = self.inner.group.as_ref()?;
        let standing = group.lock().member.as_ref().and_then(Membership::standing);
        Some(GroupMetadata {
            group_id: group.id.clone(),
            generation: standing.as_ref().map_or(-1, |standing| standing.generation),
            member_id: standing.map_or_else(String::new, |standing| standing.member_id),
            group_instance_id: self.inner.config.group_instance_id.clone(),
        })
    }

    pub(super) fn group(&self) -> Result<&Arc<Group>> {
        self.inner.group.as_ref().ok_or_else(|| {
            let words = "this consumer has no group: give it a group.id";
            Error::new(ErrorKind::InvalidInput, words)
        })
    }
}

impl Group {
    /// The group that a configuration names.
    pub(in crate::consumer) fn of(config: &ConsumerConfig, shared: &Shared) -> Option<Self> {
        let commits = Commits::new(shared.retry_policy(), shared.env.seed());
        let interval = config.auto_commit_interval.max(AUTO_MIN);
        let interval = config.enable_auto_commit.then_some(interval);
        Some(Self::new(config.group_id.clone()?, commits, interval))
    }

    pub(super) fn listener(&self) -> Option<Arc<dyn AnyListener>> {
        self.slot().clone()
    }

    /// Partitions came, went or moved.
    pub(in crate::consumer) fn wake(&self) {
        self.lock().commits_later();
        self.wake.notify_one();
    }

    /// Partitions may have got on without the user.
    pub(in crate::consumer) fn moved(&self) {
        if self.lock().commits_later() {
            self.wake.notify_one();
        }
    }

    /// The consumer is dropped: it leaves if that is quick.
    pub(in crate::consumer) fn abandon(&self) {
        let until = now() + DROP_LIMIT;
        self.close(until, until, true);
    }

    /// The consumer is closed: the user is done with all it has. Three quarters of the time are for
    /// commits and the listener, the rest for the farewell.
    pub(in crate::consumer) fn leave(&self, inner: &Inner, limit: Duration) {
        let now = now();
        let mut state = self.lock();
        inner.fetcher().confirm_all();
        state.let_go(inner);
        let by_hand = state.subscription.is_none() && inner.config.enable_auto_commit;
        let assigned: Vec<TopicPartition> = inner.fetcher().assignment().cloned().collect();
        if by_hand {
            state.commit_news(inner, &assigned, now + limit);
        }
        drop(state);
        self.close(now + limit, now + limit * 3 / 4, false);
    }

    /// What the end of the consumer failed with; `None` if nobody waited for it.
    pub(in crate::consumer) fn take_failure(&self) -> Option<Error> {
        self.lock().closing.as_mut()?.take_failure()
    }
}

impl Consumer {
    /// Replaces the partitions, unless the group assigns them.
    pub(in crate::consumer) fn assign_by_hand(
        &self,
        wanted: BTreeMap<TopicPartition, StartAt>,
    ) -> Result<()> {
        let mut state = self.inner.group.as_ref().map(|group| group.lock());
        let busy = |state: &State| {
            let owns = |member: &Membership| !member.handover().is_empty();
            state.subscription.is_some() || state.member.as_ref().is_some_and(owns)
        };
        if state.as_deref().is_some_and(busy) {
            let words = "the group assigns the partitions: unsubscribe, and wait until they are given up \
                         and the listener has returned, before assigning by hand";
            return Err(Error::new(ErrorKind::InvalidInput, words));
        }
        if let Some(state) = &mut state {
            self.commit_what_goes(state, &wanted);
        }
        self.inner.fetcher().assign(wanted);
        drop(state);
        self.inner.changed();
        Ok(())
    }

    /// Who asks for other partitions is done with those it had: what it has read of them is
    /// committed, if that goes by itself.
    fn commit_what_goes(&self, state: &mut State, wanted: &BTreeMap<TopicPartition, StartAt>) {
        if !self.inner.config.enable_auto_commit {
            return;
        }
        let mut fetcher = self.inner.fetcher();
        fetcher.confirm(None);
        let assigned = fetcher.assignment();
        let going = assigned.filter(|at| !wanted.contains_key(at));
        let going: Vec<TopicPartition> = going.cloned().collect();
        drop(fetcher);
        let until = now() + self.inner.shared.config.default_api_timeout;
        state.commit_news(&self.inner, &going, until);
    }

    /// Begins a poll, which a listener's view of the consumer must not.
    pub(in crate::consumer) fn begin_poll(&self) -> Result<Option<Polling<'_>>> {
        if self.tasks.is_none() {
            let words = "a rebalance listener cannot poll";
            return Err(Error::new(ErrorKind::InvalidInput, words));
        }
        Ok(Polling::begin(&self.inner, None))
    }

    pub(in crate::consumer) fn check_place(&self, place: StartAt) -> Result<()> {
        match place {
            StartAt::Committed => self.group().map(|_| ()),
            _ => Ok(()),
        }
    }
}

impl Inner {
    /// How long the commit of what is revoked may take: half of the rebalance, at most a minute.
    pub(super) fn commit_limit(&self) -> Duration {
        COMMIT_LIMIT.min(self.config.max_poll_interval / 2)
    }
}
