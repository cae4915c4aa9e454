//! `perf consume`: reads a topic from the beginning, touching each record and keeping none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tidewire::{Client, Consumer, LeaderEpoch, Records, StartAt, TopicPartition};

use super::latency::Latencies;
use super::report::Report;
use super::usage::Usage;
use crate::args::{Global, PerfConsumeArgs};
use crate::commands::consume::member;
use crate::failure::Failure;
use crate::output::print;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::text::tally::records;

/// How long one poll waits: the position may pass control records without any record being handed
/// out, and then it is looked at in between.
const POLL: Duration = Duration::from_millis(50);
/// How long the last commit of a group and its farewell may take.
const CLOSE: Duration = Duration::from_secs(10);

/// Runs it.
///
/// # Errors
/// When the topic is not there, not all records came, reading failed, or a signal came first.
pub(super) async fn run(global: &Global, args: PerfConsumeArgs) -> Result<(), Failure> {
    if args.report.is_some() {
        return Err(Failure::not_built("perf consume --report"));
    }
    let mut settings = Settings::gather(global)?;
    settings.default("auto.offset.reset", "earliest");
    settings.set("allow.auto.create.topics", "false");
    match &args.group {
        Some(group) => {
            settings.set("group.id", group);
            // A poll may hand out more than is asked for.
            settings.set("enable.auto.offset.store", "false");
        }
        None => settings.set("enable.auto.commit", "false"),
    }
    settings.consumer()?;
    let limit = settings.client()?.default_api_timeout;
    let mut signals = Signals::listen()?;
    // Out here, since a member of a group has to leave it even if the rest is not finished.
    let mut made = Vec::new();
    let prepare = async {
        let client = settings.connect(limit).await?;
        let partitions = partitions(&client, &args.topic).await?;
        let start = Instant::now();
        let ends = make(&client, &args, &partitions, &mut made).await?;
        let ends = args.records.is_none().then_some(ends);
        Reading::new(start, Goal::new(args.records, ends))
    };
    let prepared = tokio::select! {
        biased;
        () = signals.first() => Err(Failure::interrupted("interrupted; nothing was read")),
        prepared = settings.in_time(prepare) => prepared,
    };
    let patience = Duration::from_secs(args.timeout);
    let mut readings = Vec::new();
    for consumer in made {
        let (mut reading, signals) = (prepared.clone(), signals.clone());
        readings.push(tokio::spawn(async move {
            let outcome = match &mut reading {
                Ok(reading) => reading.read(&consumer, signals, patience).await,
                Err(_) => Ok(()),
            };
            // Also of a run without a group: it frees what brokers hold for it.
            let closed = consumer.close(CLOSE).await;
            let closing = |error| Failure::from(error).while_doing("closing the consumer");
            (reading, outcome.and(closed.map_err(closing)))
        }));
    }
    let (mut total, mut outcome) = (prepared, Ok(()));
    for ended in join_all(readings).await {
        let lost = |error| Failure::new(format!("a consumer's task failed: {error}"));
        let (reading, end) = ended.map_err(lost)?;
        outcome = outcome.and(end);
        if let (Ok(total), Ok(reading)) = (&mut total, &reading) {
            total.add(reading);
        }
    }
    let report = total?.report(args.topic);
    let text = if global.json {
        report.to_json().to_string()
    } else {
        report.to_text()
    };
    print(&text)?;
    outcome
}

/// Makes the consumers: members of the group, or each with its part of the partitions. Each is
/// among those `made` before anything is waited for. Where the partitions end.
async fn make(
    client: &Client,
    args: &PerfConsumeArgs,
    partitions: &[TopicPartition],
    made: &mut Vec<Consumer>,
) -> Result<Ends, Failure> {
    let mut ends = Ends::new();
    let count = usize::from(args.consumers);
    for number in 0..count {
        let mut builder = client.consumer();
        if args.group.is_some() {
            builder = builder.subscribe([args.topic.as_str()]);
        }
        made.push(builder.build().await?);
        let Some(consumer) = made.last() else {
            continue;
        };
        if number == 0 {
            ends = consumer.end_offsets(partitions.iter().cloned()).await?;
        }
        if args.group.is_none() {
            let part = partitions.iter().skip(number).step_by(count);
            let part = part.map(|at| (at.clone(), StartAt::Beginning));
            consumer.assign(part).await?;
        }
    }
    Ok(ends)
}

