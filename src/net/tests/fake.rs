//! A network of pipes and peers that do what a test tells them.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

use super::super::broker::Broker;
use super::super::call::CallError;
use super::super::connection::Connection;
use super::super::options::{Net, NetOptions, Target};
use crate::env::Env;
use crate::ids::{BrokerId, CorrelationId};
use crate::net::{BoxFuture, BoxStream, Connector};
use crate::protocol::api_versions::{ApiVersion, ApiVersionsResponse};
use crate::protocol::frame::{RequestHeader, decode_request_header, encode_response};
use crate::protocol::metadata::{MetadataRequest, MetadataResponse};
use crate::protocol::{ApiKey, Encode, Reader, Response};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// What happens to whoever dials an address.
#[derive(Clone)]
pub(super) enum Host {
    Refuses,
    /// The dialing never ends.
    Swallows,
    /// A fresh peer for each connection; it is told how many there were before.
    Runs(Arc<dyn Fn(Peer, usize) -> BoxFuture<'static, ()> + Send + Sync>),
}

pub(super) fn runs<F>(script: impl Fn(Peer, usize) -> F + Send + Sync + 'static) -> Host
where
    F: Future<Output = ()> + Send + 'static,
{
    Host::Runs(Arc::new(move |peer, nth| Box::pin(script(peer, nth))))
}

/// The network: names, hosts, and when each was dialed.
pub(super) struct Fake {
    hosts: Mutex<BTreeMap<SocketAddr, (Host, usize)>>,
    names: Mutex<BTreeMap<String, Vec<SocketAddr>>>,
    dialed: Mutex<Vec<Instant>>,
    /// Bytes that a pipe holds: also the longest segment.
    pipe: usize,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        Self::with_pipes(1 << 20)
    }

    pub(super) fn with_pipes(pipe: usize) -> Arc<Self> {
        Arc::new(Self {
            hosts: Mutex::default(),
            names: Mutex::default(),
            dialed: Mutex::default(),
            pipe,
        })
    }

    /// Puts a host at the next address of a name.
    pub(super) fn add(&self, name: &str, host: Host) -> SocketAddr {
        let mut hosts = self.hosts.lock().unwrap();
        let address = SocketAddr::from(([10, 0, 0, u8::try_from(hosts.len()).unwrap()], 9092));
        hosts.insert(address, (host, 0));
        let mut names = self.names.lock().unwrap();
        names.entry(name.to_owned()).or_default().push(address);
        address
    }

    pub(super) fn replace(&self, address: SocketAddr, host: Host) {
        self.hosts.lock().unwrap().get_mut(&address).unwrap().0 = host;
    }

    pub(super) fn dialed(&self) -> Vec<Instant> {
        self.dialed.lock().unwrap().clone()
    }

    pub(super) fn net(self: &Arc<Self>, options: NetOptions) -> Arc<Net> {
        Arc::new(Net::new(self.clone(), options, Env::system()))
    }

    pub(super) fn broker(self: &Arc<Self>, id: i32, name: &str) -> Broker {
        Broker::new(self.net(NetOptions::default()), target(id, name))
    }

    pub(super) async fn open(self: &Arc<Self>, name: &str) -> crate::Result<Connection> {
        let net = self.net(NetOptions::default());
        Connection::open(&net, &target(1, name), 10 * SECOND).await
    }
}

/// A connection to a peer that agrees on versions and then runs a script.
pub(super) async fn connected<F>(
    script: impl Fn(Peer) -> F + Send + Sync + 'static,
) -> (Arc<Fake>, Connection)
where
    F: Future<Output = ()> + Send + 'static,
{
    let fake = Fake::new();
    let script = Arc::new(script);
    fake.add("kafka", after_versions(script));
    let connection = fake.open("kafka").await.unwrap();
    (fake, connection)
}

pub(super) fn after_versions<F>(script: Arc<dyn Fn(Peer) -> F + Send + Sync>) -> Host
where
    F: Future<Output = ()> + Send + 'static,
{
    runs(move |mut peer, _| {
        let script = script.clone();
        async move {
            peer.agree_on_versions().await;
            script(peer).await;
        }
    })
}

/// A broker that answers every metadata request at once and gives `name` as the cluster's id.
pub(super) fn answers(name: &'static str) -> Host {
    after_versions(Arc::new(move |mut peer: Peer| async move {
        while let Some(request) = peer.request().await {
            peer.answer(&request, &metadata(name)).await;
        }
    }))
}

pub(super) fn target(id: i32, name: &str) -> Target {
    Target {
        id: Some(BrokerId(id)),
        host: name.into(),
        port: 9092,
    }
}

pub(super) fn metadata(cluster: &str) -> MetadataResponse {
    MetadataResponse {
        cluster_id: Some(cluster.to_owned()),
        ..Default::default()
    }
}

pub(super) fn throttled(seconds: i32) -> MetadataResponse {
    MetadataResponse {
        throttle_time_ms: seconds * 1000,
        ..metadata("throttled")
    }
}

/// Asks for metadata and gives the cluster's id.
pub(super) async fn ask(connection: &Connection, timeout: Duration) -> Result<String, CallError> {
    let request = MetadataRequest::default();
    let answer = connection.call(&request, None, timeout).await?;
    Ok(answer.cluster_id.unwrap_or_default())
}

impl Connector for Fake {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        _port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            if host == "slow.dns" {
                pending::<()>().await;
            }
            let names = self.names.lock().unwrap();
            let found = names.get(host).cloned();
            found.ok_or_else(|| io::Error::other("no such name"))
        })
    }

    fn connect(&self, addr: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        self.dialed.lock().unwrap().push(Instant::now());
        let (host, nth) = {
            let mut hosts = self.hosts.lock().unwrap();
            let (host, dialed) = hosts.get_mut(&addr).unwrap();
            *dialed += 1;
            (host.clone(), *dialed - 1)
        };
        let pipe = self.pipe;
        Box::pin(async move {
            match host {
                Host::Refuses => Err(io::ErrorKind::ConnectionRefused.into()),
                Host::Swallows => pending().await,
                Host::Runs(script) => {
                    let (ours, theirs) = tokio::io::duplex(pipe);
                    tokio::spawn(script(Peer(theirs), nth));
                    Ok(Box::new(ours) as BoxStream)
                }
            }
        })
    }
}

