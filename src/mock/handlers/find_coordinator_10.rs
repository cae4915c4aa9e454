//! FindCoordinator, versions 1 to 6 (several keys at once since 4, KIP-699).
//!
//! Deviations: there is no internal topic, only the share of its partitions among brokers; so a
//! coordinator moves at once when its broker goes, and share groups have one like any other.

use super::super::state::{ClusterState, Endpoint};
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::protocol::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

/// The version since which a request holds several keys.
const BATCHED: i16 = 4;
/// The version since which share groups have coordinators.
const SHARE: i16 = 6;

pub(super) struct FindCoordinator(FindCoordinatorRequest);

impl Handler for FindCoordinator {
    type Request = FindCoordinatorRequest;
    type Response = FindCoordinatorResponse;

    fn new(request: FindCoordinatorRequest) -> Self {
        Self(request)
    }

    fn run(
        &mut self,
        cluster: &mut ClusterState,
        on: &Context,
    ) -> Outcome<FindCoordinatorResponse> {
        let find = |key: &str| find(cluster, on, self.0.key_type, key);
        let response = if on.version >= BATCHED {
            FindCoordinatorResponse {
                coordinators: self
                    .0
                    .coordinator_keys
                    .iter()
                    .map(|key| find(key))
                    .collect(),
                ..FindCoordinatorResponse::default()
            }
        } else {
            let found = find(&self.0.key);
            FindCoordinatorResponse {
                error_code: found.error_code,
                error_message: found.error_message,
                node_id: found.node_id,
                host: found.host,
                port: found.port,
                ..FindCoordinatorResponse::default()
            }
        };
        Outcome::Reply(response)
    }

    fn set_throttle(response: &mut FindCoordinatorResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn find(cluster: &ClusterState, on: &Context, key_type: i8, key: &str) -> Coordinator {
    let found = locate(cluster, on, key_type, key);
    let (endpoint, code) = match found {
        Ok(endpoint) => (endpoint, ErrorCode::NONE),
        Err(code) => (
            Endpoint {
                id: -1,
                host: String::new(),
                port: 0,
                rack: None,
            },
            code,
        ),
    };
    Coordinator {
        key: key.to_owned(),
        node_id: endpoint.id,
        host: endpoint.host,
        port: if endpoint.id == -1 {
            -1
        } else {
            i32::from(endpoint.port)
        },
        error_code: code.0,
        error_message: code.err().map(|code| code.description().to_owned()),
    }
}

fn locate(
    cluster: &ClusterState,
    on: &Context,
    key_type: i8,
    key: &str,
) -> Result<Endpoint, ErrorCode> {
    if let Some(planned) = on.error() {
        return Err(planned.code);
    }
    let newest = if on.version >= SHARE { 2 } else { 1 };
    if !(0..=newest).contains(&key_type) {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let id = cluster
        .coordinator(key)
        .ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)?;
    let endpoint = cluster.endpoint(id, on.listener);
    endpoint.ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)
}
