//! One line on the terminal that says how far it is, written over itself. Where stderr is no
//! terminal there is none.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line is written.
const EVERY: Duration = Duration::from_millis(250);

/// The line.
#[derive(Debug)]
pub(crate) struct Progress {
    /// When it is written next; `None` where there is nobody to see it.
    due: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// A line that appears only if the work takes a while. Lines that are typed in need none.
    pub(crate) fn new() -> Self {
        let seen = io::stderr().is_terminal() && !io::stdin().is_terminal();
        Self {
            due: seen.then(|| Instant::now() + EVERY),
            shown: false,
        }
    }

    /// Writes the line, if it is time.
    pub(crate) fn tick(&mut self, text: impl FnOnce() -> String) {
        let now = Instant::now();
        if self.due.is_some_and(|due| now >= due) {
            let _ = write!(io::stderr(), "\r{}\x1b[K", text());
            self.due = Some(now + EVERY);
            self.shown = true;
        }
    }

    /// Takes the line away, before something else is written.
    pub(crate) fn clear(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
            self.shown = false;
        }
    }
}
