//! `ConsumerGroupDescribe` (key 69): versions 0 to 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ConsumerGroupDescribe` (key 69), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupDescribeRequest {
    pub group_ids: Vec<String>,
    pub include_authorized_operations: bool,
}

impl Request for ConsumerGroupDescribeRequest {
    const KEY: ApiKey = ApiKey::ConsumerGroupDescribe;
    type Response = ConsumerGroupDescribeResponse;
}

impl Encode for ConsumerGroupDescribeRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ConsumerGroupDescribe,
            "ConsumerGroupDescribeRequest",
            version,
        )?;
        w.array(
            "ConsumerGroupDescribeRequest.group_ids",
            &self.group_ids,
            version,
        )?;
        w.bool(self.include_authorized_operations);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ConsumerGroupDescribeRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ConsumerGroupDescribe,
            "ConsumerGroupDescribeRequest",
            version,
        )?;
        let mut m = Self::default();
        m.group_ids = r.array("ConsumerGroupDescribeRequest.group_ids", version)?;
        m.include_authorized_operations =
            r.bool("ConsumerGroupDescribeRequest.include_authorized_operations")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ConsumerGroupDescribe` (key 69), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupDescribeResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

impl Response for ConsumerGroupDescribeResponse {
    const KEY: ApiKey = ApiKey::ConsumerGroupDescribe;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ConsumerGroupDescribeResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ConsumerGroupDescribe,
            "ConsumerGroupDescribeResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array(
            "ConsumerGroupDescribeResponse.groups",
            &self.groups,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ConsumerGroupDescribeResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ConsumerGroupDescribe,
            "ConsumerGroupDescribeResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("ConsumerGroupDescribeResponse.throttle_time_ms")?;
        m.groups = r.array("ConsumerGroupDescribeResponse.groups", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ConsumerGroupDescribeResponse::groups`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup {
    pub error_code: i16,
    pub error_message: Option<String>,
    pub group_id: String,
    pub group_state: String,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    pub assignor_name: String,
    pub members: Vec<Member>,
    pub authorized_operations: i32,
}

impl Default for DescribedGroup {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: String::default(),
            group_state: String::default(),
            group_epoch: 0,
            assignment_epoch: 0,
            assignor_name: String::default(),
            members: Vec::default(),
            authorized_operations: i32::MIN,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribedGroup {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.nullable_string(
            "DescribedGroup.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.string("DescribedGroup.group_id", &self.group_id)?;
        w.string("DescribedGroup.group_state", &self.group_state)?;
        w.i32(self.group_epoch);
        w.i32(self.assignment_epoch);
        w.string("DescribedGroup.assignor_name", &self.assignor_name)?;
        w.array("DescribedGroup.members", &self.members, version)?;
        w.i32(self.authorized_operations);
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribedGroup {
    const MIN_SIZE: usize = 20;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("DescribedGroup.error_code")?;
        m.error_message = r.nullable_string("DescribedGroup.error_message", true)?;
        m.group_id = r.string("DescribedGroup.group_id")?;
        m.group_state = r.string("DescribedGroup.group_state")?;
        m.group_epoch = r.i32("DescribedGroup.group_epoch")?;
        m.assignment_epoch = r.i32("DescribedGroup.assignment_epoch")?;
        m.assignor_name = r.string("DescribedGroup.assignor_name")?;
        m.members = r.array("DescribedGroup.members", version)?;
        m.authorized_operations = r.i32("DescribedGroup.authorized_operations")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribedGroup::members`].
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub member_id: String,
    pub instance_id: Option<String>,
    pub rack_id: Option<String>,
    pub member_epoch: i32,
    pub client_id: String,
    pub client_host: String,
    pub subscribed_topic_names: Vec<String>,
    pub subscribed_topic_regex: Option<String>,
    pub assignment: Assignment,
    pub target_assignment: Assignment,
    /// Version 1.
    pub member_type: i8,
}

impl Default for Member {
    fn default() -> Self {
        Self {
            member_id: String::default(),
            instance_id: None,
            rack_id: None,
            member_epoch: 0,
            client_id: String::default(),
            client_host: String::default(),
            subscribed_topic_names: Vec::default(),
            subscribed_topic_regex: None,
            assignment: Assignment::default(),
            target_assignment: Assignment::default(),
            member_type: -1,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for Member {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("Member.member_id", &self.member_id)?;
        w.nullable_string("Member.instance_id", true, self.instance_id.as_deref())?;
        w.nullable_string("Member.rack_id", true, self.rack_id.as_deref())?;
        w.i32(self.member_epoch);
        w.string("Member.client_id", &self.client_id)?;
        w.string("Member.client_host", &self.client_host)?;
        w.array(
            "Member.subscribed_topic_names",
            &self.subscribed_topic_names,
            version,
        )?;
        w.nullable_string(
            "Member.subscribed_topic_regex",
            true,
            self.subscribed_topic_regex.as_deref(),
        )?;
        self.assignment.encode(w, version)?;
        self.target_assignment.encode(w, version)?;
        if version >= 1 {
            w.i8(self.member_type);
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for Member {
    const MIN_SIZE: usize = 16;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.member_id = r.string("Member.member_id")?;
        m.instance_id = r.nullable_string("Member.instance_id", true)?;
        m.rack_id = r.nullable_string("Member.rack_id", true)?;
        m.member_epoch = r.i32("Member.member_epoch")?;
        m.client_id = r.string("Member.client_id")?;
        m.client_host = r.string("Member.client_host")?;
        m.subscribed_topic_names = r.array("Member.subscribed_topic_names", version)?;
        m.subscribed_topic_regex = r.nullable_string("Member.subscribed_topic_regex", true)?;
        m.assignment = Assignment::decode(r, version)?;
        m.target_assignment = Assignment::decode(r, version)?;
        if version >= 1 {
            m.member_type = r.i8("Member.member_type")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`Member::assignment`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}

#[cfg(feature = "mock")]
impl Encode for Assignment {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.array(
            "Assignment.topic_partitions",
            &self.topic_partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for Assignment {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_partitions = r.array("Assignment.topic_partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`Assignment::topic_partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub topic_name: String,
    pub partitions: Vec<i32>,
}

#[cfg(feature = "mock")]
impl Encode for TopicPartitions {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.string("TopicPartitions.topic_name", &self.topic_name)?;
        w.array("TopicPartitions.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for TopicPartitions {
    const MIN_SIZE: usize = 19;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid("TopicPartitions.topic_id")?;
        m.topic_name = r.string("TopicPartitions.topic_name")?;
        m.partitions = r.array("TopicPartitions.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}
