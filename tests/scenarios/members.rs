//! Members that go and come back, that share a name, and that the group refuses.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tidewire::{Consumer, ErrorCode, RebalanceListener, Result, TopicPartition};

use crate::place::{Place, Protocol, scenarios};
use crate::scene::{
    Diary, LIMIT, Scene, Told, build, close, first_error, nothing_more, owned, poll_until, read,
    settle, until,
};
use crate::sim::{Read, ms, poll, secs, within};

scenarios! {
    case_54_a_member_that_is_not_polled_leaves_and_is_back_with_the_next_poll:
        range cooperative uniform;
    case_54_what_an_unpolled_member_had_goes_to_the_other: range cooperative uniform;
    case_54_what_is_lost_cannot_be_committed: range cooperative uniform;
    case_62_a_static_member_comes_back_to_its_partitions_and_nobody_else_hears_of_it:
        range cooperative uniform;
    case_61_of_two_static_members_of_one_name_the_older_ends_with_an_error: range cooperative;
    case_61_of_two_static_members_of_one_name_the_newer_is_refused: uniform;
    case_76_an_unknown_assignor_is_an_error_of_the_poll: uniform;
    case_76_what_a_classic_group_refuses_is_an_error_of_the_poll: range;
}

async fn case_54_a_member_that_is_not_polled_leaves_and_is_back_with_the_next_poll(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 2, 3).await;
    let diary = Diary::default();
    let slow = scene.impatient(7).property("enable.auto.commit", "false");
    let consumer = build(slow.rebalance_listener(diary.clone())).await;
    scene.check_once(&read([&consumer], 6).await);
    let both: BTreeSet<i32> = [0, 1].into();
    let mut told = vec![Told::Assigned(both.clone()), Told::Lost(both.clone())];
    until(async || diary.told() == told).await;
    scene.deserted().await;
    assert_eq!(owned(&consumer), BTreeSet::new());
    scene.check_once(&read([&consumer], 6).await);
    told.push(Told::Assigned(both));
    assert_eq!(diary.told(), told);
    assert_eq!(scene.describe().await.members.len(), 1);
}

async fn case_54_what_an_unpolled_member_had_goes_to_the_other(place: &Place, protocol: Protocol) {
    let scene = Scene::new(place, protocol, 2).await;
    let (diary, other_diary) = (Diary::default(), Diary::default());
    let slow = scene.impatient(10).rebalance_listener(diary.clone());
    let slow = build(slow).await;
    let other = scene.member().rebalance_listener(other_diary.clone());
    let other = build(other).await;
    settle([(&slow, 1), (&other, 1)]).await;
    let had = owned(&slow);
    poll_until([&other], |_| other.assignment().len() == 2).await;
    assert_eq!(diary.told().last(), Some(&Told::Lost(had)));
    let before = other_diary.told();
    assert!(
        !before.iter().any(|told| matches!(told, Told::Lost(_))),
        "{before:?}"
    );
    settle([(&slow, 1), (&other, 1)]).await;
    scene.write_each(3).await;
    let both = [&slow, &other];
    let all = read(both, 6).await;
    nothing_more(both).await;
    scene.check_once(&all);
}

/// Tries to commit what is lost.
#[derive(Clone, Default)]
struct Late(Arc<Mutex<Option<Result<()>>>>);

impl RebalanceListener for Late {
    async fn revoked(&self, _: &Consumer, _: &[TopicPartition]) {}

    async fn lost(&self, consumer: &Consumer, partitions: &[TopicPartition]) {
        let offsets = partitions.iter().map(|at| (at.clone(), 3.into()));
        let committed = consumer.commit_offsets(offsets).await;
        *self.0.lock().unwrap() = Some(committed);
    }
}

async fn case_54_what_is_lost_cannot_be_committed(place: &Place, protocol: Protocol) {
    let scene = Scene::written(place, protocol, 1, 3).await;
    let late = Late::default();
    let slow = scene.impatient(7).property("enable.auto.commit", "false");
    let consumer = build(slow.rebalance_listener(late.clone())).await;
    read([&consumer], 3).await;
    until(async || late.0.lock().unwrap().is_some()).await;
    let committed = late.0.lock().unwrap().take();
    assert!(
        committed.is_some_and(|end| end.is_err()),
        "somebody else may have it"
    );
    assert_eq!(scene.committed_first().await, 0);
    scene.check_once(&read([&consumer], 3).await);
}

