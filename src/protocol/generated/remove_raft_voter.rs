//! `RemoveRaftVoter` (key 81): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `RemoveRaftVoter` (key 81), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveRaftVoterRequest {
    pub cluster_id: Option<String>,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
}

impl Default for RemoveRaftVoterRequest {
    fn default() -> Self {
        Self {
            cluster_id: Some(Default::default()),
            voter_id: 0,
            voter_directory_id: Uuid::default(),
        }
    }
}

impl Request for RemoveRaftVoterRequest {
    const KEY: ApiKey = ApiKey::RemoveRaftVoter;
    type Response = RemoveRaftVoterResponse;
}

impl Encode for RemoveRaftVoterRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::RemoveRaftVoter, "RemoveRaftVoterRequest", version)?;
        w.nullable_string(
            "RemoveRaftVoterRequest.cluster_id",
            true,
            self.cluster_id.as_deref(),
        )?;
        w.i32(self.voter_id);
        w.uuid(self.voter_directory_id);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for RemoveRaftVoterRequest {
    const MIN_SIZE: usize = 22;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::RemoveRaftVoter, "RemoveRaftVoterRequest", version)?;
        let mut m = Self::default();
        m.cluster_id = r.nullable_string("RemoveRaftVoterRequest.cluster_id", true)?;
        m.voter_id = r.i32("RemoveRaftVoterRequest.voter_id")?;
        m.voter_directory_id = r.uuid("RemoveRaftVoterRequest.voter_directory_id")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `RemoveRaftVoter` (key 81), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveRaftVoterResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for RemoveRaftVoterResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Default::default()),
        }
    }
}

impl Response for RemoveRaftVoterResponse {
    const KEY: ApiKey = ApiKey::RemoveRaftVoter;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for RemoveRaftVoterResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::RemoveRaftVoter, "RemoveRaftVoterResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "RemoveRaftVoterResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for RemoveRaftVoterResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::RemoveRaftVoter, "RemoveRaftVoterResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("RemoveRaftVoterResponse.throttle_time_ms")?;
        m.error_code = r.i16("RemoveRaftVoterResponse.error_code")?;
        m.error_message = r.nullable_string("RemoveRaftVoterResponse.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
