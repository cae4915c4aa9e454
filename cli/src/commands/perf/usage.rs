//! What the process has used: processor time and memory, as Linux tells it under `/proc`. Other
//! systems say nothing there, and the figures are then null.

use std::fs;

/// The unit of times in `/proc/self/stat`: on Linux always 1/100 s, whatever the kernel's own.
const TICKS_PER_SECOND: f64 = 100.0;

/// What the process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// Seconds on a processor, user and system, of all threads.
    pub(super) cpu_s: Option<f64>,
    /// The most memory it ever held, in bytes.
    pub(super) peak_rss_bytes: Option<u64>,
}

impl Usage {
    /// Asks the system.
    pub(super) fn now() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu_s: cpu_s(&read("/proc/self/stat")),
            peak_rss_bytes: peak_rss_bytes(&read("/proc/self/status")),
        }
    }
}

/// Fields 14 and 15 (proc(5)). The second one, the name, may have blanks and brackets in it.
fn cpu_s(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u32>().ok();
    Some((f64::from(next()?) + f64::from(next()?)) / TICKS_PER_SECOND)
}

fn peak_rss_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_the_times_whatever_the_name_is() {
        let stat = "77 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0 5 0 9 9 9";
        assert_eq!(cpu_s(stat), Some(1.75));
        assert_eq!(cpu_s(""), None);
        assert_eq!(cpu_s("77 (a) S 1 2"), None);
    }

    #[test]
    fn it_reads_the_peak() {
        let status = "Name:\tx\nVmPeak:\t  99999 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(peak_rss_bytes(status), Some(2_097_152));
        assert_eq!(peak_rss_bytes("Name:\tx\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_system_answers() {
        let usage = Usage::now();
        assert!(usage.cpu_s.is_some());
        assert!(usage.peak_rss_bytes.is_some_and(|bytes| bytes > 100_000));
    }
}
