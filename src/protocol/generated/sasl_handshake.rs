//! `SaslHandshake` (key 17): version 1. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `SaslHandshake` (key 17), version 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeRequest {
    pub mechanism: String,
}

impl Request for SaslHandshakeRequest {
    const KEY: ApiKey = ApiKey::SaslHandshake;
    type Response = SaslHandshakeResponse;
}

impl Encode for SaslHandshakeRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::SaslHandshake, "SaslHandshakeRequest", version)?;
        w.string("SaslHandshakeRequest.mechanism", &self.mechanism)?;
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for SaslHandshakeRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::SaslHandshake, "SaslHandshakeRequest", version)?;
        let mut m = Self::default();
        m.mechanism = r.string("SaslHandshakeRequest.mechanism")?;
        Ok(m)
    }
}

/// The response of `SaslHandshake` (key 17), version 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeResponse {
    pub error_code: i16,
    pub mechanisms: Vec<String>,
}

impl Response for SaslHandshakeResponse {
    const KEY: ApiKey = ApiKey::SaslHandshake;

    fn throttle_time(&self) -> Duration {
        Duration::ZERO
    }
}

#[cfg(feature = "mock")]
impl Encode for SaslHandshakeResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::SaslHandshake, "SaslHandshakeResponse", version)?;
        w.i16(self.error_code);
        w.array(
            "SaslHandshakeResponse.mechanisms",
            &self.mechanisms,
            version,
        )?;
        Ok(())
    }
}

impl Decode for SaslHandshakeResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::SaslHandshake, "SaslHandshakeResponse", version)?;
        let mut m = Self::default();
        m.error_code = r.i16("SaslHandshakeResponse.error_code")?;
        m.mechanisms = r.array("SaslHandshakeResponse.mechanisms", version)?;
        Ok(m)
    }
}
