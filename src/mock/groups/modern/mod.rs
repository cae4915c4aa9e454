//! A group of the new protocol: the coordinator assigns, members converge (KIP-848).
//!
//! Intuition: every change of members, subscriptions or topics raises the group's epoch; for each
//! epoch there is a target assignment; each member walks to it on its own. It first gives up what
//! is not its any more, and only when it has said so may another get that. A member's epoch tells
//! how far it is. Pure: time and topics come in; what heartbeats do is in `heartbeat`, how
//! partitions are shared out in `assignors`.

mod assignors;
mod heartbeat;
mod pattern;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

pub(crate) use self::assignors::Assignor;
pub(crate) use self::heartbeat::{Beat, BeatAnswer};
pub(crate) use self::pattern::Pattern;
use crate::error::ErrorCode;
use crate::ids::Uuid;

/// The epoch with which a member leaves, and with which a static one leaves for a while.
const LEAVE: i32 = -1;
const LEAVE_STATIC: i32 = -2;

/// A partition, by its topic's id: a topic that was made anew is another.
pub(crate) type Place = (Uuid, i32);

/// What there is to share: the id and the number of partitions of each topic, by name.
pub(crate) type Topics = BTreeMap<String, (Uuid, i32)>;

/// How far a member is on its way to its target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Progress {
    /// It has what it is to have.
    Stable,
    /// It was told to give up partitions, and has not said that it did.
    Unrevoked,
    /// It waits for partitions that others have not given up.
    Unreleased,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) instance: Option<String>,
    pub(crate) rack: Option<String>,
    pub(crate) client_id: String,
    pub(crate) names: BTreeSet<String>,
    pub(crate) pattern: Option<Pattern>,
    assignor: Option<Assignor>,
    rebalance: Duration,
    pub(crate) epoch: i32,
    previous_epoch: i32,
    progress: Progress,
    /// What it has, and the epoch in which it got that (KIP-1251).
    pub(crate) assigned: BTreeMap<Place, i32>,
    /// What it was told to give up.
    revoking: BTreeMap<Place, i32>,
    session_ends: Instant,
    /// When it is fenced if it does not give up what it was told to.
    revoke_by: Option<Instant>,
}

impl Member {
    fn new(id: &str, now: Instant) -> Self {
        Self {
            id: id.to_owned(),
            instance: None,
            rack: None,
            client_id: String::new(),
            names: BTreeSet::new(),
            pattern: None,
            assignor: None,
            rebalance: Duration::ZERO,
            epoch: 0,
            previous_epoch: 0,
            progress: Progress::Stable,
            assigned: BTreeMap::new(),
            revoking: BTreeMap::new(),
            session_ends: now,
            revoke_by: None,
        }
    }

    fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.progress == Progress::Stable && self.epoch == epoch
    }

    /// What nobody else may get yet: what it has, and what it still has to give up.
    pub(crate) fn holds(&self) -> impl Iterator<Item = &Place> {
        self.assigned.keys().chain(self.revoking.keys())
    }
}

/// What the brokers' configuration says about these groups.
#[derive(Clone, Debug)]
pub(crate) struct ModernSettings {
    /// Whether the brokers have these groups at all.
    pub(crate) enabled: bool,
    /// `group.consumer.session.timeout.ms`.
    pub(crate) session: Duration,
    /// `group.consumer.heartbeat.interval.ms`.
    pub(crate) heartbeat: Duration,
    /// `group.consumer.max.size`.
    pub(crate) max_size: usize,
    /// `group.consumer.assignment.interval.ms` (KIP-1263).
    pub(crate) assignment_interval: Duration,
    /// Commits are checked against the epoch in which a partition was assigned (KIP-1251).
    pub(crate) assignment_epochs: bool,
}

impl Default for ModernSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            session: Duration::from_secs(45),
            heartbeat: Duration::from_secs(5),
            max_size: usize::MAX,
            assignment_interval: Duration::ZERO,
            assignment_epochs: true,
        }
    }
}

/// A group of the new protocol.
#[derive(Clone, Debug)]
pub(crate) struct Modern {
    pub(crate) epoch: i32,
    pub(crate) target_epoch: i32,
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) target: BTreeMap<String, BTreeSet<Place>>,
    /// The topics subscribed to, as they were when the epoch was last raised.
    topics: Topics,
    /// The names of topics that were ever assigned.
    names: BTreeMap<Uuid, String>,
    assigned_at: Option<Instant>,
    /// Patterns that were looked at since they came; the others wait for the next heartbeat.
    resolved: BTreeSet<String>,
}

