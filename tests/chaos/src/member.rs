//! One member of a group: reads through tidewire and keeps a [`Journal`] of all it is handed out
//! and told, for others to judge.
//!
//! It commits by itself (`enable.auto.commit`) or in words, in every way that there is. SIGTERM
//! lets it commit and leave the group. With `--sabotage` it does wrong on purpose: a judge that
//! does not see that is blind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use tidewire::{
    Client, Consumer, ConsumerRecord, OffsetAndMetadata, RebalanceListener, Records, StartAt,
    TopicPartition,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::journal::Journal;
use crate::record::Shape;
use crate::{Failure, properties, stop_with_stdin};

const POLL: Duration = Duration::from_millis(500);
/// How long the user is busy with the records of a poll.
const WORK_MS: u64 = 10;
/// Between two commits in words.
const COMMIT_EVERY: Duration = Duration::from_millis(300);
const CLOSE_LIMIT: Duration = Duration::from_secs(20);
/// How far `--sabotage early` commits ahead, and `back` behind.
const OFF: i64 = 50;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    bootstrap: String,
    #[arg(long)]
    topic: String,
    #[arg(long)]
    group: String,
    /// Who commits.
    #[arg(long, value_enum, default_value_t = Commits::Auto)]
    commits: Commits,
    /// The file to keep.
    #[arg(long)]
    journal: PathBuf,
    /// Bytes of a value, as they were given to `produce`.
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// As it was given to `produce`.
    #[arg(long)]
    seed: u64,
    /// Decides what this member does when.
    #[arg(long)]
    turn: u64,
    #[arg(long, value_enum)]
    sabotage: Option<Sabotage>,
    /// Properties of the client and its consumer.
    #[arg(short = 'X', long = "property")]
    properties: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Commits {
    /// The consumer, on its timer.
    Auto,
    /// The program.
    Words,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sabotage {
    /// Commit what was not handed out yet.
    Early,
    /// Commit what was committed long ago.
    Back,
    /// Read on from partitions that were given up.
    Keep,
}

/// Reads until SIGTERM, or until stdin ends.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let mut stop = stop_with_stdin();
    let mut terminate = signal(SignalKind::terminate())?;
    let journal = Arc::new(Journal::create(&args.journal)?);
    let client = Client::from_properties(properties(&args.bootstrap, &args.properties)?);
    let client = client.connect().await?;
    let listener = Listener {
        journal: Arc::clone(&journal),
        commits: args.commits,
        keeps: args.sabotage == Some(Sabotage::Keep),
    };
    let auto = (args.commits == Commits::Auto).to_string();
    let consumer = client
        .consumer()
        .group(args.group.as_str())
        .subscribe([args.topic.as_str()])
        .property("enable.auto.commit", auto)
        .rebalance_listener(listener);
    let rogue = match args.sabotage {
        Some(Sabotage::Keep) => Some(client.consumer().build().await?),
        _ => None,
    };
    let mut member = Member {
        consumer: consumer.build().await?,
        shape: Shape::new(&args.topic, args.size, args.seed),
        turn: args.turn,
        commit_due: Instant::now() + COMMIT_EVERY,
        done: BTreeMap::new(),
        rogue,
        journal,
        args,
    };
    loop {
        let records = tokio::select! {
            biased;
            _ = terminate.recv() => break,
            _ = stop.wait_for(|stop| *stop) => break,
            records = member.consumer.poll(POLL) => records,
        };
        member.read(records).await?;
    }
    member.leave().await
}

/// The running member.
struct Member {
    consumer: Consumer,
    journal: Arc<Journal>,
    shape: Shape,
    args: Args,
    /// Grows; decides what is drawn.
    turn: u64,
    commit_due: Instant,
    /// What was committed last.
    done: BTreeMap<i32, i64>,
    /// Reads what it must not.
    rogue: Option<Consumer>,
}

