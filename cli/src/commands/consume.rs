//! `consume`: records out, whole lines, each written and flushed before more are asked for.
//!
//! Without `-g` it reads the partitions that there are at its start; with it what the group gives
//! it, see [`member`]. A signal ends it with success, and so does a reader that closes the pipe.

pub(super) mod member;
mod stall;

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use member::Member;
use stall::Stall;
use tidewire::{Client, Consumer, Records, StartAt, TopicPartition};

use crate::args::{ConsumeArgs, Global};
use crate::failure::Failure;
use crate::output::{Output, Written, closed, note};
use crate::settings::Settings;
use crate::signals::Signals;
use crate::text::format::{Format, View};
use crate::text::goal::Goal;
use crate::text::json;
use crate::text::offset::{OffsetArg, Start, range};

/// How long one poll waits when there is no end to look out for.
const POLL: Duration = Duration::from_secs(60);
/// How long one poll waits when there are ends: the position may pass control records without any
/// record being handed out, so it is looked at in between.
const POLL_FOR_END: Duration = Duration::from_millis(50);
/// How much is collected before it is written, in bytes; one record may overshoot.
const WRITE: usize = 256 * 1024;
/// How long a blocked stdout holds up the end after a signal.
const GRACE: Duration = Duration::from_secs(1);

/// The end offset of each partition, as seen at the start.
type Ends = BTreeMap<TopicPartition, i64>;

/// Runs it.
///
/// # Errors
/// When a topic or a partition is not there, no broker was found, or reading or writing failed.
pub(crate) async fn run(global: &Global, args: ConsumeArgs) -> Result<(), Failure> {
    let (start, stop) = range(&args.offsets).map_err(Failure::refused)?;
    refuse_conflicts(global, &args, stop)?;
    let start = start_at(start, args.group.is_some())?;
    let explicit = args
        .offsets
        .iter()
        .any(|arg| matches!(arg, OffsetArg::Start(_)));
    let start_of_group = start.filter(|_| explicit);
    let settings = settings(global, &args, start_of_group)?;
    let limit = settings.client()?.default_api_timeout;
    let signals = Signals::listen()?;
    let output = Output::stdout()?;
    // Out here, since a member of a group has to leave it even if the rest is not finished.
    let mut made = None;
    let prepare = async {
        let client = settings.connect(limit).await?;
        let partitions = partitions(&client, &args).await?;
        let wanted = args.exit_at_end || stop.is_some();
        if args.group.is_some() {
            let joining = Member::join(&client, &args.topics, start_of_group, signals.clone());
            let (member, consumer) = joining.await?;
            let consumer = made.insert(consumer);
            let ends = member::ends(consumer, &partitions, wanted).await?;
            return Ok((goal(consumer, &args, ends, stop).await?, Some(member)));
        }
        let consumer = made.insert(client.consumer().build().await?);
        let ends = consumer.end_offsets(partitions.iter().cloned()).await?;
        let start = start.unwrap_or(StartAt::Beginning);
        let assignment = assignment(consumer, start, &ends).await?;
        let goal = goal(consumer, &args, ends, stop).await?;
        consumer.assign(assignment).await?;
        Ok::<_, Failure>((goal, None))
    };
    let mut interrupted = signals.clone();
    let prepared = tokio::select! {
        biased;
        () = interrupted.first() => None,
        prepared = settings.in_time(prepare) => Some(prepared),
    };
    let ended = match (prepared, &made) {
        (Some(Ok((goal, member))), Some(consumer)) => {
            let printer = Printer {
                stall: Stall::new(&settings, limit),
                output,
                buffer: Vec::with_capacity(WRITE),
                json: global.json,
                format: args.format.unwrap_or_else(Format::values),
                signals,
                member,
            };
            printer.print_all(consumer, goal).await
        }
        (Some(Err(failure)), _) => Err(failure),
        _ => Ok(()),
    };
    match made.filter(|_| args.group.is_some()) {
        Some(consumer) => ended.and(member::leave(consumer).await),
        None => ended,
    }
}

/// All properties, those that the flags stand for too, checked.
fn settings(
    global: &Global,
    args: &ConsumeArgs,
    start_of_group: Option<StartAt>,
) -> Result<Settings, Failure> {
    let mut settings = Settings::gather(global)?;
    settings.default("auto.offset.reset", "earliest");
    if let Some(level) = args.isolation {
        settings.set("isolation.level", level.name());
    }
    settings.set("allow.auto.create.topics", "false");
    match &args.group {
        Some(group) => member::prepare(&mut settings, group, start_of_group),
        // A group.id from elsewhere changes nothing: it begins where -o says, and commits nothing.
        None => settings.set("enable.auto.commit", "false"),
    }
    settings.consumer()?;
    Ok(settings)
}

