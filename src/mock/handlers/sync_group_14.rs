//! SyncGroup, versions 0 to 5 (static members since 3, KIP-345; protocols named since 5, KIP-559).
//!
//! Deviations: none known.

use super::super::groups::classic::{Sync, SyncAnswer};
use super::super::groups::parked::Ticket;
use super::super::state::ClusterState;
use super::groups::park_until;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::protocol::sync_group::{SyncGroupRequest, SyncGroupResponse};

/// The version since which the protocol has to be named.
const NAMED: i16 = 5;

pub(super) struct SyncGroup {
    request: SyncGroupRequest,
    /// Set while the answer is to come.
    ticket: Option<Ticket>,
}

impl Handler for SyncGroup {
    type Request = SyncGroupRequest;
    type Response = SyncGroupResponse;

    fn new(request: SyncGroupRequest) -> Self {
        let ticket = None;
        Self { request, ticket }
    }

    fn groups(&self) -> Vec<String> {
        vec![self.request.group_id.clone()]
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<SyncGroupResponse> {
        let answer = match self.answer(cluster, on) {
            Ok(Some(answer)) => answer,
            Ok(None) => return park_until(cluster, &self.request.group_id, on),
            Err(code) => SyncAnswer::refusal(code),
        };
        let code = on.all_spoilt().unwrap_or(answer.code);
        Outcome::Reply(SyncGroupResponse {
            error_code: code.0,
            protocol_type: answer.protocol_type,
            protocol_name: answer.protocol,
            assignment: answer.assignment,
            ..SyncGroupResponse::default()
        })
    }

    fn set_throttle(response: &mut SyncGroupResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

impl SyncGroup {
    /// The answer, or `None` while it is to come.
    fn answer(
        &mut self,
        cluster: &mut ClusterState,
        on: &Context,
    ) -> Result<Option<SyncAnswer>, ErrorCode> {
        if let Some(code) = on.all_refused() {
            return Err(code);
        }
        let request = &self.request;
        let unnamed = request.protocol_type.is_none() || request.protocol_name.is_none();
        if on.version >= NAMED && unnamed {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        if request.group_id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let at = (on.broker, on.now);
        let known = self.ticket;
        let unknown = ErrorCode::UNKNOWN_MEMBER_ID;
        let ticket = cluster.groups.serve(&request.group_id, at, |groups| {
            if known.is_some() {
                return known;
            }
            groups.mark_changed();
            let group = groups.classic(&request.group_id)?;
            Some(group.sync(on.now, ask(request)))
        })?;
        let ticket = ticket.ok_or(unknown)?;
        self.ticket = Some(ticket);
        let group = cluster.groups.classic(&request.group_id).ok_or(unknown)?;
        Ok(group.take_sync(ticket))
    }
}

fn ask(request: &SyncGroupRequest) -> Sync {
    let assignments = request.assignments.iter();
    Sync {
        member_id: request.member_id.clone(),
        instance: request.group_instance_id.clone(),
        generation: request.generation_id,
        protocol_type: request.protocol_type.clone(),
        protocol: request.protocol_name.clone(),
        assignments: assignments
            .map(|given| (given.member_id.clone(), given.assignment.clone()))
            .collect(),
    }
}
