//! DescribeCluster, versions 0 to 2 (KIP-700).
//!
//! Deviations: authorised operations are never given; controllers (KIP-919) cannot be described.

use super::super::state::{ClusterState, Endpoint};
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::protocol::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};

/// The endpoint type of brokers.
const BROKERS: i8 = 1;

pub(super) struct DescribeCluster(DescribeClusterRequest);

impl Handler for DescribeCluster {
    type Request = DescribeClusterRequest;
    type Response = DescribeClusterResponse;

    fn new(request: DescribeClusterRequest) -> Self {
        Self(request)
    }

    fn run(
        &mut self,
        cluster: &mut ClusterState,
        on: &Context,
    ) -> Outcome<DescribeClusterResponse> {
        let planned = on.error().map(|planned| planned.code);
        let other = on.version >= 1 && self.0.endpoint_type != BROKERS;
        let code = planned.or(other.then_some(ErrorCode::MISMATCHED_ENDPOINT_TYPE));
        if let Some(code) = code {
            return Outcome::Reply(DescribeClusterResponse {
                error_code: code.0,
                error_message: Some(code.description().to_owned()),
                ..DescribeClusterResponse::default()
            });
        }
        let broker = |endpoint: Endpoint| DescribeClusterBroker {
            broker_id: endpoint.id,
            host: endpoint.host,
            port: i32::from(endpoint.port),
            rack: endpoint.rack,
            is_fenced: false,
        };
        let brokers = cluster.endpoints(on.listener).into_iter().map(broker);
        Outcome::Reply(DescribeClusterResponse {
            cluster_id: cluster.cluster_id.clone(),
            controller_id: cluster.controller(),
            brokers: brokers.collect(),
            ..DescribeClusterResponse::default()
        })
    }

    fn set_throttle(response: &mut DescribeClusterResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}
