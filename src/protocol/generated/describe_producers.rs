//! `DescribeProducers` (key 61): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeProducers` (key 61), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeProducersRequest {
    pub topics: Vec<TopicRequest>,
}

impl Request for DescribeProducersRequest {
    const KEY: ApiKey = ApiKey::DescribeProducers;
    type Response = DescribeProducersResponse;
}

impl Encode for DescribeProducersRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeProducers,
            "DescribeProducersRequest",
            version,
        )?;
        w.array("DescribeProducersRequest.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeProducersRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeProducers,
            "DescribeProducersRequest",
            version,
        )?;
        let mut m = Self::default();
        m.topics = r.array("DescribeProducersRequest.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeProducersRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRequest {
    pub name: String,
    pub partition_indexes: Vec<i32>,
}

impl Encode for TopicRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("TopicRequest.name", &self.name)?;
        w.array(
            "TopicRequest.partition_indexes",
            &self.partition_indexes,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for TopicRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("TopicRequest.name")?;
        m.partition_indexes = r.array("TopicRequest.partition_indexes", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeProducers` (key 61), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeProducersResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<TopicResponse>,
}

impl Response for DescribeProducersResponse {
    const KEY: ApiKey = ApiKey::DescribeProducers;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeProducersResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeProducers,
            "DescribeProducersResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array("DescribeProducersResponse.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeProducersResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeProducers,
            "DescribeProducersResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeProducersResponse.throttle_time_ms")?;
        m.topics = r.array("DescribeProducersResponse.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeProducersResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicResponse {
    pub name: String,
    pub partitions: Vec<PartitionResponse>,
}

#[cfg(feature = "mock")]
impl Encode for TopicResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("TopicResponse.name", &self.name)?;
        w.array("TopicResponse.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for TopicResponse {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("TopicResponse.name")?;
        m.partitions = r.array("TopicResponse.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`TopicResponse::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResponse {
    pub partition_index: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub active_producers: Vec<ProducerState>,
}

#[cfg(feature = "mock")]
impl Encode for PartitionResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.nullable_string(
            "PartitionResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array(
            "PartitionResponse.active_producers",
            &self.active_producers,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for PartitionResponse {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("PartitionResponse.partition_index")?;
        m.error_code = r.i16("PartitionResponse.error_code")?;
        m.error_message = r.nullable_string("PartitionResponse.error_message", true)?;
        m.active_producers = r.array("PartitionResponse.active_producers", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`PartitionResponse::active_producers`].
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerState {
    pub producer_id: i64,
    pub producer_epoch: i32,
    pub last_sequence: i32,
    pub last_timestamp: i64,
    pub coordinator_epoch: i32,
    pub current_txn_start_offset: i64,
}

impl Default for ProducerState {
    fn default() -> Self {
        Self {
            producer_id: 0,
            producer_epoch: 0,
            last_sequence: -1,
            last_timestamp: -1,
            coordinator_epoch: 0,
            current_txn_start_offset: -1,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for ProducerState {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i64(self.producer_id);
        w.i32(self.producer_epoch);
        w.i32(self.last_sequence);
        w.i64(self.last_timestamp);
        w.i32(self.coordinator_epoch);
        w.i64(self.current_txn_start_offset);
        w.end_struct();
        Ok(())
    }
}

impl Decode for ProducerState {
    const MIN_SIZE: usize = 37;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.producer_id = r.i64("ProducerState.producer_id")?;
        m.producer_epoch = r.i32("ProducerState.producer_epoch")?;
        m.last_sequence = r.i32("ProducerState.last_sequence")?;
        m.last_timestamp = r.i64("ProducerState.last_timestamp")?;
        m.coordinator_epoch = r.i32("ProducerState.coordinator_epoch")?;
        m.current_txn_start_offset = r.i64("ProducerState.current_txn_start_offset")?;
        r.end_struct()?;
        Ok(m)
    }
}
