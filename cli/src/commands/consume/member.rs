//! `consume -g`: a member of a group. What was printed is what is committed.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use tidewire::{
    Client, Consumer, ConsumerRecord, ErrorKind, LeaderEpoch, OffsetAndMetadata, RebalanceListener,
    StartAt, TopicPartition,
};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Ends, assignment};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::signals::Signals;

/// How long the last commit and the farewell may take.
const CLOSE: Duration = Duration::from_secs(10);
/// How long a member that was given nothing waits for a share: others may have to give it up first.
const SHARE: Duration = Duration::from_secs(10);

/// What the command knows of its membership.
pub(super) struct Member {
    /// When the group gave it partitions, or none, last; `None` while it takes some away.
    settled: watch::Receiver<Option<Instant>>,
    /// When it was seen to have partitions last.
    shared: Option<Instant>,
    /// Why `-o` could not be followed.
    astray: watch::Receiver<Option<Failure>>,
    /// What was collected for stdout: the offset after it and its epoch, by partition.
    printed: BTreeMap<TopicPartition, (i64, LeaderEpoch)>,
}

/// Starts where `-o` says in partitions of which the group has committed nothing.
struct Starter {
    start: Option<StartAt>,
    signals: Signals,
    settled: watch::Sender<Option<Instant>>,
    astray: watch::Sender<Option<Failure>>,
}

impl RebalanceListener for Starter {
    async fn assigned(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        if let Some(start) = self.start.filter(|_| !partitions.is_empty()) {
            let mut signals = self.signals.clone();
            let begun = tokio::select! {
                biased;
                // The member leaves only after this has returned.
                () = signals.first() => Ok(()),
                begun = begin(consumer, partitions, start) => begun,
            };
            // `auto.offset.reset` would decide now, which is not what was asked for. Nothing of
            // these partitions is handed out before this returns.
            if let Err(failure) = begun {
                let failure = failure.while_doing("finding where -o begins");
                self.astray.send_replace(Some(failure));
            }
        }
        self.settled.send_replace(Some(Instant::now()));
    }

    async fn revoked(&self, _: &Consumer, _: &[TopicPartition]) {
        self.settled.send_replace(None);
    }
}

/// Goes to `start` in partitions of which the group has committed nothing.
async fn begin(
    consumer: &Consumer,
    partitions: &[TopicPartition],
    start: StartAt,
) -> Result<(), Failure> {
    let committed = consumer.committed(partitions.iter().cloned()).await?;
    let new = committed.into_iter().filter(|(_, offset)| offset.is_none());
    let new: Vec<_> = new.map(|(partition, _)| partition).collect();
    let ends = consumer.end_offsets(new).await?;
    for (partition, start) in assignment(consumer, start, &ends).await? {
        consumer.seek(&partition, start)?;
    }
    Ok(())
}

/// What `-g` means for the settings; `start` is what `-o` says, if it is given.
pub(super) fn prepare(settings: &mut Settings, group: &str, start: Option<StartAt>) {
    settings.set("group.id", group);
    settings.set("enable.auto.offset.store", "false");
    match start {
        Some(StartAt::Beginning) => settings.set("auto.offset.reset", "earliest"),
        Some(StartAt::End) => settings.set("auto.offset.reset", "latest"),
        _ => {}
    }
}

impl Member {
    /// Joins the group, which goes on in the background: it returns at once.
    ///
    /// # Errors
    /// When a property is wrong, or a topic is no pattern.
    pub(super) async fn join(
        client: &Client,
        topics: &[String],
        start: Option<StartAt>,
        signals: Signals,
    ) -> Result<(Self, Consumer), Failure> {
        let (settles, settled) = watch::channel(None);
        let (told, astray) = watch::channel(None);
        let seek = start.filter(|start| !matches!(start, StartAt::Beginning | StartAt::End));
        let listener = Starter {
            start: seek,
            signals,
            settled: settles,
            astray: told,
        };
        let builder = client
            .consumer()
            .subscribe(topics.iter().map(String::as_str));
        let consumer = builder.rebalance_listener(listener).build().await?;
        let member = Self {
            settled,
            shared: None,
            astray,
            printed: BTreeMap::new(),
        };
        Ok((member, consumer))
    }

