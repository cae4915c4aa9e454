//! The proxy over loopback, with a server that answers in frames.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::mpsc::{Receiver, sync_channel};

use super::frames::tests::{request, response};
use super::*;

const LIMIT: Duration = Duration::from_secs(20);

/// A broker that answers every request with its correlation id and first byte of body, and tells
/// which ids it has carried out.
struct Broker {
    port: u16,
    done: Receiver<i32>,
}

impl Broker {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, done) = sync_channel(1_000);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, tell) = (stream.unwrap(), tell.clone());
                std::thread::spawn(move || {
                    while let Some(frame) = read_frame(&mut stream) {
                        let id = i32::from_be_bytes(*frame[8..].first_chunk().unwrap());
                        // A test that has ended listens no more.
                        let _ = tell.try_send(id);
                        if stream.write_all(&response(id, &frame[12..])).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, done }
    }

    fn did(&self) -> i32 {
        self.done.recv_timeout(LIMIT).unwrap()
    }
}

/// A frame with its length; none at the end of the stream, however it ends.
fn read_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut frame = vec![0; 4];
    stream.read_exact(&mut frame).ok()?;
    let length = i32::from_be_bytes(*frame.first_chunk()?);
    frame.resize(4 + usize::try_from(length).ok()?, 0);
    stream.read_exact(&mut frame[4..]).ok()?;
    Some(frame)
}

fn proxy(broker: &Broker, rules: &[&str], link: Link) -> (Proxy, TcpStream) {
    let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    let settings = Settings {
        link,
        rules,
        seed: 3,
        log: None,
    };
    let route = Route {
        node: 1,
        listen: 0,
        to: broker.port,
    };
    let proxy = Proxy::start(&[route], settings).unwrap();
    let client = connect(&proxy);
    (proxy, client)
}

fn connect(proxy: &Proxy) -> TcpStream {
    let client = TcpStream::connect(proxy.listeners[0].0).unwrap();
    client.set_read_timeout(Some(LIMIT)).unwrap();
    client.set_nodelay(true).unwrap();
    client
}

#[test]
fn without_rules_everything_passes_and_an_end_is_passed_on() {
    let broker = Broker::start();
    let (proxy, mut client) = proxy(&broker, &[], Link::default());
    let body = vec![7; 3_000_000];
    client.write_all(&request(0, 1, &body)).unwrap();
    assert_eq!(read_frame(&mut client), Some(response(1, &body)));
    client.write_all(&request(0, 2, &[])).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(
        read_frame(&mut client),
        Some(response(2, &[])),
        "after our own end"
    );
    assert_eq!(read_frame(&mut client), None);
    assert_eq!(proxy.counts().connections, 1);
}

#[test]
fn a_response_is_dropped_after_the_broker_has_carried_its_request_out() {
    let broker = Broker::start();
    let (proxy, mut client) = proxy(
        &broker,
        &["cut-response,api=produce,nth=2"],
        Link::default(),
    );
    let all = [request(0, 1, &[1]), request(3, 2, &[]), request(0, 3, &[3])].concat();
    client.write_all(&all).unwrap();
    assert_eq!(read_frame(&mut client), Some(response(1, &[1])));
    assert_eq!(read_frame(&mut client), Some(response(2, &[])));
    assert_eq!(read_frame(&mut client), None, "cut");
    assert_eq!([broker.did(), broker.did(), broker.did()], [1, 2, 3]);
    assert_eq!(proxy.counts().cuts, 1);
    // The next connection is as good as new.
    let mut client = connect(&proxy);
    client.write_all(&request(0, 4, &[])).unwrap();
    assert_eq!(read_frame(&mut client), Some(response(4, &[])));
}

#[test]
fn a_cut_request_is_never_carried_out() {
    let broker = Broker::start();
    let (_proxy, mut client) = proxy(&broker, &["cut-request,api=produce"], Link::default());
    client.write_all(&request(3, 1, &[])).unwrap();
    assert_eq!(read_frame(&mut client), Some(response(1, &[])));
    client.write_all(&request(0, 2, &[])).unwrap();
    assert_eq!(read_frame(&mut client), None);
    assert_eq!(broker.did(), 1);
    assert!(broker.done.try_recv().is_err());
}

#[test]
fn a_torn_response_ends_inside() {
    let broker = Broker::start();
    let (proxy, mut client) = proxy(&broker, &["tear-response,api=produce"], Link::default());
    client.write_all(&request(0, 1, &[9; 500])).unwrap();
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = client.read_to_end(&mut rest);
    assert!(rest.len() < 508, "{}", rest.len());
    assert_eq!(rest, response(1, &[9; 500])[..rest.len()]);
    assert_eq!(proxy.counts().torn, 1);
}

#[test]
fn a_blackhole_keeps_the_connection_and_says_nothing() {
    let broker = Broker::start();
    let (proxy, mut client) = proxy(&broker, &["blackhole-response,nth=1"], Link::default());
    client.write_all(&request(0, 1, &[])).unwrap();
    assert_eq!(broker.did(), 1);
    client
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    client.write_all(&request(0, 2, &[])).unwrap();
    let error = client.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    ));
    assert_eq!(proxy.counts().blackholes, 1);
    drop(proxy);
    client.set_read_timeout(Some(LIMIT)).unwrap();
    assert!(
        matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)),
        "the proxy has closed it"
    );
}

#[test]
fn pipelined_requests_share_the_delay() {
    let broker = Broker::start();
    let link = Link {
        delay: Duration::from_millis(20),
        bytes_per_second: None,
    };
    let (_proxy, mut client) = proxy(&broker, &[], link);
    let start = Instant::now();
    for id in 0..100 {
        client.write_all(&request(0, id, &[1; 100])).unwrap();
    }
    for id in 0..100 {
        assert_eq!(read_frame(&mut client), Some(response(id, &[1; 100])));
        // Never sooner than the handshake's round trip and its own: 80 ms.
        assert!(
            start.elapsed() >= Duration::from_millis(80),
            "{:?}",
            start.elapsed()
        );
    }
    // One after the other they would take 4 s; the machine may be slow, but not that slow.
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_broker_that_is_down_refuses_and_rules_can_change() {
    let broker = Broker::start();
    let (proxy, mut client) = proxy(&broker, &["cut-request"], Link::default());
    client.write_all(&request(0, 1, &[])).unwrap();
    assert_eq!(read_frame(&mut client), None);
    proxy.set_rules(Vec::new());
    let mut client = connect(&proxy);
    client.write_all(&request(0, 2, &[])).unwrap();
    assert_eq!(read_frame(&mut client), Some(response(2, &[])));
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let route = Route {
        node: 1,
        listen: 0,
        to: nobody.local_addr().unwrap().port(),
    };
    drop(nobody);
    let proxy = Proxy::start(&[route], Settings::default()).unwrap();
    assert_eq!(read_frame(&mut connect(&proxy)), None);
    assert_eq!(proxy.counts().refused, 1);
}
