//! What a [`Member`] is to have, what it has, and the rounds in between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::member::{Member, Phase};
use crate::ids::{TopicId, TopicPartition};
use crate::machine::group::{Partitions, Topology};
use crate::protocol::consumer_group_heartbeat::{Assignment, RequestTopicPartitions};

/// A partition, by its topic's id.
pub(super) type Place = (TopicId, i32);

/// An assignment, or as much of it as was reconciled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Target {
    /// Grows with each assignment that differs from the one before.
    pub(super) serial: u64,
    pub(super) places: BTreeSet<Place>,
}

/// Where partitions stand.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    last_serial: u64,
    /// What the coordinator said last; `None` until it has.
    pub(super) target: Option<Target>,
    /// What is being reconciled.
    round: Option<Target>,
    /// What was reconciled last.
    applied: Option<Target>,
    /// Whether the coordinator must be told so.
    pub(super) must_tell: bool,
    /// The names of the topics in the target, and of those that it has.
    names: BTreeMap<TopicId, Arc<str>>,
    /// Names that metadata knows.
    pictured: BTreeMap<TopicId, Arc<str>>,
    /// Under which id it has partitions of a topic.
    held_as: BTreeMap<Arc<str>, TopicId>,
}

impl Assigned {
    /// Back to the beginning; what metadata knows stays.
    pub(super) fn clear(&mut self) {
        *self = Self {
            last_serial: self.last_serial,
            pictured: std::mem::take(&mut self.pictured),
            ..Self::default()
        };
    }

    /// Takes in what the coordinator assigns.
    pub(super) fn set_target(&mut self, assignment: Assignment) {
        let mut places = BTreeSet::new();
        for topic in assignment.topic_partitions {
            let id = TopicId(topic.topic_id);
            let sane = topic.partitions.into_iter().filter(|each| *each >= 0);
            places.extend(sane.map(|partition| (id, partition)));
        }
        if self.target.as_ref().is_some_and(|it| it.places == places) {
            return;
        }
        self.last_serial += 1;
        let serial = self.last_serial;
        self.target = Some(Target { serial, places });
        self.find_names();
    }

    /// Names what it can, and forgets the names of what is gone.
    fn find_names(&mut self) {
        let target = self.target.iter().flat_map(|it| &it.places);
        let ids: BTreeSet<TopicId> = target.map(|(id, _)| *id).collect();
        for id in &ids {
            if let Some(name) = self.pictured.get(id) {
                self.names.insert(*id, Arc::clone(name));
            }
        }
        let held: BTreeSet<TopicId> = self.held_as.values().copied().collect();
        self.names
            .retain(|id, _| ids.contains(id) || held.contains(id));
    }

    /// The topics in the target whose names are not known.
    fn nameless(&self) -> BTreeSet<TopicId> {
        let target = self.target.iter().flat_map(|it| &it.places);
        let nameless = target.filter(|(id, _)| !self.names.contains_key(id));
        nameless.map(|(id, _)| *id).collect()
    }

    /// What it has, as a heartbeat says it.
    pub(super) fn owned(&self, owned: &Partitions) -> Vec<RequestTopicPartitions> {
        let mut topics: BTreeMap<TopicId, Vec<i32>> = BTreeMap::new();
        for at in owned {
            if let Some(id) = self.held_as.get(&at.topic) {
                topics.entry(*id).or_default().push(at.partition);
            }
        }
        let topic = |(id, partitions): (TopicId, _)| RequestTopicPartitions {
            topic_id: id.0,
            partitions,
        };
        topics.into_iter().map(topic).collect()
    }

    /// As much of the target as can be had now: topics with a name, under which nothing of another
    /// topic is held any more.
    fn within_reach(&self) -> Option<(Target, Partitions)> {
        let target = self.target.as_ref()?;
        let mut ids: BTreeMap<&Arc<str>, TopicId> = BTreeMap::new();
        ids.extend(self.held_as.iter().map(|(name, id)| (name, *id)));
        let mut places = BTreeSet::new();
        let mut partitions = Partitions::new();
        for (id, partition) in &target.places {
            let Some(name) = self.names.get(id) else {
                continue;
            };
            if ids.entry(name).or_insert(*id) == id {
                places.insert((*id, *partition));
                partitions.insert(TopicPartition::new(Arc::clone(name), *partition));
            }
        }
        let serial = target.serial;
        Some((Target { serial, places }, partitions))
    }
}

