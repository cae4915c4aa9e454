//! The part of a [`Member`] that leads its group: it assigns, and watches what it assigned.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::member::{Member, Phase};
use super::strategies::Joined;
use crate::ids::{BrokerId, TopicId};
use crate::machine::group::Topology;
use crate::machine::metadata::{PartitionMetadata, TopicMetadata};

/// How long a leader waits for the metadata of the group's topics.
const TOPICS_WAIT: Duration = Duration::from_secs(10);

/// A topic of the group as it was assigned; `None` until the leader, which did not assign it
/// itself, knows.
pub(super) type Watched = Option<Seen>;

/// What an assignment goes by.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    id: TopicId,
    partitions: usize,
    /// The replicas of each partition, in order, if it matters where they are.
    replicas: Vec<Vec<BrokerId>>,
}

impl Seen {
    fn of(topic: &TopicMetadata, racks_count: bool) -> Self {
        let sorted = |partition: &PartitionMetadata| {
            let mut replicas = partition.replicas.clone();
            replicas.sort_unstable();
            replicas
        };
        let counting = topic.partitions.iter().filter(|_| racks_count);
        Self {
            id: topic.id,
            partitions: topic.partitions.len(),
            replicas: counting.map(sorted).collect(),
        }
    }

    /// Whether an assignment by this one is out of date.
    fn differs(&self, now: &Self) -> bool {
        let recreated = !self.id.is_zero() && !now.id.is_zero() && now.id != self.id;
        let moved = !self.replicas.is_empty() && now.replicas != self.replicas;
        recreated || moved || now.partitions > self.partitions
    }
}

/// What a leader decides on.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) members: Vec<Joined>,
    pub(super) topics: BTreeSet<Arc<str>>,
    pub(super) until: Instant,
}

impl Member {
    /// The topics whose metadata it must know.
    pub(crate) fn topics(&self) -> BTreeSet<Arc<str>> {
        let mut topics = self.wanted.clone().unwrap_or_default();
        topics.extend(
            self.decision
                .iter()
                .flat_map(|each| each.topics.iter().cloned()),
        );
        topics.extend(self.watched.iter().flat_map(|each| each.keys().cloned()));
        topics
    }

    /// What is known of [`topics`](Self::topics) now. A leader that assigned by less has the group
    /// assign again. A topic that seems to be gone may only be unknown to a broker that lags, and
    /// changes nothing.
    pub(crate) fn handle_topology(&mut self, topology: Topology) {
        self.topology = topology;
        let racks_count = self.strategies.looks_at_racks();
        let mut changed = None;
        for (name, watched) in self.watched.iter_mut().flatten() {
            let Some(Some(topic)) = self.topology.topics.get(name) else {
                continue;
            };
            let now = Seen::of(topic, racks_count);
            if watched.get_or_insert_with(|| now.clone()).differs(&now) {
                changed = Some(Arc::clone(name));
            }
        }
        if let Some(name) = changed {
            self.request_rejoin(&format!(
                "topic {name} has other partitions now, or other replicas"
            ));
        }
    }

    /// Begins to decide, for members that want these topics.
    pub(super) fn begin_decision(
        &mut self,
        now: Instant,
        members: Vec<Joined>,
        topics: BTreeSet<Arc<str>>,
    ) {
        let until = now + TOPICS_WAIT.min(self.settings.max_poll_interval / 2);
        self.decision = Some(Decision {
            members,
            topics,
            until,
        });
    }

    /// Assigns, as soon as all topics are known, or some of them late.
    pub(super) fn decide(&mut self, now: Instant) {
        let ready =
            |decision: &Decision| self.topology.covers(&decision.topics) || now >= decision.until;
        if !self.decision.as_ref().is_some_and(ready) {
            return;
        }
        let Some(decision) = self.decision.take() else {
            return;
        };
        self.watch(&decision.topics, false);
        let assigned = self
            .strategies
            .assign(&self.assignor, &decision.members, &self.topology);
        match assigned {
            Ok(assignments) => {
                self.assignments = assignments;
                self.phase = Phase::Syncing;
            }
            Err(error) => self.give_up(now, error),
        }
    }

    /// Remembers what the topics are that the group reads; one that is not known is taken for none,
    /// or, `later`, for whatever it turns out to be.
    pub(super) fn watch(&mut self, topics: &BTreeSet<Arc<str>>, later: bool) {
        let (topology, racks_count) = (&self.topology, self.strategies.looks_at_racks());
        let seen = |name: &Arc<str>| {
            let known = topology.topics.get(name).and_then(Option::as_ref);
            let seen = match known {
                Some(topic) => Some(Seen::of(topic, racks_count)),
                None => (!later).then(Seen::default),
            };
            (Arc::clone(name), seen)
        };
        self.watched = Some(topics.iter().map(seen).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::group::world::topic;

    #[test]
    fn replicas_that_move_matter_to_members_with_a_rack_alone() {
        let of = |replicas: [i32; 2], racks_count| {
            let mut topic = TopicMetadata::clone(&topic("a", 2));
            for partition in &mut topic.partitions {
                partition.replicas = replicas.map(BrokerId).to_vec();
            }
            Seen::of(&topic, racks_count)
        };
        assert!(!of([1, 2], true).differs(&of([2, 1], true)));
        assert!(of([1, 2], true).differs(&of([1, 3], true)));
        assert!(!of([1, 2], false).differs(&of([1, 3], false)));
        let nothing = Seen::default();
        assert!(nothing.differs(&of([1, 2], false)), "it was not there");
        assert!(nothing.differs(&of([1, 2], true)) && !nothing.differs(&nothing));
    }
}
