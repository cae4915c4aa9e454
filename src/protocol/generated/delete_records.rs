//! `DeleteRecords` (key 21): versions 0 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DeleteRecords` (key 21), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsRequest {
    pub topics: Vec<DeleteRecordsTopic>,
    pub timeout_ms: i32,
}

impl Request for DeleteRecordsRequest {
    const KEY: ApiKey = ApiKey::DeleteRecords;
    type Response = DeleteRecordsResponse;
}

impl Encode for DeleteRecordsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DeleteRecords, "DeleteRecordsRequest", version)?;
        w.array("DeleteRecordsRequest.topics", &self.topics, version)?;
        w.i32(self.timeout_ms);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteRecordsRequest {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DeleteRecords, "DeleteRecordsRequest", version)?;
        let mut m = Self::default();
        m.topics = r.array("DeleteRecordsRequest.topics", version)?;
        m.timeout_ms = r.i32("DeleteRecordsRequest.timeout_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteRecordsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopic {
    pub name: String,
    pub partitions: Vec<DeleteRecordsPartition>,
}

impl Encode for DeleteRecordsTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("DeleteRecordsTopic.name", &self.name)?;
        w.array("DeleteRecordsTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteRecordsTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("DeleteRecordsTopic.name")?;
        m.partitions = r.array("DeleteRecordsTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteRecordsTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartition {
    pub partition_index: i32,
    pub offset: i64,
}

impl Encode for DeleteRecordsPartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.offset);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteRecordsPartition {
    const MIN_SIZE: usize = 12;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("DeleteRecordsPartition.partition_index")?;
        m.offset = r.i64("DeleteRecordsPartition.offset")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DeleteRecords` (key 21), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<DeleteRecordsTopicResult>,
}

impl Response for DeleteRecordsResponse {
    const KEY: ApiKey = ApiKey::DeleteRecords;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DeleteRecordsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DeleteRecords, "DeleteRecordsResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array("DeleteRecordsResponse.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteRecordsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DeleteRecords, "DeleteRecordsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DeleteRecordsResponse.throttle_time_ms")?;
        m.topics = r.array("DeleteRecordsResponse.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteRecordsResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopicResult {
    pub name: String,
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

#[cfg(feature = "mock")]
impl Encode for DeleteRecordsTopicResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("DeleteRecordsTopicResult.name", &self.name)?;
        w.array(
            "DeleteRecordsTopicResult.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteRecordsTopicResult {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("DeleteRecordsTopicResult.name")?;
        m.partitions = r.array("DeleteRecordsTopicResult.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteRecordsTopicResult::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartitionResult {
    pub partition_index: i32,
    pub low_watermark: i64,
    pub error_code: i16,
}

#[cfg(feature = "mock")]
impl Encode for DeleteRecordsPartitionResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.low_watermark);
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteRecordsPartitionResult {
    const MIN_SIZE: usize = 14;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("DeleteRecordsPartitionResult.partition_index")?;
        m.low_watermark = r.i64("DeleteRecordsPartitionResult.low_watermark")?;
        m.error_code = r.i16("DeleteRecordsPartitionResult.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
