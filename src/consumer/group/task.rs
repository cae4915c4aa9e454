//! The coordinator task: carries out what the group's machines decide.
//!
//! One task per consumer with a group, whatever the group does. It never waits for the user: what
//! takes time (a request, the listener) is a future among its calls, and heartbeats go on
//! meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::calls::Event;
use super::state::{Group, State};
use crate::cluster::{Brokers, Calls, Client, now};
use crate::consumer::handle::Consumer;
use crate::consumer::inner::Inner;
use crate::ids::{BrokerId, TopicPartition};
use crate::machine::backoff::Backoff;
use crate::machine::group::{Act, Event as News, Topology, Wanted};
use crate::machine::metadata::Interest;
use crate::net::Role;

/// Topics in use are named again after so long, well before they would be forgotten.
const NAME_AGAIN: Duration = Duration::from_secs(60);

/// Runs until the group was left, or the consumer's end is due. Whether it comes to its end or is
/// dropped before, the group side ends with it.
pub(crate) fn drive(
    inner: Arc<Inner>,
    group: Arc<Group>,
    client: Client,
) -> impl Future<Output = ()> + Send + 'static {
    let shared = Arc::clone(&inner.shared);
    let task = Task {
        brokers: shared.brokers(Role::Coordinator, 5),
        calls: Calls::new(),
        coordinator: None,
        finding: false,
        backoff: Backoff::new(shared.retry_policy(), shared.env.seed()),
        asking: BTreeSet::new(),
        named: (BTreeSet::new(), now()),
        picture: None,
        all_topics: BTreeMap::new(),
        list_due: None,
        chosen: None,
        listing: false,
        asking_names: false,
        naming: Backoff::new(shared.retry_policy(), shared.env.seed()),
        inner,
        group,
        client,
    };
    task.run()
}

pub(super) struct Task {
    pub(super) inner: Arc<Inner>,
    /// Keeps the metadata task alive until the group was left.
    client: Client,
    pub(super) group: Arc<Group>,
    /// For joins, syncs and heartbeats alone: a join that waits for other members holds up
    /// whatever comes after it on its connection.
    pub(super) brokers: Brokers,
    pub(super) calls: Calls<Event>,
    pub(super) coordinator: Option<BrokerId>,
    pub(super) finding: bool,
    /// After failures to find the coordinator.
    pub(super) backoff: Backoff,
    /// Partitions whose committed offset is being asked for, as of which generation.
    pub(super) asking: BTreeSet<(TopicPartition, u64)>,
    /// The topics that were named as in use, and when.
    named: (BTreeSet<Arc<str>>, Instant),
    /// The picture of the cluster that the member was shown, and which topics of it.
    picture: Option<(u64, BTreeSet<Arc<str>>)>,
    /// For patterns: all topics there are, and whether each is Kafka's own.
    pub(super) all_topics: BTreeMap<Arc<str>, bool>,
    pub(super) list_due: Option<Instant>,
    /// For which subscription topics were chosen, and not since all there are were listed again.
    pub(super) chosen: Option<u64>,
    pub(super) listing: bool,
    /// For assignments by id: names that are being asked for, and failures to find them out.
    pub(super) asking_names: bool,
    pub(super) naming: Backoff,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.group.end();
    }
}

impl Task {
    async fn run(mut self) {
        let mut metadata = self.inner.shared.subscribe();
        loop {
            // As of before the step: what became due during it is due now.
            let began = now();
            self.step();
            if self.is_over() {
                return;
            }
            let due = self.timeout(began);
            tokio::select! {
                biased;
                event = self.calls.next() => self.handle(event),
                () = self.group.wake.notified() => {}
                Ok(()) = metadata.changed() => {}
                () = tokio::time::sleep_until(due.unwrap_or_else(now).into()),
                    if due.is_some() => {}
            }
        }
    }

    /// Does whatever can be done now.
    fn step(&mut self) {
        let group = Arc::clone(&self.group);
        let mut state = group.lock();
        self.choose_topics(&mut state);
        self.show_topics(&mut state);
        // What is lost has gone before anything is committed.
        self.hand_over(&mut state);
        self.commit_by_itself(&mut state);
        // The end of a commit may be what a handover waits for, and its end what a request does.
        let mut busy = true;
        while busy {
            let suspect = state.member.as_mut().is_some_and(|it| it.take_suspect());
            if state.ledger.take_suspect() || suspect {
                self.coordinator = None;
            }
            busy = self.call(&mut state);
            while let Some(end) = state.ledger.poll_ended() {
                state.end_commit(end, &self.inner.config);
                busy = true;
            }
            if let Some(step) = state.ledger.poll_settled() {
                state.done(step);
                busy = true;
            }
            busy |= self.hand_over(&mut state);
        }
        if state.error.is_some() || state.member.as_ref().is_some_and(|it| it.has_error()) {
            self.inner.ready.notify_waiters();
        }
    }

