//! JoinGroup of a classic group, in a broker's order of checks.

use std::time::Instant;

use bytes::Bytes;

use super::super::GroupSettings;
use super::super::parked::Ticket;
use super::{Classic, Join, JoinAnswer, Member, NEW_MEMBER_TIMEOUT, Phase, SyncAnswer};
use crate::error::ErrorCode;

impl Classic {
    /// JoinGroup; the answer comes to the ticket, perhaps at once.
    pub(crate) fn join(&mut self, now: Instant, settings: &GroupSettings, ask: Join) -> Ticket {
        let ticket = self.joins.ticket();
        if let Some(answer) = self.try_join(now, settings, ask, ticket) {
            self.joins.answer(ticket, answer);
        }
        ticket
    }

    /// The answer, or `None` if the ticket has it or will have it.
    fn try_join(
        &mut self,
        now: Instant,
        settings: &GroupSettings,
        ask: Join,
        ticket: Ticket,
    ) -> Option<JoinAnswer> {
        if !self.accepts(&ask.member_id, settings.max_size) {
            self.remove(&ask.member_id);
            let full = ErrorCode::GROUP_MAX_SIZE_REACHED;
            return Some(JoinAnswer::refusal(full, ""));
        }
        if !self.supports(&ask.protocol_type, &ask.protocols) {
            let code = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
            return Some(JoinAnswer::refusal(code, &ask.member_id));
        }
        if !ask.member_id.is_empty() {
            return self.join_again(now, settings, ask, ticket);
        }
        if let Some(instance) = &ask.instance {
            return match self.static_member(instance).map(|old| old.id.clone()) {
                Some(old) => self.replace_static(now, settings, &old, ask, ticket),
                None => self.add(now, settings, ask.new_id.clone(), ask, ticket),
            };
        }
        if ask.id_required {
            self.pending.insert(ask.new_id.clone(), now + ask.session);
            let code = ErrorCode::MEMBER_ID_REQUIRED;
            return Some(JoinAnswer::refusal(code, &ask.new_id));
        }
        self.add(now, settings, ask.new_id.clone(), ask, ticket)
    }

    fn accepts(&self, member_id: &str, max_size: usize) -> bool {
        let member = self.member(member_id);
        match self.phase {
            Phase::Empty => true,
            Phase::PreparingRebalance { .. } => {
                let joined = self.members.iter().filter(|member| member.join.is_some());
                member.is_some_and(|member| member.join.is_some()) || joined.count() < max_size
            }
            _ => member.is_some() || self.members.len() < max_size,
        }
    }

    fn add(
        &mut self,
        now: Instant,
        settings: &GroupSettings,
        id: String,
        ask: Join,
        ticket: Ticket,
    ) -> Option<JoinAnswer> {
        if self.phase == (Phase::PreparingRebalance { initial: true }) {
            self.newcomers = true;
        }
        if self.members.is_empty() {
            self.protocol_type = Some(ask.protocol_type);
        }
        self.pending.remove(&id);
        self.leader.get_or_insert_with(|| id.clone());
        self.members.push(Member {
            id,
            instance: ask.instance,
            client_id: ask.client_id,
            session: ask.session,
            rebalance: ask.rebalance,
            protocols: ask.protocols,
            assignment: Bytes::new(),
            join: Some(ticket),
            sync: None,
            synced: false,
            new: true,
            expires: Some(now + NEW_MEMBER_TIMEOUT),
        });
        self.rebalance(now, settings);
        None
    }

    /// JoinGroup of who has an id.
    fn join_again(
        &mut self,
        now: Instant,
        settings: &GroupSettings,
        ask: Join,
        ticket: Ticket,
    ) -> Option<JoinAnswer> {
        let id = ask.member_id.clone();
        if self.pending.contains_key(&id) {
            if ask.instance.is_some() {
                // A broker throws here: an id that was given to a dynamic member stays one.
                return Some(JoinAnswer::refusal(ErrorCode::UNKNOWN_SERVER_ERROR, ""));
            }
            return self.add(now, settings, id, ask, ticket);
        }
        if let Err(code) = self.check_member(&id, ask.instance.as_deref()) {
            return Some(JoinAnswer::refusal(code, &id));
        }
        let same = self
            .member(&id)
            .is_some_and(|member| member.protocols == ask.protocols);
        let as_it_is = match self.phase {
            Phase::PreparingRebalance { .. } => false,
            Phase::CompletingRebalance => same,
            // The leader rejoins to say that what there is to share has changed.
            Phase::Stable => same && !self.is_leader(&id),
            Phase::Empty => {
                return Some(JoinAnswer::refusal(ErrorCode::UNKNOWN_MEMBER_ID, &id));
            }
        };
        if as_it_is {
            return Some(self.current(&id));
        }
        self.update(&id, ask, ticket);
        self.rebalance(now, settings);
        None
    }

    fn update(&mut self, id: &str, ask: Join, ticket: Ticket) {
        if let Some(member) = self.member_mut(id) {
            member.protocols = ask.protocols;
            member.session = ask.session;
            member.rebalance = ask.rebalance;
            member.join = Some(ticket);
        }
    }

    /// A static member that came without an id takes over what is there under its instance id
    /// (KIP-345). In a stable group that changes nothing for the others.
    fn replace_static(
        &mut self,
        now: Instant,
        settings: &GroupSettings,
        old: &str,
        ask: Join,
        ticket: Ticket,
    ) -> Option<JoinAnswer> {
        let new = ask.new_id.clone();
        let (old_leader, can_skip) = (self.leader.clone(), ask.can_skip);
        let fenced = ErrorCode::FENCED_INSTANCE_ID;
        let member = self.member_mut(old)?;
        member.id.clone_from(&new);
        member.new = false;
        member.expires = Some(now + member.session);
        let (join, sync) = (member.join.take(), member.sync.take());
        if let Some(ticket) = join {
            self.joins.answer(ticket, JoinAnswer::refusal(fenced, old));
        }
        if let Some(ticket) = sync {
            self.syncs.answer(ticket, SyncAnswer::refusal(fenced));
        }
        if self.is_leader(old) {
            self.leader = Some(new.clone());
        }
        self.update(&new, ask, ticket);
        match self.phase {
            Phase::Stable if self.choose_protocol() == self.protocol => {
                self.member_mut(&new)?.join = None;
                self.write();
                let mut answer = self.current(&new);
                if can_skip {
                    answer.skip_assignment = self.is_leader(&new);
                } else {
                    // Before KIP-814 a returning leader is told the old one's id, lest it assign.
                    answer.leader = old_leader.unwrap_or_default();
                    answer.members.clear();
                }
                return Some(answer);
            }
            Phase::Stable | Phase::CompletingRebalance => self.prepare(now, settings),
            Phase::PreparingRebalance { initial: false } => self.complete_if_all_joined(now),
            Phase::PreparingRebalance { initial: true } | Phase::Empty => {}
        }
        None
    }

    /// What a member is told of the generation that is.
    pub(super) fn current(&self, id: &str) -> JoinAnswer {
        let leads = self.is_leader(id);
        let protocol = self.protocol.clone().unwrap_or_default();
        let told = |member: &Member| {
            (
                member.id.clone(),
                member.instance.clone(),
                member.metadata(&protocol),
            )
        };
        JoinAnswer {
            code: ErrorCode::NONE,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            skip_assignment: false,
            member_id: id.to_owned(),
            members: if leads {
                self.members.iter().map(told).collect()
            } else {
                Vec::new()
            },
        }
    }
}
