//! LeaveGroup, versions 0 to 5 (several members, and by instance id, since 3, KIP-345).
//!
//! Deviations: none known.

use super::super::groups::classic::{Leave, Left};
use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::protocol::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberResponse};

/// The version since which a request names several members.
const BATCHED: i16 = 3;

pub(super) struct LeaveGroup(LeaveGroupRequest);

impl Handler for LeaveGroup {
    type Request = LeaveGroupRequest;
    type Response = LeaveGroupResponse;

    fn new(request: LeaveGroupRequest) -> Self {
        Self(request)
    }

    fn groups(&self) -> Vec<String> {
        vec![self.0.group_id.clone()]
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<LeaveGroupResponse> {
        let mut response = match self.leave(cluster, on) {
            Ok(left) => encode(left, on.version),
            Err(code) => LeaveGroupResponse {
                error_code: code.0,
                ..LeaveGroupResponse::default()
            },
        };
        if let Some(code) = on.all_spoilt() {
            response.error_code = code.0;
            response.members.clear();
        }
        Outcome::Reply(response)
    }

    fn set_throttle(response: &mut LeaveGroupResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

impl LeaveGroup {
    fn leave(&self, cluster: &mut ClusterState, on: &Context) -> Result<Vec<Left>, ErrorCode> {
        if let Some(code) = on.all_refused() {
            return Err(code);
        }
        let request = &self.0;
        if request.group_id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let leaving = self.leaving(on.version);
        let at = (on.broker, on.now);
        cluster.groups.serve(&request.group_id, at, |groups| {
            groups.mark_changed();
            let settings = groups.settings.clone();
            match groups.classic(&request.group_id) {
                Some(group) => group.leave(on.now, &settings, leaving),
                None => leaving
                    .into_iter()
                    .map(|leave| (leave, ErrorCode::UNKNOWN_MEMBER_ID))
                    .collect(),
            }
        })
    }

    fn leaving(&self, version: i16) -> Vec<Leave> {
        if version < BATCHED {
            return vec![Leave {
                member_id: self.0.member_id.clone(),
                instance: None,
            }];
        }
        let members = self.0.members.iter();
        members
            .map(|member| Leave {
                member_id: member.member_id.clone(),
                instance: member.group_instance_id.clone(),
            })
            .collect()
    }
}

fn encode(left: Vec<Left>, version: i16) -> LeaveGroupResponse {
    if version < BATCHED {
        let code = left.first().map_or(ErrorCode::NONE, |(_, code)| *code);
        return LeaveGroupResponse {
            error_code: code.0,
            ..LeaveGroupResponse::default()
        };
    }
    let members = left.into_iter();
    LeaveGroupResponse {
        members: members
            .map(|(leave, code)| MemberResponse {
                member_id: leave.member_id,
                group_instance_id: leave.instance,
                error_code: code.0,
            })
            .collect(),
        ..LeaveGroupResponse::default()
    }
}
