//! A member of either protocol behind one interface, so that the driver need not know which: what
//! it asks, what its answers are, and who it is to the coordinator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Act, Handover, Limit, Partitions, Topology, classic, consumer};
use crate::error::{Error, Result};
use crate::ids::TopicId;
use crate::protocol::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};
use crate::protocol::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use crate::protocol::join_group::{JoinGroupRequest, JoinGroupResponse};
use crate::protocol::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use crate::protocol::sync_group::{SyncGroupRequest, SyncGroupResponse};

/// A request to the coordinator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    Join(JoinGroupRequest),
    Sync(SyncGroupRequest),
    Heartbeat(HeartbeatRequest),
    Leave(LeaveGroupRequest),
    /// All that a member of the newer protocol ever asks.
    Beat(ConsumerGroupHeartbeatRequest),
}

/// A request, the number under which its answer comes back, and how long it may take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) number: u64,
    pub(crate) ask: Ask,
    pub(crate) limit: Duration,
}

/// What a [`Call`] came back with.
#[derive(Debug)]
pub(crate) enum Answer {
    Join(Result<JoinGroupResponse>),
    Sync(Result<SyncGroupResponse>),
    Heartbeat(Result<HeartbeatResponse>),
    Leave(Result<LeaveGroupResponse>),
    Beat(Result<ConsumerGroupHeartbeatResponse>),
}

/// Who the member is to the coordinator, for commits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Standing {
    /// Names the membership; grows with each new one.
    pub(crate) era: u64,
    /// The generation, or the member epoch.
    pub(crate) generation: i32,
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
}

/// What a consumer is subscribed to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) topics: BTreeSet<Arc<str>>,
    /// For the coordinator to match with whole names (KIP-848).
    pub(crate) pattern: Option<String>,
}

/// A member of a group of either protocol.
#[derive(Debug)]
pub(crate) enum Membership {
    Classic(Box<classic::Member>),
    Consumer(Box<consumer::Member>),
}

/// Asks whichever it is.
macro_rules! either {
    ($self:expr, $member:ident => $answer:expr) => {
        match $self {
            Membership::Classic($member) => $answer,
            Membership::Consumer($member) => $answer,
        }
    };
}

impl Membership {
    /// Whether the coordinator finds out itself which topics match a pattern.
    pub(crate) fn leaves_patterns_to_coordinator(&self) -> bool {
        matches!(self, Self::Consumer(_))
    }

    /// Wants this from now on. No topic at all is fine too: some may match later.
    pub(crate) fn subscribe(&mut self, wanted: Wanted) {
        match self {
            Self::Classic(member) => member.subscribe(wanted.topics),
            Self::Consumer(member) => member.subscribe(wanted),
        }
    }

    /// Has the group assign anew, where members assign. Whether that is so.
    pub(crate) fn request_rejoin(&mut self, why: &str) -> bool {
        match self {
            Self::Classic(member) => {
                member.request_rejoin(why);
                true
            }
            Self::Consumer(_) => false,
        }
    }

    /// Gives up everything and leaves, with so long for the commits that belong to it.
    pub(crate) fn leave(&mut self, commits: Limit) {
        either!(self, member => member.leave(commits));
    }

    /// Whether it has left, and nothing of it is under way any more.
    pub(crate) fn is_out(&self) -> bool {
        either!(self, member => member.is_out())
    }

    /// The user asks for records. Whether that changes anything.
    pub(crate) fn poll_begins(&mut self) -> bool {
        either!(self, member => member.poll_begins())
    }

    /// The user got what there is, and is busy with it now.
    pub(crate) fn poll_ends(&mut self, now: Instant) {
        either!(self, member => member.polls.ends(now));
    }

    /// What the user must be told, once; for ever if it is the end.
    pub(crate) fn take_error(&mut self) -> Option<Error> {
        either!(self, member => member.take_error())
    }

    /// Whether there is something that the user must be told.
    pub(crate) fn has_error(&self) -> bool {
        either!(self, member => member.error.is_some())
    }

    /// The topics that it is subscribed to, as far as they are known; `None` while it wants none.
    pub(crate) fn subscription(&self) -> Option<BTreeSet<Arc<str>>> {
        match self {
            Self::Classic(member) => member.subscription().cloned(),
            Self::Consumer(member) => member.subscription(),
        }
    }

    /// The topics whose metadata it must know.
    pub(crate) fn topics(&self) -> BTreeSet<Arc<str>> {
        either!(self, member => member.topics())
    }

