//! Example by example: what an answer does to a partition, and what the user gets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::*;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition, Uuid};
use crate::machine::backoff::BackoffPolicy;

mod explain;
mod logs;
mod narrowing;
mod pausing;
mod places;
mod shares;
mod streams;

const ONE: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);
const LIMITS: FetchLimits = FetchLimits {
    budget: 1000,
    max_bytes: 800,
    partition_max_bytes: 100,
    ahead: usize::MAX,
};
const RETRY: BackoffPolicy = BackoffPolicy {
    initial: Duration::from_millis(100),
    max: Duration::from_millis(1000),
};

fn at(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

const EPOCH: LeaderEpoch = LeaderEpoch(3);

impl Detach for &str {
    fn detach(&mut self) {}
}

/// A batch, and how many bytes of its answer it is.
fn batch(name: &'static str, next_offset: i64, bytes: usize) -> Fetched<&'static str> {
    Fetched {
        batch: name,
        next_offset,
        bytes,
        epoch: EPOCH,
    }
}

/// An answer of one partition, up to an offset.
fn answer(batches: &[Fetched<&'static str>], passed: i64) -> Answer<&'static str> {
    Answer {
        batches: batches.to_vec(),
        passed: Place {
            offset: passed,
            epoch: EPOCH,
        },
        high_watermark: 100,
        end: 90,
        frame_bytes: batches.iter().map(|batch| batch.bytes).sum(),
    }
}

/// A cluster in which one broker leads everything.
struct LedBy(BrokerId);

impl Cluster for LedBy {
    fn leader(&self, _at: &TopicPartition) -> Option<Leader> {
        Some(Leader {
            id: self.0,
            epoch: EPOCH,
            topic_id: Uuid::ZERO,
        })
    }

    fn has(&self, _broker: BrokerId) -> bool {
        true
    }
}

fn out_of_range() -> Error {
    Error::broker(ErrorCode::OFFSET_OUT_OF_RANGE, "fetching")
}

/// A fetcher of two partitions, `t-0` and `t-1`, both at offset 0, at a time that the test moves.
struct Fixture {
    now: Instant,
    fetcher: Fetcher<&'static str>,
}

impl Fixture {
    fn new() -> Self {
        Self::with(LIMITS)
    }

    fn with(limits: FetchLimits) -> Self {
        let mut fetcher = Fetcher::new(limits, RETRY, 1);
        let both = [(at(0), StartAt::Offset(0)), (at(1), StartAt::Offset(0))];
        fetcher.assign(BTreeMap::from(both));
        let now = Instant::now();
        Self { now, fetcher }
    }

    /// The plan of a broker that leads everything, one of two brokers.
    fn plan(&mut self, broker: BrokerId) -> Option<FetchPlan> {
        self.fetcher.poll_fetch(self.now, broker, 2, &LedBy(broker))
    }

    /// A fetch from broker 1 that ends at once, as planned for `t-0`.
    fn planned(&mut self) -> Planned {
        let plan = self.plan(ONE).expect("there is something to fetch");
        self.fetcher.fetch_ended(ONE, None);
        let mut partitions = plan.partitions.into_iter();
        let planned = partitions.find(|planned| planned.partition == at(0));
        planned.expect("t-0 may be fetched")
    }

    /// Fetches these batches for `t-0`.
    fn fetch(&mut self, batches: &[Fetched<&'static str>]) {
        let planned = self.planned();
        self.answer(&planned, batches);
    }

    fn answer(&mut self, planned: &Planned, batches: &[Fetched<&'static str>]) {
        let last = batches.last().map(|last| last.next_offset);
        let answer = answer(batches, last.unwrap_or(planned.offset));
        self.fetcher.fetched(planned, answer);
    }

    /// Hands out the next batch: its name, and the position before it.
    fn take(&mut self) -> (&'static str, i64) {
        let handed = self.fetcher.hand_out().expect("something is ready");
        (handed.batch.batch, handed.from.offset)
    }

    fn position(&self) -> Option<i64> {
        self.fetcher.next_place(&at(0)).map(|place| place.offset)
    }

    fn fail(&mut self, generation: u64) {
        let error = out_of_range();
        self.fetcher.fail(self.now, &at(0), generation, error);
    }

    /// Goes to the end of the present backoff.
    fn wait(&mut self) {
        let end = self.fetcher.poll_timeout(self.now);
        self.now = end.expect("something is in backoff");
    }
}

#[test]
fn a_fetch_continues_where_the_last_one_ended_and_positions_follow_the_user() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10), batch("b", 9, 10)]);
    assert_eq!(it.planned().offset, 9);
    assert_eq!(it.position(), Some(0));
    assert_eq!(it.take(), ("a", 0));
    assert_eq!(it.position(), Some(5));
    assert_eq!(it.take(), ("b", 5));
    assert_eq!(it.position(), Some(9));
    assert!(!it.fetcher.has_ready());
    assert_eq!(it.fetcher.high_watermark(&at(0)), Some(100));
}

#[test]
fn case_88_gaps_and_case_89_markers_are_passed_with_the_records_before_them() {
    let mut it = Fixture::new();
    let planned = it.planned();
    it.fetcher
        .fetched(&planned, answer(&[batch("a", 5, 10)], 8));
    assert_eq!(it.planned().offset, 8);
    assert_eq!(it.position(), Some(0), "the records come first");
    it.take();
    assert_eq!(it.position(), Some(8));
    let planned = it.planned();
    it.fetcher.fetched(&planned, answer(&[], 12));
    assert_eq!(it.position(), Some(12), "an answer of markers alone");
}

#[test]
fn what_an_old_broker_sends_from_before_the_position_is_dropped() {
    let mut it = Fixture::new();
    it.fetcher.seek(&at(0), StartAt::Offset(7));
    it.fetch(&[batch("a", 5, 10), batch("b", 7, 10), batch("c", 9, 10)]);
    assert_eq!(it.take(), ("c", 7));
    assert_eq!(it.fetcher.buffered(), 0);
}

#[test]
fn case_85_an_answer_that_lands_after_a_seek_changes_nothing() {
    let mut it = Fixture::new();
    let planned = it.planned();
    it.fetcher.seek(&at(0), StartAt::Offset(50));
    it.answer(&planned, &[batch("a", 5, 10)]);
    assert_eq!((it.position(), it.fetcher.buffered()), (Some(50), 0));
}

#[test]
fn case_85_an_answer_from_before_a_partition_was_dropped_and_taken_back_changes_nothing() {
    let mut it = Fixture::new();
    it.fetcher.seek(&at(0), StartAt::Offset(50));
    let planned = it.planned();
    it.fetcher.assign(BTreeMap::new());
    let again = BTreeMap::from([(at(0), StartAt::Offset(0))]);
    it.fetcher.assign(again);
    it.answer(&planned, &[batch("a", 60, 10)]);
    assert_eq!((it.position(), it.fetcher.has_ready()), (Some(0), false));
}

#[test]
fn an_answer_of_the_old_leader_is_void_once_the_new_one_is_asked() {
    let mut it = Fixture::new();
    let old = it.plan(ONE).unwrap();
    let new = it.plan(TWO).unwrap();
    it.answer(&new.partitions[0], &[batch("a", 5, 10)]);
    assert_eq!(it.take(), ("a", 0));
    it.fetcher.reset(&old.partitions[0], StartAt::Beginning);
    it.fail(old.partitions[0].generation);
    it.answer(&old.partitions[0], &[batch("b", 9, 10)]);
    assert_eq!((it.position(), it.fetcher.has_ready()), (Some(5), false));
}

#[test]
fn case_86_a_seek_during_a_pending_look_up_wins() {
    let mut it = Fixture::new();
    it.fetcher.seek(&at(0), StartAt::End);
    let (_, place, generation) = it.fetcher.unresolved(it.now)[0].clone();
    assert_eq!((place, it.position()), (StartAt::End, None));
    it.fetcher.seek(&at(0), StartAt::Offset(3));
    it.fetcher.resolved(&at(0), generation, 99);
    it.fail(generation);
    assert_eq!((it.position(), it.fetcher.has_ready()), (Some(3), false));

    it.fetcher.seek(&at(0), StartAt::End);
    let (_, _, generation) = it.fetcher.unresolved(it.now)[0].clone();
    it.fetcher.resolved(&at(0), generation, 99);
    assert_eq!(it.position(), Some(99));
}

#[test]
fn the_place_of_a_paused_partition_is_looked_up_too() {
    let mut it = Fixture::new();
    it.fetcher.pause(&at(0), true);
    it.fetcher.seek(&at(0), StartAt::Beginning);
    assert_eq!(it.fetcher.unresolved(it.now).len(), 1);
    assert_eq!(it.fetcher.paused().collect::<Vec<_>>(), [&at(0)]);
}

#[test]
fn what_is_given_back_is_next_even_after_a_reset() {
    let mut it = Fixture::new();
    it.fetch(&[batch("b", 9, 10)]);
    let handed = it.fetcher.hand_out().unwrap();
    let planned = it.planned();
    it.fetcher.reset(&planned, StartAt::Beginning);
    it.fetcher.give_back(handed, 7, None);
    assert_eq!(it.take(), ("b", 7));
    assert_eq!(it.position(), None);
}

#[test]
fn a_seek_while_a_batch_is_handed_out_in_part_wins_over_its_rest() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10)]);
    let handed = it.fetcher.hand_out().unwrap();
    it.fetcher.seek(&at(0), StartAt::Offset(20));
    it.fetcher.give_back(handed, 3, None);
    assert_eq!((it.position(), it.fetcher.buffered()), (Some(20), 0));
}

