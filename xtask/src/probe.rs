//! Whether a broker serves, asked in Kafka's own protocol with bytes written by hand.
//!
//! A listening port is not enough: a broker accepts connections before it has caught up with the
//! cluster. It serves when it answers ApiVersions and its Metadata lists every broker.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const API_VERSIONS: i16 = 18;
const METADATA: i16 = 3;
const CORRELATION: i32 = 7;
/// One attempt, however the broker behaves.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Both answers are a few hundred bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// How many brokers the one on this port knows, itself included; why, if it does not serve.
pub(crate) fn known_brokers(port: u16) -> Result<usize, String> {
    ask(port).map_err(|e| e.to_string())
}

fn ask(port: u16) -> std::io::Result<usize> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // Version 0 is empty; its answer begins with an error code.
    let versions = call(&mut stream, API_VERSIONS, 0, &[])?;
    match int16(&versions) {
        Some(0) => {}
        other => return Err(unexpected(format!("ApiVersions answered error {other:?}"))),
    }
    // Version 1 with an empty array asks for no topics; the answer begins with the brokers' count.
    let metadata = call(&mut stream, METADATA, 1, &0_i32.to_be_bytes())?;
    int32(&metadata)
        .and_then(|count| usize::try_from(count).ok())
        .ok_or_else(|| unexpected("Metadata has no broker count".into()))
}

/// Sends one request; the answer's bytes after the correlation id.
fn call(stream: &mut TcpStream, key: i16, version: i16, body: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(&request(key, version, body))?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_ANSWER {
        return Err(unexpected(format!("an answer of {length} bytes")));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    if int32(&answer) != Some(CORRELATION) {
        return Err(unexpected("an answer to another question".into()));
    }
    Ok(answer.split_off(4))
}

/// A request with its length and a version 1 header.
fn request(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let client_id = b"xtask";
    let mut bytes = Vec::new();
    bytes.extend(key.to_be_bytes());
    bytes.extend(version.to_be_bytes());
    bytes.extend(CORRELATION.to_be_bytes());
    bytes.extend(5_i16.to_be_bytes());
    bytes.extend(client_id);
    bytes.extend(body);
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    [length.to_be_bytes().as_slice(), bytes.as_slice()].concat()
}

fn int16(bytes: &[u8]) -> Option<i16> {
    bytes.first_chunk().copied().map(i16::from_be_bytes)
}

fn int32(bytes: &[u8]) -> Option<i32> {
    bytes.first_chunk().copied().map(i32::from_be_bytes)
}

fn unexpected(what: String) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A broker that gives these answers, one per request, and hangs up.
    fn serve(answers: Vec<Vec<u8>>) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in answers {
                let mut length = [0; 4];
                stream.read_exact(&mut length).unwrap();
                let mut body = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
                stream.read_exact(&mut body).unwrap();
                stream.write_all(&answer).unwrap();
            }
        });
        port
    }

    fn answer(correlation: i32, body: &[u8]) -> Vec<u8> {
        let length = i32::try_from(body.len() + 4).unwrap();
        let head = [length.to_be_bytes(), correlation.to_be_bytes()].concat();
        [head.as_slice(), body].concat()
    }

    #[test]
    fn a_serving_broker_tells_how_many_there_are() {
        let port = serve(vec![answer(7, &[0, 0]), answer(7, &[0, 0, 0, 3, 9, 9])]);
        assert_eq!(known_brokers(port), Ok(3));
    }

    #[test]
    fn refusals_strangers_and_absurd_lengths_are_not_serving() {
        assert!(known_brokers(serve(vec![answer(7, &[0, 35])])).is_err());
        assert!(known_brokers(serve(vec![answer(8, &[0, 0])])).is_err());
        assert!(known_brokers(serve(vec![vec![0x7f, 0xff, 0xff, 0xff]])).is_err());
        assert!(known_brokers(serve(vec![])).is_err());
    }
}
