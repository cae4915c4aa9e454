//! How clients reach the mock: in-memory pipes, or TCP sockets.
//!
//! In memory, broker N is `mock-N:9092`; no socket is touched, so a test with paused time sees
//! every byte as work. A broker that is moved gets a new name and port, and its old ones answer
//! nobody. TCP sockets are closed while their broker is down, so that connecting fails as it does
//! with a real broker.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::shared::{Run, Shared};
use super::state::Listener;
use crate::net::{BoxFuture, BoxStream, Connector};

/// Bytes in flight in each direction of a pipe.
const PIPE: usize = 256 << 10;
/// The port of a broker that never moved.
const PORT: u16 = 9092;

/// The address of a broker in memory after it moved `moves` times; from TEST-NET-1 (RFC 5737).
pub(crate) fn memory_address(id: i32, moves: u16) -> (String, u16, SocketAddr) {
    let host = match moves {
        0 => format!("mock-{id}"),
        _ => format!("mock-{id}-moved-{moves}"),
    };
    let port = PORT.saturating_add(moves);
    let last = u8::try_from(id).unwrap_or(u8::MAX);
    let ip = IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
    (host, port, SocketAddr::new(ip, port))
}

/// The client's end of the in-memory network; `MockCluster::connector` gives it.
#[derive(Debug)]
pub(crate) struct MemoryConnector {
    /// Weak, so that a client left over does not keep the cluster alive.
    pub(crate) shared: Weak<Shared>,
}

impl MemoryConnector {
    fn find(&self, wanted: impl Fn(&str, u16, SocketAddr) -> bool) -> Option<(i32, SocketAddr)> {
        let shared = self.shared.upgrade()?;
        shared.with(|state| {
            state.brokers.iter().find_map(|(id, broker)| {
                let (host, port) = broker.addresses.get(&Listener::Memory)?;
                let (_, _, address) = memory_address(*id, port.saturating_sub(PORT));
                wanted(host, *port, address).then_some((*id, address))
            })
        })
    }

    fn open(&self, address: SocketAddr) -> io::Result<BoxStream> {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let (id, _) = self.find(|_, _, at| at == address).ok_or_else(refused)?;
        let shared = self.shared.upgrade().ok_or_else(refused)?;
        if shared
            .status(id)
            .is_none_or(|status| status.run == Run::Down)
        {
            return Err(refused());
        }
        let (client, server) = tokio::io::duplex(PIPE);
        tokio::spawn(shared.serve(id, Listener::Memory, Box::new(server)));
        Ok(Box::new(client))
    }
}

impl Connector for MemoryConnector {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let found = self.find(|name, at, _| name == host && at == port);
        let unknown = || {
            let message = format!("the mock cluster has no broker at {host}:{port}");
            io::Error::new(io::ErrorKind::NotFound, message)
        };
        let resolved = found.map(|(_, address)| vec![address]).ok_or_else(unknown);
        Box::pin(std::future::ready(resolved))
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        // Opened when polled: a future that is dropped unpolled opens nothing.
        Box::pin(async move { self.open(address) })
    }
}

/// The sockets of a cluster that also listens on TCP.
#[derive(Debug, Default)]
pub(crate) struct TcpDoors {
    doors: Mutex<BTreeMap<i32, Door>>,
}

#[derive(Debug)]
struct Door {
    address: SocketAddr,
    runtime: Handle,
    accepting: AbortHandle,
}

impl TcpDoors {
    fn doors(&self) -> std::sync::MutexGuard<'_, BTreeMap<i32, Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a broker's socket; must be called in a runtime.
    ///
    /// # Errors
    ///
    /// The address cannot be bound.
    pub(crate) fn open(
        &self,
        shared: &Arc<Shared>,
        id: i32,
        address: SocketAddr,
        runtime: Handle,
    ) -> io::Result<SocketAddr> {
        let socket = TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let _inside = runtime.enter();
        let socket = tokio::net::TcpListener::from_std(socket)?;
        let accepting = runtime.spawn(accept(Arc::downgrade(shared), id, socket));
        shared.with(|state| {
            if let Some(broker) = state.brokers.get_mut(&id) {
                let host = advertised(address.ip()).to_string();
                broker
                    .addresses
                    .insert(Listener::Tcp, (host, address.port()));
            }
        });
        let door = Door {
            address,
            accepting: accepting.abort_handle(),
            runtime: runtime.clone(),
        };
        self.doors().insert(id, door);
        Ok(address)
    }

    /// Closes a broker's socket and remembers where it was.
    pub(crate) fn close(&self, id: i32) {
        if let Some(door) = self.doors().get(&id) {
            door.accepting.abort();
        }
    }

    /// Opens a broker's socket again, where it was or, if it `moved`, on another port.
    ///
    /// # Errors
    ///
    /// The address cannot be bound, as when another program took the port meanwhile.
    pub(crate) fn reopen(&self, shared: &Arc<Shared>, id: i32, moved: bool) -> io::Result<()> {
        let old = self.doors().remove(&id);
        let Some(door) = old else { return Ok(()) };
        door.accepting.abort();
        let port = if moved { 0 } else { door.address.port() };
        let address = SocketAddr::new(door.address.ip(), port);
        self.open(shared, id, address, door.runtime).map(|_| ())
    }
}

impl Drop for TcpDoors {
    fn drop(&mut self) {
        for door in self.doors().values() {
            door.accepting.abort();
        }
    }
}

/// What clients are told: "every address of this machine" is none they could connect to.
fn advertised(bound: IpAddr) -> IpAddr {
    match bound {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

async fn accept(shared: Weak<Shared>, id: i32, socket: tokio::net::TcpListener) {
    loop {
        let accepted = socket.accept().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        match accepted {
            Ok((stream, _)) => {
                // Without it the answer to a small request would wait for the client's next one.
                let _ = stream.set_nodelay(true);
                tokio::spawn(shared.serve(id, Listener::Tcp, Box::new(stream)));
            }
            Err(error) => {
                tracing::warn!(broker = id, %error, "the mock cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}
