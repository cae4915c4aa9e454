//! `produce`: lines in, records out, and an honest count of what became of them.
//!
//! Memory is bounded everywhere: the reader's channel, one line (`max.request.size`), the
//! producer's `buffer.memory`, and at most [`AWAITED`] outcomes that are not known yet.
//! Failures of single records do not stop the others; any other failure stops the reading, since
//! the next record would wait just as long for the same end.

use std::collections::VecDeque;
use std::time::Duration;

use futures::FutureExt;
use tidewire::{Client, Delivery, Error, ErrorCode, Producer, Record, WriteStatus};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::args::{Global, ProduceArgs};
use crate::failure::{Failure, with_sources};
use crate::output::{note, print};
use crate::progress::Progress;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::source::{self, Event, Input};
use crate::text::input::{HeaderArg, LineRules};
use crate::text::json;
use crate::text::lines::{Line, Splitter};
use crate::text::tally::{Tally, is_of_one_record, records};

/// How many records may be sent without their outcome being known.
const AWAITED: usize = 100_000;
/// How long records on their way get after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// Runs it.
///
/// # Errors
/// When a record failed, an input could not be read, no broker was found, or a signal came first.
pub(crate) async fn run(global: &Global, args: ProduceArgs) -> Result<(), Failure> {
    let inputs = Input::all(&args.files)?;
    let mut settings = Settings::gather(global)?;
    if let Some(codec) = args.compression {
        settings.set("compression.type", codec.name());
    }
    if let Some(partitioner) = &args.partitioner {
        settings.set("partitioner", partitioner);
    }
    let config = settings.producer()?;
    let mut signals = Signals::listen()?;
    let prepare = async {
        let client = settings.connect(config.max_block).await?;
        // Only to be able to say that the topic is new; the producer finds out for itself.
        let names = [args.topic.as_str()];
        let described = timeout(config.max_block, client.admin().describe_topics(names)).await;
        let is_new = matches!(described, Ok(Ok(answers)) if answers.iter().any(is_unknown));
        let producer = client.producer().build()?;
        Ok::<_, Failure>((client, producer, is_new))
    };
    let (client, producer, is_new) = tokio::select! {
        biased;
        () = signals.first() => return Err(Failure::interrupted("interrupted; nothing was sent")),
        prepared = prepare => prepared?,
    };
    let mut sending = Sending::new(producer, args, config.max_request_size);
    sending.new_topic = is_new.then_some(client);
    let stop = tokio::select! {
        biased;
        () = signals.first() => Some(Failure::interrupted("interrupted before the end of input")),
        outcome = sending.feed(inputs) => outcome.err(),
    };
    // Each outcome comes within delivery.timeout.ms, so this ends by itself in time.
    let stop = match stop {
        None => tokio::select! {
            biased;
            () = signals.first() => Some(Failure::interrupted("interrupted before the end")),
            _ = sending.producer.close(config.delivery_timeout) => None,
        },
        some => some,
    };
    let grace = if signals.came() {
        GRACE
    } else {
        config.delivery_timeout
    };
    let (topic, tally) = sending.finish(grace).await;
    report(global, &topic, &tally)?;
    match (stop, tally.complaint()) {
        (Some(stop), complaint) => {
            if let Some(complaint) = complaint {
                note(&complaint);
            }
            Err(stop)
        }
        (None, Some(complaint)) => Err(Failure::new(complaint)),
        (None, None) => Ok(()),
    }
}

fn is_unknown<T>(answer: &tidewire::Result<T>) -> bool {
    let code = answer.as_ref().err().and_then(Error::code);
    code == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}

/// The count goes to stdout: it is the command's result.
fn report(global: &Global, topic: &str, tally: &Tally) -> Result<(), Failure> {
    if global.json {
        let line = json::produced(topic, tally.written, tally.not_written, tally.maybe_written);
        return print(&line.to_string());
    }
    print(&format!("produced {} to {topic}", records(tally.written)))
}

/// A record whose outcome is not known yet.
struct Awaited {
    line: u64,
    /// Which input, by its place in [`Sending::names`].
    input: usize,
    delivery: Delivery,
}

struct Sending {
    producer: Producer,
    args: ProduceArgs,
    rules: LineRules,
    limit: usize,
    names: Vec<String>,
    line: u64,
    awaited: VecDeque<Awaited>,
    tally: Tally,
    progress: Progress,
    /// Set until it was told that the topic did not exist before.
    new_topic: Option<Client>,
    /// The failure of a sent record that made going on pointless.
    broken: Option<Error>,
}

impl Sending {
    fn new(producer: Producer, args: ProduceArgs, max_request_size: usize) -> Self {
        let rules = LineRules {
            delimiter: args.key_delimiter.clone(),
            empty_is_null: args.empty_is_null,
        };
        // A longer line cannot be a record, whatever its key: it need not be held.
        let delimiter = rules
            .delimiter
            .as_ref()
            .map_or(0, |delimiter| delimiter.len());
        Self {
            producer,
            args,
            rules,
            limit: max_request_size.saturating_add(delimiter),
            names: Vec::new(),
            line: 0,
            awaited: VecDeque::new(),
            tally: Tally::default(),
            progress: Progress::new(),
            new_topic: None,
            broken: None,
        }
    }

