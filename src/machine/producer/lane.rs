//! One partition as the sender sees it: its batches from the stamp to the outcome, and its place
//! in the producer's sequence.
//!
//! Up to five stamped batches may be on the wire at once. Their order is the sequence's, and what
//! keeps it is this:
//! - All that is on the wire is at one broker. When the leader moves, the old one's answers are
//!   waited for.
//! - A batch that comes back is sent again only when everything before it has its outcome, and
//!   nothing new is stamped before it.
//! - At most five batches are stamped from the oldest one without an outcome on, written ones
//!   included: a broker recognises no more than that, and takes an older one for a gap.
//! - Until the broker has confirmed a first batch of an identity, only one is on the wire: a broker
//!   that knows nothing of a producer takes whatever sequence comes first (KAFKA-14359). As brokers
//!   forget idle producers, that holds after a pause, too.
//!
//! A batch that ends without being written leaves a hole in the sequence, and perhaps a batch that
//! may have been written leaves none. Which of the two it is shows with the next batch that was
//! stamped under the same identity ([`Trust::Doubt`]): if it is written, there is no hole. If it is
//! refused, or there is none, the partition moves to a new epoch at sequence 0 (KIP-360), after the
//! last batch that may have been written under the old one has its outcome. Epochs are a
//! partition's own: no other partition waits for it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::batch::{BatchId, Finished, Sealed, Share, Stamped};
use super::home::Home;
use super::partition::Head;
use super::sequence::{Identity, Sequence, Trust};
use super::settings::SenderSettings;
use crate::config::Compression;
use crate::error::Error;
use crate::ids::{BrokerId, TopicPartition};
use crate::machine::backoff::Backoff;
use crate::protocol::Chunks;

/// After so long without a batch, a broker may have forgotten the producer
/// (`producer.id.expiration.ms`, a day unless set).
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// How many batches of a producer a broker recognises, should they come again.
const RECOGNISED: u64 = 5;

/// A batch that is being compressed elsewhere, or was.
#[derive(Debug)]
pub(super) enum Sealing<T> {
    Idle,
    /// Its tag, when it was begun, and its number of records.
    Busy(BatchId, T, Instant, u32),
    Done(Sealed<T>),
}

/// What a partition would send next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    Nothing,
    /// The stamped batch at this place, again.
    Again(usize),
    /// The first stamped batch, after all were given a new stamp.
    Anew,
    /// A batch that has no stamp yet.
    Fresh,
}

/// One partition; see the module's page.
#[derive(Debug)]
pub(super) struct Lane<T> {
    pub(super) at: TopicPartition,
    pub(super) compression: Compression,
    pub(super) home: Home,
    /// The oldest batch that still takes records or waits, as it was when it was looked at last.
    pub(super) head: Option<Head>,
    pub(super) sealing: Sealing<T>,
    /// In the order of the sequence.
    pub(super) stamped: VecDeque<Stamped<T>>,
    /// The order of the batch that is stamped next.
    next_order: u64,
    pub(super) sequence: Sequence,
    pub(super) last_acked: Option<i64>,
    pub(super) backoff: Backoff,
    pub(super) retry_at: Option<Instant>,
    pub(super) last_error: Option<Error>,
    /// Where batches are on the wire, and how many; those given up meanwhile count.
    pub(super) wire: Option<(BrokerId, usize)>,
}

impl<T: Clone> Lane<T> {
    pub(super) fn new(at: TopicPartition, settings: &SenderSettings) -> Self {
        let seed = settings.seed ^ u64::from(at.partition.unsigned_abs());
        Self {
            compression: settings.compression_of(&at.topic),
            at,
            home: Home::default(),
            head: None,
            sealing: Sealing::Idle,
            stamped: VecDeque::new(),
            next_order: 1,
            sequence: Sequence::new(None),
            last_acked: None,
            backoff: Backoff::new(settings.retry_backoff, seed),
            retry_at: None,
            last_error: None,
            wire: None,
        }
    }

