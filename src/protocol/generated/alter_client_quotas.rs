//! `AlterClientQuotas` (key 49): versions 0 to 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `AlterClientQuotas` (key 49), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasRequest {
    pub entries: Vec<RequestEntryData>,
    pub validate_only: bool,
}

impl Request for AlterClientQuotasRequest {
    const KEY: ApiKey = ApiKey::AlterClientQuotas;
    type Response = AlterClientQuotasResponse;
}

impl Encode for AlterClientQuotasRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterClientQuotas,
            "AlterClientQuotasRequest",
            version,
        )?;
        w.array("AlterClientQuotasRequest.entries", &self.entries, version)?;
        w.bool(self.validate_only);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AlterClientQuotasRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterClientQuotas,
            "AlterClientQuotasRequest",
            version,
        )?;
        let mut m = Self::default();
        m.entries = r.array("AlterClientQuotasRequest.entries", version)?;
        m.validate_only = r.bool("AlterClientQuotasRequest.validate_only")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterClientQuotasRequest::entries`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestEntryData {
    pub entity: Vec<RequestEntityData>,
    pub ops: Vec<OpData>,
}

impl Encode for RequestEntryData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.array("RequestEntryData.entity", &self.entity, version)?;
        w.array("RequestEntryData.ops", &self.ops, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for RequestEntryData {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.entity = r.array("RequestEntryData.entity", version)?;
        m.ops = r.array("RequestEntryData.ops", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`RequestEntryData::entity`].
#[derive(Clone, Debug, PartialEq)]
pub struct RequestEntityData {
    pub entity_type: String,
    pub entity_name: Option<String>,
}

impl Default for RequestEntityData {
    fn default() -> Self {
        Self {
            entity_type: String::default(),
            entity_name: Some(Default::default()),
        }
    }
}

impl Encode for RequestEntityData {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("RequestEntityData.entity_type", &self.entity_type)?;
        w.nullable_string(
            "RequestEntityData.entity_name",
            true,
            self.entity_name.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for RequestEntityData {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.entity_type = r.string("RequestEntityData.entity_type")?;
        m.entity_name = r.nullable_string("RequestEntityData.entity_name", true)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`RequestEntryData::ops`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpData {
    pub key: String,
    pub value: f64,
    pub remove: bool,
}

impl Encode for OpData {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("OpData.key", &self.key)?;
        w.f64(self.value);
        w.bool(self.remove);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for OpData {
    const MIN_SIZE: usize = 11;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.key = r.string("OpData.key")?;
        m.value = r.f64("OpData.value")?;
        m.remove = r.bool("OpData.remove")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `AlterClientQuotas` (key 49), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasResponse {
    pub throttle_time_ms: i32,
    pub entries: Vec<ResponseEntryData>,
}

impl Response for AlterClientQuotasResponse {
    const KEY: ApiKey = ApiKey::AlterClientQuotas;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for AlterClientQuotasResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AlterClientQuotas,
            "AlterClientQuotasResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array("AlterClientQuotasResponse.entries", &self.entries, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AlterClientQuotasResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AlterClientQuotas,
            "AlterClientQuotasResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("AlterClientQuotasResponse.throttle_time_ms")?;
        m.entries = r.array("AlterClientQuotasResponse.entries", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AlterClientQuotasResponse::entries`].
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseEntryData {
    pub error_code: i16,
    pub error_message: Option<String>,
    pub entity: Vec<ResponseEntityData>,
}

impl Default for ResponseEntryData {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Default::default()),
            entity: Vec::default(),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for ResponseEntryData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.nullable_string(
            "ResponseEntryData.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.array("ResponseEntryData.entity", &self.entity, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ResponseEntryData {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("ResponseEntryData.error_code")?;
        m.error_message = r.nullable_string("ResponseEntryData.error_message", true)?;
        m.entity = r.array("ResponseEntryData.entity", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ResponseEntryData::entity`].
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseEntityData {
    pub entity_type: String,
    pub entity_name: Option<String>,
}

impl Default for ResponseEntityData {
    fn default() -> Self {
        Self {
            entity_type: String::default(),
            entity_name: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for ResponseEntityData {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("ResponseEntityData.entity_type", &self.entity_type)?;
        w.nullable_string(
            "ResponseEntityData.entity_name",
            true,
            self.entity_name.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ResponseEntityData {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.entity_type = r.string("ResponseEntityData.entity_type")?;
        m.entity_name = r.nullable_string("ResponseEntityData.entity_name", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
