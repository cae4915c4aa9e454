//! The handle on a mock cluster: where clients connect, what a test does to it, what a checker
//! reads from it.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use bytes::Bytes;

use super::builder::MockClusterBuilder;
use super::faults::{Fault, FaultId, RequestSeen};
use super::network::{MemoryConnector, TcpDoors, memory_address};
use super::server::{Run, Shared};
use super::state::{ClusterState, Listener, NewTopic};
use super::topics::{Partition, Topic};
use crate::error::{Error, ErrorCode};
use crate::ids::{BrokerId, TopicId, TopicPartition};
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
    shared: Arc<Shared>,
    doors: TcpDoors,
}

/// A record as it lies in the log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StoredRecord {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, in milliseconds since 1970.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value.
    pub value: Option<Bytes>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// Its producer's id, -1 if that is not idempotent.
    pub producer_id: i64,
    /// Its producer's epoch, -1 if that is not idempotent.
    pub producer_epoch: i16,
    /// Its sequence, -1 if its producer is not idempotent.
    pub sequence: i32,
    /// The epoch of the leader that wrote it.
    pub leader_epoch: i32,
    /// The first offset of its batch.
    pub batch_offset: i64,
    /// The codec of its batch, as in the batch's attributes: 0 none, 1 gzip, 2 snappy, 3 lz4,
    /// 4 zstd.
    pub codec: i16,
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
    /// servers. Clients that come over TCP are told these addresses, others the ones in memory.
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

    /// Kills a broker, as SIGKILL does: its connections break, nobody can connect, its fetch
    /// sessions are gone, and other replicas lead at once where there are any in sync.
    pub fn kill_broker(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        self.shared.set_status(id, Run::Down, true);
        self.doors.close(id);
        self.shared.with(|state| state.handle_down(id));
    }

    /// Starts a broker that was killed. It is in sync at once and leads only what nobody leads.
    ///
    /// # Errors
    ///
    /// Its TCP port cannot be bound any more.
    pub fn start_broker(&self, id: impl Into<BrokerId>) -> io::Result<()> {
        let BrokerId(id) = id.into();
        if self
            .shared
            .status(id)
            .is_none_or(|status| status.run != Run::Down)
        {
            return Ok(());
        }
        self.doors.reopen(&self.shared, id, false)?;
        self.shared.set_status(id, Run::Up, false);
        self.shared.with(|state| state.handle_up(id));
        Ok(())
    }

    /// Stops a broker as SIGSTOP does: connections stay and new ones are taken, but nothing is
    /// answered, and it still leads.
    pub fn pause_broker(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        if self
            .shared
            .status(id)
            .is_some_and(|status| status.run == Run::Up)
        {
            self.shared.set_status(id, Run::Paused, false);
        }
    }

    /// Lets a paused broker go on: first with the requests that came meanwhile.
    pub fn resume_broker(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        if self
            .shared
            .status(id)
            .is_some_and(|status| status.run == Run::Paused)
        {
            self.shared.set_status(id, Run::Up, false);
        }
    }

    /// Breaks a broker's connections; it takes new ones.
    pub fn close_connections(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        if let Some(status) = self.shared.status(id) {
            self.shared.set_status(id, status.run, true);
        }
    }

    /// Gives a broker another address, as if it had been started again elsewhere: its connections
    /// break and its old address answers nobody.
    ///
    /// # Errors
    ///
    /// No TCP port can be bound.
    pub fn move_broker_address(&self, id: impl Into<BrokerId>) -> io::Result<()> {
        let BrokerId(id) = id.into();
        self.shared.with(|state| {
            if let Some(broker) = state.brokers.get_mut(&id) {
                let (_, first, _) = memory_address(id, 0);
                let old = broker
                    .addresses
                    .get(&Listener::Memory)
                    .map_or(first, |(_, port)| *port);
                let moves = (old - first).saturating_add(1);
                let (host, port, _) = memory_address(id, moves);
                broker.addresses.insert(Listener::Memory, (host, port));
            }
        });
        self.doors.reopen(&self.shared, id, true)?;
        self.close_connections(id);
        Ok(())
    }

    /// Makes a broker the leader of a partition, with a new leader epoch.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION; REPLICA_NOT_AVAILABLE if the broker is no in-sync replica.
    pub fn move_leader(
        &self,
        topic: &str,
        partition: i32,
        to: impl Into<BrokerId>,
    ) -> Result<(), Error> {
        let BrokerId(to) = to.into();
        self.partition(topic, partition, |found| {
            if !found.isr.contains(&to) {
                let doing = format!("moving its leader to broker {to}");
                return Err(Error::broker(ErrorCode::REPLICA_NOT_AVAILABLE, &doing));
            }
            found.elect(Some(to));
            Ok(())
        })?
    }

    /// Who leads a partition.
    #[must_use]
    pub fn leader(&self, topic: &str, partition: i32) -> Option<BrokerId> {
        let leader = |state: &mut ClusterState| state.partition(topic, partition)?.leader;
        self.shared.with(leader).map(BrokerId)
    }

    /// Who coordinates a group.
    #[must_use]
    pub fn coordinator(&self, group: &str) -> Option<BrokerId> {
        self.shared
            .with(|state| state.coordinator(group))
            .map(BrokerId)
    }

    /// Deletes the records before an offset, -1 for all; returns the new start of the log.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION; OFFSET_OUT_OF_RANGE past the end.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Result<i64, Error> {
        self.partition(topic, partition, |found| found.log.delete_before(before))?
            .map_err(|code| Error::broker(code, "deleting its records").with_topic(topic))
    }

    /// Forgets what a partition knows of its idempotent producers, as `producer.id.expiration.ms`
    /// does in time.
    ///
    /// # Errors
    ///
    /// UNKNOWN_TOPIC_OR_PARTITION.
    pub fn forget_producers(&self, topic: &str, partition: i32) -> Result<(), Error> {
        self.partition(topic, partition, |found| found.log.producers.forget())
    }

    /// Forgets a broker's fetch sessions, as evicting them does.
    pub fn forget_fetch_sessions(&self, id: impl Into<BrokerId>) {
        let BrokerId(id) = id.into();
        self.shared.with(|state| {
            if let Some(broker) = state.brokers.get_mut(&id) {
                broker.sessions.clear();
            }
        });
    }

    /// Every record in a partition's log, by offset; empty for a partition that is not there.
    #[must_use]
    pub fn log(&self, topic: &str, partition: i32) -> Vec<StoredRecord> {
        self.shared.with(|state| {
            let found = state.partition(topic, partition);
            found.map_or_else(Vec::new, read_log)
        })
    }

    /// The offset that the next record of a partition gets.
    #[must_use]
    pub fn high_watermark(&self, topic: &str, partition: i32) -> Option<i64> {
        self.shared
            .with(|state| Some(state.partition(topic, partition)?.log.end()))
    }

    /// The first offset of a partition that can be read.
    #[must_use]
    pub fn log_start(&self, topic: &str, partition: i32) -> Option<i64> {
        self.shared
            .with(|state| Some(state.partition(topic, partition)?.log.start()))
    }

    fn topic<T>(&self, name: &str, change: impl FnOnce(&mut Topic) -> T) -> Result<T, Error> {
        self.shared.with(|state| {
            state.mark_changed();
            state
                .topics
                .get_mut(name)
                .map(change)
                .ok_or_else(|| unknown(name))
        })
    }

    fn partition<T>(
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

fn read_log(partition: &Partition) -> Vec<StoredRecord> {
    let own = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    let start = partition.log.start();
    let mut records = Vec::new();
    for batch in partition.log.batches_from(start) {
        let header = &batch.header;
        batch.for_each_record(|record| {
            let offset = header.base_offset + record.offset_delta;
            let sequence = header.stamp().and_then(|stamp| {
                let last_delta = i32::try_from(record.offset_delta).ok()?;
                Some(
                    super::producers::Stamp {
                        last_delta,
                        ..stamp
                    }
                    .last_sequence(),
                )
            });
            let headers = record.headers();
            let text = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
            records.push(StoredRecord {
                offset,
                timestamp: batch.timestamp_of(record),
                key: record.key.map(own),
                value: record.value.map(own),
                headers: headers
                    .map(|(key, value)| (text(key), value.map(own)))
                    .collect(),
                producer_id: header.producer_id,
                producer_epoch: header.producer_epoch,
                sequence: sequence.unwrap_or(-1),
                leader_epoch: header.leader_epoch,
                batch_offset: header.base_offset,
                codec: header.codec(),
            });
            true
        });
    }
    records.retain(|record| record.offset >= start);
    records
}

/// One partition, for checkers that walk them all.
impl MockCluster {
    /// Every partition of every topic.
    #[must_use]
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.shared.with(|state| {
            let each = |(name, topic): (&String, &Topic)| {
                let named = TopicPartition::new(name.as_str(), 0);
                let all = (0..).take(topic.partitions.len());
                all.map(|partition| TopicPartition {
                    partition,
                    ..named.clone()
                })
                .collect::<Vec<_>>()
            };
            state.topics.iter().flat_map(each).collect()
        })
    }
}
