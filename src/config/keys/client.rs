//! Properties of every client.

use super::{Access, INT, Key, Kind, LONG, Unit, choice, field, millis, optional, size};
use crate::config::values::{ClientDnsLookup, MetadataRecoveryStrategy};

pub(super) const KEYS: &[Key] = &[
    Key::new(
        "bootstrap.servers",
        field!(Client.bootstrap_servers),
        Kind::Checked {
            allowed: "a list of host:port",
        },
        "The brokers to ask first; all others are learned from them. The port is 9092 if left out.",
    )
    .alias(&["metadata.broker.list"]),
    Key::new(
        "client.id",
        field!(Client.client_id),
        Kind::Text { min: 0 },
        "The name under which brokers log, meter and limit this client.",
    )
    .departs(
        "(empty)",
        "a name that tells the client in the broker's log",
    ),
    Key::new(
        "client.dns.lookup",
        field!(Client.client_dns_lookup),
        choice::<ClientDnsLookup>(),
        "What to do about a name with several addresses (KIP-302).",
    )
    .not_built(&["use_all_dns_ips"]),
    Key::new(
        "security.protocol",
        Access::None,
        Kind::OneOf(&["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]),
        "How to talk to brokers: encryption and authentication.",
    )
    .not_built(&["plaintext"]),
    Key::new(
        "request.timeout.ms",
        field!(Client.request_timeout),
        millis(0, INT),
        "How long to wait for the response to one request.",
    )
    .alias(&["socket.timeout.ms"]),
    Key::new(
        "default.api.timeout.ms",
        field!(Client.default_api_timeout),
        millis(0, INT),
        "The limit of a call that has none of its own, its retries included.",
    ),
    Key::new(
        "retry.backoff.ms",
        field!(Client.retry_backoff),
        millis(0, LONG),
        "The first wait before a failed request is sent again; it doubles each time (KIP-580).",
    ),
    Key::new(
        "retry.backoff.max.ms",
        field!(Client.retry_backoff_max),
        millis(0, LONG),
        "The longest wait before a failed request is sent again.",
    ),
    Key::new(
        "reconnect.backoff.ms",
        field!(Client.reconnect_backoff),
        millis(0, LONG),
        "The first wait before the next attempt to connect to a broker; it doubles each time.",
    ),
    Key::new(
        "reconnect.backoff.max.ms",
        field!(Client.reconnect_backoff_max),
        millis(0, LONG),
        "The longest wait before the next attempt to connect to a broker.",
    ),
    Key::new(
        "socket.connection.setup.timeout.ms",
        field!(Client.socket_connection_setup_timeout),
        millis(1, LONG),
        "The limit on opening a connection, up to the first answer; it doubles each time (KIP-601).",
    ),
    Key::new(
        "socket.connection.setup.timeout.max.ms",
        field!(Client.socket_connection_setup_timeout_max),
        millis(1, LONG),
        "The longest limit on opening a connection.",
    ),
    Key::new(
        "connections.max.idle.ms",
        field!(Client.connections_max_idle),
        optional(Unit::Ms, i64::MIN, LONG),
        "When to close a connection that carries nothing; 0 and less is never.",
    ),
    Key::new(
        "send.buffer.bytes",
        field!(Client.send_buffer),
        optional(Unit::Bytes, -1, INT),
        "The socket's send buffer; 0 and -1 leave it to the system.",
    )
    .alias(&["socket.send.buffer.bytes"])
    .departs(
        "131072",
        "a fixed buffer turns the system's autotuning off and caps long lines",
    ),
    Key::new(
        "receive.buffer.bytes",
        field!(Client.receive_buffer),
        optional(Unit::Bytes, -1, INT),
        "The socket's receive buffer; 0 and -1 leave it to the system.",
    )
    .alias(&["socket.receive.buffer.bytes"])
    .departs(
        "32768 (producer), 65536",
        "a fixed buffer turns the system's autotuning off and caps long lines",
    ),
    Key::new(
        "receive.message.max.bytes",
        field!(Client.receive_message_max),
        size(1000, INT),
        "The largest response read (librdkafka's name); a larger one ends the connection.",
    ),
    Key::new(
        "metadata.max.age.ms",
        field!(Client.metadata_max_age),
        millis(0, LONG),
        "When to refresh metadata even though nothing points to a change.",
    )
    .alias(&["topic.metadata.refresh.interval.ms"]),
    Key::new(
        "metadata.recovery.strategy",
        field!(Client.metadata_recovery_strategy),
        choice::<MetadataRecoveryStrategy>(),
        "What to do when no known broker answers (KIP-899).",
    ),
    Key::new(
        "enable.metrics.push",
        Access::None,
        Kind::Flag,
        "Push the client's metrics to the broker (KIP-714).",
    )
    .not_built(&["false"])
    .departs("true", "off until it is built"),
];
