//! A connection that speaks raw protocol, and record batches made without the crate's own encoder.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::records as kafka;
use tidewire::config::{Codec, Compression};
use tidewire::mock::MockCluster;
use tidewire::protocol::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData,
};
use tidewire::protocol::frame::{decode_response, encode_request};
use tidewire::protocol::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use tidewire::protocol::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceData,
};
use tidewire::protocol::{Chunks, Decode, Encode, Request, Response};
use tidewire::record::{BatchBuilder, ChunkPool};
use tidewire::{BoxStream, Connector, CorrelationId, ErrorCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// The wait that means "never".
pub(crate) const NEVER: Duration = Duration::from_secs(60);

pub(crate) struct Wire {
    pub(crate) stream: BoxStream,
    next: i32,
}

impl Wire {
    /// Connects to a broker in memory.
    pub(crate) async fn to(cluster: &MockCluster, broker: usize) -> Self {
        let servers = cluster.bootstrap_servers();
        let address = servers.split(',').nth(broker - 1).unwrap();
        Self::dial(&*cluster.connector(), address).await.unwrap()
    }

    pub(crate) async fn dial(connector: &dyn Connector, address: &str) -> io::Result<Self> {
        let (host, port) = address.rsplit_once(':').unwrap();
        let addresses = connector.resolve(host, port.parse().unwrap()).await?;
        let stream = connector.connect(addresses[0]).await?;
        Ok(Self { stream, next: 0 })
    }

    pub(crate) async fn send<R: Request + Encode>(&mut self, request: &R, version: i16) -> i32 {
        self.next += 1;
        let frame = encode_request(CorrelationId(self.next), Some("raw"), request, version);
        let frame = frame.unwrap().into_bytes();
        self.stream.write_all(&frame).await.unwrap();
        self.next
    }

    /// The next frame; `None` if the broker closed the connection.
    pub(crate) async fn frame(&mut self) -> Option<Bytes> {
        let length = self.stream.read_i32().await.ok()?;
        let mut body = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut body).await.ok()?;
        Some(Bytes::from(body))
    }

    pub(crate) async fn receive<R: Response + Decode>(&mut self, id: i32, version: i16) -> R {
        let frame = self
            .frame()
            .await
            .expect("the broker closed the connection");
        let (correlation, response) = decode_response(frame, version).unwrap();
        assert_eq!(correlation, CorrelationId(id));
        response
    }

    pub(crate) async fn call<R>(&mut self, request: &R, version: i16) -> R::Response
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        let id = self.send(request, version).await;
        let answer = timeout(NEVER, self.receive(id, version)).await;
        answer.expect("no answer")
    }

    /// Sends, and finds that the broker closes the connection without an answer.
    pub(crate) async fn closed_by<R: Request + Encode>(&mut self, request: &R, version: i16) {
        self.send(request, version).await;
        let frame = timeout(NEVER, self.frame())
            .await
            .expect("neither answer nor end");
        assert_eq!(frame, None);
    }

    /// Finds that nothing comes, though the connection stays open.
    pub(crate) async fn silent(&mut self) {
        let byte = timeout(NEVER, self.stream.read_u8()).await;
        assert!(byte.is_err(), "{byte:?}");
    }

    pub(crate) async fn produce(&mut self, topic: &str, batch: Bytes) -> PartitionProduceResponse {
        self.produce_to(topic, 0, batch, -1).await
    }

    pub(crate) async fn produce_to(
        &mut self,
        topic: &str,
        partition: i32,
        batch: Bytes,
        acks: i16,
    ) -> PartitionProduceResponse {
        let request = produce_request(topic, partition, batch, acks);
        let response = self.call(&request, 12).await;
        one(response)
    }

    pub(crate) async fn fetch(&mut self, topic: &str, offset: i64) -> PartitionData {
        let response = self.call(&fetch_request(topic, offset), 12).await;
        one_fetched(response)
    }
}

pub(crate) fn one(response: ProduceResponse) -> PartitionProduceResponse {
    response.responses[0].partition_responses[0].clone()
}

