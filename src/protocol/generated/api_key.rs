//! The keys of the APIs. Written by `cargo xtask codegen`.

/// The key of an API.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(i16)]
#[non_exhaustive]
pub enum ApiKey {
    /// Versions 3 to 13.
    Produce = 0,
    /// Versions 4 to 18.
    Fetch = 1,
    /// Versions 1 to 11.
    ListOffsets = 2,
    /// Versions 4 to 13.
    Metadata = 3,
    /// Versions 2 to 10.
    OffsetCommit = 8,
    /// Versions 2 to 10.
    OffsetFetch = 9,
    /// Versions 1 to 6.
    FindCoordinator = 10,
    /// Versions 1 to 9.
    JoinGroup = 11,
    /// Versions 0 to 4.
    Heartbeat = 12,
    /// Versions 0 to 5.
    LeaveGroup = 13,
    /// Versions 0 to 5.
    SyncGroup = 14,
    /// Versions 0 to 6.
    DescribeGroups = 15,
    /// Versions 0 to 5.
    ListGroups = 16,
    /// Versions 1 to 1.
    SaslHandshake = 17,
    /// Versions 0 to 4.
    ApiVersions = 18,
    /// Versions 2 to 7.
    CreateTopics = 19,
    /// Versions 1 to 6.
    DeleteTopics = 20,
    /// Versions 0 to 2.
    DeleteRecords = 21,
    /// Versions 0 to 5.
    InitProducerId = 22,
    /// Versions 2 to 4.
    OffsetForLeaderEpoch = 23,
    /// Versions 0 to 5.
    AddPartitionsToTxn = 24,
    /// Versions 0 to 4.
    AddOffsetsToTxn = 25,
    /// Versions 0 to 5.
    EndTxn = 26,
    /// Versions 1 to 2.
    WriteTxnMarkers = 27,
    /// Versions 0 to 5.
    TxnOffsetCommit = 28,
    /// Versions 1 to 3.
    DescribeAcls = 29,
    /// Versions 1 to 3.
    CreateAcls = 30,
    /// Versions 1 to 3.
    DeleteAcls = 31,
    /// Versions 1 to 4.
    DescribeConfigs = 32,
    /// Versions 0 to 2.
    AlterConfigs = 33,
    /// Versions 1 to 2.
    AlterReplicaLogDirs = 34,
    /// Versions 1 to 5.
    DescribeLogDirs = 35,
    /// Versions 0 to 2.
    SaslAuthenticate = 36,
    /// Versions 0 to 3.
    CreatePartitions = 37,
    /// Versions 1 to 3.
    CreateDelegationToken = 38,
    /// Versions 1 to 2.
    RenewDelegationToken = 39,
    /// Versions 1 to 2.
    ExpireDelegationToken = 40,
    /// Versions 1 to 3.
    DescribeDelegationToken = 41,
    /// Versions 0 to 2.
    DeleteGroups = 42,
    /// Versions 0 to 2.
    ElectLeaders = 43,
    /// Versions 0 to 1.
    IncrementalAlterConfigs = 44,
    /// Versions 0 to 1.
    AlterPartitionReassignments = 45,
    /// Versions 0 to 0.
    ListPartitionReassignments = 46,
    /// Versions 0 to 0.
    OffsetDelete = 47,
    /// Versions 0 to 1.
    DescribeClientQuotas = 48,
    /// Versions 0 to 1.
    AlterClientQuotas = 49,
    /// Versions 0 to 0.
    DescribeUserScramCredentials = 50,
    /// Versions 0 to 0.
    AlterUserScramCredentials = 51,
    /// Versions 0 to 2.
    DescribeQuorum = 55,
    /// Versions 0 to 2.
    UpdateFeatures = 57,
    /// Versions 0 to 2.
    DescribeCluster = 60,
    /// Versions 0 to 0.
    DescribeProducers = 61,
    /// Versions 0 to 0.
    UnregisterBroker = 64,
    /// Versions 0 to 0.
    DescribeTransactions = 65,
    /// Versions 0 to 2.
    ListTransactions = 66,
    /// Versions 0 to 1.
    ConsumerGroupHeartbeat = 68,
    /// Versions 0 to 1.
    ConsumerGroupDescribe = 69,
    /// Versions 0 to 0.
    GetTelemetrySubscriptions = 71,
    /// Versions 0 to 0.
    PushTelemetry = 72,
    /// Versions 0 to 1.
    ListConfigResources = 74,
    /// Versions 0 to 0.
    DescribeTopicPartitions = 75,
    /// Versions 1 to 1.
    ShareGroupHeartbeat = 76,
    /// Versions 1 to 1.
    ShareGroupDescribe = 77,
    /// Versions 1 to 2.
    ShareFetch = 78,
    /// Versions 1 to 2.
    ShareAcknowledge = 79,
    /// Versions 0 to 1.
    AddRaftVoter = 80,
    /// Versions 0 to 0.
    RemoveRaftVoter = 81,
    /// Versions 0 to 1.
    DescribeShareGroupOffsets = 90,
    /// Versions 0 to 0.
    AlterShareGroupOffsets = 91,
    /// Versions 0 to 0.
    DeleteShareGroupOffsets = 92,
}

