//! `AddRaftVoter` (key 80): versions 0 to 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `AddRaftVoter` (key 80), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterRequest {
    pub cluster_id: Option<String>,
    pub timeout_ms: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener>,
    /// Version 1.
    pub ack_when_committed: bool,
}

impl Default for AddRaftVoterRequest {
    fn default() -> Self {
        Self {
            cluster_id: Some(Default::default()),
            timeout_ms: 0,
            voter_id: 0,
            voter_directory_id: Uuid::default(),
            listeners: Vec::default(),
            ack_when_committed: true,
        }
    }
}

impl Request for AddRaftVoterRequest {
    const KEY: ApiKey = ApiKey::AddRaftVoter;
    type Response = AddRaftVoterResponse;
}

impl Encode for AddRaftVoterRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::AddRaftVoter, "AddRaftVoterRequest", version)?;
        w.nullable_string(
            "AddRaftVoterRequest.cluster_id",
            true,
            self.cluster_id.as_deref(),
        )?;
        w.i32(self.timeout_ms);
        w.i32(self.voter_id);
        w.uuid(self.voter_directory_id);
        w.array("AddRaftVoterRequest.listeners", &self.listeners, version)?;
        if version >= 1 {
            w.bool(self.ack_when_committed);
        } else {
            w.absent(
                "AddRaftVoterRequest.ack_when_committed",
                self.ack_when_committed,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AddRaftVoterRequest {
    const MIN_SIZE: usize = 27;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::AddRaftVoter, "AddRaftVoterRequest", version)?;
        let mut m = Self::default();
        m.cluster_id = r.nullable_string("AddRaftVoterRequest.cluster_id", true)?;
        m.timeout_ms = r.i32("AddRaftVoterRequest.timeout_ms")?;
        m.voter_id = r.i32("AddRaftVoterRequest.voter_id")?;
        m.voter_directory_id = r.uuid("AddRaftVoterRequest.voter_directory_id")?;
        m.listeners = r.array("AddRaftVoterRequest.listeners", version)?;
        if version >= 1 {
            m.ack_when_committed = r.bool("AddRaftVoterRequest.ack_when_committed")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AddRaftVoterRequest::listeners`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener {
    pub name: String,
    pub host: String,
    pub port: u16,
}

impl Encode for Listener {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("Listener.name", &self.name)?;
        w.string("Listener.host", &self.host)?;
        w.u16(self.port);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
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

/// The response of `AddRaftVoter` (key 80), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for AddRaftVoterResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Default::default()),
        }
    }
}

impl Response for AddRaftVoterResponse {
    const KEY: ApiKey = ApiKey::AddRaftVoter;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for AddRaftVoterResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::AddRaftVoter, "AddRaftVoterResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "AddRaftVoterResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AddRaftVoterResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::AddRaftVoter, "AddRaftVoterResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("AddRaftVoterResponse.throttle_time_ms")?;
        m.error_code = r.i16("AddRaftVoterResponse.error_code")?;
        m.error_message = r.nullable_string("AddRaftVoterResponse.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
