//! When `consume` is done: a count, or an end for each partition.
//!
//! An end is compared with the consumer's *position*, not with the offsets of records: control
//! records of transactions and gaps left by compaction have no record to see, and the position
//! passes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidewire::TopicPartition;

/// What is still to be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Goal {
    count: Option<u64>,
    /// By topic and partition, where each one ends that is not there yet; a topic that is done
    /// leaves the map. `None` when there are no ends.
    ends: Option<BTreeMap<Arc<str>, BTreeMap<i32, i64>>>,
}

impl Goal {
    /// Ends after `count` records, or when every partition of `ends` is at its end offset.
    pub(crate) fn new(
        count: Option<u64>,
        ends: Option<impl IntoIterator<Item = (TopicPartition, i64)>>,
    ) -> Self {
        let ends = ends.map(|ends| {
            let mut map = BTreeMap::<_, BTreeMap<_, _>>::new();
            for (TopicPartition { topic, partition }, end) in ends {
                map.entry(topic).or_default().insert(partition, end);
            }
            map
        });
        Self { count, ends }
    }

    /// Whether there is nothing more to read.
    pub(crate) fn is_reached(&self) -> bool {
        self.count == Some(0) || self.ends.as_ref().is_some_and(BTreeMap::is_empty)
    }

    /// Whether there is nothing that it would ever stop at.
    pub(crate) fn is_endless(&self) -> bool {
        self.count.is_none() && self.ends.is_none()
    }

    /// Whether this record is to be printed; if so, it is counted.
    pub(crate) fn takes(&mut self, topic: &str, partition: i32, offset: i64) -> bool {
        if self.count == Some(0) {
            return false;
        }
        if let Some(ends) = &self.ends {
            let end = ends.get(topic).and_then(|ends| ends.get(&partition));
            if end.is_none_or(|&end| offset >= end) {
                return false;
            }
        }
        if let Some(count) = &mut self.count {
            *count -= 1;
        }
        true
    }

    /// The partitions that have an end and are not there yet.
    pub(crate) fn open(&self) -> Vec<TopicPartition> {
        let topics = self.ends.iter().flatten();
        let partitions = topics.flat_map(|(topic, ends)| {
            ends.keys()
                .map(|&partition| TopicPartition::new(Arc::clone(topic), partition))
        });
        partitions.collect()
    }

    /// Takes note of how far a partition was read; answers whether this brought it to its end.
    pub(crate) fn passed(&mut self, partition: &TopicPartition, position: i64) -> bool {
        let Some(topics) = &mut self.ends else {
            return false;
        };
        let Some(ends) = topics.get_mut(&partition.topic) else {
            return false;
        };
        if ends
            .get(&partition.partition)
            .is_none_or(|&end| position < end)
        {
            return false;
        }
        ends.remove(&partition.partition);
        if ends.is_empty() {
            topics.remove(&partition.topic);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Ends = Vec<(TopicPartition, i64)>;

    fn tp(partition: i32) -> TopicPartition {
        TopicPartition::new("t", partition)
    }

    #[test]
    fn without_a_goal_it_never_ends() {
        let mut goal = Goal::new(None, None::<Ends>);
        assert!(goal.is_endless());
        assert!(goal.takes("t", 0, 5));
        assert!(!goal.passed(&tp(0), 1_000_000));
        assert!(!goal.is_reached());
    }

    #[test]
    fn a_count_is_exact() {
        let mut goal = Goal::new(Some(2), None::<Ends>);
        assert!(!goal.is_endless());
        assert!(goal.takes("t", 0, 5) && goal.takes("t", 1, 0));
        assert!(goal.is_reached());
        assert!(!goal.takes("t", 0, 6));
        assert!(Goal::new(Some(0), None::<Ends>).is_reached());
    }

    #[test]
    fn records_at_the_end_and_after_it_are_left_out() {
        let mut goal = Goal::new(None, Some(vec![(tp(0), 3), (tp(1), 9)]));
        assert!(goal.takes("t", 0, 2));
        assert!(!goal.takes("t", 0, 3));
        assert!(goal.passed(&tp(0), 4));
        assert!(
            !goal.takes("t", 0, 2),
            "a partition that is done prints nothing more"
        );
        assert!(!goal.is_reached());
        assert_eq!(goal.open(), [tp(1)]);
    }

    #[test]
    fn the_position_decides_and_not_the_last_record() {
        // Offsets 3 to 6 are control records and compacted ones: no record is ever seen there.
        let mut goal = Goal::new(None, Some(vec![(tp(0), 7)]));
        assert!(goal.takes("t", 0, 2));
        assert!(!goal.passed(&tp(0), 3));
        assert!(goal.passed(&tp(0), 7));
        assert!(goal.is_reached());
    }

    #[test]
    fn no_partitions_at_all_is_an_end() {
        assert!(Goal::new(None, Some(Ends::new())).is_reached());
    }
}
