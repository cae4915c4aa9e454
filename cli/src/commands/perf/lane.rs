//! A lane: one producer, the loop that feeds it, and the task that takes in the outcomes.
//!
//! The producer itself tells the outcomes, batch by batch. The loop keeps the delivery of the first
//! record of each batch, for the settler to wait for, and those of the records whose latency is
//! measured. So the tool costs a few nanoseconds per record, and every outcome is counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tidewire::{Delivery, Producer, Record, SettledBatch};
use tokio::sync::{mpsc, watch};

use super::latency::Latencies;
use super::ledger::{BatchNumber, Ledger, Verdict};
use super::pacer::{Pacer, Step};
use super::payload::{Keys, Values};
use crate::failure::with_sources;

/// At full speed the latency of one record in so many is measured.
const SAMPLE: u64 = 100;
/// How many batches may wait to be taken in, and how many for their outcome. Each waiting batch is
/// one of the producer's, so its `buffer.memory` is the limit that is met first.
const BATCHES: usize = 1024;
const UNSETTLED: usize = 100_000;
/// The longest sleep of a thread that keeps a rate: how late it sees that it is to stop.
const NAP: Duration = Duration::from_millis(100);

/// Ends lanes before all is sent.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<Option<Duration>>);

impl Stop {
    /// It comes when the sender says how long records on their way get.
    pub(super) fn new() -> (watch::Sender<Option<Duration>>, Self) {
        let (sender, receiver) = watch::channel(None);
        (sender, Self(receiver))
    }

    fn grace(&self) -> Option<Duration> {
        *self.0.borrow()
    }

    async fn comes(&mut self) {
        // Without the sender nobody waits for the lanes any more.
        let _ = self.0.wait_for(Option::is_some).await;
    }
}

/// The sums of a lane, for its loop, its settler and the progress.
#[derive(Clone, Debug)]
pub(super) struct SharedLedger(Arc<Mutex<Ledger>>);

impl SharedLedger {
    /// Shares them.
    pub(super) fn new(ledger: Ledger) -> Self {
        Self(Arc::new(Mutex::new(ledger)))
    }

    /// Counts what the producer says of a batch.
    pub(super) fn count(&self, batch: &SettledBatch) {
        let now = Instant::now();
        match &batch.outcome {
            Ok(_) => self.lock().wrote(batch.records, now),
            Err(error) => {
                let verdict = Verdict::of(error);
                self.lock()
                    .lost(batch.records, verdict, || with_sources(error));
            }
        }
    }

    /// Looks at them, or changes them.
    pub(super) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the records of a lane are sent.
#[derive(Debug)]
pub(super) enum Speed {
    /// So many, as fast as the buffer takes them.
    Full(u64),
    /// At their times; how late each was handed over is kept.
    Paced(Pacer, Latencies),
}

/// What came out of a lane besides its ledger.
#[derive(Debug)]
pub(super) struct Driven {
    /// At a rate, how late the records were handed over.
    pub(super) late: Option<Latencies>,
}

/// One producer and what is sent through it.
#[derive(Debug)]
pub(super) struct Lane {
    producer: Producer,
    topic: String,
    values: Values,
    keys: Keys,
    stop: Stop,
    ledger: SharedLedger,
    batches: mpsc::Sender<(BatchNumber, Delivery)>,
    /// How many records are still sent before latency counts.
    warmup: u64,
    begun: BatchNumber,
    /// The batch of each partition into which the lane's records go.
    filling: Vec<Option<BatchNumber>>,
}

impl Lane {
    /// The lane, and its settler, which is to run beside it.
    pub(super) fn new(
        producer: Producer,
        topic: String,
        (values, keys): (Values, Keys),
        stop: Stop,
        ledger: SharedLedger,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (batches, begun) = mpsc::channel(BATCHES);
        let settler = settle(begun, ledger.clone());
        let lane = Self {
            producer,
            topic,
            values,
            keys,
            stop,
            ledger,
            batches,
            warmup: 0,
            begun: 0,
            filling: Vec::new(),
        };
        (lane, settler)
    }

    /// Leaves the latency of the first records out.
    pub(super) fn with_warmup(self, warmup: u64) -> Self {
        Self { warmup, ..self }
    }

