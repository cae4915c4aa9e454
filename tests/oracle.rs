//! A differential test: random messages, straight from the schemas' facts, through this crate and
//! through `kafka-protocol`, an independent implementation of the same schemas. Both must decode
//! them and encode the very same bytes again.
//!
//! `oracle/walker.rs` writes the messages. What `kafka-protocol` does not know (its schemas are
//! those of Kafka 4.1) is checked against the walker alone. Repeat a failure with the seed that it
//! prints: `ORACLE_SEED=.. cargo test --test oracle`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says so by panicking"
)]

#[path = "oracle/walker.rs"]
mod walker;

use std::hash::{BuildHasher, RandomState};

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages as peer;
use kafka_protocol::protocol::{Decodable, Encodable, Message};
use tidewire::protocol::{
    ApiKey, DecodeErrorKind, Encode, Reader, Writer, consumer_protocol_assignment,
    consumer_protocol_subscription, decode_any_response, recode_any_request, recode_any_response,
};
use walker::{Kind, Random, Schema};

/// Messages per version and seed.
const ROUNDS: usize = 40;

macro_rules! peers {
    ($($key:ident $request:ident $response:ident,)*) => {
        /// Decodes and encodes with `kafka-protocol`; `None` for a version it does not know.
        fn recode_by_peer(schema: &Schema, version: i16, bytes: &Bytes) -> Option<Bytes> {
            let key = ApiKey::try_from(schema.key).ok();
            match (schema.kind, key) {
                $((Kind::Request, Some(ApiKey::$key)) => peer::<peer::$request>(version, bytes),)*
                $((Kind::Response, Some(ApiKey::$key)) => peer::<peer::$response>(version, bytes),)*
                _ if schema.name == "ConsumerProtocolAssignment" => {
                    peer::<peer::ConsumerProtocolAssignment>(version, bytes)
                }
                _ => peer::<peer::ConsumerProtocolSubscription>(version, bytes),
            }
        }
    };
}

