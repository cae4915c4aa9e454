//! Which broker coordinates a group. Asked anew each time: groups move.

use std::sync::Arc;

use super::call::{Deadline, Target};
use super::shared::Shared;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::BrokerId;
use crate::protocol::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};

/// The last version that asks for one key; later ones ask for a list (KIP-699).
const ONE_KEY_VERSION: Option<i16> = Some(3);

/// "A consumer group", as it stands on the wire.
const GROUP: i8 = 0;

impl Shared {
    /// The broker that coordinates a group.
    pub(crate) async fn coordinator(
        self: &Arc<Self>,
        group: &str,
        deadline: Deadline,
    ) -> Result<BrokerId> {
        let request = FindCoordinatorRequest {
            key: group.to_owned(),
            key_type: GROUP,
            ..FindCoordinatorRequest::default()
        };
        let mut retry = self.retry(deadline);
        loop {
            let called = self
                .call_at_most(Target::Any, &request, ONE_KEY_VERSION, deadline)
                .await;
            match called.and_then(|response| found(&response)) {
                Ok(found) => return Ok(found),
                Err(error) => retry.after(error).await?,
            }
        }
    }
}

fn found(response: &FindCoordinatorResponse) -> Result<BrokerId> {
    match ErrorCode(response.error_code).err() {
        Some(code) => Err(Error::broker(code, "looking up the coordinator")),
        None if response.node_id < 0 => Err(Error::new(
            ErrorKind::Malformed,
            "the coordinator has no id",
        )),
        None => Ok(BrokerId(response.node_id)),
    }
}
