//! Brokers in containers of Docker or Podman, on the host's network.
//!
//! The configuration is mounted, the data lives in a volume that dies with the container. Every
//! container carries its cluster's folder as a label, by which leftovers are found.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{Engine, EngineId, image, java_flags, main_class};
use crate::maven;
use crate::process::{ProcessId, Signal};
use crate::run;
use crate::state::{Cluster, Member, Role};
use crate::version::Version;

const CONFIG: &str = "/config";
const DATA: &str = "/data";
/// For an engine to say that it is there.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(crate) struct Container(pub(crate) EngineId);

/// The first of Docker and Podman that answers.
pub(crate) fn runtime() -> Result<EngineId, String> {
    let answers = |id: EngineId, what: &str| {
        let mut info = Container(id).command("info");
        let said = run::output_within(info.args(["--format", what]), ANSWER_LIMIT);
        said.is_ok_and(|version| !version.trim().is_empty())
    };
    if answers(EngineId::Docker, "{{.ServerVersion}}") {
        Ok(EngineId::Docker)
    } else if answers(EngineId::Podman, "{{.Version.Version}}") {
        Ok(EngineId::Podman)
    } else {
        Err(
            "neither Docker nor Podman answers; `cargo xtask setup` installs Podman on Debian"
                .into(),
        )
    }
}

impl Engine for Container {
    fn prepare(&self, kafka: Version) -> Result<(), String> {
        maven::jars(kafka)?;
        image::ensure(self, kafka)
    }

    fn data_dir(&self, _: &Cluster, _: &Member) -> PathBuf {
        PathBuf::from(DATA)
    }

    fn start(&self, cluster: &Cluster, member: &Member) -> Result<Option<ProcessId>, String> {
        let name = container_name(cluster, member);
        if self.inspect(&name).is_some() {
            run::output(self.command("start").arg(&name))?;
            return Ok(None);
        }
        let config = cluster.config_file(member);
        let file = config.file_name().unwrap_or_default().to_string_lossy();
        let mut command = self.command("run");
        command
            .args(["--detach", "--network", "host", "--name", &name])
            .args(["--label", &label(cluster)])
            .args([
                "--env",
                &format!("JAVA_FLAGS={}", java_flags(member.role).join(" ")),
            ])
            .arg("--volume")
            .arg(format!(
                "{}:{CONFIG}:ro",
                cluster.member_dir(member).display()
            ));
        if self.0 == EngineId::Podman {
            // Podman asks for more than a confined root may have.
            command.args([
                "--ulimit",
                "nofile=16384:16384",
                "--ulimit",
                "nproc=10000:10000",
            ]);
        }
        command
            .arg(image::name(cluster.kafka)?)
            .arg(main_class(member.role))
            .arg(format!("{CONFIG}/{file}"));
        if member.role == Role::Broker && !cluster.kafka.needs_zookeeper() {
            command.arg(&cluster.cluster_id);
        }
        run::output(&mut command)?;
        Ok(None)
    }

    fn is_running(&self, cluster: &Cluster, member: &Member) -> bool {
        self.inspect(&container_name(cluster, member)) == Some(true)
    }

    fn signal(&self, cluster: &Cluster, member: &Member, signal: Signal) -> Result<(), String> {
        if !self.is_running(cluster, member) {
            return Err(format!("{} is not running", member.name()));
        }
        let mut kill = self.command("kill");
        kill.args(["--signal", signal.name(), &container_name(cluster, member)]);
        run::output(&mut kill).map(drop)
    }

    fn log(&self, cluster: &Cluster, member: &Member) -> String {
        run::last_lines(&self.whole_log(&container_name(cluster, member)), 25)
    }

    fn log_place(&self, cluster: &Cluster, member: &Member) -> String {
        format!(
            "`{} logs {}`",
            self.0.name(),
            container_name(cluster, member)
        )
    }

    fn remove(&self, cluster: &Cluster) -> Result<(), String> {
        for member in &cluster.members {
            // The log outlives the container, for whoever asks why a test failed.
            let log = self.whole_log(&container_name(cluster, member));
            let file = cluster.log_file(member);
            if cluster.member_dir(member).exists() {
                fs::write(&file, log)
                    .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
            }
        }
        let filter = format!("label={}", label(cluster));
        let mut list = self.command("ps");
        let found = run::output(list.args(["--all", "--quiet", "--filter", &filter]))?;
        let ids: Vec<&str> = found.split_whitespace().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut remove = self.command("rm");
        remove.args(["--force", "--volumes"]);
        if self.0 == EngineId::Podman {
            // Docker kills at once; Podman would first wait for a polite end.
            remove.args(["--time", "0"]);
        }
        run::output(remove.args(ids)).map(drop)
    }
}

impl Container {
    /// A command of the engine. Podman's usual runtime, crun, refuses hybrid control groups; runc
    /// takes them.
    pub(crate) fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(self.0.name());
        if self.0 == EngineId::Podman && run::find("runc").is_some() {
            command.args(["--runtime", "runc"]);
        }
        command.arg(verb);
        command
    }

    /// Whether a container runs; None where there is no such container.
    fn inspect(&self, name: &str) -> Option<bool> {
        let mut inspect = self.command("inspect");
        inspect.args([
            "--type",
            "container",
            "--format",
            "{{.State.Running}}",
            name,
        ]);
        let said = run::output(&mut inspect).ok()?;
        Some(said.trim() == "true")
    }

    /// What a container has written to both its outputs.
    fn whole_log(&self, name: &str) -> String {
        let output = self.command("logs").arg(name).output();
        output.map_or_else(
            |e| e.to_string(),
            |o| {
                [o.stdout, o.stderr]
                    .map(|b| String::from_utf8_lossy(&b).into_owned())
                    .concat()
            },
        )
    }
}

fn label(cluster: &Cluster) -> String {
    format!("tidewire.cluster={}", cluster.dir().display())
}

/// Two clones of the project share one engine, so the folder is part of the name.
fn container_name(cluster: &Cluster, member: &Member) -> String {
    let folder = image::fnv(&cluster.dir().display().to_string());
    format!("tidewire-{}-{folder:08x}-{}", cluster.name, member.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::cluster;

    #[test]
    fn names_tell_cluster_and_node() {
        let cluster = cluster("2.8.2", 3);
        let names: Vec<String> = cluster
            .members
            .iter()
            .map(|m| container_name(&cluster, m))
            .collect();
        assert!(names[0].starts_with("tidewire-unit-") && names[0].ends_with("-zookeeper"));
        assert!(names[3].ends_with("-node-3"));
    }
}
