//! Creating a topic: what is refused, and on which brokers its partitions go.

use super::state::ClusterState;
use super::topics::{Partition, Topic, check_name, collides};
use crate::error::ErrorCode;

/// The most partitions one request may create, as in Kafka.
const PARTITIONS_MAX: i32 = 10_000;
/// The most topics the mock holds.
const TOPICS_MAX: usize = 20_000;

/// What a topic is to be like; -1 for the default, as on the wire.
#[derive(Clone, Debug)]
pub(crate) struct NewTopic {
    pub(crate) partitions: i32,
    pub(crate) replication: i16,
    /// The brokers of each partition, if they are chosen by hand.
    pub(crate) assignment: Vec<(i32, Vec<i32>)>,
    pub(crate) configs: Vec<(String, Option<String>)>,
}

impl Default for NewTopic {
    fn default() -> Self {
        Self {
            partitions: -1,
            replication: -1,
            assignment: Vec::new(),
            configs: Vec::new(),
        }
    }
}

/// A code and the words that go with it.
pub(crate) type Refused = (ErrorCode, String);

fn refuse<T>(code: ErrorCode, message: impl Into<String>) -> Result<T, Refused> {
    Err((code, message.into()))
}

impl ClusterState {
    /// Creates a topic, or says why not; `validate_only` stops short of it.
    ///
    /// # Errors
    ///
    /// The codes of CreateTopics.
    pub(crate) fn create_topic(
        &mut self,
        name: &str,
        new: &NewTopic,
        validate_only: bool,
    ) -> Result<Topic, Refused> {
        check_name(name)?;
        if self.topics.contains_key(name) {
            return refuse(
                ErrorCode::TOPIC_ALREADY_EXISTS,
                format!("Topic '{name}' already exists."),
            );
        }
        if let Some(other) = self.topics.keys().find(|other| collides(name, other)) {
            return refuse(
                ErrorCode::INVALID_TOPIC_EXCEPTION,
                format!("Topic '{name}' collides with existing topic: {other}"),
            );
        }
        if self.topics.len() >= TOPICS_MAX {
            return refuse(ErrorCode::POLICY_VIOLATION, "too many topics for the mock");
        }
        let mut config = self.settings.topic_defaults.clone();
        for (key, value) in &new.configs {
            let set = value.as_ref().map(|value| config.set(key, value));
            match set {
                Some(Ok(())) => {}
                Some(Err(why)) => return refuse(ErrorCode::INVALID_CONFIG, why),
                None => {
                    let why = format!("Null value not supported for topic configs: {key}");
                    return refuse(ErrorCode::INVALID_CONFIG, why);
                }
            }
        }
        let replicas = self.place(new)?;
        let topic = Topic {
            id: self.uuid(),
            config,
            partitions: replicas
                .into_iter()
                .map(|replicas| Partition::new(replicas, |id| self.is_up(id)))
                .collect(),
        };
        if !validate_only {
            self.names.insert(topic.id, name.to_owned());
            self.topics.insert(name.to_owned(), topic.clone());
            self.mark_changed();
        }
        Ok(topic)
    }

    /// Chooses the brokers of each partition: partition 0 is led by the first broker, 1 by the
    /// second, and so on round, so that tests know beforehand.
    fn place(&self, new: &NewTopic) -> Result<Vec<Vec<i32>>, Refused> {
        if !new.assignment.is_empty() {
            return self.place_by_hand(new);
        }
        let partitions = match new.partitions {
            -1 => self.settings.default_partitions,
            partitions => partitions,
        };
        let replication = match new.replication {
            -1 => self.settings.default_replication,
            replication => replication,
        };
        if partitions < 1 {
            return refuse(
                ErrorCode::INVALID_PARTITIONS,
                "Number of partitions was set to an invalid non-positive value.",
            );
        }
        if partitions > PARTITIONS_MAX {
            return refuse(
                ErrorCode::POLICY_VIOLATION,
                "Excessively large number of partitions per request.",
            );
        }
        let up: Vec<i32> = self
            .brokers
            .keys()
            .copied()
            .filter(|id| self.is_up(*id))
            .collect();
        let Some(replication) = usize::try_from(replication).ok().filter(|rf| *rf > 0) else {
            return refuse(
                ErrorCode::INVALID_REPLICATION_FACTOR,
                "Replication factor must be larger than 0, or -1 to use the default value.",
            );
        };
        if replication > up.len() {
            return refuse(
                ErrorCode::INVALID_REPLICATION_FACTOR,
                format!(
                    "Unable to replicate the partition {replication} time(s): only {} broker(s) \
                     are registered.",
                    up.len()
                ),
            );
        }
        let first = |partition: i32| usize::try_from(partition).unwrap_or(0) % up.len();
        let round = |from| up.iter().copied().cycle().skip(from).take(replication);
        Ok((0..partitions).map(|p| round(first(p)).collect()).collect())
    }

