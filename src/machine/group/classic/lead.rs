//! The part of a [`Member`] that leads its group: it assigns, and watches what it assigned.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::member::{Member, Phase};
use super::strategies::Joined;
use crate::ids::TopicId;
use crate::machine::group::Topology;

/// How long a leader waits for the metadata of the group's topics.
const TOPICS_WAIT: Duration = Duration::from_secs(10);

/// A topic of the group: its id and number of partitions as they were assigned; `None` until the
/// leader, which did not assign them itself, knows.
pub(super) type Watched = Option<(TopicId, usize)>;

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
        let mut changed = None;
        for (name, watched) in self.watched.iter_mut().flatten() {
            let Some(Some(topic)) = self.topology.topics.get(name) else {
                continue;
            };
            let (id, count) = *watched.get_or_insert((topic.id, topic.partitions.len()));
            let recreated = !id.is_zero() && !topic.id.is_zero() && topic.id != id;
            if recreated || topic.partitions.len() > count {
                changed = Some(Arc::clone(name));
            }
        }
        if let Some(name) = changed {
            self.request_rejoin(&format!("topic {name} has other partitions now"));
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
        let topology = &self.topology;
        let seen = |name: &Arc<str>| {
            let known = topology.topics.get(name).and_then(Option::as_ref);
            let seen = match known {
                Some(topic) => Some((topic.id, topic.partitions.len())),
                None => (!later).then_some((TopicId::ZERO, 0)),
            };
            (Arc::clone(name), seen)
        };
        self.watched = Some(topics.iter().map(seen).collect());
    }
}
