//! `CreateAcls` (key 30): versions 1 to 3. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `CreateAcls` (key 30), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateAclsRequest {
    pub creations: Vec<AclCreation>,
}

impl Request for CreateAclsRequest {
    const KEY: ApiKey = ApiKey::CreateAcls;
    type Response = CreateAclsResponse;
}

impl Encode for CreateAclsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::CreateAcls, "CreateAclsRequest", version)?;
        w.array("CreateAclsRequest.creations", &self.creations, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for CreateAclsRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::CreateAcls, "CreateAclsRequest", version)?;
        let mut m = Self::default();
        m.creations = r.array("CreateAclsRequest.creations", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreateAclsRequest::creations`].
#[derive(Clone, Debug, PartialEq)]
pub struct AclCreation {
    pub resource_type: i8,
    pub resource_name: String,
    pub resource_pattern_type: i8,
    pub principal: String,
    pub host: String,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for AclCreation {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: String::default(),
            resource_pattern_type: 3,
            principal: String::default(),
            host: String::default(),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl Encode for AclCreation {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i8(self.resource_type);
        w.string("AclCreation.resource_name", &self.resource_name)?;
        w.i8(self.resource_pattern_type);
        w.string("AclCreation.principal", &self.principal)?;
        w.string("AclCreation.host", &self.host)?;
        w.i8(self.operation);
        w.i8(self.permission_type);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AclCreation {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.resource_type = r.i8("AclCreation.resource_type")?;
        m.resource_name = r.string("AclCreation.resource_name")?;
        m.resource_pattern_type = r.i8("AclCreation.resource_pattern_type")?;
        m.principal = r.string("AclCreation.principal")?;
        m.host = r.string("AclCreation.host")?;
        m.operation = r.i8("AclCreation.operation")?;
        m.permission_type = r.i8("AclCreation.permission_type")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `CreateAcls` (key 30), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateAclsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AclCreationResult>,
}

impl Response for CreateAclsResponse {
    const KEY: ApiKey = ApiKey::CreateAcls;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for CreateAclsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::CreateAcls, "CreateAclsResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array("CreateAclsResponse.results", &self.results, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for CreateAclsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::CreateAcls, "CreateAclsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("CreateAclsResponse.throttle_time_ms")?;
        m.results = r.array("CreateAclsResponse.results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`CreateAclsResponse::results`].
#[derive(Clone, Debug, PartialEq)]
pub struct AclCreationResult {
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for AclCreationResult {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for AclCreationResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.nullable_string(
            "AclCreationResult.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AclCreationResult {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("AclCreationResult.error_code")?;
        m.error_message = r.nullable_string("AclCreationResult.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
