//! `AlterPartitionReassignments` (key 45): versions 0 to 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `AlterPartitionReassignments` (key 45), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsRequest {
    pub timeout_ms: i32,
    /// Version 1.
    pub allow_replication_factor_change: bool,
    pub topics: Vec<ReassignableTopic>,
}

impl Default for AlterPartitionReassignmentsRequest {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            allow_replication_factor_change: true,
            topics: Vec::default(),
        }
    }
}

impl Request for AlterPartitionReassignmentsRequest {
    const KEY: ApiKey = ApiKey::AlterPartitionReassignments;
    type Response = AlterPartitionReassignmentsResponse;
}

impl Encode for AlterPartitionReassignmentsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterPartitionReassignments,
            "AlterPartitionReassignmentsRequest",
            version,
        )?;
        w.i32(self.timeout_ms);
        if version >= 1 {
            w.bool(self.allow_replication_factor_change);
        } else {
            w.absent(
                "AlterPartitionReassignmentsRequest.allow_replication_factor_change",
                self.allow_replication_factor_change,
                version,
            )?;
        }
        w.array(
            "AlterPartitionReassignmentsRequest.topics",
            &self.topics,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterPartitionReassignmentsRequest {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterPartitionReassignments,
            "AlterPartitionReassignmentsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.timeout_ms = r.i32("AlterPartitionReassignmentsRequest.timeout_ms")?;
        if version >= 1 {
            m.allow_replication_factor_change =
                r.bool("AlterPartitionReassignmentsRequest.allow_replication_factor_change")?;
        }
        m.topics = r.array("AlterPartitionReassignmentsRequest.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterPartitionReassignmentsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignableTopic {
    pub name: String,
    pub partitions: Vec<ReassignablePartition>,
}

impl Encode for ReassignableTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("ReassignableTopic.name", &self.name)?;
        w.array("ReassignableTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ReassignableTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("ReassignableTopic.name")?;
        m.partitions = r.array("ReassignableTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ReassignableTopic::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignablePartition {
    pub partition_index: i32,
    pub replicas: Option<Vec<i32>>,
}

impl Encode for ReassignablePartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.nullable_array(
            "ReassignablePartition.replicas",
            true,
            self.replicas.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ReassignablePartition {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("ReassignablePartition.partition_index")?;
        m.replicas = r.nullable_array("ReassignablePartition.replicas", true, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `AlterPartitionReassignments` (key 45), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsResponse {
    pub throttle_time_ms: i32,
    /// Version 1.
    pub allow_replication_factor_change: bool,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub responses: Vec<ReassignableTopicResponse>,
}

impl Default for AlterPartitionReassignmentsResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            allow_replication_factor_change: true,
            error_code: 0,
            error_message: Some(Default::default()),
            responses: Vec::default(),
        }
    }
}

impl Response for AlterPartitionReassignmentsResponse {
    const KEY: ApiKey = ApiKey::AlterPartitionReassignments;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for AlterPartitionReassignmentsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterPartitionReassignments,
            "AlterPartitionReassignmentsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        if version >= 1 {
            w.bool(self.allow_replication_factor_change);
        }
        w.i16(self.error_code);
        w.nullable_string(
            "AlterPartitionReassignmentsResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array(
            "AlterPartitionReassignmentsResponse.responses",
            &self.responses,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterPartitionReassignmentsResponse {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterPartitionReassignments,
            "AlterPartitionReassignmentsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("AlterPartitionReassignmentsResponse.throttle_time_ms")?;
        if version >= 1 {
            m.allow_replication_factor_change =
                r.bool("AlterPartitionReassignmentsResponse.allow_replication_factor_change")?;
        }
        m.error_code = r.i16("AlterPartitionReassignmentsResponse.error_code")?;
        m.error_message =
            r.nullable_string("AlterPartitionReassignmentsResponse.error_message", true)?;
        m.responses = r.array("AlterPartitionReassignmentsResponse.responses", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterPartitionReassignmentsResponse::responses`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignableTopicResponse {
    pub name: String,
    pub partitions: Vec<ReassignablePartitionResponse>,
}

#[cfg(feature = "mock")]
impl Encode for ReassignableTopicResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("ReassignableTopicResponse.name", &self.name)?;
        w.array(
            "ReassignableTopicResponse.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ReassignableTopicResponse {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("ReassignableTopicResponse.name")?;
        m.partitions = r.array("ReassignableTopicResponse.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ReassignableTopicResponse::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReassignablePartitionResponse {
    pub partition_index: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for ReassignablePartitionResponse {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            error_message: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for ReassignablePartitionResponse {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.nullable_string(
            "ReassignablePartitionResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ReassignablePartitionResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("ReassignablePartitionResponse.partition_index")?;
        m.error_code = r.i16("ReassignablePartitionResponse.error_code")?;
        m.error_message = r.nullable_string("ReassignablePartitionResponse.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
