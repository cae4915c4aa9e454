//! A batch that is handed out record by record, and how far the user is in it.
//!
//! The walk over a batch is not worth a lock for each record. The place reached is one number that
//! two sides change: who hands out moves it forward, and whoever moves the partition (a seek, an
//! assignment) takes the batch back. A pause only holds it, until who hands out gives it back. Each
//! step is one atomic exchange, so that a record is either handed out or will be again, never both.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Every record was handed out.
const DONE: i64 = -1;
/// The batch was taken back: nothing more of it is handed out.
const REVOKED: i64 = -2;
/// Held at position 0; further positions are further below.
const HELD: i64 = -3;

/// The place in a lent batch; clones see the same one.
#[derive(Clone, Debug)]
pub(crate) struct Lent(Arc<AtomicI64>);

impl Lent {
    /// Of a batch that begins at this position.
    pub(super) fn new(from: i64) -> Self {
        Self(Arc::new(AtomicI64::new(from.max(0))))
    }

    /// The position in the batch; `None` if it is done with, or taken back.
    pub(crate) fn position(&self) -> Option<i64> {
        let at = self.0.load(Ordering::Acquire);
        (at >= 0).then_some(at)
    }

    /// The position in the batch, held or not; `None` if it is done with, or taken back.
    pub(super) fn reached(&self) -> Option<i64> {
        reached(self.0.load(Ordering::Acquire))
    }

    /// Whether nothing of it is handed out for now.
    pub(super) fn is_held(&self) -> bool {
        self.0.load(Ordering::Acquire) <= HELD
    }

    /// Hands out nothing more of it, and stays at its position.
    pub(super) fn hold(&self) {
        let held = |at: i64| (at >= 0).then(|| HELD.saturating_sub(at));
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, held);
    }

    /// Whether both are of the same batch.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Goes from one position to the next; `None` is past the end. False if the batch was taken
    /// back: then nothing was handed out.
    pub(crate) fn advance(&self, from: i64, to: Option<i64>) -> bool {
        let to = to.unwrap_or(DONE);
        let moved = self
            .0
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        moved.is_ok()
    }

    /// Takes the batch back; the position it was at, if it was not done with.
    pub(super) fn revoke(&self) -> Option<i64> {
        reached(self.0.swap(REVOKED, Ordering::AcqRel))
    }
}

fn reached(at: i64) -> Option<i64> {
    match at {
        0.. => Some(at),
        ..=HELD => Some(HELD.saturating_sub(at)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_was_taken_back_hands_out_nothing_more() {
        let lent = Lent::new(5);
        assert!(lent.advance(5, Some(6)));
        assert_eq!((lent.revoke(), lent.position()), (Some(6), None));
        assert!(!lent.advance(6, Some(7)));
    }

    #[test]
    fn a_batch_that_is_held_stays_where_it_is_until_it_is_taken_back() {
        for at in [0, 1, 6, i64::MAX - 2] {
            let lent = Lent::new(at);
            lent.hold();
            lent.hold();
            assert!(lent.is_held() && !lent.advance(at, None));
            assert_eq!((lent.position(), lent.reached()), (None, Some(at)));
            assert_eq!((lent.revoke(), lent.reached()), (Some(at), None));
            lent.hold();
            assert!(!lent.is_held(), "it is not there any more");
        }
    }

    #[test]
    fn a_batch_that_is_done_with_has_no_position() {
        let lent = Lent::new(5);
        assert!(lent.advance(5, None));
        assert_eq!((lent.position(), lent.revoke()), (None, None));
    }
}