async fn case_62_a_static_member_comes_back_to_its_partitions_and_nobody_else_hears_of_it(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::new(place, protocol, 4).await;
    let named = |name: &str| scene.member().property("group.instance.id", name);
    let diary = Diary::default();
    let other = build(named("two").rebalance_listener(diary.clone())).await;
    let mut first = build(named("one")).await;
    settle([(&first, 2), (&other, 2)]).await;
    let (before, had, rest) = (diary.told(), owned(&first), owned(&other));
    let mut all = Vec::new();
    for (turn, closes) in [(0, true), (1, false)] {
        match closes {
            true => close(first).await,
            false => drop(first),
        }
        first = build(named("one")).await;
        let back = async {
            while owned(&first).is_empty() {
                // The farewell of one that was dropped may still be on its way.
                match poll(&first, ms(100)).await {
                    Ok(read) => all.extend(read),
                    Err(error) => {
                        assert_eq!(error.code(), Some(ErrorCode::UNRELEASED_INSTANCE_ID));
                    }
                }
                all.extend(poll(&other, ms(100)).await.unwrap());
            }
        };
        within(LIMIT, back).await;
        scene.write_each(1).await;
        for (member, theirs) in [(&first, &had), (&other, &rest)] {
            let is_there = |all: &[Read], at: i32| {
                let mut all = all.iter();
                all.any(|read| (read.partition, read.offset) == (at, turn))
            };
            let read = poll_until([member], |all| theirs.iter().all(|at| is_there(all, *at))).await;
            assert!(read.iter().all(|read| theirs.contains(&read.partition)));
            all.extend(read);
        }
        nothing_more([&first, &other]).await;
        match closes {
            true => scene.check_once(&all),
            // It may not have committed what it had read.
            false => scene.check_all(&all),
        }
        assert_eq!(owned(&first), had, "closed: {closes}");
        assert_eq!(diary.told(), before, "closed: {closes}");
    }
    let members = scene.describe().await.members;
    let names = members.into_iter().filter_map(|it| it.group_instance_id);
    let names: BTreeSet<String> = names.collect();
    assert_eq!(names, ["one", "two"].map(String::from).into());
}

async fn case_61_of_two_static_members_of_one_name_the_older_ends_with_an_error(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::new(place, protocol, 1).await;
    let named = || scene.member().property("group.instance.id", "one");
    let older = build(named()).await;
    settle([(&older, 1)]).await;
    let newer = build(named()).await;
    settle([(&newer, 1)]).await;
    let error = first_error(&older).await;
    assert_eq!(error.code(), Some(ErrorCode::FENCED_INSTANCE_ID));
    let error = first_error(&older).await;
    assert_eq!(
        error.code(),
        Some(ErrorCode::FENCED_INSTANCE_ID),
        "for good"
    );
    drop(older);
    scene.write(0, 1).await;
    read([&newer], 1).await;
    assert_eq!(scene.describe().await.members.len(), 1);
}

async fn case_61_of_two_static_members_of_one_name_the_newer_is_refused(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 1, 3).await;
    let named = || scene.member().property("group.instance.id", "one");
    let older = build(named()).await;
    settle([(&older, 1)]).await;
    let newer = build(named()).await;
    let error = first_error(&newer).await;
    assert_eq!(error.code(), Some(ErrorCode::UNRELEASED_INSTANCE_ID));
    scene.write(0, 1).await;
    read([&older], 1).await;
    close(older).await;
    let taken_over = async {
        while newer.assignment().is_empty() {
            // The last refusal may still be to be told.
            newer.poll(secs(1)).await.ok();
        }
    };
    within(LIMIT, taken_over).await;
    assert_eq!(scene.describe().await.members.len(), 1);
}

async fn case_76_an_unknown_assignor_is_an_error_of_the_poll(place: &Place, protocol: Protocol) {
    let scene = Scene::written(place, protocol, 1, 3).await;
    let builder = scene.member().property("group.remote.assignor", "nobody");
    let consumer = build(builder).await;
    let error = first_error(&consumer).await;
    assert_eq!(error.code(), Some(ErrorCode::UNSUPPORTED_ASSIGNOR));
    close(consumer).await;
    let consumer = build(scene.member()).await;
    scene.check_once(&read([&consumer], 3).await);
}

async fn case_76_what_a_classic_group_refuses_is_an_error_of_the_poll(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 1, 3).await;
    let consumer = build(scene.member()).await;
    scene.check_once(&read([&consumer], 3).await);
    let assignors = "partition.assignment.strategy";
    let session = "session.timeout.ms";
    for (key, value, code) in [
        (
            assignors,
            "roundrobin",
            ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
        ),
        (session, "5000", ErrorCode::INVALID_SESSION_TIMEOUT),
    ] {
        let other = build(scene.member().property(key, value)).await;
        let error = first_error(&other).await;
        assert_eq!(error.code(), Some(code));
        close(other).await;
    }
    scene.write(0, 1).await;
    read([&consumer], 1).await;
    assert_eq!(
        scene.describe().await.members.len(),
        1,
        "they cost nobody a thing"
    );
}
