//! [`Client`]: the handle from which blocking producers and consumers are made.

use tokio::runtime::Handle;

use super::consumer::Consumer;
use super::producer::Producer;
use super::runtime::Runtime;
use crate::cluster::ClientBuilder;
use crate::consumer::ConsumerBuilder;
use crate::error::Result;
use crate::producer::ProducerBuilder;

/// A [`tidewire::Client`](crate::Client) for programs without async. Cheap to clone; its background
/// thread ends with the last clone and the last producer or consumer made of it.
#[derive(Clone, Debug)]
pub struct Client {
    client: crate::Client,
    runtime: Runtime,
}

impl Client {
    /// Makes a client on a background thread of its own, and waits until a broker has described the
    /// cluster, at most `request.timeout.ms` (default: 30 s) in all.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::connect`]; `InvalidInput` inside an async context.
    pub fn connect(description: ClientBuilder) -> Result<Self> {
        Self::connect_by(Runtime::start()?, description)
    }

    /// As [`connect`](Self::connect), on a runtime that is there already and goes on running.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); `InvalidInput` for a runtime of the current-thread kind.
    pub fn connect_on(runtime: Handle, description: ClientBuilder) -> Result<Self> {
        Self::connect_by(Runtime::on(runtime)?, description)
    }

    fn connect_by(runtime: Runtime, description: ClientBuilder) -> Result<Self> {
        let client = runtime.wait(description.connect())??;
        Ok(Self { client, runtime })
    }

    /// Makes a producer with the client's properties.
    ///
    /// # Errors
    ///
    /// `Config` with every problem of the configuration at once.
    pub fn producer(&self) -> Result<Producer> {
        self.producer_with(|builder| builder)
    }

    /// Makes a producer; the closure sets what is to differ from the client's properties.
    ///
    /// # Errors
    ///
    /// `Config` with every problem of the configuration at once.
    pub fn producer_with(
        &self,
        describe: impl FnOnce(ProducerBuilder) -> ProducerBuilder,
    ) -> Result<Producer> {
        let producer = describe(self.client.producer()).build()?;
        Ok(Producer::new(producer, self.runtime.clone()))
    }

    /// Makes a consumer with the client's properties, to be subscribed or assigned partitions.
    ///
    /// # Errors
    ///
    /// As [`consumer_with`](Self::consumer_with).
    pub fn consumer(&self) -> Result<Consumer> {
        self.consumer_with(|builder| builder)
    }

    /// Makes a consumer; the closure says what it reads, and sets what is to differ from the
    /// client's properties. Waits at most `default.api.timeout.ms` (default: 1 min), for topics of
    /// which partitions are assigned.
    ///
    /// # Errors
    ///
    /// As [`ConsumerBuilder::build`]; `InvalidInput` inside an async context.
    pub fn consumer_with(
        &self,
        describe: impl FnOnce(ConsumerBuilder) -> ConsumerBuilder,
    ) -> Result<Consumer> {
        let build = describe(self.client.consumer()).build();
        let consumer = self.runtime.wait(build)??;
        Ok(Consumer::new(consumer, self.runtime.clone()))
    }

    /// The async client behind it, for what has no blocking call; it works on a tokio runtime.
    #[must_use]
    pub fn as_async(&self) -> &crate::Client {
        &self.client
    }
}
