//! The groups of a cluster, as their coordinators keep them.
//!
//! Pure: time comes in with each request, answers that come later wait in `parked`. Nothing runs
//! by itself: what was due (sessions, timeouts) happens before the next request or question about a
//! group, at the time it was due. `classic` is the protocol in which members assign, `modern` the
//! one in which the coordinator does (KIP-848); offsets are in `offsets`, who coordinates in
//! `coordinators`.
//!
//! Deviation: members of both protocols never share a group (`group.consumer.migration.policy` is
//! `disabled`); one that is empty takes members of either.

pub(crate) mod classic;
pub(crate) mod coordinators;
pub(crate) mod modern;
pub(crate) mod offsets;
pub(crate) mod owners;
pub(crate) mod parked;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use self::classic::Classic;
use self::coordinators::Coordinators;
use self::modern::{Modern, ModernSettings};
use self::offsets::Offsets;
use self::owners::Owners;
use crate::error::ErrorCode;
use crate::ids::TopicPartition;

/// What the brokers' configuration says about groups.
#[derive(Clone, Debug)]
pub(crate) struct GroupSettings {
    /// `group.initial.rebalance.delay.ms`.
    pub(crate) initial_rebalance_delay: Duration,
    /// `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
    pub(crate) session_timeouts: (Duration, Duration),
    /// `group.max.size`.
    pub(crate) max_size: usize,
    /// `offset.metadata.max.bytes`.
    pub(crate) metadata_max: usize,
    pub(crate) modern: ModernSettings,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            initial_rebalance_delay: Duration::ZERO,
            session_timeouts: (Duration::from_secs(6), Duration::from_secs(1_800)),
            max_size: usize::MAX,
            metadata_max: 4_096,
            modern: ModernSettings::default(),
        }
    }
}

/// What protocol a group speaks.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Classic(Classic),
    Modern(Modern),
}

/// One group, whatever its protocol.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) kind: Kind,
    pub(crate) offsets: Offsets,
    pub(crate) owners: Owners,
    term: u32,
}

impl Group {
    fn tick(&mut self, now: Instant, settings: &GroupSettings) -> bool {
        let mut ticked = false;
        while let Some(at) = self.next_deadline().filter(|at| *at <= now) {
            match &mut self.kind {
                Kind::Classic(classic) => classic.tick(at, settings),
                Kind::Modern(modern) => modern.tick(at),
            }
            self.note_owners(at);
            ticked = true;
        }
        ticked
    }

    fn reload(&mut self, now: Instant, settings: &GroupSettings) {
        match &mut self.kind {
            Kind::Classic(classic) => classic.reload(now),
            Kind::Modern(modern) => modern.reload(now, &settings.modern),
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match &self.kind {
            Kind::Classic(classic) => classic.next_deadline(),
            Kind::Modern(modern) => modern.next_deadline(),
        }
    }

    fn note_owners(&mut self, at: Instant) {
        let (epoch, owned) = match &self.kind {
            Kind::Classic(classic) => (classic.generation, owners::of_classic(classic)),
            Kind::Modern(modern) => (modern.epoch, owners::of_modern(modern)),
        };
        self.owners.note(at, epoch, owned);
    }

    pub(crate) fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Classic(classic) => classic.is_empty(),
            Kind::Modern(modern) => modern.members.is_empty(),
        }
    }

    pub(crate) fn classic(&mut self) -> Option<&mut Classic> {
        match &mut self.kind {
            Kind::Classic(classic) => Some(classic),
            Kind::Modern(_) => None,
        }
    }

    pub(crate) fn modern(&self) -> Option<&Modern> {
        match &self.kind {
            Kind::Classic(_) => None,
            Kind::Modern(modern) => Some(modern),
        }
    }
}

/// All groups.
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    pub(crate) settings: GroupSettings,
    pub(crate) coordinators: Coordinators,
    all: BTreeMap<String, Group>,
    changed: bool,
}

impl Groups {
    pub(crate) fn new(settings: GroupSettings, brokers: &[i32]) -> Self {
        Self {
            settings,
            coordinators: Coordinators::new(brokers),
            all: BTreeMap::new(),
            changed: false,
        }
    }

