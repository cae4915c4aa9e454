//! Places in a log that is no more, or that was cut off, while a batch of it is in somebody's
//! hands: they say nothing of the log that there is now.

use super::*;

/// `t-0` alone: "old" up to 10 is lent, of which five records were taken; then the log is another
/// one, which begins at 0.
fn read_on_into_a_new_log() -> (Fixture, Handed<&'static str>, Lent) {
    let mut it = Fixture::new();
    it.fetch(&[batch("old", 10, 10)]);
    let (handed, lent) = it.fetcher.lend(None).unwrap();
    assert!(lent.advance(0, Some(5)));
    let planned = it.planned();
    it.fetcher.reset(&planned, StartAt::Offset(0));
    (it, handed, lent)
}

/// Of the new log "new", up to 3, and "more", up to 6, are there.
fn with_new_data() -> (Fixture, Handed<&'static str>, Lent) {
    let (mut it, handed, lent) = read_on_into_a_new_log();
    it.fetch(&[batch("new", 3, 400), batch("more", 6, 500)]);
    (it, handed, lent)
}

#[test]
fn the_rest_of_an_old_batch_is_kept_when_what_is_paused_is_dropped() {
    let (mut it, handed, lent) = with_new_data();
    it.fetcher.pause(&at(0), true);
    drop(it.plan(ONE));
    it.fetcher.fetch_ended(ONE, None);
    it.fetcher.take_back(handed, &lent, None);
    it.fetcher.pause(&at(0), false);
    let all = [it.take(), it.take(), it.take()];
    assert_eq!(all, [("old", 5), ("new", 0), ("more", 3)]);
    assert_eq!(it.planned().offset, 6);
}