#[test]
fn case_87_a_batch_that_cannot_be_read_leaves_the_position_until_a_seek_passes_it() {
    let mut it = Fixture::new();
    for _ in 0..2 {
        it.fetch(&[batch("broken", 5, 10), batch("b", 9, 10)]);
        let handed = it.fetcher.hand_out().unwrap();
        let error = Error::new(ErrorKind::Corrupt, "broken");
        it.fetcher.unreadable(it.now, &handed, error);
        assert_eq!((it.position(), it.fetcher.buffered()), (Some(0), 0));
        assert!(it.fetcher.hand_out_error().is_some() && !it.fetcher.has_ready());
        it.wait();
    }
    it.fetcher.seek(&at(0), StartAt::Offset(5));
    it.fetch(&[batch("b", 9, 10)]);
    assert_eq!(it.take(), ("b", 5));
}

#[test]
fn an_error_ends_with_a_seek_or_the_assignment() {
    type End = fn(&mut Fetcher<&'static str>);
    let ends: [End; 2] = [
        |fetcher| assert!(fetcher.seek(&at(0), StartAt::Offset(9))),
        |fetcher| fetcher.assign(BTreeMap::new()),
    ];
    for end in ends {
        let mut it = Fixture::new();
        let generation = it.planned().generation;
        it.fail(generation);
        end(&mut it.fetcher);
        assert!(!it.fetcher.has_ready() && it.fetcher.hand_out_error().is_none());

        let mut it = Fixture::new();
        it.fetch(&[batch("broken", 5, 10)]);
        let handed = it.fetcher.hand_out().unwrap();
        end(&mut it.fetcher);
        let position = it.position();
        it.fetcher.unreadable(it.now, &handed, out_of_range());
        // A pause does not move: what was handed out before it is of interest still.
        if position != Some(5) {
            assert!(!it.fetcher.has_ready() && it.position() == position);
        }
    }
}

#[test]
fn why_a_place_is_not_known_can_be_asked_until_it_is() {
    let mut it = Fixture::new();
    it.fetcher.seek(&at(0), StartAt::End);
    let generation = it.fetcher.unresolved(it.now)[0].2;
    let error = Error::broker(ErrorCode::LEADER_NOT_AVAILABLE, "looking up");
    it.fetcher.try_later(it.now, &at(0), generation, error);
    let (error, waits) = it.fetcher.last_failure(&at(0)).unwrap();
    assert_eq!(error.code(), Some(ErrorCode::LEADER_NOT_AVAILABLE));
    assert!(!waits, "it is tried again");
    it.fail(generation);
    assert!(it.fetcher.last_failure(&at(0)).unwrap().1);
    it.fetcher.seek(&at(0), StartAt::End);
    assert!(it.fetcher.last_failure(&at(0)).is_none());
}

#[test]
fn a_batch_holds_the_whole_answer_it_came_in_until_the_last_one_is_handed_out() {
    let mut it = Fixture::new();
    let plan = it.plan(ONE).unwrap();
    it.fetcher.fetch_ended(ONE, None);
    for planned in &plan.partitions {
        let mut answer = answer(&[batch("a", 5, 10), batch("b", 9, 10)], 9);
        answer.frame_bytes = 700;
        it.fetcher.fetched(planned, answer);
    }
    for left in [700, 700, 700, 0] {
        it.take();
        assert_eq!(it.fetcher.buffered(), left);
    }
    let mut empty = answer(&[], 20);
    empty.frame_bytes = 700;
    let planned = it.planned();
    it.fetcher.fetched(&planned, empty);
    assert_eq!(it.fetcher.buffered(), 0, "nothing of it is kept");
}

#[test]
fn the_rest_of_a_batch_is_next_and_holds_what_it_takes_once_decompressed() {
    let mut it = Fixture::new();
    let plan = it.plan(ONE).unwrap();
    it.fetcher.fetch_ended(ONE, None);
    for planned in &plan.partitions {
        it.answer(planned, &[batch("a", 5, 10), batch("b", 9, 10)]);
    }
    for position in [1, 2, 3] {
        let handed = it.fetcher.hand_out().unwrap();
        assert_eq!(handed.partition, at(0), "one batch is open at a time");
        let grown = (position == 1).then_some(50);
        it.fetcher.give_back(handed, position, grown);
        assert_eq!(it.fetcher.buffered(), 20 + 50);
    }
    assert_eq!(it.take(), ("a", 3));
    assert_eq!(it.fetcher.buffered(), 20);
    assert_eq!(it.fetcher.hand_out().unwrap().partition, at(1));
}

#[test]
fn case_124_what_a_poll_decompresses_takes_its_place_in_the_budget() {
    let mut it = Fixture::new();
    let all: Vec<_> = (1..=4).map(|next| batch("zeros", next, 100)).collect();
    it.fetch(&all);
    it.take();
    it.fetcher.opened(590);
    assert_eq!(it.fetcher.room(), 1000 - 400 - 590);
    it.take();
    it.fetcher.opened(5000);
    assert!(it.fetcher.hand_out().is_none(), "one batch may overshoot");
    assert!(it.plan(ONE).is_none(), "and nothing more is asked for");
    it.fetcher.handed_over();
    it.take();
    it.fetcher.opened(5000);
    assert!(it.fetcher.hand_out().is_none(), "the first one always may");
    it.fetcher.handed_over();
    it.take();
    it.fetcher.handed_over();
    assert_eq!(it.fetcher.room(), 1000);
    let plan = it.plan(ONE).unwrap();
    assert!(plan.max_bytes <= 750, "polls will need room: {plan:?}");
}

#[test]
fn case_77_out_of_range_starts_over_after_what_was_read_before() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10)]);
    let planned = it.planned();
    it.fetcher.reset(&planned, StartAt::Beginning);
    let open = it.fetcher.unresolved(it.now);
    assert_eq!((open.len(), &open[0].1), (1, &StartAt::Beginning));
    it.fetcher.reset(&planned, StartAt::End);
    assert_eq!(
        it.fetcher.unresolved(it.now),
        open,
        "only one answer counts"
    );
    it.fetcher.resolved(&at(0), open[0].2, 2);
    assert_eq!(it.position(), Some(0), "the records read before come first");
    it.fetch(&[batch("b", 4, 10)]);
    assert_eq!([it.take(), it.take()], [("a", 0), ("b", 2)]);
}

