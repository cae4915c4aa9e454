//! [`Client`]: the shared handle, and how it is built. Its ways to a producer, a consumer and an
//! admin are in their own layers, which are above this one.

use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use crate::config::{ClientConfig, Origin, Properties, Property, millis};
use crate::env::Env;
use crate::error::Result;
use crate::machine::metadata::ClusterMetadata;
use crate::net::{Connector, TcpConnector};

/// A handle on one Kafka cluster, from which producers, consumers and admins are made.
///
/// They share its picture of the cluster, its configuration and its [`Env`]; each has sockets of
/// its own, so that a waiting fetch never holds up a write. Cloning is cheap. When the last handle
/// is gone, its task and its sockets are too.
///
/// ```no_run
/// # async fn run() -> tidewire::Result<()> {
/// use tidewire::{Client, Record};
///
/// let client = Client::builder().bootstrap_servers("localhost:9092").connect().await?;
/// let producer = client.producer().build()?;
/// let written = producer.send(Record::to("orders").key("k").value("v")).await?;
/// println!("{}-{} at {:?}", written.topic, written.partition, written.offset);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    _guard: Arc<ShutDownOnDrop>,
}

/// Ends the client's task with the last handle; the task itself holds the shared part alone.
#[derive(Debug)]
struct ShutDownOnDrop(Arc<Shared>);

impl Drop for ShutDownOnDrop {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}

impl Client {
    /// Starts the description of a client; `bootstrap.servers` is all it must have.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A builder that has taken properties by Kafka's or librdkafka's names, those of producers and
    /// consumers included: [`producer`](Self::producer) and [`consumer`](Self::consumer) start from
    /// them.
    #[must_use]
    pub fn from_properties<K, V>(properties: impl IntoIterator<Item = (K, V)>) -> ClientBuilder
    where
        K: Into<String>,
        V: Into<String>,
    {
        Self::builder().properties(properties)
    }

    /// The present picture of the cluster: brokers, and the topics in use.
    #[must_use]
    pub fn metadata(&self) -> Arc<ClusterMetadata> {
        self.shared.snapshot()
    }

    /// The client's configuration.
    #[must_use]
    pub fn config(&self) -> &ClientConfig {
        &self.shared.config
    }
}

/// Describes a [`Client`]. Nothing is opened before [`connect`](Self::connect), or before the first
/// call on a client from [`build`](Self::build).
#[derive(Clone, Debug, Default)]
pub struct ClientBuilder {
    properties: Properties,
    connector: Option<Arc<dyn Connector>>,
    env: Env,
}

impl ClientBuilder {
    /// The brokers to ask first, as `host:port,host:port`. Kafka key: `bootstrap.servers`.
    #[must_use]
    pub fn bootstrap_servers(self, servers: impl Into<String>) -> Self {
        self.property("bootstrap.servers", servers)
    }

    /// The name the brokers see in their logs and quotas. Kafka key: `client.id`; default:
    /// `tidewire`.
    #[must_use]
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.property("client.id", id)
    }

    /// How long one request may take. Kafka key: `request.timeout.ms`; default: 30 s.
    #[must_use]
    pub fn request_timeout(self, timeout: Duration) -> Self {
        self.property("request.timeout.ms", millis(timeout))
    }

    /// How long a call of the consumer or the admin may take with all its retries. Kafka key:
    /// `default.api.timeout.ms`; default: 60 s.
    #[must_use]
    pub fn default_api_timeout(self, timeout: Duration) -> Self {
        self.property("default.api.timeout.ms", millis(timeout))
    }

    /// Sets one property by its Kafka or librdkafka name. An unknown name, or a wrong value of a
    /// property of the client, is reported by [`build`](Self::build), all of them at once; those of
    /// producers and consumers are by the `build` of these.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push(key, value, Origin::Code);
        self
    }

    /// Sets properties by their Kafka or librdkafka names, as [`property`](Self::property) does.
    #[must_use]
    pub fn properties<K, V>(mut self, properties: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        for (key, value) in properties {
            self = self.property(key, value);
        }
        self
    }

    /// Takes properties together with where each came from, as the command line does. One that is
    /// meant for another role is ignored; [`Properties::unused_by`] names those that came from a
    /// flag, and the command line warns of them.
    #[must_use]
    pub fn properties_with_origin(mut self, properties: &Properties) -> Self {
        for property in properties.iter() {
            let Property { key, value, origin } = property.clone();
            self.properties.push(key, value, origin);
        }
        self
    }

    /// Replaces the network, as with the mock cluster's connector.
    #[must_use]
    pub fn connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.connector = Some(connector);
        self
    }

    /// Replaces clock, randomness and computation, for simulations.
    #[must_use]
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Makes a client that opens its first connection when it is first used.
    ///
    /// # Errors
    ///
    /// `Config` with every problem of the configuration at once.
    pub fn build(self) -> Result<Client> {
        let (config, notices) = ClientConfig::from_properties(&self.properties)?;
        let connector = self.connector.unwrap_or_else(|| {
            Arc::new(TcpConnector::with_buffers(
                config.send_buffer,
                config.receive_buffer,
            ))
        });
        let shared = Arc::new(Shared::new(config, self.properties, connector, self.env));
        shared.say(&notices);
        let guard = Arc::new(ShutDownOnDrop(Arc::clone(&shared)));
        Ok(Client {
            shared,
            _guard: guard,
        })
    }

    /// Makes a client and waits until a broker has described the cluster, at most
    /// `request.timeout.ms` in all.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); an error with each address that was tried and why it failed, of
    /// the first failure's kind (`Connect`, `Disconnected`, `UnsupportedVersion`, ..), or `Timeout`
    /// where none has failed by then; `InvalidInput` outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the client.
    pub async fn connect(self) -> Result<Client> {
        let client = self.build()?;
        client
            .shared
            .wait_connected(client.shared.config.request_timeout)
            .await?;
        Ok(client)
    }

    /// As [`connect`](Self::connect), with a limit of its own instead of `request.timeout.ms`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the client.
    pub async fn connect_within(self, limit: Duration) -> Result<Client> {
        let client = self.build()?;
        client.shared.wait_connected(limit).await?;
        Ok(client)
    }
}
