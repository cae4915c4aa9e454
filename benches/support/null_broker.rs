//! A broker that only acknowledges, and answers fetches with the same records again and again: no
//! task, no socket, no log. What is left to measure is the client, and one copy of what it writes
//! or reads.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes, BytesMut};
use tidewire::protocol::api_versions::{ApiVersion, ApiVersionsResponse};
use tidewire::protocol::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse, PartitionData,
};
use tidewire::protocol::frame::{decode_request_header, encode_response};
use tidewire::protocol::init_producer_id::InitProducerIdResponse;
use tidewire::protocol::metadata::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use tidewire::protocol::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use tidewire::protocol::{ApiKey, Decode, Encode, Response};
use tidewire::{BoxFuture, BoxStream, Client, Connector};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The only topic there is.
pub(crate) const TOPIC: &str = "null";

/// Connects to the broker that only acknowledges.
#[derive(Debug)]
pub(crate) struct NullBroker {
    partitions: i32,
    acknowledged: Arc<AtomicI64>,
    canned: Arc<Canned>,
    gate: Arc<Gate>,
}

/// Keeps answers back while it is closed, so that a bench can tell what comes before them from what
/// comes after.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    is_closed: AtomicBool,
    readers: Mutex<Vec<Waker>>,
    batches: AtomicI64,
}

#[allow(dead_code, reason = "only some benches hold back answers")]
impl Gate {
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    pub(crate) fn open(&self) {
        let mut readers = self.readers.lock().expect("no panic inside");
        self.is_closed.store(false, Ordering::Release);
        readers.drain(..).for_each(Waker::wake);
    }

    /// How many batches have come in so far.
    pub(crate) fn batches(&self) -> i64 {
        self.batches.load(Ordering::Acquire)
    }

    /// Whether the reader has to wait for its opening.
    fn holds(&self, cx: &Context<'_>) -> bool {
        if !self.is_closed.load(Ordering::Acquire) {
            return false;
        }
        let mut readers = self.readers.lock().expect("no panic inside");
        // Perhaps opened meanwhile: then nobody would wake the reader.
        let is_closed = self.is_closed.load(Ordering::Acquire);
        if is_closed {
            readers.push(cx.waker().clone());
        }
        is_closed
    }
}

/// What each partition answers a fetch with: whole batches, and where each begins.
#[derive(Debug, Default)]
struct Canned {
    bytes: Bytes,
    batches: Vec<usize>,
    /// Records of each batch.
    records: i64,
}

impl NullBroker {
    pub(crate) fn new(partitions: i32) -> Self {
        Self {
            partitions,
            acknowledged: Arc::default(),
            canned: Arc::default(),
            gate: Arc::default(),
        }
    }

    /// A client of a cluster that is this broker alone.
    pub(crate) async fn connect(self) -> Client {
        let client = Client::builder()
            .bootstrap_servers("null:9092")
            .connector(Arc::new(self))
            .connect();
        client.await.expect("the null broker answers")
    }

    /// What keeps its answers back.
    #[allow(dead_code, reason = "only some benches hold back answers")]
    pub(crate) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// Answers fetches with `count` copies of a batch of so many records, for each partition.
    #[allow(dead_code, reason = "only the consumer's bench reads")]
    pub(crate) fn serving(mut self, batch: &Bytes, records: i64, count: usize) -> Self {
        self.canned = Arc::new(Canned {
            bytes: batch.repeat(count).into(),
            batches: (0..count).map(|n| n * batch.len()).collect(),
            records,
        });
        self
    }
}

impl Canned {
    /// The batches as a log has them from this offset on.
    fn from(&self, offset: i64) -> Bytes {
        let mut bytes = BytesMut::from(&self.bytes[..]);
        for (at, base) in self.batches.iter().zip(0..) {
            let base = offset + base * self.records;
            if let Some(place) = bytes.get_mut(*at..*at + 8) {
                place.copy_from_slice(&base.to_be_bytes());
            }
        }
        bytes.freeze()
    }
}

impl Connector for NullBroker {
    fn resolve<'a>(
        &'a self,
        _host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) })
    }

    fn connect(&self, _addr: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        let shared = Mutex::new(State::default());
        let (partitions, next) = (self.partitions, Arc::clone(&self.acknowledged));
        let stream = NullStream {
            shared,
            partitions,
            next,
            canned: Arc::clone(&self.canned),
            gate: Arc::clone(&self.gate),
        };
        Box::pin(async move { Ok(Box::new(stream) as BoxStream) })
    }
}

#[derive(Default)]
struct State {
    inbox: BytesMut,
    answers: BytesMut,
    reader: Option<Waker>,
}

struct NullStream {
    shared: Mutex<State>,
    partitions: i32,
    next: Arc<AtomicI64>,
    canned: Arc<Canned>,
    gate: Arc<Gate>,
}

