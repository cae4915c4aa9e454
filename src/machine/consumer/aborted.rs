//! Which batches of a `read_committed` fetch belong to aborted transactions (KIP-98).
//!
//! The broker lists, for the range it returned, each aborted transaction's producer and first
//! offset. From that offset on the producer's transactional batches are aborted, up to its ABORT
//! marker; a later transaction of the same producer has its own entry.

use std::collections::BTreeSet;

use crate::ids::ProducerId;

/// Decides batch by batch, in the order of the log.
#[derive(Debug, Default)]
pub(crate) struct AbortedFilter {
    /// First offsets still ahead, in order of offset; the broker does not promise an order.
    ahead: BTreeSet<(i64, ProducerId)>,
    /// Producers inside an aborted transaction.
    open: BTreeSet<ProducerId>,
}

impl AbortedFilter {
    pub(crate) fn new(aborted: impl IntoIterator<Item = (ProducerId, i64)>) -> Self {
        let ahead = aborted
            .into_iter()
            .map(|(producer, first)| (first, producer))
            .collect();
        Self {
            ahead,
            open: BTreeSet::new(),
        }
    }

    /// Whether a data batch that ends at `last_offset` is aborted.
    pub(crate) fn is_aborted(
        &mut self,
        producer: ProducerId,
        last_offset: i64,
        transactional: bool,
    ) -> bool {
        self.advance(last_offset);
        transactional && self.open.contains(&producer)
    }

    /// A marker ends its producer's transaction; only an ABORT marker ends an aborted one.
    pub(crate) fn handle_marker(&mut self, producer: ProducerId, offset: i64, is_abort: bool) {
        self.advance(offset);
        if is_abort {
            self.open.remove(&producer);
        }
    }

    fn advance(&mut self, to: i64) {
        while let Some((_, producer)) = self.ahead.first().copied().filter(|(f, _)| *f <= to) {
            self.ahead.pop_first();
            self.open.insert(producer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ProducerId = ProducerId(1);
    const B: ProducerId = ProducerId(2);

    #[test]
    fn case_92_an_unordered_list_filters_exactly() {
        let mut filter = AbortedFilter::new([(B, 20), (A, 10), (A, 40)]);
        assert!(!filter.is_aborted(A, 9, true), "committed earlier");
        assert!(filter.is_aborted(A, 10, true));
        assert!(
            !filter.is_aborted(B, 11, true),
            "its aborted transaction starts at 20"
        );
        assert!(
            !filter.is_aborted(A, 12, false),
            "not part of a transaction"
        );
        filter.handle_marker(A, 15, true);
        assert!(
            !filter.is_aborted(A, 16, true),
            "a new transaction of the same producer"
        );
        assert!(filter.is_aborted(B, 21, true));
        filter.handle_marker(A, 22, false);
        assert!(
            filter.is_aborted(B, 23, true),
            "a COMMIT marker of another producer"
        );
        filter.handle_marker(B, 24, true);
        filter.handle_marker(B, 25, true);
        assert!(
            !filter.is_aborted(B, 26, true),
            "a repeated marker does no harm"
        );
        assert!(filter.is_aborted(A, 41, true));
    }
}
