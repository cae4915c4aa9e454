//! ListOffsets, versions 1 to 11 (KIP-79; largest timestamp since 7, KIP-734).
//!
//! Deviations: there is no tiered storage, so the local log start is the log start and nothing is
//! in the remote tier.

use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::TopicPartition;
use crate::protocol::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// The version since which an answer has a leader epoch.
const LEADER_EPOCH: i16 = 4;

/// The oldest version in which a timestamp may be asked for.
fn needs(timestamp: i64) -> Option<i16> {
    match timestamp {
        LATEST | EARLIEST => Some(1),
        MAX_TIMESTAMP => Some(7),
        EARLIEST_LOCAL => Some(8),
        LATEST_TIERED => Some(9),
        EARLIEST_PENDING_UPLOAD => Some(11),
        other => (other >= 0).then_some(1),
    }
}

pub(super) struct ListOffsets(ListOffsetsRequest);

impl Handler for ListOffsets {
    type Request = ListOffsetsRequest;
    type Response = ListOffsetsResponse;

    fn new(request: ListOffsetsRequest) -> Self {
        Self(request)
    }

    fn targets(&self, _: &ClusterState, _: i32) -> Vec<TopicPartition> {
        let each = |topic: &ListOffsetsTopic| {
            let named = TopicPartition::new(topic.name.as_str(), -1);
            let indices = topic.partitions.iter().map(|p| p.partition_index);
            indices
                .map(|partition| TopicPartition {
                    partition,
                    ..named.clone()
                })
                .collect::<Vec<_>>()
        };
        self.0.topics.iter().flat_map(each).collect()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<ListOffsetsResponse> {
        let mut response = ListOffsetsResponse::default();
        for topic in &self.0.topics {
            let mut partitions = Vec::new();
            for asked in &topic.partitions {
                let index = asked.partition_index;
                let same = |other: &&ListOffsetsPartition| other.partition_index == index;
                let planned = on
                    .plan
                    .error_for(&topic.name, index)
                    .map(|error| error.code);
                let mut found = if let Some(code) = planned {
                    Err(code)
                } else if topic.partitions.iter().filter(same).count() > 1 {
                    Err(ErrorCode::INVALID_REQUEST)
                } else {
                    find(cluster, on, self.0.replica_id, &topic.name, asked)
                };
                if let Ok(found) = &mut found {
                    if on.version < LEADER_EPOCH {
                        found.leader_epoch = -1;
                    }
                }
                partitions.push(found.unwrap_or_else(|code| ListOffsetsPartitionResponse {
                    error_code: code.0,
                    ..none(index)
                }));
            }
            response.topics.push(ListOffsetsTopicResponse {
                name: topic.name.clone(),
                partitions,
            });
        }
        Outcome::Reply(response)
    }

    fn set_throttle(response: &mut ListOffsetsResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn none(partition_index: i32) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse {
        partition_index,
        timestamp: -1,
        offset: -1,
        leader_epoch: -1,
        ..ListOffsetsPartitionResponse::default()
    }
}

fn find(
    cluster: &ClusterState,
    on: &Context,
    replica: i32,
    topic: &str,
    asked: &ListOffsetsPartition,
) -> Result<ListOffsetsPartitionResponse, ErrorCode> {
    /// The replica id of tools that read any replica.
    const DEBUGGING: i32 = -2;
    let index = asked.partition_index;
    if needs(asked.timestamp).is_none_or(|version| on.version < version) {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    let any = replica == DEBUGGING;
    let partition = cluster.led((topic, index), on.broker, asked.current_leader_epoch, any)?;
    let log = &partition.log;
    let at = |offset, epoch: Option<i32>| ListOffsetsPartitionResponse {
        offset,
        leader_epoch: epoch.unwrap_or(-1),
        ..none(index)
    };
    let found = match asked.timestamp {
        LATEST => return Ok(at(log.end(), Some(partition.leader_epoch))),
        EARLIEST | EARLIEST_LOCAL => return Ok(at(log.start(), log.earliest_epoch())),
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => return Ok(none(index)),
        MAX_TIMESTAMP => log.find_max_time(),
        timestamp => log.find_time(timestamp),
    };
    Ok(
        found.map_or(none(index), |found| ListOffsetsPartitionResponse {
            timestamp: found.timestamp,
            offset: found.offset,
            leader_epoch: found.leader_epoch,
            ..none(index)
        }),
    )
}
