//! A classic group: members join, the leader assigns, all sync (KIP-62, KIP-345, KIP-394).
//!
//! Intuition: a generation begins when every member has asked to join, or the rebalance timeout
//! cuts off those that did not; one of them, the leader, is told all members and decides who reads
//! what. Pure: time comes in, answers go to the tickets of those that wait. `phases` has the timers
//! and how one phase follows another, `requests` how a member gets in, `members` what members do
//! then; here is the group itself.

mod members;
mod messages;
mod phases;
mod requests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub(crate) use self::messages::{Join, JoinAnswer, Leave, Left, Sync, SyncAnswer};
use super::parked::{Parked, Ticket};
use crate::error::ErrorCode;
use crate::protocol::consumer_protocol_subscription::ConsumerProtocolSubscription;
use crate::protocol::{Decode, Reader};

/// How long a new member's JoinGroup may be parked; it cannot heartbeat before it has an answer.
const NEW_MEMBER_TIMEOUT: Duration = Duration::from_secs(300);

/// Where a group stands, as Kafka calls it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// No members.
    Empty,
    /// Members are to join; `initial` while a group that was empty waits for more of them.
    PreparingRebalance { initial: bool },
    /// All joined; the leader's assignment is to come.
    CompletingRebalance,
    /// All is assigned.
    Stable,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance { .. } => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) instance: Option<String>,
    pub(crate) client_id: String,
    session: Duration,
    rebalance: Duration,
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    /// Its parked requests.
    join: Option<Ticket>,
    sync: Option<Ticket>,
    /// Whether it sent SyncGroup in this generation.
    synced: bool,
    /// It has no answer to its first JoinGroup yet.
    new: bool,
    expires: Option<Instant>,
}

impl Member {
    /// What it said of one protocol.
    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        let mut all = self.protocols.iter();
        let found = all.find(|(name, _)| name == protocol);
        found.map(|(_, data)| data.clone()).unwrap_or_default()
    }
}

/// What a coordinator wrote to its log, and so what the next one knows.
#[derive(Clone, Debug, Default)]
struct Written {
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    members: Vec<Member>,
}

/// A classic group.
#[derive(Clone, Debug)]
pub(crate) struct Classic {
    pub(crate) phase: Phase,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) leader: Option<String>,
    /// In the order in which they joined.
    pub(crate) members: Vec<Member>,
    /// Ids that were given and not used yet, and until when they may be.
    pending: BTreeMap<String, Instant>,
    /// When the phase ends whoever is missing.
    phase_ends: Option<Instant>,
    /// Of an initial rebalance: how much longer it may be put off, and whether anybody new came.
    remaining: Duration,
    newcomers: bool,
    written: Written,
    joins: Parked<JoinAnswer>,
    syncs: Parked<SyncAnswer>,
}

