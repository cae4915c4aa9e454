//! Changes of topics: asked of the controller until each topic has its answer.
//!
//! An attempt whose answer is lost may have made the change. The next one is then refused because
//! there is nothing left to do, which is what was wanted; so once an answer was lost, that refusal
//! counts as done. A topic that is over a quota (KIP-599) is asked for again, alone, after the
//! pause that the broker names; the connection keeps that pause by itself.

use std::collections::BTreeMap;

use super::Admin;
use crate::cluster::Target;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::net::Sent;
use crate::protocol::{Decode, Encode, Request};

/// One kind of change.
pub(super) struct Change {
    /// The newest version to use.
    cap: Option<i16>,
    /// What a controller says if the change was made before.
    done_before: ErrorCode,
    doing: &'static str,
}

pub(super) const CREATING: Change = Change {
    cap: None,
    done_before: ErrorCode::TOPIC_ALREADY_EXISTS,
    doing: "creating",
};

pub(super) const DELETING: Change = Change {
    // The last version that takes a plain list of names.
    cap: Some(5),
    done_before: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    doing: "deleting",
};

/// A topic, its code, and the broker's words.
type Answer = (String, i16, Option<String>);

impl Admin {
    /// Makes a change of each topic; `request` asks for those that are given to it.
    pub(super) async fn change<R>(
        &self,
        change: &Change,
        names: Vec<String>,
        request: impl Fn(&[String]) -> R,
        read: impl Fn(R::Response) -> Vec<Answer>,
    ) -> Result<Vec<Result<()>>>
    where
        R: Request + Encode,
        R::Response: Decode,
    {
        let deadline = self.deadline();
        let shared = &self.client.shared;
        let mut retry = shared.retry(deadline);
        let mut found: BTreeMap<String, Result<()>> = BTreeMap::new();
        let (mut open, mut answer_lost) = (names.clone(), false);
        loop {
            let asked = request(&open);
            let called = shared.try_call(Target::Controller, &asked, change.cap, deadline);
            let error = match called.await {
                Ok(response) => match not_controller(read(response)) {
                    Ok(answers) => {
                        let outcomes = change.outcomes(answers, answer_lost);
                        found.extend(outcomes);
                        open.retain(|name| found.get(name).is_some_and(is_throttled));
                        let throttled = open.first().and_then(|name| found.get(name));
                        match throttled {
                            Some(Err(error)) => error.clone(),
                            _ => break,
                        }
                    }
                    Err(error) => error,
                },
                Err(failed) => {
                    answer_lost |= failed.sent == Sent::Maybe;
                    failed.error
                }
            };
            if let Err(error) = retry.after(error).await {
                if found.is_empty() {
                    return Err(error);
                }
                let open = open.into_iter();
                found.extend(open.map(|name| {
                    let error = error.clone().with_topic(name.as_str());
                    (name, Err(error))
                }));
                break;
            }
        }
        shared.refresh_metadata();
        let outcome = |name: &String| found.get(name).cloned().unwrap_or_else(|| missing(name));
        Ok(names.iter().map(outcome).collect())
    }
}

impl Change {
    fn outcomes(&self, answers: Vec<Answer>, lost: bool) -> BTreeMap<String, Result<()>> {
        let outcome = |(name, code, words): Answer| {
            let outcome = match ErrorCode(code).err() {
                Some(code) if lost && code == self.done_before => Ok(()),
                Some(code) => Err(self.refused(&name, code, words)),
                None => Ok(()),
            };
            (name, outcome)
        };
        answers.into_iter().map(outcome).collect()
    }

    fn refused(&self, name: &str, code: ErrorCode, words: Option<String>) -> Error {
        let doing = format!("{} the topic", self.doing);
        let error = match words {
            Some(words) => Error::new(ErrorKind::Broker(code), format!("{doing}: {code}: {words}")),
            None => Error::broker(code, &doing),
        };
        error.with_topic(name)
    }
}

fn is_throttled(outcome: &Result<()>) -> bool {
    let code = outcome.as_ref().err().and_then(Error::code);
    code == Some(ErrorCode::THROTTLING_QUOTA_EXCEEDED)
}

fn missing(name: &str) -> Result<()> {
    let words = "the broker did not answer for the topic";
    Err(Error::new(ErrorKind::Malformed, words).with_topic(name))
}

/// Fails as a whole if the wrong broker was asked.
fn not_controller(answers: Vec<Answer>) -> Result<Vec<Answer>> {
    let code = ErrorCode::NOT_CONTROLLER;
    if answers.iter().any(|(_, each, _)| *each == code.0) {
        return Err(Error::broker(code, "asking the controller"));
    }
    Ok(answers)
}
