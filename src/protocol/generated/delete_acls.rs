//! `DeleteAcls` (key 31): versions 1 to 3. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DeleteAcls` (key 31), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsRequest {
    pub filters: Vec<DeleteAclsFilter>,
}

impl Request for DeleteAclsRequest {
    const KEY: ApiKey = ApiKey::DeleteAcls;
    type Response = DeleteAclsResponse;
}

impl Encode for DeleteAclsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DeleteAcls, "DeleteAclsRequest", version)?;
        w.array("DeleteAclsRequest.filters", &self.filters, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteAclsRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DeleteAcls, "DeleteAclsRequest", version)?;
        let mut m = Self::default();
        m.filters = r.array("DeleteAclsRequest.filters", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteAclsRequest::filters`].
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilter {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<String>,
    pub pattern_type_filter: i8,
    pub principal_filter: Option<String>,
    pub host_filter: Option<String>,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DeleteAclsFilter {
    fn default() -> Self {
        Self {
            resource_type_filter: 0,
            resource_name_filter: Some(Default::default()),
            pattern_type_filter: 3,
            principal_filter: Some(Default::default()),
            host_filter: Some(Default::default()),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl Encode for DeleteAclsFilter {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i8(self.resource_type_filter);
        w.nullable_string(
            "DeleteAclsFilter.resource_name_filter",
            true,
            self.resource_name_filter.as_deref(),
        )?;
        w.i8(self.pattern_type_filter);
        w.nullable_string(
            "DeleteAclsFilter.principal_filter",
            true,
            self.principal_filter.as_deref(),
        )?;
        w.nullable_string(
            "DeleteAclsFilter.host_filter",
            true,
            self.host_filter.as_deref(),
        )?;
        w.i8(self.operation);
        w.i8(self.permission_type);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DeleteAclsFilter {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.resource_type_filter = r.i8("DeleteAclsFilter.resource_type_filter")?;
        m.resource_name_filter =
            r.nullable_string("DeleteAclsFilter.resource_name_filter", true)?;
        m.pattern_type_filter = r.i8("DeleteAclsFilter.pattern_type_filter")?;
        m.principal_filter = r.nullable_string("DeleteAclsFilter.principal_filter", true)?;
        m.host_filter = r.nullable_string("DeleteAclsFilter.host_filter", true)?;
        m.operation = r.i8("DeleteAclsFilter.operation")?;
        m.permission_type = r.i8("DeleteAclsFilter.permission_type")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DeleteAcls` (key 31), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsResponse {
    pub throttle_time_ms: i32,
    pub filter_results: Vec<DeleteAclsFilterResult>,
}

impl Response for DeleteAclsResponse {
    const KEY: ApiKey = ApiKey::DeleteAcls;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DeleteAclsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DeleteAcls, "DeleteAclsResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array(
            "DeleteAclsResponse.filter_results",
            &self.filter_results,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteAclsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DeleteAcls, "DeleteAclsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DeleteAclsResponse.throttle_time_ms")?;
        m.filter_results = r.array("DeleteAclsResponse.filter_results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteAclsResponse::filter_results`].
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilterResult {
    pub error_code: i16,
    pub error_message: Option<String>,
    pub matching_acls: Vec<DeleteAclsMatchingAcl>,
}

impl Default for DeleteAclsFilterResult {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Default::default()),
            matching_acls: Vec::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DeleteAclsFilterResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.nullable_string(
            "DeleteAclsFilterResult.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array(
            "DeleteAclsFilterResult.matching_acls",
            &self.matching_acls,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteAclsFilterResult {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("DeleteAclsFilterResult.error_code")?;
        m.error_message = r.nullable_string("DeleteAclsFilterResult.error_message", true)?;
        m.matching_acls = r.array("DeleteAclsFilterResult.matching_acls", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DeleteAclsFilterResult::matching_acls`].
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsMatchingAcl {
    pub error_code: i16,
    pub error_message: Option<String>,
    pub resource_type: i8,
    pub resource_name: String,
    pub pattern_type: i8,
    pub principal: String,
    pub host: String,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DeleteAclsMatchingAcl {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Default::default()),
            resource_type: 0,
            resource_name: String::default(),
            pattern_type: 3,
            principal: String::default(),
            host: String::default(),
            operation: 0,
            permission_type: 0,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DeleteAclsMatchingAcl {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.nullable_string(
            "DeleteAclsMatchingAcl.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.i8(self.resource_type);
        w.string("DeleteAclsMatchingAcl.resource_name", &self.resource_name)?;
        w.i8(self.pattern_type);
        w.string("DeleteAclsMatchingAcl.principal", &self.principal)?;
        w.string("DeleteAclsMatchingAcl.host", &self.host)?;
        w.i8(self.operation);
        w.i8(self.permission_type);
        w.end_struct();
        Ok(())
    }
}

impl Decode for DeleteAclsMatchingAcl {
    const MIN_SIZE: usize = 11;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("DeleteAclsMatchingAcl.error_code")?;
        m.error_message = r.nullable_string("DeleteAclsMatchingAcl.error_message", true)?;
        m.resource_type = r.i8("DeleteAclsMatchingAcl.resource_type")?;
        m.resource_name = r.string("DeleteAclsMatchingAcl.resource_name")?;
        m.pattern_type = r.i8("DeleteAclsMatchingAcl.pattern_type")?;
        m.principal = r.string("DeleteAclsMatchingAcl.principal")?;
        m.host = r.string("DeleteAclsMatchingAcl.host")?;
        m.operation = r.i8("DeleteAclsMatchingAcl.operation")?;
        m.permission_type = r.i8("DeleteAclsMatchingAcl.permission_type")?;
        r.end_struct()?;
        Ok(m)
    }
}
