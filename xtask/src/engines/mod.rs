//! The two ways to run a broker: a JVM process, or a container around the same jars.
//!
//! Both give a node the same configuration and the same ports, so that everything above them is the
//! same. A container shares the host's network, which needs Linux; elsewhere `--engine jvm` works.

mod container;
mod image;
mod jvm;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::args::EngineKind;
use crate::process::{ProcessId, Signal};
use crate::state::{Cluster, Member, Role};
use crate::version::Version;

pub(crate) use container::Container;
pub(crate) use jvm::Jvm;

/// Which engine runs a cluster, as its state file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineId {
    Jvm,
    Docker,
    Podman,
}

impl EngineId {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jvm => "jvm",
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    /// The engine itself.
    pub(crate) fn engine(self) -> Box<dyn Engine> {
        match self {
            Self::Jvm => Box::new(Jvm),
            Self::Docker | Self::Podman => Box::new(Container(self)),
        }
    }
}

/// What a cluster asks of the thing that runs its members.
pub(crate) trait Engine: Sync {
    /// Fetches or builds what members of this version are started from.
    fn prepare(&self, kafka: Version) -> Result<(), String>;

    /// Where a member keeps its data, as its configuration names it.
    fn data_dir(&self, cluster: &Cluster, member: &Member) -> PathBuf;

    /// Starts a member whose configuration is written, on fresh data or on what it left behind.
    fn start(&self, cluster: &Cluster, member: &Member) -> Result<Option<ProcessId>, String>;

    fn is_running(&self, cluster: &Cluster, member: &Member) -> bool;

    /// Fails when the member does not run.
    fn signal(&self, cluster: &Cluster, member: &Member, signal: Signal) -> Result<(), String>;

    /// The end of what a member said.
    fn log(&self, cluster: &Cluster, member: &Member) -> String;

    /// Where a person finds all of it.
    fn log_place(&self, cluster: &Cluster, member: &Member) -> String;

    /// Ends every process of the cluster, also those its state does not know, and deletes its data.
    fn remove(&self, cluster: &Cluster) -> Result<(), String>;
}

/// The engine asked for; without a wish a container where Docker or Podman answers.
pub(crate) fn choose(wish: Option<EngineKind>, kafka: Version) -> Result<EngineId, String> {
    if wish == Some(EngineKind::Jvm) {
        Jvm.prepare(kafka)?;
        return Ok(EngineId::Jvm);
    }
    let container = container::runtime().and_then(|id| {
        id.engine().prepare(kafka)?;
        Ok(id)
    });
    match (container, wish) {
        (Err(why), None) => {
            let first = why.lines().next().unwrap_or_default();
            eprintln!("no container engine ({first}); using plain JVM processes");
            Jvm.prepare(kafka)?;
            Ok(EngineId::Jvm)
        }
        (result, _) => result,
    }
}

/// Whether Docker or Podman answers.
pub(crate) fn container_answers() -> bool {
    container::runtime().is_ok()
}

/// The class a member's process runs.
fn main_class(role: Role) -> &'static str {
    match role {
        Role::Zookeeper => "org.apache.zookeeper.server.quorum.QuorumPeerMain",
        Role::Broker => "kafka.Kafka",
    }
}

/// The JVM's flags for a member: small heaps, Kafka's own collector settings, logs to stderr.
fn java_flags(role: Role) -> Vec<&'static str> {
    let memory: &[&str] = match role {
        Role::Zookeeper => &["-Xmx128m", "-XX:+UseSerialGC"],
        Role::Broker => &[
            "-Xms128m",
            "-Xmx512m",
            "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20",
        ],
    };
    let mut flags = memory.to_vec();
    flags.extend([
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        // ZooKeeper of Kafka 2.x looks for log4j's JMX beans, which reload4j has no more.
        "-Dzookeeper.jmx.log4j.disable=true",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
        "-Dorg.slf4j.simpleLogger.showThreadName=false",
    ]);
    flags
}

/// For programs that end soon, a simple compiler and collector start them faster.
pub(crate) const TOOL_FLAGS: [&str; 5] = [
    "-Xmx256m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];
