//! Properties as text, in order, each with the place it came from; and Java's `.properties` format.
//!
//! The format is that of `java.util.Properties`, in UTF-8: `=`, `:` or a blank after the name, `#`
//! or `!` before a comment, a backslash at the end of a line to go on in the next, and escapes.
//! Values may be passwords, so `Debug` leaves them out.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::iter::Peekable;
use std::path::Path;
use std::str::{Chars, Split};
use std::sync::Arc;

use crate::error::{Error, ErrorKind};

/// The longest file read. A longer one is no properties file.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Where a property came from.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Origin {
    /// A properties file, or text in its format. It may serve several programs, so what is for
    /// another role is no mistake in it.
    File {
        /// The file's path, if it was read from one.
        path: Option<Arc<Path>>,
        /// The line, from 1.
        line: usize,
    },
    /// A flag on a command line, as `-X`.
    Flag,
    /// The program.
    Code,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                path: Some(path),
                line,
            } => write!(f, "{} line {line}", path.display()),
            Self::File { path: None, line } => write!(f, "line {line}"),
            Self::Flag => f.write_str("from the command line"),
            Self::Code => f.write_str("set in code"),
        }
    }
}

/// One property: a name, its value and where they came from.
#[derive(Clone, Eq, PartialEq)]
pub struct Property {
    /// The name as it was given.
    pub key: String,
    /// The value as it was given.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=.. ({})", self.key, self.origin)
    }
}

/// Properties in the order in which they were given; of two with one name, the later one counts.
///
/// ```
/// use tidewire::config::Properties;
///
/// let properties = Properties::parse("bootstrap.servers = broker1:9092\n# why\nlinger.ms: 20")?;
/// assert_eq!(properties.get("linger.ms"), Some("20"));
/// # Ok::<(), tidewire::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Properties(Vec<Property>);

/// A duration as Kafka's properties have it: whole milliseconds, a part of one counted as one, so
/// that a short wait does not become none.
pub(crate) fn millis(duration: std::time::Duration) -> String {
    duration.as_nanos().div_ceil(1_000_000).to_string()
}

impl Properties {
    /// No properties.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads text in Java's properties format.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::Config`], with the line, if an escape is broken or a name is missing.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_from(text, None)
    }

    /// Reads a file in Java's properties format, in UTF-8.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::Config`], with the path: if it cannot be read, is longer than 4 MiB, is
    /// not UTF-8, or for the reasons of [`Properties::parse`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let fail = |what: &str| {
            let message = format!("cannot read the properties file {}: {what}", path.display());
            Error::new(ErrorKind::Config, message)
        };
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| fail(&error.to_string()).with_source(error))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
            return Err(fail("it is longer than 4 MiB"));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error
                .as_bytes()
                .iter()
                .take(error.utf8_error().valid_up_to());
            let line = 1 + good.filter(|byte| **byte == b'\n').count();
            fail(&format!("line {line} is not UTF-8"))
        })?;
        Self::parse_from(&text, Some(Arc::from(path)))
    }

    fn parse_from(text: &str, path: Option<Arc<Path>>) -> Result<Self, Error> {
        let text = text
            .strip_prefix('\u{feff}')
            .unwrap_or(text)
            .replace("\r\n", "\n");
        let mut properties = Self::new();
        for (line, logical) in (LogicalLines {
            lines: text.split(['\n', '\r']),
            next: 1,
        }) {
            let origin = Origin::File {
                path: path.clone(),
                line,
            };
            let (key, value) = split_line(&logical)
                .map_err(|what| Error::new(ErrorKind::Config, format!("{origin}: {what}")))?;
            properties.push(key, value, origin);
        }
        Ok(properties)
    }

    /// Adds a property.
    pub fn push(&mut self, key: impl Into<String>, value: impl Into<String>, origin: Origin) {
        let (key, value) = (key.into(), value.into());
        self.0.push(Property { key, value, origin });
    }

    /// Adds a property from a command line, as in `linger.ms=5`.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::Config`] if there is no `=` or nothing in front of it.
    pub fn push_flag(&mut self, flag: &str) -> Result<(), Error> {
        match flag.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                self.push(key.trim(), value, Origin::Flag);
                Ok(())
            }
            // The text is not repeated: it may be a password given in the wrong place.
            _ => Err(Error::new(
                ErrorKind::Config,
                "a property on the command line is written name=value, as in linger.ms=5",
            )),
        }
    }

    /// The last value of a name, exactly as spelled.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let last = self.0.iter().rev().find(|property| property.key == key)?;
        Some(&last.value)
    }

    /// All properties, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Property> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Properties {
    type Item = &'a Property;
    type IntoIter = std::slice::Iter<'a, Property>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Properties {
    type Item = Property;
    type IntoIter = std::vec::IntoIter<Property>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Extend<Property> for Properties {
    fn extend<I: IntoIterator<Item = Property>>(&mut self, iter: I) {
        self.0.extend(iter);
    }
}

