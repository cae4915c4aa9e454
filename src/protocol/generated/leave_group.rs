//! `LeaveGroup` (key 13): versions 0 to 5. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `LeaveGroup` (key 13), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupRequest {
    pub group_id: String,
    /// Versions 0 to 2.
    pub member_id: String,
    /// Versions 3 to 5.
    pub members: Vec<MemberIdentity>,
}

impl Request for LeaveGroupRequest {
    const KEY: ApiKey = ApiKey::LeaveGroup;
    type Response = LeaveGroupResponse;
}

impl Encode for LeaveGroupRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::LeaveGroup, "LeaveGroupRequest", version)?;
        w.string("LeaveGroupRequest.group_id", &self.group_id)?;
        if version <= 2 {
            w.string("LeaveGroupRequest.member_id", &self.member_id)?;
        } else {
            w.absent(
                "LeaveGroupRequest.member_id",
                self.member_id.is_empty(),
                version,
            )?;
        }
        if version >= 3 {
            w.array("LeaveGroupRequest.members", &self.members, version)?;
        } else {
            w.absent(
                "LeaveGroupRequest.members",
                self.members.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for LeaveGroupRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::LeaveGroup, "LeaveGroupRequest", version)?;
        let mut m = Self::default();
        m.group_id = r.string("LeaveGroupRequest.group_id")?;
        if version <= 2 {
            m.member_id = r.string("LeaveGroupRequest.member_id")?;
        }
        if version >= 3 {
            m.members = r.array("LeaveGroupRequest.members", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`LeaveGroupRequest::members`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberIdentity {
    pub member_id: String,
    pub group_instance_id: Option<String>,
    /// Version 5.
    pub reason: Option<String>,
}

impl Encode for MemberIdentity {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("MemberIdentity.member_id", &self.member_id)?;
        w.nullable_string(
            "MemberIdentity.group_instance_id",
            true,
            self.group_instance_id.as_deref(),
        )?;
        if version >= 5 {
            w.nullable_string("MemberIdentity.reason", true, self.reason.as_deref())?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for MemberIdentity {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.member_id = r.string("MemberIdentity.member_id")?;
        m.group_instance_id = r.nullable_string("MemberIdentity.group_instance_id", true)?;
        if version >= 5 {
            m.reason = r.nullable_string("MemberIdentity.reason", true)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `LeaveGroup` (key 13), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupResponse {
    /// Versions 1 to 5.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Versions 3 to 5.
    pub members: Vec<MemberResponse>,
}

impl Response for LeaveGroupResponse {
    const KEY: ApiKey = ApiKey::LeaveGroup;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for LeaveGroupResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::LeaveGroup, "LeaveGroupResponse", version)?;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code);
        if version >= 3 {
            w.array("LeaveGroupResponse.members", &self.members, version)?;
        } else {
            w.absent(
                "LeaveGroupResponse.members",
                self.members.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for LeaveGroupResponse {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::LeaveGroup, "LeaveGroupResponse", version)?;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32("LeaveGroupResponse.throttle_time_ms")?;
        }
        m.error_code = r.i16("LeaveGroupResponse.error_code")?;
        if version >= 3 {
            m.members = r.array("LeaveGroupResponse.members", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`LeaveGroupResponse::members`].
#[derive(Clone, Debug, PartialEq)]
pub struct MemberResponse {
    pub member_id: String,
    pub group_instance_id: Option<String>,
    pub error_code: i16,
}

impl Default for MemberResponse {
    fn default() -> Self {
        Self {
            member_id: String::default(),
            group_instance_id: Some(Default::default()),
            error_code: 0,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for MemberResponse {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("MemberResponse.member_id", &self.member_id)?;
        w.nullable_string(
            "MemberResponse.group_instance_id",
            true,
            self.group_instance_id.as_deref(),
        )?;
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for MemberResponse {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.member_id = r.string("MemberResponse.member_id")?;
        m.group_instance_id = r.nullable_string("MemberResponse.group_instance_id", true)?;
        m.error_code = r.i16("MemberResponse.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
