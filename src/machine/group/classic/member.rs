//! [`Member`]: its state, what it asks next and when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lead::{Decision, Watched};
use super::strategies::Strategies;
use crate::error::Error;
use crate::machine::backoff::{Backoff, BackoffPolicy};
use crate::machine::group::common::{Line, PollWatch};
use crate::machine::group::{Act, Handover, Limit, Standing, Topology};

/// The kind of group, as it stands on the wire.
pub(super) const PROTOCOL_TYPE: &str = "consumer";

/// The limits of one member.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) group_id: String,
    pub(crate) instance_id: Option<String>,
    /// `session.timeout.ms`.
    pub(crate) session_timeout: Duration,
    /// `heartbeat.interval.ms`.
    pub(crate) heartbeat_interval: Duration,
    /// `max.poll.interval.ms`, which is also how long a rebalance may take.
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
    /// About to join, once nothing is left to give up first.
    Preparing,
    /// JoinGroup is under way.
    Joining,
    /// It leads, and waits for what is to be known of the group's topics.
    Deciding,
    /// SyncGroup is due or under way.
    Syncing,
    /// It has its assignment.
    Stable,
    /// Gives up everything, to say farewell then.
    Leaving,
    /// It was not polled, or its listener not done, for `max.poll.interval.ms`; the next poll joins
    /// again.
    Stale,
    /// The coordinator will not have it; once the user was told, the next poll tries again.
    Refused,
    /// Another member took its place, for good.
    Fenced,
}

/// The request under way.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) number: u64,
    pub(super) sent: Instant,
}

/// A member of a classic group; see the module's page.
#[derive(Debug)]
pub(crate) struct Member {
    pub(super) settings: Settings,
    pub(super) strategies: Box<dyn Strategies>,
    pub(super) phase: Phase,
    /// What it wants to read; `None` if nothing.
    pub(super) wanted: Option<BTreeSet<Arc<str>>>,
    /// What it said it wants when it joined last.
    pub(super) joined_with: BTreeSet<Arc<str>>,
    /// What must go before the next join is on its way out, or gone.
    pub(super) prepared: bool,
    /// Why it must join again.
    pub(super) rejoin: Option<String>,
    pub(super) era: u64,
    pub(super) generation: i32,
    pub(super) member_id: String,
    pub(super) assignor: String,
    pub(in crate::machine::group) handover: Handover,
    pub(super) asked: Option<Asked>,
    pub(super) decision: Option<Decision>,
    /// For SyncGroup, from the leader.
    pub(super) assignments: BTreeMap<String, bytes::Bytes>,
    /// What the topics were when they were assigned, if it leads.
    pub(super) watched: Option<BTreeMap<Arc<str>, Watched>>,
    pub(super) topology: Topology,
    pub(super) backoff: Backoff,
    pub(super) heartbeat_due: Instant,
    /// How long after the last one, where that is less than usual.
    pub(super) brisk: Option<Duration>,
    pub(super) session_until: Instant,
    pub(in crate::machine::group) polls: PollWatch,
    pub(in crate::machine::group) line: Line,
    /// What the user must be told.
    pub(in crate::machine::group) error: Option<Error>,
}

impl Member {
    pub(crate) fn new(
        now: Instant,
        settings: Settings,
        strategies: Box<dyn Strategies>,
        seed: u64,
    ) -> Self {
        let backoff = Backoff::new(settings.retry, seed);
        let polls = PollWatch::new(now, settings.max_poll_interval);
        let line = Line::new(settings.retry, seed);
        Self {
            settings,
            strategies,
            phase: Phase::Out,
            wanted: None,
            joined_with: BTreeSet::new(),
            prepared: false,
            rejoin: None,
            era: 0,
            generation: -1,
            member_id: String::new(),
            assignor: String::new(),
            handover: Handover::default(),
            asked: None,
            decision: None,
            assignments: BTreeMap::new(),
            watched: None,
            topology: Topology::default(),
            backoff,
            heartbeat_due: now,
            brisk: None,
            session_until: now,
            polls,
            line,
            error: None,
        }
    }

    /// Wants these topics from now on. No topic at all is fine too: some may match later.
    pub(crate) fn subscribe(&mut self, topics: BTreeSet<Arc<str>>) {
        if self.wanted.as_ref() == Some(&topics) {
            return;
        }
        self.wanted = Some(topics);
        self.request_rejoin("the subscription changed");
    }

    /// Joins again, in order to be assigned anew.
    pub(crate) fn request_rejoin(&mut self, why: &str) {
        self.rejoin.get_or_insert_with(|| why.to_owned());
    }

