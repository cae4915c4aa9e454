//! What the handlers of group requests have in common.

use std::time::Duration;

use super::super::state::ClusterState;
use super::{Context, Outcome};

/// How long a request waits at a time when nothing is due in its group.
const LONG: Duration = Duration::from_secs(3_600);

/// Waits for the group's next change or deadline.
pub(super) fn park_until<T>(cluster: &ClusterState, group: &str, on: &Context) -> Outcome<T> {
    let next = cluster.groups.get(group);
    let next = next.and_then(super::super::groups::Group::next_deadline);
    Outcome::Wait(next.unwrap_or(on.now + LONG))
}
