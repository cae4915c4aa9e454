//! `ListPartitionReassignments` (key 46): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ListPartitionReassignments` (key 46), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPartitionReassignmentsRequest {
    pub timeout_ms: i32,
    pub topics: Option<Vec<ListPartitionReassignmentsTopics>>,
}

impl Default for ListPartitionReassignmentsRequest {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            topics: None,
        }
    }
}

impl Request for ListPartitionReassignmentsRequest {
    const KEY: ApiKey = ApiKey::ListPartitionReassignments;
    type Response = ListPartitionReassignmentsResponse;
}

impl Encode for ListPartitionReassignmentsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ListPartitionReassignments,
            "ListPartitionReassignmentsRequest",
            version,
        )?;
        w.i32(self.timeout_ms);
        w.nullable_array(
            "ListPartitionReassignmentsRequest.topics",
            true,
            self.topics.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ListPartitionReassignmentsRequest {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ListPartitionReassignments,
            "ListPartitionReassignmentsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.timeout_ms = r.i32("ListPartitionReassignmentsRequest.timeout_ms")?;
        m.topics = r.nullable_array("ListPartitionReassignmentsRequest.topics", true, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ListPartitionReassignmentsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListPartitionReassignmentsTopics {
    pub name: String,
    pub partition_indexes: Vec<i32>,
}

impl Encode for ListPartitionReassignmentsTopics {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("ListPartitionReassignmentsTopics.name", &self.name)?;
        w.array(
            "ListPartitionReassignmentsTopics.partition_indexes",
            &self.partition_indexes,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ListPartitionReassignmentsTopics {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("ListPartitionReassignmentsTopics.name")?;
        m.partition_indexes = r.array(
            "ListPartitionReassignmentsTopics.partition_indexes",
            version,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ListPartitionReassignments` (key 46), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPartitionReassignmentsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub topics: Vec<OngoingTopicReassignment>,
}

impl Default for ListPartitionReassignmentsResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Default::default()),
            topics: Vec::default(),
        }
    }
}

impl Response for ListPartitionReassignmentsResponse {
    const KEY: ApiKey = ApiKey::ListPartitionReassignments;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ListPartitionReassignmentsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ListPartitionReassignments,
            "ListPartitionReassignmentsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "ListPartitionReassignmentsResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array(
            "ListPartitionReassignmentsResponse.topics",
            &self.topics,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ListPartitionReassignmentsResponse {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ListPartitionReassignments,
            "ListPartitionReassignmentsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("ListPartitionReassignmentsResponse.throttle_time_ms")?;
        m.error_code = r.i16("ListPartitionReassignmentsResponse.error_code")?;
        m.error_message =
            r.nullable_string("ListPartitionReassignmentsResponse.error_message", true)?;
        m.topics = r.array("ListPartitionReassignmentsResponse.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ListPartitionReassignmentsResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OngoingTopicReassignment {
    pub name: String,
    pub partitions: Vec<OngoingPartitionReassignment>,
}

#[cfg(feature = "mock")]
impl Encode for OngoingTopicReassignment {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("OngoingTopicReassignment.name", &self.name)?;
        w.array(
            "OngoingTopicReassignment.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for OngoingTopicReassignment {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("OngoingTopicReassignment.name")?;
        m.partitions = r.array("OngoingTopicReassignment.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`OngoingTopicReassignment::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OngoingPartitionReassignment {
    pub partition_index: i32,
    pub replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    pub removing_replicas: Vec<i32>,
}

#[cfg(feature = "mock")]
impl Encode for OngoingPartitionReassignment {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.array(
            "OngoingPartitionReassignment.replicas",
            &self.replicas,
            version,
        )?;
        w.array(
            "OngoingPartitionReassignment.adding_replicas",
            &self.adding_replicas,
            version,
        )?;
        w.array(
            "OngoingPartitionReassignment.removing_replicas",
            &self.removing_replicas,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for OngoingPartitionReassignment {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("OngoingPartitionReassignment.partition_index")?;
        m.replicas = r.array("OngoingPartitionReassignment.replicas", version)?;
        m.adding_replicas = r.array("OngoingPartitionReassignment.adding_replicas", version)?;
        m.removing_replicas = r.array("OngoingPartitionReassignment.removing_replicas", version)?;
        r.end_struct()?;
        Ok(m)
    }
}
