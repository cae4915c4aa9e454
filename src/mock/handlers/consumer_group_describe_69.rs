//! ConsumerGroupDescribe, versions 0 and 1 (KIP-848; the type of members since 1).
//!
//! Deviations: no client's address is known, all come from the loopback one.

use std::collections::BTreeMap;

use super::super::groups::Group;
use super::super::groups::modern::{Member, Modern, Pattern, Place};
use super::super::state::ClusterState;
use super::groups::{CLIENT_HOST, all_operations};
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::ids::Uuid;
use crate::protocol::consumer_group_describe::{
    Assignment, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedGroup,
    Member as DescribedMember, TopicPartitions,
};

/// The version since which a member's type is told, and the type of those that speak the new
/// protocol.
const MEMBER_TYPE: i16 = 1;
const CONSUMER: i8 = 1;

pub(super) struct ConsumerGroupDescribe(ConsumerGroupDescribeRequest);

impl Handler for ConsumerGroupDescribe {
    type Request = ConsumerGroupDescribeRequest;
    type Response = ConsumerGroupDescribeResponse;

    fn new(request: ConsumerGroupDescribeRequest) -> Self {
        Self(request)
    }

    fn groups(&self) -> Vec<String> {
        self.0.group_ids.clone()
    }

    fn run(
        &mut self,
        cluster: &mut ClusterState,
        on: &Context,
    ) -> Outcome<ConsumerGroupDescribeResponse> {
        let mut groups = Vec::new();
        for id in &self.0.group_ids {
            let planned = on.plan.error_for_group(id);
            let described = match planned {
                Some(error) => Err((error.code, None)),
                None => describe(cluster, on, id),
            };
            let mut group = described.unwrap_or_else(|(code, error_message)| DescribedGroup {
                error_code: code.0,
                error_message,
                ..DescribedGroup::default()
            });
            group.group_id.clone_from(id);
            if self.0.include_authorized_operations && group.error_code == 0 {
                group.authorized_operations = all_operations(cluster);
            }
            groups.push(group);
        }
        Outcome::Reply(ConsumerGroupDescribeResponse {
            groups,
            ..ConsumerGroupDescribeResponse::default()
        })
    }

    fn set_throttle(response: &mut ConsumerGroupDescribeResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

type Refusal = (ErrorCode, Option<String>);

fn describe(cluster: &mut ClusterState, on: &Context, id: &str) -> Result<DescribedGroup, Refusal> {
    if !cluster.groups.settings.modern.enabled {
        return Err((ErrorCode::UNSUPPORTED_VERSION, None));
    }
    let at = (on.broker, on.now);
    let served = cluster.groups.serve(id, at, |groups| {
        let why = match groups.get(id).map(Group::modern) {
            Some(Some(group)) => return Ok(encode(group, on.version)),
            Some(None) => "is not a consumer group",
            None => "not found",
        };
        let message = format!("Group {id} {why}.");
        Err((ErrorCode::GROUP_ID_NOT_FOUND, Some(message)))
    });
    served.map_err(|code| (code, None))?
}

/// Empty, never null, for who has none.
fn pattern(member: &Member) -> String {
    let text = member.pattern.as_ref().map(Pattern::as_str);
    text.unwrap_or_default().to_owned()
}

fn encode(group: &Modern, version: i16) -> DescribedGroup {
    let member = |member: &Member| DescribedMember {
        member_id: member.id.clone(),
        instance_id: member.instance.clone(),
        rack_id: member.rack.clone(),
        member_epoch: member.epoch,
        client_id: member.client_id.clone(),
        client_host: CLIENT_HOST.to_owned(),
        subscribed_topic_names: member.names.iter().cloned().collect(),
        subscribed_topic_regex: Some(pattern(member)),
        assignment: topics(group, member.assigned.keys()),
        target_assignment: topics(group, group.target.get(&member.id).into_iter().flatten()),
        member_type: if version >= MEMBER_TYPE { CONSUMER } else { -1 },
    };
    DescribedGroup {
        group_state: group.state().to_owned(),
        group_epoch: group.epoch,
        assignment_epoch: group.target_epoch,
        assignor_name: group.assignor().name().to_owned(),
        members: group.members.values().map(member).collect(),
        ..DescribedGroup::default()
    }
}

fn topics<'a>(group: &Modern, places: impl Iterator<Item = &'a Place>) -> Assignment {
    let mut by_topic: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in places {
        by_topic.entry(*topic).or_default().push(*partition);
    }
    let each = by_topic.into_iter();
    Assignment {
        topic_partitions: each
            .map(|(topic_id, partitions)| TopicPartitions {
                topic_id,
                topic_name: group.name_of(topic_id).unwrap_or_default().to_owned(),
                partitions,
            })
            .collect(),
    }
}
