//! ListGroups, versions 0 to 5 (states since 4, KIP-518; types since 5, KIP-848).
//!
//! Deviations: none known.

use super::super::groups::{Group, Kind};
use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::protocol::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};

pub(super) struct ListGroups(ListGroupsRequest);

impl Handler for ListGroups {
    type Request = ListGroupsRequest;
    type Response = ListGroupsResponse;

    fn new(request: ListGroupsRequest) -> Self {
        Self(request)
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<ListGroupsResponse> {
        if let Some(error) = on.error() {
            return Outcome::Reply(ListGroupsResponse {
                error_code: error.code.0,
                ..ListGroupsResponse::default()
            });
        }
        cluster.groups.tick(on.now);
        let wanted = |filter: &[String], value: &str| {
            let same = |wanted: &String| wanted.eq_ignore_ascii_case(value);
            filter.is_empty() || filter.iter().any(same)
        };
        let here = |id: &str| cluster.coordinator(id) == Some(on.broker);
        let groups = cluster.groups.all();
        let listed = groups
            .filter(|(id, _)| here(id))
            .map(|(id, group)| list(id, group));
        let listed = listed.filter(|group| {
            wanted(&self.0.states_filter, &group.group_state)
                && wanted(&self.0.types_filter, &group.group_type)
        });
        Outcome::Reply(ListGroupsResponse {
            groups: listed.collect(),
            ..ListGroupsResponse::default()
        })
    }

    fn set_throttle(response: &mut ListGroupsResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn list(id: &str, group: &Group) -> ListedGroup {
    let (protocol_type, state, kind) = match &group.kind {
        Kind::Classic(group) => {
            let protocol_type = group.protocol_type.clone().unwrap_or_default();
            (protocol_type, group.phase.name(), "classic")
        }
        Kind::Modern(group) => ("consumer".to_owned(), group.state(), "consumer"),
    };
    ListedGroup {
        group_id: id.to_owned(),
        protocol_type,
        group_state: state.to_owned(),
        group_type: kind.to_owned(),
    }
}