impl ApiKey {
    /// Every key.
    pub const ALL: [Self; 70] = [
        Self::Produce,
        Self::Fetch,
        Self::ListOffsets,
        Self::Metadata,
        Self::OffsetCommit,
        Self::OffsetFetch,
        Self::FindCoordinator,
        Self::JoinGroup,
        Self::Heartbeat,
        Self::LeaveGroup,
        Self::SyncGroup,
        Self::DescribeGroups,
        Self::ListGroups,
        Self::SaslHandshake,
        Self::ApiVersions,
        Self::CreateTopics,
        Self::DeleteTopics,
        Self::DeleteRecords,
        Self::InitProducerId,
        Self::OffsetForLeaderEpoch,
        Self::AddPartitionsToTxn,
        Self::AddOffsetsToTxn,
        Self::EndTxn,
        Self::WriteTxnMarkers,
        Self::TxnOffsetCommit,
        Self::DescribeAcls,
        Self::CreateAcls,
        Self::DeleteAcls,
        Self::DescribeConfigs,
        Self::AlterConfigs,
        Self::AlterReplicaLogDirs,
        Self::DescribeLogDirs,
        Self::SaslAuthenticate,
        Self::CreatePartitions,
        Self::CreateDelegationToken,
        Self::RenewDelegationToken,
        Self::ExpireDelegationToken,
        Self::DescribeDelegationToken,
        Self::DeleteGroups,
        Self::ElectLeaders,
        Self::IncrementalAlterConfigs,
        Self::AlterPartitionReassignments,
        Self::ListPartitionReassignments,
        Self::OffsetDelete,
        Self::DescribeClientQuotas,
        Self::AlterClientQuotas,
        Self::DescribeUserScramCredentials,
        Self::AlterUserScramCredentials,
        Self::DescribeQuorum,
        Self::UpdateFeatures,
        Self::DescribeCluster,
        Self::DescribeProducers,
        Self::UnregisterBroker,
        Self::DescribeTransactions,
        Self::ListTransactions,
        Self::ConsumerGroupHeartbeat,
        Self::ConsumerGroupDescribe,
        Self::GetTelemetrySubscriptions,
        Self::PushTelemetry,
        Self::ListConfigResources,
        Self::DescribeTopicPartitions,
        Self::ShareGroupHeartbeat,
        Self::ShareGroupDescribe,
        Self::ShareFetch,
        Self::ShareAcknowledge,
        Self::AddRaftVoter,
        Self::RemoveRaftVoter,
        Self::DescribeShareGroupOffsets,
        Self::AlterShareGroupOffsets,
        Self::DeleteShareGroupOffsets,
    ];

