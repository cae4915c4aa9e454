//! What a consumer is subscribed to: names, and patterns that names match.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex_lite::Regex;

use crate::error::{Error, ErrorKind, Result};

/// The topics that a consumer wants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscription {
    pub(super) topics: BTreeSet<Arc<str>>,
    pub(super) patterns: Vec<Regex>,
    /// The same patterns, as whole names match them.
    whole: Vec<String>,
}

impl Subscription {
    /// Topics by name; one that begins with `^` is a pattern, as in librdkafka.
    pub(crate) fn of(names: impl IntoIterator<Item = Arc<str>>) -> Result<Self> {
        let mut subscription = Self::default();
        for name in names {
            if name.starts_with('^') {
                subscription.patterns.push(compile(&name, &name)?);
                subscription.whole.push(format!(".*(?:{name}).*"));
            } else {
                subscription.topics.insert(name);
            }
        }
        Ok(subscription)
    }

    /// Topics whose whole name matches, as in Java.
    pub(crate) fn pattern(pattern: &str) -> Result<Self> {
        let whole = compile(pattern, &format!("^(?:{pattern})$"))?;
        Ok(Self {
            topics: BTreeSet::new(),
            patterns: vec![whole],
            whole: vec![pattern.to_owned()],
        })
    }

    /// Adds what another one means.
    pub(crate) fn extend(&mut self, other: Self) {
        self.topics.extend(other.topics);
        self.patterns.extend(other.patterns);
        self.whole.extend(other.whole);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.patterns.is_empty()
    }

    /// Whether the names of all topics are needed to tell which it means.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// All patterns as one, for a coordinator that matches whole names.
    pub(crate) fn whole_pattern(&self) -> Option<String> {
        match self.whole.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => {
                let each = several.iter().map(|pattern| format!("(?:{pattern})"));
                Some(each.collect::<Vec<_>>().join("|"))
            }
        }
    }

    /// The topics that it means, where these are all there are. None of Kafka's own is ever meant
    /// by a pattern.
    pub(crate) fn choose<'a>(
        &self,
        all: impl IntoIterator<Item = (&'a Arc<str>, bool)>,
    ) -> BTreeSet<Arc<str>> {
        let matches = |name: &str| self.patterns.iter().any(|pattern| pattern.is_match(name));
        let mut chosen = self.topics.clone();
        for (name, internal) in all {
            if !internal && matches(name) {
                chosen.insert(Arc::clone(name));
            }
        }
        chosen
    }
}

fn compile(said: &str, pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|source| {
        let words = format!("{said:?} is no regular expression: {source}");
        Error::new(ErrorKind::InvalidInput, words).with_source(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(subscription: &Subscription, names: &[&str]) -> Vec<String> {
        let names: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
        let chosen = subscription.choose(names.iter().map(|name| (name, name.starts_with("__"))));
        chosen.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pattern_stands_beside_names() {
        let all = [
            "a.b",
            "axb",
            "orders-1",
            "orders-2",
            "xorders-1",
            "__orders-1",
        ];
        let subscription = Subscription::of(["^orders-", "a.b"].map(Arc::from)).unwrap();
        assert_eq!(chosen(&subscription, &all), ["a.b", "orders-1", "orders-2"]);
    }

    #[test]
    fn names_are_wanted_whether_there_are_such_topics_or_not() {
        let subscription = Subscription::of([Arc::from("a")]).unwrap();
        assert!(!subscription.has_patterns());
        assert_eq!(chosen(&subscription, &[]), ["a"]);
    }

    #[test]
    fn java_s_kind_of_pattern_matches_whole_names_and_none_of_kafka_s_own() {
        let subscription = Subscription::pattern("a|b.*|_.*").unwrap();
        let all = ["__consumer_offsets", "a", "ab", "bc", "cb", "_x"];
        assert_eq!(chosen(&subscription, &all), ["_x", "a", "bc"]);
    }

    #[test]
    fn as_one_pattern_for_whole_names_it_means_the_same() {
        let names = Subscription::of(["^orders-", "^a|b$", "x"].map(Arc::from)).unwrap();
        let mut both = names.clone();
        both.extend(Subscription::pattern("c|d.*").unwrap());
        for subscription in [names, both, Subscription::pattern("a|b").unwrap()] {
            let whole = subscription.whole_pattern().unwrap();
            let whole = Regex::new(&format!("^(?:{whole})$")).unwrap();
            for name in [
                "orders-1",
                "my-orders-1",
                "a1",
                "1b",
                "b1",
                "c",
                "cc",
                "dd",
                "a",
                "b",
            ] {
                let local = subscription.patterns.iter().any(|it| it.is_match(name));
                assert_eq!(whole.is_match(name), local, "{name} {whole}");
            }
        }
        assert_eq!(Subscription::default().whole_pattern(), None);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let error = Subscription::pattern("a(").unwrap_err();
        assert!(error.to_string().contains("\"a(\""), "{error}");
    }
}
