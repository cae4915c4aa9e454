//! `CreatePartitions` (key 37): versions 0 to 3. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `CreatePartitions` (key 37), versions 0 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsRequest {
    pub topics: Vec<CreatePartitionsTopic>,
    pub timeout_ms: i32,
    pub validate_only: bool,
}

impl Request for CreatePartitionsRequest {
    const KEY: ApiKey = ApiKey::CreatePartitions;
    type Response = CreatePartitionsResponse;
}

impl Encode for CreatePartitionsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::CreatePartitions, "CreatePartitionsRequest", version)?;
        w.array("CreatePartitionsRequest.topics", &self.topics, version)?;
        w.i32(self.timeout_ms);
        w.bool(self.validate_only);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreatePartitionsRequest {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::CreatePartitions, "CreatePartitionsRequest", version)?;
        let mut m = Self::default();
        m.topics = r.array("CreatePartitionsRequest.topics", version)?;
        m.timeout_ms = r.i32("CreatePartitionsRequest.timeout_ms")?;
        m.validate_only = r.bool("CreatePartitionsRequest.validate_only")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreatePartitionsRequest::topics`].
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePartitionsTopic {
    pub name: String,
    pub count: i32,
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

impl Default for CreatePartitionsTopic {
    fn default() -> Self {
        Self {
            name: String::default(),
            count: 0,
            assignments: Some(Default::default()),
        }
    }
}

impl Encode for CreatePartitionsTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("CreatePartitionsTopic.name", &self.name)?;
        w.i32(self.count);
        w.nullable_array(
            "CreatePartitionsTopic.assignments",
            true,
            self.assignments.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreatePartitionsTopic {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("CreatePartitionsTopic.name")?;
        m.count = r.i32("CreatePartitionsTopic.count")?;
        m.assignments = r.nullable_array("CreatePartitionsTopic.assignments", true, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreatePartitionsTopic::assignments`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsAssignment {
    pub broker_ids: Vec<i32>,
}

impl Encode for CreatePartitionsAssignment {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.array(
            "CreatePartitionsAssignment.broker_ids",
            &self.broker_ids,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreatePartitionsAssignment {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.broker_ids = r.array("CreatePartitionsAssignment.broker_ids", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `CreatePartitions` (key 37), versions 0 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<CreatePartitionsTopicResult>,
}

impl Response for CreatePartitionsResponse {
    const KEY: ApiKey = ApiKey::CreatePartitions;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for CreatePartitionsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::CreatePartitions,
            "CreatePartitionsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array("CreatePartitionsResponse.results", &self.results, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for CreatePartitionsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::CreatePartitions,
            "CreatePartitionsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("CreatePartitionsResponse.throttle_time_ms")?;
        m.results = r.array("CreatePartitionsResponse.results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreatePartitionsResponse::results`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsTopicResult {
    pub name: String,
    pub error_code: i16,
    pub error_message: Option<String>,
}

#[cfg(feature = "mock")]
impl Encode for CreatePartitionsTopicResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("CreatePartitionsTopicResult.name", &self.name)?;
        w.i16(self.error_code);
        w.nullable_string(
            "CreatePartitionsTopicResult.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for CreatePartitionsTopicResult {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("CreatePartitionsTopicResult.name")?;
        m.error_code = r.i16("CreatePartitionsTopicResult.error_code")?;
        m.error_message = r.nullable_string("CreatePartitionsTopicResult.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
