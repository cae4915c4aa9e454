//! `DescribeTransactions` (key 65): version 0. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `DescribeTransactions` (key 65), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsRequest {
    pub transactional_ids: Vec<String>,
}

impl Request for DescribeTransactionsRequest {
    const KEY: ApiKey = ApiKey::DescribeTransactions;
    type Response = DescribeTransactionsResponse;
}

impl Encode for DescribeTransactionsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeTransactions,
            "DescribeTransactionsRequest",
            version,
        )?;
        w.array(
            "DescribeTransactionsRequest.transactional_ids",
            &self.transactional_ids,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for DescribeTransactionsRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeTransactions,
            "DescribeTransactionsRequest",
            version,
        )?;
        let mut m = Self::default();
        m.transactional_ids = r.array("DescribeTransactionsRequest.transactional_ids", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `DescribeTransactions` (key 65), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsResponse {
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState>,
}

impl Response for DescribeTransactionsResponse {
    const KEY: ApiKey = ApiKey::DescribeTransactions;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for DescribeTransactionsResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::DescribeTransactions,
            "DescribeTransactionsResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        w.array(
            "DescribeTransactionsResponse.transaction_states",
            &self.transaction_states,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for DescribeTransactionsResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::DescribeTransactions,
            "DescribeTransactionsResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("DescribeTransactionsResponse.throttle_time_ms")?;
        m.transaction_states =
            r.array("DescribeTransactionsResponse.transaction_states", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`DescribeTransactionsResponse::transaction_states`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState {
    pub error_code: i16,
    pub transactional_id: String,
    pub transaction_state: String,
    pub transaction_timeout_ms: i32,
    pub transaction_start_time_ms: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub topics: Vec<TopicData>,
}

#[cfg(feature = "mock")]
impl Encode for TransactionState {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code);
        w.string("TransactionState.transactional_id", &self.transactional_id)?;
        w.string(
            "TransactionState.transaction_state",
            &self.transaction_state,
        )?;
        w.i32(self.transaction_timeout_ms);
        w.i64(self.transaction_start_time_ms);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.array("TransactionState.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for TransactionState {
    const MIN_SIZE: usize = 28;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = r.i16("TransactionState.error_code")?;
        m.transactional_id = r.string("TransactionState.transactional_id")?;
        m.transaction_state = r.string("TransactionState.transaction_state")?;
        m.transaction_timeout_ms = r.i32("TransactionState.transaction_timeout_ms")?;
        m.transaction_start_time_ms = r.i64("TransactionState.transaction_start_time_ms")?;
        m.producer_id = r.i64("TransactionState.producer_id")?;
        m.producer_epoch = r.i16("TransactionState.producer_epoch")?;
        m.topics = r.array("TransactionState.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`TransactionState::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData {
    pub topic: String,
    pub partitions: Vec<i32>,
}

#[cfg(feature = "mock")]
impl Encode for TopicData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("TopicData.topic", &self.topic)?;
        w.array("TopicData.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for TopicData {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string("TopicData.topic")?;
        m.partitions = r.array("TopicData.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}
