//! What this process has used so far, where the system tells it (Linux).

#![allow(dead_code, reason = "each bench asks for what it reports")]

/// User and system time in seconds, of threads that have ended as well; `None` elsewhere.
#[cfg(target_os = "linux")]
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of a process need no 53 bits"
)]
pub(crate) fn cpu_seconds() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

/// User and system time in seconds, of threads that have ended as well; `None` elsewhere.
#[cfg(not(target_os = "linux"))]
pub(crate) fn cpu_seconds() -> Option<f64> {
    None
}

/// A line of this process's status, in kB.
pub(crate) fn status_kb(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
