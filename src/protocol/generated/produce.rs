//! `Produce` (key 0): versions 3 to 13. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `Produce` (key 0), versions 3 to 13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceRequest {
    pub transactional_id: Option<String>,
    pub acks: i16,
    pub timeout_ms: i32,
    pub topic_data: Vec<TopicProduceData>,
}

impl Request for ProduceRequest {
    const KEY: ApiKey = ApiKey::Produce;
    type Response = ProduceResponse;
}

impl Encode for ProduceRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::Produce, "ProduceRequest", version)?;
        w.nullable_string(
            "ProduceRequest.transactional_id",
            true,
            self.transactional_id.as_deref(),
        )?;
        w.i16(self.acks);
        w.i32(self.timeout_ms);
        w.array("ProduceRequest.topic_data", &self.topic_data, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ProduceRequest {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::Produce, "ProduceRequest", version)?;
        let mut m = Self::default();
        m.transactional_id = r.nullable_string("ProduceRequest.transactional_id", true)?;
        m.acks = r.i16("ProduceRequest.acks")?;
        m.timeout_ms = r.i32("ProduceRequest.timeout_ms")?;
        m.topic_data = r.array("ProduceRequest.topic_data", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ProduceRequest::topic_data`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceData {
    /// Versions 3 to 12.
    pub name: String,
    /// Version 13.
    pub topic_id: Uuid,
    pub partition_data: Vec<PartitionProduceData>,
}

impl Encode for TopicProduceData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 12 {
            w.string("TopicProduceData.name", &self.name)?;
        }
        if version >= 13 {
            w.uuid(self.topic_id);
        }
        w.array(
            "TopicProduceData.partition_data",
            &self.partition_data,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for TopicProduceData {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 12 {
            m.name = r.string("TopicProduceData.name")?;
        }
        if version >= 13 {
            m.topic_id = r.uuid("TopicProduceData.topic_id")?;
        }
        m.partition_data = r.array("TopicProduceData.partition_data", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`TopicProduceData::partition_data`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionProduceData {
    pub index: i32,
    pub records: Option<Chunks>,
}

impl Encode for PartitionProduceData {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.index);
        w.nullable_records("PartitionProduceData.records", true, self.records.as_ref())?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for PartitionProduceData {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.index = r.i32("PartitionProduceData.index")?;
        m.records = r.nullable_records("PartitionProduceData.records", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `Produce` (key 0), versions 3 to 13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceResponse {
    pub responses: Vec<TopicProduceResponse>,
    pub throttle_time_ms: i32,
    /// Versions 10 to 13.
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl Response for ProduceResponse {
    const KEY: ApiKey = ApiKey::Produce;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ProduceResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::Produce, "ProduceResponse", version)?;
        w.array("ProduceResponse.responses", &self.responses, version)?;
        w.i32(self.throttle_time_ms);
        let mut tags = w.tags();
        if version >= 10 {
            if !self.node_endpoints.is_empty() {
                tags.put(0, |w| {
                    w.array(
                        "ProduceResponse.node_endpoints",
                        &self.node_endpoints,
                        version,
                    )
                })?;
            }
        } else {
            tags.absent(
                "ProduceResponse.node_endpoints",
                self.node_endpoints.is_empty(),
                version,
            )?;
        }
        tags.finish();
        Ok(())
    }
}

impl Decode for ProduceResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::Produce, "ProduceResponse", version)?;
        let mut m = Self::default();
        m.responses = r.array("ProduceResponse.responses", version)?;
        m.throttle_time_ms = r.i32("ProduceResponse.throttle_time_ms")?;
        r.tags(|tag, r| {
            match tag {
                0 if version >= 10 => {
                    m.node_endpoints = r.array("ProduceResponse.node_endpoints", version)?
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

/// In [`ProduceResponse::responses`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceResponse {
    /// Versions 3 to 12.
    pub name: String,
    /// Version 13.
    pub topic_id: Uuid,
    pub partition_responses: Vec<PartitionProduceResponse>,
}

#[cfg(feature = "mock")]
impl Encode for TopicProduceResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 12 {
            w.string("TopicProduceResponse.name", &self.name)?;
        }
        if version >= 13 {
            w.uuid(self.topic_id);
        }
        w.array(
            "TopicProduceResponse.partition_responses",
            &self.partition_responses,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for TopicProduceResponse {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 12 {
            m.name = r.string("TopicProduceResponse.name")?;
        }
        if version >= 13 {
            m.topic_id = r.uuid("TopicProduceResponse.topic_id")?;
        }
        m.partition_responses = r.array("TopicProduceResponse.partition_responses", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`TopicProduceResponse::partition_responses`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionProduceResponse {
    pub index: i32,
    pub error_code: i16,
    pub base_offset: i64,
    pub log_append_time_ms: i64,
    /// Versions 5 to 13.
    pub log_start_offset: i64,
    /// Versions 8 to 13.
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    /// Versions 8 to 13.
    pub error_message: Option<String>,
    /// Versions 10 to 13.
    pub current_leader: LeaderIdAndEpoch,
}

impl Default for PartitionProduceResponse {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: 0,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::default(),
            error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for PartitionProduceResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.index);
        w.i16(self.error_code);
        w.i64(self.base_offset);
        w.i64(self.log_append_time_ms);
        if version >= 5 {
            w.i64(self.log_start_offset);
        }
        if version >= 8 {
            w.array(
                "PartitionProduceResponse.record_errors",
                &self.record_errors,
                version,
            )?;
            w.nullable_string(
                "PartitionProduceResponse.error_message",
                true,
                self.error_message.as_deref(),
            )?;
        }
        let mut tags = w.tags();
        if version >= 10 {
            if self.current_leader != LeaderIdAndEpoch::default() {
                tags.put(0, |w| self.current_leader.encode(w, version))?;
            }
        } else {
            tags.absent(
                "PartitionProduceResponse.current_leader",
                self.current_leader == LeaderIdAndEpoch::default(),
                version,
            )?;
        }
        tags.finish();
        Ok(())
    }
}

impl Decode for PartitionProduceResponse {
    const MIN_SIZE: usize = 22;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.index = r.i32("PartitionProduceResponse.index")?;
        m.error_code = r.i16("PartitionProduceResponse.error_code")?;
        m.base_offset = r.i64("PartitionProduceResponse.base_offset")?;
        m.log_append_time_ms = r.i64("PartitionProduceResponse.log_append_time_ms")?;
        if version >= 5 {
            m.log_start_offset = r.i64("PartitionProduceResponse.log_start_offset")?;
        }
        if version >= 8 {
            m.record_errors = r.array("PartitionProduceResponse.record_errors", version)?;
            m.error_message = r.nullable_string("PartitionProduceResponse.error_message", true)?;
        }
        r.tags(|tag, r| {
            match tag {
                0 if version >= 10 => m.current_leader = LeaderIdAndEpoch::decode(r, version)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

/// In [`PartitionProduceResponse::record_errors`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchIndexAndErrorMessage {
    pub batch_index: i32,
    pub batch_index_error_message: Option<String>,
}

#[cfg(feature = "mock")]
impl Encode for BatchIndexAndErrorMessage {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.batch_index);
        w.nullable_string(
            "BatchIndexAndErrorMessage.batch_index_error_message",
            true,
            self.batch_index_error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for BatchIndexAndErrorMessage {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.batch_index = r.i32("BatchIndexAndErrorMessage.batch_index")?;
        m.batch_index_error_message =
            r.nullable_string("BatchIndexAndErrorMessage.batch_index_error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`PartitionProduceResponse::current_leader`].
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self {
            leader_id: -1,
            leader_epoch: -1,
        }
    }
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

/// In [`ProduceResponse::node_endpoints`].
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
