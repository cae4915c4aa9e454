//! The ways to run a broker.
//!
//! Each gives a node the same configuration file and the same ports, so that everything above them
//! is the same.

mod jvm;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::args::EngineKind;
use crate::process::{ProcessId, Signal};
use crate::state::{Cluster, Member, Role};
use crate::version::Version;

pub(crate) use jvm::Jvm;

/// Which engine runs a cluster, as its state file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineId {
    Jvm,
}

impl EngineId {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jvm => "jvm",
        }
    }

    /// The engine itself.
    pub(crate) fn engine(self) -> Box<dyn Engine> {
        match self {
            Self::Jvm => Box::new(Jvm),
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

/// The engine asked for.
pub(crate) fn choose(wish: EngineKind, kafka: Version) -> Result<EngineId, String> {
    match wish {
        EngineKind::Jvm => Jvm.prepare(kafka).map(|()| EngineId::Jvm),
    }
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
