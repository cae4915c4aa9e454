//! `ElectLeaders` (key 43): versions 0 to 2. Written by `cargo xtask codegen`.

use super::super::prelude::*;

/// The request of `ElectLeaders` (key 43), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ElectLeadersRequest {
    /// Versions 1 to 2.
    pub election_type: i8,
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    pub timeout_ms: i32,
}

impl Default for ElectLeadersRequest {
    fn default() -> Self {
        Self {
            election_type: 0,
            topic_partitions: Some(Default::default()),
            timeout_ms: 60000,
        }
    }
}

impl Request for ElectLeadersRequest {
    const KEY: ApiKey = ApiKey::ElectLeaders;
    type Response = ElectLeadersResponse;
}

impl Encode for ElectLeadersRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ElectLeaders, "ElectLeadersRequest", version)?;
        if version >= 1 {
            w.i8(self.election_type);
        } else {
            w.absent(
                "ElectLeadersRequest.election_type",
                self.election_type == 0,
                version,
            )?;
        }
        w.nullable_array(
            "ElectLeadersRequest.topic_partitions",
            true,
            self.topic_partitions.as_deref(),
            version,
        )?;
        w.i32(self.timeout_ms);
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for ElectLeadersRequest {
    const MIN_SIZE: usize = 7;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ElectLeaders, "ElectLeadersRequest", version)?;
        let mut m = Self::default();
        if version >= 1 {
            m.election_type = r.i8("ElectLeadersRequest.election_type")?;
        }
        m.topic_partitions =
            r.nullable_array("ElectLeadersRequest.topic_partitions", true, version)?;
        m.timeout_ms = r.i32("ElectLeadersRequest.timeout_ms")?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ElectLeadersRequest::topic_partitions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    pub topic: String,
    pub partitions: Vec<i32>,
}

impl Encode for TopicPartitions {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("TopicPartitions.topic", &self.topic)?;
        w.array("TopicPartitions.partitions", &self.partitions, version)?;
        w.end_struct();
        Ok(())
    }
}

#[cfg(feature = "mock")]
impl Decode for TopicPartitions {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string("TopicPartitions.topic")?;
        m.partitions = r.array("TopicPartitions.partitions", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// The response of `ElectLeaders` (key 43), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ElectLeadersResponse {
    pub throttle_time_ms: i32,
    /// Versions 1 to 2.
    pub error_code: i16,
    pub replica_election_results: Vec<ReplicaElectionResult>,
}

impl Response for ElectLeadersResponse {
    const KEY: ApiKey = ApiKey::ElectLeaders;

    fn throttle_time(&self) -> Duration {
        millis(self.throttle_time_ms)
    }
}

#[cfg(feature = "mock")]
impl Encode for ElectLeadersResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.begin(ApiKey::ElectLeaders, "ElectLeadersResponse", version)?;
        w.i32(self.throttle_time_ms);
        if version >= 1 {
            w.i16(self.error_code);
        } else {
            w.absent(
                "ElectLeadersResponse.error_code",
                self.error_code == 0,
                version,
            )?;
        }
        w.array(
            "ElectLeadersResponse.replica_election_results",
            &self.replica_election_results,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ElectLeadersResponse {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        r.begin(ApiKey::ElectLeaders, "ElectLeadersResponse", version)?;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32("ElectLeadersResponse.throttle_time_ms")?;
        if version >= 1 {
            m.error_code = r.i16("ElectLeadersResponse.error_code")?;
        }
        m.replica_election_results =
            r.array("ElectLeadersResponse.replica_election_results", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ElectLeadersResponse::replica_election_results`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaElectionResult {
    pub topic: String,
    pub partition_result: Vec<PartitionResult>,
}

#[cfg(feature = "mock")]
impl Encode for ReplicaElectionResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string("ReplicaElectionResult.topic", &self.topic)?;
        w.array(
            "ReplicaElectionResult.partition_result",
            &self.partition_result,
            version,
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for ReplicaElectionResult {
    const MIN_SIZE: usize = 3;

    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string("ReplicaElectionResult.topic")?;
        m.partition_result = r.array("ReplicaElectionResult.partition_result", version)?;
        r.end_struct()?;
        Ok(m)
    }
}

/// In [`ReplicaElectionResult::partition_result`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult {
    pub partition_id: i32,
    pub error_code: i16,
    pub error_message: Option<String>,
}

impl Default for PartitionResult {
    fn default() -> Self {
        Self {
            partition_id: 0,
            error_code: 0,
            error_message: Some(Default::default()),
        }
    }
}

#[cfg(feature = "mock")]
impl Encode for PartitionResult {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_id);
        w.i16(self.error_code);
        w.nullable_string(
            "PartitionResult.error_message",
            true,
            self.error_message.as_deref(),
        )?;
        w.end_struct();
        Ok(())
    }
}

impl Decode for PartitionResult {
    const MIN_SIZE: usize = 8;

    fn decode(r: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_id = r.i32("PartitionResult.partition_id")?;
        m.error_code = r.i16("PartitionResult.error_code")?;
        m.error_message = r.nullable_string("PartitionResult.error_message", true)?;
        r.end_struct()?;
        Ok(m)
    }
}
