//! Reading from the closest replica (KIP-392).
//!
//! A consumer that says where it is (`client.rack`) may be told by the leader to read from another
//! replica. It does so for a while, then asks the leader again; and at the first failure it goes
//! back to the leader, and for some time does not say where it is.

use std::time::{Duration, Instant};

use super::fetcher::Fetcher;
use super::plan::Planned;
use crate::ids::{BrokerId, TopicPartition};

/// For so long no replica is asked for after one has failed: the leader takes up to half a minute
/// to find out that a replica is gone.
const LEADER_ONLY: Duration = Duration::from_secs(30);

impl<T> Fetcher<T> {
    /// The leader names the replica to read from, which is `there` or not.
    pub(crate) fn redirect(
        &mut self,
        now: Instant,
        planned: &Planned,
        replica: BrokerId,
        there: bool,
        lease: Duration,
    ) {
        if let Some(state) = self.current(&planned.partition, planned.generation) {
            state.succeeded();
            if there && replica != planned.leader.id {
                state.replica = Some((replica, now + lease));
            } else {
                state.replica = None;
                state.leader_only = Some(now + LEADER_ONLY);
            }
        }
    }

    /// Reading from a broker failed. Whether it is a replica of the partition that is left now, so
    /// that the leader is to be asked before anything is made of it.
    pub(crate) fn leave_replica(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        broker: BrokerId,
    ) -> bool {
        let Some(state) = self.partitions.get_mut(partition) else {
            return false;
        };
        let left = state.replica.is_some_and(|(id, _)| id == broker);
        if left {
            state.replica = None;
            state.leader_only = Some(now + LEADER_ONLY);
        }
        left
    }
}
