//! Example by example: what an answer does to a partition, and what the user gets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::*;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::ids::{BrokerId, LeaderEpoch, TopicPartition};
use crate::machine::backoff::BackoffPolicy;

const ONE: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);
const LIMITS: FetchLimits = FetchLimits {
    budget: 1000,
    max_bytes: 800,
    partition_max_bytes: 100,
};
const RETRY: BackoffPolicy = BackoffPolicy {
    initial: Duration::from_millis(100),
    max: Duration::from_millis(1000),
};

fn at(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

fn batch(name: &'static str, next_offset: i64, bytes: usize) -> Fetched<&'static str> {
    Fetched {
        batch: name,
        next_offset,
        epoch: LeaderEpoch(3),
        bytes,
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
        let mut fetcher = Fetcher::new(LIMITS, RETRY, 1);
        let both = [(at(0), StartAt::Offset(0)), (at(1), StartAt::Offset(0))];
        fetcher.assign(BTreeMap::from(both));
        let now = Instant::now();
        Self { now, fetcher }
    }

    /// The plan of a broker that leads everything, one of two brokers.
    fn plan(&mut self, broker: BrokerId) -> Option<FetchPlan> {
        self.fetcher.poll_fetch(self.now, broker, 2, |_| true)
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
        let passed = batches
            .last()
            .map_or(planned.offset, |last| last.next_offset);
        let batches = batches.iter().cloned();
        self.fetcher.fetched(planned, batches, passed, 100);
    }

    /// Hands out the next batch: its name, and the position before it.
    fn take(&mut self) -> (&'static str, i64) {
        let handed = self.fetcher.hand_out().expect("something is ready");
        let handed = handed.expect("it is no error");
        (handed.batch.batch, handed.from)
    }

    fn position(&self) -> Option<i64> {
        self.fetcher.position(&at(0))
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
    it.fetcher.fetched(&planned, [batch("a", 5, 10)], 8, 100);
    assert_eq!(it.planned().offset, 8);
    assert_eq!(it.position(), Some(0), "the records come first");
    it.take();
    assert_eq!(it.position(), Some(8));
    let planned = it.planned();
    it.fetcher.fetched(&planned, [], 12, 100);
    assert_eq!(it.position(), Some(12), "an answer of markers alone");
}

#[test]
fn what_an_old_broker_sends_from_before_the_position_is_dropped() {
    let mut it = Fixture::new();
    it.fetcher.seek(&at(0), StartAt::Offset(7));
    it.fetch(&[batch("a", 5, 10), batch("b", 7, 10), batch("c", 9, 10)]);
    assert_eq!(it.take(), ("c", 7));
    assert_eq!(it.fetcher.buffered, 0);
}

#[test]
fn case_85_an_answer_that_lands_after_a_seek_or_a_pause_changes_nothing() {
    let mut it = Fixture::new();
    let planned = it.planned();
    it.fetcher.seek(&at(0), StartAt::Offset(50));
    it.answer(&planned, &[batch("a", 5, 10)]);
    assert_eq!((it.position(), it.fetcher.buffered), (Some(50), 0));

    let planned = it.planned();
    it.fetcher.pause(&at(0), true);
    it.fetcher.pause(&at(0), false);
    it.answer(&planned, &[batch("b", 60, 10)]);
    assert!(!it.fetcher.has_ready());
    assert_eq!(it.planned().offset, 50);
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
    it.fetcher
        .fail(&at(0), old.partitions[0].generation, out_of_range());
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
    it.fetcher.resolved(&at(0), generation, 99, LeaderEpoch(1));
    it.fetcher.fail(&at(0), generation, out_of_range());
    assert_eq!((it.position(), it.fetcher.has_ready()), (Some(3), false));

    it.fetcher.seek(&at(0), StartAt::End);
    let (_, _, generation) = it.fetcher.unresolved(it.now)[0].clone();
    it.fetcher.resolved(&at(0), generation, 99, LeaderEpoch(1));
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
fn a_paused_partition_holds_no_memory_and_loses_no_record() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10), batch("b", 9, 10)]);
    it.take();
    it.fetcher.pause(&at(0), true);
    assert_eq!((it.fetcher.buffered, it.fetcher.has_ready()), (0, false));
    let plan = it.plan(ONE).unwrap();
    assert!(
        plan.partitions
            .iter()
            .all(|planned| planned.partition == at(1))
    );
    it.fetcher.fetch_ended(ONE, None);
    it.fetcher.pause(&at(0), false);
    assert_eq!(it.planned().offset, 5);
}

#[test]
fn what_is_given_back_is_next_even_after_a_pause_or_a_reset() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10), batch("b", 9, 10)]);
    let handed = it.fetcher.hand_out().unwrap().unwrap();
    it.fetcher.pause(&at(0), true);
    it.fetcher.give_back(handed, 3);
    assert_eq!(it.position(), Some(3));
    it.fetcher.pause(&at(0), false);
    assert_eq!(it.take(), ("a", 3));
    assert_eq!(it.planned().offset, 5);

    it.fetch(&[batch("b", 9, 10)]);
    let handed = it.fetcher.hand_out().unwrap().unwrap();
    let planned = it.planned();
    it.fetcher.reset(&planned, StartAt::Beginning);
    it.fetcher.give_back(handed, 7);
    assert_eq!(it.take(), ("b", 7));
    assert_eq!(it.position(), None);
}

