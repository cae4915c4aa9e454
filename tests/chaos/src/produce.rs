//! The producer: writes records through tidewire at a rate and keeps what it was told of each, for
//! others to judge.
//!
//! Once a second, and at the end, it prints its sums as one line of JSON. What became of record `n`
//! of a partition is the number at `8 * n` of the file `LEDGER/PRODUCER-PARTITION` (see
//! [`ledger`](crate::ledger)).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tidewire::{Client, Delivery, Error, Producer, Record};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::ledger::{Entry, Ledger};
use crate::record::Shape;
use crate::sums::Sums;
use crate::{Failure, properties, stop_with_stdin};

/// Of one partition, not yet settled. `buffer.memory` is usually met first.
const ON_THE_WAY: usize = 100_000;
/// How much of its rate a producer that was held up may make good at once.
const ARREARS: Duration = Duration::from_millis(500);
/// How long outcomes may be missing after the last promise of one has run out.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    bootstrap: String,
    #[arg(long)]
    topic: String,
    #[arg(long)]
    partitions: u32,
    /// Each writes to every partition, with sequences of its own.
    #[arg(long, default_value_t = 1)]
    producers: u32,
    /// Records per second, of all producers.
    #[arg(long)]
    rate: u64,
    /// Bytes of a value.
    #[arg(long, default_value_t = 100)]
    size: usize,
    #[arg(long)]
    seed: u64,
    /// An existing folder.
    #[arg(long)]
    ledger: PathBuf,
    /// Properties of the client and its producers.
    #[arg(short = 'X', long = "property")]
    properties: Vec<String>,
}

/// Sends until stdin ends, and waits for all outcomes.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let args = Arc::new(args);
    let stop = stop_with_stdin();
    let properties = properties(&args.bootstrap, &args.properties)?;
    let client = Client::from_properties(properties).connect().await?;
    let sums = Arc::new(Sums::new());
    let mut drivers = JoinSet::new();
    let mut settlers = JoinSet::new();
    let mut patience = GRACE;
    for number in 0..args.producers {
        let producer = client.producer().build()?;
        patience = patience.max(producer.config().delivery_timeout + GRACE);
        let mut lanes = Vec::new();
        for partition in 0..args.partitions {
            let (lane, sent) = mpsc::channel(ON_THE_WAY);
            lanes.push(lane);
            let file = args.ledger.join(format!("{number}-{partition}"));
            settlers.spawn(settle(sent, file, Arc::clone(&sums), patience));
        }
        let driver = Driver {
            producer,
            number,
            lanes,
            args: Arc::clone(&args),
            sums: Arc::clone(&sums),
            stop: stop.clone(),
        };
        drivers.spawn(driver.drive(patience));
    }
    let ticker = tokio::spawn(tick(Arc::clone(&sums)));
    while let Some(driver) = drivers.join_next().await {
        driver?;
    }
    while let Some(settler) = settlers.join_next().await {
        settler??;
    }
    ticker.abort();
    println!("{}", sums.to_json(true));
    Ok(())
}

async fn tick(sums: Arc<Sums>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        println!("{}", sums.to_json(false));
    }
}

/// What a record's lane hears of it.
enum Sent {
    Taken(Delivery),
    Refused(Error),
}

/// One producer and what feeds it.
struct Driver {
    producer: Producer,
    number: u32,
    /// By partition, to the task that keeps its ledger.
    lanes: Vec<mpsc::Sender<Sent>>,
    args: Arc<Args>,
    sums: Arc<Sums>,
    stop: watch::Receiver<bool>,
}

impl Driver {
    /// Sends until it is told to stop or the producer takes nothing more, and closes the producer.
    async fn drive(self, patience: Duration) {
        let stop = self.stop.clone();
        self.feed(stop).await;
        // Its report would say what the lanes hear anyhow.
        drop(self.producer.close(patience).await);
    }

    async fn feed(&self, mut stop: watch::Receiver<bool>) {
        let rate = (self.args.rate / u64::from(self.args.producers)).max(1);
        let period = Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX);
        let shape = Shape::new(&self.args.topic, self.args.size, self.args.seed);
        let mut due = Instant::now();
        for sequence in 0_u64.. {
            for (partition, lane) in (0..).zip(&self.lanes) {
                let now = Instant::now();
                if due > now {
                    tokio::time::sleep_until(due).await;
                }
                due = due.max(now.checked_sub(ARREARS).unwrap_or(now)) + period;
                let value = shape.value(self.number, partition, sequence);
                let record = Record::to(self.args.topic.as_str())
                    .partition(partition)
                    .value(value.as_bytes());
                let outcome = tokio::select! {
                    biased;
                    // The dropped `enqueue` sends nothing, and no lane hears of this record.
                    _ = stop.wait_for(|stop| *stop) => return,
                    outcome = self.producer.enqueue(record) => outcome,
                };
                self.sums.attempted();
                let sent = match outcome {
                    Ok(delivery) => Sent::Taken(delivery),
                    Err(error) => Sent::Refused(error),
                };
                let fatal = matches!(&sent, Sent::Refused(error) if error.is_fatal());
                if lane.send(sent).await.is_err() || fatal {
                    return;
                }
            }
        }
    }
}

/// Keeps the ledger of one partition of one producer: each record's outcome, in order.
async fn settle(
    mut sent: mpsc::Receiver<Sent>,
    file: PathBuf,
    sums: Arc<Sums>,
    mut patience: Duration,
) -> Result<(), Failure> {
    let mut ledger = Ledger::default();
    while let Some(sent) = sent.recv().await {
        let outcome = match sent {
            Sent::Refused(error) => Err(error),
            // Past its promised limit it is a hang, which the ledger says.
            Sent::Taken(delivery) => match tokio::time::timeout(patience, delivery).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    ledger.push(Entry::NoOutcome);
                    sums.hung();
                    // Those behind it have had as long by now.
                    patience = Duration::ZERO;
                    continue;
                }
            },
        };
        ledger.push(Entry::of(&outcome));
        sums.settled(&outcome);
    }
    Ok(ledger.write(&file)?)
}
