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

/// A partition as a broker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) id: i32,
    /// -1 for none.
    pub(crate) leader: i32,
    replicas: Vec<i32>,
    in_sync: Vec<i32>,
}

impl Partition {
    /// Whether it has a leader and every replica is in sync.
    pub(crate) fn is_whole(&self) -> bool {
        self.leader >= 0 && self.in_sync.len() == self.replicas.len()
    }
}

/// A topic's partitions, as the broker on this port knows them.
pub(crate) fn partitions(port: u16, topic: &str) -> Result<Vec<Partition>, String> {
    let name = i16::try_from(topic.len()).map_err(|e| e.to_string())?;
    let one_topic = 1_i32.to_be_bytes();
    let body = [&one_topic, name.to_be_bytes().as_slice(), topic.as_bytes()].concat();
    let answer = connect(port).and_then(|mut stream| call(&mut stream, METADATA, 1, &body));
    let answer = answer.map_err(|e| e.to_string())?;
    metadata(&answer).ok_or("a Metadata response that cannot be read")?
}

/// The partitions of the only topic in a Metadata response, version 1.
fn metadata(answer: &[u8]) -> Option<Result<Vec<Partition>, String>> {
    let mut rest = Rest(answer);
    rest.array(|rest| {
        rest.int32()?; // node
        rest.string()?; // host
        rest.int32()?; // port
        rest.string() // rack
    })?;
    rest.int32()?; // controller
    let mut topics = rest.array(|rest| {
        let error = rest.int16()?;
        rest.string()?; // name
        rest.take(1)?; // internal
        let partitions = rest.array(|rest| {
            rest.int16()?; // error
            Some(Partition {
                id: rest.int32()?,
                leader: rest.int32()?,
                replicas: rest.array(Rest::int32)?,
                in_sync: rest.array(Rest::int32)?,
            })
        })?;
        Some(match (error, partitions.is_empty()) {
            (0, false) => Ok(partitions),
            _ => Err(format!("the topic answers error {error}")),
        })
    })?;
    topics.pop()
}

/// What is still to be read of an answer.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn int16(&mut self) -> Option<i16> {
        self.take(2).and_then(int16)
    }

    fn int32(&mut self) -> Option<i32> {
        self.take(4).and_then(int32)
    }

    /// A null one is empty.
    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.int16()?;
        self.take(usize::try_from(length).unwrap_or(0))
    }

    /// As many as the answer has bytes for, whatever it claims.
    fn array<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.int32()?;
        (0..count).map(|_| item(self)).collect()
    }
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

fn ask(port: u16) -> std::io::Result<usize> {
    let mut stream = connect(port)?;
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
    fn partitions_are_read_with_their_replicas() {
        let mut body = Vec::new();
        let brokers: &[&[u8]] = &[
            &[0, 0, 0, 1],
            &[0, 0, 0, 7],
            &[0, 2],
            b"ho",
            &[0; 4],
            &[255, 255],
        ];
        body.extend(brokers.concat());
        body.extend([0, 0, 0, 7]); // controller
        let topic: &[&[u8]] = &[&[0, 0, 0, 1], &[0, 0], &[0, 1], b"t", &[0], &[0, 0, 0, 2]];
        body.extend(topic.concat());
        for (id, in_sync) in [(0, 2), (1, 1)] {
            body.extend([0, 0, 0, 0, 0, id, 0, 0, 0, 7]);
            body.extend([0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 8]);
            body.extend([0, 0, 0, in_sync]);
            body.extend(
                [0, 0, 0, 7, 0, 0, 0, 8]
                    .iter()
                    .take(4 * usize::from(in_sync)),
            );
        }
        let found = metadata(&body).unwrap().unwrap();
        let whole: Vec<_> = found
            .iter()
            .map(|p| (p.id, p.leader, p.is_whole()))
            .collect();
        assert_eq!(whole, [(0, 7, true), (1, 7, false)]);
        for length in 0..body.len() {
            assert_eq!(metadata(&body[..length]), None, "cut to {length} bytes");
        }
    }

    #[test]
    fn refusals_strangers_and_absurd_lengths_are_not_serving() {
        assert!(known_brokers(serve(vec![answer(7, &[0, 35])])).is_err());
        assert!(known_brokers(serve(vec![answer(8, &[0, 0])])).is_err());
        assert!(known_brokers(serve(vec![vec![0x7f, 0xff, 0xff, 0xff]])).is_err());
        assert!(known_brokers(serve(vec![])).is_err());
    }
}
