//! The groups of a cluster, as their coordinators keep them.
//!
//! Pure: time comes in with each request, answers that come later wait in `parked`. Nothing runs by
//! itself: what was due (sessions, timeouts) happens before the next request or question about a
//! group, at the time it was due. `classic` is the protocol in which members assign; offsets are in
//! `offsets`, who coordinates in `coordinators`.

pub(crate) mod classic;
pub(crate) mod coordinators;
pub(crate) mod offsets;
pub(crate) mod owners;
pub(crate) mod parked;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use self::classic::Classic;
use self::coordinators::Coordinators;
use self::offsets::Offsets;
use self::owners::Owners;
use crate::error::ErrorCode;

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
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            initial_rebalance_delay: Duration::ZERO,
            session_timeouts: (Duration::from_secs(6), Duration::from_secs(1_800)),
            max_size: usize::MAX,
            metadata_max: 4_096,
        }
    }
}

/// One group, whatever its protocol.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) classic: Classic,
    pub(crate) offsets: Offsets,
    pub(crate) owners: Owners,
    term: u32,
}

impl Group {
    fn tick(&mut self, now: Instant, settings: &GroupSettings) -> bool {
        let mut ticked = false;
        while let Some(at) = self.next_deadline().filter(|at| *at <= now) {
            self.classic.tick(at, settings);
            self.note_owners(at);
            ticked = true;
        }
        ticked
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.classic.next_deadline()
    }

    fn note_owners(&mut self, at: Instant) {
        let owned = owners::of_classic(&self.classic);
        self.owners.note(at, self.classic.generation, owned);
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
                group.classic.reload(now);
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

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Group> {
        self.all.get_mut(id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Group)> {
        self.all.iter()
    }

    /// The group, made if it is not there.
    pub(crate) fn obtain(&mut self, id: &str) -> &mut Group {
        let term = self.coordinators.term(id);
        self.all.entry(id.to_owned()).or_insert_with(|| Group {
            classic: Classic::new(),
            offsets: Offsets::default(),
            owners: Owners::default(),
            term,
        })
    }

    /// A topic was deleted, and with it what groups committed of it.
    pub(crate) fn handle_topic_deleted(&mut self, name: &str) {
        for group in self.all.values_mut() {
            group.offsets.remove_topic(name);
        }
    }
}
