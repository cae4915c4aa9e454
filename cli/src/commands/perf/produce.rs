//! `perf produce`: lanes side by side, and the report of what became of their records.

use std::cell::RefCell;
use std::pin::pin;
use std::time::{Duration, Instant};

use tidewire::Client;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock::Clock;
use super::lane::{Driven, Lane, SharedLedger, Speed, Stop};
use super::latency::Latencies;
use super::ledger::Ledger;
use super::pacer::Pacer;
use super::payload::{Keys, Values};
use super::report::Report;
use super::usage::Usage;
use crate::args::{Global, PerfProduceArgs};
use crate::commands::produce::usable::{LAST, Stalled, find};
use crate::failure::Failure;
use crate::output::{note, print};
use crate::patience::Patience;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::text::tally::records;

/// What values are made from: the same ones in every run.
const SEED: u64 = 1;
/// How long records on their way get after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// Runs it.
///
/// # Errors
/// When a record failed or was not sent, no broker can be used, or a signal came first.
pub(super) async fn run(global: &Global, args: PerfProduceArgs) -> Result<(), Failure> {
    if args.report.is_some() {
        return Err(Failure::not_built("perf produce --report"));
    }
    let mut settings = Settings::gather(global)?;
    if let Some(codec) = args.compression {
        settings.set("compression.type", codec.name());
    }
    let config = settings.producer()?;
    let started = Instant::now();
    let mut signals = Signals::listen()?;
    let (client, _) = tokio::select! {
        biased;
        () = signals.first() => return Err(Failure::interrupted("interrupted; nothing was sent")),
        found = find(&settings, &config, &args.topic) => found?,
    };
    let size = usize::try_from(args.record_size)
        .map_err(|_| Failure::refused("--record-size is more than this machine can hold"))?;
    let patience = Patience::new(config.max_block, started.elapsed());
    let stalled = Stalled::new(&patience, config.max_block, settings);
    let run = Run {
        client,
        values: Values::new(args.payload, size, SEED),
        start: Instant::now(),
        args,
    };
    let mut watcher = Watcher::new(signals, patience, config.max_block);
    let report = run.all_lanes(&mut watcher, stalled).await?;
    finish(global, &run.args, &report, watcher.cause)
}

/// What cut it short.
enum Cause {
    Signal,
    /// No broker can be used.
    Stalled(Failure),
}

/// The report, and its verdict.
fn finish(
    global: &Global,
    args: &PerfProduceArgs,
    (report, first_error): &(Report, Option<String>),
    cause: Option<Cause>,
) -> Result<(), Failure> {
    let text = if global.json {
        report.to_json().to_string()
    } else {
        report.to_text()
    };
    print(&text)?;
    let mut complaint = None;
    if report.errors > 0 {
        let why = first_error.as_deref().unwrap_or("no outcome came in time");
        complaint = Some(format!("{} failed: {why}", records(report.errors)));
    }
    let unsent = args
        .records
        .saturating_sub(report.records)
        .saturating_sub(report.errors);
    if let Some(Cause::Signal) = cause {
        if let Some(complaint) = complaint {
            note(&complaint);
        }
        return Err(Failure::interrupted(format!(
            "interrupted before the end: {} not sent",
            records(unsent)
        )));
    }
    if unsent > 0 {
        let unsent = format!("{} not sent", records(unsent));
        complaint = Some(complaint.map_or(unsent.clone(), |it| format!("{it}; {unsent}")));
    }
    match (cause, complaint) {
        (Some(Cause::Stalled(failure)), complaint) => {
            if let Some(complaint) = complaint {
                note(&complaint);
            }
            Err(failure)
        }
        (_, Some(complaint)) => Err(Failure::new(complaint)),
        (_, None) => Ok(()),
    }
}

struct Run {
    client: Client,
    values: Values,
    start: Instant,
    args: PerfProduceArgs,
}

impl Run {
    /// Starts the lanes, shows how far they are, and adds up.
    async fn all_lanes(
        &self,
        watcher: &mut Watcher,
        stalled: Stalled,
    ) -> Result<(Report, Option<String>), Failure> {
        let lanes = u64::from(self.args.producers);
        let mut ledgers = Vec::new();
        let mut driven = JoinSet::new();
        let mut settlers = JoinSet::new();
        let (stop, stopped) = Stop::new();
        for lane in 0..lanes {
            let ledger = SharedLedger::new(Ledger::new()?);
            let (lane, speed, settler) =
                self.lane((lane, lanes), ledger.clone(), stopped.clone())?;
            settlers.spawn(settler);
            match speed {
                Speed::Full(_) => driven.spawn(lane.drive(speed)),
                Speed::Paced(..) => {
                    let handle = Handle::current();
                    driven.spawn_blocking(move || handle.block_on(lane.drive(speed)))
                }
            };
            ledgers.push(ledger);
        }
        let ended = watcher.watch(self, driven, &ledgers, stop, stalled).await?;
        while let Some(settler) = settlers.join_next().await {
            settler.map_err(|error| Failure::new(format!("a task ended early: {error}")))?;
        }
        self.add_up(&ledgers, ended)
    }

