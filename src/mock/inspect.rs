//! What a checker reads from a cluster: who leads, and every record in every log.

use bytes::Bytes;

use super::cluster::MockCluster;
use super::producers::Stamp;
use super::state::ClusterState;
use super::topics::{Partition, Topic};
use crate::ids::{BrokerId, TopicPartition};

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

impl MockCluster {
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

    /// The fetch sessions that a broker keeps (KIP-227): how many partitions each has.
    #[must_use]
    pub fn fetch_sessions(&self, broker: impl Into<BrokerId>) -> Vec<usize> {
        let BrokerId(id) = broker.into();
        self.shared.with(|state| {
            let broker = state.brokers.get(&id);
            broker.map_or_else(Vec::new, |broker| broker.sessions.sizes().collect())
        })
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
                    Stamp {
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
