//! What keeps batches from being sent, for the errors of those whose time runs out unsent.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cluster::{Shared, no_such_partition};
use crate::error::{Error, ErrorCode};
use crate::ids::{BrokerId, TopicPartition};

/// See the module's page.
#[derive(Debug, Default)]
pub(super) struct Obstacles(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Why no producer id could be had so far.
    no_producer_id: Option<Error>,
    /// Why brokers cannot be reached, for as long as it lasts.
    unreachable: BTreeMap<BrokerId, Error>,
}

impl Obstacles {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A producer id could not be had, or was.
    pub(super) fn set_no_producer_id(&self, why: Option<Error>) {
        self.lock().no_producer_id = why;
    }

    /// A broker cannot be reached, or can be again.
    pub(super) fn set_unreachable(&self, broker: BrokerId, why: Option<Error>) {
        let mut state = self.lock();
        match why {
            Some(why) => state.unreachable.insert(broker, why),
            None => state.unreachable.remove(&broker),
        };
    }

    /// What keeps a partition's batches from being sent, as far as is known.
    pub(super) fn of(&self, shared: &Shared, at: &TopicPartition) -> Option<Error> {
        if let Some(failure) = shared.metadata_failure() {
            return Some(failure);
        }
        let snapshot = shared.snapshot();
        let known = snapshot.topic(&at.topic);
        if let Some(topic) = known.filter(|topic| topic.partition(at.partition).is_none()) {
            // The topic was made anew with fewer.
            return Some(no_such_partition(topic, at.partition));
        }
        let leader = snapshot.leader_id(at);
        let state = self.lock();
        if let Some(no_id) = &state.no_producer_id {
            return Some(no_id.clone());
        }
        match leader {
            Some(leader) => state.unreachable.get(&leader).cloned(),
            None => Some(Error::broker(
                ErrorCode::LEADER_NOT_AVAILABLE,
                "looking for the leader",
            )),
        }
    }
}
