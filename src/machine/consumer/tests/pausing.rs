//! What was fetched of a partition is kept while it is paused, as far as the others leave room.

use super::*;

/// Both partitions as they are planned, in a fetch that has ended.
fn both(it: &mut Fixture) -> [Planned; 2] {
    let mut planned = it.plan(ONE).unwrap().partitions;
    it.fetcher.fetch_ended(ONE, None);
    planned.sort_by_key(|planned| planned.partition.partition);
    planned.try_into().unwrap()
}

/// What the next fetch asks for.
fn asked(it: &mut Fixture) -> Vec<i32> {
    let plan = it.plan(ONE).unwrap();
    it.fetcher.fetch_ended(ONE, None);
    let partitions = plan.partitions.iter();
    partitions.map(|each| each.partition.partition).collect()
}

#[test]
fn what_was_fetched_before_a_pause_comes_after_it_and_nothing_is_fetched_again() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10), batch("b", 9, 10)]);
    it.take();
    it.fetcher.pause(&at(0), true);
    assert_eq!((it.fetcher.buffered(), it.fetcher.has_ready()), (20, false));
    assert!(it.fetcher.hand_out().is_none());
    assert_eq!((it.position(), asked(&mut it)), (Some(5), vec![1]));
    it.fetcher.pause(&at(0), false);
    assert_eq!(it.planned().offset, 9);
    assert_eq!(it.take(), ("b", 5));
}

#[test]
fn what_a_fetch_brings_that_was_under_way_is_kept() {
    let mut it = Fixture::new();
    let planned = it.planned();
    it.fetcher.pause(&at(0), true);
    it.answer(&planned, &[batch("a", 5, 10)]);
    assert!(!it.fetcher.has_ready());
    it.fetcher.pause(&at(0), false);
    assert_eq!(it.planned().offset, 5);
    assert_eq!(it.take(), ("a", 0));
}

#[test]
fn the_rest_of_a_batch_is_kept_that_a_pause_comes_into() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10), batch("b", 9, 10)]);
    let handed = it.fetcher.hand_out().unwrap();
    it.fetcher.pause(&at(0), true);
    it.fetcher.give_back(handed, 3, Some(50));
    assert_eq!(it.position(), Some(3));
    it.fetcher.pause(&at(0), false);
    assert_eq!([it.take(), it.take()], [("a", 3), ("b", 5)]);

    it.fetch(&[batch("c", 15, 10), batch("d", 19, 10)]);
    let (handed, lent) = it.fetcher.lend(None).unwrap();
    assert!(lent.advance(9, Some(11)));
    it.fetcher.pause(&at(0), true);
    assert!(!lent.advance(11, Some(12)), "nothing more of it");
    it.fetcher.pause(&at(0), false);
    assert!(
        !it.fetcher.has_ready(),
        "what comes after it must not be first"
    );
    assert_eq!(it.position(), Some(11));
    it.fetcher.take_back(handed.clone(), &lent, None);
    it.fetcher.take_back(handed, &lent, None);
    assert_eq!([it.take(), it.take()], [("c", 11), ("d", 15)]);
    assert_eq!((it.planned().offset, it.fetcher.buffered()), (19, 0));
}

#[test]
fn a_seek_an_assignment_and_a_rebalance_drop_what_a_pause_keeps() {
    type End = fn(&mut Fetcher<&'static str>);
    let ends: [End; 3] = [
        |fetcher| assert!(fetcher.seek(&at(0), StartAt::Offset(70))),
        |fetcher| fetcher.assign(BTreeMap::new()),
        |fetcher| fetcher.hold(&[at(0)].into()),
    ];
    for end in ends {
        let mut it = Fixture::new();
        it.fetch(&[batch("a", 5, 10), batch("b", 9, 10)]);
        let (handed, lent) = it.fetcher.lend(None).unwrap();
        it.fetcher.pause(&at(0), true);
        end(&mut it.fetcher);
        it.fetcher.take_back(handed, &lent, Some(50));
        assert_eq!(it.fetcher.buffered(), 0);
        it.fetcher.pause(&at(0), false);
        assert!(!it.fetcher.has_ready());
    }
}

#[test]
fn an_error_outlasts_a_pause_as_the_records_before_it_do() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10)]);
    let generation = it.planned().generation;
    it.fail(generation);
    it.fetcher.pause(&at(0), true);
    assert!(it.fetcher.hand_out_error().is_none());
    it.fetcher.pause(&at(0), false);
    assert!(it.fetcher.hand_out_error().is_none());
    assert_eq!(it.take(), ("a", 0));
    assert!(it.fetcher.hand_out_error().is_some());
}

