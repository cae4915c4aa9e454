//! `Fetch` (key 1): versions 4 to 18. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `Fetch` (key 1), versions 4 to 18.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest {
    /// Versions 12 to 18.
    pub cluster_id: Option<String>,
    /// Versions 4 to 14.
    pub replica_id: i32,
    /// Versions 15 to 18.
    pub replica_state: ReplicaState,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub isolation_level: i8,
    /// Versions 7 to 18.
    pub session_id: i32,
    /// Versions 7 to 18.
    pub session_epoch: i32,
    pub topics: Vec<FetchTopic>,
    /// Versions 7 to 18.
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    /// Versions 11 to 18.
    pub rack_id: String,
}

impl Default for FetchRequest {
    fn default() -> Self {
        Self {
            cluster_id: None,
            replica_id: -1,
            replica_state: ReplicaState::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: i32::MAX,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::default(),
            forgotten_topics_data: Vec::default(),
            rack_id: String::default(),
        }
    }
}

impl Request for FetchRequest {
    const KEY: ApiKey = ApiKey::Fetch;
    type Response = FetchResponse;
}

impl Encode for FetchRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::Fetch, "FetchRequest", version)?;
        if version <= 14 {
            w.i32(self.replica_id);
        } else {
            w.absent("FetchRequest.replica_id", self.replica_id == -1, version)?;
        }
        w.i32(self.max_wait_ms);
        w.i32(self.min_bytes);
        w.i32(self.max_bytes);
        w.i8(self.isolation_level);
        if version >= 7 {
            w.i32(self.session_id);
            w.i32(self.session_epoch);
        }
        w.array("FetchRequest.topics", &self.topics, version)?;
        if version >= 7 {
            w.array(
                "FetchRequest.forgotten_topics_data",
                &self.forgotten_topics_data,
                version,
            )?;
        } else {
            w.absent(
                "FetchRequest.forgotten_topics_data",
                self.forgotten_topics_data.is_empty(),
                version,
            )?;
        }
        if version >= 11 {
            w.string("FetchRequest.rack_id", &self.rack_id)?;
        }
        let mut tags = w.tags();
        if version >= 12 && self.cluster_id.is_some() {
            tags.put(0, |w| {
                w.nullable_string("FetchRequest.cluster_id", true, self.cluster_id.as_deref())
            })?;
        }
        if version >= 15 {
            if self.replica_state != ReplicaState::default() {
                tags.put(1, |w| self.replica_state.encode(w, version))?;
            }
        } else {
            tags.absent(
                "FetchRequest.replica_state",
                self.replica_state == ReplicaState::default(),
                version,
            )?;
        }
        tags.finish();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for FetchRequest {
    const MIN_SIZE: usize = 21;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::Fetch, "FetchRequest", version)?;
        let mut m = Self::default();
        if version <= 14 {
            m.replica_id = r.i32("FetchRequest.replica_id")?;
        }
        m.max_wait_ms = r.i32("FetchRequest.max_wait_ms")?;
        m.min_bytes = r.i32("FetchRequest.min_bytes")?;
        m.max_bytes = r.i32("FetchRequest.max_bytes")?;
        m.isolation_level = r.i8("FetchRequest.isolation_level")?;
        if version >= 7 {
            m.session_id = r.i32("FetchRequest.session_id")?;
            m.session_epoch = r.i32("FetchRequest.session_epoch")?;
        }
        m.topics = r.array("FetchRequest.topics", version)?;
        if version >= 7 {
            m.forgotten_topics_data = r.array("FetchRequest.forgotten_topics_data", version)?;
        }
        if version >= 11 {
            m.rack_id = r.string("FetchRequest.rack_id")?;
        }
        r.tags(|tag, r| {
            match tag {
                0 if version >= 12 => {
                    m.cluster_id = r.nullable_string("FetchRequest.cluster_id", true)?
                }
                1 if version >= 15 => m.replica_state = ReplicaState::decode(r, version)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

/// In [`FetchRequest::replica_state`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    pub replica_id: i32,
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: -1,
            replica_epoch: -1,
        }
    }
}

