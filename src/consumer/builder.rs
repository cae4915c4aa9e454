//! How a consumer is described and made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::handle::Consumer;
use super::interceptor::{ConsumerInterceptor, Interceptors};
use crate::cluster::Client;
use crate::config::{ConsumerConfig, Origin, Properties};
use crate::error::Result;
use crate::ids::TopicPartition;
use crate::machine::consumer::StartAt;

/// Describes a [`Consumer`]; starts from the client's properties.
#[derive(Clone, Debug)]
pub struct ConsumerBuilder {
    client: Client,
    properties: Properties,
    /// How many of them are the client's.
    inherited: usize,
    assignment: BTreeMap<TopicPartition, StartAt>,
    interceptors: Interceptors,
}

impl Client {
    /// Starts the description of a consumer.
    #[must_use]
    pub fn consumer(&self) -> ConsumerBuilder {
        ConsumerBuilder::new(self.clone())
    }
}

impl ConsumerBuilder {
    fn new(client: Client) -> Self {
        let properties = client.shared.properties.clone();
        let inherited = properties.len();
        Self {
            client,
            properties,
            inherited,
            assignment: BTreeMap::new(),
            interceptors: Interceptors::default(),
        }
    }

    /// The partitions to read and where to start in each. Adds to those of earlier calls.
    #[must_use]
    pub fn assign(
        mut self,
        partitions: impl IntoIterator<Item = (TopicPartition, StartAt)>,
    ) -> Self {
        self.assignment.extend(partitions);
        self
    }

    /// Adds one that sees every record before it is handed out, after those of earlier calls.
    #[must_use]
    pub fn interceptor(mut self, interceptor: Arc<dyn ConsumerInterceptor>) -> Self {
        self.interceptors.push(interceptor);
        self
    }

    /// Sets one property by its Kafka or librdkafka name. One that is the client's, such as
    /// `request.timeout.ms`, is refused here.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push(key, value, Origin::Code);
        self
    }

    /// Makes the consumer: finds the topics and starts to fetch.
    ///
    /// # Errors
    ///
    /// `Config` with every problem of the configuration at once; `Broker` for a topic or partition
    /// that does not exist within `default.api.timeout.ms`; `Connect` or `Timeout` if no broker
    /// answers by then; `InvalidInput` outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the consumer.
    pub async fn build(self) -> Result<Consumer> {
        self.properties.refuse_for_client(self.inherited)?;
        let client = self.client.config();
        let (config, notices) = ConsumerConfig::from_properties(&self.properties, client)?;
        self.client.shared.start()?;
        self.client.shared.say(&notices);
        let consumer = Consumer::new(self.client, config, self.interceptors);
        consumer.assign(self.assignment).await?;
        Ok(consumer)
    }
}
