//! The batches of one partition, and its place in the producer's sequence.

use std::collections::VecDeque;
use std::time::Instant;

use super::batch::{Batch, Body, Finished, Outcome};
use crate::config::Compression;
use crate::error::{Error, ErrorKind};
use crate::ids::{ProducerEpoch, ProducerId};
use crate::machine::backoff::{Backoff, BackoffPolicy};
use crate::protocol::Chunks;
use crate::record::Stamp;

/// One partition's batches, oldest first: the one on the wire, then those that wait.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Batch>,
    pub(super) in_flight: Option<Batch>,
    /// The last failure of the batch at the head, and when it may be tried again.
    pub(super) retry: Option<(Instant, Error)>,
    pub(super) backoff: Backoff,
    /// What its last stamp was made with.
    pub(super) identity: (ProducerId, ProducerEpoch),
    pub(super) next_sequence: i32,
}

impl Queue {
    pub(super) fn new(policy: BackoffPolicy, seed: u64) -> Self {
        Self {
            waiting: VecDeque::new(),
            in_flight: None,
            retry: None,
            backoff: Backoff::new(policy, seed),
            identity: (ProducerId::NONE, ProducerEpoch::NONE),
            next_sequence: 0,
        }
    }

    /// The broker has it.
    pub(super) fn written(&mut self, batch: Batch, at: Outcome) -> Finished {
        self.retry = None;
        self.backoff.succeeded();
        Finished {
            id: batch.id,
            outcome: Ok(at),
        }
    }

    /// Takes the oldest batch, on the wire or not, if it is `lost`.
    pub(super) fn pop_head_if(&mut self, lost: impl Fn(&Batch) -> bool) -> Option<Batch> {
        if self.in_flight.is_some() {
            let mut batch = self.in_flight.take_if(|batch| lost(batch))?;
            batch.maybe_written |= batch.on_wire;
            return Some(batch);
        }
        self.waiting.front().filter(|batch| lost(batch))?;
        self.waiting.pop_front()
    }

    /// Seals and stamps a batch that has not left yet, and returns its bytes.
    pub(super) fn stamp(
        &mut self,
        batch: &mut Batch,
        compression: Compression,
        identity: Option<(ProducerId, ProducerEpoch)>,
    ) -> Result<Chunks, Error> {
        let sealed = match std::mem::replace(&mut batch.body, Body::Broken) {
            Body::Open(open) => {
                let mut sealed = open.seal(compression)?;
                sealed.stamp(self.next_stamp(identity, batch.records));
                sealed
            }
            Body::Stamped(mut sealed) => {
                if std::mem::take(&mut batch.stamp_refused) {
                    sealed.stamp(self.next_stamp(identity, batch.records));
                }
                sealed
            }
            Body::Broken => return Err(bug("a batch without records")),
        };
        let records = sealed.to_chunks();
        batch.body = Body::Stamped(sealed);
        Ok(records)
    }

    fn next_stamp(&mut self, identity: Option<(ProducerId, ProducerEpoch)>, records: u32) -> Stamp {
        let Some((producer_id, producer_epoch)) = identity else {
            return Stamp::default();
        };
        if self.identity != (producer_id, producer_epoch) {
            self.identity = (producer_id, producer_epoch);
            self.next_sequence = 0;
        }
        let base_sequence = self.next_sequence;
        self.next_sequence = sequence_after(base_sequence, records);
        Stamp {
            producer_id,
            producer_epoch,
            base_sequence,
            transactional: false,
        }
    }
}

/// The sequence that follows `records` records; after 2^31 - 1 comes 0.
fn sequence_after(sequence: i32, records: u32) -> i32 {
    let sum = i64::from(sequence) + i64::from(records);
    i32::try_from(sum & i64::from(i32::MAX)).unwrap_or(0)
}

fn bug(what: &str) -> Error {
    Error::new(ErrorKind::Bug, format!("{what}; please report this"))
}
