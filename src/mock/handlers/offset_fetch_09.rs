//! OffsetFetch, versions 2 to 10 (stable offsets since 7, KIP-447; several groups since 8, KIP-709;
//! member epochs since 9, KIP-848; topic ids since 10).
//!
//! Deviations: there are no transactions yet, so every offset is stable.

use super::super::groups::Group;
use super::super::groups::offsets::{CommittedOffset, Offsets};
use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::{TopicPartition, Uuid};
use crate::protocol::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};

/// The version since which a request names several groups.
const BATCHED: i16 = 8;
/// The version since which topics are named by id.
const BY_ID: i16 = 10;

/// The groups asked for, as the newest versions have them.
pub(super) struct OffsetFetch(Vec<OffsetFetchRequestGroup>);

impl Handler for OffsetFetch {
    type Request = OffsetFetchRequest;
    type Response = OffsetFetchResponse;

    fn new(request: OffsetFetchRequest) -> Self {
        if !request.groups.is_empty() {
            return Self(request.groups);
        }
        if request.group_id.is_empty() && request.topics.as_ref().is_some_and(Vec::is_empty) {
            return Self(Vec::new());
        }
        let topics = request.topics.map(|topics| {
            let each = topics.into_iter();
            each.map(|topic| OffsetFetchRequestTopics {
                name: topic.name,
                topic_id: Uuid::ZERO,
                partition_indexes: topic.partition_indexes,
            })
            .collect()
        });
        Self(vec![OffsetFetchRequestGroup {
            group_id: request.group_id,
            topics,
            ..OffsetFetchRequestGroup::default()
        }])
    }

    fn targets(&self, cluster: &ClusterState, _: i32) -> Vec<TopicPartition> {
        let topics = self
            .0
            .iter()
            .flat_map(|group| group.topics.iter().flatten());
        topics
            .flat_map(|topic| {
                let name = name_of(cluster, &topic.name, topic.topic_id);
                let named = TopicPartition::new(name.unwrap_or_default(), 0);
                let partitions = topic.partition_indexes.iter();
                partitions.map(move |partition| TopicPartition {
                    partition: *partition,
                    ..named.clone()
                })
            })
            .collect()
    }

    fn groups(&self) -> Vec<String> {
        self.0.iter().map(|group| group.group_id.clone()).collect()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<OffsetFetchResponse> {
        let mut groups = Vec::new();
        for asked in &self.0 {
            let planned = on.plan.error_for_group(&asked.group_id);
            let found = match planned {
                Some(error) => Err(error.code),
                None => fetch(cluster, on, asked),
            };
            let (topics, code) = match found {
                Ok(topics) => (topics, ErrorCode::NONE),
                Err(code) => (Vec::new(), code),
            };
            groups.push(OffsetFetchResponseGroup {
                group_id: asked.group_id.clone(),
                topics,
                error_code: code.0,
            });
        }
        Outcome::Reply(encode(groups, on.version))
    }

    fn set_throttle(response: &mut OffsetFetchResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn name_of<'a>(cluster: &'a ClusterState, name: &'a str, id: Uuid) -> Option<&'a str> {
    if id.is_zero() {
        return Some(name);
    }
    cluster.topic_name(id)
}

fn fetch(
    cluster: &mut ClusterState,
    on: &Context,
    asked: &OffsetFetchRequestGroup,
) -> Result<Vec<OffsetFetchResponseTopics>, ErrorCode> {
    let at = (on.broker, on.now);
    let admitted = cluster.groups.serve(&asked.group_id, at, |groups| {
        let modern = groups.get(&asked.group_id).and_then(Group::modern);
        let member = asked.member_id.as_deref();
        modern.map_or(Ok(()), |group| {
            group.check_fetch(member, asked.member_epoch)
        })
    });
    admitted??;
    let none = Offsets::default();
    let group = cluster.groups.get(&asked.group_id);
    let offsets = group.map_or(&none, |group| &group.offsets);
    Ok(match &asked.topics {
        Some(topics) => topics
            .iter()
            .map(|topic| fetch_topic(cluster, on, offsets, topic))
            .collect(),
        None => fetch_all(cluster, on, offsets),
    })
}

fn fetch_topic(
    cluster: &ClusterState,
    on: &Context,
    offsets: &Offsets,
    topic: &OffsetFetchRequestTopics,
) -> OffsetFetchResponseTopics {
    let by_id = on.version >= BY_ID;
    let name = name_of(cluster, &topic.name, topic.topic_id);
    let name = name.filter(|_| !by_id || !topic.topic_id.is_zero());
    let named = TopicPartition::new(name.unwrap_or_default(), 0);
    let partition = |partition: &i32| {
        let planned = on.plan.error_for(&named.topic, *partition);
        let code = match name {
            None => ErrorCode::UNKNOWN_TOPIC_ID,
            Some(_) => planned.map_or(ErrorCode::NONE, |error| error.code),
        };
        let at = TopicPartition {
            partition: *partition,
            ..named.clone()
        };
        let found = offsets.get(&at).filter(|_| code == ErrorCode::NONE);
        encode_partition(*partition, found, code)
    };
    OffsetFetchResponseTopics {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partitions: topic.partition_indexes.iter().map(partition).collect(),
    }
}

/// Everything the group committed; by id only topics that still exist.
fn fetch_all(
    cluster: &ClusterState,
    on: &Context,
    offsets: &Offsets,
) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    let mut last: Option<&str> = None;
    for (at, committed) in offsets.all() {
        let id = cluster.topics.get(&*at.topic).map(|topic| topic.id);
        if on.version >= BY_ID && id.is_none() {
            continue;
        }
        let answer = encode_partition(at.partition, Some(committed), ErrorCode::NONE);
        if last == Some(&*at.topic) {
            topics.last_mut().into_iter().for_each(|topic| {
                topic.partitions.push(answer.clone());
            });
            continue;
        }
        last = Some(&at.topic);
        let by_id = on.version >= BY_ID;
        topics.push(OffsetFetchResponseTopics {
            name: if by_id {
                String::new()
            } else {
                at.topic.to_string()
            },
            topic_id: id.filter(|_| by_id).unwrap_or(Uuid::ZERO),
            partitions: vec![answer],
        });
    }
    topics
}

fn encode_partition(
    partition_index: i32,
    found: Option<&CommittedOffset>,
    code: ErrorCode,
) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: found.map_or(-1, |found| found.offset),
        committed_leader_epoch: found.map_or(-1, |found| found.leader_epoch),
        metadata: Some(found.map_or_else(String::new, |found| found.metadata.clone())),
        error_code: code.0,
    }
}

fn encode(mut groups: Vec<OffsetFetchResponseGroup>, version: i16) -> OffsetFetchResponse {
    if version >= BATCHED {
        return OffsetFetchResponse {
            groups,
            ..OffsetFetchResponse::default()
        };
    }
    let only = groups.pop().unwrap_or_default();
    let topics = only.topics.into_iter();
    OffsetFetchResponse {
        topics: topics
            .map(|topic| OffsetFetchResponseTopic {
                name: topic.name,
                partitions: topic.partitions.into_iter().map(old_partition).collect(),
            })
            .collect(),
        error_code: only.error_code,
        ..OffsetFetchResponse::default()
    }
}

fn old_partition(new: OffsetFetchResponsePartitions) -> OffsetFetchResponsePartition {
    OffsetFetchResponsePartition {
        partition_index: new.partition_index,
        committed_offset: new.committed_offset,
        committed_leader_epoch: new.committed_leader_epoch,
        metadata: new.metadata,
        error_code: new.error_code,
    }
}
