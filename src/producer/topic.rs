//! What a producer keeps of a topic, so that a record costs no look-up in the client's metadata.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::ids::TopicPartition;
use crate::machine::metadata::TopicMetadata;
use crate::machine::producer::{Sticky, partition_for_key};

/// One topic as of some metadata, with everything that placing a record needs.
#[derive(Debug)]
pub(super) struct Topic {
    metadata: Arc<TopicMetadata>,
    /// As of which version of the client's metadata it was last compared.
    version: u64,
    /// The partitions, by number.
    places: Vec<TopicPartition>,
    /// Those that have a leader, or all of them while none has.
    available: Vec<i32>,
    /// Outlives changes of the metadata, so that the sticky partition stays.
    sticky: Arc<Mutex<Sticky>>,
}

impl Topic {
    pub(super) fn new(
        metadata: Arc<TopicMetadata>,
        version: u64,
        sticky: Arc<Mutex<Sticky>>,
    ) -> Self {
        let all = || metadata.partitions.iter();
        let led = all().filter(|each| each.leader.is_some());
        let mut available: Vec<i32> = led.map(|each| each.partition).collect();
        if available.is_empty() {
            available = all().map(|each| each.partition).collect();
        }
        let place = |partition| TopicPartition::new(Arc::clone(&metadata.name), partition);
        let places = all().map(|each| place(each.partition)).collect();
        Self {
            metadata,
            version,
            places,
            available,
            sticky,
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.metadata.name
    }

    pub(super) fn metadata(&self) -> &TopicMetadata {
        &self.metadata
    }

    /// The partition of this number, if there is one.
    pub(super) fn place(&self, partition: i32) -> Option<&TopicPartition> {
        let at = self
            .places
            .binary_search_by_key(&partition, |place| place.partition)
            .ok()?;
        self.places.get(at)
    }

    /// The partition for a key.
    pub(super) fn keyed(&self, key: &[u8]) -> Option<&TopicPartition> {
        self.place(partition_for_key(key, self.places.len())?)
    }

    /// The partition for a record of `size` bytes without a key.
    pub(super) fn sticky(&self, size: usize) -> Option<&TopicPartition> {
        let mut sticky = self.sticky.lock().unwrap_or_else(PoisonError::into_inner);
        self.place(sticky.choose(&self.available, size)?)
    }
}

/// The topics a producer has written to.
#[derive(Debug, Default)]
pub(super) struct Topics(RwLock<HashMap<Arc<str>, Arc<Topic>>>);

impl Topics {
    /// A topic that was compared with this version of the metadata.
    pub(super) fn get(&self, name: &str, version: u64) -> Option<Arc<Topic>> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let topic = topics.get(name).filter(|topic| topic.version == version)?;
        Some(Arc::clone(topic))
    }

    /// Takes in what the metadata says of a topic now.
    pub(super) fn update(
        &self,
        metadata: Arc<TopicMetadata>,
        version: u64,
        new_sticky: impl FnOnce() -> Sticky,
    ) -> Arc<Topic> {
        let mut topics = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let sticky = match topics.get(&metadata.name) {
            Some(known) => Arc::clone(&known.sticky),
            None => Arc::new(Mutex::new(new_sticky())),
        };
        let name = Arc::clone(&metadata.name);
        let topic = Arc::new(Topic::new(metadata, version, sticky));
        topics.insert(name, Arc::clone(&topic));
        topic
    }
}
