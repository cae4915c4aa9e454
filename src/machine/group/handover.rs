//! How partitions change hands inside one member: step by step, each reported back. Pure.
//!
//! Giving up partitions: *hold* them (nothing of them is handed out any more, and what was handed
//! out is waited for), *commit*, twice, since the first time may fail, *tell* the listener,
//! *settle* what it has begun to commit, *take* them from the fetcher. Getting some: *give* them to
//! the fetcher, still held, *tell* the listener, which may seek, and *release* them.
//!
//! Partitions that are lost have a new owner already, perhaps: they are taken at once, nothing is
//! committed for them, and whatever step of a revocation was under way for them is void, except for
//! a listener that is already running: it is waited for, since there is never more than one.
//!
//! A listener that does not come to its end has not heard of what it was being told: what was about
//! to be given up is told as lost once it has gone.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::ids::TopicPartition;

/// Partitions, sorted, each once.
pub(crate) type Partitions = BTreeSet<TopicPartition>;

/// What a listener is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// New partitions; those that were there before stay.
    Assigned(Partitions),
    /// About to be given up; offsets can still be committed.
    Revoked(Partitions),
    /// Gone: another member may read them already.
    Lost(Partitions),
}

/// One step for the driver. Those with a number are reported back with [`Handover::done`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Act {
    /// Hand out nothing more of these. If `wait`, done when the user has come back for more after
    /// the last record of them.
    Hold {
        step: u64,
        partitions: Partitions,
        wait: bool,
    },
    /// Commit what can be committed of these and was not, by then; done when every commit of them
    /// that has begun is settled, well or not.
    Commit {
        step: u64,
        partitions: Partitions,
        until: Instant,
    },
    /// Call the listener; done when it has returned.
    Tell { step: u64, event: Event },
    /// Done when every commit of these that has begun is settled, well or not.
    Settle { step: u64, partitions: Partitions },
    /// Drop these: position, buffer and all.
    Take(Partitions),
    /// Add these, held.
    Give(Partitions),
    /// Begin to fetch these.
    Release(Partitions),
}

#[derive(Debug)]
enum Step {
    Hold(Partitions, bool),
    Commit(Partitions, Limit),
    /// What has failed, as long as there is time.
    CommitAgain(Partitions, Instant),
    Tell(Event),
    Settle(Partitions, Limit),
    Take(Partitions),
    Give(Partitions),
    Release(Partitions),
}

/// When a commit stops holding up the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// So long after it has begun: the user may take its time before that.
    For(Duration),
    Until(Instant),
}

impl Limit {
    /// That of what the listener has begun besides; a point in time stays where it is.
    fn quarter(self) -> Self {
        match self {
            Self::For(limit) => Self::For(limit / 4),
            until => until,
        }
    }

    fn end(self, begun: Instant) -> Instant {
        match self {
            Self::For(limit) => begun + limit,
            Self::Until(until) => until,
        }
    }
}

/// A step that is under way.
#[derive(Debug)]
struct Running {
    number: u64,
    /// What the listener is being told.
    telling: Option<Event>,
    /// When it is given up; the driver limits the listener, since it must drop it then.
    until: Option<Instant>,
}

/// The partitions of one member, and how they come and go; see the module's page.
#[derive(Debug, Default)]
pub(crate) struct Handover {
    owned: Partitions,
    /// Those it has of whose revocation the listener is being told, or was.
    told: Partitions,
    /// Those of them of which it has not heard.
    unheard: Partitions,
    /// To be taken before anything else.
    urgent: Partitions,
    steps: VecDeque<Step>,
    running: Option<Running>,
    last_step: u64,
}

impl Handover {
    /// The partitions that the member has, those about to be given up included.
    pub(crate) fn owned(&self) -> &Partitions {
        &self.owned
    }

    /// Whether the member has no partition, and none is coming or going.
    pub(crate) fn is_empty(&self) -> bool {
        self.owned.is_empty() && self.is_idle()
    }

