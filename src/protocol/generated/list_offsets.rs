//! `ListOffsets` (key 2): versions 1 to 11. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ListOffsets` (key 2), versions 1 to 11.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsRequest {
    pub replica_id: i32,
    /// Versions 2 to 11.
    pub isolation_level: i8,
    pub topics: Vec<ListOffsetsTopic>,
    /// Versions 10 to 11.
    pub timeout_ms: i32,
}

impl Request for ListOffsetsRequest {
    const KEY: ApiKey = ApiKey::ListOffsets;
    type Response = ListOffsetsResponse;
}

impl Encode for ListOffsetsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ListOffsets, "ListOffsetsRequest", version)?;
        w.i32(self.replica_id);
        if version >= 2 {
            w.i8(self.isolation_level);
        } else {
            w.absent(
                "ListOffsetsRequest.isolation_level",
                self.isolation_level == 0,
                version,
            )?;
        }
        w.array("ListOffsetsRequest.topics", &self.topics, version)?;
        if version >= 10 {
            w.i32(self.timeout_ms);
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ListOffsetsRequest {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ListOffsets, "ListOffsetsRequest", version)?;
        let mut m = Self::default();
        m.replica_id = r.i32("ListOffsetsRequest.replica_id")?;
        if version >= 2 {
            m.isolation_level = r.i8("ListOffsetsRequest.isolation_level")?;
        }
        m.topics = r.array("ListOffsetsRequest.topics", version)?;
        if version >= 10 {
            m.timeout_ms = r.i32("ListOffsetsRequest.timeout_ms")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ListOffsetsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopic {
    pub name: String,
    pub partitions: Vec<ListOffsetsPartition>,
}

impl Encode for ListOffsetsTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("ListOffsetsTopic.name", &self.name)?;
        w.array("ListOffsetsTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ListOffsetsTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("ListOffsetsTopic.name")?;
        m.partitions = r.array("ListOffsetsTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ListOffsetsTopic::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartition {
    pub partition_index: i32,
    /// Versions 4 to 11.
    pub current_leader_epoch: i32,
    pub timestamp: i64,
}

impl Default for ListOffsetsPartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            current_leader_epoch: -1,
            timestamp: 0,
        }
    }
}

impl Encode for ListOffsetsPartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        if version >= 4 {
            w.i32(self.current_leader_epoch);
        }
        w.i64(self.timestamp);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ListOffsetsPartition {
    const MIN_SIZE: usize = 12;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("ListOffsetsPartition.partition_index")?;
        if version >= 4 {
            m.current_leader_epoch = r.i32("ListOffsetsPartition.current_leader_epoch")?;
        }
        m.timestamp = r.i64("ListOffsetsPartition.timestamp")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ListOffsets` (key 2), versions 1 to 11.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsResponse {
    /// Versions 2 to 11.
    pub throttle_time_ms: i32,
    pub topics: Vec<ListOffsetsTopicResponse>,
}

impl Response for ListOffsetsResponse {
    const KEY: ApiKey = ApiKey::ListOffsets;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ListOffsetsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ListOffsets, "ListOffsetsResponse", version)?;
        if version >= 2 {
            w.i32(self.throttle_time_ms);
        }
        w.array("ListOffsetsResponse.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ListOffsetsResponse {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ListOffsets, "ListOffsetsResponse", version)?;
        let mut m = Self::default();
        if version >= 2 {
            m.throttle_time_ms = r.i32("ListOffsetsResponse.throttle_time_ms")?;
        }
        m.topics = r.array("ListOffsetsResponse.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ListOffsetsResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopicResponse {
    pub name: String,
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

#[cfg(feature = "mock")]
impl Encode for ListOffsetsTopicResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("ListOffsetsTopicResponse.name", &self.name)?;
        w.array(
            "ListOffsetsTopicResponse.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ListOffsetsTopicResponse {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("ListOffsetsTopicResponse.name")?;
        m.partitions = r.array("ListOffsetsTopicResponse.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ListOffsetsTopicResponse::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartitionResponse {
    pub partition_index: i32,
    pub error_code: i16,
    pub timestamp: i64,
    pub offset: i64,
    /// Versions 4 to 11.
    pub leader_epoch: i32,
}

impl Default for ListOffsetsPartitionResponse {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            timestamp: -1,
            offset: -1,
            leader_epoch: -1,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for ListOffsetsPartitionResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.i64(self.timestamp);
        w.i64(self.offset);
        if version >= 4 {
            w.i32(self.leader_epoch);
        } else {
            w.absent(
                "ListOffsetsPartitionResponse.leader_epoch",
                self.leader_epoch == -1,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for ListOffsetsPartitionResponse {
    const MIN_SIZE: usize = 22;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("ListOffsetsPartitionResponse.partition_index")?;
        m.error_code = r.i16("ListOffsetsPartitionResponse.error_code")?;
        m.timestamp = r.i64("ListOffsetsPartitionResponse.timestamp")?;
        m.offset = r.i64("ListOffsetsPartitionResponse.offset")?;
        if version >= 4 {
            m.leader_epoch = r.i32("ListOffsetsPartitionResponse.leader_epoch")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}
