//! What a [`Member`] asks its coordinator, and when.

use std::time::{Duration, Instant};

use super::member::{Asked, Member, PROTOCOL_TYPE, Phase};
use crate::machine::group::membership::{Ask, Call};
use crate::protocol::heartbeat::HeartbeatRequest;
use crate::protocol::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use crate::protocol::leave_group::LeaveGroupRequest;
use crate::protocol::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};

/// How much longer than the rebalance itself a join may take before the coordinator is given up.
const JOIN_LAPSE: Duration = Duration::from_secs(5);

/// The first heartbeat after a cooperative assignment, and how much later each further one is until
/// they come as usual: with the default of 3 s there are three more than usual.
pub(super) const FIRST_BEAT: Duration = Duration::from_millis(100);
const BEATS_SLOW_DOWN: u32 = 4;

impl Member {
    /// The next request, if the coordinator is known.
    pub(crate) fn poll_call(&mut self, now: Instant) -> Option<Call> {
        self.tick(now);
        if let Some(call) = self.poll_farewell(now) {
            return Some(call);
        }
        if self.asked.is_some() || self.backoff.until().is_some_and(|until| now < until) {
            return None;
        }
        match self.phase {
            Phase::Preparing if self.prepared && self.handover.is_idle() => self.join(now),
            Phase::Syncing => Some(self.sync(now)),
            _ if self.beats() && now >= self.heartbeat_due => Some(self.heartbeat(now)),
            _ => None,
        }
    }

    /// A static member says none: it may be back before its session is over (KIP-345).
    pub(super) fn say_farewell(&mut self, now: Instant) {
        if self.member_id.is_empty() || self.settings.instance_id.is_some() {
            return;
        }
        let until = now + self.settings.request_timeout;
        self.line.say_farewell(self.member_id.clone(), until);
    }

    pub(crate) fn poll_farewell(&mut self, now: Instant) -> Option<Call> {
        let farewell = self.line.poll_farewell(now)?;
        let ask = Ask::Leave(LeaveGroupRequest {
            group_id: self.settings.group_id.clone(),
            member_id: farewell.member_id,
            ..LeaveGroupRequest::default()
        });
        Some(self.numbered(farewell.number, ask, farewell.limit))
    }

    fn numbered(&self, number: u64, ask: Ask, limit: Duration) -> Call {
        let limit = limit.min(self.rebalance_limit());
        Call { number, ask, limit }
    }

    fn rebalance_limit(&self) -> Duration {
        let rebalance = self.settings.max_poll_interval.saturating_add(JOIN_LAPSE);
        rebalance.max(self.settings.request_timeout)
    }

    fn ask(&mut self, now: Instant, ask: Ask, limit: Duration) -> Call {
        let number = self.line.next_number();
        self.asked = Some(Asked { number, sent: now });
        self.numbered(number, ask, limit)
    }

    fn join(&mut self, now: Instant) -> Option<Call> {
        let topics = self.wanted.clone().unwrap_or_default();
        let subscriptions =
            self.strategies
                .subscriptions(&topics, self.handover.owned(), self.generation);
        let protocols = match subscriptions {
            Ok(protocols) => protocols,
            Err(error) => {
                self.give_up(now, error);
                return None;
            }
        };
        self.joined_with = topics;
        self.phase = Phase::Joining;
        let reason = self.rejoin.take();
        let protocol = |(name, metadata)| JoinGroupRequestProtocol { name, metadata };
        let request = JoinGroupRequest {
            group_id: self.settings.group_id.clone(),
            session_timeout_ms: millis(self.settings.session_timeout),
            rebalance_timeout_ms: millis(self.settings.max_poll_interval),
            member_id: self.member_id.clone(),
            group_instance_id: self.settings.instance_id.clone(),
            protocol_type: PROTOCOL_TYPE.to_owned(),
            protocols: protocols.into_iter().map(protocol).collect(),
            reason,
        };
        Some(self.ask(now, Ask::Join(request), self.rebalance_limit()))
    }

    fn sync(&mut self, now: Instant) -> Call {
        let assignment = |(member_id, assignment)| SyncGroupRequestAssignment {
            member_id,
            assignment,
        };
        let assignments = std::mem::take(&mut self.assignments);
        let request = SyncGroupRequest {
            group_id: self.settings.group_id.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            group_instance_id: self.settings.instance_id.clone(),
            protocol_type: Some(PROTOCOL_TYPE.to_owned()),
            protocol_name: Some(self.assignor.clone()),
            assignments: assignments.into_iter().map(assignment).collect(),
        };
        // As in Java: not as long as a join, which waits for all others.
        self.ask(now, Ask::Sync(request), self.settings.request_timeout)
    }

    /// When the next heartbeat is due if one leaves now, or something that says as much.
    pub(super) fn next_beat(&mut self, now: Instant) {
        let usual = self.settings.heartbeat_interval;
        let brisk = self.brisk.filter(|wait| *wait < usual);
        self.brisk = brisk.map(|wait| wait * BEATS_SLOW_DOWN);
        self.heartbeat_due = now + brisk.unwrap_or(usual);
    }

    fn heartbeat(&mut self, now: Instant) -> Call {
        self.next_beat(now);
        let request = HeartbeatRequest {
            group_id: self.settings.group_id.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            group_instance_id: self.settings.instance_id.clone(),
        };
        // Early enough to ask elsewhere before the session is over.
        let third = (self.settings.session_timeout / 3).max(Duration::from_secs(1));
        self.ask(
            now,
            Ask::Heartbeat(request),
            third.min(self.settings.request_timeout),
        )
    }

    /// When there may be something to do without any news.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let mut due = vec![self.handover.poll_timeout()];
        if self.beats() {
            due.push(Some(self.session_until));
            if self.asked.is_none() {
                due.push(Some(self.heartbeat_due));
            }
        }
        if self.is_in() {
            due.push(self.polls.timeout());
        }
        if self.asked.is_none() {
            due.push(self.backoff.until());
        }
        due.push(self.decision.as_ref().map(|decision| decision.until));
        due.extend(self.line.timeouts());
        due.into_iter().flatten().filter(|at| *at > now).min()
    }
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
