//! A line between two places, in front of a broker that is on this machine.
//!
//! Every connection goes through a proxy of its own, over real sockets, in this process: bytes on
//! their way count as its memory. Many are on their way at once, so a delay costs no bandwidth.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tidewire::{BoxFuture, BoxStream, Connector, TcpConnector};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// What is read at once.
const PIECE: usize = 64 << 10;
/// How many pieces are on their way at the most, each way of each connection.
const PIECES: usize = 256;

/// Connects as TCP does, to what seems far away.
#[derive(Debug)]
pub(crate) struct Line {
    tcp: TcpConnector,
    one_way: Duration,
}

impl Line {
    pub(crate) fn new(round_trip: Duration) -> Self {
        Self {
            tcp: TcpConnector::default(),
            one_way: round_trip / 2,
        }
    }
}

impl Connector for Line {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.tcp.resolve(host, port)
    }

    fn connect(&self, addr: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        Box::pin(async move {
            let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let near = self.tcp.connect(door.local_addr()?).await?;
            let (inside, _) = door.accept().await?;
            inside.set_nodelay(true)?;
            let (from_near, to_near) = split(inside);
            let (from_far, to_far) = split(self.tcp.connect(addr).await?);
            tokio::spawn(carry(from_near, to_far, self.one_way));
            tokio::spawn(carry(from_far, to_near, self.one_way));
            Ok(near)
        })
    }
}

/// Carries all bytes, each as late; ends with either end.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    one_way: Duration,
) {
    let (enter, mut leave) = mpsc::channel(PIECES);
    let entering = async move {
        loop {
            let mut piece = vec![0; PIECE];
            let count = from.read(&mut piece).await.unwrap_or(0);
            // A small one must not keep the room of a large one while it is on its way.
            piece.truncate(count);
            piece.shrink_to_fit();
            let due = Instant::now() + one_way;
            if count == 0 || enter.send((due, piece)).await.is_err() {
                return;
            }
        }
    };
    let leaving = async move {
        while let Some((due, piece)) = leave.recv().await {
            sleep_until(due).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        // Whoever closed the other end needs no word of this.
        let _ = to.shutdown().await;
    };
    tokio::join!(entering, leaving);
}
