//! Which broker coordinates a group: found once, kept until it says no.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::call::{Deadline, Target};
use super::shared::Shared;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::BrokerId;
use crate::protocol::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};

/// The last version that asks for one key; later ones ask for a list (KIP-699).
const ONE_KEY_VERSION: Option<i16> = Some(3);

/// "A consumer group", as it stands on the wire.
const GROUP: i8 = 0;

/// The coordinators found so far, by group.
#[derive(Debug, Default)]
pub(super) struct Coordinators(Mutex<BTreeMap<Arc<str>, BrokerId>>);

impl Coordinators {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, BrokerId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// The broker that coordinates a group, asked for if it is not known or no longer there.
    pub(crate) async fn coordinator(
        self: &Arc<Self>,
        group: &Arc<str>,
        deadline: Deadline,
    ) -> Result<BrokerId> {
        let known = self.coordinators.lock().get(group).copied();
        if let Some(known) = known.filter(|id| self.snapshot().nodes.contains_key(id)) {
            return Ok(known);
        }
        let request = FindCoordinatorRequest {
            key: group.to_string(),
            key_type: GROUP,
            ..FindCoordinatorRequest::default()
        };
        let mut retry = self.retry(deadline);
        let found = loop {
            let called = self
                .call_at_most(Target::Any, &request, ONE_KEY_VERSION, deadline)
                .await;
            match called.and_then(|response| found(&response)) {
                Ok(found) => break found,
                Err(error) => retry.after(error).await?,
            }
        };
        self.coordinators.lock().insert(Arc::clone(group), found);
        Ok(found)
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
