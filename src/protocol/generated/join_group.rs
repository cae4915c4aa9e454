//! `JoinGroup` (key 11): versions 1 to 9. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `JoinGroup` (key 11), versions 1 to 9.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequest {
    pub group_id: String,
    pub session_timeout_ms: i32,
    pub rebalance_timeout_ms: i32,
    pub member_id: String,
    /// Versions 5 to 9.
    pub group_instance_id: Option<String>,
    pub protocol_type: String,
    pub protocols: Vec<JoinGroupRequestProtocol>,
    /// Versions 8 to 9.
    pub reason: Option<String>,
}

impl Default for JoinGroupRequest {
    fn default() -> Self {
        Self {
            group_id: String::default(),
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: String::default(),
            group_instance_id: None,
            protocol_type: String::default(),
            protocols: Vec::default(),
            reason: None,
        }
    }
}

impl Request for JoinGroupRequest {
    const KEY: ApiKey = ApiKey::JoinGroup;
    type Response = JoinGroupResponse;
}

impl Encode for JoinGroupRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::JoinGroup, "JoinGroupRequest", version)?;
        w.string("JoinGroupRequest.group_id", &self.group_id)?;
        w.i32(self.session_timeout_ms);
        w.i32(self.rebalance_timeout_ms);
        w.string("JoinGroupRequest.member_id", &self.member_id)?;
        if version >= 5 {
            w.nullable_string(
                "JoinGroupRequest.group_instance_id",
                true,
                self.group_instance_id.as_deref(),
            )?;
        } else {
            w.absent(
                "JoinGroupRequest.group_instance_id",
                self.group_instance_id.is_none(),
                version,
            )?;
        }
        w.string("JoinGroupRequest.protocol_type", &self.protocol_type)?;
        w.array("JoinGroupRequest.protocols", &self.protocols, version)?;
        if version >= 8 {
            w.nullable_string("JoinGroupRequest.reason", true, self.reason.as_deref())?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for JoinGroupRequest {
    const MIN_SIZE: usize = 14;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::JoinGroup, "JoinGroupRequest", version)?;
        let mut m = Self::default();
        m.group_id = r.string("JoinGroupRequest.group_id")?;
        m.session_timeout_ms = r.i32("JoinGroupRequest.session_timeout_ms")?;
        m.rebalance_timeout_ms = r.i32("JoinGroupRequest.rebalance_timeout_ms")?;
        m.member_id = r.string("JoinGroupRequest.member_id")?;
        if version >= 5 {
            m.group_instance_id = r.nullable_string("JoinGroupRequest.group_instance_id", true)?;
        }
        m.protocol_type = r.string("JoinGroupRequest.protocol_type")?;
        m.protocols = r.array("JoinGroupRequest.protocols", version)?;
        if version >= 8 {
            m.reason = r.nullable_string("JoinGroupRequest.reason", true)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`JoinGroupRequest::protocols`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupRequestProtocol {
    pub name: String,
    pub metadata: Bytes,
}

impl Encode for JoinGroupRequestProtocol {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("JoinGroupRequestProtocol.name", &self.name)?;
        w.bytes("JoinGroupRequestProtocol.metadata", &self.metadata)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for JoinGroupRequestProtocol {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("JoinGroupRequestProtocol.name")?;
        m.metadata = r.bytes("JoinGroupRequestProtocol.metadata")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `JoinGroup` (key 11), versions 1 to 9.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupResponse {
    /// Versions 2 to 9.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub generation_id: i32,
    /// Versions 7 to 9.
    pub protocol_type: Option<String>,
    pub protocol_name: Option<String>,
    pub leader: String,
    /// Version 9.
    pub skip_assignment: bool,
    pub member_id: String,
    pub members: Vec<JoinGroupResponseMember>,
}

impl Default for JoinGroupResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            generation_id: -1,
            protocol_type: None,
            protocol_name: Some(Default::default()),
            leader: String::default(),
            skip_assignment: false,
            member_id: String::default(),
            members: Vec::default(),
        }
    }
}

impl Response for JoinGroupResponse {
    const KEY: ApiKey = ApiKey::JoinGroup;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for JoinGroupResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::JoinGroup, "JoinGroupResponse", version)?;
        if version >= 2 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code);
        w.i32(self.generation_id);
        if version >= 7 {
            w.nullable_string(
                "JoinGroupResponse.protocol_type",
                true,
                self.protocol_type.as_deref(),
            )?;
        }
        w.nullable_string(
            "JoinGroupResponse.protocol_name",
            version >= 7,
            self.protocol_name.as_deref(),
        )?;
        w.string("JoinGroupResponse.leader", &self.leader)?;
        if version >= 9 {
            w.bool(self.skip_assignment);
        } else {
            w.absent(
                "JoinGroupResponse.skip_assignment",
                !self.skip_assignment,
                version,
            )?;
        }
        w.string("JoinGroupResponse.member_id", &self.member_id)?;
        w.array("JoinGroupResponse.members", &self.members, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for JoinGroupResponse {
    const MIN_SIZE: usize = 15;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::JoinGroup, "JoinGroupResponse", version)?;
        let mut m = Self::default();
        if version >= 2 {
            m.throttle_time_ms = r.i32("JoinGroupResponse.throttle_time_ms")?;
        }
        m.error_code = r.i16("JoinGroupResponse.error_code")?;
        m.generation_id = r.i32("JoinGroupResponse.generation_id")?;
        if version >= 7 {
            m.protocol_type = r.nullable_string("JoinGroupResponse.protocol_type", true)?;
        }
        m.protocol_name = r.nullable_string("JoinGroupResponse.protocol_name", version >= 7)?;
        m.leader = r.string("JoinGroupResponse.leader")?;
        if version >= 9 {
            m.skip_assignment = r.bool("JoinGroupResponse.skip_assignment")?;
        }
        m.member_id = r.string("JoinGroupResponse.member_id")?;
        m.members = r.array("JoinGroupResponse.members", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`JoinGroupResponse::members`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupResponseMember {
    pub member_id: String,
    /// Versions 5 to 9.
    pub group_instance_id: Option<String>,
    pub metadata: Bytes,
}

#[cfg(feature = "mock")]
impl Encode for JoinGroupResponseMember {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("JoinGroupResponseMember.member_id", &self.member_id)?;
        if version >= 5 {
            w.nullable_string(
                "JoinGroupResponseMember.group_instance_id",
                true,
                self.group_instance_id.as_deref(),
            )?;
        }
        w.bytes("JoinGroupResponseMember.metadata", &self.metadata)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for JoinGroupResponseMember {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.member_id = r.string("JoinGroupResponseMember.member_id")?;
        if version >= 5 {
            m.group_instance_id =
                r.nullable_string("JoinGroupResponseMember.group_instance_id", true)?;
        }
        m.metadata = r.bytes("JoinGroupResponseMember.metadata")?;
        r.end_struct()?;
        Ok(m)
    }
}