#[test]
fn case_77_out_of_range_without_a_policy_is_told_after_what_was_read_before() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10)]);
    let planned = it.planned();
    it.fail(planned.generation);
    assert!(it.fetcher.hand_out_error().is_none());
    assert_eq!(it.take(), ("a", 0));
    let error = it.fetcher.hand_out_error().unwrap();
    assert_eq!(error.code(), Some(ErrorCode::OFFSET_OUT_OF_RANGE));
    assert_eq!(it.position(), Some(5), "the position stays");
    let others = it.plan(ONE).unwrap().partitions;
    assert_eq!(others.len(), 1, "it is not tried at once");
    it.fetcher.fetch_ended(ONE, None);
    it.wait();
    assert_eq!(it.planned().offset, 5, "it is tried again, and told again");
}

#[test]
fn case_78_a_look_up_that_fails_is_repeated_and_resets_nothing() {
    let mut it = Fixture::new();
    it.fetcher.seek(&at(0), StartAt::Timestamp(7));
    let open = it.fetcher.unresolved(it.now);
    it.fetcher
        .try_later(it.now, &at(0), open[0].2, out_of_range());
    assert!(it.fetcher.unresolved(it.now).is_empty());
    it.now = it.fetcher.poll_timeout(it.now).unwrap();
    assert_eq!(it.fetcher.unresolved(it.now), open);
}

