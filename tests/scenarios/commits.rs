//! What a group commits, when, and where the next reader goes on.

use std::collections::BTreeMap;

use tidewire::{
    Consumer, ErrorCode, ErrorKind, OffsetAndMetadata, RebalanceListener, StartAt, TopicPartition,
};
use tokio::time::sleep;

use crate::place::{Place, Protocol, scenarios};
use crate::scene::{
    LIMIT, Scene, build, close, first_error, nothing_more, offsets, owned, read, settle, until,
};
use crate::sim::{ms, secs, within};

scenarios! {
    a_group_of_one_reads_all_and_the_next_member_goes_on_exactly_there:
        range cooperative uniform;
    case_72_what_the_last_poll_handed_out_is_not_committed_by_itself: range uniform;
    stored_offsets_are_committed_and_nothing_else: range uniform;
    case_74_commits_on_their_way_never_go_back: range uniform;
    case_57_what_is_revoked_is_committed_before_another_gets_it:
        range cooperative uniform;
    partitions_by_hand_start_at_the_committed_offset_and_need_no_membership: range;
    while_a_group_has_members_a_stranger_cannot_commit: range uniform;
    case_73_without_a_committed_offset_and_a_reset_the_user_decides: range uniform;
    what_is_remembered_with_an_offset_is_read_back_until_the_next_commit: range uniform;
}

async fn a_group_of_one_reads_all_and_the_next_member_goes_on_exactly_there(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 3, 5).await;
    let consumer = build(scene.member()).await;
    let mut all = read([&consumer], 15).await;
    within(LIMIT, consumer.commit()).await.unwrap();
    assert_eq!(scene.committed().await, scene.ends());
    close(consumer).await;
    scene.deserted().await;
    assert_eq!(scene.describe().await.state, "Empty");
    scene.write(1, 1).await;
    let next = build(scene.member()).await;
    all.extend(read([&next], 1).await);
    nothing_more([&next]).await;
    scene.check_once(&all);
    close(next).await;
    assert_eq!(scene.committed().await, scene.ends());
}

async fn case_72_what_the_last_poll_handed_out_is_not_committed_by_itself(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 1, 5).await;
    let one_by_one = || {
        let builder = scene.member().property("max.poll.records", "1");
        builder.property("auto.commit.interval.ms", "100")
    };
    let consumer = build(one_by_one()).await;
    read([&consumer], 3).await;
    until(async || scene.committed_first().await == 2).await;
    sleep(secs(1)).await;
    assert_eq!(scene.committed_first().await, 2, "busy with the third");
    read([&consumer], 1).await;
    until(async || scene.committed_first().await == 3).await;
    drop(consumer);
    scene.deserted().await;
    assert_eq!(scene.committed_first().await, 3, "dropped over the fourth");
    let next = build(one_by_one()).await;
    let rest = read([&next], 2).await;
    assert_eq!(offsets(&rest), BTreeMap::from([(0, [3, 4].into())]));
    close(next).await;
    assert_eq!(scene.committed_first().await, 5, "closing says it is done");
}

async fn stored_offsets_are_committed_and_nothing_else(place: &Place, protocol: Protocol) {
    let scene = Scene::written(place, protocol, 1, 5).await;
    let storing = || {
        let builder = scene.member().property("enable.auto.offset.store", "false");
        builder.property("auto.commit.interval.ms", "100")
    };
    let consumer = build(storing()).await;
    read([&consumer], 5).await;
    nothing_more([&consumer]).await;
    assert_eq!(
        scene.committed().await,
        BTreeMap::new(),
        "nothing is stored"
    );
    consumer.store_offset(scene.at(0), 2).unwrap();
    until(async || scene.committed_first().await == 2).await;
    nothing_more([&consumer]).await;
    close(consumer).await;
    assert_eq!(scene.committed_first().await, 2);
    let next = build(storing()).await;
    let again = read([&next], 3).await;
    assert_eq!(offsets(&again), BTreeMap::from([(0, [2, 3, 4].into())]));
}

async fn case_74_commits_on_their_way_never_go_back(place: &Place, protocol: Protocol) {
    let scene = Scene::written(place, protocol, 1, 60).await;
    let builder = scene.member().property("enable.auto.commit", "false");
    let consumer = build(builder).await;
    read([&consumer], 60).await;
    let commits = async {
        let mut pending = Vec::new();
        for offset in 1..=50 {
            let offset = [(scene.at(0), offset.into())];
            pending.push(consumer.commit_offsets_async(offset).unwrap());
            sleep(ms(2)).await;
        }
        within(LIMIT, consumer.commit()).await.unwrap();
        assert_eq!(
            scene.committed_first().await,
            60,
            "it came after all of them"
        );
        for each in pending {
            within(LIMIT, each).await.unwrap();
        }
    };
    let watch = async {
        let mut last = 0;
        while last < 60 {
            let now = scene.committed_first().await;
            assert!(last <= now, "{now} came after {last}");
            last = now;
            sleep(ms(1)).await;
        }
    };
    within(LIMIT, async { tokio::join!(commits, watch) }).await;
    assert_eq!(scene.committed_first().await, 60);
}

/// Commits offset 3 of everything that is revoked, and nothing else.
struct Three;

impl RebalanceListener for Three {
    async fn revoked(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        let three = |at: &TopicPartition| (at.clone(), 3.into());
        let committed = consumer.commit_offsets(partitions.iter().map(three));
        committed.await.unwrap();
    }
}

