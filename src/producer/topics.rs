//! The topics a producer has written to, found by name for each record.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::partitions::Partitions;
use super::sticky::Stickiness;
use super::topic::Topic;
use crate::machine::metadata::TopicMetadata;

/// The topics a producer has written to.
#[derive(Debug, Default)]
pub(super) struct Topics {
    table: RwLock<Table>,
    /// The first one, as it was then: most producers have no other, and as long as the cluster
    /// stays as it is, they need no lock to find it.
    first: OnceLock<Arc<Topic>>,
}

#[derive(Debug, Default)]
struct Table {
    all: Vec<Arc<Topic>>,
    /// Each one's place among all.
    places: HashMap<Arc<str>, usize, BuildHasherDefault<NameHasher>>,
}

thread_local! {
    /// Where this thread found the topic of its last record, in whichever producer's table: a guess
    /// at where the next one's is.
    static LAST_PLACE: Cell<usize> = const { Cell::new(0) };
}

impl Table {
    #[inline]
    fn get(&self, name: &str) -> Option<&Arc<Topic>> {
        match self.all.get(LAST_PLACE.get()) {
            Some(guess) if **guess.name() == *name => Some(guess),
            _ => self.find(name),
        }
    }

    fn find(&self, name: &str) -> Option<&Arc<Topic>> {
        let place = *self.places.get(name)?;
        LAST_PLACE.set(place);
        self.all.get(place)
    }

    fn insert(&mut self, topic: Arc<Topic>) {
        let known = self.places.get(topic.name());
        match known.and_then(|place| self.all.get_mut(*place)) {
            Some(known) => *known = topic,
            None => {
                self.places.insert(Arc::clone(topic.name()), self.all.len());
                self.all.push(topic);
            }
        }
    }
}

/// Hashes the names of topics, for each record where they change: quick, and not made against names
/// that were chosen to collide, since the program itself chooses them.
#[derive(Debug, Default)]
struct NameHasher(u64);

impl NameHasher {
    /// An odd number with bits all over: 2^64 divided by the golden ratio.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(Self::SPREAD);
    }
}

impl Hasher for NameHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            let word = word
                .iter()
                .fold(0, |all, byte| (all << 8) | u64::from(*byte));
            self.add(word);
        }
        let rest = words
            .remainder()
            .iter()
            .fold(1, |all, byte| (all << 8) | u64::from(*byte));
        self.add(rest);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // The table takes its bits from both ends.
        self.0 ^ (self.0 >> 32)
    }
}

impl Topics {
    /// A topic that was compared with this version of the metadata.
    #[inline]
    pub(super) fn get(&self, name: &str, version: u64) -> Option<Arc<Topic>> {
        let topics = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let topic = topics.get(name)?;
        topic.is_as_of(version).then(|| Arc::clone(topic))
    }

    /// Looks at a topic that was compared with this version of the metadata, without sharing it.
    #[inline]
    pub(super) fn with<R>(
        &self,
        name: &str,
        version: u64,
        look: impl FnOnce(&Topic) -> R,
    ) -> Option<R> {
        let is_it = |first: &&Arc<Topic>| first.is_as_of(version) && **first.name() == *name;
        if let Some(first) = self.first.get().filter(is_it) {
            return Some(look(first));
        }
        let topics = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let topic = topics.get(name)?;
        topic.is_as_of(version).then(|| look(topic))
    }

    /// The topic as it was last seen, however long ago.
    pub(super) fn latest(&self, name: &str) -> Option<Arc<Topic>> {
        let topics = self.table.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(name).map(Arc::clone)
    }

    /// Takes in what the metadata says of a topic now.
    pub(super) fn update(
        &self,
        metadata: Arc<TopicMetadata>,
        version: u64,
        (all, stickiness): (&Partitions, &Stickiness),
        seed: impl FnOnce() -> u64,
    ) -> Arc<Topic> {
        let mut topics = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let known = topics.get(&metadata.name);
        if let Some(known) = known.filter(|known| known.version() > version) {
            // Somebody with newer metadata came first.
            return Arc::clone(known);
        }
        if let Some(known) = known.filter(|known| Arc::ptr_eq(known.metadata(), &metadata)) {
            known.is_still(version);
            return Arc::clone(known);
        }
        let known = known.map(Arc::as_ref);
        let topic = Topic::new(metadata, version, known, (all, stickiness), seed);
        let topic = Arc::new(topic);
        topics.insert(Arc::clone(&topic));
        self.first.get_or_init(|| Arc::clone(&topic));
        topic
    }
}