async fn partitions(client: &Client, topic: &str) -> Result<Vec<TopicPartition>, Failure> {
    let mut partitions = Vec::new();
    for topic in client.admin().describe_topics([topic]).await? {
        let topic = topic?;
        let all = topic.partitions.iter().map(|partition| partition.partition);
        partitions.extend(all.map(|p| TopicPartition::new(topic.name.clone(), p)));
    }
    Ok(partitions)
}

/// Where partitions end.
type Ends = BTreeMap<TopicPartition, i64>;

/// What all consumers together are to read.
struct Goal {
    /// How many records are still to come; `None` where the ends decide.
    left: Option<u64>,
    /// By partition, the end that it has not reached; `None` where the number decides.
    ends: Option<Ends>,
    /// How many records came, and when the last of them did.
    records: u64,
    moved: Instant,
    /// A consumer has failed: it will not be reached.
    failed: bool,
    progress: Progress,
}

impl Goal {
    fn new(left: Option<u64>, ends: Option<Ends>) -> Self {
        Self {
            left,
            ends,
            records: 0,
            moved: Instant::now(),
            failed: false,
            progress: Progress::of_a_run(),
        }
    }

    fn is_over(&self) -> bool {
        let ended = self.ends.as_ref().is_some_and(BTreeMap::is_empty);
        self.failed || self.left == Some(0) || ended
    }

    /// Where the partition ends: nowhere if a number of records is read, at once if it has ended.
    fn end_of(&self, topic: &str, partition: i32) -> i64 {
        match &self.ends {
            None => i64::MAX,
            Some(ends) => {
                let partition = TopicPartition::new(topic, partition);
                ends.get(&partition).copied().unwrap_or(i64::MIN)
            }
        }
    }
}

/// How far the reading of one consumer is.
#[derive(Clone)]
struct Reading {
    start: Instant,
    goal: Arc<Mutex<Goal>>,
    records: u64,
    bytes: u64,
    /// Failed polls.
    errors: u64,
    first: Option<Instant>,
    last: Option<Instant>,
    /// What was counted of the last poll: the offset after it and its epoch, by partition.
    counted: Vec<(TopicPartition, (i64, LeaderEpoch))>,
    latencies: Latencies,
}

impl Reading {
    fn new(start: Instant, goal: Goal) -> Result<Self, Failure> {
        Ok(Self {
            start,
            goal: Arc::new(Mutex::new(goal)),
            records: 0,
            bytes: 0,
            errors: 0,
            first: None,
            last: None,
            counted: Vec::new(),
            latencies: Latencies::new()?,
        })
    }

