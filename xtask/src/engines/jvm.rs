//! Brokers as plain JVM processes, detached from this program.
//!
//! Each is the leader of its own process group, so that a Ctrl-C meant for a test passes it by.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Engine, TOOL_FLAGS, java_flags, main_class};
use crate::maven;
use crate::process::{self, ProcessId, Signal};
use crate::run;
use crate::state::{Cluster, Member, Role};
use crate::version::Version;

/// How long a killed process may take to disappear.
const EXIT_LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Jvm;

impl Engine for Jvm {
    fn prepare(&self, kafka: Version) -> Result<(), String> {
        run::java()?;
        maven::jars(kafka).map(drop)
    }

    fn data_dir(&self, cluster: &Cluster, member: &Member) -> PathBuf {
        cluster.member_dir(member).join("data")
    }

    fn start(&self, cluster: &Cluster, member: &Member) -> Result<Option<ProcessId>, String> {
        if member.role == Role::Broker && !cluster.kafka.needs_zookeeper() {
            self.format(cluster, member)?;
        }
        let log = cluster.log_file(member);
        let open = || OpenOptions::new().create(true).append(true).open(&log);
        let (out, err) = open()
            .and_then(|out| Ok((out.try_clone()?, out)))
            .map_err(|e| format!("cannot open {}: {e}", log.display()))?;
        let mut command = Command::new(run::java()?);
        command
            .args(java_flags(member.role))
            .arg("-cp")
            .arg(maven::classpath(&maven::jars(cluster.kafka)?))
            .arg(main_class(member.role))
            .arg(cluster.config_file(member))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        run::own_group(&mut command);
        let child = command
            .spawn()
            .map_err(|e| format!("cannot start a JVM: {e}"))?;
        Ok(Some(ProcessId::of(child.id())))
    }

    fn is_running(&self, cluster: &Cluster, member: &Member) -> bool {
        let mark = mark(cluster, member);
        member.process.is_some_and(|process| process.is_ours(&mark))
    }

    fn signal(&self, cluster: &Cluster, member: &Member, signal: Signal) -> Result<(), String> {
        let not_running = || format!("{} is not running", member.name());
        let process = member.process.ok_or_else(not_running)?;
        process
            .signal(&mark(cluster, member), signal)
            .map_err(|_| not_running())
    }

    fn log(&self, cluster: &Cluster, member: &Member) -> String {
        let text = fs::read(cluster.log_file(member)).unwrap_or_default();
        run::last_lines(&String::from_utf8_lossy(&text), 25)
    }

    fn log_place(&self, cluster: &Cluster, member: &Member) -> String {
        cluster.log_file(member).display().to_string()
    }

    fn remove(&self, cluster: &Cluster) -> Result<(), String> {
        let mark = cluster.mark();
        let known = cluster.members.iter().filter_map(|m| m.process);
        let mut all = process::jvms_with(&mark);
        all.extend(known.filter(|process| process.is_ours(&mark)));
        for process in &all {
            // One that ended by itself in the meantime is what we want.
            let _ = process.signal(&mark, Signal::Kill);
        }
        if let Some(stuck) = all.iter().find(|p| !p.wait_gone(&mark, EXIT_LIMIT)) {
            return Err(format!("process {} survives SIGKILL", stuck.pid));
        }
        for member in &cluster.members {
            let data = self.data_dir(cluster, member);
            if data.exists() {
                fs::remove_dir_all(&data)
                    .map_err(|e| format!("cannot delete {}: {e}", data.display()))?;
            }
        }
        Ok(())
    }
}

impl Jvm {
    /// Gives a KRaft node's empty data folder its identity.
    fn format(&self, cluster: &Cluster, member: &Member) -> Result<(), String> {
        let data = self.data_dir(cluster, member);
        if data.join("meta.properties").exists() {
            return Ok(());
        }
        let mut command = Command::new(run::java()?);
        command
            .args(TOOL_FLAGS)
            .arg("-cp")
            .arg(maven::classpath(&maven::jars(cluster.kafka)?))
            .args(["kafka.tools.StorageTool", "format", "-t"])
            .arg(&cluster.cluster_id)
            .arg("-c")
            .arg(cluster.config_file(member));
        run::output(&mut command).map(drop)
    }
}

/// What a member's command line must hold to be ours.
fn mark(cluster: &Cluster, member: &Member) -> String {
    cluster.config_file(member).display().to_string()
}