    /// Sends all lines of all inputs.
    async fn feed(&mut self, inputs: Vec<Input>) -> Result<(), Failure> {
        self.names = inputs.iter().map(Input::name).collect();
        let mut events = source::read(inputs)?;
        let mut splitter = Splitter::new(self.limit);
        let mut input = 0;
        while let Some(event) = self.next_event(&mut events).await {
            match event {
                Event::Chunk(chunk) => {
                    splitter.push(chunk);
                    while let Some(line) = splitter.next_line() {
                        self.send(input, line).await?;
                    }
                }
                Event::End => {
                    if let Some(line) = splitter.finish() {
                        self.send(input, line).await?;
                    }
                    input += 1;
                    self.line = 0;
                }
                Event::Failed(name, error) => {
                    let lost = splitter.finish().is_some();
                    let lost = if lost {
                        "; the line it broke off in was not sent"
                    } else {
                        ""
                    };
                    return Err(Failure::new(format!("cannot read {name}: {error}{lost}")));
                }
            }
            self.settle_ready();
            self.give_up_if_broken()?;
            let (written, awaited) = (self.tally.written, self.awaited.len());
            self.progress
                .tick(|| format!("{} written, {awaited} on their way", records(written)));
        }
        Ok(())
    }

    /// The next chunk; outcomes that come meanwhile are counted, so that a failure is told when it
    /// happens and not when the next line arrives.
    async fn next_event(&mut self, events: &mut mpsc::Receiver<Event>) -> Option<Event> {
        loop {
            let Some(front) = self.awaited.front_mut() else {
                return events.recv().await;
            };
            tokio::select! {
                biased;
                event = events.recv() => return event,
                outcome = &mut front.delivery => self.count_front(outcome.err()),
            }
        }
    }

    async fn send(&mut self, input: usize, line: Line) -> Result<(), Failure> {
        self.line += 1;
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong { length } => {
                let what = format!(
                    "the line is {length} bytes long, which is more than max.request.size allows \
                     ({} bytes)",
                    self.limit
                );
                self.count_failure(input, self.line, &what, WriteStatus::NotWritten);
                return Ok(());
            }
        };
        if self.awaited.len() >= AWAITED {
            self.settle(AWAITED / 2).await;
        }
        let (key, value) = self.rules.apply(line);
        let mut record = Record::to(self.args.topic.as_str())
            .maybe_key(key)
            .maybe_value(value);
        if let Some(partition) = self.args.partition {
            record = record.partition(partition);
        }
        for HeaderArg { name, value } in &self.args.headers {
            record = match value {
                Some(value) => record.header(name.as_str(), value.clone()),
                None => record.null_header(name.as_str()),
            };
        }
        match self.producer.enqueue(record).await {
            Ok(delivery) => {
                self.tell_of_new_topic();
                let line = self.line;
                self.awaited.push_back(Awaited {
                    line,
                    input,
                    delivery,
                });
                Ok(())
            }
            Err(error) => {
                self.count_error(input, self.line, &error);
                self.broken = Some(error);
                self.give_up_if_broken()
            }
        }
    }

    /// A record was taken, so the topic is there by now.
    fn tell_of_new_topic(&mut self) {
        let Some(client) = self.new_topic.take() else {
            return;
        };
        let name = &self.args.topic;
        let partitions = client
            .metadata()
            .topic(name)
            .map(|topic| topic.partitions.len());
        let with = match partitions {
            Some(1) => " with 1 partition".to_owned(),
            Some(count) => format!(" with {count} partitions"),
            None => String::new(),
        };
        self.progress.clear();
        note(&format!("created topic {name}{with}"));
    }

    /// Counts the outcomes that are there already, oldest first.
    fn settle_ready(&mut self) {
        while let Some(front) = self.awaited.front_mut() {
            let Some(outcome) = (&mut front.delivery).now_or_never() else {
                return;
            };
            self.count_front(outcome.err());
        }
    }

    /// Waits until at most `left` outcomes are unknown.
    async fn settle(&mut self, left: usize) {
        while self.awaited.len() > left {
            let Some(front) = self.awaited.front_mut() else {
                return;
            };
            let outcome = (&mut front.delivery).await;
            self.count_front(outcome.err());
        }
    }

    fn count_front(&mut self, error: Option<Error>) {
        let Some(front) = self.awaited.pop_front() else {
            return;
        };
        match error {
            None => self.tally.written += 1,
            Some(error) => {
                self.count_error(front.input, front.line, &error);
                self.broken = Some(error);
            }
        }
    }

    fn count_error(&mut self, input: usize, line: u64, error: &Error) {
        // An error without a status came before the record was taken.
        let status = error.write_status().unwrap_or(WriteStatus::NotWritten);
        self.count_failure(input, line, &with_sources(error), status);
    }

    fn count_failure(&mut self, input: usize, line: u64, what: &str, status: WriteStatus) {
        let name = self.names.get(input).map_or("input", String::as_str);
        let whence = format!("line {line} of {name}");
        if let Some(text) = self.tally.failed(&whence, what, status) {
            self.progress.clear();
            note(&text);
        }
    }

    fn give_up_if_broken(&mut self) -> Result<(), Failure> {
        match self.broken.take() {
            Some(error) if !is_of_one_record(&error) => {
                let line = self.line;
                Err(Failure::from(error).while_doing(&format!("gave up reading at line {line}")))
            }
            _ => Ok(()),
        }
    }

    /// Ends the producer: every outcome is known after it.
    async fn finish(mut self, limit: Duration) -> (String, Tally) {
        self.producer.close(limit).await;
        self.settle(0).await;
        self.progress.clear();
        (self.args.topic, self.tally)
    }
}
