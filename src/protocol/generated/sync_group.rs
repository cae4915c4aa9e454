//! `SyncGroup` (key 14): versions 0 to 5. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `SyncGroup` (key 14), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequest {
    pub group_id: String,
    pub generation_id: i32,
    pub member_id: String,
    /// Versions 3 to 5.
    pub group_instance_id: Option<String>,
    /// Version 5.
    pub protocol_type: Option<String>,
    /// Version 5.
    pub protocol_name: Option<String>,
    pub assignments: Vec<SyncGroupRequestAssignment>,
}

impl Request for SyncGroupRequest {
    const KEY: ApiKey = ApiKey::SyncGroup;
    type Response = SyncGroupResponse;
}

impl Encode for SyncGroupRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::SyncGroup, "SyncGroupRequest", version)?;
        w.string("SyncGroupRequest.group_id", &self.group_id)?;
        w.i32(self.generation_id);
        w.string("SyncGroupRequest.member_id", &self.member_id)?;
        if version >= 3 {
            w.nullable_string(
                "SyncGroupRequest.group_instance_id",
                true,
                self.group_instance_id.as_deref(),
            )?;
        } else {
            w.absent(
                "SyncGroupRequest.group_instance_id",
                self.group_instance_id.is_none(),
                version,
            )?;
        }
        if version >= 5 {
            w.nullable_string(
                "SyncGroupRequest.protocol_type",
                true,
                self.protocol_type.as_deref(),
            )?;
            w.nullable_string(
                "SyncGroupRequest.protocol_name",
                true,
                self.protocol_name.as_deref(),
            )?;
        }
        w.array("SyncGroupRequest.assignments", &self.assignments, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for SyncGroupRequest {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::SyncGroup, "SyncGroupRequest", version)?;
        let mut m = Self::default();
        m.group_id = r.string("SyncGroupRequest.group_id")?;
        m.generation_id = r.i32("SyncGroupRequest.generation_id")?;
        m.member_id = r.string("SyncGroupRequest.member_id")?;
        if version >= 3 {
            m.group_instance_id = r.nullable_string("SyncGroupRequest.group_instance_id", true)?;
        }
        if version >= 5 {
            m.protocol_type = r.nullable_string("SyncGroupRequest.protocol_type", true)?;
            m.protocol_name = r.nullable_string("SyncGroupRequest.protocol_name", true)?;
        }
        m.assignments = r.array("SyncGroupRequest.assignments", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`SyncGroupRequest::assignments`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequestAssignment {
    pub member_id: String,
    pub assignment: Bytes,
}

impl Encode for SyncGroupRequestAssignment {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("SyncGroupRequestAssignment.member_id", &self.member_id)?;
        w.bytes("SyncGroupRequestAssignment.assignment", &self.assignment)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for SyncGroupRequestAssignment {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.member_id = r.string("SyncGroupRequestAssignment.member_id")?;
        m.assignment = r.bytes("SyncGroupRequestAssignment.assignment")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `SyncGroup` (key 14), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupResponse {
    /// Versions 1 to 5.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Version 5.
    pub protocol_type: Option<String>,
    /// Version 5.
    pub protocol_name: Option<String>,
    pub assignment: Bytes,
}

impl Response for SyncGroupResponse {
    const KEY: ApiKey = ApiKey::SyncGroup;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for SyncGroupResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::SyncGroup, "SyncGroupResponse", version)?;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code);
        if version >= 5 {
            w.nullable_string(
                "SyncGroupResponse.protocol_type",
                true,
                self.protocol_type.as_deref(),
            )?;
            w.nullable_string(
                "SyncGroupResponse.protocol_name",
                true,
                self.protocol_name.as_deref(),
            )?;
        }
        w.bytes("SyncGroupResponse.assignment", &self.assignment)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for SyncGroupResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::SyncGroup, "SyncGroupResponse", version)?;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32("SyncGroupResponse.throttle_time_ms")?;
        }
        m.error_code = r.i16("SyncGroupResponse.error_code")?;
        if version >= 5 {
            m.protocol_type = r.nullable_string("SyncGroupResponse.protocol_type", true)?;
            m.protocol_name = r.nullable_string("SyncGroupResponse.protocol_name", true)?;
        }
        m.assignment = r.bytes("SyncGroupResponse.assignment")?;
        r.end_struct()?;
        Ok(m)
    }
}
