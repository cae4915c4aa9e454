//! Kafka's error codes, and what a client does about each.
//!
//! A code this crate does not know survives as its number and is treated as not retriable.

use std::fmt;

/// An error code as a broker sends it (protocol guide, "Error Codes").
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ErrorCode(pub i16);

/// What a client does about a code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Class {
    /// Surfaced to the caller.
    Permanent,
    /// The client that got it is of no further use.
    Fatal,
    /// The same request may succeed later.
    Retriable,
    /// The same request may succeed later, and elsewhere: refresh the metadata first.
    RefreshMetadata,
}

macro_rules! codes {
    ($($code:literal $name:ident $class:ident $description:literal;)*) => {
        impl ErrorCode {
            $(#[doc = $description] pub const $name: Self = Self($code);)*

            fn entry(self) -> Option<(&'static str, Class, &'static str)> {
                match self.0 {
                    $($code => Some((stringify!($name), Class::$class, $description)),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    -1 UNKNOWN_SERVER_ERROR Permanent "the broker met an error it has no code for; its log says more";
    0 NONE Permanent "no error";
    1 OFFSET_OUT_OF_RANGE Permanent "the offset is outside what the partition holds";
    2 CORRUPT_MESSAGE Retriable "the message failed its CRC check, has an invalid size, or has no key on a compacted topic";
    3 UNKNOWN_TOPIC_OR_PARTITION RefreshMetadata "the broker does not host this topic or partition";
    4 INVALID_FETCH_SIZE Permanent "the requested fetch size is invalid";
    5 LEADER_NOT_AVAILABLE RefreshMetadata "there is no leader for this partition right now, as during an election";
    6 NOT_LEADER_OR_FOLLOWER RefreshMetadata "the broker is not the leader, or not a replica, of this partition";
    7 REQUEST_TIMED_OUT Retriable "the request timed out on the broker";
    8 BROKER_NOT_AVAILABLE Permanent "the broker is not available";
    9 REPLICA_NOT_AVAILABLE RefreshMetadata "the replica is not available on this broker";
    10 MESSAGE_TOO_LARGE Permanent "a message or batch is larger than the broker or the topic allows (message.max.bytes, max.message.bytes)";
    11 STALE_CONTROLLER_EPOCH Permanent "the controller moved to another broker";
    12 OFFSET_METADATA_TOO_LARGE Permanent "the metadata of an offset commit is too long";
    13 NETWORK_EXCEPTION RefreshMetadata "the broker disconnected before it answered";
    14 COORDINATOR_LOAD_IN_PROGRESS Retriable "the coordinator is still loading and cannot serve yet";
    15 COORDINATOR_NOT_AVAILABLE Retriable "the coordinator is not available";
    16 NOT_COORDINATOR Retriable "this broker is not the coordinator";
    17 INVALID_TOPIC_EXCEPTION Permanent "the topic name is not valid, or the topic may not be used this way";
    18 RECORD_LIST_TOO_LARGE Permanent "the batch is larger than the segment size of the log";
    19 NOT_ENOUGH_REPLICAS Retriable "fewer in-sync replicas than min.insync.replicas asks for; nothing was written";
    20 NOT_ENOUGH_REPLICAS_AFTER_APPEND Retriable "written to the log, but to fewer in-sync replicas than required";
    21 INVALID_REQUIRED_ACKS Permanent "acks must be -1, 0 or 1";
    22 ILLEGAL_GENERATION Permanent "the group's generation is not this one";
    23 INCONSISTENT_GROUP_PROTOCOL Permanent "no assignor or protocol type in common with the rest of the group";
    24 INVALID_GROUP_ID Permanent "the group id is not valid";
    25 UNKNOWN_MEMBER_ID Permanent "the coordinator does not know this member";
    26 INVALID_SESSION_TIMEOUT Permanent "the session timeout is outside group.min.session.timeout.ms and group.max.session.timeout.ms";
    27 REBALANCE_IN_PROGRESS Permanent "the group is rebalancing; the member must join again";
    28 INVALID_COMMIT_OFFSET_SIZE Permanent "the data of an offset commit is too large";
    29 TOPIC_AUTHORIZATION_FAILED Permanent "not authorised to access the topic";
    30 GROUP_AUTHORIZATION_FAILED Permanent "not authorised to access the group";
    31 CLUSTER_AUTHORIZATION_FAILED Fatal "not authorised on the cluster";
    32 INVALID_TIMESTAMP Permanent "the timestamp of a record is outside what the topic accepts";
    33 UNSUPPORTED_SASL_MECHANISM Permanent "the broker does not offer the SASL mechanism asked for";
    34 ILLEGAL_SASL_STATE Permanent "the request does not fit the state of the SASL exchange";
    35 UNSUPPORTED_VERSION Permanent "the broker does not support this version of the API";
    36 TOPIC_ALREADY_EXISTS Permanent "a topic of this name already exists";
    37 INVALID_PARTITIONS Permanent "the number of partitions is below 1";
    38 INVALID_REPLICATION_FACTOR Permanent "the replication factor is below 1 or above the number of brokers";
    39 INVALID_REPLICA_ASSIGNMENT Permanent "the replica assignment is not valid";
    40 INVALID_CONFIG Permanent "a configuration value is not valid";
    41 NOT_CONTROLLER RefreshMetadata "this broker is not the controller";
    42 INVALID_REQUEST Permanent "the request does not make sense to the broker; its log says more";
    43 UNSUPPORTED_FOR_MESSAGE_FORMAT Permanent "the log's message format does not support the request";
    44 POLICY_VIOLATION Permanent "the request breaks a policy set on the broker";
    45 OUT_OF_ORDER_SEQUENCE_NUMBER Permanent "the broker received a sequence number out of order";
    46 DUPLICATE_SEQUENCE_NUMBER Permanent "the broker received a sequence number twice";
    47 INVALID_PRODUCER_EPOCH Permanent "the producer's epoch is smaller than one the broker has seen";
    48 INVALID_TXN_STATE Fatal "the transaction is in a state that does not allow this";
    49 INVALID_PRODUCER_ID_MAPPING Permanent "the producer id does not belong to this transactional id";
    50 INVALID_TRANSACTION_TIMEOUT Fatal "the transaction timeout is larger than transaction.max.timeout.ms";
    51 CONCURRENT_TRANSACTIONS Retriable "another transaction of this producer is still being completed";
    52 TRANSACTION_COORDINATOR_FENCED Fatal "the transaction coordinator is no longer the current one";
    53 TRANSACTIONAL_ID_AUTHORIZATION_FAILED Fatal "not authorised to use the transactional id";
    54 SECURITY_DISABLED Permanent "security features are off on this broker";
    55 OPERATION_NOT_ATTEMPTED Permanent "the operation was not attempted, as another in the request failed";
    56 KAFKA_STORAGE_ERROR RefreshMetadata "the broker's disk failed for this partition";
    57 LOG_DIR_NOT_FOUND Permanent "the log directory is not in the broker's configuration";
    58 SASL_AUTHENTICATION_FAILED Permanent "SASL authentication failed";
    59 UNKNOWN_PRODUCER_ID Permanent "the broker no longer knows this producer id, as its records are gone";
    60 REASSIGNMENT_IN_PROGRESS Permanent "a partition reassignment is in progress";
    61 DELEGATION_TOKEN_AUTH_DISABLED Permanent "delegation tokens are off";
    62 DELEGATION_TOKEN_NOT_FOUND Permanent "the delegation token is not known";
    63 DELEGATION_TOKEN_OWNER_MISMATCH Permanent "the principal is neither owner nor renewer of the token";
    64 DELEGATION_TOKEN_REQUEST_NOT_ALLOWED Permanent "delegation token requests are not allowed on this connection";
    65 DELEGATION_TOKEN_AUTHORIZATION_FAILED Permanent "not authorised to use delegation tokens";
    66 DELEGATION_TOKEN_EXPIRED Permanent "the delegation token has expired";
    67 INVALID_PRINCIPAL_TYPE Permanent "the principal type is not supported";
    68 NON_EMPTY_GROUP Permanent "the group is not empty";
    69 GROUP_ID_NOT_FOUND Permanent "the group does not exist";
    70 FETCH_SESSION_ID_NOT_FOUND Retriable "the broker does not know the fetch session";
    71 INVALID_FETCH_SESSION_EPOCH Retriable "the epoch of the fetch session is not the one expected";
    72 LISTENER_NOT_FOUND RefreshMetadata "the leader has no listener of the name this client connected through";
    73 TOPIC_DELETION_DISABLED Permanent "topic deletion is off (delete.topic.enable)";
    74 FENCED_LEADER_EPOCH RefreshMetadata "the leader epoch in the request is older than the broker's";
    75 UNKNOWN_LEADER_EPOCH Retriable "the leader epoch in the request is newer than the broker's";
    76 UNSUPPORTED_COMPRESSION_TYPE Permanent "the compression type is not supported here";
    77 STALE_BROKER_EPOCH Permanent "the broker epoch is stale";
    78 OFFSET_NOT_AVAILABLE Retriable "the leader's high watermark has not caught up after an election";
    79 MEMBER_ID_REQUIRED Permanent "the member must join again with the id it was given";
    80 PREFERRED_LEADER_NOT_AVAILABLE RefreshMetadata "the preferred leader is not available";
    81 GROUP_MAX_SIZE_REACHED Permanent "the group is full";
    82 FENCED_INSTANCE_ID Fatal "another member with the same group.instance.id joined";
    83 ELIGIBLE_LEADERS_NOT_AVAILABLE RefreshMetadata "no eligible leader is available";
    84 ELECTION_NOT_NEEDED RefreshMetadata "the partition already has the leader asked for";
    85 NO_REASSIGNMENT_IN_PROGRESS Permanent "no partition reassignment is in progress";
    86 GROUP_SUBSCRIBED_TO_TOPIC Permanent "the group is subscribed to the topic";
    87 INVALID_RECORD Permanent "a record was refused by the broker (see the record's own message)";
    88 UNSTABLE_OFFSET_COMMIT Retriable "there are offsets of unfinished transactions";
    89 THROTTLING_QUOTA_EXCEEDED Retriable "a quota was exceeded";
    90 PRODUCER_FENCED Fatal "a newer producer with the same transactional id fenced this one";
    91 RESOURCE_NOT_FOUND Permanent "the resource is not known";
    92 DUPLICATE_RESOURCE Permanent "the resource exists already";
    93 UNACCEPTABLE_CREDENTIAL Permanent "the credential is not acceptable";
    94 INCONSISTENT_VOTER_SET Permanent "the voter set is not consistent";
    95 INVALID_UPDATE_VERSION Permanent "the feature version is not valid";
    96 FEATURE_UPDATE_FAILED Permanent "the features could not be updated";
    97 PRINCIPAL_DESERIALIZATION_FAILURE Permanent "the forwarded principal could not be read";
    98 SNAPSHOT_NOT_FOUND Permanent "the snapshot was not found";
    99 POSITION_OUT_OF_RANGE Permanent "the position is outside the snapshot";
    100 UNKNOWN_TOPIC_ID RefreshMetadata "the broker does not host a topic of this id";
    101 DUPLICATE_BROKER_REGISTRATION Permanent "a broker of this id is registered already";
    102 BROKER_ID_NOT_REGISTERED Permanent "no broker of this id is registered";
    103 INCONSISTENT_TOPIC_ID RefreshMetadata "the topic id does not match the one in the log";
    104 INCONSISTENT_CLUSTER_ID Permanent "the cluster id is not the one expected";
    105 TRANSACTIONAL_ID_NOT_FOUND Permanent "the transactional id is not known";
    106 FETCH_SESSION_TOPIC_ID_ERROR Retriable "the fetch session mixes topic ids and names";
    107 INELIGIBLE_REPLICA Permanent "the replica may not join the in-sync set";
    108 NEW_LEADER_ELECTED Permanent "the partition elected a new leader";
    109 OFFSET_MOVED_TO_TIERED_STORAGE Permanent "the offset is in tiered storage";
    110 FENCED_MEMBER_EPOCH Permanent "the member epoch is fenced; the member must join again";
    111 UNRELEASED_INSTANCE_ID Permanent "the group.instance.id is still held by another member";
    112 UNSUPPORTED_ASSIGNOR Permanent "the group does not support this assignor";
    113 STALE_MEMBER_EPOCH Permanent "the member epoch is stale; heartbeat and try again";
    114 MISMATCHED_ENDPOINT_TYPE Permanent "the request went to an endpoint of another type";
    115 UNSUPPORTED_ENDPOINT_TYPE Permanent "endpoints of this type are not supported";
    116 UNKNOWN_CONTROLLER_ID Permanent "the controller id is not known";
    117 UNKNOWN_SUBSCRIPTION_ID Permanent "the telemetry subscription is not known";
    118 TELEMETRY_TOO_LARGE Permanent "the telemetry is too large";
    119 INVALID_REGISTRATION Permanent "the registration is not valid";
    120 TRANSACTION_ABORTABLE Permanent "the transaction must be aborted and may then go on";
    121 INVALID_RECORD_STATE Permanent "the record is in a state that does not allow this";
    122 SHARE_SESSION_NOT_FOUND Retriable "the share session is not known";
    123 INVALID_SHARE_SESSION_EPOCH Retriable "the epoch of the share session is not the one expected";
    124 FENCED_STATE_EPOCH Permanent "the state epoch is fenced";
    125 INVALID_VOTER_KEY Permanent "the voter key is not valid";
    126 DUPLICATE_VOTER Permanent "the voter is in the set already";
    127 VOTER_NOT_FOUND Permanent "the voter is not in the set";
    128 INVALID_REGULAR_EXPRESSION Permanent "the regular expression is not valid";
    129 REBOOTSTRAP_REQUIRED Permanent "the client must bootstrap again";
    130 STREAMS_INVALID_TOPOLOGY Permanent "the topology is not valid";
    131 STREAMS_INVALID_TOPOLOGY_EPOCH Permanent "the topology epoch is not valid";
    132 STREAMS_TOPOLOGY_FENCED Permanent "the topology is fenced";
    133 SHARE_SESSION_LIMIT_REACHED Retriable "the limit of share sessions is reached";
}

impl ErrorCode {
    /// `None` for "no error", so that a response's code becomes a `Result` with `?` or `if let`.
    #[must_use]
    pub fn err(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }

    /// Kafka's own name of the code, if this crate knows it.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|(name, ..)| name)
    }

    /// What the code says, in words.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.entry()
            .map_or("a code this client does not know", |(_, _, words)| words)
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retriable(self) -> bool {
        matches!(self.class(), Class::Retriable | Class::RefreshMetadata)
    }

    /// Whether the client's picture of the cluster is out of date.
    #[must_use]
    pub fn refreshes_metadata(self) -> bool {
        self.class() == Class::RefreshMetadata
    }

    /// Whether the client that got it is of no further use.
    #[must_use]
    pub fn is_fatal(self) -> bool {
        self.class() == Class::Fatal
    }

    fn class(self) -> Class {
        self.entry().map_or(Class::Permanent, |(_, class, _)| class)
    }
}

impl From<i16> for ErrorCode {
    fn from(code: i16) -> Self {
        Self(code)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "error code {}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_survives_and_is_not_retried() {
        let code = ErrorCode(9_999);
        assert_eq!(code.to_string(), "error code 9999");
        assert!(!code.is_retriable() && !code.is_fatal() && code.err().is_some());
    }

    #[test]
    fn classes_say_what_a_client_does() {
        assert!(ErrorCode::NOT_LEADER_OR_FOLLOWER.refreshes_metadata());
        assert!(ErrorCode::REQUEST_TIMED_OUT.is_retriable());
        assert!(!ErrorCode::REQUEST_TIMED_OUT.refreshes_metadata());
        assert!(ErrorCode::PRODUCER_FENCED.is_fatal());
        assert_eq!(ErrorCode::NONE.err(), None);
    }
}
