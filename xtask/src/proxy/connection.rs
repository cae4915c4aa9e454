//! One client's connection to one broker: a thread that reads and one that writes, each way.
//!
//! Threads rather than tasks: a thread wakes within a tenth of a millisecond where a runtime's
//! timer needs one, and a test has tens of connections, not thousands.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::frames::Side;
use super::line::{Item, Line};
use super::rules::Verb;
use super::talk::{Judge, Step, Talk};
use super::{Shared, Stage};

/// What the threads of a connection share.
#[derive(Debug)]
pub(super) struct Connection {
    node: u32,
    number: u64,
    shared: Arc<Shared>,
    talk: Mutex<Talk>,
    client: TcpStream,
    broker: TcpStream,
    /// To the broker, and back.
    out: Line,
    back: Line,
}

impl Connection {
    /// Both ends, joined. A distant broker's handshake takes a round trip before the first byte can
    /// leave, which the kernel has spared the client: so the line out opens that much later.
    pub(super) fn new(
        shared: Arc<Shared>,
        (node, number): (u32, u64),
        client: TcpStream,
        broker: TcpStream,
    ) -> Self {
        let now = Instant::now();
        let link = shared.link;
        Self {
            node,
            number,
            talk: Mutex::new(Talk::new()),
            client,
            broker,
            out: Line::new(link, now + 2 * link.delay),
            back: Line::new(link, now),
            shared,
        }
    }

    /// Carries bytes until either end closes; returns when all threads have ended.
    pub(super) fn run(&self) {
        std::thread::scope(|scope| {
            scope.spawn(|| self.read(Side::Request));
            scope.spawn(|| self.read(Side::Response));
            scope.spawn(|| self.write(Side::Request));
            self.write(Side::Response);
        });
        self.close();
    }

    /// Ends it; whoever reads or writes notices at once.
    pub(super) fn close(&self) {
        self.out.close();
        self.back.close();
        // An end that is closed already is as good.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.broker.shutdown(Shutdown::Both);
    }

    fn line(&self, side: Side) -> &Line {
        match side {
            Side::Request => &self.out,
            Side::Response => &self.back,
        }
    }

    /// From a socket into its line.
    fn read(&self, side: Side) {
        let mut socket = match side {
            Side::Request => &self.client,
            Side::Response => &self.broker,
        };
        let line = self.line(side);
        let mut buffer = vec![0; self.shared.link.read_size()];
        loop {
            let count = match socket.read(&mut buffer) {
                Ok(0) => {
                    line.push(Item::End);
                    return;
                }
                Ok(count) => count,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(_) => {
                    line.push(Item::Cut);
                    return;
                }
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            let mut judge = ConnectionJudge(self);
            let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
            let steps = talk.feed(side, bytes, &mut judge);
            drop(talk);
            for step in steps {
                let open = match step {
                    Step::Pass(bytes) => line.push(Item::Bytes(bytes)),
                    Step::Close => line.push(Item::Cut),
                    Step::Hold(time) => {
                        line.hold(time);
                        true
                    }
                };
                if !open {
                    return;
                }
            }
        }
    }

    /// From a line into the other socket.
    fn write(&self, side: Side) {
        let mut socket = match side {
            Side::Request => &self.broker,
            Side::Response => &self.client,
        };
        loop {
            match self.line(side).pop() {
                Some(Item::Bytes(bytes)) if socket.write_all(&bytes).is_ok() => {}
                Some(Item::End) => {
                    // The other direction may still have something to say.
                    let _ = socket.shutdown(Shutdown::Write);
                    return;
                }
                Some(Item::Bytes(_) | Item::Cut) | None => return self.close(),
            }
        }
    }
}

/// Asks the script, and tells the log.
struct ConnectionJudge<'a>(&'a Connection);

impl Judge for ConnectionJudge<'_> {
    fn decide(&mut self, api: i16) -> Option<(Verb, Side)> {
        let mut script = self.0.shared.script();
        script.decide(self.0.node, api, Instant::now())
    }

    fn torn_after(&mut self, total: u64) -> u64 {
        self.0.shared.script().torn_after(total)
    }

    fn did(&mut self, verb: Verb, what: &str) {
        let (node, number) = (self.0.node, self.0.number);
        self.0.shared.count(Stage::Did(verb));
        self.0
            .shared
            .say(&format!("node {node} connection {number}: {what}"));
    }
}
