//! One line on the terminal that says how far it is, written over itself. Where stderr is no
//! terminal there is none, or for a long run a plain line now and then.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line is written.
const EVERY: Duration = Duration::from_millis(250);
/// How often a plain line is written.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// The line.
#[derive(Debug)]
pub(crate) struct Progress {
    /// When it is written next; `None` where there is nobody to see it.
    due: Option<Instant>,
    plain: bool,
    shown: bool,
}

impl Progress {
    /// A line that appears only if the work takes a while. Lines that are typed in need none.
    pub(crate) fn new() -> Self {
        let seen = io::stderr().is_terminal() && !io::stdin().is_terminal();
        Self {
            due: seen.then(|| Instant::now() + EVERY),
            plain: false,
            shown: false,
        }
    }

    /// The line of a run that reads no stdin: plain lines where stderr is no terminal.
    pub(crate) fn of_a_run() -> Self {
        let plain = !io::stderr().is_terminal();
        let first = if plain { PLAIN_EVERY } else { EVERY };
        Self {
            due: Some(Instant::now() + first),
            plain,
            shown: false,
        }
    }

    /// Writes the line, if it is time.
    pub(crate) fn tick(&mut self, text: impl FnOnce() -> String) {
        let now = Instant::now();
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        if self.plain {
            let _ = writeln!(io::stderr(), "{}", text());
            self.due = Some(now + PLAIN_EVERY);
        } else {
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
