//! What all roles of one client share: addresses, connections, metadata, retries.

use std::time::Duration;

use super::findings::{Findings, Notice};
use super::host_port::HostPort;
use super::load::{self, Draft};
use super::properties::Properties;
use super::set::{SetKeys, setters};
use super::values::{ClientDnsLookup, MetadataRecoveryStrategy};
use crate::error::Result;

/// What all roles of one client share.
///
/// Each field names its Kafka property and its default. A field written directly passes for a
/// default where a rule asks what the user set; the `set_` methods do not.
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
    /// `reconnect.backoff.ms`: the first wait before a broker is dialed again. Default 50 ms.
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
    /// `metadata.recovery.strategy`: default `rebootstrap`, which asks the bootstrap servers
    /// whenever no known broker answers.
    pub metadata_recovery_strategy: MetadataRecoveryStrategy,
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
            set: SetKeys::default(),
        }
    }
}

setters! { ClientConfig {
    set_bootstrap_servers: bootstrap_servers: Vec<HostPort> = "bootstrap.servers",
    set_client_id: client_id: String = "client.id",
    set_request_timeout: request_timeout: Duration = "request.timeout.ms",
    set_default_api_timeout: default_api_timeout: Duration = "default.api.timeout.ms",
    set_retry_backoff: retry_backoff: Duration = "retry.backoff.ms",
    set_retry_backoff_max: retry_backoff_max: Duration = "retry.backoff.max.ms",
    set_reconnect_backoff: reconnect_backoff: Duration = "reconnect.backoff.ms",
    set_reconnect_backoff_max: reconnect_backoff_max: Duration = "reconnect.backoff.max.ms",
    set_socket_connection_setup_timeout: socket_connection_setup_timeout: Duration
        = "socket.connection.setup.timeout.ms",
    set_socket_connection_setup_timeout_max: socket_connection_setup_timeout_max: Duration
        = "socket.connection.setup.timeout.max.ms",
    set_connections_max_idle: connections_max_idle: Option<Duration> = "connections.max.idle.ms",
    set_send_buffer: send_buffer: Option<usize> = "send.buffer.bytes",
    set_receive_buffer: receive_buffer: Option<usize> = "receive.buffer.bytes",
    set_receive_message_max: receive_message_max: usize = "receive.message.max.bytes",
    set_metadata_max_age: metadata_max_age: Duration = "metadata.max.age.ms",
    set_metadata_recovery_strategy: metadata_recovery_strategy: MetadataRecoveryStrategy
        = "metadata.recovery.strategy",
} }

impl ClientConfig {
    /// Reads what concerns every client; what concerns only one role is left to that role.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::Config`](crate::ErrorKind::Config), with every problem there is: a bad
    /// value, a property that is unknown or not built yet, no `bootstrap.servers`.
    pub fn from_properties(properties: &Properties) -> Result<(Self, Vec<Notice>)> {
        Self::draft(properties).finish()
    }

    /// Reads properties for a builder, whose setters may still change what they say.
    pub(crate) fn draft(properties: &Properties) -> Draft<Self> {
        load::read(properties)
    }

    pub(super) fn check(&mut self, findings: &mut Findings) {
        if self.bootstrap_servers.is_empty() {
            findings.problem("bootstrap.servers is not set; it names the brokers to ask first");
        }
        let pairs = [
            (
                "retry.backoff.ms",
                self.retry_backoff,
                &mut self.retry_backoff_max,
            ),
            (
                "reconnect.backoff.ms",
                self.reconnect_backoff,
                &mut self.reconnect_backoff_max,
            ),
            (
                "socket.connection.setup.timeout.ms",
                self.socket_connection_setup_timeout,
                &mut self.socket_connection_setup_timeout_max,
            ),
        ];
        for (key, first, max) in pairs {
            let max_key = key.replace(".ms", ".max.ms");
            if first <= *max {
                continue;
            }
            let what = self.set.spelled(key, first.as_millis());
            if self.set.has(&max_key) {
                let text = format!("{what}: it never exceeds {max_key}={}", max.as_millis());
                findings.adapted(key, text);
            } else {
                *max = first;
                findings.adapted(key, format!("{what}: {max_key} is raised to it"));
            }
        }
        if self.default_api_timeout < self.request_timeout
            && !self.set.has("default.api.timeout.ms")
        {
            self.default_api_timeout = self.request_timeout;
            let what = self
                .set
                .spelled("request.timeout.ms", self.request_timeout.as_millis());
            let text = format!("{what}: default.api.timeout.ms is raised to it");
            findings.adapted("request.timeout.ms", text);
        }
    }
}
