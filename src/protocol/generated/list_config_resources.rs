//! `ListConfigResources` (key 74): versions 0 to 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ListConfigResources` (key 74), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesRequest {
    /// Version 1.
    pub resource_types: Vec<i8>,
}

impl Request for ListConfigResourcesRequest {
    const KEY: ApiKey = ApiKey::ListConfigResources;
    type Response = ListConfigResourcesResponse;
}

impl Encode for ListConfigResourcesRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ListConfigResources,
            "ListConfigResourcesRequest",
            version,
        )?;
        if version >= 1 {
            w.array(
                "ListConfigResourcesRequest.resource_types",
                &self.resource_types,
                version,
            )?;
        } else {
            w.absent(
                "ListConfigResourcesRequest.resource_types",
                self.resource_types.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ListConfigResourcesRequest {
    const MIN_SIZE: usize = 1;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ListConfigResources,
            "ListConfigResourcesRequest",
            version,
        )?;
        let mut m = Self::default();
        if version >= 1 {
            m.resource_types = r.array("ListConfigResourcesRequest.resource_types", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ListConfigResources` (key 74), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub config_resources: Vec<ConfigResource>,
}

impl Response for ListConfigResourcesResponse {
    const KEY: ApiKey = ApiKey::ListConfigResources;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ListConfigResourcesResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ListConfigResources,
            "ListConfigResourcesResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.array(
            "ListConfigResourcesResponse.config_resources",
            &self.config_resources,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ListConfigResourcesResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ListConfigResources,
            "ListConfigResourcesResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("ListConfigResourcesResponse.throttle_time_ms")?;
        m.error_code = r.i16("ListConfigResourcesResponse.error_code")?;
        m.config_resources = r.array("ListConfigResourcesResponse.config_resources", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ListConfigResourcesResponse::config_resources`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigResource {
    pub resource_name: String,
    /// Version 1.
    pub resource_type: i8,
}

impl Default for ConfigResource {
    fn default() -> Self {
        Self {
            resource_name: String::default(),
            resource_type: 16,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for ConfigResource {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("ConfigResource.resource_name", &self.resource_name)?;
        if version >= 1 {
            w.i8(self.resource_type);
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for ConfigResource {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.resource_name = r.string("ConfigResource.resource_name")?;
        if version >= 1 {
            m.resource_type = r.i8("ConfigResource.resource_type")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}
