//! What a group's handle and its task share: the machines, and who waits for what.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot, watch};

use super::listener::AnyListener;
use super::subscription::Subscription;
use crate::cluster::now;
use crate::config::ConsumerConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::group::assignor::Assignor;
use crate::machine::group::commits::{Commits, Ended, Offsets};
use crate::machine::group::ledger::Ledger;
use crate::machine::group::{Call, Limit, Membership, Partitions, Standing};

/// The group side of a consumer.
pub(crate) struct Group {
    pub(super) id: String,
    listener: Mutex<Option<Arc<dyn AnyListener>>>,
    /// Those that the program brought along, until the first subscription.
    assignors: Mutex<Option<Vec<Box<dyn Assignor>>>>,
    state: Mutex<State>,
    /// Wakes the task: something changed that it may act on.
    pub(super) wake: Notify,
    /// Until when a listener may take, once the consumer is about to end: one that a commit comes
    /// after, and any other.
    listening_ends: watch::Sender<Option<[Instant; 2]>>,
}

/// Behind one lock, held for moments.
pub(crate) struct State {
    pub(super) subscription: Option<Subscription>,
    /// How often it was replaced.
    pub(super) subscriptions: u64,
    /// Until then what was committed by hand goes before a join.
    pub(super) joins_after: Option<Instant>,
    /// `None` until the first subscription.
    pub(super) member: Option<Membership>,
    pub(super) ledger: Ledger,
    pub(super) waiters: BTreeMap<u64, Waiter>,
    /// The task has ended: nothing is sent, and no commit comes to its end any more.
    ended: bool,
    /// Partitions about to go, of which the user still has records.
    pub(super) holding: Vec<(u64, Partitions)>,
    /// With `enable.auto.offset.store=false`: what the user is done with.
    pub(super) stored: Offsets,
    /// How long after something new it is committed by itself; `None` if that is not wanted.
    auto_interval: Option<Duration>,
    /// When the next commit by itself is due; `None` while there is nothing new.
    pub(super) auto_due: Option<Instant>,
    /// What the user must be told, and does not come from the member.
    pub(super) error: Option<Error>,
    pub(super) closing: Option<Closing>,
}

/// The end of a consumer.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) until: Instant,
    /// Commits and the listener get no more time than that, since the farewell needs some.
    pub(super) commit_until: Instant,
    /// Whether anybody listens any more.
    pub(super) dropped: bool,
    /// What the user began, waits for no more, and failed.
    pub(super) failed: Option<Error>,
    /// What the consumer could not commit by itself, and nobody has committed since.
    failed_own: BTreeMap<TopicPartition, Error>,
}

/// Who waits for a commit.
pub(super) enum Waiter {
    User(oneshot::Sender<Result<()>>),
    /// The consumer itself.
    Own,
}

impl Closing {
    pub(super) fn take_failure(&mut self) -> Option<Error> {
        let own = || std::mem::take(&mut self.failed_own).into_values().next();
        self.failed.take().or_else(own)
    }
}

impl Waiter {
    /// Whether no program waits for the end.
    fn is_nobody(&self) -> bool {
        match self {
            Self::User(sender) => sender.is_closed(),
            Self::Own => true,
        }
    }
}

impl Group {
    pub(crate) fn new(id: String, commits: Commits, auto_interval: Option<Duration>) -> Self {
        Self {
            id,
            listener: Mutex::default(),
            assignors: Mutex::default(),
            state: Mutex::new(State {
                subscription: None,
                subscriptions: 0,
                joins_after: None,
                member: None,
                ledger: Ledger::new(commits),
                waiters: BTreeMap::new(),
                ended: false,
                holding: Vec::new(),
                stored: Offsets::new(),
                auto_interval,
                auto_due: None,
                error: None,
                closing: None,
            }),
            wake: Notify::new(),
            listening_ends: watch::Sender::new(None),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_listener(&self, listener: Arc<dyn AnyListener>) {
        *self.slot() = Some(listener);
    }

    pub(super) fn slot(&self) -> MutexGuard<'_, Option<Arc<dyn AnyListener>>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_assignors(&self, assignors: Vec<Box<dyn Assignor>>) {
        let mut slot = self
            .assignors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *slot = Some(assignors);
    }

    pub(super) fn take_assignors(&self) -> Option<Vec<Box<dyn Assignor>>> {
        let mut slot = self
            .assignors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        slot.take()
    }

    /// Commits these; whoever dropped the receiver does not mind. The sender is gone where the
    /// consumer ends first.
    pub(super) fn commit(&self, offsets: Offsets, until: Instant) -> oneshot::Receiver<Result<()>> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if offsets.is_empty() {
            let _ = sender.send(Ok(()));
            return receiver;
        }
        if state.ended {
            return receiver;
        }
        let ticket = state.queue(offsets, until);
        state.waiters.insert(ticket, Waiter::User(sender));
        drop(state);
        self.wake.notify_one();
        receiver
    }

