//! Reading from the closest replica (KIP-392).
//!
//! A consumer that says where it is (`client.rack`) may be told by the leader to read from another
//! replica. It does so for a while, then asks the leader again; and at the first failure it goes
//! back to the leader, and for some time does not say where it is.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::fetcher::Fetcher;
use super::partition::Partition;
use super::plan::{Cluster, Planned};
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
        self.redirects += 1;
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

    /// Changes whenever a partition begins or ceases to be read from a replica, but for the end of
    /// its time.
    pub(crate) fn redirects(&self) -> u64 {
        self.redirects
    }

    /// The brokers that the partitions are read from. As many share the budget.
    pub(crate) fn sources(&self, now: Instant, cluster: &impl Cluster) -> BTreeSet<BrokerId> {
        let source = |(at, state): (&TopicPartition, &Partition<T>)| {
            let leader = cluster.leader(at)?;
            Some(state.broker(now, &leader, cluster))
        };
        self.partitions.iter().filter_map(source).collect()
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
            self.redirects += 1;
            state.replica = None;
            state.leader_only = Some(now + LEADER_ONLY);
        }
        left
    }
}
