//! From a line to the parts of a record: `-K`, `-H` and `-Z`.

use std::ops::Range;

use bytes::Bytes;

use super::escape::unescape;

/// What stands between key and value; never empty.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Delimiter(Vec<u8>);

impl Delimiter {
    /// Reads the value of `-K`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let bytes = unescape(text)?;
        if bytes.is_empty() {
            return Err("the delimiter must not be empty".to_owned());
        }
        if bytes.contains(&b'\n') {
            return Err("a newline ends the record, so it cannot be the delimiter".to_owned());
        }
        Ok(Self(bytes))
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Where it stands first.
    fn find(&self, line: &[u8]) -> Option<Range<usize>> {
        let start = line
            .windows(self.0.len())
            .position(|window| window == self.0)?;
        Some(start..start + self.0.len())
    }
}

/// A header that every record gets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HeaderArg {
    /// Its name.
    pub(crate) name: String,
    /// Its value; `None` is a null value, which is not an empty one.
    pub(crate) value: Option<Bytes>,
}

impl HeaderArg {
    /// Reads the value of `-H`: `name=value`, or `name` alone for a null value, as in kcat.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(Bytes::copy_from_slice(value.as_bytes()))),
            None => (text, None),
        };
        if name.is_empty() {
            return Err("a header needs a name: NAME=VALUE".to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            value,
        })
    }
}

/// How lines become records.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineRules {
    /// `-K`
    pub(crate) delimiter: Option<Delimiter>,
    /// `-Z`
    pub(crate) empty_is_null: bool,
}

impl LineRules {
    /// Key and value of a line. Both share its memory.
    pub(crate) fn apply(&self, mut line: Bytes) -> (Option<Bytes>, Option<Bytes>) {
        let found = self
            .delimiter
            .as_ref()
            .and_then(|delimiter| delimiter.find(&line));
        let key = found.map(|range| {
            let mut key = line.split_to(range.end);
            key.truncate(range.start);
            key
        });
        let null = self.empty_is_null && line.is_empty();
        (key, (!null).then_some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(delimiter: &str, line: &'static [u8]) -> (Option<Bytes>, Option<Bytes>) {
        let rules = LineRules {
            delimiter: Some(Delimiter::parse(delimiter).unwrap()),
            empty_is_null: false,
        };
        rules.apply(Bytes::from_static(line))
    }

    fn pair(
        key: Option<&'static str>,
        value: Option<&'static str>,
    ) -> (Option<Bytes>, Option<Bytes>) {
        (key.map(Bytes::from), value.map(Bytes::from))
    }

    #[test]
    fn the_first_delimiter_splits() {
        assert_eq!(apply(":", b"a:b:c"), pair(Some("a"), Some("b:c")));
        assert_eq!(apply("--", b"a-b--c--"), pair(Some("a-b"), Some("c--")));
        assert_eq!(apply(r"\t", b"a\tb"), pair(Some("a"), Some("b")));
    }

    #[test]
    fn a_line_without_the_delimiter_has_a_null_key() {
        assert_eq!(apply(":", b"abc"), pair(None, Some("abc")));
        assert_eq!(apply("::::", b"a:"), pair(None, Some("a:")));
        assert_eq!(apply(":", b""), pair(None, Some("")));
    }

    #[test]
    fn an_empty_key_is_not_a_null_key() {
        assert_eq!(apply(":", b":v"), pair(Some(""), Some("v")));
        assert_eq!(apply(":", b":"), pair(Some(""), Some("")));
    }

    #[test]
    fn an_empty_value_is_null_only_when_asked() {
        let mut rules = LineRules {
            delimiter: Some(Delimiter::parse(":").unwrap()),
            empty_is_null: true,
        };
        assert_eq!(rules.apply("k:".into()), pair(Some("k"), None));
        assert_eq!(rules.apply("".into()), pair(None, None));
        assert_eq!(rules.apply(":v".into()), pair(Some(""), Some("v")));
        rules.empty_is_null = false;
        assert_eq!(rules.apply("k:".into()), pair(Some("k"), Some("")));
    }

    #[test]
    fn a_delimiter_that_cannot_work_is_refused() {
        assert!(Delimiter::parse("").is_err());
        assert!(Delimiter::parse(r"\n").is_err());
        assert!(Delimiter::parse(r"\x").is_err());
    }

    #[test]
    fn a_header_splits_at_the_first_equals_sign() {
        let header = HeaderArg::parse("trace=a=b").unwrap();
        assert_eq!(
            (header.name.as_str(), header.value),
            ("trace", Some("a=b".into()))
        );
        assert_eq!(
            HeaderArg::parse("empty=").unwrap().value,
            Some(Bytes::new())
        );
        assert_eq!(HeaderArg::parse("null").unwrap().value, None);
        assert!(HeaderArg::parse("=v").is_err());
    }
}