pub(crate) fn one_fetched(response: FetchResponse) -> PartitionData {
    assert_eq!(response.error_code, 0);
    response.responses[0].partitions[0].clone()
}

pub(crate) fn produce_request(topic: &str, index: i32, batch: Bytes, acks: i16) -> ProduceRequest {
    ProduceRequest {
        acks,
        timeout_ms: 1_000,
        topic_data: vec![TopicProduceData {
            name: topic.to_owned(),
            partition_data: vec![PartitionProduceData {
                index,
                records: Some(Chunks::from(batch)),
            }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    }
}

pub(crate) fn fetch_request(topic: &str, fetch_offset: i64) -> FetchRequest {
    FetchRequest {
        max_bytes: 1 << 20,
        session_epoch: -1,
        topics: vec![FetchTopic {
            topic: topic.to_owned(),
            partitions: vec![FetchPartition {
                fetch_offset,
                partition_max_bytes: 1 << 20,
                ..FetchPartition::default()
            }],
            ..FetchTopic::default()
        }],
        ..FetchRequest::default()
    }
}

pub(crate) async fn metadata(wire: &mut Wire, topics: &[&str]) -> MetadataResponse {
    let topic = |name: &&str| MetadataRequestTopic {
        name: Some((*name).to_owned()),
        ..MetadataRequestTopic::default()
    };
    let request = MetadataRequest {
        topics: Some(topics.iter().map(topic).collect()),
        allow_auto_topic_creation: true,
        ..MetadataRequest::default()
    };
    wire.call(&request, 12).await
}

/// A batch of these values.
pub(crate) fn batch(values: &[&str]) -> Bytes {
    encode(values, &vec![now_ms(); values.len()], (-1, -1, -1))
}

/// A batch of these values with these timestamps.
pub(crate) fn batch_at(values: &[&str], timestamps: &[i64]) -> Bytes {
    encode(values, timestamps, (-1, -1, -1))
}

/// A batch of an idempotent producer: its id, epoch and the first sequence.
pub(crate) fn stamped(values: &[&str], id: i64, epoch: i16, sequence: i32) -> Bytes {
    encode(values, &vec![now_ms(); values.len()], (id, epoch, sequence))
}

/// A batch of these values, compressed; this one is made by the crate's own builder.
pub(crate) fn packed(values: &[&str], codec: Codec) -> Bytes {
    let pool = ChunkPool::new(1 << 20, 4096);
    let mut builder = BatchBuilder::new(&pool, 1 << 20);
    for value in values {
        let value = Some(value.as_bytes());
        builder.append(now_ms(), Some(b"k"), value, &[]).unwrap();
    }
    let sealed = builder.seal(Compression::from_codec(codec)).unwrap();
    sealed.to_chunks().into_bytes()
}

pub(crate) fn now_ms() -> i64 {
    tidewire::Env::system().timestamp_ms()
}

fn encode(values: &[&str], timestamps: &[i64], stamp: (i64, i16, i32)) -> Bytes {
    let (producer_id, producer_epoch, sequence) = stamp;
    let record = |(index, (value, timestamp)): (i32, (&&str, &i64))| kafka::Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id,
        producer_epoch,
        timestamp_type: kafka::TimestampType::Creation,
        offset: i64::from(index),
        // The encoder cuts a batch where sequences do not follow each other.
        sequence: sequence + index,
        timestamp: *timestamp,
        key: Some(Bytes::from_static(b"k")),
        value: Some(Bytes::from((*value).to_owned())),
        headers: Default::default(),
    };
    let records: Vec<_> = (0..)
        .zip(values.iter().zip(timestamps))
        .map(record)
        .collect();
    let options = kafka::RecordEncodeOptions {
        version: 2,
        compression: kafka::Compression::None,
    };
    let mut out = BytesMut::new();
    kafka::RecordBatchEncoder::encode(&mut out, &records, &options).unwrap();
    out.freeze()
}

pub(crate) fn code(error_code: i16) -> ErrorCode {
    ErrorCode(error_code)
}
