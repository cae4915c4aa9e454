//! What most scenarios need: a topic that is written, members that read it, a diary, and waits
//! with a limit.
//!
//! A value says where it is: the one at offset 3 of partition 2 is `2-3`. So what was read can be
//! judged by itself.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidewire::{
    Client, Consumer, ConsumerBuilder, Error, GroupDescription, Producer, RebalanceListener,
    Record, TopicPartition,
};
use tokio::time::sleep;

use crate::place::{Place, Protocol};
use crate::sim::{Read, ms, poll, secs, within};

/// Longer than anything here takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(100);

/// A topic and a group of a scenario's own.
pub(crate) struct Scene {
    pub(crate) client: Client,
    pub(crate) topic: String,
    pub(crate) group: String,
    protocol: Protocol,
    producer: Producer,
    /// What was written, by partition.
    ends: Mutex<BTreeMap<i32, i64>>,
}

impl Scene {
    pub(crate) async fn new(place: &Place, protocol: Protocol, partitions: i32) -> Self {
        let client = place.client().await;
        let topic = place.name("topic");
        place.create_topic(&client, &topic, partitions).await;
        Self {
            producer: client.producer().linger(ms(0)).build().unwrap(),
            client,
            topic,
            group: place.name("group"),
            protocol,
            ends: Mutex::new((0..partitions).map(|partition| (partition, 0)).collect()),
        }
    }

    /// As [`new`](Self::new), with so many records in each partition.
    pub(crate) async fn written(
        place: &Place,
        protocol: Protocol,
        partitions: i32,
        count: usize,
    ) -> Self {
        let scene = Self::new(place, protocol, partitions).await;
        scene.write_each(count).await;
        scene
    }

    pub(crate) fn at(&self, partition: i32) -> TopicPartition {
        TopicPartition::new(&*self.topic, partition)
    }

    /// A member of the group that reads the topic from its beginning.
    pub(crate) fn member(&self) -> ConsumerBuilder {
        self.anywhere().subscribe([&*self.topic])
    }

    /// A member of the group that has not subscribed to anything yet.
    pub(crate) fn anywhere(&self) -> ConsumerBuilder {
        let builder = self.client.consumer().group(&self.group);
        let builder = builder.property("auto.offset.reset", "earliest");
        match self.protocol {
            Protocol::Classic(assignors) => builder
                .property("partition.assignment.strategy", assignors)
                .property("heartbeat.interval.ms", "500"),
            Protocol::Consumer(assignor) => builder
                .property("group.protocol", "consumer")
                .property("group.remote.assignor", assignor),
        }
    }

    /// A member that leaves when it is not polled for so many seconds.
    pub(crate) fn impatient(&self, limit: u64) -> ConsumerBuilder {
        let member = self.member();
        let member = member.property("max.poll.interval.ms", (limit * 1_000).to_string());
        match self.protocol {
            Protocol::Classic(_) => member.property("session.timeout.ms", "6000"),
            Protocol::Consumer(_) => member,
        }
    }

    /// Writes so many values to a partition, each acknowledged before the next.
    pub(crate) async fn write(&self, partition: i32, count: usize) {
        for _ in 0..count {
            let end = self.ends.lock().unwrap().get(&partition).copied();
            let offset = end.unwrap_or_default();
            let record = Record::to(&*self.topic).partition(partition);
            let sent = self
                .producer
                .send(record.value(format!("{partition}-{offset}")));
            let at = within(LIMIT, sent).await.unwrap();
            assert_eq!(at.offset, Some(offset), "nobody else writes");
            self.ends.lock().unwrap().insert(partition, offset + 1);
        }
    }

    /// Writes so many values to each partition.
    pub(crate) async fn write_each(&self, count: usize) {
        let ends = self.ends();
        for partition in ends.keys() {
            self.write(*partition, count).await;
        }
    }

    /// Writes to all partitions, again and again, while a script runs.
    pub(crate) async fn while_writing<T>(&self, script: impl Future<Output = T>) -> T {
        let is_over = Cell::new(false);
        let script = async {
            let done = script.await;
            is_over.set(true);
            done
        };
        let writing = async {
            while !is_over.get() {
                self.write_each(1).await;
                sleep(ms(20)).await;
            }
        };
        tokio::join!(script, writing).0
    }

    /// How many values each partition has.
    pub(crate) fn ends(&self) -> BTreeMap<i32, i64> {
        self.ends.lock().unwrap().clone()
    }

    /// How many values there are.
    pub(crate) fn total(&self) -> usize {
        usize::try_from(self.ends().values().sum::<i64>()).unwrap()
    }

    /// Everything that was written was read, each value once.
    #[track_caller]
    pub(crate) fn check_once(&self, all: &[Read]) {
        let distinct = offsets(all);
        let twice = all.len() - distinct.values().map(BTreeSet::len).sum::<usize>();
        assert_eq!(twice, 0, "read twice: {all:?}");
        self.check_all(all);
    }

    /// Everything that was written was read, if not once.
    #[track_caller]
    pub(crate) fn check_all(&self, all: &[Read]) {
        let ends = self.ends().into_iter().filter(|(_, end)| *end > 0);
        let wanted = ends.map(|(partition, end)| (partition, (0..end).collect()));
        assert_eq!(offsets(all), wanted.collect());
    }

