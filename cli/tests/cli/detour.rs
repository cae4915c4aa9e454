//! A way to the mock that lies about where its brokers are: what a client meets whose bootstrap
//! address works and whose advertised addresses do not, as with containers and port forwarding.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::harness::Mock;

/// The host that the mock advertises; its port follows, in four bytes.
const HOST: &[u8] = b"127.0.0.1";

/// Forwards to the mock; in every answer the brokers' port is another one.
pub(crate) struct Detour {
    pub(crate) bootstrap: String,
}

impl Detour {
    /// Needs a mock of one node. The threads end with the connections, or with the test.
    pub(crate) fn start(mock: &Mock, advertised: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bootstrap = listener.local_addr().unwrap().to_string();
        let to = mock.bootstrap.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&to) else {
                    continue;
                };
                let (from, into) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || copy(from, into, |_| {}));
                thread::spawn(move || copy(server, client, |bytes| redirect(bytes, advertised)));
            }
        });
        Self { bootstrap }
    }
}

/// An address that refuses connections.
pub(crate) fn dead_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// An address that takes connections and never says a word.
pub(crate) fn silent_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let taken: Vec<_> = listener.incoming().flatten().collect();
        drop(taken);
    });
    port
}

fn copy(mut from: TcpStream, mut to: TcpStream, change: impl Fn(&mut [u8])) {
    // Larger than any answer of these tests, so that none is cut.
    let mut buffer = vec![0; 1 << 20];
    while let Ok(read) = from.read(&mut buffer) {
        change(&mut buffer[..read]);
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

fn redirect(bytes: &mut [u8], port: u16) {
    let length = HOST.len();
    for start in 0..bytes.len().saturating_sub(length + 3) {
        if bytes[start..].starts_with(HOST) {
            bytes[start + length..start + length + 4]
                .copy_from_slice(&i32::from(port).to_be_bytes());
        }
    }
}
