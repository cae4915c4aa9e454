//! Which broker coordinates which group: as if there were an internal topic of 50 partitions.
//!
//! A group belongs to a partition by Java's hash of its id. A partition's coordinator stays until
//! its broker goes down, and does not come back by itself when that broker does. A new coordinator
//! has to load the groups first, which takes no time unless a test wants it so.

use std::time::{Duration, Instant};

use crate::error::ErrorCode;

/// `offsets.topic.num.partitions`.
const PARTITIONS: usize = 50;

#[derive(Clone, Copy, Debug)]
struct Slot {
    broker: Option<i32>,
    /// Grows with every move, so that a group knows that it has to be loaded.
    term: u32,
    /// Set by the first request after a move.
    loaded_at: Option<Instant>,
}

/// The coordinators of all groups and transactional ids.
#[derive(Clone, Debug)]
pub(crate) struct Coordinators {
    slots: Vec<Slot>,
    load_time: Duration,
}

/// Java's `String.hashCode`.
fn java_hash(key: &str) -> i32 {
    key.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

fn slot_of(key: &str) -> usize {
    let positive = java_hash(key).checked_abs().unwrap_or(0);
    usize::try_from(positive).unwrap_or(0) % PARTITIONS
}

impl Coordinators {
    pub(crate) fn new(brokers: &[i32]) -> Self {
        let round = brokers.iter().copied().cycle();
        let slot = |broker| Slot {
            broker: Some(broker),
            term: 0,
            loaded_at: None,
        };
        Self {
            slots: round.take(PARTITIONS).map(slot).collect(),
            load_time: Duration::ZERO,
        }
    }

    pub(crate) fn set_load_time(&mut self, time: Duration) {
        self.load_time = time;
    }

    /// Who coordinates; `None` while every broker is down.
    pub(crate) fn of(&self, key: &str) -> Option<i32> {
        self.slots.get(slot_of(key))?.broker
    }

    /// Admits a request about a key to a broker; returns the term of its coordinator.
    ///
    /// # Errors
    ///
    /// NOT_COORDINATOR; COORDINATOR_LOAD_IN_PROGRESS.
    pub(crate) fn admit(&mut self, key: &str, broker: i32, now: Instant) -> Result<u32, ErrorCode> {
        let load_time = self.load_time;
        let slot = self.slots.get_mut(slot_of(key));
        let slot = slot.filter(|slot| slot.broker == Some(broker));
        let slot = slot.ok_or(ErrorCode::NOT_COORDINATOR)?;
        if slot.term > 0 && now < *slot.loaded_at.get_or_insert(now + load_time) {
            return Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
        }
        Ok(slot.term)
    }

    /// The term of a key's coordinator, whoever that is.
    pub(crate) fn term(&self, key: &str) -> u32 {
        self.slots.get(slot_of(key)).map_or(0, |slot| slot.term)
    }

    /// Makes a broker the coordinator of a key, and of all that shares its partition.
    pub(crate) fn move_to(&mut self, key: &str, broker: i32) {
        if let Some(slot) = self.slots.get_mut(slot_of(key)) {
            slot.assign(Some(broker));
        }
    }

    /// A broker went down: others take over what it coordinated.
    pub(crate) fn handle_down(&mut self, broker: i32, up: &[i32]) {
        let mut next = up.iter().copied().cycle();
        for slot in &mut self.slots {
            if slot.broker == Some(broker) {
                slot.assign(next.next());
            }
        }
    }

    /// A broker came up: it takes over what nobody coordinates.
    pub(crate) fn handle_up(&mut self, broker: i32) {
        for slot in &mut self.slots {
            if slot.broker.is_none() {
                slot.assign(Some(broker));
            }
        }
    }
}

impl Slot {
    fn assign(&mut self, broker: Option<i32>) {
        self.broker = broker;
        self.term += 1;
        self.loaded_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hash_as_in_java() {
        assert_eq!(java_hash(""), 0);
        assert_eq!(java_hash("orders"), -1_008_770_331);
        assert_eq!(slot_of("polygenelubricants"), 0, "its hash has no opposite");
    }

    #[test]
    fn a_coordinator_moves_with_its_broker_and_loads_first() {
        let now = Instant::now();
        let mut all = Coordinators::new(&[1, 2, 3]);
        all.set_load_time(Duration::from_secs(1));
        let old = all.of("g").unwrap();
        assert_eq!(all.admit("g", old, now), Ok(0), "nothing to load");
        let others: Vec<i32> = [1, 2, 3].into_iter().filter(|id| *id != old).collect();
        all.handle_down(old, &others);
        let new = all.of("g").unwrap();
        assert!(new != old);
        assert_eq!(all.admit("g", old, now), Err(ErrorCode::NOT_COORDINATOR));
        let loading = Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
        assert_eq!(all.admit("g", new, now), loading);
        assert_eq!(all.admit("g", new, now + Duration::from_secs(1)), Ok(1));
        all.handle_up(old);
        assert_eq!(all.of("g"), Some(new), "it does not move back by itself");
        all.handle_down(new, &[]);
        assert_eq!(all.of("g"), None);
        all.handle_up(old);
        assert_eq!(all.of("g"), Some(old));
    }
}
