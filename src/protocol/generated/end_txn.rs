//! `EndTxn` (key 26): versions 0 to 5. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `EndTxn` (key 26), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndTxnRequest {
    pub transactional_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub committed: bool,
}

impl Request for EndTxnRequest {
    const KEY: ApiKey = ApiKey::EndTxn;
    type Response = EndTxnResponse;
}

impl Encode for EndTxnRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::EndTxn, "EndTxnRequest", version)?;
        w.string("EndTxnRequest.transactional_id", &self.transactional_id)?;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.committed);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for EndTxnRequest {
    const MIN_SIZE: usize = 13;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::EndTxn, "EndTxnRequest", version)?;
        let mut m = Self::default();
        m.transactional_id = r.string("EndTxnRequest.transactional_id")?;
        m.producer_id = r.i64("EndTxnRequest.producer_id")?;
        m.producer_epoch = r.i16("EndTxnRequest.producer_epoch")?;
        m.committed = r.bool("EndTxnRequest.committed")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `EndTxn` (key 26), versions 0 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct EndTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Version 5.
    pub producer_id: i64,
    /// Version 5.
    pub producer_epoch: i16,
}

impl Default for EndTxnResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            producer_id: -1,
            producer_epoch: -1,
        }
    }
}

impl Response for EndTxnResponse {
    const KEY: ApiKey = ApiKey::EndTxn;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for EndTxnResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::EndTxn, "EndTxnResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        if version >= 5 {
            w.i64(self.producer_id);
            w.i16(self.producer_epoch);
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for EndTxnResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::EndTxn, "EndTxnResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("EndTxnResponse.throttle_time_ms")?;
        m.error_code = r.i16("EndTxnResponse.error_code")?;
        if version >= 5 {
            m.producer_id = r.i64("EndTxnResponse.producer_id")?;
            m.producer_epoch = r.i16("EndTxnResponse.producer_epoch")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}