peers! {
    Produce ProduceRequest ProduceResponse,
    Fetch FetchRequest FetchResponse,
    ListOffsets ListOffsetsRequest ListOffsetsResponse,
    Metadata MetadataRequest MetadataResponse,
    OffsetCommit OffsetCommitRequest OffsetCommitResponse,
    OffsetFetch OffsetFetchRequest OffsetFetchResponse,
    FindCoordinator FindCoordinatorRequest FindCoordinatorResponse,
    JoinGroup JoinGroupRequest JoinGroupResponse,
    Heartbeat HeartbeatRequest HeartbeatResponse,
    LeaveGroup LeaveGroupRequest LeaveGroupResponse,
    SyncGroup SyncGroupRequest SyncGroupResponse,
    DescribeGroups DescribeGroupsRequest DescribeGroupsResponse,
    ListGroups ListGroupsRequest ListGroupsResponse,
    SaslHandshake SaslHandshakeRequest SaslHandshakeResponse,
    ApiVersions ApiVersionsRequest ApiVersionsResponse,
    CreateTopics CreateTopicsRequest CreateTopicsResponse,
    DeleteTopics DeleteTopicsRequest DeleteTopicsResponse,
    DeleteRecords DeleteRecordsRequest DeleteRecordsResponse,
    InitProducerId InitProducerIdRequest InitProducerIdResponse,
    OffsetForLeaderEpoch OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse,
    AddPartitionsToTxn AddPartitionsToTxnRequest AddPartitionsToTxnResponse,
    AddOffsetsToTxn AddOffsetsToTxnRequest AddOffsetsToTxnResponse,
    EndTxn EndTxnRequest EndTxnResponse,
    WriteTxnMarkers WriteTxnMarkersRequest WriteTxnMarkersResponse,
    TxnOffsetCommit TxnOffsetCommitRequest TxnOffsetCommitResponse,
    DescribeAcls DescribeAclsRequest DescribeAclsResponse,
    CreateAcls CreateAclsRequest CreateAclsResponse,
    DeleteAcls DeleteAclsRequest DeleteAclsResponse,
    DescribeConfigs DescribeConfigsRequest DescribeConfigsResponse,
    AlterConfigs AlterConfigsRequest AlterConfigsResponse,
    AlterReplicaLogDirs AlterReplicaLogDirsRequest AlterReplicaLogDirsResponse,
    DescribeLogDirs DescribeLogDirsRequest DescribeLogDirsResponse,
    SaslAuthenticate SaslAuthenticateRequest SaslAuthenticateResponse,
    CreatePartitions CreatePartitionsRequest CreatePartitionsResponse,
    CreateDelegationToken CreateDelegationTokenRequest CreateDelegationTokenResponse,
    RenewDelegationToken RenewDelegationTokenRequest RenewDelegationTokenResponse,
    ExpireDelegationToken ExpireDelegationTokenRequest ExpireDelegationTokenResponse,
    DescribeDelegationToken DescribeDelegationTokenRequest DescribeDelegationTokenResponse,
    DeleteGroups DeleteGroupsRequest DeleteGroupsResponse,
    ElectLeaders ElectLeadersRequest ElectLeadersResponse,
    IncrementalAlterConfigs IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse,
    AlterPartitionReassignments
        AlterPartitionReassignmentsRequest AlterPartitionReassignmentsResponse,
    ListPartitionReassignments ListPartitionReassignmentsRequest ListPartitionReassignmentsResponse,
    OffsetDelete OffsetDeleteRequest OffsetDeleteResponse,
    DescribeClientQuotas DescribeClientQuotasRequest DescribeClientQuotasResponse,
    AlterClientQuotas AlterClientQuotasRequest AlterClientQuotasResponse,
    DescribeUserScramCredentials
        DescribeUserScramCredentialsRequest DescribeUserScramCredentialsResponse,
    AlterUserScramCredentials AlterUserScramCredentialsRequest AlterUserScramCredentialsResponse,
    DescribeQuorum DescribeQuorumRequest DescribeQuorumResponse,
    UpdateFeatures UpdateFeaturesRequest UpdateFeaturesResponse,
    DescribeCluster DescribeClusterRequest DescribeClusterResponse,
    DescribeProducers DescribeProducersRequest DescribeProducersResponse,
    UnregisterBroker UnregisterBrokerRequest UnregisterBrokerResponse,
    DescribeTransactions DescribeTransactionsRequest DescribeTransactionsResponse,
    ListTransactions ListTransactionsRequest ListTransactionsResponse,
    ConsumerGroupHeartbeat ConsumerGroupHeartbeatRequest ConsumerGroupHeartbeatResponse,
    ConsumerGroupDescribe ConsumerGroupDescribeRequest ConsumerGroupDescribeResponse,
    GetTelemetrySubscriptions GetTelemetrySubscriptionsRequest GetTelemetrySubscriptionsResponse,
    PushTelemetry PushTelemetryRequest PushTelemetryResponse,
    ListConfigResources ListConfigResourcesRequest ListConfigResourcesResponse,
    DescribeTopicPartitions DescribeTopicPartitionsRequest DescribeTopicPartitionsResponse,
    ShareGroupHeartbeat ShareGroupHeartbeatRequest ShareGroupHeartbeatResponse,
    ShareGroupDescribe ShareGroupDescribeRequest ShareGroupDescribeResponse,
    ShareFetch ShareFetchRequest ShareFetchResponse,
    ShareAcknowledge ShareAcknowledgeRequest ShareAcknowledgeResponse,
    AddRaftVoter AddRaftVoterRequest AddRaftVoterResponse,
    RemoveRaftVoter RemoveRaftVoterRequest RemoveRaftVoterResponse,
    DescribeShareGroupOffsets DescribeShareGroupOffsetsRequest DescribeShareGroupOffsetsResponse,
    AlterShareGroupOffsets AlterShareGroupOffsetsRequest AlterShareGroupOffsetsResponse,
    DeleteShareGroupOffsets DeleteShareGroupOffsetsRequest DeleteShareGroupOffsetsResponse,
}

fn peer<T: Message + Decodable + Encodable>(version: i16, bytes: &Bytes) -> Option<Bytes> {
    if !(T::VERSIONS.min..=T::VERSIONS.max).contains(&version) {
        return None;
    }
    let mut rest = bytes.clone();
    let message = T::decode(&mut rest, version).expect("kafka-protocol decodes it");
    assert!(
        rest.is_empty(),
        "kafka-protocol leaves {} bytes",
        rest.len()
    );
    let mut written = BytesMut::new();
    message
        .encode(&mut written, version)
        .expect("kafka-protocol encodes it");
    Some(written.freeze())
}