impl Encode for ReplicaState {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.replica_id);
        w.i64(self.replica_epoch);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ReplicaState {
    const MIN_SIZE: usize = 13;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.replica_id = r.i32("ReplicaState.replica_id")?;
        m.replica_epoch = r.i64("ReplicaState.replica_epoch")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`FetchRequest::topics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchTopic {
    /// Versions 4 to 12.
    pub topic: String,
    /// Versions 13 to 18.
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
}

impl Encode for FetchTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 12 {
            w.string("FetchTopic.topic", &self.topic)?;
        }
        if version >= 13 {
            w.uuid(self.topic_id);
        }
        w.array("FetchTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for FetchTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 12 {
            m.topic = r.string("FetchTopic.topic")?;
        }
        if version >= 13 {
            m.topic_id = r.uuid("FetchTopic.topic_id")?;
        }
        m.partitions = r.array("FetchTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`FetchTopic::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct FetchPartition {
    pub partition: i32,
    /// Versions 9 to 18.
    pub current_leader_epoch: i32,
    pub fetch_offset: i64,
    /// Versions 12 to 18.
    pub last_fetched_epoch: i32,
    /// Versions 5 to 18.
    pub log_start_offset: i64,
    pub partition_max_bytes: i32,
    /// Versions 17 to 18.
    pub replica_directory_id: Uuid,
    /// Version 18.
    pub high_watermark: i64,
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: Uuid::default(),
            high_watermark: i64::MAX,
        }
    }
}