    pub(crate) fn from_code(code: i16) -> Option<Self> {
        Some(match code {
            0 => Self::Produce,
            1 => Self::Fetch,
            2 => Self::ListOffsets,
            3 => Self::Metadata,
            8 => Self::OffsetCommit,
            9 => Self::OffsetFetch,
            10 => Self::FindCoordinator,
            11 => Self::JoinGroup,
            12 => Self::Heartbeat,
            13 => Self::LeaveGroup,
            14 => Self::SyncGroup,
            15 => Self::DescribeGroups,
            16 => Self::ListGroups,
            17 => Self::SaslHandshake,
            18 => Self::ApiVersions,
            19 => Self::CreateTopics,
            20 => Self::DeleteTopics,
            21 => Self::DeleteRecords,
            22 => Self::InitProducerId,
            23 => Self::OffsetForLeaderEpoch,
            24 => Self::AddPartitionsToTxn,
            25 => Self::AddOffsetsToTxn,
            26 => Self::EndTxn,
            27 => Self::WriteTxnMarkers,
            28 => Self::TxnOffsetCommit,
            29 => Self::DescribeAcls,
            30 => Self::CreateAcls,
            31 => Self::DeleteAcls,
            32 => Self::DescribeConfigs,
            33 => Self::AlterConfigs,
            34 => Self::AlterReplicaLogDirs,
            35 => Self::DescribeLogDirs,
            36 => Self::SaslAuthenticate,
            37 => Self::CreatePartitions,
            38 => Self::CreateDelegationToken,
            39 => Self::RenewDelegationToken,
            40 => Self::ExpireDelegationToken,
            41 => Self::DescribeDelegationToken,
            42 => Self::DeleteGroups,
            43 => Self::ElectLeaders,
            44 => Self::IncrementalAlterConfigs,
            45 => Self::AlterPartitionReassignments,
            46 => Self::ListPartitionReassignments,
            47 => Self::OffsetDelete,
            48 => Self::DescribeClientQuotas,
            49 => Self::AlterClientQuotas,
            50 => Self::DescribeUserScramCredentials,
            51 => Self::AlterUserScramCredentials,
            55 => Self::DescribeQuorum,
            57 => Self::UpdateFeatures,
            60 => Self::DescribeCluster,
            61 => Self::DescribeProducers,
            64 => Self::UnregisterBroker,
            65 => Self::DescribeTransactions,
            66 => Self::ListTransactions,
            68 => Self::ConsumerGroupHeartbeat,
            69 => Self::ConsumerGroupDescribe,
            71 => Self::GetTelemetrySubscriptions,
            72 => Self::PushTelemetry,
            74 => Self::ListConfigResources,
            75 => Self::DescribeTopicPartitions,
            76 => Self::ShareGroupHeartbeat,
            77 => Self::ShareGroupDescribe,
            78 => Self::ShareFetch,
            79 => Self::ShareAcknowledge,
            80 => Self::AddRaftVoter,
            81 => Self::RemoveRaftVoter,
            90 => Self::DescribeShareGroupOffsets,
            91 => Self::AlterShareGroupOffsets,
            92 => Self::DeleteShareGroupOffsets,
            _ => return None,
        })
    }

