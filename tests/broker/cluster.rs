//! The cluster itself: every node answers, and a dead one comes back under its address.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::support;

/// How long one node may take to answer one request.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// The error code of an ApiVersions request of version 0, its bytes written by hand so that this
/// suite judges the broker without help of the code under test.
fn api_versions(address: &str) -> std::io::Result<i16> {
    const REQUEST: [u8; 18] = [
        0, 0, 0, 14, // length
        0, 18, 0, 0, // ApiVersions, version 0
        0, 0, 0, 42, // correlation id
        0, 4, b't', b'i', b'd', b'e', // client id
    ];
    let mut resolved = address.to_socket_addrs()?;
    let first = resolved.next().ok_or(std::io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&first, ANSWER_LIMIT)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    stream.write_all(&REQUEST)?;
    let mut head = [0; 10];
    stream.read_exact(&mut head)?;
    let [_, _, _, _, 0, 0, 0, 42, code @ ..] = head else {
        return Err(std::io::Error::other(format!("not our answer: {head:?}")));
    };
    Ok(i16::from_be_bytes(code))
}

#[test]
fn every_node_answers_api_versions() {
    let Some(broker) = support::shared() else {
        return;
    };
    for address in broker.addresses() {
        assert_eq!(api_versions(address).unwrap(), 0, "{address}");
    }
}

#[test]
fn a_killed_node_comes_back_under_its_address() {
    let Some(cluster) = support::exclusive() else {
        return;
    };
    let address = cluster.addresses()[1].to_owned();
    cluster.fault("kill", 2);
    assert!(api_versions(&address).is_err());
    assert_eq!(api_versions(cluster.addresses()[0]).unwrap(), 0);
    cluster.fault("restart", 2);
    assert_eq!(api_versions(&address).unwrap(), 0);
    cluster.wait_until_whole();
}

#[test]
fn a_paused_node_is_silent_until_it_is_resumed() {
    let Some(cluster) = support::exclusive() else {
        return;
    };
    let address = cluster.addresses()[2].to_owned();
    cluster.fault("pause", 3);
    let began = Instant::now();
    let silence = api_versions(&address);
    cluster.fault("resume", 3);
    assert!(silence.is_err());
    assert!(
        began.elapsed() >= ANSWER_LIMIT,
        "it refused instead of being silent"
    );
    assert_eq!(api_versions(&address).unwrap(), 0);
    cluster.wait_until_whole();
}