#[test]
fn a_partition_in_backoff_is_left_out_up_to_its_end() {
    let mut it = Fixture::new();
    let planned = it.planned();
    it.fetcher
        .try_later(it.now, &at(0), planned.generation, out_of_range());
    let end = it.fetcher.poll_timeout(it.now).unwrap();
    it.now = end - Duration::from_nanos(1);
    assert_eq!(it.plan(ONE).unwrap().partitions.len(), 1);
    it.fetcher.fetch_ended(ONE, None);
    it.now = end;
    assert_eq!(it.fetcher.poll_timeout(it.now), None);
    assert_eq!(it.plan(ONE).unwrap().partitions.len(), 2);
}

#[test]
fn a_broker_in_backoff_is_left_alone_up_to_its_end() {
    let mut it = Fixture::new();
    let end = it.now + Duration::from_millis(50);
    it.plan(ONE).unwrap();
    assert_eq!(it.plan(ONE), None, "one fetch at a time");
    it.fetcher.fetch_ended(ONE, Some(end));
    assert_eq!(it.fetcher.poll_timeout(it.now), Some(end));
    it.now = end - Duration::from_nanos(1);
    assert_eq!(it.plan(ONE), None);
    it.now = end;
    assert!(it.plan(ONE).is_some());
}

#[test]
fn each_broker_reserves_its_share_and_waits_for_room() {
    let mut it = Fixture::with(FetchLimits {
        partition_max_bytes: 400,
        ..LIMITS
    });
    let (one, two) = (it.plan(ONE).unwrap(), it.plan(TWO).unwrap());
    assert_eq!((one.max_bytes, two.max_bytes), (500, 500));
    it.fetcher.fetch_ended(ONE, None);
    it.answer(&two.partitions[0], &[batch("large", 5, 401)]);
    assert_eq!(it.plan(ONE), None, "99 bytes are no room");
    it.take();
    it.fetcher.fetch_ended(TWO, None);
    it.fetcher.pause(&at(1), true);
    it.fetch(&[batch("larger", 9, 700)]);
    let plan = it.plan(ONE).unwrap();
    assert_eq!((plan.max_bytes, plan.partition_max_bytes), (300, 400));
}

