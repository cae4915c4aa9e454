//! What the handlers of group requests have in common.

use std::time::Duration;

use super::super::state::ClusterState;
use super::{Context, Outcome};

/// Where all clients come from, as Java prints an address.
pub(super) const CLIENT_HOST: &str = "/127.0.0.1";

/// What may be done to a group where nobody is refused anything, as bits: read, delete, describe;
/// since Kafka 4 groups have a configuration, to be described and altered.
pub(super) fn all_operations(cluster: &ClusterState) -> i32 {
    const BEFORE: i32 = (1 << 3) | (1 << 6) | (1 << 8);
    match cluster.groups.settings.modern.enabled {
        true => BEFORE | (1 << 10) | (1 << 11),
        false => BEFORE,
    }
}

/// How long a request waits at a time when nothing is due in its group.
const LONG: Duration = Duration::from_secs(3_600);

/// Waits for the group's next change or deadline.
pub(super) fn park_until<T>(cluster: &ClusterState, group: &str, on: &Context) -> Outcome<T> {
    let next = cluster.groups.get(group);
    let next = next.and_then(super::super::groups::Group::next_deadline);
    Outcome::Wait(next.unwrap_or(on.now + LONG))
}
