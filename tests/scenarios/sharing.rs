//! Partitions that move between members, and those that stay: who reads what, what the listener is
//! told, and what a rebalance leaves as it was.

use std::collections::BTreeSet;

use crate::place::{Place, Protocol, scenarios};
use crate::scene::{
    Diary, LIMIT, Scene, Told, build, close, nothing_more, offsets, owned, poll_until, read, settle,
};
use crate::sim::within;

scenarios! {
    case_66_partitions_move_to_a_second_member_and_back_and_each_value_is_read_once:
        range round_robin sticky cooperative mixed uniform server_range;
    a_member_is_told_what_moves_and_keeps_what_stays:
        range sticky mixed cooperative uniform server_range;
    what_stays_remains_paused_and_where_it_was: range cooperative uniform;
    a_member_that_unsubscribes_leaves_all_to_the_other: range cooperative uniform;
}

async fn case_66_partitions_move_to_a_second_member_and_back_and_each_value_is_read_once(
    place: &Place,
    protocol: Protocol,
) {
    let scene = Scene::written(place, protocol, 4, 5).await;
    let first = build(scene.member()).await;
    let mut all = read([&first], 20).await;
    let moves = async {
        let second = build(scene.member()).await;
        let both = [&first, &second];
        let mut all = settle([(&first, 2), (&second, 2)]).await;
        let theirs = owned(&second);
        let shared = poll_until(both, |all| {
            let of_it = |at: &i32| all.iter().filter(|read| read.partition == *at).count();
            (0..4).all(|at| of_it(&at) >= 5)
        });
        all.extend(shared.await);
        assert_eq!(owned(&second), theirs, "nothing moves without a reason");
        close(second).await;
        all.extend(settle([(&first, 4)]).await);
        all
    };
    all.extend(scene.while_writing(moves).await);
    let rest = scene.total().saturating_sub(all.len());
    all.extend(read([&first], rest).await);
    nothing_more([&first]).await;
    scene.check_once(&all);
    close(first).await;
    assert_eq!(scene.committed().await, scene.ends());
}

async fn a_member_is_told_what_moves_and_keeps_what_stays(place: &Place, protocol: Protocol) {
    let scene = Scene::new(place, protocol, 4).await;
    let (diary, second_diary) = (Diary::default(), Diary::default());
    let first = build(scene.member().rebalance_listener(diary.clone())).await;
    settle([(&first, 4)]).await;
    let second = scene.member().rebalance_listener(second_diary.clone());
    let second = build(second).await;
    settle([(&first, 2), (&second, 2)]).await;
    let all: BTreeSet<i32> = (0..4).collect();
    let (kept, moved) = (owned(&first), owned(&second));
    assert_eq!(&kept | &moved, all);
    let mut told = vec![Told::Assigned(all.clone())];
    match protocol.is_eager() {
        true => told.extend([Told::Revoked(all), Told::Assigned(kept.clone())]),
        false => told.push(Told::Revoked(moved.clone())),
    }
    assert_eq!(diary.told(), told);
    assert_eq!(second_diary.told(), [Told::Assigned(moved.clone())]);
    close(second).await;
    settle([(&first, 4)]).await;
    match protocol.is_eager() {
        true => told.extend([Told::Revoked(kept), Told::Assigned((0..4).collect())]),
        false => told.push(Told::Assigned(moved.clone())),
    }
    assert_eq!(diary.told(), told);
    let all_of_it = [Told::Assigned(moved.clone()), Told::Revoked(moved)];
    assert_eq!(
        second_diary.told(),
        all_of_it,
        "closing gives up what it had"
    );
    close(first).await;
    told.push(Told::Revoked((0..4).collect()));
    assert_eq!(diary.told(), told);
}

async fn what_stays_remains_paused_and_where_it_was(place: &Place, protocol: Protocol) {
    let scene = Scene::written(place, protocol, 4, 5).await;
    let by_hand = || scene.member().property("enable.auto.commit", "false");
    let first = build(by_hand()).await;
    read([&first], 20).await;
    within(LIMIT, first.commit()).await.unwrap();
    for at in first.assignment() {
        first.pause(&at).unwrap();
        first.seek(&at, tidewire::StartAt::Offset(2)).unwrap();
    }
    let second = build(by_hand()).await;
    let early = settle([(&first, 2), (&second, 2)]).await;
    assert_eq!(early, [], "what was paused is read by nobody");
    let (stays, moved) = (owned(&first), owned(&second));
    scene.write_each(1).await;
    // An eager member gave up all it had, and with it what it wanted of that.
    if protocol.is_eager() {
        assert_eq!(first.paused(), []);
        let all = read([&first, &second], 4).await;
        nothing_more([&first, &second]).await;
        assert_eq!(offsets(&all), (0..4).map(|at| (at, [5].into())).collect());
        return;
    }
    let theirs = read([&second], 2).await;
    nothing_more([&first, &second]).await;
    let wanted = moved.into_iter().map(|at| (at, [5].into()));
    assert_eq!(offsets(&theirs), wanted.collect());
    assert_eq!(first.paused(), first.assignment());
    for at in first.assignment() {
        let position = within(LIMIT, first.position(&at)).await;
        assert_eq!(position.unwrap(), 2);
        first.resume(&at).unwrap();
    }
    let ours = read([&first], 8).await;
    let wanted = stays.into_iter().map(|at| (at, [2, 3, 4, 5].into()));
    assert_eq!(offsets(&ours), wanted.collect());
}

async fn a_member_that_unsubscribes_leaves_all_to_the_other(place: &Place, protocol: Protocol) {
    let scene = Scene::written(place, protocol, 2, 5).await;
    let diary = Diary::default();
    let first = build(scene.member().rebalance_listener(diary.clone())).await;
    let mut all = read([&first], 10).await;
    let second = build(scene.member()).await;
    all.extend(settle([(&first, 1), (&second, 1)]).await);
    let kept = owned(&first);
    first.unsubscribe().unwrap();
    all.extend(settle([(&first, 0), (&second, 2)]).await);
    assert_eq!(diary.told().last(), Some(&Told::Revoked(kept)));
    scene.write_each(1).await;
    all.extend(read([&first, &second], 2).await);
    nothing_more([&first, &second]).await;
    scene.check_once(&all);
    first.subscribe([&*scene.topic]).unwrap();
    settle([(&first, 1), (&second, 1)]).await;
}
