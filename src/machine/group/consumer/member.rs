//! [`Member`]: its state, and what time and its user do to it.

use std::time::{Duration, Instant};

use super::target::Assigned;
use crate::error::Error;
use crate::machine::backoff::{Backoff, BackoffPolicy};
use crate::machine::group::common::{Line, PollWatch};
use crate::machine::group::{Act, Handover, Limit, Standing, Wanted};

/// The limits of one member, and what it says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) group_id: String,
    /// Its own, for as long as the consumer lives.
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    /// `client.rack`.
    pub(crate) rack: Option<String>,
    /// `group.remote.assignor`.
    pub(crate) assignor: Option<String>,
    /// `max.poll.interval.ms`, which is also how long it may take to give up partitions.
    pub(crate) max_poll_interval: Duration,
    /// `request.timeout.ms`.
    pub(crate) request_timeout: Duration,
    /// How long the commit of what is revoked may take, once the user is done with it.
    pub(crate) commit_limit: Duration,
    pub(crate) retry: BackoffPolicy,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    /// Not in a group.
    Out,
    /// About to join with epoch 0, once nothing is left to give up.
    Joining,
    /// A member.
    In,
    /// Gives up everything, to say farewell then.
    Leaving,
    /// It was not polled for `max.poll.interval.ms`; the next poll joins again.
    Stale,
    /// The coordinator will not have it; once the user was told, the next poll tries again.
    Refused,
    /// Another member took its place, for good.
    Fenced,
}

/// The heartbeat under way.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) number: u64,
    pub(super) sent: Instant,
    /// Whether it says what the member has.
    pub(super) says_owned: bool,
}

/// A member of a KIP-848 group; see the module's page.
#[derive(Debug)]
pub(crate) struct Member {
    pub(super) settings: Settings,
    pub(super) phase: Phase,
    pub(super) wanted: Option<Wanted>,
    /// Names the membership.
    pub(super) era: u64,
    /// 0 while it is no member.
    pub(super) epoch: i32,
    pub(super) member_id: String,
    pub(in crate::machine::group) handover: Handover,
    pub(super) assigned: Assigned,
    pub(super) asked: Option<Asked>,
    /// What the coordinator knows that it wants; `None` if it must be told everything.
    pub(super) said: Option<Wanted>,
    /// Whether the coordinator was ever given a pattern, which then must be taken back.
    pub(super) had_pattern: bool,
    /// Whether the coordinator may know it as a member, of which it does not know itself.
    pub(super) unsure: bool,
    pub(super) backoff: Backoff,
    /// As the coordinator set it last.
    pub(super) interval: Duration,
    pub(super) beat_due: Instant,
    pub(in crate::machine::group) polls: PollWatch,
    pub(in crate::machine::group) line: Line,
    /// What the user must be told.
    pub(in crate::machine::group) error: Option<Error>,
}

/// What brokers have unless they are told otherwise (`group.consumer.heartbeat.interval.ms`).
const INTERVAL: Duration = Duration::from_secs(5);

impl Member {
    pub(crate) fn new(now: Instant, settings: Settings, seed: u64) -> Self {
        Self {
            phase: Phase::Out,
            wanted: None,
            era: 0,
            epoch: 0,
            member_id: settings.member_id.clone(),
            handover: Handover::default(),
            assigned: Assigned::default(),
            asked: None,
            said: None,
            had_pattern: false,
            unsure: false,
            backoff: Backoff::new(settings.retry, seed),
            interval: INTERVAL,
            beat_due: now,
            polls: PollWatch::new(now, settings.max_poll_interval),
            line: Line::new(settings.retry, seed),
            error: None,
            settings,
        }
    }

    /// Wants this from now on; the next heartbeat says so.
    pub(crate) fn subscribe(&mut self, wanted: Wanted) {
        if self.wanted.as_ref() != Some(&wanted) {
            self.wanted = Some(wanted);
        }
    }

