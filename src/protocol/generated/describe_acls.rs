//! `DescribeAcls` (key 29): versions 1 to 3. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeAcls` (key 29), versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsRequest {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<String>,
    pub pattern_type_filter: i8,
    pub principal_filter: Option<String>,
    pub host_filter: Option<String>,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DescribeAclsRequest {
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

impl Request for DescribeAclsRequest {
    const KEY: ApiKey = ApiKey::DescribeAcls;
    type Response = DescribeAclsResponse;
}

impl Encode for DescribeAclsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeAcls, "DescribeAclsRequest", version)?;
        w.i8(self.resource_type_filter);
        w.nullable_string(
            "DescribeAclsRequest.resource_name_filter",
            true,
            self.resource_name_filter.as_deref(),
        )?;
        w.i8(self.pattern_type_filter);
        w.nullable_string(
            "DescribeAclsRequest.principal_filter",
            true,
            self.principal_filter.as_deref(),
        )?;
        w.nullable_string(
            "DescribeAclsRequest.host_filter",
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
impl Decode for DescribeAclsRequest {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeAcls, "DescribeAclsRequest", version)?;
        let mut m = Self::default();
        m.resource_type_filter = r.i8("DescribeAclsRequest.resource_type_filter")?;
        m.resource_name_filter =
            r.nullable_string("DescribeAclsRequest.resource_name_filter", true)?;
        m.pattern_type_filter = r.i8("DescribeAclsRequest.pattern_type_filter")?;
        m.principal_filter = r.nullable_string("DescribeAclsRequest.principal_filter", true)?;
        m.host_filter = r.nullable_string("DescribeAclsRequest.host_filter", true)?;
        m.operation = r.i8("DescribeAclsRequest.operation")?;
        m.permission_type = r.i8("DescribeAclsRequest.permission_type")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeAcls` (key 29), versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub resources: Vec<DescribeAclsResource>,
}

impl Default for DescribeAclsResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Default::default()),
            resources: Vec::default(),
        }
    }
}

impl Response for DescribeAclsResponse {
    const KEY: ApiKey = ApiKey::DescribeAcls;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeAclsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeAcls, "DescribeAclsResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "DescribeAclsResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array("DescribeAclsResponse.resources", &self.resources, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeAclsResponse {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeAcls, "DescribeAclsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeAclsResponse.throttle_time_ms")?;
        m.error_code = r.i16("DescribeAclsResponse.error_code")?;
        m.error_message = r.nullable_string("DescribeAclsResponse.error_message", true)?;
        m.resources = r.array("DescribeAclsResponse.resources", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeAclsResponse::resources`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResource {
    pub resource_type: i8,
    pub resource_name: String,
    pub pattern_type: i8,
    pub acls: Vec<AclDescription>,
}

impl Default for DescribeAclsResource {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: String::default(),
            pattern_type: 3,
            acls: Vec::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeAclsResource {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i8(self.resource_type);
        w.string("DescribeAclsResource.resource_name", &self.resource_name)?;
        w.i8(self.pattern_type);
        w.array("DescribeAclsResource.acls", &self.acls, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeAclsResource {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.resource_type = r.i8("DescribeAclsResource.resource_type")?;
        m.resource_name = r.string("DescribeAclsResource.resource_name")?;
        m.pattern_type = r.i8("DescribeAclsResource.pattern_type")?;
        m.acls = r.array("DescribeAclsResource.acls", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeAclsResource::acls`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AclDescription {
    pub principal: String,
    pub host: String,
    pub operation: i8,
    pub permission_type: i8,
}

#[cfg(feature = "mock")]
impl Encode for AclDescription {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("AclDescription.principal", &self.principal)?;
        w.string("AclDescription.host", &self.host)?;
        w.i8(self.operation);
        w.i8(self.permission_type);
        w.end_struct();
        Ok(())
    }
}

impl Decode for AclDescription {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.principal = r.string("AclDescription.principal")?;
        m.host = r.string("AclDescription.host")?;
        m.operation = r.i8("AclDescription.operation")?;
        m.permission_type = r.i8("AclDescription.permission_type")?;
        r.end_struct()?;
        Ok(m)
    }
}