/// What does not go together.
fn refuse_conflicts(global: &Global, args: &ConsumeArgs, stop: Option<i64>) -> Result<(), Failure> {
    if args.group.is_some() && !args.partitions.is_empty() {
        let failure = Failure::refused("-g and -p exclude each other");
        return Err(failure.next("a group gives out the partitions by itself"));
    }
    // clap sees the conflict only where both stand on the same side of the command.
    if global.json && args.format.is_some() {
        return Err(Failure::refused("-f and --json exclude each other"));
    }
    let pattern = args.topics.iter().find(|name| is_pattern(args, name));
    if let Some(pattern) = pattern.filter(|_| args.exit_at_end || stop.is_some()) {
        let failure = Failure::refused(format!("-e and e@ do not go with a pattern ({pattern})"));
        return Err(failure.next("name the topics: what a pattern matches has no end"));
    }
    Ok(())
}

/// Where `-o` says to start; `None` is where the group is.
fn start_at(start: Start, in_group: bool) -> Result<Option<StartAt>, Failure> {
    Ok(Some(match start {
        Start::Beginning => StartAt::Beginning,
        Start::End => StartAt::End,
        Start::Offset(offset) => StartAt::Offset(offset),
        Start::Last(count) => StartAt::FromEnd(count),
        Start::Time(time) => StartAt::Timestamp(time),
        Start::Stored if in_group => return Ok(None),
        Start::Stored => {
            let failure = Failure::refused("-o stored needs a group: -g GROUP");
            return Err(failure.next("offsets are stored by groups"));
        }
    }))
}

/// In a group a name that begins with ^ is a pattern, and may match nothing yet.
fn is_pattern(args: &ConsumeArgs, name: &str) -> bool {
    args.group.is_some() && name.starts_with('^')
}

/// The partitions to read, sorted, each once.
async fn partitions(client: &Client, args: &ConsumeArgs) -> Result<Vec<TopicPartition>, Failure> {
    let mut partitions = Vec::new();
    let named = args.topics.iter().filter(|name| !is_pattern(args, name));
    let topics: Vec<&String> = named.collect();
    let described = client.admin().describe_topics(&topics).await?;
    for (name, topic) in topics.into_iter().zip(described) {
        let topic = topic.map_err(|error| Failure::of_topic(name, error))?;
        let all = topic.partitions.iter().map(|partition| partition.partition);
        if args.partitions.is_empty() {
            partitions.extend(all.map(|p| TopicPartition::new(topic.name.clone(), p)));
            continue;
        }
        for &wanted in &args.partitions {
            if topic.partition(wanted).is_none() {
                let what = format!("topic {} has no partition {wanted}", topic.name);
                let count = topic.partitions.len();
                return Err(Failure::new(what).next(format!("it has {count}, counted from 0")));
            }
            partitions.push(TopicPartition::new(topic.name.clone(), wanted));
        }
    }
    partitions.sort();
    partitions.dedup();
    Ok(partitions)
}

/// Where each partition starts. An offset that a partition does not have would send the consumer
/// back to the beginning, which is not what was asked for.
async fn assignment(
    consumer: &Consumer,
    start: StartAt,
    ends: &Ends,
) -> Result<BTreeMap<TopicPartition, StartAt>, Failure> {
    let mut assignment: BTreeMap<_, _> = ends.keys().map(|p| (p.clone(), start)).collect();
    let StartAt::Offset(wanted) = start else {
        return Ok(assignment);
    };
    let beginnings = consumer.beginning_offsets(ends.keys().cloned()).await?;
    for (partition, start) in &mut assignment {
        let beginning = beginnings.get(partition).copied().unwrap_or(0);
        let end = ends.get(partition).copied().unwrap_or(wanted);
        let possible = wanted.clamp(beginning, end.max(beginning));
        if possible != wanted {
            note(&format!(
                "{partition} has the offsets {beginning} to {end}, so it is read from {possible} on"
            ));
        }
        *start = StartAt::Offset(possible);
    }
    Ok(assignment)
}

