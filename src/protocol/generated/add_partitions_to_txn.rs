//! `AddPartitionsToTxn` (key 24): versions 0 to 5. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `AddPartitionsToTxn` (key 24), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnRequest {
    /// Versions 4 to 5.
    pub transactions: Vec<AddPartitionsToTxnTransaction>,
    /// Versions 0 to 3.
    pub v3_and_below_transactional_id: String,
    /// Versions 0 to 3.
    pub v3_and_below_producer_id: i64,
    /// Versions 0 to 3.
    pub v3_and_below_producer_epoch: i16,
    /// Versions 0 to 3.
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
}

impl Request for AddPartitionsToTxnRequest {
    const KEY: ApiKey = ApiKey::AddPartitionsToTxn;
    type Response = AddPartitionsToTxnResponse;
}

impl Encode for AddPartitionsToTxnRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AddPartitionsToTxn,
            "AddPartitionsToTxnRequest",
            version,
        )?;
        if version >= 4 {
            w.array(
                "AddPartitionsToTxnRequest.transactions",
                &self.transactions,
                version,
            )?;
        } else {
            w.absent(
                "AddPartitionsToTxnRequest.transactions",
                self.transactions.is_empty(),
                version,
            )?;
        }
        if version <= 3 {
            w.string(
                "AddPartitionsToTxnRequest.v3_and_below_transactional_id",
                &self.v3_and_below_transactional_id,
            )?;
            w.i64(self.v3_and_below_producer_id);
            w.i16(self.v3_and_below_producer_epoch);
            w.array(
                "AddPartitionsToTxnRequest.v3_and_below_topics",
                &self.v3_and_below_topics,
                version,
            )?;
        } else {
            w.absent(
                "AddPartitionsToTxnRequest.v3_and_below_transactional_id",
                self.v3_and_below_transactional_id.is_empty(),
                version,
            )?;
            w.absent(
                "AddPartitionsToTxnRequest.v3_and_below_producer_id",
                self.v3_and_below_producer_id == 0,
                version,
            )?;
            w.absent(
                "AddPartitionsToTxnRequest.v3_and_below_producer_epoch",
                self.v3_and_below_producer_epoch == 0,
                version,
            )?;
            w.absent(
                "AddPartitionsToTxnRequest.v3_and_below_topics",
                self.v3_and_below_topics.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AddPartitionsToTxnRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AddPartitionsToTxn,
            "AddPartitionsToTxnRequest",
            version,
        )?;
        let mut m = Self::default();
        if version >= 4 {
            m.transactions = r.array("AddPartitionsToTxnRequest.transactions", version)?;
        }
        if version <= 3 {
            m.v3_and_below_transactional_id =
                r.string("AddPartitionsToTxnRequest.v3_and_below_transactional_id")?;
            m.v3_and_below_producer_id =
                r.i64("AddPartitionsToTxnRequest.v3_and_below_producer_id")?;
            m.v3_and_below_producer_epoch =
                r.i16("AddPartitionsToTxnRequest.v3_and_below_producer_epoch")?;
            m.v3_and_below_topics =
                r.array("AddPartitionsToTxnRequest.v3_and_below_topics", version)?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AddPartitionsToTxnRequest::transactions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTransaction {
    pub transactional_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub verify_only: bool,
    pub topics: Vec<AddPartitionsToTxnTopic>,
}

impl Encode for AddPartitionsToTxnTransaction {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(
            "AddPartitionsToTxnTransaction.transactional_id",
            &self.transactional_id,
        )?;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.verify_only);
        w.array(
            "AddPartitionsToTxnTransaction.topics",
            &self.topics,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AddPartitionsToTxnTransaction {
    const MIN_SIZE: usize = 14;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.transactional_id = r.string("AddPartitionsToTxnTransaction.transactional_id")?;
        m.producer_id = r.i64("AddPartitionsToTxnTransaction.producer_id")?;
        m.producer_epoch = r.i16("AddPartitionsToTxnTransaction.producer_epoch")?;
        m.verify_only = r.bool("AddPartitionsToTxnTransaction.verify_only")?;
        m.topics = r.array("AddPartitionsToTxnTransaction.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AddPartitionsToTxnTransaction::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopic {
    pub name: String,
    pub partitions: Vec<i32>,
}

impl Encode for AddPartitionsToTxnTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("AddPartitionsToTxnTopic.name", &self.name)?;
        w.array(
            "AddPartitionsToTxnTopic.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for AddPartitionsToTxnTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("AddPartitionsToTxnTopic.name")?;
        m.partitions = r.array("AddPartitionsToTxnTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `AddPartitionsToTxn` (key 24), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResponse {
    pub throttle_time_ms: i32,
    /// Versions 4 to 5.
    pub error_code: i16,
    /// Versions 4 to 5.
    pub results_by_transaction: Vec<AddPartitionsToTxnResult>,
    /// Versions 0 to 3.
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
}

impl Response for AddPartitionsToTxnResponse {
    const KEY: ApiKey = ApiKey::AddPartitionsToTxn;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for AddPartitionsToTxnResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(
            ApiKey::AddPartitionsToTxn,
            "AddPartitionsToTxnResponse",
            version,
        )?;
        w.i32(self.throttle_time_ms);
        if version >= 4 {
            w.i16(self.error_code);
            w.array(
                "AddPartitionsToTxnResponse.results_by_transaction",
                &self.results_by_transaction,
                version,
            )?;
        } else {
            w.absent(
                "AddPartitionsToTxnResponse.results_by_transaction",
                self.results_by_transaction.is_empty(),
                version,
            )?;
        }
        if version <= 3 {
            w.array(
                "AddPartitionsToTxnResponse.results_by_topic_v3_and_below",
                &self.results_by_topic_v3_and_below,
                version,
            )?;
        } else {
            w.absent(
                "AddPartitionsToTxnResponse.results_by_topic_v3_and_below",
                self.results_by_topic_v3_and_below.is_empty(),
                version,
            )?;
        }
        w.end_struct();
        Ok(())
    }
}

impl Decode for AddPartitionsToTxnResponse {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(
            ApiKey::AddPartitionsToTxn,
            "AddPartitionsToTxnResponse",
            version,
        )?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("AddPartitionsToTxnResponse.throttle_time_ms")?;
        if version >= 4 {
            m.error_code = r.i16("AddPartitionsToTxnResponse.error_code")?;
            m.results_by_transaction =
                r.array("AddPartitionsToTxnResponse.results_by_transaction", version)?;
        }
        if version <= 3 {
            m.results_by_topic_v3_and_below = r.array(
                "AddPartitionsToTxnResponse.results_by_topic_v3_and_below",
                version,
            )?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AddPartitionsToTxnResponse::results_by_transaction`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResult {
    pub transactional_id: String,
    pub topic_results: Vec<AddPartitionsToTxnTopicResult>,
}

#[cfg(feature = "mock")]
impl Encode for AddPartitionsToTxnResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(
            "AddPartitionsToTxnResult.transactional_id",
            &self.transactional_id,
        )?;
        w.array(
            "AddPartitionsToTxnResult.topic_results",
            &self.topic_results,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AddPartitionsToTxnResult {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.transactional_id = r.string("AddPartitionsToTxnResult.transactional_id")?;
        m.topic_results = r.array("AddPartitionsToTxnResult.topic_results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AddPartitionsToTxnResult::topic_results`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopicResult {
    pub name: String,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

#[cfg(feature = "mock")]
impl Encode for AddPartitionsToTxnTopicResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("AddPartitionsToTxnTopicResult.name", &self.name)?;
        w.array(
            "AddPartitionsToTxnTopicResult.results_by_partition",
            &self.results_by_partition,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for AddPartitionsToTxnTopicResult {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("AddPartitionsToTxnTopicResult.name")?;
        m.results_by_partition = r.array(
            "AddPartitionsToTxnTopicResult.results_by_partition",
            version,
        )?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`AddPartitionsToTxnTopicResult::results_by_partition`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: i32,
    pub partition_error_code: i16,
}

#[cfg(feature = "mock")]
impl Encode for AddPartitionsToTxnPartitionResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.partition_error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for AddPartitionsToTxnPartitionResult {
    const MIN_SIZE: usize = 6;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("AddPartitionsToTxnPartitionResult.partition_index")?;
        m.partition_error_code = r.i16("AddPartitionsToTxnPartitionResult.partition_error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
