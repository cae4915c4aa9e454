//! The mock beside a real broker: the same requests, and the answers compared.
//!
//! Runs where `cargo xtask test` gives it a broker of Kafka 4. A mock that accepts what Kafka
//! refuses hides bugs, so each strictness of the mock has its line here.

mod admin;
mod fetch;
mod groups;
mod produce;
mod replicas;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidewire::mock::{KafkaRelease, MockCluster};
use tidewire::protocol::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use tidewire::protocol::fetch::{FetchRequest, FetchResponse};
use tidewire::protocol::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use tidewire::protocol::metadata::{MetadataRequest, MetadataRequestTopic};
use tidewire::protocol::produce::ProduceRequest;
use tidewire::protocol::{Decode, Encode, Request};
use tidewire::{Connector, TcpConnector, Uuid};
use tokio::time::timeout;

use crate::support::{Wire, code, produce_request};

/// One cluster under the script, and what it answered so far.
struct Side {
    connector: Arc<dyn Connector>,
    address: String,
    wire: Wire,
    prefix: String,
    said: Vec<(String, String)>,
    /// Whether it is, or poses as, Kafka 4.
    kafka_4: bool,
}

impl Side {
    async fn new(connector: Arc<dyn Connector>, bootstrap: &str) -> Self {
        let first = bootstrap.split(',').next().unwrap().to_owned();
        let wire = Wire::dial(&*connector, &first).await.unwrap();
        Self {
            connector,
            address: first,
            wire,
            prefix: format!("same-{:020}", tidewire::Env::system().seed()),
            said: Vec::new(),
            kafka_4: true,
        }
    }

    fn note(&mut self, what: &str, answer: impl Debug) {
        self.said.push((what.to_owned(), format!("{answer:?}")));
    }

    fn topic(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// Sends a request on a connection to the broker that has everything; `None` if it is closed.
    async fn ask<R>(&mut self, request: &R, version: i16) -> Option<R::Response>
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        let id = self.wire.send(request, version).await;
        let limit = Duration::from_secs(10);
        let frame = timeout(limit, self.wire.frame())
            .await
            .expect("no answer in 10 s");
        let Some(frame) = frame else {
            self.wire = Wire::dial(&*self.connector, &self.address).await.unwrap();
            return None;
        };
        let decoded = tidewire::protocol::frame::decode_response(frame, version);
        let (correlation, response) = decoded.unwrap();
        assert_eq!(correlation.0, id);
        Some(response)
    }

    /// Creates a topic of one partition and waits until it has a leader; goes to that leader.
    async fn create(&mut self, name: &str, configs: &[(&str, &str)]) -> (String, Uuid) {
        let name = self.topic(name);
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
        };
        let request = CreateTopicsRequest {
            topics: vec![CreatableTopic {
                configs: configs.iter().map(config).collect(),
                ..topic(&name, 1, 1)
            }],
            timeout_ms: 10_000,
            ..CreateTopicsRequest::default()
        };
        let created = self.ask(&request, 7).await.unwrap();
        assert_eq!(created.topics[0].error_code, 0, "{created:?}");
        for _ in 0..200 {
            let asked = metadata_request(&[Some(&name)]);
            let found = self.ask(&asked, 12).await.unwrap();
            let leader = found.topics[0].partitions.first().map(|p| p.leader_id);
            let node = found.brokers.iter().find(|b| Some(b.node_id) == leader);
            if let Some(node) = node {
                self.address = format!("{}:{}", node.host, node.port);
                self.wire = Wire::dial(&*self.connector, &self.address).await.unwrap();
                let end = self.ask(&list_request(&name, -1, -1), 7).await.unwrap();
                if end.topics[0].partitions[0].error_code == 0 {
                    return (name, created.topics[0].topic_id);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{name} got no leader");
    }

    async fn produce(&mut self, what: &str, request: &ProduceRequest, version: i16) {
        let answer = self.ask(request, version).await.map(|response| {
            let answer = &response.responses[0].partition_responses[0];
            (
                code(answer.error_code),
                answer.base_offset,
                answer.log_append_time_ms.signum(),
                answer.log_start_offset,
                answer
                    .record_errors
                    .iter()
                    .map(|e| e.batch_index)
                    .collect::<Vec<_>>(),
            )
        });
        self.note(&format!("produce {what}"), answer);
    }

    async fn append(&mut self, what: &str, topic: &str, batch: Bytes) {
        self.produce(what, &produce_request(topic, 0, batch, -1), 12)
            .await;
    }

    async fn fetch(&mut self, what: &str, request: &FetchRequest, version: i16) -> FetchResponse {
        let response = self.ask(request, version).await.unwrap();
        let partitions = response
            .responses
            .iter()
            .flat_map(|topic| &topic.partitions);
        let partitions: Vec<_> = partitions
            .map(|p| {
                let bytes = p.records.as_ref().map(|r| r.len());
                let offsets = (p.high_watermark, p.last_stable_offset, p.log_start_offset);
                let diverging = (p.diverging_epoch.epoch, p.diverging_epoch.end_offset);
                let leader = p.current_leader.leader_epoch;
                let aborted = p.aborted_transactions.as_ref().map(Vec::len);
                let code = code(p.error_code);
                (
                    p.partition_index,
                    code,
                    offsets,
                    bytes,
                    diverging,
                    leader,
                    aborted,
                )
            })
            .collect();
        let session = response.session_id.signum();
        self.note(
            &format!("fetch {what}"),
            (code(response.error_code), session, partitions),
        );
        response
    }
}

fn topic(name: &str, num_partitions: i32, replication_factor: i16) -> CreatableTopic {
    CreatableTopic {
        name: name.to_owned(),
        num_partitions,
        replication_factor,
        ..CreatableTopic::default()
    }
}

fn metadata_request(names: &[Option<&str>]) -> MetadataRequest {
    let topic = |name: &Option<&str>| MetadataRequestTopic {
        name: name.map(str::to_owned),
        ..MetadataRequestTopic::default()
    };
    MetadataRequest {
        topics: Some(names.iter().map(topic).collect()),
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    }
}

fn list_request(name: &str, timestamp: i64, current_leader_epoch: i32) -> ListOffsetsRequest {
    ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: name.to_owned(),
            partitions: vec![ListOffsetsPartition {
                partition_index: 0,
                current_leader_epoch,
                timestamp,
            }],
        }],
        ..ListOffsetsRequest::default()
    }
}

