//! Where settings come from, and the client they make.
//!
//! Later ones win: files of `-F` in their order, then `TIDEWIRE_BOOTSTRAP`, then `-X` in its order,
//! then `-b`, then the flags of the command itself.

use std::env;
use std::future::Future;
use std::time::{Duration, Instant};

use tidewire::config::{
    ClientConfig, ConsumerConfig, Notice, Origin, ProducerConfig, Properties, Role,
};
use tidewire::{Client, ClientBuilder, Error, ErrorKind};
use tokio::time::timeout;

use crate::args::Global;
use crate::failure::{Failure, with_sources};

/// How much longer than its limit a command may take, before a look at what is wrong.
const SLACK: Duration = Duration::from_millis(500);
/// How long that look takes at most.
const PROBE: Duration = Duration::from_millis(800);
/// How long a call in it takes: it has better words for what went wrong than a limit around it.
const PROBE_CALL: Duration = Duration::from_millis(500);
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
        connect(self.builder(), limit).await
    }

    /// As [`connect`](Self::connect), for a client whose other calls have that limit too.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub(crate) async fn connect_for(&self, limit: Duration) -> Result<Client, Failure> {
        connect(self.builder().default_api_timeout(limit), limit).await
    }

    fn builder(&self) -> ClientBuilder {
        Client::builder().properties_with_origin(&self.properties)
    }

    /// Looks with fresh connections whether a broker can be used, for a moment only: the words for
    /// a wait that ended without any.
    ///
    /// # Errors
    /// With each address that was tried, and why it is of no use.
    pub(crate) async fn probe(&self) -> Result<(), Failure> {
        let started = Instant::now();
        let client = connect(self.builder().default_api_timeout(PROBE_CALL), PROBE).await?;
        let left = PROBE.saturating_sub(started.elapsed());
        match timeout(left, client.admin().describe_cluster()).await {
            Ok(Err(error)) if is_of_the_way(&error) => Err(unusable(&client, Some(&error))),
            Ok(_) => Ok(()),
            Err(_) => Err(unusable(&client, None)),
        }
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
        if let Ok(outcome) = timeout(limit.saturating_add(SLACK), work).await {
            return outcome;
        }
        let late = format!(
            "no answer within default.api.timeout.ms ({} ms)",
            limit.as_millis()
        );
        match self.probe().await {
            Ok(()) => Err(Failure::new(late).next("-v shows each connection and retry")),
            Err(failure) => Err(failure.while_doing(&late)),
        }
    }
}

async fn connect(builder: ClientBuilder, limit: Duration) -> Result<Client, Failure> {
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

/// Whether the way to the broker is what failed, and not what was asked of it.
pub(crate) fn is_of_the_way(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Disconnected
    )
}

/// The cluster was found, and none of its brokers can be used: the usual trouble with containers
/// and port forwarding.
fn unusable(client: &Client, why: Option<&Error>) -> Failure {
    let brokers = client.metadata();
    let brokers: Vec<String> = brokers
        .nodes
        .values()
        .map(|node| format!("{}:{} (broker {})", node.host, node.port, node.id))
        .collect();
    let brokers = brokers.join(", ");
    let why = why.map_or_else(|| "no answer so far".to_owned(), with_sources);
    let what = format!("the cluster says that it is at {brokers}: {why}");
    Failure::new(what).next(
        "the address of -b answers, those that the brokers give out (advertised.listeners) do \
         not: check them, and the way to them from here",
    )
}
