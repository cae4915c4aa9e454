//! Consumer groups: list, describe, and what they committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Admin;
use crate::cluster::{Deadline, Target};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{BrokerId, TopicPartition};
use crate::machine::OffsetAndMetadata;
use crate::machine::assignor::Assignment;
use crate::protocol::consumer_group_describe as modern;
use crate::protocol::describe_groups as classic;
use crate::protocol::list_groups::{ListGroupsRequest, ListedGroup};

/// One group of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupListing {
    /// Its id.
    pub group_id: String,
    /// What its members are: `consumer` for consumers, others for Connect and the like; empty for a
    /// group that only has offsets.
    pub protocol_type: String,
    /// Where it stands, as `Stable` or `Empty`; `None` where the broker is older than 2.6.
    pub state: Option<String>,
    /// As `classic`, `consumer` (KIP-848) or `share` (KIP-932); `None` where the broker is older
    /// than 3.8.
    pub group_type: Option<String>,
}

/// One group, with its members.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupDescription {
    /// Its id.
    pub group_id: String,
    /// `classic`, or `consumer` for one of KIP-848.
    pub group_type: String,
    /// Where it stands, as `Stable` or `Empty`.
    pub state: String,
    /// The assignor in use; empty without members.
    pub assignor: String,
    /// The broker that coordinates it.
    pub coordinator: BrokerId,
    /// Its members.
    pub members: Vec<GroupMemberDescription>,
}

/// One member of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupMemberDescription {
    /// The id that the coordinator knows it by.
    pub member_id: String,
    /// Its `group.instance.id`, if it is a static one.
    pub group_instance_id: Option<String>,
    /// Its `client.id`.
    pub client_id: String,
    /// Where it connects from.
    pub host: String,
    /// The partitions that it has.
    pub assignment: Vec<TopicPartition>,
}

impl Admin {
    /// All groups that this client may see, in order of their ids. Every broker is asked for those
    /// that it coordinates.
    ///
    /// # Errors
    ///
    /// `Connect`, `Timeout` or `Broker` if one of the brokers does not answer in time: a list with
    /// gaps would not be one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn list_groups(&self) -> Result<Vec<GroupListing>> {
        let deadline = self.deadline();
        let cluster = self.describe_cluster().await?;
        let mut groups = BTreeMap::new();
        for broker in cluster.brokers {
            for group in self.groups_of(broker.id, deadline).await? {
                let some = |text: String| (!text.is_empty()).then_some(text);
                let listing = GroupListing {
                    group_id: group.group_id.clone(),
                    protocol_type: group.protocol_type,
                    state: some(group.group_state),
                    group_type: some(group.group_type),
                };
                groups.insert(group.group_id, listing);
            }
        }
        Ok(groups.into_values().collect())
    }

    async fn groups_of(&self, broker: BrokerId, deadline: Deadline) -> Result<Vec<ListedGroup>> {
        let shared = &self.client.shared;
        let request = ListGroupsRequest::default();
        let mut retry = shared.retry(deadline);
        loop {
            let called = shared.call(Target::Broker(broker), &request, deadline);
            let failed = match called.await {
                Ok(answer) => match ErrorCode(answer.error_code).err() {
                    None => return Ok(answer.groups),
                    Some(code) => Error::broker(code, "listing its groups").with_broker(broker),
                },
                Err(error) => error,
            };
            retry.after(failed).await?;
        }
    }

    /// One group and its members, whichever protocol it speaks.
    ///
    /// # Errors
    ///
    /// `Broker(GROUP_ID_NOT_FOUND)` if there is no such group, `Broker` if it may not be described,
    /// `Connect` or `Timeout` if its coordinator does not answer in time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn describe_group(&self, group: &str) -> Result<GroupDescription> {
        let deadline = self.deadline();
        let shared = &self.client.shared;
        let mut retry = shared.retry(deadline);
        loop {
            let coordinator = shared.coordinator(group, deadline).await?;
            match self.describe_at(group, coordinator, deadline).await {
                Ok(found) => return Ok(found),
                Err(error) => retry.after(error).await?,
            }
        }
    }

    async fn describe_at(
        &self,
        group: &str,
        coordinator: BrokerId,
        deadline: Deadline,
    ) -> Result<GroupDescription> {
        let shared = &self.client.shared;
        let target = Target::Broker(coordinator);
        let request = modern::ConsumerGroupDescribeRequest {
            group_ids: vec![group.to_owned()],
            include_authorized_operations: false,
        };
        let described = shared.call(target, &request, deadline).await;
        let described = described.and_then(|answer| read_modern(answer, group, coordinator));
        match described {
            Err(error) if is_classic(&error) => {}
            described => return described,
        }
        let request = classic::DescribeGroupsRequest {
            groups: vec![group.to_owned()],
            include_authorized_operations: false,
        };
        let answer = shared.call(target, &request, deadline).await?;
        read_classic(answer, group, coordinator)
    }

    /// What a group committed, by partition.
    ///
    /// # Errors
    ///
    /// `Broker` if the group may not be read, `Connect` or `Timeout` if its coordinator does not
    /// answer in time. A group that does not exist has committed nothing, which is no error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn group_offsets(
        &self,
        group: &str,
    ) -> Result<BTreeMap<TopicPartition, OffsetAndMetadata>> {
        let shared = &self.client.shared;
        let offsets = shared
            .committed_offsets(group, None, self.deadline())
            .await?;
        let each = |(at, offset): (TopicPartition, Option<_>)| Some((at, offset?));
        Ok(offsets.into_iter().filter_map(each).collect())
    }
}

