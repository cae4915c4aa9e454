//! `ShareGroupHeartbeat` (key 76): version 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ShareGroupHeartbeat` (key 76), version 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupHeartbeatRequest {
    pub group_id: String,
    pub member_id: String,
    pub member_epoch: i32,
    pub rack_id: Option<String>,
    pub subscribed_topic_names: Option<Vec<String>>,
}

impl Request for ShareGroupHeartbeatRequest {
    const KEY: ApiKey = ApiKey::ShareGroupHeartbeat;
    type Response = ShareGroupHeartbeatResponse;
}

impl Encode for ShareGroupHeartbeatRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ShareGroupHeartbeat,
            "ShareGroupHeartbeatRequest",
            version,
        )?;
        w.string("ShareGroupHeartbeatRequest.group_id", &self.group_id)?;
        w.string("ShareGroupHeartbeatRequest.member_id", &self.member_id)?;
        w.i32(self.member_epoch);
        w.nullable_string(
            "ShareGroupHeartbeatRequest.rack_id",
            true,
            self.rack_id.as_deref(),
        )?;
        w.nullable_array(
            "ShareGroupHeartbeatRequest.subscribed_topic_names",
            true,
            self.subscribed_topic_names.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ShareGroupHeartbeatRequest {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ShareGroupHeartbeat,
            "ShareGroupHeartbeatRequest",
            version,
        )?;
        let mut m = Self::default();
        m.group_id = r.string("ShareGroupHeartbeatRequest.group_id")?;
        m.member_id = r.string("ShareGroupHeartbeatRequest.member_id")?;
        m.member_epoch = r.i32("ShareGroupHeartbeatRequest.member_epoch")?;
        m.rack_id = r.nullable_string("ShareGroupHeartbeatRequest.rack_id", true)?;
        m.subscribed_topic_names = r.nullable_array(
            "ShareGroupHeartbeatRequest.subscribed_topic_names",
            true,
            version,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ShareGroupHeartbeat` (key 76), version 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub member_id: Option<String>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    pub assignment: Option<Assignment>,
}

impl Response for ShareGroupHeartbeatResponse {
    const KEY: ApiKey = ApiKey::ShareGroupHeartbeat;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ShareGroupHeartbeatResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ShareGroupHeartbeat,
            "ShareGroupHeartbeatResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "ShareGroupHeartbeatResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.nullable_string(
            "ShareGroupHeartbeatResponse.member_id",
            true,
            self.member_id.as_deref(),
        )?;
        w.i32(self.member_epoch);
        w.i32(self.heartbeat_interval_ms);
        w.nullable_struct(self.assignment.as_ref(), version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ShareGroupHeartbeatResponse {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ShareGroupHeartbeat,
            "ShareGroupHeartbeatResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("ShareGroupHeartbeatResponse.throttle_time_ms")?;
        m.error_code = r.i16("ShareGroupHeartbeatResponse.error_code")?;
        m.error_message = r.nullable_string("ShareGroupHeartbeatResponse.error_message", true)?;
        m.member_id = r.nullable_string("ShareGroupHeartbeatResponse.member_id", true)?;
        m.member_epoch = r.i32("ShareGroupHeartbeatResponse.member_epoch")?;
        m.heartbeat_interval_ms = r.i32("ShareGroupHeartbeatResponse.heartbeat_interval_ms")?;
        m.assignment = r.nullable_struct("ShareGroupHeartbeatResponse.assignment", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ShareGroupHeartbeatResponse::assignment`].
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
    pub partitions: Vec<i32>,
}

#[cfg(feature = "mock")]
impl Encode for TopicPartitions {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array("TopicPartitions.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for TopicPartitions {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid("TopicPartitions.topic_id")?;
        m.partitions = r.array("TopicPartitions.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}
