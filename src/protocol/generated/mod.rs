//! The messages of Kafka 4.3.1, one module per API.
//!
//! Written by `cargo xtask codegen` from the schemas in `kafka-clients`; edit the
//! generator, not these files. Field names and meanings are Kafka's.

#![allow(
    missing_docs,
    clippy::field_reassign_with_default,
    reason = "generated: the fields are documented in Kafka's protocol guide"
)]

pub mod add_offsets_to_txn;
pub mod add_partitions_to_txn;
pub mod add_raft_voter;
pub mod alter_client_quotas;
pub mod alter_configs;
pub mod alter_partition_reassignments;
pub mod alter_replica_log_dirs;
pub mod alter_share_group_offsets;
pub mod alter_user_scram_credentials;
mod api_key;
pub mod api_versions;
pub mod consumer_group_describe;
pub mod consumer_group_heartbeat;
pub mod consumer_protocol_assignment;
pub mod consumer_protocol_subscription;
pub mod create_acls;
pub mod create_delegation_token;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_acls;
pub mod delete_groups;
pub mod delete_records;
pub mod delete_share_group_offsets;
pub mod delete_topics;
pub mod describe_acls;
pub mod describe_client_quotas;
pub mod describe_cluster;
pub mod describe_configs;
pub mod describe_delegation_token;
pub mod describe_groups;
pub mod describe_log_dirs;
pub mod describe_producers;
pub mod describe_quorum;
pub mod describe_share_group_offsets;
pub mod describe_topic_partitions;
pub mod describe_transactions;
pub mod describe_user_scram_credentials;
pub mod elect_leaders;
pub mod end_txn;
pub mod expire_delegation_token;
pub mod fetch;
pub mod find_coordinator;
pub mod get_telemetry_subscriptions;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_config_resources;
pub mod list_groups;
pub mod list_offsets;
pub mod list_partition_reassignments;
pub mod list_transactions;
pub mod metadata;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod push_telemetry;
pub mod remove_raft_voter;
pub mod renew_delegation_token;
pub mod sasl_authenticate;
pub mod sasl_handshake;
pub mod share_acknowledge;
pub mod share_fetch;
pub mod share_group_describe;
pub mod share_group_heartbeat;
pub mod sync_group;
pub mod txn_offset_commit;
pub mod unregister_broker;
pub mod update_features;
pub mod write_txn_markers;

pub use api_key::ApiKey;

