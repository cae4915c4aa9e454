//! What the proxy does to which frames. Pure: time comes in, chance comes from a seed.
//!
//! A rule is `VERB-SIDE[,key=value..]`. Every rule that fits a request counts it, and the first
//! that picks it decides. A rule about responses is decided when its request passes, so that the
//! history of requests and the seed say all.

use std::str::FromStr;
use std::time::{Duration, Instant};

use super::frames::Side;
use crate::random::Random;

/// What happens to a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// The connection closes in its place.
    Cut,
    /// The connection closes after a random number of its bytes.
    Tear,
    /// It, and all behind it on this connection, waits so long.
    Hold(Duration),
    /// It and all behind it, in both directions, vanish; the connection stays open.
    Blackhole,
}

/// One thing that may happen, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    verb: Verb,
    side: Side,
    /// Of these requests and their responses; of all where it is none.
    api: Option<i16>,
    /// At this broker; at all where it is none.
    node: Option<u32>,
    /// Only the nth one that fits, counted from 1.
    nth: Option<u64>,
    /// Each nth one that fits.
    every: Option<u64>,
    /// So many of a million that fit.
    per_million: u32,
    /// Not again before so much time has passed.
    pause: Duration,
    /// Not more often than this.
    max: Option<u64>,
}

/// Names of requests, as Kafka calls them.
const APIS: [(&str, i16); 24] = [
    ("produce", 0),
    ("fetch", 1),
    ("list-offsets", 2),
    ("metadata", 3),
    ("offset-commit", 8),
    ("offset-fetch", 9),
    ("find-coordinator", 10),
    ("join-group", 11),
    ("heartbeat", 12),
    ("leave-group", 13),
    ("sync-group", 14),
    ("sasl-handshake", 17),
    ("api-versions", 18),
    ("create-topics", 19),
    ("delete-topics", 20),
    ("init-producer-id", 22),
    ("offset-for-leader-epoch", 23),
    ("add-partitions-to-txn", 24),
    ("add-offsets-to-txn", 25),
    ("end-txn", 26),
    ("txn-offset-commit", 28),
    ("sasl-authenticate", 36),
    ("consumer-group-heartbeat", 68),
    ("describe-topic-partitions", 75),
];

/// A request's name, or its number.
pub(super) fn api_name(key: i16) -> String {
    let known = APIS.iter().find(|(_, number)| *number == key);
    known.map_or_else(|| format!("api {key}"), |(name, _)| (*name).to_owned())
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split(',');
        let what = words.next().unwrap_or_default();
        let (verb, side) = verb_and_side(what)?;
        let mut rule = Self {
            verb,
            side,
            api: None,
            node: None,
            nth: None,
            every: None,
            per_million: 1_000_000,
            pause: Duration::ZERO,
            max: None,
        };
        let mut hold = None;
        for word in words {
            let (key, value) = word
                .split_once('=')
                .ok_or_else(|| format!("{word:?} in rule {text:?} is not KEY=VALUE"))?;
            let bad = |why: String| format!("{key}={value} in rule {text:?}: {why}");
            match key {
                "api" => rule.api = Some(api_key(value).map_err(bad)?),
                "node" => rule.node = Some(number(value).map_err(bad)?),
                "nth" => rule.nth = Some(positive(value).map_err(bad)?),
                "every" => rule.every = Some(positive(value).map_err(bad)?),
                "p" => rule.per_million = per_million(value).map_err(bad)?,
                "pause-ms" => rule.pause = Duration::from_millis(number(value).map_err(bad)?),
                "max" => rule.max = Some(number(value).map_err(bad)?),
                "ms" => hold = Some(Duration::from_millis(number(value).map_err(bad)?)),
                _ => return Err(bad(format!("no such key; there are {KEYS}"))),
            }
        }
        match (rule.verb, hold) {
            (Verb::Hold(_), Some(time)) => rule.verb = Verb::Hold(time),
            (Verb::Hold(_), None) => return Err(format!("rule {text:?} holds how long? Add ms=N")),
            (_, Some(_)) => return Err(format!("ms= in rule {text:?} is for hold only")),
            (_, None) => {}
        }
        Ok(rule)
    }
}

