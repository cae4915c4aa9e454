//! `SaslAuthenticate` (key 36): versions 0 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `SaslAuthenticate` (key 36), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslAuthenticateRequest {
    pub auth_bytes: Bytes,
}

impl Request for SaslAuthenticateRequest {
    const KEY: ApiKey = ApiKey::SaslAuthenticate;
    type Response = SaslAuthenticateResponse;
}

impl Encode for SaslAuthenticateRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::SaslAuthenticate, "SaslAuthenticateRequest", version)?;
        w.bytes("SaslAuthenticateRequest.auth_bytes", &self.auth_bytes)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for SaslAuthenticateRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::SaslAuthenticate, "SaslAuthenticateRequest", version)?;
        let mut m = Self::default();
        m.auth_bytes = r.bytes("SaslAuthenticateRequest.auth_bytes")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `SaslAuthenticate` (key 36), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslAuthenticateResponse {
    pub error_code: i16,
    pub error_message: Option<String>,
    pub auth_bytes: Bytes,
    /// Versions 1 to 2.
    pub session_lifetime_ms: i64,
}

impl Default for SaslAuthenticateResponse {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Default::default()),
            auth_bytes: Bytes::default(),
            session_lifetime_ms: 0,
        }
    }
}

impl Response for SaslAuthenticateResponse {
    const KEY: ApiKey = ApiKey::SaslAuthenticate;

    fn throttle_time(&self) -> Duration {
        Duration::ZERO
    }
}

#[cfg(feature = "mock")]
impl Encode for SaslAuthenticateResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::SaslAuthenticate,
            "SaslAuthenticateResponse",
            version,
        )?;
        w.i16(self.error_code);
        w.nullable_string(
            "SaslAuthenticateResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.bytes("SaslAuthenticateResponse.auth_bytes", &self.auth_bytes)?;
        if version >= 1 {
            w.i64(self.session_lifetime_ms);
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for SaslAuthenticateResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::SaslAuthenticate,
            "SaslAuthenticateResponse",
            version,
        )?;
        let mut m = Self::default();
        m.error_code = r.i16("SaslAuthenticateResponse.error_code")?;
        m.error_message = r.nullable_string("SaslAuthenticateResponse.error_message", true)?;
        m.auth_bytes = r.bytes("SaslAuthenticateResponse.auth_bytes")?;
        if version >= 1 {
            m.session_lifetime_ms = r.i64("SaslAuthenticateResponse.session_lifetime_ms")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}
