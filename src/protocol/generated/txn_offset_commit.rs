//! `TxnOffsetCommit` (key 28): versions 0 to 5. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `TxnOffsetCommit` (key 28), versions 0 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequest {
    pub transactional_id: String,
    pub group_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// Versions 3 to 5.
    pub generation_id: i32,
    /// Versions 3 to 5.
    pub member_id: String,
    /// Versions 3 to 5.
    pub group_instance_id: Option<String>,
    pub topics: Vec<TxnOffsetCommitRequestTopic>,
}

impl Default for TxnOffsetCommitRequest {
    fn default() -> Self {
        Self {
            transactional_id: String::default(),
            group_id: String::default(),
            producer_id: 0,
            producer_epoch: 0,
            generation_id: -1,
            member_id: String::default(),
            group_instance_id: None,
            topics: Vec::default(),
        }
    }
}

impl Request for TxnOffsetCommitRequest {
    const KEY: ApiKey = ApiKey::TxnOffsetCommit;
    type Response = TxnOffsetCommitResponse;
}

impl Encode for TxnOffsetCommitRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::TxnOffsetCommit, "TxnOffsetCommitRequest", version)?;
        w.string(
            "TxnOffsetCommitRequest.transactional_id",
            &self.transactional_id,
        )?;
        w.string("TxnOffsetCommitRequest.group_id", &self.group_id)?;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        if version >= 3 {
            w.i32(self.generation_id);
            w.string("TxnOffsetCommitRequest.member_id", &self.member_id)?;
            w.nullable_string(
                "TxnOffsetCommitRequest.group_instance_id",
                true,
                self.group_instance_id.as_deref(),
            )?;
        } else {
            w.absent(
                "TxnOffsetCommitRequest.generation_id",
                self.generation_id == -1,
                version,
            )?;
            w.absent(
                "TxnOffsetCommitRequest.member_id",
                self.member_id.is_empty(),
                version,
            )?;
            w.absent(
                "TxnOffsetCommitRequest.group_instance_id",
                self.group_instance_id.is_none(),
                version,
            )?;
        }
        w.array("TxnOffsetCommitRequest.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for TxnOffsetCommitRequest {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::TxnOffsetCommit, "TxnOffsetCommitRequest", version)?;
        let mut m = Self::default();
        m.transactional_id = r.string("TxnOffsetCommitRequest.transactional_id")?;
        m.group_id = r.string("TxnOffsetCommitRequest.group_id")?;
        m.producer_id = r.i64("TxnOffsetCommitRequest.producer_id")?;
        m.producer_epoch = r.i16("TxnOffsetCommitRequest.producer_epoch")?;
        if version >= 3 {
            m.generation_id = r.i32("TxnOffsetCommitRequest.generation_id")?;
            m.member_id = r.string("TxnOffsetCommitRequest.member_id")?;
            m.group_instance_id =
                r.nullable_string("TxnOffsetCommitRequest.group_instance_id", true)?;
        }
        m.topics = r.array("TxnOffsetCommitRequest.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`TxnOffsetCommitRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitRequestTopic {
    pub name: String,
    pub partitions: Vec<TxnOffsetCommitRequestPartition>,
}

impl Encode for TxnOffsetCommitRequestTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("TxnOffsetCommitRequestTopic.name", &self.name)?;
        w.array(
            "TxnOffsetCommitRequestTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for TxnOffsetCommitRequestTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("TxnOffsetCommitRequestTopic.name")?;
        m.partitions = r.array("TxnOffsetCommitRequestTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`TxnOffsetCommitRequestTopic::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// Versions 2 to 5.
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<String>,
}

impl Default for TxnOffsetCommitRequestPartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(Default::default()),
        }
    }
}

impl Encode for TxnOffsetCommitRequestPartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if version >= 2 {
            w.i32(self.committed_leader_epoch);
        }
        w.nullable_string(
            "TxnOffsetCommitRequestPartition.committed_metadata",
            true,
            self.committed_metadata.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for TxnOffsetCommitRequestPartition {
    const MIN_SIZE: usize = 14;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("TxnOffsetCommitRequestPartition.partition_index")?;
        m.committed_offset = r.i64("TxnOffsetCommitRequestPartition.committed_offset")?;
        if version >= 2 {
            m.committed_leader_epoch =
                r.i32("TxnOffsetCommitRequestPartition.committed_leader_epoch")?;
        }
        m.committed_metadata =
            r.nullable_string("TxnOffsetCommitRequestPartition.committed_metadata", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `TxnOffsetCommit` (key 28), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<TxnOffsetCommitResponseTopic>,
}

impl Response for TxnOffsetCommitResponse {
    const KEY: ApiKey = ApiKey::TxnOffsetCommit;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for TxnOffsetCommitResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::TxnOffsetCommit, "TxnOffsetCommitResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array("TxnOffsetCommitResponse.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for TxnOffsetCommitResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::TxnOffsetCommit, "TxnOffsetCommitResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("TxnOffsetCommitResponse.throttle_time_ms")?;
        m.topics = r.array("TxnOffsetCommitResponse.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`TxnOffsetCommitResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponseTopic {
    pub name: String,
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

#[cfg(feature = "mock")]
impl Encode for TxnOffsetCommitResponseTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("TxnOffsetCommitResponseTopic.name", &self.name)?;
        w.array(
            "TxnOffsetCommitResponseTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for TxnOffsetCommitResponseTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("TxnOffsetCommitResponseTopic.name")?;
        m.partitions = r.array("TxnOffsetCommitResponseTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`TxnOffsetCommitResponseTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
}

#[cfg(feature = "mock")]
impl Encode for TxnOffsetCommitResponsePartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for TxnOffsetCommitResponsePartition {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("TxnOffsetCommitResponsePartition.partition_index")?;
        m.error_code = r.i16("TxnOffsetCommitResponsePartition.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
