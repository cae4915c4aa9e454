//! Commits that were begun and not waited for, when their partitions go or the member ends: they
//! are made all the same, as they were asked for.

use std::collections::BTreeMap;

use tidewire::{Consumer, OffsetAndMetadata, RebalanceListener, TopicPartition};

use crate::place::{Place, Protocol, scenarios};
use crate::scene::{Scene, build, close, owned, read, settle};

scenarios! {
    case_57_what_a_listener_begins_to_commit_is_committed_before_the_partitions_go:
        range cooperative uniform;
    what_was_begun_before_the_end_is_committed_with_its_metadata: range cooperative uniform;
    what_was_begun_before_the_end_is_committed_beside_stored_offsets:
        range cooperative uniform;
}

/// Begins to commit offset 3 of everything that is revoked, and waits for nothing.
struct Three;

impl RebalanceListener for Three {
    async fn revoked(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        let three = |at: &TopicPartition| (at.clone(), 3.into());
        let begun = consumer.commit_offsets_async(partitions.iter().map(three));
        drop(begun.unwrap());
    }
}

async fn case_57_what_a_listener_begins_to_commit_is_committed_before_the_partitions_go(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 4, 5).await;
    let by_hand = || scene.member().property("enable.auto.commit", "false");
    let first = build(by_hand().rebalance_listener(Three)).await;
    read([&first], 20).await;
    let second = build(by_hand()).await;
    settle([(&first, 2), (&second, 2)]).await;
    let committed = scene.committed().await;
    for partition in owned(&second) {
        assert_eq!(
            committed.get(&partition),
            Some(&3),
            "of the other {committed:?}"
        );
    }
    close(first).await;
    assert_eq!(
        scene.committed().await,
        BTreeMap::from_iter((0..4).map(|at| (at, 3)))
    );
    close(second).await;
}

async fn what_was_begun_before_the_end_is_committed_with_its_metadata(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 1, 5).await;
    let consumer = build(scene.member()).await;
    read([&consumer], 5).await;
    let noted = OffsetAndMetadata::new(5).metadata("noted");
    let begun = consumer.commit_offsets_async([(scene.at(0), noted.clone())]);
    close(consumer).await;
    begun.unwrap().await.unwrap();
    let committed = scene.client.admin().group_offsets(&scene.group).await;
    assert_eq!(committed.unwrap().get(&scene.at(0)), Some(&noted));
}

async fn what_was_begun_before_the_end_is_committed_beside_stored_offsets(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 2, 5).await;
    let storing = scene.member().property("enable.auto.offset.store", "false");
    let consumer = build(storing).await;
    read([&consumer], 10).await;
    consumer.store_offset(scene.at(0), 2).unwrap();
    let begun = consumer.commit_offsets_async([(scene.at(1), 4.into())]);
    close(consumer).await;
    begun.unwrap().await.unwrap();
    assert_eq!(scene.committed().await, BTreeMap::from([(0, 2), (1, 4)]));
}
