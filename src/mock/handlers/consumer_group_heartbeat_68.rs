//! ConsumerGroupHeartbeat, versions 0 and 1 (KIP-848; ids made by clients, and patterns, since 1,
//! KIP-1082).
//!
//! Deviations: patterns are of the kind `groups::modern::pattern` knows; all others are refused.
//! Members of both protocols never share a group.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::groups::modern::{Assignor, Beat, BeatAnswer, Pattern, Place, Topics};
use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::Uuid;
use crate::protocol::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    RequestTopicPartitions, ResponseTopicPartitions,
};

/// The version since which clients make their own member ids.
const OWN_ID: i16 = 1;

pub(super) struct ConsumerGroupHeartbeat(ConsumerGroupHeartbeatRequest);

/// A code, and what a broker says beside it.
type Refusal = (ErrorCode, Option<&'static str>);

impl Handler for ConsumerGroupHeartbeat {
    type Request = ConsumerGroupHeartbeatRequest;
    type Response = ConsumerGroupHeartbeatResponse;

    fn new(request: ConsumerGroupHeartbeatRequest) -> Self {
        Self(request)
    }

    fn groups(&self) -> Vec<String> {
        vec![self.0.group_id.clone()]
    }

    fn run(
        &mut self,
        cluster: &mut ClusterState,
        on: &Context,
    ) -> Outcome<ConsumerGroupHeartbeatResponse> {
        let beaten = match on.all_refused() {
            Some(code) => Err((code, None)),
            None => self.beat(cluster, on),
        };
        let beaten = match on.all_spoilt() {
            Some(code) => Err((code, None)),
            None => beaten,
        };
        let interval = cluster.groups.settings.modern.heartbeat;
        Outcome::Reply(match beaten {
            Ok(answer) => encode(answer, self.leaves(), interval),
            Err((code, message)) => ConsumerGroupHeartbeatResponse {
                error_code: code.0,
                error_message: (!is_bare(code))
                    .then(|| message.unwrap_or(code.description()).to_owned()),
                ..ConsumerGroupHeartbeatResponse::default()
            },
        })
    }

    fn set_throttle(response: &mut ConsumerGroupHeartbeatResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

/// Whether brokers say nothing beside this code: what the group itself did not say.
fn is_bare(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UNSUPPORTED_VERSION
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
    )
}

impl ConsumerGroupHeartbeat {
    fn leaves(&self) -> bool {
        self.0.member_epoch < 0
    }

    fn beat(&self, cluster: &mut ClusterState, on: &Context) -> Result<BeatAnswer, Refusal> {
        if !cluster.groups.settings.modern.enabled {
            return Err((ErrorCode::UNSUPPORTED_VERSION, None));
        }
        self.check(on.version)?;
        let fresh = match self.0.member_id.is_empty() {
            true => Some(cluster.uuid().to_string()),
            false => None,
        };
        let beat = self.read(on, fresh)?;
        let topics: Topics = cluster
            .topics
            .iter()
            .map(|(name, topic)| {
                let partitions = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
                (name.clone(), (topic.id, partitions))
            })
            .collect();
        let at = (on.broker, on.now);
        let group_id = &self.0.group_id;
        let served = cluster.groups.serve(group_id, at, |groups| {
            let there = groups
                .get(group_id)
                .is_some_and(|group| group.modern().is_some());
            if !there && beat.epoch != 0 {
                return Err(ErrorCode::GROUP_ID_NOT_FOUND);
            }
            let settings = groups.settings.modern.clone();
            let group = groups.obtain_modern(group_id);
            let group = group.ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
            group.beat(on.now, &settings, &topics, &beat)
        });
        served
            .and_then(|beaten| beaten)
            .map_err(|code| (code, None))
    }

    /// What makes no sense whatever the group.
    fn check(&self, version: i16) -> Result<(), Refusal> {
        let request = &self.0;
        let invalid = |wrong: bool, why| match wrong {
            true => Err((ErrorCode::INVALID_REQUEST, Some(why))),
            false => Ok(()),
        };
        let empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
        let joins = request.member_epoch == 0;
        let needs_id = version >= OWN_ID || !joins;
        invalid(
            needs_id && request.member_id.is_empty(),
            "MemberId can't be empty.",
        )?;
        invalid(request.group_id.is_empty(), "GroupId can't be empty.")?;
        invalid(empty(&request.instance_id), "InstanceId can't be empty.")?;
        invalid(empty(&request.rack_id), "RackId can't be empty.")?;
        invalid(request.member_epoch < -2, "MemberEpoch is invalid.")?;
        let dynamic = request.member_epoch == -2 && request.instance_id.is_none();
        invalid(dynamic, "InstanceId can't be null.")?;
        if joins {
            let no_timeout = request.rebalance_timeout_ms == -1;
            invalid(
                no_timeout,
                "RebalanceTimeoutMs must be provided in first request.",
            )?;
            let owned = request.topic_partitions.as_ref();
            let owned = owned.is_none_or(|owned| !owned.is_empty());
            invalid(owned, "TopicPartitions must be empty when (re-)joining.")?;
            // Java distinguishes neither nor empty names from a pattern: one of the two it must be.
            let no_names = request.subscribed_topic_names.is_none();
            let nothing = no_names && request.subscribed_topic_regex.is_none();
            invalid(
                nothing,
                "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when \
                 (re-)joining.",
            )?;
        }
        Ok(())
    }

    fn read(&self, on: &Context, fresh: Option<String>) -> Result<Beat, Refusal> {
        let request = &self.0;
        let assignor = request.server_assignor.as_deref();
        let known = assignor.map(|name| {
            let unknown = (ErrorCode::UNSUPPORTED_ASSIGNOR, None);
            Assignor::parse(name).ok_or(unknown)
        });
        let pattern = match request.subscribed_topic_regex.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(text) => {
                let invalid = (ErrorCode::INVALID_REGULAR_EXPRESSION, None);
                Some(Some(Pattern::parse(text).ok_or(invalid)?))
            }
        };
        let names = request.subscribed_topic_names.as_ref();
        let owned = request.topic_partitions.as_ref();
        let timeout = u64::try_from(request.rebalance_timeout_ms).ok();
        Ok(Beat {
            member_id: fresh.unwrap_or_else(|| request.member_id.clone()),
            epoch: request.member_epoch,
            instance: request.instance_id.clone(),
            rack: request.rack_id.clone(),
            client_id: on.client_id.clone().unwrap_or_default(),
            rebalance: timeout.map(Duration::from_millis),
            names: names.map(|names| names.iter().cloned().collect()),
            pattern,
            assignor: known.transpose()?,
            owned: owned.map(|owned| owned.iter().flat_map(places).collect()),
        })
    }
}

fn places(topic: &RequestTopicPartitions) -> impl Iterator<Item = Place> {
    let id = topic.topic_id;
    topic
        .partitions
        .iter()
        .map(move |partition| (id, *partition))
}

fn encode(answer: BeatAnswer, left: bool, interval: Duration) -> ConsumerGroupHeartbeatResponse {
    let interval = i32::try_from(interval.as_millis()).unwrap_or(i32::MAX);
    ConsumerGroupHeartbeatResponse {
        member_id: Some(answer.member_id),
        member_epoch: answer.epoch,
        heartbeat_interval_ms: if left { 0 } else { interval },
        assignment: answer.assignment.map(|places| encode_assignment(&places)),
        ..ConsumerGroupHeartbeatResponse::default()
    }
}

fn encode_assignment(places: &BTreeSet<Place>) -> Assignment {
    let mut topics: Vec<ResponseTopicPartitions> = Vec::new();
    for (topic, partition) in places {
        let topic: Uuid = *topic;
        match topics.last_mut().filter(|last| last.topic_id == topic) {
            Some(last) => last.partitions.push(*partition),
            None => topics.push(ResponseTopicPartitions {
                topic_id: topic,
                partitions: vec![*partition],
            }),
        }
    }
    Assignment {
        topic_partitions: topics,
    }
}
