//! How a consumer is described and made.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::group::{AnyListener, RebalanceListener, Subscription};
use super::handle::Consumer;
use super::interceptor::{ConsumerInterceptor, Interceptors};
use crate::cluster::Client;
use crate::config::{ConsumerConfig, GroupProtocol, Origin, Properties};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::consumer::StartAt;
use crate::machine::group::assignor::Assignor;

type MakeAssignor = Arc<dyn Fn() -> Box<dyn Assignor> + Send + Sync>;

/// Describes a [`Consumer`]; starts from the client's properties.
#[derive(Clone)]
pub struct ConsumerBuilder {
    client: Client,
    properties: Properties,
    /// How many of them are the client's.
    inherited: usize,
    assignment: BTreeMap<TopicPartition, StartAt>,
    interceptors: Interceptors,
    topics: Vec<Arc<str>>,
    pattern: Option<String>,
    listener: Option<Arc<dyn AnyListener>>,
    assignors: Vec<MakeAssignor>,
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
            topics: Vec::new(),
            pattern: None,
            listener: None,
            assignors: Vec::new(),
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

    /// The group to be a member of, and to commit to (`group.id`).
    #[must_use]
    pub fn group(self, id: impl Into<String>) -> Self {
        self.property("group.id", id)
    }

    /// Topics to read as a member of the group, see [`Consumer::subscribe`]. Adds to those of
    /// earlier calls.
    #[must_use]
    pub fn subscribe<T: Into<Arc<str>>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics.extend(topics.into_iter().map(Into::into));
        self
    }

    /// A pattern for whole names of topics, see [`Consumer::subscribe_pattern`].
    #[must_use]
    pub fn subscribe_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// Who is told when partitions come and go.
    #[must_use]
    pub fn rebalance_listener(mut self, listener: impl RebalanceListener) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Adds an assignor of your own, the preferred one first; each consumer that is built gets one
    /// that is new. Those of `partition.assignment.strategy` are then not used. With
    /// `group.protocol=consumer`, where the broker assigns, it is refused.
    #[must_use]
    pub fn assignor<A: Assignor>(mut self, make: impl Fn() -> A + Send + Sync + 'static) -> Self {
        self.assignors.push(Arc::new(move || Box::new(make())));
        self
    }

    /// Sets one property by its Kafka or librdkafka name. One that is the client's, such as
    /// `request.timeout.ms`, is refused here.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push(key, value, Origin::Code);
        self
    }

    /// Makes the consumer: finds the topics of which partitions are assigned, and starts to fetch.
    /// Waits for that at most `default.api.timeout.ms` (default: 1 min), and without an assignment
    /// not at all.
    ///
    /// # Errors
    ///
    /// `Config` with every problem of the configuration at once; `Broker` for an assigned partition
    /// that does not exist by then; `Timeout`, or the reason why no broker was reached (`Connect`,
    /// ..), if none answers by then;
    /// `InvalidInput` outside a tokio runtime, for a subscription without a `group.id` or beside an
    /// assignment, and for a pattern that is none. A subscription is worked on in the background:
    /// what goes wrong with it comes out of [`Consumer::poll`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the consumer.
    pub async fn build(self) -> Result<Consumer> {
        self.properties.refuse_for_client(self.inherited)?;
        let client = self.client.config();
        let (config, notices) = ConsumerConfig::from_properties(&self.properties, client)?;
        if config.group_protocol == GroupProtocol::Consumer && !self.assignors.is_empty() {
            let words = "an assignor of your own: with group.protocol=consumer the broker assigns; \
                         see group.remote.assignor";
            return Err(Error::new(ErrorKind::Config, words));
        }
        self.client.shared.start()?;
        self.client.shared.say(&notices);
        let mut subscription = Subscription::of(self.topics)?;
        if let Some(pattern) = &self.pattern {
            subscription.extend(Subscription::pattern(pattern)?);
        }
        let consumer = Consumer::new(self.client, config, self.interceptors);
        if let Some(group) = &consumer.inner.group {
            if let Some(listener) = self.listener {
                group.set_listener(listener);
            }
            if !self.assignors.is_empty() {
                group.set_assignors(self.assignors.iter().map(|make| make()).collect());
            }
        }
        if !self.assignment.is_empty() {
            consumer.assign(self.assignment).await?;
        }
        if !subscription.is_empty() {
            consumer.subscribe_to(subscription)?;
        }
        Ok(consumer)
    }
}

impl fmt::Debug for ConsumerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerBuilder")
            .field("client", &self.client)
            .field("assignment", &self.assignment)
            .field("topics", &self.topics)
            .field("pattern", &self.pattern)
            .finish_non_exhaustive()
    }
}