    /// Whether nothing of it is left.
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_none() && self.stamped.is_empty() && matches!(self.sealing, Sealing::Idle)
    }

    /// What would be sent next, were it time.
    pub(super) fn turn(&self, settings: &SenderSettings) -> Turn {
        if self
            .wire
            .is_some_and(|(at, _)| Some(at) != self.home.leader)
        {
            return Turn::Nothing;
        }
        let back = self.stamped.iter().position(|batch| !batch.on_wire);
        let room = self.stamped.len() < settings.in_flight_max;
        if !settings.idempotent {
            let flying = self.wire.map_or(0, |(_, flying)| flying);
            return match back {
                _ if flying >= settings.in_flight_max => Turn::Nothing,
                Some(at) => Turn::Again(at),
                None if room => Turn::Fresh,
                None => Turn::Nothing,
            };
        }
        match back {
            None if self.stamped.is_empty() => Turn::Fresh,
            None => {
                let steady = self.sequence.trust == Trust::Steady && self.sequence.confirmed;
                let oldest = self.stamped.front().map_or(self.next_order, |it| it.order);
                if steady && room && self.next_order - oldest < RECOGNISED {
                    Turn::Fresh
                } else {
                    Turn::Nothing
                }
            }
            Some(_) if self.sequence.trust == Trust::Moving => {
                if self.wire.is_some() {
                    return Turn::Nothing;
                }
                // What may be written is settled under the stamp it was sent with. A log that is
                // new takes any stamp, so that what comes before it goes first, with its own.
                match self.stamped.iter().position(|batch| batch.maybe_written) {
                    None => Turn::Anew,
                    Some(_) if self.sequence.log_is_new => Turn::Again(0),
                    Some(doubtful) => Turn::Again(doubtful),
                }
            }
            Some(0) => Turn::Again(0),
            Some(_) => Turn::Nothing,
        }
    }

    /// When it may be sent, at the earliest; `None` while the time does not matter.
    pub(super) fn ready_at(
        &self,
        settings: &SenderSettings,
        newest: Option<Identity>,
    ) -> Option<Instant> {
        let turn = self.turn(settings);
        if settings.idempotent && self.lacks_identity(turn, newest) {
            return None;
        }
        match turn {
            Turn::Nothing => None,
            Turn::Again(_) | Turn::Anew => {
                let oldest = self.stamped.front()?.created;
                Some(self.retry_at.map_or(oldest, |at| at.max(oldest)))
            }
            Turn::Fresh => match &self.sealing {
                Sealing::Done(sealed) => Some(sealed.created),
                Sealing::Busy(..) => None,
                Sealing::Idle if self.compression == Compression::None => self.lingered(settings),
                Sealing::Idle => None,
            },
        }
    }

    /// When the oldest batch that is not sealed need not wait for company any more.
    fn lingered(&self, settings: &SenderSettings) -> Option<Instant> {
        let head = self.head?;
        Some(if head.ready {
            head.created
        } else {
            head.created + settings.linger
        })
    }

    /// When the oldest waiting batch is to be compressed, ahead of its turn; `None` while the one
    /// before it is.
    pub(super) fn seal_at(&self, settings: &SenderSettings) -> Option<Instant> {
        let idle = matches!(self.sealing, Sealing::Idle);
        if idle && self.compression != Compression::None {
            return self.lingered(settings);
        }
        None
    }

    /// Whether it could send if only the producer had an identity for it.
    pub(super) fn wants_identity(
        &self,
        settings: &SenderSettings,
        newest: Option<Identity>,
    ) -> bool {
        let turn = self.turn(settings);
        let has_work = match turn {
            Turn::Fresh => !self.is_empty(),
            Turn::Anew => true,
            Turn::Nothing | Turn::Again(_) => false,
        };
        settings.idempotent && has_work && self.lacks_identity(turn, newest)
    }

    fn lacks_identity(&self, turn: Turn, newest: Option<Identity>) -> bool {
        let renew = match turn {
            Turn::Fresh => self.sequence.trust != Trust::Steady,
            Turn::Anew => true,
            Turn::Nothing | Turn::Again(_) => return false,
        };
        self.sequence.next_identity(newest, renew).is_none()
    }

    /// When the oldest batch runs out of time.
    pub(super) fn expires_at(&self, settings: &SenderSettings) -> Option<Instant> {
        let sealing = match &self.sealing {
            Sealing::Idle => None,
            Sealing::Busy(_, _, created, _) => Some(*created),
            Sealing::Done(sealed) => Some(sealed.created),
        };
        let oldest = self.stamped.front().map(|batch| batch.created);
        let oldest = oldest.or(sealing).or(self.head.map(|head| head.created))?;
        Some(oldest + settings.delivery_timeout)
    }

    /// The size of what would be sent next, in bytes on the wire; an upper bound before sealing.
    pub(super) fn next_size(&self, settings: &SenderSettings) -> usize {
        let at = match self.turn(settings) {
            Turn::Nothing => return 0,
            Turn::Again(at) => at,
            Turn::Anew => 0,
            Turn::Fresh => {
                return match &self.sealing {
                    Sealing::Done(sealed) => sealed.batch.size(),
                    _ => self.head.map_or(0, |head| head.size),
                };
            }
        };
        self.stamped.get(at).map_or(0, |batch| batch.batch.size())
    }

    /// Stamps a batch that has never been sent, and puts it at the end.
    pub(super) fn stamp(&mut self, sealed: Sealed<T>, id: BatchId, newest: Option<Identity>) {
        let order = self.next_order;
        self.next_order += 1;
        if self.sequence.trust != Trust::Steady || self.sequence.identity.is_none() {
            self.renew(newest);
        }
        let Sealed {
            tag,
            created,
            mut batch,
        } = sealed;
        let records = u32::try_from(batch.count()).unwrap_or(u32::MAX);
        batch.stamp(self.sequence.stamp(records));
        self.stamped.push_back(Stamped {
            id,
            order,
            tag,
            share: Share::all(records),
            created,
            batch,
            attempts: 0,
            on_wire: false,
            sent_as_head: false,
            broker: None,
            maybe_written: false,
        });
    }

    /// Gives all batches a new stamp: none of them is in the log, nor will it ever be as it was.
    pub(super) fn stamp_anew(&mut self, newest: Option<Identity>) {
        self.renew(newest);
        self.restamp_from(0);
    }

    /// Stamps the batches from this place on once more, as the sequence goes on now.
    pub(super) fn restamp_from(&mut self, from: usize) {
        for batch in self.stamped.iter_mut().skip(from) {
            batch.batch.stamp(self.sequence.stamp(batch.share.records));
        }
    }

    fn renew(&mut self, newest: Option<Identity>) {
        let renew = self.sequence.trust != Trust::Steady;
        let identity = self.sequence.next_identity(newest, renew);
        self.sequence = Sequence::new(identity);
    }

    /// A connection takes a stamped batch now: from here on it may be in the log.
    pub(super) fn leave(
        &mut self,
        now: Instant,
        at: usize,
        broker: BrokerId,
    ) -> Option<(BatchId, Chunks)> {
        let before = self.sequence.sent_at.replace(now);
        let idle = before.is_some_and(|at| now.saturating_duration_since(at) >= FORGOTTEN_AFTER);
        self.sequence.confirmed &= !idle;
        // While the identity is given up, each batch is asked about for itself.
        let alone = at == 0 || self.sequence.trust == Trust::Moving;
        let batch = self.stamped.get_mut(at)?;
        batch.on_wire = true;
        batch.attempts = batch.attempts.saturating_add(1);
        batch.sent_as_head = alone;
        batch.broker = Some(broker);
        let flying = self.wire.map_or(0, |(_, flying)| flying);
        self.wire = Some((broker, flying + 1));
        Some((batch.id, batch.batch.to_chunks()))
    }

    /// A request with a batch of this partition has its answer, or never will.
    pub(super) fn land(&mut self) {
        self.wire = self.wire.and_then(|(broker, flying)| {
            let left = flying.checked_sub(1).filter(|left| *left > 0)?;
            Some((broker, left))
        });
    }

    /// Metadata says where it is; returns whether that has changed. What went wrong at the old
    /// place is no reason to wait.
    pub(super) fn set_home(&mut self, home: Home) -> bool {
        let home = home.after(self.home);
        let before = std::mem::replace(&mut self.home, home);
        if home.is_another_topic(before) {
            self.begin_anew();
        }
        if home == before {
            return false;
        }
        if home.leader.is_some() {
            self.retry_at = None;
        }
        true
    }

    /// The topic was deleted and made anew: a log that has nothing of what was written before.
    fn begin_anew(&mut self) {
        self.last_acked = None;
        if self.sequence.identity.is_some() {
            self.sequence.trust = Trust::Moving;
            self.sequence.log_is_new = true;
        }
    }

    /// Ends the batch at this place with an error.
    pub(super) fn fail(
        &mut self,
        now: Instant,
        at: usize,
        error: Error,
        finished: &mut Vec<Finished<T>>,
    ) {
        let Some(batch) = self.stamped.remove(at) else {
            return;
        };
        self.close_up(at, &batch);
        finished.push(batch.fail(now, &self.at, error));
    }

    /// A batch left the queue at this place without being written, as far as is known.
    pub(super) fn close_up(&mut self, at: usize, batch: &Stamped<T>) {
        if at == 0 {
            self.retry_at = None;
        }
        if self.sequence.identity.is_none() || self.sequence.trust == Trust::Moving {
            return;
        }
        let unsent = batch.attempts == 0 && self.later(at).all(|later| later.attempts == 0);
        if unsent {
            // Nothing of it or after it has ever left: its place in the sequence is free again.
            self.sequence.next = batch.sequence();
            self.restamp_from(at);
            return;
        }
        let known = match self.sequence.trust {
            Trust::Doubt(order) => order,
            _ => 0,
        };
        self.sequence.trust = Trust::Doubt(known.max(batch.order));
    }

    fn later(&self, from: usize) -> impl Iterator<Item = &Stamped<T>> {
        self.stamped.iter().skip(from)
    }
}