    /// Goes on with partitions that change hands. Whether any did.
    fn hand_over(&mut self, state: &mut State) -> bool {
        // What time alone changes comes before all of these steps, or after them.
        let now = now();
        let mut any = false;
        while let Some(act) = state.member.as_mut().and_then(|it| it.poll_act(now)) {
            any = true;
            self.act(state, act);
        }
        any
    }

    /// Requests to the coordinator, once it is known. Whether the member asked anything: it may
    /// have something else to do then.
    fn call(&mut self, state: &mut State) -> bool {
        let needed = state
            .member
            .as_ref()
            .is_some_and(|it| it.needs_coordinator())
            || !state.ledger.is_empty()
            || !self.inner.fetcher().uncommitted(now()).is_empty();
        let Some(coordinator) = self.coordinator else {
            if needed && !self.finding && self.backoff.until().is_none_or(|until| until <= now()) {
                self.find_coordinator();
            }
            // Calls that have waited too long end all the same.
            let (standing, may) = state.committer();
            state.ledger.expire(now(), standing.as_ref(), may);
            return false;
        };
        let asked = state.poll_call().map(|call| self.ask(coordinator, call));
        let asked = asked.is_some();
        let (standing, may) = state.committer();
        if !state.may_commit() {
            state.ledger.expire(now(), standing.as_ref(), may);
        } else if let Some(call) = state.ledger.poll(now(), standing.as_ref(), may) {
            self.commit(coordinator, call);
        }
        let reader = state.member.as_ref().and_then(|it| it.reader());
        self.ask_committed(coordinator, reader);
        asked
    }

    /// For a pattern: finds out which topics match, when that may have changed.
    fn choose_topics(&mut self, state: &mut State) {
        let (Some(subscription), Some(member)) = (&state.subscription, &mut state.member) else {
            self.list_due = None;
            return;
        };
        let by_coordinator = member.leaves_patterns_to_coordinator();
        let lists = subscription.has_patterns() && !by_coordinator;
        if lists && !self.listing && self.list_due.is_none_or(|due| due <= now()) {
            self.list_topics();
        }
        let is_new = self.chosen != Some(state.subscriptions);
        if !is_new || (lists && self.list_due.is_none()) {
            return;
        }
        self.chosen = Some(state.subscriptions);
        if by_coordinator {
            return member.subscribe(Wanted {
                topics: subscription.topics.clone(),
                pattern: subscription.whole_pattern(),
            });
        }
        let all = self
            .all_topics
            .iter()
            .map(|(name, internal)| (name, *internal));
        let chosen = subscription.choose(all);
        member.subscribe(Wanted {
            topics: chosen,
            pattern: None,
        });
    }

    /// Keeps the metadata of the group's topics, and shows the member what is new of them.
    fn show_topics(&mut self, state: &mut State) {
        let Some(member) = &mut state.member else {
            return;
        };
        let shared = &self.inner.shared;
        let topics = member.topics();
        if self.named.0 != topics || now() >= self.named.1 + NAME_AGAIN {
            let create = self.inner.config.allow_auto_create_topics;
            for topic in &topics {
                shared.want_topic(topic, Interest::to_read(create));
            }
            self.named = (topics.clone(), now());
        }
        let seen = (shared.metadata_version(), topics);
        if self.picture.as_ref() != Some(&seen) {
            member.handle_topology(Topology::of(&shared.snapshot(), &seen.1));
            self.picture = Some(seen);
        }
        let nameless = member.nameless();
        let due = self.naming.until().is_none_or(|until| until <= now());
        if !nameless.is_empty() && !self.asking_names && due {
            self.ask_names(nameless);
        }
    }

