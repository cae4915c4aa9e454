//! The phases of a classic group and what ends them: all have joined, all have synced, or time is
//! up.

use std::time::{Duration, Instant};

use super::super::GroupSettings;
use super::{Classic, Member, Phase};
use crate::error::ErrorCode;

impl Classic {
    /// The next time at which something happens by itself.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let sessions = self.members.iter().filter_map(|member| member.expires);
        let pending = self.pending.values().copied();
        sessions.chain(pending).chain(self.phase_ends).min()
    }

    /// Does what is due by `now`, one thing after the other, each at its own time.
    pub(crate) fn tick(&mut self, now: Instant, settings: &GroupSettings) {
        while let Some(at) = self.next_deadline().filter(|at| *at <= now) {
            if self.phase_ends.is_some_and(|ends| ends <= at) {
                self.phase_ends = None;
                self.end_phase(at, settings);
            } else if self.pending.values().any(|until| *until <= at) {
                self.pending.retain(|_, until| *until > at);
                self.complete_if_all_joined(at);
            } else {
                self.expire_members(at, settings);
            }
        }
    }

    fn expire_members(&mut self, at: Instant, settings: &GroupSettings) {
        let due = |member: &&mut Member| member.expires.is_some_and(|until| until <= at);
        let mut gone = None;
        for member in self.members.iter_mut().filter(due) {
            // Who waits for an answer cannot heartbeat: the clock starts again with the answer.
            let waits = member.join.is_some() || member.sync.is_some();
            if waits && !member.new {
                member.expires = None;
            } else {
                gone = Some(member.id.clone());
                break;
            }
        }
        if let Some(id) = gone {
            self.remove_and_tell(&id);
            self.rebalance_after_loss(at, settings);
        }
    }

    /// Members are gone for good: those that are left have to share anew.
    fn rebalance_after_loss(&mut self, at: Instant, settings: &GroupSettings) {
        match self.phase {
            Phase::Stable | Phase::CompletingRebalance => self.prepare(at, settings),
            Phase::PreparingRebalance { .. } => self.complete_if_all_joined(at),
            Phase::Empty => {}
        }
    }

    pub(super) fn complete_if_all_joined(&mut self, at: Instant) {
        let preparing = matches!(self.phase, Phase::PreparingRebalance { .. });
        if preparing && self.all_joined() {
            self.complete_join(at);
        }
    }

    fn end_phase(&mut self, at: Instant, settings: &GroupSettings) {
        match self.phase {
            Phase::PreparingRebalance { initial: true }
                if self.newcomers && !self.remaining.is_zero() =>
            {
                self.newcomers = false;
                let delay = settings.initial_rebalance_delay.min(self.remaining);
                self.remaining = self.remaining.saturating_sub(delay);
                self.phase_ends = Some(at + delay);
            }
            Phase::PreparingRebalance { .. } => self.complete_join(at),
            Phase::CompletingRebalance | Phase::Stable => {
                let missing = self.members.iter().filter(|member| !member.synced);
                let missing: Vec<String> = missing.map(|member| member.id.clone()).collect();
                if !missing.is_empty() {
                    for id in &missing {
                        self.remove(id);
                    }
                    self.prepare(at, settings);
                }
            }
            Phase::Empty => {}
        }
    }

    fn all_joined(&self) -> bool {
        let joined = self.members.iter().all(|member| member.join.is_some());
        joined && self.pending.is_empty()
    }

    /// The longest of the members' rebalance timeouts.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        let all = self.members.iter().map(|member| member.rebalance);
        all.max().unwrap_or_default()
    }

    /// Begins a rebalance.
    pub(super) fn prepare(&mut self, now: Instant, settings: &GroupSettings) {
        if self.phase == Phase::CompletingRebalance {
            self.answer_syncs(now, Some(ErrorCode::REBALANCE_IN_PROGRESS));
        }
        let initial = self.phase == Phase::Empty;
        self.phase = Phase::PreparingRebalance { initial };
        if initial {
            let delay = settings.initial_rebalance_delay;
            self.newcomers = false;
            self.remaining = self.rebalance_timeout().saturating_sub(delay);
            self.phase_ends = Some(now + delay);
        } else if self.all_joined() {
            self.complete_join(now);
        } else {
            self.phase_ends = Some(now + self.rebalance_timeout());
        }
    }

    /// Begins a rebalance if none is under way, or ends the one that waited only for this.
    pub(super) fn rebalance(&mut self, now: Instant, settings: &GroupSettings) {
        match self.phase {
            Phase::PreparingRebalance { initial: true } => {}
            Phase::PreparingRebalance { initial: false } => self.complete_if_all_joined(now),
            _ => self.prepare(now, settings),
        }
    }

    /// All have joined, or time is up: the next generation. Static members may be late.
    fn complete_join(&mut self, now: Instant) {
        self.phase_ends = None;
        let late = |member: &&Member| member.join.is_none() && member.instance.is_none();
        let late: Vec<String> = self
            .members
            .iter()
            .filter(late)
            .map(|member| member.id.clone())
            .collect();
        for id in &late {
            self.remove(id);
        }
        if self.members.is_empty() {
            self.generation += 1;
            self.protocol = None;
            self.phase = Phase::Empty;
            self.write();
            return;
        }
        if !self.elect_joined_leader() {
            // Nobody joined: wait until sessions end, or somebody does.
            self.phase_ends = Some(now + self.rebalance_timeout());
            return;
        }
        self.generation += 1;
        self.protocol = self.choose_protocol();
        self.phase = Phase::CompletingRebalance;
        self.phase_ends = Some(now + self.rebalance_timeout());
        for index in 0..self.members.len() {
            let Some(member) = self.members.get_mut(index) else {
                continue;
            };
            member.synced = false;
            member.new = false;
            member.expires = Some(now + member.session);
            let id = member.id.clone();
            if let Some(ticket) = member.join.take() {
                let answer = self.current(&id);
                self.joins.answer(ticket, answer);
            }
        }
    }
}