    /// What is known of [`topics`](Self::topics) now.
    pub(crate) fn handle_topology(&mut self, topology: Topology) {
        match self {
            Self::Classic(member) => member.handle_topology(topology),
            Self::Consumer(member) => member.handle_topology(&topology),
        }
    }

    /// Topics whose names it must be told, since it has only their ids.
    pub(crate) fn nameless(&self) -> BTreeSet<TopicId> {
        match self {
            Self::Classic(_) => BTreeSet::new(),
            Self::Consumer(member) => member.nameless(),
        }
    }

    /// The names of some topics.
    pub(crate) fn handle_names(&mut self, names: BTreeMap<TopicId, Arc<str>>) {
        if let Self::Consumer(member) = self {
            member.handle_names(names);
        }
    }

    /// The partitions it has.
    pub(crate) fn handover(&self) -> &Handover {
        either!(self, member => &member.handover)
    }

    /// The partitions that may be committed; `None` for any, where the group assigns none. It does
    /// until the last one has gone, with all that the listener is told of it.
    pub(crate) fn assigned(&self, subscribed: bool) -> Option<&Partitions> {
        let handover = self.handover();
        (subscribed || !handover.is_empty()).then(|| handover.owned())
    }

    /// A step of a handover is over.
    pub(crate) fn handle_done(&mut self, step: u64) {
        either!(self, member => member.handover.done(step));
    }

    /// A listener was given up, for the member's end.
    pub(crate) fn handle_unheard(&mut self, step: u64) {
        either!(self, member => member.handover.unheard(step));
    }

    /// A listener took longer than a rebalance may, and was given up.
    pub(crate) fn handle_overdue(&mut self, now: Instant, step: u64) {
        either!(self, member => member.handle_overdue(now, step));
    }

    /// Who it is to the coordinator; `None` while it is no member.
    pub(crate) fn standing(&self) -> Option<Standing> {
        either!(self, member => member.standing())
    }

    /// Who reads the group's offsets, where the coordinator checks that.
    pub(crate) fn reader(&self) -> Option<Standing> {
        match self {
            Self::Classic(_) => None,
            Self::Consumer(member) => member.standing(),
        }
    }

    /// Whether the coordinator may have moved since this was asked last.
    pub(crate) fn take_suspect(&mut self) -> bool {
        either!(self, member => member.line.take_suspect())
    }

    /// Whether it has, or will have, something to say to the coordinator.
    pub(crate) fn needs_coordinator(&self) -> bool {
        either!(self, member => member.needs_coordinator())
    }

    /// The next step of partitions that change hands.
    pub(crate) fn poll_act(&mut self, now: Instant) -> Option<Act> {
        either!(self, member => member.poll_act(now))
    }

    /// The next request, if the coordinator is known.
    pub(crate) fn poll_call(&mut self, now: Instant) -> Option<Call> {
        either!(self, member => member.poll_call(now))
    }

    /// What is to be said of an earlier membership, and nothing else.
    pub(crate) fn poll_farewell(&mut self, now: Instant) -> Option<Call> {
        either!(self, member => member.poll_farewell(now))
    }

    /// Whether the coordinator may not know yet that it has left.
    pub(crate) fn has_farewell(&self) -> bool {
        either!(self, member => member.line.has_farewell())
    }

    /// When there may be something to do without any news.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        either!(self, member => member.poll_timeout(now))
    }

    /// The answer to a request.
    pub(crate) fn handle(&mut self, now: Instant, number: u64, answer: Answer) {
        match (self, answer) {
            (Self::Classic(member), Answer::Join(it)) => member.handle_join(now, number, it),
            (Self::Classic(member), Answer::Sync(it)) => member.handle_sync(now, number, it),
            (Self::Classic(member), Answer::Heartbeat(it)) => {
                member.handle_heartbeat(now, number, it);
            }
            (Self::Classic(member), Answer::Leave(it)) => member.handle_leave(now, number, it),
            (Self::Consumer(member), Answer::Beat(it)) => member.handle_beat(now, number, it),
            _ => {}
        }
    }

    /// A commit in the membership `era` was refused for what the member is.
    pub(crate) fn handle_refused_commit(&mut self, now: Instant, era: u64, error: Error) {
        match self {
            Self::Classic(member) => member.handle_refused_commit(era, error),
            Self::Consumer(member) => member.handle_refused_commit(now, era, &error),
        }
    }
}
