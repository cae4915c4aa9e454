//! `AddOffsetsToTxn` (key 25): versions 0 to 4. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `AddOffsetsToTxn` (key 25), versions 0 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddOffsetsToTxnRequest {
    pub transactional_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub group_id: String,
}

impl Request for AddOffsetsToTxnRequest {
    const KEY: ApiKey = ApiKey::AddOffsetsToTxn;
    type Response = AddOffsetsToTxnResponse;
}

impl Encode for AddOffsetsToTxnRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::AddOffsetsToTxn, "AddOffsetsToTxnRequest", version)?;
        w.string(
            "AddOffsetsToTxnRequest.transactional_id",
            &self.transactional_id,
        )?;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.string("AddOffsetsToTxnRequest.group_id", &self.group_id)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AddOffsetsToTxnRequest {
    const MIN_SIZE: usize = 13;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::AddOffsetsToTxn, "AddOffsetsToTxnRequest", version)?;
        let mut m = Self::default();
        m.transactional_id = r.string("AddOffsetsToTxnRequest.transactional_id")?;
        m.producer_id = r.i64("AddOffsetsToTxnRequest.producer_id")?;
        m.producer_epoch = r.i16("AddOffsetsToTxnRequest.producer_epoch")?;
        m.group_id = r.string("AddOffsetsToTxnRequest.group_id")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `AddOffsetsToTxn` (key 25), versions 0 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddOffsetsToTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
}

impl Response for AddOffsetsToTxnResponse {
    const KEY: ApiKey = ApiKey::AddOffsetsToTxn;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for AddOffsetsToTxnResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::AddOffsetsToTxn, "AddOffsetsToTxnResponse", version)?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for AddOffsetsToTxnResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::AddOffsetsToTxn, "AddOffsetsToTxnResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("AddOffsetsToTxnResponse.throttle_time_ms")?;
        m.error_code = r.i16("AddOffsetsToTxnResponse.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
