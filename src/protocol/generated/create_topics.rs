//! `CreateTopics` (key 19): versions 2 to 7. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `CreateTopics` (key 19), versions 2 to 7.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopicsRequest {
    pub topics: Vec<CreatableTopic>,
    pub timeout_ms: i32,
    pub validate_only: bool,
}

impl Default for CreateTopicsRequest {
    fn default() -> Self {
        Self {
            topics: Vec::default(),
            timeout_ms: 60000,
            validate_only: false,
        }
    }
}

impl Request for CreateTopicsRequest {
    const KEY: ApiKey = ApiKey::CreateTopics;
    type Response = CreateTopicsResponse;
}

impl Encode for CreateTopicsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::CreateTopics, "CreateTopicsRequest", version)?;
        w.array("CreateTopicsRequest.topics", &self.topics, version)?;
        w.i32(self.timeout_ms);
        w.bool(self.validate_only);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreateTopicsRequest {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::CreateTopics, "CreateTopicsRequest", version)?;
        let mut m = Self::default();
        m.topics = r.array("CreateTopicsRequest.topics", version)?;
        m.timeout_ms = r.i32("CreateTopicsRequest.timeout_ms")?;
        m.validate_only = r.bool("CreateTopicsRequest.validate_only")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreateTopicsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableTopic {
    pub name: String,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig>,
}

impl Encode for CreatableTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("CreatableTopic.name", &self.name)?;
        w.i32(self.num_partitions);
        w.i16(self.replication_factor);
        w.array("CreatableTopic.assignments", &self.assignments, version)?;
        w.array("CreatableTopic.configs", &self.configs, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreatableTopic {
    const MIN_SIZE: usize = 10;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("CreatableTopic.name")?;
        m.num_partitions = r.i32("CreatableTopic.num_partitions")?;
        m.replication_factor = r.i16("CreatableTopic.replication_factor")?;
        m.assignments = r.array("CreatableTopic.assignments", version)?;
        m.configs = r.array("CreatableTopic.configs", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreatableTopic::assignments`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableReplicaAssignment {
    pub partition_index: i32,
    pub broker_ids: Vec<i32>,
}

impl Encode for CreatableReplicaAssignment {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.array(
            "CreatableReplicaAssignment.broker_ids",
            &self.broker_ids,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreatableReplicaAssignment {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("CreatableReplicaAssignment.partition_index")?;
        m.broker_ids = r.array("CreatableReplicaAssignment.broker_ids", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreatableTopic::configs`].
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfig {
    pub name: String,
    pub value: Option<String>,
}

impl Default for CreatableTopicConfig {
    fn default() -> Self {
        Self {
            name: String::default(),
            value: Some(Default::default()),
        }
    }
}

impl Encode for CreatableTopicConfig {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("CreatableTopicConfig.name", &self.name)?;
        w.nullable_string("CreatableTopicConfig.value", true, self.value.as_deref())?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreatableTopicConfig {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("CreatableTopicConfig.name")?;
        m.value = r.nullable_string("CreatableTopicConfig.value", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `CreateTopics` (key 19), versions 2 to 7.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateTopicsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult>,
}

impl Response for CreateTopicsResponse {
    const KEY: ApiKey = ApiKey::CreateTopics;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for CreateTopicsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::CreateTopics, "CreateTopicsResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array("CreateTopicsResponse.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for CreateTopicsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::CreateTopics, "CreateTopicsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("CreateTopicsResponse.throttle_time_ms")?;
        m.topics = r.array("CreateTopicsResponse.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreateTopicsResponse::topics`].
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicResult {
    pub name: String,
    /// Version 7.
    pub topic_id: Uuid,
    pub error_code: i16,
    pub error_message: Option<String>,
    /// Versions 5 to 7.
    pub topic_config_error_code: i16,
    /// Versions 5 to 7.
    pub num_partitions: i32,
    /// Versions 5 to 7.
    pub replication_factor: i16,
    /// Versions 5 to 7.
    pub configs: Option<Vec<CreatableTopicConfigs>>,
}

impl Default for CreatableTopicResult {
    fn default() -> Self {
        Self {
            name: String::default(),
            topic_id: Uuid::default(),
            error_code: 0,
            error_message: Some(Default::default()),
            topic_config_error_code: 0,
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for CreatableTopicResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("CreatableTopicResult.name", &self.name)?;
        if version >= 7 {
            w.uuid(self.topic_id);
        }
        w.i16(self.error_code);
        w.nullable_string(
            "CreatableTopicResult.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        if version >= 5 {
            w.i32(self.num_partitions);
            w.i16(self.replication_factor);
            w.nullable_array(
                "CreatableTopicResult.configs",
                true,
                self.configs.as_deref(),
                version,
            )?;
        }
        let mut tags = w.tags();
        if version >= 5 && self.topic_config_error_code != 0 {
            tags.put(0, |w| {
                w.i16(self.topic_config_error_code);
                Ok(())
            })?;
        }
        tags.finish();
        Ok(())
    }
}

impl Decode for CreatableTopicResult {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("CreatableTopicResult.name")?;
        if version >= 7 {
            m.topic_id = r.uuid("CreatableTopicResult.topic_id")?;
        }
        m.error_code = r.i16("CreatableTopicResult.error_code")?;
        m.error_message = r.nullable_string("CreatableTopicResult.error_message", true)?;
        if version >= 5 {
            m.num_partitions = r.i32("CreatableTopicResult.num_partitions")?;
            m.replication_factor = r.i16("CreatableTopicResult.replication_factor")?;
            m.configs = r.nullable_array("CreatableTopicResult.configs", true, version)?;
        }
        r.tags(|tag, r| {
            match tag {
                0 if version >= 5 => {
                    m.topic_config_error_code =
                        r.i16("CreatableTopicResult.topic_config_error_code")?
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

/// In [`CreatableTopicResult::configs`].
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfigs {
    pub name: String,
    pub value: Option<String>,
    pub read_only: bool,
    pub config_source: i8,
    pub is_sensitive: bool,
}

impl Default for CreatableTopicConfigs {
    fn default() -> Self {
        Self {
            name: String::default(),
            value: Some(Default::default()),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for CreatableTopicConfigs {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("CreatableTopicConfigs.name", &self.name)?;
        w.nullable_string("CreatableTopicConfigs.value", true, self.value.as_deref())?;
        w.bool(self.read_only);
        w.i8(self.config_source);
        w.bool(self.is_sensitive);
        w.end_struct();
        Ok(())
    }
}

impl Decode for CreatableTopicConfigs {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("CreatableTopicConfigs.name")?;
        m.value = r.nullable_string("CreatableTopicConfigs.value", true)?;
        m.read_only = r.bool("CreatableTopicConfigs.read_only")?;
        m.config_source = r.i8("CreatableTopicConfigs.config_source")?;
        m.is_sensitive = r.bool("CreatableTopicConfigs.is_sensitive")?;
        r.end_struct()?;
        Ok(m)
    }
}
