//! `OffsetDelete` (key 47): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `OffsetDelete` (key 47), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequest {
    pub group_id: String,
    pub topics: Vec<OffsetDeleteRequestTopic>,
}

impl Request for OffsetDeleteRequest {
    const KEY: ApiKey = ApiKey::OffsetDelete;
    type Response = OffsetDeleteResponse;
}

impl Encode for OffsetDeleteRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::OffsetDelete, "OffsetDeleteRequest", version)?;
        w.string("OffsetDeleteRequest.group_id", &self.group_id)?;
        w.array("OffsetDeleteRequest.topics", &self.topics, version)?;
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetDeleteRequest {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::OffsetDelete, "OffsetDeleteRequest", version)?;
        let mut m = Self::default();
        m.group_id = r.string("OffsetDeleteRequest.group_id")?;
        m.topics = r.array("OffsetDeleteRequest.topics", version)?;
        Ok(m)
    }
}

/// In [`OffsetDeleteRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestTopic {
    pub name: String,
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

impl Encode for OffsetDeleteRequestTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("OffsetDeleteRequestTopic.name", &self.name)?;
        w.array(
            "OffsetDeleteRequestTopic.partitions",
            &self.partitions,
            version,
        )?;
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetDeleteRequestTopic {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("OffsetDeleteRequestTopic.name")?;
        m.partitions = r.array("OffsetDeleteRequestTopic.partitions", version)?;
        Ok(m)
    }
}

/// In [`OffsetDeleteRequestTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestPartition {
    pub partition_index: i32,
}

impl Encode for OffsetDeleteRequestPartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OffsetDeleteRequestPartition {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("OffsetDeleteRequestPartition.partition_index")?;
        Ok(m)
    }
}

/// The response of `OffsetDelete` (key 47), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponse {
    pub error_code: i16,
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetDeleteResponseTopic>,
}

impl Response for OffsetDeleteResponse {
    const KEY: ApiKey = ApiKey::OffsetDelete;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for OffsetDeleteResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::OffsetDelete, "OffsetDeleteResponse", version)?;
        w.i16(self.error_code);
        w.i32(self.throttle_time_ms);
        w.array("OffsetDeleteResponse.topics", &self.topics, version)?;
        Ok(())
    }
}

impl Decode for OffsetDeleteResponse {
    const MIN_SIZE: usize = 10;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::OffsetDelete, "OffsetDeleteResponse", version)?;
        let mut m = Self::default();
        m.error_code = r.i16("OffsetDeleteResponse.error_code")?;
        m.throttle_time_ms = r.i32("OffsetDeleteResponse.throttle_time_ms")?;
        m.topics = r.array("OffsetDeleteResponse.topics", version)?;
        Ok(m)
    }
}

/// In [`OffsetDeleteResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponseTopic {
    pub name: String,
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

#[cfg(feature = "mock")]
impl Encode for OffsetDeleteResponseTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("OffsetDeleteResponseTopic.name", &self.name)?;
        w.array(
            "OffsetDeleteResponseTopic.partitions",
            &self.partitions,
            version,
        )?;
        Ok(())
    }
}

impl Decode for OffsetDeleteResponseTopic {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("OffsetDeleteResponseTopic.name")?;
        m.partitions = r.array("OffsetDeleteResponseTopic.partitions", version)?;
        Ok(m)
    }
}

/// In [`OffsetDeleteResponseTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
}

#[cfg(feature = "mock")]
impl Encode for OffsetDeleteResponsePartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        Ok(())
    }
}

impl Decode for OffsetDeleteResponsePartition {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("OffsetDeleteResponsePartition.partition_index")?;
        m.error_code = r.i16("OffsetDeleteResponsePartition.error_code")?;
        Ok(m)
    }
}
