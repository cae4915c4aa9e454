//! JoinGroup, versions 1 to 9 (member ids required since 4, KIP-394; static members since 5,
//! KIP-345; leaders that need not assign since 9, KIP-814).
//!
//! Deviations: none known.

use std::time::Duration;

use super::super::groups::classic::{Join, JoinAnswer};
use super::super::groups::parked::Ticket;
use super::super::state::ClusterState;
use super::groups::park_until;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::Uuid;
use crate::protocol::join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};

/// The version since which a new member has to come again with the id it is given.
const ID_REQUIRED: i16 = 4;
/// The version since which the answer may name no protocol.
const NULL_PROTOCOL: i16 = 7;
/// The version since which an answer tells a leader that it need not assign.
const CAN_SKIP: i16 = 9;

pub(super) struct JoinGroup {
    request: JoinGroupRequest,
    /// Set while the answer is to come.
    ticket: Option<Ticket>,
}

impl Handler for JoinGroup {
    type Request = JoinGroupRequest;
    type Response = JoinGroupResponse;

    fn new(request: JoinGroupRequest) -> Self {
        let ticket = None;
        Self { request, ticket }
    }

    fn groups(&self) -> Vec<String> {
        vec![self.request.group_id.clone()]
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<JoinGroupResponse> {
        let id = self.request.member_id.clone();
        let answer = match self.answer(cluster, on) {
            Ok(Some(answer)) => answer,
            Ok(None) => return park_until(cluster, &self.request.group_id, on),
            // Members of the new protocol are there.
            Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL) => {
                JoinAnswer::refusal(ErrorCode::INCONSISTENT_GROUP_PROTOCOL, "")
            }
            Err(code) => JoinAnswer::refusal(code, &id),
        };
        let mut response = encode(answer, on.version);
        if let Some(code) = on.all_spoilt() {
            response.error_code = code.0;
        }
        Outcome::Reply(response)
    }

    fn set_throttle(response: &mut JoinGroupResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

impl JoinGroup {
    /// The answer, or `None` while it is to come.
    fn answer(
        &mut self,
        cluster: &mut ClusterState,
        on: &Context,
    ) -> Result<Option<JoinAnswer>, ErrorCode> {
        if let Some(code) = on.all_refused() {
            return Err(code);
        }
        let group_id = self.request.group_id.clone();
        if group_id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let new = self.ticket.is_none();
        let ask = new.then(|| self.ask(cluster, on)).transpose()?;
        let at = (on.broker, on.now);
        let known = self.ticket;
        let groups = &mut cluster.groups;
        let ticket = groups.serve(&group_id, at, |groups| {
            let (Some(ask), None) = (ask, known) else {
                return known.ok_or(ErrorCode::UNKNOWN_SERVER_ERROR);
            };
            if !ask.member_id.is_empty() && groups.get(&group_id).is_none() {
                return Err(ErrorCode::UNKNOWN_MEMBER_ID);
            }
            groups.mark_changed();
            let settings = groups.settings.clone();
            let group = groups.obtain_classic(&group_id);
            let group = group.ok_or(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)?;
            Ok(group.join(on.now, &settings, ask))
        })??;
        self.ticket = Some(ticket);
        let group = cluster.groups.classic(&group_id);
        let group = group.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        Ok(group.take_join(ticket))
    }

    fn ask(&self, cluster: &mut ClusterState, on: &Context) -> Result<Join, ErrorCode> {
        let request = &self.request;
        let millis = |ms| u64::try_from(ms).map(Duration::from_millis).ok();
        let (min, max) = cluster.groups.settings.session_timeouts;
        let session = millis(request.session_timeout_ms)
            .filter(|session| (min..=max).contains(session))
            .ok_or(ErrorCode::INVALID_SESSION_TIMEOUT)?;
        let client_id = on.client_id.clone().unwrap_or_default();
        let prefix = request.group_instance_id.as_deref().unwrap_or(&client_id);
        let protocols = request.protocols.iter();
        Ok(Join {
            member_id: request.member_id.clone(),
            new_id: format!("{prefix}-{}", hyphenated(cluster.uuid())),
            instance: request.group_instance_id.clone(),
            client_id,
            session,
            rebalance: millis(request.rebalance_timeout_ms).unwrap_or(session),
            protocol_type: request.protocol_type.clone(),
            protocols: protocols
                .map(|protocol| (protocol.name.clone(), protocol.metadata.clone()))
                .collect(),
            id_required: on.version >= ID_REQUIRED,
            can_skip: on.version >= CAN_SKIP,
        })
    }
}

/// As Java writes a UUID.
fn hyphenated(id: Uuid) -> String {
    let mut text = String::new();
    for (index, byte) in id.0.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let digits = [byte >> 4, byte & 0xf].map(u32::from);
        text.extend(
            digits
                .iter()
                .filter_map(|digit| char::from_digit(*digit, 16)),
        );
    }
    text
}

fn encode(answer: JoinAnswer, version: i16) -> JoinGroupResponse {
    let protocol_name = match answer.protocol {
        None if version < NULL_PROTOCOL => Some(String::new()),
        name => name,
    };
    let members = answer.members.into_iter();
    JoinGroupResponse {
        error_code: answer.code.0,
        generation_id: answer.generation,
        protocol_type: answer.protocol_type,
        protocol_name,
        leader: answer.leader,
        skip_assignment: answer.skip_assignment,
        member_id: answer.member_id,
        members: members
            .map(
                |(member_id, group_instance_id, metadata)| JoinGroupResponseMember {
                    member_id,
                    group_instance_id,
                    metadata,
                },
            )
            .collect(),
        ..JoinGroupResponse::default()
    }
}
