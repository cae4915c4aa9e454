//! `Metadata` (key 3): versions 4 to 13. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `Metadata` (key 3), versions 4 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequest {
    pub topics: Option<Vec<MetadataRequestTopic>>,
    pub allow_auto_topic_creation: bool,
    /// Versions 8 to 10.
    pub include_cluster_authorized_operations: bool,
    /// Versions 8 to 13.
    pub include_topic_authorized_operations: bool,
}

impl Default for MetadataRequest {
    fn default() -> Self {
        Self {
            topics: Some(Default::default()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl Request for MetadataRequest {
    const KEY: ApiKey = ApiKey::Metadata;
    type Response = MetadataResponse;
}

impl Encode for MetadataRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::Metadata, "MetadataRequest", version)?;
        w.nullable_array(
            "MetadataRequest.topics",
            true,
            self.topics.as_deref(),
            version,
        )?;
        w.bool(self.allow_auto_topic_creation);
        if (8..=10).contains(&version) {
            w.bool(self.include_cluster_authorized_operations);
        } else {
            w.absent(
                "MetadataRequest.include_cluster_authorized_operations",
                !self.include_cluster_authorized_operations,
                version,
            )?;
        }
        if version >= 8 {
            w.bool(self.include_topic_authorized_operations);
        } else {
            w.absent(
                "MetadataRequest.include_topic_authorized_operations",
                !self.include_topic_authorized_operations,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for MetadataRequest {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::Metadata, "MetadataRequest", version)?;
        let mut m = Self::default();
        m.topics = r.nullable_array("MetadataRequest.topics", true, version)?;
        m.allow_auto_topic_creation = r.bool("MetadataRequest.allow_auto_topic_creation")?;
        if (8..=10).contains(&version) {
            m.include_cluster_authorized_operations =
                r.bool("MetadataRequest.include_cluster_authorized_operations")?;
        }
        if version >= 8 {
            m.include_topic_authorized_operations =
                r.bool("MetadataRequest.include_topic_authorized_operations")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`MetadataRequest::topics`].
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequestTopic {
    /// Versions 10 to 13.
    pub topic_id: Uuid,
    pub name: Option<String>,
}

impl Default for MetadataRequestTopic {
    fn default() -> Self {
        Self {
            topic_id: Uuid::default(),
            name: Some(Default::default()),
        }
    }
}

impl Encode for MetadataRequestTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.nullable_string(
            "MetadataRequestTopic.name",
            version >= 10,
            self.name.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for MetadataRequestTopic {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version >= 10 {
            m.topic_id = r.uuid("MetadataRequestTopic.topic_id")?;
        }
        m.name = r.nullable_string("MetadataRequestTopic.name", version >= 10)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `Metadata` (key 3), versions 4 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponse {
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker>,
    pub cluster_id: Option<String>,
    pub controller_id: i32,
    pub topics: Vec<MetadataResponseTopic>,
    /// Versions 8 to 10.
    pub cluster_authorized_operations: i32,
    /// Version 13.
    pub error_code: i16,
}

impl Default for MetadataResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            brokers: Vec::default(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::default(),
            cluster_authorized_operations: i32::MIN,
            error_code: 0,
        }
    }
}

impl Response for MetadataResponse {
    const KEY: ApiKey = ApiKey::Metadata;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for MetadataResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::Metadata, "MetadataResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array("MetadataResponse.brokers", &self.brokers, version)?;
        w.nullable_string(
            "MetadataResponse.cluster_id",
            true,
            self.cluster_id.as_deref(),
        )?;
        w.i32(self.controller_id);
        w.array("MetadataResponse.topics", &self.topics, version)?;
        if (8..=10).contains(&version) {
            w.i32(self.cluster_authorized_operations);
        } else {
            w.absent(
                "MetadataResponse.cluster_authorized_operations",
                self.cluster_authorized_operations == i32::MIN,
                version,
            )?;
        }
        if version >= 13 {
            w.i16(self.error_code);
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for MetadataResponse {
    const MIN_SIZE: usize = 12;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::Metadata, "MetadataResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("MetadataResponse.throttle_time_ms")?;
        m.brokers = r.array("MetadataResponse.brokers", version)?;
        m.cluster_id = r.nullable_string("MetadataResponse.cluster_id", true)?;
        m.controller_id = r.i32("MetadataResponse.controller_id")?;
        m.topics = r.array("MetadataResponse.topics", version)?;
        if (8..=10).contains(&version) {
            m.cluster_authorized_operations =
                r.i32("MetadataResponse.cluster_authorized_operations")?;
        }
        if version >= 13 {
            m.error_code = r.i16("MetadataResponse.error_code")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`MetadataResponse::brokers`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataResponseBroker {
    pub node_id: i32,
    pub host: String,
    pub port: i32,
    pub rack: Option<String>,
}

#[cfg(feature = "mock")]
impl Encode for MetadataResponseBroker {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.node_id);
        w.string("MetadataResponseBroker.host", &self.host)?;
        w.i32(self.port);
        w.nullable_string("MetadataResponseBroker.rack", true, self.rack.as_deref())?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for MetadataResponseBroker {
    const MIN_SIZE: usize = 11;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.node_id = r.i32("MetadataResponseBroker.node_id")?;
        m.host = r.string("MetadataResponseBroker.host")?;
        m.port = r.i32("MetadataResponseBroker.port")?;
        m.rack = r.nullable_string("MetadataResponseBroker.rack", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`MetadataResponse::topics`].
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponseTopic {
    pub error_code: i16,
    pub name: Option<String>,
    /// Versions 10 to 13.
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    /// Versions 8 to 13.
    pub topic_authorized_operations: i32,
}

impl Default for MetadataResponseTopic {
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
impl Encode for MetadataResponseTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.nullable_string(
            "MetadataResponseTopic.name",
            version >= 12,
            self.name.as_deref(),
        )?;
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.bool(self.is_internal);
        w.array(
            "MetadataResponseTopic.partitions",
            &self.partitions,
            version,
        )?;
        if version >= 8 {
            w.i32(self.topic_authorized_operations);
        } else {
            w.absent(
                "MetadataResponseTopic.topic_authorized_operations",
                self.topic_authorized_operations == i32::MIN,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for MetadataResponseTopic {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("MetadataResponseTopic.error_code")?;
        m.name = r.nullable_string("MetadataResponseTopic.name", version >= 12)?;
        if version >= 10 {
            m.topic_id = r.uuid("MetadataResponseTopic.topic_id")?;
        }
        m.is_internal = r.bool("MetadataResponseTopic.is_internal")?;
        m.partitions = r.array("MetadataResponseTopic.partitions", version)?;
        if version >= 8 {
            m.topic_authorized_operations =
                r.i32("MetadataResponseTopic.topic_authorized_operations")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`MetadataResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponsePartition {
    pub error_code: i16,
    pub partition_index: i32,
    pub leader_id: i32,
    /// Versions 7 to 13.
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    /// Versions 5 to 13.
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponsePartition {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::default(),
            isr_nodes: Vec::default(),
            offline_replicas: Vec::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for MetadataResponsePartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.i32(self.partition_index);
        w.i32(self.leader_id);
        if version >= 7 {
            w.i32(self.leader_epoch);
        }
        w.array(
            "MetadataResponsePartition.replica_nodes",
            &self.replica_nodes,
            version,
        )?;
        w.array(
            "MetadataResponsePartition.isr_nodes",
            &self.isr_nodes,
            version,
        )?;
        if version >= 5 {
            w.array(
                "MetadataResponsePartition.offline_replicas",
                &self.offline_replicas,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for MetadataResponsePartition {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("MetadataResponsePartition.error_code")?;
        m.partition_index = r.i32("MetadataResponsePartition.partition_index")?;
        m.leader_id = r.i32("MetadataResponsePartition.leader_id")?;
        if version >= 7 {
            m.leader_epoch = r.i32("MetadataResponsePartition.leader_epoch")?;
        }
        m.replica_nodes = r.array("MetadataResponsePartition.replica_nodes", version)?;
        m.isr_nodes = r.array("MetadataResponsePartition.isr_nodes", version)?;
        if version >= 5 {
            m.offline_replicas = r.array("MetadataResponsePartition.offline_replicas", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}
