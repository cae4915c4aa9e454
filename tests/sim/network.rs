//! A network between client and mock that can do what brokers cannot: let a dial hang, flip bits.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tidewire::mock::MockCluster;
use tidewire::{BoxFuture, BoxStream, Connector};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// These bytes of a value arrive with one bit flipped.
pub(crate) const ROTTEN: &str = "<rotten>";

#[derive(Debug)]
pub(crate) struct Network {
    cluster: Arc<dyn Connector>,
    /// Hosts whose name is never resolved.
    hanging: Mutex<Vec<String>>,
    /// Another name of a broker, and where that one is.
    aliases: Mutex<BTreeMap<String, (String, u16)>>,
    dials: AtomicUsize,
}

impl Network {
    pub(crate) fn of(cluster: &MockCluster) -> Arc<Self> {
        Arc::new(Self {
            cluster: cluster.connector(),
            hanging: Mutex::default(),
            aliases: Mutex::default(),
            dials: AtomicUsize::new(0),
        })
    }

    /// Gives the first broker, where it is now, another name.
    pub(crate) fn alias(&self, host: &str, cluster: &MockCluster) {
        let servers = cluster.bootstrap_servers();
        let first = servers.split(',').next().unwrap();
        let (name, port) = first.rsplit_once(':').unwrap();
        let there = (name.to_owned(), port.parse().unwrap());
        self.aliases.lock().unwrap().insert(host.to_owned(), there);
    }

    /// How often anybody was dialed.
    pub(crate) fn dials(&self) -> usize {
        self.dials.load(Ordering::Relaxed)
    }

    /// Dials to this host never end.
    pub(crate) fn hang(&self, host: &str) {
        self.hanging.lock().unwrap().push(host.to_owned());
    }
}

impl Connector for Network {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        if self.hanging.lock().unwrap().iter().any(|each| each == host) {
            return Box::pin(std::future::pending());
        }
        let alias = self.aliases.lock().unwrap().get(host).cloned();
        let Some((host, port)) = alias else {
            return self.cluster.resolve(host, port);
        };
        Box::pin(async move { self.cluster.resolve(&host, port).await })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        self.dials.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let inner = self.cluster.connect(address).await?;
            let stream: BoxStream = Box::new(Flipping(inner));
            Ok(stream)
        })
    }
}

/// Flips a bit of [`ROTTEN`] wherever it comes by.
struct Flipping(BoxStream);

impl AsyncRead for Flipping {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.0).poll_read(cx, buf);
        let new = &mut buf.filled_mut()[before..];
        let found = new
            .windows(ROTTEN.len())
            .position(|w| w == ROTTEN.as_bytes());
        if let Some(found) = found {
            new[found] ^= 1;
        }
        polled
    }
}

impl AsyncWrite for Flipping {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
