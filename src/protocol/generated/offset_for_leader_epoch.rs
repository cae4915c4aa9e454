//! `OffsetForLeaderEpoch` (key 23): versions 2 to 4. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `OffsetForLeaderEpoch` (key 23), versions 2 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderEpochRequest {
    /// Versions 3 to 4.
    pub replica_id: i32,
    pub topics: Vec<OffsetForLeaderTopic>,
}

impl Default for OffsetForLeaderEpochRequest {
    fn default() -> Self {
        Self {
            replica_id: -2,
            topics: Vec::default(),
        }
    }
}

impl Request for OffsetForLeaderEpochRequest {
    const KEY: ApiKey = ApiKey::OffsetForLeaderEpoch;
    type Response = OffsetForLeaderEpochResponse;
}

impl Encode for OffsetForLeaderEpochRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::OffsetForLeaderEpoch,
            "OffsetForLeaderEpochRequest",
            version,
        )?;
        if version >= 3 {
            w.i32(self.replica_id);
        }
        w.array("OffsetForLeaderEpochRequest.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetForLeaderEpochRequest {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::OffsetForLeaderEpoch,
            "OffsetForLeaderEpochRequest",
            version,
        )?;
        let mut m = Self::default();
        if version >= 3 {
            m.replica_id = r.i32("OffsetForLeaderEpochRequest.replica_id")?;
        }
        m.topics = r.array("OffsetForLeaderEpochRequest.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetForLeaderEpochRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderTopic {
    pub topic: String,
    pub partitions: Vec<OffsetForLeaderPartition>,
}

impl Encode for OffsetForLeaderTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("OffsetForLeaderTopic.topic", &self.topic)?;
        w.array("OffsetForLeaderTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetForLeaderTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string("OffsetForLeaderTopic.topic")?;
        m.partitions = r.array("OffsetForLeaderTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetForLeaderTopic::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderPartition {
    pub partition: i32,
    pub current_leader_epoch: i32,
    pub leader_epoch: i32,
}

impl Default for OffsetForLeaderPartition {
    fn default() -> Self {
        Self {
            partition: 0,
            current_leader_epoch: -1,
            leader_epoch: 0,
        }
    }
}

impl Encode for OffsetForLeaderPartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition);
        w.i32(self.current_leader_epoch);
        w.i32(self.leader_epoch);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetForLeaderPartition {
    const MIN_SIZE: usize = 12;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition = r.i32("OffsetForLeaderPartition.partition")?;
        m.current_leader_epoch = r.i32("OffsetForLeaderPartition.current_leader_epoch")?;
        m.leader_epoch = r.i32("OffsetForLeaderPartition.leader_epoch")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `OffsetForLeaderEpoch` (key 23), versions 2 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderEpochResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult>,
}

impl Response for OffsetForLeaderEpochResponse {
    const KEY: ApiKey = ApiKey::OffsetForLeaderEpoch;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for OffsetForLeaderEpochResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::OffsetForLeaderEpoch,
            "OffsetForLeaderEpochResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array("OffsetForLeaderEpochResponse.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetForLeaderEpochResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::OffsetForLeaderEpoch,
            "OffsetForLeaderEpochResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("OffsetForLeaderEpochResponse.throttle_time_ms")?;
        m.topics = r.array("OffsetForLeaderEpochResponse.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetForLeaderEpochResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderTopicResult {
    pub topic: String,
    pub partitions: Vec<EpochEndOffset>,
}

#[cfg(feature = "mock")]
impl Encode for OffsetForLeaderTopicResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("OffsetForLeaderTopicResult.topic", &self.topic)?;
        w.array(
            "OffsetForLeaderTopicResult.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetForLeaderTopicResult {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string("OffsetForLeaderTopicResult.topic")?;
        m.partitions = r.array("OffsetForLeaderTopicResult.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetForLeaderTopicResult::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    pub error_code: i16,
    pub partition: i32,
    pub leader_epoch: i32,
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition: 0,
            leader_epoch: -1,
            end_offset: -1,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for EpochEndOffset {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.i32(self.partition);
        w.i32(self.leader_epoch);
        w.i64(self.end_offset);
        w.end_struct();
        Ok(())
    }
}

impl Decode for EpochEndOffset {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("EpochEndOffset.error_code")?;
        m.partition = r.i32("EpochEndOffset.partition")?;
        m.leader_epoch = r.i32("EpochEndOffset.leader_epoch")?;
        m.end_offset = r.i64("EpochEndOffset.end_offset")?;
        r.end_struct()?;
        Ok(m)
    }
}
