//! What a ConsumerGroupHeartbeat does: a member joins, follows, or leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{
    Assignor, LEAVE, LEAVE_STATIC, Member, Modern, ModernSettings, Pattern, Place, Progress, Topics,
};
use crate::error::ErrorCode;

/// What a heartbeat says; `None` for what has not changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beat {
    pub(crate) member_id: String,
    pub(crate) epoch: i32,
    pub(crate) instance: Option<String>,
    pub(crate) rack: Option<String>,
    pub(crate) client_id: String,
    pub(crate) rebalance: Option<Duration>,
    pub(crate) names: Option<BTreeSet<String>>,
    /// An inner `None` is the empty pattern, which ends the subscription to one.
    pub(crate) pattern: Option<Option<Pattern>>,
    pub(crate) assignor: Option<Assignor>,
    /// What the member has.
    pub(crate) owned: Option<BTreeSet<Place>>,
}

impl Beat {
    pub(crate) fn leaves(&self) -> bool {
        matches!(self.epoch, LEAVE | LEAVE_STATIC)
    }

    /// Whether it says everything, and so wants to be told everything.
    fn is_full(&self) -> bool {
        let all = self.rebalance.is_some() && self.names.is_some() && self.owned.is_some();
        self.epoch == 0 || all
    }
}

/// The answer to a heartbeat that was well.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct BeatAnswer {
    pub(crate) member_id: String,
    pub(crate) epoch: i32,
    /// What the member is to have, if that is news to it.
    pub(crate) assignment: Option<BTreeSet<Place>>,
}