impl<K: Into<String>, V: Into<String>> Extend<(K, V)> for Properties {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, iter: I) {
        for (key, value) in iter {
            self.push(key, value, Origin::Code);
        }
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut properties = Self::new();
        properties.extend(iter);
        properties
    }
}

/// Lines without comments and blank ones, continued lines joined, each with its first number.
struct LogicalLines<'a> {
    lines: Split<'a, [char; 2]>,
    next: usize,
}

const BLANKS: [char; 3] = [' ', '\t', '\u{c}'];

impl Iterator for LogicalLines<'_> {
    type Item = (usize, String);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.lines.next()?.trim_start_matches(BLANKS);
            let number = self.next;
            self.next += 1;
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let mut logical = line.to_owned();
            while goes_on(&logical) {
                logical.pop();
                let Some(more) = self.lines.next() else { break };
                self.next += 1;
                logical.push_str(more.trim_start_matches(BLANKS));
            }
            return Some((number, logical));
        }
    }
}

/// Whether a line ends in a backslash that is not itself escaped.
fn goes_on(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

fn split_line(line: &str) -> Result<(String, String), String> {
    let mut chars = line.chars().peekable();
    let key = unescape(&mut chars, |c| {
        matches!(c, '=' | ':') || BLANKS.contains(&c)
    })?;
    skip_blanks(&mut chars);
    if chars.next_if(|c| matches!(c, '=' | ':')).is_some() {
        skip_blanks(&mut chars);
    }
    if key.is_empty() {
        return Err("there is no name before the value".to_owned());
    }
    Ok((key, unescape(&mut chars, |_| false)?))
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| BLANKS.contains(c)).is_some() {}
}

/// Takes characters up to, and without, the first one that ends the piece and is not escaped.
fn unescape(chars: &mut Peekable<Chars<'_>>, ends: fn(char) -> bool) -> Result<String, String> {
    let mut text = String::new();
    // Java writes characters outside the basic plane as two escapes.
    let mut high: Option<u16> = None;
    while let Some(c) = chars.next_if(|c| !ends(*c)) {
        let escaped = if c == '\\' { chars.next() } else { None };
        if escaped == Some('u') {
            let unit = hex(chars).ok_or("\\u is followed by four hexadecimal digits")?;
            let pending = high.take();
            match char::decode_utf16(pending.into_iter().chain([unit])).next() {
                Some(Ok(decoded)) => text.push(decoded),
                _ if pending.is_none() && (0xd800..0xdc00).contains(&unit) => high = Some(unit),
                _ => return Err(format!("\\u{unit:04x} is half a character")),
            }
            continue;
        }
        if high.is_some() {
            break;
        }
        match (c, escaped) {
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('r')) => text.push('\r'),
            ('\\', Some('f')) => text.push('\u{c}'),
            ('\\', Some(other)) => text.push(other),
            ('\\', None) => {}
            _ => text.push(c),
        }
    }
    match high {
        Some(unit) => Err(format!("\\u{unit:04x} is half a character")),
        None => Ok(text),
    }
}

