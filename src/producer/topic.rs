//! What a producer keeps of a topic, so that a record costs no look-up in the client's metadata.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::partitions::{Filling, Partition, Partitions};
use super::sticky::{Since, Stickiness};
use crate::ids::TopicPartition;
use crate::machine::metadata::TopicMetadata;
use crate::machine::producer::{Partitions as Described, next_sticky};
use crate::machine::rng::Rng;

/// One topic as of some metadata, with everything that placing a record needs.
#[derive(Debug)]
pub(super) struct Topic {
    metadata: Arc<TopicMetadata>,
    /// As of which version of the client's metadata it was last compared.
    version: AtomicU64,
    /// By number.
    partitions: Vec<Arc<Partition>>,
    /// Those that have a leader, or all of them while none has.
    available: Vec<Arc<Partition>>,
    /// The numbers of those, for a partitioner of the program's own.
    numbers: Vec<i32>,
    /// Since when their leaders have stood still, where that matters.
    brokers: Vec<Arc<Since>>,
    /// Outlive changes of the metadata, so that the sticky partition stays.
    choices: Arc<Choices>,
}

/// Where choices that do not depend on the record stand.
#[derive(Debug)]
pub(super) struct Choices {
    /// The places of the sticky partitions among those that are available (KIP-480, KIP-794): the
    /// first is everybody's, and when two threads have just met there each has its own.
    sticky: [Place; SPREAD_MAX],
    is_spread: AtomicBool,
    /// How often it was round robin's turn.
    turn: AtomicUsize,
    /// What a broker has found too large, for partitions that are added later.
    cap: AtomicUsize,
    rng: Mutex<Rng>,
}

/// As many threads as get a sticky partition of their own; the others share those.
const SPREAD_MAX: usize = 8;

/// A place that threads move on their own; what they do not share shares no cache line either.
#[derive(Debug)]
#[repr(align(64))]
struct Place(AtomicUsize);

impl Default for Place {
    /// Out of range, so that the first record makes a choice.
    fn default() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }
}

/// The number of this thread among those that have asked for it.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}

impl Choices {
    fn new(seed: u64) -> Self {
        Self {
            sticky: Default::default(),
            is_spread: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
            cap: AtomicUsize::new(usize::MAX),
            rng: Mutex::new(Rng::new(seed)),
        }
    }

    /// Where the calling thread's sticky partition is noted.
    #[inline]
    fn current(&self) -> &AtomicUsize {
        let [first, ..] = &self.sticky;
        if !self.is_spread.load(Ordering::Relaxed) {
            return &first.0;
        }
        let own = self.sticky.get(thread_number() % SPREAD_MAX);
        &own.unwrap_or(first).0
    }

    fn lock_rng(&self) -> MutexGuard<'_, Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A partition that was chosen, under its lock.
pub(super) type Placed<'a> = (&'a Arc<Partition>, MutexGuard<'a, Filling>);

impl Topic {
    /// The topic as the metadata has it now, and as it was known before, if it was.
    pub(super) fn new(
        metadata: Arc<TopicMetadata>,
        version: u64,
        known: Option<&Self>,
        (all, stickiness): (&Partitions, &Stickiness),
        seed: impl FnOnce() -> u64,
    ) -> Self {
        let choices = match known {
            Some(known) => Arc::clone(&known.choices),
            None => Arc::new(Choices::new(seed())),
        };
        let known = known.map_or(&[][..], |known| known.partitions.as_slice());
        let place = |number: i32| {
            let at = known.binary_search_by_key(&number, |each| each.at.partition);
            match at.ok().and_then(|at| known.get(at)) {
                Some(partition) => Arc::clone(partition),
                // A name of its own: it is counted for each outcome, and who sends reads the
                // topic's for each record. Together, the two would fight over a cache line.
                None => all.get_or_add(TopicPartition::new(&*metadata.name, number)),
            }
        };
        let numbers = metadata.partitions.iter().map(|each| each.partition);
        let partitions: Vec<_> = numbers.map(place).collect();
        let cap = choices.cap.load(Ordering::Relaxed);
        for partition in partitions.iter().filter(|_| cap < usize::MAX) {
            partition.lock().batches.lower_cap(cap);
        }
        let (mut available, mut brokers) = (Vec::new(), Vec::new());
        for (described, partition) in metadata.partitions.iter().zip(&partitions) {
            let Some(leader) = described.leader else {
                continue;
            };
            available.push(Arc::clone(partition));
            if stickiness.watches_brokers() {
                brokers.push(stickiness.broker(leader));
            }
        }
        if available.is_empty() {
            available.clone_from(&partitions);
        }
        Self {
            metadata,
            version: AtomicU64::new(version),
            partitions,
            numbers: available.iter().map(|each| each.at.partition).collect(),
            available,
            brokers,
            choices,
        }
    }

