//! What a member may ask for, and what it hears: positions, rebalances, commits of single records.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tidewire::mock::{Action, Fault};
use tidewire::protocol::ApiKey;
use tidewire::{
    Consumer, ConsumerInterceptor, ConsumerRecord, ErrorCode, OffsetAndMetadata, RebalanceListener,
    StartAt, TopicPartition,
};

use crate::groups::{build, committed, cooperative, member, modern, settle, written};
use crate::support::{PATIENCE, at, poll, read, secs, within};

/// Asks for the position of what it is given.
#[derive(Clone, Default)]
struct Asking(Arc<Mutex<Vec<i64>>>);

impl RebalanceListener for Asking {
    async fn assigned(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        for at in partitions {
            let position = consumer.position(at).await.unwrap();
            self.0.lock().unwrap().push(position);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_may_ask_for_the_position_of_what_it_is_given() {
    for builder in [member, cooperative, modern] {
        let (_cluster, client) = written(1, 3).await;
        let first = build(builder(&client)).await;
        read(&first, 3).await;
        within(PATIENCE, first.close(secs(5))).await.unwrap();
        let asking = Asking::default();
        let builder = builder(&client).rebalance_listener(asking.clone());
        let second = build(builder).await;
        within(secs(10), settle(&[(&second, 1)])).await;
        assert_eq!(*asking.0.lock().unwrap(), [3]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rebalance_can_be_asked_for_and_the_coordinator_is_told_why() {
    for builder in [member, cooperative] {
        let (cluster, client) = written(2, 3).await;
        let consumer = build(builder(&client)).await;
        read(&consumer, 6).await;
        let (joins, before) = (
            cluster.requests(ApiKey::JoinGroup),
            consumer.group_metadata(),
        );
        consumer
            .enforce_rebalance("the weights have changed")
            .unwrap();
        poll(&consumer, secs(5)).await.unwrap();
        assert_eq!(cluster.requests(ApiKey::JoinGroup), joins + 1);
        assert_ne!(consumer.group_metadata(), before, "a new generation");
        assert_eq!(consumer.assignment().len(), 2);
        assert_eq!(consumer.metrics().assignments, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn records_taken_one_by_one_are_stored_and_committed_as_they_are() {
    for builder in [member, modern] {
        let (cluster, client) = written(1, 3).await;
        let builder = builder(&client).property("enable.auto.offset.store", "false");
        let consumer = build(builder).await;
        let first = within(PATIENCE, consumer.recv()).await.unwrap();
        within(PATIENCE, consumer.commit_record(&first))
            .await
            .unwrap();
        assert_eq!(committed(&cluster, 0), Some(1));
        let second = within(PATIENCE, consumer.recv()).await.unwrap();
        consumer.store(&second).unwrap();
        within(PATIENCE, consumer.commit()).await.unwrap();
        assert_eq!(committed(&cluster, 0), Some(2));
        let third = within(PATIENCE, consumer.recv()).await.unwrap();
        let pending = consumer.commit_record_async(&third).unwrap();
        within(PATIENCE, pending).await.unwrap();
        assert_eq!(committed(&cluster, 0), Some(3));
        assert_eq!(consumer.metrics().commits, 3);
    }
}

/// Notes what was committed, and panics over it.
#[derive(Debug, Default)]
struct Committing(Mutex<Vec<i64>>);

impl ConsumerInterceptor for Committing {
    fn on_consume(&self, _record: &ConsumerRecord<'_>) {}

    fn on_commit(&self, offsets: &BTreeMap<TopicPartition, OffsetAndMetadata>) {
        let offset = offsets[&at(0)].offset;
        self.0.lock().unwrap().push(offset);
        panic!("a bug in the interceptor");
    }
}

#[tokio::test(start_paused = true)]
async fn an_interceptor_hears_of_every_commit_that_was_confirmed_and_of_no_other() {
    let (cluster, client) = written(1, 3).await;
    let heard = Arc::new(Committing::default());
    let builder = member(&client).property("enable.auto.commit", "false");
    let consumer = build(builder.interceptor(Arc::<Committing>::clone(&heard))).await;
    read(&consumer, 3).await;
    let refused = Fault::on(ApiKey::OffsetCommit).nth(1);
    let refused = refused.then(Action::Error(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS));
    cluster.faults().add(refused);
    within(PATIENCE, consumer.commit()).await.unwrap();
    let pending = consumer.commit_offsets_async([(at(0), 1.into())]).unwrap();
    within(PATIENCE, pending).await.unwrap();
    assert_eq!(*heard.0.lock().unwrap(), [3, 1]);
    assert_eq!(
        (
            consumer.metrics().commits,
            consumer.metrics().failed_commits
        ),
        (2, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_read_of_partitions_that_an_assignment_drops_is_committed() {
    let (cluster, client) = written(2, 3).await;
    let builder = client.consumer().group("g");
    let consumer = build(builder.assign([(at(0), StartAt::Beginning)])).await;
    read(&consumer, 3).await;
    consumer
        .assign([(at(1), StartAt::Beginning)])
        .await
        .unwrap();
    read(&consumer, 3).await;
    assert_eq!(committed(&cluster, 0), Some(3));
    consumer.unsubscribe().unwrap();
    assert_eq!(consumer.assignment(), []);
    tokio::time::sleep(secs(1)).await;
    assert_eq!(committed(&cluster, 1), Some(3));
}
