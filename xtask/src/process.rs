//! Processes that outlive this program: who they are, whether they live, and how to signal them.
//!
//! A pid alone is no identity: it is reused. Before anything is killed, the process must have the
//! start time we saw and the configuration file we gave it on its command line.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::run;

/// A process, and when it started (the kernel's clock ticks since boot; 0 where unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    pub(crate) pid: u32,
    pub(crate) started: u64,
}

/// What `kill` can do to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Kill,
    Stop,
    Continue,
    Terminate,
}

impl Signal {
    /// As `kill -s` and `docker kill --signal` take it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
            Self::Terminate => "TERM",
        }
    }
}

impl ProcessId {
    /// The identity of a process that runs now.
    pub(crate) fn of(pid: u32) -> Self {
        Self {
            pid,
            started: start_time(pid).unwrap_or(0),
        }
    }

    /// Alive, started when we saw it start, and with `mark` on its command line.
    pub(crate) fn is_ours(self, mark: &str) -> bool {
        let same_start = start_time(self.pid).is_none_or(|started| started == self.started);
        same_start && command_line(self.pid).is_some_and(|line| line.contains(mark))
    }

    /// Signals it, unless it is gone or has become somebody else.
    pub(crate) fn signal(self, mark: &str, signal: Signal) -> Result<(), String> {
        if !self.is_ours(mark) {
            return Err(format!("process {} is no longer running", self.pid));
        }
        run::output(Command::new("kill").args(["-s", signal.name(), &self.pid.to_string()]))?;
        Ok(())
    }

    /// Whether it ended within the limit.
    pub(crate) fn wait_gone(self, mark: &str, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.is_ours(mark) {
            if Instant::now() >= end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

/// Every JVM that runs with `mark` on its command line; only where there is a `/proc`. (A person's
/// `tail` of a log has the mark too, and stays.)
pub(crate) fn jvms_with(mark: &str) -> Vec<ProcessId> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id())
        .map(ProcessId::of)
        .filter(|process| process.is_ours(" -cp ") && process.is_ours(mark))
        .collect()
}

/// None for a process that is gone or a zombie.
fn command_line(pid: u32) -> Option<String> {
    let line = if Path::new("/proc/self/cmdline").exists() {
        let raw = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&raw).replace('\0', " ")
    } else {
        let mut ps = Command::new("ps");
        ps.args(["-ww", "-o", "command=", "-p", &pid.to_string()]);
        let output = ps.stderr(Stdio::null()).output().ok()?;
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    Some(line).filter(|line| !line.trim().is_empty())
}

fn start_time(pid: u32) -> Option<u64> {
    parse_start_time(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of `/proc/PID/stat`. The second, the program's name, may hold spaces and parentheses.
fn parse_start_time(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_time_survives_a_nasty_name() {
        let stat = "77 (a) b (c) S 1 77 77 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4242 99 1";
        assert_eq!(parse_start_time(stat), Some(4242));
        assert_eq!(parse_start_time("77 (x"), None);
    }

    #[test]
    fn a_reused_pid_is_not_ours() {
        let child = Command::new("sleep").arg("30.125").spawn();
        let mut child = child.unwrap();
        let id = ProcessId::of(child.id());
        let wait_for_exec = Instant::now() + Duration::from_secs(5);
        while !id.is_ours("30.125") && Instant::now() < wait_for_exec {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(id.is_ours("30.125"));
        assert!(!id.is_ours("some other mark"));
        let other = ProcessId {
            started: id.started + 1,
            ..id
        };
        assert!(id.started == 0 || !other.is_ours("30.125"));
        assert!(other.signal("another", Signal::Kill).is_err());
        id.signal("30.125", Signal::Kill).unwrap();
        child.wait().unwrap();
        assert!(id.wait_gone("30.125", Duration::from_secs(5)));
    }
}
