//! `DeleteGroups` (key 42): versions 0 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DeleteGroups` (key 42), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsRequest {
    pub groups_names: Vec<String>,
}

impl Request for DeleteGroupsRequest {
    const KEY: ApiKey = ApiKey::DeleteGroups;
    type Response = DeleteGroupsResponse;
}

impl Encode for DeleteGroupsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DeleteGroups, "DeleteGroupsRequest", version)?;
        w.array(
            "DeleteGroupsRequest.groups_names",
            &self.groups_names,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteGroupsRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DeleteGroups, "DeleteGroupsRequest", version)?;
        let mut m = Self::default();
        m.groups_names = r.array("DeleteGroupsRequest.groups_names", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DeleteGroups` (key 42), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<DeletableGroupResult>,
}

impl Response for DeleteGroupsResponse {
    const KEY: ApiKey = ApiKey::DeleteGroups;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DeleteGroupsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DeleteGroups, "DeleteGroupsResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array("DeleteGroupsResponse.results", &self.results, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteGroupsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DeleteGroups, "DeleteGroupsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DeleteGroupsResponse.throttle_time_ms")?;
        m.results = r.array("DeleteGroupsResponse.results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteGroupsResponse::results`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeletableGroupResult {
    pub group_id: String,
    pub error_code: i16,
}

#[cfg(feature = "mock")]
impl Encode for DeletableGroupResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("DeletableGroupResult.group_id", &self.group_id)?;
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeletableGroupResult {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.group_id = r.string("DeletableGroupResult.group_id")?;
        m.error_code = r.i16("DeletableGroupResult.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
