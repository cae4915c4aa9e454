//! Readers of transactions, on a real broker: nothing of one that is open or aborted, all of one
//! that is committed, and who reads uncommitted data reads everything.
//!
//! The client writes no transactions yet, so that these are written request by request.

use std::time::Duration;

use tidewire::config::{Compression, IsolationLevel};
use tidewire::protocol::add_partitions_to_txn::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic,
};
use tidewire::protocol::end_txn::EndTxnRequest;
use tidewire::protocol::find_coordinator::FindCoordinatorRequest;
use tidewire::protocol::init_producer_id::InitProducerIdRequest;
use tidewire::protocol::metadata::{MetadataRequest, MetadataRequestTopic};
use tidewire::record::{BatchBuilder, ChunkPool, Stamp};
use tidewire::{
    Client, Consumer, ProducerEpoch, ProducerId, Record, StartAt, TcpConnector, TopicPartition,
};
use tokio::time::{sleep, timeout};

use crate::support::{self, Broker};
use crate::wire::{Wire, now_ms, one, produce_request};

const LIMIT: Duration = Duration::from_secs(60);
/// How long nothing comes before it counts as nothing.
const QUIET: Duration = Duration::from_secs(1);
/// `key_type` of a transactional id.
const TRANSACTION: i8 = 1;

async fn dial(address: &str) -> Wire {
    Wire::dial(&TcpConnector::default(), address).await.unwrap()
}

