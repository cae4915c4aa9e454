//! `WriteTxnMarkers` (key 27): versions 1 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `WriteTxnMarkers` (key 27), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersRequest {
    pub markers: Vec<WritableTxnMarker>,
}

impl Request for WriteTxnMarkersRequest {
    const KEY: ApiKey = ApiKey::WriteTxnMarkers;
    type Response = WriteTxnMarkersResponse;
}

impl Encode for WriteTxnMarkersRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::WriteTxnMarkers, "WriteTxnMarkersRequest", version)?;
        w.array("WriteTxnMarkersRequest.markers", &self.markers, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for WriteTxnMarkersRequest {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::WriteTxnMarkers, "WriteTxnMarkersRequest", version)?;
        let mut m = Self::default();
        m.markers = r.array("WriteTxnMarkersRequest.markers", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`WriteTxnMarkersRequest::markers`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarker {
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub transaction_result: bool,
    pub topics: Vec<WritableTxnMarkerTopic>,
    pub coordinator_epoch: i32,
    /// Version 2.
    pub transaction_version: i8,
}

impl Encode for WritableTxnMarker {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.transaction_result);
        w.array("WritableTxnMarker.topics", &self.topics, version)?;
        w.i32(self.coordinator_epoch);
        if version >= 2 {
            w.i8(self.transaction_version);
        }
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for WritableTxnMarker {
    const MIN_SIZE: usize = 17;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.producer_id = r.i64("WritableTxnMarker.producer_id")?;
        m.producer_epoch = r.i16("WritableTxnMarker.producer_epoch")?;
        m.transaction_result = r.bool("WritableTxnMarker.transaction_result")?;
        m.topics = r.array("WritableTxnMarker.topics", version)?;
        m.coordinator_epoch = r.i32("WritableTxnMarker.coordinator_epoch")?;
        if version >= 2 {
            m.transaction_version = r.i8("WritableTxnMarker.transaction_version")?;
        }
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`WritableTxnMarker::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopic {
    pub name: String,
    pub partition_indexes: Vec<i32>,
}

impl Encode for WritableTxnMarkerTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("WritableTxnMarkerTopic.name", &self.name)?;
        w.array(
            "WritableTxnMarkerTopic.partition_indexes",
            &self.partition_indexes,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for WritableTxnMarkerTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("WritableTxnMarkerTopic.name")?;
        m.partition_indexes = r.array("WritableTxnMarkerTopic.partition_indexes", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `WriteTxnMarkers` (key 27), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersResponse {
    pub markers: Vec<WritableTxnMarkerResult>,
}

impl Response for WriteTxnMarkersResponse {
    const KEY: ApiKey = ApiKey::WriteTxnMarkers;

    fn throttle_time(&self) -> Duration {
        Duration::ZERO
    }
}

#[cfg(feature = "mock")]
impl Encode for WriteTxnMarkersResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::WriteTxnMarkers, "WriteTxnMarkersResponse", version)?;
        w.array("WriteTxnMarkersResponse.markers", &self.markers, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for WriteTxnMarkersResponse {
    const MIN_SIZE: usize = 2;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::WriteTxnMarkers, "WriteTxnMarkersResponse", version)?;
        let mut m = Self::default();
        m.markers = r.array("WriteTxnMarkersResponse.markers", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`WriteTxnMarkersResponse::markers`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerResult {
    pub producer_id: i64,
    pub topics: Vec<WritableTxnMarkerTopicResult>,
}

#[cfg(feature = "mock")]
impl Encode for WritableTxnMarkerResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i64(self.producer_id);
        w.array("WritableTxnMarkerResult.topics", &self.topics, version)?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for WritableTxnMarkerResult {
    const MIN_SIZE: usize = 10;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.producer_id = r.i64("WritableTxnMarkerResult.producer_id")?;
        m.topics = r.array("WritableTxnMarkerResult.topics", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`WritableTxnMarkerResult::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopicResult {
    pub name: String,
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

#[cfg(feature = "mock")]
impl Encode for WritableTxnMarkerTopicResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("WritableTxnMarkerTopicResult.name", &self.name)?;
        w.array(
            "WritableTxnMarkerTopicResult.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for WritableTxnMarkerTopicResult {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string("WritableTxnMarkerTopicResult.name")?;
        m.partitions = r.array("WritableTxnMarkerTopicResult.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`WritableTxnMarkerTopicResult::partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerPartitionResult {
    pub partition_index: i32,
    pub error_code: i16,
}

#[cfg(feature = "mock")]
impl Encode for WritableTxnMarkerPartitionResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.end_struct();
        Ok(())
    }
}

impl Decode for WritableTxnMarkerPartitionResult {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("WritableTxnMarkerPartitionResult.partition_index")?;
        m.error_code = r.i16("WritableTxnMarkerPartitionResult.error_code")?;
        r.end_struct()?;
        Ok(m)
    }
}
