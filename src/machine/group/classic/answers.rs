//! What the coordinator's answers do to a [`Member`].

use std::time::Instant;

use bytes::Bytes;

use super::asks::FIRST_BEAT;
use super::member::{Asked, Member, PROTOCOL_TYPE, Phase};
use super::strategies::Joined;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::machine::group::Partitions;
use crate::machine::group::trouble::Trouble;
use crate::protocol::heartbeat::HeartbeatResponse;
use crate::protocol::join_group::JoinGroupResponse;
use crate::protocol::leave_group::LeaveGroupResponse;
use crate::protocol::sync_group::SyncGroupResponse;

impl Member {
    /// Takes the request with this number, if it is the one under way.
    fn answered(&mut self, number: u64) -> Option<Asked> {
        let current = self.asked.as_ref()?.number == number;
        current.then(|| self.asked.take()).flatten()
    }

    /// The answer to JoinGroup.
    pub(crate) fn handle_join(
        &mut self,
        now: Instant,
        number: u64,
        answer: Result<JoinGroupResponse>,
    ) {
        if self.answered(number).is_none() {
            return;
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.handle_failed_join(now, error),
        };
        match ErrorCode(answer.error_code) {
            ErrorCode::NONE => self.handle_joined(now, answer),
            ErrorCode::MEMBER_ID_REQUIRED if self.member_id.is_empty() => {
                self.member_id = answer.member_id;
                self.prepare_anew();
            }
            code => self.handle_failed_join(now, Error::broker(code, "joining the group")),
        }
    }

    fn handle_failed_join(&mut self, now: Instant, error: Error) {
        self.backoff.failed(now);
        // The member id is kept: a join that got lost may have made a member of it.
        self.prepare_anew();
        self.request_rejoin("the last attempt to join failed");
        self.handle_trouble(error);
    }

    fn handle_joined(&mut self, now: Instant, answer: JoinGroupResponse) {
        let ours = answer.protocol_type.as_deref().unwrap_or(PROTOCOL_TYPE) == PROTOCOL_TYPE;
        let assignor = answer.protocol_name.filter(|name| !name.is_empty());
        let Some(assignor) = assignor.filter(|_| ours && answer.generation_id >= 0) else {
            return self.handle_failed_join(now, nonsense("JoinGroup"));
        };
        self.era += 1;
        self.generation = answer.generation_id;
        self.assignor = assignor;
        self.watched = None;
        self.assignments.clear();
        let leads = answer.leader == answer.member_id;
        self.member_id = answer.member_id;
        self.phase = Phase::Syncing;
        self.stay(now);
        if !leads {
            return;
        }
        let joined = |member: crate::protocol::join_group::JoinGroupResponseMember| Joined {
            member_id: member.member_id,
            instance_id: member.group_instance_id,
            metadata: member.metadata,
        };
        let mut members: Vec<Joined> = answer.members.into_iter().map(joined).collect();
        members.sort_by(|a, b| a.member_id.cmp(&b.member_id));
        members.dedup_by(|a, b| a.member_id == b.member_id);
        match self.strategies.topics(&members) {
            // A leader that is back in a group which has not changed only watches (KIP-814).
            Ok(topics) if answer.skip_assignment => self.watch(&topics, true),
            Ok(topics) => {
                self.begin_decision(now, members, topics);
                self.phase = Phase::Deciding;
            }
            Err(error) => self.give_up(now, error),
        }
    }

    /// The answer to SyncGroup.
    pub(crate) fn handle_sync(
        &mut self,
        now: Instant,
        number: u64,
        answer: Result<SyncGroupResponse>,
    ) {
        if self.answered(number).is_none() {
            return;
        }
        let failed = match answer {
            Ok(answer) => match ErrorCode(answer.error_code).err() {
                None => return self.handle_synced(now, answer),
                Some(code) => Error::broker(code, "asking for the assignment"),
            },
            Err(error) => error,
        };
        if Trouble::of(&failed) != Trouble::Rebalance {
            self.backoff.failed(now);
        }
        self.prepare_anew();
        self.request_rejoin("the assignment could not be had");
        self.handle_trouble(failed);
    }

    fn handle_synced(&mut self, now: Instant, answer: SyncGroupResponse) {
        let same = answer.protocol_type.as_deref().unwrap_or(PROTOCOL_TYPE) == PROTOCOL_TYPE
            && answer
                .protocol_name
                .is_none_or(|name| name == self.assignor);
        if !same {
            let code = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
            let error = Error::broker(code, "the assignment is for another assignor");
            return self.give_up(now, error);
        }
        match self.read(&answer.assignment) {
            Ok(assigned) => {
                self.backoff.succeeded();
                self.phase = Phase::Stable;
                self.stay(now);
                self.beat_briskly(now);
                self.apply(assigned);
            }
            Err(error) => self.give_up(now, error),
        }
    }

    /// The coordinator knows that it is alive.
    fn stay(&mut self, now: Instant) {
        self.brisk = None;
        self.next_beat(now);
        self.session_until = now + self.settings.session_timeout;
    }

    /// A cooperative group rebalances twice where partitions move, the second time as soon as they
    /// were given up (KIP-429), and a member hears of it with a heartbeat: the first few after an
    /// assignment come early, so that the new owners do not wait for the slowest member's.
    fn beat_briskly(&mut self, now: Instant) {
        self.brisk = self.strategies.is_cooperative().then_some(FIRST_BEAT);
        self.next_beat(now);
    }

