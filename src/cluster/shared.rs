//! What the handles of one client share.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::brokers::Brokers;
use super::call::Deadline;
use super::metadata;
use crate::config::{ClientConfig, HostPort, Notice, Properties};
use crate::env::Env;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::TopicPartition;
use crate::machine::backoff::BackoffPolicy;
use crate::machine::metadata::{
    ClusterMetadata, Interest, LeaderHint, MetadataMachine, TopicMetadata,
};
use crate::net::{Broker, Connector, Net, NetOptions, Role, Target, now};

/// How long brokers may lag behind the controller before "there is no such thing" is believed.
pub(crate) const LAG_MAX: Duration = Duration::from_secs(1);

/// How many notices are remembered as said.
const SAID_MAX: usize = 256;

/// Configuration, metadata and control connections of one client.
pub(crate) struct Shared {
    pub(crate) config: ClientConfig,
    pub(crate) properties: Properties,
    pub(crate) env: Env,
    pub(super) net: Arc<Net>,
    /// The addresses to start from, each with a backoff of its own.
    pub(super) seeds: Vec<Broker>,
    pub(super) machine: Mutex<MetadataMachine>,
    pub(super) changed: watch::Sender<Arc<ClusterMetadata>>,
    /// Counts the pictures, so that a reader of one knows when to look again.
    version: AtomicU64,
    pub(super) wake: Notify,
    /// Why the last round of metadata requests failed, until one works.
    pub(super) last_failure: Mutex<Option<Error>>,
    control: Brokers,
    slow: Brokers,
    driver: OnceLock<AbortHandle>,
    said: Mutex<Vec<Notice>>,
}

impl Shared {
    pub(crate) fn new(
        config: ClientConfig,
        properties: Properties,
        connector: Arc<dyn Connector>,
        env: Env,
    ) -> Self {
        let net = Net::new(connector, net_options(&config), env.clone());
        let net = Arc::new(net);
        let policy = BackoffPolicy {
            initial: config.retry_backoff,
            max: config.retry_backoff_max,
        };
        let machine = MetadataMachine::new(now(), policy, env.seed(), config.metadata_max_age);
        let control = Brokers::new(Role::Control, Arc::clone(&net));
        let slow = Brokers::new(Role::Control, Arc::clone(&net));
        let seed = |at: &HostPort| Target {
            id: None,
            host: at.host.as_str().into(),
            port: at.port,
        };
        let seeds = config.bootstrap_servers.iter().map(seed);
        let seeds = seeds
            .map(|target| Broker::new(Arc::clone(&net), target))
            .collect();
        Self {
            config,
            properties,
            env,
            net,
            seeds,
            machine: Mutex::new(machine),
            changed: watch::Sender::new(Arc::default()),
            version: AtomicU64::new(0),
            wake: Notify::new(),
            last_failure: Mutex::new(None),
            control,
            slow,
            driver: OnceLock::new(),
            said: Mutex::default(),
        }
    }

    /// Connections of one role for one producer or consumer, with so many requests in flight.
    pub(crate) fn brokers(&self, role: Role, in_flight_max: usize) -> Brokers {
        let options = NetOptions {
            in_flight_max,
            ..self.net.options.clone()
        };
        let net = Net::new(Arc::clone(&self.net.connector), options, self.env.clone());
        Brokers::new(role, Arc::new(net))
    }

    pub(crate) fn control(&self) -> &Brokers {
        &self.control
    }

    pub(super) fn slow(&self) -> &Brokers {
        &self.slow
    }

    pub(crate) fn retry_policy(&self) -> BackoffPolicy {
        BackoffPolicy {
            initial: self.config.retry_backoff,
            max: self.config.retry_backoff_max,
        }
    }

    pub(super) fn lock_machine(&self) -> MutexGuard<'_, MetadataMachine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present picture of the cluster.
    pub(crate) fn snapshot(&self) -> Arc<ClusterMetadata> {
        Arc::clone(self.lock_machine().snapshot())
    }

