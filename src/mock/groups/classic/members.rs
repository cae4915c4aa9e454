//! What members of a classic group do once they are in: sync, heartbeat, commit, leave; in a
//! broker's order of checks.

use std::time::Instant;

use bytes::Bytes;

use super::super::GroupSettings;
use super::super::parked::Ticket;
use super::{Classic, Leave, Left, Phase, Sync, SyncAnswer};
use crate::error::ErrorCode;

impl Classic {
    /// Whether there is this member, under this instance id.
    pub(super) fn check_member(&self, id: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.static_member(instance) {
                None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(member) if member.id != id => return Err(ErrorCode::FENCED_INSTANCE_ID),
                Some(_) => {}
            }
        }
        self.member(id)
            .map(|_| ())
            .ok_or(ErrorCode::UNKNOWN_MEMBER_ID)
    }

    fn check_generation(&self, generation: i32) -> Result<(), ErrorCode> {
        let same = generation == self.generation;
        same.then_some(()).ok_or(ErrorCode::ILLEGAL_GENERATION)
    }

    /// SyncGroup; the answer comes to the ticket, perhaps at once.
    pub(crate) fn sync(&mut self, now: Instant, ask: Sync) -> Ticket {
        let ticket = self.syncs.ticket();
        match self.try_sync(now, ask, ticket) {
            Ok(None) => {}
            Ok(Some(answer)) => self.syncs.answer(ticket, answer),
            Err(code) => self.syncs.answer(ticket, SyncAnswer::refusal(code)),
        }
        ticket
    }

    fn try_sync(
        &mut self,
        now: Instant,
        ask: Sync,
        ticket: Ticket,
    ) -> Result<Option<SyncAnswer>, ErrorCode> {
        if self.is_empty() {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        self.check_member(&ask.member_id, ask.instance.as_deref())?;
        self.check_generation(ask.generation)?;
        let differs = |asked: &Option<String>, own: &Option<String>| {
            asked.is_some() && own.is_some() && asked != own
        };
        if differs(&ask.protocol_type, &self.protocol_type)
            || differs(&ask.protocol, &self.protocol)
        {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        if matches!(self.phase, Phase::PreparingRebalance { .. }) {
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        let phase = self.phase;
        let member = self.member_mut(&ask.member_id);
        let member = member.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        member.synced = true;
        if phase == Phase::CompletingRebalance {
            member.sync = Some(ticket);
        }
        let assignment = member.assignment.clone();
        if self.members.iter().all(|member| member.synced) {
            self.phase_ends = None;
        }
        if phase == Phase::Stable {
            return Ok(Some(self.assigned(assignment)));
        }
        if self.is_leader(&ask.member_id) {
            for member in &mut self.members {
                let mut given = ask.assignments.iter();
                let given = given.rfind(|(id, _)| *id == member.id);
                member.assignment = given.map(|(_, data)| data.clone()).unwrap_or_default();
            }
            self.phase = Phase::Stable;
            self.write();
            self.answer_syncs(now, None);
        }
        Ok(None)
    }

    pub(super) fn assigned(&self, assignment: Bytes) -> SyncAnswer {
        SyncAnswer {
            code: ErrorCode::NONE,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment,
        }
    }

    /// Heartbeat.
    ///
    /// # Errors
    ///
    /// UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION; REBALANCE_IN_PROGRESS, which
    /// keeps the session all the same.
    pub(crate) fn heartbeat(
        &mut self,
        now: Instant,
        (id, instance): (&str, Option<&str>),
        generation: i32,
    ) -> Result<(), ErrorCode> {
        self.check_member(id, instance)?;
        self.check_generation(generation)?;
        self.keep_alive(now, id);
        match self.phase {
            Phase::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            Phase::PreparingRebalance { .. } => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            _ => Ok(()),
        }
    }

    fn keep_alive(&mut self, now: Instant, id: &str) {
        if let Some(member) = self.member_mut(id) {
            member.expires = Some(now + member.session);
        }
    }

    /// LeaveGroup, of one member or several.
    pub(crate) fn leave(
        &mut self,
        now: Instant,
        settings: &GroupSettings,
        leaving: Vec<Leave>,
    ) -> Vec<Left> {
        let mut left = Vec::new();
        for member in leaving {
            let code = self.leave_one(&member).err().unwrap_or(ErrorCode::NONE);
            left.push((member, code));
        }
        if left.iter().any(|(_, code)| *code == ErrorCode::NONE) {
            match self.phase {
                Phase::Stable | Phase::CompletingRebalance => self.prepare(now, settings),
                Phase::PreparingRebalance { initial: false } => self.complete_if_all_joined(now),
                Phase::PreparingRebalance { initial: true } | Phase::Empty => {}
            }
        }
        left
    }

    fn leave_one(&mut self, leave: &Leave) -> Result<(), ErrorCode> {
        let instance = leave.instance.as_deref();
        let id = if leave.member_id.is_empty() {
            let member = instance.and_then(|instance| self.static_member(instance));
            member.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?.id.clone()
        } else if self.pending.contains_key(&leave.member_id) {
            leave.member_id.clone()
        } else {
            self.check_member(&leave.member_id, instance)?;
            leave.member_id.clone()
        };
        self.remove_and_tell(&id);
        Ok(())
    }

    /// Whether this client may commit offsets; a member's commit keeps its session.
    ///
    /// # Errors
    ///
    /// UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION; REBALANCE_IN_PROGRESS between the
    /// answers to JoinGroup and SyncGroup.
    pub(crate) fn commit(
        &mut self,
        now: Instant,
        (id, instance): (&str, Option<&str>),
        generation: i32,
    ) -> Result<(), ErrorCode> {
        if generation < 0 && self.is_empty() {
            return Ok(());
        }
        if generation < 0 && id.is_empty() && instance.is_none() {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        self.check_member(id, instance)?;
        self.check_generation(generation)?;
        if self.phase == Phase::CompletingRebalance {
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        self.keep_alive(now, id);
        Ok(())
    }
}
