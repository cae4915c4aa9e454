//! Where a partition is: at which broker, and of which topic among those that had its name.

use crate::ids::{BrokerId, TopicId, TopicPartition};
use crate::machine::metadata::ClusterMetadata;

/// Where a partition is, as far as metadata says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Home {
    pub(crate) leader: Option<BrokerId>,
    /// Zero where brokers tell none: older than 2.8, or the topic is not known.
    pub(crate) topic: TopicId,
    /// The topic is known, and has no such partition: it was made anew with fewer.
    pub(crate) is_gone: bool,
}

impl Home {
    pub(crate) fn of(metadata: &ClusterMetadata, at: &TopicPartition) -> Self {
        let topic = metadata.topic(&at.topic);
        Self {
            leader: metadata.leader_id(at),
            topic: topic.map_or(TopicId::ZERO, |topic| topic.id),
            is_gone: topic.is_some_and(|topic| topic.partition(at.partition).is_none()),
        }
    }

    /// The same; where metadata does not name the topic's id now, it is the one from before.
    pub(super) fn after(self, before: Self) -> Self {
        match self.topic {
            TopicId::ZERO => Self {
                topic: before.topic,
                ..self
            },
            _ => self,
        }
    }

    /// Whether the topic was deleted since, and made anew.
    pub(super) fn is_another_topic(self, before: Self) -> bool {
        before.topic != TopicId::ZERO && self.topic != before.topic
    }
}