    fn read(&mut self, assignment: &Bytes) -> Result<Partitions> {
        let (assignor, generation) = (self.assignor.clone(), self.generation);
        self.strategies.read(&assignor, assignment, generation)
    }

    /// Goes from the partitions that it has to those that it got.
    fn apply(&mut self, assigned: Partitions) {
        let count = assigned.len();
        let wanted = self.wanted.clone().unwrap_or_default();
        let target: Partitions = assigned
            .into_iter()
            .filter(|at| wanted.contains(&at.topic))
            .collect();
        if target.len() < count {
            self.request_rejoin("topics were assigned that are not subscribed to");
        }
        let owned = self.handover.owned();
        let going: Partitions = owned.difference(&target).cloned().collect();
        let coming: Partitions = target.difference(owned).cloned().collect();
        if !going.is_empty() {
            // Somebody else gets them in the next generation.
            self.request_rejoin("gave up partitions for other members");
            self.handover.revoke(going, self.settings.commit_limit);
        }
        self.handover.assign(coming);
    }

    /// The answer to Heartbeat.
    pub(crate) fn handle_heartbeat(
        &mut self,
        now: Instant,
        number: u64,
        answer: Result<HeartbeatResponse>,
    ) {
        let Some(asked) = self.answered(number) else {
            return;
        };
        let failed = match answer {
            Ok(answer) => match ErrorCode(answer.error_code).err() {
                None => {
                    self.session_until = asked.sent + self.settings.session_timeout;
                    self.backoff.succeeded();
                    return;
                }
                Some(code) => Error::broker(code, "sending a heartbeat"),
            },
            Err(error) => error,
        };
        match Trouble::of(&failed) {
            Trouble::Rebalance => {
                // It is known, and only asked to join again.
                self.session_until = asked.sent + self.settings.session_timeout;
                self.request_rejoin("the group is rebalancing");
            }
            Trouble::Refused => {
                self.backoff.failed(now);
                self.heartbeat_due = now;
                self.error = Some(failed);
            }
            Trouble::Moved | Trouble::Later => {
                self.backoff.failed(now);
                self.heartbeat_due = now;
                self.handle_trouble(failed);
            }
            _ => self.handle_trouble(failed),
        }
    }

    /// A commit in the membership `era` was refused for what the member is. An answer to an older
    /// membership means nothing for this one, and a join under way will find out by itself.
    pub(crate) fn handle_refused_commit(&mut self, era: u64, error: Error) {
        if era != self.era || !self.beats() {
            return;
        }
        match Trouble::of(&error) {
            Trouble::Rebalance => self.request_rejoin("the group is rebalancing"),
            Trouble::Generation | Trouble::Member | Trouble::Fenced => self.handle_trouble(error),
            _ => {}
        }
    }

    /// What all requests have in common.
    fn handle_trouble(&mut self, error: Error) {
        let group = &self.settings.group_id;
        match Trouble::of(&error) {
            Trouble::Moved => {
                tracing::debug!(%error, group, "the coordinator cannot be asked");
                self.line.suspect();
            }
            Trouble::Later | Trouble::Rebalance | Trouble::Stale => {
                tracing::debug!(%error, group, "asking again");
            }
            trouble @ (Trouble::Generation | Trouble::Member) => {
                tracing::warn!(%error, group, "out of the group; joining again");
                let leaving = self.phase == Phase::Leaving;
                self.lose(trouble == Trouble::Member);
                self.request_rejoin("the membership was lost");
                if leaving {
                    self.phase = Phase::Leaving;
                }
            }
            Trouble::Fenced => {
                self.lose(true);
                self.phase = Phase::Fenced;
                self.error = Some(fenced(error));
            }
            Trouble::Refused => self.refuse(error),
        }
    }

    /// It cannot go on as a member, for a reason of its own: the others must not wait for it.
    pub(super) fn give_up(&mut self, now: Instant, error: Error) {
        self.say_farewell(now);
        self.refuse(error);
        if self.line.has_farewell() {
            self.member_id.clear();
        }
    }

    /// It cannot be a member, for a reason that will not pass by itself.
    pub(super) fn refuse(&mut self, error: Error) {
        let leaving = self.phase == Phase::Leaving;
        self.lose(false);
        self.phase = if leaving {
            Phase::Leaving
        } else {
            Phase::Refused
        };
        self.error = Some(error);
    }

    /// The answer to LeaveGroup.
    pub(crate) fn handle_leave(
        &mut self,
        now: Instant,
        number: u64,
        answer: Result<LeaveGroupResponse>,
    ) {
        let failed = match answer {
            Ok(answer) => ErrorCode(answer.error_code)
                .err()
                .map(|code| Error::broker(code, "leaving the group")),
            Err(error) => Some(error),
        };
        let failed = failed.as_ref().map(Trouble::of);
        self.line.handle(now, number, failed);
    }
}

fn nonsense(what: &str) -> Error {
    Error::new(
        ErrorKind::Malformed,
        format!("the coordinator's answer to {what} makes no sense"),
    )
}

fn fenced(error: Error) -> Error {
    let words = format!(
        "another consumer has this one's group.instance.id: {}; give each its own",
        error.message()
    );
    Error::new(error.kind(), words).with_source(error)
}
