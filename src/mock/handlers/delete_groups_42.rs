//! DeleteGroups, versions 0 to 2 (KIP-229).
//!
//! Deviations: none known.

use std::collections::BTreeSet;

use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::protocol::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};

pub(super) struct DeleteGroups(DeleteGroupsRequest);

impl Handler for DeleteGroups {
    type Request = DeleteGroupsRequest;
    type Response = DeleteGroupsResponse;

    fn new(request: DeleteGroupsRequest) -> Self {
        Self(request)
    }

    fn groups(&self) -> Vec<String> {
        self.0.groups_names.clone()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<DeleteGroupsResponse> {
        let mut results = Vec::new();
        let mut seen = BTreeSet::new();
        for id in self.0.groups_names.iter().filter(|id| seen.insert(*id)) {
            let planned = on.plan.error_for_group(id);
            let before = planned.filter(|error| !error.apply);
            let deleted = match before {
                Some(error) => Err(error.code),
                None => delete(cluster, on, id),
            };
            let after = planned.filter(|error| error.apply);
            let code = after.map(|error| error.code).or(deleted.err());
            results.push(DeletableGroupResult {
                group_id: id.clone(),
                error_code: code.unwrap_or(ErrorCode::NONE).0,
            });
        }
        Outcome::Reply(DeleteGroupsResponse {
            results,
            ..DeleteGroupsResponse::default()
        })
    }

    fn set_throttle(response: &mut DeleteGroupsResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn delete(cluster: &mut ClusterState, on: &Context, id: &str) -> Result<(), ErrorCode> {
    let at = (on.broker, on.now);
    cluster.groups.serve(id, at, |groups| groups.delete(id))?
}
