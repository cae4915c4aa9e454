//! `DescribeConfigs` (key 32): versions 1 to 4. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeConfigs` (key 32), versions 1 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsRequest {
    pub resources: Vec<DescribeConfigsResource>,
    pub include_synonyms: bool,
    /// Versions 3 to 4.
    pub include_documentation: bool,
}

impl Request for DescribeConfigsRequest {
    const KEY: ApiKey = ApiKey::DescribeConfigs;
    type Response = DescribeConfigsResponse;
}

impl Encode for DescribeConfigsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeConfigs, "DescribeConfigsRequest", version)?;
        w.array("DescribeConfigsRequest.resources", &self.resources, version)?;
        w.bool(self.include_synonyms);
        if version >= 3 {
            w.bool(self.include_documentation);
        } else {
            w.absent(
                "DescribeConfigsRequest.include_documentation",
                !self.include_documentation,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeConfigsRequest {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeConfigs, "DescribeConfigsRequest", version)?;
        let mut m = Self::default();
        m.resources = r.array("DescribeConfigsRequest.resources", version)?;
        m.include_synonyms = r.bool("DescribeConfigsRequest.include_synonyms")?;
        if version >= 3 {
            m.include_documentation = r.bool("DescribeConfigsRequest.include_documentation")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeConfigsRequest::resources`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResource {
    pub resource_type: i8,
    pub resource_name: String,
    pub configuration_keys: Option<Vec<String>>,
}

impl Default for DescribeConfigsResource {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: String::default(),
            configuration_keys: Some(Default::default()),
        }
    }
}

impl Encode for DescribeConfigsResource {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i8(self.resource_type);
        w.string("DescribeConfigsResource.resource_name", &self.resource_name)?;
        w.nullable_array(
            "DescribeConfigsResource.configuration_keys",
            true,
            self.configuration_keys.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeConfigsResource {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.resource_type = r.i8("DescribeConfigsResource.resource_type")?;
        m.resource_name = r.string("DescribeConfigsResource.resource_name")?;
        m.configuration_keys =
            r.nullable_array("DescribeConfigsResource.configuration_keys", true, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeConfigs` (key 32), versions 1 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult>,
}

impl Response for DescribeConfigsResponse {
    const KEY: ApiKey = ApiKey::DescribeConfigs;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeConfigsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::DescribeConfigs, "DescribeConfigsResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.array("DescribeConfigsResponse.results", &self.results, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeConfigsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::DescribeConfigs, "DescribeConfigsResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeConfigsResponse.throttle_time_ms")?;
        m.results = r.array("DescribeConfigsResponse.results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeConfigsResponse::results`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResult {
    pub error_code: i16,
    pub error_message: Option<String>,
    pub resource_type: i8,
    pub resource_name: String,
    pub configs: Vec<DescribeConfigsResourceResult>,
}

impl Default for DescribeConfigsResult {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Default::default()),
            resource_type: 0,
            resource_name: String::default(),
            configs: Vec::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeConfigsResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.nullable_string(
            "DescribeConfigsResult.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.i8(self.resource_type);
        w.string("DescribeConfigsResult.resource_name", &self.resource_name)?;
        w.array("DescribeConfigsResult.configs", &self.configs, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeConfigsResult {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("DescribeConfigsResult.error_code")?;
        m.error_message = r.nullable_string("DescribeConfigsResult.error_message", true)?;
        m.resource_type = r.i8("DescribeConfigsResult.resource_type")?;
        m.resource_name = r.string("DescribeConfigsResult.resource_name")?;
        m.configs = r.array("DescribeConfigsResult.configs", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeConfigsResult::configs`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResourceResult {
    pub name: String,
    pub value: Option<String>,
    pub read_only: bool,
    pub config_source: i8,
    pub is_sensitive: bool,
    pub synonyms: Vec<DescribeConfigsSynonym>,
    /// Versions 3 to 4.
    pub config_type: i8,
    /// Versions 3 to 4.
    pub documentation: Option<String>,
}

impl Default for DescribeConfigsResourceResult {
    fn default() -> Self {
        Self {
            name: String::default(),
            value: Some(Default::default()),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Vec::default(),
            config_type: 0,
            documentation: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeConfigsResourceResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("DescribeConfigsResourceResult.name", &self.name)?;
        w.nullable_string(
            "DescribeConfigsResourceResult.value",
            true,
            self.value.as_deref(),
        )?;
        w.bool(self.read_only);
        w.i8(self.config_source);
        w.bool(self.is_sensitive);
        w.array(
            "DescribeConfigsResourceResult.synonyms",
            &self.synonyms,
            version,
        )?;
        if version >= 3 {
            w.i8(self.config_type);
            w.nullable_string(
                "DescribeConfigsResourceResult.documentation",
                true,
                self.documentation.as_deref(),
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeConfigsResourceResult {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("DescribeConfigsResourceResult.name")?;
        m.value = r.nullable_string("DescribeConfigsResourceResult.value", true)?;
        m.read_only = r.bool("DescribeConfigsResourceResult.read_only")?;
        m.config_source = r.i8("DescribeConfigsResourceResult.config_source")?;
        m.is_sensitive = r.bool("DescribeConfigsResourceResult.is_sensitive")?;
        m.synonyms = r.array("DescribeConfigsResourceResult.synonyms", version)?;
        if version >= 3 {
            m.config_type = r.i8("DescribeConfigsResourceResult.config_type")?;
            m.documentation =
                r.nullable_string("DescribeConfigsResourceResult.documentation", true)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeConfigsResourceResult::synonyms`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsSynonym {
    pub name: String,
    pub value: Option<String>,
    pub source: i8,
}

impl Default for DescribeConfigsSynonym {
    fn default() -> Self {
        Self {
            name: String::default(),
            value: Some(Default::default()),
            source: 0,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeConfigsSynonym {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("DescribeConfigsSynonym.name", &self.name)?;
        w.nullable_string("DescribeConfigsSynonym.value", true, self.value.as_deref())?;
        w.i8(self.source);
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeConfigsSynonym {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("DescribeConfigsSynonym.name")?;
        m.value = r.nullable_string("DescribeConfigsSynonym.value", true)?;
        m.source = r.i8("DescribeConfigsSynonym.source")?;
        r.end_struct()?;
        Ok(m)
    }
}
