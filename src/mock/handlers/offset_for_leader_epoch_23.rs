//! OffsetForLeaderEpoch, versions 2 to 4 (KIP-101, KIP-320).
//!
//! Deviations: none known.

use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::TopicPartition;
use crate::protocol::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition, OffsetForLeaderTopic, OffsetForLeaderTopicResult,
};

pub(super) struct OffsetForLeaderEpoch(OffsetForLeaderEpochRequest);

impl Handler for OffsetForLeaderEpoch {
    type Request = OffsetForLeaderEpochRequest;
    type Response = OffsetForLeaderEpochResponse;

    fn new(request: OffsetForLeaderEpochRequest) -> Self {
        Self(request)
    }

    fn targets(&self, _: &ClusterState, _: i32) -> Vec<TopicPartition> {
        let each = |topic: &OffsetForLeaderTopic| {
            let named = TopicPartition::new(topic.topic.as_str(), 0);
            let indices = topic.partitions.iter().map(|p| p.partition);
            let all = indices.map(|partition| TopicPartition {
                partition,
                ..named.clone()
            });
            all.collect::<Vec<_>>()
        };
        self.0.topics.iter().flat_map(each).collect()
    }

    fn run(
        &mut self,
        cluster: &mut ClusterState,
        on: &Context,
    ) -> Outcome<OffsetForLeaderEpochResponse> {
        let topic = |topic: &OffsetForLeaderTopic| {
            let partitions = topic.partitions.iter();
            OffsetForLeaderTopicResult {
                topic: topic.topic.clone(),
                partitions: partitions
                    .map(|asked| answer(cluster, on, &topic.topic, asked))
                    .collect(),
            }
        };
        Outcome::Reply(OffsetForLeaderEpochResponse {
            topics: self.0.topics.iter().map(topic).collect(),
            ..OffsetForLeaderEpochResponse::default()
        })
    }

    fn set_throttle(response: &mut OffsetForLeaderEpochResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn answer(
    cluster: &ClusterState,
    on: &Context,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> EpochEndOffset {
    let planned = on.plan.error_for(topic, asked.partition);
    let found = match planned {
        Some(error) => Err(error.code),
        None => find(cluster, on, topic, asked),
    };
    let (leader_epoch, end_offset) = found.unwrap_or((-1, -1));
    EpochEndOffset {
        error_code: found.err().unwrap_or(ErrorCode::NONE).0,
        partition: asked.partition,
        leader_epoch,
        end_offset,
    }
}

/// The largest epoch up to the one asked for, and where it ends; -1 for both if that epoch is yet
/// to come.
fn find(
    cluster: &ClusterState,
    on: &Context,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> Result<(i32, i64), ErrorCode> {
    let at = (topic, asked.partition);
    let partition = cluster.led(at, on.broker, asked.current_leader_epoch, false)?;
    if asked.leader_epoch == -1 {
        return Ok((-1, -1));
    }
    let end = partition
        .log
        .epoch_end(asked.leader_epoch, partition.leader_epoch);
    Ok(end.unwrap_or((-1, -1)))
}