    fn place_by_hand(&self, new: &NewTopic) -> Result<Vec<Vec<i32>>, Refused> {
        if new.replication != -1 || new.partitions != -1 {
            return refuse(
                ErrorCode::INVALID_REQUEST,
                "A manual partition assignment was specified, but numPartitions or \
                 replicationFactor was not set to -1.",
            );
        }
        let wrong = |why: String| refuse(ErrorCode::INVALID_REPLICA_ASSIGNMENT, why);
        let mut sorted = new.assignment.clone();
        sorted.sort_by_key(|(partition, _)| *partition);
        let size = sorted.first().map_or(0, |(_, replicas)| replicas.len());
        let mut placed = Vec::new();
        for (expected, (partition, replicas)) in (0..).zip(sorted) {
            if partition != expected {
                return wrong("partitions should be a consecutive 0-based sequence".to_owned());
            }
            if replicas.is_empty() || replicas.len() != size {
                return wrong(format!(
                    "partition {partition} has {} replicas",
                    replicas.len()
                ));
            }
            for (index, id) in replicas.iter().enumerate() {
                if replicas.iter().skip(index + 1).any(|other| other == id) {
                    return wrong(format!("partition {partition} lists broker {id} twice"));
                }
                if !self.brokers.contains_key(id) {
                    return wrong(format!("partition {partition} lists unknown broker {id}"));
                }
            }
            placed.push(replicas);
        }
        Ok(placed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::tests::{cluster, create};
    use super::*;

    #[test]
    fn partition_leaders_go_round() {
        let mut state = cluster(3);
        let new = NewTopic {
            partitions: 4,
            replication: 2,
            ..NewTopic::default()
        };
        let topic = create(&mut state, "t", &new).unwrap();
        let replicas: Vec<_> = topic
            .partitions
            .iter()
            .map(|p| p.replicas.clone())
            .collect();
        assert_eq!(replicas, [[1, 2], [2, 3], [3, 1], [1, 2]]);
        assert_eq!(state.topic_name(topic.id), Some("t"));
    }

    #[test]
    fn what_cannot_be_created_is_refused_each_with_its_code() {
        let mut state = cluster(3);
        create(&mut state, "a.b", &NewTopic::default()).unwrap();
        let with = |partitions, replication| NewTopic {
            partitions,
            replication,
            ..NewTopic::default()
        };
        let by_hand = |assignment: &[(i32, &[i32])]| NewTopic {
            assignment: assignment.iter().map(|(p, r)| (*p, r.to_vec())).collect(),
            ..NewTopic::default()
        };
        let config = NewTopic {
            configs: vec![("nonsense".to_owned(), Some("1".to_owned()))],
            ..NewTopic::default()
        };
        for (name, new, code) in [
            ("a.b", NewTopic::default(), ErrorCode::TOPIC_ALREADY_EXISTS),
            (
                "a_b",
                NewTopic::default(),
                ErrorCode::INVALID_TOPIC_EXCEPTION,
            ),
            (
                "a/b",
                NewTopic::default(),
                ErrorCode::INVALID_TOPIC_EXCEPTION,
            ),
            ("x", with(0, 1), ErrorCode::INVALID_PARTITIONS),
            ("x", with(1, 0), ErrorCode::INVALID_REPLICATION_FACTOR),
            ("x", with(1, 4), ErrorCode::INVALID_REPLICATION_FACTOR),
            ("x", with(10_001, 1), ErrorCode::POLICY_VIOLATION),
            ("x", config, ErrorCode::INVALID_CONFIG),
            (
                "x",
                by_hand(&[(1, &[1])]),
                ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            ),
            (
                "x",
                by_hand(&[(0, &[1, 1])]),
                ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            ),
            (
                "x",
                by_hand(&[(0, &[9])]),
                ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            ),
            (
                "x",
                by_hand(&[(0, &[1]), (1, &[1, 2])]),
                ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            ),
        ] {
            assert_eq!(
                create(&mut state, name, &new).unwrap_err(),
                code,
                "{name} {new:?}"
            );
        }
        assert!(state.create_topic("x", &with(2, 2), true).is_ok());
        assert!(!state.topics.contains_key("x"), "only validated");
    }
}
