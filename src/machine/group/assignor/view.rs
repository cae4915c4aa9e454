//! What the leader of a group knows of the topics: their partitions, and the racks of the replicas.
//!
//! A small picture made for one assignment, so that an assignor needs no broker and its tests build
//! whatever they like.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::machine::metadata::ClusterMetadata;

/// One partition as an assignor sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PartitionView {
    /// The partition's number.
    pub partition: i32,
    /// The racks (`broker.rack`) that hold a replica; a broker without one adds none.
    pub racks: BTreeSet<Arc<str>>,
}

/// The topics of a group with their partitions, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClusterView {
    topics: BTreeMap<Arc<str>, Vec<PartitionView>>,
}

impl ClusterView {
    /// A view without topics, to be filled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These topics, as far as the metadata knows them.
    #[must_use]
    pub fn of<'a>(metadata: &ClusterMetadata, topics: impl IntoIterator<Item = &'a str>) -> Self {
        let mut view = Self::default();
        for topic in topics.into_iter().filter_map(|name| metadata.topic(name)) {
            for each in &topic.partitions {
                let nodes = each.replicas.iter().filter_map(|id| metadata.nodes.get(id));
                let racks = nodes.filter_map(|node| node.rack.clone());
                view.insert(topic.name.clone(), each.partition, racks.collect());
            }
        }
        view
    }

    /// Adds a topic with partitions from 0 to below `partitions`, of no known rack.
    #[must_use]
    pub fn topic(mut self, name: impl Into<Arc<str>>, partitions: i32) -> Self {
        let name = name.into();
        for partition in 0..partitions {
            self.insert(name.clone(), partition, BTreeSet::new());
        }
        self
    }

    /// Adds one partition whose replicas are in these racks, in the place of what is known of it.
    #[must_use]
    pub fn partition<R: Into<Arc<str>>>(
        mut self,
        topic: impl Into<Arc<str>>,
        partition: i32,
        racks: impl IntoIterator<Item = R>,
    ) -> Self {
        let racks = racks.into_iter().map(Into::into).collect();
        self.insert(topic.into(), partition, racks);
        self
    }

    fn insert(&mut self, topic: Arc<str>, partition: i32, racks: BTreeSet<Arc<str>>) {
        let partitions = self.topics.entry(topic).or_default();
        let view = PartitionView { partition, racks };
        match partitions.binary_search_by_key(&partition, |each| each.partition) {
            Ok(at) => partitions[at] = view,
            Err(at) => partitions.insert(at, view),
        }
    }

    /// The topics, in order of their names.
    pub fn topics(&self) -> impl Iterator<Item = (&Arc<str>, &[PartitionView])> {
        let each = |(name, list)| (name, Vec::as_slice(list));
        self.topics.iter().map(each)
    }

    /// A topic's partitions, in order of their numbers; none if the topic is not known.
    #[must_use]
    pub fn partitions(&self, topic: &str) -> &[PartitionView] {
        self.topics.get(topic).map_or(&[], Vec::as_slice)
    }
}
