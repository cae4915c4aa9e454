//! `GetTelemetrySubscriptions` (key 71): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `GetTelemetrySubscriptions` (key 71), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsRequest {
    pub client_instance_id: Uuid,
}

impl Request for GetTelemetrySubscriptionsRequest {
    const KEY: ApiKey = ApiKey::GetTelemetrySubscriptions;
    type Response = GetTelemetrySubscriptionsResponse;
}

impl Encode for GetTelemetrySubscriptionsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::GetTelemetrySubscriptions,
            "GetTelemetrySubscriptionsRequest",
            version,
        )?;
        w.uuid(self.client_instance_id);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for GetTelemetrySubscriptionsRequest {
    const MIN_SIZE: usize = 17;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::GetTelemetrySubscriptions,
            "GetTelemetrySubscriptionsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.client_instance_id = r.uuid("GetTelemetrySubscriptionsRequest.client_instance_id")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `GetTelemetrySubscriptions` (key 71), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub accepted_compression_types: Vec<i8>,
    pub push_interval_ms: i32,
    pub telemetry_max_bytes: i32,
    pub delta_temporality: bool,
    pub requested_metrics: Vec<String>,
}

impl Response for GetTelemetrySubscriptionsResponse {
    const KEY: ApiKey = ApiKey::GetTelemetrySubscriptions;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for GetTelemetrySubscriptionsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::GetTelemetrySubscriptions,
            "GetTelemetrySubscriptionsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.uuid(self.client_instance_id);
        w.i32(self.subscription_id);
        w.array(
            "GetTelemetrySubscriptionsResponse.accepted_compression_types",
            &self.accepted_compression_types,
            version,
        )?;
        w.i32(self.push_interval_ms);
        w.i32(self.telemetry_max_bytes);
        w.bool(self.delta_temporality);
        w.array(
            "GetTelemetrySubscriptionsResponse.requested_metrics",
            &self.requested_metrics,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for GetTelemetrySubscriptionsResponse {
    const MIN_SIZE: usize = 38;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::GetTelemetrySubscriptions,
            "GetTelemetrySubscriptionsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("GetTelemetrySubscriptionsResponse.throttle_time_ms")?;
        m.error_code = r.i16("GetTelemetrySubscriptionsResponse.error_code")?;
        m.client_instance_id = r.uuid("GetTelemetrySubscriptionsResponse.client_instance_id")?;
        m.subscription_id = r.i32("GetTelemetrySubscriptionsResponse.subscription_id")?;
        m.accepted_compression_types = r.array(
            "GetTelemetrySubscriptionsResponse.accepted_compression_types",
            version,
        )?;
        m.push_interval_ms = r.i32("GetTelemetrySubscriptionsResponse.push_interval_ms")?;
        m.telemetry_max_bytes = r.i32("GetTelemetrySubscriptionsResponse.telemetry_max_bytes")?;
        m.delta_temporality = r.bool("GetTelemetrySubscriptionsResponse.delta_temporality")?;
        m.requested_metrics = r.array(
            "GetTelemetrySubscriptionsResponse.requested_metrics",
            version,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}
