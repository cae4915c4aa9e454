//! `ListTransactions` (key 66): versions 0 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ListTransactions` (key 66), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ListTransactionsRequest {
    pub state_filters: Vec<String>,
    pub producer_id_filters: Vec<i64>,
    /// Versions 1 to 2.
    pub duration_filter: i64,
    /// Version 2.
    pub transactional_id_pattern: Option<String>,
}

impl Default for ListTransactionsRequest {
    fn default() -> Self {
        Self {
            state_filters: Vec::default(),
            producer_id_filters: Vec::default(),
            duration_filter: -1,
            transactional_id_pattern: None,
        }
    }
}

impl Request for ListTransactionsRequest {
    const KEY: ApiKey = ApiKey::ListTransactions;
    type Response = ListTransactionsResponse;
}

impl Encode for ListTransactionsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ListTransactions, "ListTransactionsRequest", version)?;
        w.array(
            "ListTransactionsRequest.state_filters",
            &self.state_filters,
            version,
        )?;
        w.array(
            "ListTransactionsRequest.producer_id_filters",
            &self.producer_id_filters,
            version,
        )?;
        if version >= 1 {
            w.i64(self.duration_filter);
        } else {
            w.absent(
                "ListTransactionsRequest.duration_filter",
                self.duration_filter == -1,
                version,
            )?;
        }
        if version >= 2 {
            w.nullable_string(
                "ListTransactionsRequest.transactional_id_pattern",
                true,
                self.transactional_id_pattern.as_deref(),
            )?;
        } else {
            w.absent(
                "ListTransactionsRequest.transactional_id_pattern",
                self.transactional_id_pattern.is_none(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ListTransactionsRequest {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ListTransactions, "ListTransactionsRequest", version)?;
        let mut m = Self::default();
        m.state_filters = r.array("ListTransactionsRequest.state_filters", version)?;
        m.producer_id_filters = r.array("ListTransactionsRequest.producer_id_filters", version)?;
        if version >= 1 {
            m.duration_filter = r.i64("ListTransactionsRequest.duration_filter")?;
        }
        if version >= 2 {
            m.transactional_id_pattern =
                r.nullable_string("ListTransactionsRequest.transactional_id_pattern", true)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ListTransactions` (key 66), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListTransactionsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub unknown_state_filters: Vec<String>,
    pub transaction_states: Vec<TransactionState>,
}

impl Response for ListTransactionsResponse {
    const KEY: ApiKey = ApiKey::ListTransactions;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ListTransactionsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::ListTransactions,
            "ListTransactionsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.array(
            "ListTransactionsResponse.unknown_state_filters",
            &self.unknown_state_filters,
            version,
        )?;
        w.array(
            "ListTransactionsResponse.transaction_states",
            &self.transaction_states,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ListTransactionsResponse {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::ListTransactions,
            "ListTransactionsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("ListTransactionsResponse.throttle_time_ms")?;
        m.error_code = r.i16("ListTransactionsResponse.error_code")?;
        m.unknown_state_filters =
            r.array("ListTransactionsResponse.unknown_state_filters", version)?;
        m.transaction_states = r.array("ListTransactionsResponse.transaction_states", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ListTransactionsResponse::transaction_states`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState {
    pub transactional_id: String,
    pub producer_id: i64,
    pub transaction_state: String,
}

#[cfg(feature = "mock")]
impl Encode for TransactionState {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string("TransactionState.transactional_id", &self.transactional_id)?;
        w.i64(self.producer_id);
        w.string(
            "TransactionState.transaction_state",
            &self.transaction_state,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for TransactionState {
    const MIN_SIZE: usize = 11;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.transactional_id = r.string("TransactionState.transactional_id")?;
        m.producer_id = r.i64("TransactionState.producer_id")?;
        m.transaction_state = r.string("TransactionState.transaction_state")?;
        r.end_struct()?;
        Ok(m)
    }
}
