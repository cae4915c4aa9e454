//! `OffsetFetch` (key 9): versions 2 to 10. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `OffsetFetch` (key 9), versions 2 to 10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequest {
    /// Versions 2 to 7.
    pub group_id: String,
    /// Versions 2 to 7.
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    /// Versions 8 to 10.
    pub groups: Vec<OffsetFetchRequestGroup>,
    /// Versions 7 to 10.
    pub require_stable: bool,
}

impl Default for OffsetFetchRequest {
    fn default() -> Self {
        Self {
            group_id: String::default(),
            topics: Some(Default::default()),
            groups: Vec::default(),
            require_stable: false,
        }
    }
}

impl Request for OffsetFetchRequest {
    const KEY: ApiKey = ApiKey::OffsetFetch;
    type Response = OffsetFetchResponse;
}

impl Encode for OffsetFetchRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::OffsetFetch, "OffsetFetchRequest", version)?;
        if version <= 7 {
            w.string("OffsetFetchRequest.group_id", &self.group_id)?;
            w.nullable_array(
                "OffsetFetchRequest.topics",
                true,
                self.topics.as_deref(),
                version,
            )?;
        } else {
            w.absent(
                "OffsetFetchRequest.group_id",
                self.group_id.is_empty(),
                version,
            )?;
            w.absent(
                "OffsetFetchRequest.topics",
                self.topics.as_ref().is_some_and(Vec::is_empty),
                version,
            )?;
        }
        if version >= 8 {
            w.array("OffsetFetchRequest.groups", &self.groups, version)?;
        } else {
            w.absent("OffsetFetchRequest.groups", self.groups.is_empty(), version)?;
        }
        if version >= 7 {
            w.bool(self.require_stable);
        } else {
            w.absent(
                "OffsetFetchRequest.require_stable",
                !self.require_stable,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetFetchRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::OffsetFetch, "OffsetFetchRequest", version)?;
        let mut m = Self::default();
        if version <= 7 {
            m.group_id = r.string("OffsetFetchRequest.group_id")?;
            m.topics = r.nullable_array("OffsetFetchRequest.topics", true, version)?;
        }
        if version >= 8 {
            m.groups = r.array("OffsetFetchRequest.groups", version)?;
        }
        if version >= 7 {
            m.require_stable = r.bool("OffsetFetchRequest.require_stable")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetFetchRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopic {
    pub name: String,
    pub partition_indexes: Vec<i32>,
}

impl Encode for OffsetFetchRequestTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("OffsetFetchRequestTopic.name", &self.name)?;
        w.array(
            "OffsetFetchRequestTopic.partition_indexes",
            &self.partition_indexes,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetFetchRequestTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("OffsetFetchRequestTopic.name")?;
        m.partition_indexes = r.array("OffsetFetchRequestTopic.partition_indexes", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetFetchRequest::groups`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequestGroup {
    pub group_id: String,
    /// Versions 9 to 10.
    pub member_id: Option<String>,
    /// Versions 9 to 10.
    pub member_epoch: i32,
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
}

impl Default for OffsetFetchRequestGroup {
    fn default() -> Self {
        Self {
            group_id: String::default(),
            member_id: None,
            member_epoch: -1,
            topics: Some(Default::default()),
        }
    }
}

impl Encode for OffsetFetchRequestGroup {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("OffsetFetchRequestGroup.group_id", &self.group_id)?;
        if version >= 9 {
            w.nullable_string(
                "OffsetFetchRequestGroup.member_id",
                true,
                self.member_id.as_deref(),
            )?;
            w.i32(self.member_epoch);
        }
        w.nullable_array(
            "OffsetFetchRequestGroup.topics",
            true,
            self.topics.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetFetchRequestGroup {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.group_id = r.string("OffsetFetchRequestGroup.group_id")?;
        if version >= 9 {
            m.member_id = r.nullable_string("OffsetFetchRequestGroup.member_id", true)?;
            m.member_epoch = r.i32("OffsetFetchRequestGroup.member_epoch")?;
        }
        m.topics = r.nullable_array("OffsetFetchRequestGroup.topics", true, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetFetchRequestGroup::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopics {
    /// Versions 8 to 9.
    pub name: String,
    /// Version 10.
    pub topic_id: Uuid,
    pub partition_indexes: Vec<i32>,
}

impl Encode for OffsetFetchRequestTopics {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            w.string("OffsetFetchRequestTopics.name", &self.name)?;
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(
            "OffsetFetchRequestTopics.partition_indexes",
            &self.partition_indexes,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetFetchRequestTopics {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 9 {
            m.name = r.string("OffsetFetchRequestTopics.name")?;
        }
        if version >= 10 {
            m.topic_id = r.uuid("OffsetFetchRequestTopics.topic_id")?;
        }
        m.partition_indexes = r.array("OffsetFetchRequestTopics.partition_indexes", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `OffsetFetch` (key 9), versions 2 to 10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponse {
    /// Versions 3 to 10.
    pub throttle_time_ms: i32,
    /// Versions 2 to 7.
    pub topics: Vec<OffsetFetchResponseTopic>,
    /// Versions 2 to 7.
    pub error_code: i16,
    /// Versions 8 to 10.
    pub groups: Vec<OffsetFetchResponseGroup>,
}

impl Response for OffsetFetchResponse {
    const KEY: ApiKey = ApiKey::OffsetFetch;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for OffsetFetchResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::OffsetFetch, "OffsetFetchResponse", version)?;
        if version >= 3 {
            w.i32(self.throttle_time_ms);
        }
        if version <= 7 {
            w.array("OffsetFetchResponse.topics", &self.topics, version)?;
            w.i16(self.error_code);
        } else {
            w.absent(
                "OffsetFetchResponse.topics",
                self.topics.is_empty(),
                version,
            )?;
        }
        if version >= 8 {
            w.array("OffsetFetchResponse.groups", &self.groups, version)?;
        } else {
            w.absent(
                "OffsetFetchResponse.groups",
                self.groups.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetFetchResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::OffsetFetch, "OffsetFetchResponse", version)?;
        let mut m = Self::default();
        if version >= 3 {
            m.throttle_time_ms = r.i32("OffsetFetchResponse.throttle_time_ms")?;
        }
        if version <= 7 {
            m.topics = r.array("OffsetFetchResponse.topics", version)?;
            m.error_code = r.i16("OffsetFetchResponse.error_code")?;
        }
        if version >= 8 {
            m.groups = r.array("OffsetFetchResponse.groups", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetFetchResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopic {
    pub name: String,
    pub partitions: Vec<OffsetFetchResponsePartition>,
}

#[cfg(feature = "mock")]
impl Encode for OffsetFetchResponseTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("OffsetFetchResponseTopic.name", &self.name)?;
        w.array(
            "OffsetFetchResponseTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetFetchResponseTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("OffsetFetchResponseTopic.name")?;
        m.partitions = r.array("OffsetFetchResponseTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetFetchResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// Versions 5 to 7.
    pub committed_leader_epoch: i32,
    pub metadata: Option<String>,
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Default::default()),
            error_code: 0,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for OffsetFetchResponsePartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if version >= 5 {
            w.i32(self.committed_leader_epoch);
        }
        w.nullable_string(
            "OffsetFetchResponsePartition.metadata",
            true,
            self.metadata.as_deref(),
        )?;
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetFetchResponsePartition {
    const MIN_SIZE: usize = 16;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("OffsetFetchResponsePartition.partition_index")?;
        m.committed_offset = r.i64("OffsetFetchResponsePartition.committed_offset")?;
        if version >= 5 {
            m.committed_leader_epoch =
                r.i32("OffsetFetchResponsePartition.committed_leader_epoch")?;
        }
        m.metadata = r.nullable_string("OffsetFetchResponsePartition.metadata", true)?;
        m.error_code = r.i16("OffsetFetchResponsePartition.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetFetchResponse::groups`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseGroup {
    pub group_id: String,
    pub topics: Vec<OffsetFetchResponseTopics>,
    pub error_code: i16,
}

#[cfg(feature = "mock")]
impl Encode for OffsetFetchResponseGroup {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("OffsetFetchResponseGroup.group_id", &self.group_id)?;
        w.array("OffsetFetchResponseGroup.topics", &self.topics, version)?;
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetFetchResponseGroup {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.group_id = r.string("OffsetFetchResponseGroup.group_id")?;
        m.topics = r.array("OffsetFetchResponseGroup.topics", version)?;
        m.error_code = r.i16("OffsetFetchResponseGroup.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetFetchResponseGroup::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopics {
    /// Versions 8 to 9.
    pub name: String,
    /// Version 10.
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetFetchResponsePartitions>,
}

#[cfg(feature = "mock")]
impl Encode for OffsetFetchResponseTopics {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            w.string("OffsetFetchResponseTopics.name", &self.name)?;
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(
            "OffsetFetchResponseTopics.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetFetchResponseTopics {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 9 {
            m.name = r.string("OffsetFetchResponseTopics.name")?;
        }
        if version >= 10 {
            m.topic_id = r.uuid("OffsetFetchResponseTopics.topic_id")?;
        }
        m.partitions = r.array("OffsetFetchResponseTopics.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OffsetFetchResponseTopics::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartitions {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub metadata: Option<String>,
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartitions {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Default::default()),
            error_code: 0,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for OffsetFetchResponsePartitions {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        w.i32(self.committed_leader_epoch);
        w.nullable_string(
            "OffsetFetchResponsePartitions.metadata",
            true,
            self.metadata.as_deref(),
        )?;
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for OffsetFetchResponsePartitions {
    const MIN_SIZE: usize = 20;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("OffsetFetchResponsePartitions.partition_index")?;
        m.committed_offset = r.i64("OffsetFetchResponsePartitions.committed_offset")?;
        m.committed_leader_epoch = r.i32("OffsetFetchResponsePartitions.committed_leader_epoch")?;
        m.metadata = r.nullable_string("OffsetFetchResponsePartitions.metadata", true)?;
        m.error_code = r.i16("OffsetFetchResponsePartitions.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
