//! Answers that come later: to JoinGroup while others still join, to SyncGroup until the leader
//! brought the assignment.
//!
//! A request draws a ticket and is asked again whenever something changed; the answer lies here
//! until then. The connection may be gone by that time, as with Kafka, so what nobody fetches is
//! dropped after a while.

use std::collections::BTreeMap;

/// Answers that nobody came for; beyond it the oldest go.
const KEPT_MAX: usize = 1_000;

/// Names one parked request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Ticket(u64);

/// The answers to parked requests of one kind.
#[derive(Clone, Debug)]
pub(super) struct Parked<T> {
    next: u64,
    done: BTreeMap<Ticket, T>,
}

impl<T> Default for Parked<T> {
    fn default() -> Self {
        Self {
            next: 0,
            done: BTreeMap::new(),
        }
    }
}

impl<T> Parked<T> {
    pub(super) fn ticket(&mut self) -> Ticket {
        self.next += 1;
        Ticket(self.next)
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answer: T) {
        self.done.insert(ticket, answer);
        if self.done.len() > KEPT_MAX {
            self.done.pop_first();
        }
    }

    pub(super) fn take(&mut self, ticket: Ticket) -> Option<T> {
        self.done.remove(&ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_handed_out_once_and_forgotten_when_nobody_comes() {
        let mut parked = Parked::default();
        let first = parked.ticket();
        assert_eq!(parked.take(first), None);
        parked.answer(first, "a");
        assert_eq!(parked.take(first), Some("a"));
        assert_eq!(parked.take(first), None);
        let lost = parked.ticket();
        parked.answer(lost, "b");
        for _ in 0..KEPT_MAX {
            let ticket = parked.ticket();
            parked.answer(ticket, "c");
        }
        assert_eq!(parked.take(lost), None);
    }
}