    /// Name, oldest and newest version of ours, first version with tagged fields.
    pub(crate) fn facts(self) -> (&'static str, i16, i16, i16) {
        match self {
            Self::Produce => ("Produce", 3, 13, 9),
            Self::Fetch => ("Fetch", 4, 18, 12),
            Self::ListOffsets => ("ListOffsets", 1, 11, 6),
            Self::Metadata => ("Metadata", 4, 13, 9),
            Self::OffsetCommit => ("OffsetCommit", 2, 10, 8),
            Self::OffsetFetch => ("OffsetFetch", 2, 10, 6),
            Self::FindCoordinator => ("FindCoordinator", 1, 6, 3),
            Self::JoinGroup => ("JoinGroup", 1, 9, 6),
            Self::Heartbeat => ("Heartbeat", 0, 4, 4),
            Self::LeaveGroup => ("LeaveGroup", 0, 5, 4),
            Self::SyncGroup => ("SyncGroup", 0, 5, 4),
            Self::DescribeGroups => ("DescribeGroups", 0, 6, 5),
            Self::ListGroups => ("ListGroups", 0, 5, 3),
            Self::SaslHandshake => ("SaslHandshake", 1, 1, i16::MAX),
            Self::ApiVersions => ("ApiVersions", 0, 4, 3),
            Self::CreateTopics => ("CreateTopics", 2, 7, 5),
            Self::DeleteTopics => ("DeleteTopics", 1, 6, 4),
            Self::DeleteRecords => ("DeleteRecords", 0, 2, 2),
            Self::InitProducerId => ("InitProducerId", 0, 5, 2),
            Self::OffsetForLeaderEpoch => ("OffsetForLeaderEpoch", 2, 4, 4),
            Self::AddPartitionsToTxn => ("AddPartitionsToTxn", 0, 5, 3),
            Self::AddOffsetsToTxn => ("AddOffsetsToTxn", 0, 4, 3),
            Self::EndTxn => ("EndTxn", 0, 5, 3),
            Self::WriteTxnMarkers => ("WriteTxnMarkers", 1, 2, 1),
            Self::TxnOffsetCommit => ("TxnOffsetCommit", 0, 5, 3),
            Self::DescribeAcls => ("DescribeAcls", 1, 3, 2),
            Self::CreateAcls => ("CreateAcls", 1, 3, 2),
            Self::DeleteAcls => ("DeleteAcls", 1, 3, 2),
            Self::DescribeConfigs => ("DescribeConfigs", 1, 4, 4),
            Self::AlterConfigs => ("AlterConfigs", 0, 2, 2),
            Self::AlterReplicaLogDirs => ("AlterReplicaLogDirs", 1, 2, 2),
            Self::DescribeLogDirs => ("DescribeLogDirs", 1, 5, 2),
            Self::SaslAuthenticate => ("SaslAuthenticate", 0, 2, 2),
            Self::CreatePartitions => ("CreatePartitions", 0, 3, 2),
            Self::CreateDelegationToken => ("CreateDelegationToken", 1, 3, 2),
            Self::RenewDelegationToken => ("RenewDelegationToken", 1, 2, 2),
            Self::ExpireDelegationToken => ("ExpireDelegationToken", 1, 2, 2),
            Self::DescribeDelegationToken => ("DescribeDelegationToken", 1, 3, 2),
            Self::DeleteGroups => ("DeleteGroups", 0, 2, 2),
            Self::ElectLeaders => ("ElectLeaders", 0, 2, 2),
            Self::IncrementalAlterConfigs => ("IncrementalAlterConfigs", 0, 1, 1),
            Self::AlterPartitionReassignments => ("AlterPartitionReassignments", 0, 1, 0),
            Self::ListPartitionReassignments => ("ListPartitionReassignments", 0, 0, 0),
            Self::OffsetDelete => ("OffsetDelete", 0, 0, i16::MAX),
            Self::DescribeClientQuotas => ("DescribeClientQuotas", 0, 1, 1),
            Self::AlterClientQuotas => ("AlterClientQuotas", 0, 1, 1),
            Self::DescribeUserScramCredentials => ("DescribeUserScramCredentials", 0, 0, 0),
            Self::AlterUserScramCredentials => ("AlterUserScramCredentials", 0, 0, 0),
            Self::DescribeQuorum => ("DescribeQuorum", 0, 2, 0),
            Self::UpdateFeatures => ("UpdateFeatures", 0, 2, 0),
            Self::DescribeCluster => ("DescribeCluster", 0, 2, 0),
            Self::DescribeProducers => ("DescribeProducers", 0, 0, 0),
            Self::UnregisterBroker => ("UnregisterBroker", 0, 0, 0),
            Self::DescribeTransactions => ("DescribeTransactions", 0, 0, 0),
            Self::ListTransactions => ("ListTransactions", 0, 2, 0),
            Self::ConsumerGroupHeartbeat => ("ConsumerGroupHeartbeat", 0, 1, 0),
            Self::ConsumerGroupDescribe => ("ConsumerGroupDescribe", 0, 1, 0),
            Self::GetTelemetrySubscriptions => ("GetTelemetrySubscriptions", 0, 0, 0),
            Self::PushTelemetry => ("PushTelemetry", 0, 0, 0),
            Self::ListConfigResources => ("ListConfigResources", 0, 1, 0),
            Self::DescribeTopicPartitions => ("DescribeTopicPartitions", 0, 0, 0),
            Self::ShareGroupHeartbeat => ("ShareGroupHeartbeat", 1, 1, 0),
            Self::ShareGroupDescribe => ("ShareGroupDescribe", 1, 1, 0),
            Self::ShareFetch => ("ShareFetch", 1, 2, 0),
            Self::ShareAcknowledge => ("ShareAcknowledge", 1, 2, 0),
            Self::AddRaftVoter => ("AddRaftVoter", 0, 1, 0),
            Self::RemoveRaftVoter => ("RemoveRaftVoter", 0, 0, 0),
            Self::DescribeShareGroupOffsets => ("DescribeShareGroupOffsets", 0, 1, 0),
            Self::AlterShareGroupOffsets => ("AlterShareGroupOffsets", 0, 0, 0),
            Self::DeleteShareGroupOffsets => ("DeleteShareGroupOffsets", 0, 0, 0),
        }
    }
}
