//! `DeleteTopics` (key 20): versions 1 to 6. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DeleteTopics` (key 20), versions 1 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsRequest {
    /// Version 6.
    pub topics: Vec<DeleteTopicState>,
    /// Versions 1 to 5.
    pub topic_names: Vec<String>,
    pub timeout_ms: i32,
}

impl Request for DeleteTopicsRequest {
    const KEY: ApiKey = ApiKey::DeleteTopics;
    type Response = DeleteTopicsResponse;
}

impl Encode for DeleteTopicsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DeleteTopics, "DeleteTopicsRequest", version)?;
        if version >= 6 {
            w.array("DeleteTopicsRequest.topics", &self.topics, version)?;
        } else {
            w.absent(
                "DeleteTopicsRequest.topics",
                self.topics.is_empty(),
                version,
            )?;
        }
        if version <= 5 {
            w.array(
                "DeleteTopicsRequest.topic_names",
                &self.topic_names,
                version,
            )?;
        }
        w.i32(self.timeout_ms);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteTopicsRequest {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DeleteTopics, "DeleteTopicsRequest", version)?;
        let mut m = Self::default();
        if version >= 6 {
            m.topics = r.array("DeleteTopicsRequest.topics", version)?;
        }
        if version <= 5 {
            m.topic_names = r.array("DeleteTopicsRequest.topic_names", version)?;
        }
        m.timeout_ms = r.i32("DeleteTopicsRequest.timeout_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteTopicsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicState {
    pub name: Option<String>,
    pub topic_id: Uuid,
}

impl Encode for DeleteTopicState {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.nullable_string("DeleteTopicState.name", true, self.name.as_deref())?;
        w.uuid(self.topic_id);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteTopicState {
    const MIN_SIZE: usize = 18;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.nullable_string("DeleteTopicState.name", true)?;
        m.topic_id = r.uuid("DeleteTopicState.topic_id")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DeleteTopics` (key 20), versions 1 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult>,
}

impl Response for DeleteTopicsResponse {
    const KEY: ApiKey = ApiKey::DeleteTopics;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DeleteTopicsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DeleteTopics, "DeleteTopicsResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array("DeleteTopicsResponse.responses", &self.responses, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteTopicsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DeleteTopics, "DeleteTopicsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DeleteTopicsResponse.throttle_time_ms")?;
        m.responses = r.array("DeleteTopicsResponse.responses", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteTopicsResponse::responses`].
#[derive(Clone, Debug, PartialEq)]
pub struct DeletableTopicResult {
    pub name: Option<String>,
    /// Version 6.
    pub topic_id: Uuid,
    pub error_code: i16,
    /// Versions 5 to 6.
    pub error_message: Option<String>,
}

impl Default for DeletableTopicResult {
    fn default() -> Self {
        Self {
            name: Some(Default::default()),
            topic_id: Uuid::default(),
            error_code: 0,
            error_message: None,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DeletableTopicResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.nullable_string(
            "DeletableTopicResult.name",
            version >= 6,
            self.name.as_deref(),
        )?;
        if version >= 6 {
            w.uuid(self.topic_id);
        }
        w.i16(self.error_code);
        if version >= 5 {
            w.nullable_string(
                "DeletableTopicResult.error_message",
                true,
                self.error_message.as_deref(),
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeletableTopicResult {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.nullable_string("DeletableTopicResult.name", version >= 6)?;
        if version >= 6 {
            m.topic_id = r.uuid("DeletableTopicResult.topic_id")?;
        }
        m.error_code = r.i16("DeletableTopicResult.error_code")?;
        if version >= 5 {
            m.error_message = r.nullable_string("DeletableTopicResult.error_message", true)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}
