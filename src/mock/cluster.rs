//! The handle on a mock cluster: where clients connect, its topics, its faults. What a test does to
//! brokers is in `verbs`, what a checker reads in `inspect`.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use super::builder::MockClusterBuilder;
use super::creation::NewTopic;
use super::faults::{Fault, FaultId, RequestSeen};
use super::network::{MemoryConnector, TcpDoors};
use super::shared::Shared;
use super::state::Listener;
use super::topics::{Partition, Topic};
use crate::error::{Error, ErrorCode};
use crate::ids::{BrokerId, TopicId};
use crate::net::Connector;
use crate::protocol::ApiKey;

/// A cluster of brokers in this process. Everything stops when it is dropped.
///
/// ```
/// use tidewire::mock::MockCluster;
///
/// let cluster = MockCluster::builder().brokers(3).topic("orders", 6).build();
/// assert_eq!(cluster.bootstrap_servers(), "mock-1:9092,mock-2:9092,mock-3:9092");
/// ```
#[derive(Debug)]
pub struct MockCluster {
    pub(super) shared: Arc<Shared>,
    pub(super) doors: TcpDoors,
}

/// The faults of a cluster; [`MockCluster::faults`] gives it.
#[derive(Clone, Copy, Debug)]
pub struct Faults<'a>(&'a Shared);

impl Faults<'_> {
    /// Adds a rule, from the next request on.
    pub fn add(&self, fault: Fault) -> FaultId {
        self.0.faults().add(fault)
    }

    /// Takes a rule away; requests it already hit stay hit.
    pub fn remove(&self, id: FaultId) {
        self.0.faults().remove(id);
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.0.faults().clear();
    }

    /// How many requests a rule matched; zero for one that was removed.
    #[must_use]
    pub fn matched(&self, id: FaultId) -> u64 {
        self.0.faults().counts(id).map_or(0, |(matched, _)| matched)
    }

    /// How many requests a rule hit; zero for one that was removed.
    #[must_use]
    pub fn fired(&self, id: FaultId) -> u64 {
        self.0.faults().counts(id).map_or(0, |(_, fired)| fired)
    }
}

