//! What must be true of a history. Each check knows only what the client said and what lies in the
//! broker's log, and returns what is wrong, in words.

use std::collections::{BTreeMap, BTreeSet};

use tidewire::WriteStatus;

use super::run::{History, Idempotence, Said};

/// Everything that must hold.
pub(super) fn all(history: &History) -> Vec<String> {
    let mut findings = answers(history);
    findings.extend(strangers(history));
    findings.extend(readers(history));
    if history.idempotence == Idempotence::On {
        findings.extend(duplicates(history));
        findings.extend(disorder(history));
    }
    findings.truncate(20);
    findings
}

/// "Written" is in the log, where it was said to be; "not written" is not there.
fn answers(history: &History) -> Vec<String> {
    let mut findings = Vec::new();
    for (value, said) in &history.sent {
        let found = history.find(value);
        match said {
            Said::Written { partition, offset } => {
                let there = |at: &(&str, i32, i64)| {
                    at.1 == *partition && offset.is_none_or(|offset| offset == at.2)
                };
                if !found.iter().any(there) {
                    findings.push(format!(
                        "{value}: acknowledged as {said:?}, lies at {found:?}"
                    ));
                }
            }
            Said::Failed(Some(WriteStatus::NotWritten), error) => {
                if !found.is_empty() {
                    findings.push(format!("{value}: {error}, but lies at {found:?}"));
                }
            }
            Said::Failed(Some(_), _) => {}
            Said::Failed(None, error) => findings.push(format!("{value}: no status: {error}")),
        }
    }
    findings
}

/// Nothing is in the log that nobody sent there.
fn strangers(history: &History) -> Vec<String> {
    let mut findings = Vec::new();
    for ((topic, partition), log) in &history.logs {
        for (offset, value) in log {
            let sent = history.sent.contains_key(value) && value.starts_with(topic.as_str());
            if !sent {
                findings.push(format!(
                    "{topic}-{partition} at {offset}: {value} was never sent"
                ));
            }
        }
    }
    findings
}

/// Every consumer read every record of every log, once, in order.
fn readers(history: &History) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, read) in history.read.iter().enumerate() {
        for (at, log) in &history.logs {
            let mine = read.get(at).map_or(&[][..], Vec::as_slice);
            let wrong = mine.iter().zip(log).find(|(mine, there)| mine != there);
            if mine.len() != log.len() || wrong.is_some() {
                findings.push(format!(
                    "consumer {index}, {at:?}: read {} of {} records; first difference: {wrong:?}",
                    mine.len(),
                    log.len()
                ));
            }
        }
    }
    findings
}

/// Records that are in the logs more than once.
pub(super) fn duplicates(history: &History) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let values = history.logs.values().flatten().map(|(_, value)| value);
    values
        .filter(|value| !seen.insert(*value))
        .map(|value| format!("{value} lies at {:?}", history.find(value)))
        .collect()
}

/// Records that lie behind later ones of the same producer, in the same partition.
pub(super) fn disorder(history: &History) -> Vec<String> {
    let mut findings = Vec::new();
    for (at, log) in &history.logs {
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for (offset, value) in log {
            let mut parts = value.split(' ');
            let (producer, number) = (parts.nth(1).unwrap(), parts.next().unwrap());
            let number = number.parse().unwrap();
            let before = last.insert(producer, number);
            if before.is_some_and(|before| before > number) {
                findings.push(format!("{at:?} at {offset}: {value} after {before:?}"));
            }
        }
    }
    findings
}