    /// Gives up everything and leaves, with so long for the commits that belong to it.
    pub(crate) fn leave(&mut self, commits: Limit) {
        self.wanted = None;
        if matches!(self.phase, Phase::Out | Phase::Stale | Phase::Refused) {
            self.phase = Phase::Out;
        } else if self.phase != Phase::Fenced {
            self.handover.revoke_all(commits);
            self.phase = Phase::Leaving;
            self.asked = None;
            self.decision = None;
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
            self.prepare_anew();
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

    /// The topics that it wants; `None` while it wants none.
    pub(crate) fn subscription(&self) -> Option<&BTreeSet<Arc<str>>> {
        self.wanted.as_ref()
    }

    /// A listener was given up: a rebalance may take no longer. It is as if nobody had polled.
    pub(crate) fn handle_overdue(&mut self, now: Instant, step: u64) {
        self.handover.unheard(step);
        if self.is_in() {
            self.go_stale(now);
        }
    }

    /// Leaves until the next poll, if none is under way.
    fn go_stale(&mut self, now: Instant) {
        self.say_farewell(now);
        self.lose(true);
        if !self.polls.is_polling() {
            self.phase = Phase::Stale;
        }
    }

    /// Who it is to the coordinator; `None` while it is no member.
    pub(crate) fn standing(&self) -> Option<Standing> {
        (self.generation >= 0).then(|| Standing {
            era: self.era,
            generation: self.generation,
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
        if self.is_in() && self.polls.is_over(now) {
            self.polls.tell(&self.settings.group_id);
            self.go_stale(now);
        }
        if self.beats() && now >= self.session_until {
            tracing::warn!(
                group = self.settings.group_id,
                "no answer from the coordinator for session.timeout.ms ({} ms): the partitions may \
                 have other owners now",
                self.settings.session_timeout.as_millis()
            );
            self.line.suspect();
            let leaving = self.phase == Phase::Leaving;
            self.lose(false);
            if leaving {
                self.phase = Phase::Leaving;
            }
        }
        let idle = self.handover.is_idle();
        match self.phase {
            Phase::Out if self.wanted.is_some() && idle => self.prepare_anew(),
            Phase::Leaving if idle => {
                self.say_farewell(now);
                self.forget(true);
                self.rejoin = None;
                self.phase = Phase::Out;
            }
            Phase::Stable if idle && self.rejoin.is_some() && self.asked.is_none() => {
                self.prepare_anew();
                self.prepare();
            }
            Phase::Preparing if idle && !self.prepared => self.prepare(),
            Phase::Deciding => self.decide(now),
            _ => {}
        }
    }

    /// Joins as soon as it has given up what it must.
    pub(super) fn prepare_anew(&mut self) {
        self.phase = Phase::Preparing;
        self.prepared = false;
    }

    /// Gives up what must not be kept over a join.
    fn prepare(&mut self) {
        self.prepared = true;
        let empty = BTreeSet::new();
        let wanted = self.wanted.as_ref().unwrap_or(&empty);
        let cooperative = self.strategies.is_cooperative();
        let goes = |topic: &Arc<str>| !(cooperative && wanted.contains(topic));
        let owned = self.handover.owned().iter();
        let going = owned.filter(|at| goes(&at.topic)).cloned().collect();
        self.handover.revoke(going, self.settings.commit_limit);
    }

    /// Whether it is a member, or about to be one.
    pub(super) fn is_in(&self) -> bool {
        matches!(
            self.phase,
            Phase::Preparing | Phase::Joining | Phase::Deciding | Phase::Syncing | Phase::Stable
        )
    }

    /// Whether it sends heartbeats. While a join or a sync waits for others the coordinator expects
    /// none, and the socket would not take them.
    pub(super) fn beats(&self) -> bool {
        self.generation >= 0
            && matches!(
                self.phase,
                Phase::Preparing | Phase::Stable | Phase::Leaving
            )
    }

    /// The membership is gone, and with it all partitions; `member` says whether the member id is
    /// of no use any more either.
    pub(super) fn lose(&mut self, member: bool) {
        self.handover.lose();
        self.forget(member);
        self.phase = Phase::Preparing;
        self.prepared = true;
    }

    fn forget(&mut self, member: bool) {
        self.era += 1;
        self.generation = -1;
        if member {
            self.member_id.clear();
        }
        self.asked = None;
        self.decision = None;
        self.watched = None;
        self.assignments.clear();
    }

    /// The next step of partitions that change hands.
    pub(crate) fn poll_act(&mut self, now: Instant) -> Option<Act> {
        self.tick(now);
        self.handover.poll(now)
    }
}