    fn goal(&self) -> MutexGuard<'_, Goal> {
        self.goal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what another consumer has read.
    fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.errors += other.errors;
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.max(other.last);
        self.latencies.add(&other.latencies);
    }

    /// Polls until all is there, or another consumer fails.
    async fn read(
        &mut self,
        consumer: &Consumer,
        signals: Signals,
        patience: Duration,
    ) -> Result<(), Failure> {
        let outcome = self.read_on(consumer, signals, patience).await;
        let mut goal = self.goal();
        goal.failed |= outcome.is_err();
        goal.progress.clear();
        outcome
    }

    async fn read_on(
        &mut self,
        consumer: &Consumer,
        mut signals: Signals,
        patience: Duration,
    ) -> Result<(), Failure> {
        let is_member = consumer.config().group_id.is_some();
        let mut asked = Instant::now();
        self.pass_positions(consumer)?;
        while !self.goal().is_over() {
            let polled = tokio::select! {
                biased;
                () = signals.first() => {
                    return Err(Failure::interrupted("interrupted before the end"));
                }
                polled = consumer.poll(POLL) => polled,
            };
            let polled = polled.inspect_err(|_| self.errors += 1)?;
            let now = Instant::now();
            if polled.is_empty() {
                self.pass_positions(consumer)?;
                let goal = self.goal();
                let since = asked.max(goal.moved);
                if now.saturating_duration_since(since) >= patience && !goal.is_over() {
                    return Err(gave_up(&goal, patience));
                }
            } else {
                self.latencies.record(now.saturating_duration_since(asked));
                self.take(&polled, now);
                for (at, (next, epoch)) in self.counted.drain(..).filter(|_| is_member) {
                    member::store(consumer, at, next, epoch)?;
                }
                self.pass_positions(consumer)?;
                asked = Instant::now();
            }
            let mut goal = self.goal();
            let so_far = so_far(goal.records, self.start);
            goal.progress.tick(|| so_far);
        }
        Ok(())
    }

    /// Counts the records that are asked for.
    fn take(&mut self, polled: &Records, now: Instant) {
        let shared = Arc::clone(&self.goal);
        let mut goal = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = goal.left.unwrap_or(u64::MAX);
        let (mut count, mut bytes) = (0_u64, 0_usize);
        // Records come partition by partition, so the end is looked up once for each.
        let mut current: Option<(i32, i64)> = None;
        for record in polled {
            let partition = record.partition();
            let end = match current {
                Some((same, end)) if same == partition => end,
                _ => {
                    let end = goal.end_of(record.topic(), partition);
                    current = Some((partition, end));
                    end
                }
            };
            if left == 0 || record.offset() >= end {
                continue;
            }
            left -= 1;
            count += 1;
            let after = (record.offset().saturating_add(1), record.leader_epoch());
            match self.counted.last_mut() {
                Some((at, last)) if at.partition == partition => *last = after,
                _ => {
                    let at = TopicPartition::new(record.topic(), partition);
                    self.counted.push((at, after));
                }
            }
            bytes += record.key().map_or(0, <[u8]>::len) + record.value().map_or(0, <[u8]>::len);
        }
        if count == 0 {
            return;
        }
        goal.left = goal.left.map(|_| left);
        goal.records += count;
        goal.moved = now;
        self.records += count;
        self.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        self.first.get_or_insert(now);
        self.last = Some(Instant::now());
    }

    /// Takes note of the partitions that have ended, by the position: at the end there may be
    /// control records and gaps, which are no records.
    fn pass_positions(&self, consumer: &Consumer) -> Result<(), Failure> {
        let mut goal = self.goal();
        let Some(ends) = &mut goal.ends else {
            return Ok(());
        };
        let mut ended = Vec::new();
        // What the group has given to another member, or not yet to any, is not looked at.
        let assigned = consumer.assignment();
        for (partition, end) in ends.iter().filter(|(at, _)| assigned.contains(at)) {
            // One that is not known yet is asked for again after the next poll.
            if member::position(consumer, partition)?.is_some_and(|position| position >= *end) {
                ended.push(partition.clone());
            }
        }
        for partition in ended {
            if member::pause(consumer, &partition)? {
                ends.remove(&partition);
            }
        }
        Ok(())
    }

    fn report(self, topic: String) -> Report {
        let since = |from: Instant, to: Instant| to.saturating_duration_since(from);
        let elapsed = self.first.zip(self.last).map(|(from, to)| since(from, to));
        Report {
            command: "perf consume",
            topic,
            records: self.records,
            bytes: self.bytes,
            errors: self.errors,
            elapsed: elapsed.unwrap_or_default(),
            usage: Usage::now(),
            latencies: self.latencies,
            first_record: Some(self.first.map(|first| since(self.start, first))),
            late: None,
        }
    }
}

fn gave_up(goal: &Goal, patience: Duration) -> Failure {
    let missing = match (goal.left, &goal.ends) {
        (Some(left), _) => format!("{} missing", records(left)),
        (None, ends) => {
            let open = ends.as_ref().map_or(0, BTreeMap::len);
            format!("{open} partitions not at their end")
        }
    };
    let seconds = patience.as_secs();
    Failure::new(format!("no record came for {seconds} s: {missing}"))
        .next("--timeout SECONDS waits longer; -v shows each retry")
}

fn so_far(read: u64, start: Instant) -> String {
    let seconds = start.elapsed().as_secs_f64();
    format!("{} read after {seconds:.1} s", records(read))
}
