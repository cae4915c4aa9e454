//! The metadata task: asks when the machine says so, and tells everybody who waits.
//!
//! A round asks the known brokers first, in random order, and then the bootstrap addresses, which
//! are resolved anew: a cluster that moved as a whole is found again (KIP-899), unless
//! `metadata.recovery.strategy` is `none`. The next candidate
//! starts when the one before has failed, or has been silent for a second, so that a hung broker
//! never holds up the rest.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};

use super::shared::Shared;
use crate::config::MetadataRecoveryStrategy;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::machine::metadata::Query;
use crate::machine::rng::Rng;
use crate::net::{Broker, Role, now};
use crate::protocol::metadata::{MetadataRequest, MetadataResponse};

/// A candidate that has been silent for so long gets company.
const HEDGE_AFTER: Duration = Duration::from_secs(1);

type Asked = (String, Result<MetadataResponse>);

/// Runs until it is aborted.
pub(super) async fn drive(shared: Arc<Shared>) {
    loop {
        let query = shared.lock_machine().poll_query(now());
        if let Some(query) = query {
            let answer = ask(&shared, &query).await;
            take_in(&shared, &query, answer);
            continue;
        }
        let due = shared.lock_machine().poll_timeout();
        tokio::select! {
            biased;
            () = shared.wake.notified() => {}
            () = tokio::time::sleep_until(due.unwrap_or_else(now).into()), if due.is_some() => {}
        }
    }
}

fn take_in(shared: &Shared, query: &Query, answer: Result<MetadataResponse>) {
    let mut machine = shared.lock_machine();
    let failure = match answer {
        Ok(response) => {
            machine.handle_response(now(), query, response);
            None
        }
        Err(error) => {
            machine.handle_failure(now());
            tell(shared, &error);
            Some(error)
        }
    };
    *shared
        .last_failure
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = failure;
    let snapshot = Arc::clone(machine.snapshot());
    drop(machine);
    shared.publish(snapshot);
}

/// Warns of a failure; of the same one again only for those who debug.
fn tell(shared: &Shared, error: &Error) {
    let last = shared
        .last_failure
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let again = last.as_ref().map(Error::message) == Some(error.message());
    drop(last);
    if again {
        tracing::debug!(%error, "no metadata again; trying on");
    } else {
        tracing::warn!(%error, "no metadata; trying again");
    }
}

/// Asks until one candidate answers; the error names each address and its reason.
async fn ask(shared: &Arc<Shared>, query: &Query) -> Result<MetadataResponse> {
    let request = query.request();
    let mut candidates = candidates(shared, &request).into_iter();
    let mut pending: FuturesUnordered<BoxFuture<'_, Asked>> = FuturesUnordered::new();
    let mut failures: Vec<(String, Error)> = Vec::new();
    loop {
        if pending.is_empty() {
            match candidates.next() {
                Some(candidate) => pending.push(candidate),
                None => return Err(all_failed(&failures)),
            }
        }
        tokio::select! {
            biased;
            Some((address, answer)) = pending.next() => match answer.and_then(accept) {
                Ok(response) => return Ok(response),
                Err(error) => failures.push((address, error)),
            },
            () = tokio::time::sleep(HEDGE_AFTER), if candidates.len() > 0 => {
                pending.extend(candidates.next());
            }
        }
    }
}

/// Refuses an answer that is an error as a whole.
pub(super) fn accept(response: MetadataResponse) -> Result<MetadataResponse> {
    match ErrorCode(response.error_code).err() {
        Some(code) => Err(Error::broker(code, "asking for metadata")),
        None => Ok(response),
    }
}

fn candidates<'a>(
    shared: &'a Arc<Shared>,
    request: &'a MetadataRequest,
) -> Vec<BoxFuture<'a, Asked>> {
    let limit = shared.config.request_timeout;
    let snapshot = shared.snapshot();
    let mut known: Vec<_> = snapshot.nodes.values().collect();
    shuffle(&mut known, shared.env.seed());
    let mut all: Vec<BoxFuture<'a, Asked>> = Vec::new();
    for node in known {
        let peer = shared.control().get(node);
        let address = format!("{}:{} (broker {})", node.host, node.port, node.id);
        all.push(Box::pin(async move {
            (address, peer.call(request, None, limit).await)
        }));
    }
    if !asks_seeds(shared.config.metadata_recovery_strategy, all.len()) {
        return all;
    }
    let mut seeds: Vec<&Broker> = shared.seeds.iter().collect();
    shuffle(&mut seeds, shared.env.seed());
    for seed in seeds {
        all.push(Box::pin(async move {
            let answer = seed.call(Role::Control, request, None, limit).await;
            (seed.address().to_string(), answer.map_err(Error::from))
        }));
    }
    all
}

/// Without recovery the bootstrap addresses only serve to find the first brokers.
fn asks_seeds(strategy: MetadataRecoveryStrategy, known_brokers: usize) -> bool {
    strategy == MetadataRecoveryStrategy::Rebootstrap || known_brokers == 0
}

fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut rng = Rng::new(seed);
    for last in (1..items.len()).rev() {
        let bound = u64::try_from(last + 1).unwrap_or(1);
        items.swap(last, usize::try_from(rng.below(bound)).unwrap_or(last));
    }
}

fn all_failed(failures: &[(String, Error)]) -> Error {
    let reasons: Vec<String> = failures
        .iter()
        .map(|(address, error)| format!("{address}: {}", error.message()))
        .collect();
    let kind = failures
        .first()
        .map_or(ErrorKind::Connect, |(_, error)| error.kind());
    Error::new(kind, reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_recovery_the_seeds_are_asked_only_while_no_broker_is_known() {
        use MetadataRecoveryStrategy::{None, Rebootstrap};
        assert!(asks_seeds(Rebootstrap, 0) && asks_seeds(Rebootstrap, 3));
        assert!(asks_seeds(None, 0) && !asks_seeds(None, 1));
    }
}
