//! What we know of a cluster, kept in `target/brokers/NAME/state.json`.
//!
//! Written before the first process starts and after each change, so that a later command finds
//! everything even when this one is killed. `owner` is the test run that wants the cluster gone
//! when it ends; whoever next starts a cluster clears those whose owner has died.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engines::EngineId;
use crate::process::ProcessId;
use crate::run;
use crate::version::Version;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) kafka: Version,
    pub(crate) engine: EngineId,
    /// KRaft's cluster id: 16 bytes in URL-safe base64.
    pub(crate) cluster_id: String,
    pub(crate) owner: Option<ProcessId>,
    /// In the order they start.
    pub(crate) members: Vec<Member>,
}

/// One process or container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// From 1 for brokers, 0 for ZooKeeper.
    pub(crate) id: u32,
    pub(crate) role: Role,
    /// Where clients connect.
    pub(crate) port: u16,
    /// Where KRaft controllers talk to each other.
    pub(crate) controller_port: Option<u16>,
    /// Where clients connect that come through a proxy.
    #[serde(default)]
    pub(crate) proxied: Option<Proxied>,
    pub(crate) rack: Option<String>,
    /// None before the start, and always none for a container, which has a name instead.
    pub(crate) process: Option<ProcessId>,
}

/// A broker's second listener. Whoever asks there for the brokers is told the proxies' ports, so
/// that a client which has begun behind the proxies stays there. Brokers talk past them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proxied {
    /// Where the broker listens.
    pub(crate) port: u16,
    /// What it says instead: where the proxy listens.
    pub(crate) proxy_port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Zookeeper,
    Broker,
}

impl Cluster {
    pub(crate) fn dir(&self) -> PathBuf {
        home().join(&self.name)
    }

    pub(crate) fn brokers(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|m| m.role == Role::Broker)
    }

    /// `host:port,..` of every broker.
    pub(crate) fn bootstrap(&self) -> String {
        let addresses: Vec<String> = self.brokers().map(Member::address).collect();
        addresses.join(",")
    }

    /// `host:port,..` of every broker's proxy; none where it was started without `--proxy`.
    pub(crate) fn proxied_bootstrap(&self) -> Option<String> {
        let proxies: Option<Vec<_>> = self.brokers().map(|broker| broker.proxied).collect();
        let addresses: Vec<String> = proxies?
            .iter()
            .map(|proxied| format!("127.0.0.1:{}", proxied.proxy_port))
            .collect();
        Some(addresses.join(","))
    }

    pub(crate) fn broker(&self, id: u32) -> Result<&Member, String> {
        self.brokers().find(|m| m.id == id).ok_or_else(|| {
            let known: Vec<String> = self.brokers().map(|m| m.id.to_string()).collect();
            let (name, known) = (&self.name, known.join(", "));
            format!("cluster {name:?} has no node {id}; it has {known}")
        })
    }

    pub(crate) fn set_process(&mut self, id: u32, process: Option<ProcessId>) {
        for member in self.members.iter_mut().filter(|m| m.id == id) {
            member.process = process;
        }
    }

    pub(crate) fn member_dir(&self, member: &Member) -> PathBuf {
        self.dir().join(member.name())
    }

    /// The file that configures a member; its path on a command line marks a process as ours.
    pub(crate) fn config_file(&self, member: &Member) -> PathBuf {
        self.member_dir(member).join(match member.role {
            Role::Zookeeper => "zookeeper.properties",
            Role::Broker => "server.properties",
        })
    }

    pub(crate) fn log_file(&self, member: &Member) -> PathBuf {
        self.member_dir(member).join("log")
    }

    /// The marker of every process of this cluster.
    pub(crate) fn mark(&self) -> String {
        format!("{}/", self.dir().display())
    }

    /// Whether the test run it was started for has ended without stopping it.
    pub(crate) fn is_orphan(&self) -> bool {
        self.owner.is_some_and(|owner| !owner.is_ours("xtask"))
    }

    /// Replaces the state file in one step.
    pub(crate) fn save(&self) -> Result<(), String> {
        let file = state_file(&self.dir());
        let draft = file.with_extension("json.new");
        let text = serde_json::to_string_pretty(self).map_err(|e| e.to_string())?;
        fs::create_dir_all(self.dir())
            .and_then(|()| fs::write(&draft, text))
            .and_then(|()| fs::rename(&draft, &file))
            .map_err(|e| format!("cannot write {}: {e}", file.display()))
    }

    /// The cluster of that name, or what to do instead.
    pub(crate) fn load(name: &str) -> Result<Self, String> {
        Self::find(name)?.ok_or_else(|| {
            format!(
                "no cluster {name:?} is up; start it with `cargo xtask broker up --name {name}`"
            )
        })
    }

    /// The cluster of that name, if there is one.
    pub(crate) fn find(name: &str) -> Result<Option<Self>, String> {
        let file = state_file(&home().join(name));
        match fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|e| format!("{} is damaged ({e}); delete it", file.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(format!("cannot read {}: {e}", file.display())),
        }
    }

    /// Every cluster that is known here, by name.
    pub(crate) fn all() -> Result<Vec<Self>, String> {
        let mut names: Vec<String> = fs::read_dir(home())
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        let found: Result<Vec<_>, _> = names.iter().map(|name| Self::find(name)).collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// Forgets the cluster; logs stay.
    pub(crate) fn forget(&self) -> Result<(), String> {
        let file = state_file(&self.dir());
        fs::remove_file(&file).map_err(|e| format!("cannot remove {}: {e}", file.display()))
    }
}

