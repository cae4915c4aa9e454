//! Since when brokers have stood still: something waits for them, and nothing leaves.
//!
//! A record that may go anywhere keeps away from a broker that has stood still for
//! `partitioner.availability.timeout.ms` (KIP-794). It is the broker's time, not the partition's:
//! each partition of a stopped broker would have to find out for itself.
//!
//! The time begins when the first partition waits for a broker, begins anew with every request that
//! leaves for it, and is over when no partition waits. Where batches run out of time, the broker is
//! tried again with the next one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::lane::{Lane, Sealing, Turn};
use super::settings::SenderSettings;
use crate::ids::BrokerId;

/// Since when each broker has stood still.
#[derive(Debug, Default)]
pub(super) struct Standing {
    brokers: BTreeMap<BrokerId, Waiting>,
    changed: BTreeSet<BrokerId>,
}

/// What waits for one broker.
#[derive(Debug)]
struct Waiting {
    lanes: usize,
    since: Instant,
}

impl Standing {
    /// A lane waits for another broker than before, or no more.
    pub(super) fn move_lane(&mut self, now: Instant, from: Option<BrokerId>, to: Option<BrokerId>) {
        if from == to {
            return;
        }
        if let Some(Entry::Occupied(mut left)) = from.map(|from| self.brokers.entry(from)) {
            left.get_mut().lanes -= 1;
            if left.get().lanes == 0 {
                self.changed.insert(*left.key());
                left.remove();
            }
        }
        if let Some(to) = to {
            let waiting = self.brokers.entry(to).or_insert_with(|| {
                self.changed.insert(to);
                Waiting {
                    lanes: 0,
                    since: now,
                }
            });
            waiting.lanes += 1;
        }
    }

    /// A request leaves for a broker.
    pub(super) fn moves(&mut self, now: Instant, broker: BrokerId) {
        if let Some(waiting) = self.brokers.get_mut(&broker) {
            waiting.since = now;
            self.changed.insert(broker);
        }
    }

    /// Whether nothing waits for any broker.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.brokers.is_empty()
    }

    /// The brokers that this changed for since the last call; `None` for one that nothing waits
    /// for.
    pub(super) fn take_changes(&mut self) -> Vec<(BrokerId, Option<Instant>)> {
        let since = |broker| self.brokers.get(&broker).map(|waiting| waiting.since);
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|broker| (broker, since(broker)))
            .collect()
    }
}

impl<T: Clone> Lane<T> {
    /// The broker that it waits for: it could have sent something by now if that were quicker.
    /// `before` is the one that it waited for until now.
    pub(super) fn waits_for(
        &self,
        settings: &SenderSettings,
        is_ready: bool,
        before: Option<BrokerId>,
    ) -> Option<BrokerId> {
        let leader = self.home.leader?;
        let has_unsent = self.head.is_some()
            || !matches!(self.sealing, Sealing::Idle)
            || self.stamped.iter().any(|batch| !batch.on_wire);
        // Only what the broker has not answered yet holds it back.
        let is_held = || {
            let at_leader = self.wire.is_some_and(|(at, _)| at == leader);
            at_leader && self.turn(settings) == Turn::Nothing
        };
        // The pause before another attempt ends no wait, and begins none.
        let waits = has_unsent && (is_ready || before == Some(leader) || is_held());
        waits.then_some(leader)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const A: Option<BrokerId> = Some(BrokerId(1));
    const B: Option<BrokerId> = Some(BrokerId(2));

    #[test]
    fn the_time_runs_from_the_first_lane_or_the_last_request_until_none_waits() {
        let started = Instant::now();
        let at = |n| started + Duration::from_secs(n);
        let mut standing = Standing::default();
        standing.move_lane(at(1), None, A);
        standing.move_lane(at(2), None, A);
        standing.move_lane(at(2), None, B);
        let both = [(BrokerId(1), Some(at(1))), (BrokerId(2), Some(at(2)))];
        assert_eq!(standing.take_changes(), both);
        assert_eq!(standing.take_changes(), []);

        standing.move_lane(at(3), A, None);
        assert_eq!(standing.take_changes(), [], "another lane waits there");
        standing.moves(at(4), BrokerId(1));
        assert_eq!(standing.take_changes(), [(BrokerId(1), Some(at(4)))]);

        standing.move_lane(at(5), A, B);
        assert_eq!(standing.take_changes(), [(BrokerId(1), None)]);
        standing.moves(at(6), BrokerId(1));
        assert_eq!(standing.take_changes(), [], "nothing waits there");
        standing.move_lane(at(7), B, A);
        assert_eq!(standing.take_changes(), [(BrokerId(1), Some(at(7)))]);
    }
}
