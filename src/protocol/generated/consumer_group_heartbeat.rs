//! `ConsumerGroupHeartbeat` (key 68): versions 0 to 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ConsumerGroupHeartbeat` (key 68), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupHeartbeatRequest {
    pub group_id: String,
    pub member_id: String,
    pub member_epoch: i32,
    pub instance_id: Option<String>,
    pub rack_id: Option<String>,
    pub rebalance_timeout_ms: i32,
    pub subscribed_topic_names: Option<Vec<String>>,
    /// Version 1.
    pub subscribed_topic_regex: Option<String>,
    pub server_assignor: Option<String>,
    pub topic_partitions: Option<Vec<RequestTopicPartitions>>,
}

impl Default for ConsumerGroupHeartbeatRequest {
    fn default() -> Self {
        Self {
            group_id: String::default(),
            member_id: String::default(),
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
        }
    }
}

impl Request for ConsumerGroupHeartbeatRequest {
    const KEY: ApiKey = ApiKey::ConsumerGroupHeartbeat;
    type Response = ConsumerGroupHeartbeatResponse;
}

impl Encode for ConsumerGroupHeartbeatRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ConsumerGroupHeartbeat,
            "ConsumerGroupHeartbeatRequest",
            version,
        )?;
        w.string("ConsumerGroupHeartbeatRequest.group_id", &self.group_id)?;
        w.string("ConsumerGroupHeartbeatRequest.member_id", &self.member_id)?;
        w.i32(self.member_epoch);
        w.nullable_string(
            "ConsumerGroupHeartbeatRequest.instance_id",
            true,
            self.instance_id.as_deref(),
        )?;
        w.nullable_string(
            "ConsumerGroupHeartbeatRequest.rack_id",
            true,
            self.rack_id.as_deref(),
        )?;
        w.i32(self.rebalance_timeout_ms);
        w.nullable_array(
            "ConsumerGroupHeartbeatRequest.subscribed_topic_names",
            true,
            self.subscribed_topic_names.as_deref(),
            version,
        )?;
        if version >= 1 {
            w.nullable_string(
                "ConsumerGroupHeartbeatRequest.subscribed_topic_regex",
                true,
                self.subscribed_topic_regex.as_deref(),
            )?;
        } else {
            w.absent(
                "ConsumerGroupHeartbeatRequest.subscribed_topic_regex",
                self.subscribed_topic_regex.is_none(),
                version,
            )?;
        }
        w.nullable_string(
            "ConsumerGroupHeartbeatRequest.server_assignor",
            true,
            self.server_assignor.as_deref(),
        )?;
        w.nullable_array(
            "ConsumerGroupHeartbeatRequest.topic_partitions",
            true,
            self.topic_partitions.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ConsumerGroupHeartbeatRequest {
    const MIN_SIZE: usize = 16;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ConsumerGroupHeartbeat,
            "ConsumerGroupHeartbeatRequest",
            version,
        )?;
        let mut m = Self::default();
        m.group_id = r.string("ConsumerGroupHeartbeatRequest.group_id")?;
        m.member_id = r.string("ConsumerGroupHeartbeatRequest.member_id")?;
        m.member_epoch = r.i32("ConsumerGroupHeartbeatRequest.member_epoch")?;
        m.instance_id = r.nullable_string("ConsumerGroupHeartbeatRequest.instance_id", true)?;
        m.rack_id = r.nullable_string("ConsumerGroupHeartbeatRequest.rack_id", true)?;
        m.rebalance_timeout_ms = r.i32("ConsumerGroupHeartbeatRequest.rebalance_timeout_ms")?;
        m.subscribed_topic_names = r.nullable_array(
            "ConsumerGroupHeartbeatRequest.subscribed_topic_names",
            true,
            version,
        )?;
        if version >= 1 {
            m.subscribed_topic_regex =
                r.nullable_string("ConsumerGroupHeartbeatRequest.subscribed_topic_regex", true)?;
        }
        m.server_assignor =
            r.nullable_string("ConsumerGroupHeartbeatRequest.server_assignor", true)?;
        m.topic_partitions = r.nullable_array(
            "ConsumerGroupHeartbeatRequest.topic_partitions",
            true,
            version,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ConsumerGroupHeartbeatRequest::topic_partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl Encode for RequestTopicPartitions {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array(
            "RequestTopicPartitions.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for RequestTopicPartitions {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid("RequestTopicPartitions.topic_id")?;
        m.partitions = r.array("RequestTopicPartitions.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ConsumerGroupHeartbeat` (key 68), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub member_id: Option<String>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    pub assignment: Option<Assignment>,
}

impl Response for ConsumerGroupHeartbeatResponse {
    const KEY: ApiKey = ApiKey::ConsumerGroupHeartbeat;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ConsumerGroupHeartbeatResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ConsumerGroupHeartbeat,
            "ConsumerGroupHeartbeatResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "ConsumerGroupHeartbeatResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.nullable_string(
            "ConsumerGroupHeartbeatResponse.member_id",
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

impl Decode for ConsumerGroupHeartbeatResponse {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ConsumerGroupHeartbeat,
            "ConsumerGroupHeartbeatResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("ConsumerGroupHeartbeatResponse.throttle_time_ms")?;
        m.error_code = r.i16("ConsumerGroupHeartbeatResponse.error_code")?;
        m.error_message =
            r.nullable_string("ConsumerGroupHeartbeatResponse.error_message", true)?;
        m.member_id = r.nullable_string("ConsumerGroupHeartbeatResponse.member_id", true)?;
        m.member_epoch = r.i32("ConsumerGroupHeartbeatResponse.member_epoch")?;
        m.heartbeat_interval_ms = r.i32("ConsumerGroupHeartbeatResponse.heartbeat_interval_ms")?;
        m.assignment = r.nullable_struct("ConsumerGroupHeartbeatResponse.assignment", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ConsumerGroupHeartbeatResponse::assignment`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    pub topic_partitions: Vec<ResponseTopicPartitions>,
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
pub struct ResponseTopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

#[cfg(feature = "mock")]
impl Encode for ResponseTopicPartitions {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array(
            "ResponseTopicPartitions.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ResponseTopicPartitions {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid("ResponseTopicPartitions.topic_id")?;
        m.partitions = r.array("ResponseTopicPartitions.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}
