//! `DescribeLogDirs` (key 35): versions 1 to 5. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeLogDirs` (key 35), versions 1 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsRequest {
    pub topics: Option<Vec<DescribableLogDirTopic>>,
}

impl Default for DescribeLogDirsRequest {
    fn default() -> Self {
        Self {
            topics: Some(Default::default()),
        }
    }
}

impl Request for DescribeLogDirsRequest {
    const KEY: ApiKey = ApiKey::DescribeLogDirs;
    type Response = DescribeLogDirsResponse;
}

impl Encode for DescribeLogDirsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeLogDirs, "DescribeLogDirsRequest", version)?;
        w.nullable_array(
            "DescribeLogDirsRequest.topics",
            true,
            self.topics.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeLogDirsRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeLogDirs, "DescribeLogDirsRequest", version)?;
        let mut m = Self::default();
        m.topics = r.nullable_array("DescribeLogDirsRequest.topics", true, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeLogDirsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribableLogDirTopic {
    pub topic: String,
    pub partitions: Vec<i32>,
}

impl Encode for DescribableLogDirTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("DescribableLogDirTopic.topic", &self.topic)?;
        w.array(
            "DescribableLogDirTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribableLogDirTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string("DescribableLogDirTopic.topic")?;
        m.partitions = r.array("DescribableLogDirTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeLogDirs` (key 35), versions 1 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsResponse {
    pub throttle_time_ms: i32,
    /// Versions 3 to 5.
    pub error_code: i16,
    pub results: Vec<DescribeLogDirsResult>,
}

impl Response for DescribeLogDirsResponse {
    const KEY: ApiKey = ApiKey::DescribeLogDirs;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeLogDirsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeLogDirs, "DescribeLogDirsResponse", version)?;
        w.i32(self.throttle_time_ms);
        if version >= 3 {
            w.i16(self.error_code);
        }
        w.array("DescribeLogDirsResponse.results", &self.results, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeLogDirsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeLogDirs, "DescribeLogDirsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeLogDirsResponse.throttle_time_ms")?;
        if version >= 3 {
            m.error_code = r.i16("DescribeLogDirsResponse.error_code")?;
        }
        m.results = r.array("DescribeLogDirsResponse.results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeLogDirsResponse::results`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsResult {
    pub error_code: i16,
    pub log_dir: String,
    pub topics: Vec<DescribeLogDirsTopic>,
    /// Versions 4 to 5.
    pub total_bytes: i64,
    /// Versions 4 to 5.
    pub usable_bytes: i64,
    /// Version 5.
    pub is_cordoned: bool,
}

impl Default for DescribeLogDirsResult {
    fn default() -> Self {
        Self {
            error_code: 0,
            log_dir: String::default(),
            topics: Vec::default(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeLogDirsResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.string("DescribeLogDirsResult.log_dir", &self.log_dir)?;
        w.array("DescribeLogDirsResult.topics", &self.topics, version)?;
        if version >= 4 {
            w.i64(self.total_bytes);
            w.i64(self.usable_bytes);
        }
        if version >= 5 {
            w.bool(self.is_cordoned);
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeLogDirsResult {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("DescribeLogDirsResult.error_code")?;
        m.log_dir = r.string("DescribeLogDirsResult.log_dir")?;
        m.topics = r.array("DescribeLogDirsResult.topics", version)?;
        if version >= 4 {
            m.total_bytes = r.i64("DescribeLogDirsResult.total_bytes")?;
            m.usable_bytes = r.i64("DescribeLogDirsResult.usable_bytes")?;
        }
        if version >= 5 {
            m.is_cordoned = r.bool("DescribeLogDirsResult.is_cordoned")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeLogDirsResult::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsTopic {
    pub name: String,
    pub partitions: Vec<DescribeLogDirsPartition>,
}

#[cfg(feature = "mock")]
impl Encode for DescribeLogDirsTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("DescribeLogDirsTopic.name", &self.name)?;
        w.array("DescribeLogDirsTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeLogDirsTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("DescribeLogDirsTopic.name")?;
        m.partitions = r.array("DescribeLogDirsTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeLogDirsTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    pub partition_size: i64,
    pub offset_lag: i64,
    pub is_future_key: bool,
}

#[cfg(feature = "mock")]
impl Encode for DescribeLogDirsPartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.partition_size);
        w.i64(self.offset_lag);
        w.bool(self.is_future_key);
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeLogDirsPartition {
    const MIN_SIZE: usize = 21;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("DescribeLogDirsPartition.partition_index")?;
        m.partition_size = r.i64("DescribeLogDirsPartition.partition_size")?;
        m.offset_lag = r.i64("DescribeLogDirsPartition.offset_lag")?;
        m.is_future_key = r.bool("DescribeLogDirsPartition.is_future_key")?;
        r.end_struct()?;
        Ok(m)
    }
}
