//! Ctrl-C, SIGTERM and SIGHUP for commands that have something to clear away.
//!
//! The first signal raises a flag that every waiting loop looks at; the second ends the program,
//! and leaves its brokers to the next `broker up`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static CAME: AtomicBool = AtomicBool::new(false);

/// How late a waiting loop sees the flag.
const GLANCE: Duration = Duration::from_millis(50);

/// From now on signals raise the flag instead of ending the program.
pub(crate) fn catch() -> Result<(), String> {
    ctrlc::set_handler(|| {
        if CAME.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!("xtask: interrupted; clearing away");
    })
    .map_err(|e| format!("cannot catch Ctrl-C: {e}"))
}

/// As if a signal had come.
pub(crate) fn raise() {
    CAME.store(true, Ordering::SeqCst);
}

pub(crate) fn came() -> bool {
    CAME.load(Ordering::SeqCst)
}

/// Sleeps, unless a signal comes.
pub(crate) fn sleep(time: Duration) -> Result<(), String> {
    let end = Instant::now() + time;
    loop {
        if came() {
            return Err("interrupted".into());
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(GLANCE));
    }
}