#[test]
fn a_fetch_reserves_no_more_than_its_partitions_may_bring() {
    let mut it = Fixture::new();
    assert_eq!(it.plan(ONE).unwrap().max_bytes, 200);
    it.fetcher.fetch_ended(ONE, None);
    it.fetcher.pause(&at(1), true);
    assert_eq!(it.plan(ONE).unwrap().max_bytes, 100);
    assert_eq!(it.fetcher.reserved(), 100);
}

#[test]
fn a_partition_that_nobody_takes_from_is_held_back_and_its_broker_with_it() {
    let mut it = Fixture::with(FetchLimits {
        ahead: 50,
        ..LIMITS
    });
    it.fetch(&[batch("a", 5, 30), batch("b", 9, 20)]);
    assert_eq!(it.plan(ONE), None, "t-1 would only wait at the broker");
    it.take();
    assert!(it.plan(ONE).is_some());
    it.fetcher.fetch_ended(ONE, None);
    it.fetch(&[batch("c", 15, 30)]);
    it.fetcher.pause(&at(0), true);
    let plan = it.plan(ONE).unwrap();
    assert_eq!(plan.partitions.len(), 1, "what is paused holds up nobody");
}

#[test]
fn a_partition_is_held_back_at_its_share_of_the_budget() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 499)]);
    assert!(it.plan(ONE).is_some());
    it.fetcher.fetch_ended(ONE, None);
    it.fetch(&[batch("b", 9, 1)]);
    assert_eq!(it.plan(ONE), None);
    it.fetcher.pause(&at(1), true);
    assert!(it.plan(ONE).is_some(), "alone it may have all");
}

