//! A batch that is handed out record by record, and how far the user is in it.
//!
//! The walk over a batch is not worth a lock for each record. The place reached is one number that
//! two sides change: who hands out moves it forward, and whoever moves the partition (a seek, a
//! pause, an assignment) takes the batch back. Each step is one atomic exchange, so that a record
//! is either handed out or will be again, never both.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Every record was handed out.
const DONE: i64 = -1;
/// The batch was taken back: nothing more of it is handed out.
const REVOKED: i64 = -2;

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
        let at = self.0.swap(REVOKED, Ordering::AcqRel);
        (at >= 0).then_some(at)
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
    fn a_batch_that_is_done_with_has_no_position() {
        let lent = Lent::new(5);
        assert!(lent.advance(5, None));
        assert_eq!((lent.position(), lent.revoke()), (None, None));
    }
}