    /// What the user must be told.
    pub(crate) fn take_error(&self) -> Option<Error> {
        let mut state = self.lock();
        let of_member = state.member.as_mut().and_then(Membership::take_error);
        of_member.or_else(|| state.error.take())
    }

    /// The task is gone. Only it sends commits, and says when they take too long: nobody waits for
    /// one any more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let waiters = std::mem::take(&mut state.waiters);
        if let Some(closing) = &mut state.closing {
            if waiters.values().any(Waiter::is_nobody) {
                let words = "the consumer ended before a commit was confirmed";
                let error = || Error::new(ErrorKind::Timeout, words);
                closing.failed.get_or_insert_with(error);
            }
        }
        drop(state);
        drop(waiters);
    }

    /// Ends the group side by then; `dropped` if nobody listens any more.
    pub(super) fn close(&self, until: Instant, commit_until: Instant, dropped: bool) {
        let mut state = self.lock();
        if state.closing.is_none() {
            state.subscription = None;
            state.closing = Some(Closing {
                until,
                commit_until,
                dropped,
                failed: None,
                failed_own: BTreeMap::new(),
            });
            let waiters = std::mem::take(&mut state.waiters);
            // Otherwise nobody would hear that they have not ended.
            let untold = |ticket| waiters.get(&ticket).is_some_and(Waiter::is_nobody);
            state.ledger.end_by(commit_until, untold);
            state.waiters = waiters;
            if let Some(member) = &mut state.member {
                member.leave(Limit::Until(commit_until));
            }
        }
        drop(state);
        let now = now();
        let ends = match dropped {
            // Whoever was dropped is told nothing more.
            true => [now; 2],
            false => [
                now + commit_until.saturating_duration_since(now) / 2,
                commit_until,
            ],
        };
        self.listening_ends.send_replace(Some(ends));
        self.wake.notify_one();
    }

    /// Waits until the consumer ends, and as long as a listener has then.
    pub(super) async fn listening_ended(&self, commits_later: bool) {
        let mut ends = self.listening_ends.subscribe();
        // The sender lives as long as this does.
        let Ok(Some([early, late])) = ends.wait_for(Option::is_some).await.map(|ends| *ends) else {
            return std::future::pending().await;
        };
        let until = if commits_later { early } else { late };
        tokio::time::sleep_until(until.into()).await;
    }
}

impl State {
    /// The partitions that the group assigned; `None` if it assigns none, and any may be committed.
    pub(super) fn assigned(&self) -> Option<&Partitions> {
        let member = self.member.as_ref()?;
        member.assigned(self.subscription.is_some())
    }

    /// Commits for the consumer itself.
    pub(super) fn commit_own(&mut self, offsets: Offsets, until: Instant) {
        let until = self.within_close(until);
        let ticket = self.queue(offsets, until);
        self.waiters.insert(ticket, Waiter::Own);
    }

    /// This limit, or that of commits where the consumer closes earlier.
    pub(super) fn within_close(&self, until: Instant) -> Instant {
        let closing = self.closing.as_ref();
        closing.map_or(until, |closing| until.min(closing.commit_until))
    }

    /// The member's next request.
    pub(super) fn poll_call(&mut self) -> Option<Call> {
        let may_join = self.joins_from().is_none_or(|from| from <= now());
        let member = self.member.as_mut()?;
        match may_join {
            true => member.poll_call(now()),
            false => member.poll_farewell(now()),
        }
    }

    /// From when the member joins though commits of what was assigned by hand are open. A group
    /// that has members believes nobody else: they go before it joins, if that does not take long.
    pub(super) fn joins_from(&self) -> Option<Instant> {
        let is_member = self
            .member
            .as_ref()
            .is_some_and(|it| it.standing().is_some());
        let waits = self.subscription.is_some() && !is_member && self.ledger.is_any_by_hand();
        self.joins_after.filter(|_| waits)
    }

