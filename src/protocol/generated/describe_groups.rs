//! `DescribeGroups` (key 15): versions 0 to 6. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeGroups` (key 15), versions 0 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsRequest {
    pub groups: Vec<String>,
    /// Versions 3 to 6.
    pub include_authorized_operations: bool,
}

impl Request for DescribeGroupsRequest {
    const KEY: ApiKey = ApiKey::DescribeGroups;
    type Response = DescribeGroupsResponse;
}

impl Encode for DescribeGroupsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeGroups, "DescribeGroupsRequest", version)?;
        w.array("DescribeGroupsRequest.groups", &self.groups, version)?;
        if version >= 3 {
            w.bool(self.include_authorized_operations);
        } else {
            w.absent(
                "DescribeGroupsRequest.include_authorized_operations",
                !self.include_authorized_operations,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeGroupsRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeGroups, "DescribeGroupsRequest", version)?;
        let mut m = Self::default();
        m.groups = r.array("DescribeGroupsRequest.groups", version)?;
        if version >= 3 {
            m.include_authorized_operations =
                r.bool("DescribeGroupsRequest.include_authorized_operations")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeGroups` (key 15), versions 0 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsResponse {
    /// Versions 1 to 6.
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

impl Response for DescribeGroupsResponse {
    const KEY: ApiKey = ApiKey::DescribeGroups;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeGroupsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeGroups, "DescribeGroupsResponse", version)?;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.array("DescribeGroupsResponse.groups", &self.groups, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeGroupsResponse {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeGroups, "DescribeGroupsResponse", version)?;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32("DescribeGroupsResponse.throttle_time_ms")?;
        }
        m.groups = r.array("DescribeGroupsResponse.groups", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeGroupsResponse::groups`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup {
    pub error_code: i16,
    /// Version 6.
    pub error_message: Option<String>,
    pub group_id: String,
    pub group_state: String,
    pub protocol_type: String,
    pub protocol_data: String,
    pub members: Vec<DescribedGroupMember>,
    /// Versions 3 to 6.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: String::default(),
            group_state: String::default(),
            protocol_type: String::default(),
            protocol_data: String::default(),
            members: Vec::default(),
            authorized_operations: i32::MIN,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribedGroup {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        if version >= 6 {
            w.nullable_string(
                "DescribedGroup.error_message",
                true,
                self.error_message.as_deref(),
            )?;
        } else {
            w.absent(
                "DescribedGroup.error_message",
                self.error_message.is_none(),
                version,
            )?;
        }
        w.string("DescribedGroup.group_id", &self.group_id)?;
        w.string("DescribedGroup.group_state", &self.group_state)?;
        w.string("DescribedGroup.protocol_type", &self.protocol_type)?;
        w.string("DescribedGroup.protocol_data", &self.protocol_data)?;
        w.array("DescribedGroup.members", &self.members, version)?;
        if version >= 3 {
            w.i32(self.authorized_operations);
        } else {
            w.absent(
                "DescribedGroup.authorized_operations",
                self.authorized_operations == i32::MIN,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribedGroup {
    const MIN_SIZE: usize = 12;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("DescribedGroup.error_code")?;
        if version >= 6 {
            m.error_message = r.nullable_string("DescribedGroup.error_message", true)?;
        }
        m.group_id = r.string("DescribedGroup.group_id")?;
        m.group_state = r.string("DescribedGroup.group_state")?;
        m.protocol_type = r.string("DescribedGroup.protocol_type")?;
        m.protocol_data = r.string("DescribedGroup.protocol_data")?;
        m.members = r.array("DescribedGroup.members", version)?;
        if version >= 3 {
            m.authorized_operations = r.i32("DescribedGroup.authorized_operations")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribedGroup::members`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedGroupMember {
    pub member_id: String,
    /// Versions 4 to 6.
    pub group_instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub member_metadata: Bytes,
    pub member_assignment: Bytes,
}

#[cfg(feature = "mock")]
impl Encode for DescribedGroupMember {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("DescribedGroupMember.member_id", &self.member_id)?;
        if version >= 4 {
            w.nullable_string(
                "DescribedGroupMember.group_instance_id",
                true,
                self.group_instance_id.as_deref(),
            )?;
        }
        w.string("DescribedGroupMember.client_id", &self.client_id)?;
        w.string("DescribedGroupMember.client_host", &self.client_host)?;
        w.bytes(
            "DescribedGroupMember.member_metadata",
            &self.member_metadata,
        )?;
        w.bytes(
            "DescribedGroupMember.member_assignment",
            &self.member_assignment,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribedGroupMember {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.member_id = r.string("DescribedGroupMember.member_id")?;
        if version >= 4 {
            m.group_instance_id =
                r.nullable_string("DescribedGroupMember.group_instance_id", true)?;
        }
        m.client_id = r.string("DescribedGroupMember.client_id")?;
        m.client_host = r.string("DescribedGroupMember.client_host")?;
        m.member_metadata = r.bytes("DescribedGroupMember.member_metadata")?;
        m.member_assignment = r.bytes("DescribedGroupMember.member_assignment")?;
        r.end_struct()?;
        Ok(m)
    }
}
