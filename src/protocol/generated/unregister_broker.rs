//! `UnregisterBroker` (key 64): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `UnregisterBroker` (key 64), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnregisterBrokerRequest {
    pub broker_id: i32,
}

impl Request for UnregisterBrokerRequest {
    const KEY: ApiKey = ApiKey::UnregisterBroker;
    type Response = UnregisterBrokerResponse;
}

impl Encode for UnregisterBrokerRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::UnregisterBroker, "UnregisterBrokerRequest", version)?;
        w.i32(self.broker_id);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for UnregisterBrokerRequest {
    const MIN_SIZE: usize = 5;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::UnregisterBroker, "UnregisterBrokerRequest", version)?;
        let mut m = Self::default();
        m.broker_id = r.i32("UnregisterBrokerRequest.broker_id")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `UnregisterBroker` (key 64), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UnregisterBrokerResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for UnregisterBrokerResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Default::default()),
        }
    }
}

impl Response for UnregisterBrokerResponse {
    const KEY: ApiKey = ApiKey::UnregisterBroker;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for UnregisterBrokerResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::UnregisterBroker,
            "UnregisterBrokerResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.nullable_string(
            "UnregisterBrokerResponse.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for UnregisterBrokerResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::UnregisterBroker,
            "UnregisterBrokerResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("UnregisterBrokerResponse.throttle_time_ms")?;
        m.error_code = r.i16("UnregisterBrokerResponse.error_code")?;
        m.error_message = r.nullable_string("UnregisterBrokerResponse.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