#[test]
fn case_91_a_batch_beyond_the_budget_is_handed_out_and_then_there_is_room_again() {
    let mut it = Fixture::new();
    it.fetch(&[batch("huge", 5, 5000)]);
    assert_eq!(it.plan(ONE), None);
    assert_eq!(it.take(), ("huge", 0));
    assert!(it.plan(ONE).is_some());
}

#[test]
fn partitions_take_turns_and_one_that_is_stuck_does_not_starve_the_rest() {
    let mut it = Fixture::new();
    for round in 0..3 {
        let plan = it.plan(ONE).unwrap();
        it.fetcher.fetch_ended(ONE, None);
        for planned in &plan.partitions {
            if planned.partition == at(0) {
                it.fail(planned.generation);
            } else {
                it.answer(planned, &[batch("b", planned.offset + 1, 1)]);
            }
        }
        assert!(it.fetcher.hand_out_error().is_some(), "round {round}");
        assert!(it.fetcher.hand_out_error().is_none(), "round {round}");
        assert!(it.fetcher.hand_out().is_some(), "round {round}");
        it.wait();
    }
    assert_eq!(it.fetcher.position(&at(1)).map(|at| at.offset), Some(3));
}

#[test]
fn the_partition_that_waited_longest_for_data_is_asked_for_first() {
    let mut it = Fixture::new();
    for expected in [0, 1, 0, 1] {
        let plan = it.plan(ONE).unwrap();
        it.fetcher.fetch_ended(ONE, None);
        let first = &plan.partitions[0];
        assert_eq!(first.partition, at(expected));
        let next = first.offset + 1;
        it.answer(first, &[batch("a", next, 1)]);
    }
}

#[test]
fn an_assignment_keeps_the_place_of_what_stays_and_frees_what_goes() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10)]);
    let moved = [(at(0), StartAt::Offset(90)), (at(2), StartAt::Offset(7))];
    it.fetcher.assign(BTreeMap::from(moved));
    assert_eq!(
        (it.position(), it.fetcher.position(&at(2))),
        (Some(0), Some(Place::at(7)))
    );
    assert!(!it.fetcher.is_assigned(&at(1)) && it.fetcher.assignment().count() == 2);
    it.fetcher.assign(BTreeMap::new());
    assert_eq!((it.fetcher.buffered(), it.fetcher.has_ready()), (0, false));
    assert!(!it.fetcher.seek(&at(0), StartAt::End) && !it.fetcher.pause(&at(0), true));
}