#[test]
fn up_to_half_of_the_budget_a_pause_keeps_all_and_the_others_share_the_rest() {
    let mut it = Fixture::with(FetchLimits {
        partition_max_bytes: 1000,
        max_bytes: 1000,
        ..LIMITS
    });
    let [zero, _] = both(&mut it);
    it.answer(&zero, &[batch("a", 5, 500)]);
    it.fetcher.pause(&at(0), true);
    let plan = it.plan(ONE).unwrap();
    assert_eq!(plan.max_bytes, 250, "one of two brokers");
    it.fetcher.fetch_ended(ONE, None);
    assert_eq!(it.fetcher.buffered(), 500);
    it.answer(&plan.partitions[0], &[batch("b", 5, 499)]);
    assert!(it.plan(ONE).is_none(), "one byte is no room");
    assert_eq!(it.fetcher.buffered(), 999);
    assert_eq!(it.take(), ("b", 0));
    assert!(it.plan(ONE).is_some());
    assert_eq!(it.fetcher.buffered(), 500);
}

#[test]
fn beyond_half_of_the_budget_what_was_paused_longest_is_dropped_if_others_are_to_be_fetched() {
    let mut it = Fixture::new();
    let each = |n| (at(n), StartAt::Offset(0));
    it.fetcher.assign((0..=2).map(each).collect());
    for n in [1, 0] {
        let plan = it.plan(ONE).unwrap();
        it.fetcher.fetch_ended(ONE, None);
        let planned = plan.partitions.iter().find(|each| each.partition == at(n));
        it.answer(planned.unwrap(), &[batch("a", 5, 300)]);
        it.fetcher.pause(&at(n), true);
    }
    // Nothing is younger for being paused twice.
    it.fetcher.pause(&at(1), true);
    it.fetcher.pause(&at(2), true);
    assert!(it.plan(ONE).is_none());
    assert_eq!(it.fetcher.buffered(), 600, "nobody needs the room");
    it.fetcher.pause(&at(2), false);
    assert_eq!(asked(&mut it), [2]);
    assert_eq!(it.fetcher.buffered(), 300);
    it.fetcher.pause(&at(0), false);
    it.fetcher.pause(&at(1), false);
    let place = |n| it.fetcher.position(&at(n)).map(|place| place.offset);
    assert_eq!([place(0), place(1)], [Some(0), Some(0)]);
    assert_eq!(it.take(), ("a", 0));
    let plan = it.plan(ONE).unwrap();
    let planned = plan.partitions.iter().find(|each| each.partition == at(1));
    assert_eq!(planned.unwrap().offset, 0, "it is fetched again");
}

#[test]
fn a_paused_partition_that_fills_the_budget_keeps_no_other_from_being_fetched() {
    let mut it = Fixture::new();
    it.fetcher.pause(&at(1), true);
    it.fetch(&[batch("a", 5, 1000)]);
    assert!(it.plan(ONE).is_none());
    it.fetcher.pause(&at(0), true);
    it.fetcher.pause(&at(1), false);
    let status = it.fetcher.explain(it.now, &at(1), &LedBy(ONE)).unwrap();
    assert!(matches!(status, PartitionStatus::Due { .. }), "{status}");
    assert_eq!(asked(&mut it), [1]);
    assert_eq!((it.fetcher.buffered(), it.position()), (0, Some(0)));
}

#[test]
fn what_cannot_be_fetched_again_is_not_dropped() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 900)]);
    it.fetcher.pause(&at(1), true);
    let planned = it.planned();
    it.fetcher.reset(&planned, StartAt::Beginning);
    it.fetcher.pause(&at(0), true);
    it.fetcher.pause(&at(1), false);
    drop(it.plan(ONE));
    assert_eq!(it.fetcher.buffered(), 900);
    it.fetcher.pause(&at(0), false);
    assert_eq!(it.take(), ("a", 0));
}

#[test]
fn what_paused_partitions_get_back_decompressed_stays_within_the_budget() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 300)]);
    let [_, one] = both(&mut it);
    it.answer(&one, &[batch("b", 5, 300)]);
    let handed = [(); 2].map(|()| it.fetcher.hand_out().unwrap());
    it.fetcher.handed_over();
    for (n, handed) in (0..).zip(handed) {
        it.fetcher.pause(&at(n), true);
        it.fetcher.give_back(handed, 3, Some(700));
    }
    assert_eq!(it.fetcher.buffered(), 700);
    it.fetcher.pause(&at(0), false);
    it.fetcher.pause(&at(1), false);
    assert_eq!(it.take(), ("b", 3), "the one that was paused last");
    assert_eq!(it.planned().offset, 3);
}

#[test]
fn the_rest_of_a_batch_that_cannot_be_fetched_again_is_not_dropped() {
    let mut it = Fixture::new();
    let planned = it.planned();
    it.answer(&planned, &[batch("a", 5, 900)]);
    it.fetcher.reset(&planned, StartAt::Offset(0));
    let handed = it.fetcher.hand_out().unwrap();
    it.fetcher.give_back(handed, 3, None);
    it.fetcher.pause(&at(0), true);
    it.plan(ONE);
    it.fetcher.fetch_ended(ONE, None);
    it.fetcher.pause(&at(0), false);
    assert_eq!(it.take(), ("a", 3));
}
