//! `DeleteShareGroupOffsets` (key 92): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DeleteShareGroupOffsets` (key 92), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequest {
    pub group_id: String,
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic>,
}

impl Request for DeleteShareGroupOffsetsRequest {
    const KEY: ApiKey = ApiKey::DeleteShareGroupOffsets;
    type Response = DeleteShareGroupOffsetsResponse;
}

impl Encode for DeleteShareGroupOffsetsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DeleteShareGroupOffsets,
            "DeleteShareGroupOffsetsRequest",
            version,
        )?;
        w.string("DeleteShareGroupOffsetsRequest.group_id", &self.group_id)?;
        w.array(
            "DeleteShareGroupOffsetsRequest.topics",
            &self.topics,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteShareGroupOffsetsRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DeleteShareGroupOffsets,
            "DeleteShareGroupOffsetsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.group_id = r.string("DeleteShareGroupOffsetsRequest.group_id")?;
        m.topics = r.array("DeleteShareGroupOffsetsRequest.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteShareGroupOffsetsRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequestTopic {
    pub topic_name: String,
}

impl Encode for DeleteShareGroupOffsetsRequestTopic {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(
            "DeleteShareGroupOffsetsRequestTopic.topic_name",
            &self.topic_name,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteShareGroupOffsetsRequestTopic {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("DeleteShareGroupOffsetsRequestTopic.topic_name")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DeleteShareGroupOffsets` (key 92), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub responses: Vec<DeleteShareGroupOffsetsResponseTopic>,
}

impl Response for DeleteShareGroupOffsetsResponse {
    const KEY: ApiKey = ApiKey::DeleteShareGroupOffsets;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DeleteShareGroupOffsetsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DeleteShareGroupOffsets,
            "DeleteShareGroupOffsetsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "DeleteShareGroupOffsetsResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array(
            "DeleteShareGroupOffsetsResponse.responses",
            &self.responses,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteShareGroupOffsetsResponse {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DeleteShareGroupOffsets,
            "DeleteShareGroupOffsetsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DeleteShareGroupOffsetsResponse.throttle_time_ms")?;
        m.error_code = r.i16("DeleteShareGroupOffsetsResponse.error_code")?;
        m.error_message =
            r.nullable_string("DeleteShareGroupOffsetsResponse.error_message", true)?;
        m.responses = r.array("DeleteShareGroupOffsetsResponse.responses", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteShareGroupOffsetsResponse::responses`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsResponseTopic {
    pub topic_name: String,
    pub topic_id: Uuid,
    pub error_code: i16,
    pub error_message: Option<String>,
}

#[cfg(feature = "mock")]
impl Encode for DeleteShareGroupOffsetsResponseTopic {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(
            "DeleteShareGroupOffsetsResponseTopic.topic_name",
            &self.topic_name,
        )?;
        w.uuid(self.topic_id);
        w.i16(self.error_code);
        w.nullable_string(
            "DeleteShareGroupOffsetsResponseTopic.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteShareGroupOffsetsResponseTopic {
    const MIN_SIZE: usize = 21;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string("DeleteShareGroupOffsetsResponseTopic.topic_name")?;
        m.topic_id = r.uuid("DeleteShareGroupOffsetsResponseTopic.topic_id")?;
        m.error_code = r.i16("DeleteShareGroupOffsetsResponseTopic.error_code")?;
        m.error_message =
            r.nullable_string("DeleteShareGroupOffsetsResponseTopic.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
