//! Members of a group in trouble: look-ups that are lost, commits that are dropped, logs that lose
//! their end between two owners, and what goes on through a rebalance.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidewire::mock::{Action, Fault, MockCluster};
use tidewire::protocol::ApiKey;
use tidewire::{Client, Consumer, ConsumerBuilder, RebalanceListener, TopicPartition};

use crate::support::{
    PATIENCE, at, cluster, connect, ms, numbers, poll, polled, read, record, secs, within,
};

async fn write(client: &Client, partition: i32, values: impl IntoIterator<Item = String>) {
    let producer = client.producer().linger(ms(0)).build().unwrap();
    for value in values {
        let sent = producer.send(record(partition, value));
        within(PATIENCE, sent).await.unwrap();
    }
}

async fn written(partitions: i32, count: usize) -> (MockCluster, Client) {
    let cluster = cluster().topic("t", partitions).build();
    let client = connect(&cluster).await;
    for partition in 0..partitions {
        write(&client, partition, numbers(count)).await;
    }
    (cluster, client)
}

/// A member of a group with these assignors.
fn member(client: &Client, assignors: &str) -> ConsumerBuilder {
    client
        .consumer()
        .group("g")
        .subscribe(["t"])
        .property("auto.offset.reset", "earliest")
        .property("enable.auto.commit", "false")
        .property("partition.assignment.strategy", assignors)
}

async fn build(builder: ConsumerBuilder) -> Consumer {
    within(PATIENCE, builder.build()).await.unwrap()
}

/// Polls until the consumers have so many partitions each.
async fn settle(consumers: &[(&Consumer, usize)]) {
    let settled = async {
        while consumers
            .iter()
            .any(|(consumer, count)| consumer.assignment().len() != *count)
        {
            for (consumer, _) in consumers {
                poll(consumer, ms(100)).await.unwrap();
            }
        }
    };
    within(PATIENCE, settled).await;
}

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl RebalanceListener for Diary {
    async fn assigned(&self, _: &Consumer, partitions: &[TopicPartition]) {
        let line = format!("assigned {}", partitions.len());
        self.0.lock().unwrap().push(line);
    }

    async fn revoked(&self, _: &Consumer, partitions: &[TopicPartition]) {
        let line = format!("revoked {}", partitions.len());
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test(start_paused = true)]
async fn case_65_a_look_up_of_the_coordinator_that_is_lost_or_dropped_cuts_nobody_off() {
    let (cluster, client) = written(1, 3).await;
    let find = Fault::on(ApiKey::FindCoordinator).times(1);
    let lost = cluster.faults().add(find.then(Action::DropRequest));
    let consumer = build(member(&client, "range")).await;
    for times in 0..6 {
        drop(polled(times, consumer.committed([at(0)])).await);
        tokio::time::sleep(ms(1)).await;
    }
    let all = within(secs(60), read(&consumer, 3)).await;
    assert_eq!((all.len(), cluster.faults().fired(lost)), (3, 1));
    within(secs(1), consumer.commit()).await.unwrap();
    let committed = within(secs(1), consumer.committed([at(0)])).await.unwrap();
    assert_eq!(committed[&at(0)].as_ref().unwrap().offset, 3);
}

#[tokio::test(start_paused = true)]
async fn case_75_a_commit_carries_the_epoch_and_the_next_owner_notices_a_lost_end() {
    let (cluster, client) = written(1, 10).await;
    let first = build(member(&client, "range")).await;
    read(&first, 10).await;
    within(secs(1), first.commit()).await.unwrap();
    within(secs(5), first.close(secs(5))).await.unwrap();
    let committed = &cluster.committed("g")[&at(0)];
    assert!(committed.offset == 10 && committed.leader_epoch >= 0);
    cluster.lose_log_end("t", 0, 6, 2).unwrap();
    write(&client, 0, (0..8).map(|n| format!("new{n}"))).await;
    let next = build(member(&client, "range")).await;
    let all = within(secs(60), read(&next, 8)).await;
    assert_eq!(
        (all[0].offset, all[0].value.as_str(), all.len()),
        (6, "new0", 8),
        "10 is in the new log as well, and its records before that are not skipped"
    );
}

#[tokio::test(start_paused = true)]
async fn case_127_a_commit_dropped_at_any_poll_happens_or_not_and_the_next_one_works() {
    let (cluster, client) = written(1, 40).await;
    let consumer = member(&client, "range").property("max.poll.records", "1");
    let consumer = build(consumer).await;
    let mut last = 0;
    for round in 0..20 {
        read(&consumer, 1).await;
        let done = polled(round % 5, consumer.commit()).await.is_some();
        tokio::time::sleep(Duration::from_millis(u64::try_from(round).unwrap() % 7)).await;
        let committed = cluster.committed("g").get(&at(0)).map_or(0, |it| it.offset);
        let position = i64::try_from(round).unwrap() + 1;
        assert!(
            (last..=position).contains(&committed),
            "{last}: {committed}"
        );
        assert!(!done || committed == position);
        last = committed;
    }
    within(secs(1), consumer.commit()).await.unwrap();
    assert_eq!(cluster.committed("g")[&at(0)].offset, 20);
    assert_eq!(read(&consumer, 1).await[0].offset, 20, "no record was lost");
}

/// krafka delivers nothing while a cooperative join waits for the slowest member.
#[tokio::test(start_paused = true)]
async fn k14_what_a_cooperative_member_keeps_is_read_while_it_joins() {
    let (cluster, client) = written(4, 1).await;
    let first = build(member(&client, "cooperative-sticky")).await;
    read(&first, 4).await;
    let second = build(member(&client, "cooperative-sticky")).await;
    let begun = async {
        while cluster.group("g").unwrap().state != "PreparingRebalance" {
            tokio::time::sleep(ms(1)).await;
        }
    };
    within(secs(10), begun).await;
    let slow = Fault::on(ApiKey::JoinGroup).then(Action::Delay(secs(20)));
    let slow = cluster.faults().add(slow);
    tokio::time::sleep(secs(5)).await;
    assert_eq!(
        cluster.faults().matched(slow),
        1,
        "the first one is joining"
    );
    for partition in 0..4 {
        write(&client, partition, ["on".to_owned()]).await;
    }
    assert_eq!(within(secs(2), read(&first, 4)).await.len(), 4);
    cluster.faults().remove(slow);
    settle(&[(&first, 2), (&second, 2)]).await;
}

/// krafka goes by the assignor that a generation chose, and two members own a partition for a
/// while.
#[tokio::test(start_paused = true)]
async fn k16_the_list_of_assignors_and_not_the_one_chosen_makes_a_member_eager() {
    let (cluster, client) = written(2, 1).await;
    let diary = Diary::default();
    let both = member(&client, "cooperative-sticky,range").rebalance_listener(diary.clone());
    let first = build(both).await;
    settle(&[(&first, 2)]).await;
    let second = build(member(&client, "cooperative-sticky")).await;
    settle(&[(&first, 1), (&second, 1)]).await;
    let group = cluster.group("g").unwrap();
    assert_eq!(group.protocol.as_deref(), Some("cooperative-sticky"));
    let lines = diary.0.lock().unwrap().clone();
    assert_eq!(lines[..2], ["assigned 2", "revoked 2"], "{lines:?}");
    let mut owners = std::collections::BTreeMap::new();
    for change in cluster.ownership_changes("g") {
        for at in change.lost {
            owners.remove(&at);
        }
        for at in change.gained {
            let other = owners.insert(at.clone(), change.member_id.clone());
            assert_eq!(other, None, "{at} has two owners");
        }
    }
}
