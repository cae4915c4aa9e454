//! What all roles of one client share: addresses, connections, metadata, retries.

use std::time::Duration;

use super::host_port::HostPort;
use super::set::SetKeys;
use super::values::{ClientDnsLookup, MetadataRecoveryStrategy};

/// What all roles of one client share.
///
/// Each field names its Kafka property and its default.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// `bootstrap.servers`: the brokers to ask first. No default.
    pub bootstrap_servers: Vec<HostPort>,
    /// `client.id`: the name under which brokers log and meter this client. Default `tidewire`.
    pub client_id: String,
    /// `client.dns.lookup`: default `use_all_dns_ips`.
    pub client_dns_lookup: ClientDnsLookup,
    /// `request.timeout.ms`: how long to wait for one response. Default 30 s.
    pub request_timeout: Duration,
    /// `default.api.timeout.ms`: the limit of a call that has none of its own. Default 60 s.
    pub default_api_timeout: Duration,
    /// `retry.backoff.ms`: the first wait before a request is sent again. Default 100 ms.
    pub retry_backoff: Duration,
    /// `retry.backoff.max.ms`: the longest such wait (KIP-580). Default 1 s.
    pub retry_backoff_max: Duration,
    /// `reconnect.backoff.ms`: the first wait before the next connection to a broker. Default 50 ms.
    pub reconnect_backoff: Duration,
    /// `reconnect.backoff.max.ms`: the longest such wait. Default 1 s.
    pub reconnect_backoff_max: Duration,
    /// `socket.connection.setup.timeout.ms`: the first limit on opening a connection (KIP-601).
    /// Default 10 s.
    pub socket_connection_setup_timeout: Duration,
    /// `socket.connection.setup.timeout.max.ms`: the limit after repeated failures. Default 30 s.
    pub socket_connection_setup_timeout_max: Duration,
    /// `connections.max.idle.ms`: when to close a connection without traffic. `None` (0 or less)
    /// is never. Default 9 min.
    pub connections_max_idle: Option<Duration>,
    /// `send.buffer.bytes`: the socket's send buffer in bytes. `None` (0 or less), the default,
    /// leaves it to the system.
    pub send_buffer: Option<usize>,
    /// `receive.buffer.bytes`: the socket's receive buffer in bytes. `None` (0 or less), the
    /// default, leaves it to the system.
    pub receive_buffer: Option<usize>,
    /// `receive.message.max.bytes` (librdkafka): the largest response read, in bytes; a larger one
    /// ends the connection. Default 100,000,000.
    pub receive_message_max: usize,
    /// `metadata.max.age.ms`: when to refresh metadata without a reason. Default 5 min.
    pub metadata_max_age: Duration,
    /// `metadata.recovery.strategy`: default `rebootstrap`.
    pub metadata_recovery_strategy: MetadataRecoveryStrategy,
    /// `metadata.recovery.rebootstrap.trigger.ms`: how long without metadata until the client
    /// starts over from `bootstrap.servers` (KIP-1102). Default 5 min.
    pub metadata_recovery_rebootstrap_trigger: Duration,
    pub(crate) set: SetKeys,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            bootstrap_servers: Vec::new(),
            client_id: "tidewire".to_owned(),
            client_dns_lookup: ClientDnsLookup::default(),
            request_timeout: Duration::from_secs(30),
            default_api_timeout: Duration::from_secs(60),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            reconnect_backoff: Duration::from_millis(50),
            reconnect_backoff_max: Duration::from_secs(1),
            socket_connection_setup_timeout: Duration::from_secs(10),
            socket_connection_setup_timeout_max: Duration::from_secs(30),
            connections_max_idle: Some(Duration::from_secs(540)),
            send_buffer: None,
            receive_buffer: None,
            receive_message_max: 100_000_000,
            metadata_max_age: Duration::from_secs(300),
            metadata_recovery_strategy: MetadataRecoveryStrategy::default(),
            metadata_recovery_rebootstrap_trigger: Duration::from_secs(300),
            set: SetKeys::default(),
        }
    }
}