#[test]
fn a_seek_while_a_batch_is_handed_out_in_part_wins_over_its_rest() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10)]);
    let handed = it.fetcher.hand_out().unwrap().unwrap();
    it.fetcher.seek(&at(0), StartAt::Offset(20));
    it.fetcher.give_back(handed, 3);
    assert_eq!((it.position(), it.fetcher.buffered), (Some(20), 0));
}

#[test]
fn case_87_a_batch_that_cannot_be_read_leaves_the_position_until_a_seek_passes_it() {
    let mut it = Fixture::new();
    it.fetch(&[batch("broken", 5, 10), batch("b", 9, 10)]);
    for _ in 0..2 {
        let handed = it.fetcher.hand_out().unwrap().unwrap();
        assert_eq!(handed.batch.batch, "broken");
        it.fetcher.give_back(handed, 0);
        assert_eq!(it.position(), Some(0));
    }
    it.fetcher.seek(&at(0), StartAt::Offset(5));
    it.fetch(&[batch("b", 9, 10)]);
    assert_eq!(it.take(), ("b", 5));
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
    it.fetcher.resolved(&at(0), open[0].2, 2, LeaderEpoch(4));
    assert_eq!(it.position(), Some(0), "the records read before come first");
    it.fetch(&[batch("b", 4, 10)]);
    assert_eq!([it.take(), it.take()], [("a", 0), ("b", 2)]);
}

#[test]
fn case_77_out_of_range_without_a_policy_is_told_after_what_was_read_before() {
    let mut it = Fixture::new();
    it.fetch(&[batch("a", 5, 10)]);
    let planned = it.planned();
    it.fetcher.fail(&at(0), planned.generation, out_of_range());
    assert_eq!(it.take(), ("a", 0));
    let error = it.fetcher.hand_out().unwrap().unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::OFFSET_OUT_OF_RANGE));
    assert_eq!(it.position(), Some(5), "the position stays");
    assert_eq!(it.planned().offset, 5, "it is tried again, and told again");
}

#[test]
fn case_78_a_look_up_that_fails_is_repeated_and_resets_nothing() {
    let mut it = Fixture::new();
    it.fetcher.seek(&at(0), StartAt::Timestamp(7));
    let open = it.fetcher.unresolved(it.now);
    it.fetcher.try_later(it.now, &at(0), open[0].2);
    assert!(it.fetcher.unresolved(it.now).is_empty());
    it.now = it.fetcher.poll_timeout(it.now).unwrap();
    assert_eq!(it.fetcher.unresolved(it.now), open);
}

#[test]
fn a_partition_in_backoff_is_left_out_up_to_its_end() {
    let mut it = Fixture::new();
    let planned = it.planned();
    it.fetcher.try_later(it.now, &at(0), planned.generation);
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
    let mut it = Fixture::new();
    let (one, two) = (it.plan(ONE).unwrap(), it.plan(TWO).unwrap());
    assert_eq!((one.max_bytes, two.max_bytes), (500, 500));
    it.fetcher.fetch_ended(ONE, None);
    it.answer(&two.partitions[0], &[batch("large", 5, 401)]);
    assert_eq!(it.plan(ONE), None, "99 bytes are no room");
    it.take();
    it.fetcher.fetch_ended(TWO, None);
    it.fetch(&[batch("larger", 9, 900)]);
    let plan = it.plan(ONE).unwrap();
    assert_eq!((plan.max_bytes, plan.partition_max_bytes), (100, 100));
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
    for _ in 0..3 {
        let plan = it.plan(ONE).unwrap();
        it.fetcher.fetch_ended(ONE, None);
        for planned in &plan.partitions {
            if planned.partition == at(0) {
                let error = Error::new(ErrorKind::Corrupt, "broken");
                it.fetcher.fail(&at(0), planned.generation, error);
            } else {
                let next = planned.offset + 1;
                it.fetcher.fetched(planned, [batch("b", next, 1)], next, 9);
            }
        }
        let first = it.fetcher.hand_out().unwrap();
        let second = it.fetcher.hand_out().unwrap();
        assert_ne!(first.is_ok(), second.is_ok(), "each has its turn");
    }
    assert_eq!(it.fetcher.position(&at(1)), Some(3));
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
        it.fetcher.fetched(first, [batch("a", next, 1)], next, 9);
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
        (Some(0), Some(7))
    );
    assert!(!it.fetcher.is_assigned(&at(1)) && it.fetcher.assignment().count() == 2);
    it.fetcher.assign(BTreeMap::new());
    assert_eq!((it.fetcher.buffered, it.fetcher.has_ready()), (0, false));
    assert!(!it.fetcher.seek(&at(0), StartAt::End) && !it.fetcher.pause(&at(0), true));
}