/// Whether a coordinator says so of a group that is none of KIP-848.
fn is_classic(error: &Error) -> bool {
    let kind = error.kind();
    kind == ErrorKind::UnsupportedVersion
        || matches!(
            error.code(),
            Some(ErrorCode::GROUP_ID_NOT_FOUND | ErrorCode::UNSUPPORTED_VERSION)
        )
}

const DOING: &str = "describing the group";

fn no_such_group(group: &str) -> Error {
    let code = ErrorCode::GROUP_ID_NOT_FOUND;
    Error::new(
        ErrorKind::Broker(code),
        format!("there is no group {group:?}"),
    )
}

fn read_modern(
    answer: modern::ConsumerGroupDescribeResponse,
    group: &str,
    coordinator: BrokerId,
) -> Result<GroupDescription> {
    let found = answer
        .groups
        .into_iter()
        .find(|each| each.group_id == group);
    let found = found.ok_or_else(|| no_such_group(group))?;
    if let Some(code) = ErrorCode(found.error_code).err() {
        return Err(Error::broker(code, DOING).with_broker(coordinator));
    }
    let partitions = |topic: modern::TopicPartitions| {
        let name: Arc<str> = topic.topic_name.into();
        let each = move |partition| TopicPartition::new(Arc::clone(&name), partition);
        topic.partitions.into_iter().map(each)
    };
    let member = |member: modern::Member| GroupMemberDescription {
        member_id: member.member_id,
        group_instance_id: member.instance_id,
        client_id: member.client_id,
        host: member.client_host,
        assignment: sorted(
            member
                .assignment
                .topic_partitions
                .into_iter()
                .flat_map(partitions),
        ),
    };
    Ok(GroupDescription {
        group_id: found.group_id,
        group_type: "consumer".to_owned(),
        state: found.group_state,
        assignor: found.assignor_name,
        coordinator,
        members: found.members.into_iter().map(member).collect(),
    })
}

fn read_classic(
    answer: classic::DescribeGroupsResponse,
    group: &str,
    coordinator: BrokerId,
) -> Result<GroupDescription> {
    let found = answer
        .groups
        .into_iter()
        .find(|each| each.group_id == group);
    let found = found.ok_or_else(|| no_such_group(group))?;
    match ErrorCode(found.error_code).err() {
        Some(ErrorCode::GROUP_ID_NOT_FOUND) => return Err(no_such_group(group)),
        Some(code) => return Err(Error::broker(code, DOING).with_broker(coordinator)),
        // How brokers before KIP-1043 say that there is none.
        None if found.group_state == "Dead" => return Err(no_such_group(group)),
        None => {}
    }
    let mut members = Vec::new();
    for member in found.members {
        // Other kinds of groups have assignments of their own making.
        let assignment = match found.protocol_type.as_str() {
            "consumer" => Assignment::decode(member.member_assignment).map_err(|error| {
                let words = format!("the assignment of {:?}: {error}", member.member_id);
                Error::new(ErrorKind::Malformed, words)
            })?,
            _ => Assignment::default(),
        };
        members.push(GroupMemberDescription {
            member_id: member.member_id,
            group_instance_id: member.group_instance_id,
            client_id: member.client_id,
            host: member.client_host,
            assignment: sorted(assignment.partitions.into_iter()),
        });
    }
    Ok(GroupDescription {
        group_id: found.group_id,
        group_type: "classic".to_owned(),
        state: found.group_state,
        assignor: found.protocol_data,
        coordinator,
        members,
    })
}

fn sorted(partitions: impl Iterator<Item = TopicPartition>) -> Vec<TopicPartition> {
    let mut partitions: Vec<TopicPartition> = partitions.collect();
    partitions.sort();
    partitions
}
