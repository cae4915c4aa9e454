//! `RenewDelegationToken` (key 39): versions 1 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `RenewDelegationToken` (key 39), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenewDelegationTokenRequest {
    pub hmac: Bytes,
    pub renew_period_ms: i64,
}

impl Request for RenewDelegationTokenRequest {
    const KEY: ApiKey = ApiKey::RenewDelegationToken;
    type Response = RenewDelegationTokenResponse;
}

impl Encode for RenewDelegationTokenRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::RenewDelegationToken,
            "RenewDelegationTokenRequest",
            version,
        )?;
        w.bytes("RenewDelegationTokenRequest.hmac", &self.hmac)?;
        w.i64(self.renew_period_ms);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for RenewDelegationTokenRequest {
    const MIN_SIZE: usize = 10;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::RenewDelegationToken,
            "RenewDelegationTokenRequest",
            version,
        )?;
        let mut m = Self::default();
        m.hmac = r.bytes("RenewDelegationTokenRequest.hmac")?;
        m.renew_period_ms = r.i64("RenewDelegationTokenRequest.renew_period_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `RenewDelegationToken` (key 39), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenewDelegationTokenResponse {
    pub error_code: i16,
    pub expiry_timestamp_ms: i64,
    pub throttle_time_ms: i32,
}

impl Response for RenewDelegationTokenResponse {
    const KEY: ApiKey = ApiKey::RenewDelegationToken;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for RenewDelegationTokenResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::RenewDelegationToken,
            "RenewDelegationTokenResponse",
            version,
        )?;
        w.i16(self.error_code);
        w.i64(self.expiry_timestamp_ms);
        w.i32(self.throttle_time_ms);
        w.end_struct();
        Ok(())
    }
}

impl Decode for RenewDelegationTokenResponse {
    const MIN_SIZE: usize = 14;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::RenewDelegationToken,
            "RenewDelegationTokenResponse",
            version,
        )?;
        let mut m = Self::default();
        m.error_code = r.i16("RenewDelegationTokenResponse.error_code")?;
        m.expiry_timestamp_ms = r.i64("RenewDelegationTokenResponse.expiry_timestamp_ms")?;
        m.throttle_time_ms = r.i32("RenewDelegationTokenResponse.throttle_time_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}
