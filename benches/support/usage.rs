//! What this process has used so far, where the system tells it (Linux).

#![allow(dead_code, reason = "each bench asks for what it reports")]

/// User and system time in seconds; `None` where there is no `/proc`.
pub(crate) fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let after_name = stat.rsplit(')').next()?;
    let mut times = after_name.split_whitespace().skip(11);
    let user: f64 = times.next()?.parse().ok()?;
    let system: f64 = times.next()?.parse().ok()?;
    // In hundredths of a second on every Linux there is.
    Some((user + system) / 100.0)
}

/// A line of this process's status, in kB.
pub(crate) fn status_kb(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