async fn case_57_what_is_revoked_is_committed_before_another_gets_it(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 4, 5).await;
    let by_hand = || scene.member().property("enable.auto.commit", "false");
    let first = build(by_hand().rebalance_listener(Three)).await;
    read([&first], 20).await;
    let second = build(by_hand()).await;
    let mut again = settle([(&first, 2), (&second, 2)]).await;
    // An eager member gives up what it keeps, too, and comes back to what it committed.
    let anew: usize = if protocol.is_eager() { 4 } else { 2 };
    let both = [&first, &second];
    let rest = (2 * anew).saturating_sub(again.len());
    again.extend(read(both, rest).await);
    nothing_more(both).await;
    assert_eq!(again.len(), 2 * anew);
    let (again, committed) = (offsets(&again), scene.committed().await);
    for partition in owned(&second) {
        assert_eq!(again[&partition], [3, 4].into());
        assert_eq!(committed[&partition], 3);
    }
}

async fn partitions_by_hand_start_at_the_committed_offset_and_need_no_membership(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 1, 5).await;
    let by_hand = || {
        let builder = scene.client.consumer().group(&scene.group);
        let builder = builder.property("auto.offset.reset", "earliest");
        builder.assign([(scene.at(0), StartAt::Committed)])
    };
    let consumer = build(by_hand()).await;
    read([&consumer], 5).await;
    let three = consumer.commit_offsets([(scene.at(0), 3.into())]);
    within(LIMIT, three).await.unwrap();
    assert_eq!(scene.describe().await.members, [], "no membership");
    consumer.seek(&scene.at(0), StartAt::Committed).unwrap();
    assert_eq!(read([&consumer], 2).await[0].offset, 3);
    let refused = consumer.subscribe([&*scene.topic]).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    close(consumer).await;
    assert_eq!(scene.committed_first().await, 5, "closing commits");
    scene.write(0, 1).await;
    let next = build(by_hand()).await;
    assert_eq!(read([&next], 1).await[0].offset, 5);
}

async fn while_a_group_has_members_a_stranger_cannot_commit(place: &Place, protocol: Protocol) {
    let scene = Scene::written(place, protocol, 1, 5).await;
    let by_hand = scene.client.consumer().group(&scene.group);
    let by_hand = by_hand.property("enable.auto.commit", "false");
    let stranger = build(by_hand.assign([(scene.at(0), StartAt::Beginning)])).await;
    let commit = async || within(LIMIT, stranger.commit_offsets([(scene.at(0), 1.into())])).await;
    let consumer = build(scene.member()).await;
    read([&consumer], 5).await;
    within(LIMIT, consumer.commit()).await.unwrap();
    let refused = commit().await.unwrap_err();
    assert_eq!(
        refused.code(),
        Some(ErrorCode::UNKNOWN_MEMBER_ID),
        "{refused}"
    );
    assert_eq!(read([&stranger], 5).await.len(), 5, "it reads on");
    close(consumer).await;
    scene.deserted().await;
    assert_eq!(scene.committed_first().await, 5);
    commit().await.unwrap();
    assert_eq!(scene.committed_first().await, 1, "nobody is there to mind");
}

async fn case_73_without_a_committed_offset_and_a_reset_the_user_decides(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 1, 3).await;
    let builder = scene.member().property("auto.offset.reset", "none");
    let consumer = build(builder).await;
    // Until it is told.
    for _ in 0..2 {
        let error = first_error(&consumer).await;
        let about = (error.topic(), error.partition());
        assert_eq!(about, (Some(&*scene.topic), Some(0)));
        assert!(error.to_string().contains("auto.offset.reset"), "{error}");
    }
    consumer.seek(&scene.at(0), StartAt::Offset(1)).unwrap();
    let rest = read([&consumer], 2).await;
    assert_eq!(offsets(&rest), BTreeMap::from([(0, [1, 2].into())]));
    close(consumer).await;
    assert_eq!(scene.committed_first().await, 3);
}

async fn what_is_remembered_with_an_offset_is_read_back_until_the_next_commit(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 2, 5).await;
    let builder = scene.member().property("enable.auto.commit", "false");
    let consumer = build(builder).await;
    read([&consumer], 10).await;
    let both = [scene.at(0), scene.at(1)];
    let committed = async || {
        let told = consumer.committed(both.clone());
        let told = within(LIMIT, told).await.unwrap();
        let admin = scene.client.admin();
        let seen = within(LIMIT, admin.group_offsets(&scene.group)).await;
        let seen = seen.unwrap().into_iter();
        assert_eq!(told, seen.map(|(at, offset)| (at, Some(offset))).collect());
        both.each_ref().map(|at| told[at].clone().unwrap())
    };
    let noted = OffsetAndMetadata::new(3).metadata("taken over from α");
    let plain = OffsetAndMetadata::new(2);
    let offsets = [noted.clone(), plain.clone()];
    let commit = consumer.commit_offsets(both.clone().into_iter().zip(offsets));
    within(LIMIT, commit).await.unwrap();
    assert_eq!(committed().await, [noted.clone(), plain.clone()]);

    // What is too long for the broker spoils nothing of the others.
    let long = OffsetAndMetadata::new(4).metadata("x".repeat(5_000));
    let offsets = [long, 5.into()];
    let commit = consumer.commit_offsets(both.clone().into_iter().zip(offsets));
    let refused = within(LIMIT, commit).await.unwrap_err();
    let why = (refused.code(), refused.partition());
    assert_eq!(why, (Some(ErrorCode::OFFSET_METADATA_TOO_LARGE), Some(0)));
    // Kafka 2.8 does not tell of the refused one before the next commit: it takes it for pending.
    let other = within(LIMIT, consumer.committed([scene.at(1)])).await;
    assert_eq!(other.unwrap()[&scene.at(1)], Some(5.into()));
    within(LIMIT, consumer.commit()).await.unwrap();
    let all = committed().await.map(|it| (it.offset, it.metadata));
    assert_eq!(all, [(5, String::new()), (5, String::new())]);
}