    /// Sends all records, until it is to stop or the producer takes no more, and waits until every
    /// outcome is known. A paced lane sleeps on its thread, so that must be its own.
    pub(super) async fn drive(mut self, speed: Speed) -> Driven {
        let late = match speed {
            Speed::Full(records) => {
                self.feed(records).await;
                None
            }
            Speed::Paced(pacer, late) => Some(self.keep_pace(pacer, late).await),
        };
        let limit = self.producer.config().delivery_timeout;
        tokio::select! {
            biased;
            () = self.stop.comes() => {}
            _ = self.producer.close(limit) => {}
        }
        if let Some(grace) = self.stop.grace() {
            drop(self.producer.close(grace).await);
        }
        let mut ledger = self.ledger.lock();
        for batch in self.filling.iter().flatten() {
            ledger.seal(*batch);
        }
        drop(ledger);
        Driven { late }
    }

    async fn feed(&mut self, records: u64) {
        for number in 0..records {
            let start = (number % SAMPLE == 0).then(Instant::now);
            if !self.send(start).await {
                return;
            }
        }
    }

    async fn keep_pace(&mut self, mut pacer: Pacer, mut late: Latencies) -> Latencies {
        loop {
            let now = Instant::now();
            match pacer.step(now) {
                Step::Send(due) => {
                    if self.warmup == 0 {
                        late.record(now.saturating_duration_since(due));
                    }
                    if !self.send(Some(due)).await {
                        return late;
                    }
                }
                // A timer of the runtime is a millisecond late, a thread 0.05 ms.
                Step::Wait(wait) => thread::sleep(wait.min(NAP)),
                Step::Done => return late,
            }
            if self.stop.grace().is_some() {
                return late;
            }
        }
    }

    /// Sends one record, whose latency is measured if it has a start; answers whether to go on.
    async fn send(&mut self, start: Option<Instant>) -> bool {
        let start = start.filter(|_| self.warmup == 0);
        self.warmup = self.warmup.saturating_sub(1);
        let record = Record::to(&self.topic)
            .maybe_key(self.keys.next())
            .value(self.values.next());
        let outcome = tokio::select! {
            biased;
            outcome = self.producer.enqueue(record) => outcome,
            () = self.stop.comes() => return false,
        };
        let delivery = match outcome {
            Ok(delivery) => delivery,
            Err(error) => {
                self.ledger.lock().refused(|| with_sources(&error));
                return false;
            }
        };
        match self.note(delivery, start) {
            // It ends only after this sender, unless it panicked.
            Some(begun) => self.batches.send(begun).await.is_ok(),
            None => true,
        }
    }

    /// Notes a record that was taken; gives the batch to wait for if it has begun one.
    fn note(
        &mut self,
        delivery: Delivery,
        start: Option<Instant>,
    ) -> Option<(BatchNumber, Delivery)> {
        let partition = usize::try_from(delivery.partition()).unwrap_or(0);
        if partition >= self.filling.len() {
            self.filling.resize(partition + 1, None);
        }
        let filling = self.filling.get_mut(partition)?;
        if delivery.index_in_batch() > 0 {
            if let (Some(start), Some(batch)) = (start, *filling) {
                self.ledger.lock().started(batch, start, delivery);
            }
            return None;
        }
        let batch = self.begun;
        self.begun += 1;
        let mut ledger = self.ledger.lock();
        if let Some(full) = filling.replace(batch) {
            ledger.seal(full);
        }
        ledger.begin(batch, start);
        Some((batch, delivery))
    }
}

/// Waits for the outcomes of batches until the lane has ended and all are known.
async fn settle(mut begun: mpsc::Receiver<(BatchNumber, Delivery)>, ledger: SharedLedger) {
    let mut open = FuturesUnordered::new();
    let mut more = true;
    loop {
        tokio::select! {
            biased;
            Some((batch, written)) = open.next(), if !open.is_empty() => {
                ledger.lock().settle(batch, Instant::now(), written);
            }
            next = begun.recv(), if more && open.len() < UNSETTLED => match next {
                Some((batch, delivery)) => {
                    open.push(async move { (batch, delivery.await.is_ok()) });
                }
                None => more = false,
            },
            else => return,
        }
    }
}
