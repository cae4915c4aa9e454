//! `AlterConfigs` (key 33): versions 0 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `AlterConfigs` (key 33), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsRequest {
    pub resources: Vec<AlterConfigsResource>,
    pub validate_only: bool,
}

impl Request for AlterConfigsRequest {
    const KEY: ApiKey = ApiKey::AlterConfigs;
    type Response = AlterConfigsResponse;
}

impl Encode for AlterConfigsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::AlterConfigs, "AlterConfigsRequest", version)?;
        w.array("AlterConfigsRequest.resources", &self.resources, version)?;
        w.bool(self.validate_only);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterConfigsRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::AlterConfigs, "AlterConfigsRequest", version)?;
        let mut m = Self::default();
        m.resources = r.array("AlterConfigsRequest.resources", version)?;
        m.validate_only = r.bool("AlterConfigsRequest.validate_only")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterConfigsRequest::resources`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResource {
    pub resource_type: i8,
    pub resource_name: String,
    pub configs: Vec<AlterableConfig>,
}

impl Encode for AlterConfigsResource {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i8(self.resource_type);
        w.string("AlterConfigsResource.resource_name", &self.resource_name)?;
        w.array("AlterConfigsResource.configs", &self.configs, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterConfigsResource {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.resource_type = r.i8("AlterConfigsResource.resource_type")?;
        m.resource_name = r.string("AlterConfigsResource.resource_name")?;
        m.configs = r.array("AlterConfigsResource.configs", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterConfigsResource::configs`].
#[derive(Clone, Debug, PartialEq)]
pub struct AlterableConfig {
    pub name: String,
    pub value: Option<String>,
}

impl Default for AlterableConfig {
    fn default() -> Self {
        Self {
            name: String::default(),
            value: Some(Default::default()),
        }
    }
}

impl Encode for AlterableConfig {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("AlterableConfig.name", &self.name)?;
        w.nullable_string("AlterableConfig.value", true, self.value.as_deref())?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterableConfig {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("AlterableConfig.name")?;
        m.value = r.nullable_string("AlterableConfig.value", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `AlterConfigs` (key 33), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<AlterConfigsResourceResponse>,
}

impl Response for AlterConfigsResponse {
    const KEY: ApiKey = ApiKey::AlterConfigs;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for AlterConfigsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::AlterConfigs, "AlterConfigsResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array("AlterConfigsResponse.responses", &self.responses, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterConfigsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::AlterConfigs, "AlterConfigsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("AlterConfigsResponse.throttle_time_ms")?;
        m.responses = r.array("AlterConfigsResponse.responses", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterConfigsResponse::responses`].
#[derive(Clone, Debug, PartialEq)]
pub struct AlterConfigsResourceResponse {
    pub error_code: i16,
    pub error_message: Option<String>,
    pub resource_type: i8,
    pub resource_name: String,
}

impl Default for AlterConfigsResourceResponse {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Default::default()),
            resource_type: 0,
            resource_name: String::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for AlterConfigsResourceResponse {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.nullable_string(
            "AlterConfigsResourceResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.i8(self.resource_type);
        w.string(
            "AlterConfigsResourceResponse.resource_name",
            &self.resource_name,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterConfigsResourceResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("AlterConfigsResourceResponse.error_code")?;
        m.error_message = r.nullable_string("AlterConfigsResourceResponse.error_message", true)?;
        m.resource_type = r.i8("AlterConfigsResourceResponse.resource_type")?;
        m.resource_name = r.string("AlterConfigsResourceResponse.resource_name")?;
        r.end_struct()?;
        Ok(m)
    }
}
