//! `PushTelemetry` (key 72): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `PushTelemetry` (key 72), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTelemetryRequest {
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub terminating: bool,
    pub compression_type: i8,
    pub metrics: Bytes,
}

impl Request for PushTelemetryRequest {
    const KEY: ApiKey = ApiKey::PushTelemetry;
    type Response = PushTelemetryResponse;
}

impl Encode for PushTelemetryRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::PushTelemetry, "PushTelemetryRequest", version)?;
        w.uuid(self.client_instance_id);
        w.i32(self.subscription_id);
        w.bool(self.terminating);
        w.i8(self.compression_type);
        w.bytes("PushTelemetryRequest.metrics", &self.metrics)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for PushTelemetryRequest {
    const MIN_SIZE: usize = 24;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::PushTelemetry, "PushTelemetryRequest", version)?;
        let mut m = Self::default();
        m.client_instance_id = r.uuid("PushTelemetryRequest.client_instance_id")?;
        m.subscription_id = r.i32("PushTelemetryRequest.subscription_id")?;
        m.terminating = r.bool("PushTelemetryRequest.terminating")?;
        m.compression_type = r.i8("PushTelemetryRequest.compression_type")?;
        m.metrics = r.bytes("PushTelemetryRequest.metrics")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `PushTelemetry` (key 72), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTelemetryResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
}

impl Response for PushTelemetryResponse {
    const KEY: ApiKey = ApiKey::PushTelemetry;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for PushTelemetryResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::PushTelemetry, "PushTelemetryResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for PushTelemetryResponse {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::PushTelemetry, "PushTelemetryResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("PushTelemetryResponse.throttle_time_ms")?;
        m.error_code = r.i16("PushTelemetryResponse.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
