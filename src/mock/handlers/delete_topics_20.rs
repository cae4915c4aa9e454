//! DeleteTopics, versions 1 to 6 (by id since 6, KIP-516).
//!
//! Deviations: a topic is gone at once on every broker.

use super::super::creation::Refused;
use super::super::state::ClusterState;
use super::{Context, Handler, Outcome, topic_target};
use crate::error::ErrorCode;
use crate::ids::{TopicPartition, Uuid};
use crate::protocol::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};

/// The version since which topics may be named by id.
const BY_ID: i16 = 6;

pub(super) struct DeleteTopics(DeleteTopicsRequest);

impl Handler for DeleteTopics {
    type Request = DeleteTopicsRequest;
    type Response = DeleteTopicsResponse;

    fn new(request: DeleteTopicsRequest) -> Self {
        Self(request)
    }

    fn targets(&self, cluster: &ClusterState, _: i32) -> Vec<TopicPartition> {
        let old = self.0.topic_names.iter().map(|name| topic_target(name));
        let name = |topic: &DeleteTopicState| {
            let by_id = cluster.topic_name(topic.topic_id);
            topic_target(topic.name.as_deref().or(by_id).unwrap_or_default())
        };
        old.chain(self.0.topics.iter().map(name)).collect()
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<DeleteTopicsResponse> {
        let old = self.0.topic_names.iter().map(|name| DeleteTopicState {
            name: Some(name.clone()),
            topic_id: Uuid::ZERO,
        });
        let asked: Vec<DeleteTopicState> = if on.version < BY_ID {
            old.collect()
        } else {
            self.0.topics.clone()
        };
        let mut responses = Vec::new();
        for (index, topic) in asked.iter().enumerate() {
            if asked.iter().take(index).any(|earlier| earlier == topic) {
                continue;
            }
            let twice = asked.iter().filter(|other| *other == topic).count() > 1;
            responses.push(delete(cluster, on, topic, twice));
        }
        Outcome::Reply(DeleteTopicsResponse {
            responses,
            ..DeleteTopicsResponse::default()
        })
    }

    fn set_throttle(response: &mut DeleteTopicsResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn delete(
    cluster: &mut ClusterState,
    on: &Context,
    asked: &DeleteTopicState,
    twice: bool,
) -> DeletableTopicResult {
    let found = resolve(cluster, asked, twice);
    let name = found.as_ref().ok().cloned().or_else(|| asked.name.clone());
    let known = name.clone().unwrap_or_default();
    let mut topic_id = asked.topic_id;
    let done = match (on.refused(&known, -1), found) {
        (Some(code), _) => Err((code, "planned by the mock".to_owned())),
        (None, Err(refused)) => Err(refused),
        (None, Ok(name)) => {
            if let Some(topic) = cluster.delete_topic(&name) {
                topic_id = topic.id;
            }
            Ok(())
        }
    };
    let done = match on.spoilt(&known, -1) {
        Some(code) => Err((code, "planned by the mock".to_owned())),
        None => done,
    };
    let (code, message) = match done {
        Ok(()) => (ErrorCode::NONE, None),
        Err((code, message)) => (code, Some(message)),
    };
    DeletableTopicResult {
        name,
        topic_id,
        error_code: code.0,
        error_message: message,
    }
}

fn resolve(
    cluster: &ClusterState,
    asked: &DeleteTopicState,
    twice: bool,
) -> Result<String, Refused> {
    let refuse = |code: ErrorCode, message: &str| Err((code, message.to_owned()));
    if twice {
        return refuse(ErrorCode::INVALID_REQUEST, "Duplicate topic name or id.");
    }
    match (&asked.name, asked.topic_id.is_zero()) {
        (Some(_), false) => refuse(
            ErrorCode::INVALID_REQUEST,
            "Topic name and topic ID can not both be specified.",
        ),
        (None, true) => refuse(
            ErrorCode::INVALID_REQUEST,
            "Neither topic name nor id were specified.",
        ),
        (Some(name), true) if cluster.topics.contains_key(name) => Ok(name.clone()),
        (Some(_), true) => {
            let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            refuse(code, code.description())
        }
        (None, false) => match cluster.topic_name(asked.topic_id) {
            Some(name) => Ok(name.to_owned()),
            None => refuse(
                ErrorCode::UNKNOWN_TOPIC_ID,
                ErrorCode::UNKNOWN_TOPIC_ID.description(),
            ),
        },
    }
}