    fn act(&mut self, state: &mut State, act: Act) {
        match act {
            Act::Hold {
                step,
                partitions,
                wait,
            } => {
                let mut fetcher = self.inner.fetcher();
                fetcher.hold(&partitions);
                // The others have its room.
                self.inner.wake.notify_one();
                if wait && fetcher.is_busy(&partitions) {
                    state.holding.push((step, partitions));
                } else {
                    state.done(step);
                }
            }
            Act::Commit {
                step,
                partitions,
                until,
            } => {
                state.commit_before_leaving(&self.inner, &partitions, until);
                state.ledger.settle(step, partitions);
            }
            Act::Tell { step, event } => self.tell(state, step, event),
            Act::Settle { step, partitions } => state.ledger.settle(step, partitions),
            Act::Take(partitions) => {
                self.inner.fetcher().take(&partitions);
                self.inner.partitions_changed();
                state
                    .holding
                    .retain(|(_, held)| held.is_disjoint(&partitions));
                state.stored.retain(|at, _| !partitions.contains(at));
                state.ledger.forget(&partitions);
            }
            Act::Give(partitions) => {
                // What was of those, or is on its way, is of another time.
                state.ledger.forget(&partitions);
                self.inner.fetcher().give(&partitions);
            }
            Act::Release(partitions) => {
                self.inner.fetcher().release(&partitions);
                self.inner.partitions_changed();
            }
        }
    }

    fn tell(&mut self, state: &mut State, step: u64, event: News) {
        let group = &self.group.id;
        match &event {
            News::Assigned(partitions) => {
                self.inner.counters.assigned();
                tracing::info!(group, ?partitions, "assigned");
            }
            News::Revoked(partitions) => tracing::info!(group, ?partitions, "revoked"),
            News::Lost(partitions) => tracing::warn!(group, ?partitions, "lost"),
        }
        let dropped = state
            .closing
            .as_ref()
            .is_some_and(|closing| closing.dropped);
        let listener = self.group.listener();
        match listener.filter(|_| !dropped) {
            None => state.done(step),
            Some(listener) => {
                let consumer = Consumer::view_of(&self.inner, &self.client);
                // As long as a rebalance may take.
                let limit = self.inner.config.max_poll_interval;
                let group = Arc::clone(&self.group);
                // The farewell commits what is left, and tells of it afterwards.
                let commits_later = state.closing.is_none();
                self.calls.push(Box::pin(async move {
                    tokio::select! {
                        biased;
                        () = listener.tell(&consumer, &event) => return Event::Told(step),
                        () = group.listening_ended(commits_later) => return Event::Unheard(step),
                        () = tokio::time::sleep(limit) => {}
                    }
                    tracing::warn!(
                        group = group.id,
                        "the rebalance listener took longer than max.poll.interval.ms ({} ms): \
                         leaving the group, to join again with a poll",
                        limit.as_millis()
                    );
                    Event::Overdue(step)
                }));
            }
        }
    }

    /// `auto.commit.interval.ms` after a position moved, whether by records or not.
    fn commit_by_itself(&mut self, state: &mut State) {
        let due = state.auto_due.is_some_and(|due| due <= now());
        if !due || state.closing.is_some() {
            return;
        }
        state.auto_due = None;
        let fetcher = self.inner.fetcher();
        let assigned: Vec<TopicPartition> = fetcher.assignment().cloned().collect();
        let open = fetcher.is_any_busy();
        drop(fetcher);
        if open {
            state.commits_later();
        }
        let until = now() + self.inner.shared.config.default_api_timeout;
        state.commit_news(&self.inner, &assigned, until);
    }

    /// Whether there is nothing left to do, or no time left for it.
    fn is_over(&self) -> bool {
        let state = self.group.lock();
        let Some(closing) = &state.closing else {
            return false;
        };
        let out = state.member.as_ref().is_none_or(|member| member.is_out());
        now() >= closing.until || (out && state.ledger.is_empty())
    }

    fn timeout(&self, now: Instant) -> Option<Instant> {
        let state = self.group.lock();
        let of_member = state.member.as_ref().and_then(|it| it.poll_timeout(now));
        let closing = state.closing.as_ref().map(|closing| closing.until);
        let find = self.backoff.until().filter(|_| self.coordinator.is_none());
        let name = state.member.is_some().then(|| self.named.1 + NAME_AGAIN);
        let list = self.list_due.filter(|_| !self.listing);
        let names = self.naming.until().filter(|_| !self.asking_names);
        let lookups = self.inner.fetcher().poll_timeout(now);
        [
            of_member,
            state.ledger.poll_timeout(now),
            state.auto_due,
            state.joins_from(),
            closing,
            find,
            name,
            list,
            names,
            lookups,
        ]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
    }
}
