//! A partition's place in the producer's sequence (KIP-98, KIP-360).

use std::time::Instant;

use crate::ids::{ProducerEpoch, ProducerId};
use crate::record::Stamp;

/// Producer id and epoch.
pub(super) type Identity = (ProducerId, ProducerEpoch);

/// Whether what is sent next under the present identity fits the broker's count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trust {
    /// Everything so far was written, or is on its way.
    Steady,
    /// A batch of this order ended, and may or may not have left a hole.
    Doubt(u64),
    /// There is a hole, or the broker does not know the identity: it is given up.
    Moving,
}

/// A partition's place in the producer's sequence.
#[derive(Debug)]
pub(super) struct Sequence {
    /// What its last stamp was made with.
    pub(super) identity: Option<Identity>,
    pub(super) next: i32,
    /// Whether the broker has written a batch of this identity, and still knows of it.
    pub(super) confirmed: bool,
    /// When it was sent something last.
    pub(super) sent_at: Option<Instant>,
    pub(super) trust: Trust,
    /// Whether the producer id is of no use any more, and not only the epoch.
    pub(super) retired: bool,
    /// The log is another one than the stamps were made for: the topic was made anew.
    pub(super) log_is_new: bool,
}

impl Sequence {
    pub(super) fn new(identity: Option<Identity>) -> Self {
        Self {
            identity,
            next: 0,
            confirmed: false,
            sent_at: None,
            trust: Trust::Steady,
            retired: false,
            log_is_new: false,
        }
    }

    /// What the next stamp is made with, given the producer's newest identity.
    pub(super) fn next_identity(&self, newest: Option<Identity>, renew: bool) -> Option<Identity> {
        let Some((id, epoch)) = self.identity else {
            return newest;
        };
        if !renew {
            return Some((id, epoch));
        }
        let next_epoch = epoch.0.checked_add(1).filter(|_| !self.retired);
        match next_epoch {
            Some(next) => Some((id, ProducerEpoch(next))),
            None => newest.filter(|(new, _)| *new != id),
        }
    }

    pub(super) fn stamp(&mut self, records: u32) -> Stamp {
        let Some((producer_id, producer_epoch)) = self.identity else {
            return Stamp::default();
        };
        let base_sequence = self.next;
        self.next = sequence_after(base_sequence, records);
        Stamp {
            producer_id,
            producer_epoch,
            base_sequence,
            transactional: false,
        }
    }
}

/// The sequence that follows `records` records; after 2^31 - 1 comes 0.
pub(super) fn sequence_after(sequence: i32, records: u32) -> i32 {
    let sum = i64::from(sequence) + i64::from(records);
    i32::try_from(sum & i64::from(i32::MAX)).unwrap_or(0)
}
