//! `AlterReplicaLogDirs` (key 34): versions 1 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `AlterReplicaLogDirs` (key 34), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirsRequest {
    pub dirs: Vec<AlterReplicaLogDir>,
}

impl Request for AlterReplicaLogDirsRequest {
    const KEY: ApiKey = ApiKey::AlterReplicaLogDirs;
    type Response = AlterReplicaLogDirsResponse;
}

impl Encode for AlterReplicaLogDirsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterReplicaLogDirs,
            "AlterReplicaLogDirsRequest",
            version,
        )?;
        w.array("AlterReplicaLogDirsRequest.dirs", &self.dirs, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterReplicaLogDirsRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterReplicaLogDirs,
            "AlterReplicaLogDirsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.dirs = r.array("AlterReplicaLogDirsRequest.dirs", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterReplicaLogDirsRequest::dirs`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDir {
    pub path: String,
    pub topics: Vec<AlterReplicaLogDirTopic>,
}

impl Encode for AlterReplicaLogDir {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("AlterReplicaLogDir.path", &self.path)?;
        w.array("AlterReplicaLogDir.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterReplicaLogDir {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.path = r.string("AlterReplicaLogDir.path")?;
        m.topics = r.array("AlterReplicaLogDir.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterReplicaLogDir::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirTopic {
    pub name: String,
    pub partitions: Vec<i32>,
}

impl Encode for AlterReplicaLogDirTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("AlterReplicaLogDirTopic.name", &self.name)?;
        w.array(
            "AlterReplicaLogDirTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterReplicaLogDirTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("AlterReplicaLogDirTopic.name")?;
        m.partitions = r.array("AlterReplicaLogDirTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `AlterReplicaLogDirs` (key 34), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterReplicaLogDirTopicResult>,
}

impl Response for AlterReplicaLogDirsResponse {
    const KEY: ApiKey = ApiKey::AlterReplicaLogDirs;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for AlterReplicaLogDirsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterReplicaLogDirs,
            "AlterReplicaLogDirsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array(
            "AlterReplicaLogDirsResponse.results",
            &self.results,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterReplicaLogDirsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterReplicaLogDirs,
            "AlterReplicaLogDirsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("AlterReplicaLogDirsResponse.throttle_time_ms")?;
        m.results = r.array("AlterReplicaLogDirsResponse.results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterReplicaLogDirsResponse::results`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirTopicResult {
    pub topic_name: String,
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
}

#[cfg(feature = "mock")]
impl Encode for AlterReplicaLogDirTopicResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("AlterReplicaLogDirTopicResult.topic_name", &self.topic_name)?;
        w.array(
            "AlterReplicaLogDirTopicResult.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterReplicaLogDirTopicResult {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("AlterReplicaLogDirTopicResult.topic_name")?;
        m.partitions = r.array("AlterReplicaLogDirTopicResult.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterReplicaLogDirTopicResult::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirPartitionResult {
    pub partition_index: i32,
    pub error_code: i16,
}

#[cfg(feature = "mock")]
impl Encode for AlterReplicaLogDirPartitionResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterReplicaLogDirPartitionResult {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("AlterReplicaLogDirPartitionResult.partition_index")?;
        m.error_code = r.i16("AlterReplicaLogDirPartitionResult.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