    /// As of which version of the client's metadata it was last compared.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// This version says nothing new of it.
    pub(super) fn is_still(&self, version: u64) {
        self.version.store(version, Ordering::Relaxed);
    }

    /// Whether it was compared with this version of the client's metadata.
    #[inline]
    pub(super) fn is_as_of(&self, version: u64) -> bool {
        self.version() == version
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.metadata.name
    }

    pub(super) fn metadata(&self) -> &Arc<TopicMetadata> {
        &self.metadata
    }

    /// What a partitioner sees of it.
    pub(super) fn described(&self) -> Described<'_> {
        let count = u32::try_from(self.partitions.len()).unwrap_or(u32::MAX);
        Described::new(count, &self.numbers)
    }

    /// Keeps batches to at most so many bytes from now on, those of partitions that come later too.
    pub(super) fn lower_cap(&self, cap: usize) {
        self.choices.cap.fetch_min(cap, Ordering::Relaxed);
        for partition in &self.partitions {
            partition.lock().batches.lower_cap(cap);
        }
    }

    /// The partition of this number, if there is one.
    pub(super) fn place(&self, partition: i32) -> Option<Placed<'_>> {
        let by_place = usize::try_from(partition).ok();
        let found = by_place.and_then(|at| self.partitions.get(at));
        let found = match found.filter(|found| found.at.partition == partition) {
            Some(found) => found,
            // A topic whose numbers have holes.
            None => {
                let number = |each: &Arc<Partition>| each.at.partition;
                let at = self.partitions.binary_search_by_key(&partition, number);
                self.partitions.get(at.ok()?)?
            }
        };
        Some((found, found.lock()))
    }

    /// The partition of a hash over all of them.
    pub(super) fn hashed(&self, hash: u32) -> Option<Placed<'_>> {
        let count = u32::try_from(self.partitions.len()).ok()?;
        let at = hash.checked_rem(count)?;
        let found = self.partitions.get(usize::try_from(at).ok()?)?;
        Some((found, found.lock()))
    }

    /// A random one of those that are available.
    pub(super) fn random(&self) -> Option<Placed<'_>> {
        let bound = u64::try_from(self.available.len())
            .ok()
            .filter(|n| *n > 0)?;
        let at = self.choices.lock_rng().below(bound);
        let found = self.available.get(usize::try_from(at).ok()?)?;
        Some((found, found.lock()))
    }

    /// The available ones, around and around.
    pub(super) fn next_in_turn(&self) -> Option<Placed<'_>> {
        let turn = self.choices.turn.fetch_add(1, Ordering::Relaxed);
        let found = self
            .available
            .get(turn.checked_rem(self.available.len())?)?;
        Some((found, found.lock()))
    }

    /// The partition for records without a key. Where another thread is just writing to it, the
    /// two go separate ways instead of waiting for each other.
    #[inline]
    pub(super) fn sticky(&self, by: &Stickiness) -> Option<Placed<'_>> {
        let at = self.choices.current().load(Ordering::Relaxed);
        let found = match self.available.get(at) {
            Some(found) => found,
            None => self.available.get(self.move_on(at, by))?,
        };
        if let Some(filling) = found.try_lock() {
            return Some((found, filling));
        }
        self.choices.is_spread.store(true, Ordering::Relaxed);
        let found = self.available.get(self.move_on(at, by))?;
        Some((found, found.lock()))
    }

    /// Chooses another sticky partition, unless somebody else just did.
    #[cold]
    pub(super) fn move_on(&self, from: usize, by: &Stickiness) -> usize {
        let current = self.choices.current();
        let mut rng = self.choices.lock_rng();
        let now = current.load(Ordering::Relaxed);
        if now != from && now < self.available.len() {
            return now;
        }
        let random = rng.next_u64();
        let limit = by.limit();
        let load = |at: usize| by.load(self.available.get(at)?, self.brokers.get(at), limit);
        let to = next_sticky(random, Some(from), self.available.len(), load).unwrap_or(0);
        current.store(to, Ordering::Relaxed);
        to
    }

    /// Counts what a record took of the sticky partition's turn, which ends after so many bytes.
    #[inline]
    pub(super) fn count_sticky(&self, filling: &mut Filling, bytes: usize, by: &Stickiness) {
        filling.sticky_bytes += bytes;
        if filling.sticky_bytes >= by.switch_after {
            filling.sticky_bytes = 0;
            // Where threads no longer meet, one partition with all their records is better.
            self.choices.is_spread.store(false, Ordering::Relaxed);
            self.move_on(self.choices.current().load(Ordering::Relaxed), by);
        }
    }
}