fn hex(chars: &mut Peekable<Chars<'_>>) -> Option<u16> {
    let mut unit = 0_u16;
    for _ in 0..4 {
        let digit = chars.next()?.to_digit(16)?;
        unit = unit
            .checked_mul(16)?
            .checked_add(u16::try_from(digit).ok()?)?;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let properties = Properties::parse(text).unwrap();
        properties.into_iter().map(|p| (p.key, p.value)).collect()
    }

    fn one(text: &str) -> (String, String) {
        let mut all = pairs(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    fn is(text: &str, key: &str, value: &str) {
        assert_eq!(one(text), (key.to_owned(), value.to_owned()), "{text:?}");
    }

    #[test]
    fn the_name_ends_at_a_separator() {
        for text in [
            "a=b",
            "a:b",
            "a b",
            " a = b",
            "\ta\t:\tb",
            "a   b",
            "a \u{c}= b",
        ] {
            is(text, "a", "b");
        }
        is("a==b", "a", "=b");
        is("a = = b ", "a", "= b ");
        is("a", "a", "");
        is("a=", "a", "");
        is(
            "url=http://x:1?y=z#no-comment",
            "url",
            "http://x:1?y=z#no-comment",
        );
        is("b\\:c\\ d\\=e=f", "b:c d=e", "f");
    }

    #[test]
    fn comments_and_blank_lines_do_not_count() {
        assert_eq!(pairs("# a=1\n  ! b=2\n\n \t\n# goes on \\\nc=3").len(), 1);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn a_backslash_at_the_end_joins_lines() {
        is("a=b,\\\n    c,\\\r\n\td", "a", "b,c,d");
        is("a=b\\\n#c", "a", "b#c");
        is("a=b\\\\", "a", "b\\");
        is("a=b\\", "a", "b");
        assert_eq!(pairs("a=b\\\\\nc=d").len(), 2);
    }

    #[test]
    fn escapes_are_read() {
        is("a=\\t\\n\\r\\f\\\\\\q", "a", "\t\n\r\u{c}\\q");
        is("\\u0061=\\u00e4\\u20AC\\ud83d\\ude00é", "a", "ä€😀é");
        for bad in [
            "a=\\u12",
            "a=\\u12g4",
            "a=\\ud83d",
            "a=\\ud83dx",
            "a=\\ude00",
            "a=\\ud83d\\u0041",
            "a=\\u",
        ] {
            let error = Properties::parse(&format!("x=1\n{bad}"))
                .unwrap_err()
                .to_string();
            assert!(error.starts_with("line 2: \\u"), "{bad}: {error}");
        }
    }

    #[test]
    fn lines_are_counted_through_comments_continuations_and_all_line_ends() {
        let text = "\u{feff}# x\r\na=1\\\r\n  2\r\rb=2\n=3";
        let error = Properties::parse(text).unwrap_err().to_string();
        assert_eq!(error, "line 6: there is no name before the value");
        let properties = Properties::parse(text.trim_end_matches("=3")).unwrap();
        let lines: Vec<String> = properties.iter().map(|p| p.origin.to_string()).collect();
        assert_eq!(lines, ["line 2", "line 5"]);
    }

    #[test]
    fn any_text_is_read_or_refused_and_what_was_escaped_comes_back() {
        let letters = [
            '\\', 'u', 'd', '8', '0', '=', ':', '#', '!', ' ', '\t', '\n', '\r', 'é', '😀',
        ];
        let mut state = 1_u64;
        let mut text = |length: u64| -> String {
            let letter = |_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                letters[usize::try_from(state >> 33).unwrap() % letters.len()]
            };
            (0..length).map(letter).collect()
        };
        let escape = |text: &str| -> String {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            units.collect()
        };
        for round in 0..5000 {
            let (key, value) = (text(1 + round % 5), text(round % 9));
            is(
                &format!("{}={}", escape(&key), escape(&value)),
                &key,
                &value,
            );
            let _ = Properties::parse(&text(round % 40));
        }
    }

    #[test]
    fn a_file_is_read_and_its_errors_carry_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client.properties");
        std::fs::write(&path, "a=ü\na=2").unwrap();
        let properties = Properties::from_file(&path).unwrap();
        assert_eq!((properties.len(), properties.get("a")), (2, Some("2")));
        std::fs::write(&path, b"a=1\n\n\xff").unwrap();
        let error = Properties::from_file(&path).unwrap_err().to_string();
        assert!(
            error.ends_with("client.properties: line 3 is not UTF-8"),
            "{error}"
        );
        let error = Properties::from_file(dir.path().join("none"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("none: "), "{error}");
        std::fs::write(&path, vec![b'#'; 4 * 1024 * 1024 + 1]).unwrap();
        let error = Properties::from_file(&path).unwrap_err().to_string();
        assert!(error.ends_with("longer than 4 MiB"), "{error}");
    }

    #[test]
    fn a_flag_needs_a_name_and_values_stay_out_of_debug() {
        let mut properties = Properties::new();
        properties.push_flag(" a =b=c ").unwrap();
        assert_eq!(properties.get("a"), Some("b=c "));
        for bad in ["secret", "=secret", " =secret", ""] {
            let error = properties.push_flag(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        properties.push("sasl.password", "secret", Origin::Code);
        assert!(!format!("{properties:?}").contains("secret"));
    }
}