#[test]
fn what_is_fetched_again_is_all_of_the_new_log_and_not_from_the_old_place() {
    type Drops = fn(&mut Fixture, &Handed<&'static str>);
    let drops: [(&str, Drops); 3] = [
        ("split", |it, _| drop(it.fetcher.split(&at(0)).unwrap())),
        ("hold", |it, _| {
            it.fetcher.hold(&[at(0)].into());
            it.fetcher.release(&[at(0)].into());
        }),
        ("unreadable", |it, handed| {
            it.fetcher.unreadable(it.now, handed, out_of_range());
            drop(it.fetcher.hand_out_error());
            it.wait();
        }),
    ];
    for (name, drops) in drops {
        for (mut it, handed, lent) in [read_on_into_a_new_log(), with_new_data()] {
            drops(&mut it, &handed);
            assert_eq!(lent.position(), None, "{name}");
            it.fetcher.take_back(handed, &lent, None);
            assert_eq!((it.planned().offset, it.position()), (0, Some(0)), "{name}");
        }
    }
}

#[test]
fn a_stream_that_ends_within_a_batch_of_an_old_log_leaves_the_new_one_whole() {
    let mut it = Fixture::new();
    it.fetch(&[batch("old", 10, 10)]);
    let stream = it.fetcher.split(&at(0)).unwrap();
    let (_, lent) = it.fetcher.lend(Some(&stream)).unwrap();
    assert!(lent.advance(0, Some(5)));
    let planned = it.planned();
    it.fetcher.reset(&planned, StartAt::Offset(0));
    it.fetch(&[batch("new", 3, 10)]);
    it.fetcher.join(&stream);
    assert_eq!((it.planned().offset, it.position()), (0, Some(0)));
}

#[test]
fn a_place_in_an_old_log_is_not_what_is_done_of_the_new_one() {
    let (mut it, _, lent) = with_new_data();
    let done = |it: &Fixture| it.fetcher.done(&at(0)).map(|place| place.offset);
    assert_eq!((done(&it), it.position()), (None, Some(5)));
    assert_eq!(it.fetcher.position(&at(0)), None, "nor what is committed");
    assert_eq!(it.fetcher.lag(&at(0)), None);
    it.fetcher.confirm(None);
    assert_eq!(done(&it), None, "the rest is the old one's, too");
    assert!(lent.advance(5, None));
    it.fetcher.confirm(None);
    assert_eq!(done(&it), Some(0));
    it.take();
    assert_eq!(done(&it), Some(0));
    it.fetcher.confirm(None);
    assert_eq!(done(&it), Some(3));
    it.take();
    it.fetcher.hold(&[at(0)].into());
    assert_eq!(done(&it), Some(3));
}

#[test]
fn records_of_an_old_log_in_hand_are_not_done_after_the_log_is_left() {
    let mut it = Fixture::new();
    it.fetch(&[batch("old", 10, 10)]);
    it.take();
    let planned = it.planned();
    it.fetcher.reset(&planned, StartAt::Offset(0));
    it.fetcher.hold(&[at(0)].into());
    assert_eq!(it.fetcher.done(&at(0)), None);
    it.fetcher.confirm(None);
    assert_eq!(it.fetcher.done(&at(0)), Some(Place::at(0)));
}

/// The log of `t-0` is cut off here.
fn cut(it: &mut Fixture, end: i64) {
    let generation = it.fetcher.partitions[&at(0)].generation;
    let epoch = EPOCH;
    let end = Place { offset: end, epoch };
    it.fetcher.cut(&at(0), generation, end);
}

/// `t-0` alone: "a" up to 5 was read, "b" up to 10 is lent, and "c" up to 15 waits.
fn within_b() -> (Fixture, Handed<&'static str>, Lent) {
    let mut it = Fixture::new();
    it.fetcher.pause(&at(1), true);
    it.fetch(&[batch("a", 5, 10), batch("b", 10, 10), batch("c", 15, 10)]);
    it.take();
    let (handed, lent) = it.fetcher.lend(None).unwrap();
    (it, handed, lent)
}

/// From where the partition is read once the leader has said that the position is in its log.
fn goes_on_at(it: &mut Fixture) -> i64 {
    let doubtful = it.fetcher.doubtful(it.now, &LedBy(ONE));
    for asked in doubtful {
        assert_eq!(it.fetcher.validated(&asked, Some(asked.place)), None);
    }
    it.planned().offset
}

#[test]
fn a_log_that_is_cut_off_within_a_batch_in_hand_skips_nothing_of_what_comes_there_now() {
    for (reached, end, on) in [(7, 6, 6), (7, 9, 7), (7, 3, 3), (7, 12, 10), (7, 15, 15)] {
        let (mut it, handed, lent) = within_b();
        assert!(lent.advance(5, Some(reached)));
        cut(&mut it, end);
        it.fetcher.pause(&at(0), true);
        it.fetcher.take_back(handed, &lent, None);
        it.fetcher.pause(&at(0), false);
        let mut rest = Vec::new();
        while it.fetcher.has_ready() {
            rest.push(it.take());
        }
        let expected: &[_] = match end {
            15.. => &[("b", 7), ("c", 10)],
            10.. => &[("b", 7)],
            _ => &[],
        };
        assert_eq!(rest, expected, "cut at {end}");
        assert_eq!(goes_on_at(&mut it), on, "cut at {end}");
    }
}

#[test]
fn what_a_poll_gives_back_after_the_cut_is_read_again_from_the_cut_or_before_it() {
    for (given, end, on) in [(7, 6, 6), (7, 9, 7), (7, 3, 3), (7, 10, 7)] {
        let mut it = Fixture::new();
        it.fetch(&[batch("a", 5, 10), batch("b", 10, 10), batch("c", 15, 10)]);
        it.take();
        let handed = it.fetcher.hand_out().unwrap();
        cut(&mut it, end);
        it.fetcher.give_back(handed, given, None);
        if end == 10 {
            assert_eq!(it.take(), ("b", 7));
            assert_eq!(goes_on_at(&mut it), 10);
        } else {
            assert!(!it.fetcher.has_ready(), "cut at {end}");
            assert_eq!(goes_on_at(&mut it), on, "cut at {end}");
        }
    }
}

#[test]
fn a_damaged_batch_that_was_cut_off_meanwhile_leaves_the_position_at_the_cut() {
    for (end, on) in [(3, 3), (5, 5), (7, 5)] {
        let (mut it, handed, _) = within_b();
        cut(&mut it, end);
        it.fetcher.unreadable(it.now, &handed, out_of_range());
        assert!(it.fetcher.hand_out_error().is_some());
        it.wait();
        assert_eq!(goes_on_at(&mut it), on, "cut at {end}");
    }
}

#[test]
fn a_cut_leaves_what_was_read_of_the_log_before_it() {
    let (mut it, handed, lent) = with_new_data();
    cut(&mut it, 4);
    it.fetcher.pause(&at(0), true);
    it.fetcher.take_back(handed, &lent, None);
    it.fetcher.pause(&at(0), false);
    assert_eq!([it.take(), it.take()], [("old", 5), ("new", 0)]);
    assert_eq!((it.fetcher.has_ready(), it.position()), (false, Some(3)));
}

#[test]
fn a_cut_beyond_the_position_moves_it_nowhere() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10)]);
    cut(&mut it, 9);
    assert_eq!((goes_on_at(&mut it), it.take()), (5, ("a", 0)));
}