fn recode_by_us(schema: &Schema, version: i16, bytes: &Bytes) -> (Bytes, usize) {
    fn data<T: tidewire::protocol::Decode + Encode>(version: i16, bytes: &Bytes) -> (Bytes, usize) {
        let mut r = Reader::new(bytes.clone());
        let message = T::decode(&mut r, version).expect("we decode it");
        let mut w = Writer::new();
        message.encode(&mut w, version).expect("we encode it");
        (w.into_chunks().into_bytes(), r.finish())
    }
    let key = ApiKey::try_from(schema.key);
    let done = match schema.kind {
        Kind::Request => recode_any_request(key.expect("a key"), version, bytes.clone()),
        Kind::Response => recode_any_response(key.expect("a key"), version, bytes.clone()),
        Kind::Data if schema.name == "ConsumerProtocolAssignment" => {
            use consumer_protocol_assignment::ConsumerProtocolAssignment;
            return data::<ConsumerProtocolAssignment>(version, bytes);
        }
        Kind::Data => {
            use consumer_protocol_subscription::ConsumerProtocolSubscription;
            return data::<ConsumerProtocolSubscription>(version, bytes);
        }
    };
    done.expect("we decode and encode it")
}

/// A fixed seed, so that a run can be compared with another, and one that no run had before.
fn seeds() -> Vec<u64> {
    match std::env::var("ORACLE_SEED") {
        Ok(seed) => vec![seed.parse().expect("ORACLE_SEED is a number")],
        Err(_) => vec![1, RandomState::new().hash_one("oracle")],
    }
}

/// Says, when a test fails, where it was.
struct Place(String);

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}

fn each_message(mut check: impl FnMut(&Schema, i16, &mut Random)) {
    let schemas = walker::schemas(include_str!("oracle/schema.txt"));
    assert!(schemas.len() > 140);
    for seed in seeds() {
        let mut random = Random::new(seed);
        for schema in &schemas {
            for version in schema.min..=schema.max {
                let place = Place(format!(
                    "ORACLE_SEED={seed} at {:?} {} version {version}",
                    schema.kind, schema.name
                ));
                check(schema, version, &mut random);
                drop(place);
            }
        }
    }
}

#[test]
fn random_messages_come_out_of_both_implementations_as_they_went_in() {
    let (mut alone, mut compared) = (0, 0);
    each_message(|schema, version, random| {
        for _ in 0..ROUNDS {
            let bytes = schema.write(version, random);
            let (ours, trailing) = recode_by_us(schema, version, &bytes);
            assert_eq!((&ours, trailing), (&bytes, 0), "ours and what went in");
            match recode_by_peer(schema, version, &bytes) {
                Some(theirs) => {
                    assert_eq!(ours, theirs, "ours and theirs");
                    compared += 1;
                }
                None => alone += 1,
            }
        }
    });
    assert!(
        compared > 10 * alone,
        "{compared} compared, {alone} not known to the peer"
    );
}

#[test]
fn tagged_fields_of_newer_peers_are_passed_over() {
    each_message(|schema, version, random| {
        let (plain, newer) = schema.write_twice(version, random);
        assert_eq!(recode_by_us(schema, version, &newer), (plain, 0));
    });
}

/// Damage to a message is either seen or makes another message: it never panics and never makes a
/// decoder allocate what the bytes do not bear out.
#[test]
fn case_95_damaged_messages_do_no_harm() {
    each_message(|schema, version, random| {
        for _ in 0..ROUNDS / 4 {
            let mut bytes = schema.write(version, random).to_vec();
            for _ in 0..=random.below(3) {
                if let Some(byte) = random.index(bytes.len()).and_then(|at| bytes.get_mut(at)) {
                    *byte = [0xff, 0x7f, 0x80, 0x00][random.below(4)];
                }
            }
            let bytes = Bytes::from(bytes);
            let Ok(key) = ApiKey::try_from(schema.key) else {
                continue;
            };
            match schema.kind {
                Kind::Request => _ = recode_any_request(key, version, bytes),
                _ => _ = decode_any_response(key, version, bytes),
            }
        }
    });
}

#[test]
fn versions_outside_the_range_are_refused() {
    for key in ApiKey::ALL {
        for version in [
            key.versions().min - 1,
            key.versions().max + 1,
            i16::MIN,
            i16::MAX,
        ] {
            let error = decode_any_response(key, version, Bytes::new()).expect_err("no version");
            assert_eq!(error.kind, DecodeErrorKind::UnsupportedVersion(version));
        }
    }
}