impl NullStream {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock().expect("no panic inside")
    }

    fn answer_all(&self, state: &mut State) {
        while let Some(length) = state.inbox.first_chunk::<4>().copied() {
            let length = usize::try_from(u32::from_be_bytes(length)).expect("64 bits");
            if state.inbox.len() < 4 + length {
                state.inbox.reserve(4 + length - state.inbox.len());
                break;
            }
            state.inbox.advance(4);
            let frame = state.inbox.split_to(length).freeze();
            let answer = self.answer(frame);
            state.answers.extend_from_slice(&answer);
        }
        if !state.answers.is_empty() {
            if let Some(reader) = state.reader.take() {
                reader.wake();
            }
        }
    }

    fn answer(&self, frame: Bytes) -> Bytes {
        let (header, mut body) = decode_request_header(frame).expect("the client is sane");
        let key = ApiKey::try_from(header.api_key).expect("a known API");
        let (id, version) = (header.correlation, header.api_version);
        match key {
            ApiKey::ApiVersions => encode(id, &versions(), version),
            ApiKey::Metadata => encode(id, &metadata(self.partitions), version),
            ApiKey::InitProducerId => {
                let answer = InitProducerIdResponse {
                    producer_id: 7,
                    ..InitProducerIdResponse::default()
                };
                encode(id, &answer, version)
            }
            ApiKey::Fetch => {
                let request = FetchRequest::decode(&mut body, version).expect("a sane request");
                encode(id, &self.serve(request), version)
            }
            _ => {
                let request = ProduceRequest::decode(&mut body, version).expect("a sane request");
                encode(id, &self.acknowledge(request), version)
            }
        }
    }

    /// Always without a session, so that every request lists what it wants.
    fn serve(&self, request: FetchRequest) -> FetchResponse {
        let records = i64::try_from(self.canned.batches.len()).unwrap_or(0) * self.canned.records;
        let partition = |asked: &FetchPartition| PartitionData {
            partition_index: asked.partition,
            high_watermark: asked.fetch_offset + records,
            last_stable_offset: asked.fetch_offset + records,
            records: Some(self.canned.from(asked.fetch_offset).into()),
            ..PartitionData::default()
        };
        let topic = |topic: FetchTopic| FetchableTopicResponse {
            topic: topic.topic,
            topic_id: topic.topic_id,
            partitions: topic.partitions.iter().map(partition).collect(),
        };
        FetchResponse {
            responses: request.topics.into_iter().map(topic).collect(),
            ..FetchResponse::default()
        }
    }

    fn acknowledge(&self, request: ProduceRequest) -> ProduceResponse {
        let partition = |index| {
            self.gate.batches.fetch_add(1, Ordering::Release);
            PartitionProduceResponse {
                index,
                base_offset: self.next.fetch_add(1, Ordering::Relaxed),
                ..PartitionProduceResponse::default()
            }
        };
        let responses = request
            .topic_data
            .into_iter()
            .map(|topic| TopicProduceResponse {
                name: topic.name,
                topic_id: topic.topic_id,
                partition_responses: topic
                    .partition_data
                    .iter()
                    .map(|data| partition(data.index))
                    .collect(),
            })
            .collect();
        ProduceResponse {
            responses,
            ..ProduceResponse::default()
        }
    }
}

fn encode<R: Response + Encode>(
    correlation: tidewire::CorrelationId,
    response: &R,
    version: i16,
) -> Bytes {
    encode_response(correlation, response, version)
        .expect("the answer fits the version")
        .into_bytes()
}

fn versions() -> ApiVersionsResponse {
    let offered = [
        ApiKey::ApiVersions,
        ApiKey::Metadata,
        ApiKey::InitProducerId,
        ApiKey::Produce,
        ApiKey::Fetch,
    ];
    let range = |key: ApiKey| ApiVersion {
        api_key: key.code(),
        min_version: key.versions().min,
        max_version: key.versions().max.min(12),
    };
    ApiVersionsResponse {
        api_keys: offered.into_iter().map(range).collect(),
        ..ApiVersionsResponse::default()
    }
}

fn metadata(partitions: i32) -> MetadataResponse {
    let partition = |index| MetadataResponsePartition {
        partition_index: index,
        leader_id: 1,
        leader_epoch: 0,
        replica_nodes: vec![1],
        isr_nodes: vec![1],
        ..MetadataResponsePartition::default()
    };
    MetadataResponse {
        brokers: vec![MetadataResponseBroker {
            node_id: 1,
            host: "null".to_owned(),
            port: 9092,
            rack: None,
        }],
        controller_id: 1,
        topics: vec![MetadataResponseTopic {
            name: Some(TOPIC.to_owned()),
            partitions: (0..partitions).map(partition).collect(),
            ..MetadataResponseTopic::default()
        }],
        ..MetadataResponse::default()
    }
}

impl AsyncRead for NullStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.gate.holds(cx) {
            return Poll::Pending;
        }
        let mut state = self.lock();
        if state.answers.is_empty() {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = state.answers.len().min(buf.remaining());
        buf.put_slice(&state.answers.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for NullStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        for buf in bufs {
            state.inbox.extend_from_slice(buf);
        }
        self.answer_all(&mut state);
        Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
