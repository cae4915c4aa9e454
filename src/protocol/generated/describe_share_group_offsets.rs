//! `DescribeShareGroupOffsets` (key 90): versions 0 to 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeShareGroupOffsets` (key 90), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsRequest {
    pub groups: Vec<DescribeShareGroupOffsetsRequestGroup>,
}

impl Request for DescribeShareGroupOffsetsRequest {
    const KEY: ApiKey = ApiKey::DescribeShareGroupOffsets;
    type Response = DescribeShareGroupOffsetsResponse;
}

impl Encode for DescribeShareGroupOffsetsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeShareGroupOffsets,
            "DescribeShareGroupOffsetsRequest",
            version,
        )?;
        w.array(
            "DescribeShareGroupOffsetsRequest.groups",
            &self.groups,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeShareGroupOffsetsRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeShareGroupOffsets,
            "DescribeShareGroupOffsetsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.groups = r.array("DescribeShareGroupOffsetsRequest.groups", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeShareGroupOffsetsRequest::groups`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsRequestGroup {
    pub group_id: String,
    pub topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic>>,
}

impl Default for DescribeShareGroupOffsetsRequestGroup {
    fn default() -> Self {
        Self {
            group_id: String::default(),
            topics: Some(Default::default()),
        }
    }
}

impl Encode for DescribeShareGroupOffsetsRequestGroup {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(
            "DescribeShareGroupOffsetsRequestGroup.group_id",
            &self.group_id,
        )?;
        w.nullable_array(
            "DescribeShareGroupOffsetsRequestGroup.topics",
            true,
            self.topics.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeShareGroupOffsetsRequestGroup {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.group_id = r.string("DescribeShareGroupOffsetsRequestGroup.group_id")?;
        m.topics = r.nullable_array(
            "DescribeShareGroupOffsetsRequestGroup.topics",
            true,
            version,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeShareGroupOffsetsRequestGroup::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsRequestTopic {
    pub topic_name: String,
    pub partitions: Vec<i32>,
}

impl Encode for DescribeShareGroupOffsetsRequestTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(
            "DescribeShareGroupOffsetsRequestTopic.topic_name",
            &self.topic_name,
        )?;
        w.array(
            "DescribeShareGroupOffsetsRequestTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeShareGroupOffsetsRequestTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("DescribeShareGroupOffsetsRequestTopic.topic_name")?;
        m.partitions = r.array("DescribeShareGroupOffsetsRequestTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeShareGroupOffsets` (key 90), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup>,
}

impl Response for DescribeShareGroupOffsetsResponse {
    const KEY: ApiKey = ApiKey::DescribeShareGroupOffsets;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeShareGroupOffsetsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeShareGroupOffsets,
            "DescribeShareGroupOffsetsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array(
            "DescribeShareGroupOffsetsResponse.groups",
            &self.groups,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeShareGroupOffsetsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeShareGroupOffsets,
            "DescribeShareGroupOffsetsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeShareGroupOffsetsResponse.throttle_time_ms")?;
        m.groups = r.array("DescribeShareGroupOffsetsResponse.groups", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeShareGroupOffsetsResponse::groups`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseGroup {
    pub group_id: String,
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic>,
    pub error_code: i16,
    pub error_message: Option<String>,
}

#[cfg(feature = "mock")]
impl Encode for DescribeShareGroupOffsetsResponseGroup {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(
            "DescribeShareGroupOffsetsResponseGroup.group_id",
            &self.group_id,
        )?;
        w.array(
            "DescribeShareGroupOffsetsResponseGroup.topics",
            &self.topics,
            version,
        )?;
        w.i16(self.error_code);
        w.nullable_string(
            "DescribeShareGroupOffsetsResponseGroup.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeShareGroupOffsetsResponseGroup {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.group_id = r.string("DescribeShareGroupOffsetsResponseGroup.group_id")?;
        m.topics = r.array("DescribeShareGroupOffsetsResponseGroup.topics", version)?;
        m.error_code = r.i16("DescribeShareGroupOffsetsResponseGroup.error_code")?;
        m.error_message =
            r.nullable_string("DescribeShareGroupOffsetsResponseGroup.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeShareGroupOffsetsResponseGroup::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseTopic {
    pub topic_name: String,
    pub topic_id: Uuid,
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition>,
}

#[cfg(feature = "mock")]
impl Encode for DescribeShareGroupOffsetsResponseTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(
            "DescribeShareGroupOffsetsResponseTopic.topic_name",
            &self.topic_name,
        )?;
        w.uuid(self.topic_id);
        w.array(
            "DescribeShareGroupOffsetsResponseTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeShareGroupOffsetsResponseTopic {
    const MIN_SIZE: usize = 19;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("DescribeShareGroupOffsetsResponseTopic.topic_name")?;
        m.topic_id = r.uuid("DescribeShareGroupOffsetsResponseTopic.topic_id")?;
        m.partitions = r.array("DescribeShareGroupOffsetsResponseTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeShareGroupOffsetsResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsResponsePartition {
    pub partition_index: i32,
    pub start_offset: i64,
    pub leader_epoch: i32,
    /// Version 1.
    pub lag: i64,
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for DescribeShareGroupOffsetsResponsePartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            start_offset: 0,
            leader_epoch: 0,
            lag: -1,
            error_code: 0,
            error_message: None,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeShareGroupOffsetsResponsePartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.start_offset);
        w.i32(self.leader_epoch);
        if version >= 1 {
            w.i64(self.lag);
        }
        w.i16(self.error_code);
        w.nullable_string(
            "DescribeShareGroupOffsetsResponsePartition.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeShareGroupOffsetsResponsePartition {
    const MIN_SIZE: usize = 20;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("DescribeShareGroupOffsetsResponsePartition.partition_index")?;
        m.start_offset = r.i64("DescribeShareGroupOffsetsResponsePartition.start_offset")?;
        m.leader_epoch = r.i32("DescribeShareGroupOffsetsResponsePartition.leader_epoch")?;
        if version >= 1 {
            m.lag = r.i64("DescribeShareGroupOffsetsResponsePartition.lag")?;
        }
        m.error_code = r.i16("DescribeShareGroupOffsetsResponsePartition.error_code")?;
        m.error_message = r.nullable_string(
            "DescribeShareGroupOffsetsResponsePartition.error_message",
            true,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}
