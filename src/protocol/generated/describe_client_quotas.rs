//! `DescribeClientQuotas` (key 48): versions 0 to 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeClientQuotas` (key 48), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClientQuotasRequest {
    pub components: Vec<ComponentData>,
    pub strict: bool,
}

impl Request for DescribeClientQuotasRequest {
    const KEY: ApiKey = ApiKey::DescribeClientQuotas;
    type Response = DescribeClientQuotasResponse;
}

impl Encode for DescribeClientQuotasRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeClientQuotas,
            "DescribeClientQuotasRequest",
            version,
        )?;
        w.array(
            "DescribeClientQuotasRequest.components",
            &self.components,
            version,
        )?;
        w.bool(self.strict);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeClientQuotasRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeClientQuotas,
            "DescribeClientQuotasRequest",
            version,
        )?;
        let mut m = Self::default();
        m.components = r.array("DescribeClientQuotasRequest.components", version)?;
        m.strict = r.bool("DescribeClientQuotasRequest.strict")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeClientQuotasRequest::components`].
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentData {
    pub entity_type: String,
    pub match_type: i8,
    pub r#match: Option<String>,
}

impl Default for ComponentData {
    fn default() -> Self {
        Self {
            entity_type: String::default(),
            match_type: 0,
            r#match: Some(Default::default()),
        }
    }
}

impl Encode for ComponentData {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("ComponentData.entity_type", &self.entity_type)?;
        w.i8(self.match_type);
        w.nullable_string("ComponentData.match", true, self.r#match.as_deref())?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ComponentData {
    const MIN_SIZE: usize = 4;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.entity_type = r.string("ComponentData.entity_type")?;
        m.match_type = r.i8("ComponentData.match_type")?;
        m.r#match = r.nullable_string("ComponentData.match", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeClientQuotas` (key 48), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClientQuotasResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
    pub entries: Option<Vec<EntryData>>,
}

impl Default for DescribeClientQuotasResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Default::default()),
            entries: Some(Default::default()),
        }
    }
}

impl Response for DescribeClientQuotasResponse {
    const KEY: ApiKey = ApiKey::DescribeClientQuotas;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeClientQuotasResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeClientQuotas,
            "DescribeClientQuotasResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "DescribeClientQuotasResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.nullable_array(
            "DescribeClientQuotasResponse.entries",
            true,
            self.entries.as_deref(),
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeClientQuotasResponse {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeClientQuotas,
            "DescribeClientQuotasResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeClientQuotasResponse.throttle_time_ms")?;
        m.error_code = r.i16("DescribeClientQuotasResponse.error_code")?;
        m.error_message = r.nullable_string("DescribeClientQuotasResponse.error_message", true)?;
        m.entries = r.nullable_array("DescribeClientQuotasResponse.entries", true, version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeClientQuotasResponse::entries`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryData {
    pub entity: Vec<EntityData>,
    pub values: Vec<ValueData>,
}

#[cfg(feature = "mock")]
impl Encode for EntryData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.array("EntryData.entity", &self.entity, version)?;
        w.array("EntryData.values", &self.values, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for EntryData {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.entity = r.array("EntryData.entity", version)?;
        m.values = r.array("EntryData.values", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`EntryData::entity`].
#[derive(Clone, Debug, PartialEq)]
pub struct EntityData {
    pub entity_type: String,
    pub entity_name: Option<String>,
}

impl Default for EntityData {
    fn default() -> Self {
        Self {
            entity_type: String::default(),
            entity_name: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for EntityData {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("EntityData.entity_type", &self.entity_type)?;
        w.nullable_string("EntityData.entity_name", true, self.entity_name.as_deref())?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for EntityData {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.entity_type = r.string("EntityData.entity_type")?;
        m.entity_name = r.nullable_string("EntityData.entity_name", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`EntryData::values`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueData {
    pub key: String,
    pub value: f64,
}

#[cfg(feature = "mock")]
impl Encode for ValueData {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("ValueData.key", &self.key)?;
        w.f64(self.value);
        w.end_struct();
        Ok(())
    }
}

impl Decode for ValueData {
    const MIN_SIZE: usize = 10;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.key = r.string("ValueData.key")?;
        m.value = r.f64("ValueData.value")?;
        r.end_struct()?;
        Ok(m)
    }
}