impl Modern {
    /// An empty group; that it is there is its first epoch.
    pub(crate) fn new() -> Self {
        Self {
            epoch: 1,
            target_epoch: 0,
            members: BTreeMap::new(),
            target: BTreeMap::new(),
            topics: Topics::new(),
            names: BTreeMap::new(),
            assigned_at: None,
            resolved: BTreeSet::new(),
        }
    }

    pub(crate) fn state(&self) -> &'static str {
        let done = |member: &Member| member.is_reconciled_to(self.target_epoch);
        if self.members.is_empty() {
            "Empty"
        } else if self.epoch > self.target_epoch {
            "Assigning"
        } else if self.members.values().all(done) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// The assignor most members ask for, the default one if none does.
    pub(crate) fn assignor(&self) -> Assignor {
        let votes = |wanted| {
            let votes = self.members.values();
            votes
                .filter(|member| member.assignor == Some(wanted))
                .count()
        };
        match votes(Assignor::Range) > votes(Assignor::Uniform) {
            true => Assignor::Range,
            false => Assignor::Uniform,
        }
    }

    pub(crate) fn name_of(&self, topic: Uuid) -> Option<&str> {
        self.names.get(&topic).map(String::as_str)
    }

    pub(crate) fn subscribes_to(&self, topic: &str) -> bool {
        let wants = |member: &Member| {
            let pattern = member.pattern.as_ref();
            member.names.contains(topic) || pattern.is_some_and(|pattern| pattern.matches(topic))
        };
        self.members.values().any(wants)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let members = self.members.values();
        let each = members.flat_map(|member| [Some(member.session_ends), member.revoke_by]);
        each.flatten().min()
    }

    /// Fences who is silent, or does not give up what it was told to.
    pub(crate) fn tick(&mut self, now: Instant) {
        let late = |member: &&Member| {
            member.session_ends <= now || member.revoke_by.is_some_and(|by| by <= now)
        };
        let late = self.members.values().filter(late);
        let late: Vec<String> = late.map(|member| member.id.clone()).collect();
        for id in late {
            self.fence(&id);
        }
    }

    /// Ends a member's session.
    pub(crate) fn expire(&mut self, id: &str, now: Instant) {
        if let Some(member) = self.members.get_mut(id) {
            member.session_ends = now;
        }
    }

    fn fence(&mut self, id: &str) {
        self.members.remove(id);
        self.target.remove(id);
        self.epoch += 1;
    }

    /// Another broker loaded the group: everybody has a whole session to show up.
    pub(crate) fn reload(&mut self, now: Instant, settings: &ModernSettings) {
        for member in self.members.values_mut() {
            member.session_ends = now + settings.session;
            if member.progress == Progress::Unrevoked {
                member.revoke_by = Some(now + member.rebalance);
            }
        }
        self.assigned_at = None;
    }

    /// Whether a client may commit; with an epoch that is older than the member's only what it had
    /// in that epoch already and still has, which is returned then.
    ///
    /// # Errors
    ///
    /// UNKNOWN_MEMBER_ID; STALE_MEMBER_EPOCH; UNSUPPORTED_VERSION.
    pub(crate) fn commit(
        &self,
        (id, epoch): (&str, i32),
        knows_epochs: bool,
        settings: &ModernSettings,
    ) -> Result<Option<BTreeSet<Place>>, ErrorCode> {
        if epoch < 0 && self.members.is_empty() {
            return Ok(None);
        }
        let member = self.members.get(id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        if !knows_epochs {
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
        if epoch == member.epoch {
            return Ok(None);
        }
        if !settings.assignment_epochs || epoch > member.epoch {
            return Err(ErrorCode::STALE_MEMBER_EPOCH);
        }
        let held = member.assigned.iter().chain(&member.revoking);
        let since = held.filter(|(_, since)| **since <= epoch);
        Ok(Some(since.map(|(place, _)| *place).collect()))
    }

    /// Whether a client may read the offsets.
    ///
    /// # Errors
    ///
    /// UNKNOWN_MEMBER_ID; STALE_MEMBER_EPOCH.
    pub(crate) fn check_fetch(&self, id: Option<&str>, epoch: i32) -> Result<(), ErrorCode> {
        if id.is_none() && epoch < 0 {
            return Ok(());
        }
        // A broker stumbles over an epoch without an id.
        let id = id.ok_or(ErrorCode::UNKNOWN_SERVER_ERROR)?;
        let member = self.members.get(id);
        let member = member.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        let same = member.epoch == epoch;
        same.then_some(()).ok_or(ErrorCode::STALE_MEMBER_EPOCH)
    }
}

#[cfg(test)]
mod tests;