/// A batch changed by hand, with a right CRC again.
fn changed(batch: &Bytes, change: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut bytes = batch.to_vec();
    change(&mut bytes);
    let crc = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    Bytes::from(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_answers_as_kafka_does() {
    let Ok(bootstrap) = std::env::var("TIDEWIRE_TEST_BOOTSTRAP") else {
        eprintln!("SKIPPED: no broker to compare with; `cargo xtask test` starts one");
        return;
    };
    let kafka = std::env::var("TIDEWIRE_TEST_KAFKA").unwrap_or_default();
    // Of an older broker less is compared: all else is answered as Kafka 4 does.
    let older = !kafka.starts_with('4');
    let what = match &*kafka {
        kafka if kafka.starts_with('4') => Script::All,
        kafka if kafka.starts_with("3.9") => Script::ClassicGroups,
        _ => Script::Versions,
    };
    let release = if older { minor(&kafka) } else { "4.3" };
    let Ok(release) = release.parse::<KafkaRelease>() else {
        eprintln!("SKIPPED: the mock does not pose as Kafka {kafka}");
        return;
    };
    let tcp: Arc<dyn Connector> = Arc::new(TcpConnector::default());
    let real = script(Side::new(tcp, &bootstrap).await, what).await;
    let nodes = i32::try_from(bootstrap.split(',').count()).unwrap();
    let racks = (1..=nodes).map(|id| format!("rack-{id}"));
    let builder = MockCluster::builder().brokers(nodes).racks(racks);
    let builder = builder.rack_aware_reads(true);
    let cluster = builder.kafka_release(release).build();
    let mock = Side::new(cluster.connector(), &cluster.bootstrap_servers()).await;
    let mock = script(mock, what).await;
    let mut differences = Vec::new();
    for ((what, kafka), (_, mock)) in real.iter().zip(&mock) {
        if kafka != mock {
            differences.push(format!("{what}\n    kafka: {kafka}\n    mock:  {mock}"));
        }
    }
    assert_eq!(real.len(), mock.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// "3.9" of "3.9.1".
fn minor(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(minor, _)| minor)
}

/// What is compared.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Script {
    Versions,
    ClassicGroups,
    All,
}

async fn script(mut side: Side, what: Script) -> Vec<(String, String)> {
    side.kafka_4 = what == Script::All;
    admin::versions(&mut side).await;
    if what == Script::Versions {
        return side.said;
    }
    groups::script(&mut side).await;
    if what == Script::ClassicGroups {
        return side.said;
    }
    produce::script(&mut side).await;
    fetch::script(&mut side).await;
    admin::script(&mut side).await;
    replicas::script(&mut side).await;
    side.said
}
