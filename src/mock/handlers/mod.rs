//! What a broker does with each request: one file per API, named by its key.
//!
//! A handler is pure: it reads and changes the [`ClusterState`] and answers, or says until when it
//! would wait ([`Outcome::Wait`]); then it is asked again when something changed. Each file starts
//! with the deviations from Kafka that are known.

mod api_versions_18;
mod consumer_group_describe_69;
mod consumer_group_heartbeat_68;
mod create_topics_19;
mod delete_groups_42;
mod delete_topics_20;
mod describe_cluster_60;
mod describe_groups_15;
mod fetch_01;
mod find_coordinator_10;
mod groups;
mod heartbeat_12;
mod init_producer_id_22;
mod join_group_11;
mod leave_group_13;
mod list_groups_16;
mod list_offsets_02;
mod metadata_03;
mod offset_commit_08;
mod offset_delete_47;
mod offset_fetch_09;
mod offset_for_leader_epoch_23;
mod produce_00;
mod sync_group_14;

use std::sync::Arc;
use std::time::Instant;

pub(crate) use self::api_versions_18::served;
use self::api_versions_18::unsupported_version;
use super::faults::{Decision, Injection};
use super::state::{ClusterState, Listener};
use crate::error::ErrorCode;
use crate::ids::{CorrelationId, TopicPartition};
use crate::protocol::frame::{RequestHeader, encode_response};
use crate::protocol::{ApiKey, Chunks, Decode, Encode, Reader, Request, Response};

/// What a handler knows of its request besides the body.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) now: Instant,
    /// Wall time, in milliseconds since 1970.
    pub(crate) now_ms: i64,
    pub(crate) broker: i32,
    pub(crate) listener: Listener,
    pub(crate) version: i16,
    /// What the client calls itself.
    pub(crate) client_id: Option<String>,
    /// Planned errors; all else in the plan is the server's business.
    pub(crate) plan: Arc<Decision>,
}

impl Context {
    /// The error to answer for a partition without doing what was asked.
    fn refused(&self, topic: &str, partition: i32) -> Option<ErrorCode> {
        let planned = self.plan.error_for(topic, partition);
        planned.filter(|error| !error.apply).map(|error| error.code)
    }

    /// The error to answer for a partition after all went well.
    fn spoilt(&self, topic: &str, partition: i32) -> Option<ErrorCode> {
        let planned = self.plan.error_for(topic, partition);
        planned.filter(|error| error.apply).map(|error| error.code)
    }

    /// The error to answer without doing what was asked.
    fn all_refused(&self) -> Option<ErrorCode> {
        let planned = self.error().filter(|error| !error.apply);
        planned.map(|error| error.code)
    }

    /// The error to answer after all went well.
    fn all_spoilt(&self) -> Option<ErrorCode> {
        let planned = self.error().filter(|error| error.apply);
        planned.map(|error| error.code)
    }

    /// The error planned for the whole request.
    fn error(&self) -> Option<&Injection> {
        self.plan.error()
    }
}

/// What became of a request.
#[derive(Clone, Debug)]
pub(crate) enum Outcome<T> {
    /// It is answered.
    Reply(T),
    /// It has no answer, as a produce request with `acks=0`.
    Nothing,
    /// The connection is closed.
    Close,
    /// It waits until then, or until something changes.
    Wait(Instant),
}

impl<T> Outcome<T> {
    fn map<U>(self, change: impl FnOnce(T) -> Outcome<U>) -> Outcome<U> {
        match self {
            Self::Reply(reply) => change(reply),
            Self::Nothing => Outcome::Nothing,
            Self::Close => Outcome::Close,
            Self::Wait(until) => Outcome::Wait(until),
        }
    }
}

/// One request being served.
trait Handler: Send + Sized + 'static {
    type Request: Request<Response = Self::Response> + Decode;
    type Response: Response + Encode;

    fn new(request: Self::Request) -> Self;

    /// What it is about, for fault rules and the history. A topic alone is partition -1.
    fn targets(&self, _: &ClusterState, _broker: i32) -> Vec<TopicPartition> {
        Vec::new()
    }

    /// The groups it is about, for fault rules and the history.
    fn groups(&self) -> Vec<String> {
        Vec::new()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<Self::Response>;

    fn set_throttle(response: &mut Self::Response, ms: i32);
}

/// A request that was read and not served yet, whatever its API.
pub(crate) trait Work: Send {
    fn targets(&self, cluster: &ClusterState, broker: i32) -> Vec<TopicPartition>;

    fn groups(&self) -> Vec<String>;

