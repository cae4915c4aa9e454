//! `cargo xtask broker ..`: a cluster's life, whatever engine runs it.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::args::{BrokerArgs, BrokerCommand, UpArgs};
use crate::engines::{self, Engine, EngineId};
use crate::ports;
use crate::probe;
use crate::process::{ProcessId, Signal};
use crate::state::{self, Cluster, Member, Proxied, Role};

/// From start to serving. Alone a node needs 3 s; on a busy machine three of them need much more.
const START_LIMIT: Duration = Duration::from_secs(120);
/// From SIGTERM to gone. A node that cannot hand over its partitions waits for a while.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// ZooKeeper refuses a restarted broker until the session of the killed one has expired.
const START_ATTEMPTS: u32 = 5;

pub(crate) fn run(args: &BrokerArgs) -> Result<(), String> {
    let name = &args.name;
    match &args.command {
        BrokerCommand::Up(up_args) => {
            let cluster = up(name, up_args, None)?;
            print_cluster(&cluster);
            Ok(())
        }
        BrokerCommand::Down { all: true } => {
            let clusters = Cluster::all()?;
            clusters.iter().try_for_each(remove)
        }
        BrokerCommand::Down { all: false } => match Cluster::find(name)? {
            Some(cluster) => remove(&cluster),
            None => {
                eprintln!("no cluster {name:?} is up");
                Ok(())
            }
        },
        BrokerCommand::Kill { node } => kill(name, *node),
        BrokerCommand::Pause { node } => pause(name, *node),
        BrokerCommand::Resume { node } => resume(name, *node),
        BrokerCommand::Restart { node } => restart(name, *node),
        BrokerCommand::Wait => {
            let cluster = Cluster::load(name)?;
            wait_until_whole(&cluster, &*cluster.engine.engine())
        }
        BrokerCommand::Status => {
            Cluster::all()?.iter().for_each(print_cluster);
            Ok(())
        }
    }
}

/// Starts a fresh cluster in the place of whatever had its name. `owner` is the process it must not
/// outlive.
pub(crate) fn up(name: &str, args: &UpArgs, owner: Option<ProcessId>) -> Result<Cluster, String> {
    for old in Cluster::all()? {
        if old.name == name || old.is_orphan() {
            remove(&old)?;
        }
    }
    let engine_id = engines::choose(args.engine, args.kafka)?;
    let engine = engine_id.engine();
    let mut cluster = plan(name, args, engine_id, owner)?;
    let dir = cluster.dir();
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(|e| format!("cannot delete {}: {e}", dir.display()))?;
    }
    cluster.save()?;
    let result =
        configure(&cluster, &*engine, &args.configs).and_then(|()| launch(&mut cluster, &*engine));
    if let Err(why) = result {
        remove(&cluster)?;
        return Err(why);
    }
    Ok(cluster)
}

/// Stops a cluster and forgets it.
pub(crate) fn remove(cluster: &Cluster) -> Result<(), String> {
    cluster.engine.engine().remove(cluster)?;
    cluster.forget()?;
    eprintln!("stopped cluster {:?}", cluster.name);
    Ok(())
}

/// Who listens where. Nothing is started yet.
fn plan(
    name: &str,
    args: &UpArgs,
    engine: EngineId,
    owner: Option<ProcessId>,
) -> Result<Cluster, String> {
    let zookeeper = args.kafka.needs_zookeeper();
    // One for clients, one for KRaft's controller, two for a proxy and what is behind it.
    let each = 1 + u32::from(!zookeeper) + 2 * u32::from(args.proxy);
    let count = each * args.nodes + u32::from(zookeeper);
    let count = usize::try_from(count).map_err(|e| e.to_string())?;
    let mut ports = ports::free(count, &state::ports_in_use()?)?.into_iter();
    let mut next = || ports.next().ok_or("too few ports");
    let mut members = Vec::new();
    if zookeeper {
        members.push(Member {
            id: 0,
            role: Role::Zookeeper,
            port: next()?,
            controller_port: None,
            proxied: None,
            rack: None,
            process: None,
        });
    }
    for id in 1..=args.nodes {
        let proxied = match args.proxy {
            true => Some(Proxied {
                port: next()?,
                proxy_port: next()?,
            }),
            false => None,
        };
        members.push(Member {
            id,
            role: Role::Broker,
            port: next()?,
            controller_port: if zookeeper { None } else { Some(next()?) },
            proxied,
            rack: Some(format!("rack-{id}")),
            process: None,
        });
    }
    Ok(Cluster {
        name: name.into(),
        kafka: args.kafka,
        engine,
        cluster_id: cluster_id(),
        owner,
        members,
    })
}