impl Member {
    /// What a poll came back with.
    async fn read(&mut self, records: tidewire::Result<Records>) -> Result<(), Failure> {
        let records = match records {
            Ok(records) => records,
            Err(error) => {
                let words = format!("{error}").replace('\n', " ");
                self.journal
                    .say("error", generation(&self.consumer), &[words]);
                if error.is_fatal() {
                    return Err(error.into());
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                return Ok(());
            }
        };
        if !records.is_empty() {
            self.journal.handed(generation(&self.consumer), &records);
            records.iter().for_each(|record| self.check(&record));
            let busy = Duration::from_millis(self.draw() % WORK_MS);
            tokio::time::sleep(busy).await;
        }
        if self.args.commits == Commits::Words && Instant::now() >= self.commit_due {
            self.commit().await;
            self.commit_due = Instant::now() + COMMIT_EVERY;
        }
        self.read_on().await
    }

    /// A record must be the one that the producer wrote there: of each partition, record `n` is at
    /// offset `n`.
    fn check(&self, record: &ConsumerRecord<'_>) {
        let (partition, offset) = (record.partition(), record.offset());
        let sequence = u64::try_from(offset).unwrap_or(u64::MAX);
        let expected = self.shape.value(0, partition, sequence);
        if record.value() != Some(expected.as_bytes()) {
            let place = format!("{partition}:{offset}");
            self.journal
                .say("odd", generation(&self.consumer), &[place]);
        }
    }

    /// Commits what is in the journal, one way or another.
    async fn commit(&mut self) {
        let mut offsets = self.journal.next();
        if offsets == self.done {
            return;
        }
        self.done = offsets.clone();
        let turn = self.draw();
        match self.args.sabotage {
            Some(Sabotage::Early) => offsets.values_mut().for_each(|next| *next += OFF),
            Some(Sabotage::Back) if turn % 8 == 0 => {
                let back = |next: &mut i64| *next = (*next - OFF).max(0);
                offsets.values_mut().for_each(back);
            }
            _ => {}
        }
        let sabotaged = self.args.sabotage.is_some();
        match self.draw() % 3 {
            // All that was handed out is in the journal.
            0 if !sabotaged => {
                let end = self.consumer.commit().await;
                // Meanwhile some may have gone to others, whose commits count now.
                let still = self.journal.next();
                offsets.retain(|number, _| still.contains_key(number));
                say_commit(&self.journal, &self.consumer, &offsets, end);
            }
            1 => {
                let sent = self
                    .consumer
                    .commit_offsets_async(named(&self.args.topic, &offsets));
                let (journal, member) = (Arc::clone(&self.journal), generation(&self.consumer));
                match sent {
                    Ok(pending) => drop(tokio::spawn(async move {
                        say_end(&journal, member, &offsets, pending.await);
                    })),
                    Err(error) => say_end(&journal, member, &offsets, Err(error)),
                }
            }
            _ => {
                let end = self
                    .consumer
                    .commit_offsets(named(&self.args.topic, &offsets));
                let end = end.await;
                say_commit(&self.journal, &self.consumer, &offsets, end);
            }
        }
    }

    /// Commits, leaves, and says how that went.
    async fn leave(self) -> Result<(), Failure> {
        let standing = generation(&self.consumer);
        if self.args.commits == Commits::Words {
            let offsets = self.journal.next();
            let end = self
                .consumer
                .commit_offsets(named(&self.args.topic, &offsets));
            say_end(&self.journal, standing, &offsets, end.await);
        }
        let words = match self.consumer.close(CLOSE_LIMIT).await {
            Ok(()) => "well".to_owned(),
            Err(error) => format!("{error}").replace('\n', " "),
        };
        self.journal.say("closed", standing, &[words]);
        Ok(())
    }

    /// Sabotage: hands out what was given up.
    async fn read_on(&self) -> Result<(), Failure> {
        let Some(rogue) = &self.rogue else {
            return Ok(());
        };
        let own = self.consumer.assignment();
        let kept = self.journal.next().into_iter();
        let kept: Vec<(TopicPartition, StartAt)> = kept
            .map(|(number, next)| (TopicPartition::new(self.args.topic.as_str(), number), next))
            .filter(|(at, _)| !own.contains(at))
            .map(|(at, next)| (at, StartAt::Offset(next)))
            .collect();
        rogue.assign(kept).await?;
        let records = rogue.poll(Duration::from_millis(5)).await?;
        if !records.is_empty() {
            self.journal.handed(generation(&self.consumer), &records);
        }
        Ok(())
    }

    fn draw(&mut self) -> u64 {
        self.turn = self
            .turn
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(1);
        self.turn >> 33
    }
}

/// Told when partitions come and go; keeps that, and commits what goes.
struct Listener {
    journal: Arc<Journal>,
    commits: Commits,
    /// Sabotage: says nothing of what it gives up.
    keeps: bool,
}

impl RebalanceListener for Listener {
    async fn assigned(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        self.journal.assigned(generation(consumer), partitions);
    }

    async fn revoked(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        if self.commits == Commits::Words {
            let all = self.journal.next();
            let own = partitions.iter().filter_map(|at| {
                let next = all.get(&at.partition)?;
                Some((at.partition, *next))
            });
            let own: BTreeMap<i32, i64> = own.collect();
            if let (Some(at), false) = (partitions.first(), own.is_empty()) {
                let end = consumer.commit_offsets(named(&at.topic, &own)).await;
                say_commit(&self.journal, consumer, &own, end);
            }
        }
        if !self.keeps {
            let generation = generation(consumer);
            self.journal.gone("revoked", generation, partitions);
        }
    }

    async fn lost(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        self.journal.gone("lost", generation(consumer), partitions);
    }
}

fn generation(consumer: &Consumer) -> i32 {
    consumer.group_metadata().map_or(-1, |it| it.generation)
}

fn named(topic: &str, offsets: &BTreeMap<i32, i64>) -> Vec<(TopicPartition, OffsetAndMetadata)> {
    let named = offsets.iter().map(|(number, next)| {
        let at = TopicPartition::new(topic, *number);
        (at, OffsetAndMetadata::new(*next))
    });
    named.collect()
}

fn say_commit(
    journal: &Journal,
    consumer: &Consumer,
    offsets: &BTreeMap<i32, i64>,
    end: tidewire::Result<()>,
) {
    say_end(journal, generation(consumer), offsets, end);
}

fn say_end(
    journal: &Journal,
    generation: i32,
    offsets: &BTreeMap<i32, i64>,
    end: tidewire::Result<()>,
) {
    match end {
        Ok(()) => {
            let each = offsets
                .iter()
                .map(|(number, next)| format!("{number}:{next}"));
            journal.say("committed", generation, &each.collect::<Vec<_>>());
        }
        Err(error) => {
            let words = format!("{error}").replace('\n', " ");
            journal.say("refused", generation, &[words]);
        }
    }
}
