//! One broker's incremental fetch session (KIP-227), seen from the client. Pure.
//!
//! The first request names every partition; from then on both sides send only what changed, so that
//! ten thousand quiet partitions cost nothing. An epoch counts the requests of a session: 0 opens
//! one, -1 closes it, and a request or an answer that got lost shows as a gap.
//!
//! Invariants:
//! - `told` is what the broker holds of this session after the request that is under way, exactly.
//! - A session names its topics by id or by name, never both: where one topic lacks an id all go by
//!   name, and a change of kind, or of a topic's id, begins a new session.
//! - Whenever the two may disagree (an answer lost, or one that makes no sense) the next request
//!   names everything, and closes the old session with it.

use std::collections::BTreeMap;

use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, TopicPartition, Uuid};

/// "No session", as it stands on the wire.
const NO_SESSION: i32 = 0;
/// The epoch of a request that opens a session.
const INITIAL: i32 = 0;
/// The epoch of a request that closes its session.
pub(crate) const FINAL: i32 = -1;

/// What a broker is asked of one partition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Asked {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: LeaderEpoch,
    /// Zero where the cluster does not say.
    pub(crate) topic_id: Uuid,
}

/// How a request stands to its session.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct SessionStep {
    pub(crate) id: i32,
    pub(crate) epoch: i32,
    /// Topics go by id; by name otherwise.
    pub(crate) by_id: bool,
    /// Partitions that the broker is to drop, each with the topic id it knows.
    pub(crate) forgotten: Vec<(TopicPartition, Uuid)>,
}

#[derive(Debug)]
struct Told {
    asked: Asked,
    /// The request that wanted it last.
    round: u64,
}

/// The session with one broker; see the module's page.
#[derive(Debug, Default)]
pub(crate) struct Session {
    id: i32,
    /// Of the next request.
    epoch: i32,
    by_id: bool,
    told: BTreeMap<TopicPartition, Told>,
    round: u64,
}

impl Session {
    /// The next request: says of each wanted partition whether it is to be listed.
    pub(crate) fn next<'a>(
        &mut self,
        wanted: impl Iterator<Item = (&'a TopicPartition, Asked)> + Clone,
        mut list: impl FnMut(bool),
    ) -> SessionStep {
        let by_id = wanted.clone().all(|(_, asked)| !asked.topic_id.is_zero());
        let is_new = |(at, asked): (&TopicPartition, Asked)| {
            let told = self.told.get(at);
            told.is_some_and(|told| told.asked.topic_id != asked.topic_id)
        };
        if by_id != self.by_id || wanted.clone().any(is_new) {
            self.epoch = INITIAL;
        }
        if self.epoch == INITIAL {
            self.told.clear();
            self.by_id = by_id;
        }
        self.round += 1;
        let round = self.round;
        let mut count = 0;
        for (at, asked) in wanted {
            count += 1;
            let told = Told { asked, round };
            match self.told.get_mut(at) {
                Some(known) => {
                    list(known.asked != asked);
                    *known = told;
                }
                None => {
                    list(true);
                    self.told.insert(at.clone(), told);
                }
            }
        }
        SessionStep {
            id: self.id,
            epoch: self.epoch,
            by_id,
            forgotten: self.forget(count),
        }
    }

    /// Drops what the present round did not want, if it is not all.
    fn forget(&mut self, wanted: usize) -> Vec<(TopicPartition, Uuid)> {
        let mut forgotten = Vec::new();
        if self.told.len() > wanted {
            let round = self.round;
            self.told.retain(|at, told| {
                let stays = told.round == round;
                if !stays {
                    forgotten.push((at.clone(), told.asked.topic_id));
                }
                stays
            });
        }
        forgotten
    }

    /// The broker answered the last request, and named this session. An answer that speaks of
    /// another session, or of partitions that nobody asked for (`strangers`), ends it.
    pub(crate) fn answered(&mut self, id: i32, strangers: bool) {
        let is_opened = self.epoch == INITIAL;
        if strangers || id < NO_SESSION || (!is_opened && id != self.id) {
            self.epoch = INITIAL;
            if id == NO_SESSION {
                self.id = NO_SESSION;
            }
            return;
        }
        self.id = id;
        self.epoch = match id {
            // The broker has no room for it: everything is named again next time.
            NO_SESSION => INITIAL,
            // Never 0 again, as 0 opens a session.
            _ => self.epoch.checked_add(1).unwrap_or(1),
        };
    }

    /// The last request failed as a whole with this code. Whether that is about the session alone,
    /// so that the same request without one may work. The next one names the old session all the
    /// same: to close one that is gone does no harm.
    pub(crate) fn refused(&mut self, code: ErrorCode) -> bool {
        self.epoch = INITIAL;
        matches!(
            code,
            ErrorCode::FETCH_SESSION_ID_NOT_FOUND
                | ErrorCode::INVALID_FETCH_SESSION_EPOCH
                | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
                | ErrorCode::INCONSISTENT_TOPIC_ID
        )
    }

    /// Nobody knows what became of the last request: begin anew.
    pub(crate) fn lost(&mut self) {
        self.epoch = INITIAL;
    }

    /// Ends it. The id that the broker knows, if there is something to close.
    pub(crate) fn close(&mut self) -> Option<i32> {
        let id = std::mem::take(self).id;
        (id != NO_SESSION).then_some(id)
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
