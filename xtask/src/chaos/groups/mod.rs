//! `cargo xtask chaos groups`: does what a group promises hold while members come, go and die?
//!
//! ```text
//! producer (tests/chaos) -> broker -> members (tests/chaos, and Java's), one of which is stopped,
//!                             |         | killed, started or sent away every few seconds
//!   what is in the topic, and |         | journals: what they were handed out and told
//!   every offset ever written +-> judge <-+
//! ```
//!
//! Both logs are read by Kafka's own console consumer, so no member judges itself.

mod args;
mod figures;
mod history;
mod judge;
mod offsets;
mod report;
mod roster;
mod tenure;
mod torment;

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) use self::args::Args;
use self::args::Protocol;
use self::history::What;
use self::judge::Facts;
use self::report::Report;
use self::roster::{Roster, State, now};
use self::tenure::{Member, Tenures};
use self::torment::Deeds;
use super::judge::{Judge, Verdict as Written};
use super::reader::{self, Reader};
use super::report::grouped;
use super::workload::{self, Spec, Workload};
use super::{History, PROGRESS, Run, create_topic};
use crate::args::UpArgs;
use crate::interrupt;
use crate::random::Random;
use crate::state::Cluster;

/// From the first start to an owner of every partition.
const START_LIMIT: Duration = Duration::from_secs(90);
/// For the last member to read what is left, and for all others to leave before it.
const END_LIMIT: Duration = Duration::from_secs(120);
/// The last member is done when nothing has come for so long.
const QUIET_MICROS: u64 = 4_000_000;

pub(super) fn run(args: &Args) -> Result<(), String> {
    if !args.kafka.is_at_least(4, 0) {
        let kafka = args.kafka;
        return Err(format!(
            "Kafka {kafka} prints offsets in words; take 4.0 or newer"
        ));
    }
    let run = Run {
        name: &args.name,
        up: UpArgs {
            nodes: args.nodes,
            kafka: args.kafka,
            engine: Some(args.engine),
            proxy: false,
            configs: args.configs(),
        },
        seconds: args.seconds,
        seed: args.seed,
    };
    let ended = run.go(|seed, dir, cluster| on_cluster(args, seed, dir, cluster))?;
    print!("{}", ended.report.table());
    let good = match args.sabotage {
        None => "nothing skipped, no second owner, no offset going back",
        Some(_) => "the check can see: the sabotage was found",
    };
    ended.judge(&ended.report.complaints(), good)
}

fn on_cluster(args: &Args, seed: u64, dir: &Path, cluster: &Cluster) -> Result<Report, String> {
    // Its own in every run; the group has the same name.
    let topic = format!("chaos-groups-{seed}");
    create_topic(cluster, &topic, args.partitions)?;
    let history = History::create(&dir.join("history.log"))?;
    let spec = Spec {
        bootstrap: &cluster.bootstrap(),
        topic: &topic,
        partitions: args.partitions,
        producers: 1,
        rate: args.rate,
        seed,
        properties: &[],
    };
    let mut workload = Workload::start(&spec, dir)?;
    workload.wait_until_writing()?;
    let mut roster = Roster::new((args, cluster, &topic), seed, dir, &history);
    start_all(args, &mut roster)?;
    let begin = now();
    let deeds = churn(args, seed, &mut roster, &mut workload)?;
    let during = begin..now();
    history.say("all is well; everybody leaves");
    workload.stop()?;
    drain(&mut roster, args.partitions)?;
    eprintln!("reading everything back");
    judge_all(args, &roster, (deeds, during))
}

/// Starts the members, and waits until all partitions are spread over them.
fn start_all(args: &Args, roster: &mut Roster<'_>) -> Result<(), String> {
    for _ in 0..args.members {
        roster.start()?;
    }
    let busy = usize::try_from(args.members.min(args.partitions)).map_err(|e| e.to_string())?;
    wait_for(
        roster,
        START_LIMIT,
        "all partitions to be spread",
        |members| {
            let owners = members
                .iter()
                .filter(|it| owned(std::slice::from_ref(it)) > 0);
            owned(members) == args.partitions && owners.count() == busy
        },
    )
}

