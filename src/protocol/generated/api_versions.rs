//! `ApiVersions` (key 18): versions 0 to 4. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ApiVersions` (key 18), versions 0 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersionsRequest {
    /// Versions 3 to 4.
    pub client_software_name: String,
    /// Versions 3 to 4.
    pub client_software_version: String,
}

impl Request for ApiVersionsRequest {
    const KEY: ApiKey = ApiKey::ApiVersions;
    type Response = ApiVersionsResponse;
}

impl Encode for ApiVersionsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ApiVersions, "ApiVersionsRequest", version)?;
        if version >= 3 {
            w.string(
                "ApiVersionsRequest.client_software_name",
                &self.client_software_name,
            )?;
            w.string(
                "ApiVersionsRequest.client_software_version",
                &self.client_software_version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ApiVersionsRequest {
    const MIN_SIZE: usize = 0;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ApiVersions, "ApiVersionsRequest", version)?;
        let mut m = Self::default();
        if version >= 3 {
            m.client_software_name = r.string("ApiVersionsRequest.client_software_name")?;
            m.client_software_version = r.string("ApiVersionsRequest.client_software_version")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ApiVersions` (key 18), versions 0 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsResponse {
    pub error_code: i16,
    pub api_keys: Vec<ApiVersion>,
    /// Versions 1 to 4.
    pub throttle_time_ms: i32,
    /// Versions 3 to 4.
    pub supported_features: Vec<SupportedFeatureKey>,
    /// Versions 3 to 4.
    pub finalized_features_epoch: i64,
    /// Versions 3 to 4.
    pub finalized_features: Vec<FinalizedFeatureKey>,
    /// Versions 3 to 4.
    pub zk_migration_ready: bool,
}

impl Default for ApiVersionsResponse {
    fn default() -> Self {
        Self {
            error_code: 0,
            api_keys: Vec::default(),
            throttle_time_ms: 0,
            supported_features: Vec::default(),
            finalized_features_epoch: -1,
            finalized_features: Vec::default(),
            zk_migration_ready: false,
        }
    }
}

impl Response for ApiVersionsResponse {
    const KEY: ApiKey = ApiKey::ApiVersions;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ApiVersionsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ApiVersions, "ApiVersionsResponse", version)?;
        w.i16(self.error_code);
        w.array("ApiVersionsResponse.api_keys", &self.api_keys, version)?;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        let mut tags = w.tags();
        if version >= 3 && !self.supported_features.is_empty() {
            tags.put(0, |w| {
                w.array(
                    "ApiVersionsResponse.supported_features",
                    &self.supported_features,
                    version,
                )
            })?;
        }
        if version >= 3 && self.finalized_features_epoch != -1 {
            tags.put(1, |w| {
                w.i64(self.finalized_features_epoch);
                Ok(())
            })?;
        }
        if version >= 3 && !self.finalized_features.is_empty() {
            tags.put(2, |w| {
                w.array(
                    "ApiVersionsResponse.finalized_features",
                    &self.finalized_features,
                    version,
                )
            })?;
        }
        if version >= 3 && self.zk_migration_ready {
            tags.put(3, |w| {
                w.bool(self.zk_migration_ready);
                Ok(())
            })?;
        }
        tags.finish();
        Ok(())
    }
}

impl Decode for ApiVersionsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ApiVersions, "ApiVersionsResponse", version)?;
        let mut m = Self::default();
        m.error_code = r.i16("ApiVersionsResponse.error_code")?;
        m.api_keys = r.array("ApiVersionsResponse.api_keys", version)?;
        if version >= 1 {
            m.throttle_time_ms = r.i32("ApiVersionsResponse.throttle_time_ms")?;
        }
        r.tags(|tag, r| {
            match tag {
                0 if version >= 3 => {
                    m.supported_features =
                        r.array("ApiVersionsResponse.supported_features", version)?
                }
                1 if version >= 3 => {
                    m.finalized_features_epoch =
                        r.i64("ApiVersionsResponse.finalized_features_epoch")?
                }
                2 if version >= 3 => {
                    m.finalized_features =
                        r.array("ApiVersionsResponse.finalized_features", version)?
                }
                3 if version >= 3 => {
                    m.zk_migration_ready = r.bool("ApiVersionsResponse.zk_migration_ready")?
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

/// In [`ApiVersionsResponse::api_keys`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
}

#[cfg(feature = "mock")]
impl Encode for ApiVersion {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i16(self.api_key);
        w.i16(self.min_version);
        w.i16(self.max_version);
        w.end_struct();
        Ok(())
    }
}

impl Decode for ApiVersion {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.api_key = r.i16("ApiVersion.api_key")?;
        m.min_version = r.i16("ApiVersion.min_version")?;
        m.max_version = r.i16("ApiVersion.max_version")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ApiVersionsResponse::supported_features`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupportedFeatureKey {
    pub name: String,
    pub min_version: i16,
    pub max_version: i16,
}

#[cfg(feature = "mock")]
impl Encode for SupportedFeatureKey {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("SupportedFeatureKey.name", &self.name)?;
        w.i16(self.min_version);
        w.i16(self.max_version);
        w.end_struct();
        Ok(())
    }
}

impl Decode for SupportedFeatureKey {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("SupportedFeatureKey.name")?;
        m.min_version = r.i16("SupportedFeatureKey.min_version")?;
        m.max_version = r.i16("SupportedFeatureKey.max_version")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ApiVersionsResponse::finalized_features`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FinalizedFeatureKey {
    pub name: String,
    pub max_version_level: i16,
    pub min_version_level: i16,
}

#[cfg(feature = "mock")]
impl Encode for FinalizedFeatureKey {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("FinalizedFeatureKey.name", &self.name)?;
        w.i16(self.max_version_level);
        w.i16(self.min_version_level);
        w.end_struct();
        Ok(())
    }
}

impl Decode for FinalizedFeatureKey {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("FinalizedFeatureKey.name")?;
        m.max_version_level = r.i16("FinalizedFeatureKey.max_version_level")?;
        m.min_version_level = r.i16("FinalizedFeatureKey.min_version_level")?;
        r.end_struct()?;
        Ok(m)
    }
}
