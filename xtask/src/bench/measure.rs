//! Runs a program and tells what it used, as the system saw it.
//!
//! `exec` is the program's parent and has no other child, so what the system says of its children
//! is the program's: processor time, user and system, of all threads, and the peak of its memory.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::build;
use crate::interrupt;
use crate::run;

#[derive(Debug, clap::Args)]
pub(crate) struct ExecArgs {
    /// Where to write what it used.
    usage: PathBuf,
    program: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// What a program used.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Usage {
    pub(super) cpu_s: f64,
    pub(super) peak_rss_bytes: u64,
}

/// A program that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) usage: Usage,
    pub(super) stdout: String,
}

/// Becomes the parent of the program; ends as it ends.
pub(super) fn exec(args: &ExecArgs) -> Result<(), String> {
    let shown = args.program.display();
    let status = Command::new(&args.program)
        .args(&args.args)
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("cannot run {shown}: {e}"))?;
    let text = serde_json::to_string(&of_children()?).map_err(|e| e.to_string())?;
    fs::write(&args.usage, text).map_err(|e| format!("{}: {e}", args.usage.display()))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{shown} ended with {status}"))
    }
}

#[cfg(unix)]
fn of_children() -> Result<Usage, String> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| format!("getrusage: {e}"))?;
    let micros = (usage.user_time() + usage.system_time()).num_microseconds();
    // In kB, on Apple's systems in bytes.
    let unit = if cfg!(target_vendor = "apple") {
        1
    } else {
        1024
    };
    Ok(Usage {
        cpu_s: Duration::from_micros(u64::try_from(micros).unwrap_or(0)).as_secs_f64(),
        peak_rss_bytes: u64::try_from(usage.max_rss()).unwrap_or(0) * unit,
    })
}

#[cfg(not(unix))]
fn of_children() -> Result<Usage, String> {
    Err("what a program used is asked for in the way of Unix".into())
}

/// Runs a program to its end, or kills it at the limit.
pub(super) fn run(program: &mut Command, limit: Duration) -> Result<Ended, String> {
    let folder = build::folder()?;
    let file = |name: &str| folder.join(name);
    let (usage, out, err) = (file("usage.json"), file("stdout"), file("stderr"));
    let create = |path: &PathBuf| File::create(path).map_err(|e| format!("{path:?}: {e}"));
    let xtask = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut command = Command::new(xtask);
    command
        .args(["bench", "exec"])
        .arg(&usage)
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null())
        .stdout(create(&out)?)
        .stderr(create(&err)?);
    run::own_group(&mut command);
    let mut child = command.spawn().map_err(|e| format!("cannot start: {e}"))?;
    let ended = wait(&mut child, limit);
    let read = |path: &PathBuf| fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    let said = String::from_utf8_lossy(&read(&err)?).into_owned();
    ended.map_err(|why| format!("{why}: {}", reason(&said)))?;
    let usage = String::from_utf8_lossy(&read(&usage)?).into_owned();
    Ok(Ended {
        usage: serde_json::from_str(&usage).map_err(|e| format!("its usage: {e}"))?,
        stdout: String::from_utf8_lossy(&read(&out)?).into_owned(),
    })
}

fn wait(child: &mut Child, limit: Duration) -> Result<(), String> {
    let end = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => return Err("failed".into()),
            Err(e) => return Err(format!("cannot wait for it: {e}")),
            Ok(None) => {}
        }
        let interrupted = interrupt::came();
        if interrupted || Instant::now() >= end {
            let group = format!("-{}", child.id());
            run::output(Command::new("kill").args(["-s", "KILL", "--", &group]))?;
            child.wait().map_err(|e| e.to_string())?;
            return Err(if interrupted {
                "interrupted".into()
            } else {
                format!("not done after {} s", limit.as_secs())
            });
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The program's own last words: the parent adds one line of its own.
fn reason(stderr: &str) -> String {
    let lines = stderr.lines().rev().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with("xtask: "));
    let line = lines.next().unwrap_or("it said nothing");
    line.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_what_the_program_said_last() {
        let said =
            "a warning\nError: \"no such topic\"\n\nxtask: krafka ended with exit status 1\n";
        assert_eq!(reason(said), "Error: \"no such topic\"");
        assert_eq!(reason(""), "it said nothing");
    }

    #[cfg(unix)]
    #[test]
    fn a_childs_time_and_memory_are_seen() {
        let program = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
        let status = Command::new("sh").args(["-c", program]).status().unwrap();
        assert!(status.success());
        let usage = of_children().unwrap();
        assert!(usage.cpu_s > 0.0);
        assert!(usage.peak_rss_bytes > 100_000);
    }
}
