//! ApiVersions, versions 0 to 4 (KIP-35, KIP-511).
//!
//! Deviations: no features are announced beyond `metadata.version`; the oldest version of an API is
//! the oldest this crate speaks, also when an old release is posed as.

use super::super::state::{ClusterState, Settings};
use super::{Context, Handler, Outcome, Work};
use crate::error::ErrorCode;
use crate::ids::{CorrelationId, TopicPartition};
use crate::protocol::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use crate::protocol::frame::encode_response;
use crate::protocol::{ApiKey, Chunks, VersionRange};

/// The APIs the mock serves.
const SERVED: [ApiKey; 23] = [
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::Heartbeat,
    ApiKey::LeaveGroup,
    ApiKey::SyncGroup,
    ApiKey::DescribeGroups,
    ApiKey::ListGroups,
    ApiKey::ApiVersions,
    ApiKey::CreateTopics,
    ApiKey::DeleteTopics,
    ApiKey::InitProducerId,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::DeleteGroups,
    ApiKey::OffsetDelete,
    ApiKey::DescribeCluster,
    ApiKey::ConsumerGroupHeartbeat,
    ApiKey::ConsumerGroupDescribe,
];

/// The versions of an API that are served, if any.
pub(crate) fn served(settings: &Settings, key: ApiKey) -> Option<VersionRange> {
    if !SERVED.contains(&key) {
        return None;
    }
    match settings.versions.get(&key.code()) {
        Some(range) => *range,
        None => Some(key.versions()),
    }
}

pub(super) struct Versions(ApiVersionsRequest);

impl Handler for Versions {
    type Request = ApiVersionsRequest;
    type Response = ApiVersionsResponse;

    fn new(request: ApiVersionsRequest) -> Self {
        Self(request)
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<ApiVersionsResponse> {
        let legal = |text: &str| {
            let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            text.chars().all(inner) && edge(text.chars().next()) && edge(text.chars().last())
        };
        let named = legal(&self.0.client_software_name) && legal(&self.0.client_software_version);
        let mut response = answer(&cluster.settings);
        if on.version >= 3 && !named {
            response.error_code = ErrorCode::INVALID_REQUEST.0;
            response.api_keys.clear();
        }
        if let Some(planned) = on.error() {
            response.error_code = planned.code.0;
        }
        Outcome::Reply(response)
    }

    fn set_throttle(response: &mut ApiVersionsResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn answer(settings: &Settings) -> ApiVersionsResponse {
    let range = |key: &ApiKey| {
        served(settings, *key).map(|range| ApiVersion {
            api_key: key.code(),
            min_version: range.min,
            max_version: range.max,
        })
    };
    ApiVersionsResponse {
        api_keys: SERVED.iter().filter_map(range).collect(),
        ..ApiVersionsResponse::default()
    }
}

/// The answer to an ApiVersions request of a version nobody knows: in version 0, with the range of
/// ApiVersions itself, so that the client can ask again.
pub(super) fn unsupported_version(correlation: CorrelationId) -> Box<dyn Work> {
    Box::new(Unsupported(correlation))
}

struct Unsupported(CorrelationId);

impl Work for Unsupported {
    fn targets(&self, _: &ClusterState, _: i32) -> Vec<TopicPartition> {
        Vec::new()
    }

    fn groups(&self) -> Vec<String> {
        Vec::new()
    }

    fn run(&mut self, cluster: &mut ClusterState, _: &Context) -> Outcome<Chunks> {
        let mut response = answer(&cluster.settings);
        response.error_code = ErrorCode::UNSUPPORTED_VERSION.0;
        let own = ApiKey::ApiVersions.code();
        response.api_keys.retain(|api| api.api_key == own);
        match encode_response(self.0, &response, 0) {
            Ok(frame) => Outcome::Reply(frame),
            Err(_) => Outcome::Close,
        }
    }
}