impl Classic {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: Vec::new(),
            pending: BTreeMap::new(),
            phase_ends: None,
            remaining: Duration::ZERO,
            newcomers: false,
            written: Written::default(),
            joins: Parked::default(),
            syncs: Parked::default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.phase == Phase::Empty
    }

    pub(crate) fn is_of_consumers(&self) -> bool {
        self.protocol_type.as_deref() == Some("consumer")
    }

    /// Whether a member subscribes to a topic. Where that cannot be read, all are subscribed to.
    pub(crate) fn subscribes_to(&self, topic: &str) -> bool {
        let Some(protocol) = self.protocol.as_deref().filter(|_| self.is_of_consumers()) else {
            return false;
        };
        let reads = |member: &Member| subscribed(&member.metadata(protocol));
        let subscribed = self.members.iter().map(reads);
        subscribed
            .into_iter()
            .any(|topics| topics.is_none_or(|all| all.iter().any(|t| t == topic)))
    }

    pub(crate) fn take_join(&mut self, ticket: Ticket) -> Option<JoinAnswer> {
        self.joins.take(ticket)
    }

    pub(crate) fn take_sync(&mut self, ticket: Ticket) -> Option<SyncAnswer> {
        self.syncs.take(ticket)
    }

    /// Keeps the leader if it joined, or else takes the first member that did.
    fn elect_joined_leader(&mut self) -> bool {
        let joined = |member: &&Member| member.join.is_some();
        let leads = |member: &Member| Some(&member.id) == self.leader.as_ref();
        if self.members.iter().filter(joined).any(leads) {
            return true;
        }
        let next = self.members.iter().find(joined);
        let next = next.map(|member| member.id.clone());
        let found = next.is_some();
        self.leader = next.or(self.leader.take());
        found
    }

    /// Each member votes for the first of its protocols that all know; ties go to the vote of who
    /// joined first.
    fn choose_protocol(&self) -> Option<String> {
        let common = |name: &str| {
            let knows = |member: &Member| member.protocols.iter().any(|(known, _)| known == name);
            self.members.iter().all(knows)
        };
        let mut votes: Vec<(&str, usize)> = Vec::new();
        for member in &self.members {
            let names = member.protocols.iter().map(|(name, _)| name.as_str());
            let Some(vote) = names.into_iter().find(|name| common(name)) else {
                continue;
            };
            match votes.iter_mut().find(|(name, _)| *name == vote) {
                Some((_, count)) => *count += 1,
                None => votes.push((vote, 1)),
            }
        }
        let most = votes.iter().map(|(_, count)| *count).max()?;
        let winner = votes.iter().find(|(_, count)| *count == most);
        winner.map(|(name, _)| (*name).to_owned())
    }

    /// Whether a member with these protocols fits in.
    fn supports(&self, protocol_type: &str, protocols: &[(String, Bytes)]) -> bool {
        if self.phase == Phase::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let known_to_all = |(name, _): &(String, Bytes)| {
            let knows = |member: &Member| member.protocols.iter().any(|(known, _)| known == name);
            self.members.iter().all(knows)
        };
        self.protocol_type.as_deref() == Some(protocol_type) && protocols.iter().any(known_to_all)
    }

    pub(crate) fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    fn member_mut(&mut self, id: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    fn static_member(&self, instance: &str) -> Option<&Member> {
        let mut all = self.members.iter();
        all.find(|member| member.instance.as_deref() == Some(instance))
    }

    /// Ends a member's session, even if it waits for an answer.
    pub(crate) fn expire(&mut self, id: &str, now: Instant) {
        if let Some(member) = self.member_mut(id) {
            // As of a new member's: its wait does not save it.
            member.new = true;
            member.expires = Some(now);
        }
    }

    fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    fn remove(&mut self, id: &str) {
        self.pending.remove(id);
        self.members.retain(|member| member.id != id);
        if self.is_leader(id) {
            self.leader = self.members.first().map(|member| member.id.clone());
        }
    }

    /// Removes a member and tells it so, should it wait to join.
    fn remove_and_tell(&mut self, id: &str) {
        if let Some(ticket) = self.member_mut(id).and_then(|member| member.join.take()) {
            let answer = JoinAnswer::refusal(ErrorCode::UNKNOWN_MEMBER_ID, "");
            self.joins.answer(ticket, answer);
        }
        self.remove(id);
    }

    /// Answers all that wait for the assignment: with theirs, or with an error.
    fn answer_syncs(&mut self, now: Instant, error: Option<ErrorCode>) {
        for index in 0..self.members.len() {
            let Some(member) = self.members.get_mut(index) else {
                continue;
            };
            if error.is_some() {
                member.assignment = Bytes::new();
            }
            let Some(ticket) = member.sync.take() else {
                continue;
            };
            member.expires = Some(now + member.session);
            let assignment = member.assignment.clone();
            let answer = match error {
                Some(code) => SyncAnswer::refusal(code),
                None => self.assigned(assignment),
            };
            self.syncs.answer(ticket, answer);
        }
    }

    /// Writes the group to the coordinator's log.
    fn write(&mut self) {
        let plain = |member: &Member| Member {
            join: None,
            sync: None,
            synced: true,
            new: false,
            expires: None,
            ..member.clone()
        };
        self.written = Written {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            members: self.members.iter().map(plain).collect(),
        };
    }

    /// Another broker loaded the group: it knows what was written. What was under way is lost, and
    /// everybody has a whole session to show up.
    pub(crate) fn reload(&mut self, now: Instant) {
        for member in &self.members {
            if let Some(ticket) = member.join {
                let moved = JoinAnswer::refusal(ErrorCode::NOT_COORDINATOR, &member.id);
                self.joins.answer(ticket, moved);
            }
            if let Some(ticket) = member.sync {
                let moved = SyncAnswer::refusal(ErrorCode::NOT_COORDINATOR);
                self.syncs.answer(ticket, moved);
            }
        }
        let written = self.written.clone();
        self.generation = written.generation;
        self.protocol_type = written.protocol_type;
        self.protocol = written.protocol;
        self.leader = written.leader;
        self.members = written.members;
        for member in &mut self.members {
            member.expires = Some(now + member.session);
        }
        self.pending.clear();
        self.phase_ends = None;
        self.phase = if self.members.is_empty() {
            Phase::Empty
        } else {
            Phase::Stable
        };
    }
}

/// The topics in a consumer's subscription; `None` if it is not one.
fn subscribed(metadata: &Bytes) -> Option<Vec<String>> {
    const OLDEST: i16 = 0;
    let rest = metadata.get(size_of::<i16>()..)?;
    let mut reader = Reader::new(metadata.slice_ref(rest));
    let decoded = ConsumerProtocolSubscription::decode(&mut reader, OLDEST);
    Some(decoded.ok()?.topics)
}

#[cfg(test)]
mod tests;
