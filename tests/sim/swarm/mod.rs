//! Whole histories from a seed: random clients, records and faults, judged by the broker's log.
//!
//! Each seed draws a cluster, producers and consumers, and which kinds of trouble there are at all
//! (a swarm: what hides behind one kind of fault shows where that kind is off). Then the trouble
//! ends, and from there on everything must come to an end: see `check` for what must be true.

mod check;
mod run;
mod trouble;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use run::{History, Idempotence};

use crate::support::Watchdog;

/// Histories of one test run; `SIM_SEEDS=1000..2000` runs others.
const SEEDS: std::ops::Range<u64> = 0..120;
/// Without idempotence a few are enough to see what it is for.
const SEEDS_WITHOUT: u64 = 30;

/// Runs one seed in a runtime of its own; says how to replay it if it panics.
fn history(seed: u64, idempotence: Idempotence) -> History {
    let _watchdog = Watchdog::new(format!("SIM_SEED={seed}"));
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        // Tokio wakes those who wait on the same thing in random order, from a seed that can be
        // set in unstable builds only. Without it a seed draws the same history, whose
        // simultaneous events may come in another order.
        #[cfg(tokio_unstable)]
        builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_le_bytes()));
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run::run(seed, idempotence))
    }));
    ran.unwrap_or_else(|panic| {
        eprintln!("replay it: SIM_SEED={seed} cargo test --test sim swarm -- --nocapture");
        resume_unwind(panic)
    })
}

fn number(text: &str) -> u64 {
    text.parse().expect("SIM_SEED=n or SIM_SEEDS=from..to")
}

fn wanted() -> std::ops::Range<u64> {
    if let Ok(one) = std::env::var("SIM_SEED") {
        return number(&one)..number(&one) + 1;
    }
    let Ok(several) = std::env::var("SIM_SEEDS") else {
        return SEEDS;
    };
    let (from, to) = several.split_once("..").expect("SIM_SEEDS=from..to");
    number(from)..number(to)
}

#[test]
fn whatever_happens_promises_are_kept() {
    let seeds = wanted();
    let started = Instant::now();
    let (mut records, mut requests, mut failed) = (0, 0, 0);
    for seed in seeds.clone() {
        let history = history(seed, Idempotence::On);
        let findings = check::all(&history);
        assert!(
            findings.is_empty(),
            "SIM_SEED={seed}\n{}",
            findings.join("\n")
        );
        records += history.sent.len();
        failed += history.failed();
        requests += history.requests.len();
    }
    println!(
        "seeds {seeds:?}: {records} records ({failed} failed), {requests} requests in {:?}",
        started.elapsed()
    );
}

/// The checkers can see: what they find without idempotence is what it prevents.
#[test]
fn idempotence_off_shows_duplicates() {
    let (mut duplicates, mut disorder) = (0, 0);
    for seed in 0..SEEDS_WITHOUT {
        let history = history(seed, Idempotence::Off);
        let findings = check::all(&history);
        assert!(findings.is_empty(), "seed {seed}\n{}", findings.join("\n"));
        duplicates += check::duplicates(&history).len();
        disorder += check::disorder(&history).len();
    }
    assert!(
        duplicates > 0,
        "no duplicate in {SEEDS_WITHOUT} histories without idempotence"
    );
    assert!(disorder > 0, "no record out of order either");
}

#[cfg(tokio_unstable)]
#[test]
fn a_seed_replays_exactly() {
    for seed in 1_000..1_005 {
        let (one, two) = (
            history(seed, Idempotence::On),
            history(seed, Idempotence::On),
        );
        let mut both = one.requests.iter().zip(&two.requests).enumerate();
        let differ = both.find(|(_, (one, two))| one != two);
        assert_eq!(differ, None, "SIM_SEED={seed}");
        assert_eq!(one.requests.len(), two.requests.len(), "SIM_SEED={seed}");
        assert!(one.logs == two.logs, "SIM_SEED={seed}");
    }
}