    /// Whether a parked request may have got its answer; asking resets it.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Serves a request about a group at a broker, if that coordinates it.
    ///
    /// # Errors
    ///
    /// NOT_COORDINATOR; COORDINATOR_LOAD_IN_PROGRESS.
    pub(crate) fn serve<T>(
        &mut self,
        id: &str,
        (broker, now): (i32, Instant),
        act: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, ErrorCode> {
        let term = self.coordinators.admit(id, broker, now)?;
        if let Some(group) = self.all.get_mut(id) {
            self.changed |= group.tick(now, &self.settings);
            if group.term != term {
                group.term = term;
                group.reload(now, &self.settings);
                self.changed = true;
            }
        }
        let done = act(self);
        if let Some(group) = self.all.get_mut(id) {
            group.note_owners(now);
            self.changed |= group.tick(now, &self.settings);
        }
        Ok(done)
    }

    /// Does what is due in all groups.
    pub(crate) fn tick(&mut self, now: Instant) {
        for group in self.all.values_mut() {
            self.changed |= group.tick(now, &self.settings);
        }
    }

    pub(crate) fn mark_changed(&mut self) {
        self.changed = true;
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Group> {
        self.all.get(id)
    }

    /// The group, if it is a classic one.
    pub(crate) fn classic(&mut self, id: &str) -> Option<&mut Classic> {
        self.all.get_mut(id)?.classic()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Group)> {
        self.all.iter()
    }

    /// A classic group, made if there is none; one of the other protocol that has no members
    /// becomes a classic one. `None` if it has members.
    pub(crate) fn obtain_classic(&mut self, id: &str) -> Option<&mut Classic> {
        let group = self.obtain(id, || Kind::Classic(Classic::new()));
        if group
            .modern()
            .is_some_and(|modern| modern.members.is_empty())
        {
            group.kind = Kind::Classic(Classic::new());
        }
        group.classic()
    }

    /// A group of the new protocol, made if there is none, as [`Self::obtain_classic`].
    pub(crate) fn obtain_modern(&mut self, id: &str) -> Option<&mut Modern> {
        let group = self.obtain(id, || Kind::Modern(Modern::new()));
        if group.modern().is_none() && group.is_empty() {
            group.kind = Kind::Modern(Modern::new());
        }
        match &mut group.kind {
            Kind::Classic(_) => None,
            Kind::Modern(modern) => Some(modern),
        }
    }

    /// The group, made if it is not there.
    pub(crate) fn obtain(&mut self, id: &str, new: impl FnOnce() -> Kind) -> &mut Group {
        let term = self.coordinators.term(id);
        self.all.entry(id.to_owned()).or_insert_with(|| Group {
            kind: new(),
            offsets: Offsets::default(),
            owners: Owners::default(),
            term,
        })
    }

    /// Deletes a group with its offsets.
    ///
    /// # Errors
    ///
    /// GROUP_ID_NOT_FOUND; NON_EMPTY_GROUP.
    pub(crate) fn delete(&mut self, id: &str) -> Result<(), ErrorCode> {
        let group = self.all.get(id).ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
        if !group.is_empty() {
            return Err(ErrorCode::NON_EMPTY_GROUP);
        }
        self.all.remove(id);
        Ok(())
    }

    /// Ends a member's session.
    pub(crate) fn expire_member(&mut self, id: &str, member: &str, now: Instant) {
        match self.all.get_mut(id).map(|group| &mut group.kind) {
            Some(Kind::Classic(classic)) => classic.expire(member, now),
            Some(Kind::Modern(modern)) => modern.expire(member, now),
            None => {}
        }
        self.tick(now);
    }

    /// Whether offsets of a group may be deleted at all.
    ///
    /// # Errors
    ///
    /// GROUP_ID_NOT_FOUND; NON_EMPTY_GROUP for a group with members that are no consumers.
    pub(crate) fn check_offset_delete(&self, id: &str) -> Result<(), ErrorCode> {
        let group = self.all.get(id).ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
        match &group.kind {
            Kind::Classic(classic) if !classic.is_empty() && !classic.is_of_consumers() => {
                Err(ErrorCode::NON_EMPTY_GROUP)
            }
            _ => Ok(()),
        }
    }

    /// Whether a group's members subscribe to a topic, as far as the coordinator can tell.
    pub(crate) fn subscribes(&self, id: &str, topic: &str) -> bool {
        match self.all.get(id).map(|group| &group.kind) {
            Some(Kind::Classic(classic)) => classic.subscribes_to(topic),
            Some(Kind::Modern(modern)) => modern.subscribes_to(topic),
            None => false,
        }
    }

    pub(crate) fn delete_offset(&mut self, id: &str, place: &TopicPartition) {
        if let Some(group) = self.all.get_mut(id) {
            group.offsets.remove(place);
        }
    }

    /// A topic was deleted, and with it what groups committed of it.
    pub(crate) fn handle_topic_deleted(&mut self, name: &str) {
        for group in self.all.values_mut() {
            group.offsets.remove_topic(name);
        }
    }
}
