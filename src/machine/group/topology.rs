//! What assigning needs to know of topics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ids::BrokerId;
use crate::machine::metadata::{ClusterMetadata, TopicMetadata};

/// The topics that a group reads, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Topology {
    /// `None` for one that is not there, or that must not be read.
    pub(crate) topics: BTreeMap<Arc<str>, Option<Arc<TopicMetadata>>>,
    /// `broker.rack`, where there is one.
    pub(crate) racks: BTreeMap<BrokerId, Arc<str>>,
}

impl Topology {
    /// What the client's picture of the cluster says of these topics; those missing in the result
    /// are not known yet.
    pub(crate) fn of<'a>(
        picture: &ClusterMetadata,
        topics: impl IntoIterator<Item = &'a Arc<str>>,
    ) -> Self {
        let known = |name: &Arc<str>| match picture.topic(name) {
            Some(topic) => Some((Arc::clone(name), Some(Arc::clone(topic)))),
            None => picture.topic_error(name).map(|_| (Arc::clone(name), None)),
        };
        let rack = |node: &crate::machine::metadata::Node| Some((node.id, node.rack.clone()?));
        Self {
            topics: topics.into_iter().filter_map(known).collect(),
            racks: picture.nodes.values().filter_map(rack).collect(),
        }
    }

    /// Whether something is known of each of them.
    pub(crate) fn covers(&self, topics: &BTreeSet<Arc<str>>) -> bool {
        topics.iter().all(|topic| self.topics.contains_key(topic))
    }
}
