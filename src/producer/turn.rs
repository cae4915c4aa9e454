//! When a caller of `enqueue` lets others run.
//!
//! A task that never has to wait would keep its thread to itself: the sender that it has just woken
//! sits in the queue of that very thread. So a caller steps aside when it has given the sender
//! something to do, and otherwise now and then. Asking tokio's budget every time would do as well,
//! but it runs out after 128 records, and each time an idle thread is woken to look for work: on
//! two threads that cost as much as the records.

use std::cell::Cell;

/// How many records a thread takes, at the most, before it lets others run.
const RECORDS_MAX: u32 = 512;

thread_local! {
    static TAKEN: Cell<u32> = const { Cell::new(0) };
}

/// Whether a record may be taken now; if not, [`step_aside`] first.
#[inline]
pub(super) fn try_take() -> bool {
    TAKEN.with(|taken| {
        let before = taken.get();
        taken.set(before.saturating_add(1));
        before < RECORDS_MAX
    })
}

/// Whether the next record has to wait for others to run.
pub(super) fn is_over() -> bool {
    TAKEN.get() >= RECORDS_MAX
}

/// Lets others run.
pub(super) async fn step_aside() {
    TAKEN.set(0);
    tokio::task::yield_now().await;
}

/// The sender has something to do: the next caller on this thread lets it run first.
#[inline]
pub(super) fn end() {
    TAKEN.with(|taken| taken.set(RECORDS_MAX));
}