    /// Whether the fetcher may have this one for the group.
    pub(crate) fn has(&self, at: &TopicPartition) -> bool {
        self.owned.contains(at) || self.urgent.contains(at)
    }

    /// Whether no partition is changing hands.
    pub(crate) fn is_idle(&self) -> bool {
        self.urgent.is_empty() && self.steps.is_empty() && self.running.is_none()
    }

    /// Gives up some partitions: when the user is done with them, with a commit that gets
    /// `commit_limit` from then on, and a quarter of it again for what the listener begins to
    /// commit.
    pub(crate) fn revoke(&mut self, partitions: Partitions, commit_limit: Duration) {
        if partitions.is_empty() {
            return;
        }
        let limit = Limit::For(commit_limit);
        self.push_commit(&partitions, true, limit);
        self.push_end(partitions, limit);
    }

    fn push_commit(&mut self, partitions: &Partitions, wait: bool, limit: Limit) {
        self.steps.extend([
            Step::Hold(partitions.clone(), wait),
            Step::Commit(partitions.clone(), limit),
        ]);
    }

    fn push_end(&mut self, partitions: Partitions, limit: Limit) {
        self.steps.extend([
            Step::Tell(Event::Revoked(partitions.clone())),
            Step::Settle(partitions.clone(), limit.quarter()),
            Step::Take(partitions),
        ]);
    }

    /// Gives up everything, without waiting for the user.
    pub(crate) fn revoke_all(&mut self, limit: Limit) {
        let told = self.void();
        let rest: Partitions = self.owned.difference(&told).cloned().collect();
        if !rest.is_empty() {
            // Before anything that takes of its time.
            self.push_commit(&rest, false, limit);
        }
        if !told.is_empty() {
            self.steps.extend([
                Step::Settle(told.clone(), limit.quarter()),
                Step::Take(told),
            ]);
        }
        if !rest.is_empty() {
            self.push_end(rest, limit);
        }
    }

    /// Takes over some partitions; the listener hears of it even if there are none.
    pub(crate) fn assign(&mut self, partitions: Partitions) {
        self.steps.extend([
            Step::Give(partitions.clone()),
            Step::Tell(Event::Assigned(partitions.clone())),
            Step::Release(partitions),
        ]);
    }

    /// Everything is gone, now.
    pub(crate) fn lose(&mut self) {
        let told = self.void();
        let heard: Partitions = told.difference(&self.unheard).cloned().collect();
        let lost: Partitions = self.owned.difference(&heard).cloned().collect();
        self.urgent.append(&mut self.owned);
        self.told.clear();
        self.unheard.clear();
        if !lost.is_empty() {
            self.steps.push_back(Step::Tell(Event::Lost(lost)));
        }
    }

    /// Forgets all steps but the news of losses and a listener that runs. Returns those of whose
    /// revocation it is being told, or was.
    fn void(&mut self) -> Partitions {
        self.steps
            .retain(|step| matches!(step, Step::Tell(Event::Lost(_))));
        self.running = self
            .running
            .take()
            .filter(|running| running.telling.is_some());
        self.told.clone()
    }