    /// Changes whenever [`snapshot`](Self::snapshot) does.
    #[inline]
    pub(crate) fn metadata_version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Tells everybody of a new picture.
    pub(super) fn publish(&self, snapshot: Arc<ClusterMetadata>) {
        self.version.fetch_add(1, Ordering::Release);
        self.changed.send_replace(snapshot);
    }

    /// Wakes whoever waits on this when the picture changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<ClusterMetadata>> {
        self.changed.subscribe()
    }

    /// Logs what a configuration turned up, the same thing once per client: producers and consumers
    /// start from the client's properties and find it again.
    pub(crate) fn say(&self, notices: &[Notice]) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let news = |notice: &&Notice| !said.contains(notice);
        let news: Vec<Notice> = notices.iter().filter(news).cloned().collect();
        Notice::log(&news);
        let room = SAID_MAX.saturating_sub(said.len());
        said.extend(news.into_iter().take(room));
    }

    /// Starts the metadata task, the first time.
    ///
    /// # Errors
    /// `InvalidInput` outside a tokio runtime, where neither tasks nor time-outs work.
    pub(crate) fn start(self: &Arc<Self>) -> Result<()> {
        let runtime = Handle::try_current().map_err(|source| {
            let words = "a client works inside a tokio runtime, and there is none here";
            Error::new(ErrorKind::InvalidInput, words).with_source(source)
        })?;
        self.driver.get_or_init(|| {
            runtime
                .spawn(metadata::drive(Arc::clone(self)))
                .abort_handle()
        });
        Ok(())
    }

    /// Asks for fresh metadata as soon as the backoff allows.
    pub(crate) fn refresh_metadata(self: &Arc<Self>) {
        if self.start().is_err() {
            return;
        }
        self.lock_machine().refresh(now());
        self.wake.notify_one();
    }

    /// A broker said in passing who leads partitions now (KIP-951).
    pub(crate) fn handle_leader_hints(&self, hints: impl IntoIterator<Item = LeaderHint>) {
        let mut machine = self.lock_machine();
        if machine.handle_leader_hints(hints) {
            let snapshot = Arc::clone(machine.snapshot());
            drop(machine);
            self.publish(snapshot);
        }
    }

    /// Says that a topic is in use and returns what is known of it.
    pub(crate) fn want_topic(
        self: &Arc<Self>,
        topic: &Arc<str>,
        interest: Interest,
    ) -> Option<Arc<TopicMetadata>> {
        // Outside a runtime nothing is ever known; those who wait are told so.
        self.start().ok()?;
        let mut machine = self.lock_machine();
        machine.want(now(), topic, interest);
        let known = machine.snapshot().topic(topic).map(Arc::clone);
        drop(machine);
        if known.is_none() {
            self.wake.notify_one();
        }
        known
    }

    /// Waits for a topic's metadata.
    ///
    /// A topic that does not exist is waited for when it may be created, and when a moment ago it
    /// may have been; an error that will not pass is returned at once.
    pub(crate) async fn topic(
        self: &Arc<Self>,
        topic: &Arc<str>,
        interest: Interest,
        deadline: Deadline,
    ) -> Result<Arc<TopicMetadata>> {
        self.start()?;
        let mut changes = self.subscribe();
        loop {
            changes.borrow_and_update();
            if let Some(known) = self.want_topic(topic, interest) {
                return Ok(known);
            }
            let failed = self.snapshot().topic_error(topic);
            if let Some(code) = failed.filter(|code| !code.is_retriable()) {
                return Err(Error::broker(code, "looking up the topic").with_topic(topic.clone()));
            }
            if deadline.wait(changes.changed()).await.is_none() {
                return Err(self.topic_timeout(topic, deadline));
            }
        }
    }

    /// Waits for a partition to be in the metadata.
    ///
    /// One that is missing may be new, and the picture or the broker that was asked out of date:
    /// it is asked for again for [`LAG_MAX`], and only then refused.
    pub(crate) async fn partition(
        self: &Arc<Self>,
        at: &TopicPartition,
        interest: Interest,
        deadline: Deadline,
    ) -> Result<Arc<TopicMetadata>> {
        let patience = deadline.sooner(LAG_MAX);
        let mut changes = self.subscribe();
        loop {
            changes.borrow_and_update();
            let topic = self.topic(&at.topic, interest, deadline).await?;
            if topic.partition(at.partition).is_some() {
                return Ok(topic);
            }
            self.refresh_metadata();
            if patience.wait(changes.changed()).await.is_none() {
                return Err(no_such_partition(&topic, at.partition));
            }
        }
    }

    fn topic_timeout(&self, topic: &Arc<str>, deadline: Deadline) -> Error {
        let limit = deadline.limit().as_millis();
        let error = match self.snapshot().topic_error(topic) {
            Some(code) => {
                let words = format!("looking up the topic for {limit} ms: {code}");
                Error::new(
                    ErrorKind::Broker(code),
                    format!("{words}: {}", code.description()),
                )
            }
            None => self.unreachable(&format!("no metadata of the topic within {limit} ms")),
        };
        error.with_topic(topic.clone())
    }

    /// The error of a wait that ended without any broker's answer.
    fn unreachable(&self, what: &str) -> Error {
        let last = self
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match last {
            Some(last) => Error::new(last.kind(), format!("{what}: {last}")).with_source(last),
            None => {
                let asked = self.config.bootstrap_servers.iter();
                let asked: Vec<String> = asked.map(ToString::to_string).collect();
                let asked = asked.join(", ");
                Error::new(
                    ErrorKind::Timeout,
                    format!("{what}: {asked}: no answer so far"),
                )
            }
        }
    }

    /// Asks for fresh metadata and waits until it is there, or the deadline.
    pub(crate) async fn newer_metadata(self: &Arc<Self>, deadline: Deadline) {
        let mut changes = self.subscribe();
        changes.mark_unchanged();
        self.refresh_metadata();
        deadline.wait(changes.changed()).await;
    }

    /// Why the last round of metadata requests failed, if it did.
    pub(crate) fn metadata_failure(&self) -> Option<Error> {
        self.last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until a broker has described the cluster.
    pub(crate) async fn wait_connected(self: &Arc<Self>, limit: Duration) -> Result<()> {
        self.start()?;
        let deadline = Deadline::after(limit);
        let mut changes = self.subscribe();
        loop {
            if !changes.borrow_and_update().nodes.is_empty() {
                return Ok(());
            }
            if deadline.wait(changes.changed()).await.is_none() {
                let what = format!("no broker answered within {} ms", limit.as_millis());
                return Err(self.unreachable(&what));
            }
        }
    }

    /// Ends the metadata task. The control connections go with the last owner of this part.
    pub(super) fn shut_down(&self) {
        if let Some(driver) = self.driver.get() {
            driver.abort();
        }
    }
}

/// The error for a partition that its topic does not have.
pub(crate) fn no_such_partition(topic: &TopicMetadata, partition: i32) -> Error {
    let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    let count = topic.partitions.len();
    let words = format!("there is no such partition: the topic has {count}");
    Error::new(ErrorKind::Broker(code), words)
        .with_topic(Arc::clone(&topic.name))
        .with_partition(partition)
}

fn net_options(config: &ClientConfig) -> NetOptions {
    NetOptions {
        client_id: Some(config.client_id.as_str().into()),
        setup_timeout: config.socket_connection_setup_timeout,
        setup_timeout_max: config.socket_connection_setup_timeout_max,
        idle: config.connections_max_idle,
        frame_max: config.receive_message_max,
        reconnect_backoff: BackoffPolicy {
            initial: config.reconnect_backoff,
            max: config.reconnect_backoff_max,
        },
        ..NetOptions::default()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = &self.config.bootstrap_servers;
        f.debug_struct("Client")
            .field("bootstrap_servers", servers)
            .finish_non_exhaustive()
    }
}
