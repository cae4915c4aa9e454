//! The only seam to the network: names to addresses, an address to a stream of bytes.
//!
//! Everything above works on a [`BoxStream`], so that plain TCP, TLS, a proxy and the pipes of an
//! in-memory cluster look the same, and a test with virtual time touches no socket.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};

/// A boxed future, as an object-safe trait has to return one.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A two-way stream of bytes. Implemented by everything that has the traits it is made of.
///
/// `is_write_vectored` should be true where it can be: requests are written as many slices.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> ByteStream for T {}

/// A [`ByteStream`] of any make.
pub type BoxStream = Box<dyn ByteStream>;

/// How a client reaches brokers. One per client; give your own to
/// `ClientBuilder::connector` for tunnels, tests or an in-process cluster.
///
/// Neither method needs a limit of its own: the caller bounds both by
/// `socket.connection.setup.timeout.ms` and drops a future that takes too long.
pub trait Connector: Debug + Send + Sync + 'static {
    /// The addresses of a name, in the order in which to try them. Called for every connection, so
    /// that a broker that moved to another address is found (`client.dns.lookup=use_all_dns_ips`).
    ///
    /// # Errors
    /// The name could not be resolved. An empty list counts as an error too.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;

    /// Opens a stream to one address.
    ///
    /// # Errors
    /// Nobody answers there, or not as this connector expects.
    fn connect(&self, addr: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>>;
}

/// Plain TCP: `TCP_NODELAY`, keep-alive, and the system's resolver.
///
/// The resolver (`getaddrinfo`) blocks, so it runs on tokio's blocking pool. A look-up that is
/// given up goes on there until the resolver returns; a program that wants to end at once has to
/// end its runtime with `Runtime::shutdown_background`.
#[derive(Clone, Debug, Default)]
pub struct TcpConnector {
    send_buffer: Option<usize>,
    receive_buffer: Option<usize>,
}

/// Silence after which the system asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

impl TcpConnector {
    /// Sizes of the system's socket buffers in bytes (`send.buffer.bytes`, `receive.buffer.bytes`).
    /// `None`, the default, leaves them to the system, which grows them to what the line needs; a
    /// fixed size caps a connection at that many bytes per round trip.
    #[must_use]
    pub fn with_buffers(send: Option<usize>, receive: Option<usize>) -> Self {
        Self {
            send_buffer: send,
            receive_buffer: receive,
        }
    }

    async fn open(&self, addr: SocketAddr) -> io::Result<TcpStream> {
        let socket = match addr {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        {
            // Before the connection opens: the window scale is agreed on in its first packet.
            let options = SockRef::from(&socket);
            if let Some(size) = self.send_buffer {
                options.set_send_buffer_size(size)?;
            }
            if let Some(size) = self.receive_buffer {
                options.set_recv_buffer_size(size)?;
            }
            options.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
        }
        let stream = socket.connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Connector for TcpConnector {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }

    fn connect(&self, addr: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        Box::pin(async move {
            let stream = self.open(addr).await?;
            Ok(Box::new(stream) as BoxStream)
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn tcp_resolves_connects_and_carries_bytes_both_ways() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connector = TcpConnector::with_buffers(Some(65_536), Some(65_536));
        let addresses = connector.resolve("localhost", port).await.unwrap();
        let address = addresses.into_iter().find(SocketAddr::is_ipv4).unwrap();
        let mut ours = connector.connect(address).await.unwrap();
        let (mut theirs, _) = listener.accept().await.unwrap();
        assert!(ours.is_write_vectored());
        ours.write_all(b"ping").await.unwrap();
        let mut buffer = [0; 4];
        theirs.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"ping");
        drop(theirs);
        assert_eq!(ours.read(&mut buffer).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn options_reach_the_socket() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpConnector::default().open(address).await.unwrap();
        assert!(stream.nodelay().unwrap());
        assert!(SockRef::from(&stream).keepalive().unwrap());
    }
}