const KEYS: &str = "api, node, nth, every, p, pause-ms, max, ms";

fn verb_and_side(text: &str) -> Result<(Verb, Side), String> {
    let known = "cut, tear, hold or blackhole, then -request or -response";
    let unknown = || format!("rule {text:?} does not begin with {known}");
    let (verb, side) = text.split_once('-').ok_or_else(unknown)?;
    let verb = match verb {
        "cut" => Verb::Cut,
        "tear" => Verb::Tear,
        "hold" => Verb::Hold(Duration::ZERO),
        "blackhole" => Verb::Blackhole,
        _ => return Err(unknown()),
    };
    let side = match side {
        "request" => Side::Request,
        "response" => Side::Response,
        _ => return Err(unknown()),
    };
    Ok((verb, side))
}

fn api_key(text: &str) -> Result<i16, String> {
    let named = APIS.iter().find(|(name, _)| *name == text);
    if let Some((_, key)) = named {
        return Ok(*key);
    }
    text.parse().map_err(|_| {
        let names: Vec<&str> = APIS.iter().map(|(name, _)| *name).collect();
        format!("give an api key or one of: {}", names.join(" "))
    })
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "not a whole number".to_owned())
}

fn positive(text: &str) -> Result<u64, String> {
    number(text).and_then(|n| {
        if n > 0 {
            Ok(n)
        } else {
            Err("counts from 1".into())
        }
    })
}

/// `0.25` is 250,000. In whole digits, so that a rule means the same everywhere.
fn per_million(text: &str) -> Result<u32, String> {
    let bad = || "give a probability as 0.001, at most six digits".to_owned();
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let whole: u32 = number(whole).map_err(|_| bad())?;
    let fits = digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit());
    let part: u32 = format!("{digits:0<6}").parse().map_err(|_| bad())?;
    match (whole, fits) {
        (0, true) => Ok(part),
        (1, true) if part == 0 => Ok(1_000_000),
        _ => Err(bad()),
    }
}

/// A rule's own history.
#[derive(Debug, Clone, Default)]
struct History {
    fitting: u64,
    picked: u64,
    last: Option<Instant>,
}

/// The rules with their histories.
#[derive(Debug)]
pub(super) struct Script {
    rules: Vec<(Rule, History)>,
    random: Random,
}

impl Script {
    pub(super) fn new(rules: Vec<Rule>, seed: u64) -> Self {
        Self {
            rules: with_history(rules),
            random: Random::new(seed),
        }
    }

    /// Other rules from now on.
    pub(super) fn replace(&mut self, rules: Vec<Rule>) {
        self.rules = with_history(rules);
    }

    /// What happens to this request or to its response.
    pub(super) fn decide(&mut self, node: u32, api: i16, now: Instant) -> Option<(Verb, Side)> {
        let mut decision = None;
        for (rule, history) in &mut self.rules {
            let fits = rule.api.is_none_or(|key| key == api)
                && rule.node.is_none_or(|number| number == node);
            if !fits {
                continue;
            }
            history.fitting += 1;
            // Drawn for each that fits, so that other conditions do not shift the numbers.
            let lucky = rule.per_million == 1_000_000 || self.random.chance(rule.per_million);
            let rested = history
                .last
                .is_none_or(|last| now.saturating_duration_since(last) >= rule.pause);
            let picks = lucky
                && rested
                && rule.nth.is_none_or(|nth| nth == history.fitting)
                && rule.every.is_none_or(|every| history.fitting % every == 0)
                && rule.max.is_none_or(|max| history.picked < max);
            if picks && decision.is_none() {
                history.picked += 1;
                history.last = Some(now);
                decision = Some((rule.verb, rule.side));
            }
        }
        decision
    }

