//! `ShareAcknowledge` (key 79): versions 1 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ShareAcknowledge` (key 79), versions 1 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareAcknowledgeRequest {
    pub group_id: Option<String>,
    pub member_id: Option<String>,
    pub share_session_epoch: i32,
    /// Version 2.
    pub is_renew_ack: bool,
    pub topics: Vec<AcknowledgeTopic>,
}

impl Default for ShareAcknowledgeRequest {
    fn default() -> Self {
        Self {
            group_id: None,
            member_id: Some(Default::default()),
            share_session_epoch: 0,
            is_renew_ack: false,
            topics: Vec::default(),
        }
    }
}

impl Request for ShareAcknowledgeRequest {
    const KEY: ApiKey = ApiKey::ShareAcknowledge;
    type Response = ShareAcknowledgeResponse;
}

impl Encode for ShareAcknowledgeRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ShareAcknowledge, "ShareAcknowledgeRequest", version)?;
        w.nullable_string(
            "ShareAcknowledgeRequest.group_id",
            true,
            self.group_id.as_deref(),
        )?;
        w.nullable_string(
            "ShareAcknowledgeRequest.member_id",
            true,
            self.member_id.as_deref(),
        )?;
        w.i32(self.share_session_epoch);
        if version >= 2 {
            w.bool(self.is_renew_ack);
        } else {
            w.absent(
                "ShareAcknowledgeRequest.is_renew_ack",
                !self.is_renew_ack,
                version,
            )?;
        }
        w.array("ShareAcknowledgeRequest.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ShareAcknowledgeRequest {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ShareAcknowledge, "ShareAcknowledgeRequest", version)?;
        let mut m = Self::default();
        m.group_id = r.nullable_string("ShareAcknowledgeRequest.group_id", true)?;
        m.member_id = r.nullable_string("ShareAcknowledgeRequest.member_id", true)?;
        m.share_session_epoch = r.i32("ShareAcknowledgeRequest.share_session_epoch")?;
        if version >= 2 {
            m.is_renew_ack = r.bool("ShareAcknowledgeRequest.is_renew_ack")?;
        }
        m.topics = r.array("ShareAcknowledgeRequest.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ShareAcknowledgeRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgeTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<AcknowledgePartition>,
}

impl Encode for AcknowledgeTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array("AcknowledgeTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AcknowledgeTopic {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid("AcknowledgeTopic.topic_id")?;
        m.partitions = r.array("AcknowledgeTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AcknowledgeTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgePartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl Encode for AcknowledgePartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.array(
            "AcknowledgePartition.acknowledgement_batches",
            &self.acknowledgement_batches,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AcknowledgePartition {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("AcknowledgePartition.partition_index")?;
        m.acknowledgement_batches =
            r.array("AcknowledgePartition.acknowledgement_batches", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AcknowledgePartition::acknowledgement_batches`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub acknowledge_types: Vec<i8>,
}

impl Encode for AcknowledgementBatch {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i64(self.first_offset);
        w.i64(self.last_offset);
        w.array(
            "AcknowledgementBatch.acknowledge_types",
            &self.acknowledge_types,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AcknowledgementBatch {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.first_offset = r.i64("AcknowledgementBatch.first_offset")?;
        m.last_offset = r.i64("AcknowledgementBatch.last_offset")?;
        m.acknowledge_types = r.array("AcknowledgementBatch.acknowledge_types", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ShareAcknowledge` (key 79), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareAcknowledgeResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    /// Version 2.
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareAcknowledgeTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl Response for ShareAcknowledgeResponse {
    const KEY: ApiKey = ApiKey::ShareAcknowledge;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ShareAcknowledgeResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ShareAcknowledge,
            "ShareAcknowledgeResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "ShareAcknowledgeResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        if version >= 2 {
            w.i32(self.acquisition_lock_timeout_ms);
        }
        w.array(
            "ShareAcknowledgeResponse.responses",
            &self.responses,
            version,
        )?;
        w.array(
            "ShareAcknowledgeResponse.node_endpoints",
            &self.node_endpoints,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ShareAcknowledgeResponse {
    const MIN_SIZE: usize = 10;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ShareAcknowledge,
            "ShareAcknowledgeResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("ShareAcknowledgeResponse.throttle_time_ms")?;
        m.error_code = r.i16("ShareAcknowledgeResponse.error_code")?;
        m.error_message = r.nullable_string("ShareAcknowledgeResponse.error_message", true)?;
        if version >= 2 {
            m.acquisition_lock_timeout_ms =
                r.i32("ShareAcknowledgeResponse.acquisition_lock_timeout_ms")?;
        }
        m.responses = r.array("ShareAcknowledgeResponse.responses", version)?;
        m.node_endpoints = r.array("ShareAcknowledgeResponse.node_endpoints", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ShareAcknowledgeResponse::responses`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareAcknowledgeTopicResponse {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

#[cfg(feature = "mock")]
impl Encode for ShareAcknowledgeTopicResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array(
            "ShareAcknowledgeTopicResponse.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ShareAcknowledgeTopicResponse {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid("ShareAcknowledgeTopicResponse.topic_id")?;
        m.partitions = r.array("ShareAcknowledgeTopicResponse.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ShareAcknowledgeTopicResponse::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub current_leader: LeaderIdAndEpoch,
}

#[cfg(feature = "mock")]
impl Encode for PartitionData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.nullable_string(
            "PartitionData.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        self.current_leader.encode(w, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for PartitionData {
    const MIN_SIZE: usize = 17;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("PartitionData.partition_index")?;
        m.error_code = r.i16("PartitionData.error_code")?;
        m.error_message = r.nullable_string("PartitionData.error_message", true)?;
        m.current_leader = LeaderIdAndEpoch::decode(r, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`PartitionData::current_leader`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

#[cfg(feature = "mock")]
impl Encode for LeaderIdAndEpoch {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.end_struct();
        Ok(())
    }
}

impl Decode for LeaderIdAndEpoch {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.leader_id = r.i32("LeaderIdAndEpoch.leader_id")?;
        m.leader_epoch = r.i32("LeaderIdAndEpoch.leader_epoch")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ShareAcknowledgeResponse::node_endpoints`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: String,
    pub port: i32,
    pub rack: Option<String>,
}

#[cfg(feature = "mock")]
impl Encode for NodeEndpoint {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.node_id);
        w.string("NodeEndpoint.host", &self.host)?;
        w.i32(self.port);
        w.nullable_string("NodeEndpoint.rack", true, self.rack.as_deref())?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for NodeEndpoint {
    const MIN_SIZE: usize = 11;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.node_id = r.i32("NodeEndpoint.node_id")?;
        m.host = r.string("NodeEndpoint.host")?;
        m.port = r.i32("NodeEndpoint.port")?;
        m.rack = r.nullable_string("NodeEndpoint.rack", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