impl MockCluster {
    /// Three brokers, unless it is told otherwise.
    pub fn builder() -> MockClusterBuilder {
        MockClusterBuilder::default()
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            doors: TcpDoors::default(),
        }
    }

    /// The way to the brokers in memory, for `ClientBuilder::connector`. Works in any tokio
    /// runtime; each connection is a task of the runtime that opened it.
    #[must_use]
    pub fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(MemoryConnector {
            shared: Arc::downgrade(&self.shared),
        })
    }

    /// The brokers' addresses: those of TCP once [`Self::listen`] was called, else those in memory,
    /// which only [`Self::connector`] reaches.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        self.shared.with(|state| {
            let tcp = state.brokers.values();
            let tcp = tcp.flat_map(|broker| broker.addresses.keys());
            let door = tcp.max().copied().unwrap_or(Listener::Memory);
            let addresses = state
                .brokers
                .values()
                .filter_map(|b| b.addresses.get(&door));
            let texts = addresses.map(|(host, port)| match host.contains(':') {
                true => format!("[{host}]:{port}"),
                false => format!("{host}:{port}"),
            });
            texts.collect::<Vec<_>>().join(",")
        })
    }

    /// Listens on TCP too: the first broker at this address, each other at the same host on the
    /// next port, or on a free one if that is taken or port 0 was asked for. Returns the bootstrap
    /// servers. Clients that come over TCP are told these addresses (the loopback one for 0.0.0.0
    /// and the like), others the ones in memory.
    ///
    /// # Errors
    ///
    /// The address makes no sense or cannot be bound.
    ///
    /// # Cancel safety
    ///
    /// It completes at once; dropped unpolled, it does nothing.
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<String> {
        let none = || io::Error::new(io::ErrorKind::InvalidInput, "no address to listen at");
        let first = address.to_socket_addrs()?.next().ok_or_else(none)?;
        let runtime = tokio::runtime::Handle::current();
        for (index, BrokerId(id)) in (0_u16..).zip(self.brokers()) {
            let free = SocketAddr::new(first.ip(), 0);
            let port = first
                .port()
                .checked_add(index)
                .filter(|_| first.port() != 0);
            let wanted = port.map_or(free, |port| SocketAddr::new(first.ip(), port));
            let opened = self.doors.open(&self.shared, id, wanted, runtime.clone());
            if opened.is_err() && index > 0 {
                self.doors.open(&self.shared, id, free, runtime.clone())?;
            } else {
                opened?;
            }
        }
        Ok(self.bootstrap_servers())
    }

    /// The ids of all brokers, up or down.
    #[must_use]
    pub fn brokers(&self) -> Vec<BrokerId> {
        self.shared
            .with(|state| state.brokers.keys().copied().map(BrokerId).collect())
    }

    /// The cluster's id.
    #[must_use]
    pub fn cluster_id(&self) -> String {
        self.shared.with(|state| state.cluster_id.clone())
    }

    /// Creates a topic with the default replication. Partition 0 is led by the first broker that is
    /// up, partition 1 by the second, and so on round.
    ///
    /// # Errors
    ///
    /// The codes of CreateTopics.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<TopicId, Error> {
        self.create_topic_with(name, partitions, -1, &[])
    }

    /// Creates a topic; -1 replicas for the default, and configuration by Kafka's keys.
    ///
    /// # Errors
    ///
    /// The codes of CreateTopics.
    pub fn create_topic_with(
        &self,
        name: &str,
        partitions: i32,
        replicas: i16,
        configs: &[(&str, &str)],
    ) -> Result<TopicId, Error> {
        let configs = configs.iter();
        let new = NewTopic {
            partitions,
            replication: replicas,
            configs: configs
                .map(|(k, v)| ((*k).to_owned(), Some((*v).to_owned())))
                .collect(),
            ..NewTopic::default()
        };
        let created = self
            .shared
            .with(|state| state.create_topic(name, &new, false));
        created
            .map(|topic| TopicId(topic.id))
            .map_err(|(code, message)| {
                Error::broker(code, &format!("creating it: {message}")).with_topic(name)
            })
    }

    /// Deletes a topic with all it held.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION.
    pub fn delete_topic(&self, name: &str) -> Result<(), Error> {
        let deleted = self.shared.with(|state| state.delete_topic(name));
        deleted.map(|_| ()).ok_or_else(|| unknown(name))
    }

    /// Raises a topic's number of partitions; a smaller number changes nothing.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION.
    pub fn add_partitions(&self, name: &str, total: usize) -> Result<(), Error> {
        self.shared.with(|state| {
            let up: Vec<i32> = state
                .brokers
                .keys()
                .copied()
                .filter(|id| state.is_up(*id))
                .collect();
            state.mark_changed();
            let topic = state.topics.get_mut(name).ok_or_else(|| unknown(name))?;
            let replicas = topic.partitions.first().map_or(1, |p| p.replicas.len());
            while topic.partitions.len() < total {
                let round = up
                    .iter()
                    .copied()
                    .cycle()
                    .skip(topic.partitions.len() % up.len().max(1));
                topic
                    .partitions
                    .push(Partition::new(round.take(replicas).collect(), |_| true));
            }
            Ok(())
        })
    }

    /// Sets a topic's configuration by Kafka's key, from the next request on.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION; INVALID_CONFIG.
    pub fn set_topic_config(&self, name: &str, key: &str, value: &str) -> Result<(), Error> {
        self.topic(name, |topic| topic.config.set(key, value))?
            .map_err(|why| {
                let doing = format!("configuring it: {why}");
                Error::broker(ErrorCode::INVALID_CONFIG, &doing).with_topic(name)
            })
    }

    /// The faults, to add and remove rules.
    #[must_use]
    pub fn faults(&self) -> Faults<'_> {
        Faults(&self.shared)
    }

    /// The last 100,000 requests that arrived, the oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<RequestSeen> {
        self.shared.faults().history().cloned().collect()
    }

    /// How many requests of an API there are in the history.
    #[must_use]
    pub fn requests(&self, api: ApiKey) -> usize {
        let plan = self.shared.faults();
        plan.history().filter(|seen| seen.api == Some(api)).count()
    }

    pub(super) fn topic<T>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Topic) -> T,
    ) -> Result<T, Error> {
        self.shared.with(|state| {
            state.mark_changed();
            state
                .topics
                .get_mut(name)
                .map(change)
                .ok_or_else(|| unknown(name))
        })
    }

    pub(super) fn partition<T>(
        &self,
        topic: &str,
        partition: i32,
        change: impl FnOnce(&mut Partition) -> T,
    ) -> Result<T, Error> {
        let found = self.topic(topic, |found| found.partition_mut(partition).map(change))?;
        found.ok_or_else(|| unknown(topic).with_partition(partition))
    }
}

impl Drop for MockCluster {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

fn unknown(topic: &str) -> Error {
    let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    Error::broker(code, "looking for it").with_topic(topic)
}