/// The far end of a connection.
pub(super) struct Peer(pub(super) DuplexStream);

/// A request as the peer sees it.
pub(super) struct Asked {
    pub(super) header: RequestHeader,
    pub(super) body: Reader,
}

impl Peer {
    /// The next request; `None` when the client has hung up.
    pub(super) async fn request(&mut self) -> Option<Asked> {
        let len = self.0.read_u32().await.ok()?;
        let mut body = vec![0; usize::try_from(len).unwrap()];
        self.0.read_exact(&mut body).await.ok()?;
        let (header, body) = decode_request_header(Bytes::from(body)).unwrap();
        Some(Asked { header, body })
    }

    pub(super) async fn answer<R: Response + Encode>(&mut self, to: &Asked, response: &R) {
        let frame = response_frame(to, response);
        // A client that has hung up is what some tests are about.
        let _ = self.0.write_all(&frame).await;
    }

    pub(super) async fn agree_on_versions(&mut self) {
        if let Some(asked) = self.request().await {
            assert_eq!(asked.header.api_key, ApiKey::ApiVersions.code());
            self.answer(&asked, &all_versions()).await;
        }
    }

    pub(super) async fn raw(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// Says nothing, and notices when the client hangs up.
    pub(super) async fn silence(&mut self) {
        let mut nowhere = Vec::new();
        let _ = self.0.read_to_end(&mut nowhere).await;
    }
}

pub(super) fn response_frame<R: Response + Encode>(to: &Asked, response: &R) -> Bytes {
    let RequestHeader {
        correlation,
        api_version,
        ..
    } = to.header;
    let frame = encode_response(correlation, response, api_version);
    frame.unwrap().into_bytes()
}

pub(super) fn response_to(id: i32, to: &Asked) -> Bytes {
    let response = encode_response(CorrelationId(id), &metadata(""), to.header.api_version);
    response.unwrap().into_bytes()
}

/// All that this crate speaks.
pub(super) fn all_versions() -> ApiVersionsResponse {
    let known = (0..100).filter_map(|code| ApiKey::try_from(code).ok());
    let api_keys = known.map(|key| ApiVersion {
        api_key: key.code(),
        min_version: key.versions().min,
        max_version: key.versions().max,
    });
    ApiVersionsResponse {
        api_keys: api_keys.collect(),
        ..Default::default()
    }
}