impl Modern {
    /// A heartbeat; `all` are the topics there are.
    ///
    /// # Errors
    ///
    /// UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, FENCED_INSTANCE_ID, UNRELEASED_INSTANCE_ID,
    /// GROUP_MAX_SIZE_REACHED.
    pub(crate) fn beat(
        &mut self,
        now: Instant,
        settings: &ModernSettings,
        all: &Topics,
        beat: &Beat,
    ) -> Result<BeatAnswer, ErrorCode> {
        if beat.leaves() {
            return self.leave(beat);
        }
        let known = self.members.contains_key(&beat.member_id);
        if self.members.len() >= settings.max_size && !known {
            return Err(ErrorCode::GROUP_MAX_SIZE_REACHED);
        }
        let (old, replaces) = self.subscriber(now, beat)?;
        let mut member = old.clone();
        let changed = self.update(&mut member, beat);
        if let Some(gone) = &replaces {
            self.members.remove(gone);
            let target = self.target.remove(gone).unwrap_or_default();
            self.target.insert(member.id.clone(), target);
        }
        member.session_ends = now + settings.session;
        let id = member.id.clone();
        self.members.insert(id.clone(), member);
        let topics = self.subscribed_topics(all);
        if changed || topics != self.topics {
            self.topics = topics;
            self.epoch += 1;
        }
        self.assign(now, settings);
        self.reconcile(now, &id, beat.owned.as_ref());
        self.resolve_patterns();
        let member = self.members.get(&id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        let news = beat.is_full() || !member.assigned.keys().eq(old.assigned.keys());
        Ok(BeatAnswer {
            member_id: id,
            epoch: member.epoch,
            assignment: news.then(|| member.assigned.keys().copied().collect()),
        })
    }

    /// The member that sends this heartbeat, as it was before, and whom it replaces.
    fn subscriber(&self, now: Instant, beat: &Beat) -> Result<(Member, Option<String>), ErrorCode> {
        let joins = beat.epoch == 0;
        let Some(instance) = &beat.instance else {
            return match self.members.get(&beat.member_id) {
                Some(member) => check_epoch(member, beat).map(|()| (member.clone(), None)),
                None if joins => Ok((Member::new(&beat.member_id, now), None)),
                None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            };
        };
        let Some(holder) = self.holder(instance) else {
            return match joins {
                true => Ok((Member::new(&beat.member_id, now), None)),
                false => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            };
        };
        if !joins {
            if holder.id != beat.member_id {
                return Err(ErrorCode::FENCED_INSTANCE_ID);
            }
            return check_epoch(holder, beat).map(|()| (holder.clone(), None));
        }
        if holder.epoch != LEAVE_STATIC {
            return Err(ErrorCode::UNRELEASED_INSTANCE_ID);
        }
        let successor = Member {
            id: beat.member_id.clone(),
            epoch: 0,
            previous_epoch: 0,
            ..holder.clone()
        };
        Ok((successor, Some(holder.id.clone())))
    }

    fn holder(&self, instance: &str) -> Option<&Member> {
        let mut members = self.members.values();
        members.find(|member| member.instance.as_deref() == Some(instance))
    }

    /// Takes over what the heartbeat says; whether the subscription changed.
    fn update(&self, member: &mut Member, beat: &Beat) -> bool {
        member.client_id.clone_from(&beat.client_id);
        if beat.instance.is_some() {
            member.instance.clone_from(&beat.instance);
        }
        if beat.rack.is_some() {
            member.rack.clone_from(&beat.rack);
        }
        member.rebalance = beat.rebalance.unwrap_or(member.rebalance);
        member.assignor = beat.assignor.or(member.assignor);
        let mut changed = false;
        if let Some(names) = beat.names.as_ref().filter(|names| **names != member.names) {
            member.names.clone_from(names);
            changed = true;
        }
        if let Some(pattern) = beat.pattern.as_ref().filter(|new| **new != member.pattern) {
            member.pattern.clone_from(pattern);
            // A pattern nobody had yet is looked at after the answer.
            let known = |new: &Pattern| self.resolved.contains(new.as_str());
            changed |= member.pattern.as_ref().is_none_or(known);
        }
        changed
    }

    /// All topics that members subscribe to and that are there.
    fn subscribed_topics(&self, all: &Topics) -> Topics {
        let resolved = |pattern: &&Pattern| self.resolved.contains(pattern.as_str());
        let wanted = |name: &str| {
            self.members.values().any(|member| {
                let pattern = member.pattern.as_ref().filter(resolved);
                member.names.contains(name) || pattern.is_some_and(|found| found.matches(name))
            })
        };
        let found = all.iter().filter(|(name, _)| wanted(name));
        found.map(|(name, topic)| (name.clone(), *topic)).collect()
    }

    fn resolve_patterns(&mut self) {
        let patterns = self.members.values().flat_map(|member| &member.pattern);
        let patterns = patterns.map(|pattern| pattern.as_str().to_owned());
        self.resolved = patterns.collect();
    }

    /// A new target for a new epoch, unless the last one is too fresh.
    fn assign(&mut self, now: Instant, settings: &ModernSettings) {
        let due = |at: Instant| now >= at + settings.assignment_interval;
        if self.epoch <= self.target_epoch || !self.assigned_at.is_none_or(due) {
            return;
        }
        self.assigned_at = Some(now);
        for (name, (id, _)) in &self.topics {
            self.names.insert(*id, name.clone());
        }
        self.target = self
            .assignor()
            .share(&self.members, &self.topics, &self.target);
        self.target_epoch = self.epoch;
    }

    /// Takes a member a step nearer to its target.
    fn reconcile(&mut self, now: Instant, id: &str, owned: Option<&BTreeSet<Place>>) {
        let Some(member) = self.members.get(id) else {
            return;
        };
        let epoch = self.target_epoch;
        if member.is_reconciled_to(epoch) {
            return;
        }
        // Without a word on what it has, it has not given up anything.
        let keeps = |revoking: &BTreeMap<Place, i32>| {
            owned.is_none_or(|owned| owned.iter().any(|place| revoking.contains_key(place)))
        };
        let base = match member.progress {
            Progress::Unrevoked if keeps(&member.revoking) => return,
            Progress::Unrevoked => member.epoch + 1,
            Progress::Stable | Progress::Unreleased => member.epoch,
        };
        let none = BTreeSet::new();
        let target = self.target.get(id).unwrap_or(&none);
        let (mut assigned, revoking): (BTreeMap<_, _>, BTreeMap<_, _>) = member
            .assigned
            .iter()
            .partition(|(place, _)| target.contains(*place));
        let others = self.members.values().filter(|other| other.id != id);
        let taken: BTreeSet<Place> = others.flat_map(Member::holds).copied().collect();
        let missing = target.iter().filter(|place| !assigned.contains_key(*place));
        let (unreleased, free): (Vec<Place>, Vec<Place>) =
            missing.partition(|place| taken.contains(*place));
        let Some(member) = self.members.get_mut(id) else {
            return;
        };
        if !revoking.is_empty() && keeps(&revoking) {
            member.assigned = assigned;
            member.revoking = revoking;
            member.set(base, Progress::Unrevoked);
            member.revoke_by = Some(now + member.rebalance);
            return;
        }
        assigned.extend(free.into_iter().map(|place| (place, epoch)));
        member.assigned = assigned;
        member.revoking.clear();
        member.revoke_by = None;
        let progress = match unreleased.is_empty() {
            true => Progress::Stable,
            false => Progress::Unreleased,
        };
        member.set(epoch, progress);
    }

    fn leave(&mut self, beat: &Beat) -> Result<BeatAnswer, ErrorCode> {
        let id = match &beat.instance {
            None => self.members.get(&beat.member_id),
            Some(instance) => {
                let holder = self.holder(instance);
                let holder = holder.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
                if holder.id != beat.member_id {
                    return Err(ErrorCode::FENCED_INSTANCE_ID);
                }
                Some(holder)
            }
        };
        let id = id.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?.id.clone();
        if beat.instance.is_some() && beat.epoch == LEAVE_STATIC {
            if let Some(member) = self.members.get_mut(&id) {
                member.revoking.clear();
                member.revoke_by = None;
                member.set(LEAVE_STATIC, member.progress);
            }
        } else {
            self.fence(&id);
        }
        Ok(BeatAnswer {
            member_id: id,
            epoch: beat.epoch,
            assignment: None,
        })
    }
}

impl Member {
    fn set(&mut self, epoch: i32, progress: Progress) {
        if self.epoch != epoch {
            self.previous_epoch = self.epoch;
            self.epoch = epoch;
        }
        self.progress = progress;
    }
}

/// A member has the epoch it was told, or the one before, should the answer have been lost: then it
/// has nothing yet that it had not before.
fn check_epoch(member: &Member, beat: &Beat) -> Result<(), ErrorCode> {
    let owned = beat.owned.as_ref();
    let no_more = owned.is_some_and(|all| all.iter().all(|p| member.assigned.contains_key(p)));
    let late = beat.epoch < member.epoch && beat.epoch == member.previous_epoch && no_more;
    // Who joins again under its id may always: it says that it has nothing.
    match beat.epoch == 0 || beat.epoch == member.epoch || late {
        true => Ok(()),
        false => Err(ErrorCode::FENCED_MEMBER_EPOCH),
    }
}
