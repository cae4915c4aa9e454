//! OffsetDelete, version 0 (KIP-496).
//!
//! Deviations: the coordinators of Kafka 3 delete an empty group with its last offset.

use super::super::groups::Groups;
use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::TopicPartition;
use crate::protocol::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestTopic, OffsetDeleteResponse,
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

pub(super) struct OffsetDelete(OffsetDeleteRequest);

impl Handler for OffsetDelete {
    type Request = OffsetDeleteRequest;
    type Response = OffsetDeleteResponse;

    fn new(request: OffsetDeleteRequest) -> Self {
        Self(request)
    }

    fn targets(&self, _: &ClusterState, _: i32) -> Vec<TopicPartition> {
        let each = |topic: &OffsetDeleteRequestTopic| {
            let named = TopicPartition::new(topic.name.as_str(), 0);
            let indices = topic.partitions.iter().map(|p| p.partition_index);
            let all = indices.map(|partition| TopicPartition {
                partition,
                ..named.clone()
            });
            all.collect::<Vec<_>>()
        };
        self.0.topics.iter().flat_map(each).collect()
    }

    fn groups(&self) -> Vec<String> {
        vec![self.0.group_id.clone()]
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<OffsetDeleteResponse> {
        let deleted = match on.all_refused() {
            Some(code) => Err(code),
            None => self.delete(cluster, on),
        };
        let deleted = match on.all_spoilt() {
            Some(code) => Err(code),
            None => deleted,
        };
        Outcome::Reply(match deleted {
            Ok(topics) => OffsetDeleteResponse {
                topics,
                ..OffsetDeleteResponse::default()
            },
            Err(code) => OffsetDeleteResponse {
                error_code: code.0,
                ..OffsetDeleteResponse::default()
            },
        })
    }

    fn set_throttle(response: &mut OffsetDeleteResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

impl OffsetDelete {
    fn delete(
        &self,
        cluster: &mut ClusterState,
        on: &Context,
    ) -> Result<Vec<OffsetDeleteResponseTopic>, ErrorCode> {
        let id = &self.0.group_id;
        let at = (on.broker, on.now);
        cluster
            .groups
            .serve(id, at, |groups| groups.check_offset_delete(id))??;
        let mut topics = Vec::new();
        for topic in &self.0.topics {
            let mut partitions = Vec::new();
            for partition in &topic.partitions {
                let place = TopicPartition::new(topic.name.as_str(), partition.partition_index);
                let deleted = match on.refused(&place.topic, place.partition) {
                    Some(code) => Err(code),
                    None if cluster.partition(&place.topic, place.partition).is_none() => {
                        Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                    }
                    None => delete_one(&mut cluster.groups, id, &place),
                };
                let code = deleted.err().or(on.spoilt(&place.topic, place.partition));
                partitions.push(OffsetDeleteResponsePartition {
                    partition_index: place.partition,
                    error_code: code.unwrap_or(ErrorCode::NONE).0,
                });
            }
            topics.push(OffsetDeleteResponseTopic {
                name: topic.name.clone(),
                partitions,
            });
        }
        Ok(topics)
    }
}

fn delete_one(groups: &mut Groups, id: &str, place: &TopicPartition) -> Result<(), ErrorCode> {
    if groups.subscribes(id, &place.topic) {
        return Err(ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC);
    }
    groups.delete_offset(id, place);
    Ok(())
}
