//! What reading a configuration turned up: problems, all told at once in one error, and notices.

use std::fmt;

use super::properties::Origin;
use crate::error::{Error, ErrorKind};

/// Something about a configuration that is no error but that its author should know.
///
/// `Display` is one sentence that begins with the property.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Notice {
    /// Why it was said.
    pub kind: NoticeKind,
    /// The property, as it was spelled.
    pub key: String,
    message: String,
}

/// Why a [`Notice`] was said.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The property has no meaning for this client.
    Meaningless,
    /// The property is for a role that is not used here.
    OtherRole,
    /// A value that the user left open was adapted to one that the user set.
    Adapted,
}

impl Notice {
    pub(crate) fn new(kind: NoticeKind, key: &str, message: String) -> Self {
        let key = key.to_owned();
        Self { kind, key, message }
    }

    /// Logs notices, the same one only once: a warning for another role's property, else info.
    pub fn log(notices: &[Self]) {
        for (i, notice) in notices.iter().enumerate() {
            let said = notices.iter().take(i).any(|earlier| earlier == notice);
            match notice.kind {
                _ if said => {}
                NoticeKind::OtherRole => tracing::warn!("{notice}"),
                NoticeKind::Meaningless | NoticeKind::Adapted => tracing::info!("{notice}"),
            }
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Problems and notices, collected on the way.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) notices: Vec<Notice>,
    pub(super) problems: Vec<String>,
}

impl Findings {
    pub(super) fn problem(&mut self, what: impl Into<String>) {
        self.problems.push(what.into());
    }

    pub(super) fn adapted(&mut self, key: &str, message: String) {
        self.notices
            .push(Notice::new(NoticeKind::Adapted, key, message));
    }

    pub(super) fn into_result(self) -> Result<Vec<Notice>, Error> {
        let message = match self.problems.as_slice() {
            [] => return Ok(self.notices),
            [one] => one.clone(),
            many => format!(
                "{} problems in the configuration:\n  {}",
                many.len(),
                many.join("\n  ")
            ),
        };
        Err(Error::new(ErrorKind::Config, message))
    }
}

/// `name=value (place)`, safe to print: short, on one line, without control characters.
pub(super) fn spelled(name: &str, value: Option<&str>, origin: Option<&Origin>) -> String {
    let mut text = printable(name, 80);
    if let Some(value) = value {
        text.push('=');
        text.push_str(&printable(value, 60));
    }
    if let Some(origin) = origin {
        text.push_str(&format!(" ({origin})"));
    }
    text
}

/// Text from outside, cut to `limit` characters and without control characters.
pub(super) fn printable(text: &str, limit: usize) -> String {
    let mut short: String = text
        .chars()
        .take(limit)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(limit).is_some() {
        short.push_str("..");
    }
    short
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_same_notice_is_logged_once() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        let one = Notice::new(NoticeKind::Meaningless, "a", "a: nothing".to_owned());
        let two = Notice::new(NoticeKind::OtherRole, "b", "b: other".to_owned());
        tracing::subscriber::with_default(subscriber, || {
            Notice::log(&[one.clone(), two.clone(), one.clone(), two]);
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches("a: nothing").count(), 1, "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("INFO") && text.contains("WARN"), "{text}");
    }
}
