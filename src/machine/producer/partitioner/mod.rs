//! Which partition a record goes to: the built-in choices, and the trait for one's own.
//!
//! A choice falls in two steps. The key comes first: [`PartitionerKind::choose`] hashes it, as Java
//! or librdkafka does, and the hash names one of *all* partitions, so that equal keys meet in one
//! partition whatever client wrote them. Where the key does not decide, the record may go anywhere
//! that has a leader: to the sticky partition (KIP-480, KIP-794), to the next in turn, or to a
//! random one.

mod hash;
mod sticky;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::config::PartitionerKind;
use crate::record::Record;

pub(crate) use sticky::next_sticky;

/// A program's own choice of partitions, in place of the built-in ones.
///
/// It is asked for each record that names no partition, in the call of `send` or `enqueue` and with
/// no lock held, from as many tasks at a time as call those; and again if the record had to wait
/// for memory or for metadata. It must not block: a record costs as much as it does.
///
/// What Java's interface has beside `partition` needs no method here: `configure` is a constructor,
/// `close` is `Drop`.
///
/// ```
/// use tidewire::config::PartitionerKind;
/// use tidewire::{Partitioner, Partitions, Record};
///
/// /// Keeps all records of a tenant together: their keys are `tenant/what`.
/// #[derive(Debug)]
/// struct ByTenant;
///
/// impl Partitioner for ByTenant {
///     fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32> {
///         let tenant = record.key_bytes()?.split(|byte| *byte == b'/').next();
///         PartitionerKind::Murmur2.partition_for_key(tenant, partitions.count())
///     }
/// }
///
/// let partitions = Partitions::new(6, &[0, 1, 2, 4, 5]);
/// let place = |key| ByTenant.partition(&Record::to("orders").key(key), &partitions);
/// assert_eq!(place("acme/1"), place("acme/2"));
/// assert_eq!(ByTenant.partition(&Record::to("orders"), &partitions), None);
/// ```
pub trait Partitioner: fmt::Debug + Send + Sync {
    /// The partition for this record; `None` leaves it to the built-in sticky choice (KIP-794).
    ///
    /// A number that the topic does not have is treated as one that the record itself asked for.
    fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32>;
}

impl<P: Partitioner + ?Sized> Partitioner for Arc<P> {
    fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32> {
        P::partition(self, record, partitions)
    }
}

/// The partitions of a topic, as a [`Partitioner`] sees them.
#[derive(Clone, Copy, Debug)]
pub struct Partitions<'a> {
    count: u32,
    available: &'a [i32],
}

impl<'a> Partitions<'a> {
    /// A topic of `count` partitions, numbered from 0, of which those in `available` have a leader.
    #[must_use]
    pub fn new(count: u32, available: &'a [i32]) -> Self {
        Self { count, available }
    }

    /// How many there are, with a leader or without.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Those that have a leader, in order of their numbers; all of them while none has.
    #[must_use]
    pub fn available(&self) -> &'a [i32] {
        self.available
    }

    /// The partition of a hash: its remainder by [`count`](Self::count), whatever is available.
    /// `None` only where the topic has no partition.
    #[must_use]
    pub fn of_hash(&self, hash: u32) -> Option<i32> {
        i32::try_from(hash.checked_rem(self.count)?).ok()
    }

    /// The available partition that a number counts to, around and around: for choices in turn, and
    /// for random ones. `None` only where nothing is available.
    #[must_use]
    pub fn nth_available(&self, number: u64) -> Option<i32> {
        let at = number.checked_rem(u64::try_from(self.available.len()).ok()?)?;
        self.available.get(usize::try_from(at).ok()?).copied()
    }
}

/// How a record's partition is found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Choice {
    /// By this hash, over all partitions: [`Partitions::of_hash`].
    Hash(u32),
    /// The sticky partition.
    Sticky,
    /// A random one of those that are available.
    Random,
    /// The next one of those that are available.
    RoundRobin,
}

impl PartitionerKind {
    /// What decides about a record with this key. Null and empty differ, each client in its way.
    #[inline]
    #[must_use]
    pub(crate) fn choose(self, key: Option<&[u8]>) -> Choice {
        let of_null = key.unwrap_or_default();
        match (self, key) {
            (Self::RoundRobin, _) => Choice::RoundRobin,
            (Self::Random, _) => Choice::Random,
            (Self::Consistent, _) => Choice::Hash(hash::crc32(of_null)),
            (Self::ConsistentRandom, None | Some([])) => Choice::Sticky,
            (Self::ConsistentRandom, Some(key)) => Choice::Hash(hash::crc32(key)),
            (Self::Murmur2, _) => Choice::Hash(hash::murmur2_positive(of_null)),
            (Self::Fnv1a, _) => Choice::Hash(hash::fnv1a_absolute(of_null)),
            (Self::Default | Self::Murmur2Random | Self::Fnv1aRandom, None) => Choice::Sticky,
            (Self::Default | Self::Murmur2Random, Some(key)) => {
                Choice::Hash(hash::murmur2_positive(key))
            }
            (Self::Fnv1aRandom, Some(key)) => Choice::Hash(hash::fnv1a_absolute(key)),
        }
    }

    /// The partition of a key in a topic of so many partitions; `None` where the key does not
    /// decide, as with a null key by default, or where there are no partitions.
    ///
    /// ```
    /// use tidewire::config::PartitionerKind;
    ///
    /// let key = Some(&b"customer-7"[..]);
    /// let java = PartitionerKind::Default.partition_for_key(key, 12);
    /// assert_eq!(java, Some(7));
    /// assert_eq!(PartitionerKind::Consistent.partition_for_key(key, 12), Some(8));
    /// assert_eq!(PartitionerKind::Default.partition_for_key(None, 12), None);
    /// ```
    #[must_use]
    pub fn partition_for_key(self, key: Option<&[u8]>, partitions: u32) -> Option<i32> {
        match self.choose(key) {
            Choice::Hash(hash) => Partitions::new(partitions, &[]).of_hash(hash),
            Choice::Sticky | Choice::Random | Choice::RoundRobin => None,
        }
    }
}
