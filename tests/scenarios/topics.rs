//! Topics that grow, and topics that come to match a pattern.

use std::collections::BTreeSet;

use tidewire::{Consumer, Record};

use crate::place::{Place, Protocol, scenarios};
use crate::scene::{LIMIT, Scene, build, nothing_more, poll_until, read, settle};
use crate::sim::{ms, within};

scenarios! {
    case_99_partitions_that_are_added_are_read: range cooperative uniform;
    case_99_partitions_that_are_added_are_shared: range cooperative uniform;
    a_pattern_reads_what_matches_and_what_comes_to_match: range cooperative uniform;
}

async fn case_99_partitions_that_are_added_are_read(place: &Place, protocol: Protocol) {
    let scene = Scene::written(place, protocol, 1, 3).await;
    let consumer = build(scene.member()).await;
    let mut all = read([&consumer], 3).await;
    place.add_partitions(&scene.topic, 3);
    all.extend(settle([(&consumer, 3)]).await);
    for partition in 0..3 {
        scene.write(partition, 2).await;
    }
    all.extend(read([&consumer], 6).await);
    nothing_more([&consumer]).await;
    scene.check_once(&all);
}

async fn case_99_partitions_that_are_added_are_shared(place: &Place, protocol: Protocol) {
    let scene = Scene::written(place, protocol, 2, 3).await;
    let first = build(scene.member()).await;
    let mut all = read([&first], 6).await;
    let second = build(scene.member()).await;
    all.extend(settle([(&first, 1), (&second, 1)]).await);
    place.add_partitions(&scene.topic, 4);
    all.extend(settle([(&first, 2), (&second, 2)]).await);
    for partition in 0..4 {
        scene.write(partition, 2).await;
    }
    let both = [&first, &second];
    let rest = scene.total() - all.len();
    all.extend(read(both, rest).await);
    nothing_more(both).await;
    scene.check_once(&all);
}

/// Polls until it has so many partitions.
async fn has(consumer: &Consumer, count: usize) {
    poll_until([consumer], |_| consumer.assignment().len() == count).await;
}

async fn a_pattern_reads_what_matches_and_what_comes_to_match(place: &Place, protocol: Protocol) {
    let scene = Scene::new(place, protocol, 1).await;
    let name = |what: &str| place.name(what);
    let create = async |what: &str| place.create_topic(&scene.client, &name(what), 2).await;
    create("wanted-1").await;
    create("not-wanted-1").await;
    let pattern = name("wanted-.*");
    let consumer = build(scene.anywhere().subscribe_pattern(&pattern)).await;
    has(&consumer, 2).await;
    assert_eq!(consumer.subscription(), [name("wanted-1").into()]);
    create("not-wanted-2").await;
    create("wanted-2").await;
    has(&consumer, 4).await;
    let both = ["wanted-1", "wanted-2"].map(|what| name(what).into());
    assert_eq!(consumer.subscription(), both);
    let producer = scene.client.producer().build().unwrap();
    for what in ["wanted-1", "wanted-2", "not-wanted-1", "not-wanted-2"] {
        let sent = producer.send(Record::to(name(what)).partition(1).value(what));
        within(LIMIT, sent).await.unwrap();
    }
    let mut all = BTreeSet::new();
    let reading = async {
        while all.len() < 2 {
            let records = consumer.poll(ms(100)).await.unwrap();
            all.extend(records.iter().map(|record| record.topic().to_owned()));
        }
    };
    within(LIMIT, reading).await;
    nothing_more([&consumer]).await;
    assert_eq!(all, both.iter().map(ToString::to_string).collect());
    consumer.unsubscribe().unwrap();
    has(&consumer, 0).await;
    assert_eq!(consumer.subscription(), []);
}
