//! The broker's and ZooKeeper's configuration files.
//!
//! Kafka's defaults, except: internal topics as replicated as the cluster allows, no wait before a
//! group's first rebalance, and on three nodes a session so short that a dead one is missed soon.

use std::path::Path;

use crate::state::{Cluster, Member, Role};

/// Of the topic in which brokers keep the offsets of groups.
pub(crate) const OFFSETS_PARTITIONS: u32 = 6;
/// How long a silent broker counts as alive on three nodes. Below a few seconds, a busy machine
/// makes brokers fall out of the cluster by themselves.
const SESSION_TIMEOUT_MS: u32 = 4_000;

/// The text of a member's configuration file. `data` is where it keeps its logs.
pub(crate) fn render(cluster: &Cluster, member: &Member, data: &Path) -> String {
    let lines = match member.role {
        Role::Zookeeper => zookeeper(member, data),
        Role::Broker => broker(cluster, member, data),
    };
    let mut text = String::new();
    for (key, value) in lines {
        text.push_str(&format!("{key}={value}\n"));
    }
    text
}

type Lines = Vec<(&'static str, String)>;

fn zookeeper(member: &Member, data: &Path) -> Lines {
    vec![
        ("dataDir", data.display().to_string()),
        ("clientPortAddress", "127.0.0.1".into()),
        ("clientPort", member.port.to_string()),
        // Sessions last at least two ticks: a killed broker may then come back after a second.
        ("tickTime", "500".into()),
        ("maxClientCnxns", "0".into()),
        ("admin.enableServer", "false".into()),
    ]
}

fn broker(cluster: &Cluster, member: &Member, data: &Path) -> Lines {
    let nodes = cluster.brokers().count();
    let mut lines = if cluster.kafka.needs_zookeeper() {
        with_zookeeper(cluster, member)
    } else {
        with_kraft(cluster, member)
    };
    lines.extend([
        ("log.dirs", data.display().to_string()),
        ("offsets.topic.replication.factor", nodes.to_string()),
        (
            "offsets.topic.num.partitions",
            OFFSETS_PARTITIONS.to_string(),
        ),
        (
            "transaction.state.log.replication.factor",
            nodes.to_string(),
        ),
        ("transaction.state.log.min.isr", nodes.min(2).to_string()),
        ("transaction.state.log.num.partitions", "6".into()),
        ("default.replication.factor", nodes.to_string()),
        ("min.insync.replicas", nodes.min(2).to_string()),
        ("group.initial.rebalance.delay.ms", "0".into()),
        ("auto.create.topics.enable", "true".into()),
        ("num.partitions", "1".into()),
    ]);
    if let Some(rack) = &member.rack {
        lines.push(("broker.rack", rack.clone()));
        // Lets a consumer in the same rack read from a follower (KIP-392).
        lines.push((
            "replica.selector.class",
            "org.apache.kafka.common.replica.RackAwareReplicaSelector".into(),
        ));
    }
    lines
}

fn with_kraft(cluster: &Cluster, member: &Member) -> Lines {
    let voters: Vec<String> = cluster
        .brokers()
        .filter_map(|m| Some(format!("{}@127.0.0.1:{}", m.id, m.controller_port?)))
        .collect();
    let controller_port = member.controller_port.unwrap_or_default();
    let mut lines = vec![
        ("process.roles", "broker,controller".into()),
        ("node.id", member.id.to_string()),
        ("controller.quorum.voters", voters.join(",")),
        ("controller.listener.names", "CONTROLLER".into()),
    ];
    let controller = format!("CONTROLLER://127.0.0.1:{controller_port}");
    lines.extend(listeners(member, Some(controller)));
    if voters.len() > 1 {
        lines.push(("broker.session.timeout.ms", SESSION_TIMEOUT_MS.to_string()));
        lines.push(("broker.heartbeat.interval.ms", "500".into()));
    }
    if cluster.kafka.has_share_groups() {
        let nodes = voters.len();
        lines.push((
            "share.coordinator.state.topic.replication.factor",
            nodes.to_string(),
        ));
        lines.push((
            "share.coordinator.state.topic.min.isr",
            nodes.min(2).to_string(),
        ));
    }
    lines
}

fn with_zookeeper(cluster: &Cluster, member: &Member) -> Lines {
    let zookeeper = cluster.members.iter().find(|m| m.role == Role::Zookeeper);
    let mut lines = vec![
        ("broker.id", member.id.to_string()),
        (
            "zookeeper.connect",
            zookeeper.map(Member::address).unwrap_or_default(),
        ),
        (
            "zookeeper.session.timeout.ms",
            SESSION_TIMEOUT_MS.to_string(),
        ),
    ];
    lines.extend(listeners(member, None));
    lines
}

/// Where a broker listens and what it tells clients of that: on the listener behind a proxy, the
/// proxy's port. Brokers talk to each other past it.
fn listeners(member: &Member, controller: Option<String>) -> Lines {
    let mut listeners = vec![format!("PLAINTEXT://{}", member.address())];
    let mut advertised = listeners.clone();
    if let Some(proxied) = member.proxied {
        listeners.push(format!("PROXIED://127.0.0.1:{}", proxied.port));
        advertised.push(format!("PROXIED://127.0.0.1:{}", proxied.proxy_port));
    }
    listeners.extend(controller);
    let map = listeners.iter().filter_map(|l| l.split(':').next());
    let map: Vec<String> = map.map(|name| format!("{name}:PLAINTEXT")).collect();
    vec![
        ("listeners", listeners.join(",")),
        ("advertised.listeners", advertised.join(",")),
        ("listener.security.protocol.map", map.join(",")),
        ("inter.broker.listener.name", "PLAINTEXT".into()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Proxied;
    use crate::state::tests::cluster;

    fn rendered(kafka: &str, nodes: u32, id: u32) -> String {
        let cluster = cluster(kafka, nodes);
        let member = cluster.broker(id).unwrap();
        render(&cluster, member, Path::new("/data"))
    }

    fn has(text: &str, line: &str) -> bool {
        text.lines().any(|l| l == line)
    }

    #[test]
    fn every_kraft_node_knows_all_voters_and_its_own_ports() {
        let text = rendered("4.3.1", 3, 2);
        let voters = "1@127.0.0.1:19011,2@127.0.0.1:19012,3@127.0.0.1:19013";
        assert!(has(&text, &format!("controller.quorum.voters={voters}")));
        assert!(has(&text, "node.id=2"));
        assert!(has(
            &text,
            "listeners=PLAINTEXT://127.0.0.1:19002,CONTROLLER://127.0.0.1:19012"
        ));
        assert!(has(&text, "log.dirs=/data"));
        assert!(has(&text, "broker.rack=rack-2"));
    }

    #[test]
    fn three_nodes_survive_the_loss_of_one_and_one_node_needs_no_other() {
        let three = rendered("4.3.1", 3, 1);
        assert!(has(&three, "offsets.topic.replication.factor=3"));
        assert!(has(&three, "transaction.state.log.min.isr=2"));
        assert!(has(&three, "broker.session.timeout.ms=4000"));
        let one = rendered("4.3.1", 1, 1);
        assert!(has(&one, "offsets.topic.replication.factor=1"));
        assert!(has(&one, "transaction.state.log.min.isr=1"));
        assert!(!one.contains("broker.session.timeout.ms"));
    }

    #[test]
    fn old_brokers_are_told_of_zookeeper_and_nothing_of_kraft() {
        let text = rendered("2.8.2", 1, 1);
        assert!(has(&text, "zookeeper.connect=127.0.0.1:19000"));
        assert!(has(&text, "broker.id=1"));
        assert!(!text.contains("process.roles") && !text.contains("CONTROLLER"));
    }

    #[test]
    fn zookeeper_listens_on_loopback_only() {
        let cluster = cluster("2.8.2", 1);
        let text = render(&cluster, &cluster.members[0], Path::new("/data"));
        assert!(has(&text, "clientPortAddress=127.0.0.1"));
        assert!(has(&text, "clientPort=19000"));
    }

    #[test]
    fn behind_a_proxy_clients_hear_of_its_port_and_brokers_do_not() {
        let mut cluster = cluster("4.3.1", 3);
        cluster.members[1].proxied = Some(Proxied {
            port: 19_022,
            proxy_port: 19_032,
        });
        let text = render(&cluster, &cluster.members[1], Path::new("/data"));
        assert!(has(
            &text,
            "listeners=PLAINTEXT://127.0.0.1:19002,PROXIED://127.0.0.1:19022,\
             CONTROLLER://127.0.0.1:19012"
        ));
        assert!(has(
            &text,
            "advertised.listeners=PLAINTEXT://127.0.0.1:19002,PROXIED://127.0.0.1:19032"
        ));
        assert!(has(&text, "inter.broker.listener.name=PLAINTEXT"));
    }

    #[test]
    fn no_key_is_given_twice() {
        for (kafka, nodes) in [("2.8.2", 3), ("3.9.1", 1), ("4.3.1", 3)] {
            let text = rendered(kafka, nodes, 1);
            let mut keys: Vec<&str> = text.lines().filter_map(|l| l.split('=').next()).collect();
            let all = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), all, "{text}");
        }
    }
}