    /// How many bytes of a frame of this length pass before it is torn; never all.
    pub(super) fn torn_after(&mut self, total: u64) -> u64 {
        self.random.below(total)
    }
}

fn with_history(rules: Vec<Rule>) -> Vec<(Rule, History)> {
    rules
        .into_iter()
        .map(|rule| (rule, History::default()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(rules: &[&str]) -> Script {
        Script::new(rules.iter().map(|rule| rule.parse().unwrap()).collect(), 7)
    }

    /// Which of so many produce requests at node 1 are picked, from 1, a second apart.
    fn picked(rules: &[&str], count: u64) -> Vec<u64> {
        let mut script = script(rules);
        let start = Instant::now();
        (1..=count)
            .filter(|n| {
                script
                    .decide(1, 0, start + Duration::from_secs(*n))
                    .is_some()
            })
            .collect()
    }

    #[test]
    fn a_rule_picks_by_count_by_time_and_by_chance() {
        assert_eq!(picked(&["cut-response"], 3), [1, 2, 3]);
        assert_eq!(picked(&["cut-response,nth=3"], 9), [3]);
        assert_eq!(picked(&["cut-response,every=4"], 9), [4, 8]);
        assert_eq!(picked(&["cut-response,every=2,max=2"], 9), [2, 4]);
        assert_eq!(picked(&["cut-response,pause-ms=3000"], 8), [1, 4, 7]);
        assert_eq!(picked(&["cut-response,p=0"], 50), [0; 0]);
        let some = picked(&["cut-response,p=0.3"], 1_000);
        assert!((230..370).contains(&some.len()), "{}", some.len());
        assert_eq!(some, picked(&["cut-response,p=0.3"], 1_000), "repeatable");
    }

    #[test]
    fn a_rule_is_for_its_requests_and_its_broker() {
        let mut script = script(&["cut-response,api=produce,node=2", "hold-request,ms=5,api=3"]);
        let now = Instant::now();
        assert_eq!(script.decide(1, 0, now), None);
        assert_eq!(script.decide(2, 1, now), None);
        assert_eq!(script.decide(2, 0, now), Some((Verb::Cut, Side::Response)));
        let hold = Verb::Hold(Duration::from_millis(5));
        assert_eq!(script.decide(1, 3, now), Some((hold, Side::Request)));
    }

    #[test]
    fn the_first_rule_decides_and_the_others_count() {
        let mut script = script(&[
            "cut-request,nth=2",
            "tear-response,nth=2",
            "tear-request,nth=3",
        ]);
        let now = Instant::now();
        let all = [(); 3].map(|()| script.decide(1, 0, now));
        let cut = Some((Verb::Cut, Side::Request));
        assert_eq!(all, [None, cut, Some((Verb::Tear, Side::Request))]);
    }

    #[test]
    fn a_torn_frame_is_never_whole() {
        let mut script = script(&[]);
        assert!((0..200).all(|_| script.torn_after(5) < 5));
    }

    #[test]
    fn rules_that_say_nothing_sensible_are_refused_with_what_would_be() {
        for (text, hint) in [
            ("cut", "-request or -response"),
            ("explode-request", "blackhole"),
            ("cut-sideways", "-request or -response"),
            ("cut-request,api=nonsense", "init-producer-id"),
            ("cut-request,nth=0", "from 1"),
            ("cut-request,p=1.5", "0.001"),
            ("cut-request,p=0.0000001", "six digits"),
            ("cut-request,often", "KEY=VALUE"),
            ("cut-request,x=1", "pause-ms"),
            ("hold-response", "ms=N"),
            ("cut-response,ms=5", "hold only"),
        ] {
            let error = text.parse::<Rule>().unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
        assert_eq!(per_million("0.05"), Ok(50_000));
        assert_eq!(per_million("1"), Ok(1_000_000));
        assert_eq!(per_million("1.0"), Ok(1_000_000));
    }
}
