//! Where settings come from, and the client they make.
//!
//! Later ones win: files of `-F` in their order, then `TIDEWIRE_BOOTSTRAP`, then `-X` in its order,
//! then `-b`, then the flags of the command itself.

use std::env;
use std::future::Future;
use std::time::Duration;

use tidewire::config::{
    ClientConfig, ConsumerConfig, Notice, Origin, ProducerConfig, Properties, Role,
};
use tidewire::{Client, ErrorKind};

use crate::args::Global;
use crate::failure::Failure;

/// How much longer than its limit a command may take.
const SLACK: Duration = Duration::from_secs(1);
const BOOTSTRAP_ENV: &str = "TIDEWIRE_BOOTSTRAP";
const BOOTSTRAP: &str = "bootstrap.servers";
/// librdkafka's other name for it.
const BOOTSTRAP_ALIAS: &str = "metadata.broker.list";

/// All properties of a command line.
#[derive(Debug)]
pub(crate) struct Settings {
    properties: Properties,
}

impl Settings {
    /// Reads files, environment and flags.
    ///
    /// # Errors
    /// When a file cannot be read, or nothing names a broker.
    pub(crate) fn gather(global: &Global) -> Result<Self, Failure> {
        let mut properties = Properties::new();
        for file in &global.property_files {
            properties.extend(Properties::from_file(file)?);
        }
        let bootstrap = env::var_os(BOOTSTRAP_ENV).filter(|text| !text.is_empty());
        if let Some(bootstrap) = bootstrap {
            let bootstrap = bootstrap
                .into_string()
                .map_err(|_| Failure::refused(format!("{BOOTSTRAP_ENV} is not UTF-8")))?;
            properties.push(BOOTSTRAP, bootstrap, Origin::Flag);
        }
        for (key, value) in &global.properties {
            properties.push(key, value, Origin::Flag);
        }
        if let Some(bootstrap) = &global.bootstrap {
            properties.push(BOOTSTRAP, bootstrap, Origin::Flag);
        }
        if [BOOTSTRAP, BOOTSTRAP_ALIAS]
            .iter()
            .all(|key| properties.get(key).is_none())
        {
            let next = "name one with -b HOST:PORT, TIDEWIRE_BOOTSTRAP, or bootstrap.servers in -X \
                        or -F; `tidewire demo` needs none";
            return Err(Failure::refused("no broker to start from").next(next));
        }
        Ok(Self { properties })
    }

    /// Sets what a flag of the command stands for.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.properties.push(key, value, Origin::Flag);
    }

    /// Sets what the command does unless the user says otherwise.
    pub(crate) fn default(&mut self, key: &str, value: &str) {
        let mut properties = Properties::new();
        properties.push(key, value, Origin::Code);
        properties.extend(std::mem::take(&mut self.properties));
        self.properties = properties;
    }

    /// The settings that every role has, checked.
    ///
    /// # Errors
    /// When a property is wrong.
    pub(crate) fn client(&self) -> Result<ClientConfig, Failure> {
        let (config, _) = ClientConfig::from_properties(&self.properties)?;
        Ok(config)
    }

    /// A producer's settings, checked; warns of flags that are for another role.
    ///
    /// # Errors
    /// When a property is wrong.
    pub(crate) fn producer(&self) -> Result<ProducerConfig, Failure> {
        Notice::log(&self.properties.unused_by(&[Role::Producer]));
        let (config, _) = ProducerConfig::from_properties(&self.properties, &self.client()?)?;
        Ok(config)
    }

    /// A consumer's settings, checked; warns of flags that are for another role.
    ///
    /// # Errors
    /// When a property is wrong.
    pub(crate) fn consumer(&self) -> Result<ConsumerConfig, Failure> {
        Notice::log(&self.properties.unused_by(&[Role::Consumer]));
        let (config, _) = ConsumerConfig::from_properties(&self.properties, &self.client()?)?;
        Ok(config)
    }

    /// Warns of flags that are for producers and consumers.
    pub(crate) fn warn_of_roles(&self) {
        Notice::log(&self.properties.unused_by(&[]));
    }

    /// Finds the cluster.
    ///
    /// # Errors
    /// With each address that was tried and why it failed, after at most `limit`.
    pub(crate) async fn connect(&self, limit: Duration) -> Result<Client, Failure> {
        let builder = Client::builder().properties_with_origin(&self.properties);
        let next = "check the addresses of -b (or TIDEWIRE_BOOTSTRAP), and that the brokers run and \
                    take plaintext connections there; -v shows each attempt";
        builder
            .connect_within(limit)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Config => error.into(),
                _ => Failure::from(error).next(next),
            })
    }

    /// Runs a command that answers once, for at most `default.api.timeout.ms` and a little more,
    /// so that the calls inside come to their own, better worded end.
    ///
    /// # Errors
    /// Those of the work, and when it takes too long.
    pub(crate) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let limit = self.client()?.default_api_timeout;
        match tokio::time::timeout(limit.saturating_add(SLACK), work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new(format!(
                "the brokers did not answer within default.api.timeout.ms ({} ms)",
                limit.as_millis()
            ))),
        }
    }
}