/// Asks until there is an answer without an error.
macro_rules! until_fine {
    ($ask:expr) => {{
        let mut tries = 0;
        loop {
            let answer = $ask;
            if answer.error_code == 0 {
                break answer;
            }
            tries += 1;
            assert!(tries < 300, "{answer:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }};
}

/// One transactional id, which writes to partition 0 of a topic.
struct Writer {
    name: String,
    topic: String,
    coordinator: Wire,
    leader: Wire,
    id: ProducerId,
    epoch: ProducerEpoch,
    sequence: i32,
}

impl Writer {
    async fn new(broker: &Broker, topic: &str, name: &str) -> Self {
        let mut any = dial(broker.addresses()[0]).await;
        let name = format!("{topic}-{name}");
        let find = FindCoordinatorRequest {
            key: name.clone(),
            key_type: TRANSACTION,
            ..FindCoordinatorRequest::default()
        };
        let found = until_fine!(any.call(&find, 3).await);
        let mut coordinator = dial(&format!("{}:{}", found.host, found.port)).await;
        let init = InitProducerIdRequest {
            transactional_id: Some(name.clone()),
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
        };
        let got = until_fine!(coordinator.call(&init, 3).await);
        Self {
            name,
            topic: topic.to_owned(),
            coordinator,
            leader: dial(&leader_of(&mut any, topic).await).await,
            id: ProducerId(got.producer_id),
            epoch: ProducerEpoch(got.producer_epoch),
            sequence: 0,
        }
    }

    /// Writes a batch in its transaction, which it begins if there is none.
    async fn write(&mut self, values: &[&str], compression: Compression) {
        let add = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.name.clone(),
            v3_and_below_producer_id: self.id.0,
            v3_and_below_producer_epoch: self.epoch.0,
            v3_and_below_topics: vec![AddPartitionsToTxnTopic {
                name: self.topic.clone(),
                partitions: vec![0],
            }],
            ..AddPartitionsToTxnRequest::default()
        };
        until_fine!({
            let added = self.coordinator.call(&add, 2).await;
            let topics = added.results_by_topic_v3_and_below;
            let answer = topics[0].results_by_partition[0].clone();
            Answer::of(answer.partition_error_code)
        });
        let pool = ChunkPool::new(1 << 20, 4096);
        let mut builder = BatchBuilder::new(&pool, 1 << 20);
        for value in values {
            let value = Some(value.as_bytes());
            builder.append(now_ms(), None, value, &[]).unwrap();
        }
        let mut batch = builder.seal(compression).unwrap();
        batch.stamp(Stamp {
            producer_id: self.id,
            producer_epoch: self.epoch,
            base_sequence: self.sequence,
            transactional: true,
        });
        self.sequence += i32::try_from(values.len()).unwrap();
        let mut request = produce_request(&self.topic, 0, batch.to_chunks().into_bytes(), -1);
        request.transactional_id = Some(self.name.clone());
        request.timeout_ms = 30_000;
        until_fine!(one(self.leader.call(&request, 9).await));
    }

    async fn end(&mut self, committed: bool) {
        let end = EndTxnRequest {
            transactional_id: self.name.clone(),
            producer_id: self.id.0,
            producer_epoch: self.epoch.0,
            committed,
        };
        until_fine!(self.coordinator.call(&end, 2).await);
    }
}

/// What [`until_fine`] wants to see of an answer.
#[derive(Debug)]
struct Answer {
    error_code: i16,
}

impl Answer {
    fn of(error_code: i16) -> Self {
        Self { error_code }
    }
}

/// The address of the broker that leads partition 0.
async fn leader_of(wire: &mut Wire, topic: &str) -> String {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(topic.to_owned()),
            ..MetadataRequestTopic::default()
        }]),
        ..MetadataRequest::default()
    };
    for _ in 0..300 {
        let found = wire.call(&request, 9).await;
        let leader = found.topics[0].partitions.first().map(|it| it.leader_id);
        let node = found.brokers.iter().find(|it| Some(it.node_id) == leader);
        if let Some(node) = node {
            return format!("{}:{}", node.host, node.port);
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{topic} has no leader");
}

async fn reader(client: &Client, topic: &str, isolation: IsolationLevel) -> Consumer {
    let start = (TopicPartition::new(topic, 0), StartAt::Beginning);
    let builder = client.consumer().assign([start]);
    let builder = builder.property("isolation.level", isolation.to_string());
    builder.build().await.unwrap()
}

/// Reads so many values.
async fn read(consumer: &Consumer, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    let reading = async {
        while all.len() < count {
            all.extend(values(consumer, QUIET).await);
        }
    };
    timeout(LIMIT, reading).await.expect("all comes in time");
    all
}

async fn values(consumer: &Consumer, limit: Duration) -> Vec<String> {
    let records = consumer.poll(limit).await.unwrap();
    let value = |value: Option<&[u8]>| String::from_utf8(value.unwrap().to_vec()).unwrap();
    records.iter().map(|each| value(each.value())).collect()
}

fn lag(consumer: &Consumer, topic: &str) -> Option<i64> {
    consumer.lag(&TopicPartition::new(topic, 0))
}

/// Waits until it has passed everything, markers included, and has read nothing more.
async fn passes_to_the_end(consumer: &Consumer, topic: &str) {
    let at = TopicPartition::new(topic, 0);
    let passing = async {
        let ends = consumer.end_offsets([at.clone()]).await.unwrap();
        while consumer.position(&at).await.unwrap() != ends[&at] {
            assert_eq!(values(consumer, Duration::from_millis(200)).await, [""; 0]);
        }
    };
    timeout(LIMIT, passing).await.expect("it gets to the end");
}

#[tokio::test]
async fn cases_92_93_transactions_that_overlap_are_read_as_they_end() {
    let Some(broker) = support::shared() else {
        return;
    };
    let topic = broker.create_topic("isolation", 1);
    let client = Client::builder().bootstrap_servers(broker.bootstrap());
    let client = client.connect().await.unwrap();
    let committed = reader(&client, &topic, IsolationLevel::ReadCommitted).await;
    let all = reader(&client, &topic, IsolationLevel::ReadUncommitted).await;

    let mut one = Writer::new(&broker, &topic, "one").await;
    let mut two = Writer::new(&broker, &topic, "two").await;
    one.write(&["aborted 1", "aborted 2"], Compression::Lz4)
        .await;
    two.write(&["committed 1", "committed 2"], Compression::Lz4)
        .await;
    one.write(&["aborted 3"], Compression::None).await;
    two.write(&["committed 3"], Compression::Gzip(Default::default()))
        .await;
    assert_eq!(read(&all, 6).await.len(), 6);
    assert_eq!(values(&committed, QUIET).await, [""; 0], "both are open");
    // Nothing of the six may be read, so nothing is left to read.
    assert_eq!(lag(&committed, &topic), Some(0));
    all.seek(&TopicPartition::new(&*topic, 0), StartAt::Offset(0))
        .unwrap();
    assert_eq!(lag(&all, &topic), Some(6));
    assert_eq!(read(&all, 6).await.len(), 6);
    assert_eq!(lag(&all, &topic), Some(0));

    // The first record of the one that is open keeps back what comes behind it.
    two.end(true).await;
    assert_eq!(values(&committed, QUIET).await, [""; 0], "one is open");
    assert_eq!(lag(&committed, &topic), Some(0));
    one.end(false).await;
    let expected = ["committed 1", "committed 2", "committed 3"];
    assert_eq!(read(&committed, 3).await, expected);

    // The same ids again, the other way round, and a record without a transaction between them.
    one.write(&["committed 4"], Compression::None).await;
    two.write(&["aborted 4"], Compression::Lz4).await;
    let producer = client.producer().build().unwrap();
    producer
        .send(Record::to(&topic).value("plain"))
        .await
        .unwrap();
    assert_eq!(
        values(&committed, QUIET).await,
        [""; 0],
        "both are open again"
    );
    one.end(true).await;
    two.end(false).await;
    assert_eq!(read(&committed, 2).await, ["committed 4", "plain"]);
    passes_to_the_end(&committed, &topic).await;

    let rest = ["committed 4", "aborted 4", "plain"];
    assert_eq!(read(&all, 3).await, rest);
    passes_to_the_end(&all, &topic).await;
    // A late reader finds the same.
    let late = reader(&client, &topic, IsolationLevel::ReadCommitted).await;
    assert_eq!(read(&late, 5).await.last().unwrap(), "plain");
    passes_to_the_end(&late, &topic).await;
    assert_eq!(lag(&late, &topic), Some(0));
}
