//! `InitProducerId` (key 22): versions 0 to 5. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `InitProducerId` (key 22), versions 0 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdRequest {
    pub transactional_id: Option<String>,
    pub transaction_timeout_ms: i32,
    /// Versions 3 to 5.
    pub producer_id: i64,
    /// Versions 3 to 5.
    pub producer_epoch: i16,
}

impl Default for InitProducerIdRequest {
    fn default() -> Self {
        Self {
            transactional_id: Some(Default::default()),
            transaction_timeout_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
        }
    }
}

impl Request for InitProducerIdRequest {
    const KEY: ApiKey = ApiKey::InitProducerId;
    type Response = InitProducerIdResponse;
}

impl Encode for InitProducerIdRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::InitProducerId, "InitProducerIdRequest", version)?;
        w.nullable_string(
            "InitProducerIdRequest.transactional_id",
            true,
            self.transactional_id.as_deref(),
        )?;
        w.i32(self.transaction_timeout_ms);
        if version >= 3 {
            w.i64(self.producer_id);
            w.i16(self.producer_epoch);
        } else {
            w.absent(
                "InitProducerIdRequest.producer_id",
                self.producer_id == -1,
                version,
            )?;
            w.absent(
                "InitProducerIdRequest.producer_epoch",
                self.producer_epoch == -1,
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for InitProducerIdRequest {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::InitProducerId, "InitProducerIdRequest", version)?;
        let mut m = Self::default();
        m.transactional_id = r.nullable_string("InitProducerIdRequest.transactional_id", true)?;
        m.transaction_timeout_ms = r.i32("InitProducerIdRequest.transaction_timeout_ms")?;
        if version >= 3 {
            m.producer_id = r.i64("InitProducerIdRequest.producer_id")?;
            m.producer_epoch = r.i16("InitProducerIdRequest.producer_epoch")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `InitProducerId` (key 22), versions 0 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub producer_id: i64,
    pub producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            producer_id: -1,
            producer_epoch: 0,
        }
    }
}

impl Response for InitProducerIdResponse {
    const KEY: ApiKey = ApiKey::InitProducerId;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for InitProducerIdResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::InitProducerId, "InitProducerIdResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.end_struct();
        Ok(())
    }
}

impl Decode for InitProducerIdResponse {
    const MIN_SIZE: usize = 16;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::InitProducerId, "InitProducerIdResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("InitProducerIdResponse.throttle_time_ms")?;
        m.error_code = r.i16("InitProducerIdResponse.error_code")?;
        m.producer_id = r.i64("InitProducerIdResponse.producer_id")?;
        m.producer_epoch = r.i16("InitProducerIdResponse.producer_epoch")?;
        r.end_struct()?;
        Ok(m)
    }
}