    fn lane(
        &self,
        (lane, lanes): (u64, u64),
        ledger: SharedLedger,
        stop: Stop,
    ) -> Result<(Lane, Speed, impl Future<Output = ()> + Send + use<>), Failure> {
        let args = &self.args;
        let share = |records: u64| records / lanes + u64::from(lane < records % lanes);
        let count = share(args.records);
        let speed = match args.rate {
            None => Speed::Full(count),
            Some(rate) => Speed::Paced(
                Pacer::new(self.start, rate, lane, lanes, count),
                Latencies::new()?,
            ),
        };
        let values = self.values.for_lane(lane, lanes);
        let keys = Keys::new(args.keys, lane);
        let told = ledger.clone();
        let builder = self.client.producer();
        let builder = builder.on_settled(move |batch| told.count(batch));
        let producer = builder.build()?;
        let topic = args.topic.clone();
        let (lane, settler) = Lane::new(producer, topic, (values, keys), stop, ledger);
        let lane = lane.with_warmup(share(args.warmup));
        Ok((lane, speed, settler))
    }

    fn so_far(&self, ledgers: &[SharedLedger]) -> String {
        let (mut written, mut failed) = (0, 0);
        for ledger in ledgers {
            let ledger = ledger.lock();
            written += ledger.written;
            failed += ledger.failed;
        }
        let seconds = self.start.elapsed().as_secs_f64();
        format!(
            "{written} of {} written, {failed} failed after {seconds:.1} s",
            records(self.args.records)
        )
    }

    fn add_up(
        &self,
        ledgers: &[SharedLedger],
        ended: Vec<Driven>,
    ) -> Result<(Report, Option<String>), Failure> {
        let mut latencies = Latencies::new()?;
        let (mut written, mut failed, mut first_error) = (0_u64, 0, None);
        let mut end = self.start;
        for ledger in ledgers {
            let ledger = ledger.lock();
            written += ledger.written;
            failed += ledger.failed;
            latencies.add(&ledger.latencies);
            end = end.max(ledger.last_written.unwrap_or(end));
            if first_error.is_none() {
                first_error.clone_from(&ledger.first_error);
            }
        }
        let mut late: Option<Latencies> = None;
        for lane in ended.into_iter().filter_map(|lane| lane.late) {
            match &mut late {
                Some(late) => late.add(&lane),
                None => late = Some(lane),
            }
        }
        let key = if self.args.keys > 0 { Keys::LEN } else { 0 };
        let size = u64::from(self.args.record_size) + u64::try_from(key).unwrap_or(0);
        let report = Report {
            command: "perf produce",
            topic: self.args.topic.clone(),
            records: written,
            bytes: written.saturating_mul(size),
            errors: failed,
            elapsed: end.saturating_duration_since(self.start),
            usage: Usage::now(),
            latencies,
            first_record: None,
            late,
        };
        Ok((report, first_error))
    }
}

/// Looks after the lanes: shows how far they are, and cuts them short.
struct Watcher {
    signals: Signals,
    clock: RefCell<Clock>,
    /// How often the clock is moved.
    every: Duration,
    cause: Option<Cause>,
}

impl Watcher {
    fn new(signals: Signals, patience: Patience, max_block: Duration) -> Self {
        Self {
            signals,
            clock: RefCell::new(Clock::new(patience)),
            every: Clock::every(max_block),
            cause: None,
        }
    }

    /// Waits for the lanes.
    async fn watch(
        &mut self,
        run: &Run,
        mut driven: JoinSet<Driven>,
        ledgers: &[SharedLedger],
        stop: watch::Sender<Option<Duration>>,
        mut stalled: Stalled,
    ) -> Result<Vec<Driven>, Failure> {
        let mut progress = Progress::of_a_run();
        let mut ticks = tokio::time::interval(self.every);
        let mut ended = Vec::new();
        let glance = || self.clock.borrow_mut().glance(ledgers);
        // It takes longer than from one glance to the next.
        let mut stalled = pin!(stalled.failure(glance));
        loop {
            tokio::select! {
                biased;
                next = driven.join_next() => match next {
                    Some(Ok(lane)) => ended.push(lane),
                    Some(Err(error)) => {
                        return Err(Failure::new(format!("a task ended early: {error}")));
                    }
                    None => break,
                },
                () = self.signals.first(), if self.cause.is_none() => {
                    self.cause = Some(Cause::Signal);
                    stop.send_replace(Some(GRACE));
                }
                failure = &mut stalled, if self.cause.is_none() => {
                    self.cause = Some(Cause::Stalled(failure));
                    stop.send_replace(Some(LAST));
                }
                _ = ticks.tick() => {
                    glance();
                    progress.tick(|| run.so_far(ledgers));
                }
            }
        }
        progress.clear();
        Ok(ended)
    }
}
