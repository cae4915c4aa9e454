//! The clock of the drivers: tokio's, so that a paused runtime pauses it.

use std::time::Instant;

/// The time as machines take it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
