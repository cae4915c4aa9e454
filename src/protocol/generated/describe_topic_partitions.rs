//! `DescribeTopicPartitions` (key 75): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeTopicPartitions` (key 75), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsRequest {
    pub topics: Vec<TopicRequest>,
    pub response_partition_limit: i32,
    pub cursor: Option<RequestCursor>,
}

impl Default for DescribeTopicPartitionsRequest {
    fn default() -> Self {
        Self {
            topics: Vec::default(),
            response_partition_limit: 2000,
            cursor: None,
        }
    }
}

impl Request for DescribeTopicPartitionsRequest {
    const KEY: ApiKey = ApiKey::DescribeTopicPartitions;
    type Response = DescribeTopicPartitionsResponse;
}

impl Encode for DescribeTopicPartitionsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeTopicPartitions,
            "DescribeTopicPartitionsRequest",
            version,
        )?;
        w.array(
            "DescribeTopicPartitionsRequest.topics",
            &self.topics,
            version,
        )?;
        w.i32(self.response_partition_limit);
        w.nullable_struct(self.cursor.as_ref(), version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeTopicPartitionsRequest {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeTopicPartitions,
            "DescribeTopicPartitionsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.topics = r.array("DescribeTopicPartitionsRequest.topics", version)?;
        m.response_partition_limit =
            r.i32("DescribeTopicPartitionsRequest.response_partition_limit")?;
        m.cursor = r.nullable_struct("DescribeTopicPartitionsRequest.cursor", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeTopicPartitionsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRequest {
    pub name: String,
}

impl Encode for TopicRequest {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("TopicRequest.name", &self.name)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for TopicRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("TopicRequest.name")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeTopicPartitionsRequest::cursor`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestCursor {
    pub topic_name: String,
    pub partition_index: i32,
}

impl Encode for RequestCursor {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("RequestCursor.topic_name", &self.topic_name)?;
        w.i32(self.partition_index);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for RequestCursor {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("RequestCursor.topic_name")?;
        m.partition_index = r.i32("RequestCursor.partition_index")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeTopicPartitions` (key 75), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTopicPartitionsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    pub next_cursor: Option<ResponseCursor>,
}

impl Response for DescribeTopicPartitionsResponse {
    const KEY: ApiKey = ApiKey::DescribeTopicPartitions;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeTopicPartitionsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeTopicPartitions,
            "DescribeTopicPartitionsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array(
            "DescribeTopicPartitionsResponse.topics",
            &self.topics,
            version,
        )?;
        w.nullable_struct(self.next_cursor.as_ref(), version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeTopicPartitionsResponse {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeTopicPartitions,
            "DescribeTopicPartitionsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeTopicPartitionsResponse.throttle_time_ms")?;
        m.topics = r.array("DescribeTopicPartitionsResponse.topics", version)?;
        m.next_cursor =
            r.nullable_struct("DescribeTopicPartitionsResponse.next_cursor", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeTopicPartitionsResponse::topics`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponseTopic {
    pub error_code: i16,
    pub name: Option<String>,
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    pub topic_authorized_operations: i32,
}

impl Default for DescribeTopicPartitionsResponseTopic {
    fn default() -> Self {
        Self {
            error_code: 0,
            name: Some(Default::default()),
            topic_id: Uuid::default(),
            is_internal: false,
            partitions: Vec::default(),
            topic_authorized_operations: i32::MIN,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeTopicPartitionsResponseTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.nullable_string(
            "DescribeTopicPartitionsResponseTopic.name",
            true,
            self.name.as_deref(),
        )?;
        w.uuid(self.topic_id);
        w.bool(self.is_internal);
        w.array(
            "DescribeTopicPartitionsResponseTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.i32(self.topic_authorized_operations);
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeTopicPartitionsResponseTopic {
    const MIN_SIZE: usize = 26;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("DescribeTopicPartitionsResponseTopic.error_code")?;
        m.name = r.nullable_string("DescribeTopicPartitionsResponseTopic.name", true)?;
        m.topic_id = r.uuid("DescribeTopicPartitionsResponseTopic.topic_id")?;
        m.is_internal = r.bool("DescribeTopicPartitionsResponseTopic.is_internal")?;
        m.partitions = r.array("DescribeTopicPartitionsResponseTopic.partitions", version)?;
        m.topic_authorized_operations =
            r.i32("DescribeTopicPartitionsResponseTopic.topic_authorized_operations")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeTopicPartitionsResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: i16,
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    pub eligible_leader_replicas: Option<Vec<i32>>,
    pub last_known_elr: Option<Vec<i32>>,
    pub offline_replicas: Vec<i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::default(),
            isr_nodes: Vec::default(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeTopicPartitionsResponsePartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.i32(self.partition_index);
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.array(
            "DescribeTopicPartitionsResponsePartition.replica_nodes",
            &self.replica_nodes,
            version,
        )?;
        w.array(
            "DescribeTopicPartitionsResponsePartition.isr_nodes",
            &self.isr_nodes,
            version,
        )?;
        w.nullable_array(
            "DescribeTopicPartitionsResponsePartition.eligible_leader_replicas",
            true,
            self.eligible_leader_replicas.as_deref(),
            version,
        )?;
        w.nullable_array(
            "DescribeTopicPartitionsResponsePartition.last_known_elr",
            true,
            self.last_known_elr.as_deref(),
            version,
        )?;
        w.array(
            "DescribeTopicPartitionsResponsePartition.offline_replicas",
            &self.offline_replicas,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeTopicPartitionsResponsePartition {
    const MIN_SIZE: usize = 20;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("DescribeTopicPartitionsResponsePartition.error_code")?;
        m.partition_index = r.i32("DescribeTopicPartitionsResponsePartition.partition_index")?;
        m.leader_id = r.i32("DescribeTopicPartitionsResponsePartition.leader_id")?;
        m.leader_epoch = r.i32("DescribeTopicPartitionsResponsePartition.leader_epoch")?;
        m.replica_nodes = r.array(
            "DescribeTopicPartitionsResponsePartition.replica_nodes",
            version,
        )?;
        m.isr_nodes = r.array(
            "DescribeTopicPartitionsResponsePartition.isr_nodes",
            version,
        )?;
        m.eligible_leader_replicas = r.nullable_array(
            "DescribeTopicPartitionsResponsePartition.eligible_leader_replicas",
            true,
            version,
        )?;
        m.last_known_elr = r.nullable_array(
            "DescribeTopicPartitionsResponsePartition.last_known_elr",
            true,
            version,
        )?;
        m.offline_replicas = r.array(
            "DescribeTopicPartitionsResponsePartition.offline_replicas",
            version,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeTopicPartitionsResponse::next_cursor`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseCursor {
    pub topic_name: String,
    pub partition_index: i32,
}

#[cfg(feature = "mock")]
impl Encode for ResponseCursor {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("ResponseCursor.topic_name", &self.topic_name)?;
        w.i32(self.partition_index);
        w.end_struct();
        Ok(())
    }
}

impl Decode for ResponseCursor {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("ResponseCursor.topic_name")?;
        m.partition_index = r.i32("ResponseCursor.partition_index")?;
        r.end_struct()?;
        Ok(m)
    }
}