    /// What the group committed, by partition.
    pub(crate) async fn committed(&self) -> BTreeMap<i32, i64> {
        let asked = self.client.admin().group_offsets(&self.group).await;
        let each = asked.unwrap().into_iter();
        each.map(|(at, committed)| (at.partition, committed.offset))
            .collect()
    }

    /// What the group committed for partition 0; 0 for nothing, which some members commit as well.
    pub(crate) async fn committed_first(&self) -> i64 {
        let committed = self.committed().await;
        committed.get(&0).copied().unwrap_or_default()
    }

    pub(crate) async fn describe(&self) -> GroupDescription {
        self.client
            .admin()
            .describe_group(&self.group)
            .await
            .unwrap()
    }

    /// Waits until the group has no members.
    #[track_caller]
    pub(crate) fn deserted(&self) -> impl Future<Output = ()> {
        until(async || self.describe().await.members.is_empty())
    }
}

/// What was read, by partition; each value says where it was.
#[track_caller]
pub(crate) fn offsets(all: &[Read]) -> BTreeMap<i32, BTreeSet<i64>> {
    let mut offsets: BTreeMap<i32, BTreeSet<i64>> = BTreeMap::new();
    for read in all {
        assert_eq!(read.value, format!("{}-{}", read.partition, read.offset));
        offsets
            .entry(read.partition)
            .or_default()
            .insert(read.offset);
    }
    offsets
}

/// The numbers of a consumer's partitions.
pub(crate) fn owned(consumer: &Consumer) -> BTreeSet<i32> {
    let all = consumer.assignment().into_iter();
    all.map(|at| at.partition).collect()
}

pub(crate) async fn build(builder: ConsumerBuilder) -> Consumer {
    within(LIMIT, builder.build()).await.unwrap()
}

/// Closes, within limits, and nothing is wrong.
pub(crate) async fn close(consumer: Consumer) {
    within(LIMIT, consumer.close(secs(60))).await.unwrap();
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn until(mut holds: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    within(LIMIT, async move {
        while !holds().await {
            sleep(ms(50)).await;
        }
    })
}

/// Polls each in turn until it is so; what was read.
#[track_caller]
pub(crate) fn poll_until<'a>(
    consumers: impl IntoIterator<Item = &'a Consumer>,
    mut holds: impl FnMut(&[Read]) -> bool,
) -> impl Future<Output = Vec<Read>> {
    let consumers: Vec<&Consumer> = consumers.into_iter().collect();
    within(LIMIT, async move {
        let mut all = Vec::new();
        while !holds(&all) {
            for consumer in &consumers {
                all.extend(poll(consumer, ms(100)).await.unwrap());
            }
        }
        all
    })
}

/// Polls each in turn until there are so many records between them.
#[track_caller]
pub(crate) fn read<'a>(
    consumers: impl IntoIterator<Item = &'a Consumer>,
    count: usize,
) -> impl Future<Output = Vec<Read>> {
    poll_until(consumers, move |all| all.len() >= count)
}

/// Polls each in turn until they have so many partitions each; what was read.
#[track_caller]
pub(crate) fn settle<const N: usize>(
    members: [(&Consumer, usize); N],
) -> impl Future<Output = Vec<Read>> {
    let settled = move |_: &[Read]| {
        let mut each = members.iter();
        each.all(|(consumer, count)| consumer.assignment().len() == *count)
    };
    poll_until(members.map(|(consumer, _)| consumer), settled)
}

/// Polls each for a while, in which nothing more comes.
#[track_caller]
pub(crate) fn nothing_more<'a>(
    consumers: impl IntoIterator<Item = &'a Consumer>,
) -> impl Future<Output = ()> {
    let mut rounds = 0;
    let polled = poll_until(consumers, move |_| {
        rounds += 1;
        rounds > 10
    });
    async move { assert_eq!(polled.await, [], "nothing was written") }
}

/// The first error of a poll; no record comes before it.
#[track_caller]
pub(crate) fn first_error(consumer: &Consumer) -> impl Future<Output = Error> {
    within(LIMIT, async move {
        loop {
            match poll(consumer, secs(1)).await {
                Ok(read) => assert_eq!(read, [], "it is to fail"),
                Err(error) => return error,
            }
        }
    })
}

/// One thing that a listener was told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    Assigned(BTreeSet<i32>),
    Revoked(BTreeSet<i32>),
    Lost(BTreeSet<i32>),
}

/// Writes down what it is told, but for assignments that bring nothing.
#[derive(Clone, Default)]
pub(crate) struct Diary(Arc<Mutex<Vec<Told>>>);

impl Diary {
    fn note(&self, told: fn(BTreeSet<i32>) -> Told, partitions: &[TopicPartition]) {
        if !partitions.is_empty() {
            let numbers = partitions.iter().map(|at| at.partition).collect();
            self.0.lock().unwrap().push(told(numbers));
        }
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }
}

impl RebalanceListener for Diary {
    async fn assigned(&self, _: &Consumer, partitions: &[TopicPartition]) {
        self.note(Told::Assigned, partitions);
    }

    async fn revoked(&self, _: &Consumer, partitions: &[TopicPartition]) {
        self.note(Told::Revoked, partitions);
    }

    async fn lost(&self, _: &Consumer, partitions: &[TopicPartition]) {
        self.note(Told::Lost, partitions);
    }
}
