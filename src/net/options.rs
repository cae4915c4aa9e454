//! What all connections of one client share: the way out, the limits, the buffers.

use std::sync::Arc;
use std::time::Duration;

use super::connector::Connector;
use super::pool::BufferPool;
use crate::env::Env;
use crate::ids::BrokerId;
use crate::machine::backoff::BackoffPolicy;

/// The limits of a client's connections. The defaults are Java's, except where noted.
#[derive(Clone, Debug)]
pub(crate) struct NetOptions {
    /// `client.id`
    pub(crate) client_id: Option<Arc<str>>,
    /// `socket.connection.setup.timeout.ms`: for one attempt over all addresses of a broker, from
    /// the name look-up to the agreement on versions.
    pub(crate) setup_timeout: Duration,
    /// `socket.connection.setup.timeout.max.ms`: it doubles up to this with failures in a row.
    pub(crate) setup_timeout_max: Duration,
    /// `connections.max.idle.ms`; `None` is never.
    pub(crate) idle: Option<Duration>,
    /// `receive.message.max.bytes`, as in librdkafka; 100,000,000 there.
    pub(crate) frame_max: usize,
    /// `max.in.flight.requests.per.connection`
    pub(crate) in_flight_max: usize,
    /// `reconnect.backoff.ms` and `reconnect.backoff.max.ms`
    pub(crate) reconnect_backoff: BackoffPolicy,
}

impl Default for NetOptions {
    fn default() -> Self {
        Self {
            client_id: None,
            setup_timeout: Duration::from_secs(10),
            setup_timeout_max: Duration::from_secs(30),
            idle: Some(Duration::from_secs(540)),
            frame_max: 100 * 1024 * 1024,
            in_flight_max: 5,
            reconnect_backoff: BackoffPolicy {
                initial: Duration::from_millis(50),
                max: Duration::from_secs(1),
            },
        }
    }
}

/// One per client.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) options: NetOptions,
    pub(crate) env: Env,
    pub(super) buffers: BufferPool,
}

impl Net {
    pub(crate) fn new(connector: Arc<dyn Connector>, options: NetOptions, env: Env) -> Self {
        Self {
            connector,
            options,
            env,
            buffers: BufferPool::default(),
        }
    }
}

/// Where a broker is reached today.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    /// Who is expected there; `None` for an address from `bootstrap.servers`.
    pub(crate) id: Option<BrokerId>,
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
}

impl Target {
    /// As users write it.
    pub(crate) fn address(&self) -> Arc<str> {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}").into()
        } else {
            format!("{host}:{port}").into()
        }
    }
}
