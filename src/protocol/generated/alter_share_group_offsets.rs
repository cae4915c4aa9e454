//! `AlterShareGroupOffsets` (key 91): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `AlterShareGroupOffsets` (key 91), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequest {
    pub group_id: String,
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic>,
}

impl Request for AlterShareGroupOffsetsRequest {
    const KEY: ApiKey = ApiKey::AlterShareGroupOffsets;
    type Response = AlterShareGroupOffsetsResponse;
}

impl Encode for AlterShareGroupOffsetsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterShareGroupOffsets,
            "AlterShareGroupOffsetsRequest",
            version,
        )?;
        w.string("AlterShareGroupOffsetsRequest.group_id", &self.group_id)?;
        w.array(
            "AlterShareGroupOffsetsRequest.topics",
            &self.topics,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterShareGroupOffsetsRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterShareGroupOffsets,
            "AlterShareGroupOffsetsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.group_id = r.string("AlterShareGroupOffsetsRequest.group_id")?;
        m.topics = r.array("AlterShareGroupOffsetsRequest.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterShareGroupOffsetsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestTopic {
    pub topic_name: String,
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
}

impl Encode for AlterShareGroupOffsetsRequestTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(
            "AlterShareGroupOffsetsRequestTopic.topic_name",
            &self.topic_name,
        )?;
        w.array(
            "AlterShareGroupOffsetsRequestTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterShareGroupOffsetsRequestTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("AlterShareGroupOffsetsRequestTopic.topic_name")?;
        m.partitions = r.array("AlterShareGroupOffsetsRequestTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterShareGroupOffsetsRequestTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestPartition {
    pub partition_index: i32,
    pub start_offset: i64,
}

impl Encode for AlterShareGroupOffsetsRequestPartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.start_offset);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterShareGroupOffsetsRequestPartition {
    const MIN_SIZE: usize = 13;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("AlterShareGroupOffsetsRequestPartition.partition_index")?;
        m.start_offset = r.i64("AlterShareGroupOffsetsRequestPartition.start_offset")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `AlterShareGroupOffsets` (key 91), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub responses: Vec<AlterShareGroupOffsetsResponseTopic>,
}

impl Response for AlterShareGroupOffsetsResponse {
    const KEY: ApiKey = ApiKey::AlterShareGroupOffsets;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for AlterShareGroupOffsetsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterShareGroupOffsets,
            "AlterShareGroupOffsetsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "AlterShareGroupOffsetsResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array(
            "AlterShareGroupOffsetsResponse.responses",
            &self.responses,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterShareGroupOffsetsResponse {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterShareGroupOffsets,
            "AlterShareGroupOffsetsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("AlterShareGroupOffsetsResponse.throttle_time_ms")?;
        m.error_code = r.i16("AlterShareGroupOffsetsResponse.error_code")?;
        m.error_message =
            r.nullable_string("AlterShareGroupOffsetsResponse.error_message", true)?;
        m.responses = r.array("AlterShareGroupOffsetsResponse.responses", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterShareGroupOffsetsResponse::responses`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponseTopic {
    pub topic_name: String,
    pub topic_id: Uuid,
    pub partitions: Vec<AlterShareGroupOffsetsResponsePartition>,
}

#[cfg(feature = "mock")]
impl Encode for AlterShareGroupOffsetsResponseTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(
            "AlterShareGroupOffsetsResponseTopic.topic_name",
            &self.topic_name,
        )?;
        w.uuid(self.topic_id);
        w.array(
            "AlterShareGroupOffsetsResponseTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterShareGroupOffsetsResponseTopic {
    const MIN_SIZE: usize = 19;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("AlterShareGroupOffsetsResponseTopic.topic_name")?;
        m.topic_id = r.uuid("AlterShareGroupOffsetsResponseTopic.topic_id")?;
        m.partitions = r.array("AlterShareGroupOffsetsResponseTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterShareGroupOffsetsResponseTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
}

#[cfg(feature = "mock")]
impl Encode for AlterShareGroupOffsetsResponsePartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.nullable_string(
            "AlterShareGroupOffsetsResponsePartition.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterShareGroupOffsetsResponsePartition {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("AlterShareGroupOffsetsResponsePartition.partition_index")?;
        m.error_code = r.i16("AlterShareGroupOffsetsResponsePartition.error_code")?;
        m.error_message = r.nullable_string(
            "AlterShareGroupOffsetsResponsePartition.error_message",
            true,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}