    /// Serves it; the answer is a whole frame.
    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<Chunks>;
}

struct Typed<H> {
    handler: H,
    correlation: CorrelationId,
}

impl<H: Handler> Work for Typed<H> {
    fn targets(&self, cluster: &ClusterState, broker: i32) -> Vec<TopicPartition> {
        self.handler.targets(cluster, broker)
    }

    fn groups(&self) -> Vec<String> {
        self.handler.groups()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<Chunks> {
        self.handler.run(cluster, on).map(|mut response| {
            if !on.plan.throttle.is_zero() {
                let ms = on.plan.throttle.as_millis();
                H::set_throttle(&mut response, i32::try_from(ms).unwrap_or(i32::MAX));
            }
            match encode_response(self.correlation, &response, on.version) {
                Ok(frame) => Outcome::Reply(frame),
                Err(error) => {
                    tracing::error!(%error, "the mock made a response it cannot encode");
                    Outcome::Close
                }
            }
        })
    }
}

/// Reads a request's body. `None` if a broker would close the connection over it: an API or
/// version it does not serve, or bytes that are not such a request.
pub(crate) fn read(
    cluster: &ClusterState,
    header: &RequestHeader,
    body: Reader,
) -> Option<Box<dyn Work>> {
    let key = ApiKey::try_from(header.api_key).ok()?;
    let known = served(&cluster.settings, key);
    if !known.is_some_and(|range| range.contains(header.api_version)) {
        // The one API whose unknown versions are answered: clients start with it (KIP-511).
        return (key == ApiKey::ApiVersions).then(|| unsupported_version(header.correlation));
    }
    match key {
        ApiKey::Produce => typed::<produce_00::Produce>(header, body),
        ApiKey::Fetch => typed::<fetch_01::Fetch>(header, body),
        ApiKey::ListOffsets => typed::<list_offsets_02::ListOffsets>(header, body),
        ApiKey::Metadata => typed::<metadata_03::Metadata>(header, body),
        ApiKey::FindCoordinator => typed::<find_coordinator_10::FindCoordinator>(header, body),
        ApiKey::ApiVersions => typed::<api_versions_18::Versions>(header, body),
        ApiKey::CreateTopics => typed::<create_topics_19::CreateTopics>(header, body),
        ApiKey::DeleteTopics => typed::<delete_topics_20::DeleteTopics>(header, body),
        ApiKey::InitProducerId => typed::<init_producer_id_22::InitProducerId>(header, body),
        ApiKey::OffsetCommit => typed::<offset_commit_08::OffsetCommit>(header, body),
        ApiKey::OffsetFetch => typed::<offset_fetch_09::OffsetFetch>(header, body),
        ApiKey::JoinGroup => typed::<join_group_11::JoinGroup>(header, body),
        ApiKey::Heartbeat => typed::<heartbeat_12::Heartbeat>(header, body),
        ApiKey::LeaveGroup => typed::<leave_group_13::LeaveGroup>(header, body),
        ApiKey::SyncGroup => typed::<sync_group_14::SyncGroup>(header, body),
        ApiKey::DescribeGroups => typed::<describe_groups_15::DescribeGroups>(header, body),
        ApiKey::ListGroups => typed::<list_groups_16::ListGroups>(header, body),
        ApiKey::DeleteGroups => typed::<delete_groups_42::DeleteGroups>(header, body),
        ApiKey::OffsetDelete => typed::<offset_delete_47::OffsetDelete>(header, body),
        ApiKey::OffsetForLeaderEpoch => {
            typed::<offset_for_leader_epoch_23::OffsetForLeaderEpoch>(header, body)
        }
        ApiKey::ConsumerGroupDescribe => {
            typed::<consumer_group_describe_69::ConsumerGroupDescribe>(header, body)
        }
        ApiKey::ConsumerGroupHeartbeat => {
            typed::<consumer_group_heartbeat_68::ConsumerGroupHeartbeat>(header, body)
        }
        ApiKey::DescribeCluster => typed::<describe_cluster_60::DescribeCluster>(header, body),
        _ => None,
    }
}

fn typed<H: Handler>(header: &RequestHeader, mut body: Reader) -> Option<Box<dyn Work>> {
    match H::Request::decode(&mut body, header.api_version) {
        Ok(request) => Some(Box::new(Typed {
            handler: H::new(request),
            correlation: header.correlation,
        })),
        Err(error) => {
            tracing::warn!(%error, ?header, "a request that cannot be read");
            None
        }
    }
}

/// A topic as a fault rule's target.
fn topic_target(name: &str) -> TopicPartition {
    TopicPartition::new(name, -1)
}
