//! A process that does not survive us: killed when its guard is dropped, and never waited for
//! without a limit.

use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::interrupt;

/// The guard.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    name: String,
}

impl Running {
    pub(super) fn start(command: &mut Command) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn();
        let child = child.map_err(|e| format!("cannot run `{name}`: {e}"))?;
        Ok(Self { child, name })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; `None` while it runs.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>, String> {
        let asked = self.child.try_wait();
        asked.map_err(|e| format!("cannot ask for `{}`: {e}", self.name))
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> Result<(), String> {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        let why = |e| format!("cannot kill `{}`: {e}", self.name);
        killed.map(drop).map_err(why)
    }

    pub(super) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    pub(super) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Fails when it has ended.
    pub(super) fn alive(&mut self) -> Result<(), String> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => Err(format!("`{}` has ended early, {status}", self.name)),
        }
    }

    /// Waits for a good end; fails at the limit or on a signal.
    pub(super) fn finish(&mut self, limit: Duration) -> Result<(), String> {
        let end = Instant::now() + limit;
        let name = &self.name;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("`{name}` failed, {status}")),
                Ok(None) if Instant::now() >= end => {
                    return Err(format!("`{name}` has not ended within {limit:?}"));
                }
                Ok(None) => interrupt::sleep(Duration::from_millis(20))?,
                Err(e) => return Err(format!("cannot wait for `{name}`: {e}")),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended; either way it is gone then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
