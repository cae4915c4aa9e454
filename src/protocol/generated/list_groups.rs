//! `ListGroups` (key 16): versions 0 to 5. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ListGroups` (key 16), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsRequest {
    /// Versions 4 to 5.
    pub states_filter: Vec<String>,
    /// Version 5.
    pub types_filter: Vec<String>,
}

impl Request for ListGroupsRequest {
    const KEY: ApiKey = ApiKey::ListGroups;
    type Response = ListGroupsResponse;
}

impl Encode for ListGroupsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ListGroups, "ListGroupsRequest", version)?;
        if version >= 4 {
            w.array(
                "ListGroupsRequest.states_filter",
                &self.states_filter,
                version,
            )?;
        } else {
            w.absent(
                "ListGroupsRequest.states_filter",
                self.states_filter.is_empty(),
                version,
            )?;
        }
        if version >= 5 {
            w.array(
                "ListGroupsRequest.types_filter",
                &self.types_filter,
                version,
            )?;
        } else {
            w.absent(
                "ListGroupsRequest.types_filter",
                self.types_filter.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ListGroupsRequest {
    const MIN_SIZE: usize = 0;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ListGroups, "ListGroupsRequest", version)?;
        let mut m = Self::default();
        if version >= 4 {
            m.states_filter = r.array("ListGroupsRequest.states_filter", version)?;
        }
        if version >= 5 {
            m.types_filter = r.array("ListGroupsRequest.types_filter", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ListGroups` (key 16), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsResponse {
    /// Versions 1 to 5.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub groups: Vec<ListedGroup>,
}

impl Response for ListGroupsResponse {
    const KEY: ApiKey = ApiKey::ListGroups;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ListGroupsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ListGroups, "ListGroupsResponse", version)?;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code);
        w.array("ListGroupsResponse.groups", &self.groups, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ListGroupsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ListGroups, "ListGroupsResponse", version)?;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32("ListGroupsResponse.throttle_time_ms")?;
        }
        m.error_code = r.i16("ListGroupsResponse.error_code")?;
        m.groups = r.array("ListGroupsResponse.groups", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ListGroupsResponse::groups`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListedGroup {
    pub group_id: String,
    pub protocol_type: String,
    /// Versions 4 to 5.
    pub group_state: String,
    /// Version 5.
    pub group_type: String,
}

#[cfg(feature = "mock")]
impl Encode for ListedGroup {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("ListedGroup.group_id", &self.group_id)?;
        w.string("ListedGroup.protocol_type", &self.protocol_type)?;
        if version >= 4 {
            w.string("ListedGroup.group_state", &self.group_state)?;
        }
        if version >= 5 {
            w.string("ListedGroup.group_type", &self.group_type)?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for ListedGroup {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.group_id = r.string("ListedGroup.group_id")?;
        m.protocol_type = r.string("ListedGroup.protocol_type")?;
        if version >= 4 {
            m.group_state = r.string("ListedGroup.group_state")?;
        }
        if version >= 5 {
            m.group_type = r.string("ListedGroup.group_type")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}
