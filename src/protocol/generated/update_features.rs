//! `UpdateFeatures` (key 57): versions 0 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `UpdateFeatures` (key 57), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesRequest {
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey>,
    /// Versions 1 to 2.
    pub validate_only: bool,
}

impl Default for UpdateFeaturesRequest {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            feature_updates: Vec::default(),
            validate_only: false,
        }
    }
}

impl Request for UpdateFeaturesRequest {
    const KEY: ApiKey = ApiKey::UpdateFeatures;
    type Response = UpdateFeaturesResponse;
}

impl Encode for UpdateFeaturesRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::UpdateFeatures, "UpdateFeaturesRequest", version)?;
        w.i32(self.timeout_ms);
        w.array(
            "UpdateFeaturesRequest.feature_updates",
            &self.feature_updates,
            version,
        )?;
        if version >= 1 {
            w.bool(self.validate_only);
        } else {
            w.absent(
                "UpdateFeaturesRequest.validate_only",
                !self.validate_only,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for UpdateFeaturesRequest {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::UpdateFeatures, "UpdateFeaturesRequest", version)?;
        let mut m = Self::default();
        m.timeout_ms = r.i32("UpdateFeaturesRequest.timeout_ms")?;
        m.feature_updates = r.array("UpdateFeaturesRequest.feature_updates", version)?;
        if version >= 1 {
            m.validate_only = r.bool("UpdateFeaturesRequest.validate_only")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`UpdateFeaturesRequest::feature_updates`].
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureUpdateKey {
    pub feature: String,
    pub max_version_level: i16,
    /// Version 0.
    pub allow_downgrade: bool,
    /// Versions 1 to 2.
    pub upgrade_type: i8,
}

impl Default for FeatureUpdateKey {
    fn default() -> Self {
        Self {
            feature: String::default(),
            max_version_level: 0,
            allow_downgrade: false,
            upgrade_type: 1,
        }
    }
}

impl Encode for FeatureUpdateKey {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("FeatureUpdateKey.feature", &self.feature)?;
        w.i16(self.max_version_level);
        if version <= 0 {
            w.bool(self.allow_downgrade);
        } else {
            w.absent(
                "FeatureUpdateKey.allow_downgrade",
                !self.allow_downgrade,
                version,
            )?;
        }
        if version >= 1 {
            w.i8(self.upgrade_type);
        } else {
            w.absent(
                "FeatureUpdateKey.upgrade_type",
                self.upgrade_type == 1,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for FeatureUpdateKey {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.feature = r.string("FeatureUpdateKey.feature")?;
        m.max_version_level = r.i16("FeatureUpdateKey.max_version_level")?;
        if version <= 0 {
            m.allow_downgrade = r.bool("FeatureUpdateKey.allow_downgrade")?;
        }
        if version >= 1 {
            m.upgrade_type = r.i8("FeatureUpdateKey.upgrade_type")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `UpdateFeatures` (key 57), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    /// Versions 0 to 1.
    pub results: Vec<UpdatableFeatureResult>,
}

impl Default for UpdateFeaturesResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Default::default()),
            results: Vec::default(),
        }
    }
}

impl Response for UpdateFeaturesResponse {
    const KEY: ApiKey = ApiKey::UpdateFeatures;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for UpdateFeaturesResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::UpdateFeatures, "UpdateFeaturesResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "UpdateFeaturesResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        if version <= 1 {
            w.array("UpdateFeaturesResponse.results", &self.results, version)?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for UpdateFeaturesResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::UpdateFeatures, "UpdateFeaturesResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("UpdateFeaturesResponse.throttle_time_ms")?;
        m.error_code = r.i16("UpdateFeaturesResponse.error_code")?;
        m.error_message = r.nullable_string("UpdateFeaturesResponse.error_message", true)?;
        if version <= 1 {
            m.results = r.array("UpdateFeaturesResponse.results", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`UpdateFeaturesResponse::results`].
#[derive(Clone, Debug, PartialEq)]
pub struct UpdatableFeatureResult {
    pub feature: String,
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for UpdatableFeatureResult {
    fn default() -> Self {
        Self {
            feature: String::default(),
            error_code: 0,
            error_message: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for UpdatableFeatureResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("UpdatableFeatureResult.feature", &self.feature)?;
        w.i16(self.error_code);
        w.nullable_string(
            "UpdatableFeatureResult.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for UpdatableFeatureResult {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.feature = r.string("UpdatableFeatureResult.feature")?;
        m.error_code = r.i16("UpdatableFeatureResult.error_code")?;
        m.error_message = r.nullable_string("UpdatableFeatureResult.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
