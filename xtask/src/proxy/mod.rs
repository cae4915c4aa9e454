//! A proxy between clients and brokers that understands as much of Kafka's protocol as it needs to
//! delay, cut and lose what it is told to, and to say exactly what that was.
//!
//! ```text
//! client -> 127.0.0.1:proxy_port -> [line out: delay, throttle] -> broker's second listener
//!        <-                      <- [line back]                 <-
//! ```
//!
//! Brokers started with `--proxy` tell clients of that listener the proxy's port, so a client stays
//! behind the proxies wherever it is sent. The delay is a line with bytes in it, not a wait between
//! a request and the next: 50 ms each way do not slow down a client that pipelines.

mod command;
mod connection;
mod frames;
mod line;
mod rules;
mod talk;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::state::Cluster;

use self::connection::Connection;
use self::rules::{Script, Verb};

pub(crate) use self::command::{Args, run};
pub(crate) use self::line::Link;
pub(crate) use self::rules::Rule;

/// For a broker to take a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Open at once, of all brokers.
const CONNECTIONS: usize = 2_000;

/// Where a proxy listens, and for which broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) node: u32,
    /// The port of the proxy.
    pub(crate) listen: u16,
    /// The port of the broker.
    pub(crate) to: u16,
}

/// How a proxy behaves.
#[derive(Default)]
pub(crate) struct Settings {
    /// Each way of each connection.
    pub(crate) link: Link,
    pub(crate) rules: Vec<Rule>,
    pub(crate) seed: u64,
    /// Where every action is written, a line each.
    pub(crate) log: Option<Box<dyn Write + Send>>,
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) connections: u64,
    /// Connections whose broker did not answer.
    pub(crate) refused: u64,
    pub(crate) cuts: u64,
    pub(crate) torn: u64,
    pub(crate) held: u64,
    pub(crate) blackholes: u64,
}

/// Something to count.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Connected,
    Refused,
    Did(Verb),
}

/// What all connections share.
struct Shared {
    link: Link,
    script: Mutex<Script>,
    counts: Mutex<Counts>,
    log: Mutex<Option<Box<dyn Write + Send>>>,
    start: Instant,
    stopped: AtomicBool,
    next: AtomicU64,
    live: Mutex<BTreeMap<u64, Arc<Connection>>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        lock(&self.script)
    }

    fn count(&self, what: Stage) {
        let mut counts = lock(&self.counts);
        let count = match what {
            Stage::Connected => &mut counts.connections,
            Stage::Refused => &mut counts.refused,
            Stage::Did(Verb::Cut) => &mut counts.cuts,
            Stage::Did(Verb::Tear) => &mut counts.torn,
            Stage::Did(Verb::Hold(_)) => &mut counts.held,
            Stage::Did(Verb::Blackhole) => &mut counts.blackholes,
        };
        *count += 1;
    }

    fn say(&self, what: &str) {
        if let Some(log) = lock(&self.log).as_mut() {
            let seconds = self.start.elapsed().as_secs_f64();
            let line = format!("{seconds:.4} {what}\n");
            // A log that cannot be written must not end what it is about.
            let _ = log.write_all(line.as_bytes());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Proxies that run until this is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    listeners: Vec<(SocketAddr, JoinHandle<()>)>,
}

impl Proxy {
    /// Starts one in front of each broker of a cluster that was started with `--proxy`.
    pub(crate) fn of(cluster: &Cluster, settings: Settings) -> Result<Self, String> {
        let routes: Option<Vec<Route>> = cluster
            .brokers()
            .map(|broker| {
                broker.proxied.map(|proxied| Route {
                    node: broker.id,
                    listen: proxied.proxy_port,
                    to: proxied.port,
                })
            })
            .collect();
        let name = &cluster.name;
        let routes = routes.ok_or_else(|| {
            format!(
                "cluster {name:?} has no ports for a proxy; start it with \
                 `cargo xtask broker up --name {name} --proxy`"
            )
        })?;
        Self::start(&routes, settings)
    }

    /// Starts one for each route.
    pub(crate) fn start(routes: &[Route], settings: Settings) -> Result<Self, String> {
        let shared = Arc::new(Shared {
            link: settings.link,
            script: Mutex::new(Script::new(settings.rules, settings.seed)),
            counts: Mutex::default(),
            log: Mutex::new(settings.log),
            start: Instant::now(),
            stopped: AtomicBool::new(false),
            next: AtomicU64::new(0),
            live: Mutex::default(),
        });
        let mut proxy = Self {
            shared,
            listeners: Vec::new(),
        };
        for route in routes {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, route.listen));
            let listener = TcpListener::bind(address)
                .map_err(|e| format!("cannot listen on {address}: {e}; does another proxy run?"))?;
            let address = listener.local_addr().map_err(|e| e.to_string())?;
            let (shared, route) = (Arc::clone(&proxy.shared), *route);
            let thread = std::thread::spawn(move || accept(&shared, &listener, route));
            proxy.listeners.push((address, thread));
        }
        Ok(proxy)
    }

    /// Other rules from now on; none lets everything pass.
    pub(crate) fn set_rules(&self, rules: Vec<Rule>) {
        self.shared.script().replace(rules);
    }

    pub(crate) fn counts(&self) -> Counts {
        *lock(&self.shared.counts)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for (address, thread) in self.listeners.drain(..) {
            // Wakes the listener, which then sees that it is to end.
            let _ = TcpStream::connect_timeout(&address, CONNECT_LIMIT);
            let _ = thread.join();
        }
        for connection in lock(&self.shared.live).values() {
            connection.close();
        }
    }
}

/// Takes connections until the proxy is stopped.
fn accept(shared: &Arc<Shared>, listener: &TcpListener, route: Route) {
    for client in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else {
            // Out of file handles, most likely.
            std::thread::sleep(Duration::from_millis(10));
            continue;
        };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || carry(&shared, client, route));
    }
}

/// Connects to the broker and carries a connection to its end.
fn carry(shared: &Arc<Shared>, client: TcpStream, route: Route) {
    let number = shared.next.fetch_add(1, Ordering::Relaxed) + 1;
    let (node, to) = (
        route.node,
        SocketAddr::from((Ipv4Addr::LOCALHOST, route.to)),
    );
    let broker = TcpStream::connect_timeout(&to, CONNECT_LIMIT);
    let ready = |socket: &TcpStream| socket.set_nodelay(true).is_ok();
    let broker = match broker {
        Ok(broker) if ready(&client) && ready(&broker) => broker,
        Ok(_) => return,
        Err(e) => {
            shared.count(Stage::Refused);
            return shared.say(&format!("node {node} connection {number}: refused, {e}"));
        }
    };
    let connection = Connection::new(Arc::clone(shared), (node, number), client, broker);
    let connection = Arc::new(connection);
    {
        let mut live = lock(&shared.live);
        // Asked under the lock: a proxy that stops closes what is in there.
        if live.len() >= CONNECTIONS || shared.stopped.load(Ordering::SeqCst) {
            return connection.close();
        }
        live.insert(number, Arc::clone(&connection));
    }
    shared.count(Stage::Connected);
    shared.say(&format!("node {node} connection {number}: open"));
    connection.run();
    lock(&shared.live).remove(&number);
    shared.say(&format!("node {node} connection {number}: closed"));
}

#[cfg(test)]
mod tests;