    /// The next step, if the one before is done.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Act> {
        if !self.urgent.is_empty() {
            return Some(Act::Take(std::mem::take(&mut self.urgent)));
        }
        let late = |running: &Running| running.until.is_some_and(|until| until <= now);
        if self.running.as_ref().is_some_and(late) {
            self.running = None;
        }
        if self.running.is_some() {
            return None;
        }
        let over = |step: &&Step| matches!(step, Step::CommitAgain(_, until) if *until <= now);
        if self.steps.front().filter(over).is_some() {
            self.steps.pop_front();
        }
        Some(match self.steps.pop_front()? {
            Step::Hold(partitions, wait) => Act::Hold {
                step: self.run(None, None),
                partitions,
                wait,
            },
            Step::Commit(partitions, limit) => {
                let until = limit.end(now);
                let again = Step::CommitAgain(partitions.clone(), until);
                self.steps.push_front(again);
                self.commit(partitions, until)
            }
            Step::CommitAgain(partitions, until) => self.commit(partitions, until),
            Step::Tell(event) => {
                if let Event::Revoked(partitions) = &event {
                    self.told.extend(partitions.iter().cloned());
                }
                let step = self.run(Some(event.clone()), None);
                Act::Tell { step, event }
            }
            Step::Settle(partitions, limit) => Act::Settle {
                step: self.run(None, Some(limit.end(now))),
                partitions,
            },
            Step::Take(partitions) => self.take(partitions),
            Step::Give(partitions) => {
                self.owned.extend(partitions.iter().cloned());
                Act::Give(partitions)
            }
            Step::Release(partitions) => Act::Release(partitions),
        })
    }

    fn commit(&mut self, partitions: Partitions, until: Instant) -> Act {
        Act::Commit {
            step: self.run(None, Some(until)),
            partitions,
            until,
        }
    }

    fn take(&mut self, partitions: Partitions) -> Act {
        self.owned.retain(|at| !partitions.contains(at));
        self.told.retain(|at| !partitions.contains(at));
        let lost: Partitions = self.unheard.intersection(&partitions).cloned().collect();
        self.unheard.retain(|at| !partitions.contains(at));
        if !lost.is_empty() {
            // The member leaves. What else it is told may need the time more.
            self.steps.push_back(Step::Tell(Event::Lost(lost)));
        }
        Act::Take(partitions)
    }

    fn run(&mut self, telling: Option<Event>, until: Option<Instant>) -> u64 {
        self.last_step += 1;
        self.running = Some(Running {
            number: self.last_step,
            telling,
            until,
        });
        self.last_step
    }

    /// A step is over. One that was given up meanwhile does not matter.
    pub(crate) fn done(&mut self, step: u64) {
        self.end(step);
    }

    fn end(&mut self, step: u64) -> Option<Running> {
        self.running.take_if(|running| running.number == step)
    }

    /// The listener did not come to its end: it does not know what it was being told.
    pub(crate) fn unheard(&mut self, step: u64) {
        let Some(Event::Revoked(partitions)) = self.end(step).and_then(|it| it.telling) else {
            return;
        };
        let (here, gone): (Partitions, Partitions) = partitions
            .into_iter()
            .partition(|at| self.owned.contains(at));
        self.unheard.extend(here);
        if !gone.is_empty() {
            // They may come back.
            self.steps.push_front(Step::Tell(Event::Lost(gone)));
        }
    }

    /// When the step under way is given up.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.running.as_ref()?.until
    }
}

#[cfg(test)]
impl Act {
    /// The step that is under way until it is said to be done; `None` if this is done at once.
    pub(super) fn step(&self) -> Option<u64> {
        match self {
            Self::Hold { step, .. }
            | Self::Commit { step, .. }
            | Self::Tell { step, .. }
            | Self::Settle { step, .. } => Some(*step),
            _ => None,
        }
    }