    /// Whether anything may be committed now: what was assigned by hand may not before the member
    /// has left.
    pub(super) fn may_commit(&self) -> bool {
        let unsubscribed = self.subscription.is_none();
        let is_there_yet = |it: &Membership| {
            it.standing().is_none() && (it.has_farewell() || unsubscribed && it.needs_coordinator())
        };
        !self.member.as_ref().is_some_and(is_there_yet)
    }

    /// In which membership commits are made, and for which partitions.
    pub(super) fn committer(&self) -> (Option<Standing>, impl Fn(&TopicPartition) -> bool + use<>) {
        let standing = self.member.as_ref().and_then(|it| it.standing());
        let owned = self.assigned().cloned();
        let may = move |at: &TopicPartition| owned.as_ref().is_none_or(|all| all.contains(at));
        (standing, may)
    }

    /// A commit of the group's partitions, or of those that were assigned by hand.
    fn queue(&mut self, offsets: Offsets, until: Instant) -> u64 {
        let of_member = self.assigned().is_some();
        self.ledger.commit(offsets, until, of_member)
    }

    /// There may be something new to commit by itself. Whether the task has to know.
    pub(super) fn commits_later(&mut self) -> bool {
        let due = self.auto_interval.map(|interval| now() + interval);
        let news = self.auto_due.is_none() && due.is_some();
        if news {
            self.auto_due = due;
        }
        news
    }

    /// A commit has ended. What failed is committed again with the next one.
    pub(super) fn end_commit(&mut self, end: Ended, config: &ConsumerConfig) {
        let Some(waiter) = self.waiters.remove(&end.ticket) else {
            return;
        };
        if end.result.is_err() {
            self.commits_later();
        }
        if let Some(closing) = &mut self.closing {
            closing
                .failed_own
                .retain(|at, _| !end.confirmed.contains(at));
        }
        let is_own = matches!(waiter, Waiter::Own);
        // What nobody waits for any more is told by the log, and by the close.
        let untold = match waiter {
            Waiter::User(sender) => sender.send(end.result).err(),
            Waiter::Own => Some(end.result),
        };
        if let Some(Err(error)) = untold {
            let group = &config.group_id;
            tracing::warn!(%error, ?group, "offsets could not be committed");
            match &mut self.closing {
                Some(closing) if is_own => closing.failed_own.extend(end.failed),
                Some(closing) => {
                    closing.failed.get_or_insert(error);
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::now;
    use crate::error::ErrorCode;
    use crate::machine::backoff::BackoffPolicy;

    fn group() -> Group {
        let (initial, max) = (Duration::from_millis(100), Duration::from_secs(1));
        let commits = Commits::new(BackoffPolicy { initial, max }, 1);
        Group::new("g".to_owned(), commits, None)
    }

    fn offsets(partitions: &[i32]) -> Offsets {
        let each = |partition: &i32| (TopicPartition::new("t", *partition), 1.into());
        partitions.iter().map(each).collect()
    }

    /// The coordinator answers all that is asked, and refuses these.
    fn answer(group: &Group, refused: &[i32]) {
        let mut state = group.lock();
        let call = state.ledger.poll(now(), None, |_| true).unwrap();
        let code = |at: &TopicPartition| match refused.contains(&at.partition) {
            true => ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            false => ErrorCode::NONE,
        };
        let codes = call.offsets.keys().map(|at| (at.clone(), code(at)));
        let codes = Ok(codes.collect());
        state.ledger.handle(now(), call.number, codes);
        while let Some(end) = state.ledger.poll_ended() {
            state.end_commit(end, &ConsumerConfig::default());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_commit_outlives_the_task() {
        let group = group();
        let until = now() + Duration::from_secs(60);
        let before = group.commit(offsets(&[0]), until);
        group.end();
        assert!(before.await.is_err());
        assert!(group.commit(offsets(&[0]), until).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_close_tells_what_stays_uncommitted_and_nothing_else() {
        let group = group();
        let until = now() + Duration::from_secs(60);
        group.close(until, until, false);
        group.lock().commit_own(offsets(&[0, 1]), until);
        answer(&group, &[0, 1]);
        group.lock().commit_own(offsets(&[0]), until);
        answer(&group, &[]);
        let failed = group.take_failure().map(|error| error.partition());
        assert_eq!(failed, Some(Some(1)), "nobody has committed 1 since");
        group.lock().commit_own(offsets(&[1]), until);
        answer(&group, &[1]);
        drop(group.commit(offsets(&[1]), until));
        answer(&group, &[]);
        assert!(group.take_failure().is_none(), "it is committed");
    }
}