/// Calls a macro with every API: key, module, request, response.
macro_rules! each_api {
($macro:ident) => {
$macro! {
            Produce produce ProduceRequest ProduceResponse
            Fetch fetch FetchRequest FetchResponse
            ListOffsets list_offsets ListOffsetsRequest ListOffsetsResponse
            Metadata metadata MetadataRequest MetadataResponse
            OffsetCommit offset_commit OffsetCommitRequest OffsetCommitResponse
            OffsetFetch offset_fetch OffsetFetchRequest OffsetFetchResponse
            FindCoordinator find_coordinator FindCoordinatorRequest FindCoordinatorResponse
            JoinGroup join_group JoinGroupRequest JoinGroupResponse
            Heartbeat heartbeat HeartbeatRequest HeartbeatResponse
            LeaveGroup leave_group LeaveGroupRequest LeaveGroupResponse
            SyncGroup sync_group SyncGroupRequest SyncGroupResponse
            DescribeGroups describe_groups DescribeGroupsRequest DescribeGroupsResponse
            ListGroups list_groups ListGroupsRequest ListGroupsResponse
            SaslHandshake sasl_handshake SaslHandshakeRequest SaslHandshakeResponse
            ApiVersions api_versions ApiVersionsRequest ApiVersionsResponse
            CreateTopics create_topics CreateTopicsRequest CreateTopicsResponse
            DeleteTopics delete_topics DeleteTopicsRequest DeleteTopicsResponse
            DeleteRecords delete_records DeleteRecordsRequest DeleteRecordsResponse
            InitProducerId init_producer_id InitProducerIdRequest InitProducerIdResponse
            OffsetForLeaderEpoch offset_for_leader_epoch
                OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse
            AddPartitionsToTxn add_partitions_to_txn
                AddPartitionsToTxnRequest AddPartitionsToTxnResponse
            AddOffsetsToTxn add_offsets_to_txn AddOffsetsToTxnRequest AddOffsetsToTxnResponse
            EndTxn end_txn EndTxnRequest EndTxnResponse
            WriteTxnMarkers write_txn_markers WriteTxnMarkersRequest WriteTxnMarkersResponse
            TxnOffsetCommit txn_offset_commit TxnOffsetCommitRequest TxnOffsetCommitResponse
            DescribeAcls describe_acls DescribeAclsRequest DescribeAclsResponse
            CreateAcls create_acls CreateAclsRequest CreateAclsResponse
            DeleteAcls delete_acls DeleteAclsRequest DeleteAclsResponse
            DescribeConfigs describe_configs DescribeConfigsRequest DescribeConfigsResponse
            AlterConfigs alter_configs AlterConfigsRequest AlterConfigsResponse
            AlterReplicaLogDirs alter_replica_log_dirs
                AlterReplicaLogDirsRequest AlterReplicaLogDirsResponse
            DescribeLogDirs describe_log_dirs DescribeLogDirsRequest DescribeLogDirsResponse
            SaslAuthenticate sasl_authenticate SaslAuthenticateRequest SaslAuthenticateResponse
            CreatePartitions create_partitions CreatePartitionsRequest CreatePartitionsResponse
            CreateDelegationToken create_delegation_token
                CreateDelegationTokenRequest CreateDelegationTokenResponse
            RenewDelegationToken renew_delegation_token
                RenewDelegationTokenRequest RenewDelegationTokenResponse
            ExpireDelegationToken expire_delegation_token
                ExpireDelegationTokenRequest ExpireDelegationTokenResponse
            DescribeDelegationToken describe_delegation_token
                DescribeDelegationTokenRequest DescribeDelegationTokenResponse
            DeleteGroups delete_groups DeleteGroupsRequest DeleteGroupsResponse
            ElectLeaders elect_leaders ElectLeadersRequest ElectLeadersResponse
            IncrementalAlterConfigs incremental_alter_configs
                IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse
            AlterPartitionReassignments alter_partition_reassignments
                AlterPartitionReassignmentsRequest AlterPartitionReassignmentsResponse
            ListPartitionReassignments list_partition_reassignments
                ListPartitionReassignmentsRequest ListPartitionReassignmentsResponse
            OffsetDelete offset_delete OffsetDeleteRequest OffsetDeleteResponse
            DescribeClientQuotas describe_client_quotas
                DescribeClientQuotasRequest DescribeClientQuotasResponse
            AlterClientQuotas alter_client_quotas
                AlterClientQuotasRequest AlterClientQuotasResponse
            DescribeUserScramCredentials describe_user_scram_credentials
                DescribeUserScramCredentialsRequest DescribeUserScramCredentialsResponse
            AlterUserScramCredentials alter_user_scram_credentials
                AlterUserScramCredentialsRequest AlterUserScramCredentialsResponse
            DescribeQuorum describe_quorum DescribeQuorumRequest DescribeQuorumResponse
            UpdateFeatures update_features UpdateFeaturesRequest UpdateFeaturesResponse
            DescribeCluster describe_cluster DescribeClusterRequest DescribeClusterResponse
            DescribeProducers describe_producers DescribeProducersRequest DescribeProducersResponse
            UnregisterBroker unregister_broker UnregisterBrokerRequest UnregisterBrokerResponse
            DescribeTransactions describe_transactions
                DescribeTransactionsRequest DescribeTransactionsResponse
            ListTransactions list_transactions ListTransactionsRequest ListTransactionsResponse
            ConsumerGroupHeartbeat consumer_group_heartbeat
                ConsumerGroupHeartbeatRequest ConsumerGroupHeartbeatResponse
            ConsumerGroupDescribe consumer_group_describe
                ConsumerGroupDescribeRequest ConsumerGroupDescribeResponse
            GetTelemetrySubscriptions get_telemetry_subscriptions
                GetTelemetrySubscriptionsRequest GetTelemetrySubscriptionsResponse
            PushTelemetry push_telemetry PushTelemetryRequest PushTelemetryResponse
            ListConfigResources list_config_resources
                ListConfigResourcesRequest ListConfigResourcesResponse
            DescribeTopicPartitions describe_topic_partitions
                DescribeTopicPartitionsRequest DescribeTopicPartitionsResponse
            ShareGroupHeartbeat share_group_heartbeat
                ShareGroupHeartbeatRequest ShareGroupHeartbeatResponse
            ShareGroupDescribe share_group_describe
                ShareGroupDescribeRequest ShareGroupDescribeResponse
            ShareFetch share_fetch ShareFetchRequest ShareFetchResponse
            ShareAcknowledge share_acknowledge ShareAcknowledgeRequest ShareAcknowledgeResponse
            AddRaftVoter add_raft_voter AddRaftVoterRequest AddRaftVoterResponse
            RemoveRaftVoter remove_raft_voter RemoveRaftVoterRequest RemoveRaftVoterResponse
            DescribeShareGroupOffsets describe_share_group_offsets
                DescribeShareGroupOffsetsRequest DescribeShareGroupOffsetsResponse
            AlterShareGroupOffsets alter_share_group_offsets
                AlterShareGroupOffsetsRequest AlterShareGroupOffsetsResponse
            DeleteShareGroupOffsets delete_share_group_offsets
                DeleteShareGroupOffsetsRequest DeleteShareGroupOffsetsResponse
}
};
}
pub(crate) use each_api;
