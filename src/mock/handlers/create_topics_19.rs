//! CreateTopics, versions 2 to 7 (KIP-4; ids and the resulting configuration in the answer).
//!
//! Deviations: a topic is there at once on every broker; of the configuration only what was set is
//! answered.

use super::super::creation::{NewTopic, Refused};
use super::super::state::ClusterState;
use super::super::topics::Topic;
use super::{Context, Handler, Outcome, topic_target};
use crate::error::ErrorCode;
use crate::ids::TopicPartition;
use crate::protocol::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest,
    CreateTopicsResponse,
};

/// `ConfigSource.TOPIC_CONFIG` on the wire.
const SET_ON_TOPIC: i8 = 1;

pub(super) struct CreateTopics(CreateTopicsRequest);

impl Handler for CreateTopics {
    type Request = CreateTopicsRequest;
    type Response = CreateTopicsResponse;

    fn new(request: CreateTopicsRequest) -> Self {
        Self(request)
    }

    fn targets(&self, _: &ClusterState, _: i32) -> Vec<TopicPartition> {
        let topics = self.0.topics.iter();
        topics.map(|topic| topic_target(&topic.name)).collect()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<CreateTopicsResponse> {
        let mut topics: Vec<CreatableTopicResult> = Vec::new();
        for asked in &self.0.topics {
            if topics.iter().any(|known| known.name == asked.name) {
                continue;
            }
            let same = |other: &&CreatableTopic| other.name == asked.name;
            let created = if let Some(code) = on.refused(&asked.name, -1) {
                Err((code, "planned by the mock".to_owned()))
            } else if self.0.topics.iter().filter(same).count() > 1 {
                Err((
                    ErrorCode::INVALID_REQUEST,
                    "Duplicate topic name.".to_owned(),
                ))
            } else {
                let new = new_topic(asked);
                cluster.create_topic(&asked.name, &new, self.0.validate_only)
            };
            let spoilt = on.spoilt(&asked.name, -1);
            let created = match spoilt {
                Some(code) => Err((code, "planned by the mock".to_owned())),
                None => created,
            };
            topics.push(result(asked, created));
        }
        Outcome::Reply(CreateTopicsResponse {
            topics,
            ..CreateTopicsResponse::default()
        })
    }

    fn set_throttle(response: &mut CreateTopicsResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn new_topic(asked: &CreatableTopic) -> NewTopic {
    let assignments = asked.assignments.iter();
    let configs = asked.configs.iter();
    NewTopic {
        partitions: asked.num_partitions,
        replication: asked.replication_factor,
        assignment: assignments
            .map(|a| (a.partition_index, a.broker_ids.clone()))
            .collect(),
        configs: configs.map(|c| (c.name.clone(), c.value.clone())).collect(),
    }
}

fn result(asked: &CreatableTopic, created: Result<Topic, Refused>) -> CreatableTopicResult {
    let name = asked.name.clone();
    let topic = match created {
        Ok(topic) => topic,
        Err((code, message)) => {
            return CreatableTopicResult {
                name,
                error_code: code.0,
                error_message: Some(message),
                num_partitions: -1,
                replication_factor: -1,
                ..CreatableTopicResult::default()
            };
        }
    };
    let replicas = topic.partitions.first().map_or(0, |p| p.replicas.len());
    let config = |(name, value): (&String, &String)| CreatableTopicConfigs {
        name: name.clone(),
        value: Some(value.clone()),
        config_source: SET_ON_TOPIC,
        ..CreatableTopicConfigs::default()
    };
    CreatableTopicResult {
        name,
        topic_id: topic.id,
        num_partitions: i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(replicas).unwrap_or(i16::MAX),
        configs: Some(topic.config.given.iter().map(config).collect()),
        ..CreatableTopicResult::default()
    }
}