    /// What the listener is told.
    pub(super) fn into_event(self) -> Option<Event> {
        match self {
            Self::Tell { event, .. } => Some(event),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn set(partitions: &[i32]) -> Partitions {
        let at = |partition: &i32| TopicPartition::new("t", *partition);
        partitions.iter().map(at).collect()
    }

    fn owning(partitions: &[i32]) -> (Handover, Instant) {
        let (mut handover, now) = (Handover::default(), Instant::now());
        handover.assign(set(partitions));
        while let Some(act) = handover.poll(now) {
            if let Act::Tell { step, .. } = act {
                handover.done(step);
            }
        }
        assert_eq!(*handover.owned(), set(partitions));
        (handover, now)
    }

    #[test]
    fn new_partitions_are_held_until_the_listener_has_returned() {
        let (mut handover, now) = (Handover::default(), Instant::now());
        handover.assign(set(&[0, 1]));
        assert_eq!(handover.poll(now), Some(Act::Give(set(&[0, 1]))));
        let event = Event::Assigned(set(&[0, 1]));
        assert_eq!(handover.poll(now), Some(Act::Tell { step: 1, event }));
        assert_eq!(handover.poll(now), None, "the listener runs");
        handover.done(1);
        assert_eq!(handover.poll(now), Some(Act::Release(set(&[0, 1]))));
        assert!(handover.is_idle());
    }

    #[test]
    fn partitions_leave_after_wait_commit_and_listener_in_this_order() {
        let (mut handover, now) = owning(&[0, 1]);
        handover.revoke(set(&[1]), Duration::from_secs(1));
        let mut seen = Vec::new();
        while let Some(act) = handover.poll(now) {
            let step = act.step().unwrap_or_default();
            assert_eq!(handover.poll(now), None, "one step at a time");
            assert_eq!(handover.owned().len(), if step == 0 { 1 } else { 2 });
            handover.done(step);
            seen.push(act);
        }
        let names: Vec<String> = seen.iter().map(|act| format!("{act:?}")).collect();
        let order = ["Hold", "Commit", "Commit", "Tell", "Settle", "Take"];
        assert_eq!(names.len(), order.len(), "{names:?}");
        for (act, name) in names.iter().zip(order) {
            assert!(act.starts_with(name), "{names:?}");
        }
        assert_eq!(*handover.owned(), set(&[0]));
    }

    #[test]
    fn case_57_a_commit_that_takes_too_long_stops_holding_up_the_rest() {
        let (mut handover, now) = owning(&[0]);
        let until = now + Duration::from_secs(1);
        handover.revoke(set(&[0]), Duration::from_secs(1));
        let Some(Act::Hold { step, .. }) = handover.poll(now) else {
            panic!("hold first");
        };
        handover.done(step);
        assert!(matches!(handover.poll(now), Some(Act::Commit { .. })));
        assert_eq!(handover.poll_timeout(), Some(until));
        assert_eq!(handover.poll(now), None);
        assert!(matches!(handover.poll(until), Some(Act::Tell { .. })));
    }

    #[test]
    fn the_time_for_a_commit_begins_when_the_user_is_done() {
        let (mut handover, now) = owning(&[0]);
        handover.revoke(set(&[0]), Duration::from_secs(1));
        let Some(Act::Hold { step, .. }) = handover.poll(now) else {
            panic!("hold first");
        };
        let later = now + Duration::from_secs(60);
        assert_eq!(handover.poll(later), None, "the user takes its time");
        handover.done(step);
        assert!(matches!(handover.poll(later), Some(Act::Commit { .. })));
        assert_eq!(handover.poll(later), None, "it is waited for");
        assert_eq!(
            handover.poll_timeout(),
            Some(later + Duration::from_secs(1))
        );
    }

    #[test]
    fn the_commit_of_a_farewell_ends_at_a_time_that_is_fixed() {
        let (mut handover, now) = owning(&[0]);
        let until = now + Duration::from_secs(2);
        handover.revoke_all(Limit::Until(until));
        let Some(Act::Hold { step, .. }) = handover.poll(now) else {
            panic!("hold first");
        };
        handover.done(step);
        let later = now + Duration::from_secs(1);
        assert!(matches!(handover.poll(later), Some(Act::Commit { .. })));
        assert_eq!(handover.poll_timeout(), Some(until));
    }

    #[test]
    fn case_60_a_loss_during_a_revocation_is_a_loss_and_commits_nothing() {
        for steps in 0..2 {
            let (mut handover, now) = owning(&[0, 1]);
            handover.revoke(set(&[1]), Duration::from_secs(1));
            let mut under_way = 0;
            for _ in 0..=steps {
                match handover.poll(now) {
                    Some(Act::Hold { step, .. } | Act::Commit { step, .. }) => under_way = step,
                    other => panic!("{other:?}"),
                }
                if steps == 1 && under_way == 2 {
                    handover.done(under_way);
                }
            }
            handover.lose();
            assert_eq!(handover.poll(now), Some(Act::Take(set(&[0, 1]))), "at once");
            let event = Event::Lost(set(&[0, 1]));
            let told = handover.poll(now);
            assert!(
                matches!(&told, Some(Act::Tell { event: e, .. }) if *e == event),
                "{told:?}"
            );
            handover.done(under_way);
            assert_eq!(
                handover.poll(now),
                None,
                "the listener runs; the old step is void"
            );
        }
    }

    /// Up to the step in which what the listener has begun to commit is settled.
    fn settling() -> (Handover, Instant, u64) {
        let (mut handover, now) = owning(&[0, 1]);
        handover.revoke(set(&[1]), Duration::from_secs(1));
        loop {
            let act = handover.poll(now).unwrap();
            match act {
                Act::Settle { step, partitions } => {
                    assert_eq!(partitions, set(&[1]));
                    return (handover, now, step);
                }
                act => handover.done(act.step().unwrap()),
            }
        }
    }

    #[test]
    fn case_57_what_a_listener_has_begun_to_commit_is_waited_for_within_the_limit() {
        let (mut handover, now, _) = settling();
        assert_eq!(handover.poll(now), None);
        let until = now + Duration::from_millis(250);
        assert_eq!(handover.poll_timeout(), Some(until));
        assert_eq!(handover.poll(until), Some(Act::Take(set(&[1]))));
    }

    #[test]
    fn a_farewell_while_commits_are_settled_tells_nobody_twice() {
        for times in 1..3 {
            let (mut handover, now, before) = settling();
            for _ in 0..times {
                handover.revoke_all(Limit::Until(now + Duration::from_secs(2)));
            }
            let mut told = Vec::new();
            let mut taken = Partitions::new();
            handover.done(before);
            while let Some(act) = handover.poll(now) {
                handover.done(act.step().unwrap_or_default());
                match act {
                    Act::Take(partitions) => taken.extend(partitions),
                    act => told.extend(act.into_event()),
                }
            }
            assert_eq!(told, [Event::Revoked(set(&[0]))]);
            assert_eq!(taken, set(&[0, 1]));
        }
    }

    #[test]
    fn a_loss_while_commits_are_settled_is_none_of_what_was_revoked() {
        for says_farewell in [false, true] {
            let (mut handover, now, _) = settling();
            if says_farewell {
                handover.revoke_all(Limit::Until(now + Duration::from_secs(2)));
            }
            handover.lose();
            assert_eq!(handover.poll(now), Some(Act::Take(set(&[0, 1]))));
            let told = handover.poll(now).and_then(Act::into_event);
            assert_eq!(told, Some(Event::Lost(set(&[0]))));
        }
    }

    #[test]
    fn what_comes_back_is_told_of_again() {
        let (mut handover, now, step) = settling();
        handover.done(step);
        handover.assign(set(&[1]));
        let mut told = Vec::new();
        let mut run = |handover: &mut Handover| {
            while let Some(act) = handover.poll(now) {
                handover.done(act.step().unwrap_or_default());
                told.extend(act.into_event());
            }
        };
        run(&mut handover);
        handover.revoke_all(Limit::Until(now + Duration::from_secs(2)));
        run(&mut handover);
        let events = [Event::Assigned(set(&[1])), Event::Revoked(set(&[0, 1]))];
        assert_eq!(told, events);
    }

    /// Up to the call in which the listener is told of a revocation.
    fn telling() -> (Handover, Instant, u64) {
        let (mut handover, now) = owning(&[0, 1]);
        handover.revoke(set(&[1]), Duration::from_secs(1));
        loop {
            match handover.poll(now).unwrap() {
                Act::Tell { step, .. } => return (handover, now, step),
                act => handover.done(act.step().unwrap()),
            }
        }
    }

    #[test]
    fn case_60_a_loss_waits_for_a_listener_that_runs_and_takes_the_partitions_at_once() {
        let (mut handover, now, step) = telling();
        handover.lose();
        handover.lose();
        assert_eq!(handover.poll(now), Some(Act::Take(set(&[0, 1]))));
        assert_eq!(handover.poll(now), None, "one listener call at a time");
        handover.done(step);
        let event = Event::Lost(set(&[0]));
        let told = handover.poll(now);
        assert!(
            matches!(&told, Some(Act::Tell { event: e, .. }) if *e == event),
            "what was told as revoked is not lost as well, and it is told once: {told:?}"
        );
    }

    #[test]
    fn what_is_lost_during_a_revocation_that_is_not_heard_is_told_as_lost_before_it_comes_back() {
        let (mut handover, now, step) = telling();
        handover.lose();
        assert_eq!(handover.poll(now), Some(Act::Take(set(&[0, 1]))));
        handover.assign(set(&[0, 1]));
        handover.unheard(step);
        let mut told = Vec::new();
        while let Some(act) = handover.poll(now) {
            handover.done(act.step().unwrap_or_default());
            told.extend(act.into_event());
        }
        let [one, zero, both] = [&[1][..], &[0], &[0, 1]].map(set);
        let events = [Event::Lost(one), Event::Lost(zero), Event::Assigned(both)];
        assert_eq!(told, events);
    }

    #[test]
    fn what_goes_before_a_listener_has_heard_that_it_does_is_told_as_lost() {
        let (mut handover, now, step) = telling();
        handover.revoke_all(Limit::Until(now + Duration::from_secs(2)));
        handover.unheard(step);
        handover.revoke_all(Limit::Until(now + Duration::from_secs(2)));
        let mut told = Vec::new();
        while let Some(act) = handover.poll(now) {
            handover.done(act.step().unwrap_or_default());
            told.extend(act.into_event());
        }
        let events = [Event::Revoked(set(&[0])), Event::Lost(set(&[1]))];
        assert_eq!(told, events);
        assert!(handover.is_empty());
    }

    #[test]
    fn a_loss_after_a_revocation_that_was_not_heard_is_of_all() {
        let (mut handover, now, step) = telling();
        handover.unheard(step);
        handover.lose();
        assert_eq!(handover.poll(now), Some(Act::Take(set(&[0, 1]))));
        let told = handover.poll(now).and_then(Act::into_event);
        assert_eq!(told, Some(Event::Lost(set(&[0, 1]))));
    }

    #[test]
    fn a_commit_is_tried_once_more_within_its_time() {
        let (mut handover, now) = owning(&[0]);
        handover.revoke(set(&[0]), Duration::from_secs(1));
        let step = handover.poll(now).unwrap().step().unwrap();
        handover.done(step);
        let first = handover.poll(now).unwrap();
        handover.done(first.step().unwrap());
        let later = now + Duration::from_millis(900);
        let second = handover.poll(later);
        assert!(matches!(second, Some(Act::Commit { .. })), "{second:?}");
        let until = now + Duration::from_secs(1);
        assert_eq!(handover.poll_timeout(), Some(until), "no more time for it");
        let next = handover.poll(until);
        assert!(matches!(next, Some(Act::Tell { .. })), "{next:?}");
    }

    #[test]
    fn a_farewell_commits_before_it_waits_for_what_a_listener_has_begun() {
        let (mut handover, now, before) = settling();
        handover.revoke_all(Limit::Until(now + Duration::from_secs(2)));
        handover.done(before);
        let mut names = Vec::new();
        while let Some(act) = handover.poll(now) {
            handover.done(act.step().unwrap_or_default());
            let name = format!("{act:?}");
            names.push(name.split([' ', '(']).next().unwrap().to_owned());
        }
        let order = "Hold Commit Commit Settle Take Tell Settle Take";
        assert_eq!(names.join(" "), order);
    }

    #[test]
    fn leaving_gives_up_what_there_is_and_takes_nothing_new() {
        let (mut handover, now) = owning(&[0]);
        handover.assign(set(&[1]));
        handover.revoke_all(Limit::Until(now));
        let hold = handover.poll(now);
        assert!(
            matches!(&hold, Some(Act::Hold { wait: false, .. })),
            "{hold:?}"
        );
        assert_eq!(*handover.owned(), set(&[0]));
    }
}