/// Torments the members.
fn churn(
    args: &Args,
    seed: u64,
    roster: &mut Roster<'_>,
    workload: &mut Workload,
) -> Result<Deeds, String> {
    let start = Instant::now();
    let mut told = start;
    let end = start + Duration::from_secs(args.seconds);
    torment::run(roster, &mut Random::new(seed), end, |roster, deeds| {
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            let (seconds, (living, _)) = (start.elapsed().as_secs(), roster.living());
            let written = grouped(workload.sums().acked);
            eprintln!("{seconds:>5} s: {written} written, {living} members, {deeds:?}");
        }
        workload.alive()
    })
}

/// Everybody leaves; then one more member reads what is left, and leaves.
fn drain(roster: &mut Roster<'_>, partitions: u32) -> Result<(), String> {
    for number in roster.all(|state| state == State::Running) {
        roster.leave(number)?;
    }
    let gone = |roster: &Roster<'_>| roster.all(|state| state != State::Gone).is_empty();
    wait_until(roster, END_LIMIT, "the end of all members", gone)?;
    let last = roster.start()?;
    wait_for(roster, END_LIMIT, "the end of what is left", |members| {
        let own = members.get(last).map(std::slice::from_ref);
        own.is_some_and(|own| owned(own) == partitions && is_quiet(own))
    })?;
    roster.leave(last)?;
    wait_until(roster, END_LIMIT, "the end of the last member", gone)
}

/// How many partitions somebody has.
fn owned(members: &[Member]) -> u32 {
    let over = now();
    let tenures = Tenures::of(members, over);
    let owned = tenures
        .by_partition()
        .filter(|own| own.iter().any(|it| it.to == over));
    u32::try_from(owned.count()).unwrap_or(u32::MAX)
}

/// Whether no record has come for a while, and nothing has been assigned.
fn is_quiet(members: &[Member]) -> bool {
    let events = members.iter().flat_map(|member| &member.events);
    let news = events.filter(|event| matches!(event.what, What::Assigned(_) | What::Handed(_)));
    let last = news.map(|event| event.at).max();
    last.is_some_and(|at| at + QUIET_MICROS < now())
}

fn wait_for(
    roster: &mut Roster<'_>,
    limit: Duration,
    what: &str,
    is_so: impl Fn(&[Member]) -> bool,
) -> Result<(), String> {
    let so = |roster: &Roster<'_>| roster.members().is_ok_and(|members| is_so(&members));
    wait_until(roster, limit, what, so)
}

fn wait_until(
    roster: &mut Roster<'_>,
    limit: Duration,
    what: &str,
    is_so: impl Fn(&Roster<'_>) -> bool,
) -> Result<(), String> {
    let end = Instant::now() + limit;
    loop {
        roster.tend(now())?;
        if is_so(roster) {
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(format!("waited {limit:?} for {what}"));
        }
        interrupt::sleep(Duration::from_millis(200))?;
    }
}

/// Reads both logs and all journals.
fn judge_all(
    args: &Args,
    roster: &Roster<'_>,
    (deeds, during): (Deeds, Range<u64>),
) -> Result<Report, String> {
    let (cluster, topic, dir) = (roster.cluster, roster.topic, roster.dir);
    let partitions = usize::try_from(args.partitions).map_err(|e| e.to_string())?;
    let ends = reader::ends(cluster, topic, args.partitions)?;
    let written = written(args, roster, &ends, partitions)?;
    let commits = offsets::read(cluster, (topic, topic), dir)?;
    let members = roster.members()?;
    let tenures = Tenures::of(&members, now());
    let known = (&members[..], &tenures, &roster.actions[..]);
    let figures = figures::measure(known, partitions, during);
    let verdict = judge::judge(&Facts {
        members: &members,
        tenures: &tenures,
        commits: &commits,
        ends: &ends,
        classic: args.protocol == Protocol::Classic,
    });
    Ok(Report {
        written,
        deeds,
        verdict,
        figures,
        sabotage: args.sabotage,
    })
}

/// What the topic has, as another client reads it, against what the producer was told.
fn written(
    args: &Args,
    roster: &Roster<'_>,
    ends: &[i64],
    partitions: usize,
) -> Result<Written, String> {
    let (cluster, topic, dir) = (roster.cluster, roster.topic, roster.dir);
    let ledgers = workload::ledgers(1, args.partitions, dir)?;
    let mut judge = Judge::new(topic, partitions, ledgers);
    reader::read(Reader::Java, (cluster, topic), ends, &mut judge, dir)?;
    Ok(judge.finish(ends))
}
