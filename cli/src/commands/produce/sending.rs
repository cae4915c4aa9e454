//! Lines into records, records to the producer, and the outcome of each one into the count.

use std::collections::VecDeque;
use std::time::Duration;

use futures::FutureExt;
use tidewire::{
    Client, Delivery, Error, ErrorKind, Producer, ProducerMetrics, Record, WriteStatus,
};
use tokio::sync::mpsc;

use crate::args::ProduceArgs;
use crate::failure::{Failure, with_sources};
use crate::output::note;
use crate::patience::Patience;
use crate::progress::Progress;
use crate::source::{self, Event, Input};
use crate::text::input::{HeaderArg, LineRules};
use crate::text::lines::{Line, Splitter};
use crate::text::tally::{Tally, is_of_one_record, records};

/// How many records may be sent without their outcome being known.
const AWAITED: usize = 100_000;

/// A record whose outcome is not known yet.
struct Awaited {
    line: u64,
    /// Which input, by its place in [`Sending::names`].
    input: usize,
    delivery: Delivery,
}

pub(super) struct Sending {
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
    pub(super) new_topic: Option<Client>,
    /// The failure of a sent record that made going on pointless.
    broken: Option<Error>,
    patience: Patience,
}

impl Sending {
    pub(super) fn new(producer: Producer, args: ProduceArgs, patience: Patience) -> Self {
        let rules = LineRules {
            delimiter: args.key_delimiter.clone(),
            empty_is_null: args.empty_is_null,
        };
        // A longer line cannot be a record, whatever its key: it need not be held.
        let delimiter = rules
            .delimiter
            .as_ref()
            .map_or(0, |delimiter| delimiter.len());
        let limit = producer.config().max_request_size;
        let limit = limit.saturating_add(delimiter);
        Self {
            producer,
            args,
            rules,
            limit,
            names: Vec::new(),
            line: 0,
            awaited: VecDeque::new(),
            tally: Tally::default(),
            progress: Progress::new(),
            new_topic: None,
            broken: None,
            patience,
        }
    }

    /// Sends all lines of all inputs.
    pub(super) async fn feed(&mut self, inputs: Vec<Input>) -> Result<(), Failure> {
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
            let producer = &self.producer;
            self.progress.tick(|| {
                let mut line = format!("{} written, {awaited} on their way", records(written));
                if let Some(again) = resent(&producer.metrics()) {
                    line.push_str(", ");
                    line.push_str(&again);
                }
                line
            });
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
        self.patience.waits();
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
                if self.awaited.is_empty() {
                    self.patience.rests();
                }
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
        self.patience.outcome(!self.awaited.is_empty());
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
        let words = match error.kind() {
            ErrorKind::Closed => "not acknowledged before produce ended".to_owned(),
            _ => with_sources(error),
        };
        self.count_failure(input, line, &words, status);
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

    /// Waits for all outcomes, without waiting for `linger.ms`. Each of them comes within
    /// `delivery.timeout.ms`, so this ends by itself.
    pub(super) async fn settle_all(&mut self) {
        let producer = self.producer.clone();
        let limit = producer.config().delivery_timeout;
        let _ = tokio::join!(producer.close(limit), self.settle(0));
    }

    /// Ends the producer: what is not known by then is given up, so that every outcome is known
    /// after it.
    pub(super) async fn finish(mut self, enough: impl Future<Output = ()>) -> (String, Tally) {
        tokio::select! {
            biased;
            () = self.settle_all() => {}
            () = enough => {}
        }
        drop(self.producer.close(Duration::ZERO).await);
        self.settle(0).await;
        self.progress.clear();
        if let Some(again) = resent(&self.producer.metrics()) {
            note(&again);
        }
        for line in self.tally.by_reason() {
            note(&format!("failed: {line}"));
        }
        (self.args.topic, self.tally)
    }
}

/// "3 batches sent again (120 records)"; `None` where that was not needed.
fn resent(metrics: &ProducerMetrics) -> Option<String> {
    let (batches, split) = (metrics.batches_retried, metrics.batches_split);
    if batches == 0 && split == 0 {
        return None;
    }
    let es = if batches == 1 { "" } else { "es" };
    let again = records(metrics.records_retried);
    let mut line = format!("{batches} batch{es} sent again ({again})");
    if split > 0 {
        line.push_str(&format!(", {split} split as too large"));
    }
    Some(line)
}