/// Writes every member's configuration; of a key that is there twice Kafka takes the last.
fn configure(cluster: &Cluster, engine: &dyn Engine, more: &[String]) -> Result<(), String> {
    for member in &cluster.members {
        let file = cluster.config_file(member);
        let data = engine.data_dir(cluster, member);
        let mut text = crate::properties::render(cluster, member, &data);
        if member.role == Role::Broker {
            text.extend(more.iter().flat_map(|line| [line, "\n"]));
        }
        fs::create_dir_all(cluster.member_dir(member))
            .and_then(|()| fs::write(&file, text))
            .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    Ok(())
}

/// Starts all members, brokers side by side, and waits until each broker knows all others.
fn launch(cluster: &mut Cluster, engine: &dyn Engine) -> Result<(), String> {
    for role in [Role::Zookeeper, Role::Broker] {
        let started: Vec<(u32, Result<_, String>)> = std::thread::scope(|scope| {
            let members = cluster.members.iter().filter(|m| m.role == role);
            let threads: Vec<_> = members
                .map(|m| (m.id, scope.spawn(|| engine.start(cluster, m))))
                .collect();
            let died = |_| Err("a start-up thread died".into());
            let join = threads.into_iter();
            join.map(|(id, t)| (id, t.join().unwrap_or_else(died)))
                .collect()
        });
        let mut failure = Ok(());
        for (id, process) in started {
            match process {
                Ok(process) => cluster.set_process(id, process),
                Err(why) => failure = Err(why),
            }
        }
        cluster.save()?;
        failure?;
    }
    wait_until_whole(cluster, engine)
}

/// Waits until every broker serves and knows all others.
fn wait_until_whole(cluster: &Cluster, engine: &dyn Engine) -> Result<(), String> {
    let everybody = cluster.brokers().count();
    cluster
        .brokers()
        .try_for_each(|broker| wait_until_serving(cluster, engine, broker, everybody))
}

/// Waits until a broker serves and knows `others` brokers, itself included; fails early when its
/// process has ended.
fn wait_until_serving(
    cluster: &Cluster,
    engine: &dyn Engine,
    member: &Member,
    others: usize,
) -> Result<(), String> {
    let end = Instant::now() + START_LIMIT;
    loop {
        let answer = probe::known_brokers(member.port);
        if answer.as_ref().is_ok_and(|known| *known >= others) {
            return Ok(());
        }
        let dead = !engine.is_running(cluster, member);
        if dead || Instant::now() >= end {
            let what = match (dead, answer) {
                (true, _) => "ended while starting".into(),
                (false, Ok(known)) => format!("knows {known} of {others} brokers"),
                (false, Err(why)) => format!("does not serve: {why}"),
            };
            let (name, place) = (member.name(), engine.log_place(cluster, member));
            let log = engine.log(cluster, member);
            return Err(format!("{name} {what}; its log ({place}) ends with\n{log}"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// SIGKILL; returns when the node is gone.
pub(crate) fn kill(name: &str, node: u32) -> Result<(), String> {
    signal(name, node, Signal::Kill)
}

/// SIGSTOP.
pub(crate) fn pause(name: &str, node: u32) -> Result<(), String> {
    signal(name, node, Signal::Stop)
}

/// SIGCONT.
pub(crate) fn resume(name: &str, node: u32) -> Result<(), String> {
    signal(name, node, Signal::Continue)
}

fn signal(name: &str, node: u32, signal: Signal) -> Result<(), String> {
    let cluster = Cluster::load(name)?;
    let member = cluster.broker(node)?;
    let engine = cluster.engine.engine();
    engine.signal(&cluster, member, signal)?;
    if signal == Signal::Kill && !wait_stopped(&cluster, &*engine, member) {
        return Err(format!("node {node} survives SIGKILL"));
    }
    Ok(())
}

/// Starts a node on its old ports, after a polite stop if it lives; returns when it serves.
pub(crate) fn restart(name: &str, node: u32) -> Result<(), String> {
    let mut cluster = Cluster::load(name)?;
    let engine = cluster.engine.engine();
    let member = cluster.broker(node)?.clone();
    if engine.is_running(&cluster, &member) {
        // A paused process would not hear SIGTERM.
        engine.signal(&cluster, &member, Signal::Continue)?;
        engine.signal(&cluster, &member, Signal::Terminate)?;
        if !wait_stopped(&cluster, &*engine, &member) {
            eprintln!("node {node} does not stop by itself; killing it");
            engine.signal(&cluster, &member, Signal::Kill)?;
            wait_stopped(&cluster, &*engine, &member);
        }
    }
    let mut attempt = 1;
    loop {
        let process = engine.start(&cluster, &member)?;
        cluster.set_process(node, process);
        cluster.save()?;
        let member = cluster.broker(node)?;
        // Others may be dead on purpose: this node need not see them.
        match wait_until_serving(&cluster, &*engine, member, 1) {
            Ok(()) => return Ok(()),
            Err(why) => {
                let again = cluster.kafka.needs_zookeeper() && attempt < START_ATTEMPTS;
                if !again || engine.is_running(&cluster, member) {
                    return Err(why);
                }
            }
        }
        attempt += 1;
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn wait_stopped(cluster: &Cluster, engine: &dyn Engine, member: &Member) -> bool {
    let end = Instant::now() + STOP_LIMIT;
    while engine.is_running(cluster, member) {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    true
}

/// What a person wants to know on stderr, what a shell wants to evaluate on stdout.
fn print_cluster(cluster: &Cluster) {
    let engine = cluster.engine.engine();
    let (name, kafka) = (&cluster.name, cluster.kafka);
    eprintln!(
        "cluster {name:?}: Kafka {kafka}, engine {}",
        cluster.engine.name()
    );
    for member in &cluster.members {
        let running = engine.is_running(cluster, member);
        let state = if running { "running" } else { "not running" };
        let rack = member.rack.as_deref().unwrap_or("-");
        let (name, address) = (member.name(), member.address());
        let place = engine.log_place(cluster, member);
        eprintln!("  {name:<9} {address:<15} {rack:<6} {state}, log: {place}");
    }
    println!("export TIDEWIRE_BOOTSTRAP={}", cluster.bootstrap());
    if let Some(proxies) = cluster.proxied_bootstrap() {
        println!("export TIDEWIRE_PROXIED={proxies}");
    }
}

/// 127 random bits in URL-safe base64 without padding, as Kafka prints a UUID. With the first bit
/// clear the text cannot begin with a dash, which Kafka's command line would take for an option.
fn cluster_id() -> String {
    let random = RandomState::new();
    let high = u128::from(random.hash_one(1_u8)) << 64;
    base64((high | u128::from(random.hash_one(2_u8))) & (u128::MAX >> 1))
}

/// 128 bits in 22 digits; the last digit holds two bits, followed by four zeros.
fn base64(bits: u128) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |value: u128| {
        let index = usize::try_from(value % 64).unwrap_or(0);
        DIGITS.get(index).copied().map_or('A', char::from)
    };
    let mut text: String = (0..21_u32).map(|i| digit(bits >> (122 - 6 * i))).collect();
    text.push(digit(bits << 4));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_kafka() {
        // Kafka's own constant for its metadata topic, the UUID 0..01.
        assert_eq!(base64(1), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(base64(u128::MAX), "_____________________w");
    }

    #[test]
    fn every_cluster_has_its_own_id() {
        assert_ne!(cluster_id(), cluster_id());
        assert!((0..2_000).all(|_| !cluster_id().starts_with('-')));
    }

    #[test]
    fn a_plan_gives_each_member_its_own_ports() {
        let args = UpArgs {
            nodes: 3,
            kafka: "4.3.1".parse().unwrap(),
            engine: None,
            proxy: true,
            configs: Vec::new(),
        };
        let cluster = plan("unit", &args, EngineId::Jvm, None).unwrap();
        let mut ports: Vec<u16> = cluster.members.iter().flat_map(Member::ports).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 12);
    }
}