    /// Waits until `-o` cannot be followed, if that happens: then nothing more is to be printed.
    pub(super) async fn gone_astray(&mut self) -> Failure {
        match self.astray.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(failure)) => failure.clone(),
            _ => std::future::pending().await,
        }
    }

    /// Whether all that the group gave it is at its end. In a rebalance it may have nothing for a
    /// while, and so it has when the group has given it up: that says nothing yet.
    pub(super) fn is_at_end(&mut self, consumer: &Consumer, open: &[TopicPartition]) -> bool {
        let Some(settled) = *self.settled.borrow() else {
            return false;
        };
        let assigned = consumer.assignment();
        if assigned.is_empty() {
            let since = self.shared.map_or(settled, |shared| shared.max(settled));
            return since.elapsed() >= SHARE;
        }
        self.shared = Some(Instant::now());
        !open.iter().any(|at| assigned.contains(at))
    }

    /// A record is about to be written.
    pub(super) fn prints(&mut self, record: &ConsumerRecord<'_>) {
        let (topic, partition) = (record.topic(), record.partition());
        let next = (record.offset().saturating_add(1), record.leader_epoch());
        match self.printed.last_entry() {
            Some(mut last) if &*last.key().topic == topic && last.key().partition == partition => {
                last.insert(next);
            }
            _ => {
                self.printed
                    .insert(TopicPartition::new(topic, partition), next);
            }
        }
    }

    /// What was collected is written: the next commit covers it.
    ///
    /// # Errors
    /// When it cannot be committed at all.
    pub(super) fn printed(&mut self, consumer: &Consumer) -> Result<(), Failure> {
        for (partition, (next, epoch)) in std::mem::take(&mut self.printed) {
            store(consumer, partition, next, epoch)?;
        }
        Ok(())
    }
}

/// The next commit covers a partition up to here, unless another member has it now, which reads
/// that again.
///
/// # Errors
/// When it cannot be committed at all.
pub(in crate::commands) fn store(
    consumer: &Consumer,
    partition: TopicPartition,
    next: i64,
    epoch: LeaderEpoch,
) -> Result<(), Failure> {
    let offset = OffsetAndMetadata::new(next).leader_epoch(epoch);
    unless_lost(consumer.store_offset(partition, offset)).map(drop)
}

/// How far a partition was read; `None` if that is not known yet, or if another member has it.
///
/// # Errors
/// When it cannot be read on.
pub(in crate::commands) fn position(
    consumer: &Consumer,
    partition: &TopicPartition,
) -> Result<Option<i64>, Failure> {
    let position = consumer.position(partition).now_or_never();
    Ok(position.map(unless_lost).transpose()?.flatten())
}

/// Asks for no more of a partition; answers whether it is still this member's.
///
/// # Errors
/// When that cannot be done at all.
pub(in crate::commands) fn pause(
    consumer: &Consumer,
    partition: &TopicPartition,
) -> Result<bool, Failure> {
    Ok(unless_lost(consumer.pause(partition))?.is_some())
}

/// `None` if another member has the partition now: the group takes it away between any two calls,
/// so that a look at the assignment beforehand proves nothing.
fn unless_lost<T>(done: tidewire::Result<T>) -> Result<Option<T>, Failure> {
    match done {
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(None),
        done => Ok(Some(done?)),
    }
}

/// As [`Member::gone_astray`]; never without a membership.
pub(super) async fn gone_astray(member: &mut Option<Member>) -> Failure {
    match member {
        Some(member) => member.gone_astray().await,
        None => std::future::pending().await,
    }
}

/// Commits what was written and leaves.
///
/// # Errors
/// When that fails, or takes too long.
pub(super) async fn leave(consumer: Consumer) -> Result<(), Failure> {
    let closed = consumer.close(CLOSE).await;
    closed.map_err(|error| Failure::from(error).while_doing("leaving the group"))
}

/// Leaves out what another member reads.
pub(super) fn assigned(consumer: &Consumer, open: Vec<TopicPartition>) -> Vec<TopicPartition> {
    let assigned = consumer.assignment();
    open.into_iter()
        .filter(|at| assigned.contains(at))
        .collect()
}

/// The ends of all partitions, whoever reads them.
pub(super) async fn ends(
    consumer: &Consumer,
    partitions: &[TopicPartition],
    wanted: bool,
) -> Result<Ends, Failure> {
    if !wanted {
        return Ok(Ends::new());
    }
    Ok(consumer.end_offsets(partitions.iter().cloned()).await?)
}

#[cfg(test)]
mod tests {
    use tidewire::mock::{Action, Fault, MockCluster};
    use tidewire::protocol::ApiKey;
    use tidewire::{ErrorCode, Record};

