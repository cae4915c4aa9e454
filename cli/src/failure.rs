//! How the program ends when it does not end well: what happened, what to do next, an exit code.

use std::error::Error as _;
use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use tidewire::{ErrorCode, ErrorKind};

const UNKNOWN: ErrorCode = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;

/// Why the program ends with a code other than 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// Something that was asked did not happen.
    Failed,
    /// The command line or a setting was refused before anything happened.
    Refused,
    /// SIGINT or SIGTERM came before all was done.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Failed => 1,
            Exit::Refused => 2,
            Exit::Interrupted => 130,
        })
    }
}

/// An error as the user reads it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    exit: Exit,
    what: String,
    next: Option<String>,
}

impl Failure {
    /// Something went wrong.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            what: what.into(),
            next: None,
        }
    }

    /// The user asked for something that cannot be.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self {
            exit: Exit::Refused,
            ..Self::new(what)
        }
    }

    /// A signal came first.
    pub(crate) fn interrupted(what: impl Into<String>) -> Self {
        Self {
            exit: Exit::Interrupted,
            ..Self::new(what)
        }
    }

    /// A planned word.
    pub(crate) fn not_built(what: &str) -> Self {
        Self::refused(format!("{what} is planned but not built yet"))
            .next("`tidewire --help` lists what there is")
    }

    /// What is wrong with a topic: in plain words if it is not there.
    pub(crate) fn of_topic(name: &str, error: tidewire::Error) -> Self {
        let what = in_plain_words(name, &error);
        Self {
            what,
            ..Self::from(error)
        }
    }

    /// Says what to do about it.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Puts what was being done in front: "listing topics: ...".
    pub(crate) fn while_doing(mut self, doing: &str) -> Self {
        self.what = format!("{doing}: {}", self.what);
        self
    }

    /// Prints it; gives the code to exit with.
    pub(crate) fn report(&self) -> ExitCode {
        // A closed stderr is no reason to change the exit code.
        let _ = writeln!(std::io::stderr(), "{self}");
        self.exit.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(next) = &self.next {
            write!(f, "\n  next: {next}")?;
        }
        Ok(())
    }
}

impl From<tidewire::Error> for Failure {
    fn from(error: tidewire::Error) -> Self {
        let exit = match error.kind() {
            ErrorKind::Config => Exit::Refused,
            _ => Exit::Failed,
        };
        Self {
            exit,
            what: with_sources(&error),
            next: match (error.topic(), error.partition()) {
                (Some(topic), Some(_)) if error.code() == Some(UNKNOWN) => Some(format!(
                    "`tidewire topics describe {topic}` shows its partitions"
                )),
                _ => advice(error.kind()).map(str::to_owned),
            },
        }
    }
}

/// The error of a call about one topic. The commonest one needs no code to be understood, but
/// keeps it for those who look it up.
pub(crate) fn in_plain_words(name: &str, error: &tidewire::Error) -> String {
    match error.kind() {
        ErrorKind::Broker(code @ UNKNOWN) => {
            format!("there is no topic {name} ({code})")
        }
        _ => format!("{name}: {}", with_sources(error)),
    }
}

/// The error and what caused it, each cause once: many messages already repeat theirs.
pub(crate) fn with_sources(error: &tidewire::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// What to do next, in the words of this command line.
fn advice(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::Config => "check -X and -F; `tidewire COMMAND --help` has the other flags",
        ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Disconnected => {
            "-v shows each connection and retry; -X default.api.timeout.ms, max.block.ms and \
             request.timeout.ms change how long it waits"
        }
        ErrorKind::BufferFull => "the brokers are too slow or away; -v shows each retry",
        ErrorKind::Broker(UNKNOWN) => {
            "`tidewire topics list` shows the topics, `tidewire topics create` makes one"
        }
        ErrorKind::Bug => "please report it with the output of -vvv",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_what_happened_and_what_to_do() {
        let failure = Failure::new("it broke")
            .while_doing("mending")
            .next("buy a new one");
        assert_eq!(
            failure.to_string(),
            "error: mending: it broke\n  next: buy a new one"
        );
        assert_eq!(Failure::new("it broke").to_string(), "error: it broke");
    }

    #[test]
    fn what_is_not_built_is_refused_by_name() {
        let failure = Failure::not_built("perf");
        assert_eq!(failure.exit, Exit::Refused);
        assert!(
            failure
                .to_string()
                .starts_with("error: perf is planned but not built yet\n")
        );
    }
}