impl Encode for FetchPartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition);
        if version >= 9 {
            w.i32(self.current_leader_epoch);
        }
        w.i64(self.fetch_offset);
        if version >= 12 {
            w.i32(self.last_fetched_epoch);
        } else {
            w.absent(
                "FetchPartition.last_fetched_epoch",
                self.last_fetched_epoch == -1,
                version,
            )?;
        }
        if version >= 5 {
            w.i64(self.log_start_offset);
        }
        w.i32(self.partition_max_bytes);
        let mut tags = w.tags();
        if version >= 17 && !self.replica_directory_id.is_zero() {
            tags.put(0, |w| {
                w.uuid(self.replica_directory_id);
                Ok(())
            })?;
        }
        if version >= 18 && self.high_watermark != i64::MAX {
            tags.put(1, |w| {
                w.i64(self.high_watermark);
                Ok(())
            })?;
        }
        tags.finish();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for FetchPartition {
    const MIN_SIZE: usize = 16;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition = r.i32("FetchPartition.partition")?;
        if version >= 9 {
            m.current_leader_epoch = r.i32("FetchPartition.current_leader_epoch")?;
        }
        m.fetch_offset = r.i64("FetchPartition.fetch_offset")?;
        if version >= 12 {
            m.last_fetched_epoch = r.i32("FetchPartition.last_fetched_epoch")?;
        }
        if version >= 5 {
            m.log_start_offset = r.i64("FetchPartition.log_start_offset")?;
        }
        m.partition_max_bytes = r.i32("FetchPartition.partition_max_bytes")?;
        r.tags(|tag, r| {
            match tag {
                0 if version >= 17 => {
                    m.replica_directory_id = r.uuid("FetchPartition.replica_directory_id")?
                }
                1 if version >= 18 => m.high_watermark = r.i64("FetchPartition.high_watermark")?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

/// In [`FetchRequest::forgotten_topics_data`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForgottenTopic {
    /// Versions 7 to 12.
    pub topic: String,
    /// Versions 13 to 18.
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl Encode for ForgottenTopic {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 12 {
            w.string("ForgottenTopic.topic", &self.topic)?;
        }
        if version >= 13 {
            w.uuid(self.topic_id);
        }
        w.array("ForgottenTopic.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ForgottenTopic {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 12 {
            m.topic = r.string("ForgottenTopic.topic")?;
        }
        if version >= 13 {
            m.topic_id = r.uuid("ForgottenTopic.topic_id")?;
        }
        m.partitions = r.array("ForgottenTopic.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `Fetch` (key 1), versions 4 to 18.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchResponse {
    pub throttle_time_ms: i32,
    /// Versions 7 to 18.
    pub error_code: i16,
    /// Versions 7 to 18.
    pub session_id: i32,
    pub responses: Vec<FetchableTopicResponse>,
    /// Versions 16 to 18.
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl Response for FetchResponse {
    const KEY: ApiKey = ApiKey::Fetch;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for FetchResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::Fetch, "FetchResponse", version)?;
        w.i32(self.throttle_time_ms);
        if version >= 7 {
            w.i16(self.error_code);
            w.i32(self.session_id);
        } else {
            w.absent("FetchResponse.session_id", self.session_id == 0, version)?;
        }
        w.array("FetchResponse.responses", &self.responses, version)?;
        let mut tags = w.tags();
        if version >= 16 {
            if !self.node_endpoints.is_empty() {
                tags.put(0, |w| {
                    w.array(
                        "FetchResponse.node_endpoints",
                        &self.node_endpoints,
                        version,
                    )
                })?;
            }
        } else {
            tags.absent(
                "FetchResponse.node_endpoints",
                self.node_endpoints.is_empty(),
                version,
            )?;
        }
        tags.finish();
        Ok(())
    }
}

impl Decode for FetchResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::Fetch, "FetchResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("FetchResponse.throttle_time_ms")?;
        if version >= 7 {
            m.error_code = r.i16("FetchResponse.error_code")?;
            m.session_id = r.i32("FetchResponse.session_id")?;
        }
        m.responses = r.array("FetchResponse.responses", version)?;
        r.tags(|tag, r| {
            match tag {
                0 if version >= 16 => {
                    m.node_endpoints = r.array("FetchResponse.node_endpoints", version)?
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

/// In [`FetchResponse::responses`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchableTopicResponse {
    /// Versions 4 to 12.
    pub topic: String,
    /// Versions 13 to 18.
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

#[cfg(feature = "mock")]
impl Encode for FetchableTopicResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 12 {
            w.string("FetchableTopicResponse.topic", &self.topic)?;
        }
        if version >= 13 {
            w.uuid(self.topic_id);
        }
        w.array(
            "FetchableTopicResponse.partitions",
            &self.partitions,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for FetchableTopicResponse {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 12 {
            m.topic = r.string("FetchableTopicResponse.topic")?;
        }
        if version >= 13 {
            m.topic_id = r.uuid("FetchableTopicResponse.topic_id")?;
        }
        m.partitions = r.array("FetchableTopicResponse.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`FetchableTopicResponse::partitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    pub high_watermark: i64,
    pub last_stable_offset: i64,
    /// Versions 5 to 18.
    pub log_start_offset: i64,
    /// Versions 12 to 18.
    pub diverging_epoch: EpochEndOffset,
    /// Versions 12 to 18.
    pub current_leader: LeaderIdAndEpoch,
    /// Versions 12 to 18.
    pub snapshot_id: SnapshotId,
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// Versions 11 to 18.
    pub preferred_read_replica: i32,
    pub records: Option<Chunks>,
}

impl Default for PartitionData {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: Some(Default::default()),
            preferred_read_replica: -1,
            records: None,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for PartitionData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.i64(self.high_watermark);
        w.i64(self.last_stable_offset);
        if version >= 5 {
            w.i64(self.log_start_offset);
        }
        w.nullable_array(
            "PartitionData.aborted_transactions",
            true,
            self.aborted_transactions.as_deref(),
            version,
        )?;
        if version >= 11 {
            w.i32(self.preferred_read_replica);
        } else {
            w.absent(
                "PartitionData.preferred_read_replica",
                self.preferred_read_replica == -1,
                version,
            )?;
        }
        w.nullable_records("PartitionData.records", true, self.records.as_ref())?;
        let mut tags = w.tags();
        if version >= 12 {
            if self.diverging_epoch != EpochEndOffset::default() {
                tags.put(0, |w| self.diverging_epoch.encode(w, version))?;
            }
        } else {
            tags.absent(
                "PartitionData.diverging_epoch",
                self.diverging_epoch == EpochEndOffset::default(),
                version,
            )?;
        }
        if version >= 12 {
            if self.current_leader != LeaderIdAndEpoch::default() {
                tags.put(1, |w| self.current_leader.encode(w, version))?;
            }
        } else {
            tags.absent(
                "PartitionData.current_leader",
                self.current_leader == LeaderIdAndEpoch::default(),
                version,
            )?;
        }
        if version >= 12 {
            if self.snapshot_id != SnapshotId::default() {
                tags.put(2, |w| self.snapshot_id.encode(w, version))?;
            }
        } else {
            tags.absent(
                "PartitionData.snapshot_id",
                self.snapshot_id == SnapshotId::default(),
                version,
            )?;
        }
        tags.finish();
        Ok(())
    }
}

impl Decode for PartitionData {
    const MIN_SIZE: usize = 30;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32("PartitionData.partition_index")?;
        m.error_code = r.i16("PartitionData.error_code")?;
        m.high_watermark = r.i64("PartitionData.high_watermark")?;
        m.last_stable_offset = r.i64("PartitionData.last_stable_offset")?;
        if version >= 5 {
            m.log_start_offset = r.i64("PartitionData.log_start_offset")?;
        }
        m.aborted_transactions =
            r.nullable_array("PartitionData.aborted_transactions", true, version)?;
        if version >= 11 {
            m.preferred_read_replica = r.i32("PartitionData.preferred_read_replica")?;
        }
        m.records = r.nullable_records("PartitionData.records", true)?;
        r.tags(|tag, r| {
            match tag {
                0 if version >= 12 => m.diverging_epoch = EpochEndOffset::decode(r, version)?,
                1 if version >= 12 => m.current_leader = LeaderIdAndEpoch::decode(r, version)?,
                2 if version >= 12 => m.snapshot_id = SnapshotId::decode(r, version)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

/// In [`PartitionData::diverging_epoch`].
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    pub epoch: i32,
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self {
            epoch: -1,
            end_offset: -1,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for EpochEndOffset {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.epoch);
        w.i64(self.end_offset);
        w.end_struct();
        Ok(())
    }
}

impl Decode for EpochEndOffset {
    const MIN_SIZE: usize = 13;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.epoch = r.i32("EpochEndOffset.epoch")?;
        m.end_offset = r.i64("EpochEndOffset.end_offset")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`PartitionData::current_leader`].
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self {
            leader_id: -1,
            leader_epoch: -1,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for LeaderIdAndEpoch {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.end_struct();
        Ok(())
    }
}

impl Decode for LeaderIdAndEpoch {
    const MIN_SIZE: usize = 9;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.leader_id = r.i32("LeaderIdAndEpoch.leader_id")?;
        m.leader_epoch = r.i32("LeaderIdAndEpoch.leader_epoch")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`PartitionData::snapshot_id`].
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> Self {
        Self {
            end_offset: -1,
            epoch: -1,
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for SnapshotId {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i64(self.end_offset);
        w.i32(self.epoch);
        w.end_struct();
        Ok(())
    }
}

impl Decode for SnapshotId {
    const MIN_SIZE: usize = 13;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.end_offset = r.i64("SnapshotId.end_offset")?;
        m.epoch = r.i32("SnapshotId.epoch")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`PartitionData::aborted_transactions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
}

#[cfg(feature = "mock")]
impl Encode for AbortedTransaction {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i64(self.producer_id);
        w.i64(self.first_offset);
        w.end_struct();
        Ok(())
    }
}

impl Decode for AbortedTransaction {
    const MIN_SIZE: usize = 16;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.producer_id = r.i64("AbortedTransaction.producer_id")?;
        m.first_offset = r.i64("AbortedTransaction.first_offset")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`FetchResponse::node_endpoints`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: String,
    pub port: i32,
    pub rack: Option<String>,
}

#[cfg(feature = "mock")]
impl Encode for NodeEndpoint {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.node_id);
        w.string("NodeEndpoint.host", &self.host)?;
        w.i32(self.port);
        w.nullable_string("NodeEndpoint.rack", true, self.rack.as_deref())?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for NodeEndpoint {
    const MIN_SIZE: usize = 11;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.node_id = r.i32("NodeEndpoint.node_id")?;
        m.host = r.string("NodeEndpoint.host")?;
        m.port = r.i32("NodeEndpoint.port")?;
        m.rack = r.nullable_string("NodeEndpoint.rack", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
