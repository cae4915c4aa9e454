//! `ExpireDelegationToken` (key 40): versions 1 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ExpireDelegationToken` (key 40), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpireDelegationTokenRequest {
    pub hmac: Bytes,
    pub expiry_time_period_ms: i64,
}

impl Request for ExpireDelegationTokenRequest {
    const KEY: ApiKey = ApiKey::ExpireDelegationToken;
    type Response = ExpireDelegationTokenResponse;
}

impl Encode for ExpireDelegationTokenRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ExpireDelegationToken,
            "ExpireDelegationTokenRequest",
            version,
        )?;
        w.bytes("ExpireDelegationTokenRequest.hmac", &self.hmac)?;
        w.i64(self.expiry_time_period_ms);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ExpireDelegationTokenRequest {
    const MIN_SIZE: usize = 10;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ExpireDelegationToken,
            "ExpireDelegationTokenRequest",
            version,
        )?;
        let mut m = Self::default();
        m.hmac = r.bytes("ExpireDelegationTokenRequest.hmac")?;
        m.expiry_time_period_ms = r.i64("ExpireDelegationTokenRequest.expiry_time_period_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ExpireDelegationToken` (key 40), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpireDelegationTokenResponse {
    pub error_code: i16,
    pub expiry_timestamp_ms: i64,
    pub throttle_time_ms: i32,
}

impl Response for ExpireDelegationTokenResponse {
    const KEY: ApiKey = ApiKey::ExpireDelegationToken;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ExpireDelegationTokenResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ExpireDelegationToken,
            "ExpireDelegationTokenResponse",
            version,
        )?;
        w.i16(self.error_code);
        w.i64(self.expiry_timestamp_ms);
        w.i32(self.throttle_time_ms);
        w.end_struct();
        Ok(())
    }
}

impl Decode for ExpireDelegationTokenResponse {
    const MIN_SIZE: usize = 14;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ExpireDelegationToken,
            "ExpireDelegationTokenResponse",
            version,
        )?;
        let mut m = Self::default();
        m.error_code = r.i16("ExpireDelegationTokenResponse.error_code")?;
        m.expiry_timestamp_ms = r.i64("ExpireDelegationTokenResponse.expiry_timestamp_ms")?;
        m.throttle_time_ms = r.i32("ExpireDelegationTokenResponse.throttle_time_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}