    /// Gives up everything and leaves, with so long for the commits that belong to it.
    pub(crate) fn leave(&mut self, commits: Limit) {
        self.wanted = None;
        match self.phase {
            Phase::Out | Phase::Stale | Phase::Refused => self.phase = Phase::Out,
            Phase::Fenced => {}
            Phase::Joining | Phase::In | Phase::Leaving => {
                self.handover.revoke_all(commits);
                self.phase = Phase::Leaving;
            }
        }
    }

    /// Whether it has left, and nothing of it is under way any more.
    pub(crate) fn is_out(&self) -> bool {
        let gone = matches!(self.phase, Phase::Out | Phase::Fenced);
        gone && self.wanted.is_none() && !self.line.has_farewell() && self.handover.is_idle()
    }

    /// The user asks for records. Whether that changes anything.
    pub(crate) fn poll_begins(&mut self) -> bool {
        self.polls.begins();
        let again = match self.phase {
            Phase::Stale => true,
            Phase::Refused => self.error.is_none(),
            _ => false,
        };
        if again {
            self.phase = Phase::Joining;
        }
        again
    }

    /// What the user must be told, once; for ever if it is the end.
    pub(crate) fn take_error(&mut self) -> Option<Error> {
        if self.phase == Phase::Fenced {
            return self.error.clone();
        }
        self.error.take()
    }

    /// A listener was given up: a rebalance may take no longer. It is as if nobody had polled.
    pub(crate) fn handle_overdue(&mut self, now: Instant, step: u64) {
        self.handover.unheard(step);
        if self.watches_polls() {
            self.go_stale(now);
        }
    }

    /// Leaves until the next poll, if none is under way.
    fn go_stale(&mut self, now: Instant) {
        self.say_farewell(now);
        self.lose();
        if !self.polls.is_polling() {
            self.phase = Phase::Stale;
        }
    }

    /// Who it is to the coordinator; `None` while it is no member.
    pub(crate) fn standing(&self) -> Option<Standing> {
        (self.epoch > 0).then(|| Standing {
            era: self.era,
            generation: self.epoch,
            member_id: self.member_id.clone(),
            instance_id: self.settings.instance_id.clone(),
        })
    }

    /// Whether it has, or will have, something to say to the coordinator.
    pub(crate) fn needs_coordinator(&self) -> bool {
        let idle = matches!(
            self.phase,
            Phase::Out | Phase::Stale | Phase::Refused | Phase::Fenced
        );
        !idle || self.line.has_farewell() || (self.wanted.is_some() && self.phase == Phase::Out)
    }

    /// What time alone changes, and what follows from the last step.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.watches_polls() && self.polls.is_over(now) {
            self.polls.tell(&self.settings.group_id);
            self.go_stale(now);
        }
        match self.phase {
            Phase::Out if self.wanted.is_some() => self.phase = Phase::Joining,
            Phase::Leaving if self.handover.is_idle() => {
                self.say_farewell(now);
                self.forget();
                self.phase = Phase::Out;
            }
            _ => {}
        }
    }

    pub(super) fn watches_polls(&self) -> bool {
        matches!(self.phase, Phase::Joining | Phase::In)
    }

    pub(super) fn polls_timeout(&self) -> Option<Instant> {
        self.polls.timeout().filter(|_| self.watches_polls())
    }

    /// The membership is gone, and with it all partitions.
    pub(super) fn lose(&mut self) {
        self.handover.lose();
        self.forget();
        self.phase = Phase::Joining;
    }

    fn forget(&mut self) {
        self.era += 1;
        self.epoch = 0;
        self.asked = None;
        self.said = None;
        self.assigned.clear();
    }

    /// Tells the coordinator, if it knows the member or may do so.
    pub(super) fn say_farewell(&mut self, now: Instant) {
        if self.epoch > 0 || self.unsure || self.asked.is_some() {
            self.unsure = false;
            let until = now + self.settings.request_timeout;
            self.line.say_farewell(self.member_id.clone(), until);
        }
    }

    /// The next step of partitions that change hands.
    pub(crate) fn poll_act(&mut self, now: Instant) -> Option<Act> {
        self.tick(now);
        self.reconcile();
        self.handover.poll(now)
    }
}