/// What ends it: `-c`, and with `-e` or `e@MS` an offset for each partition.
async fn goal(
    consumer: &Consumer,
    args: &ConsumeArgs,
    mut ends: Ends,
    stop: Option<i64>,
) -> Result<Goal, Failure> {
    if let Some(time) = stop {
        let times = ends.keys().map(|partition| (partition.clone(), time));
        for (partition, found) in consumer.offsets_for_times(times).await? {
            if let (Some(found), Some(end)) = (found, ends.get_mut(&partition)) {
                *end = found.offset.min(*end);
            }
        }
    }
    let ends = (args.exit_at_end || stop.is_some()).then_some(ends);
    Ok(Goal::new(args.count, ends))
}

struct Printer<'a> {
    stall: Stall<'a>,
    output: Output,
    buffer: Vec<u8>,
    json: bool,
    format: Format,
    signals: Signals,
    member: Option<Member>,
}

impl Printer<'_> {
    /// Prints until the goal is reached, a signal comes or nobody reads any more.
    async fn print_all(mut self, consumer: &Consumer, mut goal: Goal) -> Result<(), Failure> {
        pass(consumer, &mut goal)?;
        self.stall.moved(consumer);
        let mut closed = pin!(closed());
        while !goal.is_reached() && !self.is_at_end(consumer, &goal) {
            let limit = match (goal.open().is_empty(), goal.is_endless()) {
                (false, _) => POLL_FOR_END,
                (true, true) => POLL,
                (true, false) => POLL.min(self.stall.left()),
            };
            let polled = async {
                let records = consumer.poll(limit).await?;
                if records.is_empty() && !goal.is_endless() {
                    self.stall.check(consumer, &goal).await?;
                }
                Ok::<_, Failure>(records)
            };
            let records = tokio::select! {
                biased;
                () = self.signals.first() => return Ok(()),
                () = &mut closed => return Ok(()),
                failure = member::gone_astray(&mut self.member) => return Err(failure),
                records = polled => records?,
            };
            if self.print(&records, &mut goal).await? == Written::Closed {
                return Ok(());
            }
            if let Some(member) = &mut self.member {
                member.printed(consumer)?;
            }
            pass(consumer, &mut goal)?;
            if !records.is_empty() {
                // The time that printing took is not the brokers'.
                self.stall.moved(consumer);
            }
        }
        Ok(())
    }

    /// Whether a group has nothing left for it to read.
    fn is_at_end(&mut self, consumer: &Consumer, goal: &Goal) -> bool {
        let open = goal.open();
        let member = self.member.as_mut().filter(|_| !open.is_empty());
        member.is_some_and(|member| member.is_at_end(consumer, &open))
    }

    /// Writes all of the records that the goal takes, and flushes.
    async fn print(&mut self, records: &Records, goal: &mut Goal) -> Result<Written, Failure> {
        for record in records {
            if !goal.takes(record.topic(), record.partition(), record.offset()) {
                continue;
            }
            if let Some(member) = &mut self.member {
                member.prints(&record);
            }
            let headers = record.headers();
            self.render(&View {
                topic: record.topic(),
                partition: record.partition(),
                offset: record.offset(),
                timestamp: record.timestamp(),
                key: record.key(),
                value: record.value(),
                headers: headers
                    .map(|header| (header.name(), header.value()))
                    .collect(),
            });
            if self.buffer.len() >= WRITE && self.flush().await? == Written::Closed {
                return Ok(Written::Closed);
            }
        }
        self.flush().await
    }

    fn render(&mut self, record: &View<'_>) {
        if self.json {
            let line = json::record(record).to_string();
            self.buffer.extend_from_slice(line.as_bytes());
            self.buffer.push(b'\n');
        } else {
            self.format.render(record, &mut self.buffer);
        }
    }

    /// Writes what was collected. After a signal all that one poll brought still gets [`GRACE`], so
    /// that the last line is a whole one; a pipe that is emptied slowly gets no more than that.
    async fn flush(&mut self) -> Result<Written, Failure> {
        let (output, signals) = (&mut self.output, &mut self.signals);
        tokio::select! {
            biased;
            written = output.write(&mut self.buffer) => written,
            () = signals.grace_over(GRACE) => Ok(Written::Closed),
        }
    }
}

/// Marks the partitions that have reached their end; they are not asked for more.
fn pass(consumer: &Consumer, goal: &mut Goal) -> Result<(), Failure> {
    for partition in goal.open() {
        // One that is not known yet, or not this member's, is asked for again after the next poll.
        let Some(position) = member::position(consumer, &partition)? else {
            continue;
        };
        if goal.passed(&partition, position) {
            member::pause(consumer, &partition)?;
        }
    }
    Ok(())
}
