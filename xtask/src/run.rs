//! Running other programs: where they are, and errors that say what to do next.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The workspace's root, two levels up from where this was compiled.
pub(crate) fn workspace() -> PathBuf {
    let xtask = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map_or(xtask.clone(), PathBuf::from)
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || workspace().join("target"),
        |dir| workspace().join(dir), // an absolute one replaces the workspace
    )
}

/// Downloads shared by every clone of this user: `$XDG_CACHE_HOME/tidewire`.
pub(crate) fn cache() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute())
        .or_else(home)
        .map_or_else(|| target().join("cache"), |dir| dir.join("tidewire"))
}

/// The `java` to use: that of `JAVA_HOME`, else the one on the path.
pub(crate) fn java() -> Result<PathBuf, String> {
    let from_home =
        std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin").join("java"));
    from_home
        .filter(|java| java.is_file())
        .or_else(|| find("java"))
        .ok_or_else(|| "no `java` found; install a JDK 17 or run `cargo xtask setup`".into())
}

/// Where a program is on the path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// As `output`, but killed when the limit is reached. For programs that say little.
pub(crate) fn output_within(command: &mut Command, limit: Duration) -> Result<String, String> {
    let shown = show(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot run `{shown}`: {e}"))?;
    let end = Instant::now() + limit;
    while let Ok(None) = child.try_wait() {
        if Instant::now() >= end {
            // It may have ended just now; either way it is gone.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("`{shown}` did not answer within {limit:?}"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    judge(&shown, child.wait_with_output())
}

/// Runs to the end without input; its standard output, or what it complained about.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let shown = show(command);
    judge(&shown, command.stdin(Stdio::null()).output())
}

fn judge(shown: &str, output: std::io::Result<Output>) -> Result<String, String> {
    let output = output.map_err(|e| format!("cannot run `{shown}`: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(format!(
        "`{shown}` failed, {}:\n{}",
        output.status,
        last_lines(&said, 30)
    ))
}

/// Runs to the end, its output passed through.
pub(crate) fn status(command: &mut Command) -> Result<(), String> {
    let shown = show(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("cannot run `{shown}`: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}` failed, {status}"))
    }
}

/// Makes the program the leader of its own process group, out of reach of the terminal's Ctrl-C.
#[cfg(unix)]
pub(crate) fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
pub(crate) fn own_group(_: &mut Command) {}

/// The command as a person would type it, shortened.
fn show(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(OsStr::to_string_lossy)
            .map(Into::into),
    );
    let line = words.join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{} ..", line.get(..end).unwrap_or(&line)),
        None => line,
    }
}

/// The end of a log or of a program's output.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(count);
    lines
        .into_iter()
        .skip(skipped)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_keeps_the_end() {
        assert_eq!(last_lines("a\nb\nc", 2), "b\nc");
        assert_eq!(last_lines("a", 5), "a");
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let limit = Duration::from_millis(50);
        let error = output_within(Command::new("sleep").arg("20"), limit).unwrap_err();
        assert!(error.contains("did not answer"), "{error}");
        let said = output_within(Command::new("echo").arg("x"), Duration::from_secs(20));
        assert_eq!(said.unwrap().trim(), "x");
    }

    #[test]
    fn a_failing_program_is_quoted() {
        let error = output(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        assert!(error.contains("why") && error.contains('3'), "{error}");
    }
}
