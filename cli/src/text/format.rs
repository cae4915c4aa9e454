//! `-f`: kcat's little language for printing a record.

use std::io::Write;

use super::escape::escape;

/// What can be printed of a record.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    /// `%t`
    pub(crate) topic: &'a str,
    /// `%p`
    pub(crate) partition: i32,
    /// `%o`
    pub(crate) offset: i64,
    /// `%T`, in milliseconds since 1970; -1 is "none", as on the wire.
    pub(crate) timestamp: i64,
    /// `%k` and `%K`
    pub(crate) key: Option<&'a [u8]>,
    /// `%s` and `%S`
    pub(crate) value: Option<&'a [u8]>,
    /// `%h`
    pub(crate) headers: Vec<(&'a [u8], Option<&'a [u8]>)>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Literal(Vec<u8>),
    Topic,
    Partition,
    Offset,
    Key,
    Value,
    ValueLength,
    KeyLength,
    Timestamp,
    Headers,
}

/// A parsed `-f`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Format(Vec<Part>);

impl Format {
    /// Reads the value of `-f`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['%', '\\']) {
            let (plain, special) = rest.split_at(at);
            literal.extend_from_slice(plain.as_bytes());
            let mut chars = special.chars();
            if chars.next() == Some('\\') {
                let (byte, after) = escape(chars.as_str())?;
                literal.push(byte);
                rest = after;
                continue;
            }
            let part = match chars.next() {
                Some('%') => {
                    literal.push(b'%');
                    rest = chars.as_str();
                    continue;
                }
                Some('t') => Part::Topic,
                Some('p') => Part::Partition,
                Some('o') => Part::Offset,
                Some('k') => Part::Key,
                Some('s') => Part::Value,
                Some('S') => Part::ValueLength,
                Some('K') => Part::KeyLength,
                Some('T') => Part::Timestamp,
                Some('h') => Part::Headers,
                Some(other) => {
                    let known = "%t %p %o %k %s %S %K %T %h %%";
                    return Err(format!("unknown word %{other} (known: {known})"));
                }
                None => return Err("a % at the end; write %% for one".to_owned()),
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(part);
            rest = chars.as_str();
        }
        literal.extend_from_slice(rest.as_bytes());
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self(parts))
    }

    /// The format without `-f`: the value and a newline.
    pub(crate) fn values() -> Self {
        Self(vec![Part::Value, Part::Literal(vec![b'\n'])])
    }

    /// Appends the record to `out`. Null keys and values print as nothing, as in kcat.
    pub(crate) fn render(&self, record: &View<'_>, out: &mut Vec<u8>) {
        for part in &self.0 {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Topic => out.extend_from_slice(record.topic.as_bytes()),
                Part::Partition => number(out, record.partition.into()),
                Part::Offset => number(out, record.offset),
                Part::Key => out.extend_from_slice(record.key.unwrap_or_default()),
                Part::Value => out.extend_from_slice(record.value.unwrap_or_default()),
                Part::ValueLength => number(out, length(record.value)),
                Part::KeyLength => number(out, length(record.key)),
                Part::Timestamp => number(out, record.timestamp),
                Part::Headers => headers(out, record),
            }
        }
    }
}

fn number(out: &mut Vec<u8>, number: i64) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{number}");
}

/// -1 for null, as kcat says it.
fn length(bytes: Option<&[u8]>) -> i64 {
    bytes.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX))
}

/// `name=value,name=value`; a null value is the word NULL, as in kcat.
fn headers(out: &mut Vec<u8>, record: &View<'_>) {
    for (index, (name, value)) in record.headers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value.unwrap_or(b"NULL"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> View<'static> {
        View {
            topic: "orders",
            partition: 3,
            offset: 42,
            timestamp: 1_700_000_000_000,
            key: Some(b"k\xff"),
            value: Some(b"hello"),
            headers: vec![(b"a", Some(b"1")), (b"b", None), (b"c", Some(b""))],
        }
    }

    fn render(format: &str, record: &View<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        Format::parse(format).unwrap().render(record, &mut out);
        out
    }

    #[test]
    fn every_word_prints_its_part() {
        let line = render("%t %p %o %S %K %T %h|%s%%\\x41\\t\\n", &record());
        let expected = "orders 3 42 5 2 1700000000000 a=1,b=NULL,c=|hello%A\t\n";
        assert_eq!(String::from_utf8(line).unwrap(), expected);
        assert_eq!(render("%k", &record()), b"k\xff");
    }

    #[test]
    fn null_prints_as_nothing_with_a_length_of_minus_one() {
        let record = View {
            key: None,
            value: None,
            headers: Vec::new(),
            timestamp: -1,
            ..record()
        };
        assert_eq!(render("[%k|%s|%K|%S|%h|%T]", &record), b"[||-1|-1||-1]");
    }

    #[test]
    fn without_a_format_it_is_the_value_and_a_newline() {
        let mut out = Vec::new();
        Format::values().render(&record(), &mut out);
        assert_eq!(out, b"hello\n");
        assert_eq!(Format::parse("%s\\n"), Ok(Format::values()));
    }

    #[test]
    fn text_alone_and_no_text_are_fine() {
        assert_eq!(render("", &record()), b"");
        assert_eq!(render("é;", &record()), "é;".as_bytes());
    }

    #[test]
    fn unknown_words_are_refused_with_the_known_ones() {
        assert!(Format::parse("%q").unwrap_err().contains("%t %p"));
        for format in ["%", "100%", "\\", "\\q", "%é"] {
            assert!(Format::parse(format).is_err(), "{format}");
        }
    }
}