impl Member {
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Every port that is kept for it.
    pub(crate) fn ports(&self) -> impl Iterator<Item = u16> + use<> {
        let behind = self.proxied.map(|proxied| proxied.port);
        let proxy = self.proxied.map(|proxied| proxied.proxy_port);
        let all = [Some(self.port), self.controller_port, behind, proxy];
        all.into_iter().flatten()
    }

    pub(crate) fn name(&self) -> String {
        match self.role {
            Role::Zookeeper => "zookeeper".into(),
            Role::Broker => format!("node-{}", self.id),
        }
    }
}

/// Ports of clusters that are known, up or down.
pub(crate) fn ports_in_use() -> Result<BTreeSet<u16>, String> {
    let clusters = Cluster::all()?;
    let members = clusters.iter().flat_map(|c| &c.members);
    Ok(members.flat_map(Member::ports).collect())
}

fn home() -> PathBuf {
    run::target().join("brokers")
}

fn state_file(dir: &Path) -> PathBuf {
    dir.join("state.json")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Node `n` listens on 1900n, and on 1901n for controllers.
    pub(crate) fn cluster(kafka: &str, nodes: u32) -> Cluster {
        let kafka: Version = kafka.parse().unwrap();
        let member = |id: u32, role| Member {
            id,
            role,
            port: 19_000 + u16::try_from(id).unwrap(),
            controller_port: None,
            proxied: None,
            rack: None,
            process: None,
        };
        let mut members = Vec::new();
        if kafka.needs_zookeeper() {
            members.push(member(0, Role::Zookeeper));
        }
        for id in 1..=nodes {
            members.push(Member {
                controller_port: (!kafka.needs_zookeeper())
                    .then(|| 19_010 + u16::try_from(id).unwrap()),
                rack: Some(format!("rack-{id}")),
                ..member(id, Role::Broker)
            });
        }
        Cluster {
            name: "unit".into(),
            kafka,
            engine: EngineId::Jvm,
            cluster_id: "AAAAAAAAQACAAAAAAAAAAA".into(),
            owner: None,
            members,
        }
    }

    #[test]
    fn state_survives_the_file() {
        let mut before = cluster("2.8.2", 3);
        before.owner = Some(ProcessId { pid: 7, started: 9 });
        before.set_process(2, before.owner);
        let text = serde_json::to_string_pretty(&before).unwrap();
        assert_eq!(serde_json::from_str::<Cluster>(&text).unwrap(), before);
    }

    #[test]
    fn zookeeper_is_no_bootstrap_server() {
        let addresses = "127.0.0.1:19001,127.0.0.1:19002,127.0.0.1:19003";
        assert_eq!(cluster("2.8.2", 3).bootstrap(), addresses);
    }

    #[test]
    fn an_unknown_node_is_answered_with_the_known_ones() {
        let error = cluster("4.3.1", 3).broker(4).unwrap_err();
        assert!(error.contains("1, 2, 3"), "{error}");
        assert!(
            cluster("2.8.2", 1).broker(0).is_err(),
            "ZooKeeper is no node"
        );
    }

    #[test]
    fn a_cluster_is_an_orphan_once_its_owner_is_gone() {
        let mut cluster = cluster("4.3.1", 1);
        assert!(!cluster.is_orphan(), "nobody owns it");
        cluster.owner = Some(ProcessId {
            pid: u32::MAX,
            started: 1,
        });
        assert!(cluster.is_orphan());
    }
}