#[test]
fn what_is_done_does_not_go_beyond_a_cut() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10), batch("b", 10, 10)]);
    it.take();
    it.fetcher.confirm(None);
    it.take();
    let done = |it: &Fixture| it.fetcher.done(&at(0)).map(|place| place.offset);
    assert_eq!(done(&it), Some(5));
    cut(&mut it, 3);
    assert_eq!(done(&it), Some(3));
    assert_eq!(goes_on_at(&mut it), 3);
    it.fetch(&[batch("c", 7, 10)]);
    it.take();
    assert_eq!(done(&it), Some(3), "c is in hand, too");
}

/// A leader of the topic with this id.
struct Topic(u8);

impl Cluster for Topic {
    fn leader(&self, at: &TopicPartition) -> Option<Leader> {
        let topic_id = Uuid([self.0; 16]);
        let leader = LedBy(ONE).leader(at)?;
        Some(Leader { topic_id, ..leader })
    }

    fn has(&self, _: BrokerId) -> bool {
        true
    }
}

#[test]
fn without_a_reset_policy_a_new_topic_is_left_out_until_it_is_sought_whatever_happens() {
    type Happens = fn(&mut Fixture, Handed<&'static str>, Lent);
    let happens: [Happens; 4] = [
        |_, _, lent| assert!(lent.advance(5, None)),
        |it, _, _| {
            let stream = it.fetcher.split(&at(0)).unwrap();
            it.fetcher.join(&stream);
        },
        |it, _, _| {
            it.fetcher.hold(&[at(0)].into());
            it.fetcher.release(&[at(0)].into());
        },
        |it, handed, lent| {
            it.fetcher.pause(&at(0), true);
            it.fetcher.take_back(handed, &lent, None);
            it.fetcher.pause(&at(0), false);
            assert_eq!(it.take(), ("old", 5));
        },
    ];
    for happens in happens {
        let mut it = Fixture::new();
        it.fetch(&[batch("old", 10, 10)]);
        assert!(
            it.fetcher
                .notice_new_topics(it.now, &Topic(1), None)
                .is_empty()
        );
        let (handed, lent) = it.fetcher.lend(None).unwrap();
        assert!(lent.advance(0, Some(5)));
        let renewed = it.fetcher.notice_new_topics(it.now, &Topic(2), None);
        assert!(renewed.contains(&at(0)));
        happens(&mut it, handed, lent);
        let asked = |it: &mut Fixture| {
            it.now += Duration::from_secs(10);
            let plan = it.plan(ONE);
            it.fetcher.fetch_ended(ONE, None);
            let mut asked = plan.into_iter().flat_map(|plan| plan.partitions);
            asked.any(|planned| planned.partition == at(0))
        };
        assert!(!asked(&mut it));
        assert_eq!(it.fetcher.position(&at(0)), None, "nothing to commit");
        let errors = [it.fetcher.hand_out_error(), it.fetcher.hand_out_error()];
        let codes = errors.map(|error| error.unwrap().code());
        assert_eq!(
            codes,
            [Some(ErrorCode::INCONSISTENT_TOPIC_ID); 2],
            "t-1, too"
        );
        assert!(!asked(&mut it) && it.fetcher.hand_out_error().is_none());
        it.fetcher.seek(&at(0), StartAt::Offset(2));
        assert_eq!(it.planned().offset, 2);
    }
}
