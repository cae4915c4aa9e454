//! `Heartbeat` (key 12): versions 0 to 4. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `Heartbeat` (key 12), versions 0 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatRequest {
    pub group_id: String,
    pub generation_id: i32,
    pub member_id: String,
    /// Versions 3 to 4.
    pub group_instance_id: Option<String>,
}

impl Request for HeartbeatRequest {
    const KEY: ApiKey = ApiKey::Heartbeat;
    type Response = HeartbeatResponse;
}

impl Encode for HeartbeatRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::Heartbeat, "HeartbeatRequest", version)?;
        w.string("HeartbeatRequest.group_id", &self.group_id)?;
        w.i32(self.generation_id);
        w.string("HeartbeatRequest.member_id", &self.member_id)?;
        if version >= 3 {
            w.nullable_string(
                "HeartbeatRequest.group_instance_id",
                true,
                self.group_instance_id.as_deref(),
            )?;
        } else {
            w.absent(
                "HeartbeatRequest.group_instance_id",
                self.group_instance_id.is_none(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for HeartbeatRequest {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::Heartbeat, "HeartbeatRequest", version)?;
        let mut m = Self::default();
        m.group_id = r.string("HeartbeatRequest.group_id")?;
        m.generation_id = r.i32("HeartbeatRequest.generation_id")?;
        m.member_id = r.string("HeartbeatRequest.member_id")?;
        if version >= 3 {
            m.group_instance_id = r.nullable_string("HeartbeatRequest.group_instance_id", true)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `Heartbeat` (key 12), versions 0 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatResponse {
    /// Versions 1 to 4.
    pub throttle_time_ms: i32,
    pub error_code: i16,
}

impl Response for HeartbeatResponse {
    const KEY: ApiKey = ApiKey::Heartbeat;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for HeartbeatResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::Heartbeat, "HeartbeatResponse", version)?;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for HeartbeatResponse {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::Heartbeat, "HeartbeatResponse", version)?;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32("HeartbeatResponse.throttle_time_ms")?;
        }
        m.error_code = r.i16("HeartbeatResponse.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
