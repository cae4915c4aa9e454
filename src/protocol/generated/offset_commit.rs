//! `OffsetCommit` (key 8): versions 2 to 10. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `OffsetCommit` (key 8), versions 2 to 10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequest {
    pub group_id: String,
    pub generation_id_or_member_epoch: i32,
    pub member_id: String,
    /// Versions 7 to 10.
    pub group_instance_id: Option<String>,
    /// Versions 2 to 4.
    pub retention_time_ms: i64,
    pub topics: Vec<OffsetCommitRequestTopic>,
}

impl Default for OffsetCommitRequest {
    fn default() -> Self {
        Self {
            group_id: String::default(),
            generation_id_or_member_epoch: -1,
            member_id: String::default(),
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Vec::default(),
        }
    }
}

impl Request for OffsetCommitRequest {
    const KEY: ApiKey = ApiKey::OffsetCommit;
    type Response = OffsetCommitResponse;
}

impl Encode for OffsetCommitRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::OffsetCommit, "OffsetCommitRequest", version)?;
        w.string("OffsetCommitRequest.group_id", &self.group_id)?;
        w.i32(self.generation_id_or_member_epoch);
        w.string("OffsetCommitRequest.member_id", &self.member_id)?;
        if version >= 7 {
            w.nullable_string(
                "OffsetCommitRequest.group_instance_id",
                true,
                self.group_instance_id.as_deref(),
            )?;
        } else {
            w.absent(
                "OffsetCommitRequest.group_instance_id",
                self.group_instance_id.is_none(),
                version,
            )?;
        }
        if version <= 4 {
            w.i64(self.retention_time_ms);
        }
        w.array("OffsetCommitRequest.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetCommitRequest {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::OffsetCommit, "OffsetCommitRequest", version)?;
        let mut m = Self::default();
        m.group_id = r.string("OffsetCommitRequest.group_id")?;
        m.generation_id_or_member_epoch =
            r.i32("OffsetCommitRequest.generation_id_or_member_epoch")?;
        m.member_id = r.string("OffsetCommitRequest.member_id")?;
        if version >= 7 {
            m.group_instance_id =
                r.nullable_string("OffsetCommitRequest.group_instance_id", true)?;
        }
        if version <= 4 {
            m.retention_time_ms = r.i64("OffsetCommitRequest.retention_time_ms")?;
        }
        m.topics = r.array("OffsetCommitRequest.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetCommitRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitRequestTopic {
    /// Versions 2 to 9.
    pub name: String,
    /// Version 10.
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitRequestPartition>,
}

impl Encode for OffsetCommitRequestTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            w.string("OffsetCommitRequestTopic.name", &self.name)?;
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(
            "OffsetCommitRequestTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetCommitRequestTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 9 {
            m.name = r.string("OffsetCommitRequestTopic.name")?;
        }
        if version >= 10 {
            m.topic_id = r.uuid("OffsetCommitRequestTopic.topic_id")?;
        }
        m.partitions = r.array("OffsetCommitRequestTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetCommitRequestTopic::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// Versions 6 to 10.
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<String>,
}

impl Default for OffsetCommitRequestPartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(Default::default()),
        }
    }
}

impl Encode for OffsetCommitRequestPartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if version >= 6 {
            w.i32(self.committed_leader_epoch);
        }
        w.nullable_string(
            "OffsetCommitRequestPartition.committed_metadata",
            true,
            self.committed_metadata.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetCommitRequestPartition {
    const MIN_SIZE: usize = 14;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("OffsetCommitRequestPartition.partition_index")?;
        m.committed_offset = r.i64("OffsetCommitRequestPartition.committed_offset")?;
        if version >= 6 {
            m.committed_leader_epoch =
                r.i32("OffsetCommitRequestPartition.committed_leader_epoch")?;
        }
        m.committed_metadata =
            r.nullable_string("OffsetCommitRequestPartition.committed_metadata", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `OffsetCommit` (key 8), versions 2 to 10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponse {
    /// Versions 3 to 10.
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetCommitResponseTopic>,
}

impl Response for OffsetCommitResponse {
    const KEY: ApiKey = ApiKey::OffsetCommit;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for OffsetCommitResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::OffsetCommit, "OffsetCommitResponse", version)?;
        if version >= 3 {
            w.i32(self.throttle_time_ms);
        }
        w.array("OffsetCommitResponse.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetCommitResponse {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::OffsetCommit, "OffsetCommitResponse", version)?;
        let mut m = Self::default();
        if version >= 3 {
            m.throttle_time_ms = r.i32("OffsetCommitResponse.throttle_time_ms")?;
        }
        m.topics = r.array("OffsetCommitResponse.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetCommitResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponseTopic {
    /// Versions 2 to 9.
    pub name: String,
    /// Version 10.
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

#[cfg(feature = "mock")]
impl Encode for OffsetCommitResponseTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            w.string("OffsetCommitResponseTopic.name", &self.name)?;
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(
            "OffsetCommitResponseTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetCommitResponseTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 9 {
            m.name = r.string("OffsetCommitResponseTopic.name")?;
        }
        if version >= 10 {
            m.topic_id = r.uuid("OffsetCommitResponseTopic.topic_id")?;
        }
        m.partitions = r.array("OffsetCommitResponseTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetCommitResponseTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
}

#[cfg(feature = "mock")]
impl Encode for OffsetCommitResponsePartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetCommitResponsePartition {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("OffsetCommitResponsePartition.partition_index")?;
        m.error_code = r.i16("OffsetCommitResponsePartition.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
