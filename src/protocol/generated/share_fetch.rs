//! `ShareFetch` (key 78): versions 1 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ShareFetch` (key 78), versions 1 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareFetchRequest {
    pub group_id: Option<String>,
    pub member_id: Option<String>,
    pub share_session_epoch: i32,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub max_records: i32,
    pub batch_size: i32,
    /// Version 2.
    pub share_acquire_mode: i8,
    /// Version 2.
    pub is_renew_ack: bool,
    pub topics: Vec<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
}

impl Default for ShareFetchRequest {
    fn default() -> Self {
        Self {
            group_id: None,
            member_id: Some(Default::default()),
            share_session_epoch: 0,
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: i32::MAX,
            max_records: 0,
            batch_size: 0,
            share_acquire_mode: 0,
            is_renew_ack: false,
            topics: Vec::default(),
            forgotten_topics_data: Vec::default(),
        }
    }
}

impl Request for ShareFetchRequest {
    const KEY: ApiKey = ApiKey::ShareFetch;
    type Response = ShareFetchResponse;
}

impl Encode for ShareFetchRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ShareFetch, "ShareFetchRequest", version)?;
        w.nullable_string("ShareFetchRequest.group_id", true, self.group_id.as_deref())?;
        w.nullable_string(
            "ShareFetchRequest.member_id",
            true,
            self.member_id.as_deref(),
        )?;
        w.i32(self.share_session_epoch);
        w.i32(self.max_wait_ms);
        w.i32(self.min_bytes);
        w.i32(self.max_bytes);
        w.i32(self.max_records);
        w.i32(self.batch_size);
        if version >= 2 {
            w.i8(self.share_acquire_mode);
            w.bool(self.is_renew_ack);
        } else {
            w.absent(
                "ShareFetchRequest.is_renew_ack",
                !self.is_renew_ack,
                version,
            )?;
        }
        w.array("ShareFetchRequest.topics", &self.topics, version)?;
        w.array(
            "ShareFetchRequest.forgotten_topics_data",
            &self.forgotten_topics_data,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ShareFetchRequest {
    const MIN_SIZE: usize = 29;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ShareFetch, "ShareFetchRequest", version)?;
        let mut m = Self::default();
        m.group_id = r.nullable_string("ShareFetchRequest.group_id", true)?;
        m.member_id = r.nullable_string("ShareFetchRequest.member_id", true)?;
        m.share_session_epoch = r.i32("ShareFetchRequest.share_session_epoch")?;
        m.max_wait_ms = r.i32("ShareFetchRequest.max_wait_ms")?;
        m.min_bytes = r.i32("ShareFetchRequest.min_bytes")?;
        m.max_bytes = r.i32("ShareFetchRequest.max_bytes")?;
        m.max_records = r.i32("ShareFetchRequest.max_records")?;
        m.batch_size = r.i32("ShareFetchRequest.batch_size")?;
        if version >= 2 {
            m.share_acquire_mode = r.i8("ShareFetchRequest.share_acquire_mode")?;
            m.is_renew_ack = r.bool("ShareFetchRequest.is_renew_ack")?;
        }
        m.topics = r.array("ShareFetchRequest.topics", version)?;
        m.forgotten_topics_data = r.array("ShareFetchRequest.forgotten_topics_data", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ShareFetchRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
}

impl Encode for FetchTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array("FetchTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for FetchTopic {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid("FetchTopic.topic_id")?;
        m.partitions = r.array("FetchTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`FetchTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchPartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl Encode for FetchPartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.array(
            "FetchPartition.acknowledgement_batches",
            &self.acknowledgement_batches,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for FetchPartition {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("FetchPartition.partition_index")?;
        m.acknowledgement_batches = r.array("FetchPartition.acknowledgement_batches", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`FetchPartition::acknowledgement_batches`].
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

/// In [`ShareFetchRequest::forgotten_topics_data`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForgottenTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl Encode for ForgottenTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array("ForgottenTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ForgottenTopic {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid("ForgottenTopic.topic_id")?;
        m.partitions = r.array("ForgottenTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ShareFetch` (key 78), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareFetchResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl Response for ShareFetchResponse {
    const KEY: ApiKey = ApiKey::ShareFetch;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ShareFetchResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ShareFetch, "ShareFetchResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "ShareFetchResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.i32(self.acquisition_lock_timeout_ms);
        w.array("ShareFetchResponse.responses", &self.responses, version)?;
        w.array(
            "ShareFetchResponse.node_endpoints",
            &self.node_endpoints,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ShareFetchResponse {
    const MIN_SIZE: usize = 14;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ShareFetch, "ShareFetchResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("ShareFetchResponse.throttle_time_ms")?;
        m.error_code = r.i16("ShareFetchResponse.error_code")?;
        m.error_message = r.nullable_string("ShareFetchResponse.error_message", true)?;
        m.acquisition_lock_timeout_ms = r.i32("ShareFetchResponse.acquisition_lock_timeout_ms")?;
        m.responses = r.array("ShareFetchResponse.responses", version)?;
        m.node_endpoints = r.array("ShareFetchResponse.node_endpoints", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ShareFetchResponse::responses`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareFetchableTopicResponse {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

#[cfg(feature = "mock")]
impl Encode for ShareFetchableTopicResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array(
            "ShareFetchableTopicResponse.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ShareFetchableTopicResponse {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid("ShareFetchableTopicResponse.topic_id")?;
        m.partitions = r.array("ShareFetchableTopicResponse.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ShareFetchableTopicResponse::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub acknowledge_error_code: i16,
    pub acknowledge_error_message: Option<String>,
    pub current_leader: LeaderIdAndEpoch,
    pub records: Chunks,
    pub acquired_records: Vec<AcquiredRecords>,
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
        w.i16(self.acknowledge_error_code);
        w.nullable_string(
            "PartitionData.acknowledge_error_message",
            true,
            self.acknowledge_error_message.as_deref(),
        )?;
        self.current_leader.encode(w, version)?;
        w.records("PartitionData.records", &self.records)?;
        w.array(
            "PartitionData.acquired_records",
            &self.acquired_records,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for PartitionData {
    const MIN_SIZE: usize = 22;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("PartitionData.partition_index")?;
        m.error_code = r.i16("PartitionData.error_code")?;
        m.error_message = r.nullable_string("PartitionData.error_message", true)?;
        m.acknowledge_error_code = r.i16("PartitionData.acknowledge_error_code")?;
        m.acknowledge_error_message =
            r.nullable_string("PartitionData.acknowledge_error_message", true)?;
        m.current_leader = LeaderIdAndEpoch::decode(r, version)?;
        m.records = r.records("PartitionData.records")?;
        m.acquired_records = r.array("PartitionData.acquired_records", version)?;
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

/// In [`PartitionData::acquired_records`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcquiredRecords {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_count: i16,
}

#[cfg(feature = "mock")]
impl Encode for AcquiredRecords {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i64(self.first_offset);
        w.i64(self.last_offset);
        w.i16(self.delivery_count);
        w.end_struct();
        Ok(())
    }
}

impl Decode for AcquiredRecords {
    const MIN_SIZE: usize = 19;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.first_offset = r.i64("AcquiredRecords.first_offset")?;
        m.last_offset = r.i64("AcquiredRecords.last_offset")?;
        m.delivery_count = r.i16("AcquiredRecords.delivery_count")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ShareFetchResponse::node_endpoints`].
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
