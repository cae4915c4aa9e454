//! `DescribeQuorum` (key 55): versions 0 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeQuorum` (key 55), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeQuorumRequest {
    pub topics: Vec<RequestTopicData>,
}

impl Request for DescribeQuorumRequest {
    const KEY: ApiKey = ApiKey::DescribeQuorum;
    type Response = DescribeQuorumResponse;
}

impl Encode for DescribeQuorumRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeQuorum, "DescribeQuorumRequest", version)?;
        w.array("DescribeQuorumRequest.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeQuorumRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeQuorum, "DescribeQuorumRequest", version)?;
        let mut m = Self::default();
        m.topics = r.array("DescribeQuorumRequest.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeQuorumRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTopicData {
    pub topic_name: String,
    pub partitions: Vec<RequestPartitionData>,
}

impl Encode for RequestTopicData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("RequestTopicData.topic_name", &self.topic_name)?;
        w.array("RequestTopicData.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for RequestTopicData {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("RequestTopicData.topic_name")?;
        m.partitions = r.array("RequestTopicData.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`RequestTopicData::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPartitionData {
    pub partition_index: i32,
}

impl Encode for RequestPartitionData {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for RequestPartitionData {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("RequestPartitionData.partition_index")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeQuorum` (key 55), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeQuorumResponse {
    pub error_code: i16,
    /// Version 2.
    pub error_message: Option<String>,
    pub topics: Vec<ResponseTopicData>,
    /// Version 2.
    pub nodes: Vec<Node>,
}

impl Default for DescribeQuorumResponse {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Default::default()),
            topics: Vec::default(),
            nodes: Vec::default(),
        }
    }
}

impl Response for DescribeQuorumResponse {
    const KEY: ApiKey = ApiKey::DescribeQuorum;

    fn throttle_time(&self) -> Duration {
        Duration::ZERO
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeQuorumResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeQuorum, "DescribeQuorumResponse", version)?;
        w.i16(self.error_code);
        if version >= 2 {
            w.nullable_string(
                "DescribeQuorumResponse.error_message",
                true,
                self.error_message.as_deref(),
            )?;
        }
        w.array("DescribeQuorumResponse.topics", &self.topics, version)?;
        if version >= 2 {
            w.array("DescribeQuorumResponse.nodes", &self.nodes, version)?;
        } else {
            w.absent(
                "DescribeQuorumResponse.nodes",
                self.nodes.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeQuorumResponse {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeQuorum, "DescribeQuorumResponse", version)?;
        let mut m = Self::default();
        m.error_code = r.i16("DescribeQuorumResponse.error_code")?;
        if version >= 2 {
            m.error_message = r.nullable_string("DescribeQuorumResponse.error_message", true)?;
        }
        m.topics = r.array("DescribeQuorumResponse.topics", version)?;
        if version >= 2 {
            m.nodes = r.array("DescribeQuorumResponse.nodes", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeQuorumResponse::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTopicData {
    pub topic_name: String,
    pub partitions: Vec<ResponsePartitionData>,
}

#[cfg(feature = "mock")]
impl Encode for ResponseTopicData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("ResponseTopicData.topic_name", &self.topic_name)?;
        w.array("ResponseTopicData.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ResponseTopicData {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("ResponseTopicData.topic_name")?;
        m.partitions = r.array("ResponseTopicData.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ResponseTopicData::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    /// Version 2.
    pub error_message: Option<String>,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
}

impl Default for ResponsePartitionData {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            error_message: Some(Default::default()),
            leader_id: 0,
            leader_epoch: 0,
            high_watermark: 0,
            current_voters: Vec::default(),
            observers: Vec::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for ResponsePartitionData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        if version >= 2 {
            w.nullable_string(
                "ResponsePartitionData.error_message",
                true,
                self.error_message.as_deref(),
            )?;
        }
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.i64(self.high_watermark);
        w.array(
            "ResponsePartitionData.current_voters",
            &self.current_voters,
            version,
        )?;
        w.array("ResponsePartitionData.observers", &self.observers, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ResponsePartitionData {
    const MIN_SIZE: usize = 25;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("ResponsePartitionData.partition_index")?;
        m.error_code = r.i16("ResponsePartitionData.error_code")?;
        if version >= 2 {
            m.error_message = r.nullable_string("ResponsePartitionData.error_message", true)?;
        }
        m.leader_id = r.i32("ResponsePartitionData.leader_id")?;
        m.leader_epoch = r.i32("ResponsePartitionData.leader_epoch")?;
        m.high_watermark = r.i64("ResponsePartitionData.high_watermark")?;
        m.current_voters = r.array("ResponsePartitionData.current_voters", version)?;
        m.observers = r.array("ResponsePartitionData.observers", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ResponsePartitionData::current_voters`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    pub replica_id: i32,
    /// Version 2.
    pub replica_directory_id: Uuid,
    pub log_end_offset: i64,
    /// Versions 1 to 2.
    pub last_fetch_timestamp: i64,
    /// Versions 1 to 2.
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: 0,
            replica_directory_id: Uuid::default(),
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for ReplicaState {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.replica_id);
        if version >= 2 {
            w.uuid(self.replica_directory_id);
        } else {
            w.absent(
                "ReplicaState.replica_directory_id",
                self.replica_directory_id.is_zero(),
                version,
            )?;
        }
        w.i64(self.log_end_offset);
        if version >= 1 {
            w.i64(self.last_fetch_timestamp);
            w.i64(self.last_caught_up_timestamp);
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for ReplicaState {
    const MIN_SIZE: usize = 13;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.replica_id = r.i32("ReplicaState.replica_id")?;
        if version >= 2 {
            m.replica_directory_id = r.uuid("ReplicaState.replica_directory_id")?;
        }
        m.log_end_offset = r.i64("ReplicaState.log_end_offset")?;
        if version >= 1 {
            m.last_fetch_timestamp = r.i64("ReplicaState.last_fetch_timestamp")?;
            m.last_caught_up_timestamp = r.i64("ReplicaState.last_caught_up_timestamp")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeQuorumResponse::nodes`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    pub node_id: i32,
    pub listeners: Vec<Listener>,
}

#[cfg(feature = "mock")]
impl Encode for Node {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.node_id);
        w.array("Node.listeners", &self.listeners, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for Node {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.node_id = r.i32("Node.node_id")?;
        m.listeners = r.array("Node.listeners", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`Node::listeners`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener {
    pub name: String,
    pub host: String,
    pub port: u16,
}

#[cfg(feature = "mock")]
impl Encode for Listener {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("Listener.name", &self.name)?;
        w.string("Listener.host", &self.host)?;
        w.u16(self.port);
        w.end_struct();
        Ok(())
    }
}

impl Decode for Listener {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("Listener.name")?;
        m.host = r.string("Listener.host")?;
        m.port = r.u16("Listener.port")?;
        r.end_struct()?;
        Ok(m)
    }
}