impl Member {
    /// Ends a round that is done, and begins the next one if there is something to do.
    pub(super) fn reconcile(&mut self) {
        if self.phase != Phase::In || !self.handover.is_idle() {
            return;
        }
        let understood = self.is_understood();
        let assigned = &mut self.assigned;
        if let Some(done) = assigned.round.take() {
            let owned = self.handover.owned();
            assigned
                .held_as
                .retain(|name, _| owned.iter().any(|at| at.topic == *name));
            assigned.find_names();
            assigned.applied = Some(done);
            assigned.must_tell = true;
        }
        // What was done is said before more is done.
        if assigned.must_tell {
            return;
        }
        let Some((mut next, wanted)) = assigned.within_reach() else {
            return;
        };
        match &mut assigned.applied {
            Some(applied) if applied.places == next.places => {
                assigned.must_tell = applied.serial != next.serial;
                applied.serial = next.serial;
                return;
            }
            _ => {}
        }
        let owned = self.handover.owned();
        let going: Partitions = owned.difference(&wanted).cloned().collect();
        let mut coming: Partitions = wanted.difference(owned).cloned().collect();
        if !going.is_empty() {
            let names = &assigned.names;
            let keeps = |(id, partition): &Place| {
                let name = names.get(id).cloned();
                name.is_some_and(|name| owned.contains(&TopicPartition::new(name, *partition)))
            };
            next.places.retain(keeps);
            coming.clear();
        } else if !coming.is_empty() && !understood {
            return;
        }
        for (id, _) in &next.places {
            if let Some(name) = assigned.names.get(id) {
                assigned.held_as.insert(Arc::clone(name), *id);
            }
        }
        assigned.round = Some(next);
        self.handover.revoke(going, self.settings.commit_limit);
        self.handover.assign(coming);
    }

    /// Whether the coordinator has heard, and answered, what the member said last of what it has.
    fn is_understood(&self) -> bool {
        let says_owned = self.asked.as_ref().is_some_and(|asked| asked.says_owned);
        self.said.is_some() && !says_owned
    }

    /// The topics whose metadata it must know: those that it wants and those that it has.
    pub(crate) fn topics(&self) -> BTreeSet<Arc<str>> {
        let mut topics = match &self.wanted {
            Some(wanted) => wanted.topics.clone(),
            None => BTreeSet::new(),
        };
        topics.extend(self.assigned.names.values().cloned());
        topics
    }

    /// The topics that it wants by name, and those that its pattern brought it; `None` while it
    /// wants none.
    pub(crate) fn subscription(&self) -> Option<BTreeSet<Arc<str>>> {
        let wanted = self.wanted.as_ref()?;
        match &wanted.pattern {
            Some(_) => Some(self.topics()),
            None => Some(wanted.topics.clone()),
        }
    }

    /// Topics that are assigned, and whose names are not known.
    pub(crate) fn nameless(&self) -> BTreeSet<TopicId> {
        self.assigned.nameless()
    }

    /// What metadata knows of [`topics`](Self::topics) now.
    pub(crate) fn handle_topology(&mut self, topology: &Topology) {
        let known = topology.topics.values().flatten();
        let known = known.filter(|topic| !topic.id.is_zero());
        let each = known.map(|topic| (topic.id, Arc::clone(&topic.name)));
        self.assigned.pictured = each.collect();
        self.assigned.find_names();
    }

    /// The names of some topics, as a broker gave them.
    pub(crate) fn handle_names(&mut self, names: BTreeMap<TopicId, Arc<str>>) {
        self.assigned.names.extend(names);
        self.assigned.find_names();
    }
}
