//! DescribeGroups, versions 0 to 6 (instance ids since 4; a code for groups that are not there
//! since 6, KIP-1043).
//!
//! Deviations: no client's address is known, all come from the loopback one.

use super::super::groups::classic::{Classic, Member, Phase};
use super::super::groups::{Group, Kind};
use super::super::state::ClusterState;
use super::groups::{CLIENT_HOST, all_operations};
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::protocol::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};

/// The version since which a group that is not there is an error.
const NOT_FOUND: i16 = 6;

pub(super) struct DescribeGroups(DescribeGroupsRequest);

impl Handler for DescribeGroups {
    type Request = DescribeGroupsRequest;
    type Response = DescribeGroupsResponse;

    fn new(request: DescribeGroupsRequest) -> Self {
        Self(request)
    }

    fn groups(&self) -> Vec<String> {
        self.0.groups.clone()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<DescribeGroupsResponse> {
        let mut groups = Vec::new();
        for id in &self.0.groups {
            let planned = on.plan.error_for_group(id);
            let described = match planned {
                Some(error) => Err(error.code),
                None => describe(cluster, on, id),
            };
            let mut group = described.unwrap_or_else(|code| DescribedGroup {
                error_code: code.0,
                ..DescribedGroup::default()
            });
            group.group_id.clone_from(id);
            if self.0.include_authorized_operations && group.error_code == 0 {
                group.authorized_operations = all_operations(cluster);
            }
            groups.push(group);
        }
        Outcome::Reply(DescribeGroupsResponse {
            groups,
            ..DescribeGroupsResponse::default()
        })
    }

    fn set_throttle(response: &mut DescribeGroupsResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn describe(
    cluster: &mut ClusterState,
    on: &Context,
    id: &str,
) -> Result<DescribedGroup, ErrorCode> {
    let at = (on.broker, on.now);
    cluster.groups.serve(id, at, |groups| {
        match groups.get(id).map(|group: &Group| &group.kind) {
            Some(Kind::Classic(group)) => encode(group),
            Some(Kind::Modern(_)) => missing(id, "is not a classic group", on.version),
            None => missing(id, "not found", on.version),
        }
    })
}

fn missing(id: &str, why: &str, version: i16) -> DescribedGroup {
    let mut group = DescribedGroup {
        group_state: "Dead".to_owned(),
        ..DescribedGroup::default()
    };
    if version >= NOT_FOUND {
        group.error_code = ErrorCode::GROUP_ID_NOT_FOUND.0;
        group.error_message = Some(format!("Group {id} {why}."));
    }
    group
}

fn encode(group: &Classic) -> DescribedGroup {
    let stable = group.phase == Phase::Stable;
    let protocol = group.protocol.clone().unwrap_or_default();
    let member = |member: &Member| {
        let mut described = DescribedGroupMember {
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: CLIENT_HOST.to_owned(),
            ..DescribedGroupMember::default()
        };
        if stable {
            described.member_metadata = member.metadata(&protocol);
            described.member_assignment = member.assignment.clone();
        }
        described
    };
    DescribedGroup {
        group_state: group.phase.name().to_owned(),
        protocol_type: group.protocol_type.clone().unwrap_or_default(),
        protocol_data: if stable {
            protocol.clone()
        } else {
            String::new()
        },
        members: group.members.iter().map(member).collect(),
        ..DescribedGroup::default()
    }
}
