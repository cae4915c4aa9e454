//! Heartbeat, versions 0 to 4 (static members since 3, KIP-345).
//!
//! Deviations: none known. While the coordinator loads, it answers that all is well, as Kafka does.

use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::protocol::heartbeat::{HeartbeatRequest, HeartbeatResponse};

pub(super) struct Heartbeat(HeartbeatRequest);

impl Handler for Heartbeat {
    type Request = HeartbeatRequest;
    type Response = HeartbeatResponse;

    fn new(request: HeartbeatRequest) -> Self {
        Self(request)
    }

    fn groups(&self) -> Vec<String> {
        vec![self.0.group_id.clone()]
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<HeartbeatResponse> {
        let code = on.all_refused().unwrap_or_else(|| {
            let code = match self.beat(cluster, on) {
                Ok(()) | Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) => ErrorCode::NONE,
                Err(code) => code,
            };
            on.all_spoilt().unwrap_or(code)
        });
        Outcome::Reply(HeartbeatResponse {
            error_code: code.0,
            ..HeartbeatResponse::default()
        })
    }

    fn set_throttle(response: &mut HeartbeatResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

impl Heartbeat {
    fn beat(&self, cluster: &mut ClusterState, on: &Context) -> Result<(), ErrorCode> {
        let request = &self.0;
        if request.group_id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let at = (on.broker, on.now);
        let who = (
            request.member_id.as_str(),
            request.group_instance_id.as_deref(),
        );
        cluster.groups.serve(&request.group_id, at, |groups| {
            let group = groups.classic(&request.group_id);
            let group = group.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
            group.heartbeat(on.now, who, request.generation_id)
        })?
    }
}