    use super::*;
    use crate::commands::consume::{POLL, POLL_FOR_END, pass};
    use crate::text::goal::Goal;

    async fn client(cluster: &MockCluster, properties: &[(&str, &str)]) -> Client {
        let mut builder = Client::builder()
            .bootstrap_servers(cluster.bootstrap_servers())
            .connector(cluster.connector());
        for (key, value) in properties {
            builder = builder.property(*key, *value);
        }
        builder.connect().await.unwrap()
    }

    /// Else it would end with success, and nobody would read the rest.
    #[tokio::test(start_paused = true)]
    async fn a_member_without_partitions_in_a_rebalance_is_not_at_its_end() {
        let cluster = MockCluster::builder().topic("t", 1).build();
        let eager = ("partition.assignment.strategy", "range");
        let client = client(&cluster, &[("group.id", "g"), eager]).await;
        let (topics, open) = (["t".to_owned()], [TopicPartition::new("t", 0)]);
        let join = async || {
            let signals = Signals::listen().unwrap();
            Member::join(&client, &topics, None, signals).await.unwrap()
        };
        let (mut member, consumer) = join().await;
        let long_after = Instant::now() + SHARE * 3;
        while Instant::now() < long_after {
            consumer.poll(POLL_FOR_END).await.unwrap();
            assert!(!member.is_at_end(&consumer, &open), "there may be more");
        }
        // The other one joins, and everybody waits for the leader's word.
        let slow = Action::Delay(SHARE * 2);
        cluster
            .faults()
            .add(Fault::on(ApiKey::SyncGroup).then(slow));
        let (_, other) = join().await;
        let (mut without, end) = (0, Instant::now() + SHARE + SHARE / 2);
        while Instant::now() < end {
            consumer.poll(POLL_FOR_END).await.unwrap();
            other.poll(POLL_FOR_END).await.unwrap();
            assert!(!member.is_at_end(&consumer, &open), "a rebalance goes on");
            without += u32::from(consumer.assignment().is_empty());
        }
        assert!(without > 0);
    }

    /// The group takes partitions away between any two calls.
    #[tokio::test(start_paused = true)]
    async fn a_partition_that_another_member_has_is_passed_over() {
        let cluster = MockCluster::builder().topic("t", 2).build();
        let client = client(&cluster, &[]).await;
        let [ours, theirs] = [0, 1].map(|partition| TopicPartition::new("t", partition));
        let consumer = client.consumer().build().await.unwrap();
        let assigned = consumer.assign([(ours.clone(), StartAt::Offset(0))]);
        assigned.await.unwrap();
        let mut goal = Goal::new(None, Some([(ours.clone(), 0), (theirs.clone(), 0)]));
        while goal.open().contains(&ours) {
            consumer.poll(POLL_FOR_END).await.unwrap();
            pass(&consumer, &mut goal).unwrap();
        }
        assert_eq!(goal.open(), std::slice::from_ref(&theirs));
        assert_eq!(position(&consumer, &theirs), Ok(None));
        assert_eq!(pause(&consumer, &theirs), Ok(false));
        assert_eq!(pause(&consumer, &ours), Ok(true));
        assert_eq!(store(&consumer, theirs, 5, LeaderEpoch::NONE), Ok(()));
    }

    /// Otherwise records of another place are printed, and their offsets committed.
    #[tokio::test(start_paused = true)]
    async fn a_start_that_cannot_be_found_is_told_before_anything_is_handed_out() {
        let cluster = MockCluster::builder().topic("t", 1).build();
        let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
        let refused = Fault::on(ApiKey::ListOffsets).times(1);
        cluster.faults().add(refused.then(Action::Error(code)));
        let earliest = ("auto.offset.reset", "earliest");
        let client = client(&cluster, &[("group.id", "g"), earliest]).await;
        let producer = client.producer().build().unwrap();
        producer.send(Record::to("t").value("x")).await.unwrap();
        let topics = ["t".to_owned()];
        let (start, signals) = (Some(StartAt::FromEnd(1)), Signals::listen().unwrap());
        let joining = Member::join(&client, &topics, start, signals);
        let (mut member, consumer) = joining.await.unwrap();
        let failure = loop {
            tokio::select! {
                biased;
                failure = member.gone_astray() => break failure.to_string(),
                records = consumer.poll(POLL) => assert!(records.unwrap().is_empty()),
            }
        };
        assert!(failure.contains("finding where -o begins"), "{failure}");
    }
}