#[test]
fn a_stream_that_was_dropped_says_nothing_of_what_a_poll_has_handed_out() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 10, 40), batch("b", 20, 40)]);
    let both = [at(0), at(1)].into();
    let stream = it.fetcher.split(&at(0)).unwrap();
    it.fetcher.lend(Some(&stream)).unwrap();
    it.fetcher.join(&stream);
    assert!(!it.fetcher.is_busy(&both), "the stream's own");
    assert_eq!(it.fetcher.done(&at(0)).unwrap().offset, 0, "and not done");
    it.fetcher.confirm(None);
    it.fetch(&[batch("a", 10, 40)]);
    it.take();
    let stream = it.fetcher.split(&at(0)).unwrap();
    it.fetcher.join(&stream);
    assert!(it.fetcher.is_busy(&both), "the poll's");
}

#[test]
fn a_place_beyond_the_end_is_not_the_end() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 90, 40)]);
    it.take();
    let ends = |it: &mut Fixture| it.fetcher.reached_ends();
    assert_eq!(ends(&mut it), [(at(0), 90)]);
    it.fetcher.seek(&at(0), StartAt::Offset(1_000));
    assert_eq!(ends(&mut it), []);
}

#[test]
fn case_93_the_lag_is_the_distance_to_where_an_open_transaction_begins() {
    let mut it = Fixture::new();
    assert_eq!(it.fetcher.lag(&at(0)), None, "before any answer");
    // Up to 90 it may be read, although the log goes on up to 100.
    it.fetch(&[batch("a", 5, 10), batch("b", 90, 10)]);
    let known = (it.fetcher.end(&at(0)), it.fetcher.high_watermark(&at(0)));
    assert_eq!(known, (Some(90), Some(100)));
    for left in [90, 85, 0] {
        assert_eq!(it.fetcher.lag(&at(0)), Some(left));
        it.fetcher.hand_out();
    }
    // A position beyond that is not behind.
    it.fetch(&[batch("c", 95, 10)]);
    it.take();
    assert_eq!(it.fetcher.lag(&at(0)), Some(0));
    it.fetcher.seek(&at(0), StartAt::Offset(20));
    assert_eq!(it.fetcher.lag(&at(0)), Some(70));
}

#[test]
fn a_partition_that_changes_hands_says_that_the_group_rebalances() {
    let mut it = Fixture::new();
    let status = |it: &Fixture| it.fetcher.explain(it.now, &at(0), &LedBy(ONE)).unwrap();
    it.fetcher.hold(&[at(0)].into());
    assert!(matches!(status(&it), PartitionStatus::Rebalancing));
    it.fetcher.release(&[at(0)].into());
    assert!(matches!(status(&it), PartitionStatus::Due { .. }));
    it.fetcher.take(&[at(0)].into());
    it.fetcher.give(&[at(0)].into());
    it.fetcher.release(&[at(0)].into());
    let words = status(&it).to_string();
    assert!(words.contains("coordinator"), "{words}");
}

#[test]
fn a_stream_of_an_earlier_assignment_asks_for_nothing_of_the_present_one() {
    let mut it = Fixture::new();
    let old = it.fetcher.split(&at(0)).unwrap();
    it.fetcher.assign(BTreeMap::new());
    it.fetcher
        .assign(BTreeMap::from([(at(0), StartAt::Offset(0))]));
    let planned = it.planned();
    it.answer(&planned, &[batch("a", 5, 10)]);
    it.fail(planned.generation);
    let new = it.fetcher.split(&at(0)).unwrap();
    it.fetcher.set_awaited(&new, true);
    it.fetcher.set_awaited(&old, false);
    assert!(it.fetcher.partitions[&at(0)].is_awaited());
    it.fetcher.join(&old);
    assert!(it.fetcher.is_open(&new) && !it.fetcher.is_open(&old));
    assert!(it.fetcher.lend(Some(&old)).is_none());
    let (_, lent) = it.fetcher.lend(Some(&new)).unwrap();
    assert!(lent.advance(0, None));
    assert!(it.fetcher.hand_out_error_of(&old).is_none());
    assert!(it.fetcher.hand_out_error_of(&new).is_some());
}
